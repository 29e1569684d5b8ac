// SPDX-License-Identifier: Apache-2.0
// Policies and plans by REST, and what of them is there after a restart.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "master_desk.h"

#define SILVER "{'classes':[{'name':'silver','pool':'media = hdd'}],'comment':'cheap'}"
#define DRAFT "{'classes':[{'name':'bronze'}],'draft':true}"

static void a_policy_is_applied_switched_and_rolled_back(void **state) {
    struct desk *d = *state;
    desk_class(d);
    desk_expect(d, "POST", "/v1/policies", SILVER, 200, "'number':2");
    desk_expect(d, "GET", "/v1/classes", NULL, 200, "'name':'silver'");
    desk_expect(d, "GET", "/v1/classes/gold", NULL, 404, "there is no class 'gold'");
    desk_expect(d, "POST", "/v1/policies", DRAFT, 200, "'number':3");
    desk_expect(d, "GET", "/v1/policies/active", NULL, 200, "'pool':'media = hdd'");
    desk_expect(d, "POST", "/v1/policies/3/switch", NULL, 200, "'active':true");
    desk_expect(d, "GET", "/v1/classes/bronze", NULL, 200, "'name':'bronze'");
    desk_expect(d, "POST", "/v1/policies/2/rollback", NULL, 409, "policy 2: it is not on");
    desk_expect(d, "POST", "/v1/policies/active/rollback", NULL, 200, "'number':2");
    desk_expect(d, "GET", "/v1/policies", NULL, 200, "'class_count':1,'comment':'cheap','active':true");
}

static void what_is_wrong_with_a_policy_is_said_and_changes_nothing(void **state) {
    struct desk *d = *state;
    desk_expect(d, "GET", "/v1/policies/active", NULL, 404, "no version is on");
    desk_class(d);
    desk_expect(d, "POST", "/v1/policies", "{'classes':[{'name':'a'},{'name':'a'}]}", 409, "class 'a' is there twice");
    desk_expect(d, "POST", "/v1/policies", "{'classes':[{'name':'a','pool':'x >='}]}", 400, "class 'a': pool");
    desk_expect(d, "GET", "/v1/policies/9", NULL, 404, "the versions go from 1 to 1");
    desk_expect(d, "GET", "/v1/policies/next", NULL, 404, "versions are numbers");
    desk_expect(d, "GET", "/v1/classes/gold", NULL, 200, "'name':'gold'");
}

static void a_class_in_use_keeps_the_policy_as_it_is(void **state) {
    struct desk *d = *state;
    desk_provider(d);
    desk_agent(d);
    desk_class(d);
    desk_expect(d, "POST", "/v1/volumes", "{'name':'db','class':'gold','role':'web','size':'1000000000'}", 202, "db");
    desk_expect(d, "POST", "/v1/policies", SILVER, 409, "volume 'db' of role 'web' is of it; release that first");
}

static void versions_are_there_after_a_restart(void **state) {
    struct desk *d = *state;
    desk_class(d);
    desk_expect(d, "POST", "/v1/policies", SILVER, 200, "'number':2");
    desk_checkpoint(d, 1000);
    desk_expect(d, "POST", "/v1/policies", DRAFT, 200, "'number':3");
    struct desk *again = desk_recovered(d);
    struct text before = desk_kept(d), after = desk_kept(again);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    text_done(&before);
    text_done(&after);
    desk_start(again);
    desk_expect(again, "POST", "/v1/policies/active/rollback", NULL, 200, "'number':1");
    desk_expect(again, "GET", "/v1/classes/gold", NULL, 200, "'name':'gold'");
    desk_free(again);
}

// ---- plan ----

static void a_plan_says_what_would_be_and_changes_nothing(void **state) {
    struct desk *d = *state;
    desk_provider(d);
    desk_agent(d);
    desk_class(d);
    uint64_t seq = master_state(d->m)->seq;
    size_t symbols = master_state(d->m)->symbols.count;
    struct text before = desk_kept(d);
    desk_expect(
        d, "POST", "/v1/plan",
        "{'pools':[{'pool':'file/main/new','like':'file/main/ssd','total':{'bytes':'9TiB'},'tags':['rack=r9']}],"
        "'agents':[{'name':'n9','like':'n1','total':{'cpus':64}}],"
        "'classes':[{'name':'nine','pool':'rack = r9'}],"
        "'requests':[{'name':'db','class':'nine','size':'8TiB','role':'never-heard-of'},"
        "{'name':'log','class':'nine','size':'2TiB'}]}",
        200, "'name':'db','class':'nine','size':8796093022208,'places':true");
    struct text after = desk_kept(d);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, before.size);
    assert_int_equal(master_state(d->m)->seq, seq);
    assert_int_equal(master_state(d->m)->symbols.count, symbols);
    assert_int_equal(d->out.journal.count, 0);
    text_done(&before);
    text_done(&after);
}

