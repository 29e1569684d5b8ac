// SPDX-License-Identifier: Apache-2.0
// Judging pools for requests and agents for volumes.
#include "core/verdict.h"

#include "core/attach_room.h"
#include "core/candidate.h"

const char *rule_name(enum rule rule) {
    static const char *const names[] = {"",
#define X(rule, name, pools, agents) name,
                                        RULES(X)
#undef X
    };
    return names[rule];
}

const char *rule_text(enum rule rule) {
    static const char *const texts[] = {"",
#define X(rule, name, pools, agents) pools,
                                        RULES(X)
#undef X
    };
    return texts[rule];
}

const char *rule_text_of_agents(enum rule rule) {
    static const char *const texts[] = {NULL,
#define X(rule, name, pools, agents) agents,
                                        RULES(X)
#undef X
    };
    must(texts[rule]);
    return texts[rule];
}

// ---- the request ----

static struct err *role_refused(const struct state *s, const struct class_row *class, symbol role) {
    AUTO_TEXT struct text roles = {0};
    const struct class_spec *spec = &class->doc->spec;
    for (size_t i = 0; i < spec->roles.count; i++) text_addf(&roles, "%s'%s'", i ? ", " : "", spec->roles.at[i]);
    return err_new(ERR_DENIED, "class '%s': role '%s' may not ask for it; it is for %s", class->name,
                   state_text(s, role), text_string(&roles));
}

static struct err *terms_fs(const struct state *s, const struct want *w, struct terms *t) {
    const struct class_spec *spec = &t->class->doc->spec;
    t->fs = spec->fs;
    if (w->fs.n) TRY(err_wrap(filesystem_get(state_text(s, w->fs), &t->fs), "class '%s'", t->class->name));
    t->raw = w->raw || filesystem_raw(t->fs);
    if (w->raw) t->fs = filesystem_find("raw");
    if (!t->raw && spec->access == ACCESS_MULTI_WRITER)
        return err_new(ERR_INVALID,
                       "class '%s': %s cannot be written from several hosts, which this class is for; ask for raw",
                       t->class->name, t->fs->name);
    t->fs_place = t->raw ? 0 : index_fs(s, t->fs->name);
    return NULL;
}

struct err *terms_in_place(const struct draft *d, const struct want *w, struct terms *ret_terms) {
    struct terms t = {
        .class = draft_class(d, w->class), .size = w->size, .iops = w->iops, .room = w->room, .wait = w->wait};
    if (!t.class || !t.class->doc) return err_new(ERR_NOT_FOUND, "the class asked for is not there any more");
    if (!broker_role_allowed(d->state, t.class, w->role)) return role_refused(d->state, t.class, w->role);
    TRY(terms_fs(d->state, w, &t));
    TRY(class_spec_size_check(&t.class->doc->spec, w->size, t.fs));
    if (w->agent && !(t.agent = draft_agent(d, w->agent)))
        return err_new(ERR_NOT_FOUND, "class '%s': the agent asked for is not there any more", t.class->name);
    *ret_terms = t;
    return NULL;
}

struct err *terms_of(const struct draft *d, const struct want *w, struct terms *ret_terms) {
    struct terms t;
    TRY(terms_in_place(d, w, &t));
    TRY(spreads_of(d, t.class, (struct owner){w->role, w->framework}, w->labels, &t.spreads));
    *ret_terms = t;
    return NULL;
}

bool terms_charge(const struct terms *t, const struct pool_facts *facts, struct charge *ret_charge) {
    const struct class_spec *spec = &t->class->doc->spec;
    struct charge c = {.bandwidth = spec->bandwidth};
    if (!bytes_round_up(t->size, facts->granularity, &c.bytes)) return false;
    c.iops = class_spec_iops(spec, c.bytes);
    if (c.iops.n < t->iops.n) c.iops = t->iops;
    *ret_charge = c;
    return true;
}

