// SPDX-License-Identifier: Apache-2.0
// What a storage system must be able to do for Granary: one const table of functions. This header and the three of
// base/ that it names are all a driver's author needs; docs/write-a-driver.md walks through a small one. Names no
// thread, no socket and no message: the provider process around a driver does deadlines, retries, matching and
// reconnection.
#ifndef GRANARY_DRIVER_H
#define GRANARY_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/quantity.h"

// Rules for every function of the table:
// - It may block. `call->timeout_ms` says how long anybody waits; loops that wait use call_pause and stop at
// call_given_up.
// - All pointers in arguments are borrowed for the call. All results live in `call->arena`; ret_* is written on
// success.
// - It is idempotent by volume UUID (and name): the same call again, also after a crash in the middle of it, gives the
//   same result. Deleting, detaching or fencing what is not there is success.
// - It may answer ERR_UNKNOWN, ERR_TIMEOUT or ERR_UNAVAILABLE: the same call comes again later. Every other error is
// final
//   and means that the call left nothing behind. ERR_FULL: no room. ERR_CONFLICT: what exists forbids it.
//   ERR_NOT_FOUND: the volume is gone.
// - open and close run alone. Calls for different volumes, inventory and list run at the same time if the driver says
//   `parallel`, else one at a time. A process makes one call for one volume at a time; a process that was killed may
//   have left one under way at the storage.

// name, number (as Capability in granary_model.proto), word for people
#define DRIVER_CAPABILITIES(X)                                                                                         \
    X(CARVE, 1, "carve") /* makes volumes of any size; without it, ready-made ones are offered */                      \
    X(GROW, 2, "grow")                                                                                                 \
    X(SNAPSHOT, 3, "snapshot")                                                                                         \
    X(CLONE, 4, "clone") /* create takes a source */                                                                   \
    X(FENCE, 5, "fence")                                                                                               \
    X(TAG, 6, "tag")                                                                                                   \
    X(LIST, 7, "list")                                                                                                 \
    X(MULTI_ATTACH, 8, "multi-attach") /* one volume on several hosts at once */                                       \
    X(RAW_BLOCK, 9, "raw-block")                                                                                       \
    X(ZEROED, 10, "zeroed")                 /* new volumes read as zeros */                                            \
    X(FORMATS_ITSELF, 11, "formats-itself") /* a peer that runs mkfs by its own judgement */                           \
    X(DIRECTORY, 12, "directory")           /* volumes are directories: nothing to format */

enum driver_capability {
#define X(name, number, word) DRIVER_##name = 1 << (number),
    DRIVER_CAPABILITIES(X)
#undef X
};

// ---- configuration ----

enum driver_setting_kind {
    DRIVER_TEXT,
    DRIVER_PATH,
    DRIVER_SIZE,
    DRIVER_NUMBER,
    DRIVER_DURATION,
    DRIVER_BOOL,
    DRIVER_CHOICE
};

// One key that an operator may write. A table of them ends with a row whose name is NULL.
struct driver_setting {
    const char *name;
    enum driver_setting_kind kind;
    bool required;
    bool secret;          // never shown
    const char *fallback; // NULL: not set
    const char *choices;  // of DRIVER_CHOICE: "auto image directory"
    const char *help;
};

struct driver_pair {
    const char *key, *value;
};
struct driver_pairs {
    const struct driver_pair *at;
    size_t count;
};

// Keys that every pool has; what is not given is 0, and charge 1/1. Drivers that can measure these do so.
struct driver_pool_config {
    const char *instance, *name;
    struct bytes capacity; // the most that is used here
    struct bytes headroom; // physical bytes of the store at which grants stop; must be given when the factor is below 1
    uint32_t charge_numerator, charge_denominator; // store bytes charged per byte granted ("factor")
    struct driver_pairs settings;                  // checked against `pool_settings`, defaults filled in
};

struct driver_config {
    const char *provider;         // its name in the cluster
    struct driver_pairs settings; // checked against `settings`, defaults filled in
    const struct driver_pool_config *pools;
    size_t pool_count;
};

