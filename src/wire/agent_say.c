// SPDX-License-Identifier: Apache-2.0
// What the master says to agents, from rows.
#include "core/volume.h"
#include "wire/agent_link.h"
#include "wire/said.h"
#include "wire/tags.h"

static Granary__ToAgent *to_agent(struct arena *arena) {
    Granary__ToAgent *m = ARENA_NEW(arena, Granary__ToAgent);
    granary__to_agent__init(m);
    return m;
}

Granary__ToAgent *agent_welcome(const struct state *s, const struct session_terms *terms, struct arena *arena) {
    Granary__ToAgent *to = to_agent(arena);
    to->welcome = said_welcome(s, terms, arena);
    return to;
}

// ---- volumes ----

static void publish_content(const struct state *s, const struct attachment_row *a, const struct volume_row *v,
                            const struct pool_row *pool, Granary__Publish *m, struct arena *arena) {
    m->fs = volume_is_raw(s, v) || !v->fs.n ? "raw" : (char *)state_text(s, v->fs);
    m->has_may_format = true;
    m->may_format = a->granted_format && v->content == CONTENT_FORMATTING;
    // Blocks of a pool that does not hand out zeroed ones may hold what others wrote.
    bool zeroed = pool && pool->facts && capability_has(pool->facts->capabilities, IS_ZEROED);
    m->has_zero_first = true;
    m->zero_first = m->may_format && v->zero_at_create && !zeroed;
    if (v->content == CONTENT_FORMATTED) m->fs_uuid = said_uuid_text(v->fs_uuid, arena);
    m->has_read_only = m->has_format_only = m->has_grow_fs = true;
    m->read_only = a->read_only;
    m->format_only = a->purpose == ATTACH_FOR_FORMAT;
    m->grow_fs = v->content == CONTENT_FORMATTED && !a->read_only; // it may have grown while nobody had it
}

static void publish_storage(const struct state *s, const struct attachment_row *a, const struct volume_row *v,
                            const struct pool_row *pool, Granary__Publish *m, struct arena *arena) {
    const struct provider_row *provider = pool ? state_provider(s, pool->provider) : NULL;
    m->driver = provider ? (char *)provider->driver : "";
    m->handle = (char *)v->handle;
    m->create_context = (char *)v->context;
    m->attach_context = (char *)a->context;
    m->size = v->charge.bytes.n;
    if (!pool || !pool->facts) return;
    m->tags = tag_messages(&s->symbols, &pool->facts->tags, arena);
    m->n_tags = pool->facts->tags.count;
}

Granary__ToAgent *agent_publish(const struct state *s, const struct attachment_row *a, struct arena *arena) {
    const struct volume_row *v = state_volume(s, a->volume);
    if (!v) return NULL;
    const struct pool_row *pool = state_pool(s, v->charge.pool);
    Granary__ToAgent *to = to_agent(arena);
    Granary__Publish *m = to->publish = ARENA_NEW(arena, Granary__Publish);
    granary__publish__init(m);
    m->attachment_id = a->id;
    m->volume_id = v->id;
    m->epoch = a->epoch;
    m->volume_uuid = said_uuid_text(v->uuid, arena);
    m->volume_name = (char *)v->name;
    m->cluster = said_cluster(s, arena);
    publish_storage(s, a, v, pool, m, arena);
    publish_content(s, a, v, pool, m, arena);
    return to;
}

Granary__ToAgent *agent_unpublish_unknown(uint64_t attachment, uint64_t volume, uint64_t epoch, struct arena *arena) {
    Granary__ToAgent *to = to_agent(arena);
    Granary__Unpublish *m = to->unpublish = ARENA_NEW(arena, Granary__Unpublish);
    granary__unpublish__init(m);
    m->attachment_id = attachment;
    m->volume_id = volume;
    m->epoch = epoch;
    return to;
}

Granary__ToAgent *agent_unpublish(const struct attachment_row *a, struct arena *arena) {
    return agent_unpublish_unknown(a->id, a->volume, a->epoch, arena);
}

Granary__ToAgent *agent_grow(const struct state *s, const struct attachment_row *a, struct arena *arena) {
    const struct volume_row *v = state_volume(s, a->volume);
    if (!v) return NULL;
    Granary__ToAgent *to = to_agent(arena);
    Granary__Grow *m = to->grow = ARENA_NEW(arena, Granary__Grow);
    granary__grow__init(m);
    m->attachment_id = a->id;
    m->epoch = a->epoch;
    m->size = v->charge.bytes.n;
    return to;
}

