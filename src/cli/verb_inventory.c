// SPDX-License-Identifier: Apache-2.0
// granary inventory: providers, instances and pools as a tree, with what is reported, granted and free. Changes nothing.
#include <stdio.h>
#include <string.h>

#include "cli/noun.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/verbs.h"
#include "granary_api.pb-c.h"

static const char empty[] = "No storage yet: no provider has registered. Start one with 'granary provider --name NAME "
                            "--driver DRIVER', or a whole\n"
                            "cluster on this machine with 'granary dev'.\n";

// ---- the tree ----

static void note_add(struct text *notes, const char *note) {
    text_addf(notes, "%s%s", notes->size ? "; " : "", note);
}

static const char *provider_notes(const Granary__Provider *p, struct arena *arena) {
    AUTO_TEXT struct text notes = {0};
    if (p->driver) note_add(&notes, arena_format(arena, "driver %s", p->driver));
    if (p->has_connected && !p->connected)
        note_add(&notes, p->stale_since
                             ? arena_format(arena, "away, stale since %s (%s)", show_time(p->stale_since, arena),
                                            show_age(p->stale_since, arena))
                             : "away, not heard since the master started");
    if (p->foreign_objects) note_add(&notes, arena_format(arena, "%u foreign objects", p->foreign_objects));
    return arena_text(arena, text_string(&notes));
}

// Whether another pool of the provider takes from the same store.
static bool is_view(const Granary__Provider *p, const Granary__Pool *pool) {
    size_t of_store = 0;
    for (size_t i = 0; i < p->n_instances; i++)
        for (size_t j = 0; j < p->instances[i]->n_pools; j++)
            of_store += text_equal(p->instances[i]->pools[j]->store, pool->store);
    return pool->store && of_store > 1;
}

static const char *pool_notes(const Granary__Provider *p, const Granary__Pool *pool, struct arena *arena) {
    AUTO_TEXT struct text notes = {0};
    if (is_view(p, pool)) note_add(&notes, arena_format(arena, "view of %s/%s", p->name, pool->store));
    if (pool->charge_numerator != pool->charge_denominator)
        note_add(&notes, arena_format(arena, "charges %u/%u", pool->charge_numerator, pool->charge_denominator));
    if (pool->capacity) note_add(&notes, arena_format(arena, "at most %s", show_bytes(pool->capacity, arena)));
    if (pool->others) note_add(&notes, arena_format(arena, "others took %s", show_bytes(pool->others, arena)));
    if (pool->stale && p->connected) note_add(&notes, "stale");
    return arena_text(arena, text_string(&notes));
}

static void bytes_cell(struct table *t, const Granary__Quantities *q) {
    if (q && q->has_bytes)
        table_cell_bytes(t, q->bytes);
    else
        table_cell(t, "-");
}

static void text_cell(struct table *t, const char *value) {
    if (*value)
        table_cell(t, value);
    else
        table_blank(t);
}

// A tag that would take half a line is cut short; --pool shows it whole.
static const char *tags_shown(Granary__Tag *const *tags, size_t count, const char *tier, struct arena *arena) {
    enum { LONGEST = 24 };
    AUTO_TEXT struct text out = {0};
    for (size_t i = 0; i < count; i++) {
        const char *tag = show_tags(tags + i, 1, tier, arena);
        if (!*tag) continue;
        bool cut = strlen(tag) > LONGEST;
        text_addf(&out, "%s%.*s%s", out.size ? " " : "", LONGEST, tag, cut ? "..." : "");
    }
    return arena_text(arena, text_string(&out));
}

static void tier_row(struct table *t, const char *name, const char *notes, const char *tags) {
    table_cell(t, name);
    for (int i = 0; i < 3; i++) table_blank(t);
    text_cell(t, notes);
    text_cell(t, tags);
}

static void pool_row(struct table *t, const Granary__Provider *p, const Granary__Pool *pool, struct arena *arena) {
    table_cellf(t, "    %s", pool->name);
    bytes_cell(t, pool->total);
    bytes_cell(t, pool->granted);
    bytes_cell(t, pool->free);
    text_cell(t, pool_notes(p, pool, arena));
    text_cell(t, tags_shown(pool->tags, pool->n_tags, "pool", arena));
}

static void provider_rows(struct table *t, const Granary__Provider *p, struct arena *arena) {
    tier_row(t, p->name, provider_notes(p, arena), tags_shown(p->tags, p->n_tags, "provider", arena));
    for (size_t i = 0; i < p->n_instances; i++) {
        const Granary__Instance *instance = p->instances[i];
        const char *name = arena_format(arena, "  %s", instance->name);
        tier_row(t, name, "", tags_shown(instance->tags, instance->n_tags, "instance", arena));
        for (size_t j = 0; j < instance->n_pools; j++) pool_row(t, p, instance->pools[j], arena);
    }
}

