// SPDX-License-Identifier: Apache-2.0
// JSON's grammar (RFC 8259), with no more memory than the strings that have escapes.
#include "codec/json_scan.h"

#include <string.h>

#include "codec/utf8.h"

void *scan_alloc(struct json_scan *s, size_t size) {
    if (size > s->memory) return NULL;
    s->memory -= size;
    return arena_try(s->arena, size);
}

struct err *scan_too_large(void) {
    return err_new(ERR_TOO_LARGE, "the message takes too much memory");
}

char scan_peek(struct json_scan *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')) s->at++;
    return (char)(s->at < s->end ? *s->at : 0);
}

bool scan_pass(struct json_scan *s, char c) {
    if (scan_peek(s) != c || s->at == s->end) return false;
    s->at++;
    return true;
}

struct err *scan_expected(struct json_scan *s, const char *what) {
    unsigned char c = (unsigned char)scan_peek(s);
    if (s->at == s->end) return err_new(ERR_INVALID, "expected %s, found the end of the text", what);
    const char *found = c == '{'               ? "an object"
                        : c == '['             ? "a list"
                        : c == '"'             ? "a string"
                        : c == 't' || c == 'f' ? "a boolean"
                        : c == 'n'             ? "null"
                                               : NULL;
    if ((c >= '0' && c <= '9') || c == '-') found = "a number";
    if (found) return err_new(ERR_INVALID, "expected %s, found %s", what, found);
    if (c > 0x20 && c < 0x7f) return err_new(ERR_INVALID, "expected %s, found '%c'", what, c);
    return err_new(ERR_INVALID, "expected %s, found byte 0x%02x", what, c);
}

static struct err *string_wrong(struct json_scan *s, const char *at, const char *why) {
    s->at = at;
    return err_new(ERR_INVALID, "%s", why);
}

static bool hex_read(const char *at, const char *end, uint32_t *ret_unit) {
    uint32_t unit = 0;
    if (end - at < 4) return false;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0) return false;
        unit = unit << 4 | (uint32_t)d;
    }
    *ret_unit = unit;
    return true;
}

// The code point of "\uXXXX" or of a pair of them, at the first X; *at moves behind.
static const char *unicode_read(const char **at, const char *end, uint32_t *ret_point) {
    uint32_t high, low;
    if (!hex_read(*at, end, &high)) return "a \\u escape needs four hex digits";
    *at += 4;
    if (!high) return "a NUL character is not allowed";
    *ret_point = high;
    if (high < 0xd800 || high > 0xdfff) return NULL;
    if (high > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u' || !hex_read(*at + 2, end, &low) ||
        low < 0xdc00 || low > 0xdfff)
        return "half of a surrogate pair";
    *at += 6;
    *ret_point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    return NULL;
}

