// SPDX-License-Identifier: Apache-2.0
// The tables behind struct host: its attachments and tasks. For the files of the host's own side only.
#ifndef HOST_HOST_STATE_H
#define HOST_HOST_STATE_H

#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/birth.h"
#include "host/call.h"
#include "host/host.h"
#include "host/paths.h"
#include "sys/sheet.h"

// A keeper as the agent watches it.
struct keeper_watch {
    int pidfd; // -1: none is known to live
    pid_t pid;
    struct loop_watch *watch;
};

enum attachment_step {
    STEP_IDLE,
    STEP_BEARING,   // publish: the keeper is being made
    STEP_AWAITING,  // publish: it was asked how it went
    STEP_ASKING,    // unpublish or grow: it was asked to
    STEP_ENDING,    // its end is waited for
    STEP_CLEARING,  // evict: the ends of the tasks are waited for
    STEP_CHECKING,  // a helper looks whether everybody is gone
    STEP_ANSWERING, // the outcome is told in the next turn
};
enum attachment_op { OP_PUBLISH, OP_UNPUBLISH, OP_GROW, OP_EVICT };

struct sweep;
struct waiter {
    host_publish_done *done;
    void *arg;
};

struct attachment {
    struct host *host;
    uint64_t id;
    struct sheet spec, state; // as on disk; state is the last that was heard
    enum host_attachment_state reached;
    struct keeper_watch keeper;
    enum attachment_op op; // while step is not STEP_IDLE
    enum attachment_step step;
    struct birth *birth;
    struct call *call;
    struct loop_timer *timer;
    struct err *outcome; // to be told
    int64_t deadline;    // of the loop's clock, ms
    VEC(struct waiter) waiters;
};

struct task {
    struct host *host;
    uint64_t number;
    struct sheet spec, state;
    struct keeper_watch keeper;
    VEC(uint64_t) attachments;
    struct birth *birth;
    struct call *call;        // status while it starts, kill later
    struct loop_timer *timer; // tells what was refused at once
    bool started_told, unseen_told, asked, ended;
    bool kill_waits; // to be asked once it runs
    int64_t grace;
    host_done *kill_done;
    void *kill_arg;
    struct err *refused;
};

struct host {
    struct loop *loop;
    char *work_dir, *run_dir, *daemon_path, *agent, *default_user;
    bool allow_root_tasks;
    struct host_events events;
    void *arg;
    struct host_abilities abilities;
    struct map attachments; // id -> struct attachment
    struct map tasks;       // number -> struct task
    // what host_find answered
    struct host_found found;
    VEC(struct host_found_attachment) found_attachments;
    VEC(struct host_found_task) found_tasks;
    VEC(struct sweep *) sweeps; // removals of sandboxes under way
};

// ---- keepers ----
void keeper_watch_init(struct keeper_watch *w);
// Reads who the keeper of that directory is and watches for its end; pidfd stays -1 when it does not live (any more). An
// error says that it could not be looked at: it may live.
MUST_USE struct err *keeper_watch_look(struct host *h, const char *dir, struct keeper_watch *ret_watch,
                                       loop_ready *ended, void *arg);
void keeper_watch_close(struct keeper_watch *w);
void keeper_watch_kill(struct keeper_watch *w); // SIGKILL; its end is heard as ever

// ---- attachments (attachment.c) ----
struct attachment *attachment_find(struct host *h, uint64_t id);
struct attachment *attachment_add(struct host *h, uint64_t id);
void attachment_free(struct attachment *a);
struct host_published attachment_published(const struct attachment *a); // borrows from a
// From disk, and watches its keeper.
MUST_USE struct err *attachment_load(struct host *h, uint64_t id, struct attachment **ret_attachment);
// Some task that used it ended.
void attachment_task_ended(struct attachment *a);

// ---- tasks (task.c) ----
struct task *task_find(struct host *h, uint64_t number);
struct task *task_add(struct host *h, uint64_t number);
void task_free(struct task *t);
struct host_end task_end_of(const struct task *t); // borrows from t
// From disk, and watches its keeper.
MUST_USE struct err *task_load(struct host *h, uint64_t number, struct task **ret_task);
bool task_uses(const struct task *t, uint64_t attachment);
void sweep_free(struct sweep *s);                        // leaves it running
char *task_group(const struct host *h, uint64_t number); // name of its control groups; given

#endif