// The value of a key, NULL when not set. The others must()-fail on a key that the check did not let through.
const char *driver_text(const struct driver_pairs *settings, const char *key);
struct bytes driver_size(const struct driver_pairs *settings, const char *key);
uint64_t driver_number(const struct driver_pairs *settings, const char *key);
int64_t driver_duration_ms(const struct driver_pairs *settings, const char *key);
bool driver_bool(const struct driver_pairs *settings, const char *key);

// ---- one call ----

struct driver_call {
    struct arena *arena; // results live here
    uint32_t timeout_ms; // 0: nobody said
    const char *cluster; // whose objects are ours; NULL: not known yet
    void (*pause)(void *arg, uint32_t ms);
    bool (*given_up)(void *arg);
    void *arg;
};
// Waits; returns at once where time is simulated. True from call_given_up: nobody waits for this call any more.
void call_pause(const struct driver_call *call, uint32_t ms);
bool call_given_up(const struct driver_call *call);

// ---- tiers ----

struct driver_selector {
    const char *selector; // over agent tags: "kernel/module/scini, net/vlan in (19, 20)"
    int32_t weight;       // of a preference
};
struct driver_facts {
    struct driver_pairs tags;
    const struct driver_selector *constraints, *preferences;
    size_t constraint_count, preference_count;
};

enum {
    DRIVER_KNOWS_TOTAL = 1,
    DRIVER_KNOWS_FREE = 2,
    DRIVER_KNOWS_PHYSICAL = 4,
    DRIVER_KNOWS_IOPS = 8,
    DRIVER_KNOWS_BANDWIDTH = 16,
    DRIVER_KNOWS_VOLUMES = 32
};

struct driver_pool {
    const char *name;
    const char *unreachable; // why nothing can be told of it now: it counts as not reported. NULL: what follows holds
    struct driver_facts facts;
    const char *store; // pools of one provider that name the same store are views of it; NULL: a store of its own
    uint32_t charge_numerator, charge_denominator; // 0 is read as 1
    unsigned knows;     // which of the figures below are known: unknown never means unlimited
    struct bytes total; // store bytes for us: what is free and what our volumes hold. Tell this or `free`
    struct bytes free;  // store bytes that new volumes can still take
    struct bytes physical_free;
    struct bytes headroom;
    struct iops iops;
    struct bandwidth bandwidth;
    uint64_t volumes;                            // how many of ours it can hold
    struct bytes smallest, largest, granularity; // of a volume; 0: no rule
    unsigned capabilities;                       // DRIVER_CARVE | ...
    const char *data_address;                    // where agents reach it: "10.1.0.7:3260"; NULL: none
};
struct driver_instance {
    const char *name;
    struct driver_facts facts;
    const struct driver_pool *pools;
    size_t pool_count;
};
struct driver_inventory {
    struct driver_facts facts;
    const struct driver_instance *instances;
    size_t instance_count;
};

// ---- volumes ----

// Which volume a call is about. `name` is what the storage calls it: at most 31 bytes of [a-z0-9-], derived from
// cluster and UUID, so that who sees the storage alone can tell whose it is.
struct driver_volume {
    const char *cluster, *uuid, *name;
    const char *label; // the name that people gave, for descriptions only
    const char *instance, *pool;
    const char *handle;  // what create answered; NULL when that answer was lost
    const char *context; // what create answered: a small JSON object that only driver and agent read; NULL: none
};

struct driver_create {
    struct driver_volume volume;
    struct bytes size; // at least
    struct iops iops;  // 0: not asked
    struct bandwidth bandwidth;
    const char *fs; // what will be on it, "raw": unknown. For systems that must be told
    bool zero;      // must read as zeros, or ERR_UNSUPPORTED
    bool many_hosts;
    const char *source;       // handle of a volume or snapshot to clone; NULL: empty
    struct driver_pairs tags; // effective tags of pool and class, opaque
};
// A context is an object with the texts "device", a kind of device that agents know ("loop", "directory", "block"), and
// "path", which says where; block devices may add "serial". What else a driver puts there is its own.
struct driver_created {
    const char *handle;  // required
    const char *context; // JSON object or NULL
    struct bytes size;   // really made
    bool zeroed;
};

