// SPDX-License-Identifier: Apache-2.0
// Explanations for people.
#include "cli/explanation.h"

#include "base/quantity.h"
#include "cli/table.h"

enum { NEAREST = 3 };

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

static void refusals_write(const Granary__Explanation *e, bool all, struct text *out) {
    size_t shown = all || e->n_refusals < NEAREST ? e->n_refusals : NEAREST;
    if (!shown) return;
    text_add(out, shown < e->n_refusals || e->next_page ? "\nNearest refusals:\n" : "\nRefused:\n");
    for (size_t i = 0; i < shown; i++) {
        refusal_add(out, "  ", e->refusals[i]);
        text_add_char(out, '\n');
    }
    if (shown < e->n_refusals)
        text_addf(out, "  ... and %zu more; --all shows them\n", e->n_refusals - shown);
    else if (e->next_page)
        text_add(out, "  ... and more than one page of others\n");
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
    if (!e->n_fits) return;
    AUTO_TABLE struct table t = {0};
    table_column(&t, "  FITS", TABLE_LEFT);
    table_column(&t, "SCORE", TABLE_RIGHT);
    table_column(&t, "FREE", TABLE_RIGHT);
    for (size_t i = 0; i < e->n_fits; i++) {
        const Granary__Fit *fit = e->fits[i];
        table_cellf(&t, "  %s %s", fit->pool ? "pool" : "agent", fit->pool ? fit->pool : fit->agent ? fit->agent : "?");
        table_cellf(&t, "%lld", (long long)fit->score);
        if (fit->has_free)
            table_cell_bytes(&t, fit->free);
        else
            table_blank(&t);
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
    suggestions_write(e, out);
}

void explanation_hint(const Granary__Explanation *e, struct text *out) {
    for (size_t i = 0; i < e->n_refusals && i < NEAREST; i++) refusal_add(out, "\n  ", e->refusals[i]);
    if (e->n_refusals > NEAREST)
        text_addf(out, "\n  ... and %zu more; 'granary explain' shows them", e->n_refusals - NEAREST);
    for (size_t i = 0; i < e->n_suggestions; i++) suggestion_add(out, "\n  what would pass: ", e->suggestions[i]);
}
