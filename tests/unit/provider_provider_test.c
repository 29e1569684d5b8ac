// SPDX-License-Identifier: Apache-2.0
// The provider's machine around the memory driver, on virtual time: a call runs when the test says so.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "codec/message.h"
#include "driver/door.h"
#include "driver/flaky.h"
#include "driver/memory.h"
#include "provider/name.h"
#include "provider/provider.h"

enum { MB = 1 << 20, CAPACITY = 100 * MB };

struct call {
    uint64_t job;
    const struct driver_request *request;
    bool given_up;
};

struct world {
    struct provider *p;
    struct door *storage, *door;
    void *flaky;
    int64_t now;
    VEC(struct call) calls;            // asked for and not run yet
    struct arena arena;                // what was said lives here
    Granary__ProviderHello *hello;     // the last one
    VEC(Granary__FromProvider *) said; // to the master
    struct text transcript;            // all outputs, as bytes
    bool hung_up;
    const char *unreachable; // why the first pool is not there, in inventories and lists
    bool unlisted;           // it is missing in lists only
    struct call hanging;     // taken out of `calls`; 0: none
};

static void expect_ok(struct err *e) {
    if (e) print_error("%s\n", err_text(e));
    assert_null(e);
}

// ---- the world ----

static void take(struct world *w, struct provider_outputs *out) {
    VEC_EACH (o, &out->list) {
        text_addf(&w->transcript, "%d %llu;", (int)o->kind, (unsigned long long)o->job);
        if (o->kind == PROVIDER_JOB) vec_push(&w->calls, ((struct call){o->job, o->request, false}));
        if (o->kind == PROVIDER_GIVE_UP)
            VEC_EACH (c, &w->calls)
                if (c->job == o->job) c->given_up = true;
        if (o->kind == PROVIDER_HELLO) w->hello = message_copy(&o->hello->base, &w->arena);
        if (o->kind == PROVIDER_SEND) {
            vec_push(&w->said, message_copy(&o->send->base, &w->arena));
            message_pack(&o->send->base, &w->transcript);
        }
        if (o->kind == PROVIDER_HANG_UP) w->hung_up = true;
        if (o->kind == PROVIDER_LOG) text_add(&w->transcript, o->log);
    }
}

static void step(struct world *w, struct provider_input input) {
    struct provider_outputs out = {0};
    input.now.ms = w->now;
    provider_step(w->p, &input, &out);
    take(w, &out);
    provider_outputs_done(&out);
}

static void pool_away(struct world *w, struct driver_inventory *inventory) {
    struct driver_instance *instance = (struct driver_instance *)&inventory->instances[0];
    struct driver_pool *pool = (struct driver_pool *)&instance->pools[0];
    *pool = (struct driver_pool){.name = pool->name, .unreachable = w->unreachable};
}

static void pool_unseen(struct world *w, struct driver_objects *page, struct arena *arena) {
    struct driver_object *left = arena_zero(arena, page->count, sizeof *left);
    size_t count = 0;
    for (size_t i = 0; i < page->count; i++)
        if (!text_equal(page->at[i].pool, "thick")) left[count++] = page->at[i];
    struct driver_unseen *unseen = arena_zero(arena, 1, sizeof *unseen);
    *unseen = (struct driver_unseen){"main", "thick", w->unreachable};
    *page = (struct driver_objects){left, count, page->next, unseen, 1};
}

// Runs the i-th call that waits.
static void run_call(struct world *w, size_t i) {
    struct call c = w->calls.at[i];
    struct arena arena = {0};
    struct driver_call call = {.arena = &arena, .timeout_ms = 100, .cluster = provider_cluster(w->p)};
    struct driver_answer answer = {0};
    vec_remove(&w->calls, i);
    struct err *e = door_run(w->door, &call, c.request, &answer);
    if (!e && w->unreachable && !w->unlisted && c.request->act == DRIVER_ACT_INVENTORY) pool_away(w, &answer.inventory);
    if (!e && w->unreachable && c.request->act == DRIVER_ACT_LIST) pool_unseen(w, &answer.objects, &arena);
    step(w, (struct provider_input){.kind = PROVIDER_JOB_DONE,
                                    .job = c.job,
                                    .error_kind = e ? err_kind(e) : ERR_INVALID,
                                    .error = e ? err_text(e) : NULL,
                                    .answer = &answer});
    err_free(e);
    arena_done(&arena);
}

static void run_all(struct world *w) {
    while (w->calls.count) run_call(w, 0);
}