struct reach_want terms_reach(const struct terms *t, const struct pool_row *pool) {
    return (struct reach_want){.pool = pool->id,
                               .standing = pool->standing,
                               .class = t->class->id,
                               .fs = pool_is_formatted(pool->facts) ? 0 : t->fs_place,
                               .any_availability = t->any_availability};
}

// ---- a pool ----

static enum rule judge_fixed(const struct draft *d, const struct terms *t, const struct pool_row *pool,
                             struct verdict *v) {
    const struct class_spec *spec = &t->class->doc->spec;
    v->term = pool_selector_failure(&d->state->symbols, &spec->pool, &pool->facts->tags, 0);
    if (v->term < spec->pool.term_count) {
        uint32_t next = pool_selector_failure(&d->state->symbols, &spec->pool, &pool->facts->tags, v->term + 1);
        v->alone = next == spec->pool.term_count;
        return RULE_POOL_SELECTOR;
    }
    return candidate_can(spec, pool->facts) ? RULE_NONE : RULE_CAPABILITY;
}

static enum rule judge_sizes(const struct terms *t, const struct pool_row *pool, struct verdict *v) {
    const struct pool_facts *f = pool->facts;
    if (t->raw && (pool_is_formatted(pool->facts) || !capability_has(f->capabilities, CAN_RAW_BLOCK)))
        return RULE_CAPABILITY;
    v->asked = t->size.n;
    v->found = f->largest.n;
    if (!terms_charge(t, f, &v->charge)) return RULE_LARGEST;
    v->charge.pool = pool->id;
    v->asked = v->charge.bytes.n;
    v->found = f->smallest.n;
    if (v->asked < v->found) return RULE_SMALLEST;
    v->found = f->largest.n;
    return v->found && v->asked > v->found ? RULE_LARGEST : RULE_NONE;
}

// The first of the agents' rules that no agent in question passes. Presence is asked later.
static enum rule judge_reach(const struct draft *d, struct reach_want reach, const struct agent_row *agent) {
    static const enum rule rules[] = {[REACH_NOTHING] = RULE_NONE,
                                      [REACH_POOL] = RULE_CONSTRAINT,
                                      [REACH_CLASS] = RULE_AGENT_SELECTOR,
                                      [REACH_AVAILABILITY] = RULE_AVAILABILITY,
                                      [REACH_FS] = RULE_FILESYSTEM};
    enum reach_part failed = index_reach_failure(d->state, &reach, agent);
    bool unknown = agent ? !agent->facts : !index_agents_known(d->state); // what they have is not known yet
    return unknown ? RULE_NONE : rules[failed];
}

static uint64_t beyond(uint64_t asked, uint64_t held) {
    return asked > held ? asked - held : 0;
}

