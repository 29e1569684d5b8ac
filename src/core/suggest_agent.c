// SPDX-License-Identifier: Apache-2.0
// Looks for the one term that stands between an agent and a pool, makes it hold on a copy of the agent's tags, and counts the
// pools that would fit then.
#include "core/suggest_agent.h"

#include <string.h>

#include "core/agent_test.h"
#include "core/attach_room.h"

enum { AGENT_TRIES_MOST = 200000, LONE_TERMS_MOST = 64, AGENTS_COUNTED = 8, AGENTS_SAID = 3, TERMS_SAID = 2 };

// One term that stands alone between some pools and an agent; or between some pools and any agent.
struct lone_term {
    const struct selector *selector; // NULL: the agent lacks the filesystem
    const struct term *term;
    uint64_t agent, last_pool;
    uint32_t pools;
};
struct lone_terms {
    struct lone_term at[LONE_TERMS_MOST];
    size_t count;
};
struct lone_search {
    struct search *x;
    struct lone_terms agents, terms;
    size_t tries;
};

// Nothing but an agent is missing.
static bool pool_waits_for_agent(const struct search *x, const struct judged_pool *j) {
    enum rule rule = j->verdict.rule;
    bool by_agent = rule == RULE_CONSTRAINT || rule == RULE_AGENT_SELECTOR || rule == RULE_AVAILABILITY ||
                    rule == RULE_FILESYSTEM || rule == RULE_AGENT_AWAY;
    if (!by_agent || verdict_of_figures(x->d, x->terms, j->pool).rule) return false;
    const struct agent_row *agent = x->terms->agent;
    return !agent || attach_room_for(x->d, agent, j->pool->id, x->terms->class->doc->spec.bandwidth);
}

static struct agent_tests tests_of(const struct search *x, const struct pool_row *pool) {
    struct agent_tests tests = {0};
    agent_tests_of_pool(&tests, pool);
    agent_tests_of_class(&tests, &x->terms->class->doc->spec);
    return tests;
}

// Whether an agent of these tags and the pool are together as available as the class demands.
static bool tags_available(const struct search *x, const struct tag_set *tags, const struct pool_row *pool) {
    struct availability least = x->terms->class->doc->spec.availability;
    return domains_availability(&x->d->state->domains, tags, &pool->facts->tags).n >= least.n;
}

// ---- finding them ----

static bool lone_equal(const struct lone_term *a, const struct lone_term *b) {
    if (a->agent != b->agent || !a->selector != !b->selector) return false;
    return !a->selector || term_equal(a->selector, a->term, b->selector, b->term);
}

static void lone_count(struct lone_terms *l, struct lone_term t, uint64_t pool) {
    struct lone_term *found = NULL;
    for (size_t i = 0; i < l->count && !found; i++)
        if (lone_equal(&l->at[i], &t)) found = &l->at[i];
    if (!found && l->count == LONE_TERMS_MOST) return;
    if (!found) {
        found = &l->at[l->count++];
        *found = t;
    }
    found->pools += found->last_pool != pool;
    found->last_pool = pool;
}

static void lone_try(struct lone_search *l, const struct agent_tests *tests, const struct pool_row *pool,
                     const struct agent_row *agent) {
    const struct search *x = l->x;
    const struct state *s = x->d->state;
    struct agent_failure f;
    if (x->terms->agent && x->terms->agent != agent) return;
    if (!index_agent_live(s, agent) || l->tries++ >= AGENT_TRIES_MOST) return;
    agent_tests_run(&s->symbols, tests, &agent->facts->tags, &pool->facts->tags, &f);
    bool has_fs = index_agent_has_fs(s, terms_reach(x->terms, pool).fs, agent);
    if (f.count + !has_fs != 1 || !tags_available(x, &agent->facts->tags, pool)) return;
    struct lone_term t = {.agent = agent->id};
    if (f.count) t.selector = f.test->selector;
    if (f.count) t.term = &f.test->selector->terms[f.term];
    // A join names no fact that one agent could be given, and the request's filesystem is not the class's to leave out.
    if (!f.count || !selector_term_joins(t.term)) lone_count(&l->agents, t, pool->id);
    t.agent = 0;
    if (f.count) lone_count(&l->terms, t, pool->id);
}

