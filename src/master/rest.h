// SPDX-License-Identifier: Apache-2.0
// The REST API under /v1/: one row a route, handlers by noun. For src/master only.
#ifndef MASTER_REST_H
#define MASTER_REST_H

#include "master/engine.h"

#include <protobuf-c/protobuf-c.h>

#include "wire/intake.h"

// method, path ('{...}' is any one part), parameters that its query may have (NULL: any, not looked at), body (NULL: none),
// answer, handler, what it does. GET /v1/openapi.json is made of it, and docs/rest.md is held to it.
#define ROUTES(X)                                                                                                      \
    X("GET", "health", NULL, NULL, JSON(200, health_answer), rest_health, "whether the master serves, and changes")    \
    X("GET", "version", NULL, NULL, JSON(200, version_answer), rest_version, "the program's version")                  \
    X("GET", "metrics", NULL, NULL, TEXT("text/plain"), rest_metrics, "figures for Prometheus")                        \
    X("GET", "v1/inventory", "after limit", NULL, JSON(200, inventory), rest_inventory,                                \
      "providers, instances and pools with what is granted and free")                                                  \
    X("DELETE", "v1/providers/{name}", "", NULL, BARE(204), rest_provider_remove,                                      \
      "forgets a provider that is gone for good")                                                                      \
    X("GET", "v1/agents", "after limit", NULL, JSON(200, agent_list), rest_agents, "the agents")                       \
    X("DELETE", "v1/agents/{name}", "", NULL, BARE(204), rest_agent_remove, "forgets an agent that is gone for good")  \
    X("GET", "v1/classes", "after limit", NULL, JSON(200, class_list), rest_classes,                                   \
      "the classes and how much of each can be granted")                                                               \
    X("GET", "v1/classes/{name}", "", NULL, JSON(200, class), rest_class, "one class")                                 \
    X("PUT", "v1/classes/{name}", "", BODY(class), JSON(200, class), rest_class_apply, "makes or changes a class")     \
    X("DELETE", "v1/classes/{name}", "", NULL, BARE(204), rest_class_remove, "removes a class that nothing is of")     \
    X("GET", "v1/policies", "after limit", NULL, JSON(200, policy_list), rest_policies,                                \
      "the versions of the set of all classes")                                                                        \
    X("POST", "v1/policies", "", BODY(policy_apply), JSON(200, policy), rest_policy_apply,                             \
      "makes a version, and switches it on unless it is a draft")                                                      \
    X("GET", "v1/policies/{number}", "", NULL, JSON(200, policy), rest_policy,                                         \
      "one version with its classes, by number or 'active'")                                                           \
    X("POST", "v1/policies/lint", "", BODY(policy_trial), JSON(200, lint_answer), rest_policy_lint,                    \
      "what is doubtful in a policy, by the inventory as it is now")                                                   \
    X("POST", "v1/policies/rehearse", "", BODY(policy_trial), JSON(200, rehearsal), rest_policy_rehearse,              \
      "asks the recorded requests again, under another policy")                                                        \
    X("POST", "v1/policies/{number}/switch", "", NULL, JSON(200, policy), rest_policy_switch,                          \
      "makes its classes the registry's")                                                                              \
    X("POST", "v1/policies/{number}/rollback", "", NULL, JSON(200, policy), rest_policy_rollback,                      \
      "from that version to the one that was on before it")                                                            \
    X("GET", "v1/roles", "after limit", NULL, JSON(200, role_list), rest_roles, "the roles and what they hold")        \
    X("PUT", "v1/roles/{name}", "", BODY(role_set), JSON(200, role), rest_role_set, "sets a role's weight")            \
    X("GET", "v1/volumes", "role class state label after limit", NULL, JSON(200, volume_list), rest_volumes,           \
      "the volumes")                                                                                                   \
    X("POST", "v1/volumes", "after limit", BODY(volume_create), JSON(202, volume_created), rest_volume_create,         \
      "makes volumes, all or none")                                                                                    \
    X("GET", "v1/volumes/{name}", "role", NULL, JSON(200, volume), rest_volume, "one volume, by name or UUID")         \
    X("DELETE", "v1/volumes/{name}", "role", NULL, JSON(202, volume), rest_volume_delete,                              \
      "releases a volume, as its class says")                                                                          \
    X("POST", "v1/volumes/{name}/grow", "role", BODY(volume_grow), JSON(202, volume), rest_volume_grow,                \
      "makes a volume larger")                                                                                         \
    X("POST", "v1/volumes/{name}/publish", "role", BODY(volume_publish), JSON(202, volume), rest_volume_publish,       \
      "attaches, formats if new, and mounts on an agent")                                                              \
    X("POST", "v1/volumes/{name}/unpublish", "role", NULL, JSON(202, volume), rest_volume_unpublish, "the way back")   \
    X("GET", "v1/reservations", "after limit", NULL, JSON(200, reservation_list), rest_reservations,                   \
      "the reservations")                                                                                              \
    X("POST", "v1/reservations", "after limit", BODY(reservation_create), JSON(201, reservation),                      \
      rest_reservation_create, "promises part of a pool to a role")                                                    \
    X("GET", "v1/reservations/{id}", "", NULL, JSON(200, reservation), rest_reservation, "one reservation")            \
    X("DELETE", "v1/reservations/{id}", "", NULL, BARE(204), rest_reservation_remove, "ends a reservation")            \
    X("POST", "v1/requests", "after limit", BODY(request_apply), JSON(202, request_applied), rest_request_apply,       \
      "makes volumes that one agent can use together, all or none")                                                    \
    X("GET", "v1/operations", "after limit", NULL, JSON(200, operation_list), rest_operations,                         \
      "operations, open and lately ended")                                                                             \
    X("GET", "v1/operations/{id}", "", NULL, JSON(200, operation), rest_operation, "one operation")                    \
    X("GET", "v1/offers", "after limit", NULL, JSON(200, offer_list), rest_offers, "outstanding offers")               \
    X("GET", "v1/tasks", "after limit", NULL, JSON(200, task_list), rest_tasks, "the tasks")                           \
    X("GET", "v1/tasks/{id}/output", "framework stream after wait", NULL, JSON(200, task_output), rest_task_output,    \
      "what a task printed")                                                                                           \
    X("GET", "v1/frameworks", "after limit", NULL, JSON(200, framework_list), rest_frameworks, "the frameworks")       \
    X("DELETE", "v1/frameworks/{id}", "", NULL, BARE(202), rest_framework_teardown, "ends a framework and its tasks")  \
    X("GET", "v1/events", "after", NULL, TEXT("text/event-stream"), rest_events,                                       \
      "what happens, as server-sent events")                                                                           \
    X("GET", "v1/explain", "class role agent volume fs size iops after limit", NULL, JSON(200, explanation),           \
      rest_explain, "why a request fits or not")                                                                       \
    X("POST", "v1/explain", "after limit", BODY(explain_request), JSON(200, explanation), rest_explain,                \
      "the same, asked by a body")                                                                                     \
    X("GET", "v1/fits", "class role agent fs size iops limit", NULL, JSON(200, fit_list), rest_fits,                   \
      "the pools to which a request would go now, best first")                                                         \
    X("POST", "v1/fits", "limit", BODY(explain_request), JSON(200, fit_list), rest_fits, "the same, asked by a body")  \
    X("GET", "v1/blast", "domain role after limit", NULL, JSON(200, blast), rest_blast,                                \
      "what stops and what is at risk when a failure domain ends")                                                     \
    X("POST", "v1/plan", "", BODY(plan), JSON(200, plan_answer), rest_plan, "what would happen if; changes nothing")   \
    X("GET", "v1/requests", "after limit", NULL, JSON(200, request_list), rest_requests,                               \
      "what was asked of the broker lately, and what it answered")                                                     \
    X("GET", "v1/openapi.json", "", NULL, TEXT("application/json"), rest_openapi, "this API as an OpenAPI document")   \
    X("GET", "redirect", NULL, NULL, BARE(307), rest_redirect, "where the leading master is")                          \
    X("GET", "master/redirect", NULL, NULL, BARE(307), rest_redirect, "the same")

