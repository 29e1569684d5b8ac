// SPDX-License-Identifier: Apache-2.0
// What the files of `granary dev` share: where its cluster lives, its processes, and waiting without being deaf to Ctrl-C.
#ifndef CLI_DEV_H
#define CLI_DEV_H

#include "base/vec.h"
#include "cli/client.h"
#include "cli/option.h"
#include "granary_model.pb-c.h"
#include "sys/process.h"

enum { DEV_POOLS = 2 /* of each provider */, DEV_NAME = 32, DEV_START_MS = 60000, DEV_STOP_MS = 5000 };

struct dev_child {
    char name[DEV_NAME]; // "master", "agent-n1": of its configuration, log and record too
    struct process process;
    bool watched; // its end is news: nobody asked for it
};

struct dev {
    struct settings *settings;
    char *directory; // absolute
    char *run_dir;   // of agents' sockets; short
    char *daemon;    // path of granaryd
    char *command;   // path of this executable
    char *listen, *url;
    int lock; // held open while the directory is ours; -1
    VEC(struct dev_child) children;
    struct client *client;
    int64_t began; // monotonic milliseconds
    bool once, cycle, stopping;
    bool directories; // volumes are directories here, without a filesystem of their own
};

extern const struct option dev_flags[];

// A line with the time since the start in front; a line below it, indented.
void dev_say(const struct dev *d, const char *format, ...) PRINTF(2, 3);
void dev_say_more(const char *format, ...) PRINTF(1, 2);
unsigned dev_agents(const struct dev *d);
unsigned dev_providers(const struct dev *d);
char *dev_path(const struct dev *d, const char *format, ...) PRINTF(2, 3); // below the directory; given

// ---- dev_place.c: the directory ----

// Makes it ours: the lock, a marker, and nothing left of an earlier run. ERR_CONFLICT when another dev uses it, or when it
// holds what is not ours.
MUST_USE struct err *dev_place_open(struct dev *d);
// Ends every process that a run in this directory left, then removes what it wrote. Says what it did when it was anything.
MUST_USE struct err *dev_place_sweep(struct dev *d);
// What should not be there once everything has ended: loop devices and mounts of files in the directory. Adds a line each.
void dev_place_leftovers(const struct dev *d, struct text *out);
// Ends the keepers of the volumes and tasks of this directory, and of nothing else; how many there were.
MUST_USE struct err *dev_keepers_end(const struct dev *d, unsigned *ret_count);
void dev_place_close(struct dev *d, bool keep_files);
// A sentence for each thing that this machine lacks and what is done instead.
void dev_place_fallbacks(struct dev *d);

// ---- dev_config.c: what its processes read ----

MUST_USE struct err *dev_config_write(const struct dev *d);

// ---- dev_children.c: its processes ----

// Starts granaryd with the configuration of that name, its output into logs/<name>.log, and records it durably.
MUST_USE struct err *dev_child_start(struct dev *d, const char *name, enum process_kind kind);
// Starts this executable with arguments (NULL-terminated, without its own name); output into two files.
MUST_USE struct err *dev_command_start(struct dev *d, const char *name, const char *const *arguments, const char *out,
                                       const char *err);
struct dev_child *dev_child_find(struct dev *d, const char *name); // NULL: none that runs
// kill -9, reaped.
void dev_child_kill(struct dev *d, const char *name);
// Waits for the end of a command; ret_exit as of a shell.
MUST_USE struct err *dev_command_wait(struct dev *d, const char *name, int64_t ms, int *ret_exit);
// All of them: SIGTERM, then SIGKILL.
void dev_children_stop(struct dev *d);
// An error that names a watched child which ended by itself.
MUST_USE struct err *dev_children_check(struct dev *d);

// ---- dev_wait.c ----

// Sleeps; sets d->stopping when SIGINT, SIGTERM or SIGHUP came, which are blocked otherwise.
void dev_pause(struct dev *d, int64_t ms);
// Asks `holds` again and again until it is true. ERR_TIMEOUT with `what` when it is not within `ms`; an error of `holds`,
// of a child that died, or of Ctrl-C ends it at once.
typedef struct err *dev_holds(struct dev *d, void *arg, bool *ret_holds);
MUST_USE struct err *dev_until(struct dev *d, int64_t ms, const char *what, dev_holds *holds, void *arg);
// Reads the master's event stream from behind *seq until an event matches, which moves *seq on to it. The event lives in
// the arena.
typedef bool dev_matches(const Granary__Event *event, const void *arg);
MUST_USE struct err *dev_until_event(struct dev *d, int64_t ms, const char *what, uint64_t *seq, dev_matches *matches,
                                     const void *arg, struct arena *arena, const Granary__Event **ret_event);
MUST_USE struct err *dev_stopped(const struct dev *d); // the error of Ctrl-C; NULL while nobody asked for an end
// The whole cluster is there: providers connected, agents active.
MUST_USE struct err *dev_until_ready(struct dev *d);
// The same without that agent.
MUST_USE struct err *dev_until_others(struct dev *d, const char *without);

// ---- dev_cycle.c ----

// The pooling cycle on this cluster, told step by step.
MUST_USE struct err *dev_cycle(struct dev *d);

#endif
