// SPDX-License-Identifier: Apache-2.0
// Tasks to messages and back.
#include "wire/task.h"

#include "wire/resources.h"

#define X(state, number, ended) [number] = #state,
static const char *const state_words[] = {TASK_STATES(X)};
#undef X
static const struct words states = {state_words, ARRAY_LEN(state_words)};

static Granary__TaskVolume *task_volume_message(const struct task_volume *v, struct arena *arena) {
    Granary__TaskVolume *m = ARENA_NEW(arena, Granary__TaskVolume);
    granary__task_volume__init(m);
    m->container_path = (char *)v->container_path;
    m->has_read_only = v->read_only;
    m->read_only = v->read_only;
    m->has_volume_id = true;
    m->volume_id = v->volume;
    return m;
}

static void lists_fill(const struct state *s UNUSED, const void *row, void *message, struct arena *arena) {
    const struct task_row *t = row;
    Granary__Task *m = message;
    m->resources = resources_message(&t->resources, blob_items(t->ports, struct port_range),
                                     blob_count(t->ports, struct port_range), arena);
    m->n_volumes = blob_count(t->volumes, struct task_volume);
    m->volumes = arena_zero(arena, m->n_volumes + 1, sizeof *m->volumes);
    for (size_t i = 0; i < m->n_volumes; i++)
        m->volumes[i] = task_volume_message(&blob_items(t->volumes, struct task_volume)[i], arena);
}

static struct err *volumes_read(struct intake *in, const Granary__Task *m, struct task_row *t) {
    if (!m->n_volumes) return NULL;
    size_t size = m->n_volumes * sizeof(struct task_volume);
    struct blob *volumes = arena_zero(in->arena, 1, sizeof *volumes + size);
    volumes->size = (uint32_t)size;
    for (size_t i = 0; i < m->n_volumes; i++) {
        struct task_volume v = {.volume = m->volumes[i]->volume_id, .read_only = m->volumes[i]->read_only};
        size_t length = strlen(m->volumes[i]->container_path);
        if (length >= sizeof v.container_path)
            return err_new(ERR_CORRUPT, "volumes[%zu].container_path: longer than %zu bytes", i,
                           sizeof v.container_path - 1);
        memcpy(v.container_path, m->volumes[i]->container_path, length);
        memcpy(volumes->bytes + i * sizeof v, &v, sizeof v);
    }
    t->volumes = volumes;
    return NULL;
}

static struct err *lists_read(struct intake *in, const void *message, void *row) {
    const Granary__Task *m = message;
    struct task_row *t = row;
    if (m->resources) {
        TRY(err_wrap(scalars_read(m->resources, &t->resources), "resources"));
        TRY(err_wrap(ports_blob_read(in, m->resources, &t->ports), "resources"));
    }
    return volumes_read(in, m, t);
}

static const struct field_map fields[] = {
    FIELD(task_row, 1, TEXT, text_id),
    FIELD(task_row, 4, SYMBOL, role),
    FIELD_WORDS(task_row, 5, WORD, state, &states),
    FIELD(task_row, 6, TEXT, message),
    FIELD(task_row, 9, TIME, created),
    FIELD(task_row, 10, TIME, since),
    FIELD(task_row, 1000, U64, id),
    FIELD(task_row, 1001, U64, framework),
    FIELD(task_row, 1002, U64, agent),
    FIELD(task_row, 1003, BLOB, info),
    FIELD(task_row, 1004, BLOB, status),
    FIELD(task_row, 1005, BLOB, update_uuid),
    FIELD(task_row, 1006, BOOL, launched),
    FIELD(task_row, 1007, BOOL, kill_wanted),
    FIELD(task_row, 1009, SYMBOL, user),
    FIELD(task_row, 1010, U64, kill_grace_ms),
    FIELD(task_row, 1011, REASON, reason),
    FIELD(task_row, 1012, BOOL, agent_waits),
};
const struct noun_map task_map = {&granary__task__descriptor,        fields, ARRAY_LEN(fields), lists_fill, lists_read,
                                  offsetof(struct task_row, text_id)};

Granary__Task *task_message(const struct state *s, const struct task_row *row, struct arena *arena,
                            enum detail detail) {
    Granary__Task *m = fields_message(s, &task_map, row, arena);
    if (detail == DETAIL_RECORD) return m;
    const struct framework_row *framework = state_framework(s, row->framework);
    const struct agent_row *agent = state_agent(s, row->agent);
    m->framework = framework ? (char *)framework->text_id : NULL;
    m->agent = agent ? (char *)agent->name : NULL;
    for (size_t i = 0; i < m->n_volumes; i++) {
        const struct volume_row *v = state_volume(s, m->volumes[i]->volume_id);
        m->volumes[i]->volume = v ? (char *)v->name : NULL;
    }
    return m;
}

struct err *task_row_from(struct intake *in, const Granary__Task *m, struct task_row *ret_row) {
    return fields_read(in, &task_map, m, ret_row);
}