// Lets time pass in steps to each deadline, running what comes.
static void pass(struct world *w, int64_t ms) {
    int64_t end = w->now + ms;
    run_all(w);
    for (struct mono next; (next = provider_next_deadline(w->p)).ms <= end;) {
        if (next.ms > w->now) w->now = next.ms;
        step(w, (struct provider_input){.kind = PROVIDER_TICK});
        run_all(w);
    }
    w->now = end;
}

static size_t call_of(const struct world *w, enum driver_act act) {
    for (size_t i = 0; i < w->calls.count; i++)
        if (w->calls.at[i].request->act == act) return i;
    return SIZE_MAX;
}

static void tick(struct world *w, int64_t ms) {
    w->now += ms;
    step(w, (struct provider_input){.kind = PROVIDER_TICK});
}

static void welcome(struct world *w, const char *cluster) {
    Granary__Welcome said = GRANARY__WELCOME__INIT;
    said.id = 7;
    said.cluster = (char *)cluster;
    said.seq = 50;
    said.heartbeat_ms = 1000;
    said.lost_ms = 5000;
    said.session = (char *)"s1";
    step(w, (struct provider_input){.kind = PROVIDER_CONNECTED, .welcome = &said});
}

static void connect_to(struct world *w, const char *cluster) {
    w->hello = NULL;
    step(w, (struct provider_input){.kind = PROVIDER_CONNECTING});
    for (int i = 0; i < 600 && !w->hello; i++) pass(w, 1000);
    assert_non_null(w->hello);
    welcome(w, cluster);
}

static struct provider_setup usual(void) {
    struct provider_setup s = provider_setup_usual();
    s.name = "shelf";
    s.driver = "memory";
    s.page = 3;
    s.parallel = true;
    return s;
}

// The storage outlives the provider: `start` makes a new process around it.
static void start(struct world *w, const struct provider_setup *setup) {
    w->p = provider_new(setup);
}

static void storage_open(struct world *w, const char *schedule) {
    const struct driver_pool_config pools[] = {
        {.instance = "main",
         .name = "thick",
         .capacity = {CAPACITY},
         .settings = {&(struct driver_pair){"store", "s"}, 1}},
        {.instance = "main",
         .name = "thin",
         .capacity = {CAPACITY},
         .headroom = {MB},
         .charge_numerator = 1,
         .charge_denominator = 4,
         .settings = {&(struct driver_pair){"store", "s"}, 1}},
    };
    const struct driver_config config = {.provider = "shelf", .pools = pools, .pool_count = 2};
    expect_ok(door_open(&driver_memory, &config, &w->storage));
    expect_ok(flaky_wrap(&driver_memory, door_self(w->storage), schedule, &w->flaky));
    w->door = door_around(&driver_flaky, "shelf", w->flaky);
}

static int setup(void **state) {
    struct world *w = *state = NEW(struct world);
    struct provider_setup s = usual();
    w->now = 1000;
    storage_open(w, "");
    start(w, &s);
    return 0;
}

static void hang(struct world *w, size_t i) {
    w->hanging = w->calls.at[i];
    vec_remove(&w->calls, i);
}

static void hang_ends(struct world *w) {
    vec_push(&w->calls, w->hanging);
    w->hanging.job = 0;
}

static void stop(struct world *w) {
    if (w->hanging.job) hang_ends(w);
    run_all(w);
    provider_free(w->p);
    w->p = NULL;
}

static int teardown(void **state) {
    struct world *w = *state;
    stop(w);
    door_close(w->door);
    flaky_unwrap(w->flaky);
    door_close(w->storage);
    vec_done(&w->calls);
    vec_done(&w->said);
    text_done(&w->transcript);
    arena_done(&w->arena);
    free(w);
    return 0;
}

// ---- the master ----

static const char *uuid_of(struct world *w, unsigned volume) {
    return arena_format(&w->arena, "00000000-0000-4000-8000-%012u", volume);
}

static Granary__ProviderOperation operation_of(struct world *w, uint64_t id, Granary__OperationKind kind,
                                               unsigned volume) {
    Granary__ProviderOperation o = GRANARY__PROVIDER_OPERATION__INIT;
    o.operation_id = id;
    o.kind = kind;
    o.volume_id = volume;
    o.volume_uuid = (char *)uuid_of(w, volume);
    o.volume_name = arena_format(&w->arena, "db-%u", volume);
    o.instance = (char *)"main";
    o.pool = (char *)"thick";
    o.host_identity = (char *)"h1";
    o.agent_name = (char *)"n1";
    o.has_epoch = true;
    o.epoch = 1;
    return o;
}

static void tell(struct world *w, Granary__ProviderOperation *o) {
    Granary__ToProvider m = GRANARY__TO_PROVIDER__INIT;
    m.operation = o;
    step(w, (struct provider_input){.kind = PROVIDER_MESSAGE, .message = &m});
}

