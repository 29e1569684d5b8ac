// SPDX-License-Identifier: Apache-2.0
// Volumes to messages and back.
#include "wire/volume.h"

#include "core/figure.h"
#include "wire/attachment.h"
#include "wire/labels.h"

#define X(state, name, next) [state] = name,
static const char *const state_words[] = {[VOLUME_STATE_NONE] = NULL, VOLUME_STATES(X)};
static const char *const content_words[] = {[CONTENT_STATE_NONE] = NULL, CONTENT_STATES(X)};
#undef X
static const struct words states = {state_words, ARRAY_LEN(state_words)};
static const struct words contents = {content_words, ARRAY_LEN(content_words)};

static const struct field_map fields[] = {
    FIELD(volume_row, 1, U64, id),
    FIELD(volume_row, 2, TEXT, name),
    FIELD(volume_row, 3, UUID, uuid),
    FIELD(volume_row, 4, SYMBOL, owner.role),
    FIELD(volume_row, 9, U64, asked),
    FIELD(volume_row, 10, U64, charge.bytes),
    FIELD(volume_row, 11, U64, charge.iops),
    FIELD(volume_row, 12, U64, charge.bandwidth),
    FIELD(volume_row, 13, SYMBOL, fs),
    FIELD(volume_row, 14, ENUM, access),
    FIELD_WORDS(volume_row, 15, WORD, state, &states),
    FIELD_WORDS(volume_row, 16, WORD, content, &contents),
    FIELD(volume_row, 17, UUID, fs_uuid),
    FIELD(volume_row, 18, TEXT, message),
    FIELD(volume_row, 20, TIME, created),
    FIELD(volume_row, 21, TIME, since),
    FIELD(volume_row, 22, SYMBOL, principal),
    FIELD(volume_row, 23, U64, reservation),
    FIELD(volume_row, 24, BOOL, formats_itself),
    FIELD(volume_row, 25, ENUM, on_release),
    FIELD(volume_row, 26, ENUM, on_agent_lost),
    FIELD(volume_row, 1000, U64, charge.pool),
    FIELD(volume_row, 1001, U64, class),
    FIELD(volume_row, 1002, U64, epoch),
    FIELD(volume_row, 1003, TEXT, handle),
    FIELD(volume_row, 1004, TEXT, context),
    FIELD(volume_row, 1005, MILLI, last_cpus),
    FIELD(volume_row, 1006, MILLI, last_mem),
    FIELD(volume_row, 1007, U64, last_agent),
    FIELD(volume_row, 1008, BOOL, format_eager),
    FIELD(volume_row, 1009, U32, launch_wait_ms),
    FIELD(volume_row, 1010, TEXT, persistence),
    FIELD(volume_row, 1011, U64, owner.framework),
    FIELD(volume_row, 1012, BOOL, zero_at_create),
    FIELD(volume_row, 1013, BOOL, released),
    FIELD(volume_row, 1014, U64, grow_to),
    FIELD(volume_row, 1016, U64, grow_iops),
    FIELD(volume_row, 1030, TEXT, labels),
};
const struct noun_map volume_map = {&granary__volume__descriptor,     fields, ARRAY_LEN(fields), NULL, NULL,
                                    offsetof(struct volume_row, name)};

static void attachments_list(const struct state *s, Granary__Volume *m, uint64_t volume, struct arena *arena) {
    const struct id_list *ids = state_related(s, ATTACHMENTS_OF_VOLUME, volume);
    m->attachments = arena_zero(arena, ids->count + 1, sizeof *m->attachments);
    VEC_EACH (id, ids)
        m->attachments[m->n_attachments++] = attachment_message(s, state_attachment(s, *id), arena, DETAIL_API);
}

Granary__Volume *volume_message(const struct state *s, const struct volume_row *row, struct arena *arena,
                                enum detail detail) {
    Granary__Volume *m = fields_message(s, &volume_map, row, arena);
    if (detail == DETAIL_RECORD) return m;
    const struct framework_row *framework = state_framework(s, row->owner.framework);
    const struct class_row *class = state_class(s, row->class);
    const struct pool_row *pool = state_pool(s, row->charge.pool);
    const struct provider_row *provider = pool ? state_provider(s, pool->provider) : NULL;
    m->framework = framework ? (char *)framework->name : NULL;
    m->class_ = class ? (char *)class->name : NULL;
    m->provider = provider ? (char *)provider->name : NULL;
    m->pool = pool ? (char *)pool_path(s, pool, arena) : NULL;
    attachments_list(s, m, row->id, arena);
    labels_fill(&m->base, row->labels, arena);
    const struct id_list *open = state_related(s, OPEN_OPERATIONS_OF_VOLUME, row->id);
    struct availability available = figures_of_volume(s, row);
    m->has_availability = available.n != 0;
    m->availability = availability_percent(available);
    m->has_busy = true;
    m->busy = m->n_attachments || open->count;
    m->has_operation = open->count != 0;
    m->operation = open->count ? open->at[open->count - 1] : 0;
    return m;
}

struct err *volume_row_from(struct intake *in, const Granary__Volume *m, struct volume_row *ret_row) {
    return fields_read(in, &volume_map, m, ret_row);
}
