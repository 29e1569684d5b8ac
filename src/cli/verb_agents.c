// SPDX-License-Identifier: Apache-2.0
// granary agents: the hosts, what they have and which classes they can use.
#include <string.h>

#include "cli/output.h"
#include "cli/verbs.h"
#include "granary_api.pb-c.h"

#define DRIVER "driver/"
enum { LINE = 90 };

static const char empty[] = "No agents yet: none has registered. Start one with 'granary agent', or a whole cluster on "
                            "this machine with 'granary "
                            "dev'.\n";

static void agent_row(struct table *t, const Granary__Agent *a, struct arena *arena) {
    table_cell(t, a->name);
    table_cell(t, a->state);
    table_cell(t, a->since ? show_age(a->since, arena) : NULL);
    table_cell_number(t, a->tasks);
    table_cell_number(t, a->attachments);
    table_cellf(t, "%s of %s", show_real(a->free && a->free->has_cpus ? a->free->cpus : 0, arena),
                show_real(a->total && a->total->has_cpus ? a->total->cpus : 0, arena));
    double mem = a->free && a->free->has_mem ? a->free->mem : 0,
           all = a->total && a->total->has_mem ? a->total->mem : 0;
    table_cellf(t, "%s of %s", show_mebibytes(mem, arena), show_mebibytes(all, arena));
    table_cell(t, show_list(a->classes, a->n_classes, arena));
}

static struct err *list_get(struct call *c, Granary__AgentList **ret_list) {
    void *list;
    TRY(client_list(c->client, "/v1/agents", &granary__agent_list__descriptor, c->arena, &list));
    *ret_list = list;
    return NULL;
}

static struct err *agents(struct call *c) {
    Granary__AgentList *list;
    TRY(list_get(c, &list));
    if (call_json(c)) return NULL;
    if (!list->n_agents) {
        text_add(c->out, empty);
        return NULL;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "AGENT", TABLE_LEFT);
    table_column(&t, "STATE", TABLE_LEFT);
    table_column(&t, "FOR", TABLE_RIGHT);
    table_column(&t, "TASKS", TABLE_RIGHT);
    table_column(&t, "VOLUMES", TABLE_RIGHT);
    table_column(&t, "FREE CPUS", TABLE_RIGHT);
    table_column(&t, "FREE MEM", TABLE_RIGHT);
    table_column(&t, "CLASSES", TABLE_LEFT);
    for (size_t i = 0; i < list->n_agents; i++) agent_row(&t, list->agents[i], c->arena);
    table_write(&t, c->out);
    return NULL;
}

static const char *tag_text(const Granary__Tag *tag, struct arena *arena) {
    return arena_format(arena, "%s%s%s", tag->key, tag->value ? "=" : "", tag->value ? tag->value : "");
}

// "probed, 3m": how the agent came by it, and for how long it has been so.
static const char *tag_source(const Granary__Tag *tag, struct arena *arena) {
    const char *origin =
        tag->has_origin ? show_word(&granary__tag__origin__descriptor, (int)tag->origin, arena) : "reported";
    return tag->since ? arena_format(arena, "%s, %s", origin, show_age(tag->since, arena)) : origin;
}

static void drivers_row(struct table *t, const char *title, struct text *line, const char *source,
                        struct arena *arena) {
    field_row(t, title, line->size ? arena_format(arena, "%s  (%s)", line->data, source) : "");
    text_clear(line);
}

// A host has a hundred drivers, most of them found together: those share lines.
static void drivers_rows(struct table *t, const Granary__Agent *a, struct arena *arena) {
    AUTO_TEXT struct text line = {0};
    const char *title = "drivers", *source = NULL;
    for (size_t i = 0; i < a->n_tags; i++) {
        if (!text_starts(a->tags[i]->key, DRIVER)) continue;
        const char *text = tag_text(a->tags[i], arena) + strlen(DRIVER), *own = tag_source(a->tags[i], arena);
        if (line.size && (line.size + strlen(text) > LINE || !text_equal(source, own))) {
            drivers_row(t, title, &line, source, arena);
            title = "";
        }
        text_addf(&line, "%s%s", line.size ? " " : "", text);
        source = own;
    }
    drivers_row(t, title, &line, source, arena);
}

