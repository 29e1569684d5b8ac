// SPDX-License-Identifier: Apache-2.0
// What a run waits for.
#include "cli/run_why.h"

#include "cli/client.h"
#include "cli/output.h"

enum { HURRY_MS = 1000 };

static double free_cpus(const Granary__Agent *a) {
    return a->free && a->free->has_cpus ? a->free->cpus : 0;
}
static double free_mem(const Granary__Agent *a) {
    return a->free && a->free->has_mem ? a->free->mem : 0;
}

static bool is_active(const Granary__Agent *a) {
    return text_equal(a->state, "active");
}

// The one that lacks the least: of cpus first.
static const Granary__Agent *largest(const Granary__AgentList *list) {
    const Granary__Agent *best = NULL;
    for (size_t i = 0; i < list->n_agents; i++) {
        const Granary__Agent *a = list->agents[i];
        if (!is_active(a)) continue;
        if (!best || free_cpus(a) > free_cpus(best) ||
            (free_cpus(a) >= free_cpus(best) && free_mem(a) > free_mem(best)))
            best = a;
    }
    return best;
}

static bool fits(const struct run_options *o, const Granary__Agent *a) {
    return is_active(a) && free_cpus(a) + 0.0005 >= milli_to_double(o->cpus) &&
           free_mem(a) + 0.0005 >= milli_to_double(o->mem);
}

void run_why_agents(const struct run_options *o, const Granary__AgentList *list, struct text *out) {
    AUTO_ARENA struct arena arena = {0};
    for (size_t i = 0; i < list->n_agents; i++)
        if (fits(o, list->agents[i])) return;
    const Granary__Agent *best = largest(list);
    if (out->size) text_add(out, "; ");
    text_addf(out, "no agent has %s cpus and %s of memory free", show_real(milli_to_double(o->cpus), &arena),
              show_mebibytes(milli_to_double(o->mem), &arena));
    if (best)
        text_addf(out, ": the most is %s and %s, on agent '%s'", show_real(free_cpus(best), &arena),
                  show_mebibytes(free_mem(best), &arena), best->name);
    else
        text_add(out, list->n_agents ? ": none is active" : ": there is none");
}

static struct err *volume_explain(struct client *c, const struct run_options *o, struct arena *arena,
                                  struct text *out) {
    AUTO_TEXT struct text path = {0};
    void *explanation;
    text_add(&path, "/v1/explain");
    path_query(&path, "volume", o->name);
    path_query(&path, "role", o->role);
    TRY(client_get(c, path.data, &granary__explanation__descriptor, arena, &explanation));
    const char *sentence = ((Granary__Explanation *)explanation)->sentence;
    text_add(out, sentence ? sentence : "");
    return NULL;
}

static struct err *ask(struct client *c, const struct run_options *o, bool volume, struct arena *arena,
                       struct text *out) {
    void *list;
    client_hurry(c, HURRY_MS);
    if (volume) TRY(volume_explain(c, o, arena, out));
    TRY(client_list(c, "/v1/agents", &granary__agent_list__descriptor, arena, &list));
    run_why_agents(o, list, out);
    return NULL;
}

void run_why(const struct run_options *o, bool volume, struct text *out) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_CLIENT struct client *c = NULL;
    AUTO_ERR struct err *e = client_new(o->settings, &c);
    if (!e) e = ask(c, o, volume, &arena, out);
}
