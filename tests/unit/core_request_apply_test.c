// SPDX-License-Identifier: Apache-2.0
// One request for several volumes and part of an agent: taken whole, refused whole; what is kept of the agent is offered to its
// role alone, used up by a launch, and ends by itself.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/agent_reservation.h"
#include "core/allocator.h"
#include "core/explain.h"
#include "core/script.h"
#include "core_play.h"

static const char *const gold[] = {"gold"}, *const gold_else_bulk[] = {"gold", "bulk"};

static struct request_volume volume(const char *name, const char *const *classes, size_t count, uint64_t gib) {
    return (struct request_volume){.name = name, .classes = classes, .class_count = count, .size = {gib * GIB}};
}

static struct command request(struct play *p, const struct request_volume *volumes, size_t count, int64_t cpus) {
    struct command c = play_command(CMD_request_apply);
    c.request_apply = (struct cmd_request_apply){.owner = {.role = world_symbol(p->w, "web")},
                                                 .volumes = volumes,
                                                 .volume_count = count,
                                                 .cpus = {cpus * 1000},
                                                 .mem = {cpus * 512 * 1000}};
    return c;
}

static const struct reservation_row *reserved(const struct play *p) {
    return state_reservation(p->w->state, p->answer.ids.at[1]);
}

static const char *pool_of(struct play *p, const char *name) {
    return state_pool(p->w->state, play_volume(p, name)->charge.pool)->name;
}

// ---- all or nothing ----

static void all_of_it_is_taken_together(void **state) {
    struct play *p = *state;
    const struct request_volume volumes[] = {volume("data", gold, 1, 400), volume("log", gold, 1, 100)};
    struct command c = request(p, volumes, 2, 4);
    uint64_t seq = p->w->seq;
    play_ok(p, &c);
    assert_int_equal(p->answer.ids.count, 6);
    assert_true(p->answer.ids.at[0] == p->n1);
    assert_true(state_volume(p->w->state, p->answer.ids.at[2]) == play_volume(p, "data"));
    assert_int_equal(state_operation(p->w->state, p->answer.ids.at[5])->volume, play_volume(p, "log")->id);
    assert_int_equal(reserved(p)->scalars.cpus.n, 4000);
    assert_int_equal(reserved(p)->expires.ms - p->w->now.wall.ms, 5 * 60 * 1000);
    assert_int_equal(play_free_gib(p), 500);
    assert_int_equal(p->w->seq - seq, 5); // one draft: two volumes, their operations, one reservation
    assert_null(p->answer.notes.at[0]);
}

static void a_request_that_fails_leaves_nothing_and_says_which_volume(void **state) {
    struct play *p = *state;
    const struct request_volume volumes[] = {volume("data", gold, 1, 400), volume("log", gold, 1, 700)};
    struct command c = request(p, volumes, 2, 4);
    uint64_t seq = p->w->seq;
    expect_err(play_do(p, &c), ERR_NO_FIT,
               "request of 2 volumes, nothing was taken: volume 'data': class 'gold', 400 GiB: no pool fits: "
               "file/main/ssd has 300 GiB free of 400 GiB asked");
    assert_int_equal(p->w->seq, seq);
    assert_int_equal(play_free_gib(p), 1000);
    assert_int_equal(p->w->draft.touched.count, 0); // the search left the draft as it was
}

static void wrong_requests_are_told_so(void **state) {
    struct play *p = *state;
    play_make(p, "there", 1);
    struct request_volume volumes[] = {volume("a", gold, 1, 1), volume("a", gold, 1, 1)};
    struct command c = request(p, volumes, 2, 0);
    expect_err(play_do(p, &c), ERR_INVALID, "volume 'a' is named twice");
    volumes[1].name = "there";
    expect_err(play_do(p, &c), ERR_CONFLICT, "volume 'there': role 'web' has one of that name already");
    volumes[1].name = "b";
    volumes[1].class_count = 0;
    expect_err(play_do(p, &c), ERR_INVALID, "volume 'b': 0 classes; name 1 to 8, the best first");
    volumes[1].class_count = 1;
    volumes[1].classes = (const char *const[]){"gild"};
    expect_err(play_do(p, &c), ERR_NOT_FOUND, "volume 'b': there is no class 'gild'; did you mean 'gold'?");
    c = request(p, volumes, 0, 0);
    expect_err(play_do(p, &c), ERR_INVALID, "0 volumes; it must be 1 to 64");
    c = request(p, volumes, 1, 1);
    c.request_apply.agent = "n9";
    expect_err(play_do(p, &c), ERR_NOT_FOUND, "there is no agent 'n9'");
    c.request_apply.agent = NULL;
    c.request_apply.hold_ms = 86400001;
    expect_err(play_do(p, &c), ERR_INVALID, "at most a day");
    c.request_apply.hold_ms = 0;
    c.request_apply.owner.role = world_symbol(p->w, "*");
    expect_err(play_do(p, &c), ERR_INVALID, "'*' is everybody's; name a role");
}

