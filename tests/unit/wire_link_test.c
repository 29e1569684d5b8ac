// SPDX-License-Identifier: Apache-2.0
// What agents and providers say becomes commands, bounded and with sentences; rows become what the master says to them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "codec/message.h"
#include "core_world.h"
#include "mesos_v1.pb-c.h"
#include "wire/agent_link.h"
#include "wire/provider_link.h"

struct desk { // a world and what reads into it
    struct world *w;
    struct intake in;
};

static struct desk desk_new(void) {
    struct desk t = {.w = world_new()};
    t.in = (struct intake){.symbols = &t.w->state->symbols, .arena = &t.w->arena, .now = t.w->now};
    return t;
}

static void desk_done(struct desk *t) {
    intake_done(&t->in);
    world_free(t->w);
}

static Granary__Tag *tag(struct desk *t, const char *key, const char *value) {
    Granary__Tag *m = ARENA_NEW(&t->w->arena, Granary__Tag);
    granary__tag__init(m);
    m->key = (char *)key;
    m->value = (char *)value;
    return m;
}

static bool has_tag(struct desk *t, const struct tag_set *set, const char *key, const char *value, enum tier tier) {
    size_t count;
    const struct tag *at = tag_set_find(set, world_symbol(t->w, key), &count);
    for (size_t i = 0; i < count; i++)
        if (symbol_equal(at[i].value, world_symbol(t->w, value))) return tag_set_said(set, &at[i]).tier == tier;
    return false;
}

// ---- agents ----

static Granary__AgentReport *agent_facts_message(struct desk *t) {
    Granary__AgentReport *m = ARENA_NEW(&t->w->arena, Granary__AgentReport);
    granary__agent_report__init(m);
    m->tags = arena_zero(&t->w->arena, 2, sizeof *m->tags);
    m->tags[m->n_tags++] = tag(t, "topology/rack", "r1");
    m->tags[m->n_tags++] = tag(t, "hw/infiniband", NULL);
    m->resources = ARENA_NEW(&t->w->arena, Granary__AgentResources);
    granary__agent_resources__init(m->resources);
    m->resources->cpus = 3.5;
    m->resources->mem = 2048;
    m->resources->disk = 100;
    m->resources->attach_slots = 24;
    m->resources->buses = arena_zero(&t->w->arena, 1, sizeof *m->resources->buses);
    m->resources->buses[m->resources->n_buses++] = ARENA_NEW(&t->w->arena, Granary__AttachBus);
    granary__attach_bus__init(m->resources->buses[0]);
    m->resources->buses[0]->drivers = "ebs+nvme";
    m->resources->buses[0]->slots = 27;
    m->resources->ports = arena_zero(&t->w->arena, 1, sizeof *m->resources->ports);
    m->resources->ports[m->resources->n_ports++] = ARENA_NEW(&t->w->arena, Granary__PortRange);
    granary__port_range__init(m->resources->ports[0]);
    m->resources->ports[0]->begin = 31000;
    m->resources->ports[0]->end = 32000;
    m->identities = arena_zero(&t->w->arena, 1, sizeof *m->identities);
    m->identities[m->n_identities++] = ARENA_NEW(&t->w->arena, Granary__HostIdentity);
    granary__host_identity__init(m->identities[0]);
    m->identities[0]->driver = "memory";
    m->identities[0]->identity = "host-7";
    return m;
}

static void an_agents_report_becomes_facts(void **world UNUSED) {
    struct desk t = desk_new();
    struct cmd_agent_report c;
    expect_ok(agent_report_read(&t.in, agent_facts_message(&t), 5, 6, &c));
    assert_int_equal(c.agent, 5);
    assert_int_equal(c.session, 6);
    assert_int_equal(c.facts->total.cpus.n, 3500);
    assert_int_equal(c.facts->attach_slots, 24);
    assert_string_equal(c.facts->buses.at[0].drivers, "ebs+nvme");
    assert_int_equal(c.facts->buses.at[0].slots, 27);
    assert_int_equal(c.facts->ports.count, 1);
    assert_int_equal(c.facts->ports.at[0].end, 32000);
    assert_string_equal(c.facts->identities.at[0].identity, "host-7");
    assert_true(has_tag(&t, &c.facts->tags, "topology/rack", "r1", TIER_AGENT));
    assert_true(has_tag(&t, &c.facts->tags, "hw/infiniband", "", TIER_AGENT));
    assert_int_equal(tag_set_said(&c.facts->tags, c.facts->tags.at).since.ms, t.w->now.wall.ms);
    desk_done(&t);
}

