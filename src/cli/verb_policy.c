// SPDX-License-Identifier: Apache-2.0
// granary policy: the set of all classes in versions; says what applying, switching and going back changed.
#include <string.h>

#include "cli/output.h"
#include "cli/policy_trial.h"
#include "cli/source.h"
#include "cli/verbs.h"
#include "granary_api.pb-c.h"

static void policy_path(struct text *path, const char *name, const char *action) {
    text_add(path, "/v1/policies");
    if (name) path_add(path, name);
    if (action) path_add(path, action);
}

// The version with its classes; NULL when there is none of that name.
static struct err *policy_get(struct call *c, const char *name, Granary__Policy **ret_policy) {
    AUTO_TEXT struct text path = {0};
    policy_path(&path, name, NULL);
    void *message;
    TRY(client_get(c->client, path.data, &granary__policy__descriptor, c->arena, &message));
    *ret_policy = message;
    return NULL;
}

// What is on now; *ret_policy NULL when nothing was applied yet.
static struct err *policy_now(struct call *c, Granary__Policy **ret_policy) {
    *ret_policy = NULL;
    struct err *e = policy_get(c, "active", ret_policy);
    if (!e || err_kind(e) != ERR_NOT_FOUND) return e;
    err_free(e);
    return NULL;
}

// ---- what changed ----

static const Granary__Class *class_of(const Granary__Policy *p, const char *name) {
    for (size_t i = 0; p && i < p->n_classes; i++)
        if (strcmp(p->classes[i]->name, name) == 0) return p->classes[i];
    return NULL;
}

static void changes_add(struct text *out, const Granary__Policy *before, const Granary__Policy *after) {
    for (size_t i = 0; i < after->n_classes; i++) {
        const Granary__Class *is = after->classes[i], *was = class_of(before, is->name);
        if (!was || !class_same(was, is)) text_addf(out, "  class '%s' %s\n", is->name, was ? "changed" : "created");
    }
    for (size_t i = 0; before && i < before->n_classes; i++)
        if (!class_of(after, before->classes[i]->name))
            text_addf(out, "  class '%s' removed\n", before->classes[i]->name);
}

static const char *classes_text(size_t count, struct arena *arena) {
    return arena_format(arena, "%zu class%s", count, count == 1 ? "" : "es");
}

// After a change: `asked` is what the master answered to it.
static struct err *change_tell(struct call *c, const Granary__Policy *before, const Granary__Policy *asked) {
    if (call_json(c)) return NULL;
    Granary__Policy *after;
    const char *number = arena_format(c->arena, "%llu", (unsigned long long)asked->number);
    TRY(policy_get(c, number, &after));
    const char *classes = classes_text(after->n_classes, c->arena);
    if (!after->active) {
        text_addf(c->out, "policy %s is kept as a draft: %s\n", number, classes);
        text_addf(c->out,
                  "'granary policy rehearse %s' says what it would change, 'granary policy switch %s' does it\n",
                  number, number);
        return NULL;
    }
    bool same = before && before->number == after->number;
    text_addf(c->out, "policy %s is on%s: %s\n", number, same ? " already" : "", classes);
    changes_add(c->out, before, after);
    return NULL;
}

// ---- apply, switch, rollback ----

static struct err *policy_post(struct call *c, const char *path, const ProtobufCMessage *body) {
    Granary__Policy *before;
    void *answer;
    TRY(policy_now(c, &before));
    TRY(client_ask(c->client, "POST", path, body, &granary__policy__descriptor, c->arena, &answer));
    if (!answer) return err_new(ERR_INTERNAL, "the master took it without saying which version it is");
    return change_tell(c, before, answer);
}

static struct err *policy_apply(struct call *c) {
    struct class_source source = {0};
    TRY(class_source_read(call_name(c, 0), c->arena, &source));
    Granary__PolicyApply body = GRANARY__POLICY_APPLY__INIT;
    body.classes = source.classes.at;
    body.n_classes = source.classes.count;
    body.has_draft = body.draft = options_has(c->options, "draft");
    body.comment = (char *)options_text(c->options, "comment");
    struct err *e = policy_post(c, "/v1/policies", &body.base);
    class_source_done(&source);
    return e;
}

static struct err *policy_switch(struct call *c) {
    AUTO_TEXT struct text path = {0};
    policy_path(&path, call_name(c, 0), "switch");
    return policy_post(c, path.data, NULL);
}

// From the version that is on now: should another be switched on meanwhile, the master refuses.
static struct err *policy_rollback(struct call *c) {
    Granary__Policy *now;
    TRY(policy_get(c, "active", &now));
    AUTO_TEXT struct text path = {0};
    policy_path(&path, arena_format(c->arena, "%llu", (unsigned long long)now->number), "rollback");
    return policy_post(c, path.data, NULL);
}

// ---- list, show ----

static void policy_row(struct table *t, const Granary__Policy *p, struct arena *arena) {
    table_cell_number(t, p->number);
    table_cell(t, p->active ? "on" : p->broken ? "broken" : p->switched ? "was on" : "draft");
    table_cell_number(t, p->class_count);
    table_cell(t, show_age(p->created, arena));
    table_cell(t, p->active ? show_age(p->switched, arena) : NULL);
    table_cell(t, p->before ? arena_format(arena, "%llu", (unsigned long long)p->before) : NULL);
    table_cell(t, p->principal);
    table_cell(t, p->comment);
}

