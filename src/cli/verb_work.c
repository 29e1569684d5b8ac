// SPDX-License-Identifier: Apache-2.0
// granary operations, offers, tasks and frameworks: what is going on, and for whom.
#include <string.h>

#include "cli/output.h"
#include "cli/verbs.h"
#include "granary_api.pb-c.h"
#include "sys/clock.h"

// ---- operations ----

static const char *operation_about(const Granary__Operation *o, struct arena *arena) {
    AUTO_TEXT struct text about = {0};
    if (o->volume) text_addf(&about, "volume '%s'", o->volume);
    if (o->agent) text_addf(&about, "%son agent '%s'", about.size ? " " : "", o->agent);
    if (o->size) text_addf(&about, "%s%s", about.size ? ", " : "", show_bytes(o->size, arena));
    return arena_text(arena, text_string(&about));
}

static const char *operation_took(const Granary__Operation *o, struct arena *arena) {
    char text[QUANTITY_TEXT];
    if (!o->created) return NULL;
    return arena_text(arena, duration_text((o->ended ? o->ended : clock_wall_ms()) - o->created, text));
}

static struct err *operations(struct call *c) {
    void *message;
    TRY(client_list(c->client, "/v1/operations", &granary__operation_list__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__OperationList *list = message;
    AUTO_TABLE struct table t = {0};
    table_column(&t, "ID", TABLE_RIGHT);
    table_column(&t, "KIND", TABLE_LEFT);
    table_column(&t, "STATE", TABLE_LEFT);
    table_column(&t, "ABOUT", TABLE_LEFT);
    table_column(&t, "PROVIDER", TABLE_LEFT);
    table_column(&t, "BEGAN", TABLE_LEFT);
    table_column(&t, "TOOK", TABLE_RIGHT);
    table_column(&t, "MESSAGE", TABLE_LEFT);
    bool open = options_has(c->options, "open");
    for (size_t i = 0; i < list->n_operations; i++) {
        const Granary__Operation *o = list->operations[i];
        if (open && o->state && strcmp(o->state, "open") != 0) continue;
        table_cell_number(&t, o->id);
        table_cell(&t, o->kind);
        table_cell(&t, o->state);
        table_cell(&t, operation_about(o, c->arena));
        table_cell(&t, o->provider);
        table_cell(&t, show_time(o->created, c->arena));
        table_cell(&t, operation_took(o, c->arena));
        if (o->message && *o->message)
            table_cell(&t, o->message);
        else
            table_blank(&t);
    }
    if (table_rows(&t))
        table_write(&t, c->out);
    else
        text_add(c->out,
                 open ? "No operation is open: all that was asked for has ended.\n"
                      : "No operations yet: nothing was asked for. Begin with 'granary volume create --help'.\n");
    return NULL;
}

static struct err *operation_show(struct call *c) {
    AUTO_TEXT struct text path = {0};
    text_add(&path, "/v1/operations");
    path_add(&path, call_name(c, 0));
    void *message;
    TRY(client_get(c->client, path.data, &granary__operation__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__Operation *o = message;
    AUTO_TABLE struct table t = {0};
    fields_begin(&t);
    field_row(&t, "operation", arena_format(c->arena, "%llu", (unsigned long long)o->id));
    field_row(&t, "kind", o->kind);
    field_row(&t, "state", o->state);
    field_row(&t, "about", operation_about(o, c->arena));
    field_row(&t, "provider", o->provider);
    field_row(&t, "framework", o->framework);
    field_row(&t, "its id there", o->framework_operation);
    field_row(&t, "principal", o->principal);
    field_row(&t, "began", show_time(o->created, c->arena));
    field_row(&t, "ended", o->ended ? show_time(o->ended, c->arena) : NULL);
    field_row(&t, "error", o->error_kind && o->state && strcmp(o->state, "failed") == 0 ? o->error_kind : NULL);
    field_row(&t, "message", o->message);
    table_write_plain(&t, c->out);
    return NULL;
}

// ---- offers ----

static const char *offer_storage(const Granary__Offer *o, struct arena *arena) {
    AUTO_TEXT struct text s = {0};
    for (size_t i = 0; i < o->n_volumes; i++) text_addf(&s, "%s%s", s.size ? ", " : "volumes ", o->volumes[i]);
    for (size_t i = 0; i < o->n_classes; i++)
        text_addf(&s, "%s%s up to %s", s.size ? ", " : "", o->classes[i]->class_,
                  show_bytes(o->classes[i]->largest, arena));
    return arena_text(arena, text_string(&s));
}

static struct err *offers(struct call *c) {
    void *message;
    TRY(client_get(c->client, "/v1/offers", &granary__offer_list__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__OfferList *list = message;
    if (!list->n_offers) {
        text_add(
            c->out,
            "No offer is outstanding: no framework waits, or all is declined or in use. See 'granary frameworks'.\n");
        return NULL;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "OFFER", TABLE_LEFT);
    table_column(&t, "FRAMEWORK", TABLE_LEFT);
    table_column(&t, "ROLE", TABLE_LEFT);
    table_column(&t, "AGENT", TABLE_LEFT);
    table_column(&t, "AGE", TABLE_RIGHT);
    table_column(&t, "RESOURCES", TABLE_LEFT);
    table_column(&t, "STORAGE", TABLE_LEFT);
    for (size_t i = 0; i < list->n_offers; i++) {
        const Granary__Offer *o = list->offers[i];
        table_cell(&t, o->id);
        table_cell(&t, o->framework);
        table_cell(&t, o->role);
        table_cell(&t, o->agent);
        table_cell(&t, show_age(o->made, c->arena));
        table_cell(&t, show_resources(o->resources, c->arena));
        table_cell(&t, offer_storage(o, c->arena));
    }
    table_write(&t, c->out);
    return NULL;
}

// ---- tasks ----

static const char *task_volumes(const Granary__Task *task, struct arena *arena) {
    AUTO_TEXT struct text s = {0};
    for (size_t i = 0; i < task->n_volumes; i++)
        text_addf(&s, "%s%s at %s", i ? ", " : "", task->volumes[i]->volume ? task->volumes[i]->volume : "?",
                  task->volumes[i]->container_path);
    return arena_text(arena, text_string(&s));
}

static struct err *tasks(struct call *c) {
    void *message;
    TRY(client_list(c->client, "/v1/tasks", &granary__task_list__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__TaskList *list = message;
    if (!list->n_tasks) {
        text_add(c->out, "No tasks. Run one: granary run --class CLASS --size SIZE --mount /data -- COMMAND\n");
        return NULL;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "TASK", TABLE_LEFT);
    table_column(&t, "STATE", TABLE_LEFT);
    table_column(&t, "FOR", TABLE_RIGHT);
    table_column(&t, "AGENT", TABLE_LEFT);
    table_column(&t, "ROLE", TABLE_LEFT);
    table_column(&t, "FRAMEWORK", TABLE_LEFT);
    table_column(&t, "VOLUMES", TABLE_LEFT);
    table_column(&t, "MESSAGE", TABLE_LEFT);
    for (size_t i = 0; i < list->n_tasks; i++) {
        const Granary__Task *task = list->tasks[i];
        table_cell(&t, task->id);
        table_cell(&t, task->state);
        table_cell(&t, show_age(task->since ? task->since : task->created, c->arena));
        table_cell(&t, task->agent);
        table_cell(&t, task->role);
        table_cell(&t, task->framework);
        table_cell(&t, task_volumes(task, c->arena));
        table_cell(&t, task->message);
    }
    table_write(&t, c->out);
    return NULL;
}

// ---- frameworks ----

static const char *framework_state(const Granary__Framework *f) {
    if (f->completed) return "completed";
    if (!f->connected) return "disconnected";
    return f->active ? "active" : "inactive";
}

static struct err *frameworks(struct call *c) {
    void *message;
    TRY(client_list(c->client, "/v1/frameworks", &granary__framework_list__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__FrameworkList *list = message;
    if (!list->n_frameworks) {
        text_add(
            c->out,
            "No frameworks yet: none has subscribed at /api/v1/scheduler. 'granary run' is one for a single task.\n");
        return NULL;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "ID", TABLE_LEFT);
    table_column(&t, "NAME", TABLE_LEFT);
    table_column(&t, "STATE", TABLE_LEFT);
    table_column(&t, "ROLES", TABLE_LEFT);
    table_column(&t, "PRINCIPAL", TABLE_LEFT);
    table_column(&t, "AGE", TABLE_RIGHT);
    for (size_t i = 0; i < list->n_frameworks; i++) {
        const Granary__Framework *f = list->frameworks[i];
        table_cell(&t, f->id);
        table_cell(&t, f->name);
        table_cell(&t, framework_state(f));
        table_cell(&t, show_list(f->roles, f->n_roles, c->arena));
        table_cell(&t, f->principal);
        table_cell(&t, show_age(f->registered, c->arena));
    }
    table_write(&t, c->out);
    return NULL;
}

static struct err *framework_teardown(struct call *c) {
    AUTO_TEXT struct text path = {0};
    text_add(&path, "/v1/frameworks");
    path_add(&path, call_name(c, 0));
    TRY(client_ask(c->client, "DELETE", path.data, NULL, NULL, c->arena, NULL));
    if (!c->json)
        text_addf(c->out, "framework '%s' is being torn down: its tasks are killed, its volumes stay\n",
                  call_name(c, 0));
    return NULL;
}

// ---- the tables ----

static const struct option operations_options[] = {{"open", OPTION_FLAG, NULL, "only those that have not ended"}, {0}};
static const struct action operations_actions[] = {
    {"", "[--open]", "asked-for changes, open and lately ended", operations_options, 0, 0, ACTION_WATCH, operations,
     "examples:\n  granary operations --open --watch\n  granary operations -o json | jq '.operations[] | "
     "select(.state==\"failed\")'"},
    {"show", "ID", "one operation", NULL, 1, 1, 0, operation_show, "example:\n  granary operations show 42"},
};
NOUN(operations, operations_actions);

static const struct action offers_actions[] = {
    {"", "", "outstanding offers: who is asked about what", NULL, 0, 0, ACTION_WATCH, offers,
     "example:\n  granary offers --watch"},
};
NOUN(offers, offers_actions);

static const struct action tasks_actions[] = {
    {"", "", "the tasks, where they run and with which volumes", NULL, 0, 0, ACTION_WATCH, tasks,
     "example:\n  granary tasks --watch"},
};
NOUN(tasks, tasks_actions);

static const struct action frameworks_actions[] = {
    {"", "", "the frameworks", NULL, 0, 0, ACTION_WATCH, frameworks, "example:\n  granary frameworks"},
};
NOUN(frameworks, frameworks_actions);

static const struct action framework_actions[] = {
    {"teardown", "ID", "ends a framework and its tasks", NULL, 1, 1, 0, framework_teardown,
     "example:\n  granary framework teardown $(granary frameworks -o json | jq -r '.frameworks[0].id')"},
};
NOUN(framework, framework_actions);