static void an_agents_impossible_resources_are_refused(void **world UNUSED) {
    struct desk t = desk_new();
    struct cmd_agent_report c;
    Granary__AgentReport *m = agent_facts_message(&t);
    m->resources->cpus = -1;
    expect_err(agent_report_read(&t.in, m, 5, 6, &c), ERR_INVALID, "report: cpus: -1 is no amount");
    m->resources->cpus = 1;
    m->resources->buses[0]->drivers = "ebs++nvme";
    expect_err(agent_report_read(&t.in, m, 5, 6, &c), ERR_INVALID, "report: attach slots: driver");
    m->resources->buses[0]->drivers = "ebs";
    m->resources->ports[0]->end = 70000;
    expect_err(agent_report_read(&t.in, m, 5, 6, &c), ERR_INVALID, "31000-70000 is no range of ports");
    m->resources->ports[0]->end = 31000;
    m->tags[0]->key = "bad key";
    expect_err(agent_report_read(&t.in, m, 5, 6, &c), ERR_INVALID, "bad key");
    desk_done(&t);
}

static void a_hello_brings_attachments_and_tasks(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__AgentHello m = GRANARY__AGENT_HELLO__INIT;
    Granary__AttachmentReport a = GRANARY__ATTACHMENT_REPORT__INIT, *attachments[] = {&a};
    uint64_t tasks[] = {9};
    a.attachment_id = 1;
    a.volume_id = 2;
    a.epoch = 3;
    a.state = GRANARY__PUBLISH_STATE__PUBLISHED;
    a.fs_uuid = "00000000-0000-4000-8000-0000000000ff";
    m.name = "n1";
    m.hostname = "n1.example";
    m.attachments = attachments;
    m.n_attachments = 1;
    m.tasks = tasks;
    m.n_tasks = 1;
    m.report = agent_facts_message(&t);
    m.has_secret = true;
    m.secret = (ProtobufCBinaryData){4, (uint8_t *)"abcd"};
    struct cmd_agent_hello c;
    expect_ok(agent_hello_read(&t.in, &m, 77, &c));
    assert_string_equal(c.name, "n1");
    assert_int_equal(c.session, 77);
    assert_int_equal(c.secret->size, 4);
    assert_int_equal(c.attachment_count, 1);
    assert_int_equal(c.attachments[0].epoch, 3);
    assert_int_equal(c.attachments[0].state, IS_PUBLISHED);
    assert_int_equal(c.attachments[0].fs_uuid.bytes[15], 0xff);
    assert_int_equal(c.tasks[0], 9);
    assert_non_null(c.facts);
    m.name = "../n1";
    expect_err(agent_hello_read(&t.in, &m, 77, &c), ERR_INVALID, "agent");
    desk_done(&t);
}

static void a_hello_with_the_most_tasks_fits_into_one_request(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__AgentHello m = GRANARY__AGENT_HELLO__INIT;
    void *unpacked;
    struct cmd_agent_hello c;
    AUTO_TEXT struct text bytes = {0};
    m.name = "n1";
    m.n_tasks = AGENT_TASKS_MOST;
    m.tasks = arena_zero(&t.w->arena, m.n_tasks, sizeof *m.tasks);
    for (size_t i = 0; i < m.n_tasks; i++) m.tasks[i] = UINT64_MAX - i;
    message_pack(&m.base, &bytes);
    assert_in_range(bytes.size, 1, MIB);
    expect_ok(message_unpack(m.base.descriptor, bytes.data, bytes.size, &t.w->arena, &unpacked));
    expect_ok(agent_hello_read(&t.in, unpacked, 77, &c));
    assert_int_equal(c.task_count, AGENT_TASKS_MOST);
    assert_true(c.tasks[AGENT_TASKS_MOST - 1] == UINT64_MAX - (AGENT_TASKS_MOST - 1));
    m.n_tasks++;
    m.tasks = arena_zero(&t.w->arena, m.n_tasks, sizeof *m.tasks);
    expect_err(agent_hello_read(&t.in, &m, 77, &c), ERR_TOO_LARGE, "65537 tasks");
    desk_done(&t);
}

