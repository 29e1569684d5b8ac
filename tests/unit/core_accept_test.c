// SPDX-License-Identifier: Apache-2.0
// ACCEPT: offers become reservations, volumes and tasks; who loses a race, and what each refusal says.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/accept.h"
#include "core/framework.h"
#include "core_play.h"

enum { OPERATION_ERROR = 4 }; // mesos.v1.OperationState

static struct item raw(uint64_t gib, const char *reserved_for, const char *source) {
    return (struct item){.kind = ITEM_STORAGE,
                         .name = "disk",
                         .amount = {(int64_t)gib * 1024 * 1000},
                         .disk = DISK_RAW,
                         .profile = "gold",
                         .reserved_for = reserved_for,
                         .source_id = source};
}

static struct accept_operation on(enum accept_kind kind, const char *id, const struct item *item) {
    return (struct accept_operation){.kind = kind, .id = id, .items = item, .item_count = 1, .target = DISK_MOUNT};
}

static uint64_t subscribed(struct play *p, const char *name, const char *role) {
    uint64_t framework = play_framework(p, name, role);
    play_wait(p, 20, NULL);
    return framework;
}

static void accept_storage(struct play *p, uint64_t framework, struct accept_operation o) {
    play_accept(p, framework, NULL, &o, 1);
    play_wait(p, 20, NULL);
}

// The latest word about an operation or task that was never made.
static const struct notice *told(const struct play *p, const char *text_id) {
    const struct notice *latest = NULL;
    VEC_EACH (n, &p->notices) {
        if (n->text_id && strcmp(n->text_id, text_id) == 0) latest = n;
    }
    if (!latest) fail_msg("nobody was told of '%s'", text_id);
    return latest;
}

static void expect_refused(const struct play *p, const char *operation, const char *words) {
    assert_int_equal(told(p, operation)->state, OPERATION_ERROR);
    expect_words(told(p, operation)->message, words);
}

static const struct reservation_row *the_reservation(const struct play *p) {
    return table_next(&p->w->state->tables[NOUN_RESERVATION], 0);
}
static const struct volume_row *the_volume(const struct play *p) {
    return table_next(&p->w->state->tables[NOUN_VOLUME], 0);
}

static const char *id_text(const struct play *p, uint64_t id) {
    return arena_format(&p->w->arena, "%llu", (unsigned long long)id);
}

// ---- reservations and disks ----

static void a_reservation_is_charged_at_once_and_given_back_by_unreserve(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item item = raw(100, "web", NULL);
    accept_storage(p, framework, on(ACCEPT_RESERVE, "r1", &item));
    assert_int_equal(play_free_gib(p), PLAY_POOL - 100);
    item = raw(100, "web", id_text(p, the_reservation(p)->id));
    accept_storage(p, framework, on(ACCEPT_UNRESERVE, "u1", &item));
    assert_null(the_reservation(p));
    assert_int_equal(play_free_gib(p), PLAY_POOL);
}

static void what_is_reserved_is_offered_also_when_nothing_more_can_be_granted(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item item = raw(PLAY_POOL, "web", NULL);
    accept_storage(p, framework, on(ACCEPT_RESERVE, "r1", &item));
    play_wait(p, 10000, NULL);
    assert_non_null(play_offer(p, framework, ""));
    assert_null(play_offer(p, subscribed(p, "till", "shop"), ""));
}

static void labels_beyond_their_bound_are_refused(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item item = raw(100, "web", NULL);
    struct accept_operation o = on(ACCEPT_RESERVE, "r1", &item);
    char bytes[4097] = {0};
    o.mesos_labels = draft_blob(world_draft(p->w), bytes, 4097);
    accept_storage(p, framework, o);
    expect_refused(p, "r1", "RESERVE: its labels have 4097 bytes; the most is 4096");
    assert_null(the_reservation(p));
    o.mesos_labels = draft_blob(world_draft(p->w), bytes, 4096);
    accept_storage(p, framework, o);
    assert_int_equal(the_reservation(p)->mesos_labels->size, 4096);
}

