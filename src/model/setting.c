// SPDX-License-Identifier: Apache-2.0
// The merge of settings: each value is checked when it is given, and the source with the higher rank stays.
#include "model/setting.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/vec.h"
#include "model/value.h"

enum { SETTING_LONGEST = 4096, SETTING_ITEMS_MOST = 4096 };

struct setting_value {
    enum setting_source source;
    bool set;
    char *text; // owned: as written
    char *file;
    unsigned line;
    uint64_t number; // of all kinds that are numbers; bool as 0 and 1
    VEC(char *) items;
    const void *tree;
};

struct settings {
    enum process_kind kind;
    const struct setting *rows;
    size_t count;
    struct setting_value *values;
};

static void value_clear(struct setting_value *v) {
    for (size_t i = 0; i < v->items.count; i++) free(v->items.at[i]);
    vec_done(&v->items);
    free(v->text);
    free(v->file);
    *v = (struct setting_value){0};
}

void settings_free(struct settings *s) {
    if (!s) return;
    for (size_t i = 0; i < s->count; i++) value_clear(&s->values[i]);
    free(s->values);
    free(s);
}

// ---- one value ----

static bool choice_has(const char *choices, const char *word) {
    size_t size = strlen(word);
    for (const char *c = choices; c; c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL)
        if (size && strncmp(c, word, size) == 0 && (!c[size] || c[size] == '|')) return true;
    return false;
}

static struct err *bool_read(const char *text, uint64_t *ret_n) {
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp(words[i], text) != 0) continue;
        *ret_n = i & 1;
        return NULL;
    }
    return err_new(ERR_INVALID, "'%.64s' is not true or false", text);
}

static struct err *scalar_read(const char *text, uint64_t *ret_n) {
    struct number n;
    if (!number_parse(text, &n) || n.unit != NUMBER_COUNT)
        return err_new(ERR_INVALID, "'%.64s' is not a number such as 2 or 1.5", text);
    *ret_n = (uint64_t)n.scaled;
    return NULL;
}

static struct err *number_read(const struct setting *row, const char *text, uint64_t *ret_n) {
    int64_t ms;
    struct bytes bytes;
    struct bandwidth bandwidth;
    switch (row->kind) {
    case SETTING_SIZE: TRY(bytes_parse(text, &bytes)); return (*ret_n = bytes.n, NULL);
    case SETTING_DURATION: TRY(duration_parse(text, &ms)); return (*ret_n = (uint64_t)ms, NULL);
    case SETTING_RATE: TRY(bandwidth_parse(text, &bandwidth)); return (*ret_n = bandwidth.n, NULL);
    case SETTING_SCALAR: return scalar_read(text, ret_n);
    case SETTING_BOOL: return bool_read(text, ret_n);
    default: break;
    }
    return text_to_u64(text, ret_n) ? NULL : err_new(ERR_INVALID, "'%.64s' is not a whole number", text);
}

static void bound_add_text(const struct setting *row, uint64_t bound, struct text *out) {
    char text[QUANTITY_TEXT];
    if (row->kind == SETTING_SIZE)
        text_add(out, bytes_text((struct bytes){bound}, text));
    else if (row->kind == SETTING_DURATION)
        text_add(out, duration_text((int64_t)bound, text));
    else
        text_add_u64(out, row->kind == SETTING_SCALAR ? bound / 1000 : bound);
}

static struct err *bounds_check(const struct setting *row, const char *text, uint64_t n) {
    if (n >= row->least && (!row->most || n <= row->most)) return NULL;
    bool below = n < row->least;
    AUTO_TEXT struct text bound = {0};
    bound_add_text(row, below ? row->least : row->most, &bound);
    return err_new(ERR_INVALID, "%.64s is %s %s", text, below ? "below the least," : "above the most,", bound.data);
}

// Reads into `v`, which is empty or a list of the same source.
static struct err *value_read(const struct setting *row, const char *text, struct setting_value *v) {
    if (strnlen(text, SETTING_LONGEST + 1) > SETTING_LONGEST)
        return err_new(ERR_TOO_LARGE, "the value is longer than %d bytes", SETTING_LONGEST);
    if (row->kind == SETTING_CHOICE && !choice_has(row->choices, text))
        return err_new(ERR_INVALID, "'%.64s' is none of %s", text, row->choices);
    if (row->check) TRY(row->check(text));
    if (row->kind == SETTING_LIST) {
        if (v->items.count == SETTING_ITEMS_MOST)
            return err_new(ERR_TOO_LARGE, "more than %d items", SETTING_ITEMS_MOST);
        vec_push(&v->items, mem_text(text));
        return NULL;
    }
    if (row->kind != SETTING_TEXT && row->kind != SETTING_CHOICE) {
        TRY(number_read(row, text, &v->number));
        TRY(bounds_check(row, text, v->number));
    }
    v->text = mem_text(text);
    return NULL;
}

