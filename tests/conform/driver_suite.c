// SPDX-License-Identifier: Apache-2.0
// What every driver must do, whichever storage it drives: the suite. A test that asks for what the pool does not claim
// passes by checking that it is refused in a sentence.
#include "driver_world.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "sys/file.h"

enum { MB = 1 << 20 };

static const struct driver_case *running; // cmocka hands over one pointer per group

static void expect_ok(struct err *e) {
    if (e) print_error("%s\n", err_text(e));
    assert_null(e);
}

static void expect_err(struct err *e, enum err_kind kind, const char *words) {
    assert_non_null(e);
    if (err_kind(e) != kind || !strstr(err_text(e), words))
        print_error("%s: %s\n", err_kind_name(err_kind(e)), err_text(e));
    assert_int_equal(err_kind(e), kind);
    assert_non_null(strstr(err_text(e), words));
    err_free(e);
}

static int setup(void **state) {
    struct driver_world *w = calloc(1, sizeof *w);
    *state = w;
    world_open(w, running);
    return 0;
}

static int teardown(void **state) {
    world_close(*state);
    free(*state);
    return 0;
}

// True where there is no pool to work in: then making a volume is refused.
static bool without_pools(struct driver_world *w) {
    if (!w->of->no_pools) return false;
    struct err *e = world_create(w, 1, MB, NULL);
    assert_non_null(e);
    assert_non_null(strstr(err_text(e), "db-1"));
    err_free(e);
    return true;
}

static uint64_t pool_free(struct driver_world *w) {
    struct driver_pool p = world_pool(w);
    assert_true(p.knows & (DRIVER_KNOWS_TOTAL | DRIVER_KNOWS_FREE));
    return p.knows & DRIVER_KNOWS_FREE ? p.free.n : p.total.n;
}

// ---- tests ----

static void a_pool_claims_only_what_the_table_has(void **state) {
    struct driver_world *w = *state;
    if (w->of->no_pools) return;
    const struct driver *d = w->of->inner ? w->of->inner : w->of->driver;
    assert_int_equal(w->capabilities & ~d->capabilities, 0);
    assert_true(!(w->capabilities & DRIVER_CARVE) || (d->create && d->remove));
    assert_true(!(w->capabilities & DRIVER_GROW) || d->grow);
    assert_true(!(w->capabilities & DRIVER_FENCE) || d->fence);
    assert_true(!(w->capabilities & DRIVER_LIST) || d->list);
    assert_true(!(w->capabilities & DRIVER_SNAPSHOT) || (d->snapshot && d->snapshot_remove));
    assert_true(!(w->capabilities & DRIVER_TAG) || d->tag);
}

static void creating_twice_makes_one_volume(void **state) {
    struct driver_world *w = *state;
    struct driver_created first, second;
    struct driver_object o = {0};
    if (without_pools(w)) return;
    expect_ok(world_create(w, 1, 5 * MB + 1, &first));
    expect_ok(world_create(w, 1, 5 * MB + 1, &second));
    assert_string_equal(first.handle, second.handle);
    assert_int_equal(first.size.n, second.size.n);
    assert_true(text_equal(first.context, second.context));
    assert_int_equal(world_listed(w, 1, &o), 1);
    assert_int_equal(o.size.n, first.size.n);
    assert_string_equal(o.handle, first.handle);
}

static void a_volume_is_as_large_as_asked_and_a_multiple_of_the_granularity(void **state) {
    struct driver_world *w = *state;
    struct driver_created made;
    if (without_pools(w)) return;
    struct driver_pool p = world_pool(w);
    expect_ok(world_create(w, 1, 3 * MB + 1, &made));
    assert_true(made.size.n >= 3 * MB + 1);
    if (p.granularity.n) assert_int_equal(made.size.n % p.granularity.n, 0);
    if (p.smallest.n) assert_true(made.size.n >= p.smallest.n);
    if (w->capabilities & DRIVER_ZEROED) assert_true(made.zeroed);
}

