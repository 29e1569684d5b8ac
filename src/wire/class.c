// SPDX-License-Identifier: Apache-2.0
// Classes to messages and back, through the document that an operator would write.
#include "wire/class.h"

#include <stdlib.h>

#include "core/broker.h"
#include "core/index.h"
#include "core/script.h"
#include "wire/class_document.h"

// ---- documents to messages ----

static char *selector_in(const struct symbols *symbols, const struct selector *selector, struct arena *arena) {
    if (!selector->term_count) return NULL;
    AUTO_TEXT struct text t = {0};
    selector_add_text(symbols, selector, &t);
    return arena_text(arena, text_string(&t));
}

static Granary__Preference **preferences_in(const struct symbols *symbols, const struct class_preference *at,
                                            size_t count, struct arena *arena) {
    Granary__Preference **list = arena_zero(arena, count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = ARENA_NEW(arena, Granary__Preference);
        granary__preference__init(list[i]);
        list[i]->selector = selector_in(symbols, &at[i].selector, arena);
        if (!list[i]->selector) list[i]->selector = "";
        list[i]->has_weight = true;
        list[i]->weight = at[i].weight;
    }
    return list;
}

static Granary__Spread **spreads_in(const struct state *s, const struct class_spec *spec, struct arena *arena) {
    Granary__Spread **list = arena_zero(arena, spec->spread.count + 1, sizeof *list);
    for (size_t i = 0; i < spec->spread.count; i++) {
        const struct class_spread *from = &spec->spread.at[i];
        Granary__Spread *to = list[i] = ARENA_NEW(arena, Granary__Spread);
        granary__spread__init(to);
        to->key = (char *)state_text(s, from->key);
        to->label = from->label;
        to->has_over = from->over != 0;
        to->over = from->over;
        to->has_required = from->required;
        to->required = from->required;
        to->has_weight = true;
        to->weight = from->weight;
    }
    return list;
}

static void ways_fill(const struct class_spec *spec, Granary__Class *m) {
    m->has_access = m->has_format = m->has_launch_wait_ms = m->has_on_agent_lost = m->has_on_release = true;
    m->access = (Granary__AccessMode)spec->access;
    m->format = (Granary__FormatWhen)spec->format;
    m->launch_wait_ms = spec->launch_wait_ms;
    m->on_agent_lost = (Granary__OnAgentLost)spec->on_agent_lost;
    m->on_release = (Granary__OnRelease)spec->on_release;
    m->has_zero_at_create = spec->zero_at_create;
    m->zero_at_create = spec->zero_at_create;
}

static void figures_fill(const struct class_spec *spec, Granary__Class *m) {
    m->has_iops_per_gib = spec->iops_per_gib.n != 0;
    m->iops_per_gib = milli_to_double(spec->iops_per_gib);
    m->has_bandwidth = spec->bandwidth.n != 0;
    m->bandwidth = spec->bandwidth.n;
    m->has_smallest = spec->smallest.n != 0;
    m->smallest = spec->smallest.n;
    m->has_largest = spec->largest.n != 0;
    m->largest = spec->largest.n;
    m->has_availability = spec->availability.n != 0;
    m->availability = availability_percent(spec->availability);
}

static void document_fill(const struct state *s, const void *row, void *message, struct arena *arena) {
    const struct class_row *class = row;
    if (!class->doc) return; // a removal that was read from a record
    const struct class_spec *spec = &class->doc->spec;
    Granary__Class *m = message;
    m->description = spec->description;
    m->pool = selector_in(&s->symbols, &spec->pool, arena);
    m->agent = selector_in(&s->symbols, &spec->agent, arena);
    m->prefer_pool = preferences_in(&s->symbols, spec->prefer_pool.at, spec->prefer_pool.count, arena);
    m->n_prefer_pool = spec->prefer_pool.count;
    m->prefer_agent = preferences_in(&s->symbols, spec->prefer_agent.at, spec->prefer_agent.count, arena);
    m->n_prefer_agent = spec->prefer_agent.count;
    m->spread = spreads_in(s, spec, arena);
    m->n_spread = spec->spread.count;
    m->fs = (char *)spec->fs->name;
    ways_fill(spec, m);
    figures_fill(spec, m);
    m->script = spec->script;
    m->has_on_script_error = spec->script != NULL;
    m->on_script_error = (Granary__OnScriptError)spec->on_script_error;
    m->n_roles = spec->roles.count;
    if (m->n_roles)
        m->roles = arena_copy(arena, spec->roles.at, m->n_roles * sizeof *m->roles); // texts stay the class's
}

// ---- messages to documents ----

static void class_drop(struct shared *self) {
    struct class_shared *doc = (struct class_shared *)self;
    class_spec_done(&doc->spec);
    free(doc);
}

struct err *class_shared_from(struct intake *in, const Granary__Class *m, struct class_shared **ret_doc) {
    struct class_document doc = class_document_from(m, in->arena);
    struct class_spec spec;
    TRY(class_spec_make(in->symbols, &doc, &spec));
    struct err *e = err_wrap(script_check(spec.script), "class '%s': script", spec.name);
    if (e) {
        class_spec_done(&spec);
        return e;
    }
    symbol_make(in->symbols, spec.fs->name); // volumes of this class look it up
    struct class_shared *made = NEW(struct class_shared);
    made->shared.drop = class_drop;
    made->spec = spec;
    intake_keep(in, &made->shared);
    *ret_doc = made;
    return NULL;
}

static struct err *document_read_row(struct intake *in, const void *message, void *row) {
    return class_shared_from(in, message, &((struct class_row *)row)->doc);
}

static const struct field_map fields[] = {
    FIELD(class_row, 1, TEXT, name),
    FIELD(class_row, 20, U64, id),
    FIELD(class_row, 21, U64, version),
    FIELD(class_row, 22, TIME, created),
};
const struct noun_map class_map = {&granary__class__descriptor, fields,
                                   ARRAY_LEN(fields),           document_fill,
                                   document_read_row,           offsetof(struct class_row, name)};

static void largest_fill(const struct state *s, const struct class_row *row, Granary__Class *m, struct arena *arena) {
    struct draft view; // sees the state as it is
    draft_view(&view, s, arena, (struct now){0});
    m->has_largest_grantable = true;
    m->largest_grantable = broker_largest(&view, row->id, (symbol){0}).n;
    draft_done(&view);
}

Granary__Class *class_message(const struct state *s, const struct class_row *row, struct arena *arena,
                              enum detail detail) {
    Granary__Class *m = fields_message(s, &class_map, row, arena);
    if (detail != DETAIL_API || !state_class(s, row->id)) return m; // one just removed can grant nothing
    largest_fill(s, row, m, arena);
    struct script_failures failures = script_failures(index_script(s, row->id));
    m->has_script_failures = failures.count != 0;
    m->script_failures = failures.count;
    m->script_failure = arena_text(arena, failures.last);
    return m;
}

Granary__Class *class_document_message(const struct state *s, struct class_shared *doc, struct arena *arena) {
    struct class_row row = {.name = doc->spec.name, .doc = doc};
    Granary__Class *m = fields_message(s, &class_map, &row, arena);
    m->has_id = m->has_version = m->has_created = false;
    return m;
}

struct err *class_row_from(struct intake *in, const Granary__Class *m, struct class_row *ret_row) {
    return fields_read(in, &class_map, m, ret_row);
}