static ProtobufCBinaryData packed_status(struct desk *t, size_t uuid_size) {
    struct text bytes = {0};
    Mesos__V1__TaskStatus status = MESOS__V1__TASK_STATUS__INIT;
    Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
    id.value = "t-1";
    status.task_id = &id;
    status.state = MESOS__V1__TASK_STATE__TASK_RUNNING;
    status.message = "up";
    status.has_uuid = true;
    status.uuid = (ProtobufCBinaryData){uuid_size, (uint8_t *)"0123456789abcdef"};
    message_pack(&status.base, &bytes);
    ProtobufCBinaryData data = {bytes.size, arena_copy(&t->w->arena, bytes.data, bytes.size)};
    text_done(&bytes);
    return data;
}

static void a_task_status_keeps_its_bytes(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__TaskStatusReport m = GRANARY__TASK_STATUS_REPORT__INIT;
    struct cmd_task_status c;
    m.task_number = 12;
    m.status = packed_status(&t, 16);
    expect_ok(task_status_read(&t.in, &m, 5, &c));
    assert_int_equal(c.task, 12);
    assert_int_equal(c.state, TASK_RUNNING);
    assert_string_equal(c.message, "up");
    assert_memory_equal(c.uuid->bytes, "0123456789abcdef", 16);
    assert_int_equal(c.status->size, m.status.len);
    m.status = packed_status(&t, 3);
    expect_err(task_status_read(&t.in, &m, 5, &c), ERR_INVALID, "uuid");
    m.status.len = 2;
    expect_err(task_status_read(&t.in, &m, 5, &c), ERR_INVALID, "the status of task 12");
    desk_done(&t);
}

static void a_long_failure_is_cut_at_a_whole_character(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__AttachmentReport m = GRANARY__ATTACHMENT_REPORT__INIT;
    char message[5000];
    for (size_t i = 0; i + 2 < sizeof message; i += 2) memcpy(message + i, "\xc3\xbc", 3);
    memmove(message + 1, message, sizeof message - 1);
    message[0] = 'x';
    message[sizeof message - 1] = 0;
    m.state = GRANARY__PUBLISH_STATE__PUBLISH_FAILED;
    m.message = message;
    struct cmd_attachment_report c;
    expect_ok(attachment_report_read(&t.in, &m, 5, &c));
    assert_int_equal(strlen(c.report.message), 2047);
    m.message = NULL;
    expect_ok(attachment_report_read(&t.in, &m, 5, &c));
    assert_string_equal(c.report.message, "the agent did not say why");
    desk_done(&t);
}

// ---- providers ----

static Granary__Constraint *constraint(struct desk *t, const char *selector) {
    Granary__Constraint *m = ARENA_NEW(&t->w->arena, Granary__Constraint);
    granary__constraint__init(m);
    m->selector = (char *)selector;
    return m;
}

struct tiers { // one provider with one instance with one pool
    Granary__TierReport report;
    Granary__Instance instance, *instances[2];
    Granary__Pool pool, *pools[2];
    Granary__Quantities total, capacities;
    Granary__Tag *provider_tags[2], *instance_tags[1], *pool_tags[1];
    Granary__Constraint *provider_constraints[1], *pool_constraints[1];
    Granary__Capability capabilities[2];
};

