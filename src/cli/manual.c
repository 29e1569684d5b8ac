// SPDX-License-Identifier: Apache-2.0
// The page about the command line.
#include "cli/manual.h"

static const char head[] =
    "# The command line\n\n"
    "This page is printed by `granary help --markdown`; a test holds it to what the command says.\n\n"
    "One command holds all verbs. Tables are for people; `-o json` prints the API's own JSON (see [rest.md](rest.md)), "
    "one\n"
    "document, or one line per event. Results go to standard output; progress, and what went wrong, to standard error. "
    "Long\n"
    "work is waited for, with a line that says how far it is; `--no-wait` returns at once. `--watch` draws a list "
    "again every\n"
    "2 seconds. Times are UTC. An unknown flag names the nearest known one.\n\n"
    "For completion in bash: `source packaging/completion/granary.bash`.\n\n"
    "## Flags of every verb that asks the master\n\n"
    "They may also stand in front of the verb. The configuration file comes first, then the environment, then flags; "
    "the\n"
    "later one wins.\n\n";

static const char *kind_means(enum err_kind kind) {
    switch (kind) {
    case ERR_INVALID: return "the request itself is wrong";
    case ERR_DENIED: return "not yours, or not allowed";
    case ERR_NOT_FOUND: return "names nothing that exists";
    case ERR_CONFLICT: return "what exists forbids it: in use, duplicate, wrong state";
    case ERR_NO_FIT: return "nothing fits the request now; the sentence says why and what would";
    case ERR_TOO_LARGE: return "over a bound of input";
    case ERR_UNSUPPORTED: return "the driver, kernel or version lacks it";
    case ERR_MEDIA_TYPE: return "a content type that is not read";
    case ERR_NOT_ACCEPTABLE: return "a content type that is not written";
    case ERR_METHOD: return "the path has no such method";
    case ERR_TIMEOUT: return "no answer in time, or not waited for any longer";
    case ERR_UNAVAILABLE: return "somebody needed is away: no master, no provider";
    case ERR_FULL: return "a disk or a bound is full";
    case ERR_IO: return "the operating system or a storage system said no";
    case ERR_UNKNOWN: return "it may or may not have happened: look before you try again";
    case ERR_CORRUPT: return "stored bytes do not make sense";
    case ERR_INTERNAL: return "a fault of ours";
    }
    return "";
}

static void exits_add(struct text *out) {
    static const enum err_kind kinds[] = {
#define X(kind, name, http, exit, retry) ERR_##kind,
        ERR_KINDS(X)
#undef X
    };
    text_add(out, "\n## Exit codes\n\n| code | kind | meaning | may the same succeed later |\n|---|---|---|---|\n"
                  "| 0 | | done | |\n");
    for (int code = 1; code < 64; code++)
        for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
            if (err_kind_exit(kinds[i]) == code)
                text_addf(out, "| %d | %s | %s | %s |\n", code, err_kind_name(kinds[i]), kind_means(kinds[i]),
                          err_kind_retry(kinds[i]) ? "yes" : "no");
    text_add(out,
             "\n`granary run` ends with the exit code of its command, `granary explain` with 6 when nothing fits.\n");
}

void manual_begin(struct text *out) {
    text_add(out, head);
    text_add(out, "```\n");
    global_help(out);
    text_add(out, "```\n");
    exits_add(out);
}

void manual_verb(const char *name, const char *line, struct text *out) {
    text_addf(out, "\n## granary %s\n\n%c%s.\n", name, line[0] >= 'a' && line[0] <= 'z' ? line[0] - 'a' + 'A' : line[0],
              line + 1);
}

void manual_noun(const struct noun *noun, struct text *out) {
    for (size_t i = 0; i < noun->count; i++) {
        text_add(out, "\n```\n");
        action_help(noun, &noun->actions[i], out);
        text_add(out, "```\n");
    }
}

void manual_block(const char *name, const char *usage, const char *help, struct text *out) {
    bool ended = text_ends(help, "\n");
    text_addf(out, "\n```\nusage: granary %s %s\n\n%s%s```\n", name, usage, help, ended ? "" : "\n");
}
