// SPDX-License-Identifier: Apache-2.0
// Attach slots and storage bandwidth of an agent: what attachments take, who is refused, who waits, what comes back.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/attach_room.h"
#include "core_play.h"

static uint64_t used(const struct play *p, uint64_t agent) {
    return state_held(p->w->state, agent)->bandwidth / MIB;
}

static void narrow(struct play *p, struct agent_made made) {
    made.name = "n1";
    made.tags = "fs/ext4";
    world_agent(p->w, made);
}

// ---- bandwidth ----

static void an_attachment_takes_the_bandwidth_that_its_volume_was_granted(void **state) {
    struct play *p = *state;
    world_pool(p->w, (struct pool_made){.provider = "file", .name = "ssd", .bytes = TIB, .bandwidth = GIB});
    play_class(p, (struct class_document){.bandwidth = {60 * MIB}});
    narrow(p, (struct agent_made){.bandwidth = 100 * MIB});
    play_make(p, "a", 1);
    play_make(p, "b", 1);
    expect_ok(play_publish(p, "a", "n1"));
    assert_int_equal(used(p, p->n1), 60);
    assert_int_equal(play_attachment(p, "a")->bandwidth.n, 60 * MIB);
    expect_err(play_publish(p, "b", "n1"), ERR_NO_FIT,
               "publish volume 'b': volume 'b' cannot be used there: file/main/ssd, agent 'n1': asked 60 MiB/s to the "
               "storage, found 40 MiB/s left (agent, reported)");
    expect_ok(play_publish(p, "b", "n2")); // it counts none
    assert_int_equal(used(p, p->n1), 60);
    play_done(p, OP_ATTACH);
    play_says(p, "a", IS_PUBLISHED);
    expect_ok(play_unpublish(p, "a"));
    play_says(p, "a", IS_UNPUBLISHED);
    play_done(p, OP_DETACH);
    assert_int_equal(used(p, p->n1), 0);
}

static void volumes_without_bandwidth_take_none(void **state) {
    struct play *p = *state;
    narrow(p, (struct agent_made){.bandwidth = 1});
    play_make(p, "a", 1);
    expect_ok(play_publish(p, "a", "n1"));
    assert_int_equal(used(p, p->n1), 0);
}

// ---- slots ----

static void drivers_that_share_a_bus_share_its_slots(void **state) {
    struct play *p = *state;
    struct world *w = p->w;
    narrow(p, (struct agent_made){.slots = 9, .bus = "memory+nvme", .bus_slots = 2});
    const struct agent_row *n1 = play_agent(p, "n1");
    uint64_t first = world_volume(w, "a", "gold", "file/main/ssd", GIB);
    world_attachment(w, first, "n1", ATTACHMENT_IN_USE);
    const struct attach_bus *bus = NULL;
    struct attach_room room = attach_room(world_draft(w), n1);
    assert_int_equal(attach_room_rule(&room, w->state, p->pool, (struct bandwidth){0}, &bus), RULE_NONE);
    attach_room_take(&room, w->state, p->pool, (struct bandwidth){0});
    assert_int_equal(attach_room_rule(&room, w->state, p->pool, (struct bandwidth){0}, &bus), RULE_SLOTS);
    assert_string_equal(bus->drivers, "memory+nvme");
    uint64_t second = world_volume(w, "b", "gold", "file/main/ssd", GIB);
    world_attachment(w, second, "n1", ATTACHMENT_IN_USE);
    play_make(p, "c", 1);
    expect_err(play_publish(p, "c", "n1"), ERR_NO_FIT, "asked an attach slot of memory+nvme, found all 2 taken");
    narrow(p, (struct agent_made){.slots = 9, .bus = "nvme+memo+memoryx", .bus_slots = 2}); // none is this driver
    expect_ok(play_publish(p, "c", "n1"));
}