static void making_it_again_larger_is_refused(void **state) {
    struct driver_world *w = *state;
    if (without_pools(w)) return;
    expect_ok(world_create(w, 1, 2 * MB, NULL));
    expect_err(world_create(w, 1, 20 * MB, NULL), ERR_CONFLICT, "smaller");
}

static void deleting_gives_the_capacity_back_and_may_be_repeated(void **state) {
    struct driver_world *w = *state;
    if (without_pools(w)) return;
    uint64_t before = pool_free(w);
    expect_ok(world_create(w, 1, 8 * MB, NULL));
    expect_ok(world_remove(w, 1));
    expect_ok(world_remove(w, 1));
    expect_ok(world_remove(w, 77));
    assert_int_equal(world_listed(w, 1, NULL), 0);
    assert_int_equal(pool_free(w), before);
    expect_ok(world_create(w, 1, 8 * MB, NULL));
}

// Writes a file into a directory volume, and holds it open; -1 for other volumes.
static int secret_write(struct driver_world *w, const struct driver_created *made) {
    const char *at = made->context ? strstr(made->context, "\"path\":\"") : NULL;
    if (!at || !strstr(made->context, "\"directory\"")) return -1;
    at += strlen("\"path\":\"");
    const char *file = arena_format(&w->arena, "%.*s/file", (int)strcspn(at, "\""), at);
    expect_ok(file_write(file, "secret", 6, 0600));
    return open(file, O_RDONLY | O_CLOEXEC);
}

static void a_wiped_volume_leaves_nothing_to_read(void **state) {
    struct driver_world *w = *state;
    struct driver_created made;
    struct driver_answer a;
    char found[6] = "";
    if (without_pools(w)) return;
    expect_ok(world_create(w, 1, MB, &made));
    AUTO_FD int secret = secret_write(w, &made);
    struct driver_request r = {.act = DRIVER_ACT_REMOVE, .volume = world_volume(w, 1), .wipe = true};
    expect_ok(world_run(w, &r, &a));
    assert_int_equal(world_listed(w, 1, NULL), 0);
    if (secret < 0) return;
    assert_int_equal(pread(secret, found, sizeof found, 0), sizeof found);
    assert_memory_equal(found, "\0\0\0\0\0\0", sizeof found);
}

static void what_others_made_is_listed_and_never_deleted(void **state) {
    struct driver_world *w = *state;
    if (without_pools(w) || !w->of->add_foreign) return;
    w->of->add_foreign(w->inner_self, w->scratch);
    expect_ok(world_create(w, 1, MB, NULL));
    struct driver_objects all = world_list(w, 100);
    assert_int_equal(all.count, 2);
    struct driver_volume v = world_volume(w, 9);
    v.name = "foreign";
    struct driver_answer a;
    struct err *e = world_run(w, &(struct driver_request){.act = DRIVER_ACT_REMOVE, .volume = v}, &a);
    err_free(e); // refused, or success because that volume of ours does not exist
    assert_true(w->of->foreign_there(w->inner_self, w->scratch));
    struct driver_request r = {.act = DRIVER_ACT_CREATE, .create = {.volume = v, .size = {MB}}};
    expect_err(world_run(w, &r, &a), ERR_CONFLICT, "somebody else");
    assert_true(w->of->foreign_there(w->inner_self, w->scratch));
}

static void a_list_by_pages_shows_each_object_once(void **state) {
    struct driver_world *w = *state;
    if (without_pools(w)) return;
    for (unsigned i = 1; i <= 7; i++) expect_ok(world_create(w, i, MB, NULL));
    for (size_t most = 1; most <= 8; most++) assert_int_equal(world_list(w, most).count, 7);
}