// ---- the agent ----

static void an_agent_without_room_is_not_taken(void **state) {
    struct play *p = *state;
    world_agent(p->w, (struct agent_made){.name = "n1", .tags = "fs/ext4", .cpus = 2});
    const struct request_volume volumes[] = {volume("data", gold, 1, 1)};
    struct command c = request(p, volumes, 1, 4);
    play_ok(p, &c);
    assert_true(p->answer.ids.at[0] == p->n2);
    const struct request_volume more[] = {volume("more", gold, 1, 1)};
    c = request(p, more, 1, 6);
    expect_err(play_do(p, &c), ERR_NO_FIT,
               "no agent has 6 cpus and 3 GiB beside its tasks and reservations: agent 'n2' has 4 cpus and 6 GiB");
}

static void volumes_must_be_usable_on_one_agent(void **state) {
    struct play *p = *state;
    struct world *w = p->w;
    world_pool(w,
               (struct pool_made){.provider = "file", .name = "ssd", .bytes = 10 * GIB, .constraint = "side = left"});
    world_pool(w,
               (struct pool_made){.provider = "file", .name = "hdd", .bytes = 10 * GIB, .constraint = "side = right"});
    world_agent(w, (struct agent_made){.name = "n1", .tags = "side=left"});
    world_agent(w, (struct agent_made){.name = "n2", .tags = "side=right"});
    const struct request_volume volumes[] = {volume("a", gold, 1, 8), volume("b", gold, 1, 8)};
    struct command c = request(p, volumes, 2, 0);
    expect_err(play_do(p, &c), ERR_NO_FIT, "volume 'b': class 'gold', 8 GiB on agent 'n1': no pool fits");
    world_agent(w, (struct agent_made){.name = "n2", .tags = "side=right, side=left"});
    play_ok(p, &c);
    assert_true(p->answer.ids.at[0] == p->n2);
}

static void slots_and_bandwidth_are_counted_for_all_volumes(void **state) {
    struct play *p = *state;
    world_agent(p->w, (struct agent_made){.name = "n1", .tags = "fs/ext4", .slots = 1});
    world_agent(p->w, (struct agent_made){.name = "n2", .tags = "fs/ext4", .slots = 2});
    const struct request_volume volumes[] = {volume("a", gold, 1, 1), volume("b", gold, 1, 1), volume("c", gold, 1, 1)};
    struct command c = request(p, volumes, 3, 0);
    expect_err(play_do(p, &c), ERR_NO_FIT, "agent 'n2': asked an attach slot, found all 2 taken");
    c = request(p, volumes, 2, 0);
    play_ok(p, &c);
    assert_true(p->answer.ids.at[0] == p->n2);
}

static bool is_suggested(const struct explanation *e, const char *change) {
    for (size_t i = 0; i < e->suggestion_count; i++)
        if (strcmp(e->suggestions[i].change, change) == 0) return true;
    return false;
}

static const struct explanation *explained(struct play *p, struct command *c) {
    static struct explain_wish wish;
    wish = (struct explain_wish){.page = {0, 20}, .arena = &p->w->arena};
    p->answer.refusal = &wish;
    expect_err(play_do(p, c), ERR_NO_FIT, "no pool fits");
    assert_int_equal(p->w->draft.touched.count, 0);
    assert_non_null(wish.told);
    return wish.told;
}