static struct tiers *tiers_new(struct desk *t) {
    struct tiers *m = ARENA_NEW(&t->w->arena, struct tiers);
    granary__tier_report__init(&m->report);
    granary__instance__init(&m->instance);
    granary__pool__init(&m->pool);
    granary__quantities__init(&m->total);
    granary__quantities__init(&m->capacities);
    m->provider_tags[0] = tag(t, "media", "disk");
    m->provider_tags[1] = tag(t, "vendor", "acme");
    m->instance_tags[0] = tag(t, "topology/region", "west");
    m->pool_tags[0] = tag(t, "media", "ssd");
    m->provider_constraints[0] = constraint(t, "driver/acme >= 1.2");
    m->pool_constraints[0] = constraint(t, "same(topology/rack)");
    m->report.tags = m->provider_tags;
    m->report.n_tags = 2;
    m->report.constraints = m->provider_constraints;
    m->report.n_constraints = 1;
    m->report.instances = m->instances;
    m->report.n_instances = 1;
    m->instances[0] = m->instances[1] = &m->instance;
    m->instance.name = "main";
    m->instance.tags = m->instance_tags;
    m->instance.n_tags = 1;
    m->instance.pools = m->pools;
    m->instance.n_pools = 1;
    m->pools[0] = m->pools[1] = &m->pool;
    m->pool.name = "fast";
    m->pool.tags = m->pool_tags;
    m->pool.n_tags = 1;
    m->pool.constraints = m->pool_constraints;
    m->pool.n_constraints = 1;
    m->pool.total = &m->total;
    m->total.has_bytes = m->total.has_iops = true;
    m->total.bytes = 1 << 30;
    m->total.iops = 3000;
    m->pool.has_capacity = true;
    m->pool.capacity = 1 << 20;
    m->pool.capacities = &m->capacities;
    m->capacities.has_volumes = true;
    m->capacities.volumes = 7;
    m->capabilities[0] = GRANARY__CAPABILITY__CARVE;
    m->capabilities[1] = GRANARY__CAPABILITY__FENCE;
    m->pool.capabilities = m->capabilities;
    m->pool.n_capabilities = 2;
    return m;
}

static void lower_tiers_inherit_and_remember_who_said_it(void **world UNUSED) {
    struct desk t = desk_new();
    struct cmd_provider_report c;
    expect_ok(tier_report_read(&t.in, &tiers_new(&t)->report, 5, 6, &c));
    assert_int_equal(c.pool_count, 1);
    const struct pool_facts *f = c.pools[0].facts;
    assert_true(has_tag(&t, &f->tags, "media", "ssd", TIER_POOL)); // replaces the provider's
    assert_false(has_tag(&t, &f->tags, "media", "disk", TIER_PROVIDER));
    assert_true(has_tag(&t, &f->tags, "vendor", "acme", TIER_PROVIDER));
    assert_true(has_tag(&t, &f->tags, "topology/region", "west", TIER_INSTANCE));
    assert_int_equal(f->constraints.count, 2); // they add up
    assert_int_equal(f->constraints.at[0].tier, TIER_PROVIDER);
    assert_int_equal(f->constraints.at[1].tier, TIER_POOL);
    assert_int_equal(f->total.bytes, 1 << 30);
    assert_int_equal(f->total.known, KNOWS_IOPS);
    assert_int_equal(f->capacity->bytes, 1 << 20);
    assert_int_equal(f->capacity->volumes, 7);
    assert_int_equal(f->capacity->known, KNOWS_VOLUMES);
    assert_true(capability_has(f->capabilities, CAN_FENCE));
    assert_false(capability_has(f->capabilities, CAN_GROW));
    assert_int_equal(f->reported.ms, t.w->now.wall.ms);
    assert_int_equal(c.pools[0].charge_numerator, 1);
    assert_int_equal(c.facts->instances.count, 1);
    assert_true(has_tag(&t, &c.facts->instances.at[0].tags, "vendor", "acme", TIER_PROVIDER));
    desk_done(&t);
}

static void a_pool_of_unknown_size_is_refused(void **world UNUSED) {
    struct desk t = desk_new();
    struct tiers *m = tiers_new(&t);
    struct cmd_provider_report c;
    m->pool.total = NULL;
    expect_err(tier_report_read(&t.in, &m->report, 5, 6, &c), ERR_INVALID,
               "tiers: pool 'main/fast': it does not say how large it is");
    desk_done(&t);
}

static void a_broken_tier_report_names_the_place(void **world UNUSED) {
    struct desk t = desk_new();
    struct tiers *m = tiers_new(&t);
    struct cmd_provider_report c;
    m->pool_constraints[0]->selector = "a in (";
    expect_err(tier_report_read(&t.in, &m->report, 5, 6, &c), ERR_INVALID, "pool 'main/fast': constraint 1, 'a in ('");
    m = tiers_new(&t);
    m->instance.n_pools = 2;
    expect_err(tier_report_read(&t.in, &m->report, 5, 6, &c), ERR_INVALID, "pool 'main/fast' is reported twice");
    m = tiers_new(&t);
    m->report.n_instances = 2;
    expect_err(tier_report_read(&t.in, &m->report, 5, 6, &c), ERR_INVALID, "instance 'main' is reported twice");
    m = tiers_new(&t);
    m->total.has_volumes = true;
    m->total.volumes = QUANTITY_VOLUMES_MOST + 1;
    expect_err(tier_report_read(&t.in, &m->report, 5, 6, &c), ERR_INVALID,
               "pool 'main/fast': its total says 72057594037927936 volumes; at most 72057594037927935 can be counted");
    m->total.volumes = QUANTITY_VOLUMES_MOST;
    expect_ok(tier_report_read(&t.in, &m->report, 5, 6, &c));
    desk_done(&t);
}

