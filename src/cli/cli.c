// SPDX-License-Identifier: Apache-2.0
// Finds the verb, gives help, and turns errors into sentences and exit codes. Knows no verb but by its row.
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/complete.h"
#include "cli/config.h"
#include "cli/dev.h"
#include "cli/manual.h"
#include "cli/run_options.h"
#include "cli/verbs.h"

static const struct verb {
    const char *name, *usage, *line;
    cli_verb_run *run; // NULL: it is a noun
    cli_verb_help *help;
    const struct option *flags;
    enum process_kind kind;
    const struct noun *noun; // of a verb with `run`: when a word is the first argument
} verbs[] = {
#define X(name, usage, help, flags, kind, noun) {#name, usage, help, verb_##name, help_##name, flags, kind, noun},
    CLI_VERBS(X)
#undef X
#define X(name, usage, help) {#name, usage, help, NULL, NULL, NULL, PROCESS_CLI, &noun_##name},
        CLI_NOUNS(X)
#undef X
};

// The noun that these arguments speak to; NULL when they are the verb's own.
static const struct noun *noun_of(const struct verb *verb, const char *const *arguments) {
    bool word = *arguments && **arguments != '-';
    return verb->run && !word ? NULL : verb->noun;
}

// Kinds that share an exit code share a line.
static void exits_print(FILE *to) {
    static const enum err_kind kinds[] = {
#define X(kind, name, http, exit, retry) ERR_##kind,
        ERR_KINDS(X)
#undef X
    };
    fprintf(to, "\nexit codes: 0 done");
    for (int code = 1; code < 32; code++) {
        const char *before = ", ";
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
            if (err_kind_exit(kinds[i]) != code) continue;
            if (*before == ',')
                fprintf(to, "%s%d %s", code % 5 ? ", " : ",\n  ", code, err_kind_name(kinds[i]));
            else
                fprintf(to, "%s%s", before, err_kind_name(kinds[i]));
            before = "/";
        }
    }
    fprintf(to, "\n");
}

static void list_print(FILE *to) {
    fprintf(to, "usage: granary VERB [OPTION...]\n\n");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) fprintf(to, "  %-12s %s\n", verbs[i].name, verbs[i].line);
    fprintf(to, "\n'granary VERB --help' says more about each.\n");
    exits_print(to);
}

static void help_print(const struct verb *verb, const char *const *arguments) {
    AUTO_TEXT struct text text = {0};
    const struct noun *noun = noun_of(verb, arguments);
    if (noun) {
        noun_help(noun, arguments, &text);
        fputs(text_string(&text), stdout);
        return;
    }
    verb->help(&text);
    if (verb->kind == PROCESS_CLI) {
        text_add(&text, "\nEverywhere:\n");
        global_help(&text);
    }
    printf("usage: granary %s%s%s\n\n%s\n", verb->name, *verb->usage ? " " : "", verb->usage, text_string(&text));
}

static const struct verb *verb_find(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
    return NULL;
}

static int unknown(const char *name) {
    const char *names[ARRAY_LEN(verbs)];
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) names[i] = verbs[i].name;
    const char *near = text_nearest(name, names, ARRAY_LEN(names));
    if (*name == '-')
        fprintf(stderr, "granary: unknown flag '%s' in front of the verb; 'granary --help' lists the verbs\n", name);
    else if (near)
        fprintf(stderr, "granary: unknown verb '%s'; did you mean '%s'?\n", name, near);
    else
        fprintf(stderr, "granary: unknown verb '%s'; 'granary --help' lists them\n", name);
    return err_kind_exit(ERR_INVALID);
}