static void ask(struct world *w, uint64_t id, Granary__OperationKind kind, unsigned volume, uint64_t size,
                const char *pool) {
    Granary__ProviderOperation o = operation_of(w, id, kind, volume);
    o.pool = (char *)pool;
    o.has_size = true;
    o.size = size;
    tell(w, &o);
}

#define CREATE GRANARY__OPERATION_KIND__OPERATION_CREATE
#define DELETE GRANARY__OPERATION_KIND__OPERATION_DELETE
#define GROW GRANARY__OPERATION_KIND__OPERATION_GROW
#define ATTACH GRANARY__OPERATION_KIND__OPERATION_ATTACH
#define FENCE GRANARY__OPERATION_KIND__OPERATION_FENCE

static const Granary__ProviderResult *result_of(const struct world *w, uint64_t id, size_t *ret_times) {
    const Granary__ProviderResult *last = NULL;
    size_t times = 0;
    VEC_EACH (m, &w->said) {
        if (!(*m)->result || (*m)->result->operation_id != id) continue;
        last = (*m)->result;
        times++;
    }
    if (ret_times) *ret_times = times;
    return last;
}

static const Granary__TierReport *last_report(const struct world *w) {
    for (size_t i = w->said.count; i-- > 0;)
        if (w->said.at[i]->tiers) return w->said.at[i]->tiers;
    return NULL;
}

// The volumes of the last list that was said whole, over all its parts; *ret_parts counts them.
static size_t last_list(const struct world *w, struct uuid *ret_first, size_t *ret_foreign, size_t *ret_parts) {
    size_t count = 0, foreign = 0, parts = 0;
    bool more = false;
    VEC_EACH (m, &w->said) {
        const Granary__ObjectList *list = (*m)->objects;
        if (!list) continue;
        if (!more) count = foreign = parts = 0;
        if (!count && list->volumes.len) memcpy(ret_first->bytes, list->volumes.data, sizeof ret_first->bytes);
        assert_int_equal(list->volumes.len % sizeof(struct uuid), 0);
        assert_in_range(protobuf_c_message_get_packed_size(&(*m)->base), 1, MB);
        count += list->volumes.len / sizeof(struct uuid);
        foreign += list->foreign;
        parts++;
        more = list->more;
    }
    assert_false(more);
    *ret_foreign = foreign;
    *ret_parts = parts;
    return count;
}

static void expect_listed(const struct world *w, size_t ours, size_t foreign) {
    struct uuid first;
    size_t others, parts;
    assert_int_equal(last_list(w, &first, &others, &parts), ours);
    assert_int_equal(others, foreign);
    assert_int_equal(parts, 1);
}

static uint64_t total_of(const Granary__TierReport *r) {
    return r->instances[0]->pools[0]->total->bytes;
}

// ---- tests ----

static void a_hello_tells_the_tiers_and_what_the_storage_holds_follows(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    for (unsigned i = 1; i <= 7; i++) ask(w, i, CREATE, i, MB, "thick");
    pass(w, 1000);
    assert_true(memory_add_foreign(door_self(w->storage), "main", "thick", "theirs", (struct bytes){MB}));
    stop(w);
    struct provider_setup s = usual();
    s.cluster = "c1";
    start(w, &s);
    connect_to(w, "c1");
    expect_listed(w, 7, 1);
    assert_int_equal(provider_counts(w->p).foreign, 1);
    assert_int_equal(w->hello->tiers->n_instances, 1);
    assert_int_equal(w->hello->tiers->instances[0]->n_pools, 2);
    assert_string_equal(w->hello->tiers->instances[0]->pools[1]->store, "s");
    assert_int_equal(w->hello->tiers->instances[0]->pools[1]->charge_denominator, 4);
    assert_int_equal(total_of(w->hello->tiers), CAPACITY - MB); // without what others took
}

static void a_volume_is_made_and_the_total_stays(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    ask(w, 11, CREATE, 1, 5 * MB + 1, "thick");
    pass(w, 500);
    const Granary__ProviderResult *r = result_of(w, 11, NULL);
    assert_true(r && r->done);
    assert_int_equal(r->size, 6 * MB);
    assert_non_null(r->handle);
    assert_int_equal(total_of(last_report(w)), CAPACITY);
    struct uuid u;
    char name[STORAGE_NAME];
    assert_true(uuid_parse(uuid_of(w, 1), &u));
    storage_name("c1", u, name);
    ask(w, 12, DELETE, 1, 0, "thick");
    pass(w, 500);
    assert_true(result_of(w, 12, NULL)->done);
    assert_int_equal(memory_count(door_self(w->storage)), 0);
    assert_int_equal(total_of(last_report(w)), CAPACITY);
}

