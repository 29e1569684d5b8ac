// SPDX-License-Identifier: Apache-2.0
// The door in front of drivers: what a naive or broken one answers never gets through, and errors say where they happened.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "driver/door.h"

// A driver that answers what the test tells it to.
static struct driver_created created;
static struct driver_objects objects;
static struct driver_pool pool;
static const char *proof;
static bool opened;

static struct err *puppet_open(const struct driver_config *config, void **ret_self) {
    opened = true;
    *ret_self = NULL;
    return config->pool_count ? NULL : err_new(ERR_UNAVAILABLE, "the gateway does not answer");
}

static void puppet_close(void *self UNUSED) {
    opened = false;
}

static struct err *puppet_inventory(void *self UNUSED, const struct driver_call *call, struct driver_inventory *ret) {
    struct driver_instance *instance = ARENA_NEW(call->arena, struct driver_instance);
    *instance = (struct driver_instance){.name = "main", .pools = &pool, .pool_count = 1};
    *ret = (struct driver_inventory){.instances = instance, .instance_count = 1};
    return NULL;
}

static struct err *puppet_create(void *self UNUSED, const struct driver_call *call UNUSED,
                                 const struct driver_create *create UNUSED, struct driver_created *ret) {
    *ret = created;
    return NULL;
}

static struct err *puppet_list(void *self UNUSED, const struct driver_call *call UNUSED, const char *token UNUSED,
                               size_t most UNUSED, struct driver_objects *ret) {
    *ret = objects;
    return NULL;
}

static struct err *puppet_fence(void *self UNUSED, const struct driver_call *call UNUSED,
                                const struct driver_attach *attach UNUSED, const char **ret_proof) {
    *ret_proof = proof;
    return NULL;
}

static const struct driver puppet = {.name = "puppet",
                                     .open = puppet_open,
                                     .close = puppet_close,
                                     .inventory = puppet_inventory,
                                     .create = puppet_create,
                                     .list = puppet_list,
                                     .fence = puppet_fence};

static void expect_err(struct err *e, enum err_kind kind, const char *words) {
    assert_non_null(e);
    if (err_kind(e) != kind || !strstr(err_text(e), words))
        print_error("%s: %s\n", err_kind_name(err_kind(e)), err_text(e));
    assert_int_equal(err_kind(e), kind);
    assert_non_null(strstr(err_text(e), words));
    err_free(e);
}

struct world {
    struct door *door;
    struct arena arena;
};

static int setup(void **state) {
    static struct world w;
    w = (struct world){.door = door_around(&puppet, "prov", NULL)};
    created = (struct driver_created){"h1", "{}", {MIB}, false};
    objects = (struct driver_objects){0};
    pool = (struct driver_pool){.name = "fast"};
    proof = "unmapped";
    *state = &w;
    return 0;
}

static int teardown(void **state) {
    struct world *w = *state;
    door_close(w->door);
    arena_done(&w->arena);
    return 0;
}

static const struct driver_volume volume = {.cluster = "c1",
                                            .uuid = "00000000-0000-4000-8000-000000000001",
                                            .name = "g-1",
                                            .label = "db-3",
                                            .instance = "main",
                                            .pool = "fast",
                                            .context = "{\"device\":\"x\"}"};

static struct err *run(struct world *w, struct driver_request r, struct driver_answer *ret) {
    struct driver_call call = {.arena = &w->arena};
    return door_run(w->door, &call, &r, ret);
}

static struct err *create(struct world *w) {
    struct driver_answer a;
    return run(w, (struct driver_request){.act = DRIVER_ACT_CREATE, .create = {.volume = volume, .size = {MIB}}}, &a);
}

static void a_volume_that_is_too_small_or_has_no_handle_is_not_believed(void **state) {
    assert_null(create(*state));
    created.size.n--;
    expect_err(create(*state), ERR_INTERNAL,
               "create volume 'db-3' in pool 'prov/main/fast': the driver made 1048575 bytes where 1048576");
    created.size.n++;
    created.handle = "";
    expect_err(create(*state), ERR_INTERNAL, "no handle");
    assert_int_equal(door_count(((struct world *)*state)->door, DRIVER_ACT_CREATE).failures, 2);
    assert_int_equal(door_count(((struct world *)*state)->door, DRIVER_ACT_CREATE).calls, 3);
    assert_int_equal(door_count(((struct world *)*state)->door, DRIVER_ACT_CREATE).running, 0);
}

