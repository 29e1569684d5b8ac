// SPDX-License-Identifier: Apache-2.0
// UUIDs and the rules for names.
#include "base/id.h"

#include <stdio.h>
#include <string.h>

struct uuid uuid_from_entropy(const unsigned char entropy[16]) {
    struct uuid u;
    memcpy(u.bytes, entropy, 16);
    u.bytes[6] = (unsigned char)((u.bytes[6] & 0x0f) | 0x40);
    u.bytes[8] = (unsigned char)((u.bytes[8] & 0x3f) | 0x80);
    return u;
}

void uuid_text(struct uuid u, char ret_text[UUID_TEXT]) {
    static const char hex[] = "0123456789abcdef";
    char *out = ret_text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
        *out++ = hex[u.bytes[i] >> 4];
        *out++ = hex[u.bytes[i] & 15];
    }
    *out = 0;
}

// By a table: the letters of a UUID are by chance, and a branch on each would be guessed wrong half of the time.
static int hex_value(char c) {
    static const unsigned char above_value[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
        ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
        ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};
    return above_value[(unsigned char)c] - 1;
}

bool uuid_parse(const char *text, struct uuid *ret_uuid) {
    struct uuid u;
    if (strlen(text) != UUID_TEXT - 1) return false;
    for (int i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-') return false;
        int high = hex_value(text[0]), low = hex_value(text[1]);
        if (high < 0 || low < 0) return false;
        u.bytes[i] = (unsigned char)(high << 4 | low);
        text += 2;
    }
    *ret_uuid = u;
    return true;
}

bool uuid_equal(struct uuid a, struct uuid b) {
    return memcmp(a.bytes, b.bytes, 16) == 0;
}
bool uuid_is_zero(struct uuid u) {
    return uuid_equal(u, (struct uuid){{0}});
}

static bool name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

static struct err *length_check(const char *what, const char *name) {
    if (!name || !*name) return err_new(ERR_INVALID, "%s: the name is empty; give it one", what);
    if (strnlen(name, NAME_LONGEST + 1) > NAME_LONGEST)
        return err_new(ERR_INVALID, "%s '%.32s...': the name is longer than %d bytes", what, name, NAME_LONGEST);
    return NULL;
}

struct err *name_check(const char *what, const char *name) {
    TRY(length_check(what, name));
    if (*name == '.' || *name == '-')
        return err_new(ERR_INVALID, "%s '%s': a name cannot start with '%c'", what, name, *name);
    for (const char *c = name; *c; c++)
        if (!name_char(*c))
            return err_new(ERR_INVALID, "%s '%s': a name has only letters, digits, '.', '_' and '-'", what, name);
    return NULL;
}

static struct err *role_part_check(const char *role, const char *part, size_t size) {
    if (!size)
        return err_new(ERR_INVALID, "role '%s': has an empty part; use 'a/b' without leading, double or trailing '/'",
                       role);
    if ((size == 1 && (*part == '.' || *part == '*')) || (size == 2 && part[0] == '.' && part[1] == '.'))
        return err_new(ERR_INVALID, "role '%s': '%.*s' cannot be a part of a role", role, (int)size, part);
    if (*part == '-') return err_new(ERR_INVALID, "role '%s': a part cannot start with '-'", role);
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)part[i] <= ' ' || part[i] == 0x7f)
            return err_new(ERR_INVALID, "role '%s': has white space or a control character", role);
    return NULL;
}

struct err *role_check(const char *role) {
    TRY(length_check("role", role));
    if (strcmp(role, "*") == 0) return NULL;
    const char *part = role;
    for (;;) {
        size_t size = strcspn(part, "/");
        TRY(role_part_check(role, part, size));
        if (!part[size]) return NULL;
        part += size + 1;
    }
}

struct err *chosen_id_check(const char *what, const char *id) {
    TRY(length_check(what, id));
    if (strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
        return err_new(ERR_INVALID, "%s: the id cannot be '%s'", what, id);
    for (const char *c = id; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '/' || *c == '\\')
            return err_new(ERR_INVALID, "%s: the id has a '/', '\\' or a control character at byte %zu", what,
                           (size_t)(c - id));
    return NULL;
}
