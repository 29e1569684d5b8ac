// SPDX-License-Identifier: Apache-2.0
// Tags, their values, interning, sets and inheritance.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/tag.h"

static struct symbols symbols;

static int teardown(void **state) {
    (void)state;
    symbols_done(&symbols);
    return 0;
}

static struct tag parsed(const char *text) {
    struct tag t;
    assert_null(tag_parse(&symbols, text, &t));
    return t;
}

static struct tag_said by(enum tier tier) {
    return (struct tag_said){.tier = tier & 0xff};
}

static void add(struct tag_set *set, const char *text, enum tier tier) {
    assert_null(tag_set_add(set, parsed(text), by(tier)));
}

static symbol key(const char *text) {
    return symbol_make(&symbols, text);
}

static void expect_set(const struct tag_set *set, const char *text) {
    AUTO_TEXT struct text out = {0};
    for (size_t i = 0; i < set->count; i++) {
        if (i) text_add(&out, " ");
        tag_add_text(&symbols, &set->at[i], &out);
        text_addf(&out, "@%s", tier_name(tag_set_said(set, &set->at[i]).tier));
    }
    assert_string_equal(text_string(&out), text);
}

static void a_text_has_one_symbol_for_ever(void **state) {
    (void)state;
    symbol first = symbol_make(&symbols, "one-and-only");
    const char *text = symbol_text(&symbols, first);
    for (int i = 0; i < 5000; i++) {
        char other[32];
        snprintf(other, sizeof other, "other-%d", i);
        symbol y = symbol_make(&symbols, other);
        assert_string_equal(symbol_text(&symbols, y), other);
    }
    assert_int_equal(symbol_make(&symbols, "one-and-only").n, first.n);
    assert_ptr_equal(symbol_text(&symbols, first), text);
    symbol found;
    assert_true(symbol_find(&symbols, "other-4999", &found));
    assert_false(symbol_find(&symbols, "never seen", &found));
    assert_int_equal(symbol_make(&symbols, "").n, 0);
    assert_string_equal(symbol_text(&symbols, (symbol){0}), "");
}

static void drivers_are_versions_and_the_exact_declaration_wins(void **state) {
    (void)state;
    bool declared;
    assert_int_equal(symbol_type(&symbols, key("driver/rexray"), NULL), VALUE_VERSION);
    assert_int_equal(symbol_type(&symbols, key("driver"), &declared), VALUE_TEXT);
    assert_false(declared);
    symbol early = key("net/early");
    assert_null(symbols_declare(&symbols, "net/*", VALUE_NUMBER));
    assert_int_equal(symbol_type(&symbols, key("net/subnet"), NULL), VALUE_NETWORK); // as agents measure it
    assert_int_equal(symbol_type(&symbols, key("reach/10.1.0.7/3260"), NULL), VALUE_NUMBER);
    assert_int_equal(symbol_type(&symbols, key("site/network"), NULL), VALUE_TEXT);
    assert_null(symbols_declare(&symbols, "net/subnet", VALUE_TEXT)); // what is declared goes before
    assert_int_equal(symbol_type(&symbols, key("net/subnet"), NULL), VALUE_TEXT);
    assert_null(symbols_declare(&symbols, "net/subnet", VALUE_NETWORK));
    assert_null(symbols_declare(&symbols, "net/*", VALUE_VERSION));
    assert_int_equal(symbol_type(&symbols, key("net/subnet"), NULL), VALUE_NETWORK);
    assert_int_equal(symbol_type(&symbols, key("net/other"), NULL), VALUE_VERSION);
    assert_int_equal(symbol_type(&symbols, early, NULL), VALUE_VERSION);
    assert_null(symbols_declare(&symbols, "driver/odd", VALUE_TEXT));
    assert_int_equal(symbol_type(&symbols, key("driver/odd"), &declared), VALUE_TEXT);
    assert_true(declared);
    AUTO_ERR struct err *e = symbols_declare(&symbols, "a*b", VALUE_TEXT);
    assert_non_null(e);
}

