// SPDX-License-Identifier: Apache-2.0
// An agent in the simulation: its machine over a model of a host whose mounts and tasks outlive the process.
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void agent_step_now(struct agent_node *a, struct agent_input *in);

// ---- the host ----

static struct mount *mount_of(struct agent_node *a, uint64_t attachment) {
    VEC_EACH (m, &a->mounts) {
        if (m->attachment == attachment) return m;
    }
    return NULL;
}

static void mount_drop(struct agent_node *a, uint64_t attachment) {
    for (size_t i = 0; i < a->mounts.count; i++) {
        if (a->mounts.at[i].attachment != attachment) continue;
        vec_remove(&a->mounts, i);
        return;
    }
}

static struct sim_task *task_of(struct agent_node *a, uint64_t task) {
    VEC_EACH (t, &a->tasks) {
        if (t->task == task) return t;
    }
    return NULL;
}

static bool task_has(const struct sim_task *t, uint64_t attachment) {
    for (size_t i = 0; i < t->attachment_count; i++)
        if (t->attachments[i] == attachment) return true;
    return false;
}

struct device *sim_device(struct sim *s, struct uuid volume) {
    union map_value *v = map_put_bytes(&s->devices, volume.bytes, sizeof volume.bytes, NULL);
    if (!v->p) v->p = NEW(struct device);
    return v->p;
}

static bool storage_lets_write(struct agent_node *a, struct uuid volume) {
    char uuid[UUID_TEXT];
    uuid_text(volume, uuid);
    for (int i = 0; i < PROVIDERS; i++)
        if (memory_may_write(a->sim->providers[i].storage, uuid, a->boot_id)) return true;
    return false;
}

static void task_ends(struct agent_node *a, struct sim_task *t, enum agent_end_kind kind, int code,
                      const char *message) {
    if (t->ended) return;
    t->ended = true;
    t->end = (struct agent_end){.kind = kind, .code = code, .asked = t->asked, .message = message};
    a->sim->tasks_ended++;
    if (!a->machine) return; // found when the agent is back
    struct agent_input in = {.kind = AGENT_TASK_ENDED, .number = t->task, .end = t->end};
    agent_step_now(a, &in);
}

// Every live task writes to its volumes, wherever the storage lets it: this is what the invariants look at.
static void tasks_write(struct sim *s, struct agent_node *a) {
    VEC_EACH (t, &a->tasks) {
        for (size_t i = 0; !t->ended && i < t->attachment_count; i++) {
            struct mount *m = mount_of(a, t->attachments[i]);
            if (!m || m->state != MOUNT_THERE || m->read_only || !storage_lets_write(a, m->volume)) continue;
            struct device *d = sim_device(s, m->volume);
            d->has_data = true;
            d->written++;
        }
    }
}

static void host_lives(struct sim *s, void *arg) {
    struct agent_node *a = arg;
    tasks_write(s, a);
    for (size_t i = 0; i < a->tasks.count; i++) {
        struct sim_task *t = &a->tasks.at[i];
        if (!t->ended && s->now >= t->ends_at) task_ends(a, t, AGENT_END_EXITED, 0, "Command exited with status 0");
    }
    sim_at(s, 50, host_lives, a);
}

// ---- jobs ----

struct job {
    struct agent_node *node;
    uint32_t life;
    uint64_t number;
    enum agent_job_kind kind;
    uint64_t target, epoch;
    int64_t since;
    struct mount mount;
    bool may_format;
    struct bytes size;
};

static struct agent_device device_of(const struct mount *m) {
    if (!m) return (struct agent_device){.state = AGENT_HOST_UNPUBLISHED, .path = ""};
    return (struct agent_device){.state = m->state == MOUNT_THERE ? AGENT_HOST_PUBLISHED : AGENT_HOST_PUBLISHING,
                                 .formatted = m->formatted,
                                 .format_began = m->formatted,
                                 .fs_uuid = m->fs_uuid,
                                 .size = m->size,
                                 .path = "/dev/sim"};
}

static void job_answer(struct job *j, const struct mount *m, enum err_kind kind, const char *error) {
    if (!j->node->machine || j->life != j->node->life) return;
    struct agent_input in = {
        .kind = AGENT_JOB_DONE, .job = j->number, .error_kind = kind, .error = error, .device = device_of(m)};
    if (error) in.device.state = AGENT_HOST_FAILED;
    if (error && m) in.device.format_began = m->formatted;
    agent_step_now(j->node, &in);
}