static void a_request_that_would_not_place_is_explained(void **state) {
    struct desk *d = *state;
    desk_provider(d);
    desk_agent(d);
    desk_class(d);
    desk_expect(d, "POST", "/v1/plan", "{'requests':[{'name':'db','class':'gold','size':'8TiB'}]}", 200,
                "'suggestions':[{'change':'a size of");
    desk_expect(d, "POST", "/v1/plan", "{'requests':[{'name':'db','class':'gold','size':'8TiB'}]}", 200,
                "'places':false,'requests'");
}

static void a_plan_takes_requests_of_several_volumes(void **state) {
    struct desk *d = *state;
    desk_provider(d);
    desk_agent(d);
    desk_class(d);
    static const char *const plan =
        "{'classes':[{'name':'tape','pool':'media = tape'}],"
        "'requests':[{'role':'web','cpus':1,'volumes':[{'name':'data','classes':['tape','gold'],'size':'1GiB'},"
        "{'name':'log','class':'gold','size':'1GiB'}]}]}";
    desk_expect(d, "POST", "/v1/plan", plan, 200,
                "'requests':[{'name':'data, log','places':true,'volumes':[{'name':'data'");
    desk_expect(d, "POST", "/v1/plan", plan, 200, "'agent':'n1','passed_over':[{'volume':'data','sentence':'");
    desk_expect(d, "POST", "/v1/plan", "{'requests':[{'volumes':[{'name':'data','class':'gold','size':'8TiB'}]}]}", 200,
                "'places':false,'sentence':'request of 1 volume, nothing was taken: volume 'data'");
}

static void labels_of_planned_volumes_are_looked_at(void **state) {
    struct desk *d = *state;
    desk_provider(d);
    desk_agent(d);
    desk_expect(d, "POST", "/v1/plan",
                "{'classes':[{'name':'apart','spread':[{'key':'rack','label':'app','required':true}]}],"
                "'requests':[{'name':'db','class':'apart','size':'1GiB','labels':{'app':'x'}}]}",
                200, "asked at most 1 of the volumes with label app=x on one rack");
    desk_expect(d, "POST", "/v1/plan", "{'requests':[{'name':'db','class':'x','size':1,'labels':{'a b':'c'}}]}", 400,
                "plan: requests[0]: volume 'db': label 'a b'");
}

static void a_request_of_a_plan_is_of_one_kind(void **state) {
    struct desk *d = *state;
    desk_expect(d, "POST", "/v1/plan", "{'requests':[{'name':'db','volumes':[{'name':'a','class':'gold','size':1}]}]}",
                400, "plan: requests[0]: beside 'volumes' there are only role, cpus");
    desk_expect(d, "POST", "/v1/plan", "{'requests':[{'name':'db','class':'gold','size':1,'cpus':1}]}", 400,
                "are for a request with 'volumes'");
    desk_expect(d, "POST", "/v1/plan", "{'requests':[{'name':'db'}]}", 400, "give the name, class and size");
    desk_expect(d, "POST", "/v1/plan", "{'requests':[{'volumes':[{'name':'a','class':'x','classes':['y'],'size':1}]}]}",
                400, "give 'class' or 'classes', not both");
}

static void a_plan_that_makes_no_sense_is_refused_by_its_place(void **state) {
    struct desk *d = *state;
    desk_expect(d, "POST", "/v1/plan", "{'pools':[{'pool':'file/ssd'}]}", 400,
                "plan: pools[0]: pool 'file/ssd': write it as provider/instance/pool");
    desk_expect(d, "POST", "/v1/plan", "{'pools':[{'pool':'a/b/c'}]}", 400, "it does not say how large it is");
    desk_expect(d, "POST", "/v1/plan", "{'agents':[{'name':'n','like':'m'}]}", 404, "agents[0]: like 'm'");
    desk_expect(d, "POST", "/v1/plan", "{'classes':[{'name':'c','pool':'x >='}]}", 400, "classes[0]: class 'c': pool");
}