static void a_tag_is_a_key_with_or_without_a_value(void **state) {
    (void)state;
    struct tag t = parsed("net/vlan=19");
    assert_string_equal(symbol_text(&symbols, t.key), "net/vlan");
    assert_string_equal(symbol_text(&symbols, t.value), "19");
    t = parsed("hw/infiniband");
    assert_int_equal(t.value.n, 0);
    t = parsed("note=a=b");
    assert_string_equal(symbol_text(&symbols, t.value), "a=b");
    t = parsed("place=Zürich 北");
    assert_string_equal(symbol_text(&symbols, t.value), "Zürich 北");
}

static void bad_tags_are_refused_with_the_reason(void **state) {
    (void)state;
    char longest[600];
    memset(longest, 'k', sizeof longest);
    longest[256] = 0;
    char value[300] = "k=";
    memset(value + 2, 'v', 256);
    const struct {
        const char *text, *words;
    } bad[] = {
        {"", "the key is empty"},
        {"=1", "the key is empty"},
        {"a b=1", "byte 2"},
        {"a//b=1", "each part"},
        {"-a", "begins with a letter"},
        {"a/=1", "cannot end"},
        {"a= 1", "begins or ends with a space"},
        {"a=x\ny", "byte 2 is not printable"},
        {"a=\xc3", "byte 1 is not printable"},
        {"a=\xc0\xaf", "byte 1 is not printable"},
        {"a=\xed\xa0\x80", "byte 1 is not printable"},
        {"a=\xf4\x90\x80\x80", "byte 1 is not printable"},
        {"a=\xc2\x85", "byte 1 is not printable"},
        {"a=\x7f", "byte 1 is not printable"},
        {longest, "longer than 255"},
        {value, "longer than 255"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct tag t;
        AUTO_ERR struct err *e = tag_parse(&symbols, bad[i].text, &t);
        if (!e) fail_msg("'%s' was accepted", bad[i].text);
        if (!strstr(err_text(e), bad[i].words)) fail_msg("'%s' is not in: %s", bad[i].words, err_text(e));
    }
}

static void a_set_keeps_several_values_and_the_first_to_say_one(void **state) {
    (void)state;
    struct tag_set set = {0};
    add(&set, "v=2", TIER_PROVIDER);
    add(&set, "v=1", TIER_PROVIDER);
    add(&set, "v=2", TIER_POOL);
    add(&set, "w=1", TIER_POOL);
    size_t count;
    const struct tag *found = tag_set_find(&set, key("v"), &count);
    assert_int_equal(count, 2);
    assert_int_equal(tag_set_said(&set, &found[0]).tier, TIER_PROVIDER);
    assert_int_equal(tag_set_said(&set, &found[1]).tier, TIER_PROVIDER);
    assert_true(tag_set_has(&set, key("v"), key("2")));
    assert_false(tag_set_has(&set, key("v"), key("3")));
    assert_null(tag_set_find(&set, key("x"), &count));
    assert_true(tag_set_remove(&set, key("v"), key("1")));
    assert_false(tag_set_remove(&set, key("v"), key("1")));
    assert_true(tag_set_remove(&set, key("v"), key("2")));
    expect_set(&set, "w=1@pool");
    tag_set_done(&set);
}

static void a_lower_tier_replaces_the_same_key_from_above(void **state) {
    (void)state;
    struct tag_set provider = {0}, instance = {0}, pool = {0}, middle, effective;
    add(&provider, "i-a=1", TIER_PROVIDER);
    add(&provider, "i-b=1", TIER_PROVIDER);
    add(&provider, "i-b=2", TIER_PROVIDER);
    add(&instance, "i-b=3", TIER_INSTANCE);
    add(&instance, "i-c=1", TIER_INSTANCE);
    add(&pool, "i-c=2", TIER_POOL);
    add(&pool, "i-c=3", TIER_POOL);
    assert_null(tag_set_inherit(&provider, &instance, &middle));
    assert_null(tag_set_inherit(&middle, &pool, &effective));
    expect_set(&effective, "i-a=1@provider i-b=3@instance i-c=2@pool i-c=3@pool");
    struct tag_set *all[] = {&provider, &instance, &pool, &middle, &effective};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) tag_set_done(all[i]);
}

