// SPDX-License-Identifier: Apache-2.0
// What is planned is what happens when it is done, and planning changes nothing: random small clusters, random changes.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/plan.h"
#include "core/policy.h"
#include "core_world.h"

enum { RUNS = 3000, CHANGES = 4, REQUESTS = 6 };

// ---- chance ----

static uint64_t below(uint64_t *seed, uint64_t n) {
    *seed = hash_u64(*seed + 0x9e3779b97f4a7c15u);
    return *seed % n;
}
#define ONE_OF(seed, list) ((list)[below(seed, ARRAY_LEN(list))])

static const char *const pool_tags[] = {"media=ssd", "media=hdd", "media=ssd, topology/rack=r1",
                                        "media=hdd, topology/rack=r2"};
static const char *const agent_tags[] = {"fs/ext4", "fs/ext4, topology/rack=r1", "fs/ext4, hw/infiniband",
                                         "fs/xfs, topology/rack=r2"};
static const char *const constraints[] = {NULL, NULL, "same(topology/rack)", "hw/infiniband"};
static const char *const class_pools[] = {NULL, "media = ssd", "media = hdd, topology/rack"};
static const char *const class_agents[] = {NULL, NULL, "!hw/infiniband"};
static const char *const class_names[] = {"gold", "silver", "bronze"};
static const char *const agent_names[] = {"n1", "n2", "n3", "n4"};
static const char *const pool_names[] = {"p1", "p2", "p3", "p4"};

static struct pool_made random_pool(uint64_t *seed, const char *name) {
    return (struct pool_made){.provider = "file",
                              .name = name,
                              .tags = ONE_OF(seed, pool_tags),
                              .constraint = ONE_OF(seed, constraints),
                              .bytes = (1 + below(seed, 50)) * GIB,
                              .iops = below(seed, 2) ? 100 * below(seed, 20) : 0,
                              .granularity = below(seed, 2) ? GIB : 0};
}

static struct agent_made random_agent(uint64_t *seed, const char *name) {
    return (struct agent_made){.name = name, .tags = ONE_OF(seed, agent_tags)};
}

static struct class_document random_class(uint64_t *seed, const char *name) {
    return (struct class_document){
        .name = name, .pool = ONE_OF(seed, class_pools), .agent = ONE_OF(seed, class_agents)};
}

static struct world *random_world(uint64_t *seed) {
    struct world *w = world_new();
    world_symbol(w, "ext4");
    world_provider(w, "file");
    for (uint64_t i = 0; i < 1 + below(seed, 3); i++) world_pool(w, random_pool(seed, pool_names[i]));
    for (uint64_t i = 0; i < 1 + below(seed, 3); i++) world_agent(w, random_agent(seed, agent_names[i]));
    for (size_t i = 0; i < 2; i++) world_class(w, random_class(seed, class_names[i]));
    return w;
}

// ---- the same change, planned and done ----

static void class_free(struct shared *shared) {
    struct class_shared *c = (struct class_shared *)(void *)shared;
    class_spec_done(&c->spec);
    free(c);
}

static struct class_shared *compiled(struct world *w, struct class_document doc) {
    struct class_shared *c = NEW(struct class_shared);
    c->shared.drop = class_free;
    expect_ok(class_spec_make(&w->state->symbols, &doc, &c->spec));
    return c;
}

struct made { // what a change is made of, for doing it
    struct pool_made pool;
    struct agent_made agent;
    struct class_document class;
};

static const char *path_of(struct world *w, const char *pool) {
    return arena_format(&w->arena, "file/main/%s", pool);
}

