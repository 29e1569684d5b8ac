// SPDX-License-Identifier: Apache-2.0
// The event stream for people and programs: server-sent events of what is kept, resumed from recent journal entries.
#include "master/rest.h"

#include "codec/json_write.h"
#include "granary_model.pb-c.h"
#include "wire/event.h"
#include "wire/record.h"

void events_remember(struct master *m, uint64_t seq, const void *bytes, size_t size) {
    if (m->recent.count >= 2 * RECENT_ENTRIES) { // half of them are dropped at once, so that remembering stays cheap
        for (size_t i = 0; i < RECENT_ENTRIES; i++) free(m->recent.at[i].bytes);
        vec_skip(&m->recent, RECENT_ENTRIES);
    }
    vec_push(&m->recent, ((struct kept_entry){seq, mem_copy(bytes, size), size}));
}

static void event_write(const struct state *s, const struct event *e, uint64_t seq, struct wall wall,
                        const char *principal, struct text *to) {
    AUTO_ARENA struct arena arena = {0};
    Granary__Event *message = event_message(s, e, seq, wall, principal, &arena);
    text_addf(to, "id: %llu\nevent: %s\ndata: ", (unsigned long long)seq, event_name(e->kind));
    json_write(to, &message->base, JSON_PUBLIC);
    text_add(to, "\n\n");
}

static bool anybody_listens(const struct master *m) {
    MAP_EACH (entry, &m->sessions) {
        if (((struct session *)entry->value.p)->kind == SESSION_EVENTS) return true;
    }
    return false;
}

// Of what has no name (any more): its number, by which lists and other events know it.
static void nameless_write(const struct event *e, const struct record *record, struct text *to) {
    text_addf(to, "id: %llu\nevent: %s\ndata: {\"seq\":%llu,\"time\":%lld,\"kind\":\"%s\",\"noun\":\"%s\"",
              (unsigned long long)record->seq, event_name(e->kind), (unsigned long long)record->seq,
              (long long)record->wall.ms, event_name(e->kind), noun_name(e->noun));
    if (e->noun == NOUN_OPERATION)
        text_addf(to, ",\"name\":\"%llu\"", (unsigned long long)((const struct operation_row *)e->row)->id);
    text_add(to, "}\n\n");
}

static void entry_write(struct master *m, const struct kept_entry *entry, struct text *to) {
    AUTO_ARENA struct arena arena = {0};
    struct intake in = {.symbols = &m->state->symbols, .arena = &arena};
    struct record record;
    AUTO_ERR struct err *e = record_unpack(&in, entry->bytes, entry->size, &record);
    for (size_t i = 0; !e && i < record.count; i++) {
        const struct event *event = &record.events[i];
        if (row_title(m->state, event->noun, event->row, &arena)) {
            event_write(m->state, event, record.seq, record.wall, record.principal, to);
            continue;
        }
        nameless_write(event, &record, to);
    }
    intake_done(&in);
}

// Told from its journal entry, as it would be later on: rows of the draft that were removed are no longer whole here.
void events_tell(struct master *m, uint64_t seq, struct outputs *out) {
    if (!m->listeners || !anybody_listens(m)) return;
    AUTO_TEXT struct text text = {0};
    if (m->recent.count && vec_last(&m->recent)->seq == seq) entry_write(m, vec_last(&m->recent), &text);
    if (!text.size) return;
    MAP_EACH (entry, &m->sessions) {
        const struct session *s = entry->value.p;
        if (s->kind == SESSION_EVENTS) out_bytes(m, out, s->stream, text.data, text.size);
    }
}

void events_subscribe(struct master *m, const struct request *r, const struct instant *at, struct outputs *out) {
    uint64_t after = m->state->seq;
    const char *resume = request_header(r, "Last-Event-ID");
    AUTO_FREE char *asked = request_query(r, "after");
    if (asked && !text_to_u64(asked, &after)) {
        AUTO_ERR struct err *e = err_new(ERR_INVALID, "events: after='%s' is not a sequence number", asked);
        rest_error(m, out, r->exchange, e, NULL);
        return;
    }
    uint64_t seen;
    if (resume && text_to_u64(resume, &seen))
        after = seen; // the same address asked again goes on from what it heard last
    uint64_t oldest = m->recent.count ? m->recent.at[0].seq : m->state->seq + 1;
    if (after + 1 < oldest && oldest > 2) { // the first entry of a registry is empty
        AUTO_ERR struct err *e = err_new(ERR_NOT_FOUND,
                                         "events: entries after %llu are no longer at hand, the oldest is %llu; list "
                                         "the objects and follow from there",
                                         (unsigned long long)after, (unsigned long long)oldest);
        rest_error(m, out, r->exchange, e, NULL);
        return;
    }
    session_open(m, r->exchange, SESSION_EVENTS, 0, at);
    m->listeners = true;
    out_stream_open(m, out, r->exchange, "text/event-stream", "Cache-Control", "no-store");
    AUTO_TEXT struct text text = {0};
    text_addf(&text, ": granary events after %llu\n\n", (unsigned long long)after);
    VEC_EACH (entry, &m->recent) {
        if (entry->seq > after) entry_write(m, entry, &text);
    }
    out_bytes(m, out, r->exchange, text.data, text.size);
}
