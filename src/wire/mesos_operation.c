// SPDX-License-Identifier: Apache-2.0
// Statuses of operations: how they ended, and what became of the resources.
#include "wire/mesos_event.h"

#include "core/state.h"
#include "wire/mesos_resource.h"

mesos_event *mesos_operation_event(Mesos__V1__OperationStatus *status, struct arena *arena) {
    mesos_event *event = mesos_event_new(MESOS__V1__SCHEDULER__EVENT__TYPE__UPDATE_OPERATION_STATUS, arena);
    event->update_operation_status =
        mesos_new(arena, &mesos__v1__scheduler__event__update_operation_status__descriptor);
    event->update_operation_status->status = status;
    return event;
}

static Mesos__V1__OperationState operation_state_of(const struct operation_row *o) {
    switch ((enum operation_state)o->state) {
    case OP_OPEN: return MESOS__V1__OPERATION_STATE__OPERATION_PENDING;
    case OP_FINISHED: return MESOS__V1__OPERATION_STATE__OPERATION_FINISHED;
    case OP_FAILED: return MESOS__V1__OPERATION_STATE__OPERATION_FAILED;
    case OP_DROPPED: return MESOS__V1__OPERATION_STATE__OPERATION_DROPPED;
    }
    return MESOS__V1__OPERATION_STATE__OPERATION_UNKNOWN;
}

static mesos_resource *converted_volume(const struct state *s, const struct framework_row *f,
                                        const struct operation_row *o, struct arena *arena) {
    const struct volume_row *v = state_volume(s, o->volume);
    if (!v) return NULL;
    struct mesos_shape shape = mesos_shape_of(s, f, v->owner.role);
    return mesos_volume(s, v, &shape, arena);
}

static mesos_resource *converted_reservation(const struct state *s, const struct framework_row *f, uint64_t id,
                                             struct bytes part, struct arena *arena) {
    const struct reservation_row *r = state_reservation(s, id);
    if (!r) return NULL;
    struct mesos_shape shape = mesos_shape_of(s, f, r->owner.role);
    return mesos_reserved(s, r, part.n ? part : r->charge.bytes, &shape, arena);
}

// A deleted volume that came from a reservation goes back to it.
static mesos_resource *converted_by_delete(const struct state *s, const struct framework_row *f,
                                           const struct operation_row *o, struct arena *arena) {
    const struct volume_row *v = state_volume(s, o->volume);
    uint64_t reservation = o->reservation ? o->reservation : v ? v->reservation : 0;
    struct bytes size = v ? v->charge.bytes : o->size;
    return size.n ? converted_reservation(s, f, reservation, size, arena) : NULL;
}

// What the operation made; NULL when that is nothing, or no longer there.
static mesos_resource *converted(const struct state *s, const struct operation_row *o, struct arena *arena) {
    const struct framework_row *f = state_framework(s, o->framework);
    if (!f || o->state != OP_FINISHED) return NULL;
    switch ((enum operation_kind)o->kind) {
    case OP_CREATE:
    case OP_GROW: return converted_volume(s, f, o, arena);
    case OP_RESERVE: return converted_reservation(s, f, o->reservation, o->size, arena);
    case OP_DELETE: return converted_by_delete(s, f, o, arena);
    default: return NULL;
    }
}

mesos_event *mesos_operation_update(const struct state *s, const struct operation_row *o, bool told,
                                    struct arena *arena) {
    Mesos__V1__OperationStatus *status = mesos_new(arena, &mesos__v1__operation_status__descriptor);
    if (o->framework_operation) status->operation_id = mesos_operation_id(o->framework_operation, arena);
    status->state = operation_state_of(o);
    status->message = arena_text(arena, o->message);
    status->resource_provider_id = mesos_provider_id(arena);
    if (told && o->status_uuid) {
        status->uuid = mesos_new(arena, &mesos__v1__uuid__descriptor);
        status->uuid->value = (ProtobufCBinaryData){o->status_uuid->size, (uint8_t *)o->status_uuid->bytes};
    }
    mesos_resource *made = converted(s, o, arena);
    if (made) {
        status->converted_resources = arena_zero(arena, 1, sizeof made);
        status->converted_resources[status->n_converted_resources++] = made;
    }
    return mesos_operation_event(status, arena);
}