static void sets_are_equal_by_what_they_say_not_by_who_says_it(void **state) {
    (void)state;
    struct tag_set a = {0}, b = {0};
    add(&a, "x=1", TIER_POOL);
    add(&a, "y=1", TIER_POOL);
    add(&b, "y=1", TIER_AGENT);
    assert_false(tag_set_equal(&a, &b));
    add(&b, "x=1", TIER_AGENT);
    assert_true(tag_set_equal(&a, &b));
    assert_true(tag_set_hash(&a) == tag_set_hash(&b));
    struct tag_set copy = tag_set_copy(&b);
    assert_true(tag_set_remove(&b, key("x"), key("1")));
    assert_true(tag_set_equal(&a, &copy));
    assert_null(tag_set_shared(&a, &b, key("x")));
    assert_non_null(tag_set_shared(&a, &b, key("y")));
    tag_set_done(&a);
    tag_set_done(&b);
    tag_set_done(&copy);
}

static void a_time_beyond_what_a_tag_holds_becomes_the_nearest(void **state) {
    (void)state;
    assert_int_equal(tag_time((struct wall){1700000000500}).ms, 1700000000500);
    assert_int_equal(tag_time((struct wall){-5}).ms, -5);
    assert_int_equal(tag_time((struct wall){INT64_MAX}).ms, 140737488355327);
    assert_int_equal(tag_time((struct wall){INT64_MIN}).ms, -140737488355327);
}

// ---- who said it, however many they are ----

enum { NUMBERED = 700 };
struct naive {
    unsigned said[NUMBERED]; // of tag i who said it; 0: it is not in the set
    size_t count;
};

static struct tag numbered(unsigned i) {
    char text[16];
    snprintf(text, sizeof text, "numbered/%u", i);
    return parsed(text);
}

static struct tag_said said_number(unsigned n) {
    return (struct tag_said){tag_time((struct wall){1700000000000 + n / 20}), (n % 5) & 0xff, (n % 4) & 0xff};
}

static void naive_add(struct naive *n, struct tag_set *set, unsigned i, unsigned said) {
    assert_null(tag_set_add(set, numbered(i), said_number(said)));
    if (n->said[i]) return; // the first to say it
    n->said[i] = said;
    n->count++;
}

static void naive_remove(struct naive *n, struct tag_set *set, unsigned i) {
    struct tag tag = numbered(i);
    assert_int_equal(tag_set_remove(set, tag.key, tag.value), n->said[i] != 0);
    n->count -= n->said[i] != 0;
    n->said[i] = 0;
}

static void expect_naive(const struct tag_set *set, const struct naive *n) {
    assert_int_equal(set->count, n->count);
    assert_true(set->said_count <= set->count); // those who say nothing any more are forgotten
    for (unsigned i = 0; i < NUMBERED; i++) {
        size_t count;
        const struct tag *found = tag_set_find(set, numbered(i).key, &count);
        assert_int_equal(found != NULL, n->said[i] != 0);
        if (!found) continue;
        struct tag_said said = tag_set_said(set, found), wanted = said_number(n->said[i]);
        assert_true(said.since.ms == wanted.since.ms);
        assert_int_equal(said.tier, wanted.tier);
        assert_int_equal(said.origin, wanted.origin);
    }
}

// Also of its copies, and of all of them in as little memory as they need.
static void expect_said(struct tag_set *set, const struct naive *n) {
    struct tag_set copy = tag_set_copy(set);
    void *memory = malloc(tag_set_packed(set) + 1);
    struct tag_set packed = tag_set_pack(set, memory);
    expect_naive(set, n);
    expect_naive(&copy, n);
    expect_naive(&packed, n);
    tag_set_trim(set);
    expect_naive(set, n);
    free(memory);
    tag_set_done(&copy);
}

