// SPDX-License-Identifier: Apache-2.0
// Everything that can happen to a registry, as values: what people, frameworks, agents, providers and timers say. All
// pointers are borrowed for the call; texts are checked by decide, not before.
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include "core/draft.h"
#include "core/offer_wish.h"

// ---- people (REST) ----

struct cmd_class_apply {
    const char *name;
    struct class_shared *doc; // its holder count is the caller's
};
struct cmd_policy_apply {
    struct policy_shared *doc; // its holder count is the caller's
    const char *comment;
    bool draft; // is kept, and not switched on
};
struct cmd_policy { // policy_switch, policy_rollback
    uint64_t number;
};
struct cmd_named { // class_remove, provider_remove, agent_remove
    const char *name;
};
struct cmd_role_set {
    symbol role;
    double weight;
};
struct cmd_volume_create {
    struct owner owner;
    const char *name, *class;
    const char *fs; // NULL: the class's
    struct bytes size;
    struct iops iops;
    uint32_t count;     // 1: `name` itself, else name-1 ... name-N, all or none
    bool wait;          // when the provider is away
    const char *labels; // model/label.h; NULL: none
};
struct cmd_volume { // grow (size), delete, publish, unpublish (agent)
    uint64_t volume;
    struct bytes size;
    const char *agent;
    bool read_only;
};
struct cmd_reservation_create {
    struct owner owner;
    const char *class, *reason;
    struct bytes size;
    struct iops iops;
    struct wall expires;
    const char *labels; // of the volumes that will be made of it (model/label.h); NULL: none
};
struct request_volume {
    const char *name;
    const char *const *classes; // any of them will do, the best first
    size_t class_count;
    const char *fs;     // NULL: the class's
    const char *labels; // model/label.h; NULL: none
    struct bytes size;
    struct iops iops;
};
struct cmd_request_apply { // all of it, usable together on one agent, or nothing
    struct owner owner;
    const struct request_volume *volumes;
    size_t volume_count;
    struct milli cpus, mem; // of that agent, kept for the role; thousandths, MiB; 0: none
    int64_t hold_ms;        // how long they are kept; 0: the usual
    const char *agent;      // NULL: any
    const char *reason;     // NULL: none
};
struct cmd_id { // reservation_remove, framework_teardown, framework_gone (with session)
    uint64_t id;
    uint64_t session;
};

// ---- providers ----

struct pool_report {
    const char *name, *instance, *store;
    uint32_t charge_numerator, charge_denominator;
    struct pool_facts *facts;
};
struct cmd_provider_hello {
    const char *name, *driver;
    const char *cluster; // that it joined; NULL: none yet
    const struct blob *secret;
    uint64_t session, highest_seen;
};
struct cmd_provider_report {
    uint64_t provider, session;
    struct provider_facts *facts;
    const struct pool_report *pools;
    size_t pool_count;
};
struct cmd_provider_objects { // everything that the storage lists
    uint64_t provider, session;
    const struct uuid *volumes; // this cluster's, by their names there
    size_t volume_count, foreign;
};
struct cmd_provider_result {
    uint64_t provider, operation;
    bool done, zeroed;
    enum err_kind error;
    const char *message, *handle, *context;
    struct bytes size;
};
struct cmd_session { // provider_gone, agent_gone, heartbeats
    uint64_t who, session, highest_seen;
};

// ---- agents ----

enum publish_state { IS_PUBLISHING = 1, IS_PUBLISHED, IS_UNPUBLISHING, IS_UNPUBLISHED, IS_PUBLISH_FAILED };
struct attachment_report {
    uint64_t attachment, volume, epoch;
    enum publish_state state;
    enum err_kind error;
    const char *message, *path;
    bool formatted, format_began;
    struct uuid fs_uuid;
    struct bytes size;
};
struct cmd_agent_hello {
    const char *name, *hostname, *address, *boot_id;
    const char *cluster; // that it joined; NULL: none yet
    const struct blob *secret;
    uint64_t session, highest_seen;
    const struct attachment_report *attachments;
    size_t attachment_count;
    const uint64_t *tasks; // that the agent still knows
    size_t task_count;
    struct agent_facts *facts;
};
struct cmd_agent_report {
    uint64_t agent, session;
    struct agent_facts *facts;
};
struct cmd_attachment_report {
    uint64_t agent;
    struct attachment_report report;
};
struct cmd_task_status {
    uint64_t agent, task;
    uint8_t state;             // enum task_state
    const struct blob *status; // packed mesos.v1.TaskStatus
    const struct blob *uuid;   // 16 bytes
    const char *message;
};

