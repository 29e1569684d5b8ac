// SPDX-License-Identifier: Apache-2.0
// From offer to volume and task by texts alone: what the events show is what the calls may name.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mesos_world.h"
#include "core/allocator.h"

static int setup(void **state) {
    struct world *w = world_new();
    world_agent(w, (struct agent_made){.name = "n1"});
    world_provider(w, "ebs");
    world_pool(w, (struct pool_made){.provider = "ebs", .name = "ssd", .bytes = 100 * GIB});
    world_class(w, (struct class_document){.name = "gold"});
    world_symbol(w, "ext4"); // as reading a class does
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world_free(*state);
    return 0;
}

static void allocate(struct world *w) {
    for (int i = 0; i < 10; i++) {
        w->now.mono.ms += 20;
        decide_allocate(world_draft(w));
        world_apply(w);
    }
}

// The framework's offer: the storage-only one, or that of an agent. Fails the test when there is none.
static const struct offer_row *offer_of(struct world *w, uint64_t framework, bool storage) {
    const struct id_list *ids = state_related(w->state, OFFERS_OF_FRAMEWORK, framework);
    for (size_t i = 0; i < ids->count; i++)
        if (!state_offer(w->state, ids->at[i])->agent == storage) return state_offer(w->state, ids->at[i]);
    fail_msg("no such offer");
    return NULL;
}

static const char *offer_text(struct world *w, uint64_t framework, uint64_t offer) {
    size_t used;
    return text_of(
        w, mesos_offers(w->state, &a_master, state_framework(w->state, framework), &offer, 1, &w->arena, &used));
}

// Decides an ACCEPT of that offer and applies it. The notices it caused, as text.
static const char *accept(struct world *w, uint64_t framework, uint64_t offer, const char *operations) {
    const char *json = arena_format(&w->arena,
                                    "{'type':'ACCEPT','framework_id':{'value':'f'},'accept':{'filters':{'refuse_"
                                    "seconds':0},'offer_ids':[{'value':'%llu'}"
                                    "],'operations':[%s]}}",
                                    (unsigned long long)offer, operations);
    const mesos_call *call = call_of(w, json);
    struct command c = {.kind = CMD_accept};
    struct answer answer = {0};
    mesos_accept_read(&w->state->symbols, call, framework, &w->arena, &c.accept);
    struct draft *d = world_draft(w);
    expect_ok(core_decide(d, &c, &answer));
    AUTO_TEXT struct text told = {0};
    VEC_EACH (n, &d->notices) text_add(&told, text_of(w, mesos_notice(w->state, n, &w->arena)));
    const char *text = arena_text(&w->arena, text_string(&told));
    answer_done(&answer);
    world_apply(w);
    return text;
}

static const char *operation_told(struct world *w, uint64_t framework, const char *id) {
    const struct id_list *ids = state_related(w->state, OPERATIONS_OF_FRAMEWORK, framework);
    for (size_t i = 0; i < ids->count; i++) {
        const struct operation_row *o = state_operation(w->state, ids->at[i]);
        if (strcmp(o->framework_operation, id) == 0)
            return text_of(w, mesos_operation_update(w->state, o, true, &w->arena));
    }
    fail_msg("no operation '%s'", id);
    return NULL;
}

#define RAW(id, mib)                                                                                                   \
    "{'provider_id':{'value':'granary'},'name':'disk','type':'SCALAR','scalar':{'value':" mib "},'allocation_info':"   \
    "{'role':'eng'},'reservations':[{'type':'DYNAMIC','role':'eng'}],'disk':{'source':{'type':'RAW'," id               \
    "'vendor':'granary','profile':'gold'}}}"

static void a_part_of_a_class_becomes_a_reservation_and_a_volume(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "eng", CAN_LABELLED);
    allocate(w);
    const struct offer_row *offer = offer_of(w, f, true);
    expect_has(offer_text(w, f, offer->id), "'type':'RAW'");
    const char *told = accept(w, f, offer->id,
                              "{'type':'RESERVE','id':{'value':'r'},'reserve':{'resources':[" RAW(
                                  "", "1024") "]}},{'type':'CREATE_DISK','id':{'value':'c'},'create_disk':{'source'"
                                              ":" RAW("", "512") ","
                                                                 "'target_type':'MOUNT'}}");
    assert_string_equal(told, "");
    expect_has(operation_told(w, f, "r"), "'state':'OPERATION_FINISHED'");
    expect_has(operation_told(w, f, "c"), "'state':'OPERATION_PENDING'");
    allocate(w);
    offer = offer_of(w, f, true);
    const char *json = offer_text(w, f, offer->id);
    expect_has(json, "'scalar':{'value':512"); // what is left of the reservation
    const struct reservation_row *r = table_next(&w->state->tables[NOUN_RESERVATION], 0);
    expect_has(json, with_id(w, "'id':'%s'", r->id));
    told = accept(w, f, offer->id,
                  arena_format(&w->arena,
                               "{'type':'CREATE_DISK','id':{'value':'d'},'create_disk':{'source':" RAW(
                                   "'id':'%llu',", "512") ",'target_type':'BLOCK'}}",
                               (unsigned long long)r->id));
    assert_string_equal(told, "");
    expect_has(operation_told(w, f, "d"), "OPERATION_PENDING");
    assert_int_equal(table_count(&w->state->tables[NOUN_VOLUME]), 2);
}

#define LABELLED(app)                                                                                                  \
    "{'provider_id':{'value':'granary'},'name':'disk','type':'SCALAR','scalar':{'value':512},'allocation_info':{"      \
    "'role':'eng'},'reservations':[{'type':'DYNAMIC','role':'eng'" LABELS(                                             \
        app) "}],'disk':{'source':{'type':'RAW',"                                                                      \
             "'vendor':'granary','profile':'gold'}}}"
