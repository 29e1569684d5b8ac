// SPDX-License-Identifier: Apache-2.0
// Turning verdicts into rows with texts, and rows into sentences.
#include "core/refusal.h"

#include <inttypes.h>

#include "core/agent_test.h"
#include "core/attach_room.h"
#include "core/figure.h"

static int64_t age_of(const struct draft *d, struct wall since) {
    return since.ms && since.ms <= d->now.wall.ms ? d->now.wall.ms - since.ms : -1;
}

static const char *size_text(struct arena *arena, uint64_t bytes, const char *after) {
    char text[QUANTITY_TEXT];
    return arena_format(arena, "%s%s", bytes_text((struct bytes){bytes}, text), after);
}

// ---- terms of selectors ----

static void refusal_take_term(const struct draft *d, struct refusal *r, const struct selector *sel, size_t term,
                              const struct tag_set *own, const struct tag_set *other, struct arena *arena) {
    struct term_reason reason;
    term_explain(&d->state->symbols, sel, term, own, other, &reason);
    r->asked = arena_text(arena, text_string(&reason.asked));
    r->found = arena_text(arena, text_string(&reason.found));
    if (reason.has_tag) {
        r->said_by = arena_format(arena, "%s, %s", tier_name(reason.tier), tag_origin_name(reason.origin));
        r->age_ms = age_of(d, reason.since);
    }
    term_reason_done(&reason);
}

enum { AGENTS_LOOKED_AT = 256 }; // for the nearest one: enough for a good example, never long

// The agent that fails the fewest terms, live ones first.
static const struct agent_row *nearest_agent(const struct draft *d, const struct agent_tests *tests,
                                             const struct pool_row *pool) {
    enum { NEAREST = 2 }; // one term, and live: none was found that fails none
    const struct agent_row *best = NULL;
    size_t best_failures = SIZE_MAX, looked = 0;
    STATE_EACH(AGENT, agent_row, agent, d->state) {
        if (looked == AGENTS_LOOKED_AT || best_failures <= NEAREST) break;
        if (!agent->facts) continue;
        looked++;
        struct agent_failure f;
        agent_tests_run(&d->state->symbols, tests, &agent->facts->tags, &pool->facts->tags, &f);
        size_t failures = f.count * 2 + !index_agent_live(d->state, agent);
        if (failures >= best_failures) continue;
        best = agent;
        best_failures = failures;
    }
    return best;
}

// No agent passes all of both: the nearest may fail the pool's though others fail the class's.
static void explain_agent_tests(const struct draft *d, struct refusal *r, const struct class_spec *spec,
                                const struct pool_row *pool, const struct agent_row *agent, struct arena *arena) {
    struct agent_tests tests = {0};
    agent_tests_of_pool(&tests, pool);
    if (spec) agent_tests_of_class(&tests, spec);
    if (!agent) agent = nearest_agent(d, &tests, pool);
    r->agent = agent ? agent->id : 0;
    struct agent_failure f = {0};
    if (agent && agent->facts) agent_tests_run(&d->state->symbols, &tests, &agent->facts->tags, &pool->facts->tags, &f);
    if (f.count) {
        const struct tag_set *a = &agent->facts->tags, *p = &pool->facts->tags;
        bool swapped = f.test->pool_side;
        refusal_take_term(d, r, f.test->selector, f.term, swapped ? p : a, swapped ? a : p, arena);
    }
    vec_done(&tests);
}

// ---- presence and capabilities ----

static void explain_agent_away(const struct draft *d, struct refusal *r, const struct agent_row *agent) {
    static const char *const states[] = {
        [AGENT_IS_ACTIVE] = "not connected",
        [AGENT_IS_AWAY] = "away",
        [AGENT_IS_LOST] = "lost",
        [AGENT_IS_QUARANTINED] = "quarantined",
        [AGENT_IS_DRAINING] = "draining",
        [AGENT_IS_DRAINED] = "drained",
        [AGENT_IS_GONE] = "gone",
    };
    r->asked = agent ? "the agent connected and active" : "an agent here now";
    r->found = index_agents_known(d->state) ? "those that fit are away" : "no agent has reported yet";
    if (!agent) return;
    bool named = agent->state < ARRAY_LEN(states) && states[agent->state];
    r->agent = agent->id;
    r->found =
        named && !(agent->session && !agent->facts) ? states[agent->state] : "connected, but has not reported yet";
    r->age_ms = age_of(d, agent->since);
}

