// SPDX-License-Identifier: Apache-2.0
// Open addressing over hashes of names.
#include "core/name_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

// Without padding; hash and id beside each other, as each look at a slot is a miss of the processor's cache.
struct name_slot {
    uint32_t hash, id_low, id_high; // id 0: empty
};

static uint64_t slot_id(const struct name_slot *slot) {
    return (uint64_t)slot->id_high << 32 | slot->id_low;
}

void name_index_done(struct name_index *n) {
    free(n->slots);
    *n = (struct name_index){0};
}

// Names are often numbered: those that differ in their last letter only are neighbours in the index, and so in the
// processor's cache.
static struct name_key key_of(uint64_t number, uint64_t other, const char *text, const char *second) {
    struct name_key k = {.numbers = {number, other}, .texts = {text ? text : "", second ? second : ""}};
    size_t size = strlen(k.texts[0]);
    uint32_t last = size ? (unsigned char)k.texts[0][size - 1] & 15u : 0;
    uint64_t hash = hash_bytes(k.texts[0], size ? size - 1 : 0);
    if (*k.texts[1]) hash = hash_u64(hash ^ hash_bytes(k.texts[1], strlen(k.texts[1])));
    k.hash = (uint32_t)hash_u64(hash ^ hash_u64(number) ^ other) << 4 | last;
    return k;
}

bool row_name_key(enum noun noun, const void *row, struct name_key *ret_key) {
    const struct pool_row *pool = row;
    const struct volume_row *volume = row;
    const struct task_row *task = row;
    switch (noun) {
    case NOUN_PROVIDER: *ret_key = key_of(0, 0, ((const struct provider_row *)row)->name, NULL); return true;
    case NOUN_AGENT: *ret_key = key_of(0, 0, ((const struct agent_row *)row)->name, NULL); return true;
    case NOUN_CLASS: *ret_key = key_of(0, 0, ((const struct class_row *)row)->name, NULL); return true;
    case NOUN_FRAMEWORK: *ret_key = key_of(0, 0, ((const struct framework_row *)row)->text_id, NULL); return true;
    case NOUN_ROLE: *ret_key = key_of(((const struct role_row *)row)->name.n, 0, NULL, NULL); return true;
    case NOUN_POOL: *ret_key = key_of(pool->provider, 0, pool->instance, pool->name); return true;
    case NAMES_OF_STORES: *ret_key = key_of(pool->provider, 0, pool->store, NULL); return true;
    case NOUN_VOLUME: *ret_key = key_of(volume->owner.role.n, volume->owner.framework, volume->name, NULL); return true;
    case NOUN_TASK: *ret_key = key_of(task->framework, 0, task->text_id, NULL); return true;
    default: return false;
    }
}

bool name_key_equal(const struct name_key *a, const struct name_key *b) {
    return a->hash == b->hash && a->numbers[0] == b->numbers[0] && a->numbers[1] == b->numbers[1] &&
           strcmp(a->texts[0], b->texts[0]) == 0 && strcmp(a->texts[1], b->texts[1]) == 0;
}

static bool row_answers(const struct table *t, enum noun noun, uint64_t id, const struct name_key *key) {
    struct name_key own;
    const void *row = table_get(t, id);
    return row && row_name_key(noun, row, &own) && name_key_equal(&own, key);
}

uint64_t name_index_find(const struct name_index *n, const struct table *t, enum noun noun,
                         const struct name_key *key) {
    if (!n->slot_count) return 0;
    size_t mask = n->slot_count - 1;
    for (size_t at = key->hash & mask; slot_id(&n->slots[at]); at = (at + 1) & mask) {
        uint64_t id = slot_id(&n->slots[at]);
        if (n->slots[at].hash == key->hash && row_answers(t, noun, id, key)) return id;
    }
    return 0;
}

static void name_put(struct name_index *n, uint32_t hash, uint64_t id) {
    size_t mask = n->slot_count - 1, at = hash & mask;
    while (slot_id(&n->slots[at])) at = (at + 1) & mask;
    n->slots[at] = (struct name_slot){.hash = hash, .id_low = (uint32_t)id, .id_high = (uint32_t)(id >> 32)};
}

static void name_index_grow(struct name_index *n) {
    struct name_index old = *n;
    n->slot_count = old.slot_count ? old.slot_count * 2 : 16;
    n->slots = mem_zero(n->slot_count, sizeof *n->slots);
    for (size_t i = 0; i < old.slot_count; i++)
        if (slot_id(&old.slots[i])) name_put(n, old.slots[i].hash, slot_id(&old.slots[i]));
    name_index_done(&old);
}

void name_index_add(struct name_index *n, const struct name_key *key, uint64_t id) {
    if ((n->live + 1) * 4 > n->slot_count * 3) name_index_grow(n);
    name_put(n, key->hash, id);
    n->live++;
}

void name_index_remove(struct name_index *n, const struct name_key *key, uint64_t id) {
    if (!n->slot_count) return;
    size_t mask = n->slot_count - 1, gap = key->hash & mask;
    while (slot_id(&n->slots[gap]) && slot_id(&n->slots[gap]) != id) gap = (gap + 1) & mask;
    if (!slot_id(&n->slots[gap])) return;
    for (size_t next = (gap + 1) & mask; slot_id(&n->slots[next]); next = (next + 1) & mask) {
        size_t home = n->slots[next].hash & mask;
        if (((next - home) & mask) < ((next - gap) & mask)) continue;
        n->slots[gap] = n->slots[next];
        gap = next;
    }
    n->slots[gap] = (struct name_slot){0};
    n->live--;
}
