// SPDX-License-Identifier: Apache-2.0
// Changes as the commands that would make them; requests as the commands that they are.
#include "core/plan.h"

// Of what people read, so that a plan in which nothing fits ends as soon as one in which all does.
enum { AGENTS_ASKED_MOST = 1000000, EXPLAINED_MOST = 20 };

struct planning {
    const struct state *s;
    struct state *scratch;
    struct now now;
    struct arena *arena;
    size_t agents_left;    // that sentences of lost volumes may still ask
    size_t explained_left; // of refused requests
};

static struct err *planning_do(struct planning *p, const struct command *c) {
    return scratch_try(p->scratch, p->now, c);
}

// ---- removals: what is connected goes away first, as it would ----

static struct err *session_end(struct planning *p, enum command_kind kind, uint64_t who, uint64_t session) {
    struct command c = {.kind = kind};
    c.agent_gone = (struct cmd_session){.who = who, .session = session}; // a provider's is the same struct
    return session ? planning_do(p, &c) : NULL;
}

static struct err *provider_remove(struct planning *p, const char *name) {
    const struct provider_row *row = state_provider_named(p->scratch, name);
    if (row) TRY(session_end(p, CMD_provider_gone, row->id, row->session));
    return planning_do(p, &(struct command){.kind = CMD_provider_remove, .provider_remove = {name}});
}

static struct err *agent_remove(struct planning *p, const char *name) {
    const struct agent_row *row = state_agent_named(p->scratch, name);
    if (row) TRY(session_end(p, CMD_agent_gone, row->id, row->session));
    return planning_do(p, &(struct command){.kind = CMD_agent_remove, .agent_remove = {name}});
}

// ---- pools: a provider that reports one more, or one less ----

static struct err *pools_report(struct planning *p, const struct provider_row *provider, uint64_t without,
                                const struct pool_report *more) {
    const struct id_list *ids = state_related(p->scratch, POOLS_OF_PROVIDER, provider->id);
    struct pool_report *pools = arena_zero(p->arena, ids->count + 1, sizeof *pools);
    struct command c = {.kind = CMD_provider_report};
    c.provider_report = (struct cmd_provider_report){
        .provider = provider->id, .session = provider->session, .facts = provider->facts, .pools = pools};
    VEC_EACH (id, ids) {
        const struct pool_row *pool = state_pool(p->scratch, *id);
        if (*id == without || pool->stale || !pool->facts) continue;
        pools[c.provider_report.pool_count++] = (struct pool_report){
            pool->name, pool->instance, pool->store, pool->charge_numerator, pool->charge_denominator, pool->facts};
    }
    if (more) pools[c.provider_report.pool_count++] = *more;
    return planning_do(p, &c);
}

static struct err *pool_remove(struct planning *p, const char *path) {
    const struct pool_row *pool = state_pool_named(p->scratch, path);
    if (!pool) return err_new(ERR_NOT_FOUND, "pool '%.255s': there is none of that name", path);
    return pools_report(p, state_provider(p->scratch, pool->provider), pool->id, NULL);
}

static struct err *pool_put(struct planning *p, const struct plan_change *change) {
    if (!state_provider_named(p->scratch, change->provider)) {
        struct command c = {.kind = CMD_provider_hello};
        c.provider_hello = (struct cmd_provider_hello){.name = change->provider, .driver = "planned", .session = 1};
        TRY(planning_do(p, &c));
    }
    const struct pool_row *known = state_pool_named(p->scratch, change->name);
    struct pool_report pool = change->pool;
    if (known) {
        pool.store = known->store;
        pool.charge_numerator = known->charge_numerator;
        pool.charge_denominator = known->charge_denominator;
    }
    return pools_report(p, state_provider_named(p->scratch, change->provider), known ? known->id : 0, &pool);
}

// ---- agents, classes ----

static struct err *agent_put(struct planning *p, const struct plan_change *change) {
    const struct agent_row *known = state_agent_named(p->scratch, change->name);
    struct command c = {.kind = known ? CMD_agent_report : CMD_agent_hello};
    if (known)
        c.agent_report =
            (struct cmd_agent_report){.agent = known->id, .session = known->session, .facts = change->agent};
    else
        c.agent_hello = (struct cmd_agent_hello){
            .name = change->name, .hostname = change->name, .session = 1, .facts = change->agent};
    return planning_do(p, &c);
}

