// SPDX-License-Identifier: Apache-2.0
// The recorded requests, and what another policy would do to them.
#include "cli/output.h"
#include "cli/policy_trial.h"
#include "cli/source.h"
#include "cli/table.h"
#include "granary_api.pb-c.h"

enum { SHOWN = 20 };

static size_t shown_most(const struct call *c) {
    const struct given *last = options_find(c->options, "last");
    return last ? last->number : SHOWN;
}

// ---- rehearse ----

static void counts_write(const Granary__Rehearsal *r, struct text *out) {
    uint32_t otherwise = r->elsewhere + r->fails + r->places;
    text_addf(out, "%u recorded request%s asked again: ", r->requests, r->requests == 1 ? "" : "s");
    if (!otherwise) text_add(out, "all would end as today\n");
    if (otherwise)
        text_addf(out, "%u would land elsewhere, %u would now fail, %u would now place\n", r->elsewhere, r->fails,
                  r->places);
}

static void rows_write(const Granary__Rehearsal *r, size_t most, struct text *out, struct arena *arena) {
    AUTO_TABLE struct table t = {0};
    table_column(&t, "REQUEST", TABLE_RIGHT);
    table_column(&t, "ROLE", TABLE_LEFT);
    table_column(&t, "CLASS", TABLE_LEFT);
    table_column(&t, "SIZE", TABLE_RIGHT);
    table_column(&t, "TODAY", TABLE_LEFT);
    table_column(&t, "THEN", TABLE_LEFT);
    for (size_t i = 0; i < r->n_rows && i < most; i++) {
        const Granary__RecordedRequest *asked = r->rows[i]->request;
        table_cell_number(&t, asked->number);
        table_cell(&t, asked->role);
        table_cell(&t, asked->class_);
        table_cell(&t, show_bytes(asked->size, arena));
        table_cell(&t, r->rows[i]->before ? r->rows[i]->before : "refused");
        table_cell(&t, r->rows[i]->after ? r->rows[i]->after : "refused");
    }
    if (!table_rows(&t)) return;
    text_add_char(out, '\n');
    table_write(&t, out);
    if (r->n_rows > most) text_addf(out, "... and %zu more; --last N shows N of them\n", r->n_rows - most);
}

static void reasons_write(const Granary__Rehearsal *r, size_t most, struct text *out) {
    bool any = false;
    for (size_t i = 0; i < r->n_rows && i < most; i++) {
        if (!r->rows[i]->why) continue;
        if (!any) text_add(out, "\nWhy they would fail:\n");
        any = true;
        text_addf(out, "  %llu: ", (unsigned long long)r->rows[i]->request->number);
        table_clean(out, r->rows[i]->why);
        text_add_char(out, '\n');
    }
}

static struct err *trial_ask(struct call *c, Granary__PolicyTrial *trial) {
    void *message;
    trial->has_consume = trial->consume = options_has(c->options, "consume");
    TRY(client_ask(c->client, "POST", "/v1/policies/rehearse", &trial->base, &granary__rehearsal__descriptor, c->arena,
                   &message));
    if (!message) return err_new(ERR_INTERNAL, "the master rehearsed nothing");
    const Granary__Rehearsal *r = message;
    bool written = call_json(c);
    if (r->refused) return err_new(ERR_CONFLICT, "it could not be switched on: %s", r->refused);
    if (written) return NULL;
    counts_write(r, c->out);
    rows_write(r, shown_most(c), c->out, c->arena);
    reasons_write(r, shown_most(c), c->out);
    return NULL;
}

struct err *policy_rehearse(struct call *c) {
    Granary__PolicyTrial trial = GRANARY__POLICY_TRIAL__INIT;
    struct class_source source = {0};
    if (text_to_u64(call_name(c, 0), &trial.policy)) {
        trial.has_policy = true;
        return trial_ask(c, &trial);
    }
    TRY(class_source_read(call_name(c, 0), c->arena, &source));
    trial.classes = source.classes.at;
    trial.n_classes = source.classes.count;
    struct err *e = trial_ask(c, &trial);
    class_source_done(&source);
    return e;
}

// ---- requests ----

static void request_row(struct table *t, const Granary__RecordedRequest *r, struct arena *arena) {
    table_cell_number(t, r->number);
    table_cell(t, show_age(r->time, arena));
    table_cell(t, r->role);
    table_cell(t, r->class_);
    table_cell(t, show_bytes(r->size, arena));
    table_cell(t, r->has_iops ? arena_format(arena, "%llu", (unsigned long long)r->iops) : NULL);
    table_cell(t, r->agent);
    if (r->pool)
        table_cell(t, r->pool);
    else
        table_cellf(t, "refused: %s%s%s", r->error_kind ? r->error_kind : "?", r->rule ? ", " : "",
                    r->rule ? r->rule : "");
}

struct err *policy_requests(struct call *c) {
    void *message;
    TRY(client_list(c->client, "/v1/requests", &granary__request_list__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__RequestList *list = message;
    size_t most = shown_most(c);
    if (!list->n_requests) {
        text_add(c->out, "Nothing was asked yet.\n");
        return NULL;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "REQUEST", TABLE_RIGHT);
    table_column(&t, "AGE", TABLE_RIGHT);
    table_column(&t, "ROLE", TABLE_LEFT);
    table_column(&t, "CLASS", TABLE_LEFT);
    table_column(&t, "SIZE", TABLE_RIGHT);
    table_column(&t, "IOPS", TABLE_RIGHT);
    table_column(&t, "AGENT", TABLE_LEFT);
    table_column(&t, "WENT TO", TABLE_LEFT);
    for (size_t i = list->n_requests > most ? list->n_requests - most : 0; i < list->n_requests; i++)
        request_row(&t, list->requests[i], c->arena);
    table_write(&t, c->out);
    return NULL;
}
