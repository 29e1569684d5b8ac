// SPDX-License-Identifier: Apache-2.0
// Counting keys.
#include "core/tag_census.h"

#include "base/text.h"

static void tag_count(struct tag_census *c, struct map *side, const struct symbols *s, const struct tag *tag) {
    const struct number *number = symbol_number(s, tag->value);
    union map_value *place = map_put(side, tag->key.n, NULL);
    if (!place->n) {
        vec_push(&c->keys, ((struct tag_key){tag->key, tag->value, 0}));
        place->n = c->keys.count;
    }
    c->keys.at[place->n - 1].units |= 1u << (number ? number->unit : NUMBER_NONE);
}

void tag_census_take(struct tag_census *c, const struct state *s) {
    STATE_EACH(POOL, pool_row, pool, s)
    for (size_t i = 0; pool->facts && i < pool->facts->tags.count; i++)
        tag_count(c, &c->pools, &s->symbols, &pool->facts->tags.at[i]);
    STATE_EACH(AGENT, agent_row, agent, s)
    for (size_t i = 0; agent->facts && i < agent->facts->tags.count; i++)
        tag_count(c, &c->agents, &s->symbols, &agent->facts->tags.at[i]);
}

void tag_census_done(struct tag_census *c) {
    map_done(&c->pools);
    map_done(&c->agents);
    vec_done(&c->keys);
}

const struct tag_key *tag_census_find(const struct tag_census *c, symbol key, bool of_pools) {
    const union map_value *place = map_find(of_pools ? &c->pools : &c->agents, key.n);
    return place ? &c->keys.at[place->n - 1] : NULL;
}

const char *tag_census_nearest(const struct tag_census *c, const struct symbols *s, const char *key) {
    VEC(const char *) names = {0};
    VEC_EACH (k, &c->keys) vec_push(&names, symbol_text(s, k->key));
    const char *near = text_nearest(key, names.at, names.count);
    vec_done(&names);
    return near;
}