static struct err *class_apply(struct planning *p, const struct plan_change *change) {
    struct command c = {.kind = CMD_class_apply};
    c.class_apply = (struct cmd_class_apply){.name = change->name, .doc = change->class};
    return planning_do(p, &c);
}

static struct err *change_do(struct planning *p, const struct plan_change *change) {
    switch (change->kind) {
    case PLAN_PROVIDER_REMOVED: return provider_remove(p, change->name);
    case PLAN_POOL_REMOVED: return pool_remove(p, change->name);
    case PLAN_AGENT_REMOVED: return agent_remove(p, change->name);
    case PLAN_CLASS_REMOVED:
        return planning_do(p, &(struct command){.kind = CMD_class_remove, .class_remove = {change->name}});
    case PLAN_POOL: return pool_put(p, change);
    case PLAN_AGENT: return agent_put(p, change);
    case PLAN_CLASS: return class_apply(p, change);
    }
    must(change->kind <= PLAN_CLASS);
    return NULL;
}

static bool change_is_new(const struct state *s, const struct plan_change *change) {
    switch (change->kind) {
    case PLAN_POOL: return !state_pool_named(s, change->name);
    case PLAN_AGENT: return !state_agent_named(s, change->name);
    case PLAN_CLASS: return !state_class_named(s, change->name);
    default: return false;
    }
}

static struct planned_change change_plan(struct planning *p, const struct plan_change *change) {
    static const char *const nouns[] = {"", "provider", "pool", "agent", "class", "pool", "agent", "class"};
    const char *what = change->kind <= PLAN_CLASS_REMOVED  ? "removed"
                       : change_is_new(p->scratch, change) ? "added"
                                                           : "changed";
    AUTO_ERR struct err *e = change_do(p, change);
    if (e) return (struct planned_change){true, arena_text(p->arena, err_text(e))};
    return (struct planned_change){false,
                                   arena_format(p->arena, "%s '%s' %s", nouns[change->kind], change->name, what)};
}

// ---- requests ----

// The answer names a volume and its operation in turn; of a request of several, the agent and its reservation first.
static void answer_take(struct planning *p, const struct command *c, const struct answer *answer,
                        struct planned_request *r) {
    bool together = c->kind == CMD_request_apply;
    uint64_t *volumes = arena_zero(p->arena, answer->ids.count + 1, sizeof *volumes);
    const char **notes = arena_zero(p->arena, answer->ids.count + 1, sizeof *notes);
    for (size_t i = together ? 2 : 0; i < answer->ids.count; i += 2) {
        size_t n = r->volume_count++;
        volumes[n] = answer->ids.at[i];
        if (n < answer->notes.count) notes[n] = arena_text(p->arena, answer->notes.at[n]);
    }
    r->volumes = volumes;
    r->notes = notes;
    if (together) r->agent = answer->ids.at[0];
}

static struct planned_request request_plan(struct planning *p, const struct command *request) {
    struct planned_request r = {0};
    struct explain_wish wish = {.page = {.limit = EXPLAIN_REFUSALS}, .arena = p->arena};
    struct answer answer = {.refusal = p->explained_left ? &wish : NULL};
    AUTO_ERR struct err *e = scratch_do(p->scratch, p->now, request, &answer);
    r.places = !e;
    if (e)
        r.sentence = arena_text(p->arena, err_text(e));
    else
        answer_take(p, request, &answer, &r);
    r.explanation = wish.told;
    if (wish.told) p->explained_left--;
    answer_done(&answer);
    return r;
}

// ---- what it does to those who did not ask ----

