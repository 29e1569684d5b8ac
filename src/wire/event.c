// SPDX-License-Identifier: Apache-2.0
// Events for the stream.
#include "wire/event.h"

static const char *related_title(const struct state *s, const char *volume, uint64_t agent, struct arena *arena) {
    const struct agent_row *a = state_agent(s, agent);
    if (volume && a) return arena_format(arena, "%s on %s", volume, a->name);
    return volume ? volume : a ? a->name : NULL;
}

const char *row_title(const struct state *s, enum noun noun, const void *row, struct arena *arena) {
    const struct attachment_row *attachment = row;
    const struct operation_row *operation = row;
    const struct volume_row *volume = noun == NOUN_ATTACHMENT ? state_volume(s, attachment->volume) : NULL;
    const struct reservation_row *reservation = row;
    const struct offer_row *offer = row;
    switch (noun) {
    case NOUN_PROVIDER: return ((const struct provider_row *)row)->name;
    case NOUN_POOL: return ((const struct pool_row *)row)->name ? pool_path(s, row, arena) : NULL;
    case NOUN_AGENT: return ((const struct agent_row *)row)->name;
    case NOUN_CLASS: return ((const struct class_row *)row)->name;
    case NOUN_ROLE: return state_text(s, ((const struct role_row *)row)->name);
    case NOUN_VOLUME: return ((const struct volume_row *)row)->name;
    case NOUN_FRAMEWORK: return ((const struct framework_row *)row)->name;
    case NOUN_TASK: return ((const struct task_row *)row)->text_id;
    case NOUN_ATTACHMENT: return related_title(s, volume ? volume->name : NULL, attachment->agent, arena);
    case NOUN_OPERATION: return related_title(s, operation->volume_name, operation->agent, arena);
    case NOUN_RESERVATION: return arena_format(arena, "%llu", (unsigned long long)reservation->id);
    case NOUN_OFFER: return arena_format(arena, "%llu", (unsigned long long)offer->id);
    case NOUN_POLICY: return arena_format(arena, "%llu", (unsigned long long)((const struct policy_row *)row)->number);
    case NOUN_COUNT: break;
    }
    return NULL;
}

static void object_put(Granary__Event *m, enum noun noun, void *object) {
    switch (noun) {
    case NOUN_VOLUME: m->volume = object; break;
    case NOUN_ATTACHMENT: m->attachment = object; break;
    case NOUN_OPERATION: m->operation = object; break;
    case NOUN_RESERVATION: m->reservation = object; break;
    case NOUN_CLASS: m->class_ = object; break;
    case NOUN_AGENT: m->agent = object; break;
    case NOUN_PROVIDER: m->provider = object; break;
    case NOUN_FRAMEWORK: m->framework = object; break;
    case NOUN_TASK: m->task = object; break;
    case NOUN_ROLE: m->role = object; break;
    case NOUN_POOL: m->pool = object; break;
    case NOUN_POLICY: m->policy = object; break;
    case NOUN_OFFER:
    case NOUN_COUNT: break;
    }
}

static const char *row_says(enum noun noun, const void *row) {
    switch (noun) {
    case NOUN_VOLUME: return ((const struct volume_row *)row)->message;
    case NOUN_ATTACHMENT: {
        const struct attachment_row *a = row;
        return a->ended_because ? a->ended_because : a->message ? a->message : a->warning;
    }
    case NOUN_OPERATION: return ((const struct operation_row *)row)->message;
    case NOUN_TASK: return ((const struct task_row *)row)->message;
    case NOUN_RESERVATION: return ((const struct reservation_row *)row)->reason;
    case NOUN_POLICY: return ((const struct policy_row *)row)->comment;
    default: return NULL;
    }
}

Granary__Event *event_message(const struct state *s, const struct event *e, uint64_t seq, struct wall wall,
                              const char *principal, struct arena *arena) {
    Granary__Event *m = ARENA_NEW(arena, Granary__Event);
    granary__event__init(m);
    m->has_seq = m->has_time = true;
    m->seq = seq;
    m->time = wall.ms;
    m->kind = (char *)event_name(e->kind);
    m->noun = (char *)noun_name(e->noun);
    m->name = (char *)row_title(s, e->noun, e->row, arena);
    m->principal = principal && *principal ? (char *)principal : NULL;
    m->message = (char *)row_says(e->noun, e->row);
    object_put(m, e->noun, row_message(s, e->noun, e->row, arena, DETAIL_API));
    return m;
}