static void a_question_asked_twice_is_carried_out_once_and_answered_twice(void **state) {
    struct world *w = *state;
    size_t times;
    connect_to(w, "c1");
    ask(w, 11, CREATE, 1, MB, "thick");
    ask(w, 11, CREATE, 1, MB, "thick");
    pass(w, 500);
    (void)result_of(w, 11, &times);
    assert_int_equal(times, 1);
    ask(w, 11, CREATE, 1, MB, "thick");
    (void)result_of(w, 11, &times);
    assert_int_equal(times, 2);
    assert_int_equal(door_count(w->door, DRIVER_ACT_CREATE).calls, 1);
}

static void operations_on_one_volume_run_in_order(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    pass(w, 100);
    ask(w, 1, CREATE, 1, MB, "thick");
    ask(w, 2, GROW, 1, 3 * MB, "thick");
    ask(w, 3, DELETE, 1, 0, "thick");
    ask(w, 4, CREATE, 2, MB, "thick");
    assert_int_equal(w->calls.count, 2); // the first of each volume
    assert_int_equal(w->calls.at[0].request->act, DRIVER_ACT_CREATE);
    pass(w, 500);
    assert_int_equal(result_of(w, 2, NULL)->size, 3 * MB);
    assert_true(result_of(w, 3, NULL)->done);
    assert_int_equal(memory_count(door_self(w->storage)), 1);
}

static void a_full_pool_is_a_failed_operation_with_the_sentence(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    ask(w, 1, CREATE, 1, 2 * (uint64_t)CAPACITY, "thick");
    pass(w, 500);
    const Granary__ProviderResult *r = result_of(w, 1, NULL);
    assert_false(r->done);
    assert_string_equal(r->error_kind, "full");
    assert_non_null(strstr(r->message, "create volume 'db-1' in pool 'shelf/main/thick'"));
}

static void only_a_volume_for_many_hosts_is_attached_to_a_second_one(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    for (unsigned volume = 1; volume <= 2; volume++) {
        ask(w, volume, CREATE, volume, MB, "thick");
        for (unsigned host = 1; host <= 2; host++) {
            Granary__ProviderOperation o = operation_of(w, 10 * volume + host, ATTACH, volume);
            o.has_many_hosts = true;
            o.many_hosts = volume == 2;
            o.host_identity = arena_format(&w->arena, "h%u", host);
            o.agent_name = arena_format(&w->arena, "n%u", host);
            o.epoch = host;
            tell(w, &o);
        }
    }
    pass(w, 500);
    assert_true(result_of(w, 11, NULL)->done);
    assert_false(result_of(w, 12, NULL)->done);
    assert_non_null(strstr(result_of(w, 12, NULL)->message, "host 'h1' has it attached"));
    assert_true(result_of(w, 21, NULL)->done);
    assert_true(result_of(w, 22, NULL)->done);
    assert_true(memory_may_write(door_self(w->storage), uuid_of(w, 2), "h2"));
}

static void a_hanging_call_holds_up_its_volume_alone(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    pass(w, 100);
    ask(w, 1, CREATE, 1, MB, "thick");
    hang(w, 0);
    tick(w, usual().timeout_ms[DRIVER_ACT_CREATE] + 1);
    assert_int_equal(provider_counts(w->p).stuck, 1);
    for (unsigned i = 2; i < 40; i++) ask(w, i, CREATE, i, MB, "thick");
    ask(w, 50, DELETE, 1, 0, "thick");
    const Granary__TierReport *before = last_report(w);
    pass(w, 100 * 1000);
    for (unsigned i = 2; i < 40; i++) assert_true(result_of(w, i, NULL)->done);
    assert_null(result_of(w, 1, NULL));
    assert_null(result_of(w, 50, NULL));
    assert_true(last_report(w) && last_report(w) != before); // reports go on
    hang_ends(w);                                            // it ends after all
    pass(w, 1000);
    assert_true(result_of(w, 1, NULL)->done);
    assert_true(result_of(w, 50, NULL)->done);
    assert_int_equal(memory_count(door_self(w->storage)), 38);
}

static void a_driver_for_one_call_at_a_time_gets_one(void **state) {
    struct world *w = *state;
    stop(w);
    struct provider_setup s = usual();
    s.parallel = false;
    start(w, &s);
    connect_to(w, "c1");
    pass(w, 100);
    for (unsigned i = 1; i <= 5; i++) ask(w, i, CREATE, i, MB, "thick");
    assert_int_equal(w->calls.count, 1);
    pass(w, 1000);
    assert_int_equal(memory_count(door_self(w->storage)), 5);
}

