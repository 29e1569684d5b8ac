// SPDX-License-Identifier: Apache-2.0
// Offer constraints and offer filters of SUBSCRIBE. What is not tested here is refused: an offer that a framework asked not
// to get is none that it expects.
#include "wire/mesos_wish.h"

#include <math.h>

#include "wire/mesos_basic.h"

enum { CONSTRAINTS_MOST = 4096, LEAST_MOST = 256 }; // of one framework

typedef Mesos__V1__Scheduler__OfferConstraints__RoleConstraints role_constraints;
typedef Mesos__V1__Scheduler__OfferConstraints__RoleConstraints__Group constraint_group;
typedef Mesos__V1__Scheduler__AttributeConstraint attribute_constraint;
typedef Mesos__V1__OfferFilters__ResourceQuantities resource_quantities;

static bool role_find(const struct symbols *s, const struct cmd_subscribe *c, const char *name, symbol *ret_role) {
    symbol role;
    if (!symbol_find(s, name, &role)) return false;
    *ret_role = role;
    for (size_t i = 0; i < c->role_count; i++)
        if (symbol_equal(c->roles[i], role)) return true;
    return false;
}

// ---- constraints ----

static struct err *text_make(struct symbols *s, const char *text, symbol *ret_text) {
    if (strlen(text) > MESOS_TEXT_LONGEST)
        return err_new(ERR_INVALID, "a text is longer than %d bytes", MESOS_TEXT_LONGEST);
    *ret_text = symbol_make(s, text);
    return NULL;
}

static struct err *selector_read(struct symbols *s, const Mesos__V1__Scheduler__AttributeConstraint__Selector *m,
                                 struct offer_constraint *c) {
    switch (m->selector_case) {
    case MESOS__V1__SCHEDULER__ATTRIBUTE_CONSTRAINT__SELECTOR__SELECTOR_PSEUDOATTRIBUTE_TYPE:
        if (m->pseudoattribute_type <= 0) break;
        c->subject = m->pseudoattribute_type == 1 ? WISH_HOSTNAME : WISH_DOMAIN;
        return NULL;
    case MESOS__V1__SCHEDULER__ATTRIBUTE_CONSTRAINT__SELECTOR__SELECTOR_ATTRIBUTE_NAME:
        c->subject = strcmp(m->attribute_name, MESOS_STORAGE) == 0 ? WISH_CLASSES : WISH_TAG;
        if (c->subject == WISH_TAG &&
            text_starts(m->attribute_name, MESOS_OURS)) // offers show figures there, never tags
            return err_new(ERR_INVALID,
                           "attribute '%.255s' is not tested here: of those that begin with '" MESOS_OURS
                           "' only '" MESOS_STORAGE "' is; use it, and choose by the others among the offers that come",
                           m->attribute_name);
        return text_make(s, m->attribute_name, &c->key);
    default: break;
    }
    return err_new(ERR_INVALID, "its selector names no attribute that is known");
}

static struct err *predicate_read(struct symbols *s, const Mesos__V1__Scheduler__AttributeConstraint__Predicate *m,
                                  struct offer_constraint *c) {
    switch (m->predicate_case) {
    case MESOS__V1__SCHEDULER__ATTRIBUTE_CONSTRAINT__PREDICATE__PREDICATE_EXISTS: c->test = WISH_EXISTS; return NULL;
    case MESOS__V1__SCHEDULER__ATTRIBUTE_CONSTRAINT__PREDICATE__PREDICATE_NOT_EXISTS:
        c->test = WISH_ABSENT;
        return NULL;
    case MESOS__V1__SCHEDULER__ATTRIBUTE_CONSTRAINT__PREDICATE__PREDICATE_TEXT_EQUALS:
        c->test = WISH_EQUALS;
        return text_make(s, m->text_equals->value, &c->value);
    case MESOS__V1__SCHEDULER__ATTRIBUTE_CONSTRAINT__PREDICATE__PREDICATE_TEXT_NOT_EQUALS:
        c->test = WISH_DIFFERS;
        return text_make(s, m->text_not_equals->value, &c->value);
    case MESOS__V1__SCHEDULER__ATTRIBUTE_CONSTRAINT__PREDICATE__PREDICATE_TEXT_MATCHES:
    case MESOS__V1__SCHEDULER__ATTRIBUTE_CONSTRAINT__PREDICATE__PREDICATE_TEXT_NOT_MATCHES:
        return err_new(ERR_INVALID,
                       "regular expressions are not tested here; use a group with 'text_equals' for each value");
    default: return err_new(ERR_INVALID, "its predicate is none that is known");
    }
}

static struct err *constraint_read(struct symbols *s, const attribute_constraint *m, struct offer_constraint *c) {
    TRY(selector_read(s, m->selector, c));
    return predicate_read(s, m->predicate, c);
}

