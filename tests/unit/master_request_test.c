// SPDX-License-Identifier: Apache-2.0
// POST /v1/requests: one journal entry for all of it, none when it is refused, and what a later master reads of it.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "master_desk.h"

#define VOLUMES                                                                                                        \
    "'volumes':[{'name':'data','class':'gold','size':'400GiB'},{'name':'log','class':'gold','size':'50GiB'}]"

static int setup(void **state) {
    desk_setup(state);
    desk_provider(*state);
    desk_agent(*state);
    desk_class(*state);
    return 0;
}

static void all_of_it_is_one_entry(void **state) {
    struct desk *d = *state;
    const struct output *o = desk_expect(d, "POST", "/v1/requests", "{'role':'web','cpus':1,'mem':'64MiB'," VOLUMES "}",
                                         202, "'agent':'n1'");
    assert_int_equal(d->out.journal.count, 1);
    assert_int_equal(o->after, vec_last(&d->out.journal)->seq);
    const char *body = arena_text_n(&d->arena, o->body, o->size);
    expect_words(body, quoted(&d->arena, "'operations':[{'id':"));
    expect_words(body, quoted(&d->arena, "'name':'log'"));
    expect_words(body, quoted(&d->arena, "'agent':'n1','cpus':1"));
    desk_expect(d, "GET", "/v1/reservations", NULL, 200, "'mem':64");
    desk_expect(d, "GET", "/v1/agents", NULL, 200, "'reserved':{'cpus':1");
}

static void nothing_is_written_when_part_of_it_has_no_place(void **state) {
    struct desk *d = *state;
    struct text before = desk_kept(d);
    desk_expect(d, "POST", "/v1/requests",
                "{'role':'web','cpus':1,'volumes':[{'name':'data','class':'gold','size':'600GiB'},"
                "{'name':'log','class':'gold','size':'500GiB'}]}",
                409, "request of 2 volumes, nothing was taken: volume 'log': class 'gold', 500 GiB");
    assert_int_equal(d->out.journal.count, 0);
    struct text after = desk_kept(d);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, after.size);
    text_done(&before);
    text_done(&after);
}

// Of the volume that failed: beside those placed before it, and with what one can ask for instead of it there.
static void a_refusal_explains_the_volume_that_failed(void **state) {
    struct desk *d = *state;
    const struct output *o = desk_expect(d, "POST", "/v1/requests",
                                         "{'role':'web','cpus':1,'volumes':[{'name':'data','class':'gold','size':"
                                         "'600GiB'},{'name':'log','class':'gold','size':'500GiB'}]}",
                                         409, "'explanation':{'sentence':'class 'gold', 500 GiB: no pool fits");
    const char *body = arena_text_n(&d->arena, o->body, o->size);
    expect_words(body,
                 quoted(&d->arena, "'funnel':[{'step':'pools','left':1},{'step':'have the bytes free','left':0}]"));
    expect_words(body, quoted(&d->arena, "'rule':'bytes','asked':'500 GiB','found':'400 GiB free'"));
    expect_words(body, quoted(&d->arena, "'suggestions':[{'change':'a size of 400 GiB or less','pools':1}]"));
    expect_words(body, quoted(&d->arena, "'volume':'log'"));
    assert_null(strstr(body, "another agent"));
    // a page of the refusals, and none of one that was asked for behind the last
    desk_expect(d, "POST", "/v1/requests?after=1",
                "{'role':'web','volumes':[{'name':'a','class':'gold','size':'2TiB'}]}", 409,
                "'funnel':[{'step':'pools'");
    o = desk_reply(d, d->exchange);
    assert_null(strstr(arena_text_n(&d->arena, o->body, o->size), "\"refusals\""));
    assert_null(strstr(arena_text_n(&d->arena, o->body, o->size), "\"volume\""));
    desk_expect(d, "POST", "/v1/requests?limit=0",
                "{'role':'web','volumes':[{'name':'a','class':'gold','size':'1GiB'}]}", 400,
                "limit='0' must be 1 to 10000");
    // not for want of a pool
    o = desk_expect(d, "POST", "/v1/requests", "{'role':'web','cpus':999," VOLUMES "}", 409, "no agent has 999 cpus");
    assert_null(strstr(arena_text_n(&d->arena, o->body, o->size), "explanation"));
}

static void a_wrong_body_is_told_so(void **state) {
    struct desk *d = *state;
    desk_expect(d, "POST", "/v1/requests", "{'role':'web'}", 400, "0 volumes; it must be 1 to 64");
    desk_expect(d, "POST", "/v1/requests", "{'volumes':[{'name':'a','class':'gold','classes':['gold'],'size':'1GiB'}]}",
                400, "volume 'a': give 'class' or 'classes', not both");
    desk_expect(d, "POST", "/v1/requests", "{'volumes':[{'name':'a','class':'media=ssd','size':'1GiB'}]}", 400,
                "is not the name of a class but a tag");
    desk_expect(d, "PUT", "/v1/classes/fast", "{'name':'fast','fs':'ext4','pool':'media = ssd'}", 200, "fast");
    desk_expect(d, "POST", "/v1/requests", "{'volumes':[{'name':'a','class':'gold','size':'1GiB','media':'ssd'}]}", 400,
                "'media=ssd' is a tag, which operators use: ask for a class that asks for it: 'fast'");
    desk_expect(d, "POST", "/v1/requests", "{'media':'ssd','volumes':[{'name':'a','class':'gold','size':'1GiB'}]}", 400,
                "ask for a class that asks for it: 'fast'");
    desk_expect(d, "POST", "/v1/requests",
                "{'volumes':[{'name':'a','class':'gold','size':'1GiB','labels':{'media':'ssd'},'colour':'red'}]}", 400,
                "unknown key 'colour''}"); // what a label is called is free
    desk_expect(d, "POST", "/v1/requests", "{'cpus':-1," VOLUMES "}", 400, "cpus and mem must be 0 or more");
    desk_expect(d, "POST", "/v1/requests", "{'cpus':1," VOLUMES "}", 400, "name a role");
    desk_expect(d, "POST", "/v1/requests", "{'role':'web','hold_ms':'25h'," VOLUMES "}", 400, "at most a day");
    desk_expect(d, "POST", "/v1/requests", "{'role':'web','hold_ms':0," VOLUMES "}", 400, "leave it out for the usual");
}

static void a_later_master_keeps_what_was_reserved(void **state) {
    struct desk *d = *state;
    desk_expect(d, "POST", "/v1/requests", "{'role':'web','cpus':1.5,'mem':'100MiB'," VOLUMES "}", 202, "data");
    desk_checkpoint(d, 2);
    struct desk *later = desk_recovered(d);
    struct text before = desk_kept(d), after = desk_kept(later);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, after.size);
    text_done(&before);
    text_done(&after);
    desk_start(later);
    desk_expect(later, "GET", "/v1/reservations", NULL, 200, "'agent':'n1','cpus':1.5,'mem':100");
    desk_free(later);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, desk_teardown)
    const struct CMUnitTest tests[] = {
        T(all_of_it_is_one_entry),
        T(nothing_is_written_when_part_of_it_has_no_place),
        T(a_refusal_explains_the_volume_that_failed),
        T(a_wrong_body_is_told_so),
        T(a_later_master_keeps_what_was_reserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
