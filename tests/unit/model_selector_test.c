// SPDX-License-Identifier: Apache-2.0
// Selectors: reading, printing, testing and explaining, the last two against a slow evaluator over random tags.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "model/selector.h"

static struct symbols symbols;

static int setup(void **state) {
    (void)state;
    assert_null(symbols_declare(&symbols, "net/speed", VALUE_NUMBER));
    assert_null(symbols_declare(&symbols, "net/subnet", VALUE_NETWORK));
    assert_null(symbols_declare(&symbols, "rank", VALUE_TEXT));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    symbols_done(&symbols);
    return 0;
}

// A set from "a=1 b=2": tags divided by spaces.
static struct tag_set tags_of(const char *text, struct tag_said said) {
    struct tag_set set = {0};
    AUTO_FREE char *copy = mem_text(text);
    char *rest = NULL;
    for (char *one = strtok_r(copy, " ", &rest); one; one = strtok_r(NULL, " ", &rest)) {
        struct tag t;
        assert_null(tag_parse(&symbols, one, &t));
        assert_null(tag_set_add(&set, t, said));
    }
    return set;
}

static struct tag_set tags(const char *text) {
    return tags_of(text, (struct tag_said){0});
}

static struct selector compiled(const char *text) {
    struct selector sel = {0};
    AUTO_ERR struct err *e = selector_parse(&symbols, text, &sel);
    if (e) fail_msg("%s", err_text(e));
    return sel;
}

static bool joined(const char *selector, const char *own, const char *other) {
    struct selector sel = compiled(selector);
    struct tag_set a = tags(own), b = tags(other);
    bool holds = selector_holds(&symbols, &sel, &a, &b);
    selector_done(&sel);
    tag_set_done(&a);
    tag_set_done(&b);
    return holds;
}

static bool holds(const char *selector, const char *own) {
    return joined(selector, own, "");
}

static void expect_refused(const char *selector, const char *words) {
    struct selector sel = {0};
    AUTO_ERR struct err *e = selector_parse(&symbols, selector, &sel);
    if (!e) fail_msg("'%s' was accepted", selector);
    if (!strstr(err_text(e), words)) fail_msg("'%s' is not in: %s", words, err_text(e));
}

static void an_empty_selector_always_holds(void **state) {
    (void)state;
    assert_true(holds("", ""));
    assert_true(holds("  ", "a=1"));
}

static void all_terms_must_hold(void **state) {
    (void)state;
    const char *text =
        "driver/rexray >= 0.9, net/vlan in (19, 20), !maintenance, net/speed >= 10Gbps, same(topology/rack)";
    const char *good = "driver/rexray=0.11 net/vlan=19 net/speed=25Gbps topology/rack=r1";
    assert_true(joined(text, good, "topology/rack=r1"));
    assert_false(joined(text, good, "topology/rack=r2"));
    assert_false(joined(text, "driver/rexray=0.8 net/vlan=19 net/speed=25Gbps topology/rack=r1", "topology/rack=r1"));
    assert_false(joined(text, "driver/rexray=0.11 net/vlan=19 net/speed=25Gbps topology/rack=r1 maintenance",
                        "topology/rack=r1"));
}

static void a_version_is_compared_part_by_part(void **state) {
    (void)state;
    assert_true(holds("driver/rexray >= 0.9", "driver/rexray=0.11"));
    assert_true(holds("driver/rexray = 1.0", "driver/rexray=1.0.0"));
    assert_false(holds("driver/rexray < 0.9", "driver/rexray=0.11"));
    assert_false(holds("driver/rexray >= 0.9", "driver/rexray=unknown"));
}

static void a_number_compares_with_its_own_unit_only(void **state) {
    (void)state;
    assert_true(holds("net/speed >= 10Gbps", "net/speed=1250MB/s"));
    assert_true(holds("net/speed = 10Gbps", "net/speed=10000Mbps"));
    assert_false(holds("net/speed >= 10Gbps", "net/speed=99999999999"));
    assert_false(holds("net/speed >= 10Gbps", "net/speed=50TiB"));
}