static struct plan_change random_change(struct world *w, uint64_t *seed, struct made *m) {
    static const enum plan_kind kinds[] = {PLAN_POOL,  PLAN_POOL,         PLAN_AGENT,        PLAN_AGENT,
                                           PLAN_CLASS, PLAN_POOL_REMOVED, PLAN_AGENT_REMOVED};
    struct plan_change c = {.kind = ONE_OF(seed, kinds), .provider = "file"};
    const char *pool = ONE_OF(seed, pool_names), *agent = ONE_OF(seed, agent_names);
    m->pool = random_pool(seed, pool);
    m->agent = random_agent(seed, agent);
    m->class = random_class(seed, ONE_OF(seed, class_names));
    bool of_pool = c.kind == PLAN_POOL || c.kind == PLAN_POOL_REMOVED;
    c.name = of_pool ? path_of(w, pool) : c.kind == PLAN_CLASS ? m->class.name : agent;
    if (c.kind == PLAN_POOL) {
        c.pool = (struct pool_report){pool, "main", pool, 1, 1, world_pool_facts(w, &m->pool)};
        shared_hold(&c.pool.facts->shared);
    }
    if (c.kind == PLAN_AGENT) {
        c.agent = world_agent_facts(w, &m->agent);
        shared_hold(&c.agent->shared);
    }
    if (c.kind == PLAN_CLASS) {
        c.class = compiled(w, m->class);
        shared_hold(&c.class->shared);
    }
    return c;
}

static void change_end(struct plan_change *c) {
    if (c->pool.facts) shared_leave(&c->pool.facts->shared);
    if (c->agent) shared_leave(&c->agent->shared);
    if (c->class) shared_leave(&c->class->shared);
}

// Not by the plan's commands, but row by row.
static bool change_really(struct world *w, const struct plan_change *c, const struct made *m) {
    switch (c->kind) {
    case PLAN_POOL: world_pool(w, m->pool); return true;
    case PLAN_AGENT: world_agent(w, m->agent); return true;
    case PLAN_CLASS: world_class(w, m->class); return true;
    case PLAN_POOL_REMOVED:
        if (!state_pool_named(w->state, c->name)) return false;
        world_pool_stale(w, c->name);
        return true;
    case PLAN_AGENT_REMOVED:
        if (!state_agent_named(w->state, c->name)) return false;
        world_agent_removed(w, c->name);
        return true;
    default: fail_msg("not a change of this test"); return false;
    }
}

static struct request_volume random_volume(struct world *w, uint64_t *seed, size_t i, size_t n) {
    const char **classes = arena_zero(&w->arena, 2, sizeof *classes);
    classes[0] = ONE_OF(seed, class_names);
    classes[1] = ONE_OF(seed, class_names);
    return (struct request_volume){.name = arena_format(&w->arena, "v%zu-%zu", i, n),
                                   .classes = classes,
                                   .class_count = 1 + below(seed, 2),
                                   .size = {(1 + below(seed, 30)) * GIB}};
}

// Several that are usable together, with part of an agent.
static struct command random_together(struct world *w, uint64_t *seed, size_t i) {
    size_t count = 1 + below(seed, 3);
    struct request_volume *volumes = arena_zero(&w->arena, count, sizeof *volumes);
    for (size_t n = 0; n < count; n++) volumes[n] = random_volume(w, seed, i, n);
    return (struct command){.kind = CMD_request_apply,
                            .request_apply = {.owner = {.role = world_symbol(w, "web")},
                                              .volumes = volumes,
                                              .volume_count = count,
                                              .agent = below(seed, 4) ? NULL : ONE_OF(seed, agent_names),
                                              .cpus = {(int64_t)below(seed, 4) * 1000}}};
}

static struct command random_request(struct world *w, uint64_t *seed, size_t i) {
    if (below(seed, 2)) return random_together(w, seed, i);
    return (struct command){.kind = CMD_volume_create,
                            .volume_create = {.name = arena_format(&w->arena, "v%zu", i),
                                              .class = ONE_OF(seed, class_names),
                                              .owner = {.role = world_symbol(w, "web")},
                                              .size = {(1 + below(seed, 30)) * GIB},
                                              .iops = {below(seed, 3) ? 0 : 100},
                                              .count = 1 + (uint32_t)below(seed, 3)}};
}