static void tree_write(const Granary__Inventory *list, struct text *out, struct arena *arena) {
    if (!list->n_providers) {
        text_add(out, empty);
        return;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "PROVIDER / INSTANCE / POOL", TABLE_LEFT);
    table_column(&t, "REPORTED", TABLE_RIGHT);
    table_column(&t, "GRANTED", TABLE_RIGHT);
    table_column(&t, "FREE", TABLE_RIGHT);
    table_column(&t, "NOTES", TABLE_LEFT);
    table_column(&t, "TAGS", TABLE_LEFT);
    for (size_t i = 0; i < list->n_providers; i++) provider_rows(&t, list->providers[i], arena);
    table_write(&t, out);
}

// ---- one pool ----

static void quantities_rows(struct table *t, const char *what, const Granary__Quantities *q, struct arena *arena) {
    if (!q) return;
    AUTO_TEXT struct text s = {0};
    if (q->has_bytes) text_add(&s, show_bytes(q->bytes, arena));
    if (q->has_iops) text_addf(&s, "%s%llu iops", s.size ? ", " : "", (unsigned long long)q->iops);
    if (q->has_bandwidth) text_addf(&s, "%s%s", s.size ? ", " : "", show_rate(q->bandwidth, arena));
    if (q->has_volumes) text_addf(&s, "%s%llu volumes", s.size ? ", " : "", (unsigned long long)q->volumes);
    field_row(t, what, text_string(&s));
}

static void limits_rows(struct table *t, const Granary__Pool *p, struct arena *arena) {
    if (p->smallest_volume) field_row(t, "smallest volume", show_bytes(p->smallest_volume, arena));
    if (p->largest_volume) field_row(t, "largest volume", show_bytes(p->largest_volume, arena));
    if (p->granularity) field_row(t, "granularity", show_bytes(p->granularity, arena));
    if (p->others) field_row(t, "taken by others", show_bytes(p->others, arena));
    if (p->capacity || p->capacities) {
        Granary__Quantities most = p->capacities ? *p->capacities : (Granary__Quantities)GRANARY__QUANTITIES__INIT;
        most.has_bytes = p->capacity > 0;
        most.bytes = p->capacity;
        quantities_rows(t, "capacity", &most, arena);
    }
    if (p->headroom) field_row(t, "headroom", show_bytes(p->headroom, arena));
    if (p->physical_free) field_row(t, "physically free", show_bytes(p->physical_free, arena));
    if (p->charge_numerator != p->charge_denominator)
        field_row(
            t, "charge",
            arena_format(arena, "%u store bytes for each %u granted", p->charge_numerator, p->charge_denominator));
}

static void facts_rows(struct table *t, const Granary__Pool *p, struct arena *arena) {
    for (size_t i = 0; i < p->n_tags; i++) {
        const Granary__Tag *tag = p->tags[i];
        field_row(t, i ? "" : "tags",
                  arena_format(arena, "%s%s%s  (said by the %s)", tag->key, tag->value ? "=" : "",
                               tag->value ? tag->value : "", tag->tier ? tag->tier : "?"));
    }
    for (size_t i = 0; i < p->n_constraints; i++)
        field_row(t, i ? "" : "agents must",
                  arena_format(arena, "%s  (said by the %s)", p->constraints[i]->selector,
                               p->constraints[i]->tier ? p->constraints[i]->tier : "?"));
    for (size_t i = 0; i < p->n_preferences; i++)
        field_row(t, i ? "" : "better agents",
                  arena_format(arena, "%s  (weight %d)", p->preferences[i]->selector, p->preferences[i]->weight));
    AUTO_TEXT struct text can = {0};
    for (size_t i = 0; i < p->n_capabilities; i++)
        text_addf(&can, "%s%s", i ? ", " : "",
                  show_word(&granary__capability__descriptor, (int)p->capabilities[i], arena));
    field_row(t, "capabilities", text_string(&can));
}

static void pool_write(const Granary__Provider *provider, const char *path, const Granary__Pool *p, struct text *out,
                       struct arena *arena) {
    AUTO_TABLE struct table t = {0};
    fields_begin(&t);
    field_row(&t, "pool", path);
    field_row(&t, "driver", provider->driver);
    // With the provider that calls it so: two providers may mean the same storage.
    if (p->store) field_row(&t, "store", arena_format(arena, "%s/%s", provider->name, p->store));
    quantities_rows(&t, "reported", p->total, arena);
    quantities_rows(&t, "granted", p->granted, arena);
    quantities_rows(&t, "free", p->free, arena);
    limits_rows(&t, p, arena);
    facts_rows(&t, p, arena);
    field_row(&t, "data address", p->data_address);
    if (provider->stale_since) field_row(&t, "stale since", show_time(provider->stale_since, arena));
    if (p->reported_at) field_row(&t, "reported at", show_time(p->reported_at, arena));
    table_write_plain(&t, out);
}

