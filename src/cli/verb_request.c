// SPDX-License-Identifier: Apache-2.0
// granary request: several volumes and part of an agent, all or nothing, as a file says.
#include "cli/output.h"
#include "cli/source.h"
#include "cli/verbs.h"
#include "granary_api.pb-c.h"

static void reservation_write(const Granary__Reservation *r, struct call *c) {
    text_addf(c->out, "reservation %llu: %s cpus, %s for role '%s' on agent '%s', expires: %s\n",
              (unsigned long long)r->id, show_real(r->cpus, c->arena), show_mebibytes(r->mem, c->arena),
              r->role ? r->role : "?", r->agent ? r->agent : "?", show_time(r->expires, c->arena));
}

static void applied_write(const Granary__RequestApplied *applied, struct call *c) {
    text_addf(c->out, "all of it can be used on agent '%s'\n", applied->agent ? applied->agent : "?");
    for (size_t i = 0; i < applied->n_volumes; i++) {
        const Granary__Volume *v = applied->volumes[i];
        text_addf(c->out, "volume '%s' %s: %s of %s in %s\n", v->name, v->state ? v->state : "accepted",
                  show_bytes(v->size, c->arena), v->class_ ? v->class_ : "?", v->pool ? v->pool : "?");
    }
    for (size_t i = 0; i < applied->n_passed_over; i++)
        text_addf(c->out, "volume '%s': %s\n", applied->passed_over[i]->volume, applied->passed_over[i]->sentence);
    if (applied->reservation) reservation_write(applied->reservation, c);
}

static struct err *request_apply(struct call *c) {
    void *body, *message;
    TRY(source_message(call_name(c, 0), &granary__request_apply__descriptor, c->arena, &body));
    TRY(client_ask(c->client, "POST", "/v1/requests", body, &granary__request_applied__descriptor, c->arena, &message));
    if (!message) return err_new(ERR_INTERNAL, "the master accepted the request without saying more");
    if (!call_json(c)) applied_write(message, c);
    return NULL;
}

static const struct action actions[] = {
    {"apply", "FILE|-", "makes the volumes of a request and keeps part of an agent for them", NULL, 1, 1, 0,
     request_apply,
     "All volumes are taken, in pools that one agent can use together, and that agent's cpus and memory are kept for "
     "the\n"
     "role until a task of it is launched there, for 5 minutes when the file says nothing else; or nothing is, and "
     "the\n"
     "answer says which volume had no place, and why (exit code 6).\n\n"
     "The file:\n"
     "  role: db                 # cpus and mem are kept for it\n"
     "  cpus: 2\n"
     "  mem: 4GiB\n"
     "  hold-ms: 10m             # at most a day\n"
     "  agent: n1                # the best that fits when left out\n"
     "  volumes:\n"
     "    - name: data\n"
     "      classes: [gold, silver]  # gold, else silver; or one: class: gold\n"
     "      size: 400GiB\n"
     "      iops: 5000\n"
     "    - {name: log, class: gold, size: 50GiB, fs: xfs, labels: {app: shop}}\n\n"
     "example:\n  granary request apply examples/request-database.yaml"},
};
NOUN(request, actions);