static bool is_help(const char *argument) {
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

// What stands behind "--" belongs to somebody else's command.
static bool wants_help(const char *const *arguments) {
    for (; *arguments && strcmp(*arguments, "--") != 0; arguments++)
        if (is_help(*arguments)) return true;
    return false;
}

static int verb_end(const struct verb *verb, const char *const *arguments) {
    int status = 0;
    const struct noun *noun = noun_of(verb, arguments);
    AUTO_ERR struct err *e = noun ? noun_run(noun, arguments, &status) : verb->run(arguments, &status);
    if (!e) return status;
    size_t used;
    const struct action *a = noun ? noun_action(noun, arguments, &used) : NULL;
    const char *action = a ? a->name : "";
    fprintf(stderr, "granary %s%s%s: %s\n", verb->name, *action ? " " : "", action, err_text(e));
    return err_kind_exit(err_kind(e));
}

// docs/cli.md: all of the help as one page.
static void manual_print(void) {
    AUTO_TEXT struct text page = {0};
    manual_begin(&page);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        AUTO_TEXT struct text help = {0};
        if (verbs[i].help) verbs[i].help(&help);
        manual_verb(verbs[i].name, verbs[i].line, &page);
        if (verbs[i].help) manual_block(verbs[i].name, verbs[i].usage, text_string(&help), &page);
        if (verbs[i].noun) manual_noun(verbs[i].noun, &page);
    }
    fputs(text_string(&page), stdout);
}

// What the shell asks when a word shall be completed: one candidate per line. Not in the list: people do not type it.
static int complete(const char *const *words) {
    AUTO_TEXT struct text out = {0};
    const struct verb *verb = *words && words[1] ? verb_find(*words) : NULL;
    for (size_t i = 0; !verb && *words && !words[1] && i < ARRAY_LEN(verbs); i++)
        complete_add(&out, *words, verbs[i].name);
    if (verb && verb->noun) complete_noun(verb->noun, words + 1, &out);
    if (verb && verb->run) complete_flags(verb->flags, verb->kind, words + 1, &out);
    fputs(text_string(&out), stdout);
    return 0;
}

// The variable that says the same as that flag of every verb that asks the master; none for --help and the like.
static void variable_of(const char *flag, struct text *out) {
    const struct setting *setting = text_starts(flag, "--") ? setting_find(PROCESS_CLI, flag + 2) : NULL;
    if (setting)
        setting_variable(setting, out);
    else if (strcmp(flag, "--config") == 0)
        text_add(out, config_variable(PROCESS_CLI));
}

static struct err *variable_set(const char *name, const char *value) {
    return setenv(name, value, 1) == 0 ? NULL : err_errno(errno, "set the variable %s", name);
}

// Flags in front of the verb ("granary -o json agents") become the environment, so that what stands behind it still wins.
static struct err *leading_take(const char *const **at) {
    for (; **at && ***at == '-'; ++*at) {
        const char *flag = strcmp(**at, "-o") == 0 ? "--output" : **at;
        size_t size = strcspn(flag, "=");
        AUTO_FREE char *name = mem_text(flag);
        name[size] = 0;
        AUTO_TEXT struct text variable = {0};
        variable_of(name, &variable);
        if (!variable.size) return NULL;
        const char *value = flag[size] ? flag + size + 1 : *++*at;
        if (!value) return err_new(ERR_INVALID, "%s needs a value", flag);
        TRY(variable_set(variable.data, value));
        if (strcmp(name, "--config") == 0) TRY(variable_set(config_variable(PROCESS_MASTER), value)); // of any process
    }
    return NULL;
}

static int verb_main(const char *const *arguments) {
    if (!arguments[0]) {
        list_print(stderr);
        return err_kind_exit(ERR_INVALID);
    }
    const char *name = arguments[0];
    if (strcmp(name, "--version") == 0) name = "version";
    if (strcmp(name, "help") == 0 && arguments[1] && strcmp(arguments[1], "--markdown") == 0) {
        manual_print();
        return 0;
    }
    if (strcmp(name, "help") == 0 && arguments[1]) {
        const struct verb *about = verb_find(arguments[1]);
        if (!about) return unknown(arguments[1]);
        help_print(about, arguments + 2);
        return 0;
    }
    if (is_help(name) || strcmp(name, "help") == 0) {
        list_print(stdout);
        return 0;
    }
    if (strcmp(name, "complete") == 0) return complete(arguments + 1);
    const struct verb *verb = verb_find(name);
    if (!verb) return unknown(name);
    if (!wants_help(arguments + 1)) return verb_end(verb, arguments + 1);
    help_print(verb, arguments + 1);
    return 0;
}

int cli_main(const char *const *arguments) {
    if (*arguments) arguments++;
    AUTO_ERR struct err *e = leading_take(&arguments);
    if (!e) return verb_main(arguments);
    fprintf(stderr, "granary: %s\n", err_text(e));
    return err_kind_exit(err_kind(e));
}
