// SPDX-License-Identifier: Apache-2.0
// Requests become outputs: answers after their entries, paths and methods, bodies, pages, events, a full store.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "master/engine.h"
#include "master_desk.h"

#define GOLD_50G "{'name':'db','class':'gold','role':'web','size':'50000000000'}"

static void ready(struct desk *d) {
    desk_provider(d);
    desk_agent(d);
    desk_class(d);
}

// ---- durable before spoken ----

static void a_reply_leaves_only_when_its_entry_is_durable(void **state) {
    struct desk *d = *state;
    ready(d);
    uint64_t before = master_state(d->m)->seq;
    const struct output *o = desk_expect(d, "POST", "/v1/volumes", GOLD_50G, 202, "'name':'db'");
    assert_int_equal(d->out.journal.count, 1);
    assert_int_equal(vec_last(&d->out.journal)->seq, before + 1);
    assert_int_equal(o->after, before + 1);
}

static void what_a_command_tells_others_waits_for_the_entry_too(void **state) {
    struct desk *d = *state;
    desk_agent(d);
    desk_class(d);
    uint64_t provider = desk_provider(d);
    desk_expect(d, "POST", "/v1/volumes", GOLD_50G, 202, "db");
    bool told = false;
    VEC_EACH (o, &d->out.list) {
        if (o->kind != OUTPUT_STREAM_WRITE || o->target != provider) continue;
        told = true;
        assert_int_equal(o->after, vec_last(&d->out.journal)->seq);
    }
    assert_true(told);
}

static void a_read_waits_for_the_state_that_it_saw(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "POST", "/v1/volumes", GOLD_50G, 202, "db");
    const struct output *o = desk_expect(d, "GET", "/v1/volumes/db?role=web", NULL, 200, "'name':'db'");
    assert_int_equal(d->out.journal.count, 0);
    assert_int_equal(o->after, master_state(d->m)->seq);
}

static void a_refused_request_writes_nothing(void **state) {
    struct desk *d = *state;
    ready(d);
    uint64_t before = master_state(d->m)->seq;
    desk_expect(d, "POST", "/v1/volumes", "{'name':'db','class':'gold','role':'web','size':'5000000000000'}", 409,
                "'kind':'no-fit'");
    assert_int_equal(d->out.journal.count, 0);
    assert_int_equal(master_state(d->m)->seq, before);
}

// ---- paths, methods, bodies ----

static void a_path_that_is_not_there_is_not_found(void **state) {
    struct desk *d = *state;
    desk_expect(d, "GET", "/v1/nothing", NULL, 404, "there is nothing at this path; see GET /v1/inventory");
    desk_expect(d, "GET", "/a/b/c/d/e/f/g/h/i/j", NULL, 404, "there is nothing at this path");
    desk_expect(d, "GET", "/v1/volumes/db?role=web", NULL, 404, "'kind':'not-found'");
}

static void another_method_is_told_which_there_are(void **state) {
    struct desk *d = *state;
    const struct output *o = desk_expect(d, "PATCH", "/v1/volumes", NULL, 405, "it has GET, POST");
    assert_string_equal(o->header.name, "Allow");
    assert_string_equal(o->header.value, "GET, POST");
    o = desk_expect(d, "GET", "/api/v1/scheduler", NULL, 405, "POST");
    assert_string_equal(o->header.value, "POST");
}

static void another_content_type_is_refused(void **state) {
    struct desk *d = *state;
    const struct output *o = desk_ask(d, "POST", "/v1/volumes", GOLD_50G, "Content-Type: text/yaml");
    assert_int_equal(o->status, 415);
    expect_words(arena_text_n(&d->arena, o->body, o->size), "must be application/json, not 'text/yaml'");
}

static void a_body_without_a_content_type_is_refused(void **state) {
    struct desk *d = *state;
    static const char *const wrong[] = {"Content-Type: application/jsonx", "Content-Type: "};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(desk_ask(d, "POST", "/v1/volumes", GOLD_50G, wrong[i])->status, 415);
    ready(d);
    assert_int_equal(
        desk_ask(d, "POST", "/v1/volumes", GOLD_50G, "Content-Type: Application/JSON; charset=utf-8")->status, 202);
    assert_true(media_is("application/json", "application/json"));
    assert_false(media_is(NULL, "application/json"));
}

