// SPDX-License-Identifier: Apache-2.0
// Explanations for people.
#include "cli/explanation.h"

#include <string.h>

#include "base/quantity.h"
#include "cli/output.h"
#include "cli/table.h"

enum { NEAREST = 3 };

// How many there are, of which the answer may have a page only: what the funnel lost.
static size_t refused(const Granary__Explanation *e) {
    uint32_t first = e->n_funnel ? e->funnel[0]->left : 0, last = e->n_funnel ? e->funnel[e->n_funnel - 1]->left : 0;
    size_t lost = first > last ? first - last : 0;
    return lost > e->n_refusals ? lost : e->n_refusals;
}

static void line(struct text *out, const char *indent, const char *value) {
    text_add(out, indent);
    table_clean(out, value);
}

static void refusal_add(struct text *out, const char *indent, const Granary__Refusal *r) {
    if (r->sentence) {
        line(out, indent, r->sentence);
    } else {
        line(out, indent, r->pool ? r->pool : r->agent ? r->agent : "?");
        line(out, ": ", r->rule ? r->rule : "refused");
    }
}

// What a sentence above has said already is not said again.
static bool is_said(const char *above, const Granary__Refusal *r) {
    return above && r->sentence && strstr(above, r->sentence);
}

// At most NEAREST of them, each behind `indent` and a line break.
static void nearest_add(struct text *out, const Granary__Explanation *e, const char *above, const char *indent) {
    for (size_t i = 0; i < e->n_refusals && i < NEAREST; i++)
        if (!is_said(above, e->refusals[i])) refusal_add(out, indent, e->refusals[i]);
}

static void all_add(struct text *out, const Granary__Explanation *e) {
    text_add(out, "Refused:");
    for (size_t i = 0; i < e->n_refusals; i++) refusal_add(out, "\n  ", e->refusals[i]);
    if (e->next_page) text_add(out, "\n  ... and more than fit one answer");
}

static void refusals_write(const Granary__Explanation *e, bool all, struct text *out) {
    AUTO_TEXT struct text part = {0};
    if (all && e->n_refusals)
        all_add(&part, e);
    else
        nearest_add(&part, e, e->sentence, "\n  ");
    if (!part.size) return;
    text_addf(out, "\n%s%s\n", all ? "" : "Nearest refusals:", part.data);
}

static void funnel_write(const Granary__Explanation *e, struct text *out) {
    if (!e->n_funnel) return;
    AUTO_TABLE struct table t = {0};
    table_column(&t, "", TABLE_LEFT);
    table_column(&t, "", TABLE_RIGHT);
    for (size_t i = 0; i < e->n_funnel; i++) {
        table_cellf(&t, "  %s", e->funnel[i]->step);
        table_cellf(&t, "%u left", e->funnel[i]->left);
    }
    text_add(out, "\nRule by rule:\n");
    table_write_plain(&t, out);
}

static void fits_write(const Granary__Explanation *e, struct text *out) {
    AUTO_ARENA struct arena arena = {0};
    if (!e->n_fits) return;
    AUTO_TABLE struct table t = {0};
    table_column(&t, "  FITS", TABLE_LEFT);
    table_column(&t, "SCORE", TABLE_RIGHT);
    if (e->fits[0]->has_free) table_column(&t, "FREE", TABLE_RIGHT); // pools have it, agents do not
    table_column(&t, "AVAILABLE", TABLE_RIGHT);
    table_column(&t, "AFFINITY", TABLE_RIGHT);
    for (size_t i = 0; i < e->n_fits; i++) {
        const Granary__Fit *fit = e->fits[i];
        table_cellf(&t, "  %s %s", fit->pool ? "pool" : "agent", fit->pool ? fit->pool : fit->agent ? fit->agent : "?");
        table_cellf(&t, "%lld", (long long)fit->score);
        if (e->fits[0]->has_free && fit->has_free)
            table_cell_bytes(&t, fit->free);
        else if (e->fits[0]->has_free)
            table_blank(&t);
        table_cell(&t, fit->has_availability ? show_percent(fit->availability, &arena) : NULL);
        table_cell(&t, fit->has_affinity ? arena_format(&arena, "%u", fit->affinity) : NULL);
    }
    text_add_char(out, '\n');
    table_write(&t, out);
}

static void suggestion_add(struct text *out, const char *indent, const Granary__Suggestion *s) {
    line(out, indent, s->change);
    if (s->has_pools && s->pools) text_addf(out, " (then %u pool%s)", s->pools, s->pools == 1 ? " fits" : "s fit");
}

static void suggestions_write(const Granary__Explanation *e, struct text *out) {
    if (!e->n_suggestions) return;
    text_add(out, "\nWhat would pass:\n");
    for (size_t i = 0; i < e->n_suggestions; i++) {
        suggestion_add(out, "  ", e->suggestions[i]);
        text_add_char(out, '\n');
    }
}

void explanation_write(const Granary__Explanation *e, bool all, struct text *out) {
    line(out, "", e->sentence ? e->sentence : e->places ? "It fits." : "Nothing fits.");
    text_add_char(out, '\n');
    fits_write(e, out);
    funnel_write(e, out);
    refusals_write(e, all, out);
    if (!all && refused(e) > NEAREST) text_addf(out, "\n%zu refusals in all; --all shows them\n", refused(e));
    suggestions_write(e, out);
}

void explanation_hint(const Granary__Explanation *e, const char *above, struct text *out) {
    nearest_add(out, e, above, "\n  ");
    if (refused(e) > NEAREST)
        text_addf(out, "\n  ... %zu refusals in all%s", refused(e),
                  e->volume ? "" : "; 'granary explain --all' shows them"); // it would be asked alone there
    for (size_t i = 0; i < e->n_suggestions; i++) suggestion_add(out, "\n  what would pass: ", e->suggestions[i]);
}
