// SPDX-License-Identifier: Apache-2.0
// Allocation that never returns NULL: out of memory ends the process (state is durable first). Owns nothing.
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/must.h"

// Each returns memory that the caller ends with free(). mem_zero is cleared. Sizes are checked for overflow.
MUST_USE void *mem_zero(size_t count, size_t size);
MUST_USE void *mem_resize(void *old, size_t count, size_t size);
MUST_USE void *mem_copy(const void *from, size_t size);
// A NUL-terminated copy; NULL gives NULL.
MUST_USE char *mem_text(const char *text);
// The printf of owned text.
MUST_USE char *mem_format(const char *format, ...) PRINTF(1, 2);

#define NEW(type) ((type *)mem_zero(1, sizeof(type)))

// Frees a pointer variable at the end of its scope: AUTO_FREE char *name = mem_text("x");
#define AUTO_FREE __attribute__((cleanup(mem_auto_free)))
void mem_auto_free(void *pointer_to_pointer);

// Hands a pointer over: gives its value and clears the variable, so that AUTO_FREE leaves it alone.
#define mem_take(pointer)                                                                                              \
    __extension__({                                                                                                    \
        __typeof__(pointer) taken_ = (pointer);                                                                        \
        (pointer) = NULL;                                                                                              \
        taken_;                                                                                                        \
    })

#endif
