// SPDX-License-Identifier: Apache-2.0
// Looks for the one term that stands between an agent and a pool, makes it hold on a copy of the agent's tags, and counts the
// pools that would fit then. Pools that say the same to every agent are tried as one.
#include "core/suggest_agent.h"

#include <string.h>

#include "core/agent_test.h"
#include "core/attach_room.h"
#include "core/figure.h"

enum { LONE_TERMS_MOST = 64, AGENTS_COUNTED = 8, AGENTS_SAID = 3, TERMS_SAID = 2 };

// Pools that wait for an agent and would get the same answer of each.
struct waiting_kind {
    const struct pool_row *pool; // one of them
    struct agent_tests tests;
    uint32_t pools, fs;
};
VEC_TYPE(waiting_kinds, struct waiting_kind);

// One term that stands alone between some pools and an agent; or between some pools and any agent.
struct lone_term {
    const struct selector *selector; // NULL: the agent lacks the filesystem
    const struct term *term;
    uint64_t agent;
    const struct waiting_kind *last;
    uint32_t pools;
};
struct lone_terms {
    struct lone_term at[LONE_TERMS_MOST];
    size_t count;
};
struct lone_search {
    struct search *x;
    struct waiting_kinds kinds;
    struct lone_terms agents, terms;
};

static bool pool_waits_for_agent(const struct search *x, const struct judged_pool *j) {
    if (!rule_of_agents(j->verdict.rule) || !j->verdict.alone) return false;
    const struct agent_row *agent = x->terms->agent;
    return !agent || attach_room_for(x->d, agent, j->pool->id, x->terms->class->doc->spec.bandwidth);
}

static void kind_take(struct lone_search *l, struct pool_kinds *known, const struct pool_row *pool) {
    const struct search *x = l->x;
    struct reach_want reach = terms_reach(x->terms, pool);
    struct reach_view view;
    if (!reach_view_init(x->d->state, &reach, &view)) return;
    size_t n = pool_kind(known, &view, reach.standing->domains);
    if (n == l->kinds.count) {
        struct waiting_kind *kind = vec_add(&l->kinds);
        *kind = (struct waiting_kind){.pool = pool, .fs = reach.fs};
        agent_tests_of_pool(&kind->tests, pool);
        agent_tests_of_class(&kind->tests, &x->terms->class->doc->spec);
    }
    l->kinds.at[n].pools++;
}

static void kinds_find(struct lone_search *l) {
    struct pool_kinds known = {0};
    for (size_t i = 0; i < l->x->pool_count; i++)
        if (pool_waits_for_agent(l->x, &l->x->pools[i])) kind_take(l, &known, l->x->pools[i].pool);
    pool_kinds_done(&known);
}

static void kinds_done(struct lone_search *l) {
    VEC_EACH (kind, &l->kinds) vec_done(&kind->tests);
    vec_done(&l->kinds);
}

// Whether an agent of these tags and the pool are together as available as the class demands.
static bool tags_available(const struct search *x, const struct tag_set *tags, const struct pool_row *pool) {
    struct availability least = x->terms->class->doc->spec.availability;
    return !least.n || domains_availability(&x->d->state->domains, tags, &pool->facts->tags).n >= least.n;
}

// ---- finding them ----

static bool lone_equal(const struct lone_term *a, const struct lone_term *b) {
    if (a->agent != b->agent || !a->selector != !b->selector) return false;
    return !a->selector || term_equal(a->selector, a->term, b->selector, b->term);
}

static void lone_count(struct lone_terms *l, struct lone_term t, const struct waiting_kind *kind) {
    struct lone_term *found = NULL;
    for (size_t i = 0; i < l->count && !found; i++)
        if (lone_equal(&l->at[i], &t)) found = &l->at[i];
    if (!found && l->count == LONE_TERMS_MOST) return;
    if (!found) {
        found = &l->at[l->count++];
        *found = t;
    }
    if (found->last != kind) found->pools += kind->pools;
    found->last = kind;
}

// False when the agent is not here: nothing was tried.
static bool lone_try(struct lone_search *l, const struct waiting_kind *kind, const struct agent_row *agent) {
    const struct search *x = l->x;
    const struct state *s = x->d->state;
    struct agent_failure f;
    if (!index_agent_live(s, agent)) return false;
    agent_tests_run(&s->symbols, &kind->tests, &agent->facts->tags, &kind->pool->facts->tags, &f);
    bool has_fs = index_agent_has_fs(s, kind->fs, agent);
    if (f.count + !has_fs != 1 || !tags_available(x, &agent->facts->tags, kind->pool)) return true;
    struct lone_term t = {.agent = agent->id};
    if (f.count) t.selector = f.test->selector;
    if (f.count) t.term = &f.test->selector->terms[f.term];
    // A join names no fact that one agent could be given, and the request's filesystem is not the class's to leave out.
    if (!f.count || !term_joins(t.term)) lone_count(&l->agents, t, kind);
    t.agent = 0;
    if (f.count) lone_count(&l->terms, t, kind);
    return true;
}

