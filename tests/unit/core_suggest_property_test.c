// SPDX-License-Identifier: Apache-2.0
// The property of suggestions: in random inventories, a refused request places once the suggested change is made, and on as many
// pools as was said. Each inventory is data, made into a cluster anew for every change. A failing one is printed with its seed:
// GRANARY_SEED=N runs that one alone.
#include "core/explain.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core_world.h"

#ifdef __clang__ // the build with sanitizers: slower by ten
enum { INVENTORIES = 600 };
#else
enum { INVENTORIES = 10000 };
#endif
enum { POOLS = 6, AGENTS = 5, CLASSES = 4, VOLUMES = 3, TAGS = 6, TERMS = 4, REQUESTS = 3, TEXT = 400 };

static const char *const names[] = {"0", "1", "2", "3", "4", "5"};
static const char *const vocabulary[] = {"media=ssd",
                                         "media=hdd",
                                         "rack=r1",
                                         "rack=r2",
                                         "rack=r3",
                                         "driver/x=0.9",
                                         "driver/x=0.11",
                                         "driver/x=2",
                                         "net/speed=1Gbps",
                                         "net/speed=10Gbps",
                                         "net/speed=25Gbps",
                                         "net/subnet=10.1.0.0/16",
                                         "net/subnet=10.1.2.0/24",
                                         "net/subnet=10.2.0.0/16",
                                         "hw/infiniband",
                                         "maintenance",
                                         "power=feed-A",
                                         "power=feed-B",
                                         "fs/ext4",
                                         "fs/xfs"};
static const char *const pool_terms[] = {
    "media = ssd",     "media != hdd", "media in (ssd, nvme)", "net/speed >= 10Gbps", "!maintenance",
    "rack notin (r3)", "same(rack)",   "same(net/subnet)",     "different(power)",    "power"};
static const char *const agent_terms[] = {"rack = r1",
                                          "rack in (r1, r2)",
                                          "rack notin (r3)",
                                          "rack != r2",
                                          "driver/x >= 0.9",
                                          "driver/x > 0.9",
                                          "driver/x < 2",
                                          "driver/x = 0.11",
                                          "net/speed >= 10Gbps",
                                          "net/speed > 1Gbps",
                                          "net/speed < 25Gbps",
                                          "net/subnet in (10.1.0.0/16)",
                                          "net/subnet = 10.2.0.0/16",
                                          "net/subnet <= 10.1.0.0/16",
                                          "hw/infiniband",
                                          "!hw/infiniband",
                                          "!maintenance",
                                          "power != feed-A",
                                          "same(rack)",
                                          "different(power)",
                                          "same(net/subnet)",
                                          "different(rack)",
                                          "fs/xfs"};

struct texts { // tags of something, or the terms of a selector
    const char *at[8];
    size_t count;
};
struct inventory {
    bool provider_away[2];
    struct {
        int provider, store;
        bool absent, stale;
        struct texts tags, constraint;
        struct pool_made made;
    } pools[POOLS];
    struct {
        struct texts tags;
        enum agent_state state;
        uint64_t session;
        uint32_t slots;
        bool attached;
    } agents[AGENTS];
    struct {
        struct texts pool, agent;
        struct class_document doc;
    } classes[CLASSES];
    struct {
        int class, pool, gib; // gib 0: none
    } volumes[VOLUMES];
};

// ---- chance ----

static uint64_t chance_state;
static uint64_t chance(uint64_t below) {
    chance_state += UINT64_C(0x9e3779b97f4a7c15);
    return hash_u64(chance_state) % below;
}

static void texts_random(struct texts *t, const char *const *from, size_t count, size_t most) {
    t->count = 0;
    for (size_t n = chance(most + 1); n > 0; n--) {
        const char *text = from[chance(count)];
        bool again = false;
        for (size_t i = 0; i < t->count; i++) again |= t->at[i] == text;
        if (!again) t->at[t->count++] = text;
    }
}