// What is explained is the volume that failed, on the agent where it failed, beside those before it.
static void a_refusal_is_explained_where_it_failed(void **state) {
    struct play *p = *state;
    world_agent(p->w, (struct agent_made){.name = "n1", .tags = "fs/ext4", .slots = 1});
    world_agent(p->w, (struct agent_made){.name = "n2", .tags = "fs/ext4", .slots = 2});
    const struct request_volume volumes[] = {volume("a", gold, 1, 1), volume("b", gold, 1, 1), volume("c", gold, 1, 1)};
    struct command c = request(p, volumes, 3, 0);
    const struct explanation *e = explained(p, &c);
    assert_string_equal(e->volume, "c");
    assert_int_equal(e->refusals[0].rule, RULE_SLOTS);
    assert_string_equal(e->refusals[0].found, "all 2 taken");
    assert_false(is_suggested(e, "another agent")); // they were all tried
    c = request(p, volumes, 2, 0);
    c.request_apply.agent = "n1";
    e = explained(p, &c);
    assert_string_equal(e->volume, "b");
    assert_false(is_suggested(e, "another agent")); // volume 'a' is there
    world_agent(p->w, (struct agent_made){.name = "n1", .tags = "fs/xfs"});
    c = request(p, volumes, 1, 0);
    c.request_apply.agent = "n1";
    e = explained(p, &c);
    assert_null(e->volume);
    assert_int_equal(e->refusals[0].rule, RULE_FILESYSTEM);
    assert_true(is_suggested(e, "another agent"));
}

static void a_script_that_fails_is_counted_once_a_request(void **state) {
    struct play *p = *state;
    uint64_t class =
        world_class(p->w, (struct class_document){.name = "gold", .script = "function broker() error('x') end"});
    const struct request_volume volumes[] = {volume("a", gold, 1, 1), volume("b", gold, 1, 1)};
    struct command c = request(p, volumes, 2, 0);
    (void)explained(p, &c);
    assert_int_equal(script_failures(index_script(p->w->state, class)).count, 1);
    c = request(p, volumes, 1, 1);
    (void)explained(p, &c);
    assert_int_equal(script_failures(index_script(p->w->state, class)).count, 2);
}

static void a_script_that_fails_below_the_size_asked_is_not_counted(void **state) {
    struct play *p = *state;
    uint64_t class =
        world_class(p->w, (struct class_document){.name = "gold",
                                                  .script = "function broker(request)\n"
                                                            "if request.size < 2 << 30 then error('x') end end"});
    const struct request_volume volumes[] = {volume("a", gold, 1, 2), volume("b", gold, 1, 2)};
    struct command c = request(p, volumes, 2, 0);
    (void)explained(p, &c);
    assert_int_equal(script_failures(index_script(p->w->state, class)).count, 0);
}

// ---- gold, else bulk ----

static void two_pools(struct play *p) {
    struct world *w = p->w;
    world_pool(w, (struct pool_made){.provider = "file", .name = "ssd", .tags = "media=ssd", .bytes = 10 * GIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "hdd", .tags = "media=hdd", .bytes = 100 * GIB});
    world_class(w, (struct class_document){.name = "gold", .pool = "media = ssd"});
    world_class(w, (struct class_document){.name = "bulk", .pool = "media = hdd"});
}

static void the_first_class_that_fits_for_the_whole_is_taken(void **state) {
    struct play *p = *state;
    two_pools(p);
    const struct request_volume volumes[] = {volume("a", gold_else_bulk, 2, 8), volume("b", gold_else_bulk, 2, 9)};
    struct command c = request(p, volumes, 2, 0);
    play_ok(p, &c);
    assert_string_equal(pool_of(p, "a"), "ssd"); // the first of the request has the first choice
    assert_string_equal(pool_of(p, "b"), "hdd");
    assert_null(p->answer.notes.at[0]);
    expect_words(p->answer.notes.at[1], "class 'gold' was passed over: volume 'a': class 'gold', 8 GiB");
}

static void a_volume_that_has_no_choice_comes_before_one_that_has(void **state) {
    struct play *p = *state;
    two_pools(p);
    const struct request_volume volumes[] = {volume("a", gold_else_bulk, 2, 8), volume("b", gold, 1, 5)};
    struct command c = request(p, volumes, 2, 0);
    play_ok(p, &c);
    assert_string_equal(pool_of(p, "a"), "hdd");
    assert_string_equal(pool_of(p, "b"), "ssd");
    expect_words(p->answer.notes.at[0], "class 'gold' was passed over: volume 'b': class 'gold', 5 GiB: no pool fits: "
                                        "file/main/ssd has 2 GiB free of 5 GiB asked");
}