size_t agent_tries_each(size_t kinds) {
    return kinds && kinds < AGENT_TRIES_MOST ? AGENT_TRIES_MOST / kinds : 1;
}

static void lone_find(struct lone_search *l) {
    const struct agent_row *asked = l->x->terms->agent;
    size_t most = agent_tries_each(l->kinds.count);
    VEC_EACH (kind, &l->kinds) {
        size_t tries = 0;
        if (asked)
            (void)lone_try(l, kind, asked);
        else
            STATE_EACH(AGENT, agent_row, agent, l->x->d->state) {
                if (tries == most) break;
                tries += lone_try(l, kind, agent);
            }
    }
}

// The one with the most pools, taken out; NULL when none is left.
static const struct lone_term *lone_take(struct lone_terms *l, struct lone_term *ret_term) {
    size_t best = 0;
    if (!l->count) return NULL;
    for (size_t i = 1; i < l->count; i++)
        if (l->at[i].pools > l->at[best].pools) best = i;
    *ret_term = l->at[best];
    l->count--;
    memmove(&l->at[best], &l->at[best + 1], (l->count - best) * sizeof *l->at);
    return ret_term;
}

// ---- an agent's tags with a term made to hold ----

static bool value_does(const struct symbols *s, const struct lone_term *t, struct tag tag) {
    const struct tag_set alone = {.at = &tag, .count = 1};
    return term_holds(s, t->selector, t->term, &alone, NULL);
}

// A value with which the term holds: its own, or one that some agent has.
static bool value_find(const struct state *s, const struct lone_term *t, struct tag *ret_tag) {
    struct tag tag = {.key = t->term->key};
    if (t->term->count) tag.value = t->selector->values[t->term->first].text;
    bool found = value_does(&s->symbols, t, tag);
    if (!found) STATE_EACH(AGENT, agent_row, agent, s) {
            size_t count = 0;
            const struct tag *known = agent->facts ? tag_set_find(&agent->facts->tags, tag.key, &count) : NULL;
            for (size_t i = 0; i < count && !found; i++) {
                tag.value = known[i].value;
                found = value_does(&s->symbols, t, tag);
            }
            if (found) break;
        }
    *ret_tag = tag;
    return found;
}

static void values_remove(const struct symbols *s, const struct lone_term *t, const struct tag_set *tags,
                          struct tag_set *set) {
    size_t count = 0;
    const struct tag *known = tag_set_find(tags, t->term->key, &count);
    for (size_t i = 0; i < count; i++)
        if (!value_does(s, t, known[i])) (void)tag_set_remove(set, known[i].key, known[i].value);
}

// False when there is no telling which value would do.
static bool tags_with(const struct state *s, const struct lone_term *t, struct tag_set *set,
                      const struct tag_set *tags) {
    enum term_op op = t->term->op;
    struct tag tag;
    if (op == TERM_LACKS || op == TERM_UNEQUAL || op == TERM_NOT_IN) {
        values_remove(&s->symbols, t, tags, set);
        return true;
    }
    if (!value_find(s, t, &tag)) return false;
    struct err *e = tag_set_add(set, tag, (struct tag_said){.tier = TIER_AGENT});
    err_free(e);
    return !e;
}

// An agent that lists filesystems must list this one.
static bool tags_have_fs(const struct symbols *s, const struct tag_set *tags, const char *fs) {
    bool lists = false;
    for (size_t i = 0; i < tags->count; i++) {
        const char *key = symbol_text(s, tags->at[i].key);
        if (!text_starts(key, "fs/")) continue;
        if (strcmp(key + strlen("fs/"), fs) == 0) return true;
        lists = true;
    }
    return !lists;
}

// With how many pools the agent would fit.
static uint32_t pools_with(const struct lone_search *l, const struct tag_set *tags, bool fs_given) {
    const struct search *x = l->x;
    const struct symbols *s = &x->d->state->symbols;
    bool has_fs = fs_given || tags_have_fs(s, tags, x->terms->fs->name);
    uint32_t pools = 0;
    VEC_EACH (kind, &l->kinds) {
        struct agent_failure f;
        if ((!has_fs && kind->fs) || !tags_available(x, tags, kind->pool)) continue;
        agent_tests_run(s, &kind->tests, tags, &kind->pool->facts->tags, &f);
        if (!f.count) pools += kind->pools;
    }
    return pools;
}

