// SPDX-License-Identifier: Apache-2.0
// granary blast: what a failure domain would take with it. Changes nothing.
#include "cli/output.h"
#include "cli/verbs.h"
#include "granary_api.pb-c.h"

static void count_row(struct table *t, const char *what, const Granary__BlastCount *count) {
    table_cellf(t, "  %s", what);
    table_cell_number(t, count ? count->stops : 0);
    table_cell_number(t, count ? count->at_risk : 0);
}

static void counts_write(const Granary__Blast *b, struct text *out, struct arena *arena) {
    AUTO_TABLE struct table t = {0};
    table_column(&t, "  WHAT", TABLE_LEFT);
    table_column(&t, "STOPS", TABLE_RIGHT);
    table_column(&t, "AT RISK", TABLE_RIGHT);
    count_row(&t, "agents", b->agents);
    count_row(&t, "pools", b->pools);
    count_row(&t, "volumes", b->volumes);
    count_row(&t, "tasks", b->tasks);
    for (size_t i = 0; i < b->n_roles; i++) {
        count_row(&t, arena_format(arena, "volumes of role %s", b->roles[i]->role), b->roles[i]->volumes);
        count_row(&t, arena_format(arena, "tasks of role %s", b->roles[i]->role), b->roles[i]->tasks);
    }
    table_write(&t, out);
}

static void rows_write(const Granary__Blast *b, struct text *out) {
    if (!b->n_rows) return;
    AUTO_TABLE struct table t = {0};
    table_column(&t, "  EFFECT", TABLE_LEFT);
    table_column(&t, "KIND", TABLE_LEFT);
    table_column(&t, "NAME", TABLE_LEFT);
    table_column(&t, "ROLE", TABLE_LEFT);
    table_column(&t, "BECAUSE", TABLE_LEFT);
    for (size_t i = 0; i < b->n_rows; i++) {
        const Granary__BlastRow *row = b->rows[i];
        table_cellf(&t, "  %s", row->effect ? row->effect : "?");
        table_cell(&t, row->kind);
        table_cell(&t, row->name);
        table_cell(&t, row->role);
        table_cell(&t, row->because);
    }
    text_add_char(out, '\n');
    table_write(&t, out);
}

static struct err *blast(struct call *c) {
    AUTO_TEXT struct text path = {0};
    void *message;
    text_add(&path, "/v1/blast");
    path_query(&path, "domain", call_name(c, 0));
    path_query(&path, "role", options_text(c->options, "role"));
    TRY(client_list(c->client, path.data, &granary__blast__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__Blast *b = message;
    text_add(c->out, "If ");
    table_clean(c->out, b->domain ? b->domain : call_name(c, 0));
    text_addf(c->out, " ends (available %s %%):\n", show_percent(b->availability, c->arena));
    counts_write(b, c->out, c->arena);
    rows_write(b, c->out);
    return NULL;
}

static const struct option blast_options[] = {
    {"role", OPTION_TEXT, "ROLE", "only the volumes and tasks of this role"},
    {0},
};
static const struct action actions[] = {
    {"", "KEY=VALUE [--role R]", "what stops and what is at risk when a failure domain ends", blast_options, 1, 1,
     ACTION_WATCH, blast,
     "What has no other value of that key stops; what has one is at risk: it goes on with fewer ways. A volume stops "
     "with its\n"
     "pool, and is at risk with an agent that has it; a task stops with its agent or with the pool of one of its "
     "volumes. The\n"
     "master's setting 'domains' says which keys are failure domains. Nothing is changed.\n\n"
     "examples:\n  granary blast power=feed-A\n  granary blast topology/rack=r19 --role web\n"
     "  granary blast power=feed-A -o json | jq -r '.rows[] | select(.effect == \"stops\") | .name'"},
};
NOUN(blast, actions);
