// SPDX-License-Identifier: Apache-2.0
// The agent's step machine: what one host's agent decides about volumes, tasks and its session with the master. Pure: what
// the host is to do goes out as plain values and comes back as inputs; time and entropy are inputs.
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "base/quantity.h"
#include "base/vec.h"
#include "granary_link.pb-c.h"

// ---- what it keeps over its own restart ----

// A record of an attachment is a packed granary.Publish, one of a task a packed granary.TaskRecord with all statuses that
// are not acknowledged yet, oldest first.
enum agent_record_kind { AGENT_RECORD_ATTACHMENT, AGENT_RECORD_TASK };
struct agent_record {
    enum agent_record_kind kind;
    uint64_t number; // of the attachment or task; with the kind it names the record
    const void *bytes;
    size_t size; // 0 in an output: remove the record
};

// ---- what it is told at its start ----

struct agent_setup {
    const char *name, *hostname;
    const char *address; // where tasks here are reached
    const char *
        sandboxes; // directory of tasks: that of task N is <sandboxes>/N/sandbox, which its statuses tell; NULL: not told
    const char *boot_id; // of the kernel
    const char *cluster; // as once learned from a master; NULL: not yet
    const void *secret;
    size_t secret_size;
    uint64_t highest_seen;                    // highest sequence number ever told
    uint32_t owner_uid, owner_gid, mode;      // of the root directory of volumes formatted here
    uint32_t kill_grace_ms;                   // of kills that name none
    uint32_t resend_least_ms, resend_most_ms; // of statuses that nobody acknowledged
    uint32_t retry_least_ms, retry_most_ms;   // of unpublishing and killing that failed
    const struct agent_record *records;       // as last kept, in any order
    size_t record_count;
};
// Usual figures in all that counts and limits; the rest is zeroed.
struct agent_setup agent_setup_usual(void);

// ---- inputs ----

enum agent_host_state { // of an attachment, as the host knows it
    AGENT_HOST_PUBLISHING,
    AGENT_HOST_PUBLISHED,
    AGENT_HOST_FAILED,
    AGENT_HOST_UNPUBLISHING,
    AGENT_HOST_UNPUBLISHED,
    AGENT_HOST_LOST // its keeper ended without being asked
};
// What is known of a device after a job; all that can be said also when it failed.
struct agent_device {
    enum agent_host_state state;
    bool formatted, format_began;
    struct uuid fs_uuid; // zero when unknown
    struct bytes size;
    const char *path; // of the device, "" when there is none
};
enum agent_end_kind { AGENT_END_EXITED, AGENT_END_SIGNALLED, AGENT_END_NOT_STARTED, AGENT_END_LOST };
struct agent_end {
    enum agent_end_kind kind;
    int code;            // exit code or signal
    bool asked;          // a kill had been asked for
    const char *message; // a sentence
};
struct agent_found_attachment {
    uint64_t attachment, epoch;
    struct uuid volume;
    struct agent_device device;
    const char *message;
};
struct agent_found_task {
    uint64_t task;
    bool ended; // else it runs
    struct agent_end end;
    const uint64_t *attachments;
    size_t attachment_count;
};
struct agent_found {
    const struct agent_found_attachment *attachments;
    size_t attachment_count;
    const struct agent_found_task *tasks;
    size_t task_count;
};

enum agent_input_kind {
    AGENT_FOUND,      // what the host still has; once, before all others
    AGENT_PROBED,     // `report`: what the host is and can
    AGENT_CONNECTING, // a session is wanted: HELLO comes out as soon as FOUND and PROBED were told
    AGENT_CONNECTED,  // the master answered the hello: `welcome`
    AGENT_DISCONNECTED,
    AGENT_MESSAGE,         // from the master
    AGENT_JOB_DONE,        // of every job but LAUNCH
    AGENT_TASK_STARTED,    // number, pid
    AGENT_TASK_ENDED,      // number, end
    AGENT_ATTACHMENT_LOST, // number, error: a published volume's keeper ended without being asked
    AGENT_TICK             // time passed; due at agent_next_deadline
};
struct agent_input {
    enum agent_input_kind kind;
    struct mono now;
    struct wall wall;
    unsigned char entropy[16];
    const Granary__Welcome *welcome; // all borrowed for the step
    const Granary__ToAgent *message;
    const Granary__AgentReport *report;
    const struct agent_found *found;
    uint64_t job;             // of JOB_DONE
    enum err_kind error_kind; // if error
    const char *error;        // NULL: it succeeded
    struct agent_device device;
    const void *bytes; // what a READ found
    size_t size;
    uint64_t number; // of the task or attachment
    int64_t pid;
    struct agent_end end;
};

