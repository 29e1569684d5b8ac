// SPDX-License-Identifier: Apache-2.0
// The compact rows of the registry, one struct per noun. A row is copied as a whole: an event is a row's after-image.
// Texts and blobs of a live row belong to the state; those of a draft's row are borrowed from the command or its arena.
#ifndef CORE_ROW_H
#define CORE_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"
#include "base/path.h"
#include "base/quantity.h"
#include "base/vec.h"
#include "model/class.h"
#include "model/selector.h"
#include "model/state.h"
#include "model/tag.h"

// Bytes that travel through the core unread (packed messages of frameworks), or arrays of plain structs.
struct blob {
    uint32_t size;
    _Alignas(8) unsigned char bytes[]; // so that arrays of structs can be read in place
};

// Looks at every byte, whatever the first ones say: also for secrets. NULL equals NULL.
static inline bool blob_equal(const struct blob *a, const struct blob *b) {
    if (!a || !b || a->size != b->size) return a == b;
    unsigned char difference = 0;
    for (uint32_t i = 0; i < a->size; i++) difference |= (unsigned char)(a->bytes[i] ^ b->bytes[i]);
    return !difference;
}

// Counted; never changed once a row points to it: facts that many rows or drafts may point to. `drop` frees what the object owns and it.
struct shared {
    uint32_t holders;
    void (*drop)(struct shared *self);
};

// In `known`: which of the quantities a pool reports at all. Bytes always are.
enum { KNOWS_IOPS = 1, KNOWS_BANDWIDTH = 2, KNOWS_VOLUMES = 4 };
#define QUANTITY_VOLUMES_MOST ((UINT64_C(1) << 56) - 1)
struct quantities {
    uint64_t bytes, iops, bandwidth;
    uint64_t volumes : 56, known : 8; // in one word: several of these are in what is kept of each pool
};

struct scalars { // Mesos' thousandths; mem and disk in MiB
    struct milli cpus, mem, disk;
};
struct port_range {
    uint32_t begin, end; // both included
};

struct weighted_selector { // a constraint has weight 0
    struct selector selector;
    int32_t weight;
    enum tier tier; // who said it
};

// ---- providers, pools ----

struct instance_facts {
    char *name;
    struct tag_set tags; // own ones and those of the provider
};

struct provider_facts { // what a provider last reported of itself and its instances
    struct shared shared;
    struct tag_set tags;
    VEC(struct weighted_selector) constraints, preferences;
    VEC(struct instance_facts) instances;
};

struct provider_row {
    uint64_t id;
    const char *name, *driver;
    const struct blob *secret;
    uint64_t highest_seen; // sequence number it was last told and confirmed
    // passing
    uint64_t session; // 0: away
    struct wall stale_since;
    struct mono heard;
    uint32_t foreign_objects;
    struct provider_facts *facts; // NULL until it reports
};

struct
    pool_facts { // what a provider last reported of a pool; tags, constraints and preferences with those of tiers above
    struct shared shared;
    struct tag_set tags;
    VEC(struct weighted_selector) constraints; // on the agent
    VEC(struct weighted_selector) preferences; // on the agent
    struct quantities total;                   // of the backing store, our own grants included
    // The most that this pool may take of it: bytes 0: all; the others where known. NULL: all, as of most of many pools.
    const struct quantities *capacity;
    struct bytes headroom, physical_free, smallest, largest, granularity;
    uint32_t capabilities; // 1 << enum pool_capability
    struct wall reported;
    char *data_address;
};

enum pool_capability {
    CAN_CARVE = 1,
    CAN_GROW,
    CAN_SNAPSHOT,
    CAN_CLONE,
    CAN_FENCE,
    CAN_TAG,
    CAN_LIST,
    CAN_MULTI_ATTACH,
    CAN_RAW_BLOCK,
    IS_ZEROED,
    FORMATS_BY_ITSELF,
    IS_DIRECTORY
}; // numbers as in granary_model.proto
static inline bool capability_has(uint32_t set, enum pool_capability c) {
    return set >> c & 1;
}