static void a_context_is_a_small_json_object(void **state) {
    static const char *const bad[] = {"", "[]", "\"x\"", "{", "{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}"};
    char long_one[5000] = "{\"a\":\"";
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        created.context = bad[i];
        expect_err(create(*state), ERR_INTERNAL, "context");
    }
    memset(long_one + 6, 'x', 4900);
    memcpy(long_one + 4906, "\"}", 3);
    created.context = long_one;
    expect_err(create(*state), ERR_INTERNAL, "over 4 KiB");
}

static void a_list_must_advance_and_keep_to_its_page(void **state) {
    struct driver_answer a;
    const struct driver_object two[] = {{.name = "a"}, {.name = "b"}}, none[] = {{0}};
    objects = (struct driver_objects){.at = two, .count = 2};
    assert_null(run(*state, (struct driver_request){.act = DRIVER_ACT_LIST, .most = 2}, &a));
    expect_err(run(*state, (struct driver_request){.act = DRIVER_ACT_LIST, .most = 1}, &a), ERR_INTERNAL,
               "2 objects in a page of 1");
    objects.next = "b";
    expect_err(run(*state, (struct driver_request){.act = DRIVER_ACT_LIST, .most = 2, .text = "b"}, &a), ERR_INTERNAL,
               "does not advance");
    objects = (struct driver_objects){.at = none, .count = 1};
    expect_err(run(*state, (struct driver_request){.act = DRIVER_ACT_LIST, .most = 2}, &a), ERR_INTERNAL,
               "without a name");
    objects = (struct driver_objects){.unseen = &(struct driver_unseen){.instance = "main"}, .unseen_count = 1};
    expect_err(run(*state, (struct driver_request){.act = DRIVER_ACT_LIST, .most = 2}, &a), ERR_INTERNAL,
               "did not see a pool");
}

static void a_fence_without_a_proof_is_none(void **state) {
    struct driver_answer a;
    struct driver_request r = {.act = DRIVER_ACT_FENCE,
                               .attach = {.volume = volume, .host = "h1", .agent = "n1", .epoch = 1}};
    assert_null(run(*state, r, &a));
    proof = "";
    expect_err(run(*state, r, &a), ERR_INTERNAL, "fence volume 'db-3' of pool 'prov/main/fast' from agent 'n1'");
    r.attach.epoch = 0;
    expect_err(run(*state, r, &a), ERR_INVALID, "without an epoch");
}

static void what_a_driver_lacks_is_said_and_attach_is_not_needed(void **state) {
    struct driver_answer a = {0};
    expect_err(run(*state, (struct driver_request){.act = DRIVER_ACT_GROW, .volume = volume, .size = {MIB}}, &a),
               ERR_UNSUPPORTED, "grow volume 'db-3' in pool 'prov/main/fast': the driver 'puppet' cannot do that");
    struct driver_request r = {.act = DRIVER_ACT_ATTACH,
                               .attach = {.volume = volume, .host = "h1", .agent = "n1", .epoch = 1}};
    assert_null(run(*state, r, &a));
    assert_string_equal(a.context, volume.context);
    r.act = DRIVER_ACT_DETACH;
    assert_null(run(*state, r, &a));
}

static void an_inventory_that_contradicts_itself_is_refused(void **state) {
    struct driver_answer a;
    assert_null(run(*state, (struct driver_request){.act = DRIVER_ACT_INVENTORY}, &a));
    pool.smallest.n = 2;
    pool.largest.n = 1;
    expect_err(run(*state, (struct driver_request){.act = DRIVER_ACT_INVENTORY}, &a), ERR_INTERNAL,
               "take inventory of provider 'prov': the driver reported pool 'fast'");
}

static void a_driver_that_does_not_open_gives_no_door(void **state) {
    (void)state;
    struct door *d = NULL;
    expect_err(door_open(&puppet, &(struct driver_config){.provider = "prov"}, &d), ERR_UNAVAILABLE,
               "provider 'prov': the gateway");
    assert_null(d);
    opened = false;
    const struct driver_pool_config p = {.instance = "main", .name = "fast"};
    assert_null(door_open(&puppet, &(struct driver_config){.provider = "prov", .pools = &p, .pool_count = 1}, &d));
    assert_true(opened);
    door_close(d);
    assert_false(opened);
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_volume_that_is_too_small_or_has_no_handle_is_not_believed),
        T(a_context_is_a_small_json_object),
        T(a_list_must_advance_and_keep_to_its_page),
        T(a_fence_without_a_proof_is_none),
        T(what_a_driver_lacks_is_said_and_attach_is_not_needed),
        T(an_inventory_that_contradicts_itself_is_refused),
        T(a_driver_that_does_not_open_gives_no_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
