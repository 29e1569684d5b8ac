// SPDX-License-Identifier: Apache-2.0
// Open addressing over hashes of names.
#include "core/name_index.h"

#include <stdlib.h>
#include <string.h>

void name_index_done(struct name_index *n) {
    free(n->ids);
    free(n->hashes);
    *n = (struct name_index){0};
}

static void add_id(struct text *key, uint64_t id) {
    text_add_n(key, &id, sizeof id);
}

bool row_name_key(enum noun noun, const void *row, struct text *ret_key) {
    const struct pool_row *pool = row;
    const struct volume_row *volume = row;
    const struct task_row *task = row;
    switch (noun) {
    case NOUN_PROVIDER: text_add(ret_key, ((const struct provider_row *)row)->name); return true;
    case NOUN_AGENT: text_add(ret_key, ((const struct agent_row *)row)->name); return true;
    case NOUN_CLASS: text_add(ret_key, ((const struct class_row *)row)->name); return true;
    case NOUN_FRAMEWORK: text_add(ret_key, ((const struct framework_row *)row)->text_id); return true;
    case NOUN_ROLE: add_id(ret_key, ((const struct role_row *)row)->name.n); return true;
    case NOUN_POOL:
        add_id(ret_key, pool->provider);
        text_add(ret_key, pool->instance);
        text_add_char(ret_key, '/');
        text_add(ret_key, pool->name);
        return true;
    case NOUN_VOLUME:
        add_id(ret_key, volume->owner.role.n);
        add_id(ret_key, volume->owner.framework);
        text_add(ret_key, volume->name);
        return true;
    case NOUN_TASK:
        add_id(ret_key, task->framework);
        text_add(ret_key, task->text_id);
        return true;
    default: return false;
    }
}

static uint32_t key_hash(const struct text *key) {
    return (uint32_t)hash_bytes(key->data, key->size);
}

static bool row_answers(const struct table *t, enum noun noun, uint64_t id, const struct text *key) {
    AUTO_TEXT struct text own = {0};
    const void *row = table_get(t, id);
    return row && row_name_key(noun, row, &own) && own.size == key->size && memcmp(own.data, key->data, own.size) == 0;
}

uint64_t name_index_find(const struct name_index *n, const struct table *t, enum noun noun, const struct text *key) {
    if (!n->slots) return 0;
    uint32_t hash = key_hash(key);
    for (size_t slot = hash & (n->slots - 1); n->ids[slot]; slot = (slot + 1) & (n->slots - 1))
        if (n->hashes[slot] == hash && row_answers(t, noun, n->ids[slot], key)) return n->ids[slot];
    return 0;
}

static void name_put(struct name_index *n, uint32_t hash, uint64_t id) {
    size_t slot = hash & (n->slots - 1);
    while (n->ids[slot]) slot = (slot + 1) & (n->slots - 1);
    n->ids[slot] = id;
    n->hashes[slot] = hash;
}

static void name_index_grow(struct name_index *n) {
    struct name_index old = *n;
    n->slots = old.slots ? old.slots * 2 : 16;
    n->ids = mem_zero(n->slots, sizeof *n->ids);
    n->hashes = mem_zero(n->slots, sizeof *n->hashes);
    for (size_t i = 0; i < old.slots; i++)
        if (old.ids[i]) name_put(n, old.hashes[i], old.ids[i]);
    name_index_done(&old);
}

void name_index_add(struct name_index *n, const struct text *key, uint64_t id) {
    if ((n->live + 1) * 4 > n->slots * 3) name_index_grow(n);
    name_put(n, key_hash(key), id);
    n->live++;
}

void name_index_remove(struct name_index *n, const struct text *key, uint64_t id) {
    if (!n->slots) return;
    size_t mask = n->slots - 1, gap = key_hash(key) & mask;
    while (n->ids[gap] && n->ids[gap] != id) gap = (gap + 1) & mask;
    if (!n->ids[gap]) return;
    for (size_t next = (gap + 1) & mask; n->ids[next]; next = (next + 1) & mask) {
        size_t home = n->hashes[next] & mask;
        if (((next - home) & mask) < ((next - gap) & mask)) continue;
        n->ids[gap] = n->ids[next];
        n->hashes[gap] = n->hashes[next];
        gap = next;
    }
    n->ids[gap] = 0;
    n->live--;
}