static void request_says(const struct state *s, const struct planned_request *r, struct text *out) {
    AUTO_ARENA struct arena arena = {0};
    const struct agent_row *agent = state_agent(s, r->agent);
    if (r->sentence) text_add(out, r->sentence);
    if (agent) text_addf(out, "on %s: ", agent->name);
    for (size_t i = 0; i < r->volume_count; i++) {
        const struct volume_row *v = state_volume(s, r->volumes[i]);
        text_addf(out, "%s of %s in %s with %llu (%s); ", v->name, state_class(s, v->class)->name,
                  pool_path(s, state_pool(s, v->charge.pool), &arena), (unsigned long long)v->charge.bytes.n,
                  r->notes[i] ? r->notes[i] : "");
    }
    text_add_char(out, '\n');
}

static void request_really(struct world *w, const struct command *request, struct text *out) {
    struct answer answer = {0};
    uint64_t volumes[8];
    const char *notes[8] = {NULL};
    struct planned_request r = {.volumes = volumes, .notes = notes};
    AUTO_ERR struct err *e = core_decide(world_draft(w), request, &answer);
    if (!e) world_apply(w);
    bool together = request->kind == CMD_request_apply;
    if (!e && together) r.agent = answer.ids.at[0];
    for (size_t i = together ? 2 : 0; !e && i < answer.ids.count; i += 2) volumes[r.volume_count++] = answer.ids.at[i];
    for (size_t i = 0; i < answer.notes.count; i++) notes[i] = answer.notes.at[i];
    if (e) r.sentence = err_text(e);
    request_says(w->state, &r, out);
    answer_done(&answer);
}

// ---- what must not change ----

static uint64_t state_digest(const struct state *s) {
    uint64_t sum = hash_u64(s->seq) ^ hash_u64(s->last_id + 1) ^ hash_u64(s->symbols.count + 2);
    for (enum noun noun = 0; noun < NOUN_COUNT; noun++) TABLE_EACH(const struct provider_row, row, &s->tables[noun])
    sum = hash_u64(sum ^ hash_bytes(row, row_kinds[noun].size)); // pointers too: nothing was put again
    for (size_t i = 0; i < s->ledger.accounts.count; i++)
        sum = hash_u64(sum ^ s->ledger.accounts.at[i].granted.bytes ^ s->ledger.accounts.at[i].granted.volumes);
    return sum;
}

static void run(uint64_t first) {
    uint64_t seed = first;
    struct world *w = random_world(&seed);
    AUTO_ARENA struct arena arena = {0};
    struct plan_change changes[CHANGES];
    struct made made[CHANGES];
    struct command requests[REQUESTS];
    for (size_t i = 0; i < CHANGES; i++) changes[i] = random_change(w, &seed, &made[i]);
    for (size_t i = 0; i < REQUESTS; i++) requests[i] = random_request(w, &seed, i);
    struct plan plan = {changes, requests, CHANGES, REQUESTS};

    uint64_t before = state_digest(w->state);
    struct state *scratch = scratch_new(w->state);
    struct planned planned = plan_run(w->state, scratch, w->now, &plan, &arena);
    AUTO_TEXT struct text said = {0}, done = {0};
    for (size_t i = 0; i < REQUESTS; i++) request_says(scratch, &planned.requests[i], &said);
    state_free(scratch);
    if (state_digest(w->state) != before)
        fail_msg("seed %llu: planning changed the registry", (unsigned long long)first);

    for (size_t i = 0; i < CHANGES; i++)
        if (change_really(w, &changes[i], &made[i]) == planned.changes[i].refused)
            fail_msg("seed %llu: change %zu: %s", (unsigned long long)first, i, planned.changes[i].sentence);
    for (size_t i = 0; i < REQUESTS; i++) request_really(w, &requests[i], &done);
    if (strcmp(said.data, done.data) != 0)
        fail_msg("seed %llu: planned\n%s, and what happened is\n%s", (unsigned long long)first, said.data, done.data);
    for (size_t i = 0; i < CHANGES; i++) change_end(&changes[i]);
    world_free(w);
}

