// SPDX-License-Identifier: Apache-2.0
// One function per job, and the translations of their values.
#include "daemon/agent_host.h"

#include <stdlib.h>

#include "base/mem.h"
#include "daemon/agent_sandbox.h"
#include "host/device.h"

struct pending { // one job under way
    uint64_t job;
    agent_host_done *done;
    void *arg;
    struct loop_timer *timer; // of one that has ended already
    struct err *error;
    struct text printed;
};

// ---- what the host says ----

static enum agent_host_state state_of(enum host_attachment_state state) {
    static const enum agent_host_state states[] = {
        [HOST_PUBLISHING] = AGENT_HOST_PUBLISHING,   [HOST_PUBLISHED] = AGENT_HOST_PUBLISHED,
        [HOST_PUBLISH_FAILED] = AGENT_HOST_FAILED,   [HOST_UNPUBLISHING] = AGENT_HOST_UNPUBLISHING,
        [HOST_UNPUBLISHED] = AGENT_HOST_UNPUBLISHED, [HOST_ATTACHMENT_LOST] = AGENT_HOST_LOST,
    };
    return states[state];
}

static struct agent_device device_of(const struct host_published *p) {
    if (!p) return (struct agent_device){.state = AGENT_HOST_UNPUBLISHED};
    return (struct agent_device){.state = state_of(p->state),
                                 .formatted = p->formatted,
                                 .format_began = p->format_began,
                                 .fs_uuid = p->fs_uuid,
                                 .size = p->size,
                                 .path = p->device};
}

struct agent_end agent_end_of(const struct host_end *end) {
    static const enum agent_end_kind kinds[] = {
        [HOST_END_EXITED] = AGENT_END_EXITED,
        [HOST_END_SIGNALLED] = AGENT_END_SIGNALLED,
        [HOST_END_NOT_STARTED] = AGENT_END_NOT_STARTED,
        [HOST_END_LOST] = AGENT_END_LOST,
    };
    return (struct agent_end){kinds[end->kind], end->code, end->asked, end->message};
}

struct agent_found agent_found_of(const struct host_found *found, struct arena *arena) {
    struct agent_found_attachment *a = arena_zero(arena, found->attachment_count + 1, sizeof *a);
    struct agent_found_task *t = arena_zero(arena, found->task_count + 1, sizeof *t);
    for (size_t i = 0; i < found->attachment_count; i++) {
        const struct host_found_attachment *f = &found->attachments[i];
        a[i] =
            (struct agent_found_attachment){f->attachment, f->epoch, f->volume, device_of(&f->published), f->message};
    }
    for (size_t i = 0; i < found->task_count; i++) {
        const struct host_found_task *f = &found->tasks[i];
        t[i] = (struct agent_found_task){.task = f->task.n,
                                         .ended = f->ended,
                                         .attachments = f->attachments,
                                         .attachment_count = f->attachment_count};
        if (f->ended) t[i].end = agent_end_of(&f->end);
    }
    return (struct agent_found){a, found->attachment_count, t, found->task_count};
}

// ---- ends of jobs ----

static void pending_end(struct pending *p, struct err *error, const struct agent_device *device) {
    p->done(p->job, error, device, &p->printed, p->arg);
    loop_timer_free(p->timer);
    text_done(&p->printed);
    free(p);
}

static void attachment_done(struct err *error, const struct host_published *now, void *arg) {
    struct agent_device device = device_of(now);
    pending_end(arg, error, &device);
}

static void kill_done(struct err *error, void *arg) {
    static const struct agent_device none = {0};
    pending_end(arg, error, &none);
}

static void ended_already(void *arg) {
    static const struct agent_device none = {.state = AGENT_HOST_FAILED};
    struct pending *p = arg;
    pending_end(p, mem_take(p->error), &none);
}

static void end_later(struct pending *p, struct loop *loop, struct err *error) {
    p->error = error;
    p->timer = loop_timer_new(loop, ended_already, p);
    loop_timer_set(p->timer, 0);
}

// ---- jobs ----

static struct err *publish(struct host *h, const struct agent_job *work, struct pending *p) {
    const struct agent_publish *from = &work->publish;
    struct device_context context = {0};
    TRY(device_context_parse(from->context, &context));
    const struct host_publish spec = {
        .attachment = work->number,
        .epoch = work->epoch,
        .volume = from->volume,
        .cluster = from->cluster,
        .device = context.device,
        .path = context.path,
        .serial = context.serial,
        .size = from->size,
        .fs = from->fs,
        .may_format = from->may_format,
        .zero_first = from->zero_first,
        .fs_uuid = from->fs_uuid,
        .read_only = from->read_only,
        .format_only = from->format_only,
        .grow_fs = from->grow_fs,
        .discard = context.sparse,
        .owner_uid = from->owner_uid,
        .owner_gid = from->owner_gid,
        .mode = from->mode,
    };
    host_publish(h, &spec, attachment_done, p);
    device_context_done(&context);
    return NULL;
}

static void launch(struct host *h, const struct agent_job *work) {
    const struct agent_launch *from = &work->launch;
    AUTO_ARENA struct arena arena = {0};
    struct host_variable *environment = arena_zero(&arena, from->environment_count + 1, sizeof *environment);
    struct host_task_volume *volumes = arena_zero(&arena, from->volume_count + 1, sizeof *volumes);
    for (size_t i = 0; i < from->environment_count; i++)
        environment[i] = (struct host_variable){from->environment[i].name, from->environment[i].value};
    for (size_t i = 0; i < from->volume_count; i++)
        volumes[i] = (struct host_task_volume){from->volumes[i].attachment, from->volumes[i].container_path,
                                               from->volumes[i].read_only};
    const struct host_launch spec = {
        .task = {work->number},
        .framework = from->framework,
        .id = from->id,
        .command = from->command,
        .argv = from->argv,
        .environment = environment,
        .environment_count = from->environment_count,
        .user = from->user,
        .cpus = from->cpus,
        .mem = from->mem,
        .volumes = volumes,
        .volume_count = from->volume_count,
    };
    host_launch(h, &spec);
}

static void publish_or_refuse(struct host *h, const struct agent_job *work, struct pending *p, struct loop *loop) {
    struct err *refused = publish(h, work, p);
    if (refused) end_later(p, loop, refused);
}

void agent_host_start(struct host *h, struct loop *loop, uint64_t job, const struct agent_job *work,
                      agent_host_done *done, void *arg) {
    if (work->kind == AGENT_JOB_LAUNCH) {
        launch(h, work);
        return;
    }
    struct pending *p = NEW(struct pending);
    *p = (struct pending){.job = job, .done = done, .arg = arg};
    switch (work->kind) {
    case AGENT_JOB_PUBLISH: publish_or_refuse(h, work, p, loop); break;
    case AGENT_JOB_AWAIT: host_publish_await(h, work->number, attachment_done, p); break;
    case AGENT_JOB_UNPUBLISH: host_unpublish(h, work->number, work->epoch, attachment_done, p); break;
    case AGENT_JOB_EVICT: host_evict(h, work->number, attachment_done, p); break;
    case AGENT_JOB_GROW: host_grow(h, work->number, work->epoch, work->size, attachment_done, p); break;
    case AGENT_JOB_KILL: host_kill(h, (task_id){work->number}, work->grace_ms, kill_done, p); break;
    case AGENT_JOB_READ: end_later(p, loop, agent_sandbox_read(h, work, &p->printed)); break;
    case AGENT_JOB_LAUNCH: break; // above
    }
}