static void an_operation_id_is_an_id_of_bounded_length(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item item = raw(100, "web", NULL);
    char *longest = arena_zero(&p->w->arena, 1, 257);
    memset(longest, 'x', 256);
    accept_storage(p, framework, on(ACCEPT_RESERVE, longest, &item));
    expect_refused(p, longest, "the name is longer than 255 bytes");
    accept_storage(p, framework, on(ACCEPT_RESERVE, "a/b", &item));
    expect_refused(p, "a/b", "operation: the id has a '/'");
    assert_null(the_reservation(p));
    accept_storage(p, framework, on(ACCEPT_RESERVE, longest + 1, &item));
    assert_non_null(the_reservation(p));
}

static void more_than_is_left_of_a_reservation_is_refused(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item item = raw(100, "web", NULL);
    accept_storage(p, framework, on(ACCEPT_RESERVE, "r1", &item));
    item = raw(101, "web", id_text(p, the_reservation(p)->id));
    accept_storage(p, framework, on(ACCEPT_UNRESERVE, "u1", &item));
    expect_refused(p, "u1", "101 GiB was asked and 100 GiB is left of the reservation");
    accept_storage(p, framework, on(ACCEPT_CREATE_DISK, "c1", &item));
    expect_refused(p, "c1", "101 GiB was asked and 100 GiB is left of the reservation");
}

static void a_disk_takes_from_its_reservation_and_is_charged_once(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item item = raw(100, "web", NULL);
    accept_storage(p, framework, on(ACCEPT_RESERVE, "r1", &item));
    item = raw(60, "web", id_text(p, the_reservation(p)->id));
    accept_storage(p, framework, on(ACCEPT_CREATE_DISK, "c1", &item));
    assert_int_equal(the_reservation(p)->charge.bytes.n, 40 * GIB);
    assert_int_equal(the_volume(p)->charge.bytes.n, 60 * GIB);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 100);
}

static void create_from_reservation(struct play *p, uint64_t framework, struct accept_operation o, uint64_t gib) {
    struct item item = raw(gib, "web", id_text(p, the_reservation(p)->id));
    o.items = &item;
    o.item_count = 1;
    accept_storage(p, framework, o);
}

static void reserve(struct play *p, uint64_t framework, uint64_t gib) {
    struct item item = raw(gib, "web", NULL);
    accept_storage(p, framework, on(ACCEPT_RESERVE, "r1", &item));
}

static void a_reservation_makes_no_more_volumes_than_its_pool_can_hold(void **state) {
    struct play *p = *state;
    play_pool(p, (struct pool_made){.bytes = PLAY_POOL * GIB, .volumes = 2});
    uint64_t framework = subscribed(p, "db", "web");
    reserve(p, framework, 100);
    struct item item = raw(10, "web", id_text(p, the_reservation(p)->id));
    struct accept_operation three[] = {on(ACCEPT_CREATE_DISK, "c1", &item), on(ACCEPT_CREATE_DISK, "c2", &item),
                                       on(ACCEPT_CREATE_DISK, "c3", &item)};
    play_accept(p, framework, NULL, three, 3);
    expect_refused(p, "c3", "the pool holds as many volumes as it can");
    assert_int_equal(the_reservation(p)->charge.bytes.n, 80 * GIB);
}

static void a_disk_out_of_a_reservation_obeys_the_rules_of_its_pool(void **state) {
    struct play *p = *state;
    play_pool(p, (struct pool_made){.bytes = PLAY_POOL * GIB, .smallest = 20 * GIB, .capabilities = 1u << CAN_CARVE});
    uint64_t framework = subscribed(p, "db", "web");
    reserve(p, framework, 100);
    create_from_reservation(p, framework, on(ACCEPT_CREATE_DISK, "c1", NULL), 10);
    expect_refused(p, "c1", "makes volumes of 20 GiB at least, asked 10 GiB");
    struct accept_operation block = on(ACCEPT_CREATE_DISK, "c2", NULL);
    block.target = DISK_BLOCK;
    world_symbol(p->w, "raw");
    create_from_reservation(p, framework, block, 30);
    expect_refused(p, "c2", "raw");
    assert_null(the_volume(p));
}

