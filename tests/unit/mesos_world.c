// SPDX-License-Identifier: Apache-2.0
// Calls and events as text.
#include "mesos_world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "codec/json_read.h"
#include "codec/json_write.h"

const struct mesos_master a_master = {
    .hostname = "m1.example.com", .version = "1.11.0", .ip = 16777343, .port = 5050, .heartbeat_ms = 5000};

static char *quoted(struct world *w, const char *text) {
    char *copy = arena_text(&w->arena, text);
    for (char *c = copy; *c; c++)
        if (*c == '\'') *c = '"';
    return copy;
}

const mesos_call *call_of(struct world *w, const char *json) {
    const char *text = quoted(w, json);
    void *call = NULL;
    expect_ok(
        json_read(&mesos__v1__scheduler__call__descriptor, text, strlen(text), JSON_LENIENT, NULL, &w->arena, &call));
    return call;
}

const char *text_of(struct world *w, mesos_event *event) {
    AUTO_TEXT struct text json = {0};
    assert_non_null(event);
    json_write(&json, &event->base, JSON_DEFAULTS);
    return arena_text(&w->arena, text_string(&json));
}

const char *with_id(struct world *w, const char *pattern, uint64_t id) {
    const char *place = strstr(pattern, "%s");
    must(place);
    return arena_format(&w->arena, "%.*s%llu%s", (int)(place - pattern), pattern, (unsigned long long)id, place + 2);
}

static const char *part_found(const char *json, const char *part) {
    struct world w = {0};
    const char *found = strstr(json, quoted(&w, part));
    arena_done(&w.arena);
    return found;
}

void expect_has(const char *json, const char *part) {
    if (!part_found(json, part)) fail_msg("%s is not in: %s", part, json);
}

void expect_lacks(const char *json, const char *part) {
    if (part_found(json, part)) fail_msg("%s is in: %s", part, json);
}

uint64_t world_framework(struct world *w, const char *role, uint32_t capabilities) {
    symbol y = world_symbol(w, role);
    struct draft *d = world_draft(w);
    struct framework_row *f = draft_add(d, NOUN_FRAMEWORK, EV_framework_added);
    uint64_t id = f->id;
    f->text_id = f->name = arena_format(&w->arena, "f-%u", capabilities);
    f->roles = draft_blob(d, &y, sizeof y);
    f->capabilities = capabilities;
    f->labelled = capabilities == CAN_LABELLED;
    f->session = 1;
    world_apply(w);
    return id;
}

uint64_t world_task(struct world *w, uint64_t framework, const char *id, const char *agent, enum task_state state) {
    struct draft *d = world_draft(w);
    struct task_row *t = draft_add(d, NOUN_TASK, EV_task_added);
    uint64_t number = t->id;
    t->text_id = id;
    t->framework = framework;
    t->agent = world_agent_id(w, agent);
    t->state = (uint8_t)state;
    t->reason = -1;
    t->since.ms = 1700000000500;
    t->update_uuid = draft_blob(d, "0123456789abcdef", 16);
    world_apply(w);
    return number;
}