static void a_volume_grows_and_never_shrinks(void **state) {
    struct driver_world *w = *state;
    struct driver_answer a = {0};
    struct driver_created made;
    if (without_pools(w)) return;
    expect_ok(world_create(w, 1, 2 * MB, &made));
    struct driver_request r = {.act = DRIVER_ACT_GROW, .volume = world_volume(w, 1), .size = {6 * MB}};
    if (!(w->capabilities & DRIVER_GROW)) {
        expect_err(world_run(w, &r, &a), ERR_UNSUPPORTED, "cannot");
        return;
    }
    expect_ok(world_run(w, &r, &a));
    assert_true(a.size.n >= 6 * MB);
    uint64_t grown = a.size.n;
    r.size.n = MB;
    expect_ok(world_run(w, &r, &a));
    assert_int_equal(a.size.n, grown);
    struct driver_object o = {0};
    assert_int_equal(world_listed(w, 1, &o), 1);
    assert_int_equal(o.size.n, grown);
    r.volume = world_volume(w, 5);
    expect_err(world_run(w, &r, &a), ERR_NOT_FOUND, "db-5");
}

static void a_full_pool_says_so_and_keeps_nothing(void **state) {
    struct driver_world *w = *state;
    if (without_pools(w)) return;
    uint64_t before = pool_free(w);
    expect_ok(world_create(w, 1, WORLD_CAPACITY / 2, NULL));
    expect_err(world_create(w, 2, WORLD_CAPACITY, NULL), ERR_FULL, "create volume 'db-2' in pool 'under-test/main/p1'");
    assert_int_equal(world_listed(w, 2, NULL), 0);
    expect_ok(world_create(w, 2, 2 * MB, NULL));
    expect_ok(world_remove(w, 1));
    expect_ok(world_remove(w, 2));
    assert_int_equal(pool_free(w), before);
}

static struct driver_attach attach_of(struct driver_world *w, const char *host, const char *agent, uint64_t epoch) {
    return (struct driver_attach){.volume = world_volume(w, 1), .host = host, .agent = agent, .epoch = epoch};
}

static const char *this_host(const struct driver_world *w) {
    return w->of->host ? w->of->host() : "h1";
}

static void an_attachment_may_be_repeated_and_ended_twice(void **state) {
    struct driver_world *w = *state;
    struct driver_answer first = {0}, second = {0};
    if (without_pools(w)) return;
    expect_ok(world_create(w, 1, MB, NULL));
    struct driver_request r = {.act = DRIVER_ACT_ATTACH, .attach = attach_of(w, this_host(w), "n1", 1)};
    expect_ok(world_run(w, &r, &first));
    expect_ok(world_run(w, &r, &second));
    assert_true(text_equal(first.context, second.context));
    r.act = DRIVER_ACT_DETACH;
    expect_ok(world_run(w, &r, &second));
    expect_ok(world_run(w, &r, &second));
    expect_ok(world_remove(w, 1));
    expect_ok(world_run(w, &r, &second));
}

static void an_attached_volume_is_refused_to_a_second_host(void **state) {
    struct driver_world *w = *state;
    struct driver_answer a = {0};
    if (without_pools(w) || !w->of->refuses_second_host) return;
    expect_ok(world_create(w, 1, MB, NULL));
    struct driver_request r = {.act = DRIVER_ACT_ATTACH, .attach = attach_of(w, "h1", "n1", 1)};
    expect_ok(world_run(w, &r, &a));
    r.attach = attach_of(w, "h2", "n2", 2);
    expect_err(world_run(w, &r, &a), ERR_CONFLICT, "attach volume 'db-1' of pool 'under-test/main/p1' to agent 'n2'");
    expect_err(world_remove(w, 1), ERR_CONFLICT, "h1");
    struct driver_request f = {.act = DRIVER_ACT_FENCE, .attach = attach_of(w, "h1", "n1", 1)};
    expect_ok(world_run(w, &f, &a));
    expect_ok(world_run(w, &r, &a));
}