static void a_disk_out_of_a_reservation_gets_what_its_class_promises(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.iops_per_gib = 2, .bandwidth = {100}});
    play_pool(p, (struct pool_made){.bytes = PLAY_POOL * GIB, .iops = 1000, .bandwidth = 150});
    uint64_t framework = subscribed(p, "db", "web");
    reserve(p, framework, 100);
    create_from_reservation(p, framework, on(ACCEPT_CREATE_DISK, "c1", NULL), 50);
    assert_int_equal(the_volume(p)->charge.iops.n, 100);
    assert_int_equal(the_volume(p)->charge.bandwidth.n, 100);
    create_from_reservation(p, framework, on(ACCEPT_CREATE_DISK, "c2", NULL), 50);
    expect_refused(p, "c2", "50 B/s left");
}

static void a_disk_needs_an_agent_with_its_own_filesystem(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item item = raw(10, NULL, NULL);
    struct accept_operation o = on(ACCEPT_CREATE_DISK, "c1", &item);
    o.fs = "xfs";
    world_symbol(p->w, "xfs");
    accept_storage(p, framework, o);
    expect_refused(p, "c1", "of 1 pool 0 have one with the filesystem");
    reserve(p, framework, 100);
    o.id = "c2";
    create_from_reservation(p, framework, o, 10);
    expect_refused(p, "c2", "the pool is not among those that have one with the filesystem");
}

// ---- what consumers are told ----

static void expect_no_words(const char *text, const char *words) {
    if (strstr(text, words)) fail_msg("'%s' is in: %s", words, text);
}

static const char *reserve_of(struct play *p, uint64_t framework, const char *id, const char *class, uint64_t gib) {
    struct item item = raw(gib, "web", NULL);
    item.profile = class;
    accept_storage(p, framework, on(ACCEPT_RESERVE, id, &item));
    return told(p, id)->message;
}

static void a_refusal_tells_frameworks_figures_and_rules_but_no_tags(void **state) {
    struct play *p = *state;
    world_class(p->w, (struct class_document){.name = "near", .agent = "same(topology/rack)"});
    world_class(p->w, (struct class_document){.name = "fast", .pool = "media = nvme"});
    uint64_t framework = subscribed(p, "db", "web");
    assert_string_equal(reserve_of(p, framework, "r1", "near", 100),
                        "RESERVE: class 'near', 100 GiB: no pool fits: the nearest is not among those that have one "
                        "that satisfies the class's agent selector; of 1 pool 0 have one that satisfies the class's "
                        "agent selector; would place: class 'gold' instead (1 pool)");
    const char *text = reserve_of(p, framework, "r2", "fast", 100);
    expect_words(text, "of 1 pool 0 satisfy the class's pool selector");
    expect_no_words(text, "media");
    expect_no_words(text, "file/main");
    text = reserve_of(p, framework, "r3", "gold", PLAY_POOL + 1);
    expect_words(text, "the nearest has 1000 GiB free of 1001 GiB asked; of 1 pool 0 have the bytes free; would place: "
                       "a size of 1000 GiB or less (1 pool)");
}

static void a_launch_that_is_refused_tells_no_tags(void **state) {
    struct play *p = *state;
    play_pool(p, (struct pool_made){.bytes = PLAY_POOL * GIB, .constraint = "hw/infiniband"});
    uint64_t framework = subscribed(p, "db", "web");
    play_launch(p, framework, "n1", "t1", "data", 10);
    const char *text = told(p, "t1")->message;
    expect_words(text, "class 'gold', 10 GiB on agent 'n1': no pool fits: the nearest is not among those that have an "
                       "agent that satisfies their constraints");
    expect_no_words(text, "infiniband");
}