// Whether some live agent reaches it: the same answer for all volumes of a pool, a class and a filesystem. What is attached
// now is not asked: that passes.
static bool volume_usable(const struct state *s, struct map *known, const struct volume_row *v) {
    struct reach_want reach = volume_reach(s, v);
    uint64_t key[] = {reach.pool, reach.class, reach.fs};
    bool fresh;
    union map_value *place = map_put_bytes(known, key, sizeof key, &fresh);
    const struct pool_row *pool = fresh ? state_pool(s, reach.pool) : NULL;
    if (fresh) place->n = pool && index_pool_usable(s, pool) && index_reached(s, &reach);
    return place->n;
}

// Asks every agent.
static const char *loss_explain(struct planning *p, const struct volume_row *v) {
    AUTO_ARENA struct arena arena = {0};
    struct explanation e;
    struct draft d;
    draft_view(&d, p->scratch, &arena, p->now);
    AUTO_ERR struct err *none = explain_volume(&d, v->id, (struct explain_page){.limit = 1}, &arena, &e);
    draft_done(&d);
    return arena_text(p->arena, none ? err_text(none) : e.sentence);
}

static const char *loss_sentence(struct planning *p, const struct volume_row *v) {
    const struct pool_row *pool = state_pool(p->scratch, v->charge.pool);
    if (!pool || !index_pool_usable(p->scratch, pool))
        return arena_format(p->arena, "volume '%s': its pool %s is gone", v->name,
                            pool ? pool_path(p->scratch, pool, p->arena) : "?");
    size_t agents = table_count(&p->scratch->tables[NOUN_AGENT]) + 1;
    if (p->agents_left < agents) return arena_format(p->arena, "volume '%s': no agent can use it", v->name);
    p->agents_left -= agents;
    return loss_explain(p, v);
}

static void losses_find(struct planning *p, struct planned *ret) {
    struct map before = {0}, after = {0};
    struct planned_loss *losses = arena_zero(p->arena, PLANNED_LOSSES_MOST, sizeof *losses);
    STATE_EACH(VOLUME, volume_row, v, p->s) {
        if (v->state != VOLUME_READY || !volume_usable(p->s, &before, v)) continue;
        const struct volume_row *then = state_volume(p->scratch, v->id);
        if (!then || volume_usable(p->scratch, &after, then) || ret->lost++ >= PLANNED_LOSSES_MOST) continue;
        losses[ret->loss_count++] = (struct planned_loss){v->id, loss_sentence(p, then)};
    }
    ret->losses = losses;
    map_done(&before);
    map_done(&after);
}

static struct bytes largest_of(struct planning *p, const struct state *s, const char *class) {
    const struct class_row *row = state_class_named(s, class);
    struct draft d;
    draft_view(&d, s, p->arena, p->now);
    struct bytes largest = row ? broker_largest(&d, row->id, (symbol){0}) : (struct bytes){0};
    draft_done(&d);
    return largest;
}

static void classes_compare(struct planning *p, struct planned *ret) {
    struct planned_class *classes =
        arena_zero(p->arena, table_count(&p->scratch->tables[NOUN_CLASS]) + 1, sizeof *classes);
    STATE_EACH(CLASS, class_row, class, p->scratch)
    classes[ret->class_count++] =
        (struct planned_class){class->name, largest_of(p, p->s, class->name), largest_of(p, p->scratch, class->name)};
    ret->classes = classes;
}

struct planned plan_run(const struct state *s, struct state *scratch, struct now now, const struct plan *plan,
                        struct arena *arena) {
    struct planning p = {s, scratch, now, arena, AGENTS_ASKED_MOST, EXPLAINED_MOST};
    struct planned ret = {.places = true};
    struct planned_change *changes = arena_zero(arena, plan->change_count + 1, sizeof *changes);
    struct planned_request *requests = arena_zero(arena, plan->request_count + 1, sizeof *requests);
    for (size_t i = 0; i < plan->change_count; i++) {
        changes[i] = change_plan(&p, &plan->changes[i]);
        ret.places = ret.places && !changes[i].refused;
    }
    losses_find(&p, &ret);
    for (size_t i = 0; i < plan->request_count; i++) {
        requests[i] = request_plan(&p, &plan->requests[i]);
        ret.places = ret.places && requests[i].places;
    }
    ret.changes = changes;
    ret.requests = requests;
    classes_compare(&p, &ret);
    return ret;
}