// ---- saying them ----

static const char *lone_text(const struct search *x, const struct lone_term *t) {
    AUTO_TEXT struct text text = {0};
    if (!t->selector) return arena_format(x->arena, "fs/%s", x->terms->fs->name);
    term_add_text(&x->d->state->symbols, t->selector, t->term, &text);
    return arena_text(x->arena, text_string(&text));
}

static bool agent_add(const struct lone_search *l, const struct lone_term *t) {
    struct search *x = l->x;
    const struct state *s = x->d->state;
    const struct agent_row *agent = state_agent(s, t->agent);
    const struct tag_set *tags = &agent->facts->tags;
    struct tag_set set = tag_set_copy(tags);
    bool known = !t->selector || tags_with(s, t, &set, tags);
    uint32_t pools = known ? pools_with(l, &set, !t->selector) : 0;
    tag_set_done(&set);
    if (!pools) return false;
    const char *text = lone_text(x, t), *word = text[0] == '!' ? "without" : "with";
    const char *change = arena_format(x->arena, "agent '%s' %s %s", agent->name, word, text + (text[0] == '!'));
    search_add(x, (struct suggestion){.change = change, .pools = pools, .agent = t->agent});
    return true;
}

void suggest_agents(struct search *x) {
    struct lone_search *l = ARENA_NEW(x->arena, struct lone_search);
    struct lone_term t;
    size_t said = 0;
    l->x = x;
    kinds_find(l);
    lone_find(l);
    for (size_t i = 0; i < AGENTS_COUNTED && said < AGENTS_SAID && lone_take(&l->agents, &t); i++)
        said += agent_add(l, &t);
    for (size_t i = 0; i < TERMS_SAID && lone_take(&l->terms, &t); i++)
        search_add(
            x, (struct suggestion){.change = arena_format(x->arena, "without %s", lone_text(x, &t)), .pools = t.pools});
    kinds_done(l);
}

// ---- those that are not here ----

// Of the pools that wait: those that the agent fits.
static uint32_t pools_of_absent(const struct lone_search *l, const struct agent_row *agent) {
    uint32_t pools = 0;
    VEC_EACH (kind, &l->kinds) {
        struct reach_want reach = terms_reach(l->x->terms, kind->pool);
        if (index_agent_fits(l->x->d->state, &reach, agent)) pools += kind->pools;
    }
    return pools;
}

// Nobody knows yet what any agent has.
static void suggest_first_agent(const struct lone_search *l) {
    uint32_t pools = 0;
    VEC_EACH (kind, &l->kinds) pools += kind->pools;
    search_add(l->x, (struct suggestion){.change = "an agent that fits connected", .pools = pools});
}

static bool agent_absent(const struct state *s, const struct agent_row *agent) {
    return agent->facts && agent->state != AGENT_IS_GONE && !index_agent_live(s, agent);
}

static bool absent_add(const struct lone_search *l, const struct agent_row *agent) {
    struct search *x = l->x;
    uint32_t pools = pools_of_absent(l, agent);
    const char *change = pools ? arena_format(x->arena, "agent '%s' connected and active", agent->name) : NULL;
    search_add(x, (struct suggestion){.change = change, .pools = pools, .agent = agent->id});
    return pools;
}

static bool any_pool_lacks_presence(const struct search *x) {
    for (size_t i = 0; i < x->pool_count; i++)
        if (x->pools[i].verdict.rule == RULE_AGENT_AWAY) return true;
    return false;
}

void suggest_absent_agents(struct search *x) {
    const struct state *s = x->d->state;
    const struct agent_row *asked = x->terms->agent;
    struct lone_search l = {.x = x};
    size_t said = 0, tries = 0;
    if (!any_pool_lacks_presence(x)) return; // there may be many agents
    kinds_find(&l);
    if (!index_agents_known(s)) suggest_first_agent(&l);
    if (asked && agent_absent(s, asked)) (void)absent_add(&l, asked);
    if (!asked) STATE_EACH(AGENT, agent_row, agent, s) {
            if (said == AGENTS_SAID || tries > AGENT_TRIES_MOST) break;
            if (!agent_absent(s, agent)) continue;
            tries += l.kinds.count;
            said += absent_add(&l, agent);
        }
    kinds_done(&l);
}
