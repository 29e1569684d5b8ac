// SPDX-License-Identifier: Apache-2.0
// Refusals in words that consumers know.
#include "core/coarse.h"

#include "core/funnel.h"
#include "core/suggest.h"

// Whose asked and found are figures, or words that are no tags.
static bool rule_is_coarse(enum rule rule) {
    switch (rule) {
    case RULE_REPORTED:
    case RULE_CAPABILITY:
    case RULE_SMALLEST:
    case RULE_LARGEST:
    case RULE_BYTES:
    case RULE_IOPS:
    case RULE_BANDWIDTH:
    case RULE_VOLUMES:
    case RULE_SLOTS:
    case RULE_AGENT_BANDWIDTH:
    case RULE_AGENT_AWAY: return true;
    default: return false;
    }
}

static const char *agent_words(enum rule rule) {
    switch (rule) {
    case RULE_CONSTRAINT: return "satisfies the constraints of its pool";
    case RULE_AGENT_SELECTOR: return "satisfies the agent selector of its class";
    case RULE_FILESYSTEM: return "has the filesystem";
    default: return "may use it";
    }
}

static void coarse_add_refusal(const struct state *s, const struct refusal *r, const char *pool, struct text *out) {
    const struct agent_row *agent = state_agent(s, r->agent);
    struct refusal mine = *r;
    mine.pool = 0;
    if (!rule_is_coarse(r->rule) && pool) {
        text_addf(out, "%s is not among those that %s", pool, rule_text(r->rule));
    } else if (!rule_is_coarse(r->rule)) {
        text_addf(out, "agent '%s' is not one that %s", agent ? agent->name : "", agent_words(r->rule));
    } else {
        if (!agent && pool) text_add(out, pool);
        refusal_add_text(s, &mine, out);
    }
}

void refusal_say(const struct draft *d, const struct refusal *r, const char *pool, struct text *out) {
    if (d->coarse)
        coarse_add_refusal(d->state, r, pool, out);
    else
        refusal_add_text(d->state, r, out);
}

static void funnel_add_text(const struct judged_pool *pools, size_t count, struct arena *arena, struct text *out) {
    const struct funnel_step *steps;
    size_t made = funnel_of_pools(pools, count, arena, &steps);
    text_addf(out, "of %u pool%s", steps[0].left, steps[0].left == 1 ? "" : "s");
    for (size_t i = 1; i < made; i++) text_addf(out, "%s %u %s", i == 1 ? "" : ",", steps[i].left, steps[i].text);
}

void coarse_add_pools(const struct draft *d, const struct want *w, const struct terms *t,
                      const struct judged_pool *pools, size_t count, const struct judged_pool *nearest,
                      struct text *out) {
    AUTO_ARENA struct arena arena = {0};
    struct suggestion changes[SUGGESTIONS_MOST];
    struct refusal r = refusal_of_pool(d, t, nearest->pool, &nearest->verdict, &arena);
    coarse_add_refusal(d->state, &r, "the nearest", out);
    text_add(out, "; ");
    funnel_add_text(pools, count, &arena, out);
    size_t found = suggest_to_asker(d, w, t, pools, count, &arena, changes);
    for (size_t i = 0; i < found && i < 3; i++)
        text_addf(out, "%s %s (%u pool%s)", i ? "," : "; would place:", changes[i].change, changes[i].pools,
                  changes[i].pools == 1 ? "" : "s");
}
