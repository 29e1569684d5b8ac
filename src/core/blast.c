// SPDX-License-Identifier: Apache-2.0
// Following a failure domain from agents and pools to volumes and tasks.
#include "core/blast.h"

#include <string.h>

struct walk {
    const struct state *s;
    struct arena *arena;
    struct blast_page page;
    enum domain_end end; // what is collected in this pass
    struct blast *b;
    struct blast_row *rows;
    struct blast_role *roles;
};

// ---- who is hit ----

static enum domain_end facts_end(const struct walk *w, const struct tag_set *tags) {
    return tags ? domain_end(tags, w->b->key, w->b->value) : DOMAIN_SPARES;
}
static const struct tag_set *agent_tags(const struct state *s, uint64_t id) {
    const struct agent_row *a = state_agent(s, id);
    return a && a->facts && a->state != AGENT_IS_GONE ? &a->facts->tags : NULL;
}
static const struct tag_set *pool_tags(const struct state *s, uint64_t id) {
    const struct pool_row *p = state_pool(s, id);
    return p && p->facts ? &p->facts->tags : NULL;
}

// The worst so far, and what it comes from.
struct hit {
    enum domain_end end;
    enum noun noun;
    uint64_t id;
};

static void hit_add(struct hit *h, enum domain_end end, enum noun noun, uint64_t id) {
    if (end > h->end) *h = (struct hit){end, noun, id};
}

static struct hit volume_hit(const struct walk *w, const struct volume_row *v) {
    struct hit h = {.end = DOMAIN_SPARES};
    hit_add(&h, facts_end(w, pool_tags(w->s, v->charge.pool)), NOUN_POOL, v->charge.pool);
    const struct id_list *list = state_related(w->s, ATTACHMENTS_OF_VOLUME, v->id);
    VEC_EACH (id, list) {
        uint64_t agent = state_attachment(w->s, *id)->agent;
        bool hit = facts_end(w, agent_tags(w->s, agent)) != DOMAIN_SPARES;
        hit_add(&h, hit ? DOMAIN_AT_RISK : DOMAIN_SPARES, NOUN_AGENT, agent); // its data is not on the agent
    }
    return h;
}

static struct hit task_hit(const struct walk *w, const struct task_row *t) {
    struct hit h = {.end = DOMAIN_SPARES};
    const struct task_volume *volumes = blob_items(t->volumes, struct task_volume);
    hit_add(&h, facts_end(w, agent_tags(w->s, t->agent)), NOUN_AGENT, t->agent);
    for (size_t i = 0; i < blob_count(t->volumes, struct task_volume); i++) {
        const struct volume_row *v = state_volume(w->s, volumes[i].volume);
        if (v) hit_add(&h, facts_end(w, pool_tags(w->s, v->charge.pool)), NOUN_POOL, v->charge.pool);
    }
    return h;
}

// ---- why ----

static const char *ways_left(const struct walk *w, const struct tag_set *tags) {
    AUTO_TEXT struct text left = {0};
    size_t count;
    const struct tag *at = tag_set_find(tags, w->b->key, &count);
    for (size_t i = 0; i < count; i++) {
        if (symbol_equal(at[i].value, w->b->value)) continue;
        text_add(&left, left.size ? ", " : "left with ");
        tag_add_text(&w->s->symbols, &at[i], &left);
    }
    return arena_text(w->arena, left.size ? left.data : "it has no other");
}

static const char *because_of(const struct walk *w, const struct hit *h) {
    const char *left = ways_left(w, h->noun == NOUN_AGENT ? agent_tags(w->s, h->id) : pool_tags(w->s, h->id));
    if (h->noun == NOUN_AGENT) return arena_format(w->arena, "agent '%s': %s", state_agent(w->s, h->id)->name, left);
    return arena_format(w->arena, "pool %s: %s", pool_path(w->s, state_pool(w->s, h->id), w->arena), left);
}

// ---- rows ----

static void count_add(struct blast_count *c, enum domain_end end) {
    *(end == DOMAIN_STOPS ? &c->stops : &c->at_risk) += 1;
}

static struct blast_role *role_of(struct walk *w, symbol role) {
    for (size_t i = 0; i < w->b->role_count; i++)
        if (symbol_equal(w->roles[i].role, role)) return &w->roles[i];
    if (w->b->role_count == BLAST_ROLES_MOST) return NULL;
    struct blast_role *r = &w->roles[w->b->role_count++];
    r->role = role;
    return r;
}

static struct blast_row *row_add(struct walk *w, enum noun noun, uint64_t id, struct blast_count *count) {
    size_t at = w->b->all++;
    count_add(count, w->end);
    if (at < w->page.offset || w->b->count == w->page.limit) return NULL;
    struct blast_row *row = &w->rows[w->b->count++];
    *row = (struct blast_row){.noun = noun, .id = id, .end = w->end};
    return row;
}

static void thing_add(struct walk *w, enum noun noun, uint64_t id, const struct tag_set *tags,
                      struct blast_count *count) {
    if (facts_end(w, tags) != w->end || w->page.role.n) return;
    struct blast_row *row = row_add(w, noun, id, count);
    if (row) row->because = ways_left(w, tags);
}

static void owned_add(struct walk *w, enum noun noun, uint64_t id, symbol role, const struct hit *h) {
    if (h->end != w->end || (w->page.role.n && !symbol_equal(role, w->page.role))) return;
    bool volume = noun == NOUN_VOLUME;
    struct blast_role *of = role_of(w, role);
    if (of) count_add(volume ? &of->volumes : &of->tasks, w->end);
    struct blast_row *row = row_add(w, noun, id, volume ? &w->b->volumes : &w->b->tasks);
    if (!row) return;
    row->role = role;
    row->because = because_of(w, h);
}

