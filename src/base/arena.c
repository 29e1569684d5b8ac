// SPDX-License-Identifier: Apache-2.0
// A bump allocator over doubling blocks.
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct arena_block {
    struct arena_block *next;
    size_t size, used;
    alignas(max_align_t) char bytes[];
};

enum { FIRST_BLOCK = 2048, LARGEST_STEP = 1 << 20 };

void arena_done(struct arena *a) {
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    a->used = 0;
}

void arena_clear(struct arena *a) {
    struct arena_block *kept = a->blocks;
    if (!kept) return;
    a->blocks = kept->next;
    arena_done(a);
    kept->next = NULL;
    kept->used = 0;
    a->blocks = kept;
}

static void arena_grow(struct arena *a, size_t least) {
    size_t size = a->blocks ? a->blocks->size * 2 : FIRST_BLOCK;
    if (size > LARGEST_STEP) size = LARGEST_STEP;
    if (size < least) size = least;
    struct arena_block *block = mem_resize(NULL, sizeof *block + size, 1);
    *block = (struct arena_block){.next = a->blocks, .size = size};
    a->blocks = block;
}

static void *arena_bytes(struct arena *a, size_t size) {
    must(size < SIZE_MAX / 4);
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!a->blocks || a->blocks->size - a->blocks->used < rounded) arena_grow(a, rounded);
    void *p = a->blocks->bytes + a->blocks->used;
    a->blocks->used += rounded;
    a->used += rounded;
    return memset(p, 0, size);
}

void *arena_zero(struct arena *a, size_t count, size_t size) {
    size_t total;
    must(!__builtin_mul_overflow(count, size, &total));
    return arena_bytes(a, total);
}

void *arena_try(struct arena *a, size_t size) {
    if (a->budget && (size > a->budget || a->used > a->budget - size)) return NULL;
    return arena_bytes(a, size);
}

char *arena_text(struct arena *a, const char *text) {
    return text ? arena_text_n(a, text, strlen(text)) : NULL;
}

char *arena_text_n(struct arena *a, const char *text, size_t length) {
    char *copy = arena_bytes(a, length + 1);
    if (length) memcpy(copy, text, length);
    return copy;
}

void *arena_copy(struct arena *a, const void *from, size_t size) {
    void *copy = arena_bytes(a, size);
    if (size) memcpy(copy, from, size);
    return copy;
}

char *arena_format(struct arena *a, const char *format, ...) {
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    must(n >= 0);
    char *text = arena_bytes(a, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}