struct pool_row { // kept: who it is and how it charges; passing: what it reported
    uint64_t id;
    uint64_t provider;
    const char *name, *instance, *store;
    uint32_t charge_numerator, charge_denominator; // store bytes per byte granted
    struct bytes first_total;                      // at the first report: what others took is counted from here
    // passing
    struct pool_facts
        *facts; // NULL until reported; a pool that the provider no longer reports keeps its last ones, stale
    bool stale;
    // derived
    uint32_t account;          // its backing store in the ledger
    struct quantities own;     // granted out of this pool alone, in units of its store
    struct standing *standing; // in the index
};

// ---- agents ----

enum agent_state {
    AGENT_IS_ACTIVE = 1,
    AGENT_IS_AWAY,
    AGENT_IS_LOST,
    AGENT_IS_QUARANTINED,
    AGENT_IS_DRAINING,
    AGENT_IS_DRAINED,
    AGENT_IS_GONE
};

struct host_identity {
    char *driver, *identity;
};

enum { AGENT_BUSES_MOST = 16 };
struct attach_bus { // attach slots that the volumes of some drivers share
    char *drivers;  // "ebs", "ebs+nvme"
    uint32_t slots;
};

struct agent_facts {
    struct shared shared;
    struct tag_set tags;
    struct scalars total;
    VEC(struct port_range) ports;
    struct bandwidth storage_bandwidth;
    uint32_t attach_slots; // 0: not limited
    VEC(struct attach_bus) buses;
    VEC(struct host_identity) identities;
};

struct agent_account {                      // what is granted out of one agent
    struct scalars used, offered, reserved; // by tasks that have not ended; by offers, what is reserved left out
    uint32_t attachments;
    uint64_t bandwidth; // of those attachments
};

struct agent_row {
    uint64_t id;
    const char *name, *hostname, *address, *boot_id;
    const struct blob *secret;
    uint64_t highest_seen;
    uint8_t state; // enum agent_state; kept: LOST, GONE; the others pass
    struct wall since;
    // passing
    uint64_t session; // 0: away
    struct mono heard;
    struct agent_facts *facts; // NULL until it reports
    uint32_t unclean; // attachments it reported that the registry does not know: to be undone before it is used
    // derived (kept by apply, not part of an after-image)
    uint32_t number; // dense, for bitsets
    struct agent_account held;
};

// ---- classes, roles ----

struct class_shared {
    struct shared shared;
    struct class_spec spec;
};

struct class_row {
    uint64_t id;
    const char *name;
    struct class_shared *doc;
    uint64_t version;
    struct wall created;
};

// The classes of one version of the policy, by growing name; each is held.
struct policy_shared {
    struct shared shared;
    VEC(struct class_shared *) classes;
};

struct policy_row {
    uint64_t id;
    uint64_t number;           // versions are numbered from 1
    struct policy_shared *doc; // NULL in a removal that was read from a record
    const char *comment;
    const char *broken; // why some of its classes cannot be read any more, and are left out of it; NULL: it is whole
    symbol principal;   // who made it
    struct wall created, switched; // switched: when it was last switched on; 0: never
    uint64_t before;               // the version that was on before it; 0: none
    bool active;
};

struct role_row { // kept when an operator set something
    uint64_t id;
    symbol name;
    double weight;
};

// ---- reservations, volumes, attachments ----

struct owner {
    symbol role;
    uint64_t framework; // framework id when the role is "*", else 0
};

struct charge { // taken from a pool; a volume also counts as one, a reservation as none
    uint64_t pool;
    struct bytes bytes; // granted, before the pool's charge factor
    struct iops iops;
    struct bandwidth bandwidth;
};

struct reservation_row {
    uint64_t id;
    struct owner owner;
    symbol principal; // empty: none
    uint64_t class;
    struct charge charge;   // what is left of it: volumes made from it carry their own charge
    uint64_t agent;         // of an agent's cpus, memory and disk instead of a pool; 0: of a pool
    struct scalars scalars; // what is left of them: tasks launched from it carry their own
    const char *reason;
    const char *labels;              // model/label.h; NULL: none. Volumes made of it have them
    const struct blob *mesos_labels; // packed mesos.v1.Labels, as its framework gave them; NULL: by none
    struct wall created, expires;
};

