// SPDX-License-Identifier: Apache-2.0
// Keeping what fits what: pools and classes hold the reaches of their rules, classes hold their pools in shapes.
#include "core/index.h"

#include <stdlib.h>
#include <string.h>

#include "core/candidate.h"
#include "core/domain_group.h"
#include "core/fs_lists.h"
#include "core/reach_memo.h"
#include "core/script.h"

struct class_entry {
    uint64_t id;
    struct class_shared *doc; // held
    bool joins;               // some rule about agents depends on the pool's tags
    struct reach *reach;      // its other rules about agents
    struct map joined;        // pool id -> struct reach *, of pools outside of its shapes that were asked for
    struct shape_list shapes; // its pools
    struct script *script;    // NULL: it has none
    uint64_t *usable;         // agents that can use some usable pool
    uint64_t usable_version;  // of the index, when `usable` was worked out; 0 never
    uint64_t figure, figure_version, figure_seq;
    void *memo; // index_memo
    uint64_t memo_version;
};

struct index {
    struct reaches reaches;
    struct domain_groups domains;
    VEC(uint32_t) free_numbers;
    uint64_t *live;
    struct fs_lists fs;
    struct map classes;              // id -> struct class_entry *
    VEC(struct standing *) accounts; // the first pool of each account of the ledger
    size_t known;                    // agents that have reported
    uint64_t version;                // counts changes of anything here
    struct reach_memo memo;
};

struct index *index_new(void) {
    struct index *x = NEW(struct index);
    x->live = bits_new(0);
    fs_lists_init(&x->fs);
    x->reaches.known = bits_new(0);
    x->version = 1;
    return x;
}

// A shape holds the joined reach of its key.
static void class_leave_pool(struct index *x, struct class_entry *c, struct standing *p) {
    const struct membership *m = standing_membership(p, c->id);
    const struct reach *joined = m && m->shape->heap.count == 1 ? shape_key(m->shape)->joined : NULL;
    shape_leave(p, c->id);
    reach_leave(&x->reaches, (struct reach *)(uintptr_t)joined);
    reach_leave(&x->reaches, map_get(&c->joined, p->pool));
    map_remove(&c->joined, p->pool);
}

static void class_entry_free(struct index *x, struct class_entry *c) {
    while (c->shapes.entries.count) class_leave_pool(x, c, vec_last(&c->shapes.entries.at[0].shape->heap)->pool);
    shape_list_done(&c->shapes);
    reach_leave(&x->reaches, c->reach);
    MAP_EACH (entry, &c->joined) reach_leave(&x->reaches, entry->value.p);
    map_done(&c->joined);
    free(c->usable);
    free(c->memo);
    script_free(c->script);
    shared_leave(&c->doc->shared);
    free(c);
}

static void standing_free(struct index *x, struct standing *p) {
    domain_group_leave(&x->domains, p->domains);
    reach_leave(&x->reaches, p->reach);
    if (p->facts) shared_leave(&p->facts->shared);
    vec_done(&p->memberships);
    free(p);
}

void index_free(struct index *x) {
    if (!x) return;
    MAP_EACH (entry, &x->classes) class_entry_free(x, entry->value.p);
    VEC_EACH (first, &x->accounts)
        for (struct standing *p = *first, *next; p; p = next) {
            next = p->next;
            standing_free(x, p);
        }
    map_done(&x->classes);
    vec_done(&x->accounts);
    reaches_done(&x->reaches);
    domain_groups_done(&x->domains);
    fs_lists_done(&x->fs);
    vec_done(&x->free_numbers);
    free(x->live);
    free(x);
}

// ---- agents ----

static uint32_t number_take(struct index *x) {
    if (x->free_numbers.count) return vec_pop(&x->free_numbers);
    size_t from = x->reaches.words;
    uint32_t number = reaches_grow(&x->reaches);
    size_t to = x->reaches.words;
    if (to == from) return number;
    x->live = bits_grow(x->live, from, to);
    fs_lists_grow(&x->fs, from, to);
    x->version++; // the sets have moved
    return number;
}