static void explain_provider_away(const struct draft *d, struct refusal *r, const struct pool_row *pool,
                                  struct arena *arena) {
    const struct provider_row *provider = state_provider(d->state, pool->provider);
    r->asked = arena_format(arena, "provider '%s' connected", provider ? provider->name : "?");
    r->found = provider && provider->session ? "connected, but it no longer reports this pool" : "away";
    r->age_ms = provider ? age_of(d, provider->stale_since) : -1;
}

static void explain_capability(struct refusal *r, const struct terms *t, const struct pool_row *pool) {
    uint32_t can = pool->facts->capabilities;
    r->said_by = "pool, reported";
    r->found = "it cannot";
    if (!capability_has(can, CAN_CARVE)) {
        r->asked = "carve volumes";
        r->found = "ready-made volumes only";
    } else if (t->class->doc->spec.access != ACCESS_SINGLE_WRITER && !capability_has(can, CAN_MULTI_ATTACH)) {
        r->asked = "attach to several hosts";
    } else {
        r->asked = "raw blocks";
        if (capability_has(can, IS_DIRECTORY)) r->found = "directories";
        if (capability_has(can, FORMATS_BY_ITSELF)) r->found = "it formats by itself";
    }
}

// ---- failure domains ----

// `agent` NULL: the one that comes nearest.
static void explain_availability(const struct draft *d, struct refusal *r, const struct class_row *class,
                                 const struct pool_row *pool, const struct agent_row *agent, struct arena *arena) {
    char percent[AVAILABILITY_TEXT];
    const struct state *s = d->state;
    struct reach_want reach = {.pool = pool->id, .class = class->id, .any_availability = true};
    struct availability least = class->doc->spec.availability;
    r->asked = arena_format(arena, "availability %s or more", availability_text(least, percent));
    if (!agent) (void)figures_best(s, &reach, AGENTS_LOOKED_AT, &agent);
    r->found = "no agent here that fits else";
    if (!agent || !agent->facts) return;
    AUTO_TEXT struct text needs = {0};
    domains_add_text(&s->domains, &s->symbols, &agent->facts->tags, &pool->facts->tags, &needs);
    struct availability both = domains_availability(&s->domains, &agent->facts->tags, &pool->facts->tags);
    r->agent = agent->id;
    r->found = arena_format(arena, "%s of %s", availability_text(both, percent), text_string(&needs));
    r->said_by = "failure domains, configured";
}

// ---- spread ----

static void explain_spread(const struct draft *d, struct refusal *r, const struct terms *t, const struct pool_row *pool,
                           struct arena *arena) {
    const struct spread *s = spreads_broken(&t->spreads, &pool->facts->tags);
    const char *key = s ? state_text(d->state, s->rule->key) : "";
    size_t count = 0;
    if (!s) return;
    r->asked = arena_format(arena, "at most %u of the volumes with label %s on one %s", spread_share(s), s->label, key);
    (void)tag_set_find(&pool->facts->tags, s->rule->key, &count);
    if (s->lost) {
        r->found = arena_format(arena, "%s of them on a pool that does not say its %s", s->lost, key);
    } else if (!count) {
        r->found = arena_format(arena, "no %s", key);
    } else {
        symbol value = {0};
        uint32_t most = spread_most(s, &pool->facts->tags, &value);
        r->found = arena_format(arena, "%u on %s=%s", most, key, state_text(d->state, value));
    }
}

// ---- figures ----

