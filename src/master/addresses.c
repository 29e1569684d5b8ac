// SPDX-License-Identifier: Apache-2.0
// The data addresses of all pools, told to every agent, which measures how it reaches them. A bounded set in the order of the
// pools; those that no pool has any more leave when the set is made anew.
#include "master/engine.h"

enum { ADDRESSES_MOST = 64 }; // as many as an agent measures

static void addresses_collect(const struct state *s, struct map *ret_set) {
    STATE_EACH(POOL, pool_row, pool, s) {
        const char *address = pool->facts ? pool->facts->data_address : NULL;
        if (address && *address && map_count(ret_set) < ADDRESSES_MOST) (void)map_put_text(ret_set, address, NULL);
    }
}

static bool addresses_equal(const struct map *a, const struct map *b) {
    if (map_count(a) != map_count(b)) return false;
    MAP_EACH (entry, a)
        if (!map_find_text(b, entry->key.bytes)) return false;
    return true;
}

// Whether the pools that this command touched may have made it another set.
static bool addresses_touched(const struct master *m, const struct draft *d) {
    for (size_t i = 0; i < draft_event_count(d); i++) {
        struct event e = draft_event(d, i);
        if (e.noun != NOUN_POOL) continue;
        const struct pool_facts *facts = ((const struct pool_row *)e.row)->facts;
        bool has = facts && facts->data_address && *facts->data_address;
        if (e.removed || (has && !map_find_text(&m->addresses, facts->data_address))) return true;
    }
    return false;
}

void addresses_look(struct master *m, const struct draft *d, const struct instant *at, struct outputs *out) {
    struct map now = {0};
    if (!addresses_touched(m, d)) return;
    addresses_collect(m->state, &now);
    if (addresses_equal(&now, &m->addresses)) {
        map_done(&now);
        return;
    }
    map_done(&m->addresses);
    m->addresses = now;
    STATE_EACH(AGENT, agent_row, agent, m->state) dispatch_addresses(m, agent->id, at, out);
}
