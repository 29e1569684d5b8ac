// SPDX-License-Identifier: Apache-2.0
// Wishes tested against one agent, and against what is free of it.
#include "core/offer_wish.h"

#include "core/broker.h"
#include "core/share.h"

unsigned wishes_of(const struct framework_row *f, symbol role) {
    unsigned found = 0;
    for (size_t i = 0; i < blob_count(f->constraints, struct offer_constraint); i++) {
        const struct offer_constraint *c = &blob_items(f->constraints, struct offer_constraint)[i];
        if (!symbol_equal(c->role, role)) continue;
        found |= WISHES_AGENT;
        if (c->subject == WISH_CLASSES) found |= WISHES_CLASSES;
    }
    for (size_t i = 0; i < blob_count(f->least, struct offer_least); i++)
        if (symbol_equal(blob_items(f->least, struct offer_least)[i].role, role)) found |= WISHES_LEAST;
    return found;
}

// ---- one constraint ----

struct found { // what the agent says of the subject
    bool some, equal;
};

static void found_value(const struct draft *d, const struct offer_constraint *c, const char *value, struct found *f) {
    f->some = true;
    f->equal |= c->value.n && strcmp(state_text(d->state, c->value), value) == 0;
}

// As offers show them: a tag without value is "true".
static void found_tags(const struct draft *d, const struct offer_constraint *c, const struct agent_row *agent,
                       struct found *f) {
    size_t count = 0;
    const struct tag_set *set = agent->facts ? &agent->facts->tags : NULL;
    const struct tag *tags = set ? tag_set_find(set, c->key, &count) : NULL;
    for (size_t i = 0; i < count; i++) {
        if (tag_set_said(set, &tags[i]).origin != TAG_ATTRIBUTE) continue;
        const char *value = state_text(d->state, tags[i].value);
        found_value(d, c, *value ? value : "true", f);
    }
}

static void found_classes(const struct draft *d, const struct offer_constraint *c, uint64_t agent, struct found *f) {
    const uint64_t *classes;
    size_t count = broker_agent_classes(d->state, agent, d->arena, &classes);
    for (size_t i = 0; i < count; i++) {
        const struct class_row *class = state_class(d->state, classes[i]);
        if (class && broker_role_allowed(d->state, class, c->role)) found_value(d, c, class->name, f);
    }
}

static bool constraint_holds(const struct draft *d, const struct offer_constraint *c, const struct agent_row *agent) {
    struct found f = {0};
    switch ((enum wish_subject)c->subject) {
    case WISH_HOSTNAME: found_value(d, c, agent->hostname ? agent->hostname : agent->name, &f); break;
    case WISH_DOMAIN: break;
    case WISH_TAG: found_tags(d, c, agent, &f); break;
    case WISH_CLASSES: found_classes(d, c, agent->id, &f); break;
    }
    switch ((enum wish_test)c->test) {
    case WISH_EXISTS: return f.some;
    case WISH_ABSENT: return !f.some;
    case WISH_EQUALS: return f.equal;
    case WISH_DIFFERS: return !f.equal;
    }
    return false;
}

// ---- all of a role ----

bool wishes_agree(const struct draft *d, const struct framework_row *f, symbol role, uint64_t agent) {
    const struct agent_row *row = state_agent(d->state, agent);
    const struct offer_constraint *at = blob_items(f->constraints, struct offer_constraint);
    size_t count = blob_count(f->constraints, struct offer_constraint);
    bool asked = false;
    for (size_t i = 0; row && i < count;) {
        bool ours = symbol_equal(at[i].role, role), holds = ours;
        asked |= ours;
        for (uint32_t group = at[i].group; i < count && at[i].group == group; i++)
            holds = holds && constraint_holds(d, &at[i], row);
        if (holds) return true;
    }
    return !asked;
}

bool wishes_enough(const struct framework_row *f, symbol role, const struct scalars *free) {
    if (free->cpus.n <= 0 && free->mem.n <= 0 && free->disk.n <= 0) return false;
    for (size_t i = 0; i < blob_count(f->least, struct offer_least); i++) {
        const struct offer_least *least = &blob_items(f->least, struct offer_least)[i];
        if (symbol_equal(least->role, role) && scalars_within(&least->amounts, free)) return true;
    }
    return false;
}