struct driver_attach {
    struct driver_volume volume;
    const char *host;  // the host's identity in this storage system: instance id, SDC GUID, CSI node id, kernel boot id
    const char *agent; // its name, for messages
    uint64_t epoch;    // higher than that of any attachment of this volume before
    bool read_only, many_hosts;
    const char *context;      // what attach answered; NULL in attach itself
    struct driver_pairs tags; // as in create
};

// One thing that the storage holds. `cluster` and `uuid` only if the storage itself says so; NULL lets the name decide.
struct driver_object {
    const char *name, *handle, *instance, *pool, *cluster, *uuid, *context;
    struct bytes size;
    const char *const *attached_to; // host identities
    size_t attached_count;
};
// A pool that could not be looked into: that its objects are missing from the list says nothing about them.
struct driver_unseen {
    const char *instance, *pool;
    const char *why;
};
struct driver_objects {
    const struct driver_object *at;
    size_t count;
    const char *next; // where the next page starts; NULL: that was all
    const struct driver_unseen *unseen;
    size_t unseen_count;
};

struct driver_snapshot {
    const char *handle;
    struct bytes size;
    bool ready; // false: ask again with the same name
};

// ---- the table ----

struct driver {
    const char *name, *help;
    unsigned capabilities; // what it can do at best; each pool says what holds there
    bool parallel;
    const struct driver_setting *settings, *pool_settings; // NULL: none

    // Gives the driver's own state, kept until close. Connects or checks what it needs; refuses configuration that
    // cannot work, naming the key. Required, like close and inventory.
    struct err *(*open)(const struct driver_config *config, void **ret_self);
    void (*close)(void *self);
    struct err *(*inventory)(void *self, const struct driver_call *call, struct driver_inventory *ret_inventory);
    struct err *(*create)(void *self, const struct driver_call *call, const struct driver_create *create,
                          struct driver_created *ret_created);
    // `wipe`: overwrite before giving the space back.
    struct err *(*remove)(void *self, const struct driver_call *call, const struct driver_volume *volume, bool wipe);
    // All objects of the storage, foreign ones too, by pages of at most `most`; `token` NULL starts. What is neither listed
    // nor in a pool that some page calls unseen counts as gone.
    struct err *(*list)(void *self, const struct driver_call *call, const char *token, size_t most,
                        struct driver_objects *ret_objects);
    // Never shrinks: a volume that is larger already is success. Answers the size really there.
    struct err *(*grow)(void *self, const struct driver_call *call, const struct driver_volume *volume,
                        struct bytes size, struct bytes *ret_size);
    struct err *(*snapshot)(void *self, const struct driver_call *call, const struct driver_volume *volume,
                            const char *name, struct driver_snapshot *ret_snapshot);
    struct err *(*snapshot_remove)(void *self, const struct driver_call *call, const char *handle);
    // Lets a host reach the volume; answers the context with which the agent finds the device. Without `many_hosts` it
    // refuses (ERR_CONFLICT) while another host has it, if the storage can tell. NULL: every host reaches every volume, and
    // the context of create is enough to find it.
    struct err *(*attach)(void *self, const struct driver_call *call, const struct driver_attach *attach,
                          const char **ret_context);
    // Success means that the host cannot reach it any more, or, where the storage cannot tell, that nothing holds it.
    struct err *(*detach)(void *self, const struct driver_call *call, const struct driver_attach *attach);
    // From its success on the host cannot write, whatever it does. The proof is a sentence for the record. An
    // attachment with a higher epoch is left alone.
    struct err *(*fence)(void *self, const struct driver_call *call, const struct driver_attach *attach,
                         const char **ret_proof);
    // Writes facts about the volume at the storage, replacing those of the same key.
    struct err *(*tag)(void *self, const struct driver_call *call, const struct driver_volume *volume,
                       const struct driver_pairs *tags);
};

#endif
