// SPDX-License-Identifier: Apache-2.0
// What frameworks hear of tasks, operations and themselves, each as its capabilities allow.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mesos_world.h"
#include "codec/json_read.h"
#include "codec/message.h"

#define UUID_BASE64 "MDEyMzQ1Njc4OWFiY2RlZg==" // of 0123456789abcdef

static int setup(void **state) {
    struct world *w = world_new();
    world_agent(w, (struct agent_made){.name = "n1"});
    world_provider(w, "ebs");
    world_pool(w, (struct pool_made){.provider = "ebs", .name = "ssd", .bytes = 100 * GIB});
    world_class(w, (struct class_document){.name = "gold"});
    struct draft *d = world_draft(w);
    struct agent_row *a = edit_agent(d, world_agent_id(w, "n1"), EV_agent_returned);
    a->hostname = "n1.example.com";
    a->address = "10.0.0.7:5051";
    world_apply(w);
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world_free(*state);
    return 0;
}

static const char *update_text(struct world *w, uint64_t task, bool told) {
    return text_of(w, mesos_update(w->state, state_task(w->state, task), told, &w->arena));
}

// The bytes of a status as an agent packs it.
static const struct blob *status_packed(struct world *w, const char *json) {
    AUTO_TEXT struct text text = {0}, packed = {0};
    void *status = NULL;
    text_add(&text, json);
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\'') text.data[i] = '"';
    expect_ok(
        json_read(&mesos__v1__task_status__descriptor, text.data, text.size, JSON_LENIENT, NULL, &w->arena, &status));
    message_pack(status, &packed);
    struct blob *b = arena_zero(&w->arena, 1, sizeof *b + packed.size);
    b->size = (uint32_t)packed.size;
    memcpy(b->bytes, packed.data, packed.size);
    return b;
}

static void agent_says(struct world *w, uint64_t task, const char *json) {
    const struct blob *status = status_packed(w, json);
    struct draft *d = world_draft(w);
    edit_task(d, task, EV_task_updated)->status = status;
    world_apply(w);
}

// ---- updates ----

static void an_agents_status_gets_what_clients_look_for(void **state) {
    struct world *w = *state;
    uint64_t task = world_task(w, world_framework(w, "*", 0), "t1", "n1", TASK_RUNNING);
    agent_says(w, task, "{'task_id':{'value':'t1'},'state':'TASK_RUNNING','message':'hello','healthy':true}");
    const char *json = update_text(w, task, true);
    expect_has(json, "{'type':'UPDATE','update':{'status':{'task_id':{'value':'t1'},'state':'TASK_RUNNING'");
    expect_has(json, with_id(w, "'agent_id':{'value':'%s'}", world_agent_id(w, "n1")));
    expect_has(json, "'executor_id':{'value':'t1'}");
    expect_has(json, "'source':'SOURCE_EXECUTOR'");
    expect_has(json, "'timestamp':1700000000.5");
    expect_has(json, "'uuid':'" UUID_BASE64 "'");
    expect_has(json, "'message':'hello'");
    expect_has(json, "'healthy':true");
    expect_has(json, "'network_infos':[{'ip_addresses':[{'protocol':'IPv4','ip_address':'10.0.0.7'}]}]");
    expect_lacks(json, "'reason'");
}

static void what_the_agent_said_of_itself_stays(void **state) {
    struct world *w = *state;
    uint64_t task = world_task(w, world_framework(w, "*", 0), "t1", "n1", TASK_RUNNING);
    agent_says(
        w, task,
        "{'task_id':{'value':'t1'},'state':'TASK_RUNNING','source':'SOURCE_AGENT','timestamp':5.25,"
        "'container_status':{'executor_pid':77,'network_infos':[{'ip_addresses':[{'ip_address':'172.16.0.9'}]}]}}");
    const char *json = update_text(w, task, true);
    expect_has(json, "'source':'SOURCE_AGENT'");
    expect_has(json, "'timestamp':5.25");
    expect_has(json, "'executor_pid':77");
    expect_has(json, "172.16.0.9");
    expect_lacks(json, "10.0.0.7");
}

static void the_masters_own_words_say_so(void **state) {
    struct world *w = *state;
    uint64_t task = world_task(w, world_framework(w, "*", 0), "t1", "n1", TASK_FAILED);
    struct draft *d = world_draft(w);
    struct task_row *t = edit_task(d, task, EV_task_updated);
    t->reason = 21;
    t->message = "no pool fits";
    world_apply(w);
    const char *json = update_text(w, task, true);
    expect_has(json, "'state':'TASK_FAILED'");
    expect_has(json, "'source':'SOURCE_MASTER','reason':'REASON_CONTAINER_LAUNCH_FAILED'");
    expect_has(json, "'message':'no pool fits'");
    expect_has(json, "'uuid':'" UUID_BASE64 "'");
    expect_lacks(json, "network_infos");
}