static void a_draft_counts_what_it_attaches_and_detaches(void **state) {
    struct play *p = *state;
    struct world *w = p->w;
    narrow(p, (struct agent_made){.slots = 2, .bus = "memory", .bus_slots = 2});
    uint64_t a = world_volume(w, "a", "gold", "file/main/ssd", GIB);
    uint64_t old = world_attachment(w, a, "n1", ATTACHMENT_IN_USE);
    struct draft *d = world_draft(w);
    struct attachment_row *fresh = draft_add(d, NOUN_ATTACHMENT, EV_attachment_wanted);
    fresh->agent = p->n1;
    fresh->volume = a;
    fresh->bandwidth.n = 5;
    struct attach_room room = attach_room(d, play_agent(p, "n1"));
    assert_true(room.attachments == 2 && room.on_bus[0] == 2 && room.bandwidth == 5);
    draft_remove(d, NOUN_ATTACHMENT, old, EV_attachment_gone);
    room = attach_room(d, play_agent(p, "n1"));
    assert_true(room.attachments == 1 && room.on_bus[0] == 1 && room.bandwidth == 5);
}

// ---- tasks ----

// A task that names both volumes; made when they are not there.
static void launch_two(struct play *p, uint64_t framework, const char *task) {
    const struct item items[] = {{.kind = ITEM_CPUS, .name = "cpus", .amount = {1000}}};
    const struct wanted_volume wanted[] = {
        {.name = "a", .container_path = "/a", .class = "gold", .size = {GIB}},
        {.name = "b", .container_path = "/b", .class = "gold", .size = {GIB}},
    };
    struct task_launch launch = {.text_id = task,
                                 .items = items,
                                 .item_count = 1,
                                 .volumes = wanted,
                                 .volume_count = 2,
                                 .agent = arena_format(&p->w->arena, "%llu", (unsigned long long)p->n1)};
    const struct accept_operation operation = {.kind = ACCEPT_LAUNCH, .tasks = &launch, .task_count = 1};
    play_accept(p, framework, "n1", &operation, 1);
}

static void a_launch_needs_room_for_its_volumes_together(void **state) {
    struct play *p = *state;
    narrow(p, (struct agent_made){.slots = 1});
    uint64_t f = play_framework(p, "f", "web");
    play_wait(p, 20, NULL);
    launch_two(p, f, "t");
    assert_null(play_task(p, f, "t"));
    expect_words(vec_last(&p->notices)->message, "volume 'b' cannot be used there beside the others");
    assert_null(play_volume(p, "a")); // nothing of the launch is left
    narrow(p, (struct agent_made){.slots = 2});
    play_wait(p, 20, NULL);
    launch_two(p, f, "t");
    assert_non_null(play_task(p, f, "t"));
}

static void a_launch_is_promised_the_slots_of_volumes_that_are_being_made(void **state) {
    struct play *p = *state;
    narrow(p, (struct agent_made){.slots = 1});
    play_make(p, "other", 1);
    uint64_t f = play_framework(p, "f", "web");
    play_wait(p, 20, NULL);
    play_launch(p, f, "n1", "t", "a", 1); // being made
    expect_err(play_publish(p, "other", "n1"), ERR_NO_FIT, "asked an attach slot, found all 1 taken");
    play_done(p, OP_CREATE);
    assert_non_null(play_attachment(p, "a"));
    assert_int_equal(attach_room(world_draft(p->w), play_agent(p, "n1")).attachments, 1);
}

static void an_offer_of_a_volume_goes_with_the_last_slot(void **state) {
    struct play *p = *state;
    narrow(p, (struct agent_made){.slots = 1});
    world_agent_state(p->w, "n2", AGENT_IS_LOST, 0);
    play_make(p, "a", 1);
    play_make(p, "b", 1);
    uint64_t f = play_framework(p, "f", "web");
    play_wait(p, 20, NULL);
    const struct offer_row *o = play_offer(p, f, "n1");
    assert_true(o && blob_count(o->volumes, uint64_t) == 2);
    expect_ok(play_publish(p, "a", "n1"));
    assert_true(play_happened(p, EV_offer_rescinded));
    play_wait(p, 20, NULL);
    o = play_offer(p, f, "n1");
    assert_true(o && !blob_count(o->volumes, uint64_t));
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
    const struct CMUnitTest tests[] = {
        T(an_attachment_takes_the_bandwidth_that_its_volume_was_granted),
        T(volumes_without_bandwidth_take_none),
        T(drivers_that_share_a_bus_share_its_slots),
        T(a_draft_counts_what_it_attaches_and_detaches),
        T(a_launch_needs_room_for_its_volumes_together),
        T(a_launch_is_promised_the_slots_of_volumes_that_are_being_made),
        T(an_offer_of_a_volume_goes_with_the_last_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
