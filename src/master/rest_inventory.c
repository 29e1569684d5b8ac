// SPDX-License-Identifier: Apache-2.0
// REST: the program itself, the inventory, agents, roles, frameworks, tasks, offers, events.
#include "master/turn.h"

#include "granary_api.pb-c.h"
#include "wire/fields.h"
#include "wire/offer.h"
#include "wire/provider.h"
#include "wire/request.h"
#include "wire/role.h"

HANDLER(rest_health) {
    (void)parts, (void)at;
    Granary__HealthAnswer answer = GRANARY__HEALTH_ANSWER__INIT;
    static char ok[] = "ok", full[] = "full", writes[] = "writes";
    answer.status = m->full ? full : ok;
    answer.store = m->full ? m->full : writes;
    answer.has_seq = answer.has_read_only = 1;
    answer.seq = m->durable;
    answer.read_only = m->full != NULL;
    rest_answer(m, out, r->exchange, 200, &answer.base);
    vec_last(&out->list)->after = 0; // says how far the store is, not what waits for it
}

HANDLER(rest_version) {
    (void)parts, (void)at;
    Granary__VersionAnswer answer = GRANARY__VERSION_ANSWER__INIT;
    static char api[] = "v1";
    answer.version = m->version;
    answer.api = api;
    answer.build = m->build;
    rest_answer(m, out, r->exchange, 200, &answer.base);
}

HANDLER(rest_metrics) {
    (void)parts, (void)at;
    AUTO_TEXT struct text text = {0};
    metrics_write(m, &text);
    out_reply(m, out, r->exchange, 200, "text/plain; version=0.0.4; charset=utf-8", text.data, text.size);
}

HANDLER(rest_redirect) {
    (void)parts, (void)at;
    out_reply(m, out, r->exchange, 307, NULL, "", 0);
    struct output *o = vec_last(&out->list);
    free(o->body);
    o->body = mem_format("//%s:%u", m->hostname, m->options.port);
    o->size = 0;
    o->header = (struct header_pair){"Location", o->body};
}

HANDLER(rest_inventory) {
    (void)parts, (void)at;
    AUTO_ARENA struct arena arena = {0};
    Granary__Inventory list = GRANARY__INVENTORY__INIT;
    list.providers = arena_zero(&arena, table_count(&m->state->tables[NOUN_PROVIDER]) + 1, sizeof *list.providers);
    STATE_EACH(PROVIDER, provider_row, p, m->state)
    list.providers[list.n_providers++] = provider_inventory_message(m->state, p, &arena);
    list.has_seq = 1;
    list.seq = m->state->seq;
    rest_answer(m, out, r->exchange, 200, &list.base);
}

