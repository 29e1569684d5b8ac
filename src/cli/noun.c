// SPDX-License-Identifier: Apache-2.0
// Actions by table: flags read, the client made, the output written.
#include "cli/noun.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/config.h"
#include "cli/table.h"
#include "codec/entry.h"

enum { WATCH_SECONDS = 2 };

static const struct option watch_option = {"watch", OPTION_FLAG, NULL, "draw it again every 2 seconds, until stopped"};

// ---- which action ----

const struct action *noun_action(const struct noun *noun, const char *const *arguments, size_t *ret_used) {
    const struct action *plain = NULL;
    *ret_used = 0;
    for (size_t i = 0; i < noun->count; i++) {
        const struct action *a = &noun->actions[i];
        if (!*a->name) plain = a;
        if (*a->name && *arguments && strcmp(a->name, *arguments) == 0) {
            *ret_used = 1;
            return a;
        }
    }
    // A first word is an action's name, unless the noun alone may be followed by names.
    bool word = *arguments && **arguments != '-';
    return plain && (!word || plain->names_most) ? plain : NULL;
}

static struct err *action_unknown(const struct noun *noun, const char *name) {
    VEC(const char *) names = {0};
    AUTO_TEXT struct text list = {0};
    for (size_t i = 0; i < noun->count; i++) {
        if (!*noun->actions[i].name) continue;
        vec_push(&names, noun->actions[i].name);
        text_addf(&list, "%s%s", list.size ? ", " : "", noun->actions[i].name);
    }
    const char *near = name ? text_nearest(name, names.at, names.count) : NULL;
    vec_done(&names);
    if (near) return err_new(ERR_INVALID, "unknown action '%.64s'; did you mean '%s'?", name, near);
    if (!list.size) return err_new(ERR_INVALID, "'%.64s': takes flags only; see --help", name ? name : "");
    if (name) return err_new(ERR_INVALID, "unknown action '%.64s'; there are %s", name, list.data);
    return err_new(ERR_INVALID, "say what to do: %s; --help tells more", list.data);
}

// ---- help ----

static void action_usage(const struct noun *noun, const struct action *a, struct text *out) {
    text_addf(out, "granary %s%s%s%s%s", noun->name, *a->name ? " " : "", a->name, *a->usage ? " " : "", a->usage);
}

const struct option *action_options(const struct action *a, struct option all[OPTIONS_MOST]) {
    size_t count = 0;
    for (const struct option *o = a->options; o && o->name; o++) {
        must(count + 2 < OPTIONS_MOST);
        all[count++] = *o;
    }
    if (a->traits & ACTION_WATCH) all[count++] = watch_option;
    all[count] = (struct option){0};
    return all;
}

void action_help(const struct noun *noun, const struct action *a, struct text *out) {
    struct option all[OPTIONS_MOST];
    action_options(a, all);
    text_add(out, "usage: ");
    action_usage(noun, a, out);
    text_addf(out, "\n\n  %s\n", a->line);
    if (all->name) text_add(out, "\n");
    options_help(all, out);
    if (a->more) text_addf(out, "\n%s\n", a->more);
}

void global_help(struct text *out) {
    setting_help(PROCESS_CLI, out);
    text_add(
        out,
        "  -o is short for --output. --config FILE or $GRANARY_CLI_CONFIG names a YAML file with the same keys.\n");
}

static void actions_help(const struct noun *noun, struct text *out) {
    AUTO_TABLE struct table t = {0};
    table_column(&t, "", TABLE_LEFT);
    table_column(&t, "", TABLE_LEFT);
    for (size_t i = 0; i < noun->count; i++) {
        AUTO_TEXT struct text usage = {0};
        action_usage(noun, &noun->actions[i], &usage);
        table_cellf(&t, "  %s", text_string(&usage));
        table_cell(&t, noun->actions[i].line);
    }
    text_add(out, "usage:\n");
    table_write_plain(&t, out);
    text_addf(out, "\n'granary %s ACTION --help' says more about each.\n", noun->name);
}

void noun_help(const struct noun *noun, const char *const *arguments, struct text *out) {
    size_t used;
    const struct action *a = noun_action(noun, arguments, &used);
    if (a) action_help(noun, a, out);
    if (a && !used && noun->count > 1) text_add_char(out, '\n');
    if (!a || (!used && noun->count > 1)) actions_help(noun, out);
    text_add(out, "\nEverywhere:\n");
    global_help(out);
}

