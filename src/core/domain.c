// SPDX-License-Identifier: Apache-2.0
// Counting failure domains.
#include "core/domain.h"

#include <string.h>

// ---- figures ----

void domains_done(struct domains *d) {
    VEC_EACH (k, &d->keys) vec_done(&k->figures);
    vec_done(&d->keys);
}

struct domains domains_copy(const struct domains *d) {
    struct domains copy = {.figures = d->figures};
    VEC_EACH (key, &d->keys) {
        struct domain_key *own = vec_add(&copy.keys);
        own->key = key->key;
        own->usual = key->usual;
        VEC_EACH (figure, &key->figures) vec_push(&own->figures, *figure);
    }
    return copy;
}

const struct domain_key *domains_find(const struct domains *d, symbol key) {
    VEC_EACH (k, &d->keys)
        if (symbol_equal(k->key, key)) return k;
    return NULL;
}

static struct domain_key *key_put(struct domains *d, const struct symbols *s, symbol key) {
    size_t at = 0;
    for (; at < d->keys.count; at++) {
        int order = strcmp(symbol_text(s, d->keys.at[at].key), symbol_text(s, key));
        if (!order) return &d->keys.at[at];
        if (order > 0) break;
    }
    (void)vec_add(&d->keys);
    struct domain_key *k = &d->keys.at[at];
    memmove(k + 1, k, (d->keys.count - 1 - at) * sizeof *k);
    *k = (struct domain_key){.key = key};
    struct err *e = availability_parse(DOMAIN_USUAL, &k->usual);
    must(!e);
    return k;
}

struct err *domains_declare(struct domains *d, struct symbols *s, const char *name, const char *percent) {
    struct tag tag;
    struct availability figure = {0};
    TRY(tag_parse(s, name, &tag));
    if (percent && *percent) TRY(err_wrap(availability_parse(percent, &figure), "'%s'", name));
    if (!domains_find(d, tag.key) && d->keys.count == DOMAIN_KEYS_MOST)
        return err_new(ERR_TOO_LARGE, "'%s': more than %d keys of failure domains", name, DOMAIN_KEYS_MOST);
    if (d->figures == DOMAIN_FIGURES_MOST)
        return err_new(ERR_TOO_LARGE, "'%s': more than %d figures of failure domains", name, DOMAIN_FIGURES_MOST);
    struct domain_key *k = key_put(d, s, tag.key);
    if (!figure.n) return NULL;
    d->figures++;
    if (tag.value.n)
        vec_push(&k->figures, ((struct domain_figure){tag.value, figure}));
    else
        k->usual = figure;
    return NULL;
}

void domains_usual(struct domains *d, struct symbols *s) {
    static const char *const keys[] = {DOMAIN_KEYS_USUAL};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) key_put(d, s, symbol_make(s, keys[i]));
}

struct availability domain_availability(const struct domain_key *k, symbol value) {
    VEC_EACH (f, &k->figures)
        if (symbol_equal(f->value, value)) return f->availability;
    return k->usual;
}

// ---- chances of failing, in parts per 10^18 ----

__extension__ typedef unsigned __int128 wide;
#define CERTAIN ((uint64_t)1000000000000000000)
#define FINE (CERTAIN / AVAILABILITY_WHOLE)

static uint64_t times_down(uint64_t a, uint64_t b) {
    return (uint64_t)((wide)a * b / CERTAIN);
}
static uint64_t times_up(uint64_t a, uint64_t b) {
    return (uint64_t)(((wide)a * b + CERTAIN - 1) / CERTAIN);
}

struct
    alternatives { // chances of failing, worst first; no more than the worst are kept, which says no more than is true
    uint64_t at[DOMAIN_ALTERNATIVES_MOST];
    size_t count;
};

static void alternatives_add(struct alternatives *a, const struct domain_key *k, symbol value) {
    uint64_t fails = CERTAIN - domain_availability(k, value).n * FINE;
    bool full = a->count == DOMAIN_ALTERNATIVES_MOST;
    if (full && a->at[a->count - 1] >= fails) return;
    size_t at = full ? a->count - 1 : a->count++;
    for (; at > 0 && a->at[at - 1] < fails; at--) a->at[at] = a->at[at - 1];
    a->at[at] = fails;
}