static void rules_of_spread_see_the_other_volumes_of_the_request(void **state) {
    struct play *p = *state;
    struct world *w = p->w;
    const struct class_spread_wish alone = {.key = "rack", .label = "app", .required = true};
    world_pool(w, (struct pool_made){.provider = "file", .name = "ssd", .tags = "rack=r1", .bytes = TIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "hdd", .tags = "rack=r2", .bytes = TIB});
    world_class(w, (struct class_document){.name = "gold", .spread = &alone, .spread_count = 1});
    struct request_volume volumes[] = {volume("a", gold, 1, 1), volume("b", gold, 1, 1), volume("c", gold, 1, 1)};
    for (size_t i = 0; i < ARRAY_LEN(volumes); i++) volumes[i].labels = "app=x";
    struct command c = request(p, volumes, 3, 0);
    expect_err(play_do(p, &c), ERR_NO_FIT, "request of 3 volumes, nothing was taken: volume 'c': class 'gold'");
    c = request(p, volumes, 2, 0);
    play_ok(p, &c);
    assert_string_not_equal(pool_of(p, "a"), pool_of(p, "b"));
    assert_string_equal(play_volume(p, "a")->labels, "app=x");
}

// ---- what is kept of the agent ----

static int64_t free_cpus(const struct play *p, uint64_t agent, const char *role) {
    return agent_free_for(p->w->state, state_agent(p->w->state, agent), world_symbol(p->w, role), false).cpus.n / 1000;
}

static void settle(struct play *p) {
    play_wait(p, 20, NULL);
    expect_ok(allocator_check(p->w->state));
}

static void keep_cpus(struct play *p, int64_t cpus) {
    static int count;
    const struct request_volume volumes[] = {volume(arena_format(&p->w->arena, "v%d", count++), gold, 1, 1)};
    struct command c = request(p, volumes, 1, cpus);
    play_ok(p, &c);
    play_done(p, OP_CREATE);
}

static int64_t offered_cpus(const struct play *p, uint64_t framework, const char *agent) {
    const struct id_list *offers = state_related(p->w->state, OFFERS_OF_FRAMEWORK, framework);
    int64_t sum = 0;
    VEC_EACH (id, offers) {
        const struct offer_row *o = state_offer(p->w->state, *id);
        if (o->agent == world_agent_id(p->w, agent)) sum += o->resources.cpus.n / 1000;
    }
    return sum;
}

static void what_is_kept_is_offered_to_its_role_alone(void **state) {
    struct play *p = *state;
    uint64_t other = play_framework(p, "other", "batch");
    settle(p);
    assert_int_equal(offered_cpus(p, other, "n1"), 8);
    keep_cpus(p, 6);
    assert_true(play_happened(p, EV_operation_finished));
    settle(p);
    assert_int_equal(offered_cpus(p, other, "n1"), 2); // its offer of before was taken back
    uint64_t own = play_framework(p, "own", "web");
    settle(p);
    assert_int_equal(offered_cpus(p, own, "n1"), 6);
    assert_int_equal(offered_cpus(p, other, "n1"), 2);
    assert_int_equal(free_cpus(p, p->n1, "batch"), 0);
}

static void what_is_kept_waits_for_a_framework_of_its_role(void **state) {
    struct play *p = *state;
    keep_cpus(p, 8); // all that n1 has
    settle(p);
    uint64_t own = play_framework(p, "own", "web");
    settle(p);
    assert_int_equal(offered_cpus(p, own, "n1"), 8);
}

static void the_volumes_ride_with_what_is_kept(void **state) {
    struct play *p = *state;
    const struct class_wish near[] = {{"rack = r2", 100}};
    play_class(p, (struct class_document){.prefer_agent = near, .prefer_agent_count = 1});
    uint64_t own = play_framework(p, "own", "web"), other = play_framework(p, "other", "batch");
    const struct request_volume volumes[] = {volume("data", gold, 1, 1), volume("log", gold, 1, 1)};
    struct command c = request(p, volumes, 2, 4);
    play_ok(p, &c);
    assert_true(p->answer.ids.at[0] == p->n1);
    world_agent(p->w,
                (struct agent_made){.name = "n2", .tags = "fs/ext4, rack=r2"}); // nearer, but not what was asked with
    play_done(p, OP_CREATE);
    play_done(p, OP_CREATE);
    settle(p);
    const struct offer_row *o = NULL;
    const struct id_list *offers = state_related(p->w->state, OFFERS_OF_FRAMEWORK, own);
    VEC_EACH (id, offers)
        if (blob_count(state_offer(p->w->state, *id)->volumes, uint64_t)) o = state_offer(p->w->state, *id);
    assert_non_null(o);
    assert_true(o->agent == p->n1);
    assert_int_equal(blob_count(o->volumes, uint64_t), 2);
    assert_true(o->resources.cpus.n >= 4000 && o->reserved.cpus.n == 4000);
    assert_true(offered_cpus(p, other, "n1") <= 4);
}

