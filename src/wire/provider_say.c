// SPDX-License-Identifier: Apache-2.0
// What the master says to providers, from rows.
#include "wire/agent_link.h"
#include "wire/provider_link.h"
#include "wire/said.h"
#include "wire/tags.h"

static Granary__ToProvider *to_provider(struct arena *arena) {
    Granary__ToProvider *m = ARENA_NEW(arena, Granary__ToProvider);
    granary__to_provider__init(m);
    return m;
}

Granary__ToProvider *provider_welcome(const struct state *s, const struct session_terms *terms, struct arena *arena) {
    Granary__ToProvider *to = to_provider(arena);
    to->welcome = said_welcome(s, terms, arena);
    return to;
}

static void place_fill(const struct state *s, const struct volume_row *v, Granary__ProviderOperation *m,
                       struct arena *arena) {
    const struct pool_row *pool = state_pool(s, v->charge.pool);
    if (!pool) return;
    m->instance = (char *)pool->instance;
    m->pool = (char *)pool->name;
    if (!pool->facts) return;
    m->tags = tag_messages(&s->symbols, &pool->facts->tags, arena);
    m->n_tags = pool->facts->tags.count;
}

static uint64_t operation_bytes(const struct operation_row *o, const struct volume_row *v) {
    if (o->kind != OP_GROW) return v->charge.bytes.n;
    return v->grow_to.n ? v->grow_to.n : o->size.n ? o->size.n : v->charge.bytes.n;
}

static void volume_fill(const struct state *s, const struct operation_row *o, const struct volume_row *v,
                        Granary__ProviderOperation *m, struct arena *arena) {
    m->volume_id = v->id;
    m->volume_uuid = said_uuid_text(v->uuid, arena);
    m->volume_name = (char *)v->name;
    m->has_size = true;
    m->size = operation_bytes(o, v);
    m->has_iops = v->charge.iops.n > 0;
    m->iops = v->charge.iops.n;
    m->has_bandwidth = v->charge.bandwidth.n > 0;
    m->bandwidth = v->charge.bandwidth.n;
    m->fs = v->fs.n ? (char *)state_text(s, v->fs) : NULL;
    m->handle = (char *)v->handle;
    m->create_context = (char *)v->context;
    m->has_many_hosts = true;
    m->many_hosts = v->access != ACCESS_SINGLE_WRITER;
    m->has_zero = m->has_wipe = true;
    m->zero = o->kind == OP_CREATE && v->zero_at_create;
    m->wipe = o->wipe;
}

static void host_fill(const struct state *s, const struct operation_row *o, Granary__ProviderOperation *m) {
    const struct attachment_row *a = state_attachment(s, o->attachment);
    if (a) {
        m->has_attachment_id = m->has_epoch = m->has_read_only = true;
        m->attachment_id = a->id;
        m->epoch = a->epoch;
        m->read_only = a->read_only;
        m->attach_context = (char *)a->context;
        m->host_identity = (char *)a->host;
    }
    const struct agent_row *agent = state_agent(s, a ? a->agent : o->agent);
    if (agent) m->agent_name = (char *)agent->name;
}

Granary__ToProvider *provider_operation(const struct state *s, const struct operation_row *o, struct arena *arena) {
    const struct volume_row *v = state_volume(s, o->volume);
    if (!v) return NULL;
    Granary__ToProvider *to = to_provider(arena);
    Granary__ProviderOperation *m = to->operation = ARENA_NEW(arena, Granary__ProviderOperation);
    granary__provider_operation__init(m);
    m->operation_id = o->id;
    m->kind = (Granary__OperationKind)o->kind;
    place_fill(s, v, m, arena);
    volume_fill(s, o, v, m, arena);
    host_fill(s, o, m);
    return to;
}

Granary__ToProvider *provider_heartbeat(uint64_t seq, struct arena *arena) {
    Granary__ToProvider *to = to_provider(arena);
    to->heartbeat = ARENA_NEW(arena, Granary__Heartbeat);
    granary__heartbeat__init(to->heartbeat);
    to->heartbeat->has_seq = true;
    to->heartbeat->seq = seq;
    return to;
}
