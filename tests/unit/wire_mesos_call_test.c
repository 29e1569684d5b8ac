// SPDX-License-Identifier: Apache-2.0
// What calls must bring along, what SUBSCRIBE may say, and the small calls as commands.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mesos_world.h"
#include "codec/message.h"

static int setup(void **state) {
    *state = world_new();
    return 0;
}

static int teardown(void **state) {
    world_free(*state);
    return 0;
}

static struct err *checked(struct world *w, const char *json) {
    return mesos_call_check(call_of(w, json));
}

// ---- the call as a whole ----

static void a_call_without_a_known_type_is_invalid(void **state) {
    expect_err(checked(*state, "{}"), ERR_INVALID, "Expecting 'type' to be present");
    expect_err(checked(*state, "{'type':'NOPE'}"), ERR_INVALID, "Expecting 'type' to be present");
    expect_err(checked(*state, "{'type':'UNKNOWN','framework_id':{'value':'f'}}"), ERR_UNSUPPORTED, "type 0");
}

static void each_type_needs_its_body(void **state) {
    static const char *const rows[][2] = {
        {"ACCEPT", "accept"},
        {"DECLINE", "decline"},
        {"KILL", "kill"},
        {"SHUTDOWN", "shutdown"},
        {"MESSAGE", "message"},
        {"ACKNOWLEDGE", "acknowledge"},
        {"RECONCILE", "reconcile"},
        {"ACKNOWLEDGE_OPERATION_STATUS", "acknowledge_operation_status"},
        {"RECONCILE_OPERATIONS", "reconcile_operations"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *json = arena_format(&w->arena, "{'type':'%s','framework_id':{'value':'f'}}", rows[i][0]);
        const char *says = arena_format(&w->arena, "Expecting '%s' to be present", rows[i][1]);
        expect_err(checked(w, json), ERR_INVALID, says);
    }
    expect_err(checked(w, "{'type':'SUBSCRIBE'}"), ERR_INVALID, "Expecting 'subscribe' to be present");
}

static void hints_and_maintenance_need_no_body(void **state) {
    static const char *const types[] = {"TEARDOWN", "REVIVE", "SUPPRESS", "REQUEST", "DECLINE_INVERSE_OFFERS"};
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        expect_ok(checked(w, arena_format(&w->arena, "{'type':'%s','framework_id':{'value':'f'}}", types[i])));
}

static void every_call_but_subscribe_names_its_framework(void **state) {
    expect_err(checked(*state, "{'type':'REVIVE'}"), ERR_INVALID, "Expecting 'framework_id' to be present");
}

static void the_ids_of_a_subscribe_must_agree(void **state) {
    struct world *w = *state;
    const char *differ = "{'type':'SUBSCRIBE','framework_id':{'value':'a'},'subscribe':{'framework_info':"
                         "{'user':'u','name':'n','id':{'value':'b'}}}}";
    expect_err(checked(w, differ), ERR_INVALID, "differs from 'subscribe.framework_info.id'");
    expect_err(checked(w, "{'type':'SUBSCRIBE','framework_id':{'value':'a'},'subscribe':{'framework_info':"
                          "{'user':'u','name':'n'}}}"),
               ERR_INVALID, "differs");
    expect_ok(
        checked(w, "{'type':'SUBSCRIBE','subscribe':{'framework_info':{'user':'u','name':'n','id':{'value':''}}}}"));
    expect_ok(checked(w, "{'type':'SUBSCRIBE','framework_id':{'value':'a'},'subscribe':{'framework_info':"
                         "{'user':'u','name':'n','id':{'value':'a'}}}}"));
}

static void an_acknowledgement_needs_a_uuid_of_16_bytes(void **state) {
    expect_err(checked(*state, "{'type':'ACKNOWLEDGE','framework_id':{'value':'f'},'acknowledge':{'agent_id':"
                               "{'value':'a'},'task_id':{'value':'t'},'uuid':'AAAA'}}"),
               ERR_INVALID, "Not a valid UUID");
}

static void a_changed_framework_info_comes_by_subscribing_again(void **state) {
    expect_err(checked(*state, "{'type':'UPDATE_FRAMEWORK','framework_id':{'value':'f'}}"), ERR_UNSUPPORTED,
               "subscribe again");
}

// ---- SUBSCRIBE ----

static struct err *subscribed(struct world *w, const char *more, struct cmd_subscribe *ret) {
    const char *json =
        arena_format(&w->arena, "{'type':'SUBSCRIBE','subscribe':{'framework_info':{'user':'','name':''%s}}", more);
    return mesos_subscribe_read(&w->state->symbols, call_of(w, json), &w->arena, ret);
}

#define MULTI_ROLE "'capabilities':[{'type':'MULTI_ROLE'}]"

static void user_and_name_may_be_empty_and_the_role_is_everybody(void **state) {
    struct world *w = *state;
    struct cmd_subscribe c;
    expect_ok(subscribed(w, "}", &c));
    assert_int_equal(c.role_count, 1);
    assert_string_equal(state_text(w->state, c.roles[0]), "*");
    assert_null(c.text_id);
    assert_false(c.labelled);
    assert_int_equal(c.failover_timeout.n, 0);
}

static void capabilities_are_bits_and_unknown_ones_are_let_pass(void **state) {
    struct cmd_subscribe c;
    expect_ok(subscribed(*state,
                         ",'roles':['eng'],'capabilities':[{'type':'MULTI_ROLE'},{'type':'PARTITION_AWARE'},"
                         "{'type':'TELEPATHY'},{}]}",
                         &c));
    assert_int_equal(c.capabilities, 1 << 6 | 1 << 5);
}

static void roles_and_role_go_with_multi_role_or_without(void **state) {
    struct world *w = *state;
    struct cmd_subscribe c;
    expect_err(subscribed(w, ",'role':'x'," MULTI_ROLE "}", &c), ERR_INVALID,
               "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable");
    expect_err(subscribed(w, ",'role':'*'," MULTI_ROLE "}", &c), ERR_INVALID, "'FrameworkInfo.role' must not be set");
    expect_err(subscribed(w, ",'roles':['x']}", &c), ERR_INVALID,
               "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable");
    expect_ok(subscribed(w, ",'role':'eng/db'}", &c));
    assert_string_equal(state_text(w->state, c.roles[0]), "eng/db");
    expect_ok(subscribed(w, ",'roles':['a','b']," MULTI_ROLE "}", &c));
    assert_int_equal(c.role_count, 2);
}

static void wrong_roles_are_refused_by_name(void **state) {
    struct world *w = *state;
    struct cmd_subscribe c;
    expect_err(subscribed(w, ",'roles':['/x']," MULTI_ROLE "}", &c), ERR_INVALID, "contains invalid role");
    expect_err(subscribed(w, ",'roles':['a b']," MULTI_ROLE "}", &c), ERR_INVALID, "a b");
    expect_err(subscribed(w, ",'role':'a//b'}", &c), ERR_INVALID, "a//b");
    expect_err(subscribed(w, ",'roles':['x','x']," MULTI_ROLE "}", &c), ERR_INVALID, "duplicate items: { x }");
}

static void suppressed_roles_are_roles_of_the_framework(void **state) {
    struct world *w = *state;
    struct cmd_subscribe c;
    expect_err(subscribed(w, ",'roles':['x']," MULTI_ROLE "},'suppressed_roles':['zz']", &c), ERR_INVALID,
               "Suppressed roles { zz } are not contained in the set of roles");
    expect_ok(subscribed(w, ",'roles':['x','y']," MULTI_ROLE "},'suppressed_roles':['y']", &c));
    assert_int_equal(c.suppressed_count, 1);
    assert_string_equal(state_text(w->state, c.suppressed[0]), "y");
    expect_ok(subscribed(w, ",'role':'x'},'suppressed_roles':['x']", &c));
}

static void the_failover_timeout_is_bounded(void **state) {
    struct world *w = *state;
    struct cmd_subscribe c;
    expect_ok(subscribed(w, ",'failover_timeout':12.5}", &c));
    assert_int_equal(c.failover_timeout.n, 12500);
    expect_ok(subscribed(w, ",'failover_timeout':'60'}", &c));
    assert_int_equal(c.failover_timeout.n, 60000);
    expect_ok(subscribed(w, ",'failover_timeout':-3}", &c));
    assert_int_equal(c.failover_timeout.n, 0);
    expect_err(subscribed(w, ",'failover_timeout':'Infinity'}", &c), ERR_INVALID, "is no duration");
    expect_err(subscribed(w, ",'failover_timeout':1e18}", &c), ERR_INVALID, "is no duration");
}

static void the_label_needs_multi_role_and_refinement(void **state) {
    struct world *w = *state;
    struct cmd_subscribe c;
#define LABEL "'labels':{'labels':[{'key':'granary.storage','value':'pools'}]}"
    expect_err(subscribed(w, "," LABEL "}", &c), ERR_INVALID, "MULTI_ROLE and RESERVATION_REFINEMENT");
    expect_err(subscribed(w, ",'roles':['x']," MULTI_ROLE "," LABEL "}", &c), ERR_INVALID, "leave the label out");
    expect_ok(subscribed(
        w, ",'roles':['x'],'capabilities':[{'type':'MULTI_ROLE'},{'type':'RESERVATION_REFINEMENT'}]," LABEL "}", &c));
    assert_true(c.labelled);
    expect_ok(subscribed(w, ",'labels':{'labels':[{'key':'granary','value':'pools'}]}}", &c));
    assert_false(c.labelled);
}

static void what_is_kept_of_a_framework_is_bounded(void **state) {
    struct world *w = *state;
    struct cmd_subscribe c;
    char *name = arena_zero(&w->arena, 400 * 1024, 1);
    memset(name, 'n', 300);
    expect_err(subscribed(w, arena_format(&w->arena, ",'principal':'%s'}", name), &c), ERR_INVALID,
               "'FrameworkInfo.principal' is longer than 255 bytes");
    memset(name, 'n', 300 * 1024);
    expect_err(subscribed(w, arena_format(&w->arena, ",'webui_url':'%s'}", name), &c), ERR_INVALID, "the most is");
}

static void offer_filters_without_a_quantity_are_refused(void **state) {
    struct cmd_subscribe c;
    expect_err(subscribed(*state, ",'offer_filters':{'x':{'min_allocatable_resources':{'quantities':[{}]}}}}", &c),
               ERR_INVALID, "empty set of quantities");
    expect_err(subscribed(*state,
                          ",'offer_filters':{'x':{'min_allocatable_resources':{'quantities':[{'quantities':"
                          "{'cpus':{'value':-1}}}]}}}}",
                          &c),
               ERR_INVALID, "not 0 or more");
}

static void the_least_that_is_enough_is_read_for_the_roles_it_has(void **state) {
    struct cmd_subscribe c;
    expect_ok(subscribed(*state,
                         ",'offer_filters':{'*':{'min_allocatable_resources':{'quantities':[{'quantities':{'cpus':"
                         "{'value':2},'disk':{'value':0.5}}},{'quantities':{'gpus':{'value':1}}}]}},"
                         "'eng':{'min_allocatable_resources':{}}}}",
                         &c));
    assert_int_equal(c.least_count, 2);
    assert_int_equal(c.least[0].amounts.cpus.n, 2000);
    assert_int_equal(c.least[0].amounts.disk.n, 500);
    assert_int_equal(c.least[1].amounts.cpus.n, INT64_MAX); // never
    expect_ok(subscribed(*state, ",'offer_filters':{'*':{'min_allocatable_resources':{}}}}", &c));
    assert_int_equal(c.least_count, 1);
    assert_int_equal(c.least[0].amounts.cpus.n, 0);
    expect_ok(subscribed(*state, ",'offer_filters':{'*':{}}}", &c));
    assert_int_equal(c.least_count, 0);
}

static struct err *constrained(struct world *w, const char *role_constraints, struct cmd_subscribe *ret) {
    return subscribed(w, arena_format(&w->arena, "},'offer_constraints':{'role_constraints':{%s}}", role_constraints),
                      ret);
}

static void offer_constraints_are_read_group_by_group(void **state) {
    struct world *w = *state;
    struct cmd_subscribe c;
    expect_ok(constrained(w,
                          "'*':{'groups':[{'attribute_constraints':[{'selector':{'pseudoattribute_type':'HOSTNAME'},"
                          "'predicate':{'text_equals':{'value':'n1'}}},{'selector':{'attribute_name':'rack'},"
                          "'predicate':{'exists':{}}}]},{'attribute_constraints':[{'selector':{'attribute_name':"
                          "'granary.storage'},'predicate':{'text_not_equals':{'value':'gold'}}},{'selector':{"
                          "'pseudoattribute_type':'ZONE'},'predicate':{'not_exists':{}}}]}]}",
                          &c));
    assert_int_equal(c.constraint_count, 4);
    assert_int_equal(c.constraints[0].subject, WISH_HOSTNAME);
    assert_int_equal(c.constraints[0].test, WISH_EQUALS);
    assert_string_equal(state_text(w->state, c.constraints[0].value), "n1");
    assert_int_equal(c.constraints[1].subject, WISH_TAG);
    assert_string_equal(state_text(w->state, c.constraints[1].key), "rack");
    assert_int_equal(c.constraints[1].group, c.constraints[0].group);
    assert_int_equal(c.constraints[2].subject, WISH_CLASSES);
    assert_int_equal(c.constraints[2].test, WISH_DIFFERS);
    assert_int_not_equal(c.constraints[2].group, c.constraints[0].group);
    assert_int_equal(c.constraints[3].subject, WISH_DOMAIN);
    assert_int_equal(c.constraints[3].test, WISH_ABSENT);
}

static void offer_constraints_that_mean_nothing_are_refused(void **state) {
    struct world *w = *state;
    struct cmd_subscribe c;
#define GROUP(selector, predicate)                                                                                     \
    "'*':{'groups':[{'attribute_constraints':[{'selector':{" selector "},'predicate':{" predicate "}}]}]}"
    static const char *const rows[][2] = {
        {"'eng':{'groups':[{}]}", "role 'eng': the framework does not have that role"},
        {"'*':{}", "role '*': it has no group"},
        {"'*':{'groups':[{}]}", "a group has no constraint"},
        {GROUP("", "'exists':{}"), "its selector names no attribute"},
        {GROUP("'pseudoattribute_type':'UNKNOWN'", "'exists':{}"), "its selector names no attribute"},
        {GROUP("'attribute_name':'a'", ""), "its predicate is none"},
        {GROUP("'attribute_name':'a'", "'text_matches':{'regex':'n.*'}"), "regular expressions are not tested here"},
        {GROUP("'attribute_name':'granary.affinity.gold'", "'text_equals':{'value':'90'}"),
         "attribute 'granary.affinity.gold' is not tested here"},
        {GROUP("'attribute_name':'granary.storages'", "'not_exists':{}"), "only 'granary.storage' is"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) expect_err(constrained(w, rows[i][0], &c), ERR_INVALID, rows[i][1]);
}

static void the_whole_framework_info_is_kept(void **state) {
    struct world *w = *state;
    struct cmd_subscribe c;
    void *info;
    expect_ok(subscribed(w, ",'webui_url':'http://ui','principal':'ops'}", &c));
    expect_ok(message_unpack(&mesos__v1__framework_info__descriptor, c.info->bytes, c.info->size, &w->arena, &info));
    assert_string_equal(((Mesos__V1__FrameworkInfo *)info)->webui_url, "http://ui");
    assert_string_equal(state_text(w->state, c.principal), "ops");
}

// ---- small calls ----

static void declining_nothing_is_a_call_too(void **state) {
    struct world *w = *state;
    struct cmd_decline c;
    const mesos_call *call =
        call_of(w, "{'type':'DECLINE','framework_id':{'value':'f'},'decline':{'offer_ids':[],'filters':null}}");
    expect_ok(mesos_call_check(call));
    mesos_decline_read(call, 7, &w->arena, &c);
    assert_int_equal(c.framework, 7);
    assert_int_equal(c.offer_count, 0);
    assert_float_equal(c.refuse_seconds, 5, 0);
}

static void declined_offers_are_numbers_and_a_single_one_is_a_list(void **state) {
    struct world *w = *state;
    struct cmd_decline c;
    mesos_decline_read(call_of(w, "{'type':'DECLINE','decline':{'offer_ids':{'value':'42'},'filters':"
                                  "{'refuse_seconds':'31000'}}}"),
                       7, &w->arena, &c);
    assert_int_equal(c.offer_count, 1);
    assert_int_equal(c.offers[0], 42);
    assert_float_equal(c.refuse_seconds, 31000, 0);
    mesos_decline_read(call_of(w, "{'type':'DECLINE','decline':{'offer_ids':[{'value':'x-O1'}],'filters':{}}}"), 7,
                       &w->arena, &c);
    assert_int_equal(c.offers[0], 0);
    assert_float_equal(c.refuse_seconds, 5, 0);
}

static void reviving_a_role_that_nobody_has_names_none(void **state) {
    struct world *w = *state;
    struct cmd_roles c;
    symbol eng = world_symbol(w, "eng");
    size_t known = w->state->symbols.count;
    mesos_roles_read(&w->state->symbols, call_of(w, "{'type':'REVIVE','revive':{'roles':['eng','made-up']}}"), 7,
                     &w->arena, &c);
    assert_int_equal(c.role_count, 2);
    assert_true(symbol_equal(c.roles[0], eng));
    assert_int_equal(c.roles[1].n, 0);
    assert_int_equal(w->state->symbols.count, known); // nothing is remembered of it
    mesos_roles_read(&w->state->symbols, call_of(w, "{'type':'SUPPRESS'}"), 7, &w->arena, &c);
    assert_int_equal(c.role_count, 0);
}

static void a_kill_may_bring_its_own_grace(void **state) {
    struct world *w = *state;
    struct cmd_kill c;
    mesos_kill_read(call_of(w, "{'type':'KILL','kill':{'task_id':{'value':'t'}}}"), 7, &c);
    assert_string_equal(c.task, "t");
    assert_true(c.grace_ms == UINT64_MAX);
    mesos_kill_read(call_of(w, "{'type':'KILL','kill':{'task_id':{'value':'t'},'kill_policy':{'grace_period':"
                               "{'nanoseconds':1500000000}}}}"),
                    7, &c);
    assert_int_equal(c.grace_ms, 1500);
}

static void an_operation_is_acknowledged_with_a_uuid_in_an_object(void **state) {
    struct world *w = *state;
    struct cmd_acknowledge c;
    const mesos_call *call =
        call_of(w, "{'type':'ACKNOWLEDGE_OPERATION_STATUS','framework_id':{'value':'f'},"
                   "'acknowledge_operation_status':{'operation_id':{'value':'op-1'},'state':'OPERATION_FINISHED',"
                   "'uuid':{'value':'MDEyMzQ1Njc4OWFiY2RlZg=='}}}");
    expect_ok(mesos_call_check(call));
    mesos_acknowledge_read(call, 7, &c);
    assert_string_equal(c.operation, "op-1");
    assert_null(c.task);
    assert_memory_equal(c.uuid, "0123456789abcdef", 16);
}

static void a_status_is_acknowledged_by_task_and_uuid(void **state) {
    struct cmd_acknowledge c;
    mesos_acknowledge_read(call_of(*state, "{'type':'ACKNOWLEDGE','acknowledge':{'agent_id':{'value':'any'},'task_id':"
                                           "{'value':'t'},'uuid':'MDEyMzQ1Njc4OWFiY2RlZg=='}}"),
                           7, &c);
    assert_string_equal(c.task, "t");
    assert_null(c.operation);
    assert_memory_equal(c.uuid, "0123456789abcdef", 16);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_call_without_a_known_type_is_invalid),
        TEST(each_type_needs_its_body),
        TEST(hints_and_maintenance_need_no_body),
        TEST(every_call_but_subscribe_names_its_framework),
        TEST(the_ids_of_a_subscribe_must_agree),
        TEST(an_acknowledgement_needs_a_uuid_of_16_bytes),
        TEST(a_changed_framework_info_comes_by_subscribing_again),
        TEST(user_and_name_may_be_empty_and_the_role_is_everybody),
        TEST(capabilities_are_bits_and_unknown_ones_are_let_pass),
        TEST(roles_and_role_go_with_multi_role_or_without),
        TEST(wrong_roles_are_refused_by_name),
        TEST(suppressed_roles_are_roles_of_the_framework),
        TEST(the_failover_timeout_is_bounded),
        TEST(the_label_needs_multi_role_and_refinement),
        TEST(what_is_kept_of_a_framework_is_bounded),
        TEST(offer_filters_without_a_quantity_are_refused),
        TEST(the_least_that_is_enough_is_read_for_the_roles_it_has),
        TEST(offer_constraints_are_read_group_by_group),
        TEST(offer_constraints_that_mean_nothing_are_refused),
        TEST(the_whole_framework_info_is_kept),
        TEST(declining_nothing_is_a_call_too),
        TEST(declined_offers_are_numbers_and_a_single_one_is_a_list),
        TEST(reviving_a_role_that_nobody_has_names_none),
        TEST(a_kill_may_bring_its_own_grace),
        TEST(an_operation_is_acknowledged_with_a_uuid_in_an_object),
        TEST(a_status_is_acknowledged_by_task_and_uuid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