// ---- frameworks ----

struct cmd_subscribe {
    const char *text_id; // NULL or "": a new framework
    const char *name, *user;
    const struct blob *info;
    const symbol *roles, *suppressed;
    size_t role_count, suppressed_count;
    symbol principal;
    uint32_t capabilities;
    bool labelled;
    const struct offer_constraint *constraints; // of its roles only
    size_t constraint_count;
    const struct offer_least *least;
    size_t least_count;
    struct milli failover_timeout;
    uint64_t session;
};

// A resource as an operation of ACCEPT names it.
enum item_kind { ITEM_CPUS = 1, ITEM_MEM, ITEM_DISK, ITEM_PORTS, ITEM_STORAGE, ITEM_OTHER };
enum disk_type { DISK_NONE, DISK_PATH, DISK_MOUNT, DISK_BLOCK, DISK_RAW }; // numbers as in mesos.v1
struct item {
    enum item_kind kind;
    struct milli amount; // cpus; MiB
    const struct port_range *ports;
    size_t port_count;
    // ITEM_STORAGE: external storage
    enum disk_type disk;
    const char *source_id; // of a RAW part: the reservation's id text; of a MOUNT or BLOCK: the volume's
    const char *profile;   // class
    const char *persistence, *container_path;
    const char *reserved_for; // role of the last reservation; NULL unreserved
    const char *name;
};

enum accept_kind {
    ACCEPT_LAUNCH = 1,
    ACCEPT_RESERVE,
    ACCEPT_UNRESERVE,
    ACCEPT_CREATE,
    ACCEPT_DESTROY,
    ACCEPT_LAUNCH_GROUP,
    ACCEPT_GROW = 11,
    ACCEPT_SHRINK,
    ACCEPT_CREATE_DISK,
    ACCEPT_DESTROY_DISK
};

struct wanted_volume { // a volume in container.volumes of a task (L0): made at this launch when it does not exist
    const char *name, *container_path, *class, *fs;
    struct bytes size; // 0: it must exist
    struct iops iops;
    bool read_only;
    bool options;        // class, size or fs were given
    const char *labels;  // model/label.h; NULL: none
    const char *unknown; // "media=ssd": an option that is none, for which it is refused; NULL: all are known
};
struct task_launch {
    const char *text_id, *user;
    const struct blob *info;
    const struct item *items;
    size_t item_count;
    const struct wanted_volume *volumes;
    size_t volume_count;
    uint64_t kill_grace_ms;
    const char *agent;   // id text in the TaskInfo
    const char *refusal; // why this task cannot run at all (found while reading it); NULL: fine
    const char *unknown; // the option of a volume that it is refused for: maybe a tag; NULL: it is not for that
};
struct accept_operation {
    enum accept_kind kind;
    const char *id;           // NULL: the framework does not want to hear
    const struct item *items; // of RESERVE, UNRESERVE, CREATE, DESTROY; the source of *_DISK and GROW
    size_t item_count;
    enum disk_type target;
    const char *target_profile;
    struct milli grow_by; // MiB
    const struct task_launch *tasks;
    size_t task_count;
    const struct blob *mesos_labels; // of the reservation that the first item names
    const char *labels;              // those of them that a volume may have (model/label.h); NULL: none
    const char *fs;                  // from the label "fs" of the source's metadata or of the reservation
};
struct cmd_accept {
    uint64_t framework;
    const uint64_t *offers; // 0: an id that names no offer of ours
    const char *const *offer_texts;
    size_t offer_count;
    const struct accept_operation *operations;
    size_t operation_count;
    double refuse_seconds;
    const char *refusal; // why nothing is taken on now; NULL: all is well
};
struct cmd_decline {
    uint64_t framework;
    const uint64_t *offers;
    size_t offer_count;
    double refuse_seconds;
};
struct cmd_roles { // revive, suppress
    uint64_t framework;
    const symbol *roles;
    size_t role_count;
};
struct cmd_kill {
    uint64_t framework;
    const char *task;
    uint64_t grace_ms; // UINT64_MAX: the task's own
};
struct cmd_acknowledge {
    uint64_t framework;
    const char *task;      // of a status
    const char *operation; // of an operation's status
    const unsigned char *uuid;
};

