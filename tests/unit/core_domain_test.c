// SPDX-License-Identifier: Apache-2.0
// Failure domains against the sum over all worlds in which each domain is up or down.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "core/domain.h"

struct ground {
    struct symbols symbols;
    struct domains domains;
};

static int setup(void **state) {
    *state = NEW(struct ground);
    return 0;
}

static int teardown(void **state) {
    struct ground *g = *state;
    domains_done(&g->domains);
    symbols_done(&g->symbols);
    free(g);
    return 0;
}

static void declare(struct ground *g, const char *name, const char *percent) {
    AUTO_ERR struct err *e = domains_declare(&g->domains, &g->symbols, name, percent);
    if (e) fail_msg("%s", err_text(e));
}

static struct tag_set tags(struct ground *g, const char *texts) {
    struct tag_set set = {0};
    AUTO_FREE char *copy = mem_text(texts);
    char *rest = copy, *part;
    while ((part = strsep(&rest, " "))) {
        struct tag tag;
        if (!*part) continue;
        AUTO_ERR struct err *e = tag_parse(&g->symbols, part, &tag);
        assert_null(e);
        AUTO_ERR struct err *full = tag_set_add(&set, tag, (struct tag_said){0});
        assert_null(full);
    }
    return set;
}

static void expect(struct ground *g, const char *agent, const char *pool, const char *percent) {
    struct tag_set a = tags(g, agent), p = tags(g, pool);
    char said[AVAILABILITY_TEXT];
    assert_string_equal(availability_text(domains_availability(&g->domains, &a, &p), said), percent);
    assert_string_equal(availability_text(domains_availability(&g->domains, &p, &a), said), percent);
    tag_set_done(&a);
    tag_set_done(&p);
}

// ---- by hand ----

static void what_is_shared_is_counted_once(void **state) {
    struct ground *g = *state;
    declare(g, "power", "99.9");
    expect(g, "power=a", "power=a", "99.9");
    expect(g, "power=a", "power=b", "99.8001"); // 0.999 * 0.999
    expect(g, "power=a", "", "99.9");
    expect(g, "", "", "100");
    expect(g, "media=ssd", "media=hdd", "100"); // no failure domain
}

static void several_values_are_alternatives(void **state) {
    struct ground *g = *state;
    declare(g, "power", "99");
    expect(g, "power=a power=b", "", "99.99");
    expect(g, "power=a power=b", "power=a power=b", "99.99");
    expect(g, "power=a power=b", "power=a", "99"); // the pool has no way out, and takes the agent with it
    expect(g, "power=a power=b", "power=c power=d", "99.980001"); // 0.9999 * 0.9999
    expect(g, "power=a power=b", "power=a power=c", "99.9801");   // 0.99 + 0.01 * 0.99 * 0.99
}

static void values_may_have_figures_of_their_own(void **state) {
    struct ground *g = *state;
    declare(g, "power=b", "50");
    declare(g, "topology/rack", "90");
    expect(g, "power=a", "", "99.9"); // the usual one
    expect(g, "power=b", "", "50");
    expect(g, "power=b topology/rack=r1", "topology/rack=r2", "40.5");
}

static void what_is_wrong_in_a_figure_is_said(void **state) {
    struct ground *g = *state;
    AUTO_ERR struct err *bad = domains_declare(&g->domains, &g->symbols, "power", "often");
    assert_non_null(strstr(err_text(bad), "'power': availability 'often'"));
    AUTO_ERR struct err *key = domains_declare(&g->domains, &g->symbols, "/power", "99");
    assert_non_null(key);
    for (int i = 0; i < DOMAIN_KEYS_MOST; i++) {
        char name[16];
        snprintf(name, sizeof name, "k%d", i);
        declare(g, name, NULL);
    }
    AUTO_ERR struct err *many = domains_declare(&g->domains, &g->symbols, "more", "99");
    assert_int_equal(err_kind(many), ERR_TOO_LARGE);
    declare(g, "k0", "98");
    expect(g, "k0=x", "", "98");
}

static void the_end_of_a_domain_stops_what_has_no_other(void **state) {
    struct ground *g = *state;
    struct tag_set one = tags(g, "power=a"), two = tags(g, "power=a power=b"), none = tags(g, "rack=a");
    symbol power = symbol_make(&g->symbols, "power"), a = symbol_make(&g->symbols, "a");
    assert_int_equal(domain_end(&one, power, a), DOMAIN_STOPS);
    assert_int_equal(domain_end(&two, power, a), DOMAIN_AT_RISK);
    assert_int_equal(domain_end(&none, power, a), DOMAIN_SPARES);
    assert_int_equal(domain_end(&one, power, symbol_make(&g->symbols, "b")), DOMAIN_SPARES);
    tag_set_done(&one);
    tag_set_done(&two);
    tag_set_done(&none);
}

static void the_text_names_what_both_need(void **state) {
    struct ground *g = *state;
    declare(g, "power", "99.5");
    declare(g, "rack", NULL);
    struct tag_set a = tags(g, "power=a power=b rack=r1 media=ssd"), p = tags(g, "power=a rack=r1");
    AUTO_TEXT struct text said = {0}, nothing = {0};
    domains_add_text(&g->domains, &g->symbols, &a, &p, &said);
    assert_string_equal(said.data, "power=a 99.5 or power=b 99.5, power=a 99.5, rack=r1 99.9");
    domains_add_text(&g->domains, &g->symbols, NULL, NULL, &nothing);
    assert_string_equal(nothing.data, "no failure domain");
    tag_set_done(&a);
    tag_set_done(&p);
}

