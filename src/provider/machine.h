// SPDX-License-Identifier: Apache-2.0
// The state of the provider's machine, shared by its files. Nobody else includes this.
#ifndef PROVIDER_MACHINE_H
#define PROVIDER_MACHINE_H

#include "base/heap.h"
#include "base/id.h"
#include "base/list.h"
#include "base/map.h"
#include "provider/name.h"
#include "provider/provider.h"

// One operation of the master, from its arrival until its result is forgotten.
enum operation_state { WAITING, RUNNING, PAUSED, ENDED };
struct operation {
    struct list in_line;  // of its volume, until it ended
    struct list in_ready; // while it can start and waits for a free worker
    struct arena arena;
    const Granary__ProviderOperation *message;
    struct line *line;
    enum operation_state state;
    unsigned attempts;
    struct mono retry_at; // of PAUSED
    struct driver_request request;
    Granary__ProviderResult *result; // of ENDED
};

// The operations of one volume, in the order in which they came; the first may run.
struct line {
    struct list operations;
    char uuid[UUID_TEXT];
};

// A call that a worker makes.
enum job_kind { JOB_OPERATION, JOB_INVENTORY, JOB_LIST };
struct job {
    enum job_kind kind;
    struct operation *operation; // of JOB_OPERATION
    struct arena arena;          // of the request of the others
    struct driver_request request;
    struct mono deadline;
    bool stuck, abandoned; // abandoned: another one was started, its late answer is dropped
};

// What our volumes hold in one pool.
struct held {
    uint64_t now; // without those that are being deleted
    uint64_t low; // since the running inventory began: what certainly stood all the time
};

// A volume of ours at the storage. Sizes change through the functions of object.c only: they keep the sums.
struct object {
    struct arena arena;
    const char *handle, *name, *instance, *pool, *context;
    struct held *held; // of its pool; NULL when the storage does not say which
    struct bytes size;
    struct bytes counted; // its part of held->low, if `inventory` is the running one; else it is all of it
    uint64_t inventory;
    bool removing; // a delete is running
};

// The list that is being read, page by page.
struct listing {
    bool wanted, running;
    bool paused;          // while running: the page of `token` failed and is asked for again
    struct mono retry_at; // after a failure
    unsigned attempts;
    const char *token; // of the page being read; NULL: the first
    struct arena arena;
    VEC(struct driver_object) objects;
    struct map changed; // UUIDs of volumes that operations touched meanwhile: the list is not believed about them
    struct map unseen;  // "instance/pool" that could not be looked into: nor about what we know to be there
};

struct report {
    bool wanted, running;
    bool fresh;        // the running one began without a session, after the list: a hello may carry it
    struct mono due;   // of the next one at the latest
    struct mono least; // not before
    unsigned attempts;
};

enum session { AWAY, PREPARING, GREETED, CONNECTED };

struct provider {
    struct provider_setup setup;
    struct arena arena; // of the setup
    char *cluster;
    uint64_t highest_seen;
    enum session session;
    bool tiers_fresh, objects_fresh; // read since CONNECTING
    struct map operations;           // id -> struct operation
    struct map lines;                // UUID -> struct line
    struct list ready;               // operations that could start now
    struct heap pauses;              // when a paused operation is due
    struct map jobs;                 // id -> struct job
    uint64_t next_job;
    struct map objects; // UUID -> struct object
    struct map helds;   // "instance/pool" -> struct held
    uint64_t inventory; // counts them
    size_t foreign;
    struct listing listing;
    struct map unseen; // by the last list
    struct report report;
    Granary__TierReport *tiers; // the last one, in tiers_arena
    struct arena tiers_arena;
    VEC(uint64_t) ended; // the latest ENDED, oldest first
    struct mono heartbeat_at;
    int64_t heartbeat_ms;
    struct mono now;
    struct provider_outputs *out;
};

// ---- outputs (provider.c) ----

void provider_log(struct provider *p, const char *format, ...) PRINTF(2, 3);
// A new message in this step's arena, to be filled; dropped when there is no session.
Granary__FromProvider *provider_say(struct provider *p);

// ---- calls (job.c) ----

bool job_room(const struct provider *p); // does the budget allow another call?
// Starts a call. What the request points into lives until it is done.
struct job *job_start(struct provider *p, enum job_kind kind, const struct driver_request *request,
                      uint32_t timeout_ms);
void job_done(struct provider *p, const struct provider_input *input);
void jobs_check(struct provider *p); // gives up those past their deadline
struct mono jobs_deadline(const struct provider *p);
bool outcome_open(enum err_kind kind); // may the same call be repeated?
int64_t provider_back_off(const struct provider *p, uint64_t id, unsigned attempts);

// ---- operations (operation.c) ----

enum { ENDED_MOST = 1024 }; // results remembered, so that a question asked twice is answered twice
void operation_take(struct provider *p, const Granary__ProviderOperation *message);
void operation_done(struct provider *p, struct operation *o, const struct provider_input *input);
void operations_run(struct provider *p);  // starts what can be started
void operations_drop(struct provider *p); // those that no call is running for: the master sends them again
void operations_free(struct provider *p);

// ---- objects (object.c) ----

void listing_run(struct provider *p);
bool listing_due(const struct provider *p); // at its retry_at
// Could the last list not look into the pool, which can be reached now? Then it is listed anew.
bool listing_missed(struct provider *p, const char *instance, const char *pool);
void listing_touch(struct provider *p, const char *uuid); // an operation changes it while the list is read
void listing_done(struct provider *p, struct job *j, const struct provider_input *input);
void objects_say(struct provider *p); // in as many messages as it takes
struct object *object_get(struct provider *p, const char *uuid);
void object_learn(struct provider *p, const char *uuid, const struct driver_object *from); // new, or known anew
void object_resize(struct provider *p, struct object *o, struct bytes size);
void object_removing(struct provider *p, struct object *o, bool removing);
void object_drop(struct provider *p, const char *uuid);
// From here on held->low is the least that the volumes of a pool hold.
void counting_begin(struct provider *p);
uint64_t held_low(const struct provider *p, const char *instance, const char *pool);
void objects_free(struct provider *p);

// ---- reports (report.c) ----

bool report_useful(const struct provider *p);
void report_run(struct provider *p);
void report_done(struct provider *p, struct job *j, const struct provider_input *input);
Granary__TierReport *tiers_message(struct provider *p, const struct driver_inventory *inventory, struct arena *arena);

#endif