static bool facts_alike(const struct agent_facts *a, const struct agent_facts *b) {
    return a == b || (a && b && tag_set_equal(&a->tags, &b->tags));
}

static void domains_replace(struct state *s, uint32_t *group, const struct tag_set *tags) {
    uint32_t before = *group;
    *group = domain_group_take(&s->index->domains, &s->domains, tags);
    domain_group_leave(&s->index->domains, before);
}

static void agent_take_facts(struct state *s, uint32_t number, struct agent_facts *facts) {
    struct index *x = s->index;
    struct reach_agent *agent = &x->reaches.agents.at[number];
    struct agent_facts *old = agent->facts;
    bool alike = facts_alike(old, facts);
    agent->facts = facts;
    x->known += (size_t)(facts != NULL) - (size_t)(old != NULL);
    shared_hold(facts ? &facts->shared : NULL);
    if (!alike) {
        domains_replace(s, &agent->domains, facts ? &facts->tags : NULL);
        reaches_update(&x->reaches, &s->symbols, number, old);
        fs_lists_update(&x->fs, &s->symbols, number, facts ? &facts->tags : NULL, x->reaches.words);
        x->version++;
    }
    shared_leave(old ? &old->shared : NULL);
}

void index_agent_put(struct state *s, struct agent_row *live, bool facts_changed) {
    struct index *x = s->index;
    if (!live->number) {
        live->number = number_take(x);
        x->reaches.agents.at[live->number].id = live->id;
        facts_changed = true;
    }
    if (facts_changed) agent_take_facts(s, live->number, live->facts);
    bool here = live->state == AGENT_IS_ACTIVE && live->session && live->facts;
    if (here == bits_has(x->live, live->number)) return;
    bits_set(x->live, live->number, here);
    x->version++;
}

void index_agent_removed(struct state *s, const struct agent_row *last) {
    struct index *x = s->index;
    const struct agent_row *live = state_agent(s, last->id); // a stored last image has no number
    if (!live || !live->number) return;
    agent_take_facts(s, live->number, NULL);
    bits_set(x->live, live->number, false);
    x->reaches.agents.at[live->number].id = 0;
    vec_push(&x->free_numbers, live->number);
    x->version++;
}

// ---- rules about agents ----

static bool class_joins(const struct class_spec *spec) {
    bool joins = spec->availability.n || selector_joins(&spec->pool) || selector_joins(&spec->agent);
    VEC_EACH (p, &spec->prefer_pool) joins |= selector_joins(&p->selector);
    VEC_EACH (p, &spec->prefer_agent) joins |= selector_joins(&p->selector);
    return joins;
}

static void rule_add(struct reach_rules *rules, const struct selector *sel, int64_t weight, bool preferred,
                     bool pool_side) {
    if (sel->term_count) vec_push(rules, ((struct reach_rule){sel, weight, preferred, pool_side, NULL, {0}}));
}

static struct reach *class_reach(struct state *s, const struct class_entry *c) {
    const struct class_spec *spec = &c->doc->spec;
    struct reach_rules rules = {0};
    if (!selector_joins(&spec->agent)) rule_add(&rules, &spec->agent, 0, false, false);
    VEC_EACH (wish, &spec->prefer_agent)
        if (!selector_joins(&wish->selector)) rule_add(&rules, &wish->selector, wish->weight, true, false);
    return reach_take(&s->index->reaches, &s->symbols, rules, &c->doc->shared, NULL, NULL);
}

static struct reach *joined_reach(const struct state *s, const struct class_entry *c, const struct standing *p) {
    const struct class_spec *spec = &c->doc->spec;
    struct reach_rules rules = {0};
    if (selector_joins(&spec->agent)) rule_add(&rules, &spec->agent, 0, false, false);
    if (selector_joins(&spec->pool)) rule_add(&rules, &spec->pool, 0, false, true);
    if (spec->availability.n)
        vec_push(&rules, ((struct reach_rule){.domains = &s->domains, .least = spec->availability}));
    VEC_EACH (wish, &spec->prefer_agent)
        if (selector_joins(&wish->selector)) rule_add(&rules, &wish->selector, wish->weight, true, false);
    VEC_EACH (wish, &spec->prefer_pool)
        if (selector_joins(&wish->selector)) rule_add(&rules, &wish->selector, wish->weight, true, true);
    return reach_take(&s->index->reaches, &s->symbols, rules, &c->doc->shared, &p->facts->tags, &p->facts->shared);
}

