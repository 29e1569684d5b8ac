// SPDX-License-Identifier: Apache-2.0
// Comparing the terms of a selector pair by pair.
#include "model/contradiction.h"

#include <string.h>

static const struct term_value *values_of(const struct selector *sel, const struct term *t) {
    return &sel->values[t->first];
}

static bool has_value(const struct selector *sel, const struct term *t, symbol value) {
    for (uint32_t i = 0; i < t->count; i++)
        if (symbol_equal(values_of(sel, t)[i].text, value)) return true;
    return false;
}

// ---- never: what one asks for, the other forbids ----

static bool forbids(enum term_op op) {
    return op == TERM_UNEQUAL || op == TERM_NOT_IN;
}

static bool needs_key(enum term_op op) {
    return op != TERM_LACKS && !forbids(op);
}

static bool all_forbidden(const struct selector *sel, const struct term *asked, const struct term *forbidden) {
    if (asked->op != TERM_EQUAL && asked->op != TERM_IN) return false;
    for (uint32_t i = 0; i < asked->count; i++)
        if (!has_value(sel, forbidden, values_of(sel, asked)[i].text)) return false;
    return asked->count > 0;
}

static bool never_both(const struct selector *sel, const struct term *a, const struct term *b) {
    if (a->op == TERM_LACKS && needs_key(b->op)) return true;
    return forbids(b->op) && all_forbidden(sel, a, b);
}

// ---- apart: bounds without a value between them ----

static bool bounds_below(enum term_op op) {
    return op == TERM_ABOVE || op == TERM_AT_LEAST || op == TERM_EQUAL;
}
static bool bounds_above(enum term_op op) {
    return op == TERM_BELOW || op == TERM_AT_MOST || op == TERM_EQUAL;
}

// False when the two values have no order.
static bool values_compare(const struct symbols *s, enum value_type type, symbol a, symbol b, int *ret_order) {
    const struct number *x = symbol_number(s, a), *y = symbol_number(s, b);
    if (type == VALUE_VERSION) *ret_order = version_compare(symbol_text(s, a), symbol_text(s, b));
    if (type != VALUE_NUMBER) return type == VALUE_VERSION;
    if (!x || !y || x->unit != y->unit) return false;
    *ret_order = x->scaled < y->scaled ? -1 : x->scaled > y->scaled;
    return true;
}

// `low` asks for that much or more, `high` for that much or less. Numbers of two units are never one value.
static bool range_empty(const struct symbols *s, const struct selector *sel, const struct term *low,
                        const struct term *high) {
    if (!bounds_below(low->op) || !bounds_above(high->op)) return false;
    enum value_type type = low->op == TERM_EQUAL ? high->compare : low->compare;
    int order = 0;
    if (!values_compare(s, type, values_of(sel, low)->text, values_of(sel, high)->text, &order))
        return type == VALUE_NUMBER;
    return order > 0 || (order == 0 && (low->op == TERM_ABOVE || high->op == TERM_BELOW));
}

// Two equal terms are no range: two values of a key are what a list of facts is for.
static bool apart(const struct symbols *s, const struct selector *sel, const struct term *a, const struct term *b) {
    if (a->op == TERM_EQUAL && b->op == TERM_EQUAL) return false;
    return range_empty(s, sel, a, b) || range_empty(s, sel, b, a);
}

// ---- twice ----

static bool same_term(const struct selector *sel, const struct term *a, const struct term *b) {
    if (a->op != b->op || a->count != b->count) return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (!has_value(sel, b, values_of(sel, a)[i].text)) return false;
    return true;
}

static enum contradiction_kind pair_kind(const struct symbols *s, const struct selector *sel, const struct term *a,
                                         const struct term *b) {
    if (!symbol_equal(a->key, b->key)) return 0;
    if (never_both(sel, a, b) || never_both(sel, b, a)) return CONTRADICTION_NEVER;
    if (apart(s, sel, a, b)) return CONTRADICTION_APART;
    return same_term(sel, a, b) ? CONTRADICTION_TWICE : 0;
}

size_t selector_contradictions(const struct symbols *s, const struct selector *sel, struct contradiction *ret_found,
                               size_t most) {
    size_t count = 0;
    for (uint32_t i = 0; i < sel->term_count; i++)
        for (uint32_t k = i + 1; k < sel->term_count; k++) {
            enum contradiction_kind kind = pair_kind(s, sel, &sel->terms[i], &sel->terms[k]);
            if (kind && count < most) ret_found[count++] = (struct contradiction){kind, i, k};
        }
    return count;
}

void contradiction_add_text(const struct symbols *s, const struct selector *sel, const struct contradiction *c,
                            struct text *out) {
    if (c->kind == CONTRADICTION_APART) text_add(out, "no one value passes both ");
    term_add_text(s, sel, &sel->terms[c->first], out);
    if (c->kind == CONTRADICTION_TWICE) {
        text_add(out, " stands there twice");
        return;
    }
    text_add(out, " and ");
    term_add_text(s, sel, &sel->terms[c->second], out);
    if (c->kind == CONTRADICTION_NEVER) text_add(out, " can never both hold");
}