// I4: a device that ever held data is never formatted; and none is formatted twice.
static void device_format(struct sim *s, struct mount *m) {
    struct device *d = sim_device(s, m->volume);
    char uuid[UUID_TEXT];
    uuid_text(m->volume, uuid);
    if (d->has_data) sim_fail(s, "I4: volume %s held data and is formatted", uuid);
    if (d->formatted) sim_fail(s, "I4: volume %s is formatted twice", uuid);
    d->formatted = true;
    sim_bytes(s, m->fs_uuid.bytes, sizeof m->fs_uuid.bytes);
    d->fs_uuid = m->fs_uuid;
    m->formatted = true;
}

static void publish_runs(struct sim *s, struct job *j) {
    struct agent_node *a = j->node;
    struct mount *m = mount_of(a, j->target);
    if (a->machine && j->life != a->life) return; // its agent came back meanwhile, and awaits it by a job of its own
    if (!m || m->state != MOUNT_BUSY || m->epoch != j->epoch) return; // the host went down, or it was evicted
    if (!storage_lets_write(a, m->volume)) {
        struct mount gone = *m;
        mount_drop(a, j->target);
        job_answer(j, &gone, ERR_IO, "the storage does not let this host reach the volume");
        return;
    }
    bool fresh = true;
    if (j->may_format) map_put_bytes(&a->grants_used, m->volume.bytes, sizeof m->volume.bytes, &fresh);
    if (!fresh) { // the grant was used on this host before: what came of it is not known
        struct mount gone = *m;
        gone.formatted = true;
        mount_drop(a, j->target);
        job_answer(j, &gone, ERR_CONFLICT, "the grant to format was used already");
        return;
    }
    if (j->may_format) device_format(s, m);
    if (!j->may_format) m->fs_uuid = sim_device(s, m->volume)->fs_uuid;
    if (sim_chance(s, 3)) {
        struct mount gone = *m;
        mount_drop(a, j->target);
        job_answer(j, &gone, ERR_IO, "mount: input/output error");
        return;
    }
    m->state = MOUNT_THERE;
    struct mount there = *m;
    if (m->format_only) mount_drop(a, j->target);
    job_answer(j, &there, ERR_INTERNAL, NULL);
}

static void mount_users_end(struct agent_node *a, uint64_t attachment, const char *message) {
    for (size_t i = 0; i < a->tasks.count; i++)
        if (task_has(&a->tasks.at[i], attachment)) task_ends(a, &a->tasks.at[i], AGENT_END_LOST, 0, message);
}

static bool mount_in_use(struct agent_node *a, uint64_t attachment) {
    VEC_EACH (t, &a->tasks) {
        if (!t->ended && task_has(t, attachment)) return true;
    }
    return false;
}

static void job_runs(struct sim *s, void *arg) {
    struct job *j = arg;
    struct agent_node *a = j->node;
    struct mount *m = mount_of(a, j->target);
    if (m && m->since > j->since) { // made by a later life of the agent: no work of an earlier one touches it
        free(j);
        return;
    }
    switch (j->kind) {
    case AGENT_JOB_PUBLISH:
    case AGENT_JOB_AWAIT: publish_runs(s, j); break;
    case AGENT_JOB_EVICT:
        mount_users_end(a, j->target, "its volume was taken away");
        mount_drop(a, j->target);
        job_answer(j, NULL, ERR_INTERNAL, NULL);
        break;
    case AGENT_JOB_UNPUBLISH:
        if (m && mount_in_use(a, j->target)) {
            job_answer(j, m, ERR_CONFLICT, "a task uses it");
            break;
        }
        mount_drop(a, j->target);
        job_answer(j, NULL, ERR_INTERNAL, NULL);
        break;
    case AGENT_JOB_GROW:
        if (m) m->size = j->size;
        job_answer(j, m, ERR_INTERNAL, NULL);
        break;
    case AGENT_JOB_KILL: {
        struct sim_task *t = task_of(a, j->target);
        if (t) t->asked = true;
        job_answer(j, NULL, ERR_INTERNAL, NULL);
        t = task_of(a, j->target);
        if (t && !t->ended) task_ends(a, t, AGENT_END_SIGNALLED, 15, "killed by signal 15");
        break;
    }
    default: break;
    }
    free(j);
}

