// SPDX-License-Identifier: Apache-2.0
// What the host is: each fact keeps the time since when it has been so, and only changes are told.
#include <string.h>

#include "agent/machine.h"
#include "codec/message.h"

static void tag_name(const Granary__Tag *tag, struct text *ret_name) {
    text_clear(ret_name);
    text_addf(ret_name, "%d %s=%s", tag->has_origin ? (int)tag->origin : 0, tag->key, tag->value ? tag->value : "");
}

static void since_fill(const struct agent *a, Granary__AgentReport *r) {
    AUTO_TEXT struct text name = {0};
    struct map known = {0};
    for (size_t i = 0; a->report && i < a->report->n_tags; i++) {
        tag_name(a->report->tags[i], &name);
        map_put_text(&known, name.data, NULL)->n = (uint64_t)a->report->tags[i]->since;
    }
    for (size_t i = 0; i < r->n_tags; i++) {
        tag_name(r->tags[i], &name);
        const union map_value *since = map_find_text(&known, name.data);
        r->tags[i]->has_since = true;
        r->tags[i]->since = since ? (int64_t)since->n : a->wall.ms;
    }
    map_done(&known);
}

static bool report_equal(const Granary__AgentReport *a, const Granary__AgentReport *b) {
    AUTO_TEXT struct text x = {0}, y = {0};
    message_pack(&a->base, &x);
    message_pack(&b->base, &y);
    return x.size == y.size && (!x.size || memcmp(x.data, y.data, x.size) == 0);
}

void report_take(struct agent *a, const Granary__AgentReport *report) {
    struct arena arena = {0};
    Granary__AgentReport *r = message_copy(&report->base, &arena);
    since_fill(a, r);
    if (a->report && report_equal(r, a->report)) {
        arena_done(&arena);
        return;
    }
    arena_done(&a->report_arena);
    a->report_arena = arena;
    a->report = r;
    Granary__FromAgent *m = agent_message_new(a);
    m->report = message_copy(&r->base, &a->out->arena);
    agent_say(a, m);
    agent_say_log(a, "decision=report tags=%zu", r->n_tags);
}