static struct reach *pool_reach(struct state *s, struct pool_facts *f) {
    struct reach_rules rules = {0};
    VEC_EACH (rule, &f->constraints) rule_add(&rules, &rule->selector, 0, false, false);
    VEC_EACH (rule, &f->preferences) rule_add(&rules, &rule->selector, rule->weight, true, false);
    return reach_take(&s->index->reaches, &s->symbols, rules, &f->shared, &f->tags, &f->shared);
}

// Of a pool that has facts; NULL when the class does not join.
static const struct reach *class_joined(const struct state *s, struct class_entry *c, const struct standing *p) {
    if (!c->joins) return NULL;
    const struct membership *m = standing_membership(p, c->id);
    if (m) return shape_key(m->shape)->joined;
    union map_value *place = map_put(&c->joined, p->pool, NULL);
    if (!place->p) place->p = joined_reach(s, c, p);
    return place->p;
}

static void class_take_pool(struct state *s, struct class_entry *c, struct standing *p) {
    if (!p->facts) return;
    const struct class_spec *spec = &c->doc->spec;
    if (!candidate_holds(&s->symbols, spec, p->facts)) return;
    struct shape_key key = {.score = candidate_score(&s->symbols, spec, p->facts), .pool = p->reach};
    struct reach *joined = c->joins ? joined_reach(s, c, p) : NULL;
    key.joined = joined;
    key.formatted = pool_is_formatted(p->facts);
    struct shape *shape = shapes_get(&c->shapes, &key);
    if (shape->heap.count) reach_leave(&s->index->reaches, joined);
    shape_enter(shape, p);
}

// ---- pools, classes, providers ----

static bool rules_alike(const struct weighted_selector *a, const struct weighted_selector *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (a[i].weight != b[i].weight || !selector_equal(&a[i].selector, &b[i].selector)) return false;
    return true;
}

bool index_pool_alike(const struct pool_facts *a, const struct pool_facts *b) {
    if (!a || !b) return a == b;
    return a->capabilities == b->capabilities && a->constraints.count == b->constraints.count &&
           a->preferences.count == b->preferences.count && tag_set_equal(&a->tags, &b->tags) &&
           rules_alike(a->constraints.at, b->constraints.at, a->constraints.count) &&
           rules_alike(a->preferences.at, b->preferences.at, a->preferences.count);
}

static void pool_take_facts(struct state *s, struct standing *p, struct pool_facts *facts) {
    struct index *x = s->index;
    struct pool_facts *old = p->facts;
    bool alike = index_pool_alike(old, facts);
    if (!alike)
        MAP_EACH (entry, &x->classes) class_leave_pool(x, entry->value.p, p);
    p->facts = facts;
    shared_hold(facts ? &facts->shared : NULL);
    if (!alike) {
        struct reach *before = p->reach;
        domains_replace(s, &p->domains, facts ? &facts->tags : NULL);
        p->reach = facts ? pool_reach(s, facts) : NULL;
        reach_leave(&x->reaches, before);
        MAP_EACH (entry, &x->classes) class_take_pool(s, entry->value.p, p);
    }
    shared_leave(old ? &old->shared : NULL);
}

static void standing_count(const struct state *s, struct standing *p, const struct pool_row *live) {
    struct granted granted = ledger_granted(&s->ledger, live);
    struct quantities free = pool_grantable(live, &granted);
    bool moved = free.bytes != p->free.bytes;
    p->free = free;
    if (moved) standing_moved(p);
}

static struct standing **account_first(struct index *x, uint32_t account) {
    while (x->accounts.count <= account) (void)vec_add(&x->accounts);
    return &x->accounts.at[account];
}