#define LABELS(app)                                                                                                    \
    ",'labels':{'labels':[{'key':'app','value':'old'},{'key':'app','value':'" app "'},{'key':'a b','value':'c'}]}"

// The labels come back as they were given; those that a volume may have, of one key the last, are its own.
static void a_disk_has_the_labels_of_the_reservation_that_it_names(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "eng", CAN_LABELLED);
    allocate(w);
    assert_string_equal(
        accept(w, f, offer_of(w, f, true)->id,
               "{'type':'RESERVE','id':{'value':'rx'},'reserve':{'resources':[" LABELLED(
                   "x") "]}},"
                        "{'type':'RESERVE','id':{'value':'ry'},'reserve':{'resources':[" LABELLED(
                            "y") "]}},"
                                 "{'type':'CREATE_DISK','id':{'value':'cx'},'create_disk':{'source':" LABELLED(
                                     "x") ",'target_type':'MOUNT'}}"),
        "");
    const struct volume_row *v = table_next(&w->state->tables[NOUN_VOLUME], 0);
    assert_string_equal(v->labels, "app=x");
    assert_string_equal(state_reservation(w->state, v->reservation)->labels, "app=x");
    allocate(w);
    const char *left = offer_text(w, f, offer_of(w, f, true)->id);
    expect_has(left, LABELS("y"));
    expect_lacks(left, "'value':'x'"); // all of it is in the volume
    uint64_t create = state_related(w->state, OPEN_OPERATIONS_OF_VOLUME, v->id)->at[0];
    edit_operation(world_draft(w), create, EV_operation_finished)->state = OP_FINISHED;
    world_apply(w);
    expect_has(text_of(w, mesos_operation_update(w->state, state_operation(w->state, create), true, &w->arena)),
               LABELS("x"));
}

static void an_operation_that_cannot_be_is_told_by_its_id(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "eng", CAN_LABELLED);
    allocate(w);
    const char *told =
        accept(w, f, offer_of(w, f, true)->id,
               "{'type':'RESERVE','id':{'value':'r'},'reserve':{'resources':[" RAW(
                   "", "999999999") "]}},"
                                    "{'type':'UNRESERVE','id':{'value':'u'},'unreserve':{'resources':[" RAW("'id':'4',",
                                                                                                            "1") "]}}");
    expect_has(told, "'operation_id':{'value':'r'},'state':'OPERATION_ERROR'");
    expect_has(told, "'operation_id':{'value':'u'},'state':'OPERATION_ERROR'");
    assert_non_null(strstr(told, "no reservation '4'"));
}

static const char *launch(struct world *w, uint64_t framework, const char *task, const char *options) {
    const struct offer_row *offer = offer_of(w, framework, false);
    const char *json = arena_format(
        &w->arena,
        "{'type':'LAUNCH','launch':{'task_infos':[{'name':'t','task_id':{'value':'%s'},'agent_id':{'value':"
        "'%llu'},'resources':[{'name':'cpus','type':'SCALAR','scalar':{'value':0.5}}],'command':{'value':"
        "'true'},'container':{'type':'MESOS','volumes':[{'container_path':'/data','mode':'RW','source':"
        "{'type':'DOCKER_VOLUME','docker_volume':{'driver':'granary','name':'db'%s}}}]}}]}}",
        task, (unsigned long long)offer->agent, options);
    return accept(w, framework, offer->id, json);
}

static void a_plain_framework_makes_its_volume_by_naming_it(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0);
    allocate(w);
    const char *told =
        launch(w, f, "t1",
               ",'driver_options':{'parameter':[{'key':'class','value':'gold'},{'key':'size','value':'1GiB'}]"
               "}");
    assert_string_equal(told, "");
    assert_non_null(state_task_named(w->state, f, "t1"));
    const struct volume_row *v = table_next(&w->state->tables[NOUN_VOLUME], 0);
    assert_string_equal(v->name, "db");
    assert_int_equal(v->charge.bytes.n, GIB);
}

static void a_task_that_cannot_run_is_told_why(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0);
    allocate(w);
    const char *told = launch(w, f, "t1", ",'driver_options':{'parameter':[{'key':'clas','value':'gold'}]}");
    expect_has(told, "'task_id':{'value':'t1'},'state':'TASK_ERROR'");
    assert_non_null(strstr(told, "unknown driver option 'clas'; did you mean 'class'?"));
    expect_has(told, "'reason':'REASON_TASK_INVALID'");
    allocate(w);
    told = launch(w, f, "t2", "");
    assert_non_null(strstr(told, "has no volume 'db'"));
}

static void a_late_accept_is_lost_or_dropped_by_capability(void **state) {
    struct world *w = *state;
    const char *task = "{'type':'LAUNCH','launch':{'task_infos':[{'name':'t','task_id':{'value':'t1'},'agent_id':"
                       "{'value':'1'},'command':{'value':'true'}}]}}";
    expect_has(accept(w, world_framework(w, "*", 0), 4711, task), "'state':'TASK_LOST'");
    const char *told = accept(w, world_framework(w, "*", CAN_PARTITION), 4711, task);
    expect_has(told, "'state':'TASK_DROPPED'");
    expect_has(told, "'reason':'REASON_INVALID_OFFERS'");
    expect_has(told, "Offer 4711 is no longer valid");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_part_of_a_class_becomes_a_reservation_and_a_volume),
        TEST(a_disk_has_the_labels_of_the_reservation_that_it_names),
        TEST(an_operation_that_cannot_be_is_told_by_its_id),
        TEST(a_plain_framework_makes_its_volume_by_naming_it),
        TEST(a_task_that_cannot_run_is_told_why),
        TEST(a_late_accept_is_lost_or_dropped_by_capability),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