static void a_network_contains_and_is_contained(void **state) {
    (void)state;
    assert_true(holds("net/subnet in (10.0.0.0/8)", "net/subnet=10.1.0.0/16"));
    assert_false(holds("net/subnet = 10.0.0.0/8", "net/subnet=10.1.0.0/16"));
    assert_true(holds("net/subnet >= 10.1.2.3", "net/subnet=10.1.0.0/16"));
    assert_true(holds("net/subnet < 10.0.0.0/8", "net/subnet=10.1.0.0/16"));
    assert_false(holds("net/subnet < 10.1.0.0/16", "net/subnet=10.1.0.0/16"));
    assert_true(holds("net/subnet notin (10.0.0.0/8)", "net/subnet=192.168.0.0/16"));
}

static void equality_needs_any_value_and_inequality_needs_all(void **state) {
    (void)state;
    assert_true(holds("net/vlan = 20", "net/vlan=19 net/vlan=20"));
    assert_false(holds("net/vlan != 20", "net/vlan=19 net/vlan=20"));
    assert_true(holds("net/vlan != 20", "net/vlan=19"));
    assert_false(holds("net/vlan notin (19, 21)", "net/vlan=19 net/vlan=20"));
}

static void an_absent_key_fails_ordered_tests_and_passes_inequality(void **state) {
    (void)state;
    assert_false(holds("net/speed >= 1bps", ""));
    assert_false(holds("net/speed < 1Gbps", ""));
    assert_true(holds("net/vlan != 20", ""));
    assert_true(holds("net/vlan notin (20)", ""));
    assert_false(holds("net/vlan in (20)", ""));
}

static void an_undeclared_key_takes_clear_numbers_only(void **state) {
    (void)state;
    assert_true(holds("iops >= 5000", "iops=7200"));
    assert_false(holds("iops >= 5000", "iops=10"));
    expect_refused("tool >= 0.9", "declare the key");
    expect_refused("rank < 5", "no order");
}

static void joins_need_both_sides(void **state) {
    (void)state;
    assert_false(joined("same(rack)", "rack=r1", ""));
    assert_true(joined("same(rack)", "rack=r1 rack=r2", "rack=r2"));
    assert_false(joined("different(rack)", "rack=r1 rack=r2", "rack=r2"));
    assert_true(joined("different(rack)", "rack=r1", "rack=r2"));
    assert_false(joined("different(rack)", "", "rack=r2"));
    assert_true(holds("same = x, different", "same=x different"));
}

static void a_parse_error_names_the_place_and_what_was_expected(void **state) {
    (void)state;
    expect_refused("a = 1,", "expected a key at 7, but the text ends");
    expect_refused("a = ", "expected a value at 5, but the text ends");
    expect_refused("a in 19", "expected '(' at 6, found '19'");
    expect_refused("a in (19 20)", "expected ',' or ')' at 10, found '20)'");
    expect_refused("a in ()", "expected a value at 7, found ')'");
    expect_refused("a b", "expected ',' or an operator");
    expect_refused("a = 1 b", "expected ',' at 7, found 'b'");
    expect_refused("same(", "expected a key at 6");
    expect_refused("same(a", "expected ')' at 7");
    expect_refused("a = \"x", "expected a closing '\"' at 7");
    expect_refused("a = \"\\n\"", "behind '\\' at 7");
    expect_refused("a ~ 1", "at 3, found '~ 1'");
    expect_refused("/a", "begins with a letter or a digit");
    expect_refused("net/speed = fast", "expected a value such as");
    expect_refused("net/subnet in (10.0.0.0/33)", "expected a value such as 10.1.0.0/16");
    expect_refused("driver/x >= new", "expected a value such as 0.11.4");
}

