// SPDX-License-Identifier: Apache-2.0
// Which agents can use a volume, and which of them first.
#include "core/agent_reservation.h"
#include "core/attach_room.h"
#include "core/broker.h"
#include "core/coarse.h"
#include "core/index.h"
#include "core/refusal.h"

bool broker_agent_can_use(const struct draft *d, uint64_t agent, const struct volume_row *v) {
    const struct agent_row *row = draft_agent(d, agent);
    return row && agent_rule(d, v, row) == RULE_NONE;
}

struct err *broker_agent_check(const struct draft *d, uint64_t agent, const struct volume_row *v) {
    const struct agent_row *row = draft_agent(d, agent);
    if (!row) return err_new(ERR_NOT_FOUND, "volume '%s': the agent asked for is not there any more", v->name);
    enum rule rule = agent_rule(d, v, row);
    if (!rule) return NULL;
    AUTO_TEXT struct text text = {0};
    AUTO_ARENA struct arena arena = {0};
    struct refusal r = refusal_of_agent(d, v, row, rule, &arena);
    refusal_say(d, &r, NULL, &text);
    bool away = rule == RULE_AGENT_AWAY || rule == RULE_REPORTED;
    return err_new(away ? ERR_UNAVAILABLE : ERR_NO_FIT, "volume '%s' cannot be used there: %s", v->name,
                   text_string(&text));
}

struct err *broker_together_check(const struct draft *d, uint64_t agent, const uint64_t *volumes, size_t count) {
    const struct agent_row *row = draft_agent(d, agent);
    if (!row || !attach_limited(row->facts)) return NULL;
    struct attach_room room = attach_room(d, row);
    for (size_t i = 0; i < count; i++) {
        const struct volume_row *v = draft_volume(d, volumes[i]);
        if (volume_is_on(d, v, agent)) continue;
        enum rule rule = attach_room_rule(&room, d->state, v->charge.pool, v->charge.bandwidth, NULL);
        if (!rule) {
            attach_room_take(&room, d->state, v->charge.pool, v->charge.bandwidth);
            continue;
        }
        AUTO_TEXT struct text text = {0};
        AUTO_ARENA struct arena arena = {0};
        struct refusal r = refusal_of_room(d, v, &room, rule, &arena);
        refusal_say(d, &r, NULL, &text);
        return err_new(ERR_NO_FIT, "volume '%s' cannot be used there beside the others: %s", v->name,
                       text_string(&text));
    }
    return NULL;
}

struct ranking { // best first, at most `most`
    struct ranked_agent *at;
    size_t count, most;
    uint64_t last;      // the agent it was last used on
    bool last_reserved; // where its role has cpus or memory reserved
};

static bool ranked_before(const struct ranking *r, const struct ranked_agent *a, const struct ranked_agent *b) {
    if (r->last_reserved && (a->agent == r->last) != (b->agent == r->last)) return a->agent == r->last;
    if (a->covers != b->covers) return a->covers;
    if (a->score != b->score) return a->score > b->score;
    if ((a->agent == r->last) != (b->agent == r->last)) return a->agent == r->last;
    return a->agent < b->agent;
}

static void ranking_keep(struct ranking *r, struct ranked_agent agent) {
    if (r->count == r->most && !ranked_before(r, &agent, &r->at[r->most - 1])) return;
    size_t at = r->count < r->most ? r->count++ : r->most - 1;
    for (; at > 0 && ranked_before(r, &agent, &r->at[at - 1]); at--) r->at[at] = r->at[at - 1];
    r->at[at] = agent;
}

enum { RANKED_MOST = 64 }; // a volume that so many declined has other worries

static void rank_agent(const struct draft *d, const struct volume_row *v, struct scalars need, struct ranking *r,
                       struct ranked_agent a) {
    // Most agents would not come in even with room enough: their figures need not be read.
    if (r->count == r->most && !ranked_before(r, &a, &r->at[r->most - 1])) return;
    const struct agent_row *agent = draft_agent(d, a.agent);
    if (!agent || !agent->facts) return;
    if (attach_limited(agent->facts) && agent_rule(d, v, agent)) return;
    struct scalars free = agent_free_for(d->state, agent, v->owner.role, false);
    a.covers = scalars_within(&need, &free);
    ranking_keep(r, a);
}

size_t broker_rank_agents(const struct draft *d, const struct volume_row *v, struct scalars need, size_t most,
                          struct arena *arena, const struct ranked_agent **ret_agents) {
    struct reach_view view;
    struct reach_want reach = volume_reach(d->state, v);
    if (!most || most > RANKED_MOST) most = RANKED_MOST;
    struct ranking r = {.at = arena_zero(arena, most, sizeof *r.at), .most = most, .last = v->last_agent};
    struct scalars reserved = agent_reserved(d->state, v->last_agent, v->owner.role);
    r.last_reserved = !scalars_none(&reserved);
    *ret_agents = r.at;
    if (!reach_view_init(d->state, &reach, &view)) return 0;
    for (size_t i = 0; i < reach_view_words(&view); i++)
        for (uint64_t word = reach_view_word(&view, i); word; word &= word - 1) {
            uint32_t n = (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(word);
            struct ranked_agent a = {index_agent_at(d->state, n), reach_view_affinity(&view, n), true};
            rank_agent(d, v, need, &r, a);
        }
    return r.count;
}

size_t broker_agent_classes(const struct state *s, uint64_t agent, struct arena *arena, const uint64_t **ret_classes) {
    const struct agent_row *row = state_agent(s, agent);
    uint64_t *classes = arena_zero(arena, table_count(&s->tables[NOUN_CLASS]) + 1, sizeof *classes);
    size_t count = 0;
    *ret_classes = classes;
    if (!row || !index_agent_live(s, row)) return 0;
    STATE_EACH(CLASS, class_row, class, s)
    if (index_agent_of_class(s, class->id, row)) classes[count++] = class->id;
    return count;
}
