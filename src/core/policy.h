// SPDX-License-Identifier: Apache-2.0
// Policies: the set of all classes, in numbered versions. One of them is on: its classes are the registry's. Every change of
// a class makes a version, so that the history is whole; the oldest are forgotten.
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "core/command.h"

enum {
    POLICIES_KEPT = 100,       // versions
    CLASSES_MOST = 1000,       // of a registry, and of one version
    POLICIES_BYTES = 16 << 20, // of all versions, as policy_bytes counts
    POLICY_COMMENT_LONGEST = 1024,
};

// An empty set of classes, without a holder.
MUST_USE struct policy_shared *policy_new(void);
// Puts it at its place by name and holds it. CONFLICT when there is one of that name.
MUST_USE struct err *policy_add(struct policy_shared *p, struct class_shared *class);
bool policy_equal(const struct policy_shared *a, const struct policy_shared *b);
// About what its documents take in memory.
size_t policy_bytes(const struct policy_shared *p);
const struct policy_row *policy_active(const struct state *s); // NULL: nothing was applied yet
// The version of that number. NOT_FOUND says which there are.
MUST_USE struct err *policy_find(const struct state *s, uint64_t number, const struct policy_row **ret_policy);
// CONFLICT when some of its classes cannot be read any more: says which and why.
MUST_USE struct err *policy_whole(const struct policy_row *p);

// ---- decisions ----

// A new version; switched on unless it is a draft. What equals the active one is the active one. The answer is its id.
MUST_USE struct err *decide_policy_apply(struct draft *d, const struct cmd_policy_apply *c, struct answer *ret_answer);
// CONFLICT when a class that it lacks is still needed: says by what.
MUST_USE struct err *decide_policy_switch(struct draft *d, uint64_t number, struct answer *ret_answer);
// From that version, which must be on, to the one that was on before it.
MUST_USE struct err *decide_policy_rollback(struct draft *d, uint64_t number, struct answer *ret_answer);

// One class, as part of a command that ends with policy_record. class_put gives the class's id; `known` NULL: a new one.
uint64_t class_put(struct draft *d, const struct class_row *known, struct class_shared *doc);
// CONFLICT while something is of it.
MUST_USE struct err *class_drop(struct draft *d, const struct class_row *known);
// The classes as this command leaves them become the active version.
void policy_record(struct draft *d, const char *comment);

#endif