static void what_is_planned_is_what_happens(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++) run(seed);
}

// ---- one by one ----

static struct planned plan_one(struct world *w, struct state **ret_scratch, struct plan_change change) {
    struct plan plan = {.changes = &change, .change_count = 1};
    *ret_scratch = scratch_new(w->state);
    return plan_run(w->state, *ret_scratch, w->now, &plan, &w->arena);
}

static struct world *one_of_each(void) {
    struct world *w = world_new();
    world_symbol(w, "ext4");
    world_provider(w, "file");
    world_pool(w, (struct pool_made){.provider = "file", .name = "ssd", .bytes = 10 * GIB});
    world_agent(w, (struct agent_made){.name = "n1"});
    world_class(w, (struct class_document){.name = "gold"});
    world_volume(w, "db", "gold", "file/main/ssd", GIB);
    return w;
}

static void a_removed_agent_names_the_volumes_that_nobody_could_use(void **state) {
    (void)state;
    struct world *w = one_of_each();
    struct state *scratch;
    struct planned planned = plan_one(w, &scratch, (struct plan_change){.kind = PLAN_AGENT_REMOVED, .name = "n1"});
    assert_int_equal(planned.loss_count, 1);
    assert_non_null(strstr(planned.losses[0].sentence, "0 of 0 agents can use it"));
    assert_true(planned.classes[0].before.n > 0);
    assert_int_equal(planned.classes[0].after.n, 0);
    state_free(scratch);
    world_free(w);
}

static void a_removed_pool_names_the_volumes_that_are_gone_with_it(void **state) {
    (void)state;
    struct world *w = one_of_each();
    struct state *scratch;
    struct planned planned =
        plan_one(w, &scratch, (struct plan_change){.kind = PLAN_POOL_REMOVED, .name = "file/main/ssd"});
    assert_int_equal(planned.loss_count, 1);
    assert_non_null(strstr(planned.losses[0].sentence, "its pool file/main/ssd is gone"));
    state_free(scratch);
    world_free(w);
}

static void a_provider_that_holds_volumes_goes_away_and_stays_known(void **state) {
    (void)state;
    struct world *w = one_of_each();
    struct state *scratch;
    struct planned planned = plan_one(w, &scratch, (struct plan_change){.kind = PLAN_PROVIDER_REMOVED, .name = "file"});
    assert_true(planned.changes[0].refused);
    assert_non_null(strstr(planned.changes[0].sentence, "holds volumes or reservations"));
    assert_int_equal(planned.loss_count, 1);
    assert_false(planned.places);
    state_free(scratch);
    world_free(w);
}

static void a_class_in_use_cannot_be_planned_away(void **state) {
    (void)state;
    struct world *w = one_of_each();
    struct state *scratch;
    struct planned planned = plan_one(w, &scratch, (struct plan_change){.kind = PLAN_CLASS_REMOVED, .name = "gold"});
    assert_true(planned.changes[0].refused);
    assert_non_null(strstr(planned.changes[0].sentence, "volume 'db'"));
    state_free(scratch);
    world_free(w);
}

static void the_losses_listed_are_bounded_and_all_are_counted(void **state) {
    (void)state;
    struct world *w = one_of_each();
    struct state *scratch;
    for (int i = 0; i < PLANNED_LOSSES_MOST + 499; i++)
        world_volume(w, arena_format(&w->arena, "v%d", i), "gold", "file/main/ssd", MIB);
    struct planned planned = plan_one(w, &scratch, (struct plan_change){.kind = PLAN_AGENT_REMOVED, .name = "n1"});
    assert_int_equal(planned.loss_count, PLANNED_LOSSES_MOST);
    assert_int_equal(planned.lost, PLANNED_LOSSES_MOST + 500); // 'db' too
    assert_non_null(strstr(planned.losses[PLANNED_LOSSES_MOST - 1].sentence, "v998"));
    state_free(scratch);
    world_free(w);
}