static void pool_random(struct inventory *v, int i) {
    struct pool_made m = {.bytes = chance(60) * GIB + chance(2) * chance(GIB)};
    m.iops = chance(3) * chance(400);
    m.bandwidth = chance(2) * (1 + chance(300)) * MIB;
    m.volumes = chance(2) * (1 + chance(3));
    m.granularity = chance(2) * chance(4) * GIB;
    m.smallest = chance(3) ? 0 : chance(9) * GIB + chance(MIB);
    m.largest = chance(3) ? 0 : (1 + chance(20)) * GIB + 3;
    m.capabilities = (chance(12) ? 1u << CAN_CARVE : 0) | (chance(4) ? 1u << CAN_RAW_BLOCK : 0) |
                     (chance(2) ? 1u << CAN_MULTI_ATTACH : 0) | (chance(6) ? 0 : 1u << IS_DIRECTORY);
    m.weight = (int32_t)chance(9);
    m.preference = chance(2) ? "rack = r1" : NULL;
    m.numerator = 1 + (uint32_t)chance(2);
    m.denominator = 1 + (uint32_t)chance(2);
    v->pools[i].provider = (int)chance(2);
    v->pools[i].store = i;
    if (i && !chance(4)) { // a view of the same store
        const struct pool_made *same = &v->pools[i - 1].made;
        v->pools[i].store = v->pools[i - 1].store;
        v->pools[i].provider = v->pools[i - 1].provider;
        m.bytes = same->bytes, m.iops = same->iops, m.bandwidth = same->bandwidth, m.volumes = same->volumes;
    }
    v->pools[i].made = m;
    v->pools[i].absent = !chance(5);
    v->pools[i].stale = !chance(10);
    texts_random(&v->pools[i].tags, vocabulary, ARRAY_LEN(vocabulary) - 2, TAGS);
    texts_random(&v->pools[i].constraint, agent_terms, ARRAY_LEN(agent_terms), chance(2) ? 1 : 3);
}

static void class_random(struct inventory *v, int i) {
    struct class_document doc = {.iops_per_gib = chance(3) ? 0 : 2};
    doc.fs = chance(3) ? NULL : chance(2) ? "xfs" : "raw";
    doc.access = chance(4) ? ACCESS_SINGLE_WRITER : ACCESS_MULTI_READER;
    doc.bandwidth.n = chance(4) ? 0 : chance(200) * MIB;
    doc.smallest.n = chance(4) ? 0 : chance(9) * GIB + chance(MIB);
    doc.availability = chance(3) ? 0 : 95 + (double)chance(4);
    doc.largest.n = chance(4) ? 0 : doc.smallest.n + chance(50) * GIB + GIB;
    v->classes[i].doc = doc;
    texts_random(&v->classes[i].pool, pool_terms, ARRAY_LEN(pool_terms), 2);
    texts_random(&v->classes[i].agent, agent_terms, ARRAY_LEN(agent_terms), chance(2) ? 1 : 3);
}

static void inventory_random(struct inventory *v, uint64_t seed) {
    memset(v, 0, sizeof *v);
    chance_state = seed * 1000003;
    for (int i = 0; i < 2; i++) v->provider_away[i] = !chance(5);
    for (int i = 0; i < POOLS; i++) pool_random(v, i);
    for (int i = 0; i < CLASSES; i++) class_random(v, i);
    for (int i = 0; i < AGENTS; i++) {
        texts_random(&v->agents[i].tags, vocabulary, ARRAY_LEN(vocabulary), TAGS);
        v->agents[i].state = chance(4) ? AGENT_IS_ACTIVE : AGENT_IS_AWAY + (enum agent_state)chance(5);
        v->agents[i].session = chance(6) ? 1 : 0;
        v->agents[i].slots = (uint32_t)chance(2);
        v->agents[i].attached = !chance(3);
    }
    for (int i = 0; i < VOLUMES; i++) {
        v->volumes[i].class = (int)chance(CLASSES);
        v->volumes[i].pool = (int)chance(POOLS);
        v->volumes[i].gib = (int)chance(12);
    }
}

// ---- an inventory as a cluster ----

static char *joined(struct world *w, const struct texts *t) {
    struct text text = {0};
    for (size_t i = 0; i < t->count; i++) text_addf(&text, "%s%s", i ? ", " : "", t->at[i]);
    char *copy = (char *)arena_text(&w->arena, text_string(&text));
    text_done(&text);
    return copy;
}

static const char *path_of(struct world *w, const struct inventory *v, int pool) {
    return arena_format(&w->arena, "p%d/main/%d", v->pools[pool].provider, pool);
}

