// SPDX-License-Identifier: Apache-2.0
// Looking for slips, class by class.
#include "core/lint.h"

#include <string.h>

#include "core/fits.h"
#include "core/scratch.h"
#include "core/tag_census.h"
#include "model/contradiction.h"

static const struct lint_row {
    const char *name;
    bool error;
} lints[] = {
#define X(lint, name, error) {name, error},
    LINTS(X)
#undef X
};

const char *lint_name(enum lint lint) {
    return lints[lint].name;
}
bool lint_is_error(enum lint lint) {
    return lints[lint].error;
}

struct linting {
    struct state *s;
    const struct tag_census *census;
    struct arena *arena;
    struct findings *found;
    const char *class, *path; // where it is
    size_t explained;
};

static void found_add(struct linting *l, enum lint lint, const char *sentence) {
    const struct finding *last = l->found->count ? vec_last(l->found) : NULL;
    bool again = last && last->class == l->class && last->path == l->path && strcmp(last->sentence, sentence) == 0;
    if (again || l->found->count == FINDINGS_MOST) return;
    vec_push(l->found, ((struct finding){lint, l->class, l->path, sentence, NULL}));
}

static const char *term_text(const struct linting *l, const struct selector *sel, uint32_t term) {
    AUTO_TEXT struct text t = {0};
    term_add_text(&l->s->symbols, sel, &sel->terms[term], &t);
    return arena_text(l->arena, text_string(&t));
}

// ---- one selector ----

static void contradictions_find(struct linting *l, const struct selector *sel) {
    enum { MOST = 16 };
    struct contradiction found[MOST];
    size_t count = selector_contradictions(&l->s->symbols, sel, found, MOST);
    for (size_t i = 0; i < count; i++) {
        AUTO_TEXT struct text said = {0};
        contradiction_add_text(&l->s->symbols, sel, &found[i], &said);
        found_add(l, found[i].kind == CONTRADICTION_TWICE ? LINT_TWICE : LINT_NEVER,
                  arena_text(l->arena, text_string(&said)));
    }
}

// The negative terms hold without the key: only a likely slip of the pen is told.
static bool term_is_negative(enum term_op op) {
    return op == TERM_LACKS || op == TERM_UNEQUAL || op == TERM_NOT_IN;
}

static void key_unknown(struct linting *l, const struct term *term, const char *key) {
    bool declared;
    symbol_type(&l->s->symbols, term->key, &declared);
    const char *near = tag_census_nearest(l->census, &l->s->symbols, key);
    if (declared || (term_is_negative(term->op) && !near)) return;
    found_add(l, LINT_UNKNOWN,
              near ? arena_format(l->arena, "no pool and no agent has '%s'; did you mean '%s'?", key, near)
                   : arena_format(l->arena, "no pool and no agent has '%s'", key));
}

static void key_elsewhere(struct linting *l, const struct term *term, bool of_pool, const char *key) {
    if (term_is_negative(term->op)) return;
    found_add(l, LINT_UNKNOWN,
              arena_format(l->arena, "no %s has '%s', but %s do: ask for it in '%s', or say same(%s)",
                           of_pool ? "pool" : "agent", key, of_pool ? "agents" : "pools", of_pool ? "agent" : "pool",
                           key));
}

static void unit_check(struct linting *l, const struct selector *sel, uint32_t i, const struct tag_key *seen) {
    const struct term *term = &sel->terms[i];
    bool numbers = term->compare == VALUE_NUMBER && term->count;
    if (!numbers || term_is_negative(term->op) || !seen->units) return;
    enum number_unit unit = sel->values[term->first].number.unit;
    if (unit == NUMBER_NONE || seen->units >> unit & 1) return;
    enum number_unit first = (enum number_unit)__builtin_ctz(seen->units);
    const char *said = first == NUMBER_NONE ? "text" : number_unit_example(first);
    found_add(l, LINT_UNIT,
              arena_format(l->arena, "%s asks for %s, but what is there says %s, such as '%s'", term_text(l, sel, i),
                           number_unit_example(unit), said, state_text(l->s, seen->example)));
}

static void term_check(struct linting *l, const struct selector *sel, uint32_t i, bool of_pool) {
    const struct term *term = &sel->terms[i];
    const char *key = state_text(l->s, term->key);
    bool joins = term_joins(term);
    const struct tag_key *own = tag_census_find(l->census, term->key, of_pool),
                         *other = tag_census_find(l->census, term->key, !of_pool);
    if (!own && !other)
        key_unknown(l, term, key);
    else if (joins && (!own || !other))
        found_add(l, LINT_UNKNOWN,
                  arena_format(l->arena, "no %s has '%s', and both sides must",
                               (own != NULL) == of_pool ? "agent" : "pool", key));
    else if (!joins && !own)
        key_elsewhere(l, term, of_pool, key);
    else if (own)
        unit_check(l, sel, i, own);
}