static void explain_figures(const struct draft *d, struct refusal *r, const struct pool_row *pool,
                            const struct verdict *v, struct arena *arena) {
    r->said_by = "pool, reported";
    r->age_ms = age_of(d, pool->facts->reported);
    bool bytes = r->rule == RULE_BYTES || r->rule == RULE_SMALLEST || r->rule == RULE_LARGEST;
    if (bytes) r->asked = size_text(arena, v->asked, "");
    if (r->rule == RULE_BYTES) r->found = size_text(arena, v->found, " free");
    if (r->rule == RULE_SMALLEST) r->found = size_text(arena, v->found, " at least");
    if (r->rule == RULE_LARGEST) r->found = size_text(arena, v->found, " at most");
    if (r->rule == RULE_IOPS) {
        bool known = v->free.known & KNOWS_IOPS;
        r->asked = arena_format(arena, "%" PRIu64 " iops", v->asked);
        r->found = known ? arena_format(arena, "%" PRIu64 " iops left", v->found) : "no iops reported";
    }
    if (r->rule == RULE_BANDWIDTH) {
        bool known = v->free.known & KNOWS_BANDWIDTH;
        r->asked = size_text(arena, v->asked, "/s");
        r->found = known ? size_text(arena, v->found, "/s left") : "no bandwidth reported";
    }
    if (r->rule == RULE_VOLUMES) {
        r->asked = "one more volume";
        r->found = "as many as it can hold";
    }
}

static void explain_room(struct refusal *r, const struct state *s, const struct attach_room *room, uint64_t pool,
                         struct bandwidth bandwidth, struct arena *arena) {
    const struct attach_bus *bus = NULL;
    const struct agent_facts *f = room->agent->facts;
    if (!f || attach_room_rule(room, s, pool, bandwidth, &bus) != r->rule) return;
    r->said_by = "agent, reported";
    r->agent = room->agent->id;
    if (r->rule == RULE_AGENT_BANDWIDTH) {
        r->asked = size_text(arena, bandwidth.n, "/s to the storage");
        r->found = size_text(arena, attach_room_bandwidth(room).n, "/s left");
        return;
    }
    r->asked = bus ? arena_format(arena, "an attach slot of %s", bus->drivers) : "an attach slot";
    r->found = arena_format(arena, "all %u taken", bus ? bus->slots : f->attach_slots);
}

static void explain_agent_rule(struct refusal *r, const struct agent_row *agent, const char *fs, struct arena *arena) {
    if (r->rule == RULE_FILESYSTEM) {
        r->asked = arena_format(arena, "fs/%s", fs);
        r->found = agent ? "other filesystems" : "agents with other filesystems";
        r->said_by = "agent, probed";
    }
    if (agent) r->agent = agent->id;
}

static void explain_attach(const struct draft *d, struct refusal *r, const struct terms *t, struct arena *arena) {
    struct attach_room room = t->room ? *t->room : attach_room(d, t->agent);
    explain_room(r, d->state, &room, r->pool, t->class->doc->spec.bandwidth, arena);
}

struct refusal refusal_of_pool(const struct draft *d, const struct terms *t, const struct pool_row *pool,
                               const struct verdict *v, struct arena *arena) {
    struct refusal r = {.rule = v->rule, .pool = pool->id, .asked = "", .found = "", .age_ms = -1};
    switch (v->rule) {
    case RULE_NONE:
    case RULE_COUNT: break;
    case RULE_REPORTED:
        r.asked = "a report";
        r.found = "none since the master started";
        break;
    case RULE_POOL_SELECTOR:
        refusal_take_term(d, &r, &t->class->doc->spec.pool, v->term, &pool->facts->tags, NULL, arena);
        break;
    case RULE_CAPABILITY: explain_capability(&r, t, pool); break;
    case RULE_CONSTRAINT:
    case RULE_AGENT_SELECTOR: explain_agent_tests(d, &r, &t->class->doc->spec, pool, t->agent, arena); break;
    case RULE_AVAILABILITY: explain_availability(d, &r, t->class, pool, t->agent, arena); break;
    case RULE_SPREAD: explain_spread(d, &r, t, pool, arena); break;
    case RULE_FILESYSTEM: explain_agent_rule(&r, t->agent, t->fs->name, arena); break;
    case RULE_SLOTS:
    case RULE_AGENT_BANDWIDTH: explain_attach(d, &r, t, arena); break;
    case RULE_SMALLEST:
    case RULE_LARGEST:
    case RULE_BYTES:
    case RULE_IOPS:
    case RULE_BANDWIDTH:
    case RULE_VOLUMES: explain_figures(d, &r, pool, v, arena); break;
    case RULE_AGENT_AWAY: explain_agent_away(d, &r, t->agent); break;
    case RULE_PROVIDER_AWAY: explain_provider_away(d, &r, pool, arena); break;
    case RULE_SCRIPT:
        r.asked = "a score of the class's script";
        r.found = v->reason ? v->reason : "none, and no reason was given";
        break;
    }
    return r;
}