static void states_are_told_as_the_framework_knows_them(void **state) {
    static const struct {
        enum task_state state;
        const char *plain, *capable;
    } rows[] = {
        {TASK_DROPPED, "TASK_LOST", "TASK_DROPPED"},
        {TASK_UNREACHABLE, "TASK_LOST", "TASK_UNREACHABLE"},
        {TASK_GONE, "TASK_LOST", "TASK_GONE"},
        {TASK_GONE_BY_OPERATOR, "TASK_LOST", "TASK_GONE_BY_OPERATOR"},
        {TASK_UNKNOWN, "TASK_LOST", "TASK_UNKNOWN"},
        {TASK_KILLING, "TASK_RUNNING", "TASK_KILLING"},
        {TASK_STARTING, "TASK_STARTING", "TASK_STARTING"},
        {TASK_FINISHED, "TASK_FINISHED", "TASK_FINISHED"},
    };
    struct world *w = *state;
    uint64_t plain = world_framework(w, "*", 0), capable = world_framework(w, "*", CAN_PARTITION | CAN_KILL_STATE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *id = arena_format(&w->arena, "t%zu", i);
        expect_has(update_text(w, world_task(w, plain, id, "n1", rows[i].state), true),
                   arena_format(&w->arena, "'state':'%s'", rows[i].plain));
        expect_has(update_text(w, world_task(w, capable, id, "n1", rows[i].state), true),
                   arena_format(&w->arena, "'state':'%s'", rows[i].capable));
    }
}

static void an_unreachable_task_says_since_when(void **state) {
    struct world *w = *state;
    uint64_t task = world_task(w, world_framework(w, "*", CAN_PARTITION), "t1", "n1", TASK_UNREACHABLE);
    expect_has(update_text(w, task, true), "'unreachable_time':{'nanoseconds':1700000000500000000}");
}

static void an_answer_to_reconciliation_is_not_to_be_acknowledged(void **state) {
    struct world *w = *state;
    uint64_t task = world_task(w, world_framework(w, "*", 0), "t1", "n1", TASK_RUNNING);
    agent_says(w, task,
               "{'task_id':{'value':'t1'},'state':'TASK_RUNNING','uuid':'" UUID_BASE64 "','reason':"
               "'REASON_TASK_HEALTH_CHECK_STATUS_UPDATED'}");
    const char *json = update_text(w, task, false);
    expect_has(json, "'source':'SOURCE_MASTER','reason':'REASON_RECONCILIATION'");
    expect_has(json, "10.0.0.7");
    expect_lacks(json, "'uuid'");
}

static void a_status_from_an_agent_is_read_with_its_uuid(void **state) {
    struct world *w = *state;
    struct cmd_task_status c = {.agent = 3, .task = 4};
    const struct blob *packed =
        status_packed(w, "{'task_id':{'value':'t1'},'state':'TASK_KILLED','message':'bye','uuid':'" UUID_BASE64 "'}");
    expect_ok(mesos_status_read(packed->bytes, packed->size, &w->arena, &c));
    assert_int_equal(c.state, TASK_KILLED);
    assert_string_equal(c.message, "bye");
    assert_memory_equal(c.uuid->bytes, "0123456789abcdef", 16);
    assert_int_equal(c.status->size, packed->size);
    assert_int_equal(c.task, 4);
    packed = status_packed(w, "{'task_id':{'value':'t1'},'state':'TASK_KILLED','uuid':'AAAA'}");
    expect_err(mesos_status_read(packed->bytes, packed->size, &w->arena, &c), ERR_INVALID, "its uuid has 3 bytes");
    expect_err(mesos_status_read("\xff\xff", 2, &w->arena, &c), ERR_INVALID, "task status");
}

// ---- reconciliation ----

static const char *reconciled(struct world *w, uint64_t framework, const char *tasks, size_t expected) {
    mesos_event **events;
    const mesos_call *call =
        call_of(w, arena_format(&w->arena, "{'type':'RECONCILE','reconcile':{'tasks':[%s]}}", tasks));
    size_t n = mesos_reconcile(w->state, call, framework, &w->arena, &events);
    assert_int_equal(n, expected);
    return n ? text_of(w, events[n - 1]) : NULL;
}