static const char *pool_path(const Granary__Provider *p, const Granary__Instance *i, const Granary__Pool *pool,
                             struct arena *arena) {
    return arena_format(arena, "%s/%s/%s", p->name, i->name, pool->name);
}

static void instance_narrow(const Granary__Provider *p, Granary__Instance *i, const char *wanted, struct arena *arena) {
    size_t kept = 0;
    for (size_t k = 0; k < i->n_pools; k++)
        if (text_equal(i->pools[k]->name, wanted) || text_equal(pool_path(p, i, i->pools[k], arena), wanted))
            i->pools[kept++] = i->pools[k];
    i->n_pools = kept;
}

// Leaves the pools of that whole path or that own name in the tree, and the tiers above them.
static void inventory_narrow(Granary__Inventory *list, const char *wanted, struct arena *arena) {
    size_t providers = 0;
    for (size_t i = 0; i < list->n_providers; i++) {
        Granary__Provider *p = list->providers[i];
        size_t instances = 0;
        for (size_t j = 0; j < p->n_instances; j++) {
            instance_narrow(p, p->instances[j], wanted, arena);
            if (p->instances[j]->n_pools) p->instances[instances++] = p->instances[j];
        }
        p->n_instances = instances;
        if (instances) list->providers[providers++] = p;
    }
    list->n_providers = providers;
}

static void pools_write(const Granary__Inventory *list, struct text *out, struct arena *arena) {
    for (size_t i = 0; i < list->n_providers; i++)
        for (size_t j = 0; j < list->providers[i]->n_instances; j++) {
            const Granary__Instance *instance = list->providers[i]->instances[j];
            for (size_t k = 0; k < instance->n_pools; k++) {
                const Granary__Pool *pool = instance->pools[k];
                if (out->size) text_add_char(out, '\n');
                pool_write(list->providers[i], pool_path(list->providers[i], instance, pool, arena), pool, out, arena);
            }
        }
}

static struct err *pool_show(struct call *c, Granary__Inventory *list, const char *pool) {
    inventory_narrow(list, pool, c->arena);
    if (!list->n_providers)
        return err_new(ERR_NOT_FOUND, "pool '%s': there is none of that name; 'granary inventory' shows them all",
                       pool);
    if (c->json)
        message_write(&list->base, c->out);
    else
        pools_write(list, c->out, c->arena);
    return NULL;
}

static struct err *inventory(struct call *c) {
    void *list;
    TRY(client_get(c->client, "/v1/inventory", &granary__inventory__descriptor, c->arena, &list));
    const char *pool = options_text(c->options, "pool");
    if (pool) return pool_show(c, list, pool);
    if (!call_json(c)) tree_write(list, c->out, c->arena);
    return NULL;
}

// ---- provider remove ----

static struct err *provider_remove(struct call *c) {
    AUTO_TEXT struct text path = {0};
    text_add(&path, "/v1/providers");
    path_add(&path, call_name(c, 0));
    TRY(client_ask(c->client, "DELETE", path.data, NULL, NULL, c->arena, NULL));
    if (!c->json) text_addf(c->out, "provider '%s' is forgotten\n", call_name(c, 0));
    return NULL;
}

static const struct option inventory_options[] = {
    {"pool", OPTION_TEXT, "POOL", "all about one pool: its name, or PROVIDER/INSTANCE/POOL"},
    {0},
};
static const struct action inventory_actions[] = {
    {"", "[--pool POOL]", "the storage tiers as a tree: what is reported, granted and free", inventory_options, 0, 0,
     ACTION_WATCH, inventory,
     "REPORTED is what the storage has for us, GRANTED what volumes and reservations hold, FREE what can still be "
     "granted.\n"
     "Pools that are views of one store share these figures: taking from one shrinks the others. Long tags are cut;\n"
     "--pool shows them whole.\n\n"
     "examples:\n"
     "  granary inventory --watch\n"
     "  granary inventory --pool ssd\n"
     "  granary inventory -o json | jq '.providers[].instances[].pools[].free.bytes'"},
};
NOUN(inventory, inventory_actions);

static const struct action provider_actions[] = {
    {"remove", "NAME", "forgets a provider that is gone for good", NULL, 1, 1, 0, provider_remove,
     "It must be away, and nothing may be granted from its pools.\n\nexample:\n  granary provider remove old-array"},
};
NOUN(provider, provider_actions);