struct refusal refusal_of_agent(const struct draft *d, const struct volume_row *v, const struct agent_row *agent,
                                enum rule rule, struct arena *arena) {
    struct refusal r = {
        .rule = rule, .pool = v->charge.pool, .agent = agent->id, .asked = "", .found = "", .age_ms = -1};
    const struct pool_row *pool = state_pool(d->state, v->charge.pool);
    const struct class_row *class = state_class(d->state, v->class);
    if (rule == RULE_REPORTED) {
        r.asked = "a report of its pool";
        r.found = "none since the master started";
    }
    if (rule == RULE_CONSTRAINT || rule == RULE_AGENT_SELECTOR)
        explain_agent_tests(d, &r, class ? &class->doc->spec : NULL, pool, agent, arena);
    if (rule == RULE_AVAILABILITY && class) explain_availability(d, &r, class, pool, agent, arena);
    if (rule == RULE_AGENT_AWAY) explain_agent_away(d, &r, agent);
    explain_agent_rule(&r, agent, state_text(d->state, v->fs), arena);
    if (rule != RULE_SLOTS && rule != RULE_AGENT_BANDWIDTH) return r;
    struct attach_room room = attach_room(d, agent);
    return refusal_of_room(d, v, &room, rule, arena);
}

struct refusal refusal_of_room(const struct draft *d, const struct volume_row *v, const struct attach_room *room,
                               enum rule rule, struct arena *arena) {
    struct refusal r = {.rule = rule, .pool = v->charge.pool, .asked = "", .found = "", .age_ms = -1};
    explain_room(&r, d->state, room, v->charge.pool, v->charge.bandwidth, arena);
    return r;
}

// ---- sentences ----

static void said_add_text(const struct refusal *r, struct text *out) {
    char age[QUANTITY_TEXT];
    if (r->said_by) text_addf(out, " (%s", r->said_by);
    if (r->age_ms >= 0) text_addf(out, "%s%s ago", r->said_by ? ", " : " (", duration_text(r->age_ms, age));
    if (r->said_by || r->age_ms >= 0) text_add_char(out, ')');
}

static void who_add_text(const struct state *s, const struct refusal *r, struct text *out) {
    AUTO_ARENA struct arena arena = {0};
    const struct pool_row *pool = state_pool(s, r->pool);
    const struct agent_row *agent = state_agent(s, r->agent);
    if (pool) text_add(out, pool_path(s, pool, &arena));
    if (agent) text_addf(out, "%sagent '%s'", pool ? ", " : "", agent->name);
}

void refusal_add_text(const struct state *s, const struct refusal *r, struct text *out) {
    who_add_text(s, r, out);
    switch (r->rule) {
    case RULE_BYTES: text_addf(out, " has %s of %s asked", r->found, r->asked); return;
    case RULE_IOPS:
    case RULE_BANDWIDTH: text_addf(out, " has %s, asked %s", r->found, r->asked); return;
    case RULE_SMALLEST:
    case RULE_LARGEST: text_addf(out, " makes volumes of %s, asked %s", r->found, r->asked); return;
    case RULE_VOLUMES: text_add(out, " holds as many volumes as it can"); return;
    case RULE_REPORTED: text_add(out, " has not reported since the master started"); return;
    case RULE_SCRIPT: text_addf(out, " is refused by the class's script: %s", r->found); return;
    case RULE_PROVIDER_AWAY:
    case RULE_AGENT_AWAY: text_addf(out, ": needs %s: %s", r->asked, r->found); break;
    default: text_addf(out, ": asked %s, found %s", r->asked, r->found); break;
    }
    said_add_text(r, out);
}