struct volume_row {
    uint64_t id;
    struct uuid uuid, fs_uuid;
    const char *name;
    struct owner owner;
    uint64_t class, reservation; // reservation 0: capacity goes straight back to the pool
    struct charge charge;
    struct bytes asked, grow_to; // grow_to: charged for, not yet there; 0 when not growing
    struct iops grow_iops;       // the same of what the grown one gets
    const char *handle, *context, *message, *persistence;
    const char *labels; // model/label.h; NULL: none
    struct wall created, since;
    uint64_t epoch; // highest given to an attachment
    uint64_t last_agent;
    struct milli last_cpus, last_mem;
    symbol principal, fs;
    uint32_t launch_wait_ms;
    uint8_t state, content;                    // enum volume_state, content_state
    uint8_t access, on_release, on_agent_lost; // enum class_access, class_release, class_loss
    bool format_eager, zero_at_create, formats_itself, released;
    // derived
    bool queued; // stands in its role's queue of idle volumes
    uint32_t open_operation_count, attachment_count;
    uint64_t offer; // the offer it stands in
};

enum attachment_purpose { ATTACH_FOR_USE = 1, ATTACH_FOR_FORMAT };
// What is being done now: map and unmap are the driver's halves, publish and unpublish the agent's.
enum attachment_step {
    STEP_IS_MAP = 1,
    STEP_IS_PUBLISH,
    STEP_IS_DONE,
    STEP_IS_UNPUBLISH,
    STEP_IS_UNMAP,
    STEP_IS_FENCE
};

struct attachment_row {
    uint64_t id;
    uint64_t volume, agent, epoch;
    const char *context, *message, *path, *ended_because;
    const char *host;    // who the agent's host was to the storage when it was mapped: a reboot may change that
    const char *warning; // what its agent no longer satisfies (warning.h); NULL: nothing
    struct wall since;
    struct bandwidth bandwidth;   // of the agent's storage bandwidth: what the volume was granted
    uint8_t state, purpose, step; // enum attachment_state, ...
    bool read_only, pinned, granted_format, detach_wanted;
    struct mono retry_at; // passing: when a failed fence or unmap is tried again
};

// ---- operations ----

enum operation_kind {
    OP_RESERVE = 1,
    OP_UNRESERVE,
    OP_CREATE,
    OP_DELETE,
    OP_GROW,
    OP_ATTACH,
    OP_DETACH,
    OP_FENCE,
    OP_PUBLISH,
    OP_UNPUBLISH
};
enum operation_state { OP_OPEN = 1, OP_FINISHED, OP_FAILED, OP_DROPPED };

struct operation_row {
    uint64_t id;
    uint64_t volume, agent, provider, attachment, framework, reservation;
    const char *volume_name;                   // kept: the operation outlives its volume
    const char *message, *framework_operation; // the latter: the framework's own id of it
    const struct blob *status_uuid;            // 16 bytes, while the framework must acknowledge
    struct bytes size;
    struct wall created, ended;
    symbol principal;
    uint8_t kind, state, error; // error: enum err_kind of a failed one
    bool wipe, recarve;         // of a delete: overwrite first; carve the volume anew after it
    // passing
    struct mono resend_at;
    uint32_t resends;
};

// ---- frameworks, tasks, offers ----

enum framework_capability {
    FW_REVOCABLE = 1,
    FW_KILLING = 2,
    FW_GPU = 3,
    FW_SHARED = 4,
    FW_PARTITION_AWARE = 5,
    FW_MULTI_ROLE = 6,
    FW_REFINEMENT = 7,
    FW_REGION = 8
};

struct framework_row {
    uint64_t id;
    const char *text_id, *name, *user;
    const struct blob *info;  // packed mesos.v1.FrameworkInfo
    const struct blob *roles; // array of symbol
    symbol principal;
    uint32_t capabilities; // 1 << enum framework_capability
    bool labelled;         // asked for storage in its offers
    bool completed;
    struct milli failover_timeout; // seconds
    struct wall registered, disconnected;
    // passing
    uint64_t session; // 0: not subscribed
    struct mono disconnected_at;
    const struct blob *suppressed;  // array of symbol
    const struct blob *constraints; // array of struct offer_constraint
    const struct blob *least;       // array of struct offer_least
    uint32_t revived;               // counts REVIVE calls: each clears the refuse filters
};

