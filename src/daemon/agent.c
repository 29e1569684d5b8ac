// SPDX-License-Identifier: Apache-2.0
// Binds the agent's step machine: what master, host, probes and clock say goes in; what comes out is carried out in order,
// records first made durable.
#include "daemon/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/agent_host.h"
#include "daemon/agent_place.h"
#include "daemon/agent_report.h"
#include "daemon/agent_sandbox.h"
#include "daemon/identity.h"
#include "daemon/link.h"
#include "daemon/measure.h"
#include "daemon/record_store.h"
#include "host/lldp.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/process.h"

enum {
    NAME_POOL_WORKERS = 1,
    IDENTITY_MS = 10000,
    SWEEP_MS = 600000,
    SWEEP_MORE_MS = 1000,
    PROBE_MS = 5000,
    LEAVE_MS = 200
};

struct agent_daemon {
    struct loop *loop;
    const struct settings *settings;
    struct agent_place place;
    struct identity identity;
    struct host *host;
    struct agent *agent;
    struct pool *names; // resolves the master's
    struct link_client *link;
    struct loop_timer *timer, *probe, *keep, *sweep;
    struct measure *measure;
    uint64_t network; // as last probed
    uint64_t disk_size;
    bool stepping;
    uint64_t swept; // the task whose sandbox was looked at last in this round; 0: the round is over
    struct err *fatal;
};

static void daemon_die(struct agent_daemon *d, struct err *e) {
    if (d->fatal)
        err_free(e);
    else
        d->fatal = e;
    loop_stop(d->loop);
}

// ---- outputs ----

static void step(struct agent_daemon *d, struct agent_input *input);

static void job_done(uint64_t job, struct err *error, const struct agent_device *device, const struct text *printed,
                     void *arg) {
    AUTO_ERR struct err *e = error;
    struct agent_input input = {
        .kind = AGENT_JOB_DONE, .job = job, .device = *device, .bytes = printed->data, .size = printed->size};
    if (e) {
        input.error = err_text(e);
        input.error_kind = err_kind(e);
    }
    step(arg, &input);
}

static void send_message(struct agent_daemon *d, Granary__FromAgent *message) {
    if (!link_client_open(d->link)) return; // it has just ended: the next hello tells
    Granary__Envelope envelope = GRANARY__ENVELOPE__INIT;
    envelope.from_agent = message;
    link_client_say(d->link, &envelope, !message->heartbeat);
}

// False: what must be durable is not, and nothing that follows may be done.
static bool output_do(struct agent_daemon *d, const struct agent_output *o) {
    struct err *e = NULL;
    switch (o->kind) {
    case AGENT_HELLO: link_client_hello(d->link, &o->hello->base); break;
    case AGENT_SEND: send_message(d, o->send); break;
    case AGENT_KEEP: e = record_keep(d->place.records, &o->record); break;
    case AGENT_JOB: agent_host_start(d->host, d->loop, o->job, o->work, job_done, d); break;
    case AGENT_FORGET_ATTACHMENT: host_forget_attachment(d->host, o->number); break;
    case AGENT_FORGET_TASK: host_forget_task(d->host, (task_id){o->number}); break;
    case AGENT_HANG_UP: link_client_hang_up(d->link); break;
    case AGENT_LOG: log_info("%s", o->log); break;
    }
    if (e)
        daemon_die(d, err_wrap(e, "agent '%s' cannot keep what it was told; it stops, its tasks go on", d->place.name));
    return !e;
}

static void step(struct agent_daemon *d, struct agent_input *input) {
    struct agent_outputs out = {0};
    must(!d->stepping);
    if (d->fatal) return;
    d->stepping = true;
    input->now = loop_now(d->loop);
    input->wall = wall_now();
    entropy_fill(input->entropy, sizeof input->entropy);
    agent_step(d->agent, input, &out);
    bool go_on = true;
    for (size_t i = 0; go_on && i < out.list.count; i++) go_on = output_do(d, &out.list.at[i]);
    agent_outputs_done(&out);
    loop_timer_at(d->timer, agent_next_deadline(d->agent));
    d->stepping = false;
}

// ---- inputs ----

static void tick(void *arg) {
    struct agent_input input = {.kind = AGENT_TICK};
    step(arg, &input);
}

static void identity_write(struct agent_daemon *d) {
    struct err *e = identity_keep(&d->identity, agent_cluster(d->agent), agent_highest_seen(d->agent));
    if (e) daemon_die(d, e);
}

static void identity_due(void *arg) {
    struct agent_daemon *d = arg;
    identity_write(d);
    loop_timer_set(d->keep, IDENTITY_MS);
}

static void link_wanted(void *arg) {
    struct agent_input input = {.kind = AGENT_CONNECTING};
    step(arg, &input);
}

