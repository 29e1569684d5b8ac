// SPDX-License-Identifier: Apache-2.0
// ACCEPT as frameworks send it, read into what the core decides on.
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

static struct cmd_accept accepted(struct world *w, const char *body) {
    struct cmd_accept c;
    const char *json = arena_format(&w->arena, "{'type':'ACCEPT','framework_id':{'value':'f'},'accept':{%s}}", body);
    const mesos_call *call = call_of(w, json);
    expect_ok(mesos_call_check(call));
    mesos_accept_read(&w->state->symbols, call, 7, &w->arena, &c);
    return c;
}

static const struct accept_operation *operation_of(struct world *w, const char *operation) {
    struct cmd_accept c = accepted(w, arena_format(&w->arena, "'operations':[%s]", operation));
    assert_int_equal(c.operation_count, 1);
    return &c.operations[0];
}

#define CPUS "{'name':'cpus','type':'SCALAR','scalar':{'value':0.1}}"

// A task with `more` beside ids and resources.
static const struct task_launch *task_of(struct world *w, const char *resources, const char *more) {
    const char *task = arena_format(&w->arena,
                                    "{'type':'LAUNCH','launch':{'task_infos':[{'name':'t','task_id':{'value':'t1'},"
                                    "'agent_id':{'value':'12'},'resources':[%s]%s}]}}",
                                    resources, more);
    const struct accept_operation *o = operation_of(w, task);
    assert_int_equal(o->kind, ACCEPT_LAUNCH);
    assert_int_equal(o->task_count, 1);
    return &o->tasks[0];
}

static void expect_refusal(const struct task_launch *t, const char *words) {
    if (!t->refusal) fail_msg("not refused with '%s'", words);
    if (!strstr(t->refusal, words)) fail_msg("'%s' is not in: %s", words, t->refusal);
}

#define COMMAND ",'command':{'value':'true'}"

// ---- the call ----

static void offers_are_numbers_and_others_are_none_of_ours(void **state) {
    struct cmd_accept c = accepted(*state, "'offer_ids':[{'value':'5'},{'value':'abc-O0'},{'value':'-1'}],"
                                           "'operations':null,'filters':{'refuse_seconds':0}");
    assert_int_equal(c.framework, 7);
    assert_int_equal(c.offer_count, 3);
    assert_int_equal(c.offers[0], 5);
    assert_int_equal(c.offers[1], 0);
    assert_int_equal(c.offers[2], 0);
    assert_string_equal(c.offer_texts[1], "abc-O0");
    assert_int_equal(c.operation_count, 0);
    assert_float_equal(c.refuse_seconds, 0, 0);
    assert_float_equal(accepted(*state, "").refuse_seconds, 5, 0);
}

static void operations_keep_their_order(void **state) {
    struct cmd_accept c = accepted(*state, "'operations':[{'type':'RESERVE','id':{'value':'a'}},{'type':'CREATE_DISK'},"
                                           "{'type':'NONSENSE'},{'type':'SHRINK_VOLUME'}]");
    assert_int_equal(c.operation_count, 4);
    assert_int_equal(c.operations[0].kind, ACCEPT_RESERVE);
    assert_string_equal(c.operations[0].id, "a");
    assert_int_equal(c.operations[0].item_count, 0);
    assert_int_equal(c.operations[1].kind, ACCEPT_CREATE_DISK);
    assert_null(c.operations[1].id);
    assert_int_equal(c.operations[2].kind, 0);
    assert_int_equal(c.operations[3].kind, ACCEPT_SHRINK);
}

// ---- tasks ----