// ---- trials, and the requests that they ask again ----

static void ask_both(struct desk *d) {
    desk_provider(d);
    desk_agent(d);
    desk_class(d);
    desk_expect(d, "POST", "/v1/volumes", "{'name':'db','class':'gold','role':'web','size':'1000000000'}", 202, "db");
    desk_expect(d, "POST", "/v1/volumes", "{'name':'big','class':'gold','role':'web','size':'5000000000000'}", 409,
                "big");
}

static void requests_are_recorded_without_an_entry_of_their_own(void **state) {
    struct desk *d = *state;
    ask_both(d);
    assert_int_equal(d->out.journal.count, 0); // the refused one
    desk_expect(d, "GET", "/v1/requests", NULL, 200,
                "'class':'gold','size':1000000000,'role':'web','pool':'file/main/ssd'");
    desk_expect(d, "GET", "/v1/requests?after=1", NULL, 200, "'error_kind':'no-fit','rule':'bytes'");
    desk_expect(d, "GET", "/v1/requests?limit=1", NULL, 200, "'next_page':'1'");
}

static void a_policy_is_tried_before_it_is_switched_on(void **state) {
    struct desk *d = *state;
    ask_both(d);
    size_t symbols = master_state(d->m)->symbols.count;
    desk_expect(d, "POST", "/v1/policies/rehearse", "{'classes':[{'name':'gold','pool':'never = heard-of'}]}", 200,
                "'requests':2,'same':0,'elsewhere':0,'fails':1,'places':0,'both_refused':1");
    desk_expect(d, "POST", "/v1/policies/lint", "{'classes':[{'name':'gold','pool':'x, !x'}]}", 200,
                "'severity':'error','rule':'never-holds','class':'gold','path':'pool'");
    desk_expect(d, "POST", "/v1/policies/lint", "{'policy':1}", 200, "{'seq':6}");
    desk_expect(d, "POST", "/v1/policies/lint", "{}", 400, "one of both");
    assert_int_equal(master_state(d->m)->symbols.count, symbols);
    assert_int_equal(d->out.journal.count, 0);
}

static void requests_are_there_after_a_clean_stop_and_in_blocks_after_a_crash(void **state) {
    struct desk *d = *state;
    ask_both(d);
    for (int i = 2; i < 1500; i++)
        desk_expect(d, "POST", "/v1/volumes", "{'name':'big','class':'gold','size':'5000000000000'}", 409, "big");
    desk_checkpoint(d, 1000);
    struct desk *crashed = desk_recovered(d);
    desk_start(crashed);
    desk_expect(crashed, "GET", "/v1/requests?after=998&limit=5", NULL, 200, "'number':1000");
    desk_expect(crashed, "GET", "/v1/requests?after=1000", NULL, 200, "{'seq':6}");
    struct checkpoint_object rest = master_asked_rest(d->m);
    assert_non_null(rest.bytes);
    struct desk *stopped = desk_recovered(d);
    assert_null(master_recover_object(stopped->m, rest.noun, rest.seq, rest.bytes, rest.size));
    desk_start(stopped);
    desk_expect(stopped, "GET", "/v1/requests?after=1499", NULL, 200, "'number':1500");
    assert_null(master_asked_rest(crashed->m).bytes);
    free(rest.bytes);
    desk_free(crashed);
    desk_free(stopped);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_policy_is_applied_switched_and_rolled_back),
        TEST(what_is_wrong_with_a_policy_is_said_and_changes_nothing),
        TEST(a_class_in_use_keeps_the_policy_as_it_is),
        TEST(versions_are_there_after_a_restart),
        TEST(a_plan_says_what_would_be_and_changes_nothing),
        TEST(a_request_that_would_not_place_is_explained),
        TEST(requests_are_recorded_without_an_entry_of_their_own),
        TEST(a_policy_is_tried_before_it_is_switched_on),
        TEST(requests_are_there_after_a_clean_stop_and_in_blocks_after_a_crash),
        TEST(a_plan_takes_requests_of_several_volumes),
        TEST(labels_of_planned_volumes_are_looked_at),
        TEST(a_request_of_a_plan_is_of_one_kind),
        TEST(a_plan_that_makes_no_sense_is_refused_by_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