static void link_heard(const Granary__Envelope *envelope, void *arg) {
    struct agent_daemon *d = arg;
    const Granary__ToAgent *m = envelope->to_agent;
    if (!m) return;
    struct agent_input input = {.kind = AGENT_MESSAGE, .message = m};
    if (m->welcome) input = (struct agent_input){.kind = AGENT_CONNECTED, .welcome = m->welcome};
    step(d, &input);
    if (m->welcome) identity_write(d);
    if (m->addresses) measure_addresses(d->measure, m->addresses->at, m->addresses->n_at);
}

static void link_ended(const char *why, void *arg) {
    log_warn("event=disconnected why=\"%s\"", why);
    struct agent_input input = {.kind = AGENT_DISCONNECTED};
    step(arg, &input);
}

static void task_started(task_id task, int64_t pid, void *arg) {
    struct agent_input input = {.kind = AGENT_TASK_STARTED, .number = task.n, .pid = pid};
    step(arg, &input);
}

static void task_ended(task_id task, const struct host_end *end, void *arg) {
    struct agent_input input = {.kind = AGENT_TASK_ENDED, .number = task.n, .end = agent_end_of(end)};
    step(arg, &input);
}

static void task_unseen(task_id task, const char *message, void *arg UNUSED) {
    log_warn("event=task-unseen task=%llu why=\"%s\" note=\"it is looked for every second\"",
             (unsigned long long)task.n, message);
}

static void attachment_lost(uint64_t attachment, const char *message, void *arg) {
    struct agent_input input = {.kind = AGENT_ATTACHMENT_LOST, .number = attachment, .error = message};
    step(arg, &input);
}

// What stops being true is known within one heartbeat.
static int64_t probe_interval(const struct agent_daemon *d) {
    int64_t heartbeat = agent_heartbeat_ms(d->agent);
    if (settings_has(d->settings, "probe-interval")) return settings_duration(d->settings, "probe-interval");
    return heartbeat ? heartbeat : PROBE_MS;
}

static void report_tell(struct agent_daemon *d, const Granary__AgentReport *report) {
    uint64_t network = agent_report_network(report);
    if (network != d->network) measure_now(d->measure); // other ways to the same storage
    d->network = network;
    step(d, &(struct agent_input){.kind = AGENT_PROBED, .report = report});
}

static void probe(void *arg) {
    struct agent_daemon *d = arg;
    AUTO_ARENA struct arena arena = {0};
    Granary__AgentReport *report = NULL;
    AUTO_ERR struct err *e = agent_report_make(d->settings, host_abilities(d->host), d->disk_size,
                                               measure_tags(d->measure), &arena, &report);
    if (e)
        log_warn("event=probe-failed why=\"%s\"", err_text(e));
    else
        report_tell(d, report);
    loop_timer_set(d->probe, probe_interval(d));
    measure_interval(d->measure, probe_interval(d));
}

static void measured(void *arg) {
    struct agent_daemon *d = arg;
    loop_timer_set(d->probe, 0);
}

static void sweep(void *arg) {
    struct agent_daemon *d = arg;
    int64_t keep = settings_duration(d->settings, "sandbox-keep");
    size_t begun = agent_sandboxes_remove(d->host, d->place.work_dir, keep, &d->swept);
    if (begun) log_info("event=sandboxes-removing count=%zu", begun);
    loop_timer_set(d->sweep, d->swept ? SWEEP_MORE_MS : SWEEP_MS);
}

static void sandbox_left(task_id task, const char *message, void *arg UNUSED) {
    log_warn("event=sandbox-left task=%llu why=\"%s\"", (unsigned long long)task.n, message);
}

static void stop(void *arg) {
    struct agent_daemon *d = arg;
    struct agent_counts c = agent_counts(d->agent);
    log_info("event=stopping attachments=%zu tasks=%zu note=\"they go on\"", c.attachments, c.tasks_running);
    loop_stop(d->loop);
}

// ---- start ----

static struct err *host_start(struct agent_daemon *d) {
    char self[4096];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size < 0) return err_errno(errno, "read the link /proc/self/exe");
    self[size] = 0;
    const struct host_options options = {
        .work_dir = d->place.work_dir,
        .run_dir = d->place.run_dir,
        .daemon_path = self,
        .agent = d->place.name,
        .default_user = settings_text(d->settings, "user"),
        .allow_root_tasks = settings_bool(d->settings, "allow-root-tasks"),
        .events = {task_started, task_ended, task_unseen, attachment_lost, sandbox_left},
        .arg = d,
    };
    TRY(host_open(d->loop, &options, &d->host));
    const struct host_abilities *can = host_abilities(d->host);
    for (size_t i = 0; i < can->note_count; i++) log_info("event=ability note=\"%s\"", can->notes[i]);
    return NULL;
}