static void implicit_reconciliation_tells_every_task(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0), other = world_framework(w, "*", CAN_PARTITION);
    assert_null(reconciled(w, f, "", 0));
    world_task(w, f, "t1", "n1", TASK_RUNNING);
    world_task(w, other, "x", "n1", TASK_RUNNING);
    world_task(w, f, "t2", "n1", TASK_STAGING);
    const char *json = reconciled(w, f, "", 2);
    expect_has(json, "'task_id':{'value':'t2'},'state':'TASK_STAGING'");
    expect_has(json, "REASON_RECONCILIATION");
}

static void a_known_task_is_told_by_its_latest_state(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0);
    world_task(w, f, "t1", "n1", TASK_RUNNING);
    expect_has(reconciled(w, f, "{'task_id':{'value':'t1'}}", 1), "'state':'TASK_RUNNING'");
    expect_has(reconciled(w, f, "{'task_id':{'value':'t1'},'agent_id':{'value':'somewhere'}}", 1), "TASK_RUNNING");
}

static void an_unknown_task_is_told_by_its_agent(void **state) {
    static const struct {
        enum agent_state state;
        const char *says;
    } rows[] = {{AGENT_IS_ACTIVE, "TASK_GONE'"},
                {AGENT_IS_AWAY, "TASK_UNREACHABLE'"},
                {AGENT_IS_LOST, "TASK_UNREACHABLE'"},
                {AGENT_IS_GONE, "TASK_GONE_BY_OPERATOR'"}};
    struct world *w = *state;
    uint64_t aware = world_framework(w, "*", CAN_PARTITION), plain = world_framework(w, "*", 0);
    const char *asked = with_id(w, "{'task_id':{'value':'nope'},'agent_id':{'value':'%s'}}", world_agent_id(w, "n1"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        world_agent_state(w, "n1", rows[i].state, rows[i].state == AGENT_IS_ACTIVE);
        const char *json = reconciled(w, aware, asked, 1);
        expect_has(json, rows[i].says);
        expect_has(json, "'source':'SOURCE_MASTER','reason':'REASON_RECONCILIATION'");
        expect_has(json, with_id(w, "'agent_id':{'value':'%s'}", world_agent_id(w, "n1")));
        expect_lacks(json, "'uuid'");
        expect_has(reconciled(w, plain, asked, 1), "'state':'TASK_LOST'");
    }
    expect_has(reconciled(w, aware, "{'task_id':{'value':'nope'}}", 1), "'state':'TASK_UNKNOWN'");
    expect_has(reconciled(w, aware, "{'task_id':{'value':'nope'},'agent_id':{'value':'S0'}}", 1), "TASK_UNKNOWN");
}

// ---- operations ----

static uint64_t operation_made(struct world *w, uint64_t framework, const char *id, struct operation_row like) {
    struct draft *d = world_draft(w);
    struct operation_row *o = draft_add(d, NOUN_OPERATION, EV_operation_finished);
    like.id = o->id;
    *o = like;
    o->framework = framework;
    o->framework_operation = id;
    o->status_uuid = draft_blob(d, "0123456789abcdef", 16);
    uint64_t number = o->id;
    world_apply(w);
    return number;
}

static const char *operation_text(struct world *w, uint64_t operation, bool told) {
    return text_of(w, mesos_operation_update(w->state, state_operation(w->state, operation), told, &w->arena));
}

static uint64_t volume_of(struct world *w, const char *role, uint64_t reservation) {
    uint64_t volume = world_volume(w, "db", "gold", "ebs/main/ssd", GIB);
    symbol y = world_symbol(w, role);
    struct draft *d = world_draft(w);
    struct volume_row *v = edit_volume(d, volume, EV_volume_changed);
    v->owner = (struct owner){.role = y};
    v->reservation = reservation;
    world_apply(w);
    return volume;
}

static uint64_t reservation_of(struct world *w, const char *role, uint64_t bytes) {
    symbol y = world_symbol(w, role);
    struct draft *d = world_draft(w);
    struct reservation_row *r = draft_add(d, NOUN_RESERVATION, EV_reservation_made);
    uint64_t id = r->id;
    r->owner = (struct owner){.role = y};
    r->class = world_class_id(w, "gold");
    r->charge = (struct charge){.pool = world_pool_id(w, "ebs/main/ssd"), .bytes = {bytes}};
    world_apply(w);
    return id;
}

static void a_finished_create_tells_the_disk_it_made(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "eng", CAN_LABELLED);
    struct operation_row like = {.kind = OP_CREATE, .state = OP_FINISHED, .volume = volume_of(w, "eng", 0)};
    uint64_t o = operation_made(w, f, "op-1", like);
    const char *json = operation_text(w, o, true);
    expect_has(json, "{'type':'UPDATE_OPERATION_STATUS','update_operation_status':{'status':{'operation_id':{'value':"
                     "'op-1'},'state':'OPERATION_FINISHED'");
    expect_has(json, "'converted_resources':[{'name':'disk','type':'SCALAR','scalar':{'value':1024");
    expect_has(json, "'source':{'type':'MOUNT'");
    expect_has(json, "'allocation_info':{'role':'eng'}");
    expect_has(json, "'uuid':{'value':'" UUID_BASE64 "'}");
    expect_has(json, "'resource_provider_id':{'value':'granary'}");
    expect_lacks(json, "'agent_id'");
    expect_lacks(operation_text(w, o, false), "'uuid'");
}

