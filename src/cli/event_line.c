// SPDX-License-Identifier: Apache-2.0
// Events: the stream's framing, and lines for people.
#include "cli/event_line.h"

#include <string.h>

#include "base/quantity.h"
#include "cli/output.h"
#include "cli/table.h"

// ---- framing ----

void sse_done(struct sse *s) {
    text_done(&s->bytes);
    text_done(&s->data);
}

static bool line_take(struct sse *s, const char *line, size_t size, sse_event *event, void *arg) {
    if (size && line[size - 1] == '\r') size--;
    if (!size) {
        bool more = !s->data.size || event(s->data.data, s->data.size, arg);
        text_clear(&s->data);
        return more;
    }
    if (size < 5 || memcmp(line, "data:", 5) != 0) return true;
    size_t skip = size > 5 && line[5] == ' ' ? 6 : 5;
    if (s->data.size) text_add_char(&s->data, '\n');
    text_add_n(&s->data, line + skip, size - skip);
    return true;
}

struct err *sse_read(struct sse *s, const char *bytes, size_t size, sse_event *event, void *arg, bool *ret_more) {
    text_add_n(&s->bytes, bytes, size);
    size_t at = 0;
    *ret_more = true;
    for (const char *end; *ret_more && (end = memchr(s->bytes.data + at, '\n', s->bytes.size - at));) {
        size_t length = (size_t)(end - (s->bytes.data + at));
        *ret_more = line_take(s, s->bytes.data + at, length, event, arg);
        at += length + 1;
    }
    text_drop(&s->bytes, at);
    if (s->bytes.size + s->data.size > SSE_LARGEST)
        return err_new(ERR_TOO_LARGE, "an event of the stream is larger than %d bytes", SSE_LARGEST);
    return NULL;
}

// ---- lines ----

static void volume_add(const Granary__Volume *v, struct text *out, struct arena *arena) {
    text_addf(out, "%s of %s", show_bytes(v->size, arena), v->class_ ? v->class_ : "?");
    if (v->pool) text_addf(out, " in %s", v->pool);
    if (v->role && strcmp(v->role, "*") != 0) text_addf(out, " for role '%s'", v->role);
    if (v->content && strcmp(v->content, "new") != 0) text_addf(out, ", %s", v->content);
}

static void operation_add(const Granary__Operation *o, struct text *out, struct arena *arena) {
    char took[QUANTITY_TEXT];
    text_add(out, o->kind ? o->kind : "?");
    if (o->size) text_addf(out, " %s", show_bytes(o->size, arena));
    if (o->provider) text_addf(out, " by provider '%s'", o->provider);
    if (o->ended && o->created) text_addf(out, " after %s", duration_text(o->ended - o->created, took));
    if (o->error_kind && o->state && strcmp(o->state, "failed") == 0) text_addf(out, " (%s)", o->error_kind);
}

static void task_add(const Granary__Task *t, struct text *out) {
    text_add(out, t->state ? t->state : "?");
    if (t->agent) text_addf(out, " on agent '%s'", t->agent);
    bool first = true; // volumes that are gone by now have no name
    for (size_t i = 0; i < t->n_volumes; i++)
        if (t->volumes[i]->volume) {
            text_addf(out, "%s'%s'", first ? " with " : ", ", t->volumes[i]->volume);
            first = false;
        }
}

static void object_add(const Granary__Event *e, struct text *out, struct arena *arena) {
    if (e->volume) volume_add(e->volume, out, arena);
    if (e->attachment && e->attachment->state)
        text_addf(out, "%s, step %s, epoch %llu", e->attachment->state, e->attachment->step ? e->attachment->step : "?",
                  (unsigned long long)e->attachment->epoch);
    if (e->operation) operation_add(e->operation, out, arena);
    if (e->reservation && e->reservation->agent)
        text_addf(out, "part of agent '%s' for role '%s'", e->reservation->agent,
                  e->reservation->role ? e->reservation->role : "*");
    else if (e->reservation)
        text_addf(out, "%s of %s for role '%s'", show_bytes(e->reservation->size, arena),
                  e->reservation->class_ ? e->reservation->class_ : "?",
                  e->reservation->role ? e->reservation->role : "*");
    if (e->class_) text_addf(out, "version %llu", (unsigned long long)e->class_->version);
    // One that returns is kept as it was before.
    if (e->agent && e->agent->state && !text_equal(e->kind, "agent-returned")) text_add(out, e->agent->state);
    if (e->provider && e->provider->driver) text_addf(out, "driver %s", e->provider->driver);
    if (e->framework && e->framework->id) text_addf(out, "id %s", e->framework->id);
    if (e->task) task_add(e->task, out);
    if (e->role) text_addf(out, "weight %s", show_real(e->role->weight, arena));
}

void event_line(const Granary__Event *e, struct text *out, struct arena *arena) {
    AUTO_TEXT struct text line = {0}, about = {0};
    object_add(e, &about, arena);
    text_addf(&line, "%s  #%-5llu %-22s %s", e->has_time ? show_clock(e->time, arena) : "        -",
              (unsigned long long)e->seq, e->kind ? e->kind : "?", e->noun ? e->noun : "");
    if (e->name) text_addf(&line, " '%s'", e->name);
    if (about.size) text_addf(&line, ": %s", about.data);
    if (e->message && *e->message) text_addf(&line, " - %s", e->message);
    if (e->principal) text_addf(&line, " [%s]", e->principal);
    table_clean(out, line.data);
    text_add_char(out, '\n');
}