static const char *escape_read(const char **at, const char *end, char **to) {
    static const char names[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    if (*at == end) return "the string does not end";
    char c = *(*at)++;
    if (c == 'u') {
        uint32_t point = 0;
        const char *wrong = unicode_read(at, end, &point);
        if (!wrong) *to += utf8_write(*to, point);
        return wrong;
    }
    for (size_t i = 0; i + 1 < sizeof names; i += 2) {
        if (names[i] != c) continue;
        *(*to)++ = names[i + 1];
        return NULL;
    }
    return "no such escape in a JSON string";
}

// Moves to the first byte that is not plain ASCII text of a string.
static const char *plain_end(const char *at, const char *end) {
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\') at++;
    return at;
}

// Finds the closing quote, checking UTF-8 on the way.
static struct err *string_end(struct json_scan *s, const char *from, const char **ret_end, bool *ret_escapes) {
    *ret_escapes = false;
    for (const char *at = from;;) {
        at = plain_end(at, s->end);
        if (at == s->end) return string_wrong(s, s->end, "the string does not end");
        uint32_t point;
        size_t length;
        if (*at == '"') {
            *ret_end = at;
            return NULL;
        }
        if (*at == '\\') {
            *ret_escapes = true;
            if (s->end - at < 2) return string_wrong(s, s->end, "the string does not end");
            at += 2;
        } else if ((unsigned char)*at < 0x20) {
            return string_wrong(s, at, "a control character in a string must be escaped");
        } else if (!(length = utf8_read(at, s->end, &point))) {
            return string_wrong(s, at, "the text is not valid UTF-8");
        } else {
            at += length;
        }
    }
}

static struct err *string_decode(struct json_scan *s, const char *from, const char *end, struct slice *ret_string) {
    char *text = scan_alloc(s, (size_t)(end - from) + 1), *to = text;
    if (!text) return scan_too_large();
    while (from < end) {
        const char *run = memchr(from, '\\', (size_t)(end - from));
        size_t plain = (size_t)((run ? run : end) - from);
        memcpy(to, from, plain);
        to += plain;
        if (!run) break;
        from = run + 1;
        const char *wrong = escape_read(&from, end, &to);
        if (wrong) return string_wrong(s, run, wrong);
    }
    *ret_string = (struct slice){text, (size_t)(to - text)};
    return NULL;
}

struct err *scan_string(struct json_scan *s, struct slice *ret_string) {
    if (!scan_pass(s, '"')) return scan_expected(s, "a string");
    const char *from = s->at, *end = from;
    bool escapes;
    TRY(string_end(s, from, &end, &escapes));
    if (escapes)
        TRY(string_decode(s, from, end, ret_string));
    else
        *ret_string = (struct slice){from, (size_t)(end - from)};
    s->at = end + 1;
    return NULL;
}

struct err *scan_number(struct json_scan *s, struct number *ret_number) {
    char c = scan_peek(s);
    if (c != '-' && (c < '0' || c > '9')) return scan_expected(s, "a number");
    size_t length = number_read(s->at, (size_t)(s->end - s->at), ret_number);
    if (!length) return err_new(ERR_INVALID, "not a JSON number, or one of more than %d characters", NUMBER_LONGEST);
    s->at += length;
    return NULL;
}

bool scan_word(struct json_scan *s, const char *word) {
    size_t length = strlen(word);
    scan_peek(s);
    if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length) != 0) return false;
    s->at += length;
    return true;
}

struct err *scan_enter(struct json_scan *s) {
    if (!s->depth) return err_new(ERR_TOO_LARGE, "the JSON text is nested too deeply");
    s->depth--;
    s->at++;
    return NULL;
}

void scan_leave(struct json_scan *s) {
    s->depth++;
}

struct err *scan_next(struct json_scan *s, char close, bool first, bool *ret_more) {
    *ret_more = false;
    if (scan_pass(s, close)) return NULL;
    if (!first && !scan_pass(s, ',')) return scan_expected(s, close == '}' ? "',' or '}'" : "',' or ']'");
    *ret_more = true;
    return NULL;
}

struct err *scan_key(struct json_scan *s, struct slice *ret_key) {
    if (scan_peek(s) != '"') return scan_expected(s, "a key in quotes");
    TRY(scan_string(s, ret_key));
    return scan_pass(s, ':') ? NULL : scan_expected(s, "':'");
}

static struct err *skip_nested(struct json_scan *s, char close) {
    bool more;
    TRY(scan_enter(s));
    for (bool first = true;; first = false) {
        TRY(scan_next(s, close, first, &more));
        if (!more) break;
        struct slice key;
        if (close == '}') TRY(scan_key(s, &key));
        TRY(scan_skip(s));
    }
    scan_leave(s);
    return NULL;
}

struct err *scan_skip(struct json_scan *s) {
    struct slice string;
    struct number number;
    switch (scan_peek(s)) {
    case '{': return skip_nested(s, '}');
    case '[': return skip_nested(s, ']');
    case '"': return scan_string(s, &string);
    default: break;
    }
    if (scan_word(s, "true") || scan_word(s, "false") || scan_word(s, "null")) return NULL;
    char c = scan_peek(s);
    if (c == '-' || (c >= '0' && c <= '9')) return scan_number(s, &number);
    return scan_expected(s, "a value");
}
