// SPDX-License-Identifier: Apache-2.0
// granary health and granary version: the programs themselves.
#include "cli/verbs.h"
#include "codec/json_write.h"
#include "granary_api.pb-c.h"

enum { VERSION_PATIENCE_MS = 1000 };

static struct err *health(struct call *c) {
    void *message;
    TRY(client_get(c->client, "/health", &granary__health_answer__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__HealthAnswer *h = message;
    AUTO_TABLE struct table t = {0};
    fields_begin(&t);
    field_row(&t, "status", h->status);
    field_row(&t, "store", h->store);
    field_row(&t, "changes", h->read_only ? "refused; reads and releases go on" : "accepted");
    if (h->has_seq) {
        AUTO_TEXT struct text seq = {0};
        text_add_u64(&seq, h->seq);
        field_row(&t, "durable up to", seq.data);
    }
    table_write_plain(&t, c->out);
    return NULL;
}

// The master's is worth a second, and its absence is no error: this verb answers for the command first.
static struct err *version(struct call *c) {
    client_hurry(c->client, VERSION_PATIENCE_MS);
    void *message = NULL;
    AUTO_ERR struct err *away =
        client_get(c->client, "/version", &granary__version_answer__descriptor, c->arena, &message);
    const Granary__VersionAnswer *master = away ? NULL : message;
    if (!c->json) {
        text_addf(c->out, "granary %s\n", GRANARY_VERSION);
        if (master) {
            text_add(c->out, "master: ");
            table_clean(c->out, master->build ? master->build : master->version); // the other is that of the Mesos API
            text_add_char(c->out, '\n');
        }
        return NULL;
    }
    Granary__VersionAnswer own = GRANARY__VERSION_ANSWER__INIT;
    static char number[] = GRANARY_VERSION;
    own.version = number;
    text_add(c->out, "{\"client\":");
    json_write(c->out, &own.base, JSON_PUBLIC);
    if (master) {
        text_add(c->out, ",\"master\":");
        json_write(c->out, &master->base, JSON_PUBLIC);
    }
    text_add(c->out, "}\n");
    return NULL;
}

static const struct action health_actions[] = {
    {"", "", "whether the master serves, and whether it takes changes", NULL, 0, 0, ACTION_WATCH, health,
     "The exit code is 0 when it answers, 9 when nobody does.\n\nexample:\n  granary health"},
};
NOUN(health, health_actions);

static const struct action version_actions[] = {
    {"", "", "the version of this command, and of the master if one answers within a second", NULL, 0, 0, 0, version,
     "example:\n  granary version"},
};
NOUN(version, version_actions);
