// SPDX-License-Identifier: Apache-2.0
// One tag: its rules, its text.
#include "model/tag.h"

#include <string.h>

static const char *const tier_names[] = {
#define X(tier, name) [TIER_##tier] = name,
    TIERS(X)
#undef X
};
static const char *const origin_names[] = {
#define X(origin, name) [TAG_##origin] = name,
    TAG_ORIGINS(X)
#undef X
};

static bool row_find(const char *const *names, size_t count, const char *name, size_t *ret_row) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) != 0) continue;
        *ret_row = i;
        return true;
    }
    return false;
}

const char *tier_name(enum tier tier) {
    return tier_names[tier];
}
const char *tag_origin_name(enum tag_origin origin) {
    return origin_names[origin];
}

bool tier_parse(const char *name, enum tier *ret_tier) {
    size_t row;
    if (!row_find(tier_names, ARRAY_LEN(tier_names), name, &row)) return false;
    *ret_tier = (enum tier)row;
    return true;
}

bool tag_origin_parse(const char *name, enum tag_origin *ret_origin) {
    size_t row;
    if (!row_find(origin_names, ARRAY_LEN(origin_names), name, &row)) return false;
    *ret_origin = (enum tag_origin)row;
    return true;
}

static bool alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

struct err *tag_key_check(const char *key) {
    if (!*key) return err_new(ERR_INVALID, "tag: the key is empty; write it as key=value");
    if (strnlen(key, TAG_KEY_LONGEST + 1) > TAG_KEY_LONGEST)
        return err_new(ERR_INVALID, "tag '%.32s...': the key is longer than %d bytes", key, TAG_KEY_LONGEST);
    for (const char *c = key; *c; c++) {
        if (!alnum(*c) && !strchr("._-/", *c))
            return err_new(ERR_INVALID,
                           "tag '%s': a key has only letters, digits, '.', '_', '-' and '/'; byte %zu is none", key,
                           (size_t)(c - key) + 1);
        if ((c == key || c[-1] == '/') && !alnum(*c))
            return err_new(ERR_INVALID, "tag '%s': each part of a key begins with a letter or a digit", key);
    }
    if (text_ends(key, "/")) return err_new(ERR_INVALID, "tag '%s': a key cannot end with '/'", key);
    return NULL;
}

// The size of the printable UTF-8 character at `c` (RFC 3629), 0 when there is none.
static size_t printable_size(const unsigned char *c) {
    if (c[0] < 0x80) return c[0] >= 0x20 && c[0] != 0x7f;
    size_t size = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    unsigned point = c[0] & (0xffu >> (size + 1));
    if (c[0] < 0xc2 || c[0] > 0xf4) return 0;
    for (size_t i = 1; i < size; i++) {
        if ((c[i] & 0xc0) != 0x80) return 0;
        point = point << 6 | (c[i] & 0x3fu);
    }
    if (size == 2 && point < 0xa0) return 0; // control characters
    if (size == 3 && (point < 0x800 || (point >= 0xd800 && point < 0xe000))) return 0;
    if (size == 4 && (point < 0x10000 || point > 0x10ffff)) return 0;
    return size;
}

struct err *tag_value_check(const char *value) {
    size_t size = strnlen(value, TAG_VALUE_LONGEST + 1);
    if (size > TAG_VALUE_LONGEST)
        return err_new(ERR_INVALID, "tag value '%.32s...': longer than %d bytes", value, TAG_VALUE_LONGEST);
    for (size_t i = 0; i < size;) {
        size_t step = printable_size((const unsigned char *)value + i);
        if (!step) return err_new(ERR_INVALID, "tag value: byte %zu is not printable UTF-8", i + 1);
        i += step;
    }
    if (size && (*value == ' ' || value[size - 1] == ' '))
        return err_new(ERR_INVALID, "tag value '%s': begins or ends with a space; take it away", value);
    return NULL;
}

struct tag_time tag_time(struct wall wall) {
    const int64_t most = (INT64_C(1) << 47) - 1;
    int64_t ms = wall.ms > most ? most : wall.ms < -most ? -most : wall.ms;
    struct tag_time time;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion" // it fits: gcc cannot know
    time.ms = ms;
#pragma GCC diagnostic pop
    return time;
}

struct err *tag_make(struct symbols *s, const char *key, const char *value, struct tag *ret_tag) {
    if (!value) value = "";
    TRY(tag_key_check(key));
    TRY(err_wrap(tag_value_check(value), "tag '%s'", key));
    *ret_tag = (struct tag){.key = symbol_make(s, key), .value = symbol_make(s, value)};
    return NULL;
}

struct err *tag_parse(struct symbols *s, const char *text, struct tag *ret_tag) {
    char key[TAG_KEY_LONGEST + 1];
    size_t size = strcspn(text, "=");
    if (size > TAG_KEY_LONGEST)
        return err_new(ERR_INVALID, "tag '%.32s...': the key is longer than %d bytes", text, TAG_KEY_LONGEST);
    memcpy(key, text, size);
    key[size] = 0;
    return tag_make(s, key, text[size] ? text + size + 1 : "", ret_tag);
}

void tag_add_text(const struct symbols *s, const struct tag *t, struct text *out) {
    text_add(out, symbol_text(s, t->key));
    if (!t->value.n) return;
    text_add_char(out, '=');
    text_add(out, symbol_text(s, t->value));
}
