// SPDX-License-Identifier: Apache-2.0
// An insertion-ordered hash map: a dense array of entries beside an open-addressing table of indexes.
#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SIZE_NUMBER UINT32_MAX
#define SIZE_DEAD (UINT32_MAX - 1)

static bool entry_is_live(const struct map_entry *e) {
    return e->size != SIZE_DEAD;
}

static bool entry_owns_bytes(const struct map_entry *e) {
    return e->size < SIZE_DEAD;
}

uint64_t hash_u64(uint64_t n) {
    n ^= n >> 32;
    n *= 0xd6e8feb86659fd93u;
    n ^= n >> 32;
    n *= 0xd6e8feb86659fd93u;
    return n ^ (n >> 32);
}

uint64_t hash_bytes(const void *bytes, size_t size) {
    const unsigned char *p = bytes;
    uint64_t h = 0x9e3779b97f4a7c15u ^ size;
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = hash_u64(h ^ word);
        p += 8;
        size -= 8;
    }
    uint64_t tail = 0;
    if (size) memcpy(&tail, p, size);
    return hash_u64(h ^ tail);
}

// What is looked for: bytes when `bytes` is set, else the number.
struct key {
    const void *bytes;
    size_t size;
    uint64_t number;
    uint32_t hash;
};

static struct key key_number(uint64_t n) {
    return (struct key){.number = n, .hash = (uint32_t)hash_u64(n)};
}

static struct key key_bytes(const void *bytes, size_t size) {
    must(size < SIZE_DEAD);
    return (struct key){.bytes = bytes, .size = size, .hash = (uint32_t)hash_bytes(bytes, size)};
}

static bool key_is(const struct map_entry *e, const struct key *k) {
    if (e->hash != k->hash) return false;
    if (!k->bytes) return e->size == SIZE_NUMBER && e->key.number == k->number;
    return e->size == k->size && memcmp(e->key.bytes, k->bytes, k->size) == 0;
}

void map_done(struct map *m) {
    for (size_t i = 0; i < m->used; i++)
        if (entry_owns_bytes(&m->entries[i])) free(m->entries[i].key.bytes);
    free(m->entries);
    free(m->slots);
    *m = (struct map){0};
}

static void map_index(struct map *m) {
    memset(m->slots, 0, m->slot_count * sizeof *m->slots);
    for (size_t i = 0; i < m->used; i++) {
        size_t slot = m->entries[i].hash & (m->slot_count - 1);
        while (m->slots[slot]) slot = (slot + 1) & (m->slot_count - 1);
        m->slots[slot] = (uint32_t)(i + 1);
    }
}

// Squeezes out dead entries, and doubles when most are alive.
static void map_make_room(struct map *m) {
    if (m->used < m->capacity) return;
    size_t kept = 0;
    for (size_t i = 0; i < m->used; i++)
        if (entry_is_live(&m->entries[i])) m->entries[kept++] = m->entries[i];
    m->used = kept;
    if (kept * 4 >= m->capacity * 3) {
        m->capacity = m->capacity ? m->capacity * 2 : 8;
        must(m->capacity < UINT32_MAX / 2);
        m->entries = mem_resize(m->entries, m->capacity, sizeof *m->entries);
        m->slot_count = m->capacity * 2;
        m->slots = mem_resize(m->slots, m->slot_count, sizeof *m->slots);
    }
    map_index(m);
}

static struct map_entry *map_seek(const struct map *m, const struct key *k) {
    if (!m->slot_count) return NULL;
    for (size_t slot = k->hash & (m->slot_count - 1); m->slots[slot]; slot = (slot + 1) & (m->slot_count - 1)) {
        struct map_entry *e = &m->entries[m->slots[slot] - 1];
        if (key_is(e, k)) return e;
    }
    return NULL;
}

static union map_value *map_want(struct map *m, const struct key *k, bool *ret_new) {
    struct map_entry *e = map_seek(m, k);
    if (ret_new) *ret_new = !e;
    if (e) return &e->value;
    map_make_room(m);
    e = &m->entries[m->used++];
    *e = (struct map_entry){.hash = k->hash};
    if (k->bytes) {
        e->key.bytes = mem_resize(NULL, k->size + 1, 1);
        memcpy(e->key.bytes, k->bytes, k->size);
        e->key.bytes[k->size] = 0;
        e->size = (uint32_t)k->size;
    } else {
        e->key.number = k->number;
        e->size = SIZE_NUMBER;
    }
    m->live++;
    size_t slot = k->hash & (m->slot_count - 1);
    while (m->slots[slot]) slot = (slot + 1) & (m->slot_count - 1);
    m->slots[slot] = (uint32_t)m->used;
    return &e->value;
}

static bool map_drop(struct map *m, const struct key *k) {
    struct map_entry *e = map_seek(m, k);
    if (!e) return false;
    if (entry_owns_bytes(e)) free(e->key.bytes);
    e->key.bytes = NULL;
    e->size = SIZE_DEAD;
    m->live--;
    return true;
}

union map_value *map_find(const struct map *m, uint64_t key) {
    struct key k = key_number(key);
    struct map_entry *e = map_seek(m, &k);
    return e ? &e->value : NULL;
}

union map_value *map_find_bytes(const struct map *m, const void *key, size_t size) {
    struct key k = key_bytes(key, size);
    struct map_entry *e = map_seek(m, &k);
    return e ? &e->value : NULL;
}

union map_value *map_find_text(const struct map *m, const char *key) {
    return map_find_bytes(m, key, strlen(key));
}

union map_value *map_put(struct map *m, uint64_t key, bool *ret_new) {
    struct key k = key_number(key);
    return map_want(m, &k, ret_new);
}

union map_value *map_put_bytes(struct map *m, const void *key, size_t size, bool *ret_new) {
    struct key k = key_bytes(key, size);
    return map_want(m, &k, ret_new);
}

union map_value *map_put_text(struct map *m, const char *key, bool *ret_new) {
    return map_put_bytes(m, key, strlen(key), ret_new);
}

bool map_remove(struct map *m, uint64_t key) {
    struct key k = key_number(key);
    return map_drop(m, &k);
}

bool map_remove_bytes(struct map *m, const void *key, size_t size) {
    struct key k = key_bytes(key, size);
    return map_drop(m, &k);
}

bool map_remove_text(struct map *m, const char *key) {
    return map_remove_bytes(m, key, strlen(key));
}

void *map_get(const struct map *m, uint64_t key) {
    union map_value *v = map_find(m, key);
    return v ? v->p : NULL;
}

void *map_get_text(const struct map *m, const char *key) {
    union map_value *v = map_find_text(m, key);
    return v ? v->p : NULL;
}

struct map_entry *map_next(const struct map *m, const struct map_entry *after) {
    size_t i = after ? (size_t)(after - m->entries) + 1 : 0;
    for (; i < m->used; i++)
        if (entry_is_live(&m->entries[i])) return &m->entries[i];
    return NULL;
}