#define X(method, path, query, body, answer, handler, help) HANDLER(handler);
ROUTES(X)
#undef X

struct route_answer { // when all goes well
    int status;
    const ProtobufCMessageDescriptor *type; // of the JSON; NULL: no message
    const char *media;                      // of what is no message; NULL: nothing, or JSON of `type`
};
struct route {
    const char *method, *path, *query;
    const ProtobufCMessageDescriptor *body;
    struct route_answer answer;
    request_handler *handler;
    const char *help;
};
// What body and answer of a row are in an initializer.
#define BODY(name) &granary__##name##__descriptor
#define JSON(status, name)                                                                                             \
    { status, &granary__##name##__descriptor, NULL }
#define TEXT(media)                                                                                                    \
    { 200, NULL, media }
#define BARE(status)                                                                                                   \
    { status, NULL, NULL }
extern const struct route rest_routes[];
extern const size_t rest_route_count;

// What handlers share (rest.c).
void rest_answer(struct master *m, struct outputs *out, uint64_t exchange, int status, const ProtobufCMessage *message);
// With the status of its kind. `explanation`: what explains it, or NULL.
void rest_error(struct master *m, struct outputs *out, uint64_t exchange, const struct err *e,
                Granary__Explanation *explanation);
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
// The parameters of the query that are fields of that type, texts and numbers (sizes with their units), the first of each name.
MUST_USE struct err *rest_query(const struct request *r, const ProtobufCMessageDescriptor *type, struct arena *arena,
                                void **ret_message);
struct intake rest_intake(struct master *m, struct arena *arena, const struct instant *at);

// One page of a list: rows of a noun that `keep` lets through, made into messages.
struct page {
    uint64_t after;
    size_t limit;
};
enum { PAGE_USUAL = 1000, PAGE_MOST = 10000 };
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
