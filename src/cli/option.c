// SPDX-License-Identifier: Apache-2.0
// Flags by table.
#include "cli/option.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"

void options_done(struct options *o) {
    vec_done(&o->given);
    vec_done(&o->names);
}

const struct given *options_find(const struct options *o, const char *name) {
    for (size_t i = o->given.count; i--;)
        if (strcmp(o->given.at[i].option->name, name) == 0) return &o->given.at[i];
    return NULL;
}

bool options_has(const struct options *o, const char *name) {
    return options_find(o, name) != NULL;
}

const char *options_text(const struct options *o, const char *name) {
    const struct given *g = options_find(o, name);
    return g ? g->text : NULL;
}

// ---- one flag ----

// Says where settings are; all verbs have it.
static const struct option config_option = {"config", OPTION_TEXT, "FILE", NULL};

const struct option *option_find(const struct option *table, const char *name) {
    for (; table && table->name; table++)
        if (strcmp(table->name, name) == 0) return table;
    return strcmp(name, config_option.name) == 0 ? &config_option : NULL;
}

static struct err *unknown(const struct option *table, enum process_kind kind, const char *flag, const char *name) {
    VEC(const char *) names = {0};
    for (; table && table->name; table++) vec_push(&names, table->name);
    size_t count;
    const struct setting *settings = setting_table(kind, &count);
    for (size_t i = 0; i < count; i++) vec_push(&names, settings[i].name);
    vec_push(&names, config_option.name);
    vec_push(&names, "help");
    const char *near = text_nearest(name, names.at, names.count);
    vec_done(&names);
    if (near) return err_new(ERR_INVALID, "unknown flag '%.64s'; did you mean '--%s'?", flag, near);
    return err_new(ERR_INVALID, "unknown flag '%.64s'; --help lists them", flag);
}

static struct err *real_parse(const char *text, double *ret_real) {
    char *end;
    errno = 0;
    double d = strtod(text, &end);
    if (end == text || *end || errno || !isfinite(d)) return err_new(ERR_INVALID, "'%.64s' is not a number", text);
    *ret_real = d;
    return NULL;
}

static struct err *value_read(struct given *g) {
    struct bytes bytes = {0};
    int64_t ms = 0;
    switch (g->option->kind) {
    case OPTION_FLAG:
    case OPTION_LIST:
    case OPTION_TEXT: return *g->text ? NULL : err_new(ERR_INVALID, "must not be empty");
    case OPTION_SIZE:
        TRY(bytes_parse(g->text, &bytes));
        g->number = bytes.n;
        return NULL;
    case OPTION_DURATION:
        TRY(duration_parse(g->text, &ms));
        g->number = (uint64_t)ms;
        return NULL;
    case OPTION_NUMBER:
        return text_to_u64(g->text, &g->number) ? NULL : err_new(ERR_INVALID, "'%.64s' is not a whole number", g->text);
    case OPTION_REAL: return real_parse(g->text, &g->real);
    }
    return NULL;
}

static struct err *option_take(const struct option *option, const char *value, struct options *o) {
    struct given g = {.option = option, .text = value};
    TRY(err_wrap(value_read(&g), "--%s", option->name));
    vec_push(&o->given, g);
    return NULL;
}

static struct err *setting_take(const struct setting *setting, const char *value, struct settings *settings) {
    struct setting_given given = {.name = setting->name, .value = value, .source = FROM_FLAG};
    return settings_give(settings, &given);
}

// One flag at *at; steps over it, and over its value when that is an argument of its own.
static struct err *flag_read(const struct option *table, const char *const **at, struct settings *settings,
                             struct options *o) {
    const char *flag = *(*at)++;
    enum process_kind kind = settings_kind(settings);
    bool output = strcmp(flag, "-o") == 0 && setting_find(kind, "output");
    if (!output && flag[1] != '-') return unknown(table, kind, flag, flag + 1);
    const char *name = output ? "output" : flag + 2;
    size_t size = strcspn(name, "=");
    const char *value = name[size] ? name + size + 1 : NULL;
    char copy[64] = "";
    if (size < sizeof copy) memcpy(copy, name, size);
    const struct option *option = option_find(table, copy);
    const struct setting *setting = option ? NULL : setting_find(kind, copy);
    if (!option && !setting) return unknown(table, kind, flag, copy);
    if (option && option->kind == OPTION_FLAG) {
        if (value) return err_new(ERR_INVALID, "--%s takes no value", option->name);
        return option_take(option, "true", o);
    }
    if (!value && !**at)
        return err_new(ERR_INVALID, "%s needs a value: %s", flag, option ? option->word : setting->word);
    if (!value) value = *(*at)++;
    return option ? option_take(option, value, o) : setting_take(setting, value, settings);
}

// Flags up to the first name, or over "--", behind which all are names.
static struct err *flags_read(const struct option *table, const char *const **at, struct settings *settings,
                              struct options *o, bool *ret_ended) {
    *ret_ended = false;
    while (**at && ***at == '-' && (**at)[1] && !*ret_ended) {
        *ret_ended = strcmp(**at, "--") == 0;
        if (*ret_ended)
            ++*at;
        else
            TRY(flag_read(table, at, settings, o));
    }
    return NULL;
}

static struct err *arguments_read(const struct option *table, const char *const *at, struct settings *settings,
                                  struct options *o) {
    for (bool ended = false; *at;) {
        if (!ended) TRY(flags_read(table, &at, settings, o, &ended));
        if (!*at) break;
        if (!**at) return err_new(ERR_INVALID, "an argument is empty");
        vec_push(&o->names, *at++);
    }
    return NULL;
}

static struct err *options_end(struct err *e, struct options *o, struct options *ret_options) {
    if (e)
        options_done(o);
    else
        *ret_options = *o;
    return e;
}

struct err *options_read(const struct option *table, const char *const *arguments, struct settings *settings,
                         struct options *ret_options) {
    struct options o = {0};
    return options_end(arguments_read(table, arguments, settings, &o), &o, ret_options);
}

struct err *options_read_leading(const struct option *table, const char *const *arguments, struct settings *settings,
                                 struct options *ret_options, const char *const **ret_rest) {
    struct options o = {0};
    bool ended;
    struct err *e = flags_read(table, &arguments, settings, &o, &ended);
    if (!e) *ret_rest = arguments;
    return options_end(e, &o, ret_options);
}

const char *options_item(const struct options *o, const char *name, size_t n) {
    VEC_EACH (g, &o->given)
        if (strcmp(g->option->name, name) == 0 && !n--) return g->text;
    return NULL;
}

void options_help(const struct option *table, struct text *out) {
    AUTO_TABLE struct table t = {0};
    table_column(&t, "", TABLE_LEFT);
    table_column(&t, "", TABLE_LEFT);
    for (; table && table->name; table++) {
        table_cellf(&t, "  --%s%s%s", table->name, table->word ? " " : "", table->word ? table->word : "");
        table_cell(&t, table->help);
    }
    table_write_plain(&t, out);
}
