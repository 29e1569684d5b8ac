// SPDX-License-Identifier: Apache-2.0
// The whole cluster in one thread on virtual time: one master, two providers, three agents, frameworks and an operator, with
// crashes and with lost, delayed and doubled messages. The same seed gives the same run.
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "agent/agent.h"
#include "base/heap.h"
#include "codec/recordio.h"
#include "driver/door.h"
#include "driver/memory.h"
#include "link/link.h"
#include "master/master.h"
#include "provider/provider.h"
#include "store/flaky.h"
#include "store/memory.h"

enum { PROVIDERS = 2, AGENTS = 3, FRAMEWORKS = 2, VOLUMES_MOST = 512 };

struct sim;
typedef void sim_call(struct sim *s, void *arg);

// ---- messages between a client (agent, provider, framework, operator) and the master ----

struct answer_to { // who hears the answer of a post; NULL functions: nobody
    void (*reply)(struct sim *s, void *arg, int status, const char *body, size_t size); // status 0: the answer was lost
    void *arg;
};

struct channel {       // one open stream from the master to a client; breaks as a whole
    uint64_t exchange; // 0: closed
    uint32_t life;     // counts openings: what was sent in an earlier life is not heard
    struct recordio reader;
    int64_t last_arrival;
    char name[64]; // session name or stream id
    bool lossy;    // records may be lost or doubled (they carry numbers)
    void (*record)(struct sim *s, void *arg, const char *bytes, size_t size);
    void (*opened)(struct sim *s, void *arg, int status, const char *body, size_t size); // status 200, or why not
    void (*closed)(struct sim *s, void *arg);
    void *arg;
};

// ---- an agent's or a provider's end of its session ----

struct peer {
    struct sim *sim;
    const char *path; // "/link/v1/agent"
    struct link link;
    struct channel channel;
    bool welcomed, posting, again;
    struct text beats; // unnumbered envelopes for the next post, each behind its size (uint32_t)
    void (*welcome)(void *node, const Granary__Envelope *e);
    void (*message)(void *node, const Granary__Envelope *e);
    void (*closed)(void *node);
    void *node;
};
void peer_open(struct peer *p, const ProtobufCMessage *hello);
// Says an envelope: numbered, or once (heartbeats).
void peer_say(struct peer *p, Granary__Envelope *e, bool numbered);
void peer_end(struct peer *p); // forgets the session; nobody is told
void peer_done(struct peer *p);

// ---- nodes ----

struct provider_node {
    struct sim *sim;
    int number;
    char name[16];
    struct provider *machine; // NULL: down
    void *storage;            // the memory driver's state: outlives the process
    struct door *door;
    VEC(void *) jobs; // under way
    struct peer peer;
    uint32_t life;
    char *cluster;
    unsigned char secret[32];
    struct provider_tier_setup tiers[4]; // drawn anew at each start
};

enum mount_state { MOUNT_NONE, MOUNT_BUSY, MOUNT_THERE };
struct mount { // what an attachment is on a host: outlives the agent's process, not the host
    int64_t since;
    uint64_t attachment, epoch;
    struct uuid volume;
    enum mount_state state;
    bool formatted, read_only, format_only;
    struct uuid fs_uuid;
    struct bytes size;
};
struct sim_task {
    uint64_t task;
    uint64_t attachments[8];
    size_t attachment_count;
    bool ended, asked;
    int64_t ends_at;
    struct agent_end end;
};

struct agent_node {
    struct sim *sim;
    int number;
    char name[16], boot_id[UUID_TEXT];
    bool unloaded;         // the driver that provider p2 asks for
    struct agent *machine; // NULL: down
    struct peer peer;
    uint32_t life;
    char *cluster;
    uint64_t highest_seen;
    unsigned char secret[32];
    VEC(struct agent_record) records; // durable
    struct map grants_used;           // durable: volumes that a format began on, by UUID bytes
    VEC(struct mount) mounts;
    VEC(struct sim_task) tasks;
};

struct device { // what the storage knows of one volume's device, by UUID
    bool formatted, has_data;
    struct uuid fs_uuid;
    uint64_t written; // by the last task
};

struct framework_node;

