// SPDX-License-Identifier: Apache-2.0
// A hash map from bytes or numbers to a pointer or a number, iterated in insertion order, so decisions are repeatable.
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

union map_value {
    void *p;
    uint64_t n;
};

struct map_entry {
    union {
        uint64_t number; // of a number map
        char *bytes;     // of a bytes map, owned, NUL-terminated
    } key;
    union map_value value;
    uint32_t size; // of the key bytes; the two highest mark a number's entry and one that was removed
    uint32_t hash;
};

// Zeroed is valid and empty. One map holds keys of one kind only: numbers or bytes.
struct map {
    struct map_entry *entries; // in insertion order; dead ones are skipped and squeezed out when the table grows
    uint32_t *slots;           // open addressing: index into entries + 1
    size_t used, live, capacity, slot_count;
};

void map_done(struct map *m); // frees the keys, not what values point to
// The value's place, NULL when absent. Borrowed until the next put.
union map_value *map_find(const struct map *m, uint64_t key);
union map_value *map_find_text(const struct map *m, const char *key);
union map_value *map_find_bytes(const struct map *m, const void *key, size_t size);
// The value's place, made with a zeroed value when absent; *ret_new (may be NULL) says which.
union map_value *map_put(struct map *m, uint64_t key, bool *ret_new);
union map_value *map_put_text(struct map *m, const char *key, bool *ret_new);
union map_value *map_put_bytes(struct map *m, const void *key, size_t size, bool *ret_new);
// False when there was none. Safe while iterating.
bool map_remove(struct map *m, uint64_t key);
bool map_remove_text(struct map *m, const char *key);
bool map_remove_bytes(struct map *m, const void *key, size_t size);
// Shortcuts for pointers: NULL when absent.
void *map_get(const struct map *m, uint64_t key);
void *map_get_text(const struct map *m, const char *key);
static inline size_t map_count(const struct map *m) {
    return m->live;
}
struct map_entry *map_next(const struct map *m, const struct map_entry *after); // NULL starts, NULL ends

#define MAP_EACH(entry, map) for (struct map_entry *entry = map_next(map, NULL); entry; entry = map_next(map, entry))

MUST_USE uint64_t hash_bytes(const void *bytes, size_t size);
MUST_USE uint64_t hash_u64(uint64_t n);

#endif