static void pool_build(struct world *w, const struct inventory *v, int i) {
    struct pool_made m = v->pools[i].made;
    if (v->pools[i].absent) return;
    m.provider = v->pools[i].provider ? "p1" : "p0";
    m.name = names[i];
    m.store = arena_format(&w->arena, "s%d", v->pools[i].store);
    m.tags = joined(w, &v->pools[i].tags);
    m.constraint = joined(w, &v->pools[i].constraint);
    world_pool(w, m);
    if (v->pools[i].stale) world_pool_stale(w, path_of(w, v, i));
}

static void agent_build(struct world *w, const struct inventory *v, int i, uint64_t volume) {
    world_agent(
        w, (struct agent_made){.name = names[i], .tags = joined(w, &v->agents[i].tags), .slots = v->agents[i].slots});
    if (v->agents[i].attached && volume) world_attachment(w, volume, names[i], ATTACHMENT_IN_USE);
    world_agent_state(w, names[i], v->agents[i].state, v->agents[i].session);
}

static struct world *inventory_build(const struct inventory *v) {
    struct world *w = world_new();
    uint64_t volume = 0;
    (void)world_symbol(w, "xfs"); // the first, so that a request's symbol is the same in every cluster
    world_domain(w, "power=feed-A", "90");
    world_domain(w, "power=feed-B", "99");
    world_domain(w, "rack=r1", "98.5");
    world_provider(w, "p0");
    world_provider(w, "p1");
    for (int i = 0; i < POOLS; i++) pool_build(w, v, i);
    for (int i = 0; i < CLASSES; i++) {
        struct class_document doc = v->classes[i].doc;
        doc.name = names[i];
        doc.pool = joined(w, &v->classes[i].pool);
        doc.agent = joined(w, &v->classes[i].agent);
        world_class(w, doc);
    }
    for (int i = 0; i < VOLUMES; i++)
        if (v->volumes[i].gib && !v->pools[v->volumes[i].pool].absent)
            volume = world_volume(w, names[i], names[v->volumes[i].class], path_of(w, v, v->volumes[i].pool),
                                  (uint64_t)v->volumes[i].gib * GIB);
    for (int i = 0; i < AGENTS; i++) agent_build(w, v, i, volume);
    for (int i = 0; i < 2; i++)
        if (v->provider_away[i]) world_provider_session(w, i ? "p1" : "p0", 0);
    return w;
}

// ---- saying what failed ----

static void inventory_print(const struct inventory *v) {
    struct world *w = world_new();
    for (int i = 0; i < 2; i++) printf("  provider p%d%s\n", i, v->provider_away[i] ? ": away" : "");
    for (int i = 0; i < POOLS; i++) {
        const struct pool_made *m = &v->pools[i].made;
        if (v->pools[i].absent) continue;
        printf("  pool %s%s: store %d, tags {%s}, asks {%s}; %" PRIu64 " bytes, %" PRIu64 " iops, %" PRIu64
               " B/s, %" PRIu64 " volumes, by %" PRIu64 ", %" PRIu64 " to %" PRIu64 ", can %x, charged %u/%u\n",
               path_of(w, v, i), v->pools[i].stale ? " (stale)" : "", v->pools[i].store, joined(w, &v->pools[i].tags),
               joined(w, &v->pools[i].constraint), m->bytes, m->iops, m->bandwidth, m->volumes, m->granularity,
               m->smallest, m->largest, m->capabilities, m->numerator, m->denominator);
    }
    for (int i = 0; i < AGENTS; i++)
        printf("  agent %d: state %d, session %d, slots %u%s, tags {%s}\n", i, v->agents[i].state,
               (int)v->agents[i].session, v->agents[i].slots, v->agents[i].attached ? ", attached" : "",
               joined(w, &v->agents[i].tags));
    for (int i = 0; i < CLASSES; i++) {
        const struct class_document *doc = &v->classes[i].doc;
        printf("  class %d: pool {%s}, agent {%s}, fs %s, access %d, %g iops per GiB, available %g, %" PRIu64
               " B/s, %" PRIu64 " to %" PRIu64 "\n",
               i, joined(w, &v->classes[i].pool), joined(w, &v->classes[i].agent), doc->fs ? doc->fs : "ext4",
               doc->access, doc->iops_per_gib, doc->availability, doc->bandwidth.n, doc->smallest.n, doc->largest.n);
    }
    for (int i = 0; i < VOLUMES; i++)
        printf("  volume %d: class %d, pool %d, %d GiB\n", i, v->volumes[i].class, v->volumes[i].pool,
               v->volumes[i].gib);
    world_free(w);
}