static void task_starts(struct sim *s, void *arg) {
    struct job *j = arg;
    if (task_of(j->node, j->target) && j->node->machine && j->life == j->node->life) {
        struct agent_input in = {.kind = AGENT_TASK_STARTED, .number = j->target, .pid = 4711};
        agent_step_now(j->node, &in);
    }
    (void)s;
    free(j);
}

static void launch(struct agent_node *a, const struct agent_job *work, struct job *j) {
    struct sim_task *t = vec_add(&a->tasks);
    t->task = work->number;
    t->ends_at = a->sim->now + 200 + (int64_t)sim_random(a->sim, 6000);
    for (size_t i = 0; i < work->launch.volume_count && i < ARRAY_LEN(t->attachments); i++) {
        t->attachments[t->attachment_count++] = work->launch.volumes[i].attachment;
        struct mount *m = mount_of(a, work->launch.volumes[i].attachment);
        if (!m || m->state != MOUNT_THERE)
            sim_fail(a->sim, "%s: task %llu is launched without its volume", a->name, (unsigned long long)work->number);
    }
    sim_at(a->sim, 1 + (int64_t)sim_random(a->sim, 50), task_starts, j);
}

static void job_start(struct agent_node *a, const struct agent_output *o) {
    const struct agent_job *work = o->work;
    struct job *j = NEW(struct job);
    *j = (struct job){.node = a,
                      .life = a->life,
                      .number = o->job,
                      .kind = work->kind,
                      .target = work->number,
                      .epoch = work->epoch,
                      .since = a->sim->now,
                      .may_format = work->publish.may_format,
                      .size = work->size};
    if (work->kind == AGENT_JOB_LAUNCH) {
        launch(a, work, j);
        return;
    }
    struct mount *m = mount_of(a, work->number);
    if (work->kind == AGENT_JOB_PUBLISH && !m) {
        m = vec_add(&a->mounts);
        *m = (struct mount){.since = a->sim->now,
                            .attachment = work->number,
                            .epoch = work->epoch,
                            .volume = work->publish.volume,
                            .state = MOUNT_BUSY,
                            .read_only = work->publish.read_only,
                            .format_only = work->publish.format_only,
                            .size = work->publish.size};
    }
    sim_at(a->sim, 1 + (int64_t)sim_random(a->sim, 100) + (sim_chance(a->sim, 3) ? 3000 : 0), job_runs, j);
}

// ---- the process ----

static void record_keep(struct agent_node *a, const struct agent_record *r) {
    for (size_t i = 0; i < a->records.count; i++) {
        struct agent_record *old = &a->records.at[i];
        if (old->kind != r->kind || old->number != r->number) continue;
        free((void *)(uintptr_t)old->bytes);
        vec_remove(&a->records, i);
        break;
    }
    if (!r->size) return;
    struct agent_record kept = *r;
    kept.bytes = mem_copy(r->bytes, r->size);
    vec_push(&a->records, kept);
}

static void task_forget(struct agent_node *a, uint64_t task) {
    for (size_t i = 0; i < a->tasks.count; i++) {
        if (a->tasks.at[i].task != task) continue;
        vec_remove(&a->tasks, i);
        return;
    }
}

static void agent_output_do(struct agent_node *a, const struct agent_output *o) {
    Granary__Envelope envelope = GRANARY__ENVELOPE__INIT;
    switch (o->kind) {
    case AGENT_HELLO: peer_open(&a->peer, &o->hello->base); break;
    case AGENT_SEND:
        envelope.from_agent = o->send;
        peer_say(&a->peer, &envelope, !o->send->heartbeat);
        break;
    case AGENT_KEEP: record_keep(a, &o->record); break;
    case AGENT_JOB: job_start(a, o); break;
    case AGENT_FORGET_ATTACHMENT: break;
    case AGENT_FORGET_TASK: task_forget(a, o->number); break;
    case AGENT_HANG_UP: sim_fail(a->sim, "agent %s hung up", a->name);
    case AGENT_LOG:
        if (!a->sim->quiet) printf("%8lld %s: %s\n", (long long)a->sim->now, a->name, o->log);
        break;
    }
}