static void a_failed_operation_says_why_and_made_nothing(void **state) {
    struct world *w = *state;
    struct operation_row like = {.kind = OP_CREATE,
                                 .state = OP_FAILED,
                                 .error = ERR_NO_FIT,
                                 .message = "pool is full",
                                 .volume = volume_of(w, "eng", 0)};
    const char *json =
        operation_text(w, operation_made(w, world_framework(w, "eng", CAN_LABELLED), "op-1", like), true);
    expect_has(json, "'state':'OPERATION_FAILED','message':'pool is full'");
    expect_lacks(json, "converted_resources");
}

static void open_and_dropped_operations_are_told_as_such(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "eng", CAN_LABELLED);
    struct operation_row like = {.kind = OP_CREATE, .state = OP_OPEN};
    expect_has(operation_text(w, operation_made(w, f, "op-1", like), false), "'state':'OPERATION_PENDING'");
    like.state = OP_DROPPED;
    expect_has(operation_text(w, operation_made(w, f, "op-2", like), true), "'state':'OPERATION_DROPPED'");
}

static void a_reservation_is_told_as_reserved_raw(void **state) {
    struct world *w = *state;
    uint64_t reservation = reservation_of(w, "eng", 2 * GIB);
    struct operation_row like = {.kind = OP_RESERVE, .state = OP_FINISHED, .reservation = reservation};
    const char *json =
        operation_text(w, operation_made(w, world_framework(w, "eng", CAN_LABELLED), "op-1", like), true);
    expect_has(json, with_id(w, "'source':{'type':'RAW','id':'%s'", reservation));
    expect_has(json, "'scalar':{'value':2048");
    expect_has(json, "'reservations':[{'role':'eng','type':'DYNAMIC'}]");
}

static void a_delete_gives_back_to_its_reservation(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "eng", CAN_LABELLED), reservation = reservation_of(w, "eng", 4 * GIB);
    struct operation_row like = {.kind = OP_DELETE, .state = OP_FINISHED, .volume = volume_of(w, "eng", reservation)};
    const char *json = operation_text(w, operation_made(w, f, "op-1", like), true);
    expect_has(json, with_id(w, "'source':{'type':'RAW','id':'%s'", reservation));
    expect_has(json, "'scalar':{'value':1024");
    like.volume = 999999; // gone with the delete
    expect_lacks(operation_text(w, operation_made(w, f, "op-2", like), true), "converted_resources");
}

static const char *operations_reconciled(struct world *w, uint64_t framework, const char *operations, size_t expected) {
    mesos_event **events;
    const mesos_call *call = call_of(w, arena_format(&w->arena,
                                                     "{'type':'RECONCILE_OPERATIONS','reconcile_operations':"
                                                     "{'operations':[%s]}}",
                                                     operations));
    size_t n = mesos_reconcile_operations(w->state, call, framework, &w->arena, &events);
    assert_int_equal(n, expected);
    return n ? text_of(w, events[n - 1]) : NULL;
}

static void operations_are_reconciled_by_the_frameworks_ids(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "eng", CAN_LABELLED);
    struct operation_row like = {.kind = OP_GROW, .state = OP_FAILED, .message = "no"};
    operation_made(w, f, "op-1", like);
    const char *json = operations_reconciled(w, f, "", 1);
    expect_has(json, "'operation_id':{'value':'op-1'},'state':'OPERATION_FAILED'");
    expect_lacks(json, "'uuid'");
    expect_has(operations_reconciled(w, f, "{'operation_id':{'value':'op-1'}}", 1), "OPERATION_FAILED");
    json = operations_reconciled(w, f, "{'operation_id':{'value':'zzz'},'agent_id':{'value':'granary'}}", 1);
    expect_has(json, "'state':'OPERATION_UNKNOWN','message':'Reconciliation: Operation is unknown'");
    expect_has(json, "'agent_id':{'value':'granary'}");
    assert_null(operations_reconciled(w, world_framework(w, "eng", 0), "", 0));
}

