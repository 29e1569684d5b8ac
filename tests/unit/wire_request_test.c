// SPDX-License-Identifier: Apache-2.0
// Requests become commands, or are refused with a sentence that helps.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "codec/json_write.h"
#include "core_world.h"
#include "wire/asked.h"
#include "wire/explain.h"
#include "wire/plan.h"
#include "wire/request.h"

struct desk {
    struct world *w;
    struct intake in;
};

static struct desk desk_new(void) {
    struct desk t = {.w = world_new()};
    t.in = (struct intake){.symbols = &t.w->state->symbols, .arena = &t.w->arena, .now = t.w->now};
    world_provider(t.w, "ebs");
    world_pool(t.w, (struct pool_made){.provider = "ebs", .name = "fast", .tags = "media=ssd", .bytes = 100 * GIB});
    world_agent(t.w, (struct agent_made){.name = "n1"});
    world_class(t.w, (struct class_document){.name = "gold", .pool = "media = ssd"});
    return t;
}

static void desk_done(struct desk *t) {
    intake_done(&t->in);
    world_free(t->w);
}

static Granary__VolumeCreate volume_wanted(void) {
    Granary__VolumeCreate m = GRANARY__VOLUME_CREATE__INIT;
    m.name = "db";
    m.class_ = "gold";
    m.size = 10 * GIB;
    return m;
}

static void a_volume_request_becomes_a_command(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__VolumeCreate m = volume_wanted();
    struct cmd_volume_create c;
    expect_ok(volume_create_read(&t.in, t.w->state, &m, &c));
    assert_string_equal(c.name, "db");
    assert_string_equal(c.class, "gold");
    assert_int_equal(c.size.n, 10 * GIB);
    assert_int_equal(c.count, 1);
    assert_null(c.fs);
    assert_string_equal(state_text(t.w->state, c.owner.role), "*");
    m.fs = "xfs";
    m.role = "web/shop";
    expect_ok(volume_create_read(&t.in, t.w->state, &m, &c));
    symbol fs;
    assert_true(symbol_find(&t.w->state->symbols, "xfs", &fs)); // decide looks it up
    assert_string_equal(state_text(t.w->state, c.owner.role), "web/shop");
    desk_done(&t);
}

static void a_fine_grained_tag_is_answered_with_the_class_to_use(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__VolumeCreate m = volume_wanted();
    struct cmd_volume_create c;
    char *whole[] = {"media=ssd"}, *key[] = {"media"};
    m.tags = whole;
    m.n_tags = 1;
    expect_err(volume_create_read(&t.in, t.w->state, &m, &c), ERR_INVALID, "consumers name a class, never tags");
    expect_err(volume_create_read(&t.in, t.w->state, &m, &c), ERR_INVALID, "gold");
    m.tags = key;
    expect_err(volume_create_read(&t.in, t.w->state, &m, &c), ERR_INVALID, "gold");
    desk_done(&t);
}

static void wrong_roles_and_filesystems_are_refused(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__VolumeCreate m = volume_wanted();
    struct cmd_volume_create c;
    m.fs = "ext5";
    expect_err(volume_create_read(&t.in, t.w->state, &m, &c), ERR_INVALID, "volume 'db': fs: ");
    m.fs = NULL;
    m.role = "a/../b";
    expect_err(volume_create_read(&t.in, t.w->state, &m, &c), ERR_INVALID, "volume 'db'");
    desk_done(&t);
}

static void a_reservation_that_has_expired_is_refused(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__ReservationCreate m = GRANARY__RESERVATION_CREATE__INIT;
    struct cmd_reservation_create c;
    m.class_ = "gold";
    m.size = 5 * GIB;
    m.has_expires = true;
    m.expires = t.w->now.wall.ms + 1;
    expect_ok(reservation_create_read(&t.in, &m, &c));
    assert_int_equal(c.expires.ms, t.w->now.wall.ms + 1);
    m.expires = t.w->now.wall.ms;
    expect_err(reservation_create_read(&t.in, &m, &c), ERR_INVALID, "expired already");
    desk_done(&t);
}

static void a_class_document_is_compiled(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__Class m = GRANARY__CLASS__INIT;
    struct cmd_class_apply c;
    m.name = "bulk";
    m.pool = "media = disk";
    expect_ok(class_apply_read(&t.in, "bulk", &m, &c));
    assert_string_equal(c.doc->spec.fs->name, "ext4");
    assert_int_equal(c.doc->spec.launch_wait_ms, CLASS_LAUNCH_WAIT);
    assert_int_equal(c.doc->shared.holders, 1);
    expect_err(class_apply_read(&t.in, "gold", &m, &c), ERR_INVALID,
               "class 'gold': the document says its name is 'bulk'");
    m.pool = "media ==";
    expect_err(class_apply_read(&t.in, "bulk", &m, &c), ERR_INVALID, "class 'bulk': pool");
    desk_done(&t);
}

static void a_volume_is_found_by_name_or_uuid(void **world UNUSED) {
    struct desk t = desk_new();
    uint64_t id = world_volume(t.w, "db", "gold", "ebs/main/fast", 10 * GIB);
    const struct volume_row *v = state_volume(t.w->state, id), *found;
    const char *role = state_text(t.w->state, v->owner.role);
    char uuid[UUID_TEXT];
    uuid_text(v->uuid, uuid);
    expect_ok(volume_find(&t.in, t.w->state, role, "db", &found));
    assert_ptr_equal(found, v);
    expect_ok(volume_find(&t.in, t.w->state, role, uuid, &found));
    assert_ptr_equal(found, v);
    expect_err(volume_find(&t.in, t.w->state, "elsewhere", "db", &found), ERR_NOT_FOUND,
               "role 'elsewhere' has none of that name; role '");
    desk_done(&t);
}

