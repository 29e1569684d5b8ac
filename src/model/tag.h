// SPDX-License-Identifier: Apache-2.0
// Tags: open key=value facts, each with who said it and since when; sets of them, and how lower tiers inherit.
#ifndef MODEL_TAG_H
#define MODEL_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/quantity.h"
#include "base/text.h"
#include "model/symbol.h"

// Who said it, from the top down.
#define TIERS(X) X(PROVIDER, "provider") X(INSTANCE, "instance") X(POOL, "pool") X(AGENT, "agent") X(CLASS, "class")
enum tier {
#define X(tier, name) TIER_##tier,
    TIERS(X)
#undef X
};
const char *tier_name(enum tier tier);
MUST_USE bool tier_parse(const char *name, enum tier *ret_tier);

// How whoever said it came by it. An attribute is configured on an agent, and the only kind that frameworks see.
#define TAG_ORIGINS(X) X(REPORTED, "reported") X(PROBED, "probed") X(CONFIGURED, "configured") X(ATTRIBUTE, "attribute")
enum tag_origin {
#define X(origin, name) TAG_##origin,
    TAG_ORIGINS(X)
#undef X
};
const char *tag_origin_name(enum tag_origin origin);
MUST_USE bool tag_origin_parse(const char *name, enum tag_origin *ret_origin);

enum { TAG_KEY_LONGEST = 255, TAG_VALUE_LONGEST = 255, TAG_SET_MOST = 1024 };

// Milliseconds since 1970 in six bytes.
struct tag_time {
    int64_t ms : 48;
} __attribute__((packed));
struct tag_time tag_time(struct wall wall); // the nearest that it can hold: some 4,000 years both ways

struct tag {
    symbol key, value; // the value of "hw/infiniband" is the empty text
};
struct tag_said {          // who said a tag, how they came by it, and when
    struct tag_time since; // 0: not known
    enum tier tier : 8;
    enum tag_origin origin : 8;
};

// 1 to 255 letters, digits, '.', '_', '-', '/'; parts between '/' are not empty and begin with a letter or a digit.
MUST_USE struct err *tag_key_check(const char *key);
// 0 to 255 bytes of UTF-8 without control characters, no space at either end.
MUST_USE struct err *tag_value_check(const char *value);
// Checks both and interns them; value NULL is "".
MUST_USE struct err *tag_make(struct symbols *s, const char *key, const char *value, struct tag *ret_tag);
// From "key=value" or "key".
MUST_USE struct err *tag_parse(struct symbols *s, const char *text, struct tag *ret_tag);
// Adds "key=value", or "key" when the value is empty.
void tag_add_text(const struct symbols *s, const struct tag *t, struct text *out);

// Sorted by key, then value; no pair twice. Zeroed is valid and empty; a plain value owned by one holder, ended by
// tag_set_done. Copy to share. Read `at` and `count` freely. {.at = tags, .count = n} of tags elsewhere is good for
// reading: nobody said them.
// A cluster has thousands of agents and pools of a dozen tags each, and most tags of one thing were said by few at one
// time: behind the tags, in the same memory, are the different ones who said them, and of each tag which one.
struct tag_set {
    struct tag *at;
    uint16_t count, capacity, said_count, said_capacity;
};

void tag_set_done(struct tag_set *set);
// A pair that is there already stays as it was (the first to say it, and when). TOO_LARGE above TAG_SET_MOST.
MUST_USE struct err *tag_set_add(struct tag_set *set, struct tag tag, struct tag_said said);
bool tag_set_remove(struct tag_set *set, symbol key, symbol value); // false when there was none
// Memory for as many more tags (TAG_SET_MOST at most), so that adding them takes none when one says all of them.
void tag_set_reserve(struct tag_set *set, size_t more);
void tag_set_trim(struct tag_set *set); // gives back the memory of none that it has
struct tag_set tag_set_copy(const struct tag_set *set);
// A copy in the caller's memory, of tag_set_packed bytes and aligned to 8: for reading only, and never to be ended.
size_t tag_set_packed(const struct tag_set *set);
struct tag_set tag_set_pack(const struct tag_set *set, void *memory);
// Who said a tag that stands in the set: `tag` points into `at`.
struct tag_said tag_set_said(const struct tag_set *set, const struct tag *tag);
// The values of a key: the first of *ret_count tags in a row, NULL when there is none. Borrowed until the set changes.
const struct tag *tag_set_find(const struct tag_set *set, symbol key, size_t *ret_count);
bool tag_set_has(const struct tag_set *set, symbol key, symbol value);
// A value that both have for the key; NULL when they share none. Borrowed from `a`.
const struct tag *tag_set_shared(const struct tag_set *a, const struct tag_set *b, symbol key);
// The effective tags of a lower tier: a key in `below` replaces all values of that key in `above`; the rest is
// inherited. Each tag keeps who said it. TOO_LARGE when the sum is above TAG_SET_MOST. The result is given.
MUST_USE struct err *tag_set_inherit(const struct tag_set *above, const struct tag_set *below, struct tag_set *ret_set);
// By keys and values only, whoever said them. Equal sets have equal hashes.
bool tag_set_equal(const struct tag_set *a, const struct tag_set *b);
uint64_t tag_set_hash(const struct tag_set *set);

#endif