static void each_tag_keeps_who_said_it_however_many_they_are(void **state) {
    (void)state;
    const unsigned sayers[] = {1, 3, 255, 256, 257, 100000};
    uint64_t seed = 7;
    for (size_t s = 0; s < ARRAY_LEN(sayers); s++) {
        struct tag_set set = {0};
        struct naive n = {.count = 0};
        for (unsigned turn = 0; turn < 6000; turn++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            unsigned i = (unsigned)(seed >> 33) % NUMBERED, said = 1 + (unsigned)(seed >> 17) % sayers[s];
            bool growing = turn / 2000 % 2 == 0; // then mostly taken out, then filled again
            if ((turn % 4 != 0) == growing)
                naive_add(&n, &set, i, said);
            else
                naive_remove(&n, &set, i);
            if (turn % 500 == 499) expect_said(&set, &n);
        }
        for (unsigned i = 0; i < NUMBERED; i++) naive_remove(&n, &set, i);
        assert_int_equal(set.said_count, 0);
        tag_set_done(&set);
    }
}

static void inherited_tags_keep_who_said_them_however_many_they_are(void **state) {
    (void)state;
    struct tag_set above = {0}, below = {0}, both;
    struct naive a = {.count = 0}, n = {.count = 0};
    for (unsigned i = 0; i < 300; i++) naive_add(&a, &above, i, 1 + i);
    for (unsigned i = 200; i < 500; i++) naive_add(&n, &below, i, 1000 + i);
    assert_null(tag_set_inherit(&above, &below, &both));
    for (unsigned i = 0; i < 200; i++) n.said[i] = a.said[i];
    n.count = 500;
    expect_said(&both, &n);
    tag_set_done(&above);
    tag_set_done(&below);
    tag_set_done(&both);
}

static void tags_that_few_said_take_nine_bytes_each(void **state) {
    (void)state;
    struct tag_set set = {0};
    struct naive n = {.count = 0};
    assert_int_equal(sizeof set, 16);
    for (unsigned i = 0; i < 21; i++) naive_add(&n, &set, i, 1 + i % 3);
    assert_int_equal(tag_set_packed(&set), 21 * 9 + 3 * 8);
    for (unsigned i = 21; i < 256 + 18; i++) naive_add(&n, &set, i, 1 + i);
    assert_int_equal(tag_set_packed(&set), 274 * 9 + 256 * 8); // as many as a byte numbers
    expect_said(&set, &n);
    naive_add(&n, &set, 300, 301);
    assert_int_equal(tag_set_packed(&set), 275 * 10 + 257 * 8);
    expect_said(&set, &n);
    tag_set_done(&set);
}

static void tags_elsewhere_are_read_as_a_set(void **state) {
    (void)state;
    struct tag tag = parsed("a=1");
    const struct tag_set set = {.at = &tag, .count = 1};
    assert_true(tag_set_has(&set, tag.key, tag.value));
    assert_int_equal(tag_set_said(&set, &tag).since.ms, 0);
}

static void a_trimmed_set_has_its_tags_and_no_room(void **state) {
    (void)state;
    struct tag_set set = {0};
    tag_set_reserve(&set, 20);
    assert_true(set.capacity >= 20);
    add(&set, "b=1", TIER_AGENT);
    add(&set, "a=1", TIER_AGENT);
    tag_set_trim(&set);
    assert_int_equal(set.capacity, 2);
    assert_true(tag_set_has(&set, key("b"), parsed("b=1").value));
    add(&set, "c=1", TIER_AGENT);
    assert_int_equal(set.count, 3);
    while (set.count) assert_true(tag_set_remove(&set, set.at[0].key, set.at[0].value));
    tag_set_trim(&set);
    assert_null(set.at);
}