static void input_is_bounded(void **state) {
    (void)state;
    char text[SELECTOR_TEXT_LONGEST + 2];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    expect_refused(text, "longer than 4096");
    text[300] = 0;
    expect_refused(text, "at most 255 bytes");
    struct text terms = {0}, values = {0};
    for (int i = 0; i <= SELECTOR_TERMS_MOST; i++) text_addf(&terms, "%sk%d", i ? "," : "", i);
    for (int i = 0; i <= SELECTOR_VALUES_MOST; i++) text_addf(&values, "%s%d", i ? "," : "k in (", i);
    text_add(&values, ")");
    expect_refused(terms.data, "at most 64 terms");
    expect_refused(values.data, "at most 64 values");
    text_done(&terms);
    text_done(&values);
}

static void printing_is_canonical(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"a==1,b", "a = 1, b"},
        {" !a , b  notin(1,2)", "!a, b notin (1, 2)"},
        {"a=\"x\"", "a = x"},
        {"a = \"x, \\\"y\\\"\"", "a = \"x, \\\"y\\\"\""},
        {"a = \"\"", "a = \"\""},
        {"same( rack ),different(power)", "same(rack), different(power)"},
        {"net/speed>=10Gbps", "net/speed >= 10Gbps"},
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct selector sel = compiled(pairs[i][0]);
        struct text out = {0};
        selector_add_text(&symbols, &sel, &out);
        assert_string_equal(text_string(&out), pairs[i][1]);
        text_done(&out);
        selector_done(&sel);
    }
}

static void the_first_failure_is_the_first_written(void **state) {
    (void)state;
    struct selector sel = compiled("zeta = 1, alpha = 1, missing");
    struct tag_set set = tags("zeta=1 alpha=2");
    assert_int_equal(selector_first_failure(&symbols, &sel, &set, NULL), 1);
    tag_set_done(&set);
    set = tags("zeta=2 alpha=2");
    assert_int_equal(selector_first_failure(&symbols, &sel, &set, NULL), 0);
    tag_set_done(&set);
    selector_done(&sel);
}

static void expect_reason(const char *selector, struct tag_set own, struct tag_set other, const char *found) {
    struct selector sel = compiled(selector);
    struct term_reason r;
    int failed = selector_first_failure(&symbols, &sel, &own, &other);
    assert_int_not_equal(failed, SELECTOR_HOLDS);
    term_explain(&symbols, &sel, (size_t)failed, &own, &other, &r);
    assert_string_equal(r.asked.data, selector);
    assert_string_equal(r.found.data, found);
    assert_int_equal(r.has_tag, own.count > 0);
    if (r.has_tag) {
        assert_int_equal(r.tier, TIER_AGENT);
        assert_int_equal(r.origin, TAG_PROBED);
        assert_int_equal(r.since.ms, 77);
    }
    term_reason_done(&r);
    selector_done(&sel);
    tag_set_done(&own);
    tag_set_done(&other);
}

static struct tag_set said_by_agent(const char *text) {
    return tags_of(text, (struct tag_said){{77}, TIER_AGENT, TAG_PROBED});
}

static void a_failure_is_explained_with_what_was_found_and_who_said_it(void **state) {
    (void)state;
    expect_reason("net/vlan in (19, 20)", said_by_agent("net/vlan=7"), tags(""), "net/vlan=7");
    expect_reason("net/vlan in (19, 20)", tags(""), tags(""), "no net/vlan");
    expect_reason("net/speed >= 10Gbps", said_by_agent("net/speed=fast"), tags(""),
                  "net/speed=fast (not a rate such as 10Gbps or 200MiB/s)");
    expect_reason("!maintenance", said_by_agent("maintenance"), tags(""), "maintenance");
    expect_reason("same(rack)", said_by_agent("rack=r1"), tags("rack=r2"), "rack=r1 here, rack=r2 on the other side");
    expect_reason("same(rack)", said_by_agent("rack=r1"), tags(""), "rack=r1 here, no rack on the other side");
}

// --- the property: random selectors over random tags, against an evaluator that works on texts alone ---