static void what_is_attached_now_does_not_make_a_volume_lost(void **state) {
    (void)state;
    struct world *w = one_of_each();
    struct state *scratch;
    world_agent(w, (struct agent_made){.name = "n2", .slots = 1});
    uint64_t log = world_volume(w, "log", "gold", "file/main/ssd", GIB);
    world_attachment(w, log, "n2", ATTACHMENT_IN_USE);
    struct planned planned = plan_one(w, &scratch, (struct plan_change){.kind = PLAN_AGENT_REMOVED, .name = "n1"});
    assert_int_equal(planned.lost, 0);
    state_free(scratch);
    world_free(w);
}

static void only_the_first_refused_requests_are_explained(void **state) {
    (void)state;
    enum { COUNT = 30 };
    struct world *w = one_of_each();
    struct command requests[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        requests[i] = (struct command){.kind = CMD_volume_create,
                                       .volume_create = {.name = arena_format(&w->arena, "r%zu", i),
                                                         .class = "gold",
                                                         .owner.role = world_symbol(w, "web"),
                                                         .size = {500 * GIB},
                                                         .count = 1}};
    struct state *scratch = scratch_new(w->state);
    struct planned planned =
        plan_run(w->state, scratch, w->now, &(struct plan){.requests = requests, .request_count = COUNT}, &w->arena);
    size_t explained = 0;
    for (size_t i = 0; i < COUNT; i++) {
        explained += planned.requests[i].explanation != NULL;
        assert_non_null(strstr(planned.requests[i].sentence, "of 500 GiB asked"));
    }
    assert_int_equal(explained, 20);
    assert_non_null(planned.requests[0].explanation);
    state_free(scratch);
    world_free(w);
}

static void a_refused_request_of_several_is_explained_beside_those_placed_before(void **state) {
    (void)state;
    struct world *w = one_of_each();
    static const char *const gold[] = {"gold"};
    const struct request_volume volumes[] = {
        {.name = "data", .classes = gold, .class_count = 1, .size = {6 * GIB}},
        {.name = "log", .classes = gold, .class_count = 1, .size = {5 * GIB}}}; // 9 GiB are free
    struct command request = {
        .kind = CMD_request_apply,
        .request_apply = {.owner.role = world_symbol(w, "web"), .volumes = volumes, .volume_count = 2}};
    struct state *scratch = scratch_new(w->state);
    struct planned planned =
        plan_run(w->state, scratch, w->now, &(struct plan){.requests = &request, .request_count = 1}, &w->arena);
    const struct explanation *e = planned.requests[0].explanation;
    assert_false(planned.requests[0].places);
    assert_non_null(e);
    assert_string_equal(e->volume, "log");
    assert_non_null(strstr(e->sentence, "has 3 GiB free of 5 GiB asked"));
    state_free(scratch);
    world_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_planned_is_what_happens),
        cmocka_unit_test(a_removed_agent_names_the_volumes_that_nobody_could_use),
        cmocka_unit_test(a_removed_pool_names_the_volumes_that_are_gone_with_it),
        cmocka_unit_test(a_provider_that_holds_volumes_goes_away_and_stays_known),
        cmocka_unit_test(a_class_in_use_cannot_be_planned_away),
        cmocka_unit_test(the_losses_listed_are_bounded_and_all_are_counted),
        cmocka_unit_test(what_is_attached_now_does_not_make_a_volume_lost),
        cmocka_unit_test(only_the_first_refused_requests_are_explained),
        cmocka_unit_test(a_refused_request_of_several_is_explained_beside_those_placed_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