static void a_command_task_takes_what_it_names(void **state) {
    struct world *w = *state;
    const struct task_launch *t = task_of(
        w,
        "{'name':'cpus','type':'SCALAR','scalar':{'value':0.3},'reservations':[{'type':'DYNAMIC','role':'storage'}],"
        "'allocation_info':{'role':'storage'}},{'name':'mem','type':'SCALAR','role':'*','scalar':{'value':64}},"
        "{'name':'disk','type':'SCALAR','scalar':{'value':'96.5'}},"
        "{'name':'ports','type':'RANGES','ranges':{'range':[{'begin':31000,'end':31001},{'begin':31005,'end':31005}]}}",
        ",'command':{'value':'sleep 2','user':'alice'}");
    assert_null(t->refusal);
    assert_string_equal(t->text_id, "t1");
    assert_string_equal(t->agent, "12");
    assert_string_equal(t->user, "alice");
    assert_int_equal(t->kill_grace_ms, 3000);
    assert_int_equal(t->item_count, 4);
    assert_int_equal(t->items[0].kind, ITEM_CPUS);
    assert_int_equal(t->items[0].amount.n, 300);
    assert_int_equal(t->items[1].kind, ITEM_MEM);
    assert_int_equal(t->items[2].kind, ITEM_DISK);
    assert_int_equal(t->items[2].amount.n, 96500);
    assert_int_equal(t->items[3].kind, ITEM_PORTS);
    assert_int_equal(t->items[3].port_count, 2);
    assert_int_equal(t->items[3].ports[1].end, 31005);
    symbol user;
    assert_true(symbol_find(&w->state->symbols, "alice", &user));
}

static void the_whole_task_info_travels_along(void **state) {
    struct world *w = *state;
    const struct task_launch *t =
        task_of(w, CPUS, ",'command':{'value':'x'},'labels':{'labels':[{'key':'k','value':'v'}]}");
    void *info;
    expect_ok(message_unpack(&mesos__v1__task_info__descriptor, t->info->bytes, t->info->size, &w->arena, &info));
    assert_string_equal(((Mesos__V1__TaskInfo *)info)->labels->labels[0]->value, "v");
}

static void a_task_needs_a_command_and_no_executor(void **state) {
    struct world *w = *state;
    expect_refusal(task_of(w, CPUS, ",'executor':{'executor_id':{'value':'e'}}"), "needs a custom executor");
    expect_refusal(task_of(w, CPUS, COMMAND ",'executor':{'executor_id':{'value':'e'}}"), "but not both");
    expect_refusal(task_of(w, CPUS, ""), "at least one");
    expect_refusal(task_of(w, CPUS, ",'command':{}"), "no value");
    expect_refusal(task_of(w, CPUS, ",'command':{'value':'x','uris':[{'value':'http://f'}]}"), "do not fetch");
    expect_refusal(task_of(w, CPUS,
                           ",'command':{'value':'x','environment':{'variables':[{'name':'S','type':'SECRET','secret':"
                           "{'value':{'data':'QQ=='}}}]}}"),
                   "'S' has no plain value");
}

static void an_image_is_refused_and_a_plain_container_is_not(void **state) {
    struct world *w = *state;
    expect_refusal(task_of(w, CPUS, COMMAND ",'container':{'type':'DOCKER','docker':{'image':'nginx'}}"),
                   "run commands, not images");
    expect_refusal(task_of(w, CPUS,
                           COMMAND ",'container':{'type':'MESOS','mesos':{'image':{'type':'DOCKER','docker':"
                                   "{'name':'nginx'}}}}"),
                   "run commands, not images");
    assert_null(task_of(w, CPUS, COMMAND ",'container':{'type':'MESOS'}")->refusal);
}

static void the_kill_policy_sets_the_grace(void **state) {
    struct world *w = *state;
    const struct task_launch *t = task_of(w, CPUS, COMMAND ",'kill_policy':{'grace_period':{'nanoseconds':250000000}}");
    assert_int_equal(t->kill_grace_ms, 250);
    expect_refusal(task_of(w, CPUS, COMMAND ",'kill_policy':{'grace_period':{'nanoseconds':-1}}"), "below 0");
}

