// SPDX-License-Identifier: Apache-2.0
// Recorded requests to messages and back.
#include "wire/asked.h"

#include <string.h>

#include "core/verdict.h"
#include "model/label.h"

static char *name_in(const struct state *s, symbol name) {
    return name.n ? (char *)state_text(s, name) : NULL;
}

static void labels_fill(Granary__RecordedRequest *m, const char *labels, struct arena *arena) {
    size_t size;
    m->labels = arena_zero(arena, LABELS_MOST, sizeof *m->labels);
    for (const char *at = labels_next(labels, NULL, &size); at; at = labels_next(labels, at, &size))
        if (m->n_labels < LABELS_MOST) m->labels[m->n_labels++] = arena_text_n(arena, at, size);
}

static struct err *labels_from(struct intake *in, const Granary__RecordedRequest *m, const char **ret_labels) {
    struct label *at = arena_zero(in->arena, m->n_labels + 1, sizeof *at);
    AUTO_TEXT struct text lines = {0};
    for (size_t i = 0; i < m->n_labels; i++) {
        char *key = arena_text(in->arena, m->labels[i]), *equals = strchr(key, '=');
        if (equals) *equals = 0;
        at[i] = (struct label){key, equals ? equals + 1 : NULL};
    }
    TRY(labels_make(at, m->n_labels, &lines));
    *ret_labels = m->n_labels ? arena_text(in->arena, text_string(&lines)) : NULL;
    return NULL;
}

Granary__RecordedRequest *asked_message(const struct state *s, const struct asked *a, struct arena *arena) {
    Granary__RecordedRequest *m = ARENA_NEW(arena, Granary__RecordedRequest);
    const struct framework_row *framework = state_framework(s, a->framework);
    granary__recorded_request__init(m);
    m->number = a->number;
    m->has_time = m->has_size = true;
    m->time = a->when.ms;
    m->size = a->size.n;
    m->has_iops = a->iops.n > 0;
    m->iops = a->iops.n;
    m->class_ = name_in(s, a->class);
    m->role = name_in(s, a->role);
    m->has_framework_id = a->framework != 0;
    m->framework_id = a->framework;
    m->framework = framework ? (char *)framework->name : NULL;
    m->fs = name_in(s, a->fs);
    m->agent = name_in(s, a->agent);
    m->has_wait = m->wait = a->wait;
    labels_fill(m, a->labels, arena);
    m->pool = name_in(s, a->pool);
    if (a->pool.n) return m;
    m->error_kind = (char *)err_kind_name((enum err_kind)a->error);
    if (a->rule) m->rule = (char *)rule_name((enum rule)a->rule);
    return m;
}

static symbol name_from(struct intake *in, const char *name) {
    return name ? symbol_make(in->symbols, name) : (symbol){0};
}

// A rule that this version does not know is none.
static uint8_t rule_from(const char *name) {
    for (uint8_t rule = RULE_NONE + 1; name && rule < RULE_COUNT; rule++)
        if (strcmp(rule_name((enum rule)rule), name) == 0) return rule;
    return RULE_NONE;
}

struct err *asked_read(struct intake *in, const Granary__RecordedRequest *m, struct asked *ret_asked) {
    enum err_kind kind = ERR_INVALID;
    if (!m->number) return err_new(ERR_CORRUPT, "a recorded request without a number");
    if (m->error_kind && !err_kind_parse(m->error_kind, &kind)) kind = ERR_INTERNAL;
    *ret_asked = (struct asked){.number = m->number,
                                .when = {m->time},
                                .size = {m->size},
                                .iops = {m->iops},
                                .class = name_from(in, m->class_),
                                .role = name_from(in, m->role),
                                .framework = m->framework_id,
                                .fs = name_from(in, m->fs),
                                .agent = name_from(in, m->agent),
                                .pool = name_from(in, m->pool),
                                .error = m->error_kind ? (uint8_t)kind : 0,
                                .rule = rule_from(m->rule),
                                .wait = m->wait};
    return labels_from(in, m, &ret_asked->labels);
}