// A noun's rows as they are, page by page: LIST(handler, NOUN, type of the list, its message's INIT, field).
#define LIST(handler, NOUN, list_type, INIT, field)                                                                    \
    static void *handler##_message(const struct master *m, const void *row, struct arena *arena) {                     \
        return row_message(m->state, NOUN_##NOUN, row, arena, DETAIL_API);                                             \
    }                                                                                                                  \
    HANDLER(handler) {                                                                                                 \
        (void)parts, (void)at;                                                                                         \
        AUTO_ARENA struct arena arena = {0};                                                                           \
        struct page page;                                                                                              \
        struct err *e = page_read(r, PAGE_USUAL, &page);                                                               \
        if (e) {                                                                                                       \
            rest_finish(m, r, e, out);                                                                                 \
            return;                                                                                                    \
        }                                                                                                              \
        struct page_rows rows = page_collect(m, NOUN_##NOUN, page, NULL, NULL, handler##_message, &arena);             \
        list_type list = INIT;                                                                                         \
        list.field = (void *)rows.messages;                                                                            \
        list.n_##field = rows.count;                                                                                   \
        list.next_page = rows.next;                                                                                    \
        list.has_seq = 1;                                                                                              \
        list.seq = m->state->seq;                                                                                      \
        rest_answer(m, out, r->exchange, 200, &list.base);                                                             \
    }
LIST(rest_agents, AGENT, Granary__AgentList, GRANARY__AGENT_LIST__INIT, agents)
LIST(rest_classes, CLASS, Granary__ClassList, GRANARY__CLASS_LIST__INIT, classes)
LIST(rest_policies, POLICY, Granary__PolicyList, GRANARY__POLICY_LIST__INIT, policies)
LIST(rest_reservations, RESERVATION, Granary__ReservationList, GRANARY__RESERVATION_LIST__INIT, reservations)
LIST(rest_operations, OPERATION, Granary__OperationList, GRANARY__OPERATION_LIST__INIT, operations)
LIST(rest_tasks, TASK, Granary__TaskList, GRANARY__TASK_LIST__INIT, tasks)
LIST(rest_frameworks, FRAMEWORK, Granary__FrameworkList, GRANARY__FRAMEWORK_LIST__INIT, frameworks)

HANDLER(rest_offers) {
    (void)parts;
    AUTO_ARENA struct arena arena = {0};
    Granary__OfferList list = GRANARY__OFFER_LIST__INIT;
    list.offers = arena_zero(&arena, table_count(&m->state->tables[NOUN_OFFER]) + 1, sizeof *list.offers);
    STATE_EACH(OFFER, offer_row, o, m->state)
    list.offers[list.n_offers++] = offer_message(m->state, o, &arena, at->now);
    list.has_seq = 1;
    list.seq = m->state->seq;
    rest_answer(m, out, r->exchange, 200, &list.base);
}

HANDLER(rest_roles) {
    (void)parts, (void)at;
    AUTO_ARENA struct arena arena = {0};
    Granary__RoleList list = GRANARY__ROLE_LIST__INIT;
    list.n_roles = role_messages(m->state, &arena, &list.roles);
    list.has_seq = 1;
    list.seq = m->state->seq;
    rest_answer(m, out, r->exchange, 200, &list.base);
}

static struct err *role_set(struct turn *t, const char *role) {
    struct command c = turn_command(t, CMD_role_set);
    void *body;
    TRY(rest_body(t->r, &granary__role_set__descriptor, &t->arena, &body));
    TRY(role_set_read(&t->in, role, body, &c.role_set));
    TRY(turn_run(t, &c));
    const struct role_row *row = state_role_named(t->m->state, c.role_set.role);
    rest_answer(t->m, t->out, t->r->exchange, 200, &role_message(t->m->state, row, &t->arena, DETAIL_API)->base);
    return NULL;
}

HANDLER(rest_role_set) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, role_set(&t, parts[2]));
}

// What is done by a name alone and answers nothing.
static struct err *named_do(struct turn *t, enum command_kind kind, const char *name) {
    struct command c = turn_command(t, kind);
    c.class_remove = (struct cmd_named){name}; // as all of them
    TRY(turn_run(t, &c));
    out_reply(t->m, t->out, t->r->exchange, 204, NULL, "", 0);
    return NULL;
}

HANDLER(rest_provider_remove) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, named_do(&t, CMD_provider_remove, parts[2]));
}
HANDLER(rest_agent_remove) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, named_do(&t, CMD_agent_remove, parts[2]));
}
HANDLER(rest_class_remove) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, named_do(&t, CMD_class_remove, parts[2]));
}

HANDLER(rest_framework_teardown) {
    const struct framework_row *f = state_framework_named(m->state, parts[2]);
    if (!f || f->completed) {
        rest_finish(m, r, err_new(ERR_NOT_FOUND, "framework '%s': none of that id is registered", parts[2]), out);
        return;
    }
    struct command c = master_command(CMD_teardown, at, master_symbol(m, r->principal));
    c.teardown = (struct cmd_id){.id = f->id};
    master_do(m, &c, at, out);
    out_reply(m, out, r->exchange, 202, NULL, "", 0);
}

HANDLER(rest_events) {
    (void)parts;
    events_subscribe(m, r, at, out);
}
