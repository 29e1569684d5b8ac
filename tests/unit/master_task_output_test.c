// SPDX-License-Identifier: Apache-2.0
// What a task printed, asked over REST: passed to its agent, answered from its agent, and never waited for in vain.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "master_desk.h"

#define OUTPUT "/v1/tasks/t-1/output?stream=stderr&after=5&wait=2s"

// One task of a framework was launched on the agent, whose stream it is.
static uint64_t launched(struct desk *d) {
    const char *stream_id;
    uint64_t agent = desk_agent(d);
    uint64_t stream = desk_subscribe(d, NULL, &stream_id);
    desk_wait(d, 20);
    expect_words(desk_said(d, stream), "OFFERS");
    const struct framework_row *f = table_next(&master_state(d->m)->tables[NOUN_FRAMEWORK], 0);
    const struct offer_row *offer = NULL;
    for (const struct offer_row *o = table_next(&master_state(d->m)->tables[NOUN_OFFER], 0); o;
         o = table_next(&master_state(d->m)->tables[NOUN_OFFER], o->id))
        if (o->agent) offer = o;
    assert_non_null(offer);
    const char *body = arena_format(
        &d->arena,
        "{'type':'ACCEPT','framework_id':{'value':'%s'},'accept':{'offer_ids':[{'value':'%llu'}],'operations':[{'type':"
        "'LAUNCH','launch':{'task_infos':[{'name':'t','task_id':{'value':'t-1'},'agent_id':{'value':'%llu'},'command':{"
        "'value':'true'},'resources':[{'name':'cpus','type':'SCALAR','scalar':{'value':1},'allocation_info':{'role':"
        "'web'}}]}]}}]}}",
        f->text_id, (unsigned long long)offer->id, (unsigned long long)offer->agent);
    const struct output *o =
        desk_ask(d, "POST", "/api/v1/scheduler", body, arena_format(&d->arena, "Mesos-Stream-Id: %s", stream_id));
    assert_int_equal(o->status, 202);
    const Granary__ToAgent *told = desk_told(d, agent);
    if (!told || !told->launch) fail_msg("no launch: %s", desk_said(d, stream));
    return agent;
}

// Asked and not answered yet; its exchange.
static uint64_t waiting(struct desk *d) {
    assert_null(desk_ask(d, "GET", OUTPUT, NULL, NULL));
    return d->exchange;
}

static void expect_reply(struct desk *d, uint64_t exchange, int status, const char *words) {
    const struct output *o = desk_reply(d, exchange);
    assert_non_null(o);
    if (o->status != status) fail_msg("%d, not %d: %.*s", o->status, status, (int)o->size, o->body);
    expect_words(quoted(&d->arena, arena_text_n(&d->arena, o->body, o->size)), quoted(&d->arena, words));
}

static void the_agent_is_asked_and_its_answer_is_passed_on(void **state) {
    struct desk *d = *state;
    uint64_t agent = launched(d);
    uint64_t exchange = waiting(d);
    const Granary__ReadOutput *asked = desk_told(d, agent)->read_output;
    assert_non_null(asked);
    assert_int_equal(asked->request, exchange);
    assert_true(asked->error);
    assert_int_equal(asked->offset, 5);
    assert_int_equal(asked->most, 65536);
    assert_int_equal(asked->wait_ms, 2000);
    desk_agent_says(d, arena_format(&d->arena, "{'printed':{'request':%llu,'data':'aGVsbG8K','ended':true}}",
                                    (unsigned long long)exchange));
    expect_reply(d, exchange, 200, "'stream':'stderr','offset':5,'next':11,'ended':true,'data':'aGVsbG8K'");
    desk_agent_says(
        d, arena_format(&d->arena, "{'printed':{'request':%llu,'data':'aGVsbG8K'}}", (unsigned long long)exchange));
    assert_null(desk_reply(d, exchange)); // told twice
}

