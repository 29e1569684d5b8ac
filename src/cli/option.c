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

static const struct option *table_find(const struct option *table, const char *name, size_t size) {
    for (; table && table->name; table++)
        if (strlen(table->name) == size && strncmp(table->name, name, size) == 0) return table;
    return NULL;
}

static struct err *unknown(const struct option *table, const char *flag, const char *name) {
    VEC(const char *) names = {0};
    for (; table && table->name; table++) vec_push(&names, table->name);
    size_t count;
    const struct setting *settings = setting_table(PROCESS_CLI, &count);
    for (size_t i = 0; i < count; i++) vec_push(&names, settings[i].name);
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

// One flag at *at; steps over its value when that is an argument of its own.
static struct err *flag_read(const struct option *table, const char *const **at, struct settings *settings,
                             struct options *o) {
    const char *flag = **at;
    bool output = strcmp(flag, "-o") == 0;
    if (!output && flag[1] != '-') return unknown(table, flag, flag + 1);
    const char *name = output ? "output" : flag + 2;
    size_t size = strcspn(name, "=");
    const char *value = name[size] ? name + size + 1 : NULL;
    const struct option *option = table_find(table, name, size);
    char copy[64] = "";
    if (size < sizeof copy) memcpy(copy, name, size);
    const struct setting *setting = option ? NULL : setting_find(PROCESS_CLI, copy);
    if (!option && !setting) return unknown(table, flag, copy);
    if (option && option->kind == OPTION_FLAG) {
        if (value) return err_new(ERR_INVALID, "--%s takes no value", option->name);
        return option_take(option, "true", o);
    }
    if (!value) value = *++*at;
    if (!value) return err_new(ERR_INVALID, "%s needs a value: %s", flag, option ? option->word : setting->word);
    return option ? option_take(option, value, o) : setting_take(setting, value, settings);
}

static struct err *arguments_read(const struct option *table, const char *const *arguments, struct settings *settings,
                                  struct options *o) {
    bool flags = true;
    for (; *arguments; arguments++) {
        if (flags && strcmp(*arguments, "--") == 0)
            flags = false;
        else if (flags && **arguments == '-' && (*arguments)[1])
            TRY(flag_read(table, &arguments, settings, o));
        else if (!**arguments)
            return err_new(ERR_INVALID, "an argument is empty");
        else
            vec_push(&o->names, *arguments);
    }
    return NULL;
}

struct err *options_read(const struct option *table, const char *const *arguments, struct settings *settings,
                         struct options *ret_options) {
    struct options o = {0};
    struct err *e = arguments_read(table, arguments, settings, &o);
    if (e)
        options_done(&o);
    else
        *ret_options = o;
    return e;
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