static struct err *group_read(struct symbols *s, const constraint_group *m, symbol role, uint32_t group,
                              struct offer_constraint *at, size_t *count) {
    if (!m->n_attribute_constraints) return err_new(ERR_INVALID, "a group has no constraint");
    for (size_t i = 0; i < m->n_attribute_constraints; i++) {
        if (*count == CONSTRAINTS_MOST)
            return err_new(ERR_INVALID, "there are more than %d constraints", CONSTRAINTS_MOST);
        struct offer_constraint c = {.role = role, .group = group};
        TRY(constraint_read(s, m->attribute_constraints[i], &c));
        at[(*count)++] = c;
    }
    return NULL;
}

static struct err *role_read(struct symbols *s, const char *name, const role_constraints *m, uint32_t *groups,
                             const struct cmd_subscribe *c, struct offer_constraint *at, size_t *count) {
    symbol role;
    if (!role_find(s, c, name, &role)) return err_new(ERR_INVALID, "the framework does not have that role");
    if (!m || !m->n_groups) return err_new(ERR_INVALID, "it has no group");
    for (size_t i = 0; i < m->n_groups; i++) TRY(group_read(s, m->groups[i], role, ++*groups, at, count));
    return NULL;
}

static struct err *constraints_read(struct symbols *s, const Mesos__V1__Scheduler__OfferConstraints *m,
                                    struct arena *arena, struct cmd_subscribe *c) {
    if (!m || !m->n_role_constraints) return NULL;
    struct offer_constraint *at = arena_zero(arena, CONSTRAINTS_MOST, sizeof *at);
    size_t count = 0;
    uint32_t groups = 0;
    for (size_t i = 0; i < m->n_role_constraints; i++)
        TRY(err_wrap(role_read(s, m->role_constraints[i]->key, m->role_constraints[i]->value, &groups, c, at, &count),
                     "'offer_constraints' for role '%.255s'", m->role_constraints[i]->key));
    c->constraints = at;
    c->constraint_count = count;
    return NULL;
}

// ---- the least that is worth an offer ----

static struct milli *amount_of(struct scalars *amounts, const char *name) {
    return strcmp(name, "cpus") == 0   ? &amounts->cpus
           : strcmp(name, "mem") == 0  ? &amounts->mem
           : strcmp(name, "disk") == 0 ? &amounts->disk
                                       : NULL;
}

// Of a resource that agents here do not have no amount above 0 is ever free.
static struct err *quantities_read(const resource_quantities *m, struct scalars *amounts) {
    if (!m->n_quantities) return err_new(ERR_INVALID, "'FrameworkInfo.offer_filters' has an empty set of quantities");
    bool never = false;
    for (size_t i = 0; i < m->n_quantities; i++) {
        const Mesos__V1__Value__Scalar *value = m->quantities[i]->value;
        struct milli *amount = amount_of(amounts, m->quantities[i]->key);
        if (!value || !isfinite(value->value) || value->value < 0)
            return err_new(ERR_INVALID, "'FrameworkInfo.offer_filters' has a quantity that is not 0 or more");
        never |= amount ? !milli_from_double(value->value, amount) : value->value > 0;
    }
    if (never) amounts->cpus.n = INT64_MAX;
    return NULL;
}

static struct err *filters_read(const struct symbols *s, const Mesos__V1__FrameworkInfo *info, struct arena *arena,
                                struct cmd_subscribe *c) {
    struct offer_least *at = info->n_offer_filters ? arena_zero(arena, LEAST_MOST, sizeof *at) : NULL;
    size_t count = 0;
    for (size_t i = 0; i < info->n_offer_filters; i++) {
        const Mesos__V1__OfferFilters *filters = info->offer_filters[i]->value;
        const Mesos__V1__OfferFilters__MinAllocatableResources *least =
            filters ? filters->min_allocatable_resources : NULL;
        struct offer_least one = {0};
        bool ours = role_find(s, c, info->offer_filters[i]->key, &one.role);
        // Said without a set: anything is enough.
        for (size_t k = 0; least && (k < least->n_quantities || !k); k++) {
            one.amounts = (struct scalars){{0}, {0}, {0}};
            if (least->n_quantities) TRY(quantities_read(least->quantities[k], &one.amounts));
            if (!ours) continue;
            if (count == LEAST_MOST)
                return err_new(ERR_INVALID, "'FrameworkInfo.offer_filters' has more than %d sets of quantities",
                               LEAST_MOST);
            at[count++] = one;
        }
    }
    c->least = at;
    c->least_count = count;
    return NULL;
}

struct err *mesos_wishes_read(struct symbols *s, const Mesos__V1__Scheduler__Call__Subscribe *call, struct arena *arena,
                              struct cmd_subscribe *c) {
    TRY(filters_read(s, call->framework_info, arena, c));
    return constraints_read(s, call->offer_constraints, arena, c);
}