static void a_failure_of_an_unknown_kind_may_have_happened(void **world UNUSED) {
    struct desk t = desk_new();
    Granary__ProviderResult m = GRANARY__PROVIDER_RESULT__INIT;
    struct cmd_provider_result c;
    m.operation_id = 4;
    m.error_kind = "gremlins";
    expect_ok(provider_result_read(&t.in, &m, 5, &c));
    assert_int_equal(c.error, ERR_UNKNOWN);
    m.error_kind = "full";
    m.message = "no space left";
    expect_ok(provider_result_read(&t.in, &m, 5, &c));
    assert_int_equal(c.error, ERR_FULL);
    assert_string_equal(c.message, "no space left");
    desk_done(&t);
}

static void a_list_of_objects_holds_whole_uuids(void **world UNUSED) {
    unsigned char bytes[33] = {[15] = 1, [31] = 2};
    Granary__ObjectList m = GRANARY__OBJECT_LIST__INIT;
    const struct uuid *volumes;
    size_t count;
    m.volumes = (ProtobufCBinaryData){32, bytes};
    expect_ok(object_list_read(&m, &volumes, &count));
    assert_int_equal(count, 2);
    assert_int_equal(volumes[1].bytes[15], 2);
    m.volumes.len = 33;
    expect_err(object_list_read(&m, &volumes, &count), ERR_INVALID, "33 bytes are no whole number of UUIDs");
}

// ---- what the master says ----

static uint64_t desk_attachment(struct desk *t) {
    world_provider(t->w, "mem");
    world_pool(t->w, (struct pool_made){.provider = "mem", .name = "fast", .tags = "media=ssd", .bytes = 100 * GIB});
    world_agent(t->w, (struct agent_made){.name = "n1"});
    world_class(t->w, (struct class_document){.name = "gold"});
    uint64_t volume = world_volume(t->w, "db", "gold", "mem/main/fast", 10 * GIB);
    return world_attachment(t->w, volume, "n1", ATTACHMENT_ATTACHING);
}

static void the_grant_to_format_goes_out_only_while_the_registry_says_so(void **world UNUSED) {
    struct desk t = desk_new();
    uint64_t id = desk_attachment(&t), volume = state_attachment(t.w->state, id)->volume;
    struct draft *d = world_draft(t.w);
    edit_attachment(d, id, EV_attachment_changed)->granted_format = true;
    struct volume_row *v = edit_volume(d, volume, EV_volume_changed);
    v->content = CONTENT_FORMATTING;
    v->fs_uuid = (struct uuid){{9}};
    world_apply(t.w);
    Granary__ToAgent *m = agent_publish(t.w->state, state_attachment(t.w->state, id), &t.w->arena);
    assert_true(m->publish->may_format);
    assert_null(m->publish->fs_uuid);
    edit_volume(world_draft(t.w), volume, EV_volume_formatted)->content = CONTENT_FORMATTED;
    world_apply(t.w);
    m = agent_publish(t.w->state, state_attachment(t.w->state, id), &t.w->arena);
    assert_false(m->publish->may_format); // granted once, used
    assert_string_equal(m->publish->fs_uuid, "09000000-0000-0000-0000-000000000000");
    assert_string_equal(m->publish->volume_name, "db");
    assert_int_equal(m->publish->n_tags, 1);
    AUTO_TEXT struct text bytes = {0};
    message_pack(&m->base, &bytes);
    expect_ok(message_check(m->base.descriptor, bytes.data, bytes.size, NULL));
    desk_done(&t);
}