static void what_the_agent_cannot_read_is_said_in_its_words(void **state) {
    struct desk *d = *state;
    launched(d);
    uint64_t exchange = waiting(d);
    desk_agent_says(d, arena_format(&d->arena,
                                    "{'printed':{'request':%llu,'error_kind':'not-found','message':'it is not kept any "
                                    "more'}}",
                                    (unsigned long long)exchange));
    expect_reply(d, exchange, 404, "task 't-1' on agent 'n1': it is not kept any more");
}

static void an_agent_that_goes_away_ends_the_wait(void **state) {
    struct desk *d = *state;
    uint64_t agent = launched(d);
    uint64_t exchange = waiting(d);
    struct instant at = {.now = {{d->ms}, {1700000000000 + d->ms}}};
    outputs_clear(&d->out);
    master_stream_gone(d->m, agent, &at, &d->out);
    expect_reply(d, exchange, 503, "its agent 'n1' is away");
    desk_expect(d, "GET", OUTPUT, NULL, 503, "can be read when it is back");
}

static void an_agent_that_comes_again_is_asked_anew(void **state) {
    struct desk *d = *state;
    launched(d);
    uint64_t exchange = waiting(d);
    uint64_t agent = desk_agent(d);
    expect_reply(d, exchange, 503, "is away");
    exchange = waiting(d);
    assert_int_equal(desk_told(d, agent)->read_output->request, exchange);
}

static void who_does_not_wait_any_more_is_not_answered(void **state) {
    struct desk *d = *state;
    launched(d);
    uint64_t exchange = waiting(d);
    struct instant at = {.now = {{d->ms}, {1700000000000 + d->ms}}};
    master_stream_gone(d->m, exchange, &at, &d->out);
    desk_agent_says(d, arena_format(&d->arena, "{'printed':{'request':%llu,'data':''}}", (unsigned long long)exchange));
    assert_null(desk_reply(d, exchange));
}

static void a_task_that_has_ended_lately_can_still_be_read(void **state) {
    struct desk *d = *state;
    uint64_t agent = launched(d);
    const struct framework_row *f = table_next(&master_state(d->m)->tables[NOUN_FRAMEWORK], 0);
    const struct task_row *t = table_next(&master_state(d->m)->tables[NOUN_TASK], 0);
    uint64_t number = t->id;
    desk_expect(d, "DELETE", arena_format(&d->arena, "/v1/frameworks/%s", f->text_id), NULL, 202, "");
    // TASK_KILLED of t-1, of which no acknowledgement is wanted
    desk_agent_says(d, arena_format(&d->arena, "{'status':{'task_number':%llu,'status':'CgUKA3QtMRAE'}}",
                                    (unsigned long long)number));
    desk_wait(d, 100);
    assert_null(table_next(&master_state(d->m)->tables[NOUN_TASK], 0));
    waiting(d);
    assert_int_equal(desk_told(d, agent)->read_output->task_number, number);
}

static void wrong_wishes_are_refused(void **state) {
    struct desk *d = *state;
    launched(d);
    desk_expect(d, "GET", "/v1/tasks/t-2/output", NULL, 404, "task 't-2': there is none of that id");
    desk_expect(d, "GET", "/v1/tasks/t-1/output?framework=other", NULL, 404, "there is none");
    desk_expect(d, "GET", "/v1/tasks/t-1/output?stream=log", NULL, 400, "must be stdout or stderr");
    desk_expect(d, "GET", "/v1/tasks/t-1/output?after=-1", NULL, 400, "is not an offset");
    desk_expect(d, "GET", "/v1/tasks/t-1/output?wait=soon", NULL, 400, "wait");
}

#define T(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_agent_is_asked_and_its_answer_is_passed_on),
        T(what_the_agent_cannot_read_is_said_in_its_words),
        T(an_agent_that_goes_away_ends_the_wait),
        T(an_agent_that_comes_again_is_asked_anew),
        T(who_does_not_wait_any_more_is_not_answered),
        T(a_task_that_has_ended_lately_can_still_be_read),
        T(wrong_wishes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