// ---- making a suggested change ----

static size_t texts_remove(struct texts *t, const char *text) {
    size_t kept = 0;
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->at[i], text) != 0) t->at[kept++] = t->at[i];
    size_t removed = t->count - kept;
    t->count = kept;
    return removed;
}

static const char *after(const char *text, const char *words) {
    const char *at = strstr(text, words);
    return at ? at + strlen(words) : NULL;
}

static int agent_named(const char *change) {
    return after(change, "agent '") ? after(change, "agent '")[0] - '0' : -1;
}

static void key_remove(struct texts *tags, const char *key) {
    for (size_t i = 0; i < ARRAY_LEN(vocabulary); i++)
        if (text_starts(vocabulary[i], key) && strchr("=", vocabulary[i][strlen(key)]))
            texts_remove(tags, vocabulary[i]);
}

// The term made to hold, in the n-th way that there is; false when there are no more.
static bool agent_gets(struct texts *tags, const char *term, size_t n, char made[TEXT]) {
    char key[TEXT], op[TEXT] = "", value[TEXT] = "";
    (void)sscanf(term, "%399s %399s %*[(]%399[^,)]", key, op, value);
    if (strchr("<>=!", *op)) (void)sscanf(term, "%399s %399s %399s", key, op, value);
    snprintf(made, TEXT, *value ? "%.190s=%.190s" : "%.190s", key, value);
    if (strcmp(op, "!=") == 0 || strcmp(op, "notin") == 0) return n == 0 && texts_remove(tags, made);
    if (strcmp(op, "<") != 0 && strcmp(op, ">") != 0) {
        tags->at[tags->count++] = made;
        return n == 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(vocabulary); i++)
        if (text_starts(vocabulary[i], key) && !n--) return tags->at[tags->count++] = vocabulary[i], true;
    return false;
}

static size_t term_leaves(struct inventory *v, int class, const char *term) {
    size_t removed = texts_remove(&v->classes[class].agent, term);
    if (strstr(term, "(") && !strstr(term, " ")) removed += texts_remove(&v->classes[class].pool, term);
    for (int i = 0; i < POOLS; i++) removed += texts_remove(&v->pools[i].constraint, term);
    return removed;
}

// Makes the change in the n-th way; false when there is none.
static bool change_make(struct inventory *v, int class, const char *change, size_t n, char made[TEXT]) {
    const char *without = after(change, "without "), *with = after(change, " with ");
    const char *availability = after(change, " with availability ");
    int agent = agent_named(change);
    if (availability) return v->classes[class].doc.availability = strtod(availability, NULL), n == 0;
    if (text_starts(change, "class '")) return n == 0 && without && texts_remove(&v->classes[class].pool, without);
    if (text_starts(change, "provider 'p"))
        return v->provider_away[change[strlen("provider 'p")] - '0'] = false, n == 0;
    if (text_starts(change, "without ")) return n == 0 && term_leaves(v, class, without);
    if (agent < 0) return false;
    if (strstr(change, "connected and active")) {
        v->agents[agent].state = AGENT_IS_ACTIVE;
        v->agents[agent].session = 2;
        return n == 0;
    }
    if (without) return key_remove(&v->agents[agent].tags, without), n == 0;
    return with && agent_gets(&v->agents[agent].tags, with, n, made);
}

// ---- the property ----

struct told { // what a request was told
    bool refused;
    uint32_t pools; // that fit
    struct explanation explanation;
};

static struct told ask(struct world *w, const struct want *want) {
    struct told t = {0};
    struct fit fit;
    struct draft *d = world_draft(w);
    struct err *wrong = explain_want(d, want, (struct explain_page){.limit = 0}, &w->arena, &t.explanation);
    err_free(wrong);
    if (wrong) return t;
    struct err *e = broker_place(d, want, &fit);
    assert_int_equal(!e, t.explanation.places);
    err_free(e);
    t.refused = !t.explanation.places;
    t.pools = t.explanation.funnel[0].left - (uint32_t)t.explanation.refused;
    return t;
}

