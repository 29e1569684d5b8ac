// SPDX-License-Identifier: Apache-2.0
// Findings to messages.
#include "wire/lint.h"

#include "wire/explain.h"

static Granary__Finding *finding_message(const struct state *scratch, const struct finding *f, struct arena *arena) {
    Granary__Finding *m = ARENA_NEW(arena, Granary__Finding);
    granary__finding__init(m);
    m->severity = lint_is_error(f->lint) ? "error" : "warning";
    m->rule = (char *)lint_name(f->lint);
    m->class_ = (char *)f->class;
    m->path = (char *)f->path;
    m->sentence = (char *)f->sentence;
    if (f->explanation) m->explanation = explanation_message(scratch, f->explanation, arena);
    return m;
}

Granary__LintAnswer *lint_message(const struct state *scratch, const struct findings *found, struct arena *arena) {
    Granary__LintAnswer *m = ARENA_NEW(arena, Granary__LintAnswer);
    granary__lint_answer__init(m);
    m->findings = arena_zero(arena, found->count + 1, sizeof *m->findings);
    VEC_EACH (f, found) m->findings[m->n_findings++] = finding_message(scratch, f, arena);
    return m;
}