static void an_unknown_parameter_names_the_nearest(void **state) {
    struct desk *d = *state;
    desk_expect(d, "GET", "/v1/volumes?rolle=web", NULL, 400,
                "GET /v1/volumes: unknown parameter 'rolle'; did you mean 'role'?");
    desk_expect(d, "GET", "/v1/volumes?role=web&wxyz", NULL, 400, "unknown parameter 'wxyz'");
    desk_expect(d, "DELETE", "/v1/classes/gold?role=web", NULL, 400, "unknown parameter 'role'");
    desk_expect(d, "GET", "/health?at=1", NULL, 200, "");
}

static void parts_and_parameters_may_be_encoded(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "GET", "/v1/vol%75mes?r%6Fle=web%2Fx&limit=1", NULL, 200, "'seq'");
    desk_expect(d, "GET", "/v1%2Fvolumes/db", NULL, 404, "nothing at this path"); // one part, not two
    desk_expect(d, "GET", "/v1/volumes?rol%65s=web", NULL, 400, "unknown parameter 'roles'; did you mean 'role'?");
}

static void where_a_request_would_go_is_told_and_nothing_taken(void **state) {
    struct desk *d = *state;
    ready(d);
    const char *words = "'fits':[{'pool':'file/main/ssd'";
    desk_expect(d, "GET", "/v1/fits?class=gold&size=900GiB", NULL, 200, words);
    const struct output *o =
        desk_expect(d, "POST", "/v1/fits", "{'class':'gold','size':'900GiB','agent':'n1'}", 200, words);
    assert_non_null(strstr(arena_text_n(&d->arena, o->body, o->size), "\"affinity\":100"));
    assert_int_equal(d->out.journal.count, 0);
    desk_expect(d, "GET", "/v1/fits?class=gold&size=2000GiB", NULL, 409, "a size of 1000 GiB or less");
    desk_expect(d, "GET", "/v1/fits?class=gold&size=1GiB&volume=db", NULL, 400, "unknown parameter 'volume'");
    desk_expect(d, "POST", "/v1/fits", "{'volume':'db'}", 404, "volume 'db'");
}

static void a_reservation_has_the_labels_of_its_volumes(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "POST", "/v1/reservations", "{'class':'gold','role':'web','size':'1000','labels':{'a b':'c'}}", 400,
                "reservation: label 'a b'");
    const char *shown = "'labels':{'app':'shop','tier':'db'}";
    desk_expect(d, "POST", "/v1/reservations",
                "{'class':'gold','role':'web','size':'1GiB','labels':{'tier':'db','app':'shop'}}", 201, shown);
    const struct output *o = desk_expect(d, "GET", "/v1/reservations", NULL, 200, shown);
    assert_null(strstr(arena_text_n(&d->arena, o->body, o->size), "label_lines"));
}

static void who_names_a_tag_learns_which_class_asks_for_it(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "PUT", "/v1/classes/quick", "{'name':'quick','pool':'media = ssd'}", 200, "quick");
    desk_expect(d, "PUT", "/v1/classes/bulk", "{'name':'bulk','pool':'media = hdd'}", 200, "bulk");
    const char *ssd = "'media=ssd' is a tag, which operators use: ask for a class that asks for it: 'quick'";
    desk_expect(d, "POST", "/v1/volumes", "{'name':'db','class':'gold','size':'1000','media':'ssd'}", 400, ssd);
    desk_expect(d, "POST", "/v1/reservations", "{'class':'gold','role':'web','size':'1000','media':'hdd'}", 400,
                "ask for a class that asks for it: 'bulk'");
    desk_expect(d, "POST", "/v1/explain", "{'class':'gold','size':'1000','media':'nvme'}", 400,
                "ask for a class: 'gold', 'quick', 'bulk'");
    desk_expect(d, "GET", "/v1/explain?class=gold&size=1000&media=ssd", NULL, 400, ssd);
    desk_expect(d, "GET", "/v1/explain?class=media%3Dssd&size=1000", NULL, 400,
                "ask for a class that asks for it: 'quick'");
    const struct output *o =
        desk_expect(d, "POST", "/v1/volumes", "{'name':'db','class':'gold','size':'1','colour':'red'}", 400,
                    "unknown key 'colour'");
    assert_null(strstr(arena_text_n(&d->arena, o->body, o->size), "a tag"));
}

