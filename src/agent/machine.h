// SPDX-License-Identifier: Apache-2.0
// The state of the agent's machine, shared by its files. Nobody else includes this.
#ifndef AGENT_MACHINE_H
#define AGENT_MACHINE_H

#include "agent/agent.h"
#include "base/map.h"
#include "base/text.h"
#include "mesos_v1.pb-c.h"

#define NEVER ((struct mono){INT64_MAX})

enum attachment_state {
    ATTACHMENT_WAITING, // an older attachment of the volume has to go first
    ATTACHMENT_PUBLISHING,
    ATTACHMENT_PUBLISHED, // of a format: done, and nothing is mounted any more
    ATTACHMENT_FAILING,   // publishing failed; what it left is being removed
    ATTACHMENT_FAILED,    // nothing is left; kept so that the same publish is answered, not tried, again
    ATTACHMENT_UNPUBLISHING
};
struct attachment {
    struct arena arena;
    uint64_t id, volume, epoch;    // volume: 0 when its record was lost
    const Granary__Publish *order; // NULL when its record was lost
    enum attachment_state state;
    struct agent_device device;
    char *path;               // of device
    enum err_kind error_kind; // if message
    char *message;            // what went wrong last
    uint64_t job;             // under way; 0: none
    enum agent_job_kind work; // its kind
    bool unpublish_wanted;    // when the job has ended
    uint64_t grow_to;         // when the job has ended; 0: nothing asked
    unsigned attempts;
    struct mono retry_at; // of an unpublish that failed
};

struct status {
    void *bytes; // packed TaskStatus
    size_t size;
    unsigned char uuid[16];
};
struct task {
    uint64_t number;
    char *framework, *id, *agent_id;
    void *info; // packed TaskInfo
    size_t info_size;
    VEC(struct status) statuses; // not acknowledged, oldest first; only the first is told
    void *latest;                // packed; NULL: nothing was said yet
    size_t latest_size;
    Mesos__V1__TaskState state; // of latest
    int64_t said_ms;            // wall clock of latest
    bool unknown;               // never launched here: only its end is told
    bool started, ended;
    int64_t pid;
    VEC(uint64_t) attachments;
    bool kill_wanted;
    int64_t grace_ms;
    uint64_t kill_job;
    unsigned attempts;
    struct mono kill_at;  // ask again
    int64_t longest_ms;   // max_completion_time; 0: none
    struct mono limit_at; // it runs no longer than this
    bool limit_passed;
    struct mono resend_at; // of the first status
    unsigned resends;
};

struct reading { // of what a task printed, for the master
    uint64_t request, task, offset;
    bool error;
    uint32_t most;
    uint64_t job;      // the look under way; 0: none
    bool last;         // the task had ended before it
    struct mono until; // an answer with nothing is given then
    struct mono look_at;
};

enum session { AWAY, WANTED, GREETED, CONNECTED };

struct agent {
    struct agent_setup setup;
    struct arena arena; // of the setup
    char *cluster;
    uint64_t highest_seen;
    enum session session;
    bool found;
    struct arena report_arena;
    Granary__AgentReport *report; // NULL before the first probe
    struct arena held_arena;
    VEC(Granary__FromAgent *) held; // said between hello and welcome
    struct map attachments;         // id -> struct attachment
    struct map epochs;              // volume -> highest epoch
    struct map tasks;               // number -> struct task
    VEC(uint64_t) ended;            // numbers of the latest tasks that ended and were acknowledged, a ring
    size_t ended_next;
    struct map jobs; // job -> number of the attachment or task
    VEC(struct reading) readings;
    uint64_t next_job;
    int64_t heartbeat_ms;
    struct mono heartbeat_at;
    struct mono now;
    struct wall wall;
    const unsigned char *entropy;
    uint64_t entropy_used;
    struct agent_outputs *out;
};

// ---- outputs (agent.c) ----

void agent_say_log(struct agent *a, const char *format, ...) PRINTF(2, 3);
// Sends it in a session, holds it between hello and welcome, drops it without (a hello tells all). In the step's arena.
void agent_say(struct agent *a, Granary__FromAgent *message);
Granary__FromAgent *agent_message_new(struct agent *a);
void agent_keep(struct agent *a, enum agent_record_kind kind, uint64_t number,
                const struct text *bytes); // NULL: remove
