// SPDX-License-Identifier: Apache-2.0
// What is fixed between a class and a pool, and the order of the pools of a class.
#include "core/candidate.h"

#include <string.h>

bool pool_selector_holds(const struct symbols *s, const struct selector *sel, const struct tag_set *tags) {
    for (uint32_t i = 0; i < sel->term_count; i++) {
        enum term_op op = sel->terms[i].op;
        if (op == TERM_SAME || op == TERM_DIFFERENT) continue;
        if (!term_holds(s, sel, &sel->terms[i], tags, NULL)) return false;
    }
    return true;
}

bool candidate_can(const struct class_spec *spec, const struct pool_facts *f) {
    if (!capability_has(f->capabilities, CAN_CARVE)) return false;
    return spec->access == ACCESS_SINGLE_WRITER || capability_has(f->capabilities, CAN_MULTI_ATTACH);
}

bool candidate_holds(const struct symbols *s, const struct class_spec *spec, const struct pool_facts *f) {
    return candidate_can(spec, f) && pool_selector_holds(s, &spec->pool, &f->tags);
}

int64_t candidate_score(const struct symbols *s, const struct class_spec *spec, const struct pool_facts *f) {
    int64_t score = 0;
    for (size_t i = 0; i < spec->prefer_pool.count; i++) {
        const struct class_preference *p = &spec->prefer_pool.at[i];
        if (!selector_joins(&p->selector) && selector_holds(s, &p->selector, &f->tags, NULL)) score += p->weight;
    }
    return score;
}

static bool candidate_before(const struct candidate *a, const struct candidate *b) {
    return a->score != b->score ? a->score > b->score : a->pool < b->pool;
}

void candidate_insert(struct candidate_list *c, struct candidate candidate) {
    size_t low = 0, high = c->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (candidate_before(&c->at[middle], &candidate))
            low = middle + 1;
        else
            high = middle;
    }
    (void)vec_add(c);
    struct candidate *at = c->at;
    memmove(at + low + 1, at + low, (c->count - 1 - low) * sizeof *at);
    at[low] = candidate;
}

void candidate_remove(struct candidate_list *c, uint64_t pool) {
    for (size_t i = 0; i < c->count; i++)
        if (c->at[i].pool == pool) {
            vec_remove(c, i);
            return;
        }
}