// ---- the others ----

static void subscribed_tells_the_id_and_who_the_master_is(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0);
    const char *json = text_of(w, mesos_subscribed(w->state, &a_master, state_framework(w->state, f), &w->arena));
    expect_has(json,
               "{'type':'SUBSCRIBED','subscribed':{'framework_id':{'value':'f-0'},'heartbeat_interval_seconds':5");
    expect_has(json, "'master_info':{'id':'01000000-0000-0000-0000-000000000000','ip':16777343,'port':5050,'pid':"
                     "'master@127.0.0.1:5050','hostname':'m1.example.com','version':'1.11.0','address':{'hostname':"
                     "'m1.example.com','ip':'127.0.0.1','port':5050}}");
}

static void short_events_are_as_mesos_writes_them(void **state) {
    struct world *w = *state;
    assert_string_equal(text_of(w, mesos_heartbeat(&w->arena)), "{\"type\":\"HEARTBEAT\"}");
    assert_string_equal(text_of(w, mesos_error("Framework failed over", &w->arena)),
                        "{\"type\":\"ERROR\",\"error\":{\"message\":\"Framework failed over\"}}");
    assert_string_equal(text_of(w, mesos_rescind(12, &w->arena)),
                        "{\"type\":\"RESCIND\",\"rescind\":{\"offer_id\":{\"value\":\"12\"}}}");
    assert_string_equal(text_of(w, mesos_failure(w->state, 34, &w->arena)),
                        "{\"type\":\"FAILURE\",\"failure\":{\"agent_id\":{\"value\":\"34\"}}}");
}

static void what_was_never_made_is_told_by_a_notice(void **state) {
    struct world *w = *state;
    uint64_t f = world_framework(w, "*", 0);
    struct notice n = {.kind = NOTICE_TASK_STATUS,
                       .framework = f,
                       .text_id = "bad",
                       .state = TASK_ERROR,
                       .reason = 14,
                       .message = "Task uses no resources",
                       .agent = world_agent_id(w, "n1")};
    const char *json = text_of(w, mesos_notice(w->state, &n, &w->arena));
    expect_has(json, "'task_id':{'value':'bad'},'state':'TASK_ERROR','message':'Task uses no resources'");
    expect_has(json, "'source':'SOURCE_MASTER','reason':'REASON_TASK_INVALID'");
    expect_has(json, with_id(w, "'agent_id':{'value':'%s'}", n.agent));
    expect_lacks(json, "'uuid'");
    n.state = TASK_DROPPED;
    n.agent = 0;
    json = text_of(w, mesos_notice(w->state, &n, &w->arena));
    expect_has(json, "TASK_LOST");
    expect_lacks(json, "agent_id");
    n = (struct notice){.kind = NOTICE_OPERATION_STATUS, .framework = f, .text_id = "op", .state = 4, .message = "no"};
    expect_has(text_of(w, mesos_notice(w->state, &n, &w->arena)),
               "'operation_id':{'value':'op'},'state':'OPERATION_ERROR','message':'no'");
    n = (struct notice){.kind = NOTICE_RESCIND, .framework = f, .offer = 77};
    expect_has(text_of(w, mesos_notice(w->state, &n, &w->arena)), "'offer_id':{'value':'77'}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_agents_status_gets_what_clients_look_for),
        TEST(what_the_agent_said_of_itself_stays),
        TEST(the_masters_own_words_say_so),
        TEST(states_are_told_as_the_framework_knows_them),
        TEST(an_unreachable_task_says_since_when),
        TEST(an_answer_to_reconciliation_is_not_to_be_acknowledged),
        TEST(a_status_from_an_agent_is_read_with_its_uuid),
        TEST(implicit_reconciliation_tells_every_task),
        TEST(a_known_task_is_told_by_its_latest_state),
        TEST(an_unknown_task_is_told_by_its_agent),
        TEST(a_finished_create_tells_the_disk_it_made),
        TEST(a_failed_operation_says_why_and_made_nothing),
        TEST(open_and_dropped_operations_are_told_as_such),
        TEST(a_reservation_is_told_as_reserved_raw),
        TEST(a_delete_gives_back_to_its_reservation),
        TEST(operations_are_reconciled_by_the_frameworks_ids),
        TEST(subscribed_tells_the_id_and_who_the_master_is),
        TEST(short_events_are_as_mesos_writes_them),
        TEST(what_was_never_made_is_told_by_a_notice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