// The items of "a,b"; an empty text has none.
static struct err *items_read(const struct setting *row, const char *text, struct setting_value *v) {
    AUTO_FREE char *copy = mem_text(text);
    for (char *rest = *copy ? copy : NULL, *item; (item = strsep(&rest, ","));) TRY(value_read(row, item, v));
    return NULL;
}

struct settings *settings_new(enum process_kind kind) {
    struct settings *s = NEW(struct settings);
    s->kind = kind;
    s->rows = setting_table(kind, &s->count);
    s->values = mem_zero(s->count, sizeof *s->values);
    for (size_t i = 0; i < s->count; i++) {
        const char *fallback = s->rows[i].fallback;
        if (!fallback) continue;
        bool list = s->rows[i].kind == SETTING_LIST;
        AUTO_ERR struct err *e = (list ? items_read : value_read)(&s->rows[i], fallback, &s->values[i]);
        must(!e);
    }
    return s;
}

enum process_kind settings_kind(const struct settings *s) {
    return s->kind;
}

// ---- giving ----

static void where_add_text(const struct setting_given *given, const struct setting *row, struct text *out) {
    if (given->source == FROM_FILE) text_addf(out, "%s:%u: ", given->file ? given->file : "file", given->line);
    if (given->source == FROM_FLAG) text_addf(out, "--%s", given->name);
    if (given->source == FROM_ENVIRONMENT && row) setting_variable(row, out);
    if (given->source == FROM_FILE) text_addf(out, "%s", given->name);
}

static struct err *unknown_setting(const struct settings *s, const struct setting_given *given) {
    const char **names = mem_zero(s->count, sizeof *names);
    for (size_t i = 0; i < s->count; i++) names[i] = s->rows[i].name;
    const char *nearest = text_nearest(given->name, names, s->count);
    AUTO_TEXT struct text where = {0};
    where_add_text(given, NULL, &where);
    const char *dashes = given->source == FROM_FLAG ? "--" : "", *of = process_kind_name(s->kind);
    struct err *e = nearest ? err_new(ERR_INVALID, "%.300s: unknown setting of the %s; did you mean '%s%s'?",
                                      text_string(&where), of, dashes, nearest)
                            : err_new(ERR_INVALID, "%.300s: unknown setting of the %s; --help lists those it has",
                                      text_string(&where), of);
    free(names);
    return e;
}

static struct err *value_take(const struct setting *row, const struct setting_given *given, struct setting_value *v) {
    bool more = row->kind == SETTING_LIST && v->set && v->source == given->source;
    if (v->set && v->source == FROM_FILE && given->source == FROM_FILE && !more)
        return err_new(ERR_INVALID, "given twice; line %u has it already", v->line);
    if (row->kind == SETTING_TREE && (given->source != FROM_FILE || !given->tree))
        return err_new(ERR_INVALID, "can be given in the file only, as a map or a list");
    if (row->kind != SETTING_TREE && !given->value)
        return err_new(ERR_INVALID, "needs %s", row->kind == SETTING_LIST ? "a list of values" : "a single value");
    struct setting_value fresh = {0};
    struct err *e = NULL;
    if (row->kind == SETTING_TREE)
        fresh.tree = given->tree;
    else if (row->kind == SETTING_LIST && (given->source == FROM_ENVIRONMENT || !*given->value))
        e = items_read(row, given->value, &fresh);
    else
        e = value_read(row, given->value, more ? v : &fresh);
    if (e || more) {
        value_clear(&fresh);
        return e;
    }
    value_clear(v);
    *v = fresh;
    v->set = true;
    v->source = given->source;
    v->file = mem_text(given->file);
    v->line = given->line;
    return NULL;
}

static size_t setting_row(const struct settings *s, const char *name) {
    size_t i = 0;
    while (i < s->count && strcmp(s->rows[i].name, name) != 0) i++;
    return i;
}

