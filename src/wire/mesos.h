// SPDX-License-Identifier: Apache-2.0
// The Mesos v1 scheduler API: calls to commands, rows to events. Agent, offer and reservation ids are decimal numbers as
// text; a volume's is its UUID; the storage-only offer's agent is "granary".
#ifndef WIRE_MESOS_H
#define WIRE_MESOS_H

#include "core/command.h"
#include "mesos_v1_scheduler.pb-c.h"

typedef Mesos__V1__Scheduler__Call mesos_call;
typedef Mesos__V1__Scheduler__Event mesos_event;

#define MESOS_STORAGE_AGENT "granary"

struct mesos_master { // what frameworks are told of us
    const char *hostname, *version;
    uint32_t ip; // network byte order
    uint16_t port;
    int64_t heartbeat_ms;
};

// ---- calls. Everything borrowed lives in the arena or the call. Roles, users, filesystems are interned. ----

// Section 8.1 of the protocol: type, the body it needs, ids that agree, a UUID of 16 bytes. INVALID, or UNSUPPORTED (501)
// for an unknown type. The sentence is for the framework.
MUST_USE struct err *mesos_call_check(const mesos_call *call);
// FrameworkInfo: INVALID sentences become ERROR events of a stream that is then closed.
MUST_USE struct err *mesos_subscribe_read(struct symbols *s, const mesos_call *call, struct arena *arena,
                                          struct cmd_subscribe *ret);
void mesos_accept_read(struct symbols *s, const mesos_call *call, uint64_t framework, struct arena *arena,
                       struct cmd_accept *ret);
void mesos_decline_read(const mesos_call *call, uint64_t framework, struct arena *arena, struct cmd_decline *ret);
void mesos_roles_read(struct symbols *s, const mesos_call *call, uint64_t framework, struct arena *arena,
                      struct cmd_roles *ret); // REVIVE, SUPPRESS
void mesos_kill_read(const mesos_call *call, uint64_t framework, struct cmd_kill *ret);
void mesos_acknowledge_read(const mesos_call *call, uint64_t framework,
                            struct cmd_acknowledge *ret); // also of an operation

// ---- events, in the arena ----

mesos_event *mesos_subscribed(const struct state *s, const struct mesos_master *master, const struct framework_row *f,
                              struct arena *arena);
// Offers that exist; at most as many as fit in about 1 MiB of JSON: *ret_used says how many of `offers` went in.
mesos_event *mesos_heartbeat(struct arena *arena);
mesos_event *mesos_offers(const struct state *s, const struct mesos_master *master, const struct framework_row *f,
                          const uint64_t *offers, size_t count, struct arena *arena, size_t *ret_used);
mesos_event *mesos_rescind(uint64_t offer, struct arena *arena);
// The latest status of a task, shaped for what its framework understands. `told`: with the UUID that is to be acknowledged;
// else as an answer to reconciliation.
mesos_event *mesos_update(const struct state *s, const struct task_row *t, bool told, struct arena *arena);
mesos_event *mesos_operation_update(const struct state *s, const struct operation_row *o, bool told,
                                    struct arena *arena);
mesos_event *mesos_notice(const struct state *s, const struct notice *n, struct arena *arena);
mesos_event *mesos_failure(const struct state *s, uint64_t agent, struct arena *arena);
mesos_event *mesos_error(const char *message, struct arena *arena);
// RECONCILE: what is to be answered, one event a task; RECONCILE_OPERATIONS likewise. Into the arena, returns how many.
size_t mesos_reconcile(const struct state *s, const mesos_call *call, uint64_t framework, struct arena *arena,
                       mesos_event ***ret_events);
size_t mesos_reconcile_operations(const struct state *s, const mesos_call *call, uint64_t framework,
                                  struct arena *arena, mesos_event ***ret_events);

// A packed mesos.v1.TaskStatus from an agent, as a command's fields (state, message, uuid).
MUST_USE struct err *mesos_status_read(const void *bytes, size_t size, struct arena *arena,
                                       struct cmd_task_status *ret);

#endif