static void a_thing_has_at_most_1024_tags(void **state) {
    (void)state;
    struct tag_set set = {0}, below = {0}, both;
    char text[32];
    for (int i = 0; i < TAG_SET_MOST; i++) {
        snprintf(text, sizeof text, "many-%d", i);
        add(&set, text, TIER_POOL);
    }
    AUTO_ERR struct err *e = tag_set_add(&set, parsed("one-more"), by(TIER_POOL));
    assert_non_null(e);
    assert_int_equal(err_kind(e), ERR_TOO_LARGE);
    assert_null(tag_set_add(&set, parsed("many-0"), by(TIER_POOL)));
    add(&below, "one-more", TIER_POOL);
    AUTO_ERR struct err *inherited = tag_set_inherit(&set, &below, &both);
    assert_non_null(inherited);
    tag_set_done(&set);
    tag_set_done(&below);
}

static void numbers_are_read_with_their_unit(void **state) {
    (void)state;
    const struct {
        const char *text;
        struct number n;
    } good[] = {
        {"7200", {7200000, NUMBER_COUNT}},     {"0.5", {500, NUMBER_COUNT}},
        {"0.125", {125, NUMBER_COUNT}},        {"50GiB", {50ll << 30, NUMBER_BYTES}},
        {"10Gbps", {1250000000, NUMBER_RATE}}, {"1MiB/s", {1 << 20, NUMBER_RATE}},
        {"5m", {300000, NUMBER_DURATION}},     {"1.5h", {5400000, NUMBER_DURATION}},
        {"1.5GiB", {3ll << 29, NUMBER_BYTES}},
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct number n;
        if (!number_parse(good[i].text, &n)) fail_msg("'%s' was refused", good[i].text);
        assert_true(n.scaled == good[i].n.scaled);
        assert_int_equal(n.unit, good[i].n.unit);
    }
    const char *bad[] = {"",       "x",
                         "1.",     "1.2.3",
                         "0.1234", "10 apples",
                         "-1",     "99999999999999999999",
                         ".5",     "1000000000000000000000000000000000000000000000000000"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct number n;
        if (number_parse(bad[i], &n)) fail_msg("'%s' was accepted", bad[i]);
    }
}

static void versions_are_ordered_part_by_part(void **state) {
    (void)state;
    // Each is below the next; those in one string, divided by a space, are equal.
    const char *rising[] = {"0.9",
                            "0.11 v0.11 0.011",
                            "1.0-alpha",
                            "1.0-rc2",
                            "1.0-rc10",
                            "1.0 1 1.0.0",
                            "1.0.1",
                            "1.1-18",
                            "1.10",
                            "1.10-arch",
                            "1.11",
                            "99999999999999999999.1",
                            "100000000000000000000"};
    for (size_t i = 0; i < ARRAY_LEN(rising); i++) {
        for (size_t j = 0; j < ARRAY_LEN(rising); j++) {
            char a[64], b[64], *rest_a, *rest_b;
            snprintf(a, sizeof a, "%s", rising[i]);
            int wanted = (i > j) - (i < j);
            for (char *x = strtok_r(a, " ", &rest_a); x; x = strtok_r(NULL, " ", &rest_a)) {
                snprintf(b, sizeof b, "%s", rising[j]);
                for (char *y = strtok_r(b, " ", &rest_b); y; y = strtok_r(NULL, " ", &rest_b))
                    if (version_compare(x, y) != wanted) fail_msg("%s and %s: not %d", x, y, wanted);
            }
        }
    }
    assert_true(version_valid("v1"));
    assert_false(version_valid("version"));
    assert_false(version_valid(""));
}