static void a_launch_of_the_role_uses_it_up(void **state) {
    struct play *p = *state;
    uint64_t own = play_framework(p, "own", "web");
    keep_cpus(p, 2);
    uint64_t id = 0;
    STATE_EACH(RESERVATION, reservation_row, r, p->w->state) id = r->id;
    settle(p);
    play_launch(p, own, "n1", "first", NULL, 0); // 1 cpu, 64 MiB
    const struct reservation_row *r = state_reservation(p->w->state, id);
    assert_true(r && r->scalars.cpus.n == 1000 && r->scalars.mem.n == 960000);
    assert_int_equal(state_held(p->w->state, p->n1)->reserved.cpus.n, 1000);
    settle(p);
    assert_int_equal(free_cpus(p, p->n1, "batch"), 0); // all of the rest stands in offers
}

static void it_ends_by_itself_and_its_offers_with_it(void **state) {
    struct play *p = *state;
    uint64_t own = play_framework(p, "own", "web");
    keep_cpus(p, 8);
    settle(p);
    assert_int_equal(offered_cpus(p, own, "n1"), 8);
    play_wait(p, 5 * 60 * 1000, NULL);
    expect_ok(allocator_check(p->w->state));
    assert_int_equal(table_count(&p->w->state->tables[NOUN_RESERVATION]), 0);
    assert_int_equal(state_held(p->w->state, p->n1)->reserved.cpus.n, 0);
    settle(p);
    assert_int_equal(offered_cpus(p, own, "n1"), 8); // free now, and not reserved
    STATE_EACH(OFFER, offer_row, o, p->w->state) assert_int_equal(o->reserved.cpus.n, 0);
}

static void it_can_be_ended_by_hand_and_goes_with_its_agent(void **state) {
    struct play *p = *state;
    play_framework(p, "own", "web");
    keep_cpus(p, 8);
    keep_cpus(p, 8);
    settle(p);
    uint64_t ids[2], count = 0;
    STATE_EACH(RESERVATION, reservation_row, r, p->w->state) ids[count++] = r->id;
    assert_int_equal(count, 2);
    struct command c = play_command(CMD_reservation_remove);
    c.reservation_remove.id = ids[0];
    play_ok(p, &c);
    settle(p);
    world_agent_state(p->w, "n2", AGENT_IS_LOST, 0);
    c = play_command(CMD_agent_remove);
    c.agent_remove.name = "n2";
    play_ok(p, &c);
    assert_int_equal(table_count(&p->w->state->tables[NOUN_RESERVATION]), 0);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
    const struct CMUnitTest tests[] = {
        T(all_of_it_is_taken_together),
        T(a_request_that_fails_leaves_nothing_and_says_which_volume),
        T(wrong_requests_are_told_so),
        T(an_agent_without_room_is_not_taken),
        T(volumes_must_be_usable_on_one_agent),
        T(slots_and_bandwidth_are_counted_for_all_volumes),
        T(a_refusal_is_explained_where_it_failed),
        T(a_script_that_fails_is_counted_once_a_request),
        T(a_script_that_fails_below_the_size_asked_is_not_counted),
        T(the_first_class_that_fits_for_the_whole_is_taken),
        T(a_volume_that_has_no_choice_comes_before_one_that_has),
        T(rules_of_spread_see_the_other_volumes_of_the_request),
        T(what_is_kept_is_offered_to_its_role_alone),
        T(what_is_kept_waits_for_a_framework_of_its_role),
        T(the_volumes_ride_with_what_is_kept),
        T(a_launch_of_the_role_uses_it_up),
        T(it_ends_by_itself_and_its_offers_with_it),
        T(it_can_be_ended_by_hand_and_goes_with_its_agent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