void index_account_changed(struct state *s, uint32_t account) {
    if (account >= s->index->accounts.count) return;
    for (struct standing *p = s->index->accounts.at[account]; p; p = p->next)
        if (p->facts) standing_count(s, p, state_pool(s, p->pool));
}

static struct standing *standing_new(struct index *x, const struct pool_row *live) {
    struct standing *p = NEW(struct standing), **first = account_first(x, live->account);
    p->pool = live->id;
    must(live->account <= INT32_MAX);
    p->account = live->account & INT32_MAX;
    p->next = *first;
    return *first = p;
}

void index_pool_put(struct state *s, struct pool_row *live, bool facts_changed) {
    struct index *x = s->index;
    bool fresh = !live->standing;
    if (fresh) live->standing = standing_new(x, live);
    struct standing *p = live->standing;
    if (facts_changed || fresh) pool_take_facts(s, p, live->facts);
    p->usable = index_pool_usable(s, live);
    standing_count(s, p, live);
    x->version++;
}

void index_pool_removed(struct state *s, const struct pool_row *last) {
    struct index *x = s->index;
    const struct pool_row *live = state_pool(s, last->id); // a stored last image has no standing
    struct standing *p = live ? live->standing : NULL;
    if (!p) return;
    MAP_EACH (entry, &x->classes) class_leave_pool(x, entry->value.p, p);
    struct standing **place = account_first(x, p->account);
    while (*place != p) place = &(*place)->next;
    *place = p->next;
    standing_free(x, p);
    x->version++;
}

void index_class_put(struct state *s, const struct class_row *live) {
    struct index *x = s->index;
    index_class_removed(s, live);
    if (!live->doc) return;
    struct class_entry *c = map_put(&x->classes, live->id, NULL)->p = NEW(struct class_entry);
    c->id = c->shapes.class = live->id;
    c->doc = live->doc;
    shared_hold(&c->doc->shared);
    c->joins = class_joins(&c->doc->spec);
    if (c->doc->spec.script) c->script = script_new(c->doc->spec.script);
    c->shapes.common = c->reach = class_reach(s, c);
    STATE_EACH(POOL, pool_row, pool, s) {
        if (pool->standing) class_take_pool(s, c, pool->standing);
    }
}

void index_class_removed(struct state *s, const struct class_row *last) {
    struct index *x = s->index;
    struct class_entry *c = map_get(&x->classes, last->id);
    x->version++;
    if (!c) return;
    map_remove(&x->classes, last->id);
    class_entry_free(x, c);
}

void index_provider_changed(struct state *s, const struct provider_row *live) {
    s->index->version++;
    const struct id_list *pools = state_related(s, POOLS_OF_PROVIDER, live->id);
    for (size_t i = 0; i < pools->count; i++) {
        const struct pool_row *pool = state_pool(s, pools->at[i]);
        if (pool->standing) pool->standing->usable = index_pool_usable(s, pool);
    }
}

// ---- questions ----

struct shapes index_shapes(const struct state *s, uint64_t class) {
    const struct class_entry *c = map_get(&s->index->classes, class);
    if (!c) return (struct shapes){0};
    return (struct shapes){c->shapes.entries.at, c->shapes.bounds.at, c->reach, c->shapes.entries.count};
}

struct members index_members(const struct state *s, uint64_t class) {
    struct class_entry *c = map_get(&s->index->classes, class);
    return c ? shapes_members(&c->shapes, s->index->version) : (struct members){0};
}

struct script *index_script(const struct state *s, uint64_t class) {
    const struct class_entry *c = map_get(&s->index->classes, class);
    return c ? c->script : NULL;
}

const struct standing *index_standing(const struct state *s, uint64_t pool) {
    const struct pool_row *row = state_pool(s, pool);
    return row ? row->standing : NULL;
}

const struct standing *index_account_first(const struct state *s, uint32_t account) {
    return account < s->index->accounts.count ? s->index->accounts.at[account] : NULL;
}

bool pool_is_formatted(const struct pool_facts *f) {
    return capability_has(f->capabilities, IS_DIRECTORY) || capability_has(f->capabilities, FORMATS_BY_ITSELF);
}

