// SPDX-License-Identifier: Apache-2.0
// granary reservation: parts of pools promised to a role.
#include "cli/output.h"
#include "cli/verbs.h"
#include "granary_api.pb-c.h"
#include "sys/clock.h"

static void reservation_path(const struct call *c, struct text *path) {
    text_add(path, "/v1/reservations");
    path_add(path, call_name(c, 0));
}

// What of a pool or of an agent it still holds.
static const char *left_text(const Granary__Reservation *r, struct arena *arena) {
    if (!r->agent) return show_bytes(r->size, arena);
    return arena_format(arena, "%s cpus, %s", show_real(r->cpus, arena), show_mebibytes(r->mem, arena));
}

static const char *expiry_text(const Granary__Reservation *r, struct arena *arena) {
    return r->expires ? show_time(r->expires, arena) : "never";
}

static struct err *reservation_create(struct call *c) {
    const struct given *size = options_find(c->options, "size"), *iops = options_find(c->options, "iops"),
                       *lasts = options_find(c->options, "for");
    if (!options_has(c->options, "class"))
        return err_new(ERR_INVALID, "--class is missing; 'granary class list' shows what there is");
    if (!size) return err_new(ERR_INVALID, "--size is missing, such as --size 50GiB");
    Granary__ReservationCreate body = GRANARY__RESERVATION_CREATE__INIT;
    body.class_ = (char *)options_text(c->options, "class");
    body.size = size->number;
    if (options_has(c->options, "role")) body.role = (char *)options_text(c->options, "role");
    body.reason = (char *)options_text(c->options, "reason");
    body.has_iops = iops != NULL;
    body.iops = iops ? iops->number : 0;
    body.has_expires = lasts != NULL;
    body.expires = lasts ? clock_wall_ms() + (int64_t)lasts->number : 0;
    TRY(labels_give(c, &body.base));
    void *message;
    TRY(client_ask(c->client, "POST", "/v1/reservations", &body.base, &granary__reservation__descriptor, c->arena,
                   &message));
    if (call_json(c)) return NULL;
    const Granary__Reservation *r = message;
    if (!r) return err_new(ERR_INTERNAL, "the master accepted the reservation without saying its id");
    text_addf(c->out, "reservation %llu: %s of %s for role '%s' in %s, expires: %s\n", (unsigned long long)r->id,
              show_bytes(r->size, c->arena), r->class_ ? r->class_ : "?", r->role ? r->role : "*",
              r->pool ? r->pool : "?", expiry_text(r, c->arena));
    return NULL;
}

static struct err *reservation_list(struct call *c) {
    void *message;
    TRY(client_list(c->client, "/v1/reservations", &granary__reservation_list__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__ReservationList *list = message;
    if (!list->n_reservations) {
        text_add(c->out,
                 "No reservations. Make one: granary reservation create --class CLASS --size SIZE --role ROLE\n");
        return NULL;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "ID", TABLE_RIGHT);
    table_column(&t, "ROLE", TABLE_LEFT);
    table_column(&t, "FRAMEWORK", TABLE_LEFT);
    table_column(&t, "CLASS", TABLE_LEFT);
    table_column(&t, "LEFT", TABLE_RIGHT);
    table_column(&t, "POOL OR AGENT", TABLE_LEFT);
    table_column(&t, "AGE", TABLE_RIGHT);
    table_column(&t, "EXPIRES", TABLE_LEFT);
    table_column(&t, "REASON", TABLE_LEFT);
    for (size_t i = 0; i < list->n_reservations; i++) {
        const Granary__Reservation *r = list->reservations[i];
        table_cell_number(&t, r->id);
        table_cell(&t, r->role);
        table_cell(&t, r->framework);
        table_cell(&t, r->class_);
        table_cell(&t, left_text(r, c->arena));
        table_cell(&t, r->agent ? r->agent : r->pool);
        table_cell(&t, show_age(r->created, c->arena));
        table_cell(&t, expiry_text(r, c->arena));
        table_cell(&t, r->reason);
    }
    table_write(&t, c->out);
    return NULL;
}

static struct err *reservation_show(struct call *c) {
    AUTO_TEXT struct text path = {0};
    reservation_path(c, &path);
    void *message;
    TRY(client_get(c->client, path.data, &granary__reservation__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__Reservation *r = message;
    AUTO_TABLE struct table t = {0};
    fields_begin(&t);
    field_row(&t, "reservation", arena_format(c->arena, "%llu", (unsigned long long)r->id));
    field_row(&t, "role", r->role);
    field_row(&t, "framework", r->framework);
    field_row(&t, "principal", r->principal);
    field_row(&t, "class", r->class_);
    for (size_t i = 0; i < r->n_labels; i++)
        field_row(&t, i ? "" : "labels", arena_format(c->arena, "%s=%s", r->labels[i]->key, r->labels[i]->value));
    field_row(&t, "pool", r->pool);
    field_row(&t, "agent", r->agent);
    field_row(&t, r->agent ? "not yet tasks" : "not yet volumes", left_text(r, c->arena));
    if (r->iops) field_row(&t, "iops", arena_format(c->arena, "%llu", (unsigned long long)r->iops));
    if (r->bandwidth) field_row(&t, "bandwidth", show_rate(r->bandwidth, c->arena));
    field_row(&t, "reason", r->reason);
    field_row(&t, "created", show_time(r->created, c->arena));
    field_row(&t, "expires", expiry_text(r, c->arena));
    table_write_plain(&t, c->out);
    return NULL;
}

static struct err *reservation_delete(struct call *c) {
    AUTO_TEXT struct text path = {0};
    reservation_path(c, &path);
    TRY(client_ask(c->client, "DELETE", path.data, NULL, NULL, c->arena, NULL));
    if (!c->json) text_addf(c->out, "reservation %s has ended\n", call_name(c, 0));
    return NULL;
}

static const struct option create_options[] = {
    {"class", OPTION_TEXT, "CLASS", "what kind of storage: see 'granary class list'"},
    {"size", OPTION_SIZE, "SIZE", "how much, such as 50GiB"},
    {"role", OPTION_TEXT, "ROLE", "for whom (\"*\")"},
    {"iops", OPTION_NUMBER, "N", "operations per second to reserve (the class's)"},
    {"label", OPTION_LIST, "KEY=VALUE", "a label of the volumes made of it; may be given several times"},
    {"reason", OPTION_TEXT, "TEXT", "why, for those who will find it"},
    {"for", OPTION_DURATION, "TIME", "ends by itself after this time (never)"},
    {0},
};
static const struct action actions[] = {
    {"create", "--class CLASS --size SIZE [...]", "promises part of a pool to a role", create_options, 0, 0, 0,
     reservation_create,
     "What is reserved is offered to that role alone. Volumes made from it take from it.\n\n"
     "example:\n  granary reservation create --class gold --size 500GiB --role db --reason 'move of March' --for 14d"},
    {"list", "", "the reservations", NULL, 0, 0, ACTION_WATCH, reservation_list,
     "example:\n  granary reservation list"},
    {"show", "ID", "one reservation", NULL, 1, 1, 0, reservation_show, "example:\n  granary reservation show 42"},
    {"delete", "ID", "ends a reservation of which no volume is left", NULL, 1, 1, 0, reservation_delete,
     "It is refused while volumes made from it exist: release those first.\n\n"
     "example:\n  granary reservation delete 42"},
};
NOUN(reservation, actions);