static void lone_find(struct lone_search *l) {
    for (size_t i = 0; i < l->x->pool_count; i++) {
        const struct judged_pool *j = &l->x->pools[i];
        if (!pool_waits_for_agent(l->x, j)) continue;
        struct agent_tests tests = tests_of(l->x, j->pool);
        STATE_EACH(AGENT, agent_row, agent, l->x->d->state) lone_try(l, &tests, j->pool, agent);
        vec_done(&tests);
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
    const struct tag_set alone = {&tag, 1, 1};
    return term_holds(s, t->selector, t->term, &alone, NULL);
}

// A value with which the term holds: its own, or one that some agent has.
static bool value_find(const struct state *s, const struct lone_term *t, struct tag *ret_tag) {
    struct tag tag = {.key = t->term->key, .tier = TIER_AGENT};
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
    struct err *e = tag_set_add(set, tag);
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
static uint32_t pools_with(const struct search *x, const struct tag_set *tags, bool fs_given) {
    const struct symbols *s = &x->d->state->symbols;
    bool has_fs = fs_given || tags_have_fs(s, tags, x->terms->fs->name);
    uint32_t pools = 0;
    for (size_t i = 0; i < x->pool_count; i++) {
        const struct judged_pool *j = &x->pools[i];
        if (!pool_waits_for_agent(x, j) || !tags_available(x, tags, j->pool)) continue;
        if (!has_fs && terms_reach(x->terms, j->pool).fs) continue;
        struct agent_tests tests = tests_of(x, j->pool);
        struct agent_failure f;
        agent_tests_run(s, &tests, tags, &j->pool->facts->tags, &f);
        pools += !f.count;
        vec_done(&tests);
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

static bool agent_add(struct search *x, const struct lone_term *t) {
    const struct state *s = x->d->state;
    const struct agent_row *agent = state_agent(s, t->agent);
    const struct tag_set *tags = &agent->facts->tags;
    struct tag_set set = tag_set_copy(tags);
    bool known = !t->selector || tags_with(s, t, &set, tags);
    uint32_t pools = known ? pools_with(x, &set, !t->selector) : 0;
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
    lone_find(l);
    for (size_t i = 0; i < AGENTS_COUNTED && said < AGENTS_SAID && lone_take(&l->agents, &t); i++)
        said += agent_add(x, &t);
    for (size_t i = 0; i < TERMS_SAID && lone_take(&l->terms, &t); i++)
        search_add(
            x, (struct suggestion){.change = arena_format(x->arena, "without %s", lone_text(x, &t)), .pools = t.pools});
}

// ---- those that are not here ----

static uint32_t pools_of_absent(const struct search *x, const struct agent_row *agent, size_t *tries) {
    uint32_t pools = 0;
    for (size_t i = 0; i < x->pool_count; i++) {
        const struct judged_pool *j = &x->pools[i];
        if ((*tries)++ >= AGENT_TRIES_MOST) break;
        if (j->verdict.rule != RULE_AGENT_AWAY || verdict_of_figures(x->d, x->terms, j->pool).rule) continue;
        struct reach_want reach = terms_reach(x->terms, j->pool);
        pools += index_agent_fits(x->d->state, &reach, agent);
    }
    return pools;
}

// Nobody knows yet what any agent has.
static void suggest_first_agent(struct search *x) {
    uint32_t pools = 0;
    for (size_t i = 0; i < x->pool_count; i++) pools += pool_waits_for_agent(x, &x->pools[i]);
    search_add(x, (struct suggestion){.change = "an agent that fits connected", .pools = pools});
}

static bool any_pool_lacks_presence(const struct search *x) {
    for (size_t i = 0; i < x->pool_count; i++)
        if (x->pools[i].verdict.rule == RULE_AGENT_AWAY) return true;
    return false;
}

void suggest_absent_agents(struct search *x) {
    const struct state *s = x->d->state;
    size_t said = 0, tries = 0;
    if (!any_pool_lacks_presence(x)) return; // there may be many agents
    if (!index_agents_known(s)) suggest_first_agent(x);
    STATE_EACH(AGENT, agent_row, agent, s) {
        if (x->terms->agent && x->terms->agent != agent) continue;
        if (!agent->facts || agent->state == AGENT_IS_GONE || index_agent_live(s, agent)) continue;
        uint32_t pools = pools_of_absent(x, agent, &tries);
        if (!pools || said++ == AGENTS_SAID) continue;
        const char *change = arena_format(x->arena, "agent '%s' connected and active", agent->name);
        search_add(x, (struct suggestion){.change = change, .pools = pools, .agent = agent->id});
    }
}