static struct err *machine_start(struct agent_daemon *d) {
    AUTO_ARENA struct arena arena = {0};
    struct agent_record_list records = {0};
    struct err *e = records_load(d->place.records, &arena, &records);
    struct agent_setup setup = agent_setup_usual();
    setup.name = d->place.name;
    setup.hostname = d->place.hostname;
    setup.address = d->place.address;
    AUTO_FREE char *sandboxes = mem_format("%s/tasks", d->place.work_dir);
    setup.sandboxes = sandboxes;
    setup.boot_id = boot_id();
    setup.cluster = d->identity.cluster;
    setup.secret = d->identity.secret;
    setup.secret_size = sizeof d->identity.secret;
    setup.highest_seen = d->identity.highest_seen;
    setup.owner_uid = d->place.owner_uid;
    setup.owner_gid = d->place.owner_gid;
    setup.mode = 0777; // whatever user a task has; nobody else on the host sees the mount
    setup.records = records.at;
    setup.record_count = records.count;
    if (!e) d->agent = agent_new(&setup);
    vec_done(&records);
    return err_wrap(e, "records of agent '%s'", d->place.name);
}

// What the host still has is told before anything else.
static struct err *found_tell(struct agent_daemon *d) {
    AUTO_ARENA struct arena arena = {0};
    const struct host_found *found;
    TRY(host_find(d->host, &found));
    struct agent_found told = agent_found_of(found, &arena);
    step(d, &(struct agent_input){.kind = AGENT_FOUND, .found = &told});
    host_clean(d->host);
    return NULL;
}

static struct err *disk_look(const char *path, uint64_t *ret_size) {
    struct statvfs disk;
    if (statvfs(path, &disk) != 0) return err_errno(errno, "look at the disk of %s", path);
    *ret_size = (uint64_t)disk.f_blocks * disk.f_frsize;
    return NULL;
}

static struct err *daemon_start(struct agent_daemon *d) {
    TRY(agent_place_open(d->settings, &d->place));
    TRY(identity_open(d->place.identity, &d->identity));
    TRY(disk_look(d->place.work_dir, &d->disk_size));
    TRY(host_start(d));
    TRY(machine_start(d));
    d->timer = loop_timer_new(d->loop, tick, d);
    d->probe = loop_timer_new(d->loop, probe, d);
    d->keep = loop_timer_new(d->loop, identity_due, d);
    d->sweep = loop_timer_new(d->loop, sweep, d);
    static const struct link_client_events events = {link_wanted, link_heard, link_ended};
    TRY(pool_new(d->loop, NAME_POOL_WORKERS, "names", &d->names));
    const struct link_client_options link = {.master = settings_text(d->settings, "master"),
                                             .kind = "agent",
                                             .token_file = settings_text(d->settings, "token-file"),
                                             .pool = d->names,
                                             .events = &events,
                                             .arg = d};
    TRY(link_client_new(d->loop, &link, &d->link));
    TRY(found_tell(d));
    AUTO_FREE char *root = agent_report_root(d->settings);
    TRY(measure_new(d->loop, root, probe_interval(d), measured, d, &d->measure)); // the first probe follows
    loop_timer_set(d->keep, IDENTITY_MS);
    loop_timer_set(d->sweep, 0);
    loop_on_signal(d->loop, SIGTERM, stop, d);
    loop_on_signal(d->loop, SIGINT, stop, d);
    log_info("event=started agent=%s work-dir=%s master=%s", d->place.name, d->place.work_dir, link.master);
    return d->fatal ? mem_take(d->fatal) : NULL;
}

static void daemon_done(struct agent_daemon *d) {
    if (d->agent && d->identity.path)
        err_free(identity_keep(&d->identity, agent_cluster(d->agent), agent_highest_seen(d->agent)));
    link_client_free(d->link);
    host_close(d->host);
    measure_free(d->measure);
    if (!pool_leave(d->names, LEAVE_MS)) log_info("event=left why=\"the resolver does not answer\"");
    loop_timer_free(d->timer);
    loop_timer_free(d->probe);
    loop_timer_free(d->keep);
    loop_timer_free(d->sweep);
    agent_free(d->agent);
    identity_done(&d->identity);
    agent_place_close(&d->place);
}

static struct err *probe_once(const struct settings *s) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text text = {0};
    struct host_abilities can;
    Granary__AgentReport *report;
    AUTO_FREE char *root = agent_report_root(s);
    struct prober switches = {.root = root};
    uint64_t disk_size = 0;
    const char *work_dir = settings_text(s, "work-dir");
    if (!file_exists(work_dir)) work_dir = "/"; // not made yet: nothing is made just to look
    TRY(disk_look(work_dir, &disk_size));
    abilities_probe(work_dir, &can);
    lldp_probe(&switches);
    struct err *e = agent_report_make(s, &can, disk_size, &switches.tags, &arena, &report);
    probe_tags_done(&switches.tags);
    TRY(e);
    agent_report_print(report, &text);
    for (size_t i = 0; i < can.note_count; i++) text_addf(&text, "# %s\n", can.notes[i]);
    fputs(text_string(&text), stdout);
    return NULL;
}

struct err *agent_daemon_run(struct loop *l, const struct settings *s) {
    if (settings_bool(s, "once-probe")) return probe_once(s);
    struct agent_daemon d = {.loop = l, .settings = s};
    struct err *e = daemon_start(&d);
    if (!e) {
        loop_run(l);
        e = mem_take(d.fatal);
    }
    daemon_done(&d);
    return e;
}