// A job for the host, in the step's arena; to be filled by the caller.
struct agent_job *agent_job_new(struct agent *a, enum agent_job_kind kind, uint64_t number, uint64_t *ret_job);
void agent_uuid_draw(struct agent *a, unsigned char ret_uuid[16]);
int64_t agent_back_off(const struct agent *a, unsigned attempts);

// ---- attachments (attachment.c) ----

struct attachment *agent_attachment(const struct agent *a, uint64_t id);
struct attachment *agent_attachment_add(struct agent *a, const Granary__Publish *order, uint64_t id, uint64_t epoch);
void attachment_publish(struct agent *a, const Granary__Publish *order);
void attachment_unpublish(struct agent *a, const Granary__Unpublish *order);
void attachment_grow(struct agent *a, const Granary__Grow *order);
void attachment_job_done(struct agent *a, struct attachment *t, const struct agent_input *input);
void attachment_lost(struct agent *a, uint64_t id, const char *message);
void attachment_let_go(struct agent *a, struct attachment *t); // unpublishes it, now or when its job has ended
void attachment_clean(struct agent *a, struct attachment *t);  // removes what a failed publish left
void attachment_await(struct agent *a, struct attachment *t);
void attachment_forget(struct agent *a, struct attachment *t);
void attachment_device_take(struct attachment *t, const struct agent_device *device);
void attachment_message_take(struct attachment *t, enum err_kind kind, const char *message);
void attachments_settle(struct agent *a);    // older ones of a volume go, those that waited for them come
void attachments_supersede(struct agent *a); // of two found of one volume, only the higher epoch stays
void attachments_tick(struct agent *a);
Granary__AttachmentReport **attachments_report(struct agent *a, size_t *ret_count);
void attachments_free(struct agent *a);

// ---- orders to publish and to launch, for the host (order.c) ----

// ERR_INVALID when the order cannot be carried out by any host.
MUST_USE struct err *order_publish(const struct agent *a, const Granary__Publish *order, struct arena *arena,
                                   struct agent_publish *ret_publish);
void order_launch(const Granary__Launch *order, const Mesos__V1__TaskInfo *info, struct arena *arena,
                  struct agent_launch *ret_launch);

// ---- tasks (task.c) ----

struct task *agent_task(const struct agent *a, uint64_t number);
struct task *agent_task_add(struct agent *a, uint64_t number);
void task_info_take(struct task *t, const Mesos__V1__TaskInfo *info);
void task_launch(struct agent *a, const Granary__Launch *order);
void task_kill(struct agent *a, const Granary__Kill *order);
void task_started(struct agent *a, uint64_t number, int64_t pid);
void task_ended(struct agent *a, uint64_t number, const struct agent_end *end);
void task_kill_done(struct agent *a, struct task *t, const struct agent_input *input);
void task_kill_ask(struct agent *a, struct task *t);
bool agent_task_uses(const struct task *t, uint64_t attachment);
void task_forget(struct agent *a, struct task *t);
void tasks_tick(struct agent *a);
void tasks_free(struct agent *a);

// ---- statuses of tasks (status.c) ----

bool state_ended(Mesos__V1__TaskState state);
// What a task is found to be; `reason` negative: none.
struct said {
    Mesos__V1__TaskState state;
    Mesos__V1__TaskStatus__Source source;
    int reason;
    const char *message;
    const struct agent_end *end; // of a command that ran; NULL: it runs, or never did
};
void status_add(struct agent *a, struct task *t, const struct said *said);
void status_acknowledged(struct agent *a, const Granary__StatusAck *ack);
void status_tick(struct agent *a, struct task *t);
void statuses_due(struct agent *a); // what waits is said as soon as there is a session
MUST_USE struct err *task_record_read(struct agent *a, const struct agent_record *record);

// ---- what the host is (report.c) ----

void report_take(struct agent *a, const Granary__AgentReport *report);

// ---- what tasks printed (output.c) ----

void output_read(struct agent *a, const Granary__ReadOutput *order);
void output_look_done(struct agent *a, const struct agent_input *input);
void readings_tick(struct agent *a);
struct mono readings_deadline(const struct agent *a);

// ---- what is left from before (found.c) ----

void found_take(struct agent *a, const struct agent_found *found);

#endif