uint32_t index_fs(const struct state *s, const char *fs) {
    return fs_lists_place(&s->index->fs, &s->symbols, fs);
}

bool reach_view_init(const struct state *s, const struct reach_want *w, struct reach_view *ret_view) {
    const struct index *x = s->index;
    const struct standing *p = w->standing ? w->standing : index_standing(s, w->pool);
    struct class_entry *c = w->class ? map_get(&x->classes, w->class) : NULL;
    if (!p || !p->reach || (w->class && !c)) return false;
    *ret_view = (struct reach_view){
        .index = x, .pool = p->reach, .asks_fs = w->fs != 0, .any_availability = w->any_availability};
    if (c) ret_view->class = c->reach;
    if (c) ret_view->joined = class_joined(s, c, p);
    ret_view->fs = fs_lists_agents(&x->fs, w->fs);
    return true;
}

struct reach_view shape_view(const struct state *s, const struct shape *shape, uint32_t fs) {
    const struct index *x = s->index;
    const struct shape_key *key = shape_key(shape);
    struct reach_view v = {.index = x, .pool = key->pool, .class = shape->list->common, .joined = key->joined};
    v.asks_fs = fs && !key->formatted;
    if (v.asks_fs) v.fs = fs_lists_agents(&x->fs, fs);
    return v;
}

bool reach_view_has(const struct reach_view *v, uint32_t number) {
    return number && reach_view_word(v, number / 64) >> (number % 64) & 1;
}

bool index_agent_has_fs(const struct state *s, uint32_t fs, const struct agent_row *agent) {
    const struct fs_lists *l = &s->index->fs;
    return !fs || fs_lists_word(l, fs_lists_agents(l, fs), agent->number / 64) >> (agent->number % 64) & 1;
}

static uint64_t view_word(const struct reach_view *v, size_t i) {
    uint64_t word = reach_word(v->pool, i, v->index->reaches.known[i]);
    if (v->class) word = reach_word(v->class, i, word);
    if (v->joined)
        word = v->any_availability ? reach_word_of_selectors(v->joined, i, word) : reach_word(v->joined, i, word);
    if (v->asks_fs) word &= fs_lists_word(&v->index->fs, v->fs, i);
    return word;
}

size_t reach_view_words(const struct reach_view *v) {
    return v->index->reaches.words;
}

uint64_t reach_view_word(const struct reach_view *v, size_t i) {
    return view_word(v, i) & v->index->live[i];
}

