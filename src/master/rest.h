// SPDX-License-Identifier: Apache-2.0
// The REST API under /v1/: one row a route, handlers by noun. For src/master only.
#ifndef MASTER_REST_H
#define MASTER_REST_H

#include "master/engine.h"

#include <protobuf-c/protobuf-c.h>

#include "wire/intake.h"

// method, path ('*' is one part), parameters that its query may have (NULL: any, not looked at), handler, what it does
#define ROUTES(X)                                                                                                      \
    X("GET", "health", NULL, rest_health, "whether the master serves, and changes")                                    \
    X("GET", "version", NULL, rest_version, "the program's version")                                                   \
    X("GET", "metrics", NULL, rest_metrics, "figures for Prometheus")                                                  \
    X("GET", "v1/inventory", "after limit", rest_inventory,                                                            \
      "providers, instances and pools with what is granted and free")                                                  \
    X("DELETE", "v1/providers/*", "", rest_provider_remove, "forgets a provider that is gone for good")                \
    X("GET", "v1/agents", "after limit", rest_agents, "the agents")                                                    \
    X("DELETE", "v1/agents/*", "", rest_agent_remove, "forgets an agent that is gone for good")                        \
    X("GET", "v1/classes", "after limit", rest_classes, "the classes and how much of each can be granted")             \
    X("GET", "v1/classes/*", "", rest_class, "one class")                                                              \
    X("PUT", "v1/classes/*", "", rest_class_apply, "makes or changes a class")                                         \
    X("DELETE", "v1/classes/*", "", rest_class_remove, "removes a class that nothing is of")                           \
    X("GET", "v1/policies", "after limit", rest_policies, "the versions of the set of all classes")                    \
    X("POST", "v1/policies", "", rest_policy_apply, "makes a version, and switches it on unless it is a draft")        \
    X("GET", "v1/policies/*", "", rest_policy, "one version with its classes, by number or 'active'")                  \
    X("POST", "v1/policies/lint", "", rest_policy_lint, "what is doubtful in a policy, by the inventory as it is now") \
    X("POST", "v1/policies/rehearse", "", rest_policy_rehearse,                                                        \
      "asks the recorded requests again, under another policy")                                                        \
    X("POST", "v1/policies/*/switch", "", rest_policy_switch, "makes its classes the registry's")                      \
    X("POST", "v1/policies/*/rollback", "", rest_policy_rollback,                                                      \
      "from that version to the one that was on before it")                                                            \
    X("GET", "v1/roles", "after limit", rest_roles, "the roles and what they hold")                                    \
    X("PUT", "v1/roles/*", "", rest_role_set, "sets a role's weight")                                                  \
    X("GET", "v1/volumes", "role class state label after limit", rest_volumes, "the volumes")                          \
    X("POST", "v1/volumes", "after limit", rest_volume_create, "makes volumes, all or none")                           \
    X("GET", "v1/volumes/*", "role", rest_volume, "one volume, by name or UUID")                                       \
    X("DELETE", "v1/volumes/*", "role", rest_volume_delete, "releases a volume, as its class says")                    \
    X("POST", "v1/volumes/*/grow", "role", rest_volume_grow, "makes a volume larger")                                  \
    X("POST", "v1/volumes/*/publish", "role", rest_volume_publish, "attaches, formats if new, and mounts on an agent") \
    X("POST", "v1/volumes/*/unpublish", "role", rest_volume_unpublish, "the way back")                                 \
    X("GET", "v1/reservations", "after limit", rest_reservations, "the reservations")                                  \
    X("POST", "v1/reservations", "after limit", rest_reservation_create, "promises part of a pool to a role")          \
    X("GET", "v1/reservations/*", "", rest_reservation, "one reservation")                                             \
    X("DELETE", "v1/reservations/*", "", rest_reservation_remove, "ends a reservation")                                \
    X("POST", "v1/requests", "after limit", rest_request_apply,                                                        \
      "makes volumes that one agent can use together, all or none")                                                    \
    X("GET", "v1/operations", "after limit", rest_operations, "operations, open and lately ended")                     \
    X("GET", "v1/operations/*", "", rest_operation, "one operation")                                                   \
    X("GET", "v1/offers", "after limit", rest_offers, "outstanding offers")                                            \
    X("GET", "v1/tasks", "after limit", rest_tasks, "the tasks")                                                       \
    X("GET", "v1/tasks/*/output", "framework stream after wait", rest_task_output, "what a task printed")              \
    X("GET", "v1/frameworks", "after limit", rest_frameworks, "the frameworks")                                        \
    X("DELETE", "v1/frameworks/*", "", rest_framework_teardown, "ends a framework and its tasks")                      \
    X("GET", "v1/events", "after", rest_events, "what happens, as server-sent events")                                 \
    X("GET", "v1/explain", "class role agent volume fs size iops after limit", rest_explain,                           \
      "why a request fits or not")                                                                                     \
    X("POST", "v1/explain", "after limit", rest_explain, "the same, asked by a body")                                  \
    X("GET", "v1/fits", "class role agent fs size iops limit", rest_fits,                                              \
      "the pools to which a request would go now, best first")                                                         \
    X("POST", "v1/fits", "limit", rest_fits, "the same, asked by a body")                                              \
    X("GET", "v1/blast", "domain role after limit", rest_blast,                                                        \
      "what stops and what is at risk when a failure domain ends")                                                     \
    X("POST", "v1/plan", "", rest_plan, "what would happen if; changes nothing")                                       \
    X("GET", "v1/requests", "after limit", rest_requests, "what was asked of the broker lately, and what it answered") \
    X("GET", "redirect", NULL, rest_redirect, "where the leading master is")                                           \
    X("GET", "master/redirect", NULL, rest_redirect, "the same")

#define X(method, path, query, handler, help) HANDLER(handler);
ROUTES(X)
#undef X

// What handlers share (rest.c).
void rest_answer(struct master *m, struct outputs *out, uint64_t exchange, int status, const ProtobufCMessage *message);
// The row as its message; 204 when it is not there any more.
void rest_answer_row(struct master *m, const struct request *r, int status, enum noun noun, uint64_t id,
                     struct outputs *out);
void rest_finish(struct master *m, const struct request *r, struct err *e,
                 struct outputs *out); // given; an error is answered
// The JSON body as a message of that type. An empty body is an empty object.
MUST_USE struct err *rest_body(const struct request *r, const ProtobufCMessageDescriptor *type, struct arena *arena,
                               void **ret_message);
// The same of a consumer: who names a tag in it learns which class to ask for.
MUST_USE struct err *rest_consumer_body(const struct master *m, const struct request *r,
                                        const ProtobufCMessageDescriptor *type, struct arena *arena,
                                        void **ret_message);
struct intake rest_intake(struct master *m, struct arena *arena, const struct instant *at);

// One page of a list: rows of a noun that `keep` lets through, made into messages.
struct page {
    uint64_t after;
    size_t limit;
};
enum { PAGE_USUAL = 1000 };
// `usual`: the limit when the query has none.
MUST_USE struct err *page_read(const struct request *r, size_t usual, struct page *ret_page);
typedef bool page_keep(const struct master *m, const void *row, const void *filter);
typedef void *page_message(const struct master *m, const void *row, struct arena *arena);
struct page_rows {
    void **messages;
    size_t count;
    char *next; // in the arena; NULL at the end
};
struct page_rows page_collect(const struct master *m, enum noun noun, struct page page, page_keep *keep,
                              const void *filter, page_message *message, struct arena *arena);

#endif
