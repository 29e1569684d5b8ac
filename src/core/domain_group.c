// SPDX-License-Identifier: Apache-2.0
// Numbering sets of failure domains.
#include "core/domain_group.h"

#include <stdlib.h>

static void group_done(struct domain_group *g) {
    free(g->key);
    tag_set_done(&g->tags);
    *g = (struct domain_group){.users = 0};
}

void domain_groups_done(struct domain_groups *g) {
    VEC_EACH (one, &g->at) group_done(one);
    vec_done(&g->at);
    vec_done(&g->free);
    map_done(&g->by_key);
}

static uint32_t group_new(struct domain_groups *g, const struct domains *d, const struct tag_set *tags,
                          struct text *key) {
    if (!g->at.count) (void)vec_add(&g->at); // number 0 is nobody's
    if (!g->free.count) {
        vec_push(&g->free, (uint32_t)g->at.count);
        (void)vec_add(&g->at);
    }
    uint32_t number = vec_pop(&g->free);
    struct domain_group *group = &g->at.at[number];
    for (size_t i = 0; i < tags->count; i++) {
        if (!domains_find(d, tags->at[i].key)) continue;
        struct err *e = tag_set_add(&group->tags, tags->at[i], tag_set_said(tags, &tags->at[i]));
        must(!e); // part of a set that was small enough
    }
    group->key = text_take(key);
    return number;
}

uint32_t domain_group_take(struct domain_groups *g, const struct domains *d, const struct tag_set *tags) {
    if (!tags) return 0;
    AUTO_TEXT struct text key = {0};
    text_add(&key, "");
    domains_add_key(d, tags, &key);
    bool fresh;
    union map_value *place = map_put_text(&g->by_key, text_string(&key), &fresh);
    if (fresh) place->n = group_new(g, d, tags, &key);
    g->at.at[place->n].users++;
    return (uint32_t)place->n;
}

void domain_group_leave(struct domain_groups *g, uint32_t group) {
    if (!group || --g->at.at[group].users) return;
    map_remove_text(&g->by_key, g->at.at[group].key);
    group_done(&g->at.at[group]);
    vec_push(&g->free, group);
}
