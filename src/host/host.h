// SPDX-License-Identifier: Apache-2.0
// What a host does for its agent: publishes volumes and runs tasks, each under a keeper process of its own that
// outlives the agent. Asynchronous over one loop: no call here waits for storage. Knows no message, no master and no
// resource.
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/quantity.h"
#include "host/abilities.h"
#include "sys/loop.h"

struct host; // opaque; made by host_open, ended by host_close, which leaves all keepers running

enum host_end_kind {
    HOST_END_EXITED,      // code is the exit code
    HOST_END_SIGNALLED,   // code is the signal
    HOST_END_NOT_STARTED, // the command never ran; message says why
    HOST_END_LOST,        // its keeper was killed (fenced, out of memory, by hand) before it could write an exit status
};
struct host_end {
    enum host_end_kind kind;
    int code;
    bool asked;          // host_kill had been called on it
    const char *message; // a sentence, never NULL
};

// All run in the loop's thread. None may be NULL. `message` and `end` are borrowed for the call.
struct host_events {
    void (*task_started)(task_id task, int64_t pid, void *arg); // pid of the task's keeper, as this host sees it
    void (*task_ended)(task_id task, const struct host_end *end, void *arg);
    // It was launched, and whether it runs cannot be seen; one of the two above follows when it can. Once for each task.
    void (*task_unseen)(task_id task, const char *message, void *arg);
    // A published volume's keeper died without being asked: its mount and device are gone with it.
    void (*attachment_lost)(uint64_t attachment, const char *message, void *arg);
    // It was to be removed and could not be, not wholly at least.
    void (*sandbox_left)(task_id task, const char *message, void *arg);
};

struct host_options {
    const char
        *work_dir; // absolute, at most 120 bytes; kept across reboots: attachments, tasks and their sandboxes, epochs
    const char *run_dir;      // absolute; sockets. At most 80 bytes
    const char *daemon_path;  // what is run as `<daemon_path> keeper ...`; its main calls keeper_main (host/keeper.h)
    const char *agent;        // this agent's name, written into keeper registries
    const char *default_user; // of tasks that name none; NULL: the agent's own, or `nobody` if that is root
    bool allow_root_tasks;
    struct host_events events;
    void *arg; // for events
};

// Makes the directories, and probes what the host can do. Borrows `loop` for its life; copies the options.
MUST_USE struct err *host_open(struct loop *loop, const struct host_options *options, struct host **ret_host);
void host_close(struct host *h); // accepts NULL; calls that are under way are dropped without their `done`
const struct host_abilities *host_abilities(const struct host *h);

// ---- what an earlier agent process left ----

enum host_attachment_state {
    HOST_PUBLISHING,
    HOST_PUBLISHED,
    HOST_PUBLISH_FAILED,
    HOST_UNPUBLISHING,
    HOST_UNPUBLISHED,
    HOST_ATTACHMENT_LOST
};

// What is known of a device after publish or grow; all that can be said also when it failed.
struct host_published {
    enum host_attachment_state state;
    bool formatted;      // this publish made the filesystem
    bool format_began;   // mkfs may have touched the device
    struct uuid fs_uuid; // zero when unknown
    struct bytes size;   // of the device
    const char *device;  // "/dev/loop3", or the directory; "" when there is none (any more)
    const char *notes;   // sentences on fall-backs taken ("buffered: the pool's disk refuses direct I/O"), or ""
};
struct host_found_attachment {
    uint64_t attachment, epoch;
    struct uuid volume;
    struct host_published published;
    const char *message; // why it failed or was lost, or ""
};
struct host_found_task {
    task_id task;
    const char *framework, *id;
    bool running, ended; // one of them; running: its keeper lives, and its end will be an event
    struct host_end end; // when ended
    const uint64_t *attachments;
    size_t attachment_count;
};
struct host_found {
    const struct host_found_attachment *attachments;
    size_t attachment_count;
    const struct host_found_task *tasks;
    size_t task_count;
};
// Lists what is there, ordered by number, and watches what runs: their events come from now on. Call once, before the
// other calls. The answer is borrowed until the next host_find or host_close.
MUST_USE struct err *host_find(struct host *h, const struct host_found **ret_found);

// ---- volumes ----