// ---- all ----

#define COMMANDS(X)                                                                                                    \
    X(class_apply, struct cmd_class_apply)                                                                             \
    X(class_remove, struct cmd_named)                                                                                  \
    X(policy_apply, struct cmd_policy_apply)                                                                           \
    X(policy_switch, struct cmd_policy)                                                                                \
    X(policy_rollback, struct cmd_policy)                                                                              \
    X(role_set, struct cmd_role_set)                                                                                   \
    X(volume_create, struct cmd_volume_create)                                                                         \
    X(volume_grow, struct cmd_volume)                                                                                  \
    X(volume_delete, struct cmd_volume)                                                                                \
    X(volume_publish, struct cmd_volume)                                                                               \
    X(volume_unpublish, struct cmd_volume)                                                                             \
    X(reservation_create, struct cmd_reservation_create)                                                               \
    X(reservation_remove, struct cmd_id)                                                                               \
    X(request_apply, struct cmd_request_apply)                                                                         \
    X(provider_hello, struct cmd_provider_hello)                                                                       \
    X(provider_report, struct cmd_provider_report)                                                                     \
    X(provider_objects, struct cmd_provider_objects)                                                                   \
    X(provider_result, struct cmd_provider_result)                                                                     \
    X(provider_heard, struct cmd_session)                                                                              \
    X(provider_gone, struct cmd_session)                                                                               \
    X(provider_remove, struct cmd_named)                                                                               \
    X(agent_hello, struct cmd_agent_hello)                                                                             \
    X(agent_report, struct cmd_agent_report)                                                                           \
    X(agent_heard, struct cmd_session)                                                                                 \
    X(agent_gone, struct cmd_session)                                                                                  \
    X(agent_remove, struct cmd_named)                                                                                  \
    X(attachment_report, struct cmd_attachment_report)                                                                 \
    X(task_status, struct cmd_task_status)                                                                             \
    X(subscribe, struct cmd_subscribe)                                                                                 \
    X(framework_gone, struct cmd_id)                                                                                   \
    X(teardown, struct cmd_id)                                                                                         \
    X(accept, struct cmd_accept)                                                                                       \
    X(decline, struct cmd_decline)                                                                                     \
    X(revive, struct cmd_roles)                                                                                        \
    X(suppress, struct cmd_roles)                                                                                      \
    X(kill, struct cmd_kill)                                                                                           \
    X(acknowledge, struct cmd_acknowledge)                                                                             \
    X(acknowledge_operation, struct cmd_acknowledge)                                                                   \
    X(start, char) /* once, after the store was read */                                                                \
    X(allocate, char)                                                                                                  \
    X(tick, char)

enum command_kind {
#define X(name, type) CMD_##name,
    COMMANDS(X)
#undef X
        COMMAND_COUNT
};
const char *command_name(enum command_kind kind);

struct command {
    enum command_kind kind;
    symbol principal;
    unsigned char entropy[16];
    union {
#define X(name, type) type name;
        COMMANDS(X)
#undef X
    };
};

struct explain_wish; // core/explain.h

// What decide tells the asker beside the events.
struct answer {
    VEC(uint64_t) ids;            // made or changed: volumes, operations, reservations, the framework, the agent ...
    VEC(char *) notes;            // sentences about what was made, in an order of the command's own; NULL: none
    struct explain_wish *refusal; // the asker's own, to be told why no pool fits; NULL: the error's sentence will do
};
void answer_done(struct answer *a);

// Decides: adds to the draft what the command changes, or fails and the draft is to be dropped. Pure.
MUST_USE struct err *core_decide(struct draft *d, const struct command *c, struct answer *ret_answer);
// When core_decide wants to be called with CMD_tick or CMD_allocate next; INT64_MAX: never.
struct mono core_next_deadline(const struct state *s, struct now now);
// Whether an allocation is due now.
bool core_allocation_due(const struct state *s, struct now now);

#endif
