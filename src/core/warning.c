// SPDX-License-Identifier: Apache-2.0
// Asks the selectors themselves: the index knows the facts only after they were applied.
#include "core/warning.h"

#include "core/agent_test.h"

struct asked { // by whom, of the agent that has a volume
    const struct agent_row *agent;
    const struct pool_row *pool;
    const struct class_row *class; // NULL: it was removed
};

// "agent 'n1' no longer satisfies its pool's constraint: asked driver/rexray >= 0.9, found no driver/rexray".
static const char *breach_of(const struct draft *d, const struct asked *asked, const struct agent_tests *tests,
                             const char *whose) {
    const struct tag_set *agent = &asked->agent->facts->tags, *pool = &asked->pool->facts->tags;
    struct agent_failure f;
    agent_tests_run(&d->state->symbols, tests, agent, pool, &f);
    if (!f.count) return NULL;
    struct term_reason reason;
    bool swapped = f.test->pool_side;
    term_explain(&d->state->symbols, f.test->selector, f.term, swapped ? pool : agent, swapped ? agent : pool, &reason);
    const char *text = arena_format(d->arena, "agent '%s' no longer satisfies its %s: asked %s, found %s",
                                    asked->agent->name, whose, text_string(&reason.asked), text_string(&reason.found));
    term_reason_done(&reason);
    return text;
}

static const char *shortage_of(const struct draft *d, const struct asked *asked) {
    struct availability least = asked->class ? asked->class->doc->spec.availability : (struct availability){0};
    char wanted[AVAILABILITY_TEXT], found[AVAILABILITY_TEXT];
    struct availability both =
        domains_availability(&d->state->domains, &asked->agent->facts->tags, &asked->pool->facts->tags);
    if (both.n >= least.n) return NULL;
    return arena_format(d->arena,
                        "agent '%s' and its pool are no longer available enough for its class: asked %s or "
                        "more, found %s",
                        asked->agent->name, availability_text(least, wanted), availability_text(both, found));
}

static const char *warning_of(const struct draft *d, const struct asked *asked) {
    struct agent_tests of_pool = {0}, of_class = {0};
    agent_tests_of_pool(&of_pool, asked->pool);
    if (asked->class) agent_tests_of_class(&of_class, &asked->class->doc->spec);
    const char *text = breach_of(d, asked, &of_pool, "pool's constraint");
    if (!text) text = breach_of(d, asked, &of_class, "class's agent selector");
    if (!text) text = shortage_of(d, asked);
    vec_done(&of_pool);
    vec_done(&of_class);
    return text;
}

static bool is_held(const struct attachment_row *a) {
    return a->purpose == ATTACH_FOR_USE && (a->state == ATTACHMENT_ATTACHING || a->state == ATTACHMENT_IN_USE);
}

// What is not known is not judged: a provider that has not reported since the master started, an agent likewise.
void attachment_look(struct draft *d, uint64_t attachment) {
    const struct attachment_row *a = draft_attachment(d, attachment);
    const struct volume_row *v = a && is_held(a) ? draft_volume(d, a->volume) : NULL;
    if (!v) return;
    struct asked asked = {
        .agent = draft_agent(d, a->agent), .pool = draft_pool(d, v->charge.pool), .class = draft_class(d, v->class)};
    if (!asked.agent || !asked.agent->facts || !asked.pool || !asked.pool->facts) return;
    const char *warning = warning_of(d, &asked);
    if (warning ? text_equal(warning, a->warning) : !a->warning) return;
    edit_attachment(d, attachment, warning ? EV_attachment_warned : EV_attachment_cleared)->warning = warning;
}

void warnings_of_agent(struct draft *d, uint64_t agent) {
    struct id_list attachments = draft_related(d, ATTACHMENTS_OF_AGENT, agent);
    VEC_EACH (id, &attachments) attachment_look(d, *id);
}

void warnings_of_pools(struct draft *d, const struct map *pools) {
    bool any = false;
    MAP_EACH (entry, pools) any |= entry->value.n != 0;
    if (any) STATE_EACH(ATTACHMENT, attachment_row, a, d->state) {
            const struct volume_row *v = state_volume(d->state, a->volume);
            const union map_value *asks_else = v ? map_find(pools, v->charge.pool) : NULL;
            if (asks_else && asks_else->n) attachment_look(d, a->id);
        }
}

void warnings_of_class(struct draft *d, uint64_t class) {
    STATE_EACH(ATTACHMENT, attachment_row, a, d->state) {
        const struct volume_row *v = state_volume(d->state, a->volume);
        if (v && v->class == class) attachment_look(d, a->id);
    }
}