static void iops_in_a_query_are_a_number(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "GET", "/v1/explain?class=gold&size=10MiB&iops=0", NULL, 200, "");
    desk_expect(d, "GET", "/v1/explain?class=gold&size=10MiB&iops=1%2C%22role%22%3A%22x%22", NULL, 400,
                "iops: expected a number, found the text");
}

static void an_unknown_key_names_the_nearest(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "POST", "/v1/volumes", "{'name':'db','clas':'gold','size':'1'}", 400,
                "unknown key 'clas'; did you mean 'class'?");
    desk_expect(d, "POST", "/v1/volumes", "{'name':'db',", 400, "'kind':'invalid'");
}

static void a_consumer_who_names_fine_grained_tags_is_told_to_name_a_class(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "POST", "/v1/volumes", "{'name':'db','class':'gold','size':'1000','tags':['media=ssd']}", 400,
                "class");
}

static void a_refusal_for_lack_of_a_fit_carries_its_explanation(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "POST", "/v1/volumes", "{'name':'db','class':'gold','role':'web','size':'5000000000000'}", 409,
                "'explanation':");
    desk_expect(d, "POST", "/v1/reservations", "{'class':'gold','role':'web','size':'2TiB'}", 409,
                "'suggestions':[{'change':'a size of 1000 GiB or less','pools':1}]");
    // of several, the first that failed, beside those before it
    desk_expect(d, "POST", "/v1/volumes", "{'name':'db','class':'gold','role':'web','size':'400GiB','count':3}", 409,
                "'suggestions':[{'change':'a size of 200 GiB or less','pools':1}],'volume':'db-3'}");
    // what is wrong whatever there is has none
    const struct output *o =
        desk_expect(d, "POST", "/v1/reservations", "{'class':'gold','role':'web','size':0}", 400, "the size is 0");
    assert_null(strstr(arena_text_n(&d->arena, o->body, o->size), "explanation"));
}

static void expect_line(struct desk *d, const char *path, int status) {
    const struct output *o = desk_expect(d, "GET", path, NULL, status, "'kind':");
    assert_int_equal(o->body[o->size - 1], '\n');
}

static void every_error_is_one_line(void **state) {
    struct desk *d = *state;
    ready(d);
    expect_line(d, "/v1/explain?class=none&size=1", 404);
    expect_line(d, "/v1/volumes/none", 404);
    expect_line(d, "/v1/tasks/none/output", 404);
}

static size_t times(const char *text, const char *part) {
    size_t n = 0;
    for (; (text = strstr(text, part)); text++) n++;
    return n;
}

static void expect_refusals(struct desk *d, const char *method, const char *path, const char *body, int status,
                            size_t refusals, bool goes_on) {
    const struct output *o = desk_expect(d, method, path, body, status, "'explanation':");
    const char *said = arena_text_n(&d->arena, o->body, o->size);
    assert_int_equal(times(said, "\"rule\""), refusals);
    assert_int_equal(times(said, "\"next_page\""), goes_on);
}

static void refusals_go_on_where_another_page_can_be_asked_for(void **state) {
    struct desk *d = *state;
    AUTO_TEXT struct text pools = {0};
    for (size_t i = 0; i < 24; i++)
        text_addf(&pools, "%s{'name':'p%zu','total':{'bytes':'1073741824'},'capabilities':['CARVE']}", i ? "," : "", i);
    ready(d);
    desk_provider_of(d, "many", pools.data);
    const char *volume = "{'name':'db','class':'gold','role':'web','size':'2TiB'}"; // which no pool of the 25 has
    expect_refusals(d, "POST", "/v1/volumes", volume, 409, 20, true);
    expect_refusals(d, "POST", "/v1/volumes?after=20", volume, 409, 5, false);
    expect_refusals(d, "GET", "/v1/fits?class=gold&size=2TiB&role=web&limit=3", NULL, 409, 20, false); // 3 fits
    expect_refusals(d, "POST", "/v1/fits", "{'class':'gold','size':'2TiB','role':'web'}", 409, 20, false);
    expect_refusals(d, "POST", "/v1/plan", arena_format(&d->arena, "{'requests':[%s]}", volume), 200, 20, false);
}