// An option that is no option may be a tag: then the class is named that asks for it.
static void a_launch_whose_option_is_a_tag_is_told_which_class_to_ask_for(void **state) {
    struct play *p = *state;
    world_class(p->w, (struct class_document){.name = "fast", .pool = "media = nvme"});
    uint64_t framework = subscribed(p, "db", "web");
    const char *agent = id_text(p, p->n1);
    const struct task_launch tasks[] = {{.text_id = "t1", .refusal = "no", .unknown = "media=nvme", .agent = agent},
                                        {.text_id = "t2", .refusal = "no", .unknown = "colour=red", .agent = agent},
                                        {.text_id = "t3", .refusal = "no", .agent = agent}};
    struct accept_operation o = {.kind = ACCEPT_LAUNCH, .tasks = tasks, .task_count = ARRAY_LEN(tasks)};
    play_accept(p, framework, "n1", &o, 1);
    assert_string_equal(told(p, "t1")->message, "no; 'media=nvme' is a tag, which operators use: ask for a class that "
                                                "asks for it: 'fast'");
    assert_string_equal(told(p, "t2")->message, "no");
    assert_string_equal(told(p, "t3")->message, "no");
}

static void an_agent_that_may_not_use_a_volume_is_told_without_tags(void **state) {
    struct play *p = *state;
    play_make(p, "data", 10);
    play_pool(p, (struct pool_made){.bytes = PLAY_POOL * GIB, .constraint = "hw/infiniband"});
    const struct volume_row *v = the_volume(p);
    struct draft *d = world_draft(p->w);
    d->coarse = true;
    expect_err(broker_agent_check(d, p->n1, v), ERR_NO_FIT,
               "volume 'data' cannot be used there: agent 'n1' is not one that satisfies the constraints of its pool");
}

static void a_profile_that_is_a_tag_is_refused_with_the_class(void **state) {
    struct play *p = *state;
    world_class(p->w, (struct class_document){.name = "fast", .pool = "media = nvme"});
    world_class(p->w, (struct class_document){.name = "slow", .pool = "media in (hdd, tape)"});
    uint64_t framework = subscribed(p, "db", "web");
    expect_words(reserve_of(p, framework, "r1", "media=nvme", 1),
                 "operators use: ask for a class that asks for it: 'fast'");
    expect_words(reserve_of(p, framework, "r2", "media=hdd", 1), "ask for a class that asks for it: 'slow'");
    expect_words(reserve_of(p, framework, "r3", "media", 1), "no class 'media'");
}

static void a_disk_for_several_writers_has_no_filesystem(void **state) {
    struct play *p = *state;
    world_symbol(p->w, "raw");
    play_class(p, (struct class_document){.fs = "raw", .access = ACCESS_MULTI_WRITER});
    play_pool(p, (struct pool_made){.bytes = PLAY_POOL * GIB,
                                    .capabilities = 1u << CAN_CARVE | 1u << CAN_RAW_BLOCK | 1u << CAN_MULTI_ATTACH});
    uint64_t framework = subscribed(p, "db", "web");
    struct item item = raw(10, NULL, NULL);
    struct accept_operation o = on(ACCEPT_CREATE_DISK, "c1", &item);
    o.fs = "ext4";
    accept_storage(p, framework, o);
    expect_refused(p, "c1", "ext4 cannot be written from several hosts");
    reserve(p, framework, 100);
    o.id = "c2";
    create_from_reservation(p, framework, o, 10);
    expect_refused(p, "c2", "ext4 cannot be written from several hosts");
}

static void what_a_failed_create_had_taken_goes_back_to_its_reservation(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item item = raw(100, "web", NULL);
    accept_storage(p, framework, on(ACCEPT_RESERVE, "r1", &item));
    item = raw(60, "web", id_text(p, the_reservation(p)->id));
    accept_storage(p, framework, on(ACCEPT_CREATE_DISK, "c1", &item));
    play_failed(p, OP_CREATE, ERR_FULL, "no space left in /srv/ssd");
    assert_null(the_volume(p));
    assert_int_equal(the_reservation(p)->charge.bytes.n, 100 * GIB);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 100);
}

