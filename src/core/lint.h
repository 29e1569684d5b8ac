// SPDX-License-Identifier: Apache-2.0
// What is doubtful in the classes of a policy, judged by the registry as it is now. Changes nothing, forbids nothing.
#ifndef CORE_LINT_H
#define CORE_LINT_H

#include "core/explain.h"
#include "core/policy.h"

// finding, name on the wire, whether it is an error (else a warning)
#define LINTS(X)                                                                                                       \
    X(IN_USE, "in-use", true)                  /* the policy cannot be switched on: it lacks a class that is needed */ \
    X(NEVER, "never-holds", true)              /* two terms that cannot both hold */                                   \
    X(UNIT, "wrong-unit", true)                /* compared with values of another unit */                              \
    X(UNKNOWN, "unknown-tag", false)           /* a key that nothing and nobody knows, or only the other side */       \
    X(UNSATISFIED, "nothing-satisfies", false) /* no pool and agent fit it now */                                      \
    X(TWICE, "duplicate", false)               /* the same term, preference or class again */
enum lint {
#define X(lint, name, error) LINT_##lint,
    LINTS(X)
#undef X
};
const char *lint_name(enum lint lint);
bool lint_is_error(enum lint lint);

struct finding { // texts in the arena or the policy
    enum lint lint;
    const char *class, *path; // of the document: "prefer-pool[2]"; NULL: of the whole policy, or of the whole class
    const char *sentence;
    const struct explanation *explanation; // of the first UNSATISFIED ones: the funnel and the refusals
};
VEC_TYPE(findings, struct finding); // ended by vec_done
enum { FINDINGS_MOST = 1000, LINT_EXPLAINED_MOST = 100 };

// `scratch` is a scratch_new of a registry, and `doc` was compiled with its symbols; it is changed. Findings come class by
// class, within one in the order of its document.
void lint_policy(struct state *scratch, struct policy_shared *doc, struct arena *arena, struct findings *ret_findings);

#endif