static uint64_t seed;
static unsigned chance(unsigned below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

static const char *const keys[] = {"net/vlan", "net/speed", "driver/d", "rack", "net/subnet"};
static const char *const key_values[][4] = {
    {"1", "2", "10", "x"},
    {"1Gbps", "10Gbps", "10000Mbps", "40Gbps"},
    {"0.9", "0.11", "1.0", "1.0.0"},
    {"r1", "r2", "r3", "r4"},
    {"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "192.168.0.0/16"},
};
// Where each value stands in the order of its key; equal numbers are equal values. Text has none.
static const int key_orders[][4] = {{1, 2, 10, -1}, {1, 10, 10, 40}, {9, 11, 100, 100}, {0, 0, 0, 0}, {0, 0, 0, 0}};
// inside[a][b]: network a lies in network b.
static const bool inside[4][4] = {{true}, {true, true}, {true, true, true}, {false, false, false, true}};

enum { KEYS = 5, VALUES = 4 };
struct naive_tags {
    bool has[KEYS][VALUES];
};

static struct naive_tags naive_random(struct tag_set *ret_set) {
    struct naive_tags n = {0};
    *ret_set = (struct tag_set){0};
    for (unsigned i = chance(7); i; i--) {
        unsigned k = chance(KEYS), v = chance(VALUES);
        struct tag t;
        n.has[k][v] = true;
        assert_null(tag_make(&symbols, keys[k], key_values[k][v], &t));
        assert_null(tag_set_add(ret_set, t, (struct tag_said){0}));
    }
    return n;
}

struct naive_term {
    unsigned op, key, values[3], count;
};

static bool naive_equal(unsigned op, unsigned key, unsigned found, unsigned asked) {
    if (key == 1 || key == 2) return key_orders[key][found] == key_orders[key][asked];
    if (key == 4 && (op == TERM_IN || op == TERM_NOT_IN)) return inside[found][asked];
    return found == asked;
}

static bool naive_ordered(unsigned op, unsigned key, unsigned found, unsigned asked) {
    if (key == 4) {
        if ((op == TERM_BELOW || op == TERM_ABOVE) && found == asked) return false;
        return op == TERM_BELOW || op == TERM_AT_MOST ? inside[found][asked] : inside[asked][found];
    }
    int f = key_orders[key][found], a = key_orders[key][asked];
    if (f < 0) return false;
    if (op == TERM_BELOW) return f < a;
    if (op == TERM_AT_MOST) return f <= a;
    return op == TERM_ABOVE ? f > a : f >= a;
}

static bool naive_any(const struct naive_term *t, const struct naive_tags *own,
                      bool (*test)(unsigned, unsigned, unsigned, unsigned)) {
    for (unsigned v = 0; v < VALUES; v++)
        for (unsigned i = 0; i < t->count; i++)
            if (own->has[t->key][v] && test(t->op, t->key, v, t->values[i])) return true;
    return false;
}

static bool naive_holds(const struct naive_term *t, const struct naive_tags *own, const struct naive_tags *other) {
    bool here = false, there = false, shared = false;
    for (unsigned v = 0; v < VALUES; v++) {
        here |= own->has[t->key][v];
        there |= other->has[t->key][v];
        shared |= own->has[t->key][v] && other->has[t->key][v];
    }
    switch (t->op) {
    case TERM_HAS: return here;
    case TERM_LACKS: return !here;
    case TERM_SAME: return shared;
    case TERM_DIFFERENT: return here && there && !shared;
    case TERM_EQUAL:
    case TERM_IN: return naive_any(t, own, naive_equal);
    case TERM_UNEQUAL:
    case TERM_NOT_IN: return !naive_any(t, own, naive_equal);
    default: return naive_any(t, own, naive_ordered);
    }
}

static struct naive_term naive_term_random(void) {
    struct naive_term t = {.op = chance(TERM_DIFFERENT + 1), .key = chance(KEYS)};
    bool list = t.op == TERM_IN || t.op == TERM_NOT_IN;
    t.count = t.op == TERM_HAS || t.op == TERM_LACKS || t.op >= TERM_SAME ? 0 : list ? 1 + chance(3) : 1;
    for (unsigned i = 0; i < t.count; i++) t.values[i] = chance(VALUES);
    if (t.op >= TERM_BELOW && t.op <= TERM_AT_LEAST) {
        if (t.key == 3) t.key = 2;         // text has no order
        if (t.key == 0) t.values[0] %= 3u; // "x" is no number
    }
    return t;
}

static void naive_print(const struct naive_term *t, struct text *out) {
    static const char *const ops[] = {
#define X(op, text) text,
        TERM_OPS(X)
#undef X
    };
    const char *op = ops[t->op], *key = keys[t->key];
    if (t->op == TERM_HAS || t->op == TERM_LACKS) text_addf(out, "%s%s", op, key);
    if (t->op >= TERM_SAME) text_addf(out, "%s(%s)", op, key);
    if (!t->count) return;
    bool list = t->op == TERM_IN || t->op == TERM_NOT_IN;
    text_addf(out, "%s %s %s", key, op, list ? "(" : "");
    for (unsigned i = 0; i < t->count; i++) text_addf(out, "%s%s", i ? ", " : "", key_values[t->key][t->values[i]]);
    if (list) text_add(out, ")");
}

static void one_random_case(void) {
    struct naive_term terms[4];
    AUTO_TEXT struct text text = {0}, printed = {0};
    unsigned count = 1 + chance(4);
    for (unsigned i = 0; i < count; i++) {
        terms[i] = naive_term_random();
        if (i) text_add(&text, ", ");
        naive_print(&terms[i], &text);
    }
    struct selector sel = compiled(text.data);
    struct tag_set own, other;
    struct naive_tags own_naive = naive_random(&own), other_naive = naive_random(&other);
    int expected = SELECTOR_HOLDS;
    for (unsigned i = count; i-- > 0;)
        if (!naive_holds(&terms[i], &own_naive, &other_naive)) expected = (int)i;
    int found = selector_first_failure(&symbols, &sel, &own, &other);
    if (found != expected)
        fail_msg("seed %llu: '%s': term %d, not %d", (unsigned long long)seed, text.data, found, expected);
    selector_add_text(&symbols, &sel, &printed);
    assert_string_equal(printed.data, text.data);
    struct selector again = compiled(printed.data);
    assert_true(selector_equal(&sel, &again));
    struct selector copy = selector_copy(&sel);
    assert_true(selector_equal(&sel, &copy));
    selector_done(&copy);
    selector_done(&again);
    selector_done(&sel);
    tag_set_done(&own);
    tag_set_done(&other);
}

static void random_selectors_agree_with_the_slow_evaluator_and_survive_printing(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        seed = i * 7919;
        one_random_case();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_selector_always_holds),
        cmocka_unit_test(all_terms_must_hold),
        cmocka_unit_test(a_version_is_compared_part_by_part),
        cmocka_unit_test(a_number_compares_with_its_own_unit_only),
        cmocka_unit_test(a_network_contains_and_is_contained),
        cmocka_unit_test(equality_needs_any_value_and_inequality_needs_all),
        cmocka_unit_test(an_absent_key_fails_ordered_tests_and_passes_inequality),
        cmocka_unit_test(an_undeclared_key_takes_clear_numbers_only),
        cmocka_unit_test(joins_need_both_sides),
        cmocka_unit_test(a_parse_error_names_the_place_and_what_was_expected),
        cmocka_unit_test(input_is_bounded),
        cmocka_unit_test(printing_is_canonical),
        cmocka_unit_test(the_first_failure_is_the_first_written),
        cmocka_unit_test(a_failure_is_explained_with_what_was_found_and_who_said_it),
        cmocka_unit_test(random_selectors_agree_with_the_slow_evaluator_and_survive_printing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