static void an_operation_names_the_host_as_its_driver_knows_it(void **world UNUSED) {
    struct desk t = desk_new();
    uint64_t id = desk_attachment(&t);
    edit_attachment(world_draft(t.w), id, EV_attachment_changed)->host = "host-7";
    world_apply(t.w);
    const struct attachment_row *a = state_attachment(t.w->state, id);
    const struct provider_row *p = state_provider_named(t.w->state, "mem");
    const struct operation_row o = {
        .id = 50, .kind = OP_ATTACH, .volume = a->volume, .provider = p->id, .attachment = id, .agent = a->agent};
    Granary__ToProvider *m = provider_operation(t.w->state, &o, &t.w->arena);
    assert_int_equal(m->operation->kind, GRANARY__OPERATION_KIND__OPERATION_ATTACH);
    assert_string_equal(m->operation->host_identity,
                        "host-7"); // kept: also when the agent has not reported since a restart
    assert_string_equal(m->operation->agent_name, "n1");
    assert_string_equal(m->operation->pool, "fast");
    assert_int_equal(m->operation->size, 10 * GIB);
    assert_false(m->operation->many_hosts);
    const struct operation_row gone = {.id = 51, .kind = OP_DELETE, .volume = 999999};
    assert_null(provider_operation(t.w->state, &gone, &t.w->arena));
    desk_done(&t);
}

static void an_operation_says_whether_many_hosts_may_have_the_volume(void **world UNUSED) {
    struct desk t = desk_new();
    static const uint8_t shared[] = {ACCESS_MULTI_READER, ACCESS_MULTI_WRITER};
    const struct attachment_row *a = state_attachment(t.w->state, desk_attachment(&t));
    const struct operation_row first = {.id = 50, .kind = OP_ATTACH, .volume = a->volume, .attachment = a->id};
    const struct operation_row second = {.id = 51, .kind = OP_CREATE, .volume = a->volume};
    for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
        edit_volume(world_draft(t.w), first.volume, EV_volume_changed)->access = shared[i];
        world_apply(t.w);
        assert_true(provider_operation(t.w->state, &first, &t.w->arena)->operation->many_hosts);
        assert_true(provider_operation(t.w->state, &second, &t.w->arena)->operation->many_hosts);
    }
    desk_done(&t);
}

static void a_launch_needs_all_its_attachments(void **world UNUSED) {
    struct desk t = desk_new();
    uint64_t id = desk_attachment(&t);
    const struct attachment_row *a = state_attachment(t.w->state, id);
    struct task_volume wanted = {.volume = a->volume, .container_path = "/data"};
    struct blob *volumes = arena_zero(&t.w->arena, 1, sizeof *volumes + sizeof wanted);
    volumes->size = sizeof wanted;
    memcpy(volumes->bytes, &wanted, sizeof wanted);
    struct task_row task = {.id = 60, .agent = a->agent, .volumes = volumes, .kill_grace_ms = UINT64_MAX};
    Granary__ToAgent *m = agent_launch(t.w->state, &task, &t.w->arena);
    assert_int_equal(m->launch->n_volumes, 1);
    assert_int_equal(m->launch->volumes[0]->attachment_id, id);
    assert_string_equal(m->launch->volumes[0]->container_path, "/data");
    assert_false(agent_kill(&task, &t.w->arena)->kill->has_grace_ms);
    task.agent = 424242;
    assert_null(agent_launch(t.w->state, &task, &t.w->arena));
    desk_done(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agents_report_becomes_facts),
        cmocka_unit_test(an_agents_impossible_resources_are_refused),
        cmocka_unit_test(a_hello_brings_attachments_and_tasks),
        cmocka_unit_test(a_hello_with_the_most_tasks_fits_into_one_request),
        cmocka_unit_test(a_task_status_keeps_its_bytes),
        cmocka_unit_test(a_long_failure_is_cut_at_a_whole_character),
        cmocka_unit_test(lower_tiers_inherit_and_remember_who_said_it),
        cmocka_unit_test(a_pool_of_unknown_size_is_refused),
        cmocka_unit_test(a_broken_tier_report_names_the_place),
        cmocka_unit_test(a_failure_of_an_unknown_kind_may_have_happened),
        cmocka_unit_test(a_list_of_objects_holds_whole_uuids),
        cmocka_unit_test(the_grant_to_format_goes_out_only_while_the_registry_says_so),
        cmocka_unit_test(an_operation_names_the_host_as_its_driver_knows_it),
        cmocka_unit_test(an_operation_says_whether_many_hosts_may_have_the_volume),
        cmocka_unit_test(a_launch_needs_all_its_attachments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