static void what_is_reserved_and_unreserved_in_one_accept_leaves_nothing(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item item = raw(100, "web", NULL);
    struct accept_operation both[] = {on(ACCEPT_RESERVE, "r1", &item), on(ACCEPT_UNRESERVE, "u1", &item)};
    play_accept(p, framework, NULL, both, 2);
    assert_null(the_reservation(p));
}

static void a_reservation_that_expires_ends_and_its_volumes_stay(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct command c = play_command(CMD_reservation_create);
    c.reservation_create = (struct cmd_reservation_create){.owner = {.role = world_symbol(p->w, "web")},
                                                           .class = "gold",
                                                           .size = {100 * GIB},
                                                           .expires = {p->w->now.wall.ms + 1000}};
    play_ok(p, &c);
    create_from_reservation(p, framework, on(ACCEPT_CREATE_DISK, "c1", NULL), 60);
    play_done(p, OP_CREATE);
    play_wait(p, 1000, NULL);
    assert_null(the_reservation(p));
    assert_int_equal(play_free_gib(p), PLAY_POOL - 60);
    expect_ok(play_delete(p, the_volume(p)->name));
    play_done(p, OP_DELETE);
    assert_int_equal(play_free_gib(p), PLAY_POOL);
}

static void a_framework_with_a_reservation_is_not_forgotten(void **state) {
    struct play *p = *state;
    uint64_t first = subscribed(p, "keeper", "*");
    struct item item = raw(10, "*", NULL);
    accept_storage(p, first, on(ACCEPT_RESERVE, "r1", &item));
    struct command end = play_command(CMD_teardown);
    end.teardown.id = first;
    play_ok(p, &end);
    for (int i = 0; i < FRAMEWORKS_KEPT + 5; i++) {
        end.teardown.id = play_framework(p, arena_format(&p->w->arena, "f%d", i), "web");
        play_ok(p, &end);
    }
    play_wait(p, 20, NULL);
    assert_non_null(state_framework(p->w->state, first));
}

static void a_reservation_is_of_its_role_only(void **state) {
    struct play *p = *state;
    uint64_t web = subscribed(p, "db", "web");
    struct item item = raw(100, "web", NULL);
    accept_storage(p, web, on(ACCEPT_RESERVE, "r1", &item));
    uint64_t shop = subscribed(p, "till", "shop");
    accept_storage(p, shop, on(ACCEPT_RESERVE, "r2", &item));
    expect_refused(p, "r2", "reserved for role 'web', but the offer is for role 'shop'");
    item = raw(10, "shop", id_text(p, the_reservation(p)->id));
    accept_storage(p, shop, on(ACCEPT_CREATE_DISK, "c2", &item));
    expect_refused(p, "c2", "role 'shop' has no reservation");
}

static void volumes_of_role_star_belong_to_one_framework(void **state) {
    struct play *p = *state;
    uint64_t first = subscribed(p, "first", "*"), second = subscribed(p, "second", "*");
    struct item item = raw(100, "*", NULL);
    accept_storage(p, first, on(ACCEPT_RESERVE, "r1", &item));
    assert_int_equal(the_reservation(p)->owner.framework, first);
    item = raw(10, "*", id_text(p, the_reservation(p)->id));
    accept_storage(p, second, on(ACCEPT_CREATE_DISK, "c2", &item));
    expect_refused(p, "c2", "role '*' has no reservation");
    accept_storage(p, first, on(ACCEPT_CREATE_DISK, "c1", &item));
    assert_int_equal(the_volume(p)->owner.framework, first);
}