static void networks_contain_and_equal(void **state) {
    (void)state;
    const struct {
        const char *outer, *inner;
        bool contains;
    } rows[] = {
        {"10.0.0.0/8", "10.1.2.3", true},
        {"10.1.2.3", "10.0.0.0/8", false},
        {"0.0.0.0/0", "255.1.1.1", true},
        {"10.1.0.0/15", "10.0.255.1", true},
        {"10.2.0.0/15", "10.1.0.0", false},
        {"2001:db8::/32", "2001:db8:1::1", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"::/0", "10.0.0.1", false},
        {"::ffff:10.0.0.0/104", "::ffff:10.1.2.3", true},
        {"fe80::1", "fe80:0:0:0:0:0:0:1", true},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct network outer, inner;
        if (!network_parse(rows[i].outer, &outer)) fail_msg("'%s' was refused", rows[i].outer);
        if (!network_parse(rows[i].inner, &inner)) fail_msg("'%s' was refused", rows[i].inner);
        if (network_contains(&outer, &inner) != rows[i].contains) fail_msg("%s and %s", rows[i].outer, rows[i].inner);
    }
    struct network a, b;
    assert_true(network_parse("10.1.2.3/16", &a) && network_parse("10.1.0.0/16", &b) && network_equal(&a, &b));
    const char *bad[] = {"",
                         "10",
                         "10.0.0",
                         "10.0.0.256",
                         "10.0.0.0/33",
                         "10.0.0.0/",
                         "010.0.0.0",
                         "10.0.0.0/8x",
                         ":",
                         ":1",
                         "1:2",
                         "1::2::3",
                         "12345::",
                         "::/129",
                         "1:2:3:4:5:6:7:8:9",
                         "1:2:3:4:5:6:7:8::",
                         "::1.2.3",
                         "1:2:3:4:5:6:7:1.2.3.4",
                         "1:"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (network_parse(bad[i], &a)) fail_msg("'%s' was accepted", bad[i]);
}

static void names_of_rows_are_read_back(void **state) {
    (void)state;
    enum tier tier;
    enum tag_origin origin;
    enum value_type type;
#define X(row, name)                                                                                                   \
    assert_true(tier_parse(name, &tier) && tier == TIER_##row);                                                        \
    assert_string_equal(tier_name(TIER_##row), name);
    TIERS(X)
#undef X
#define X(row, name) assert_true(tag_origin_parse(name, &origin) && origin == TAG_##row);
    TAG_ORIGINS(X)
#undef X
#define X(row, name) assert_true(value_type_parse(name, &type) && type == VALUE_##row);
    VALUE_TYPES(X)
#undef X
    assert_false(tier_parse("cloud", &tier));
    assert_false(tag_origin_parse("", &origin));
    assert_false(value_type_parse("numbers", &type));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_one_symbol_for_ever),
        cmocka_unit_test(drivers_are_versions_and_the_exact_declaration_wins),
        cmocka_unit_test(a_tag_is_a_key_with_or_without_a_value),
        cmocka_unit_test(bad_tags_are_refused_with_the_reason),
        cmocka_unit_test(a_set_keeps_several_values_and_the_first_to_say_one),
        cmocka_unit_test(a_lower_tier_replaces_the_same_key_from_above),
        cmocka_unit_test(sets_are_equal_by_what_they_say_not_by_who_says_it),
        cmocka_unit_test(a_time_beyond_what_a_tag_holds_becomes_the_nearest),
        cmocka_unit_test(each_tag_keeps_who_said_it_however_many_they_are),
        cmocka_unit_test(inherited_tags_keep_who_said_them_however_many_they_are),
        cmocka_unit_test(tags_that_few_said_take_nine_bytes_each),
        cmocka_unit_test(tags_elsewhere_are_read_as_a_set),
        cmocka_unit_test(a_trimmed_set_has_its_tags_and_no_room),
        cmocka_unit_test(a_thing_has_at_most_1024_tags),
        cmocka_unit_test(numbers_are_read_with_their_unit),
        cmocka_unit_test(versions_are_ordered_part_by_part),
        cmocka_unit_test(networks_contain_and_equal),
        cmocka_unit_test(names_of_rows_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