static void what_agents_do_not_do_is_refused_by_name(void **state) {
    struct world *w = *state;
    static const char *const rows[][2] = {
        {",'health_check':{'type':'TCP','tcp':{'port':80}}", "it has a health_check, which agents here do not run"},
        {",'check':{'type':'TCP','tcp':{'port':80}}", "it has a check, which agents here do not run"},
        {",'limits':{'cpus':{'value':2}}", "it has limits beside its resources"},
        {",'container':{'type':'MESOS','hostname':'db'}", "asks for a hostname"},
        {",'container':{'type':'MESOS','linux_info':{}}", "asks for linux_info"},
        {",'container':{'type':'MESOS','rlimit_info':{'rlimits':[]}}", "asks for rlimit_info"},
        {",'container':{'type':'MESOS','tty_info':{}}", "asks for tty_info"},
        {",'container':{'type':'MESOS','network_infos':[{'name':'blue'}]}", "asks for a network of its own"},
        {",'container':{'type':'MESOS','network_infos':[{'groups':['g']}]}", "asks for a network of its own"},
        {",'container':{'type':'MESOS','network_infos':[{},{'port_mappings':[{'host_port':1,'container_port':2}]}]}",
         "asks for a network of its own"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect_refusal(task_of(w, CPUS, arena_format(&w->arena, COMMAND "%s", rows[i][0])), rows[i][1]);
    assert_null(
        task_of(w, CPUS, COMMAND ",'container':{'type':'MESOS','network_infos':[{'ip_addresses':[{}]}]}")->refusal);
}

static void amounts_and_ports_that_no_host_has_are_refused(void **state) {
    struct world *w = *state;
    static const char *const bad[] = {
        "{'name':'cpus','type':'SCALAR','scalar':{'value':'Infinity'}}",
        "{'name':'cpus','type':'SCALAR','scalar':{'value':-1}}",
        "{'name':'mem','type':'SCALAR','scalar':{'value':1e15}}",
        "{'name':'cpus','type':'RANGES'}",
        "{'name':'ports','type':'SCALAR','scalar':{'value':1}}",
        "{'name':'ports','type':'RANGES','ranges':{'range':[{'begin':9,'end':8}]}}",
        "{'name':'ports','type':'RANGES','ranges':{'range':[{'begin':1,'end':4294967297}]}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) expect_refusal(task_of(w, bad[i], COMMAND), "resource '");
}

static void an_operation_id_goes_with_no_launch(void **state) {
    const struct accept_operation *o = operation_of(
        *state, "{'type':'LAUNCH','id':{'value':'o'},'launch':{'task_infos':[{'name':'t','task_id':{'value':'t'},"
                "'agent_id':{'value':'1'},'command':{'value':'x'}}]}}");
    expect_refusal(&o->tasks[0], "not allowed with LAUNCH");
}

static void the_tasks_of_a_group_are_named_so_that_each_hears(void **state) {
    const struct accept_operation *o = operation_of(
        *state, "{'type':'LAUNCH_GROUP','launch_group':{'executor':{'executor_id':{'value':'e'}},'task_group':{'tasks':"
                "[{'name':'t','task_id':{'value':'g1'},'agent_id':{'value':'1'},'command':{'value':'x'}}]}}}");
    assert_int_equal(o->kind, ACCEPT_LAUNCH_GROUP);
    assert_int_equal(o->task_count, 1);
    assert_string_equal(o->tasks[0].text_id, "g1");
}

static void resources_of_other_kinds_are_kept_by_name(void **state) {
    const struct task_launch *t = task_of(
        *state,
        "{'name':'gpus','type':'SCALAR','scalar':{'value':1}},"
        "{'name':'disk','type':'SCALAR','scalar':{'value':1},'disk':{'source':{'type':'PATH','path':{'root':'/x'}}}},"
        "{'name':'disk','type':'SCALAR','scalar':{'value':96},'disk':{'persistence':{'id':'v'},'volume':"
        "{'container_path':'data','mode':'RW'}}}",
        COMMAND);
    for (size_t i = 0; i < 3; i++) assert_int_equal(t->items[i].kind, ITEM_OTHER);
    assert_string_equal(t->items[0].name, "gpus");
}

// ---- volumes by name (L0) ----

static const struct task_launch *task_with_volume(struct world *w, const char *volume) {
    return task_of(w, CPUS, arena_format(&w->arena, COMMAND ",'container':{'type':'MESOS','volumes':[%s]}", volume));
}

#define DOCKER_VOLUME(mode, driver, options)                                                                           \
    "{'container_path':'/data','mode':'" mode "','source':{'type':'DOCKER_VOLUME','docker_volume':{" driver            \
    "'name':'db'" options "}}}"
#define OPTIONS(list) ",'driver_options':{'parameter':[" list "]}"
#define OPTION(key, value) "{'key':'" key "','value':'" value "'}"
#define GRANARY "'driver':'granary',"

static void a_named_volume_brings_its_options(void **state) {
    struct world *w = *state;
    const struct task_launch *t = task_with_volume(
        w, DOCKER_VOLUME("RW", GRANARY,
                         OPTIONS(OPTION("class", "gold") "," OPTION("size", "5GiB") "," OPTION("fs", "ext4") "," OPTION(
                             "iops", "300") "," OPTION("label.tier", "db") "," OPTION("label.app", "x"))));
    assert_null(t->refusal);
    assert_int_equal(t->volume_count, 1);
    const struct wanted_volume *v = &t->volumes[0];
    assert_string_equal(v->name, "db");
    assert_string_equal(v->container_path, "/data");
    assert_string_equal(v->class, "gold");
    assert_string_equal(v->fs, "ext4");
    assert_int_equal(v->size.n, 5 * GIB);
    assert_int_equal(v->iops.n, 300);
    assert_string_equal(v->labels, "app=x\ntier=db");
    assert_true(v->options);
    assert_false(v->read_only);
}

static void a_named_volume_without_options_must_exist_and_may_be_read_only(void **state) {
    const struct task_launch *t = task_with_volume(*state, DOCKER_VOLUME("RO", GRANARY, ""));
    assert_null(t->refusal);
    assert_true(t->volumes[0].read_only);
    assert_false(t->volumes[0].options);
    assert_int_equal(t->volumes[0].size.n, 0);
}

static void wrong_driver_options_are_refused_by_name(void **state) {
    struct world *w = *state;
    static const char *const rows[][2] = {
        {DOCKER_VOLUME("RW", GRANARY, OPTIONS(OPTION("sise", "1GiB"))), "did you mean 'size'"},
        {DOCKER_VOLUME("RW", GRANARY, OPTIONS(OPTION("topology/rack", "r1"))),
         "knows class, size, fs, iops and label.KEY"},
        {DOCKER_VOLUME("RW", GRANARY, OPTIONS(OPTION("size", "lots"))), "driver option 'size'"},
        {DOCKER_VOLUME("RW", GRANARY, OPTIONS(OPTION("size", "0"))), "above 0"},
        {DOCKER_VOLUME("RW", GRANARY, OPTIONS(OPTION("fs", "ext5"))), "driver option 'fs'"},
        {DOCKER_VOLUME("RW", GRANARY, OPTIONS(OPTION("iops", "many"))), "whole number"},
        {DOCKER_VOLUME("RW", GRANARY, OPTIONS(OPTION("label.a b", "x"))), "label 'a b'"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_refusal(task_with_volume(w, rows[i][0]), rows[i][1]);
        expect_refusal(task_with_volume(w, rows[i][0]), "container.volumes: '/data'");
        const char *unknown = task_with_volume(w, rows[i][0])->unknown; // goes on: it may be a tag
        if (i > 1) assert_null(unknown);
        if (i <= 1) assert_string_equal(unknown, i ? "topology/rack=r1" : "sise=1GiB");
    }
}

static void volumes_from_elsewhere_are_refused(void **state) {
    struct world *w = *state;
    static const char *const rows[][2] = {
        {DOCKER_VOLUME("RW", "'driver':'rexray',", ""), "driver 'rexray' is not known here"},
        {DOCKER_VOLUME("RW", "", ""), "driver '' is not known here"},
        {"{'container_path':'/d','mode':'RW','host_path':'/srv'}", "it has a host_path"},
        {"{'container_path':'/d','mode':'RW','source':{'type':'SANDBOX_PATH','sandbox_path':{'path':'x'}}}",
         "it has a sandbox_path"},
        {"{'container_path':'/d','mode':'RW','source':{'type':'CSI_VOLUME','csi_volume':{'plugin_name':'p'}}}",
         "it has a csi_volume"},
        {"{'container_path':'/d','mode':'RW'}", "it has no source"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) expect_refusal(task_with_volume(w, rows[i][0]), rows[i][1]);
}

// ---- storage ----

#define RAW(more)                                                                                                      \
    "{'provider_id':{'value':'granary'},'name':'disk','type':'SCALAR','scalar':{'value':64.0},'allocation_info':"      \
    "{'role':'storage'}" more "}"
#define RESERVED                                                                                                       \
    ",'reservations':[{'type':'DYNAMIC','role':'storage','labels':{'labels':[{'key':'fs','value':'xfs'}]}}]"
#define SOURCE(type, more) ",'disk':{'source':{'type':'" type "','vendor':'granary'" more "}}"

static void a_reservation_names_class_amount_role_and_labels(void **state) {
    struct world *w = *state;
    const struct accept_operation *o =
        operation_of(w, "{'type':'RESERVE','id':{'value':'r'},'reserve':{'resources':[" RAW(
                            RESERVED SOURCE("RAW", ",'profile':'gold'")) "]}}");
    assert_int_equal(o->item_count, 1);
    assert_int_equal(o->items[0].kind, ITEM_STORAGE);
    assert_int_equal(o->items[0].disk, DISK_RAW);
    assert_int_equal(o->items[0].amount.n, 64000);
    assert_string_equal(o->items[0].profile, "gold");
    assert_string_equal(o->items[0].reserved_for, "storage");
    assert_null(o->items[0].source_id);
    assert_string_equal(o->fs, "xfs");
    void *labels;
    expect_ok(message_unpack(&mesos__v1__labels__descriptor, o->mesos_labels->bytes, o->mesos_labels->size, &w->arena,
                             &labels));
    assert_string_equal(((Mesos__V1__Labels *)labels)->labels[0]->key, "fs");
}

static void the_last_reservation_says_whose_it_is(void **state) {
    const struct accept_operation *o = operation_of(
        *state, "{'type':'UNRESERVE','unreserve':{'resources':[" RAW(
                    ",'reservations':[{'type':'STATIC','role':'eng'},{'type':'DYNAMIC','role':'eng/fe'}]" SOURCE(
                        "RAW", ",'id':'17','profile':'gold'")) "]}}");
    assert_string_equal(o->items[0].reserved_for, "eng/fe");
    assert_string_equal(o->items[0].source_id, "17");
    o = operation_of(*state, "{'type':'UNRESERVE','unreserve':{'resources':[" RAW(
                                 ",'role':'eng','reservation':{'principal':'p'}" SOURCE("RAW", ",'id':'17'")) "]}}");
    assert_string_equal(o->items[0].reserved_for, "eng");
    o = operation_of(*state,
                     "{'type':'UNRESERVE','unreserve':{'resources':[" RAW(",'role':'*'" SOURCE("RAW", "")) "]}}");
    assert_null(o->items[0].reserved_for);
}

// As a framework of Mesos' own storage providers sends it, but for the ids.
static void create_disk_reads_its_source_and_target(void **state) {
    const struct accept_operation *o = operation_of(
        *state, "{'type':'CREATE_DISK','create_disk':{'source':" RAW(
                    ",'reservations':[{'type':'DYNAMIC','role':"
                    "'storage'}]" SOURCE("RAW", ",'profile':'fast'")) ",'target_type':'MOUNT'},'id':{'value':'cd'}}");
    assert_int_equal(o->kind, ACCEPT_CREATE_DISK);
    assert_string_equal(o->id, "cd");
    assert_int_equal(o->item_count, 1);
    assert_string_equal(o->items[0].profile, "fast");
    assert_int_equal(o->target, DISK_MOUNT);
    assert_null(o->target_profile);
    assert_null(o->fs);
}

static void create_disk_takes_the_class_from_the_target_when_the_source_has_none(void **state) {
    struct world *w = *state;
    const struct accept_operation *o =
        operation_of(w, "{'type':'CREATE_DISK','create_disk':{'source':" RAW(SOURCE(
                            "RAW", ",'metadata':{'labels':[{'key':'fs','value':'ext4'}]}")) ",'target_type':'BLOCK','"
                                                                                            "target_profile':'gold'}}");
    assert_string_equal(o->items[0].profile, "gold");
    assert_string_equal(o->target_profile, "gold");
    assert_int_equal(o->target, DISK_BLOCK);
    assert_string_equal(o->fs, "ext4");
    symbol fs;
    assert_true(symbol_find(&w->state->symbols, "raw", &fs)); // what a BLOCK disk is looked up by
}

static void a_volume_is_named_by_its_uuid_in_each_operation_on_it(void **state) {
#define VOLUME                                                                                                         \
    RAW(",'disk':{'source':{'type':'MOUNT','id':'01010101-0101-4101-8101-010101010101'},'persistence':{'id':'p1'},"    \
        "'volume':{'container_path':'data','mode':'RW'}}")
    static const struct {
        enum accept_kind kind;
        const char *json;
    } rows[] = {
        {ACCEPT_CREATE, "{'type':'CREATE','create':{'volumes':[" VOLUME "]}}"},
        {ACCEPT_DESTROY, "{'type':'DESTROY','destroy':{'volumes':[" VOLUME "]}}"},
        {ACCEPT_DESTROY_DISK, "{'type':'DESTROY_DISK','destroy_disk':{'source':" VOLUME "}}"},
        {ACCEPT_GROW, "{'type':'GROW_VOLUME','grow_volume':{'volume':" VOLUME ",'addition':{'name':'disk','type':"
                      "'SCALAR','scalar':{'value':32.5}}}}"},
    };
    struct world *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct accept_operation *o = operation_of(w, rows[i].json);
        assert_int_equal(o->kind, rows[i].kind);
        assert_int_equal(o->item_count, 1);
        assert_int_equal(o->items[0].disk, DISK_MOUNT);
        assert_string_equal(o->items[0].source_id, "01010101-0101-4101-8101-010101010101");
        assert_string_equal(o->items[0].persistence, "p1");
        assert_string_equal(o->items[0].container_path, "data");
        assert_int_equal(o->grow_by.n, rows[i].kind == ACCEPT_GROW ? 32500 : 0);
    }
}

static void an_impossible_amount_of_storage_stays_impossible(void **state) {
    const struct accept_operation *o =
        operation_of(*state, "{'type':'RESERVE','reserve':{'resources':[{'name':'disk','type':'SCALAR','scalar':"
                             "{'value':1e300},'disk':{'source':{'type':'RAW','profile':'gold'}}}]}}");
    assert_true(o->items[0].amount.n < 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(offers_are_numbers_and_others_are_none_of_ours),
        TEST(operations_keep_their_order),
        TEST(a_command_task_takes_what_it_names),
        TEST(the_whole_task_info_travels_along),
        TEST(a_task_needs_a_command_and_no_executor),
        TEST(an_image_is_refused_and_a_plain_container_is_not),
        TEST(the_kill_policy_sets_the_grace),
        TEST(what_agents_do_not_do_is_refused_by_name),
        TEST(amounts_and_ports_that_no_host_has_are_refused),
        TEST(an_operation_id_goes_with_no_launch),
        TEST(the_tasks_of_a_group_are_named_so_that_each_hears),
        TEST(resources_of_other_kinds_are_kept_by_name),
        TEST(a_named_volume_brings_its_options),
        TEST(a_named_volume_without_options_must_exist_and_may_be_read_only),
        TEST(wrong_driver_options_are_refused_by_name),
        TEST(volumes_from_elsewhere_are_refused),
        TEST(a_reservation_names_class_amount_role_and_labels),
        TEST(the_last_reservation_says_whose_it_is),
        TEST(create_disk_reads_its_source_and_target),
        TEST(create_disk_takes_the_class_from_the_target_when_the_source_has_none),
        TEST(a_volume_is_named_by_its_uuid_in_each_operation_on_it),
        TEST(an_impossible_amount_of_storage_stays_impossible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
