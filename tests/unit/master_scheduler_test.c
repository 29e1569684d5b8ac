// SPDX-License-Identifier: Apache-2.0
// The stream of a scheduler: what comes first, whose calls are taken, and who is told when another takes over.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "master_desk.h"

static const char *id_of_framework(struct desk *d) {
    const struct framework_row *f = table_next(&master_state(d->m)->tables[NOUN_FRAMEWORK], 0);
    assert_non_null(f);
    return f->text_id;
}

// A call of the framework with that Mesos-Stream-Id (NULL: none); the status.
static int call(struct desk *d, const char *stream_id, const char *type, const char *rest) {
    const char *body = arena_format(&d->arena, "{'type':'%s','framework_id':{'value':'%s'}%s}", type,
                                    id_of_framework(d), rest ? rest : "");
    const struct output *o = desk_ask(d, "POST", "/api/v1/scheduler", body,
                                      stream_id ? arena_format(&d->arena, "Mesos-Stream-Id: %s", stream_id) : NULL);
    assert_non_null(o);
    return o->status;
}

static void expect_order(const char *text, const char *const *words, size_t count) {
    const char *at = text;
    for (size_t i = 0; i < count; i++) {
        const char *found = strstr(at, words[i]);
        if (!found) fail_msg("'%s' does not come in its turn in: %s", words[i], text);
        at = found + 1;
    }
}

static uint64_t whole_cluster(struct desk *d, const char **ret_stream_id) {
    desk_provider(d);
    desk_agent(d);
    desk_class(d);
    return desk_subscribe(d, NULL, ret_stream_id);
}

static void subscribed_comes_first_then_a_heartbeat_then_offers(void **state) {
    struct desk *d = *state;
    static const char *const order[] = {"\"type\":\"SUBSCRIBED\"", "\"type\":\"HEARTBEAT\"", "\"type\":\"OFFERS\""};
    const char *stream_id;
    uint64_t stream = whole_cluster(d, &stream_id);
    const char *first = desk_said(d, stream);
    assert_null(strstr(first, "OFFERS"));
    assert_int_equal(d->out.list.at[0].kind, OUTPUT_STREAM_OPEN);
    desk_wait(d, 20);
    expect_order(arena_format(&d->arena, "%s%s", first, desk_said(d, stream)), order, 3);
}

static void a_subscription_is_spoken_when_it_is_durable(void **state) {
    struct desk *d = *state;
    const char *stream_id;
    uint64_t stream = whole_cluster(d, &stream_id);
    assert_true(d->out.journal.count > 0);
    VEC_EACH (o, &d->out.list) {
        if (o->target == stream) assert_int_equal(o->after, vec_last(&d->out.journal)->seq);
    }
}

static void offers_hold_the_agent_and_the_classes_of_storage(void **state) {
    struct desk *d = *state;
    const char *stream_id;
    uint64_t stream = whole_cluster(d, &stream_id);
    desk_wait(d, 20);
    expect_words(desk_said(d, stream), "\"hostname\":\"n1\"");
    expect_words(desk_said(d, stream), "\"profile\":\"gold\"");
}

static const char *subscribed_with(struct desk *d, const char *host, const char *predicate) {
    const struct output *refused = desk_ask(
        d, "POST", "/api/v1/scheduler",
        arena_format(&d->arena,
                     "{'type':'SUBSCRIBE','subscribe':{'framework_info':{'user':'root','name':'choosy'},"
                     "'offer_constraints':{'role_constraints':{'*':{'groups':[{'attribute_constraints':[{'selector':"
                     "{'pseudoattribute_type':'HOSTNAME'},'predicate':{'%s':{'%s':'%s'}}}]}]}}}}}",
                     predicate, strcmp(predicate, "text_matches") == 0 ? "regex" : "value", host),
        "Accept: application/json");
    assert_null(refused);
    uint64_t stream = d->exchange;
    const char *said = desk_said(d, stream);
    if (desk_ended(d, stream)) return said;
    desk_wait(d, 20);
    return arena_format(&d->arena, "%s%s", said, desk_said(d, stream));
}

static void offers_come_from_agents_that_satisfy_the_constraints(void **state) {
    struct desk *d = *state;
    desk_agent(d);
    assert_null(strstr(subscribed_with(d, "n2", "text_equals"), "OFFERS"));
    expect_words(subscribed_with(d, "n1", "text_equals"), "OFFERS");
}

static void constraints_that_are_not_tested_end_the_subscription(void **state) {
    struct desk *d = *state;
    const char *said = subscribed_with(d, "n.*", "text_matches");
    expect_words(said, "\"type\":\"ERROR\"");
    expect_words(said, "'offer_constraints' for role '*': regular expressions are not tested here");
}

static void calls_need_the_stream_id_of_the_subscription(void **state) {
    struct desk *d = *state;
    const char *stream_id;
    whole_cluster(d, &stream_id);
    assert_int_equal(call(d, stream_id, "REVIVE", NULL), 202);
    assert_int_equal(call(d, NULL, "REVIVE", NULL), 400);
    expect_words(d->out.list.at[0].body, "should include the 'Mesos-Stream-Id' header");
    assert_int_equal(call(d, "c0ffee00-0000-4000-8000-000000000000", "REVIVE", NULL), 400);
    expect_words(d->out.list.at[0].body, "didn't match the stream ID currently associated with framework ID");
}

