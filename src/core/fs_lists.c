// SPDX-License-Identifier: Apache-2.0
// Keeping who lists which filesystem, from tags.
#include "core/fs_lists.h"

#include <stdlib.h>
#include <string.h>

void fs_lists_init(struct fs_lists *l) {
    *l = (struct fs_lists){.some = bits_new(0)};
}

void fs_lists_done(struct fs_lists *l) {
    VEC_EACH (fs, &l->at) free(fs->agents);
    vec_done(&l->at);
    free(l->some);
}

void fs_lists_grow(struct fs_lists *l, size_t from, size_t to) {
    l->some = bits_grow(l->some, from, to);
    VEC_EACH (fs, &l->at) fs->agents = bits_grow(fs->agents, from, to);
}

static struct fs_listing *listing_get(struct fs_lists *l, symbol key, size_t words) {
    VEC_EACH (fs, &l->at)
        if (symbol_equal(fs->key, key)) return fs;
    vec_push(&l->at, ((struct fs_listing){key, bits_new(words)}));
    return vec_last(&l->at);
}

void fs_lists_update(struct fs_lists *l, const struct symbols *s, uint32_t number, const struct tag_set *tags,
                     size_t words) {
    bool lists = false;
    VEC_EACH (fs, &l->at) bits_set(fs->agents, number, false);
    for (size_t i = 0; tags && i < tags->count; i++) {
        if (!text_starts(symbol_text(s, tags->at[i].key), "fs/")) continue;
        bits_set(listing_get(l, tags->at[i].key, words)->agents, number, true);
        lists = true;
    }
    bits_set(l->some, number, lists);
}

uint32_t fs_lists_place(const struct fs_lists *l, const struct symbols *s, const char *fs) {
    char key[64];
    symbol found;
    if (!fs) return 0;
    size_t size = strlen(fs) + 1; // asked per volume and agent: snprintf would be most of it
    if (size > sizeof key - 3) return FS_NOBODY;
    memcpy(key, "fs/", 3);
    memcpy(key + 3, fs, size);
    if (!symbol_find(s, key, &found)) return FS_NOBODY;
    for (size_t i = 0; i < l->at.count; i++)
        if (symbol_equal(l->at.at[i].key, found)) return (uint32_t)i + 1;
    return FS_NOBODY;
}