static void tags_rows(struct table *t, const Granary__Agent *a, struct arena *arena) {
    const char *title = "tags";
    for (size_t i = 0; i < a->n_tags; i++) {
        const Granary__Tag *tag = a->tags[i];
        if (text_starts(tag->key, DRIVER)) continue;
        field_row(t, title, arena_format(arena, "%s  (%s)", tag_text(tag, arena), tag_source(tag, arena)));
        title = "";
    }
    drivers_rows(t, a, arena);
}

static void classes_rows(struct table *t, const Granary__Agent *a, struct arena *arena) {
    if (!a->n_storage) field_row(t, "classes", show_list(a->classes, a->n_classes, arena));
    for (size_t i = 0; i < a->n_storage; i++) {
        const Granary__ClassFigures *f = a->storage[i];
        field_row(t, i ? "" : "classes",
                  arena_format(arena, "%s  (availability %s, affinity %u)", f->class_,
                               show_percent(f->availability, arena), f->affinity));
    }
}

static void agent_write(const Granary__Agent *a, struct text *out, struct arena *arena) {
    AUTO_TABLE struct table t = {0};
    fields_begin(&t);
    field_row(&t, "agent", a->name);
    field_row(&t, "host name", a->hostname);
    field_row(&t, "address", a->address);
    field_row(&t, "state", a->since ? arena_format(arena, "%s for %s", a->state, show_age(a->since, arena)) : a->state);
    field_row(&t, "total", show_resources(a->total, arena));
    field_row(&t, "used", show_resources(a->used, arena));
    field_row(&t, "offered", show_resources(a->offered, arena));
    field_row(&t, "reserved", show_resources(a->reserved, arena));
    field_row(&t, "free", show_resources(a->free, arena));
    field_row(&t, "tasks", arena_format(arena, "%u", a->tasks));
    field_row(&t, "volumes", arena_format(arena, "%u attached", a->attachments));
    classes_rows(&t, a, arena);
    tags_rows(&t, a, arena);
    table_write_plain(&t, out);
}

// There is no route for one agent: its JSON is written from the list's.
static struct err *agents_show(struct call *c) {
    Granary__AgentList *list;
    TRY(list_get(c, &list));
    for (size_t i = 0; i < list->n_agents; i++) {
        if (strcmp(list->agents[i]->name, call_name(c, 0)) != 0) continue;
        if (c->json)
            message_write(&list->agents[i]->base, c->out);
        else
            agent_write(list->agents[i], c->out, c->arena);
        return NULL;
    }
    return err_new(ERR_NOT_FOUND, "agent '%s': there is none of that name; 'granary agents' lists them",
                   call_name(c, 0));
}

static struct err *agents_remove(struct call *c) {
    AUTO_TEXT struct text path = {0};
    text_add(&path, "/v1/agents");
    path_add(&path, call_name(c, 0));
    TRY(client_ask(c->client, "DELETE", path.data, NULL, NULL, c->arena, NULL));
    if (!c->json) text_addf(c->out, "agent '%s' is forgotten\n", call_name(c, 0));
    return NULL;
}

#define REMOVE                                                                                                         \
    {                                                                                                                  \
        "remove", "NAME", "forgets an agent that is gone for good", NULL, 1, 1, 0, agents_remove,                      \
            "It must be away, and no volume may be attached to it. Its tasks are lost.\n\n"                            \
            "example:\n  granary agents remove n7"                                                                     \
    }

static const struct action agents_actions[] = {
    {"", "", "the agents, one line each", NULL, 0, 0, ACTION_WATCH, agents,
     "FREE is what could be offered now. CLASSES are those of which some pool can be used on that agent.\n\n"
     "examples:\n  granary agents --watch\n  granary agents show n1\n  granary agents -o json | jq -r "
     "'.agents[].name'"},
    {"show", "NAME", "all about one agent: resources, classes, tags, where they come from and for how long they hold",
     NULL, 1, 1, 0, agents_show, "example:\n  granary agents show n1"},
    REMOVE,
};
NOUN(agents, agents_actions);

static const struct action agent_actions[] = {REMOVE};
NOUN(agent, agent_actions);