// ---- pages ----

static void a_list_is_read_page_by_page(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "POST", "/v1/volumes", "{'name':'many','class':'gold','role':'web','size':'1000000000','count':5}",
                202, "many-5");
    const char *path = "/v1/volumes?limit=2";
    size_t pages = 0, seen = 0;
    while (path) {
        const struct output *o = desk_expect(d, "GET", path, NULL, 200, "");
        const char *text = arena_text_n(&d->arena, o->body, o->size), *next = strstr(text, "\"next_page\":\"");
        for (const char *at = text; (at = strstr(at, "\"name\":\"many-")); at++) seen++;
        path = next ? arena_format(&d->arena, "/v1/volumes?limit=2&after=%llu",
                                   strtoull(next + strlen("\"next_page\":\""), NULL, 10))
                    : NULL;
        assert_true(++pages <= 3);
    }
    assert_int_equal(pages, 3);
    assert_int_equal(seen, 5);
    desk_expect(d, "GET", "/v1/volumes?limit=0", NULL, 400, "must be 1 to 10000");
    desk_expect(d, "GET", "/v1/volumes?after=x", NULL, 400, "is not what an earlier page gave as next_page");
}

static void lists_are_narrowed_by_role_class_and_state(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "POST", "/v1/volumes", GOLD_50G, 202, "db");
    desk_expect(d, "GET", "/v1/volumes?role=web&class=gold&state=making", NULL, 200, "'name':'db'");
    const struct output *o = desk_expect(d, "GET", "/v1/volumes?role=shop&label=app%3Dshop", NULL, 200, "");
    assert_null(strstr(arena_text_n(&d->arena, o->body, o->size), "\"db\""));
    desk_expect(d, "GET", "/v1/volumes?state=redy", NULL, 400, "there is no state 'redy'; the states are wanted");
}

// Two roles may have a volume of one name: who waits for the end of his own must not follow the other's.
static void a_volume_names_the_operation_that_is_open_on_it(void **state) {
    struct desk *d = *state;
    ready(d);
    const struct output *o = desk_expect(d, "POST", "/v1/volumes", GOLD_50G, 202, "'operations':[{'id':");
    const char *text = arena_text_n(&d->arena, o->body, o->size);
    const char *id = strstr(text, "\"operations\":[{\"id\":") + strlen("'operations':[{'id':");
    const char *words = arena_format(&d->arena, "'operation':%llu", strtoull(id, NULL, 10));
    desk_expect(d, "POST", "/v1/volumes", "{'name':'db','class':'gold','role':'shop','size':'1000000000'}", 202, "db");
    desk_expect(d, "GET", "/v1/volumes/db?role=web", NULL, 200, words);
}

static void an_operation_whose_provider_is_away_says_so(void **state) {
    struct desk *d = *state;
    uint64_t provider = desk_provider(d);
    desk_agent(d);
    desk_class(d);
    desk_expect(d, "POST", "/v1/volumes", GOLD_50G, 202, "db");
    struct instant at = {.now = {{d->ms}, {1700000000000 + d->ms}}};
    master_stream_gone(d->m, provider, &at, &d->out);
    desk_expect(d, "GET", "/v1/operations", NULL, 200,
                "'volume':'db','provider':'file','message':'waits for provider 'file', which is away'");
}

// ---- events ----

