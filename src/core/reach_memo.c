// SPDX-License-Identifier: Apache-2.0
// One place for each view, found by what it points to: nothing of that moves while the version stays.
#include "core/reach_memo.h"

#include "base/map.h"

static uint64_t mixed(uint64_t sum, const void *p) {
    return hash_u64(sum ^ (uintptr_t)p);
}

bool *reach_memo_find(struct reach_memo *m, const struct reach_view *v, bool live, uint64_t version, bool *ret_known) {
    uint8_t flags = (uint8_t)(v->asks_fs | v->any_availability << 1 | live << 2);
    uint64_t sum = mixed(mixed(mixed(mixed(flags, v->pool), v->class), v->joined), v->fs);
    struct reach_memo_place *p = &m->at[sum % REACH_MEMO_PLACES];
    *ret_known = p->version == version && p->flags == flags && p->pool == v->pool && p->class == v->class &&
                 p->joined == v->joined && p->fs == v->fs;
    if (!*ret_known) *p = (struct reach_memo_place){v->pool, v->class, v->joined, v->fs, version, flags, false};
    return &p->some;
}
