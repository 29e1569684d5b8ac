// SPDX-License-Identifier: Apache-2.0
// Versions of the set of classes.
#include "core/policy.h"

#include <stdlib.h>
#include <string.h>

#include "core/warning.h"

// ---- sets of classes ----

static void policy_drop(struct shared *self) {
    struct policy_shared *p = (struct policy_shared *)self;
    VEC_EACH (class, &p->classes) shared_leave(&(*class)->shared);
    vec_done(&p->classes);
    free(p);
}

struct policy_shared *policy_new(void) {
    struct policy_shared *p = NEW(struct policy_shared);
    p->shared.drop = policy_drop;
    return p;
}

static size_t policy_place(const struct policy_shared *p, const char *name) {
    size_t low = 0, high = p->classes.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(p->classes.at[middle]->spec.name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct class_shared *policy_class(const struct policy_shared *p, const char *name) {
    size_t at = policy_place(p, name);
    bool found = at < p->classes.count && strcmp(p->classes.at[at]->spec.name, name) == 0;
    return found ? p->classes.at[at] : NULL;
}

struct err *policy_add(struct policy_shared *p, struct class_shared *class) {
    const char *name = class->spec.name;
    if (policy_class(p, name)) return err_new(ERR_CONFLICT, "class '%s' is there twice; leave one out", name);
    size_t at = policy_place(p, name);
    vec_push(&p->classes, class);
    memmove(p->classes.at + at + 1, p->classes.at + at, (p->classes.count - 1 - at) * sizeof *p->classes.at);
    p->classes.at[at] = class;
    shared_hold(&class->shared);
    return NULL;
}

bool policy_equal(const struct policy_shared *a, const struct policy_shared *b) {
    if (a->classes.count != b->classes.count) return false;
    for (size_t i = 0; i < a->classes.count; i++)
        if (!class_spec_equal(&a->classes.at[i]->spec, &b->classes.at[i]->spec)) return false;
    return true;
}

static size_t selector_bytes(const struct selector *s) {
    return s->term_count * sizeof *s->terms + s->value_count * sizeof *s->values;
}

static size_t class_bytes(const struct class_spec *c) {
    size_t bytes = sizeof *c + strlen(c->name) + selector_bytes(&c->pool) + selector_bytes(&c->agent);
    if (c->description) bytes += strlen(c->description);
    if (c->script) bytes += strlen(c->script);
    VEC_EACH (p, &c->prefer_pool) bytes += sizeof *p + selector_bytes(&p->selector);
    VEC_EACH (p, &c->prefer_agent) bytes += sizeof *p + selector_bytes(&p->selector);
    VEC_EACH (spread, &c->spread) bytes += sizeof *spread + strlen(spread->label);
    VEC_EACH (role, &c->roles) bytes += strlen(*role) + sizeof *role;
    return bytes;
}

size_t policy_bytes(const struct policy_shared *p) {
    size_t bytes = sizeof *p;
    VEC_EACH (class, &p->classes) bytes += class_bytes(&(*class)->spec);
    return bytes;
}

// ---- versions ----

const struct policy_row *policy_active(const struct state *s) {
    STATE_EACH(POLICY, policy_row, p, s)
    if (p->active) return p;
    return NULL;
}

static const struct policy_row *policy_numbered(const struct state *s, uint64_t number) {
    STATE_EACH(POLICY, policy_row, p, s)
    if (p->number == number) return p;
    return NULL;
}

struct err *policy_find(const struct state *s, uint64_t number, const struct policy_row **ret_policy) {
    *ret_policy = policy_numbered(s, number);
    if (*ret_policy) return NULL;
    uint64_t first = 0, last = 0;
    STATE_EACH(POLICY, policy_row, p, s) {
        if (!first || p->number < first) first = p->number;
        if (p->number > last) last = p->number;
    }
    if (!first) return err_new(ERR_NOT_FOUND, "policy %llu: there are no versions yet", (unsigned long long)number);
    return err_new(ERR_NOT_FOUND, "policy %llu: there is none of that number; the versions go from %llu to %llu",
                   (unsigned long long)number, (unsigned long long)first, (unsigned long long)last);
}

struct err *policy_whole(const struct policy_row *p) {
    if (!p->broken) return NULL;
    return err_new(ERR_CONFLICT, "policy %llu: it cannot be read any more: %s", (unsigned long long)p->number,
                   p->broken);
}

// The next number: above all that are there, and all that this command has made.
static uint64_t number_next(const struct draft *d) {
    uint64_t last = 0;
    STATE_EACH(POLICY, policy_row, p, d->state)
    if (p->number > last) last = p->number;
    VEC_EACH (t, &d->touched) {
        const struct policy_row *p = t->row;
        if (t->noun == NOUN_POLICY && p->number > last) last = p->number;
    }
    return last + 1;
}

static struct policy_row *version_make(struct draft *d, struct policy_shared *doc, const char *comment) {
    uint64_t number = number_next(d);
    struct policy_row *p = draft_add(d, NOUN_POLICY, EV_policy_made);
    p->number = number;
    p->doc = doc;
    p->comment = comment;
    p->principal = d->principal;
    p->created = d->now.wall;
    return p;
}

static enum event_kind change_of(const struct draft *d, uint64_t id) {
    return state_policy(d->state, id) ? EV_policy_switched : EV_policy_made;
}

// Switches it on in the books; the classes are changed elsewhere.
static void version_switch(struct draft *d, uint64_t id, const struct policy_row *off, uint64_t before) {
    if (off) edit_policy(d, off->id, change_of(d, off->id))->active = false;
    struct policy_row *p = edit_policy(d, id, change_of(d, id));
    p->active = true;
    p->switched = d->now.wall;
    p->before = before;
}

// The oldest go while there are too many, but never the one that is on or the one to go back to.
static void versions_prune(struct draft *d, const struct policy_row *made) {
    size_t count = 1, bytes = policy_bytes(made->doc);
    STATE_EACH(POLICY, policy_row, p, d->state) {
        count++;
        bytes += policy_bytes(p->doc);
    }
    const struct policy_row *active = policy_active(d->state);
    STATE_EACH(POLICY, policy_row, p, d->state) {
        if (count <= POLICIES_KEPT && bytes <= POLICIES_BYTES) return;
        if (p == active || p->number == made->before || (active && p->number == active->before)) continue;
        count--;
        bytes -= policy_bytes(p->doc);
        draft_remove(d, NOUN_POLICY, p->id, EV_policy_forgotten);
    }
}

// ---- classes ----

uint64_t class_put(struct draft *d, const struct class_row *known, struct class_shared *doc) {
    struct class_row *row =
        known ? edit_class(d, known->id, EV_class_applied) : draft_add(d, NOUN_CLASS, EV_class_applied);
    row->doc = doc;
    row->version++;
    if (!known) row->name = doc->spec.name;
    if (!known) row->created = d->now.wall;
    if (known) warnings_of_class(d, known->id);
    return row->id;
}

static const char *class_used_by(const struct draft *d, uint64_t class) {
    STATE_EACH(VOLUME, volume_row, v, d->state) {
        if (v->class == class)
            return arena_format(d->arena, "volume '%s' of role '%s'", v->name, state_text(d->state, v->owner.role));
    }
    STATE_EACH(RESERVATION, reservation_row, r, d->state) {
        if (r->class == class)
            return arena_format(d->arena, "reservation %llu of role '%s'", (unsigned long long)r->id,
                                state_text(d->state, r->owner.role));
    }
    return NULL;
}

struct err *class_drop(struct draft *d, const struct class_row *known) {
    const char *user = class_used_by(d, known->id);
    if (user) return err_new(ERR_CONFLICT, "class '%s': %s is of it; release that first", known->name, user);
    draft_remove(d, NOUN_CLASS, known->id, EV_class_removed);
    return NULL;
}

static struct err *classes_switch(struct draft *d, const struct policy_shared *doc) {
    STATE_EACH(CLASS, class_row, class, d->state)
    if (!policy_class(doc, class->name)) TRY(class_drop(d, class));
    VEC_EACH (class, &doc->classes) {
        const struct class_row *known = state_class_named(d->state, (*class)->spec.name);
        if (!known || !class_spec_equal(&known->doc->spec, &(*class)->spec)) class_put(d, known, *class);
    }
    return NULL;
}

// The classes that the registry has, before this command or after it.
static struct policy_shared *classes_now(struct draft *d, bool after) {
    struct policy_shared *doc = policy_new();
    draft_keep(d, &doc->shared);
    struct err *e = NULL;
    STATE_EACH(CLASS, class_row, live, d->state) {
        const struct class_row *class = after ? draft_class(d, live->id) : live;
        if (class && !e) e = policy_add(doc, class->doc);
    }
    VEC_EACH (t, &d->touched) {
        const struct class_row *class = t->row;
        bool added = after && t->noun == NOUN_CLASS && !t->removed && !state_class(d->state, class->id);
        if (added && !e) e = policy_add(doc, class->doc);
    }
    err_free(e); // names of classes are unique
    return doc;
}

// A registry from before there were versions: its classes are the first one.
static const struct policy_row *version_first(struct draft *d) {
    const struct policy_row *active = policy_active(d->state);
    if (active || table_count(&d->state->tables[NOUN_POLICY]) || !table_count(&d->state->tables[NOUN_CLASS]))
        return active;
    struct policy_row *first = version_make(d, classes_now(d, false), "the classes that were there before");
    first->switched = d->now.wall;
    first->active = true;
    return first;
}

void policy_record(struct draft *d, const char *comment) {
    const struct policy_row *off = version_first(d);
    uint64_t before = off ? off->number : 0;
    struct policy_row *made = version_make(d, classes_now(d, true), comment);
    version_switch(d, made->id, off, before);
    versions_prune(d, made);
}

// ---- decisions ----

struct err *decide_policy_apply(struct draft *d, const struct cmd_policy_apply *c, struct answer *ret_answer) {
    if (c->comment && strnlen(c->comment, POLICY_COMMENT_LONGEST + 1) > POLICY_COMMENT_LONGEST)
        return err_new(ERR_TOO_LARGE, "policy: the comment is longer than %d bytes", POLICY_COMMENT_LONGEST);
    const struct policy_row *active = policy_active(d->state);
    if (active && policy_equal(active->doc, c->doc)) {
        vec_push(&ret_answer->ids, active->id);
        return NULL;
    }
    if (!c->draft) TRY(err_wrap(classes_switch(d, c->doc), "policy"));
    const struct policy_row *off = version_first(d);
    uint64_t before = off ? off->number : 0;
    struct policy_row *made = version_make(d, c->doc, c->comment);
    if (!c->draft) version_switch(d, made->id, off, before);
    versions_prune(d, made);
    vec_push(&ret_answer->ids, made->id);
    return NULL;
}

static struct err *switch_to(struct draft *d, const struct policy_row *p, uint64_t before, struct answer *ret_answer) {
    vec_push(&ret_answer->ids, p->id);
    if (p->active) return NULL;
    TRY(policy_whole(p));
    TRY(err_wrap(classes_switch(d, p->doc), "policy %llu", (unsigned long long)p->number));
    version_switch(d, p->id, policy_active(d->state), before);
    return NULL;
}

struct err *decide_policy_switch(struct draft *d, uint64_t number, struct answer *ret_answer) {
    const struct policy_row *p, *active = policy_active(d->state);
    TRY(policy_find(d->state, number, &p));
    return switch_to(d, p, active ? active->number : 0, ret_answer);
}

// What was before the version that one goes back to stays, so that going back again goes further back.
struct err *decide_policy_rollback(struct draft *d, uint64_t number, struct answer *ret_answer) {
    const struct policy_row *p;
    TRY(policy_find(d->state, number, &p));
    if (!p->active)
        return err_new(ERR_CONFLICT,
                       "policy %llu: it is not on, so there is nothing to go back from; "
                       "'granary policy list' shows which is",
                       (unsigned long long)number);
    if (!p->before)
        return err_new(ERR_CONFLICT, "policy %llu: no version was on before it", (unsigned long long)number);
    const struct policy_row *to = policy_numbered(d->state, p->before);
    if (!to)
        return err_new(ERR_CONFLICT,
                       "policy %llu: version %llu, which was on before it, is forgotten; "
                       "choose one with 'granary policy switch'",
                       (unsigned long long)number, (unsigned long long)p->before);
    return switch_to(d, to, to->before, ret_answer);
}
