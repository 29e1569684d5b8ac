// SPDX-License-Identifier: Apache-2.0
// What is doubtful in a policy: asked of the master, or looked for in the documents alone.
#include <string.h>

#include "cli/output.h"
#include "cli/policy_trial.h"
#include "cli/source.h"
#include "cli/table.h"
#include "granary_api.pb-c.h"
#include "model/contradiction.h"
#include "wire/class_document.h"

struct lint_list {
    VEC(Granary__Finding *) findings;
};

static Granary__Finding *finding_new(struct lint_list *list, const char *rule, const char *class, const char *path,
                                     const char *sentence, struct arena *arena) {
    Granary__Finding *f = ARENA_NEW(arena, Granary__Finding);
    granary__finding__init(f);
    f->severity = "error";
    f->rule = (char *)rule;
    f->class_ = (char *)class;
    f->path = (char *)path;
    f->sentence = (char *)sentence;
    vec_push(&list->findings, f);
    return f;
}

// ---- without a master ----

static void selector_look(struct lint_list *list, const struct symbols *symbols, const struct selector *sel,
                          const char *class, const char *path, struct arena *arena) {
    enum { MOST = 16 };
    struct contradiction found[MOST];
    size_t count = selector_contradictions(symbols, sel, found, MOST);
    for (size_t i = 0; i < count; i++) {
        AUTO_TEXT struct text said = {0};
        bool twice = found[i].kind == CONTRADICTION_TWICE;
        contradiction_add_text(symbols, sel, &found[i], &said);
        finding_new(list, twice ? "duplicate" : "never-holds", class, path, arena_text(arena, text_string(&said)),
                    arena)
            ->severity = twice ? "warning" : "error";
    }
}

static void preferences_look(struct lint_list *list, const struct symbols *symbols, const struct class_preference *at,
                             size_t count, const char *class, const char *key, struct arena *arena) {
    for (size_t i = 0; i < count; i++)
        selector_look(list, symbols, &at[i].selector, class, arena_format(arena, "%s[%zu]", key, i + 1), arena);
}

static void class_look(struct lint_list *list, struct symbols *symbols, const Granary__Class *class,
                       struct arena *arena) {
    struct class_document doc = class_document_from(class, arena);
    struct class_spec spec;
    AUTO_ERR struct err *e = class_spec_make(symbols, &doc, &spec);
    if (e) {
        finding_new(list, "document", class->name, NULL, arena_text(arena, err_text(e)), arena);
        return;
    }
    selector_look(list, symbols, &spec.pool, class->name, "pool", arena);
    selector_look(list, symbols, &spec.agent, class->name, "agent", arena);
    preferences_look(list, symbols, spec.prefer_pool.at, spec.prefer_pool.count, class->name, "prefer-pool", arena);
    preferences_look(list, symbols, spec.prefer_agent.at, spec.prefer_agent.count, class->name, "prefer-agent", arena);
    if (spec.script) // its compiler is the master's: this command starts without it
        finding_new(list, "script-unread", class->name, "script", "only a master compiles it: lint without --offline",
                    arena)
            ->severity = "note";
    class_spec_done(&spec);
}

static void documents_look(struct lint_list *list, const struct class_source *source, struct arena *arena) {
    struct symbols symbols = {0};
    VEC_EACH (class, &source->classes) class_look(list, &symbols, *class, arena);
    symbols_done(&symbols);
}

// ---- by the master ----

static struct err *master_look(struct call *c, Granary__PolicyTrial *trial, struct lint_list *list) {
    void *message;
    TRY(client_ask(c->client, "POST", "/v1/policies/lint", &trial->base, &granary__lint_answer__descriptor, c->arena,
                   &message));
    const Granary__LintAnswer *a = message;
    for (size_t i = 0; a && i < a->n_findings; i++) vec_push(&list->findings, a->findings[i]);
    return NULL;
}

// ---- for people ----

static void funnel_write(const Granary__Explanation *e, struct text *out) {
    for (size_t i = 0; i < e->n_funnel; i++)
        text_addf(out, "%s%u %s", i ? ", " : "\n  ", e->funnel[i]->left, e->funnel[i]->step);
}

static void finding_write(const Granary__Finding *f, struct text *out) {
    if (f->file) text_addf(out, "%s:%u: ", f->file, f->line);
    if (f->class_) text_addf(out, "class '%s'%s%s: ", f->class_, f->path ? ", " : "", f->path ? f->path : "");
    text_addf(out, "%s: ", f->severity);
    table_clean(out, f->sentence ? f->sentence : "");
    text_addf(out, " [%s]", f->rule ? f->rule : "?");
    if (f->explanation) funnel_write(f->explanation, out);
    text_add_char(out, '\n');
}

static struct err *findings_end(struct call *c, struct lint_list *list) {
    size_t errors = 0, warnings = 0, count = list->findings.count;
    VEC_EACH (f, &list->findings) {
        errors += strcmp((*f)->severity, "error") == 0;
        warnings += strcmp((*f)->severity, "warning") == 0;
    }
    Granary__LintAnswer answer = GRANARY__LINT_ANSWER__INIT;
    answer.findings = list->findings.at;
    answer.n_findings = count;
    if (c->json) message_write(&answer.base, c->out);
    VEC_EACH (f, &list->findings)
        if (!c->json) finding_write(*f, c->out);
    if (!c->json && !count) text_add(c->out, "nothing doubtful found\n");
    bool strict = options_has(c->options, "strict");
    if (!errors && !(strict && warnings)) return NULL;
    return err_new(ERR_INVALID, "%zu error%s, %zu warning%s", errors, errors == 1 ? "" : "s", warnings,
                   warnings == 1 ? "" : "s");
}

static void finding_place(Granary__Finding *f, const struct class_source *source) {
    const struct class_place *place = f->class_ ? class_source_place(source, f->class_) : NULL;
    if (!place) return;
    f->file = (char *)place->file;
    f->has_line = true;
    f->line = (uint32_t)class_place_line(place, f->path);
}

static struct err *source_lint(struct call *c, const struct class_source *source, struct lint_list *list) {
    Granary__PolicyTrial trial = GRANARY__POLICY_TRIAL__INIT;
    trial.classes = source->classes.at;
    trial.n_classes = source->classes.count;
    struct err *e = NULL;
    if (options_has(c->options, "offline"))
        documents_look(list, source, c->arena);
    else
        e = master_look(c, &trial, list);
    VEC_EACH (f, &list->findings) finding_place(*f, source);
    return e ? e : findings_end(c, list);
}

static struct err *number_lint(struct call *c, uint64_t number, struct lint_list *list) {
    Granary__PolicyTrial trial = GRANARY__POLICY_TRIAL__INIT;
    trial.has_policy = true;
    trial.policy = number;
    TRY(master_look(c, &trial, list));
    return findings_end(c, list);
}

struct err *policy_lint(struct call *c) {
    struct lint_list list = {0};
    struct class_source source = {0};
    uint64_t number;
    struct err *e;
    if (text_to_u64(call_name(c, 0), &number)) {
        e = number_lint(c, number, &list);
    } else {
        e = class_source_read(call_name(c, 0), c->arena, &source);
        if (!e) e = source_lint(c, &source, &list);
    }
    class_source_done(&source);
    vec_done(&list.findings);
    return e;
}
