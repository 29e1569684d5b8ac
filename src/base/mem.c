// SPDX-License-Identifier: Apache-2.0
// Allocation that ends the process when memory is out.
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *mem_sure(void *pointer) {
    if (!pointer) {
        fputs("granary: out of memory\n", stderr);
        abort();
    }
    return pointer;
}

void *mem_zero(size_t count, size_t size) {
    return mem_sure(calloc(count ? count : 1, size ? size : 1));
}

void *mem_resize(void *old, size_t count, size_t size) {
    size_t total;
    must(!__builtin_mul_overflow(count, size, &total));
    return mem_sure(realloc(old, total ? total : 1));
}

void *mem_copy(const void *from, size_t size) {
    void *copy = mem_resize(NULL, size, 1);
    if (size) memcpy(copy, from, size);
    return copy;
}

char *mem_text(const char *text) {
    return text ? mem_copy(text, strlen(text) + 1) : NULL;
}

char *mem_format(const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int n = vasprintf(&text, format, args);
    va_end(args);
    must(n >= 0);
    return mem_sure(text);
}

void mem_auto_free(void *pointer_to_pointer) {
    void *pointer;
    memcpy(&pointer, pointer_to_pointer, sizeof pointer);
    free(pointer);
}