static void a_fence_gives_a_proof_and_may_be_repeated(void **state) {
    struct driver_world *w = *state;
    struct driver_answer a = {0};
    if (without_pools(w)) return;
    expect_ok(world_create(w, 1, MB, NULL));
    struct driver_request r = {.act = DRIVER_ACT_FENCE, .attach = attach_of(w, this_host(w), "n1", 3)};
    if (!(w->capabilities & DRIVER_FENCE)) {
        expect_err(world_run(w, &r, &a), ERR_UNSUPPORTED, "cannot");
        return;
    }
    for (int i = 0; i < 2; i++) {
        expect_ok(world_run(w, &r, &a));
        assert_true(strlen(a.proof) > 10);
    }
}

static void a_snapshot_can_be_cloned(void **state) {
    struct driver_world *w = *state;
    struct driver_answer a = {0};
    if (without_pools(w) || !(w->capabilities & DRIVER_SNAPSHOT)) return;
    expect_ok(world_create(w, 1, 2 * MB, NULL));
    struct driver_request r = {.act = DRIVER_ACT_SNAPSHOT, .volume = world_volume(w, 1), .text = "g-snap"};
    expect_ok(world_run(w, &r, &a));
    const char *snapshot = a.snapshot.handle;
    expect_ok(world_run(w, &r, &a));
    assert_string_equal(a.snapshot.handle, snapshot);
    struct driver_request c = {.act = DRIVER_ACT_CREATE,
                               .create = {.volume = world_volume(w, 2), .size = {2 * MB}, .source = snapshot}};
    if (w->capabilities & DRIVER_CLONE) expect_ok(world_run(w, &c, &a));
    for (int i = 0; i < 2; i++)
        expect_ok(world_run(w, &(struct driver_request){.act = DRIVER_ACT_SNAPSHOT_REMOVE, .text = snapshot}, &a));
}

static void bad_arguments_never_reach_the_driver(void **state) {
    struct driver_world *w = *state;
    struct driver_answer a = {0};
    struct driver_request r = {.act = DRIVER_ACT_CREATE, .create = {.volume = world_volume(w, 1), .size = {0}}};
    expect_err(door_run(w->door, &w->call, &r, &a), ERR_INVALID, "size");
    r.create.size.n = MB;
    r.create.volume.uuid = "no";
    expect_err(door_run(w->door, &w->call, &r, &a), ERR_INVALID, "not a UUID");
    r.create.volume = world_volume(w, 1);
    r.create.volume.name = "../../etc/passwd";
    expect_err(door_run(w->door, &w->call, &r, &a), ERR_INVALID, "../../etc/passwd");
    r = (struct driver_request){.act = DRIVER_ACT_ATTACH, .attach = attach_of(w, "", "n1", 1)};
    expect_err(door_run(w->door, &w->call, &r, &a), ERR_INVALID, "n1");
    if (w->of->no_pools) return;
    r = (struct driver_request){.act = DRIVER_ACT_CREATE, .create = {.volume = world_volume(w, 1), .size = {MB}}};
    r.create.volume.pool = "none";
    expect_err(world_run(w, &r, &a), ERR_NOT_FOUND, "under-test/main/none");
}

int driver_conform(const struct driver_case *of) {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_pool_claims_only_what_the_table_has),
        T(creating_twice_makes_one_volume),
        T(a_volume_is_as_large_as_asked_and_a_multiple_of_the_granularity),
        T(making_it_again_larger_is_refused),
        T(deleting_gives_the_capacity_back_and_may_be_repeated),
        T(a_wiped_volume_leaves_nothing_to_read),
        T(what_others_made_is_listed_and_never_deleted),
        T(a_list_by_pages_shows_each_object_once),
        T(a_volume_grows_and_never_shrinks),
        T(a_full_pool_says_so_and_keeps_nothing),
        T(an_attachment_may_be_repeated_and_ended_twice),
        T(an_attached_volume_is_refused_to_a_second_host),
        T(a_fence_gives_a_proof_and_may_be_repeated),
        T(a_snapshot_can_be_cloned),
        T(bad_arguments_never_reach_the_driver),
    };
    running = of;
    return cmocka_run_group_tests_name(of->name, tests, NULL, NULL);
}