static void agent_step_now(struct agent_node *a, struct agent_input *in) {
    struct agent_outputs out = {0};
    in->now = (struct mono){a->sim->now};
    in->wall = sim_wall(a->sim);
    sim_bytes(a->sim, in->entropy, sizeof in->entropy);
    agent_step(a->machine, in, &out);
    if (agent_cluster(a->machine)) {
        free(a->cluster);
        a->cluster = mem_text(agent_cluster(a->machine));
        a->highest_seen = agent_highest_seen(a->machine);
    }
    VEC_EACH (o, &out.list) agent_output_do(a, o);
    agent_outputs_done(&out);
}

static void connect_again(struct sim *s, void *arg) {
    (void)s;
    struct agent_node *a = arg;
    if (!a->machine || a->peer.welcomed) return;
    struct agent_input in = {.kind = AGENT_CONNECTING};
    agent_step_now(a, &in);
}

static void on_welcome(void *node, const Granary__Envelope *e) {
    struct agent_input in = {.kind = AGENT_CONNECTED, .welcome = e->to_agent->welcome};
    agent_step_now(node, &in);
}

static void on_message(void *node, const Granary__Envelope *e) {
    if (!e->to_agent) return;
    struct agent_input in = {.kind = AGENT_MESSAGE, .message = e->to_agent};
    agent_step_now(node, &in);
}

static void on_closed(void *node) {
    struct agent_node *a = node;
    if (!a->machine) return;
    struct agent_input in = {.kind = AGENT_DISCONNECTED};
    agent_step_now(a, &in);
    sim_at(a->sim, 100 + (int64_t)sim_random(a->sim, 700), connect_again, a);
}

struct tick {
    struct agent_node *node;
    uint32_t life;
};

static void tick_rings(struct sim *s, void *arg) {
    struct tick *t = arg;
    if (!t->node->machine || t->life != t->node->life) {
        free(t);
        return;
    }
    struct agent_input in = {.kind = AGENT_TICK};
    agent_step_now(t->node, &in);
    sim_at(s, 100, tick_rings, t);
}

static void tell_found(struct agent_node *a) {
    AUTO_ARENA struct arena arena = {0};
    struct agent_found_attachment *mounts = arena_zero(&arena, a->mounts.count + 1, sizeof *mounts);
    struct agent_found_task *tasks = arena_zero(&arena, a->tasks.count + 1, sizeof *tasks);
    for (size_t i = 0; i < a->mounts.count; i++)
        mounts[i] = (struct agent_found_attachment){.attachment = a->mounts.at[i].attachment,
                                                    .epoch = a->mounts.at[i].epoch,
                                                    .volume = a->mounts.at[i].volume,
                                                    .device = device_of(&a->mounts.at[i]),
                                                    .message = ""};
    for (size_t i = 0; i < a->tasks.count; i++)
        tasks[i] = (struct agent_found_task){.task = a->tasks.at[i].task,
                                             .ended = a->tasks.at[i].ended,
                                             .end = a->tasks.at[i].end,
                                             .attachments = a->tasks.at[i].attachments,
                                             .attachment_count = a->tasks.at[i].attachment_count};
    struct agent_found found = {mounts, a->mounts.count, tasks, a->tasks.count};
    struct agent_input in = {.kind = AGENT_FOUND, .found = &found};
    agent_step_now(a, &in);
}