static struct err *policy_list(struct call *c) {
    void *message;
    TRY(client_list(c->client, "/v1/policies", &granary__policy_list__descriptor, c->arena, &message));
    if (call_json(c)) return NULL;
    const Granary__PolicyList *list = message;
    if (!list->n_policies) {
        text_add(c->out, "No versions yet. Apply classes: granary policy apply examples/policy\n");
        return NULL;
    }
    AUTO_TABLE struct table t = {0};
    table_column(&t, "POLICY", TABLE_RIGHT);
    table_column(&t, "STATE", TABLE_LEFT);
    table_column(&t, "CLASSES", TABLE_RIGHT);
    table_column(&t, "AGE", TABLE_RIGHT);
    table_column(&t, "ON FOR", TABLE_RIGHT);
    table_column(&t, "BEFORE", TABLE_RIGHT);
    table_column(&t, "BY", TABLE_LEFT);
    table_column(&t, "COMMENT", TABLE_LEFT);
    for (size_t i = 0; i < list->n_policies; i++) policy_row(&t, list->policies[i], c->arena);
    table_write(&t, c->out);
    return NULL;
}

static struct err *policy_show(struct call *c) {
    Granary__Policy *p;
    TRY(policy_get(c, call_name(c, 0), &p));
    if (call_json(c)) return NULL;
    text_addf(c->out, "# policy %llu%s%s%s\n", (unsigned long long)p->number, p->active ? ", on" : "",
              p->comment ? ": " : "", p->comment ? p->comment : "");
    for (size_t i = 0; i < p->n_classes; i++) {
        if (i) text_add(c->out, "---\n");
        class_write(p->classes[i], c->out, c->arena);
    }
    return NULL;
}

static const struct option apply_options[] = {
    {"draft", OPTION_FLAG, NULL, "keep it as a version, and do not switch it on"},
    {"comment", OPTION_TEXT, "TEXT", "what it is for, shown by 'policy list'"},
    {0},
};
static const struct option lint_options[] = {
    {"offline", OPTION_FLAG, NULL, "look at the documents alone; no master is asked"},
    {"strict", OPTION_FLAG, NULL, "warnings count as errors"},
    {0},
};
static const struct option rehearse_options[] = {
    {"consume", OPTION_FLAG, NULL, "each request takes what it gets, so that the next finds less"},
    {"last", OPTION_NUMBER, "N", "show at most N requests (20)"},
    {0},
};
static const struct option requests_options[] = {
    {"last", OPTION_NUMBER, "N", "the last N (20)"},
    {0},
};
static const struct action actions[] = {
    {"apply", "DIR|FILE|- [--draft] [--comment TEXT]", "makes a version of these classes and switches it on",
     apply_options, 1, 1, 0, policy_apply,
     "The documents are the whole policy: a class that is in none of them is removed, and that is refused while a "
     "volume "
     "or a\n"
     "reservation is of it. All is changed in one step, or nothing. Of a directory the files *.yaml are read.\n\n"
     "examples:\n"
     "  granary policy apply examples/policy\n"
     "  granary policy apply examples/policy --draft --comment 'gold on nvme'"},
    {"list", "", "the versions, and which of them is on", NULL, 0, 0, ACTION_WATCH, policy_list,
     "Every change of a class makes a version too. The last 100 are kept.\n\nexample:\n  granary policy list"},
    {"show", "NUMBER|active", "the classes of one version, as documents that can be applied again", NULL, 1, 1, 0,
     policy_show, "example:\n  granary policy show active > classes.yaml"},
    {"lint", "DIR|FILE|-|NUMBER [--offline] [--strict]", "what is doubtful in a policy, by the inventory as it is now",
     lint_options, 1, 1, 0, policy_lint,
     "Errors: rules that can never hold, values of another unit, a class that is needed and missing. Warnings: keys "
     "that "
     "nothing\n"
     "has, classes that nothing satisfies now, what is said twice. Ends with the exit code of invalid when there are "
     "errors.\n\n"
     "examples:\n"
     "  granary policy lint examples/policy\n"
     "  granary policy lint examples/policy --offline"},
    {"rehearse", "DIR|FILE|-|NUMBER [--consume]", "asks the recorded requests again, under another policy",
     rehearse_options, 1, 1, 0, policy_rehearse,
     "Both the policy that is on and the other one are asked of the registry as it is now: what differs is what the "
     "policy does.\n\n"
     "examples:\n"
     "  granary policy rehearse 4\n"
     "  granary policy rehearse examples/policy --consume"},
    {"requests", "[--last N]", "the requests that were asked lately, refused ones too", requests_options, 0, 0,
     ACTION_WATCH, policy_requests, "The last 10,000 are kept.\n\nexample:\n  granary policy requests --last 100"},
    {"switch", "NUMBER", "makes the classes of a version the ones that consumers may ask for", NULL, 1, 1, 0,
     policy_switch, "example:\n  granary policy switch 4"},
    {"rollback", "", "goes back to the version that was on before the one that is on", NULL, 0, 0, 0, policy_rollback,
     "Again, it goes one further back; 'policy switch' goes to any.\n\nexample:\n  granary policy rollback"},
};
NOUN(policy, actions);
