// SPDX-License-Identifier: Apache-2.0
// The registry's identity to and from bytes.
#include "wire/cluster.h"

#include "codec/message.h"
#include "granary_record.pb-c.h"

void cluster_pack(const struct state *s, struct text *to) {
    char id[UUID_TEXT];
    uuid_text(s->cluster.id, id);
    Granary__Cluster m = GRANARY__CLUSTER__INIT;
    m.id = id;
    m.has_generation = m.has_schema = m.has_next_id = 1;
    m.generation = s->cluster.generation;
    m.schema = CLUSTER_SCHEMA;
    m.next_id = s->last_id + 1;
    message_pack(&m.base, to);
}

struct err *cluster_unpack(struct state *s, const void *bytes, size_t size) {
    AUTO_ARENA struct arena arena = {0};
    void *unpacked;
    TRY(err_wrap(message_unpack(&granary__cluster__descriptor, bytes, size, &arena, &unpacked),
                 "the registry's identity"));
    const Granary__Cluster *m = unpacked;
    if (m->schema > CLUSTER_SCHEMA)
        return err_new(
            ERR_UNSUPPORTED,
            "the registry has schema %u and this program knows up to %d: start the newer program that wrote it",
            m->schema, CLUSTER_SCHEMA);
    struct uuid id;
    if (!m->id || !uuid_parse(m->id, &id) || !m->generation || m->generation >= 1u << 16 || !m->next_id)
        return err_new(ERR_CORRUPT,
                       "the registry's identity: cluster id, generation or next id is missing or out of range");
    s->cluster = (struct cluster){.id = id, .generation = m->generation};
    if (m->next_id - 1 > s->last_id) s->last_id = m->next_id - 1;
    return NULL;
}
