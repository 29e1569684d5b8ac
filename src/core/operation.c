// SPDX-License-Identifier: Apache-2.0
// Operations and their one end.
#include "core/operation.h"

static const char *const kind_names[] = {
    [OP_RESERVE] = "reserve", [OP_UNRESERVE] = "unreserve", [OP_CREATE] = "create", [OP_DELETE] = "delete",
    [OP_GROW] = "grow",       [OP_ATTACH] = "attach",       [OP_DETACH] = "detach", [OP_FENCE] = "fence",
    [OP_PUBLISH] = "publish", [OP_UNPUBLISH] = "unpublish",
};
static const char *const state_names[] = {
    [OP_OPEN] = "open", [OP_FINISHED] = "finished", [OP_FAILED] = "failed", [OP_DROPPED] = "dropped"};

const char *operation_kind_name(enum operation_kind kind) {
    return kind_names[kind];
}
const char *operation_state_name(enum operation_state state) {
    return state_names[state];
}

struct operation_row *operation_open(struct draft *d, enum operation_kind kind, const struct volume_row *v) {
    const struct pool_row *pool = draft_pool(d, v->charge.pool);
    must(pool);
    struct operation_row *o = draft_add(d, NOUN_OPERATION, EV_operation_opened);
    o->kind = (uint8_t)kind;
    o->state = OP_OPEN;
    o->volume = v->id;
    o->volume_name = draft_text(d, v->name);
    o->provider = pool->provider;
    o->principal = d->principal;
    o->created = d->now.wall;
    return o;
}

static void operation_await_acknowledgement(struct draft *d, struct operation_row *o) {
    struct uuid uuid = draft_uuid(d);
    o->status_uuid = draft_blob(d, uuid.bytes, sizeof uuid.bytes);
    o->resend_at = (struct mono){d->now.mono.ms + d->state->timing.resend_ms};
}

struct operation_row *operation_record(struct draft *d, enum operation_kind kind, uint64_t framework, const char *id) {
    struct operation_row *o = draft_add(d, NOUN_OPERATION, EV_operation_finished);
    o->kind = (uint8_t)kind;
    o->state = OP_FINISHED;
    o->framework = framework;
    o->framework_operation = id;
    o->principal = d->principal;
    o->created = o->ended = d->now.wall;
    operation_await_acknowledgement(d, o);
    return o;
}

static bool operation_is_internal(const struct operation_row *o) {
    return o->kind == OP_ATTACH || o->kind == OP_DETACH || o->kind == OP_FENCE;
}

void operation_end(struct draft *d, uint64_t operation, enum operation_state state, enum err_kind error,
                   const char *message) {
    enum event_kind kind = state == OP_FINISHED ? EV_operation_finished : EV_operation_failed;
    struct operation_row *o = edit_operation(d, operation, kind);
    must(o->state == OP_OPEN && state != OP_OPEN);
    o->state = (uint8_t)state;
    o->error = (uint8_t)error;
    o->message = message;
    o->ended = d->now.wall;
    if (o->framework_operation)
        operation_await_acknowledgement(d, o);
    else if (operation_is_internal(o))
        draft_remove(d, NOUN_OPERATION, operation, kind);
}

void operation_acknowledge(struct draft *d, uint64_t operation) {
    draft_remove(d, NOUN_OPERATION, operation, EV_operation_forgotten);
}

void operations_prune(struct draft *d) {
    const struct table *t = &d->state->tables[NOUN_OPERATION];
    if (table_count(t) <= OPERATIONS_KEPT) return;
    size_t ended = 0;
    TABLE_EACH(const struct operation_row, o, t) ended += o->state != OP_OPEN && !o->status_uuid;
    TABLE_EACH(const struct operation_row, old, t) {
        if (ended <= OPERATIONS_KEPT) return;
        if (old->state == OP_OPEN || old->status_uuid) continue;
        draft_remove(d, NOUN_OPERATION, old->id, EV_operation_forgotten);
        ended--;
    }
}

uint64_t operation_of_attachment(const struct draft *d, const struct attachment_row *a) {
    struct id_list open = draft_related(d, OPEN_OPERATIONS_OF_VOLUME, a->volume);
    VEC_EACH (id, &open) {
        if (draft_operation(d, *id)->attachment == a->id) return *id;
    }
    return 0;
}
