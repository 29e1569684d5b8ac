// SPDX-License-Identifier: Apache-2.0
// What an operator writes about a provider, as its driver and its machine get it.
#include "daemon/provider_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/yaml.h"
#include "driver/drivers.h"

struct world {
    struct arena arena;
    struct settings *settings;
    struct provider_config config;
};

static int set_up(void **state) {
    struct world *w = calloc(1, sizeof *w);
    w->settings = settings_new(PROCESS_PROVIDER);
    *state = w;
    return 0;
}

static int tear_down(void **state) {
    struct world *w = *state;
    settings_free(w->settings);
    arena_done(&w->arena);
    free(w);
    return 0;
}

static void give(struct world *w, const char *name, const char *value, const void *tree, unsigned line) {
    struct setting_given given = {
        .name = name, .value = value, .tree = tree, .source = FROM_FILE, .file = "p.yaml", .line = line};
    assert_null(settings_give(w->settings, &given));
}

// The document's keys as settings: trees for maps and lists.
static struct err *read_config(struct world *w, const char *yaml) {
    struct yaml_documents documents;
    assert_null(yaml_read(yaml, strlen(yaml), &w->arena, &documents));
    give(w, "name", "files", NULL, 1);
    give(w, "driver", "file", NULL, 1);
    give(w, "tags", "topology/region=west", NULL, 1);
    const struct yaml_node *top = documents.at[0];
    for (size_t i = 0; i < top->count; i++)
        give(w, top->pairs[i].key, NULL, top->pairs[i].value, (unsigned)top->pairs[i].line);
    return provider_config_read(w->settings, &w->arena, &w->config);
}

static void expect_refused(struct world *w, const char *yaml, const char *words) {
    struct err *e = read_config(w, yaml);
    assert_non_null(e);
    if (!strstr(err_text(e), words)) fail_msg("'%s' does not say '%s'", err_text(e), words);
    err_free(e);
}

static void pools_keep_ours_and_give_the_driver_its_own(void **state) {
    struct world *w = *state;
    assert_null(read_config(w, "settings:\n"
                               "  hurry: yes\n"
                               "instances:\n"
                               "- name: here\n"
                               "  tags: [power=A]\n"
                               "  pools:\n"
                               "  - name: fast\n"
                               "    directory: /srv/fast\n"
                               "    capacity: 1GiB\n"
                               "    factor: 1/3\n"
                               "    headroom: 10MiB\n"
                               "    iops: 500\n"
                               "    data-address: 10.0.0.1:3260\n"
                               "    tags: {media: ssd}\n"
                               "    constraints: ['!maintenance']\n"
                               "    preferences: [{selector: same(topology/rack), weight: -10}]\n"));
    const struct driver_config *d = &w->config.driver;
    assert_string_equal(d->provider, "files");
    assert_string_equal(driver_text(&d->settings, "hurry"), "yes");
    assert_int_equal(d->pool_count, 1);
    const struct driver_pool_config *pool = &d->pools[0];
    assert_string_equal(pool->instance, "here");
    assert_int_equal(pool->capacity.n, GIB);
    assert_int_equal(pool->headroom.n, 10 * MIB);
    assert_int_equal(pool->charge_numerator, 1);
    assert_int_equal(pool->charge_denominator, 3);
    assert_int_equal(pool->settings.count, 1);
    assert_string_equal(driver_text(&pool->settings, "directory"), "/srv/fast");
    assert_int_equal(w->config.tier_count, 3); // provider, instance, pool
    const struct provider_tier_setup *t = w->config.tiers;
    assert_null(t[0].instance);
    assert_string_equal(t[0].facts.tags.at[0].key, "topology/region");
    assert_string_equal(t[1].facts.tags.at[0].value, "A");
    assert_string_equal(t[2].pool, "fast");
    assert_string_equal(t[2].facts.tags.at[0].key, "media");
    assert_string_equal(t[2].facts.constraints[0].selector, "!maintenance");
    assert_int_equal(t[2].facts.preferences[0].weight, -10);
    assert_int_equal(t[2].iops.n, 500);
    assert_string_equal(t[2].data_address, "10.0.0.1:3260");
}

static void a_provider_without_pools_is_fine(void **state) {
    struct world *w = *state;
    assert_null(read_config(w, "instances: []\n"));
    assert_int_equal(w->config.driver.pool_count, 0);
}

static void a_wrong_figure_names_its_line(void **state) {
    expect_refused(*state, "instances:\n- name: here\n  pools:\n  - name: fast\n    capacity: much\n", "line 5");
}

static void a_selector_that_makes_no_sense_names_its_line(void **state) {
    expect_refused(*state, "constraints:\n- 'a in ('\n", "line 2");
}

static void an_unknown_key_of_an_instance_is_refused(void **state) {
    expect_refused(*state, "instances:\n- name: here\n  pool: []\n", "unknown key 'pool'");
}

static void a_pool_without_name_is_refused(void **state) {
    expect_refused(*state, "instances:\n- name: here\n  pools:\n  - capacity: 1GiB\n", "the pool has no name");
}

static void a_preference_has_a_selector_and_a_weight_only(void **state) {
    expect_refused(*state, "preferences:\n- {selector: a, wieght: 3}\n", "unknown key 'wieght'");
}

static void pools_must_be_a_list(void **state) {
    expect_refused(*state, "instances:\n- name: here\n  pools: fast\n", "'pools' must be a list");
}

static void the_help_names_every_driver(void **state UNUSED) {
    const char *help = setting_find(PROCESS_PROVIDER, "driver")->help;
    for (size_t i = 0; drivers[i]; i++)
        if (!strstr(help, drivers[i]->name)) fail_msg("driver '%s' is not in: %s", drivers[i]->name, help);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_help_names_every_driver),
        T(pools_keep_ours_and_give_the_driver_its_own),
        T(a_provider_without_pools_is_fine),
        T(a_wrong_figure_names_its_line),
        T(a_selector_that_makes_no_sense_names_its_line),
        T(an_unknown_key_of_an_instance_is_refused),
        T(a_pool_without_name_is_refused),
        T(a_preference_has_a_selector_and_a_weight_only),
        T(pools_must_be_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