// ---- against every world ----

enum { KEYS = 2, VALUES = 4, DOMAINS = KEYS * VALUES };
static const unsigned choices[] = {1, 10, 50, 75, 90, 97, 99}; // whole percent: eight of them are exact in 10^16

static uint64_t chance(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

// Whether the thing stands when those domains are up. `has`: a bit per domain.
static bool stands(unsigned has, unsigned up) {
    for (unsigned key = 0; key < KEYS; key++) {
        unsigned of_key = has >> key * VALUES & ((1u << VALUES) - 1);
        if (of_key && !(of_key & up >> key * VALUES)) return false;
    }
    return true;
}

static uint64_t every_world(const unsigned percent[DOMAINS], unsigned agent, unsigned pool) {
    uint64_t sum = 0; // in 100^DOMAINS
    for (unsigned up = 0; up < 1u << DOMAINS; up++) {
        if (!stands(agent, up) || !stands(pool, up)) continue;
        uint64_t weight = 1;
        for (unsigned i = 0; i < DOMAINS; i++) weight *= up >> i & 1 ? percent[i] : 100 - percent[i];
        sum += weight;
    }
    return sum;
}

static struct tag_set tags_of(struct ground *g, unsigned has) {
    AUTO_TEXT struct text all = {0};
    for (unsigned i = 0; i < DOMAINS; i++)
        if (has >> i & 1) text_addf(&all, "key%u=v%u ", i / VALUES, i % VALUES);
    return tags(g, text_string(&all));
}

static void arithmetic_gives_what_every_world_gives(void **state) {
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15;
    for (unsigned round = 0; round < 3000; round++) {
        struct ground g = {.domains = {.figures = 0}};
        uint64_t began = seed;
        unsigned percent[DOMAINS], agent = chance(&seed) & 0xff, pool = chance(&seed) & 0xff;
        if (round % 3 == 0) pool |= agent;
        for (unsigned i = 0; i < DOMAINS; i++) {
            char name[16], figure[16];
            percent[i] = choices[chance(&seed) % ARRAY_LEN(choices)];
            snprintf(name, sizeof name, "key%u=v%u", i / VALUES, i % VALUES);
            snprintf(figure, sizeof figure, "%u", percent[i]);
            declare(&g, name, figure);
        }
        struct tag_set a = tags_of(&g, agent), p = tags_of(&g, pool);
        uint64_t exact = every_world(percent, agent, pool), found = domains_availability(&g.domains, &a, &p).n;
        if (found != exact / 10000) // rounded down from 10^-16 to 10^-12
            fail_msg("seed %llu: agent %x, pool %x: %llu, and the worlds say %llu", (unsigned long long)began, agent,
                     pool, (unsigned long long)found, (unsigned long long)exact);
        tag_set_done(&a);
        tag_set_done(&p);
        domains_done(&g.domains);
        symbols_done(&g.symbols);
    }
}

// The same facts said in another order, with other numbers for their texts, give the same figure to the last digit.
static void every_machine_says_the_same(void **state) {
    (void)state;
    static const char *const figures[][2] = {{"power=a", "99.123456789"},   {"power=b", "97.987654321"},
                                             {"rack=r1", "99.777777777"},   {"rack=r2", "98.111111111"},
                                             {"cooling=c", "99.333333333"}, {"power=c", "96.666666667"}};
    uint64_t first = 0;
    for (size_t turn = 0; turn < ARRAY_LEN(figures); turn++) {
        struct ground g = {.domains = {.figures = 0}};
        for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
            const char *const *f = figures[(i * 5 + turn) % ARRAY_LEN(figures)];
            declare(&g, f[0], f[1]);
        }
        struct tag_set a = tags(&g, turn % 2 ? "rack=r1 power=b power=a" : "power=a power=b rack=r1"),
                       p = tags(&g, "cooling=c power=c power=a rack=r2");
        uint64_t found = domains_availability(&g.domains, &a, &p).n;
        if (!turn) first = found;
        assert_int_equal(found, first);
        tag_set_done(&a);
        tag_set_done(&p);
        domains_done(&g.domains);
        symbols_done(&g.symbols);
    }
}

static void beyond_sixteen_alternatives_the_worst_count(void **state) {
    struct ground *g = *state;
    AUTO_TEXT struct text few = {0}, many = {0};
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof name, "power=%d", i);
        declare(g, name, i < 16 ? "10" : "90"); // failing with 0.9 each; the better four come last
        if (i < 16) text_addf(&few, "%s ", name);
        text_addf(&many, "%s ", name);
    }
    struct tag_set a = tags(g, few.data), b = tags(g, many.data);
    assert_int_equal(domains_availability(&g->domains, &b, NULL).n, domains_availability(&g->domains, &a, NULL).n);
    tag_set_done(&a);
    tag_set_done(&b);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_shared_is_counted_once),
        T(several_values_are_alternatives),
        T(values_may_have_figures_of_their_own),
        T(what_is_wrong_in_a_figure_is_said),
        T(the_end_of_a_domain_stops_what_has_no_other),
        T(the_text_names_what_both_need),
        T(arithmetic_gives_what_every_world_gives),
        T(every_machine_says_the_same),
        T(beyond_sixteen_alternatives_the_worst_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
