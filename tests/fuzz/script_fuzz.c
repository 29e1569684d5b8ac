// SPDX-License-Identifier: Apache-2.0
// Any text as the script of a class over a small fixed set of pools. It is refused or compiled; it takes none but pools that
// fit without it, each once; asked again, or compiled again, it says the same; and when it fails, a class that falls back on
// its preferences decides as if there were no script.
#include "fuzz.h"

#include "core/broker.h"
#include "core/index.h"
#include "core/script.h"
#include "unit/offer_world.h"

enum { FITS = 8 };

static const struct {
    const char *name, *tags[4];
    uint64_t gib, iops;
} pools[] = {
    {"big", {"media=ssd", "rack=r1", "speed=10"}, 1000, 100},
    {"fast", {"media=ssd", "rack=r2", "speed=2.5"}, 100, 9000},
    {"dual", {"media=ssd", "rack=r1", "rack=r2"}, 500, 0},
    {"slow", {"media=hdd", "rack=r3"}, 2000, 50}, // the class does not want it
    {"tiny", {"media=ssd"}, 1, 50},               // does not fit
};

static void tag_say(struct offer_world *w, struct tag_set *set, const char *text) {
    struct tag tag;
    struct err *e = tag_parse(&w->s->symbols, text, &tag);
    if (!e) e = tag_set_add(set, tag, (struct tag_said){0});
    must(!e);
}

static void pool_facts_drop(struct shared *shared) {
    struct pool_facts *f = (struct pool_facts *)(void *)shared;
    tag_set_done(&f->tags);
    free(f);
}

static void pools_put(struct offer_world *w) {
    world_begin(w);
    struct provider_row *provider = draft_add(&w->d, NOUN_PROVIDER, EV_provider_added);
    provider->name = "p";
    provider->driver = "memory";
    provider->session = 1;
    for (size_t i = 0; i < ARRAY_LEN(pools); i++) {
        struct pool_row *pool = draft_add(&w->d, NOUN_POOL, EV_pool_added);
        pool->provider = provider->id;
        pool->instance = "main";
        pool->name = pool->store = pools[i].name;
        pool->charge_numerator = pool->charge_denominator = 1;
        pool->facts = world_pool_facts(pools[i].gib * GIB);
        pool->facts->shared.drop = pool_facts_drop;
        pool->facts->total.iops = pools[i].iops;
        pool->facts->total.known = pools[i].iops ? KNOWS_IOPS : 0;
        for (size_t n = 0; n < ARRAY_LEN(pools[i].tags) && pools[i].tags[n]; n++)
            tag_say(w, &pool->facts->tags, pools[i].tags[n]);
        pool->first_total = (struct bytes){pool->facts->total.bytes};
        draft_keep(&w->d, &pool->facts->shared);
    }
    world_commit(w);
}

static uint64_t agent_put(struct offer_world *w) {
    uint64_t id = world_agent(w, world_scalars(4, 4096));
    world_begin(w);
    struct agent_row *a = edit_agent(&w->d, id, EV_agent_reported);
    a->facts = world_facts(world_scalars(4, 4096), 0, 0);
    tag_say(w, &a->facts->tags, "rack=r1");
    tag_say(w, &a->facts->tags, "zone=a");
    draft_keep(&w->d, &a->facts->shared);
    world_commit(w);
    return id;
}

// `known`: the class that it replaces; 0: it is new.
static uint64_t class_put(struct offer_world *w, uint64_t known, const char *name, const char *script,
                          enum class_script_error on_error) {
    const struct class_wish wish = {"rack = r2", 5};
    struct class_document doc = {.name = name,
                                 .pool = "media = ssd",
                                 .fs = "raw",
                                 .prefer_pool = &wish,
                                 .prefer_pool_count = 1,
                                 .script = script,
                                 .on_script_error = on_error};
    struct class_shared *class = NEW(struct class_shared);
    class->shared.drop = world_class_drop;
    struct err *e = class_spec_make(&w->s->symbols, &doc, &class->spec);
    must(!e);
    world_begin(w);
    struct class_row *row =
        known ? edit_class(&w->d, known, EV_class_applied) : draft_add(&w->d, NOUN_CLASS, EV_class_applied);
    uint64_t id = row->id;
    row->name = draft_text(&w->d, name);
    row->doc = class;
    row->version = 1;
    draft_keep(&w->d, &class->shared);
    world_commit(w);
    return id;
}

