// SPDX-License-Identifier: Apache-2.0
// See agent_world.h.
#include "agent_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "codec/message.h"

static struct agent_input input_of(enum agent_input_kind kind) {
    return (struct agent_input){.kind = kind};
}

// ---- steps ----

static void record_keep(struct world *w, const struct agent_record *r) {
    for (size_t i = 0; i < w->records.count; i++) {
        if (w->records.at[i].kind != r->kind || w->records.at[i].number != r->number) continue;
        vec_remove(&w->records, i);
        break;
    }
    struct agent_record copy = *r;
    copy.bytes = r->size ? arena_copy(&w->arena, r->bytes, r->size) : NULL;
    if (r->size) vec_push(&w->records, copy);
}

static void output_take(struct world *w, const struct agent_output *o) {
    switch (o->kind) {
    case AGENT_HELLO: w->hello = o->hello; break;
    case AGENT_SEND:
        if (!o->send->heartbeat) vec_push(&w->said, o->send);
        break;
    case AGENT_KEEP: record_keep(w, &o->record); break;
    case AGENT_JOB: vec_push(&w->jobs, ((struct world_job){o->job, o->work})); break;
    case AGENT_FORGET_ATTACHMENT:
    case AGENT_FORGET_TASK: vec_push(&w->forgotten, o->number); break;
    case AGENT_HANG_UP: w->hung_up = true; break;
    case AGENT_LOG: w->log = o->log; break;
    }
}

void world_step(struct world *w, struct agent_input *input) {
    input->now.ms = w->now;
    input->wall.ms = 1700000000000 + w->now;
    w->entropy++;
    memcpy(input->entropy, &w->entropy, sizeof w->entropy);
    agent_step(w->agent, input, &w->out);
    for (; w->looked_at < w->out.list.count; w->looked_at++) output_take(w, &w->out.list.at[w->looked_at]);
}

void world_pass(struct world *w, int64_t ms) {
    int64_t end = w->now + ms;
    for (;;) {
        struct mono due = agent_next_deadline(w->agent);
        if (due.ms > end) break;
        if (due.ms > w->now) w->now = due.ms;
        struct agent_input tick = input_of(AGENT_TICK);
        world_step(w, &tick);
        assert_true(agent_next_deadline(w->agent).ms > w->now); // a tick leaves nothing due
    }
    w->now = end;
}

// ---- life ----

void world_start(struct world *w) {
    struct agent_setup setup = agent_setup_usual();
    setup.name = "n1";
    setup.hostname = "n1.example";
    setup.address = "10.0.0.1";
    setup.boot_id = "boot-1";
    setup.secret = "secret";
    setup.secret_size = 6;
    setup.records = w->records.at;
    setup.record_count = w->records.count;
    w->agent = agent_new(&setup);
    struct agent_found found = {w->attachments, w->attachment_count, w->tasks, w->task_count};
    struct agent_input input = input_of(AGENT_FOUND);
    input.found = &found;
    world_step(w, &input);
    Granary__AgentReport report = GRANARY__AGENT_REPORT__INIT;
    input = input_of(AGENT_PROBED);
    input.report = &report;
    world_step(w, &input);
}

void world_crash(struct world *w) {
    agent_free(w->agent);
    w->agent = NULL;
    vec_clear(&w->jobs);
    vec_clear(&w->said);
}

void world_connect(struct world *w) {
    struct agent_input input = input_of(AGENT_CONNECTING);
    w->hello = NULL;
    world_step(w, &input);
    assert_non_null(w->hello);
    if (w->between) world_started(w, w->between, 1);
    w->between = 0;
    Granary__Welcome welcome = GRANARY__WELCOME__INIT;
    welcome.id = 7;
    welcome.cluster = "c";
    welcome.session = "s";
    welcome.heartbeat_ms = 5000;
    welcome.lost_ms = 25000;
    input = input_of(AGENT_CONNECTED);
    input.welcome = &welcome;
    world_step(w, &input);
}

void world_disconnect(struct world *w) {
    struct agent_input input = input_of(AGENT_DISCONNECTED);
    world_step(w, &input);
}

int world_set_up(void **state) {
    struct world *w = NEW(struct world);
    w->now = 1000;
    world_start(w);
    world_connect(w);
    *state = w;
    return 0;
}

