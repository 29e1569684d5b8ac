// SPDX-License-Identifier: Apache-2.0
// What a volume is called at the storage: base32 of its UUID and of some bits of the cluster's hash.
#include "provider/name.h"

#include <string.h>

#include "base/map.h"

enum { UUID_CHARS = 26, HASH_CHARS = 3 };
static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

static void hash_chars(const char *cluster, char to[HASH_CHARS]) {
    uint64_t hash = hash_bytes(cluster, strlen(cluster));
    for (int i = 0; i < HASH_CHARS; i++) to[i] = alphabet[hash >> (5 * i) & 31];
}

// Bit i of 128, the highest of byte 0 first; beyond the end 0.
static unsigned uuid_bit(const struct uuid *u, unsigned i) {
    return i < 128 ? u->bytes[i / 8] >> (7 - i % 8) & 1u : 0;
}

void storage_name(const char *cluster, struct uuid volume, char ret_name[STORAGE_NAME]) {
    memcpy(ret_name, "g-", 2);
    for (unsigned i = 0; i < UUID_CHARS; i++) {
        unsigned digit = 0;
        for (unsigned bit = 0; bit < 5; bit++) digit = digit << 1 | uuid_bit(&volume, 5 * i + bit);
        ret_name[2 + i] = alphabet[digit];
    }
    hash_chars(cluster, ret_name + 2 + UUID_CHARS);
    ret_name[2 + UUID_CHARS + HASH_CHARS] = '\0';
}

bool storage_name_parse(const char *name, const char *cluster, struct uuid *ret_volume) {
    struct uuid u = {0};
    char again[STORAGE_NAME];
    if (strlen(name) != STORAGE_NAME - 1) return false;
    for (unsigned i = 0; i < UUID_CHARS; i++) {
        const char *digit = strchr(alphabet, name[2 + i]);
        if (!digit) return false;
        for (unsigned bit = 0; bit < 5 && 5 * i + bit < 128; bit++)
            if ((size_t)(digit - alphabet) >> (4 - bit) & 1)
                u.bytes[(5 * i + bit) / 8] |= (unsigned char)(1u << (7 - (5 * i + bit) % 8));
    }
    storage_name(cluster, u, again);
    if (strcmp(again, name) != 0) return false;
    *ret_volume = u;
    return true;
}