uint32_t reach_view_next(const struct reach_view *v, uint32_t number) {
    uint32_t n = number + 1;
    for (size_t i = n / 64; i < v->index->reaches.words; i++, n = (uint32_t)i * 64) {
        uint64_t word = reach_view_word(v, i) & ~(uint64_t)0 << (n % 64);
        if (word) return (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(word);
    }
    return 0;
}

int64_t reach_view_affinity(const struct reach_view *v, uint32_t n) {
    int64_t sum = reach_liking(v->pool, n) + (v->class ? reach_liking(v->class, n) : 0);
    return sum + (v->joined ? reach_liking(v->joined, n) : 0);
}

uint64_t index_agent_at(const struct state *s, uint32_t number) {
    return s->index->reaches.agents.at[number].id;
}

size_t index_agents_known(const struct state *s) {
    return s->index->known;
}

bool index_agent_live(const struct state *s, const struct agent_row *agent) {
    return agent->number && bits_has(s->index->live, agent->number);
}

static bool some_agent(const struct state *s, const struct reach_view *v, bool live) {
    bool known;
    bool *some = reach_memo_find(&s->index->memo, v, live, s->index->version, &known);
    for (size_t i = 0; !known && !*some && i < s->index->reaches.words; i++)
        *some = live ? reach_view_word(v, i) : view_word(v, i);
    return *some;
}

bool index_reached(const struct state *s, const struct reach_want *w) {
    struct reach_view v;
    return reach_view_init(s, w, &v) && some_agent(s, &v, true);
}

// That agent, or any, live or not.
static bool view_passes(const struct state *s, const struct reach_view *v, const struct agent_row *agent) {
    if (!agent) return some_agent(s, v, false);
    return agent->number && view_word(v, agent->number / 64) >> (agent->number % 64) & 1;
}

bool index_agent_fits(const struct state *s, const struct reach_want *w, const struct agent_row *agent) {
    struct reach_view v;
    return reach_view_init(s, w, &v) && view_passes(s, &v, agent);
}

enum reach_part index_reach_failure(const struct state *s, const struct reach_want *w, const struct agent_row *agent) {
    struct reach_view whole;
    if (!reach_view_init(s, w, &whole)) return REACH_POOL;
    if (agent ? view_passes(s, &whole, agent) : some_agent(s, &whole, true)) return REACH_NOTHING;
    struct reach_view part = {.index = whole.index, .pool = whole.pool, .any_availability = true};
    if (!view_passes(s, &part, agent)) return REACH_POOL;
    part.class = whole.class;
    part.joined = whole.joined;
    if (!view_passes(s, &part, agent)) return REACH_CLASS;
    part.any_availability = whole.any_availability;
    if (!view_passes(s, &part, agent)) return REACH_AVAILABILITY;
    part.asks_fs = whole.asks_fs;
    part.fs = whole.fs;
    return view_passes(s, &part, agent) ? REACH_NOTHING : REACH_FS;
}

int64_t index_affinity(const struct state *s, const struct reach_want *w, const struct agent_row *agent) {
    struct reach_view v;
    return agent->number && reach_view_init(s, w, &v) ? reach_view_affinity(&v, agent->number) : 0;
}

bool index_pool_usable(const struct state *s, const struct pool_row *pool) {
    const struct provider_row *provider = state_provider(s, pool->provider);
    return pool->facts && !pool->stale && provider && provider->session;
}

static bool standing_is_usable(void *arg, const struct standing *p) {
    bool *found = arg;
    *found |= p->usable;
    return !*found;
}

static void class_usable(const struct state *s, struct class_entry *c) {
    size_t words = s->index->reaches.words;
    free(c->usable);
    c->usable = bits_new(words);
    VEC_EACH (entry, &c->shapes.entries) {
        bool usable = false;
        struct reach_view v = shape_view(s, entry->shape, 0);
        shape_walk(entry->shape, standing_is_usable, &usable);
        for (size_t i = 0; usable && i < words; i++) c->usable[i] |= view_word(&v, i);
    }
    c->usable_version = s->index->version;
}

bool index_agent_of_class(const struct state *s, uint64_t class, const struct agent_row *agent) {
    struct class_entry *c = map_get(&s->index->classes, class);
    if (!c || !agent->number) return false;
    if (c->usable_version != s->index->version) class_usable(s, c);
    return bits_has(c->usable, agent->number);
}

uint32_t index_agent_domains(const struct state *s, uint32_t number) {
    return s->index->reaches.agents.at[number].domains;
}

const struct tag_set *index_domains_at(const struct state *s, uint32_t group) {
    return domain_group_tags(&s->index->domains, group);
}

size_t index_domain_groups(const struct state *s) {
    return s->index->domains.at.count;
}

void **index_memo(const struct state *s, uint64_t class) {
    struct class_entry *c = map_get(&s->index->classes, class);
    if (!c) return NULL;
    if (c->memo_version != s->index->version) {
        free(c->memo);
        c->memo = NULL;
    }
    c->memo_version = s->index->version;
    return &c->memo;
}

bool index_recall(const struct state *s, uint64_t class, uint64_t *ret_figure) {
    const struct class_entry *c = map_get(&s->index->classes, class);
    if (!c || c->figure_version != s->index->version || c->figure_seq != s->seq) return false;
    *ret_figure = c->figure;
    return true;
}

void index_remember(const struct state *s, uint64_t class, uint64_t figure) {
    struct class_entry *c = map_get(&s->index->classes, class);
    if (!c) return;
    c->figure = figure;
    c->figure_version = s->index->version;
    c->figure_seq = s->seq;
}