static void a_framework_that_comes_back_without_its_id_owns_what_its_name_owns(void **state) {
    struct play *p = *state;
    uint64_t first = subscribed(p, "diary", "*");
    struct item item = raw(100, "*", NULL);
    accept_storage(p, first, on(ACCEPT_RESERVE, "r1", &item));
    uint64_t again = subscribed(p, "diary", "*");
    assert_int_not_equal(again, first);
    item = raw(10, "*", id_text(p, the_reservation(p)->id));
    accept_storage(p, again, on(ACCEPT_CREATE_DISK, "c1", &item));
    assert_int_equal(the_volume(p)->owner.framework, first);
}

static void the_loser_of_a_race_is_told_the_figures(void **state) {
    struct play *p = *state;
    uint64_t first = play_framework(p, "first", "web"), second = subscribed(p, "second", "shop");
    struct item item = raw(700, NULL, NULL); // both were offered the pool: the first accept that fits wins
    struct accept_operation a = on(ACCEPT_CREATE_DISK, "c1", &item), b = on(ACCEPT_CREATE_DISK, "c2", &item);
    assert_non_null(play_offer(p, second, ""));
    play_accept(p, first, NULL, &a, 1);
    play_accept(p, second, NULL, &b, 1);
    expect_refused(p, "c2", "700 GiB");
    expect_words(told(p, "c2")->message, "300 GiB");
    assert_int_equal(play_free_gib(p), PLAY_POOL - 700);
}

static void an_operation_that_fails_drops_its_own_part_only(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item good = raw(100, "web", NULL), bad = raw(5000, "web", NULL);
    struct accept_operation both[] = {on(ACCEPT_RESERVE, "r1", &bad), on(ACCEPT_RESERVE, "r2", &good)};
    play_accept(p, framework, NULL, both, 2);
    expect_refused(p, "r1", "RESERVE");
    assert_int_equal(the_reservation(p)->charge.bytes.n, 100 * GIB);
}

static void one_accept_may_reserve_create_and_launch(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item reserve = raw(100, "web", NULL), create = raw(50, "web", NULL);
    create.persistence = "data";
    const struct item items[] = {{.kind = ITEM_CPUS, .name = "cpus", .amount = {1000}}};
    const struct wanted_volume wanted = {.name = "data", .container_path = "/data"};
    struct task_launch launch = {.text_id = "t1",
                                 .items = items,
                                 .item_count = 1,
                                 .volumes = &wanted,
                                 .volume_count = 1,
                                 .agent = id_text(p, p->n1)};
    struct accept_operation operations[] = {on(ACCEPT_RESERVE, "r1", &reserve),
                                            on(ACCEPT_CREATE_DISK, "c1", &create),
                                            {.kind = ACCEPT_LAUNCH, .tasks = &launch, .task_count = 1}};
    play_accept(p, framework, "n1", operations, 3);
    assert_int_equal(the_reservation(p)->charge.bytes.n, 50 * GIB);
    assert_string_equal(play_volume(p, "data")->name, "data");
    assert_false(play_task(p, framework, "t1")->launched);
    play_done(p, OP_CREATE);
    play_done(p, OP_ATTACH);
    play_says(p, "data", IS_PUBLISHED);
    assert_true(play_task(p, framework, "t1")->launched);
}

static void a_launch_may_name_the_disk_that_its_own_accept_makes(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct item create = raw(50, "web", NULL);
    create.persistence = "data";
    struct item disk = create;
    disk.disk = DISK_MOUNT;
    disk.container_path = "/data";
    const struct item items[] = {{.kind = ITEM_CPUS, .name = "cpus", .amount = {1000}}, disk};
    struct task_launch launch = {.text_id = "t1", .items = items, .item_count = 2, .agent = id_text(p, p->n1)};
    struct accept_operation operations[] = {on(ACCEPT_RESERVE, "r1", &create),
                                            on(ACCEPT_CREATE_DISK, "c1", &create),
                                            {.kind = ACCEPT_LAUNCH, .tasks = &launch, .task_count = 1}};
    play_accept(p, framework, "n1", operations, 3);
    play_done(p, OP_CREATE);
    play_done(p, OP_ATTACH);
    play_says(p, "data", IS_PUBLISHED);
    assert_true(play_task(p, framework, "t1")->launched);
}

