// SPDX-License-Identifier: Apache-2.0
// Evaluates compiled selectors: a binary search per term, no allocation.
#include "model/selector.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const struct tag_set no_tags;

void selector_done(struct selector *sel) {
    free(sel->terms);
    free(sel->values);
    *sel = (struct selector){0};
}

struct selector selector_copy(const struct selector *sel) {
    struct selector copy = {.term_count = sel->term_count, .value_count = sel->value_count};
    if (sel->term_count) copy.terms = mem_copy(sel->terms, sel->term_count * sizeof *sel->terms);
    if (sel->value_count) copy.values = mem_copy(sel->values, sel->value_count * sizeof *sel->values);
    return copy;
}

bool term_equal(const struct selector *a, const struct term *x, const struct selector *b, const struct term *y) {
    if (x->op != y->op || x->compare != y->compare || !symbol_equal(x->key, y->key) || x->count != y->count)
        return false;
    for (uint32_t v = 0; v < x->count; v++)
        if (!symbol_equal(a->values[x->first + v].text, b->values[y->first + v].text)) return false;
    return true;
}

bool selector_equal(const struct selector *a, const struct selector *b) {
    if (a->term_count != b->term_count) return false;
    for (uint32_t i = 0; i < a->term_count; i++)
        if (!term_equal(a, &a->terms[i], b, &b->terms[i])) return false;
    return true;
}

bool selector_joins(const struct selector *sel) {
    for (uint32_t i = 0; i < sel->term_count; i++)
        if (term_joins(&sel->terms[i])) return true;
    return false;
}

static bool value_equal(const struct symbols *s, const struct term *term, const struct term_value *asked,
                        symbol found) {
    struct network network;
    const struct number *number;
    if (symbol_equal(asked->text, found)) return true;
    switch (term->compare) {
    case VALUE_TEXT: return false;
    case VALUE_NUMBER:
        number = symbol_number(s, found);
        return number && number->unit == asked->number.unit && number->scaled == asked->number.scaled;
    case VALUE_VERSION: {
        const char *a = symbol_text(s, asked->text), *b = symbol_text(s, found);
        return version_valid(a) && version_valid(b) && version_compare(a, b) == 0;
    }
    case VALUE_NETWORK:
        if (!network_parse(symbol_text(s, found), &network)) return false;
        if (term->op == TERM_IN || term->op == TERM_NOT_IN) return network_contains(&asked->network, &network);
        return network_equal(&asked->network, &network);
    }
    return false;
}

static bool order_holds(enum term_op op, int order) {
    switch (op) {
    case TERM_BELOW: return order < 0;
    case TERM_AT_MOST: return order <= 0;
    case TERM_ABOVE: return order > 0;
    default: return order >= 0;
    }
}

static bool network_order_holds(enum term_op op, const struct network *found, const struct network *asked) {
    bool inward = op == TERM_BELOW || op == TERM_AT_MOST, proper = op == TERM_BELOW || op == TERM_ABOVE;
    if (proper && network_equal(found, asked)) return false;
    return inward ? network_contains(asked, found) : network_contains(found, asked);
}

// `found` op `asked`; false when the found value is of another kind.
static bool value_ordered(const struct symbols *s, const struct term *term, const struct term_value *asked,
                          symbol found) {
    const char *text = symbol_text(s, found);
    struct network network;
    if (term->compare == VALUE_NETWORK)
        return network_parse(text, &network) && network_order_holds(term->op, &network, &asked->network);
    if (term->compare == VALUE_VERSION)
        return version_valid(text) && order_holds(term->op, version_compare(text, symbol_text(s, asked->text)));
    const struct number *n = symbol_number(s, found);
    if (!n || n->unit != asked->number.unit) return false;
    return order_holds(term->op, (n->scaled > asked->number.scaled) - (n->scaled < asked->number.scaled));
}

// Whether any found value equals any asked one.
static bool any_equal(const struct symbols *s, const struct selector *sel, const struct term *term,
                      const struct tag_set *own) {
    size_t count;
    const struct term_value *asked = sel->values + term->first;
    const struct tag *found = tag_set_find(own, term->key, &count);
    for (size_t i = 0; i < count; i++)
        for (uint32_t v = 0; v < term->count; v++)
            if (value_equal(s, term, &asked[v], found[i].value)) return true;
    return false;
}

static bool any_ordered(const struct symbols *s, const struct selector *sel, const struct term *term,
                        const struct tag_set *own) {
    size_t count;
    const struct tag *found = tag_set_find(own, term->key, &count);
    for (size_t i = 0; i < count; i++)
        if (value_ordered(s, term, &sel->values[term->first], found[i].value)) return true;
    return false;
}

static bool join_differs(const struct term *term, const struct tag_set *own, const struct tag_set *other) {
    size_t here, there;
    return tag_set_find(own, term->key, &here) && tag_set_find(other, term->key, &there) &&
           !tag_set_shared(own, other, term->key);
}

bool term_holds(const struct symbols *s, const struct selector *sel, const struct term *term, const struct tag_set *own,
                const struct tag_set *other) {
    size_t count;
    if (!other) other = &no_tags;
    switch (term->op) {
    case TERM_HAS: return tag_set_find(own, term->key, &count) != NULL;
    case TERM_LACKS: return tag_set_find(own, term->key, &count) == NULL;
    case TERM_EQUAL:
    case TERM_IN: return any_equal(s, sel, term, own);
    case TERM_UNEQUAL:
    case TERM_NOT_IN: return !any_equal(s, sel, term, own);
    case TERM_BELOW:
    case TERM_AT_MOST:
    case TERM_ABOVE:
    case TERM_AT_LEAST: return any_ordered(s, sel, term, own);
    case TERM_SAME: return tag_set_shared(own, other, term->key) != NULL;
    case TERM_DIFFERENT: return join_differs(term, own, other);
    }
    return false;
}

int selector_first_failure(const struct symbols *s, const struct selector *sel, const struct tag_set *own,
                           const struct tag_set *other) {
    for (uint32_t i = 0; i < sel->term_count; i++)
        if (!term_holds(s, sel, &sel->terms[i], own, other)) return (int)i;
    return SELECTOR_HOLDS;
}

bool selector_holds(const struct symbols *s, const struct selector *sel, const struct tag_set *own,
                    const struct tag_set *other) {
    return selector_first_failure(s, sel, own, other) == SELECTOR_HOLDS;
}
