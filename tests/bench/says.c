// SPDX-License-Identifier: Apache-2.0
// Facts from a small generator of numbers, so that all programs see the same.
#include "says.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"

const char *const number_keys[4] = {"cache", "speed", "age", "net/speed"};
const struct prefers pools_preferred[2] = {{"media in (nvme, ssd)", 20}, {"raid = 10", 5}};
const struct prefers agents_preferred[2] = {{"same(topology/rack)", 10}, {"net/speed >= 25Gbps", 3}};

static const char *const media[] = {"ssd", "hdd", "nvme", "tape"};
static const char *const raids[] = {"0", "1", "5", "6", "10"};

static unsigned pick(unsigned long long seed, unsigned below) {
    return (unsigned)(hash_u64(seed * 0x9E3779B97F4A7C15u + 1) >> 20) % below;
}

struct pool_says pool_says(unsigned number) {
    unsigned long long seed = (unsigned long long)number * 32;
    struct pool_says p = {
        media[pick(seed, 4)], raids[pick(seed + 1, 5)], pick(seed + 2, 2) != 0,
        pick(seed + 3, 100),  pick(seed + 4, 100),      pick(seed + 5, 100),
    };
    for (unsigned i = 0; i < POOL_OTHERS; i++) p.others[i] = pick(seed + 8 + i, 50);
    p.gib = INVENTORY_POOL_GIB - number % 1000;
    return p;
}

static struct say say_text(const char *key, const char *value) {
    struct say s;
    snprintf(s.key, sizeof s.key, "%s", key);
    snprintf(s.value, sizeof s.value, "%s", value);
    return s;
}

static struct say say_number(const char *key, const char *format, unsigned value) {
    struct say s = say_text(key, "");
    snprintf(s.value, sizeof s.value, format, value);
    return s;
}

void pool_says_tags(unsigned number, struct say ret_tags[POOL_TAGS]) {
    struct pool_says p = pool_says(number);
    struct say first[POOL_TAGS - POOL_OTHERS] = {
        say_text("media", p.media),
        say_text("raid", p.raid),
        say_text("thin", p.thin ? "true" : "false"),
        say_number("cache", "%u", p.cache),
        say_number("speed", "%u", p.speed),
        say_number("age", "%u", p.age),
        say_number("topology/rack", "r%u", number % INVENTORY_RACKS),
    };
    memcpy(ret_tags, first, sizeof first);
    for (unsigned i = 0; i < POOL_OTHERS; i++) {
        struct say *s = &ret_tags[POOL_TAGS - POOL_OTHERS + i];
        *s = say_number("", "%u", p.others[i]);
        snprintf(s->key, sizeof s->key, "other/%u", i);
    }
}

struct class_asks class_asks(unsigned number) {
    unsigned long long seed = 1000000007ull + number * 16ull;
    unsigned m = pick(seed, 4), r = pick(seed + 1, 5);
    struct class_asks a = {
        .media = {media[m], media[(m + 1) % 4]},
        .raid = {raids[r], raids[(r + 2) % 5]},
        .cache = 20 + pick(seed + 2, 20),
        .speed = 20 + pick(seed + 3, 20),
        .age = 20 + pick(seed + 4, 20),
    };
    snprintf(a.pool, sizeof a.pool,
             "media in (%s, %s), thin = true, raid in (%s, %s), cache >= %u, speed >= %u, age >= %u", a.media[0],
             a.media[1], a.raid[0], a.raid[1], a.cache, a.speed, a.age);
    snprintf(a.agent, sizeof a.agent, "profile = p%u", number % INVENTORY_PROFILES);
    return a;
}

void agent_says_tags(unsigned number, unsigned gbps, struct say ret_tags[AGENT_TAGS]) {
    ret_tags[0] = say_number("net/speed", "%uGbps", gbps);
    ret_tags[1] = say_number("profile", "p%u", number % INVENTORY_PROFILES);
    ret_tags[2] = say_number("topology/rack", "r%u", number % INVENTORY_RACKS);
}