static void walk_all(struct walk *w, enum domain_end end) {
    w->end = end;
    STATE_EACH(AGENT, agent_row, a, w->s) thing_add(w, NOUN_AGENT, a->id, agent_tags(w->s, a->id), &w->b->agents);
    STATE_EACH(POOL, pool_row, p, w->s) thing_add(w, NOUN_POOL, p->id, pool_tags(w->s, p->id), &w->b->pools);
    STATE_EACH(VOLUME, volume_row, v, w->s) {
        if (!volume_is_charged(v)) continue;
        struct hit h = volume_hit(w, v);
        owned_add(w, NOUN_VOLUME, v->id, v->owner.role, &h);
    }
    STATE_EACH(TASK, task_row, t, w->s) {
        if (task_state_ended(t->state)) continue;
        struct hit h = task_hit(w, t);
        owned_add(w, NOUN_TASK, t->id, t->role, &h);
    }
}

// ---- what was asked ----

static struct err *no_domain(const struct state *s, const char *key) {
    AUTO_TEXT struct text all = {0};
    const char *names[DOMAIN_KEYS_MOST];
    size_t count = 0;
    VEC_EACH (k, &s->domains.keys) {
        names[count] = state_text(s, k->key);
        text_addf(&all, "%s%s", count ? ", " : "", names[count]);
        count++;
    }
    const char *near = text_nearest(key, names, count);
    if (near) return err_new(ERR_NOT_FOUND, "'%s' is no failure domain; did you mean '%s'?", key, near);
    return err_new(ERR_NOT_FOUND, "'%s' is no failure domain; the master's setting 'domains' names them: %s", key,
                   all.size ? all.data : "none");
}

enum { VALUES_LOOKED_AT = 4096 };

static void values_add(const struct state *s, const struct tag_set *tags, symbol key, const char **names,
                       size_t *count) {
    size_t n = 0;
    const struct tag *at = tags ? tag_set_find(tags, key, &n) : NULL;
    for (size_t i = 0; i < n; i++) {
        const char *value = state_text(s, at[i].value);
        bool known = false;
        for (size_t k = 0; k < *count && !known; k++) known = names[k] == value;
        if (!known && *count < VALUES_LOOKED_AT) names[(*count)++] = value;
    }
}

static struct err *nobody_has(const struct state *s, const char *domain, symbol key, const char *value,
                              struct arena *arena) {
    enum { SHOWN = 8 };
    AUTO_TEXT struct text some = {0};
    const char **names = arena_zero(arena, VALUES_LOOKED_AT, sizeof *names);
    size_t count = 0;
    STATE_EACH(AGENT, agent_row, a, s) values_add(s, agent_tags(s, a->id), key, names, &count);
    STATE_EACH(POOL, pool_row, p, s) values_add(s, pool_tags(s, p->id), key, names, &count);
    const char *near = text_nearest(value, names, count), *text = state_text(s, key);
    if (near) return err_new(ERR_NOT_FOUND, "no agent and no pool has %s; did you mean %s=%s?", domain, text, near);
    for (size_t i = 0; i < count && i < SHOWN; i++) text_addf(&some, "%s%s", i ? ", " : "", names[i]);
    if (!count) return err_new(ERR_NOT_FOUND, "no agent and no pool has %s, nor any other %s", domain, text);
    return err_new(ERR_NOT_FOUND, "no agent and no pool has %s; the values are %s%s", domain, some.data,
                   count > SHOWN ? " ..." : "");
}

static bool somebody_has(const struct state *s, symbol key, symbol value) {
    STATE_EACH(AGENT, agent_row, a, s)
    if (agent_tags(s, a->id) && tag_set_has(agent_tags(s, a->id), key, value)) return true;
    STATE_EACH(POOL, pool_row, p, s)
    if (pool_tags(s, p->id) && tag_set_has(pool_tags(s, p->id), key, value)) return true;
    return false;
}

static struct err *domain_read(const struct state *s, const char *domain, struct arena *arena, struct blast *b) {
    const char *equal = strchr(domain, '=');
    if (!equal || equal == domain || !equal[1])
        return err_new(ERR_INVALID, "'%.64s': name a failure domain as KEY=VALUE, such as power=feed-A", domain);
    const char *key = arena_text_n(arena, domain, (size_t)(equal - domain));
    const struct domain_key *k = symbol_find(&s->symbols, key, &b->key) ? domains_find(&s->domains, b->key) : NULL;
    if (!k) return no_domain(s, key);
    if (!symbol_find(&s->symbols, equal + 1, &b->value) || !somebody_has(s, b->key, b->value))
        return nobody_has(s, domain, b->key, equal + 1, arena);
    b->availability = domain_availability(k, b->value);
    return NULL;
}

struct err *blast(const struct state *s, const char *domain, struct blast_page page, struct arena *arena,
                  struct blast *ret_blast) {
    struct blast b = {.count = 0};
    TRY(domain_read(s, domain, arena, &b));
    struct walk w = {.s = s, .arena = arena, .page = page, .b = &b};
    w.rows = arena_zero(arena, page.limit + 1, sizeof *w.rows);
    w.roles = arena_zero(arena, BLAST_ROLES_MOST, sizeof *w.roles);
    b.rows = w.rows;
    b.roles = w.roles;
    walk_all(&w, DOMAIN_STOPS);
    walk_all(&w, DOMAIN_AT_RISK);
    *ret_blast = b;
    return NULL;
}