static void no_more_calls_run_than_the_budget(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    pass(w, 100);
    for (unsigned i = 1; i <= 50; i++) ask(w, i, CREATE, i, MB, "thick");
    assert_int_equal(w->calls.count, usual().most_calls);
    pass(w, 1000);
    assert_int_equal(memory_count(door_self(w->storage)), 50);
}

static void an_open_outcome_is_tried_again_until_it_is_known(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    expect_ok(flaky_schedule(
        w->flaky,
        "create:lose@1-3, create:fail-unavailable@4, remove:lose@1, attach:unknown@1-2, fence:fail-timeout@1"));
    ask(w, 1, CREATE, 1, MB, "thick");
    ask(w, 2, ATTACH, 1, 0, "thick");
    ask(w, 3, FENCE, 1, 0, "thick");
    ask(w, 4, DELETE, 1, 0, "thick");
    assert_null(result_of(w, 1, NULL));
    pass(w, 120 * 1000);
    for (uint64_t id = 1; id <= 4; id++) assert_true(result_of(w, id, NULL)->done);
    assert_non_null(strstr(result_of(w, 3, NULL)->message, "h1"));
    assert_int_equal(memory_count(door_self(w->storage)), 0);
    assert_int_equal(door_count(w->door, DRIVER_ACT_CREATE).calls, 5);
}

static void a_result_that_came_while_away_is_told_when_asked_again(void **state) {
    struct world *w = *state;
    size_t times;
    connect_to(w, "c1");
    pass(w, 100);
    ask(w, 1, CREATE, 1, MB, "thick");
    ask(w, 2, GROW, 1, 2 * MB, "thick");
    step(w, (struct provider_input){.kind = PROVIDER_DISCONNECTED});
    run_all(w);
    assert_null(result_of(w, 1, NULL));
    assert_null(result_of(w, 2, NULL));
    connect_to(w, "c1");
    expect_listed(w, 1, 0);
    ask(w, 1, CREATE, 1, MB, "thick");
    ask(w, 2, GROW, 1, 2 * MB, "thick");
    pass(w, 500);
    assert_true(result_of(w, 1, &times)->done);
    assert_int_equal(times, 1);
    assert_int_equal(result_of(w, 2, NULL)->size, 2 * MB);
    assert_int_equal(door_count(w->door, DRIVER_ACT_CREATE).calls, 1);
    assert_int_equal(door_count(w->door, DRIVER_ACT_GROW).calls, 1);
}

static void a_new_process_finds_what_the_old_one_made(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    ask(w, 1, CREATE, 1, MB, "thick");
    pass(w, 500);
    stop(w);
    struct provider_setup s = usual();
    s.cluster = "c1";
    start(w, &s);
    connect_to(w, "c1");
    expect_listed(w, 1, 0);
    assert_int_equal(total_of(w->hello->tiers), CAPACITY);
    ask(w, 1, CREATE, 1, MB, "thick"); // its answer was lost with the old process
    pass(w, 500);
    assert_true(result_of(w, 1, NULL)->done);
    assert_int_equal(memory_count(door_self(w->storage)), 1);
}

static void a_master_of_another_cluster_is_left(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    step(w, (struct provider_input){.kind = PROVIDER_DISCONNECTED});
    assert_false(w->hung_up);
    connect_to(w, "c2");
    assert_true(w->hung_up);
    assert_string_equal(provider_cluster(w->p), "c1");
}

static void volumes_of_another_cluster_are_foreign(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    ask(w, 1, CREATE, 1, MB, "thick");
    pass(w, 500);
    stop(w);
    struct provider_setup s = usual();
    s.cluster = "c2";
    start(w, &s);
    connect_to(w, "c2");
    expect_listed(w, 0, 1);
    ask(w, 2, DELETE, 9, 0, "thick");
    pass(w, 500);
    assert_int_equal(memory_count(door_self(w->storage)), 1);
}