// `held` of the pool is the asker's already.
static enum rule judge_figures(const struct draft *d, const struct pool_row *pool, const struct held_charge *held,
                               struct verdict *v) {
    v->free = draft_pool_free(d, pool);
    const struct charge *c = &v->charge;
    const struct {
        enum rule rule;
        uint64_t asked, found;
        bool known;
    } figures[] = {
        {RULE_BYTES, beyond(c->bytes.n, held->charge.bytes.n), v->free.bytes, true},
        {RULE_IOPS, beyond(c->iops.n, held->charge.iops.n), v->free.iops, v->free.known & KNOWS_IOPS},
        {RULE_BANDWIDTH, beyond(c->bandwidth.n, held->charge.bandwidth.n), v->free.bandwidth,
         v->free.known & KNOWS_BANDWIDTH},
        {RULE_VOLUMES, v->free.known & KNOWS_VOLUMES ? beyond(1, held->volumes) : 0, v->free.volumes, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        v->asked = figures[i].asked;
        v->found = figures[i].known ? figures[i].found : 0; // what is not known cannot be promised
        if (v->asked > v->found) return figures[i].rule;
    }
    return RULE_NONE;
}

static enum rule judge_attach(const struct draft *d, const struct agent_row *agent, const struct attach_room *room,
                              uint64_t pool, struct bandwidth bandwidth) {
    if (!attach_limited(agent->facts)) return RULE_NONE;
    struct attach_room now = room ? *room : attach_room(d, agent);
    return attach_room_rule(&now, d->state, pool, bandwidth, NULL);
}

static enum rule judge_presence(const struct draft *d, const struct terms *t, const struct pool_row *pool) {
    struct reach_want reach = terms_reach(t, pool);
    if (t->agent) {
        enum rule full = judge_attach(d, t->agent, t->room, pool->id, t->class->doc->spec.bandwidth);
        if (full) return full;
    }
    if (t->agent ? !index_agent_live(d->state, t->agent) : !index_reached(d->state, &reach)) return RULE_AGENT_AWAY;
    return t->wait || index_pool_usable(d->state, pool) ? RULE_NONE : RULE_PROVIDER_AWAY;
}

static const struct held_charge nothing_held;

// Whether nothing but an agent is missing; of what sizes were judged. Asked here, where the pool is at hand: a refusal of all
// pools for want of an agent asks it of each.
static bool lacks_agent_alone(const struct draft *d, const struct terms *t, const struct pool_row *pool,
                              struct verdict v) {
    return !spreads_broken(&t->spreads, &pool->facts->tags) && !judge_figures(d, pool, &nothing_held, &v) &&
           (t->wait || index_pool_usable(d->state, pool));
}

struct verdict verdict_of(const struct draft *d, const struct terms *t, const struct pool_row *pool, bool fixed_holds) {
    struct verdict v = {.rule = RULE_REPORTED};
    if (!pool->facts) return v;
    v.rule = fixed_holds ? RULE_NONE : judge_fixed(d, t, pool, &v);
    if (!v.rule) v.rule = judge_sizes(t, pool, &v);
    if (!v.rule) v.rule = judge_reach(d, terms_reach(t, pool), t->agent);
    if (!v.rule && spreads_broken(&t->spreads, &pool->facts->tags)) v.rule = RULE_SPREAD;
    if (!v.rule) v.rule = judge_figures(d, pool, &nothing_held, &v);
    if (!v.rule) v.rule = judge_presence(d, t, pool);
    v.alone |= rule_of_agents(v.rule) && lacks_agent_alone(d, t, pool, v);
    return v;
}

static bool quantity_covers(uint64_t asked, uint64_t free, bool known) {
    return !asked || (known && asked <= free);
}

bool standing_fits(const struct terms *t, const struct standing *p, const struct charge *c) {
    const struct pool_facts *f = p->facts;
    const struct quantities *free = &p->free;
    if (!f || c->bytes.n > free->bytes || (!p->usable && !t->wait)) return false;
    if (c->bytes.n < f->smallest.n || (f->largest.n && c->bytes.n > f->largest.n)) return false;
    if (t->raw && (pool_is_formatted(f) || !capability_has(f->capabilities, CAN_RAW_BLOCK))) return false;
    return quantity_covers(c->iops.n, free->iops, free->known & KNOWS_IOPS) &&
           quantity_covers(c->bandwidth.n, free->bandwidth, free->known & KNOWS_BANDWIDTH) &&
           (!(free->known & KNOWS_VOLUMES) || free->volumes);
}

struct verdict verdict_of_held(const struct draft *d, const struct terms *t, const struct held_charge *held) {
    const struct pool_row *pool = draft_pool(d, held->charge.pool);
    struct verdict v = {.rule = RULE_REPORTED};
    if (!pool->facts) return v;
    v.rule = judge_sizes(t, pool, &v);
    if (!v.rule) v.rule = judge_reach(d, terms_reach(t, pool), NULL);
    if (!v.rule && spreads_broken(&t->spreads, &pool->facts->tags)) v.rule = RULE_SPREAD;
    if (!v.rule) v.rule = judge_figures(d, pool, held, &v);
    return v;
}

struct verdict verdict_of_figures(const struct draft *d, const struct terms *t, const struct pool_row *pool) {
    struct verdict v = {.rule = RULE_REPORTED};
    if (!pool->facts) return v;
    v.rule = judge_sizes(t, pool, &v);
    if (!v.rule && spreads_broken(&t->spreads, &pool->facts->tags)) v.rule = RULE_SPREAD;
    if (!v.rule) v.rule = judge_figures(d, pool, &nothing_held, &v);
    if (!v.rule && !t->wait && !index_pool_usable(d->state, pool)) v.rule = RULE_PROVIDER_AWAY;
    return v;
}

uint64_t terms_largest(const struct draft *d, const struct terms *t, const struct pool_row *pool) {
    const struct class_spec *spec = &t->class->doc->spec;
    const struct pool_facts *f = pool->facts;
    struct quantities free = draft_pool_free(d, pool);
    uint64_t most = free.bytes, per_gib = (uint64_t)spec->iops_per_gib.n;
    if (f->largest.n && most > f->largest.n) most = f->largest.n;
    if (t->iops.n && (!(free.known & KNOWS_IOPS) || t->iops.n > free.iops)) return 0;
    if (per_gib) {
        if (!(free.known & KNOWS_IOPS)) return 0;
        unsigned __int128 by_iops = (unsigned __int128)free.iops * 1000 * GIB / per_gib;
        if (by_iops < most) most = (uint64_t)by_iops;
    }
    if (f->granularity.n) most -= most % f->granularity.n;
    return spec->largest.n && most > spec->largest.n ? spec->largest.n : most;
}

static uint64_t verdict_gap(const struct verdict *v) {
    return v->asked > v->found ? v->asked - v->found : v->found - v->asked;
}

int verdict_compare(const struct verdict *a, const struct verdict *b) {
    if (a->rule != b->rule) return a->rule > b->rule ? -1 : 1;
    bool figures =
        a->rule == RULE_SMALLEST || a->rule == RULE_LARGEST || (a->rule >= RULE_BYTES && a->rule <= RULE_VOLUMES);
    uint64_t x = verdict_gap(a), y = verdict_gap(b);
    return !figures || x == y ? 0 : x < y ? -1 : 1;
}

// ---- an agent, for a volume that is there ----

struct reach_want volume_reach(const struct state *s, const struct volume_row *v) {
    const struct pool_row *pool = state_pool(s, v->charge.pool);
    struct reach_want reach = {.pool = v->charge.pool, .class = state_class(s, v->class) ? v->class : 0};
    bool ours = v->content != CONTENT_OWNERS && !v->formats_itself && v->fs.n && pool && pool->facts &&
                !pool_is_formatted(pool->facts);
    if (ours) reach.fs = index_fs(s, state_text(s, v->fs));
    return reach;
}

bool volume_is_on(const struct draft *d, const struct volume_row *v, uint64_t agent) {
    const struct id_list *list = state_related(d->state, ATTACHMENTS_OF_VOLUME, v->id);
    for (size_t i = 0; i < list->count; i++) {
        const struct attachment_row *a = draft_attachment(d, list->at[i]);
        if (a && a->agent == agent) return true;
    }
    for (size_t i = 0; i < d->touched.count; i++) {
        const struct touched *t = &d->touched.at[i];
        const struct attachment_row *a = t->row;
        if (t->noun == NOUN_ATTACHMENT && !t->removed && a->volume == v->id && a->agent == agent) return true;
    }
    return false;
}

enum rule agent_rule(const struct draft *d, const struct volume_row *v, const struct agent_row *agent) {
    const struct pool_row *pool = state_pool(d->state, v->charge.pool);
    if (!pool || !pool->facts) return RULE_REPORTED;
    enum rule rule = judge_reach(d, volume_reach(d->state, v), agent);
    if (rule) return rule;
    if (!volume_is_on(d, v, agent->id)) rule = judge_attach(d, agent, NULL, v->charge.pool, v->charge.bandwidth);
    if (rule) return rule;
    return index_agent_live(d->state, agent) ? RULE_NONE : RULE_AGENT_AWAY;
}
