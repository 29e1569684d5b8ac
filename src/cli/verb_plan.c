// SPDX-License-Identifier: Apache-2.0
// granary plan: what would happen if. Reads a file of changes and requests; the master changes nothing.
#include <inttypes.h>

#include "cli/explanation.h"
#include "cli/output.h"
#include "cli/source.h"
#include "cli/verbs.h"
#include "granary_api.pb-c.h"

// ---- the answer for people ----

static void changes_write(const Granary__PlanAnswer *a, struct text *out) {
    if (a->n_changes) text_add(out, "Changes:\n");
    for (size_t i = 0; i < a->n_changes; i++) {
        text_add(out, a->changes[i]->refused ? "  cannot be: " : "  ");
        table_clean(out, a->changes[i]->sentence);
        text_add_char(out, '\n');
    }
}

static void losses_write(const Granary__PlanAnswer *a, struct text *out) {
    if (a->n_losses) text_add(out, "\nNobody could use these volumes any more:\n");
    for (size_t i = 0; i < a->n_losses; i++) {
        text_addf(out, "  role '%s': ", a->losses[i]->role ? a->losses[i]->role : "*");
        table_clean(out, a->losses[i]->sentence);
        text_add_char(out, '\n');
    }
    if (a->lost > a->n_losses) text_addf(out, "  and %" PRIu64 " more\n", a->lost - a->n_losses);
}

static void requests_write(const Granary__PlanAnswer *a, struct text *out, struct arena *arena) {
    AUTO_TABLE struct table t = {0};
    table_column(&t, "  WOULD PLACE", TABLE_LEFT);
    table_column(&t, "SIZE", TABLE_RIGHT);
    table_column(&t, "CLASS", TABLE_LEFT);
    table_column(&t, "POOL", TABLE_LEFT);
    for (size_t i = 0; i < a->n_requests; i++)
        for (size_t k = 0; k < a->requests[i]->n_volumes; k++) {
            const Granary__Volume *v = a->requests[i]->volumes[k];
            table_cellf(&t, "  %s", v->name);
            table_cell(&t, show_bytes(v->size, arena));
            table_cell(&t, v->class_);
            table_cell(&t, v->pool);
        }
    if (!table_rows(&t)) return;
    text_add_char(out, '\n');
    table_write(&t, out);
}

static void together_write(const Granary__PlanAnswer *a, struct text *out) {
    for (size_t i = 0; i < a->n_requests; i++) {
        const Granary__PlannedRequest *r = a->requests[i];
        if (r->agent) text_addf(out, "  %s: all of it can be used on agent '%s'\n", r->name, r->agent);
        for (size_t k = 0; k < r->n_passed_over; k++) {
            text_addf(out, "  volume '%s': ", r->passed_over[k]->volume);
            table_clean(out, r->passed_over[k]->sentence);
            text_add_char(out, '\n');
        }
    }
}

static void failures_write(const Granary__PlanAnswer *a, struct text *out) {
    bool any = false;
    for (size_t i = 0; i < a->n_requests; i++) {
        const Granary__PlannedRequest *r = a->requests[i];
        if (r->places) continue;
        if (!any) text_add(out, "\nWould not place:\n");
        any = true;
        text_add(out, "  ");
        table_clean(out, r->sentence ? r->sentence : r->name);
        if (r->explanation) explanation_hint(r->explanation, r->sentence, out);
        text_add_char(out, '\n');
    }
}

static void classes_write(const Granary__PlanAnswer *a, struct text *out, struct arena *arena) {
    if (!a->n_classes) return;
    AUTO_TABLE struct table t = {0};
    table_column(&t, "  CLASS", TABLE_LEFT);
    table_column(&t, "LARGEST NOW", TABLE_RIGHT);
    table_column(&t, "THEN", TABLE_RIGHT);
    for (size_t i = 0; i < a->n_classes; i++) {
        const Granary__PlannedClass *c = a->classes[i];
        table_cellf(&t, "  %s", c->class_);
        table_cell(&t, c->largest_before ? show_bytes(c->largest_before, arena) : "nothing");
        table_cell(&t, c->largest_after ? show_bytes(c->largest_after, arena) : "nothing");
    }
    text_add_char(out, '\n');
    table_write(&t, out);
}

static struct err *plan(struct call *c) {
    void *asked, *message;
    TRY(source_message(call_name(c, 0), &granary__plan__descriptor, c->arena, &asked));
    TRY(client_ask(c->client, "POST", "/v1/plan", asked, &granary__plan_answer__descriptor, c->arena, &message));
    if (!message) return err_new(ERR_INTERNAL, "the master planned nothing");
    const Granary__PlanAnswer *a = message;
    size_t failed = 0, refused = 0;
    for (size_t i = 0; i < a->n_requests; i++) failed += !a->requests[i]->places;
    for (size_t i = 0; i < a->n_changes; i++) refused += a->changes[i]->refused != 0;
    if (!call_json(c)) {
        changes_write(a, c->out);
        losses_write(a, c->out);
        requests_write(a, c->out, c->arena);
        together_write(a, c->out);
        failures_write(a, c->out);
        classes_write(a, c->out, c->arena);
    }
    if (a->places) return NULL;
    if (failed) return err_new(ERR_NO_FIT, "%zu of %zu requests would not place", failed, a->n_requests);
    return err_new(ERR_NO_FIT, "%zu of %zu changes would be refused", refused, a->n_changes);
}

static const struct action actions[] = {
    {"", "FILE|-", "what would place where, and what would fail and why, if the cluster were changed", NULL, 1, 1, 0,
     plan,
     "The file adds, changes and removes agents, pools and classes, and asks for volumes, also several together; see "
     "docs/plan.md. Nothing is "
     "changed.\n"
     "Ends with the exit code of no-fit when something would not place.\n\n"
     "example:\n  granary plan examples/plan-rack.yaml"},
};
NOUN(plan, actions);