static void a_list_of_any_length_is_told_in_parts(void **state) {
    enum { OBJECTS = 100000 };
    struct world *w = *state;
    connect_to(w, "c1");
    pass(w, 100);
    step(w, (struct provider_input){.kind = PROVIDER_DISCONNECTED});
    step(w, (struct provider_input){.kind = PROVIDER_CONNECTING});
    size_t i = call_of(w, DRIVER_ACT_LIST), foreign, parts;
    assert_true(i != SIZE_MAX);
    struct driver_object *at = arena_zero(&w->arena, OBJECTS, sizeof *at);
    for (unsigned n = 0; n < OBJECTS; n++)
        at[n] = (struct driver_object){.handle = "h", .cluster = "c1", .uuid = uuid_of(w, n), .size = {1}};
    struct driver_answer answer = {.objects = {.at = at, .count = OBJECTS}};
    uint64_t job = w->calls.at[i].job;
    vec_remove(&w->calls, i);
    w->hello = NULL;
    step(w, (struct provider_input){.kind = PROVIDER_JOB_DONE, .job = job, .answer = &answer});
    run_all(w);
    assert_in_range(protobuf_c_message_get_packed_size(&w->hello->base), 1, 4096);
    welcome(w, "c1");
    struct uuid first, expected;
    assert_int_equal(last_list(w, &first, &foreign, &parts), OBJECTS);
    assert_true(uuid_parse(uuid_of(w, 0), &expected) && uuid_equal(first, expected));
    assert_int_equal(foreign, 0);
    assert_true(parts > 1);
}

static void a_list_that_fails_or_hangs_is_read_anew(void **state) {
    struct world *w = *state;
    expect_ok(flaky_schedule(w->flaky, "list:fail-unavailable@1-2, inventory:unknown@1"));
    step(w, (struct provider_input){.kind = PROVIDER_CONNECTING});
    pass(w, 20 * 1000);
    assert_non_null(w->hello);
    step(w, (struct provider_input){.kind = PROVIDER_DISCONNECTED});
    w->hello = NULL;
    step(w, (struct provider_input){.kind = PROVIDER_CONNECTING});
    size_t list = call_of(w, DRIVER_ACT_LIST);
    assert_true(list != SIZE_MAX);
    hang(w, list);
    pass(w, 200 * 1000);
    assert_non_null(w->hello);
    hang_ends(w);
    run_all(w);
}

static void a_total_is_never_too_high_while_calls_run(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    ask(w, 1, CREATE, 1, 40 * MB, "thick");
    ask(w, 2, CREATE, 2, 40 * MB, "thin");
    pass(w, 500);
    assert_int_equal(total_of(last_report(w)), CAPACITY);
    // The inventory begins; a delete and a create end before its figures are read.
    ask(w, 3, CREATE, 3, MB, "thick");
    run_call(w, call_of(w, DRIVER_ACT_CREATE));
    tick(w, 100);
    ask(w, 4, DELETE, 1, 0, "thick");
    ask(w, 5, CREATE, 4, 20 * MB, "thick");
    run_call(w, call_of(w, DRIVER_ACT_REMOVE));
    run_call(w, call_of(w, DRIVER_ACT_CREATE));
    run_call(w, call_of(w, DRIVER_ACT_INVENTORY));
    assert_true(total_of(last_report(w)) <= CAPACITY);
    pass(w, 500);
    assert_int_equal(total_of(last_report(w)), CAPACITY);
}

static void configured_facts_replace_the_drivers_and_unknown_capacity_is_no_pool(void **state) {
    struct world *w = *state;
    stop(w);
    const struct driver_pair tags[] = {{"media", "ssd"}};
    const struct driver_selector must_have[] = {{"net/vlan = 19", 0}};
    const struct provider_tier_setup tiers[] = {
        {.facts = {.constraints = must_have, .constraint_count = 1}},
        {.instance = "main",
         .pool = "thick",
         .facts.tags = {tags, 1},
         .iops = {5000},
         .data_address = "10.1.0.7:3260",
         .capacity = {CAPACITY / 2}},
    };
    struct provider_setup s = usual();
    s.tiers = tiers;
    s.tier_count = 2;
    start(w, &s);
    connect_to(w, "c1");
    const Granary__Pool *pool = w->hello->tiers->instances[0]->pools[0];
    assert_string_equal(w->hello->tiers->constraints[0]->selector, "net/vlan = 19");
    assert_string_equal(w->hello->tiers->constraints[0]->tier, "provider");
    assert_string_equal(pool->tags[0]->key, "media");
    assert_int_equal(pool->tags[0]->origin, GRANARY__TAG__ORIGIN__CONFIGURED);
    assert_false(pool->total->has_iops); // the storage does not say
    assert_int_equal(pool->capacities->iops, 5000);
    assert_false(pool->capacities->has_bytes || pool->capacities->has_volumes);
    assert_int_equal(pool->total->bytes, CAPACITY); // of the store
    assert_int_equal(pool->capacity, CAPACITY / 2); // of the pool
    assert_false(w->hello->tiers->instances[0]->pools[1]->has_capacity);
    assert_null(w->hello->tiers->instances[0]->pools[1]->capacities);
    assert_string_equal(pool->data_address, "10.1.0.7:3260");
}