static uint64_t all_fail(const struct alternatives *a) {
    uint64_t chance = CERTAIN;
    for (size_t i = 0; i < a->count; i++) chance = times_up(chance, a->at[i]);
    return chance;
}

// The values of one key on both, each in one of three lists.
struct key_use {
    struct alternatives both, agent, pool;
    bool on_agent, on_pool;
};

static void key_use_add(struct key_use *u, const struct domain_key *k, const struct tag_set *own,
                        const struct tag_set *other, bool is_agent) {
    size_t count = 0;
    const struct tag *at = own ? tag_set_find(own, k->key, &count) : NULL;
    *(is_agent ? &u->on_agent : &u->on_pool) = count > 0;
    for (size_t i = 0; i < count; i++) {
        bool shared = other && tag_set_has(other, k->key, at[i].value);
        if (shared && !is_agent) continue; // counted once
        alternatives_add(shared ? &u->both : is_agent ? &u->agent : &u->pool, k, at[i].value);
    }
}

// Agent or pool is without any of its values. What both have must fail for either, so: shared * (agent or pool alone).
static uint64_t key_fails(const struct key_use *u) {
    if (!u->on_agent && !u->on_pool) return 0;
    uint64_t shared = all_fail(&u->both);
    uint64_t agent = u->on_agent ? all_fail(&u->agent) : 0, pool = u->on_pool ? all_fail(&u->pool) : 0;
    return times_up(shared, agent + pool - times_down(agent, pool));
}

struct availability domains_availability(const struct domains *d, const struct tag_set *agent,
                                         const struct tag_set *pool) {
    uint64_t holds = CERTAIN;
    VEC_EACH (k, &d->keys) {
        struct key_use use = {.on_agent = false};
        key_use_add(&use, k, agent, pool, true);
        key_use_add(&use, k, pool, agent, false);
        holds = times_down(holds, CERTAIN - key_fails(&use));
    }
    return (struct availability){holds / FINE};
}

// ---- texts ----

static void values_add_text(const struct symbols *s, const struct domain_key *k, const struct tag_set *tags,
                            struct text *out) {
    size_t count = 0;
    char figure[AVAILABILITY_TEXT];
    const struct tag *at = tags ? tag_set_find(tags, k->key, &count) : NULL;
    for (size_t i = 0; i < count; i++) {
        text_add(out, i ? " or " : out->size ? ", " : "");
        tag_add_text(s, &at[i], out);
        text_addf(out, " %s", availability_text(domain_availability(k, at[i].value), figure));
    }
}

static bool same_values(const struct tag_set *a, const struct tag_set *b, symbol key) {
    size_t n = 0, other = 0;
    const struct tag *at = a ? tag_set_find(a, key, &n) : NULL;
    if (b) (void)tag_set_find(b, key, &other);
    for (size_t i = 0; i < n; i++)
        if (!b || !tag_set_has(b, key, at[i].value)) return false;
    return n == other;
}

void domains_add_text(const struct domains *d, const struct symbols *s, const struct tag_set *agent,
                      const struct tag_set *pool, struct text *out) {
    AUTO_TEXT struct text all = {0};
    VEC_EACH (k, &d->keys) {
        values_add_text(s, k, agent, &all);
        if (!same_values(agent, pool, k->key)) values_add_text(s, k, pool, &all);
    }
    text_add(out, all.size ? text_string(&all) : "no failure domain");
}

void domains_add_key(const struct domains *d, const struct tag_set *tags, struct text *out) {
    VEC_EACH (k, &d->keys) {
        size_t count = 0;
        const struct tag *at = tag_set_find(tags, k->key, &count);
        for (size_t i = 0; i < count; i++) text_addf(out, "%u=%u,", at[i].key.n, at[i].value.n);
    }
}

// ---- the end of one ----

enum domain_end domain_end(const struct tag_set *tags, symbol key, symbol value) {
    size_t count = 0;
    (void)tag_set_find(tags, key, &count);
    if (!tag_set_has(tags, key, value)) return DOMAIN_SPARES;
    return count > 1 ? DOMAIN_AT_RISK : DOMAIN_STOPS;
}
