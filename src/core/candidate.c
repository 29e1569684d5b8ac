// SPDX-License-Identifier: Apache-2.0
// What is fixed between a class and a pool.
#include "core/candidate.h"

uint32_t pool_selector_failure(const struct symbols *s, const struct selector *sel, const struct tag_set *tags,
                               uint32_t from) {
    for (uint32_t i = from; i < sel->term_count; i++)
        if (!term_joins(&sel->terms[i]) && !term_holds(s, sel, &sel->terms[i], tags, NULL)) return i;
    return sel->term_count;
}

bool candidate_can(const struct class_spec *spec, const struct pool_facts *f) {
    if (!capability_has(f->capabilities, CAN_CARVE)) return false;
    return spec->access == ACCESS_SINGLE_WRITER || capability_has(f->capabilities, CAN_MULTI_ATTACH);
}

bool candidate_holds(const struct symbols *s, const struct class_spec *spec, const struct pool_facts *f) {
    return candidate_can(spec, f) && pool_selector_failure(s, &spec->pool, &f->tags, 0) == spec->pool.term_count;
}

int64_t candidate_score(const struct symbols *s, const struct class_spec *spec, const struct pool_facts *f) {
    int64_t score = 0;
    for (size_t i = 0; i < spec->prefer_pool.count; i++) {
        const struct class_preference *p = &spec->prefer_pool.at[i];
        if (!selector_joins(&p->selector) && selector_holds(s, &p->selector, &f->tags, NULL)) score += p->weight;
    }
    return score;
}