struct sim {
    uint64_t seed, chance; // state of the random numbers
    int64_t now;           // virtual milliseconds
    struct heap queue;
    struct map calls; // id -> struct pending *
    uint64_t next_call;
    bool faults, quiet;
    bool over; // nobody comes up again: what is still on its way is freed
    // the master
    struct master *master; // NULL: down
    struct memory_disk *disk;
    struct flaky_script script; // of its failures
    struct store *store;
    struct outputs outputs;
    size_t released;
    uint64_t durable, next_exchange;
    struct map exchanges; // exchange -> struct sim_exchange *
    uint32_t master_life;
    bool writing;
    struct journal_entry *in_flight;
    size_t in_flight_count;
    uint64_t checked_events;
    // the others
    struct provider_node providers[PROVIDERS];
    struct agent_node agents[AGENTS];
    struct framework_node *frameworks[FRAMEWORKS];
    struct channel listener;
    struct map devices;  // volume UUID bytes -> struct device *
    struct map promises; // "<what> <name>" -> struct promise *
    uint64_t asked;      // volumes, by the operator
    struct map granted;  // pool -> struct granted * at the last event
    uint64_t judged;     // id of the latest grant that was asked whether it keeps its class's spread
    uint64_t warnings;   // seen while they stood
    uint64_t spread;     // grants with a required rule of spread
    uint64_t journal;    // what was written, in one number
    uint64_t steps, crashes, lost_messages, tasks_ended, volumes_made, fences;
};

// ---- sim.c: time and chance ----
uint64_t sim_random(struct sim *s, uint64_t below); // 0 ... below-1
bool sim_chance(struct sim *s, unsigned percent);   // never once faults have stopped
void sim_bytes(struct sim *s, void *to, size_t size);
void sim_at(struct sim *s, int64_t in_ms, sim_call *call, void *arg); // arg is freed by nobody
_Noreturn void sim_fail(const struct sim *s, const char *format, ...) PRINTF(2, 3);
struct instant sim_instant(struct sim *s);
void sim_run_until(struct sim *s, int64_t until);
struct wall sim_wall(const struct sim *s);

// ---- transport.c ----
// Sends a request and hears its answer, both late, and sometimes lost.
void sim_post(struct sim *s, const char *method, const char *path, const char *type, const char *stream_id,
              const void *body, size_t size, struct answer_to to);
// A request whose answer is a stream.
void sim_open(struct sim *s, struct channel *c, const char *path, const char *type, const void *body, size_t size);
void sim_listen(struct sim *s, struct channel *c, const char *path); // the same by GET
void sim_break(struct sim *s, struct channel *c);                    // both ends notice, each later
void sim_outputs(struct sim *s);                                     // sends what is durable
void transport_master_down(struct sim *s);

// ---- node_master.c ----
void master_up(struct sim *s);
void master_crash(struct sim *s);
void master_turn(struct sim *s); // after any input

// ---- node_provider.c, node_agent.c, node_framework.c, node_operator.c ----
void provider_up(struct provider_node *p);
void provider_crash(struct provider_node *p);
void provider_init(struct sim *s, int number);
void agent_up(struct agent_node *a);
void agent_crash(struct agent_node *a); // the process: mounts and tasks stay
void host_crash(struct agent_node *a);  // the kernel: nothing stays
void agent_init(struct sim *s, int number);
void agent_driver(struct agent_node *a, bool loaded); // of p2: its probe says so
void framework_init(struct sim *s, int number);
void frameworks_settle(struct sim *s); // they want nothing new any more
void frameworks_free(struct sim *s);
size_t frameworks_unfinished(const struct sim *s, char *ret_what, size_t size);
void operator_init(struct sim *s);

// ---- promise.c: I2 ----
#define PROMISE_VOLUME "volume"           // by name
#define PROMISE_RESERVATION "reservation" // by id
enum promised { PROMISED_NOTHING, PROMISED_ASKED, PROMISED_THERE, PROMISED_END_ASKED, PROMISED_GONE };
void promise_set(struct sim *s, const char *what, const char *name, enum promised state);
// Acknowledged: `then`, unless something else was asked meanwhile.
void promise_answered(struct sim *s, const char *what, const char *name, enum promised asked, enum promised then);
void promise_size(struct sim *s, const char *what, const char *name,
                  uint64_t size); // acknowledged as at least that large
void promises_check(struct sim *s);
void promises_done(struct sim *s);
struct device *sim_device(struct sim *s, struct uuid volume);

// ---- check.c ----
void check_event(struct sim *s);     // I1, I3, I6, I7, spread, warnings, after every event
void check_forget(struct sim *s);    // what was granted, as I1 and spread remember it
void check_recovery(struct sim *s);  // I10
void check_converged(struct sim *s); // I5, I9

#endif