static void tell_probed(struct agent_node *a) {
    char rack[8];
    snprintf(rack, sizeof rack, "r%d", a->number % 2);
    Granary__Tag fs = GRANARY__TAG__INIT, topology = GRANARY__TAG__INIT, module = GRANARY__TAG__INIT,
                 *tags[] = {&fs, &topology, &module};
    static char fs_key[] = "fs/ext4", rack_key[] = "topology/rack", driver[] = "memory", module_key[] = "driver/p2";
    fs.key = fs_key;
    fs.has_origin = topology.has_origin = 1;
    fs.origin = topology.origin = GRANARY__TAG__ORIGIN__PROBED;
    topology.key = rack_key;
    topology.value = rack;
    module.key = module_key;
    Granary__AgentResources resources = GRANARY__AGENT_RESOURCES__INIT;
    resources.has_cpus = resources.has_mem = resources.has_disk = 1;
    resources.cpus = 4;
    resources.mem = 4096;
    resources.disk = 10000;
    // Tight enough to be reached: six volumes in all, four of class eager.
    static char memory[] = "ebs+memory";
    Granary__AttachBus bus = GRANARY__ATTACH_BUS__INIT, *buses[] = {&bus};
    bus.drivers = memory;
    bus.slots = 6;
    resources.buses = buses;
    resources.n_buses = 1;
    resources.has_attach_slots = resources.has_storage_bandwidth = 1;
    resources.attach_slots = 8;
    resources.storage_bandwidth = 40000000;
    Granary__HostIdentity identity = GRANARY__HOST_IDENTITY__INIT, *identities[] = {&identity};
    identity.driver = driver;
    identity.identity = a->boot_id;
    Granary__AgentReport report = GRANARY__AGENT_REPORT__INIT;
    report.tags = tags;
    report.n_tags = a->unloaded ? ARRAY_LEN(tags) - 1 : ARRAY_LEN(tags);
    report.resources = &resources;
    report.identities = identities;
    report.n_identities = 1;
    struct agent_input in = {.kind = AGENT_PROBED, .report = &report};
    agent_step_now(a, &in);
}

void agent_driver(struct agent_node *a, bool loaded) {
    a->unloaded = !loaded;
    if (a->machine) tell_probed(a);
}

void agent_up(struct agent_node *a) {
    struct agent_setup setup = agent_setup_usual();
    setup.name = a->name;
    setup.hostname = a->name;
    static char address[] = "127.0.0.1:5051";
    setup.address = address;
    setup.boot_id = a->boot_id;
    setup.cluster = a->cluster;
    setup.secret = a->secret;
    setup.secret_size = sizeof a->secret;
    setup.highest_seen = a->highest_seen;
    setup.records = a->records.at;
    setup.record_count = a->records.count;
    a->life++;
    a->machine = agent_new(&setup);
    tell_found(a);
    tell_probed(a);
    connect_again(a->sim, a);
    struct tick *t = NEW(struct tick);
    *t = (struct tick){a, a->life};
    sim_at(a->sim, 100, tick_rings, t);
}

static void agent_up_again(struct sim *s, void *arg) {
    struct agent_node *a = arg;
    if (!a->machine && !s->over) agent_up(a);
}

static void process_ends(struct agent_node *a, int64_t longest) {
    a->sim->crashes++;
    a->life++;
    agent_free(a->machine);
    a->machine = NULL;
    sim_break(a->sim, &a->peer.channel);
    peer_end(&a->peer);
    sim_at(a->sim, 100 + (int64_t)sim_random(a->sim, (uint64_t)longest), agent_up_again, a);
}

void agent_crash(struct agent_node *a) {
    if (!a->machine) return;
    if (!a->sim->quiet) printf("%8lld agent %s crashes\n", (long long)a->sim->now, a->name);
    process_ends(a, sim_random(a->sim, 2) ? 1500 : 12000); // shorter and longer than what counts as lost
}

void host_crash(struct agent_node *a) {
    if (!a->machine) return;
    if (!a->sim->quiet) printf("%8lld host of %s crashes\n", (long long)a->sim->now, a->name);
    vec_clear(&a->mounts);
    VEC_EACH (t, &a->tasks) {
        if (!t->ended)
            t->ended = true, t->end = (struct agent_end){.kind = AGENT_END_LOST, .message = "the host rebooted"};
    }
    struct uuid boot;
    sim_bytes(a->sim, boot.bytes, sizeof boot.bytes);
    uuid_text(boot, a->boot_id);
    process_ends(a, 12000);
}

void agent_init(struct sim *s, int number) {
    struct agent_node *a = &s->agents[number];
    *a = (struct agent_node){.sim = s, .number = number};
    snprintf(a->name, sizeof a->name, "n%d", number + 1);
    sim_bytes(s, a->secret, sizeof a->secret);
    struct uuid boot;
    sim_bytes(s, boot.bytes, sizeof boot.bytes);
    uuid_text(boot, a->boot_id);
    a->peer = (struct peer){.sim = s,
                            .path = "/link/v1/agent",
                            .welcome = on_welcome,
                            .message = on_message,
                            .closed = on_closed,
                            .node = a};
    sim_at(s, 50, host_lives, a);
}