int world_tear_down(void **state) {
    struct world *w = *state;
    agent_free(w->agent);
    agent_outputs_done(&w->out);
    vec_done(&w->jobs);
    vec_done(&w->records);
    vec_done(&w->said);
    vec_done(&w->forgotten);
    arena_done(&w->arena);
    free(w);
    return 0;
}

// ---- the master speaks ----

static void message(struct world *w, Granary__ToAgent *m) {
    struct agent_input input = input_of(AGENT_MESSAGE);
    input.message = m;
    world_step(w, &input);
}

Granary__Publish world_order(uint64_t attachment, uint64_t volume, uint64_t epoch) {
    Granary__Publish p = GRANARY__PUBLISH__INIT;
    p.attachment_id = attachment;
    p.volume_id = volume;
    p.epoch = epoch;
    p.volume_uuid = (char *)"6f1f9f2e-9c0e-4bb6-8f2a-0a1b2c3d4e5f";
    p.volume_name = (char *)"db";
    p.driver = (char *)"file";
    p.create_context = (char *)"{\"device\":\"loop\",\"path\":\"/pool/db.img\"}";
    p.size = 64 << 20;
    p.fs = (char *)"ext4";
    return p;
}

void world_publish(struct world *w, const Granary__Publish *order) {
    Granary__ToAgent m = GRANARY__TO_AGENT__INIT;
    m.publish = (Granary__Publish *)order;
    message(w, &m);
}

void world_unpublish(struct world *w, uint64_t attachment, uint64_t volume, uint64_t epoch) {
    Granary__ToAgent m = GRANARY__TO_AGENT__INIT;
    Granary__Unpublish u = GRANARY__UNPUBLISH__INIT;
    u.attachment_id = attachment;
    u.volume_id = volume;
    u.epoch = epoch;
    m.unpublish = &u;
    message(w, &m);
}

void world_grow(struct world *w, uint64_t attachment, uint64_t epoch, uint64_t size) {
    Granary__ToAgent m = GRANARY__TO_AGENT__INIT;
    Granary__Grow g = GRANARY__GROW__INIT;
    g.attachment_id = attachment;
    g.epoch = epoch;
    g.size = size;
    m.grow = &g;
    message(w, &m);
}

static void launch(struct world *w, uint64_t task, uint64_t attachment, int64_t longest_ms) {
    Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
    Mesos__V1__AgentID agent = MESOS__V1__AGENT_ID__INIT;
    Mesos__V1__CommandInfo command = MESOS__V1__COMMAND_INFO__INIT;
    Mesos__V1__DurationInfo longest = MESOS__V1__DURATION_INFO__INIT;
    Mesos__V1__TaskInfo info = MESOS__V1__TASK_INFO__INIT;
    Mesos__V1__Value__Scalar half = MESOS__V1__VALUE__SCALAR__INIT, mem = MESOS__V1__VALUE__SCALAR__INIT;
    Mesos__V1__Resource cpus, memory; // the macro for it names a deprecated field
    mesos__v1__resource__init(&cpus);
    mesos__v1__resource__init(&memory);
    Mesos__V1__Resource *resources[] = {&cpus, &memory};
    half.value = 0.5;
    mem.value = 32.5;
    cpus.name = (char *)"cpus";
    cpus.scalar = &half;
    memory.name = (char *)"mem";
    memory.scalar = &mem;
    info.resources = resources;
    info.n_resources = 2;
    id.value = (char *)"t";
    agent.value = (char *)"7";
    command.value = (char *)"sleep 1";
    info.name = (char *)"t";
    info.task_id = &id;
    info.agent_id = &agent;
    info.command = &command;
    longest.nanoseconds = longest_ms * 1000000;
    if (longest_ms) info.max_completion_time = &longest;
    AUTO_TEXT struct text packed = {0};
    message_pack(&info.base, &packed);
    Granary__LaunchVolume volume = GRANARY__LAUNCH_VOLUME__INIT, *volumes = &volume;
    volume.attachment_id = attachment;
    volume.container_path = (char *)"/data";
    Granary__Launch order = GRANARY__LAUNCH__INIT;
    order.task_number = task;
    order.task_info = (ProtobufCBinaryData){packed.size, (uint8_t *)packed.data};
    order.framework_id = (char *)"f";
    order.n_volumes = attachment ? 1 : 0;
    order.volumes = &volumes;
    Granary__ToAgent m = GRANARY__TO_AGENT__INIT;
    m.launch = &order;
    message(w, &m);
}

void world_launch(struct world *w, uint64_t task, uint64_t attachment) {
    launch(w, task, attachment, 0);
}