static void a_pool_that_cannot_be_reached_is_left_out_until_it_can(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    assert_int_equal(w->hello->tiers->instances[0]->n_pools, 2);
    w->unreachable = "its disk is not mounted";
    pass(w, 30000);
    assert_int_equal(last_report(w)->instances[0]->n_pools, 1);
    assert_string_equal(last_report(w)->instances[0]->pools[0]->name, "thin");
    static const char said[] = "left out: its disk is not mounted";
    assert_non_null(memmem(w->transcript.data, w->transcript.size, said, strlen(said)));
    w->unreachable = NULL;
    pass(w, 30000);
    assert_int_equal(last_report(w)->instances[0]->n_pools, 2);
}

static void remove_by_hand(struct world *w, unsigned volume) {
    struct driver_call call = {.arena = &w->arena, .timeout_ms = 100, .cluster = "c1"};
    const struct driver_request r = {
        .act = DRIVER_ACT_REMOVE,
        .volume = {.cluster = "c1", .uuid = uuid_of(w, volume), .name = "x", .instance = "main", .pool = "thin"}};
    struct driver_answer ignored;
    expect_ok(door_run(w->storage, &call, &r, &ignored));
}

static void a_provider_connects_while_a_pool_is_away_and_keeps_what_it_knows_of_it(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    for (unsigned i = 1; i <= 5; i++) ask(w, i, CREATE, i, MB, i < 5 ? "thick" : "thin");
    pass(w, 1000);
    step(w, (struct provider_input){.kind = PROVIDER_DISCONNECTED});
    run_all(w);
    w->unreachable = "its disk is not mounted";
    connect_to(w, "c1");
    expect_listed(w, 5, 0);
    assert_int_equal(w->hello->tiers->instances[0]->n_pools, 1);
    remove_by_hand(w, 5);
    step(w, (struct provider_input){.kind = PROVIDER_DISCONNECTED});
    connect_to(w, "c1");
    expect_listed(w, 4, 0); // of the pool that is seen, what is not listed is gone
}

static void a_pool_that_was_never_listed_is_reported_only_when_it_was(void **state) {
    struct world *w = *state;
    connect_to(w, "c1");
    for (unsigned i = 1; i <= 5; i++) ask(w, i, CREATE, i, MB, i < 5 ? "thick" : "thin");
    pass(w, 1000);
    stop(w);
    struct provider_setup s = usual();
    s.cluster = "c1";
    start(w, &s);
    w->unreachable = "its directory is being read";
    w->unlisted = true;
    connect_to(w, "c1");
    expect_listed(w, 1, 0);
    assert_int_equal(w->hello->tiers->instances[0]->n_pools, 1);
    uint64_t lists = door_count(w->door, DRIVER_ACT_LIST).calls;
    pass(w, 60000);
    assert_in_range(door_count(w->door, DRIVER_ACT_LIST).calls - lists, 6, 20); // with each report, and its two pages
    assert_int_equal(last_report(w)->instances[0]->n_pools, 1);
    w->unreachable = NULL;
    pass(w, 10500);
    expect_listed(w, 5, 0);
    assert_int_equal(last_report(w)->instances[0]->n_pools, 2);
}

// Its driver says nothing of sizes: a store is as large as its pools are given, and one that is given nothing is none.
static void a_store_that_says_nothing_has_what_its_pools_are_given(void **state) {
    struct world *w = *state;
    stop(w);
    const struct provider_tier_setup tiers[] = {
        {.instance = "main", .pool = "thick", .capacity = {3 * MB}, .volumes = 2},
        {.instance = "main", .pool = "thin", .capacity = {4 * MB}},
        {.instance = "main", .pool = "bare", .iops = {100}},
    };
    struct provider_setup s = usual();
    s.tiers = tiers;
    s.tier_count = ARRAY_LEN(tiers);
    start(w, &s);
    w->hello = NULL;
    step(w, (struct provider_input){.kind = PROVIDER_CONNECTING});
    size_t i;
    while ((i = call_of(w, DRIVER_ACT_INVENTORY)) == SIZE_MAX) run_call(w, 0);
    const struct driver_pool pools[] = {
        {.name = "thick", .store = "s"}, {.name = "thin", .store = "s"}, {.name = "bare"}};
    const struct driver_instance instance = {.name = "main", .pools = pools, .pool_count = ARRAY_LEN(pools)};
    struct driver_answer answer = {.inventory = {.instances = &instance, .instance_count = 1}};
    uint64_t job = w->calls.at[i].job;
    vec_remove(&w->calls, i);
    step(w, (struct provider_input){.kind = PROVIDER_JOB_DONE, .job = job, .answer = &answer});
    run_all(w);
    const Granary__Instance *main = w->hello->tiers->instances[0];
    assert_int_equal(main->n_pools, 2);
    assert_int_equal(main->pools[0]->total->bytes, 7 * MB);
    assert_int_equal(main->pools[1]->total->bytes, 7 * MB);
    assert_int_equal(main->pools[0]->capacity, 3 * MB);
    assert_int_equal(main->pools[0]->capacities->volumes, 2);
    assert_int_equal(main->pools[1]->capacity, 4 * MB);
}

