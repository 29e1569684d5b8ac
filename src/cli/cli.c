// SPDX-License-Identifier: Apache-2.0
// Finds the verb, gives help, and turns errors into sentences and exit codes. Knows no verb but by its row.
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static const struct verb {
    const char *name, *usage, *line;
    cli_verb_run *run;
    cli_verb_help *help;
} verbs[] = {
#define X(name, usage, help) {#name, usage, help, verb_##name, help_##name},
    CLI_VERBS(X)
#undef X
};

static void list_print(FILE *to) {
    fprintf(to, "usage: granary VERB [OPTION...]\n\n");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) fprintf(to, "  %-12s %s\n", verbs[i].name, verbs[i].line);
    fprintf(to, "\n'granary VERB --help' says more about each.\n");
}

static void help_print(const struct verb *verb) {
    AUTO_TEXT struct text text = {0};
    verb->help(&text);
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
    if (near)
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
    AUTO_ERR struct err *e = verb->run(arguments, &status);
    if (!e) return status;
    fprintf(stderr, "granary %s: %s\n", verb->name, err_text(e));
    return err_kind_exit(err_kind(e));
}

int cli_main(const char *const *arguments) {
    if (!arguments[0] || !arguments[1]) {
        list_print(stderr);
        return err_kind_exit(ERR_INVALID);
    }
    const char *name = arguments[1];
    if (strcmp(name, "--version") == 0) name = "version";
    if (strcmp(name, "help") == 0 && arguments[2]) {
        const struct verb *about = verb_find(arguments[2]);
        if (!about) return unknown(arguments[2]);
        help_print(about);
        return 0;
    }
    if (is_help(name) || strcmp(name, "help") == 0) {
        list_print(stdout);
        return 0;
    }
    const struct verb *verb = verb_find(name);
    if (!verb) return unknown(name);
    if (!wants_help(arguments + 2)) return verb_end(verb, arguments + 2);
    help_print(verb);
    return 0;
}
