// SPDX-License-Identifier: Apache-2.0
// Growing text and byte buffers.
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void text_done(struct text *t) {
    free(t->data);
    *t = (struct text){0};
}

void text_clear(struct text *t) {
    t->size = 0;
    if (t->data) t->data[0] = 0;
}

char *text_room(struct text *t, size_t size) {
    must(size < SIZE_MAX / 4 && t->size < SIZE_MAX / 4);
    size_t need = t->size + size + 1;
    if (need > t->capacity) {
        size_t capacity = t->capacity ? t->capacity * 2 : 64;
        if (capacity < need) capacity = need;
        t->data = mem_resize(t->data, capacity, 1);
        t->capacity = capacity;
    }
    t->data[t->size] = 0; // whatever the caller then writes, also nothing
    return t->data + t->size;
}

void text_added(struct text *t, size_t size) {
    must(t->size + size < t->capacity);
    t->size += size;
    t->data[t->size] = 0;
}

void text_add_n(struct text *t, const void *bytes, size_t size) {
    char *room = text_room(t, size);
    if (size) memcpy(room, bytes, size);
    text_added(t, size);
}

void text_add(struct text *t, const char *s) {
    text_add_n(t, s, strlen(s));
}
void text_add_char(struct text *t, char c) {
    text_add_n(t, &c, 1);
}

void text_addf(struct text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    must(n >= 0);
    vsnprintf(text_room(t, (size_t)n), (size_t)n + 1, format, again);
    va_end(again);
    text_added(t, (size_t)n);
}

void text_add_u64(struct text *t, uint64_t n) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    text_add_n(t, digits + at, sizeof digits - at);
}

void text_drop(struct text *t, size_t size) {
    must(size <= t->size);
    if (!size) return;
    memmove(t->data, t->data + size, t->size - size);
    t->size -= size;
    t->data[t->size] = 0;
}

const char *text_string(const struct text *t) {
    return t->data ? t->data : "";
}

char *text_take(struct text *t) {
    if (!t->data) text_add_n(t, "", 0);
    char *data = t->data;
    *t = (struct text){0};
    return data;
}

bool text_equal(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}
bool text_starts(const char *s, const char *prefix) {
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *s, const char *suffix) {
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}

bool text_to_u64(const char *s, uint64_t *ret_n) {
    if (!*s) return false;
    uint64_t n = 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9') return false;
        if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(*s - '0'), &n)) return false;
    }
    *ret_n = n;
    return true;
}

size_t text_distance(const char *a, const char *b) {
    enum { LONGEST = 64 };
    size_t n = strnlen(a, LONGEST), m = strnlen(b, LONGEST);
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= m; j++) row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[m];
}

const char *text_nearest(const char *name, const char *const *names, size_t count) {
    size_t limit = strlen(name) / 3 + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t distance = text_distance(name, names[i]);
        if (distance > limit) continue;
        limit = distance ? distance - 1 : 0;
        nearest = names[i];
        if (!distance) break;
    }
    return nearest;
}
