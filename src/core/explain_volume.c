// SPDX-License-Identifier: Apache-2.0
// Where a volume can be used, and what it waits for.
#include <stdlib.h>

#include "core/explain.h"

struct judged_agent {
    const struct agent_row *agent;
    enum rule rule;
};

static int judged_compare(const void *a, const void *b) {
    const struct judged_agent *x = a, *y = b;
    if (x->rule != y->rule) return x->rule > y->rule ? -1 : 1;
    return x->agent->id < y->agent->id ? -1 : x->agent->id > y->agent->id;
}

static struct judged_agent *agents_judge(const struct draft *d, const struct volume_row *v, struct arena *arena,
                                         size_t *ret_count) {
    struct judged_agent *agents = arena_zero(arena, table_count(&d->state->tables[NOUN_AGENT]) + 1, sizeof *agents);
    size_t count = 0;
    STATE_EACH(AGENT, agent_row, agent, d->state)
    if (agent->state != AGENT_IS_GONE) agents[count++] = (struct judged_agent){agent, agent_rule(d, v, agent)};
    qsort(agents, count, sizeof *agents, judged_compare);
    *ret_count = count;
    return agents;
}

static void agents_refuse(struct explanation *e, const struct draft *d, const struct volume_row *v,
                          const struct judged_agent *agents, struct explain_page page, struct arena *arena) {
    size_t from = explanation_cut(e, page);
    struct refusal *rows = arena_zero(arena, e->refusal_count + 1, sizeof *rows);
    for (size_t i = 0; i < e->refusal_count; i++)
        rows[i] = refusal_of_agent(d, v, agents[from + i].agent, agents[from + i].rule, arena);
    e->refusals = rows;
}

static void agents_funnel(struct explanation *e, const uint32_t failed[RULE_COUNT], uint32_t all, struct arena *arena) {
    struct funnel_step *steps = arena_zero(arena, RULE_COUNT + 1, sizeof *steps);
    steps[e->funnel_count++] = (struct funnel_step){"agents", all};
    for (enum rule rule = RULE_NONE + 1; rule < RULE_COUNT; rule++) {
        all -= failed[rule];
        if (failed[rule]) steps[e->funnel_count++] = (struct funnel_step){rule_text_of_agents(rule), all};
    }
    e->funnel = steps;
}

// ---- what the volume itself waits for ----

static const char *agent_called(const struct draft *d, uint64_t id) {
    const struct agent_row *agent = draft_agent(d, id);
    return agent ? agent->name : "?";
}

static void users_add_text(const struct draft *d, const struct attachment_row *a, struct text *out) {
    const struct id_list *tasks = state_related(d->state, TASKS_OF_VOLUME, a->volume);
    const char *before = " by";
    for (size_t i = 0; i < tasks->count; i++) {
        const struct task_row *t = draft_task(d, tasks->at[i]);
        if (!t || t->agent != a->agent || task_state_ended(t->state)) continue;
        const struct framework_row *f = draft_framework(d, t->framework);
        text_addf(out, "%s task '%s' of framework '%s'", before, t->text_id, f ? f->name : "?");
        before = " and";
    }
}

static void attachments_add_text(const struct draft *d, const struct volume_row *v, struct text *out) {
    const struct id_list *list = state_related(d->state, ATTACHMENTS_OF_VOLUME, v->id);
    for (size_t i = 0; i < list->count; i++) {
        const struct attachment_row *a = draft_attachment(d, list->at[i]);
        if (!a) continue;
        const char *agent = agent_called(d, a->agent);
        switch (a->state) {
        case ATTACHMENT_ATTACHING: text_addf(out, "; it is being attached on agent '%s'", agent); break;
        case ATTACHMENT_IN_USE:
            text_addf(out, "; it is in use on agent '%s'", agent);
            users_add_text(d, a, out);
            break;
        case ATTACHMENT_DETACHING: text_addf(out, "; it is being detached from agent '%s'", agent); break;
        case ATTACHMENT_STRANDED:
            text_addf(out, "; it is stranded on agent '%s' and waits for a proof that this host cannot write any more",
                      agent);
            break;
        default: break;
        }
        if (a->message && *a->message) text_addf(out, ": %s", a->message);
    }
}

static void provider_add_text(const struct draft *d, const struct volume_row *v, struct text *out) {
    const struct pool_row *pool = draft_pool(d, v->charge.pool);
    const struct provider_row *provider = pool ? draft_provider(d, pool->provider) : NULL;
    bool asked = v->state == VOLUME_WANTED || v->state == VOLUME_MAKING || v->state == VOLUME_RELEASING || v->grow_to.n;
    if (!provider || (!asked && provider->session)) return;
    text_addf(out, asked ? "; it waits for provider '%s'" : "; provider '%s'", provider->name);
    if (!provider->session) text_add(out, asked ? ", which is away" : " is away");
}

static void volume_add_text(const struct draft *d, const struct volume_row *v, struct text *out) {
    text_addf(out, "volume '%s' is %s", v->name, volume_state_name(v->state));
    if (v->state == VOLUME_READY) {
        const char *content = content_state_name(v->content);
        text_addf(out, ", content %s", content ? content : "unknown");
    }
    if (v->message && *v->message) text_addf(out, ": %s", v->message);
    provider_add_text(d, v, out);
    attachments_add_text(d, v, out);
    const struct offer_row *offer = v->offer ? draft_offer(d, v->offer) : NULL;
    const struct framework_row *framework = offer ? draft_framework(d, offer->framework) : NULL;
    if (framework) text_addf(out, "; it stands in an offer to framework '%s'", framework->name);
}

static void places_add_text(const struct draft *d, const struct explanation *e, size_t all, struct text *out) {
    size_t can = all - e->refused;
    text_addf(out, "; %zu of %zu agent%s can use it", can, all, all == 1 ? "" : "s");
    if (e->agent_count) text_addf(out, ", the best is '%s'", agent_called(d, e->agents[0].agent));
    if (can || !e->refusal_count) return;
    text_add(out, "; nearest: ");
    refusal_add_text(d->state, &e->refusals[0], out);
}

struct err *explain_volume(const struct draft *d, uint64_t volume, struct explain_page page, struct arena *arena,
                           struct explanation *ret_explanation) {
    const struct volume_row *v = draft_volume(d, volume);
    if (!v) return err_new(ERR_NOT_FOUND, "there is no such volume any more");
    size_t count;
    uint32_t failed[RULE_COUNT] = {0};
    AUTO_TEXT struct text sentence = {0};
    struct explanation e = {0};
    struct judged_agent *agents = agents_judge(d, v, arena, &count);
    for (size_t i = 0; i < count; i++) {
        failed[agents[i].rule]++;
        e.refused += agents[i].rule != RULE_NONE;
    }
    agents_funnel(&e, failed, (uint32_t)count, arena);
    agents_refuse(&e, d, v, agents, page, arena);
    e.agent_count = broker_rank_agents(d, v, (struct scalars){.cpus = v->last_cpus, .mem = v->last_mem}, EXPLAIN_FITS,
                                       arena, &e.agents);
    struct reach_want reach = volume_reach(d->state, v);
    for (size_t i = 0; i < e.agent_count; i++)
        e.figures[i] = figures_of(d->state, &reach, draft_agent(d, e.agents[i].agent));
    e.places = e.agent_count > 0 && v->state == VOLUME_READY;
    volume_add_text(d, v, &sentence);
    places_add_text(d, &e, count, &sentence);
    e.sentence = arena_text(arena, text_string(&sentence));
    *ret_explanation = e;
    return NULL;
}