// ---- offers ----

// 10 GiB of an offer that is called o-9.
static void reserve_from(struct play *p, uint64_t framework, uint64_t offer, const char *role, const char *id) {
    const char *text = "o-9";
    struct item item = raw(10, role, NULL);
    struct accept_operation o = on(ACCEPT_RESERVE, id, &item);
    struct command c = play_command(CMD_accept);
    c.accept = (struct cmd_accept){.framework = framework,
                                   .offers = &offer,
                                   .offer_texts = &text,
                                   .offer_count = 1,
                                   .operations = &o,
                                   .operation_count = 1};
    play_ok(p, &c);
}

static void an_offer_is_accepted_once(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web"), offer = play_offer(p, framework, "")->id;
    reserve_from(p, framework, offer, "web", "r1");
    reserve_from(p, framework, offer, "web", "r2");
    expect_refused(p, "r2", "Offer o-9 is no longer valid");
    assert_int_equal(play_free_gib(p), PLAY_POOL - 10);
}

static void an_offer_of_another_framework_is_not_accepted(void **state) {
    struct play *p = *state;
    uint64_t first = subscribed(p, "first", "web"), second = subscribed(p, "second", "shop");
    uint64_t offer = play_offer(p, first, "")->id;
    reserve_from(p, second, offer, "shop", "r1");
    expect_refused(p, "r1", "no longer valid");
    assert_non_null(state_offer(p->w->state, offer));
    assert_null(the_reservation(p));
}

static void a_task_takes_no_more_than_was_offered(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    const struct item items[] = {{.kind = ITEM_CPUS, .name = "cpus", .amount = {9000}}};
    struct task_launch launch = {.text_id = "t1", .items = items, .item_count = 1, .agent = id_text(p, p->n1)};
    struct accept_operation o = {.kind = ACCEPT_LAUNCH, .tasks = &launch, .task_count = 1};
    play_accept(p, framework, "n1", &o, 1);
    assert_null(play_task(p, framework, "t1"));
    assert_int_equal(told(p, "t1")->state, TASK_ERROR);
    expect_words(told(p, "t1")->message, "cpus 9.000 of 8.000");
}

// ---- what grows ----

// The framework grows volume `db`, which is in one of its offers, by so many thousandths of a MiB.
// Tasks of one ACCEPT that each ask for those ports.
static uint64_t launched_with_ports(struct play *p, const struct port_range *first, size_t count,
                                    struct port_range second) {
    world_agent(p->w, (struct agent_made){.name = "n1", .tags = "fs/ext4", .ports = {31000, 31009}});
    uint64_t framework = subscribed(p, "db", "web");
    const struct item items[][2] = {
        {{.kind = ITEM_CPUS, .name = "cpus", .amount = {1000}},
         {.kind = ITEM_PORTS, .name = "ports", .ports = first, .port_count = count}},
        {{.kind = ITEM_CPUS, .name = "cpus", .amount = {1000}},
         {.kind = ITEM_PORTS, .name = "ports", .ports = &second, .port_count = 1}},
    };
    struct task_launch tasks[] = {
        {.text_id = "t1", .items = items[0], .item_count = 2, .agent = id_text(p, p->n1)},
        {.text_id = "t2", .items = items[1], .item_count = 2, .agent = id_text(p, p->n1)},
    };
    struct accept_operation o = {.kind = ACCEPT_LAUNCH, .tasks = tasks, .task_count = 2};
    play_accept(p, framework, "n1", &o, 1);
    assert_non_null(play_task(p, framework, "t1"));
    return framework;
}

static void a_port_is_taken_once_in_one_accept(void **state) {
    struct play *p = *state;
    const struct port_range overlapping[] = {{31003, 31005}, {31000, 31004}};
    uint64_t framework = launched_with_ports(p, overlapping, 2, (struct port_range){31000, 31001});
    assert_null(play_task(p, framework, "t2"));
    expect_words(told(p, "t2")->message, "Task uses more resources than offered: ports 31000-31001");
}

