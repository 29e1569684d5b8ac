// SPDX-License-Identifier: Apache-2.0
// Selectors as text: canonical printing, and why a term failed.
#include <string.h>

#include "model/selector.h"

static const char *const op_texts[] = {
#define X(op, text) [TERM_##op] = text,
    TERM_OPS(X)
#undef X
};

static bool bare(const char *value) {
    static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:+~@%*";
    return *value && !value[strspn(value, chars)];
}

static void value_add_text(const char *value, struct text *out) {
    if (bare(value)) {
        text_add(out, value);
        return;
    }
    text_add_char(out, '"');
    for (; *value; value++) {
        if (*value == '"' || *value == '\\') text_add_char(out, '\\');
        text_add_char(out, *value);
    }
    text_add_char(out, '"');
}

static void list_add_text(const struct symbols *s, const struct selector *sel, const struct term *term,
                          struct text *out) {
    text_addf(out, " %s (", op_texts[term->op]);
    for (uint32_t v = 0; v < term->count; v++) {
        if (v) text_add(out, ", ");
        value_add_text(symbol_text(s, sel->values[term->first + v].text), out);
    }
    text_add_char(out, ')');
}

void term_add_text(const struct symbols *s, const struct selector *sel, const struct term *term, struct text *out) {
    const char *key = symbol_text(s, term->key), *op = op_texts[term->op];
    switch (term->op) {
    case TERM_HAS:
    case TERM_LACKS: text_addf(out, "%s%s", op, key); return;
    case TERM_SAME:
    case TERM_DIFFERENT: text_addf(out, "%s(%s)", op, key); return;
    case TERM_IN:
    case TERM_NOT_IN:
        text_add(out, key);
        list_add_text(s, sel, term, out);
        return;
    case TERM_EQUAL:
    case TERM_UNEQUAL:
    case TERM_BELOW:
    case TERM_AT_MOST:
    case TERM_ABOVE:
    case TERM_AT_LEAST:
        text_addf(out, "%s %s ", key, op);
        value_add_text(symbol_text(s, sel->values[term->first].text), out);
        return;
    }
}

void selector_add_text(const struct symbols *s, const struct selector *sel, struct text *out) {
    for (uint32_t i = 0; i < sel->term_count; i++) {
        if (i) text_add(out, ", ");
        term_add_text(s, sel, &sel->terms[i], out);
    }
}

void term_reason_done(struct term_reason *r) {
    text_done(&r->asked);
    text_done(&r->found);
    *r = (struct term_reason){0};
}

// "net/vlan=7, net/vlan=8 and 3 more", or "no net/vlan".
static const struct tag *found_add_text(const struct symbols *s, const struct tag_set *set, symbol key,
                                        struct text *out) {
    enum { SHOWN = 8 };
    size_t count = 0;
    const struct tag *first = set ? tag_set_find(set, key, &count) : NULL;
    if (!first) text_addf(out, "no %s", symbol_text(s, key));
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        if (i) text_add(out, ", ");
        tag_add_text(s, &first[i], out);
    }
    if (count > SHOWN) text_addf(out, " and %zu more", count - SHOWN);
    return first;
}

// Says so when the first found value cannot be compared with the asked one at all.
static void kind_add_text(const struct symbols *s, const struct selector *sel, const struct term *term,
                          const struct tag *found, struct text *out) {
    struct network network;
    const char *text = symbol_text(s, found->value);
    const struct term_value *asked = &sel->values[term->first];
    if (term->compare == VALUE_NUMBER) {
        const struct number *n = symbol_number(s, found->value);
        if (!n || n->unit != asked->number.unit) text_addf(out, " (not %s)", number_unit_example(asked->number.unit));
    }
    if (term->compare == VALUE_NETWORK && !network_parse(text, &network)) text_add(out, " (not a network)");
    if (term->compare == VALUE_VERSION && !version_valid(text)) text_add(out, " (not a version)");
}

void term_explain(const struct symbols *s, const struct selector *sel, size_t index, const struct tag_set *own,
                  const struct tag_set *other, struct term_reason *ret_reason) {
    must(index < sel->term_count);
    const struct term *term = &sel->terms[index];
    struct term_reason r = {0};
    term_add_text(s, sel, term, &r.asked);
    const struct tag *first = found_add_text(s, own, term->key, &r.found);
    if (term_joins(term)) {
        text_add(&r.found, " here, ");
        found_add_text(s, other, term->key, &r.found);
        text_add(&r.found, " on the other side");
    }
    if (first) {
        if (term->count) kind_add_text(s, sel, term, first, &r.found);
        r.has_tag = true;
        struct tag_said said = tag_set_said(own, first);
        r.tier = said.tier;
        r.origin = said.origin;
        r.since.ms = said.since.ms;
    }
    *ret_reason = r;
}