static inline bool framework_can(const struct framework_row *f, enum framework_capability c) {
    return f->capabilities >> c & 1;
}

struct task_volume {
    uint64_t volume;
    bool read_only;
    char container_path[CONTAINER_PATH_LONGEST + 1];
};

struct task_row {
    uint64_t id;
    const char *text_id;
    uint64_t framework, agent;
    symbol role, user;
    struct scalars resources;
    const struct blob *ports;   // array of struct port_range
    const struct blob *volumes; // array of struct task_volume
    const struct blob *info;    // packed mesos.v1.TaskInfo
    const struct blob *status;  // packed mesos.v1.TaskStatus as its agent said it; NULL: the master's own words below
    const struct blob *update_uuid; // 16 bytes: the latest status waits for the framework's acknowledgement
    const char *message;
    struct wall created, since;
    uint64_t kill_grace_ms;
    int16_t reason; // Mesos' TaskStatus.Reason number of the master's own words, -1 none
    uint8_t state;  // enum task_state
    bool launched, kill_wanted;
    bool agent_waits; // the latest status is its agent's, which keeps it until the framework acknowledged
    // passing
    struct mono wait_until, resend_at;
    uint32_t resends;
};

struct class_amount {
    uint64_t class;
    struct bytes largest;
};

struct offer_row { // passing only
    uint64_t id;
    uint64_t framework, agent; // agent 0: the storage-only offer
    symbol role;
    struct scalars resources, reserved; // reserved: the part that reservations of the role hold
    const struct blob *ports;           // array of struct port_range
    const struct blob *volumes;         // array of uint64_t volume ids
    const struct blob *classes;         // array of struct class_amount
    struct mono made;
    struct mono refuse_until; // in the last image of a declined or accepted offer: until when what is left is withheld
};

// ---- nouns ----

// noun, name, has kept rows
#define NOUNS(X)                                                                                                       \
    X(PROVIDER, provider, true)                                                                                        \
    X(POOL, pool, true)                                                                                                \
    X(AGENT, agent, true)                                                                                              \
    X(CLASS, class, true)                                                                                              \
    X(ROLE, role, true)                                                                                                \
    X(RESERVATION, reservation, true)                                                                                  \
    X(VOLUME, volume, true)                                                                                            \
    X(ATTACHMENT, attachment, true)                                                                                    \
    X(OPERATION, operation, true)                                                                                      \
    X(FRAMEWORK, framework, true)                                                                                      \
    X(TASK, task, true)                                                                                                \
    X(POLICY, policy, true)                                                                                            \
    X(OFFER, offer, false)

enum noun {
#define X(NOUN, name, kept) NOUN_##NOUN,
    NOUNS(X)
#undef X
        NOUN_COUNT
};
const char *noun_name(enum noun noun);

// How rows of a noun are copied and freed.
struct row_kind {
    const char *name;
    uint16_t size;
    uint16_t derived_from; // bytes from here on are derived: kept by apply, never copied by an after-image
    uint16_t texts[8];     // offsets of owned texts, blobs and shared objects; 0 ends (offset 0 is the id)
    uint16_t blobs[8];
    uint16_t shareds[2];
    bool one_block; // the texts of a live row stand in one allocation, in their order here: for nouns of many rows
};
extern const struct row_kind row_kinds[NOUN_COUNT];

// Puts the image into a live row: new texts and blobs are copied, those that changed are freed; derived bytes stay. With
// one_block, texts that did not change may move too: an image that borrows them is not to be read afterwards.
void row_put(const struct row_kind *kind, void *live, const void *image);
// Copies what an image points to into the arena: for an image that outlives its live row. Shared objects stay counted by whom
// they were.
void row_own(const struct row_kind *kind, void *image, struct arena *arena);
// Frees what a live row owns.
void row_done(const struct row_kind *kind, void *live);
void shared_hold(struct shared *s);  // accepts NULL
void shared_leave(struct shared *s); // accepts NULL; the last one drops it

// Typed reading of blobs: count and first item. NULL blobs are empty.
#define blob_count(blob, type) ((blob) ? (size_t)(blob)->size / sizeof(type) : (size_t)0)
#define blob_items(blob, type) ((const type *)(const void *)((blob) ? (blob)->bytes : NULL))

#endif