struct host_publish {
    uint64_t attachment, epoch; // epoch: stored durably before anything is done; one lower than the volume's is refused
    struct uuid volume;
    const char *cluster; // compared with what is written beside an image; NULL: not compared
    const char *device;  // a row of host/device.h: "loop", "directory", "block"
    const char *path;    // image file, directory, or stable device path (/dev/disk/by-id/...)
    const char *serial;  // block: what sysfs must say; NULL: not compared
    struct bytes size;   // expected of the device; 0: not compared
    const char *fs;      // "ext4", "xfs", "btrfs", "raw" (no mount: the task gets the device node)
    bool may_format;     // the one-use grant: the ledger says that the device is new
    bool zero_first;     // with may_format: overwrite the device with zeros before
    struct uuid fs_uuid; // must be found; with may_format: is given to it (zero: a random one)
    bool read_only;
    bool format_only;                    // mount once, set owner and mode, unmount; ends as HOST_UNPUBLISHED
    bool grow_fs;                        // grow the filesystem to the device's size
    bool discard;                        // a sparse image: pass deletions down
    uint32_t owner_uid, owner_gid, mode; // of the root directory, set when it is formatted; mode 0: 0755
    int64_t timeout_ms;                  // 0: what all that it asks for may take (deadlines.h)
};
// `error` is given (NULL: published, and really mounted); `now` is borrowed for the call.
typedef void host_publish_done(struct err *error, const struct host_published *now, void *arg);

// Borrows the spec for this call. A publish of what is published already answers again. On a timeout the keeper is
// killed.
void host_publish(struct host *h, const struct host_publish *spec, host_publish_done *done, void *arg);
// The outcome of one that host_find said is HOST_PUBLISHING.
void host_publish_await(struct host *h, uint64_t attachment, host_publish_done *done, void *arg);
// Answers when the filesystem is unmounted and the device is gone from this host: ERR_CONFLICT names who still uses it
// (tasks, or processes by pid), ERR_TIMEOUT that the device would not go. Absent attachments are unpublished already.
void host_unpublish(struct host *h, uint64_t attachment, uint64_t epoch, host_publish_done *done, void *arg);
// Tells the device of its new size and grows the filesystem, mounted as it is. Never shrinks.
void host_grow(struct host *h, uint64_t attachment, uint64_t epoch, struct bytes size, host_publish_done *done,
               void *arg);
// Kills the keeper and every task of this agent that uses the volume, then answers as host_unpublish: for attachments
// of an older epoch. Their tasks' ends come as events.
void host_evict(struct host *h, uint64_t attachment, host_publish_done *done, void *arg);
// Forgets an attachment that is unpublished, failed or lost: its directory here goes, its epoch stays.
void host_forget_attachment(struct host *h, uint64_t attachment);

// ---- tasks ----

struct host_variable {
    const char *name, *value;
};
struct host_task_volume {
    uint64_t attachment;
    const char *container_path; // absolute, or relative to the sandbox; no ".." in it
    bool read_only;
};
struct host_launch {
    task_id task;
    const char *framework, *id;
    const char *command;     // the program; a line for /bin/sh -c when argv is NULL
    const char *const *argv; // NULL-terminated, from the name the program sees itself under
    const struct host_variable *environment;
    size_t environment_count;
    const char *user;  // NULL: the default
    struct milli cpus; // 0: no limit
    struct bytes mem;  // 0: no limit
    const struct host_task_volume *volumes;
    size_t volume_count;
};
// Borrows the spec for this call. All outcomes are events: task_started then task_ended, or task_ended alone; a refused
// spec too. Limits that this host cannot set are named in host_abilities and are not an error.
void host_launch(struct host *h, const struct host_launch *spec);
typedef void host_done(struct err *error, void *arg); // error is given
// SIGTERM to the task's process group, after `grace_ms` SIGKILL to all its processes; the end is an event. Answers when
// the keeper has heard it: grace is the keeper's to watch, whatever happens to the agent. ERR_NOT_FOUND: it does not
// run.
void host_kill(struct host *h, task_id task, int64_t grace_ms, host_done *done, void *arg);
// The directory with `stdout` and `stderr`; valid before, while and after the task runs. Given: end with free().
MUST_USE char *host_sandbox(const struct host *h, task_id task);
// Forgets an ended task: its record goes, and its sandbox stays.
void host_forget_task(struct host *h, task_id task);
// Removes the sandbox of a task that was forgotten, in a process of its own. False: that is under way, or it was not.
bool host_remove_sandbox(struct host *h, task_id task);
size_t host_sandboxes_going(const struct host *h); // removals under way

// Removes sockets without a keeper and empty directories of ours. Only names that we made, rmdir and unlink only.
void host_clean(struct host *h);

#endif
