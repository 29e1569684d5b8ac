// SPDX-License-Identifier: Apache-2.0
// Memory for one unit of work, freed once. Grows by blocks; may be given a budget so that input cannot eat the host.
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

struct arena_block;
struct arena {
    struct arena_block *blocks; // newest first
    size_t used;                // bytes handed out
    size_t budget;              // 0: none. Only arena_try obeys it
};

// A zeroed struct arena is a valid empty one. arena_done frees all and leaves it empty.
void arena_done(struct arena *a);
// Ends what was handed out, as arena_done does, but keeps one block for what comes next.
void arena_clear(struct arena *a);
// Zeroed memory, aligned for any type, living until arena_done. Never NULL.
MUST_USE void *arena_zero(struct arena *a, size_t count, size_t size);
// The same within the budget: NULL when it would be passed.
MUST_USE void *arena_try(struct arena *a, size_t size);
MUST_USE char *arena_text(struct arena *a, const char *text);                  // NULL gives NULL
MUST_USE char *arena_text_n(struct arena *a, const char *text, size_t length); // adds the NUL
MUST_USE void *arena_copy(struct arena *a, const void *from, size_t size);
MUST_USE char *arena_format(struct arena *a, const char *format, ...) PRINTF(2, 3);

#define ARENA_NEW(arena, type) ((type *)arena_zero((arena), 1, sizeof(type)))
#define AUTO_ARENA __attribute__((cleanup(arena_done)))

#endif