static void the_old_stream_is_told_that_another_took_over(void **state) {
    struct desk *d = *state;
    const char *old_id, *new_id;
    uint64_t old = whole_cluster(d, &old_id);
    uint64_t stream = desk_subscribe(d, id_of_framework(d), &new_id);
    expect_words(desk_said(d, old), "Framework failed over");
    assert_true(desk_ended(d, old));
    expect_words(desk_said(d, stream), "SUBSCRIBED");
    assert_int_equal(table_count(&master_state(d->m)->tables[NOUN_FRAMEWORK]), 1);
    assert_int_equal(call(d, old_id, "REVIVE", NULL), 400);
    assert_int_equal(call(d, new_id, "REVIVE", NULL), 202);
}

static void the_end_of_an_old_stream_does_not_disconnect_the_new_one(void **state) {
    struct desk *d = *state;
    const char *old_id, *new_id;
    uint64_t old = whole_cluster(d, &old_id);
    desk_subscribe(d, id_of_framework(d), &new_id);
    struct instant at = {.now = {{d->ms}, {d->ms}}};
    outputs_clear(&d->out);
    master_stream_gone(d->m, old, &at, &d->out);
    assert_int_equal(call(d, new_id, "REVIVE", NULL), 202);
}

static void a_framework_whose_stream_broke_is_not_subscribed(void **state) {
    struct desk *d = *state;
    const char *stream_id;
    uint64_t stream = whole_cluster(d, &stream_id);
    struct instant at = {.now = {{d->ms}, {1700000000000 + d->ms}}};
    outputs_clear(&d->out);
    master_stream_gone(d->m, stream, &at, &d->out);
    assert_int_equal(call(d, stream_id, "REVIVE", NULL), 403);
}

static void a_call_of_nobody_is_refused(void **state) {
    struct desk *d = *state;
    desk_expect(d, "POST", "/api/v1/scheduler", "{'type':'REVIVE','framework_id':{'value':'who'}}", 400,
                "Framework cannot be found");
    desk_expect(d, "POST", "/api/v1/scheduler", "{'type':", 400, "Failed to parse body into JSON");
    const struct output *o = desk_ask(d, "POST", "/api/v1/scheduler", "{}", "Content-Type: text/plain");
    assert_int_equal(o->status, 415);
}

static void an_accept_while_the_store_is_full_is_answered_and_gives_its_offers_back(void **state) {
    struct desk *d = *state;
    const char *stream_id;
    uint64_t stream = whole_cluster(d, &stream_id);
    desk_wait(d, 20);
    size_t offers = table_count(&master_state(d->m)->tables[NOUN_OFFER]);
    assert_true(offers > 0);
    const struct offer_row *offer = table_next(&master_state(d->m)->tables[NOUN_OFFER], 0);
    master_set_full(d->m, "no space left on device");
    assert_int_equal(call(d, stream_id, "ACCEPT",
                          arena_format(&d->arena,
                                       ",'accept':{'offer_ids':[{'value':'%llu'}],'operations':[{'type':'LAUNCH',"
                                       "'launch':{'task_infos':[{'name':'t','task_id':{'value':'t1'},'agent_id':"
                                       "{'value':'1'},'resources':[]}]}}]}",
                                       (unsigned long long)offer->id)),
                     202);
    expect_words(desk_said(d, stream), "Task launched in vain: the registry's store is full: no space left on device");
    assert_int_equal(table_count(&master_state(d->m)->tables[NOUN_OFFER]), offers - 1);
    assert_int_equal(table_count(&master_state(d->m)->tables[NOUN_TASK]), 0);
}

static void a_teardown_ends_the_framework_for_good(void **state) {
    struct desk *d = *state;
    const char *stream_id;
    whole_cluster(d, &stream_id);
    assert_int_equal(call(d, stream_id, "TEARDOWN", NULL), 202);
    assert_int_equal(call(d, stream_id, "REVIVE", NULL), 400);
    expect_words(d->out.list.at[0].body, "Framework cannot be found");
}

static void heartbeats_go_to_every_stream(void **state) {
    struct desk *d = *state;
    const char *stream_id;
    uint64_t stream = whole_cluster(d, &stream_id);
    desk_wait(d, 1000);
    expect_words(desk_said(d, stream), "{\"type\":\"HEARTBEAT\"}");
}

#define T(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(subscribed_comes_first_then_a_heartbeat_then_offers),
        T(a_subscription_is_spoken_when_it_is_durable),
        T(offers_hold_the_agent_and_the_classes_of_storage),
        T(offers_come_from_agents_that_satisfy_the_constraints),
        T(constraints_that_are_not_tested_end_the_subscription),
        T(calls_need_the_stream_id_of_the_subscription),
        T(the_old_stream_is_told_that_another_took_over),
        T(the_end_of_an_old_stream_does_not_disconnect_the_new_one),
        T(a_framework_whose_stream_broke_is_not_subscribed),
        T(a_call_of_nobody_is_refused),
        T(an_accept_while_the_store_is_full_is_answered_and_gives_its_offers_back),
        T(a_teardown_ends_the_framework_for_good),
        T(heartbeats_go_to_every_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