// ---- outputs ----

struct agent_publish {
    struct uuid volume;
    const char *context; // where the device is: what the storage's driver answered, a JSON object; "" when nothing
    const char *cluster; // to be compared with what the storage says; NULL: not compared
    const char *fs;
    struct bytes size;
    bool may_format, zero_first, read_only, format_only, grow_fs;
    struct uuid fs_uuid;
    uint32_t owner_uid, owner_gid, mode;
};
struct agent_variable {
    const char *name, *value;
};
struct agent_task_volume {
    uint64_t attachment;
    const char *container_path;
    bool read_only;
};
struct agent_launch {
    const char *framework, *id;
    const char *command;     // the program; a line for the shell when argv is NULL
    const char *const *argv; // NULL-terminated, from the name the program sees itself under
    const struct agent_variable *environment;
    size_t environment_count;
    const char *user;  // NULL: the default
    struct milli cpus; // 0: no limit
    struct bytes mem;  // 0: no limit
    const struct agent_task_volume *volumes;
    size_t volume_count;
};
// What a host is to do. Publish, unpublish, evict and grow mean what host/host.h says of its functions of that name; the
// device of JOB_DONE is what the attachment then is.
enum agent_job_kind {
    AGENT_JOB_PUBLISH,
    AGENT_JOB_AWAIT, // the outcome of a publish that was found under way
    AGENT_JOB_UNPUBLISH,
    AGENT_JOB_EVICT, // kills all that use it
    AGENT_JOB_GROW,
    AGENT_JOB_LAUNCH, // answered by TASK_STARTED and TASK_ENDED, or TASK_ENDED alone
    AGENT_JOB_KILL,
    AGENT_JOB_READ // what a task printed, in its sandbox; NOT_FOUND: no such file
};
struct agent_job {
    enum agent_job_kind kind;
    uint64_t number; // of the attachment, or of the task
    uint64_t epoch;
    struct bytes size; // GROW
    int64_t grace_ms;  // KILL
    bool error;        // READ: what it printed to stderr; else stdout
    uint64_t offset;   // READ
    uint32_t most;     // READ: bytes of the answer
    struct agent_publish publish;
    struct agent_launch launch;
};

enum agent_output_kind {
    AGENT_HELLO, // open a session with this
    AGENT_SEND,  // to the master, numbered by the link; never out of a session
    AGENT_KEEP,  // make `record` durable (or remove it) before any output behind this one is carried out
    AGENT_JOB,
    AGENT_FORGET_ATTACHMENT, // the host may forget `number`
    AGENT_FORGET_TASK,       // the same of an ended task; its sandbox stays
    AGENT_HANG_UP,           // end the session: the master is another cluster's
    AGENT_LOG
};
struct agent_output {
    enum agent_output_kind kind;
    Granary__AgentHello *hello;
    Granary__FromAgent *send;
    struct agent_record record;
    uint64_t job; // its number, for JOB_DONE
    const struct agent_job *work;
    uint64_t number;
    const char *log; // one line
};
VEC_TYPE(agent_output_list, struct agent_output);
// Carry them out in their order.
struct agent_outputs {
    struct arena arena; // all that outputs point to
    struct agent_output_list list;
};
void agent_outputs_done(struct agent_outputs *o); // zeroed is valid and empty

// ---- the machine ----

struct agent; // opaque; made by agent_new, ended by agent_free
// Copies the setup. Records that cannot be read are told in a log line of FOUND and left alone.
MUST_USE struct agent *agent_new(const struct agent_setup *setup);
void agent_free(struct agent *a); // accepts NULL
// Adds to *out what follows from the input. The same inputs give the same outputs.
void agent_step(struct agent *a, const struct agent_input *input, struct agent_outputs *out);
// When a tick is due at the latest; INT64_MAX: never.
struct mono agent_next_deadline(const struct agent *a);

// What the process must remember over its own restart, and for its log.
const char *agent_cluster(const struct agent *a); // NULL before the first welcome
uint64_t agent_highest_seen(const struct agent *a);
int64_t agent_heartbeat_ms(const struct agent *a); // ms, as the master last said; 0 before the first welcome
struct agent_counts {
    size_t attachments, tasks_running, statuses_waiting;
};
struct agent_counts agent_counts(const struct agent *a);

#endif
