// SPDX-License-Identifier: Apache-2.0
// A driver opened for the conformance suite. Knows no driver in particular.
#include "driver_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"
#include "driver/flaky.h"
#include "sys/file.h"

static const char cluster[] = "c1";

static void expect_ok(struct err *e) {
    if (e) print_error("%s\n", err_text(e));
    assert_null(e);
}

// "@/pool" -> "<scratch>/pool"
static const char *place(struct driver_world *w, const char *value) {
    return value[0] == '@' ? arena_format(&w->arena, "%s%s", w->scratch, value + 1) : value;
}

static struct driver_config world_config(struct driver_world *w) {
    struct driver_pair *settings = arena_zero(&w->arena, w->of->pool_setting_count + 1, sizeof *settings);
    for (size_t i = 0; i < w->of->pool_setting_count; i++)
        settings[i] = (struct driver_pair){w->of->pool_settings[i].key, place(w, w->of->pool_settings[i].value)};
    struct driver_pool_config *pool = ARENA_NEW(&w->arena, struct driver_pool_config);
    *pool = (struct driver_pool_config){.instance = "main",
                                        .name = "p1",
                                        .capacity = {WORLD_CAPACITY},
                                        .settings = {settings, w->of->pool_setting_count}};
    return (struct driver_config){.provider = "under-test", .pools = pool, .pool_count = w->of->no_pools ? 0 : 1};
}

void world_open(struct driver_world *w, const struct driver_case *of) {
    *w = (struct driver_world){.of = of};
    snprintf(w->scratch, sizeof w->scratch, "/tmp/granary-conform-XXXXXX");
    assert_non_null(mkdtemp(w->scratch));
    w->call = (struct driver_call){.arena = &w->arena, .timeout_ms = 1000, .cluster = cluster};
    struct driver_config config = world_config(w);
    const struct driver *opened = of->inner ? of->inner : of->driver;
    expect_ok(door_open(opened, &config, &w->inner_door));
    w->inner_self = door_self(w->inner_door);
    w->self = w->inner_self;
    w->door = w->inner_door;
    if (of->inner) {
        expect_ok(flaky_wrap(of->inner, w->inner_self, of->schedule, &w->self));
        w->door = door_around(of->driver, "under-test", w->self);
    }
    if (!of->no_pools) w->capabilities = world_pool(w).capabilities;
}

void world_close(struct driver_world *w) {
    if (w->of->inner) {
        door_close(w->door);
        flaky_unwrap(w->self);
    }
    door_close(w->inner_door);
    arena_done(&w->arena);
    expect_ok(tree_remove(w->scratch));
}

struct err *world_run(struct driver_world *w, const struct driver_request *request, struct driver_answer *ret_answer) {
    for (int i = 0;; i++) {
        struct err *e = door_run(w->door, &w->call, request, ret_answer);
        if (!e || !w->of->retries || i == 20 || (err_kind(e) != ERR_UNKNOWN && err_kind(e) != ERR_TIMEOUT)) return e;
        err_free(e);
    }
}

struct driver_volume world_volume(struct driver_world *w, unsigned number) {
    return (struct driver_volume){
        .cluster = cluster,
        .uuid = arena_format(&w->arena, "00000000-0000-4000-8000-%012u", number),
        .name = arena_format(&w->arena, "g-%u", number),
        .label = arena_format(&w->arena, "db-%u", number),
        .instance = "main",
        .pool = "p1",
    };
}

struct driver_pool world_pool(struct driver_world *w) {
    struct driver_answer a = {0};
    expect_ok(world_run(w, &(struct driver_request){.act = DRIVER_ACT_INVENTORY}, &a));
    assert_int_equal(a.inventory.instance_count, 1);
    assert_string_equal(a.inventory.instances[0].name, "main");
    assert_int_equal(a.inventory.instances[0].pool_count, 1);
    return a.inventory.instances[0].pools[0];
}

struct err *world_create(struct driver_world *w, unsigned number, uint64_t size, struct driver_created *ret_created) {
    struct driver_answer a = {0};
    struct driver_request r = {.act = DRIVER_ACT_CREATE,
                               .create = {.volume = world_volume(w, number), .size = {size}, .fs = "ext4"}};
    struct err *e = world_run(w, &r, &a);
    if (ret_created) *ret_created = a.created;
    return e;
}

struct err *world_remove(struct driver_world *w, unsigned number) {
    struct driver_answer a = {0};
    return world_run(w, &(struct driver_request){.act = DRIVER_ACT_REMOVE, .volume = world_volume(w, number)}, &a);
}

struct driver_objects world_list(struct driver_world *w, size_t most) {
    struct driver_object *all = arena_zero(&w->arena, 1000, sizeof *all);
    size_t count = 0;
    const char *token = NULL;
    do {
        struct driver_answer a = {0};
        expect_ok(world_run(w, &(struct driver_request){.act = DRIVER_ACT_LIST, .text = token, .most = most}, &a));
        assert_in_range(count + a.objects.count, 0, 1000);
        for (size_t i = 0; i < a.objects.count; i++) all[count++] = a.objects.at[i];
        token = a.objects.next;
    } while (token);
    return (struct driver_objects){.at = all, .count = count};
}

size_t world_listed(struct driver_world *w, unsigned number, struct driver_object *ret_object) {
    struct driver_objects all = world_list(w, 100);
    struct driver_volume v = world_volume(w, number);
    size_t found = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (!text_equal(all.at[i].name, v.name) && !text_equal(all.at[i].uuid, v.uuid)) continue;
        found++;
        if (ret_object) *ret_object = all.at[i];
    }
    return found;
}
