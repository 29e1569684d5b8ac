// SPDX-License-Identifier: Apache-2.0
// Volumes for people.
#include "cli/volume_show.h"

#include <string.h>

#include "cli/output.h"
#include "cli/verbs.h"

static const char *content_text(const Granary__Volume *v, struct arena *arena) {
    if (!v->content) return NULL;
    bool formatted = strcmp(v->content, "formatted") == 0;
    return formatted && v->fs ? arena_format(arena, "%s %s", v->content, v->fs) : v->content;
}

static const char *places_text(const Granary__Volume *v, struct arena *arena) {
    AUTO_TEXT struct text out = {0};
    for (size_t i = 0; i < v->n_attachments; i++) {
        const Granary__Attachment *a = v->attachments[i];
        text_addf(&out, "%s%s", i ? ", " : "", a->agent ? a->agent : "?");
        if (a->state && strcmp(a->state, "in_use") != 0) text_addf(&out, " (%s)", a->state);
    }
    return arena_text(arena, text_string(&out));
}

// Of an agent that no longer satisfies what its pool or class asks.
static const char *warning_text(const Granary__Volume *v) {
    for (size_t i = 0; i < v->n_attachments; i++)
        if (v->attachments[i]->warning) return v->attachments[i]->warning;
    return NULL;
}

static void list_row(struct table *t, const Granary__Volume *v, struct arena *arena) {
    table_cell(t, v->name);
    table_cell(t, v->role);
    table_cell(t, v->class_);
    table_cell_bytes(t, v->size);
    table_cell(t, v->state);
    table_cell(t, content_text(v, arena));
    table_cell(t, places_text(v, arena));
    table_cell(t, v->pool);
    table_cell(t, show_age(v->created, arena));
    const char *message = v->message && *v->message ? v->message : warning_text(v);
    if (message)
        table_cell(t, message);
    else
        table_blank(t);
}

void volumes_write(const Granary__VolumeList *list, bool filtered, struct text *out, struct arena *arena) {
    if (!list->n_volumes) {
        text_add(out, filtered ? "No volumes are like that; 'granary volume list' shows all.\n"
                               : "No volumes yet. Make one: granary volume create NAME --class CLASS --size SIZE\n");
        return;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "VOLUME", TABLE_LEFT);
    table_column(&t, "ROLE", TABLE_LEFT);
    table_column(&t, "CLASS", TABLE_LEFT);
    table_column(&t, "SIZE", TABLE_RIGHT);
    table_column(&t, "STATE", TABLE_LEFT);
    table_column(&t, "CONTENT", TABLE_LEFT);
    table_column(&t, "ON", TABLE_LEFT);
    table_column(&t, "POOL", TABLE_LEFT);
    table_column(&t, "AGE", TABLE_RIGHT);
    table_column(&t, "MESSAGE", TABLE_LEFT);
    for (size_t i = 0; i < list->n_volumes; i++) list_row(&t, list->volumes[i], arena);
    table_write(&t, out);
}

static void attachment_rows(struct table *t, const Granary__Attachment *a, struct arena *arena) {
    field_row(t, "attachment",
              arena_format(arena, "agent '%s', %s, step %s, epoch %llu, since %s%s%s", a->agent ? a->agent : "?",
                           a->state ? a->state : "?", a->step ? a->step : "?", (unsigned long long)a->epoch,
                           show_time(a->since, arena), a->read_only ? ", read-only" : "",
                           a->pinned ? ", published by hand" : ""));
    field_row(t, "  path", a->path);
    field_row(t, "  message", a->message);
    field_row(t, "  warning", a->warning);
    field_row(t, "  ended because", a->ended_because);
}

static void promise_rows(struct table *t, const Granary__Volume *v, struct arena *arena) {
    const char *size = show_bytes(v->size, arena);
    if (v->asked && v->asked != v->size)
        size = arena_format(arena, "%s (asked: %s)", size, show_bytes(v->asked, arena));
    field_row(t, "size", size);
    if (v->iops) field_row(t, "iops", arena_format(arena, "%llu", (unsigned long long)v->iops));
    if (v->bandwidth) field_row(t, "bandwidth", show_rate(v->bandwidth, arena));
    if (v->has_availability) field_row(t, "availability", show_percent(v->availability, arena));
    if (v->has_access) field_row(t, "access", show_word(&granary__access_mode__descriptor, (int)v->access, arena));
    if (v->has_on_release)
        field_row(t, "on release", show_word(&granary__on_release__descriptor, (int)v->on_release, arena));
    if (v->has_on_agent_lost)
        field_row(t, "on agent lost", show_word(&granary__on_agent_lost__descriptor, (int)v->on_agent_lost, arena));
}

void volume_write(const Granary__Volume *v, struct text *out, struct arena *arena) {
    AUTO_TABLE struct table t = {0};
    fields_begin(&t);
    field_row(&t, "volume", v->name);
    field_row(&t, "uuid", v->uuid);
    field_row(&t, "role", v->role);
    field_row(&t, "framework", v->framework);
    field_row(&t, "principal", v->principal);
    field_row(&t, "class", v->class_);
    for (size_t i = 0; i < v->n_labels; i++)
        field_row(&t, i ? "" : "labels", arena_format(arena, "%s=%s", v->labels[i]->key, v->labels[i]->value));
    field_row(&t, "pool", v->pool);
    promise_rows(&t, v, arena);
    field_row(&t, "filesystem", v->fs);
    field_row(&t, "state",
              v->since ? arena_format(arena, "%s for %s", v->state ? v->state : "?", show_age(v->since, arena))
                       : v->state);
    field_row(&t, "content", content_text(v, arena));
    field_row(&t, "fs uuid", v->fs_uuid);
    field_row(&t, "message", v->message);
    field_row(&t, "created", v->created ? show_time(v->created, arena) : NULL);
    if (v->formats_itself) field_row(&t, "formatted by", "its plugin: what was on the device before is not protected");
    for (size_t i = 0; i < v->n_attachments; i++) attachment_rows(&t, v->attachments[i], arena);
    table_write_plain(&t, out);
}