struct err *settings_give(struct settings *s, const struct setting_given *given) {
    size_t i = setting_row(s, given->name);
    if (i == s->count) return unknown_setting(s, given);
    AUTO_TEXT struct text where = {0};
    struct setting_value ignored = {0}, *v = &s->values[i];
    bool outranked = v->set && v->source > given->source; // still checked: a typo is one wherever it stands
    struct err *e = value_take(&s->rows[i], given, outranked ? &ignored : v);
    value_clear(&ignored);
    if (!e) return NULL;
    where_add_text(given, &s->rows[i], &where);
    return err_wrap(e, "%s", where.data);
}

struct err *settings_complete(const struct settings *s) {
    AUTO_TEXT struct text variable = {0};
    for (size_t i = 0; i < s->count; i++) {
        if (!s->rows[i].required || s->values[i].set) continue;
        setting_variable(&s->rows[i], &variable);
        return err_new(ERR_INVALID, "setting '%s' of the %s is missing; give it in the file, as --%s or as %s",
                       s->rows[i].name, process_kind_name(s->kind), s->rows[i].name, variable.data);
    }
    if (setting_find(s->kind, "agent-lost") &&
        settings_duration(s, "agent-lost") < 2 * settings_duration(s, "heartbeat"))
        return err_new(ERR_INVALID,
                       "settings 'agent-lost' (%s) and 'heartbeat' (%s): agent-lost must be at least twice as "
                       "long, or one late heartbeat loses an agent",
                       s->values[setting_row(s, "agent-lost")].text, s->values[setting_row(s, "heartbeat")].text);
    return NULL;
}

// ---- reading ----

static const struct setting_value *value_of(const struct settings *s, const char *name, unsigned kinds) {
    size_t i = setting_row(s, name);
    must(i < s->count);
    must(kinds >> s->rows[i].kind & 1);
    return &s->values[i];
}

#define ANY_KIND (~0u)
bool settings_has(const struct settings *s, const char *name) {
    const struct setting_value *v = value_of(s, name, ANY_KIND);
    return v->set || v->text || v->items.count;
}

enum setting_source settings_source(const struct settings *s, const char *name) {
    return value_of(s, name, ANY_KIND)->source;
}

const char *settings_text(const struct settings *s, const char *name) {
    return value_of(s, name, 1u << SETTING_TEXT | 1u << SETTING_CHOICE)->text;
}

struct bytes settings_size(const struct settings *s, const char *name) {
    return (struct bytes){value_of(s, name, 1u << SETTING_SIZE)->number};
}

int64_t settings_duration(const struct settings *s, const char *name) {
    return (int64_t)value_of(s, name, 1u << SETTING_DURATION)->number;
}

struct bandwidth settings_rate(const struct settings *s, const char *name) {
    return (struct bandwidth){value_of(s, name, 1u << SETTING_RATE)->number};
}

uint64_t settings_number(const struct settings *s, const char *name) {
    return value_of(s, name, 1u << SETTING_NUMBER)->number;
}

struct milli settings_scalar(const struct settings *s, const char *name) {
    return (struct milli){(int64_t)value_of(s, name, 1u << SETTING_SCALAR)->number};
}

bool settings_bool(const struct settings *s, const char *name) {
    return value_of(s, name, 1u << SETTING_BOOL)->number;
}

const char *const *settings_list(const struct settings *s, const char *name, size_t *ret_count) {
    const struct setting_value *v = value_of(s, name, 1u << SETTING_LIST);
    *ret_count = v->items.count;
    return (const char *const *)v->items.at;
}

const void *settings_tree(const struct settings *s, const char *name) {
    return value_of(s, name, 1u << SETTING_TREE)->tree;
}

static void source_add_text(const struct setting *row, const struct setting_value *v, struct text *out) {
    text_add(out, " (from ");
    switch (v->source) {
    case FROM_DEFAULT: text_add(out, "default"); break;
    case FROM_FILE: text_addf(out, "%s:%u", v->file ? v->file : "file", v->line); break;
    case FROM_ENVIRONMENT: setting_variable(row, out); break;
    case FROM_FLAG: text_addf(out, "--%s", row->name); break;
    }
    text_add(out, ")\n");
}

void settings_show(const struct settings *s, struct text *out) {
    for (size_t i = 0; i < s->count; i++) {
        const struct setting_value *v = &s->values[i];
        if (!settings_has(s, s->rows[i].name)) continue;
        text_addf(out, "%s: %s", s->rows[i].name, v->tree ? "..." : v->text ? v->text : "");
        for (size_t j = 0; j < v->items.count; j++) text_addf(out, "%s%s", j ? ", " : "", v->items.at[j]);
        source_add_text(&s->rows[i], v, out);
    }
}