static struct want want_random(struct world *w) {
    struct want want = {.class = world_class_id(w, names[chance(CLASSES)]), .size = {(1 + chance(40)) * GIB}};
    want.size.n += chance(3) ? 0 : chance(GIB);
    want.iops.n = chance(3) ? 0 : chance(400);
    want.agent = chance(4) ? 0 : world_agent_id(w, names[chance(AGENTS)]);
    if (!chance(6)) want.fs = world_symbol(w, "xfs");
    want.raw = !chance(8);
    return want;
}

struct tally {
    size_t refused, asked, facts, terms, presence, availability;
};

static void tally_count(struct tally *t, const struct suggestion *s) {
    if (s->by_asker)
        t->asked++;
    else if (strstr(s->change, "connected"))
        t->presence++;
    else if (strstr(s->change, "availability"))
        t->availability++;
    else if (s->agent)
        t->facts++;
    else
        t->terms++;
}

static uint32_t pools_after(const struct inventory *v, int class, const struct want *want, const struct suggestion *s,
                            size_t n) {
    struct inventory changed = *v;
    char made[TEXT];
    if (!change_make(&changed, class, s->change, n, made)) return UINT32_MAX;
    struct world *w = inventory_build(&changed);
    uint32_t pools = ask(w, want).pools;
    world_free(w);
    return pools;
}

static void suggestion_try(const struct inventory *v, struct world *w, uint64_t seed, const struct want *want,
                           const struct suggestion *s) {
    uint32_t pools = UINT32_MAX;
    int class = state_class(w->state, want->class)->name[0] - '0';
    if (s->by_asker) pools = ask(w, &s->want).pools;
    for (size_t n = 0; !s->by_asker && pools != s->pools && n < ARRAY_LEN(vocabulary); n++) {
        uint32_t got = pools_after(v, class, want, s, n);
        if (got == UINT32_MAX && n) break;
        pools = got;
    }
    if (pools == s->pools && pools) return;
    inventory_print(v);
    fail_msg("seed %" PRIu64 ": class %d, %" PRIu64 " bytes, %" PRIu64
             " iops, agent %s, fs %s%s: '%s' was said to give "
             "%u pools, and gave %d",
             seed, class, want->size.n, (uint64_t)want->iops.n,
             want->agent ? state_agent(w->state, want->agent)->name : "any", want->fs.n ? "xfs" : "the class's",
             want->raw ? ", raw" : "", s->change, s->pools, (int)pools);
}

static void inventory_try(uint64_t seed, struct tally *tally) {
    struct inventory v;
    inventory_random(&v, seed);
    struct world *w = inventory_build(&v);
    for (int i = 0; i < REQUESTS; i++) {
        struct want want = want_random(w);
        struct told t = ask(w, &want);
        if (!t.refused) continue;
        tally->refused++;
        for (size_t n = 0; n < t.explanation.suggestion_count; n++) {
            suggestion_try(&v, w, seed, &want, &t.explanation.suggestions[n]);
            tally_count(tally, &t.explanation.suggestions[n]);
        }
    }
    world_free(w);
}

static void a_suggested_change_places_the_request_on_as_many_pools_as_was_said(void **state) {
    (void)state;
    struct tally t = {0};
    const char *one = getenv("GRANARY_SEED");
    if (one) return inventory_try(strtoull(one, NULL, 10), &t);
    for (uint64_t seed = 1; seed <= INVENTORIES; seed++) inventory_try(seed, &t);
    printf("%zu requests refused; tried: %zu by the asker, %zu facts of agents, %zu terms, %zu connections, %zu "
           "availabilities\n",
           t.refused, t.asked, t.facts, t.terms, t.presence, t.availability);
    size_t least = INVENTORIES / 20;
    if (t.asked < least || t.facts < least || t.terms < least || t.presence < least || t.availability < least / 8)
        fail_msg("too few were tried");
}

static void the_terms_are_written_as_suggestions_write_them(void **state) {
    (void)state;
    struct world *w = world_new();
    for (size_t i = 0; i < ARRAY_LEN(agent_terms); i++) {
        struct selector sel;
        AUTO_TEXT struct text text = {0};
        expect_ok(selector_parse(&w->state->symbols, agent_terms[i], &sel));
        selector_add_text(&w->state->symbols, &sel, &text);
        assert_string_equal(text_string(&text), agent_terms[i]);
        selector_done(&sel);
    }
    world_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_terms_are_written_as_suggestions_write_them),
        cmocka_unit_test(a_suggested_change_places_the_request_on_as_many_pools_as_was_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
