// SPDX-License-Identifier: Apache-2.0
// Reservations to messages and back.
#include "wire/reservation.h"

#include "wire/labels.h"

static const struct field_map fields[] = {
    FIELD(reservation_row, 1, U64, id),
    FIELD(reservation_row, 2, SYMBOL, owner.role),
    FIELD(reservation_row, 4, SYMBOL, principal),
    FIELD(reservation_row, 7, U64, charge.bytes),
    FIELD(reservation_row, 8, U64, charge.iops),
    FIELD(reservation_row, 9, U64, charge.bandwidth),
    FIELD(reservation_row, 10, TEXT, reason),
    FIELD(reservation_row, 11, TIME, created),
    FIELD(reservation_row, 12, TIME, expires),
    FIELD(reservation_row, 14, MILLI, scalars.cpus),
    FIELD(reservation_row, 15, MILLI, scalars.mem),
    FIELD(reservation_row, 16, MILLI, scalars.disk),
    FIELD(reservation_row, 1000, U64, charge.pool),
    FIELD(reservation_row, 1001, U64, class),
    FIELD(reservation_row, 1002, U64, owner.framework),
    FIELD(reservation_row, 1003, BLOB, mesos_labels),
    FIELD(reservation_row, 1005, U64, agent),
    FIELD(reservation_row, 1030, TEXT, labels),
};
const struct noun_map reservation_map = {&granary__reservation__descriptor, fields, ARRAY_LEN(fields), NULL, NULL};

Granary__Reservation *reservation_message(const struct state *s, const struct reservation_row *row, struct arena *arena,
                                          enum detail detail) {
    Granary__Reservation *m = fields_message(s, &reservation_map, row, arena);
    if (detail == DETAIL_RECORD) return m;
    const struct framework_row *framework = state_framework(s, row->owner.framework);
    const struct class_row *class = state_class(s, row->class);
    const struct pool_row *pool = state_pool(s, row->charge.pool);
    m->framework = framework ? (char *)framework->name : NULL;
    m->class_ = class ? (char *)class->name : NULL;
    m->pool = pool ? (char *)pool_path(s, pool, arena) : NULL;
    const struct agent_row *agent = state_agent(s, row->agent);
    m->agent = agent ? (char *)agent->name : NULL;
    labels_fill(&m->base, row->labels, arena);
    m->has_size = !row->agent; // 0 is worth saying: all of it is in volumes
    return m;
}

struct err *reservation_row_from(struct intake *in, const Granary__Reservation *m, struct reservation_row *ret_row) {
    return fields_read(in, &reservation_map, m, ret_row);
}