struct said { // of one request
    struct fit fits[FITS];
    size_t count;
    char *refusal; // what a person would read; NULL: it fits
};

static struct said said_of(struct offer_world *w, uint64_t class, uint64_t agent) {
    struct want want = {.class = class, .size = {10 * GIB}, .agent = agent};
    struct said s = {.refusal = NULL};
    struct fit fit;
    script_deciding(index_script(w->s, class));
    world_begin(w);
    s.count = broker_fits(&w->d, &want, s.fits, FITS);
    struct err *e = broker_place(&w->d, &want, &fit);
    must(e ? !s.count : s.count && fit.pool == s.fits[0].pool);
    if (e) s.refusal = mem_text(err_text(e));
    err_free(e);
    world_commit(w);
    script_decided(index_script(w->s, class));
    return s;
}

static bool fits_equal(const struct said *a, const struct said *b) {
    for (size_t i = 0; i < a->count && a->count == b->count; i++)
        if (a->fits[i].pool != b->fits[i].pool || a->fits[i].score != b->fits[i].score) return false;
    return a->count == b->count;
}

static void expect_same(const struct said *a, struct said b) {
    must(fits_equal(a, &b) && text_equal(a->refusal, b.refusal));
    free(b.refusal);
}

static bool has_pool(const struct said *s, uint64_t pool, size_t most) {
    for (size_t i = 0; i < s->count && i < most; i++)
        if (s->fits[i].pool == pool) return true;
    return false;
}

static void expect_among(const struct said *some, const struct said *all) {
    for (size_t i = 0; i < some->count; i++)
        must(has_pool(all, some->fits[i].pool, FITS) && !has_pool(some, some->fits[i].pool, i));
}

static void judge(const char *script, bool on_agent) {
    struct offer_world w;
    world_open(&w, 0);
    struct err *e = symbols_declare(&w.s->symbols, "speed", VALUE_NUMBER);
    must(!e);
    pools_put(&w);
    uint64_t there = agent_put(&w), agent = on_agent ? there : 0;
    uint64_t plain = class_put(&w, 0, "plain", NULL, ON_SCRIPT_ERROR_REFUSE),
             strict = class_put(&w, 0, "strict", script, ON_SCRIPT_ERROR_REFUSE),
             falls = class_put(&w, 0, "falls", script, ON_SCRIPT_ERROR_CLASSES);
    struct said all = said_of(&w, plain, agent), one = said_of(&w, strict, agent), back = said_of(&w, falls, agent);
    bool failed = script_failures(index_script(w.s, falls)).count != 0;
    must(all.count == 3 && fits_equal(&back, failed ? &all : &one));
    expect_among(&one, &all);
    expect_same(&one, said_of(&w, strict, agent));
    (void)class_put(&w, strict, "strict", script, ON_SCRIPT_ERROR_REFUSE);
    expect_same(&one, said_of(&w, strict, agent));
    free(all.refusal);
    free(one.refusal);
    free(back.refusal);
    world_close(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    AUTO_TEXT struct text script = {0};
    text_add_n(&script, bytes, size);
    AUTO_ERR struct err *e = script_check(text_string(&script));
    must(!e || err_kind(e) == ERR_INVALID || err_kind(e) == ERR_TOO_LARGE);
    if (e) return 0;
    judge(text_string(&script), false);
    judge(text_string(&script), true);
    return 0;
}
