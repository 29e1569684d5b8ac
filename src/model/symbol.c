// SPDX-License-Identifier: Apache-2.0
// Interned text over a map from text to index; the rows beside it are read by index.
#include "model/symbol.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"

struct symbol_row {
    const char *text;     // the map's own copy of the key, which stays in place
    struct number number; // of no unit when the text is not one
    enum value_type type; // as a key
    bool declared;
};

// Keys that agents measure: docs/facts.md.
static const struct {
    const char *pattern;
    enum value_type type;
} built_in[] = {
    {"driver/*", VALUE_VERSION},     {"kernel", VALUE_VERSION},          {"cpu/count", VALUE_NUMBER},
    {"hw/numa-nodes", VALUE_NUMBER}, {"hw/fibre-channel", VALUE_NUMBER}, {"net/speed", VALUE_NUMBER},
    {"net/mtu", VALUE_NUMBER},       {"net/infiniband", VALUE_NUMBER},   {"net/subnet", VALUE_NETWORK},
    {"net/paths/*", VALUE_NUMBER},   {"reach/*", VALUE_NUMBER},
};

void symbols_done(struct symbols *s) {
    map_done(&s->ids);
    free(s->rows);
    for (size_t i = 0; i < s->rule_count; i++) free(s->rules[i].pattern);
    free(s->rules);
    *s = (struct symbols){0};
}

// How well the rule fits: 0 not at all, else more is better.
static size_t rule_fit(const char *pattern, const char *key) {
    size_t size = strlen(pattern);
    if (!text_ends(pattern, "/*")) return strcmp(pattern, key) == 0 ? SIZE_MAX : 0;
    return strncmp(pattern, key, size - 1) == 0 && key[size - 1] ? size : 0;
}

static void row_take_rule(struct symbol_row *row, const char *pattern, enum value_type type, size_t *best) {
    size_t fit = rule_fit(pattern, row->text);
    if (!fit || fit < *best) return;
    *best = fit;
    row->type = type;
    row->declared = true;
}

static void row_type(const struct symbols *s, struct symbol_row *row) {
    size_t best = 0;
    row->declared = false;
    row->type = VALUE_TEXT;
    for (size_t i = 0; i < ARRAY_LEN(built_in); i++) row_take_rule(row, built_in[i].pattern, built_in[i].type, &best);
    for (size_t i = 0; i < s->rule_count; i++) row_take_rule(row, s->rules[i].pattern, s->rules[i].type, &best);
}

static void symbols_room(struct symbols *s) {
    if (s->count == s->capacity) s->rows = vec_grow(s->rows, s->count + 1, &s->capacity, sizeof *s->rows);
}

static symbol symbol_add(struct symbols *s, const char *text) {
    must(s->count < UINT32_MAX);
    symbols_room(s);
    struct symbol_row *row = &s->rows[s->count];
    *row = (struct symbol_row){.text = text};
    if (!number_parse(text, &row->number)) row->number = (struct number){0};
    row_type(s, row);
    return (symbol){(uint32_t)s->count++};
}

symbol symbol_make_n(struct symbols *s, const char *text, size_t size) {
    if (!size) return (symbol){0};
    if (!s->count) symbol_add(s, "");
    union map_value *id = map_find_bytes(&s->ids, text, size);
    if (id) return (symbol){(uint32_t)id->n};
    map_put_bytes(&s->ids, text, size, NULL)->n = s->count;
    return symbol_add(s, s->ids.entries[s->ids.used - 1].key.bytes); // entries are in insertion order
}

symbol symbol_make(struct symbols *s, const char *text) {
    return symbol_make_n(s, text, strlen(text));
}

struct symbols symbols_copy(const struct symbols *s) {
    struct symbols copy = {.rule_count = s->rule_count, .rule_capacity = s->rule_count};
    if (s->rule_count) copy.rules = mem_copy(s->rules, s->rule_count * sizeof *s->rules);
    for (size_t i = 0; i < s->rule_count; i++) copy.rules[i].pattern = mem_text(s->rules[i].pattern);
    for (size_t i = 1; i < s->count; i++) symbol_make(&copy, s->rows[i].text);
    return copy;
}

bool symbol_find(const struct symbols *s, const char *text, symbol *ret_symbol) {
    const union map_value *id = *text ? map_find_text(&s->ids, text) : NULL;
    if (*text && !id) return false;
    *ret_symbol = (symbol){id ? (uint32_t)id->n : 0};
    return true;
}

const char *symbol_text(const struct symbols *s, symbol y) {
    if (!y.n) return "";
    must(y.n < s->count);
    return s->rows[y.n].text;
}

const struct number *symbol_number(const struct symbols *s, symbol y) {
    if (!y.n) return NULL;
    must(y.n < s->count);
    return s->rows[y.n].number.unit == NUMBER_NONE ? NULL : &s->rows[y.n].number;
}

enum value_type symbol_type(const struct symbols *s, symbol key, bool *ret_declared) {
    must(!key.n || key.n < s->count);
    if (ret_declared) *ret_declared = key.n && s->rows[key.n].declared;
    return key.n ? s->rows[key.n].type : VALUE_TEXT;
}

static struct err *pattern_check(const char *pattern) {
    size_t size = strnlen(pattern, 258);
    size_t key = text_ends(pattern, "/*") ? size - 2 : size;
    if (!key || key > 255)
        return err_new(ERR_INVALID, "tag type of '%.32s': give a key, or a path such as 'driver/*'", pattern);
    for (size_t i = 0; i < key; i++)
        if (pattern[i] == '*' || pattern[i] <= ' ' || pattern[i] > '~')
            return err_new(ERR_INVALID, "tag type of '%s': '*' can only be the last part of a path, as in 'driver/*'",
                           pattern);
    return NULL;
}

struct err *symbols_declare(struct symbols *s, const char *pattern, enum value_type type) {
    TRY(pattern_check(pattern));
    struct symbol_rule *rule = NULL;
    for (size_t i = 0; i < s->rule_count && !rule; i++)
        if (strcmp(s->rules[i].pattern, pattern) == 0) rule = &s->rules[i];
    if (!rule) {
        if (s->rule_count == SYMBOL_RULES_MOST)
            return err_new(ERR_TOO_LARGE, "tag type of '%s': more than %d types are declared", pattern,
                           SYMBOL_RULES_MOST);
        if (s->rule_count == s->rule_capacity)
            s->rules = vec_grow(s->rules, s->rule_count + 1, &s->rule_capacity, sizeof *s->rules);
        rule = &s->rules[s->rule_count++];
        rule->pattern = mem_text(pattern);
    }
    rule->type = type;
    for (size_t i = 1; i < s->count; i++) row_type(s, &s->rows[i]);
    return NULL;
}