// ---- running ----

bool call_json(struct call *c) {
    if (!c->json) return false;
    const struct text *json = client_json(c->client);
    text_add_n(c->out, text_string(json), json->size);
    if (!json->size || json->data[json->size - 1] != '\n') text_add_char(c->out, '\n');
    return true;
}

struct err *labels_give(const struct call *c, ProtobufCMessage *m) {
    const char *text;
    for (size_t i = 0; (text = options_item(c->options, "label", i)); i++) {
        const char *equal = strchr(text, '=');
        if (!equal) return err_new(ERR_INVALID, "--label '%s': write it as KEY=VALUE, such as app=shop", text);
        const char *key = arena_text_n(c->arena, text, (size_t)(equal - text));
        entry_add(m, "labels", (struct text_entry){key, equal + 1}, c->arena);
    }
    return NULL;
}

const char *call_name(const struct call *c, size_t index) {
    return index < c->options->names.count ? c->options->names.at[index] : NULL;
}

static struct err *out_flush(struct text *out) {
    if (out->size) fwrite(out->data, 1, out->size, stdout);
    text_clear(out);
    if (fflush(stdout) == 0) return NULL;
    return errno == EPIPE ? NULL : err_errno(errno, "write the output");
}

static struct err *action_once(const struct action *a, struct call *c) {
    AUTO_ARENA struct arena arena = {0};
    c->arena = &arena;
    struct err *e = a->run(c);
    struct err *unwritten = out_flush(c->out);
    if (!e) return unwritten;
    err_free(unwritten);
    return e;
}

// Until a signal ends the process. A master that is away for a while is shown and waited for.
static struct err *action_watch(const struct action *a, struct call *c) {
    for (;;) {
        if (!c->json && isatty(STDOUT_FILENO)) text_add(c->out, "\033[H\033[2J");
        struct err *e = action_once(a, c);
        if (e && err_kind(e) != ERR_UNAVAILABLE && err_kind(e) != ERR_TIMEOUT) return e;
        if (e) fprintf(stderr, "%s\n", err_text(e));
        err_free(e);
        if (ferror(stdout)) return NULL;
        nanosleep(&(struct timespec){.tv_sec = WATCH_SECONDS}, NULL);
    }
}

static struct err *names_check(const struct noun *noun, const struct action *a, const struct options *o) {
    if (o->names.count >= a->names_least && o->names.count <= a->names_most) return NULL;
    AUTO_TEXT struct text usage = {0};
    action_usage(noun, a, &usage);
    if (o->names.count > a->names_most)
        return err_new(ERR_INVALID, "'%.64s' is one argument too many; usage: %s", o->names.at[a->names_most],
                       usage.data);
    return err_new(ERR_INVALID, "an argument is missing; usage: %s", usage.data);
}

static struct err *action_do(const struct noun *noun, const struct action *a, const struct options *o,
                             const struct settings *s, int *exit) {
    TRY(names_check(noun, a, o));
    AUTO_CLIENT struct client *client = NULL;
    TRY(client_new(s, &client));
    AUTO_TEXT struct text out = {0};
    struct call c = {.options = o, .settings = s, .client = client, .out = &out, .exit = exit};
    c.json = strcmp(settings_text(s, "output"), "json") == 0;
    return options_has(o, "watch") ? action_watch(a, &c) : action_once(a, &c);
}

static struct err *action_parse(const struct noun *noun, const struct action *a, const char *const *arguments,
                                struct settings *s, int *exit) {
    struct option all[OPTIONS_MOST];
    struct options o = {0};
    struct err *e = options_read(action_options(a, all), arguments, s, &o);
    if (!e) e = config_read(&o, s);
    if (!e) e = action_do(noun, a, &o, s, exit);
    options_done(&o);
    return e;
}

struct err *noun_run(const struct noun *noun, const char *const *arguments, int *ret_exit) {
    size_t used;
    const struct action *a = noun_action(noun, arguments, &used);
    if (!a) return action_unknown(noun, *arguments);
    struct settings *s = settings_new(PROCESS_CLI);
    struct err *e = action_parse(noun, a, arguments + used, s, ret_exit);
    settings_free(s);
    return e;
}