void world_launch_for(struct world *w, uint64_t task, int64_t longest_ms) {
    launch(w, task, 0, longest_ms);
}

void world_kill(struct world *w, uint64_t task) {
    Granary__ToAgent m = GRANARY__TO_AGENT__INIT;
    Granary__Kill k = GRANARY__KILL__INIT;
    k.task_number = task;
    m.kill = &k;
    message(w, &m);
}

void world_acknowledge(struct world *w, uint64_t task, const uint8_t uuid[16]) {
    Granary__ToAgent m = GRANARY__TO_AGENT__INIT;
    Granary__StatusAck ack = GRANARY__STATUS_ACK__INIT;
    ack.task_number = task;
    ack.uuid = (ProtobufCBinaryData){16, (uint8_t *)uuid};
    m.status_ack = &ack;
    message(w, &m);
}

// ---- the host speaks ----

void world_started(struct world *w, uint64_t task, int64_t pid) {
    struct agent_input input = input_of(AGENT_TASK_STARTED);
    input.number = task;
    input.pid = pid;
    world_step(w, &input);
}

void world_ended(struct world *w, uint64_t task, enum agent_end_kind kind, int code) {
    struct agent_input input = input_of(AGENT_TASK_ENDED);
    input.number = task;
    input.end = (struct agent_end){.kind = kind, .code = code, .message = "the host's words"};
    world_step(w, &input);
}

struct world_job world_job(struct world *w, enum agent_job_kind kind, uint64_t number) {
    assert_true(w->jobs.count > 0);
    struct world_job job = w->jobs.at[0];
    assert_int_equal(job.work->kind, kind);
    assert_int_equal(job.work->number, number);
    vec_remove(&w->jobs, 0);
    return job;
}

void world_no_job(const struct world *w) {
    assert_int_equal(w->jobs.count, 0);
}

static void answer(struct world *w, uint64_t job, enum agent_host_state state, bool formatted) {
    struct agent_input input = input_of(AGENT_JOB_DONE);
    input.job = job;
    input.device = (struct agent_device){
        .state = state, .formatted = formatted, .format_began = formatted, .size = {64 << 20}, .path = "/dev/loop3"};
    world_step(w, &input);
}

void world_answer(struct world *w, uint64_t job, enum agent_host_state state) {
    answer(w, job, state, false);
}

void world_answer_formatted(struct world *w, uint64_t job, enum agent_host_state state) {
    answer(w, job, state, true);
}

void world_fail(struct world *w, uint64_t job, enum err_kind kind, const char *error, bool format_began) {
    struct agent_input input = input_of(AGENT_JOB_DONE);
    input.job = job;
    input.error_kind = kind;
    input.error = error;
    input.device = (struct agent_device){.state = AGENT_HOST_FAILED, .format_began = format_began, .path = ""};
    world_step(w, &input);
}

// ---- what was said ----

static Granary__FromAgent *next_said(struct world *w) {
    assert_true(w->said.count > 0);
    Granary__FromAgent *m = w->said.at[0];
    vec_remove(&w->said, 0);
    return m;
}

const Granary__AttachmentReport *world_said(struct world *w, uint64_t attachment, Granary__PublishState state) {
    const Granary__FromAgent *m = next_said(w);
    assert_non_null(m->attachment);
    assert_int_equal(m->attachment->attachment_id, attachment);
    assert_int_equal(m->attachment->state, state);
    return m->attachment;
}

const Mesos__V1__TaskStatus *world_status(struct world *w, uint64_t task, Mesos__V1__TaskState state) {
    const Granary__FromAgent *m = next_said(w);
    assert_non_null(m->status);
    assert_int_equal(m->status->task_number, task);
    void *status;
    struct err *e = message_unpack(&mesos__v1__task_status__descriptor, m->status->status.data, m->status->status.len,
                                   &w->arena, &status);
    assert_null(e);
    assert_int_equal(((Mesos__V1__TaskStatus *)status)->state, state);
    return status;
}

void world_silent(const struct world *w) {
    assert_int_equal(w->said.count, 0);
}

const struct agent_record *world_record(const struct world *w, enum agent_record_kind kind, uint64_t number) {
    VEC_EACH (r, &w->records)
        if (r->kind == kind && r->number == number) return r;
    return NULL;
}

bool world_forgot(const struct world *w, uint64_t number) {
    VEC_EACH (each, &w->forgotten)
        if (*each == number) return true;
    return false;
}
