// SPDX-License-Identifier: Apache-2.0
// A typed growing array: VEC(struct pool) pools = {0}; vec_push(&pools, p); Zeroed is valid and empty. Counts are of 32 bits,
// since many stand in rows of which there are a million.
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdlib.h>

#include "base/mem.h"

#define VEC(type)                                                                                                      \
    struct {                                                                                                           \
        type *at;                                                                                                      \
        uint32_t count, capacity;                                                                                      \
    }
// The same with a name, to be passed between functions: VEC_TYPE(pool_list, struct pool);
#define VEC_TYPE(name, type)                                                                                           \
    struct name {                                                                                                      \
        type *at;                                                                                                      \
        uint32_t count, capacity;                                                                                      \
    }

#define vec_room(vec, more)                                                                                            \
    ((vec)->count + (more) > (vec)->capacity                                                                           \
         ? (void)((vec)->at = vec_grow((vec)->at, (vec)->count + (more), &(vec)->capacity, sizeof *(vec)->at))         \
         : (void)0)
#define vec_push(vec, item) (vec_room(vec, 1), (void)((vec)->at[(vec)->count++] = (item)))
// Takes no more memory than the item needs: for a great many short ones.
#define vec_push_tight(vec, item)                                                                                      \
    ((vec)->count == (vec)->capacity ? (void)((vec)->at = mem_resize((vec)->at, ++(vec)->capacity, sizeof *(vec)->at)) \
                                     : (void)0,                                                                        \
     (void)((vec)->at[(vec)->count++] = (item)))
// A zeroed new last item.
#define vec_add(vec)                                                                                                   \
    (vec_room(vec, 1), memset(&(vec)->at[(vec)->count], 0, sizeof *(vec)->at), &(vec)->at[(vec)->count++])
#define vec_last(vec) (must((vec)->count), &(vec)->at[(vec)->count - 1])
#define vec_pop(vec) (must((vec)->count), (vec)->at[--(vec)->count])
// Removes item i and keeps the order; vec_swap_out does not keep it.
#define vec_remove(vec, i)                                                                                             \
    (must((size_t)(i) < (vec)->count), (vec)->count--,                                                                 \
     (void)memmove(&(vec)->at[i], &(vec)->at[(size_t)(i) + 1], ((vec)->count - (size_t)(i)) * sizeof *(vec)->at))
#define vec_swap_out(vec, i)                                                                                           \
    (must((size_t)(i) < (vec)->count), (vec)->count--, (void)((vec)->at[i] = (vec)->at[(vec)->count]))
#define vec_clear(vec) ((void)((vec)->count = 0))
// Keeps the first n items; takes the first n away.
#define vec_cut(vec, n) (must((n) <= (vec)->count), (void)((vec)->count = (uint32_t)(n)))
#define vec_skip(vec, n)                                                                                               \
    (vec_cut(vec, (vec)->count - (n)),                                                                                 \
     (vec)->count ? (void)memmove((vec)->at, (vec)->at + (n), (vec)->count * sizeof *(vec)->at) : (void)0)
#define vec_done(vec) (free((vec)->at), (void)((vec)->at = NULL), (void)((vec)->count = (vec)->capacity = 0))
#define VEC_EACH(item, vec)                                                                                            \
    for (__typeof__(*(vec)->at) *item = (vec)->at, *item##_end_ = (vec)->count ? (vec)->at + (vec)->count : (vec)->at; \
         item != item##_end_; item++)

MUST_USE void *vec_grow(void *at, size_t need, uint32_t *capacity, size_t item_size);

#endif