// ---- any order of events ----

// Creates, grows and deletes in an order drawn from `seed`, with calls that end in any order, fail and lose answers, and
// sessions that break. Totals never pass the capacity, and in the end every operation is answered.
static void any_order(struct world *w, uint64_t seed) {
    uint64_t chance = seed;
#define DRAW(n) ((chance = hash_u64(chance + 0x9e37)) % (n))
    expect_ok(flaky_schedule(w->flaky, "*:lose%3, *:unknown%4, *:fail-unavailable%5"));
    connect_to(w, "c1");
    uint64_t asked = 0;
    for (int i = 0; i < 200; i++) {
        switch (DRAW(5)) {
        case 0:
        case 1:
            if (asked < 60) {
                asked++;
                ask(w, asked,
                    asked % 3 == 1   ? CREATE
                    : asked % 3 == 2 ? GROW
                                     : DELETE,
                    (unsigned)((asked + 2) / 3), (2 + asked % 3) * MB, asked % 2 ? "thick" : "thin");
            }
            break;
        case 2:
            if (w->calls.count) run_call(w, DRAW(w->calls.count));
            break;
        case 3: tick(w, (int64_t)DRAW(3000)); break;
        default:
            if (DRAW(20) == 0) {
                step(w, (struct provider_input){.kind = PROVIDER_DISCONNECTED});
                connect_to(w, "c1");
            }
        }
        const Granary__TierReport *r = last_report(w);
        if (r) assert_true(total_of(r) <= CAPACITY);
    }
    expect_ok(flaky_schedule(w->flaky, ""));
    for (uint64_t id = 1; id <= asked; id++)
        ask(w, id,
            id % 3 == 1   ? CREATE
            : id % 3 == 2 ? GROW
                          : DELETE,
            (unsigned)((id + 2) / 3), (2 + id % 3) * MB, id % 2 ? "thick" : "thin");
    pass(w, 300 * 1000);
    for (uint64_t id = 1; id <= asked; id++) assert_non_null(result_of(w, id, NULL));
    assert_int_equal(total_of(last_report(w)), CAPACITY);
    assert_int_equal(memory_count(door_self(w->storage)), provider_counts(w->p).objects);
}

static void any_order_of_events_converges_and_is_repeatable(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        void *first, *second;
        setup(&first);
        setup(&second);
        any_order(first, seed);
        any_order(second, seed);
        const struct text *a = &((struct world *)first)->transcript, *b = &((struct world *)second)->transcript;
        if (a->size != b->size || memcmp(a->data, b->data, a->size)) fail_msg("seed %llu", (unsigned long long)seed);
        teardown(&first);
        teardown(&second);
    }
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_hello_tells_the_tiers_and_what_the_storage_holds_follows),
        T(a_volume_is_made_and_the_total_stays),
        T(a_question_asked_twice_is_carried_out_once_and_answered_twice),
        T(operations_on_one_volume_run_in_order),
        T(a_full_pool_is_a_failed_operation_with_the_sentence),
        T(only_a_volume_for_many_hosts_is_attached_to_a_second_one),
        T(a_hanging_call_holds_up_its_volume_alone),
        T(a_driver_for_one_call_at_a_time_gets_one),
        T(no_more_calls_run_than_the_budget),
        T(an_open_outcome_is_tried_again_until_it_is_known),
        T(a_result_that_came_while_away_is_told_when_asked_again),
        T(a_new_process_finds_what_the_old_one_made),
        T(a_master_of_another_cluster_is_left),
        T(volumes_of_another_cluster_are_foreign),
        T(a_list_of_any_length_is_told_in_parts),
        T(a_list_that_fails_or_hangs_is_read_anew),
        T(a_total_is_never_too_high_while_calls_run),
        T(configured_facts_replace_the_drivers_and_unknown_capacity_is_no_pool),
        T(a_pool_that_cannot_be_reached_is_left_out_until_it_can),
        T(a_provider_connects_while_a_pool_is_away_and_keeps_what_it_knows_of_it),
        T(a_pool_that_was_never_listed_is_reported_only_when_it_was),
        T(a_store_that_says_nothing_has_what_its_pools_are_given),
        cmocka_unit_test(any_order_of_events_converges_and_is_repeatable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