static void what_one_task_leaves_of_the_ports_the_next_may_take(void **state) {
    struct play *p = *state;
    const struct port_range middle = {31003, 31005};
    uint64_t framework = launched_with_ports(p, &middle, 1, (struct port_range){31006, 31009});
    assert_non_null(play_task(p, framework, "t2"));
}

static void grow(struct play *p, uint64_t framework, const char *id, int64_t milli_mib) {
    const struct volume_row *v = play_volume(p, "db");
    char uuid[UUID_TEXT];
    uuid_text(v->uuid, uuid);
    struct item item = raw(50, NULL, uuid);
    item.disk = DISK_MOUNT;
    struct accept_operation o = on(ACCEPT_GROW, id, &item);
    o.grow_by.n = milli_mib;
    const struct offer_row *offer = state_offer(p->w->state, v->offer);
    assert_non_null(offer);
    play_accept(p, framework, state_agent(p->w->state, offer->agent)->name, &o, 1);
}

static void an_offered_volume_grows(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    uint64_t framework = subscribed(p, "db", "web");
    grow(p, framework, "g1", 10 * 1024 * 1000);
    assert_int_equal(play_volume(p, "db")->grow_to.n, 60 * GIB);
}

static void a_growth_beyond_all_numbers_is_refused(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    uint64_t framework = subscribed(p, "db", "web");
    grow(p, framework, "g1", ((int64_t)1 << 44) + 1024 * 1000); // 16 PiB and 1 GiB
    expect_refused(p, "g1", "16.4 PiB asked");
    assert_int_equal(play_volume(p, "db")->grow_to.n, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_reservation_is_charged_at_once_and_given_back_by_unreserve),
        T(what_is_reserved_is_offered_also_when_nothing_more_can_be_granted),
        T(labels_beyond_their_bound_are_refused),
        T(an_operation_id_is_an_id_of_bounded_length),
        T(more_than_is_left_of_a_reservation_is_refused),
        T(a_disk_takes_from_its_reservation_and_is_charged_once),
        T(a_reservation_makes_no_more_volumes_than_its_pool_can_hold),
        T(a_disk_out_of_a_reservation_obeys_the_rules_of_its_pool),
        T(a_disk_out_of_a_reservation_gets_what_its_class_promises),
        T(a_disk_needs_an_agent_with_its_own_filesystem),
        T(a_refusal_tells_frameworks_figures_and_rules_but_no_tags),
        T(a_launch_whose_option_is_a_tag_is_told_which_class_to_ask_for),
        T(a_launch_that_is_refused_tells_no_tags),
        T(an_agent_that_may_not_use_a_volume_is_told_without_tags),
        T(a_profile_that_is_a_tag_is_refused_with_the_class),
        T(a_disk_for_several_writers_has_no_filesystem),
        T(what_a_failed_create_had_taken_goes_back_to_its_reservation),
        T(what_is_reserved_and_unreserved_in_one_accept_leaves_nothing),
        T(a_reservation_that_expires_ends_and_its_volumes_stay),
        T(a_framework_with_a_reservation_is_not_forgotten),
        T(a_reservation_is_of_its_role_only),
        T(volumes_of_role_star_belong_to_one_framework),
        T(a_framework_that_comes_back_without_its_id_owns_what_its_name_owns),
        T(the_loser_of_a_race_is_told_the_figures),
        T(an_operation_that_fails_drops_its_own_part_only),
        T(one_accept_may_reserve_create_and_launch),
        T(a_launch_may_name_the_disk_that_its_own_accept_makes),
        T(an_offer_is_accepted_once),
        T(an_offer_of_another_framework_is_not_accepted),
        T(a_task_takes_no_more_than_was_offered),
        T(a_port_is_taken_once_in_one_accept),
        T(what_one_task_leaves_of_the_ports_the_next_may_take),
        T(an_offered_volume_grows),
        T(a_growth_beyond_all_numbers_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