static void selector_lint(struct linting *l, const struct selector *sel, bool of_pool, const char *path) {
    l->path = path;
    contradictions_find(l, sel);
    for (uint32_t i = 0; i < sel->term_count; i++) term_check(l, sel, i, of_pool);
    l->path = NULL;
}

// ---- one class ----

static void preferences_lint(struct linting *l, const struct class_preference *at, size_t count, bool of_pool) {
    for (size_t i = 0; i < count; i++) {
        const char *path = arena_format(l->arena, "%s[%zu]", of_pool ? "prefer-pool" : "prefer-agent", i + 1);
        selector_lint(l, &at[i].selector, of_pool, path);
        for (size_t k = 0; k < i; k++) {
            if (!selector_equal(&at[i].selector, &at[k].selector)) continue;
            l->path = path;
            found_add(l, LINT_TWICE, arena_format(l->arena, "the same as number %zu", k + 1));
            l->path = NULL;
        }
    }
}

static void class_twice(struct linting *l, const struct policy_shared *doc, size_t i) {
    for (size_t k = 0; k < i; k++) {
        struct class_spec as = doc->classes.at[k]->spec; // but for what people read
        as.name = doc->classes.at[i]->spec.name;
        as.description = doc->classes.at[i]->spec.description;
        if (!class_spec_equal(&as, &doc->classes.at[i]->spec)) continue;
        found_add(l, LINT_TWICE,
                  arena_format(l->arena, "it says the same as class '%s'", doc->classes.at[k]->spec.name));
        return;
    }
}

static void unsatisfied_found(struct linting *l, const struct draft *d, const struct want *w) {
    const char *plain = "its smallest volume would be refused now";
    struct explanation *e = l->explained < LINT_EXPLAINED_MOST ? ARENA_NEW(l->arena, struct explanation) : NULL;
    AUTO_ERR struct err *wrong = e ? explain_want(d, w, (struct explain_page){.limit = 3}, l->arena, e) : NULL;
    size_t before = l->found->count;
    if (wrong) return;
    l->explained++;
    found_add(l, LINT_UNSATISFIED, e ? e->sentence : plain);
    if (l->found->count > before) vec_last(l->found)->explanation = e;
}

// Its smallest volume, asked by nobody in particular.
static void class_satisfied(struct linting *l, const struct class_spec *spec) {
    AUTO_ARENA struct arena arena = {0};
    const struct class_row *row = state_class_named(l->s, spec->name);
    struct draft d;
    struct terms t;
    struct fit fit;
    struct want w = {.class = row->id, .size = spec->smallest.n ? spec->smallest : (struct bytes){MIB}};
    draft_view(&d, l->s, &arena, (struct now){0});
    AUTO_ERR struct err *wrong = terms_of(&d, &w, &t);
    if (!wrong && !fits_find(&d, &t, &fit, 1)) unsatisfied_found(l, &d, &w);
    draft_done(&d);
}

static void class_lint(struct linting *l, const struct policy_shared *doc, size_t i) {
    const struct class_spec *spec = &doc->classes.at[i]->spec;
    l->class = spec->name;
    selector_lint(l, &spec->pool, true, "pool");
    selector_lint(l, &spec->agent, false, "agent");
    preferences_lint(l, spec->prefer_pool.at, spec->prefer_pool.count, true);
    preferences_lint(l, spec->prefer_agent.at, spec->prefer_agent.count, false);
    class_twice(l, doc, i);
    class_satisfied(l, spec);
    l->class = NULL;
}

// ---- the policy ----

static struct err *scratch_put(struct linting *l, struct policy_shared *doc) {
    return scratch_try(l->s, (struct now){0},
                       &(struct command){.kind = CMD_policy_apply, .policy_apply = {.doc = doc}});
}

// As a whole; when that cannot be, beside all classes that it lacks, however many they are together.
static void policy_put(struct linting *l, struct policy_shared *doc) {
    AUTO_ERR struct err *e = scratch_put(l, doc);
    if (!e) return;
    found_add(l, LINT_IN_USE, arena_text(l->arena, err_text(e)));
    struct policy_shared *both = policy_new();
    shared_hold(&both->shared);
    VEC_EACH (class, &doc->classes) err_free(policy_add(both, *class));
    STATE_EACH(CLASS, class_row, class, l->s) err_free(policy_add(both, class->doc)); // the document's own is there
    AUTO_ERR struct err *none = scratch_put(l, both);
    must(!none); // it lacks nothing
    shared_leave(&both->shared);
}

void lint_policy(struct state *scratch, struct policy_shared *doc, struct arena *arena, struct findings *ret_findings) {
    struct tag_census census = {0};
    struct linting l = {scratch, &census, arena, ret_findings, NULL, NULL, 0};
    tag_census_take(&census, scratch);
    policy_put(&l, doc);
    for (size_t i = 0; i < doc->classes.count; i++) class_lint(&l, doc, i);
    tag_census_done(&census);
}