// ---- tasks ----

static const struct attachment_row *attachment_here(const struct state *s, uint64_t volume, uint64_t agent) {
    const struct id_list *ids = state_related(s, ATTACHMENTS_OF_VOLUME, volume);
    VEC_EACH (id, ids) {
        const struct attachment_row *a = state_attachment(s, *id);
        if (a->agent == agent) return a;
    }
    return NULL;
}

static bool launch_volumes(const struct state *s, const struct task_row *t, Granary__Launch *m, struct arena *arena) {
    size_t count = blob_count(t->volumes, struct task_volume);
    m->volumes = arena_zero(arena, count + 1, sizeof *m->volumes);
    for (size_t i = 0; i < count; i++) {
        const struct task_volume *v = &blob_items(t->volumes, struct task_volume)[i];
        const struct attachment_row *a = attachment_here(s, v->volume, t->agent);
        if (!a) return false;
        Granary__LaunchVolume *volume = m->volumes[m->n_volumes++] = ARENA_NEW(arena, Granary__LaunchVolume);
        granary__launch_volume__init(volume);
        volume->attachment_id = a->id;
        volume->container_path = (char *)v->container_path;
        volume->has_read_only = true;
        volume->read_only = v->read_only;
    }
    return true;
}

Granary__ToAgent *agent_launch(const struct state *s, const struct task_row *t, struct arena *arena) {
    const struct framework_row *framework = state_framework(s, t->framework);
    Granary__ToAgent *to = to_agent(arena);
    Granary__Launch *m = to->launch = ARENA_NEW(arena, Granary__Launch);
    granary__launch__init(m);
    m->task_number = t->id;
    if (t->info) m->task_info = (ProtobufCBinaryData){t->info->size, (uint8_t *)t->info->bytes};
    m->framework_id = framework ? (char *)framework->text_id : "";
    m->user = t->user.n ? (char *)state_text(s, t->user) : NULL;
    return launch_volumes(s, t, m, arena) ? to : NULL;
}

Granary__ToAgent *agent_kill(const struct task_row *t, struct arena *arena) {
    Granary__ToAgent *to = to_agent(arena);
    Granary__Kill *m = to->kill = ARENA_NEW(arena, Granary__Kill);
    granary__kill__init(m);
    m->task_number = t->id;
    m->has_grace_ms = t->kill_grace_ms != UINT64_MAX;
    m->grace_ms = m->has_grace_ms ? t->kill_grace_ms : 0;
    return to;
}

Granary__ToAgent *agent_status_ack(uint64_t task, const void *uuid, struct arena *arena) {
    Granary__ToAgent *to = to_agent(arena);
    Granary__StatusAck *m = to->status_ack = ARENA_NEW(arena, Granary__StatusAck);
    granary__status_ack__init(m);
    m->task_number = task;
    m->uuid = (ProtobufCBinaryData){16, arena_copy(arena, uuid, 16)};
    return to;
}

Granary__ToAgent *agent_addresses(const struct map *set, struct arena *arena) {
    Granary__ToAgent *to = to_agent(arena);
    Granary__Addresses *m = to->addresses = ARENA_NEW(arena, Granary__Addresses);
    granary__addresses__init(m);
    m->at = arena_zero(arena, map_count(set) + 1, sizeof *m->at);
    MAP_EACH (entry, set) m->at[m->n_at++] = arena_text(arena, entry->key.bytes);
    return to;
}

Granary__ToAgent *agent_read_output(const struct output_wish *wish, struct arena *arena) {
    Granary__ToAgent *to = to_agent(arena);
    Granary__ReadOutput *m = to->read_output = ARENA_NEW(arena, Granary__ReadOutput);
    granary__read_output__init(m);
    m->request = wish->request;
    m->task_number = wish->task;
    m->has_error = m->error = wish->error;
    m->offset = wish->offset;
    m->most = wish->most;
    m->has_wait_ms = wish->wait_ms > 0;
    m->wait_ms = wish->wait_ms;
    return to;
}

Granary__ToAgent *agent_heartbeat(uint64_t seq, struct arena *arena) {
    Granary__ToAgent *to = to_agent(arena);
    to->heartbeat = ARENA_NEW(arena, Granary__Heartbeat);
    granary__heartbeat__init(to->heartbeat);
    to->heartbeat->has_seq = true;
    to->heartbeat->seq = seq;
    return to;
}