static void an_explanation_reaches_the_wire_with_its_rows(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__ExplainRequest m = GRANARY__EXPLAIN_REQUEST__INIT;
    struct want want;
    uint64_t volume;
    struct explanation e;
    struct explain_page page = {.limit = 10};
    expect_err(explain_read(&t.in, t.w->state, &m, &want, &volume), ERR_INVALID, "name a class and a size");
    m.class_ = "gold";
    m.has_size = true;
    m.size = 500 * GIB;
    expect_ok(explain_read(&t.in, t.w->state, &m, &want, &volume));
    expect_ok(explain_want(world_draft(t.w), &want, page, &t.w->arena, &e));
    Granary__Explanation *said = explanation_message(t.w->state, &e, &t.w->arena);
    assert_false(said->places);
    assert_int_equal(said->n_refusals, 1);
    assert_string_equal(said->refusals[0]->pool, "ebs/main/fast");
    assert_string_equal(said->refusals[0]->rule, "bytes");
    assert_null(said->next_page);
    e.refused = 3;                                                            // of which the page has the first
    assert_null(explanation_message(t.w->state, &e, &t.w->arena)->next_page); // nobody could ask for it
    e.page.goes_on = true;
    assert_string_equal(explanation_message(t.w->state, &e, &t.w->arena)->next_page, "1");
    struct err *no = err_new(ERR_NO_FIT, "no");
    Granary__Error *error = error_message(no, said, &t.w->arena);
    assert_string_equal(error->kind, "no-fit");
    err_free(no);
    m.agent = "n9";
    expect_err(explain_read(&t.in, t.w->state, &m, &want, &volume), ERR_NOT_FOUND, "agent 'n9'");
    desk_done(&t);
}

static void a_recorded_request_keeps_what_it_was(void **world UNUSED) {
    struct desk t = desk_new();
    struct asked read,
        asked = {.number = 7, .when = {5}, .size = {GIB}, .class = world_symbol(t.w, "gold"), .labels = "app=x"};
    asked.role = world_symbol(t.w, "*");
    asked.framework = 12;
    asked.error = ERR_NO_FIT;
    Granary__RecordedRequest *m = asked_message(t.w->state, &asked, &t.w->arena);
    AUTO_TEXT struct text shown = {0};
    json_write(&shown, &m->base, JSON_PUBLIC);
    assert_null(strstr(text_string(&shown), "12")); // the id is the registry's own
    expect_ok(asked_read(&t.in, m, &read));
    assert_int_equal(read.number, 7);
    assert_int_equal(read.framework, 12);
    assert_int_equal(read.error, ERR_NO_FIT);
    assert_true(symbol_equal(read.role, asked.role) && symbol_equal(read.class, asked.class));
    assert_string_equal(read.labels, "app=x");
    desk_done(&t);
}

static void a_planned_agent_has_the_buses_that_are_given_or_those_of_the_like_one(void **world UNUSED) {
    struct desk t = desk_new();
    world_agent(t.w, (struct agent_made){.name = "n2", .bus = "ebs+nvme", .bus_slots = 27});
    Granary__AttachBus bus = GRANARY__ATTACH_BUS__INIT, *buses[] = {&bus};
    bus.drivers = "ebs";
    bus.slots = 3;
    Granary__AgentResources total = GRANARY__AGENT_RESOURCES__INIT;
    total.buses = buses;
    total.n_buses = 1;
    Granary__PlanAgent same = GRANARY__PLAN_AGENT__INIT, other = GRANARY__PLAN_AGENT__INIT, *agents[] = {&same, &other};
    same.name = "n3";
    other.name = "n4";
    same.like = other.like = "n2";
    other.total = &total;
    Granary__Plan m = GRANARY__PLAN__INIT;
    m.agents = agents;
    m.n_agents = 2;
    struct plan plan;
    expect_ok(plan_read(&t.in, t.w->state, &m, &plan));
    assert_string_equal(plan.changes[0].agent->buses.at[0].drivers, "ebs+nvme");
    assert_int_equal(plan.changes[0].agent->buses.at[0].slots, 27);
    assert_int_equal(plan.changes[1].agent->buses.count, 1);
    assert_string_equal(plan.changes[1].agent->buses.at[0].drivers, "ebs");
    assert_int_equal(plan.changes[1].agent->buses.at[0].slots, 3);
    desk_done(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_volume_request_becomes_a_command),
        cmocka_unit_test(a_fine_grained_tag_is_answered_with_the_class_to_use),
        cmocka_unit_test(wrong_roles_and_filesystems_are_refused),
        cmocka_unit_test(a_reservation_that_has_expired_is_refused),
        cmocka_unit_test(a_class_document_is_compiled),
        cmocka_unit_test(a_volume_is_found_by_name_or_uuid),
        cmocka_unit_test(a_recorded_request_keeps_what_it_was),
        cmocka_unit_test(an_explanation_reaches_the_wire_with_its_rows),
        cmocka_unit_test(a_planned_agent_has_the_buses_that_are_given_or_those_of_the_like_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