static void events_follow_and_can_be_replayed(void **state) {
    struct desk *d = *state;
    ready(d);
    uint64_t before = master_state(d->m)->seq;
    assert_null(desk_ask(d, "GET", "/v1/events", NULL, NULL));
    uint64_t live = d->exchange;
    desk_expect(d, "POST", "/v1/volumes", GOLD_50G, 202, "db");
    const char *said = desk_said(d, live);
    expect_words(said, "event: volume-making\n");
    expect_words(said, arena_format(&d->arena, "id: %llu\n", (unsigned long long)before + 1));
    assert_null(
        desk_ask(d, "GET", arena_format(&d->arena, "/v1/events?after=%llu", (unsigned long long)before), NULL, NULL));
    assert_non_null(strstr(desk_said(d, d->exchange), said)); // told again in the same words
    assert_null(desk_ask(d, "GET", "/v1/events", NULL,
                         arena_format(&d->arena, "Last-Event-ID: %llu", (unsigned long long)before)));
    assert_non_null(strstr(desk_said(d, d->exchange), said));
    uint64_t now = master_state(d->m)->seq; // a browser asks the same address again, and says what it heard last
    assert_null(desk_ask(d, "GET", arena_format(&d->arena, "/v1/events?after=%llu", (unsigned long long)before), NULL,
                         arena_format(&d->arena, "Last-Event-ID: %llu", (unsigned long long)now)));
    assert_null(strstr(desk_said(d, d->exchange), "event: volume-making"));
}

static void events_after_something_that_is_no_number_are_refused(void **state) {
    desk_expect(*state, "GET", "/v1/events?after=yesterday", NULL, 400, "'yesterday' is not a sequence number");
}

// ---- a full store ----

static void a_full_store_refuses_changes_and_lets_deletes_through(void **state) {
    struct desk *d = *state;
    ready(d);
    desk_expect(d, "POST", "/v1/volumes", GOLD_50G, 202, "db");
    master_set_full(d->m, "no space left on device");
    desk_expect(d, "POST", "/v1/volumes", "{'name':'other','class':'gold','role':'web','size':'10000000'}", 507,
                "the registry's store is full: no space left on device; releases still work");
    desk_expect(d, "PUT", "/v1/classes/bulk", "{'name':'bulk'}", 507, "'kind':'full'");
    desk_expect(d, "POST", "/v1/reservations", "{'class':'gold','role':'web','size':'10000000'}", 507, "full");
    assert_int_equal(d->out.journal.count, 0);
    desk_expect(d, "GET", "/v1/volumes/db?role=web", NULL, 200, "db");
    desk_expect(d, "DELETE", "/v1/volumes/db?role=web", NULL, 202, "db");
    assert_int_equal(d->out.journal.count, 1);
    master_set_full(d->m, NULL);
    desk_expect(d, "POST", "/v1/volumes", "{'name':'other','class':'gold','role':'web','size':'10000000'}", 202,
                "other");
}

#define T(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_reply_leaves_only_when_its_entry_is_durable),
        T(what_a_command_tells_others_waits_for_the_entry_too),
        T(a_read_waits_for_the_state_that_it_saw),
        T(a_refused_request_writes_nothing),
        T(a_path_that_is_not_there_is_not_found),
        T(another_method_is_told_which_there_are),
        T(another_content_type_is_refused),
        T(a_body_without_a_content_type_is_refused),
        T(an_unknown_parameter_names_the_nearest),
        T(parts_and_parameters_may_be_encoded),
        T(where_a_request_would_go_is_told_and_nothing_taken),
        T(a_reservation_has_the_labels_of_its_volumes),
        T(who_names_a_tag_learns_which_class_asks_for_it),
        T(iops_in_a_query_are_a_number),
        T(an_unknown_key_names_the_nearest),
        T(a_consumer_who_names_fine_grained_tags_is_told_to_name_a_class),
        T(a_refusal_for_lack_of_a_fit_carries_its_explanation),
        T(every_error_is_one_line),
        T(refusals_go_on_where_another_page_can_be_asked_for),
        T(a_list_is_read_page_by_page),
        T(lists_are_narrowed_by_role_class_and_state),
        T(a_volume_names_the_operation_that_is_open_on_it),
        T(an_operation_whose_provider_is_away_says_so),
        T(events_follow_and_can_be_replayed),
        T(events_after_something_that_is_no_number_are_refused),
        T(a_full_store_refuses_changes_and_lets_deletes_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
