// SPDX-License-Identifier: Apache-2.0
// Classes: defaults, what is refused and why, and what they promise.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "model/class.h"

static struct symbols symbols;

static int teardown(void **state) {
    (void)state;
    symbols_done(&symbols);
    return 0;
}

static struct class_spec made(struct class_document doc) {
    struct class_spec spec = {0};
    AUTO_ERR struct err *e = class_spec_make(&symbols, &doc, &spec);
    if (e) fail_msg("%s", err_text(e));
    return spec;
}

static void expect_refused(struct class_document doc, const char *words) {
    struct class_spec spec = {0};
    AUTO_ERR struct err *e = class_spec_make(&symbols, &doc, &spec);
    if (!e) fail_msg("accepted, not refused with '%s'", words);
    if (!strstr(err_text(e), words)) fail_msg("'%s' is not in: %s", words, err_text(e));
}

static void what_is_left_out_takes_its_default(void **state) {
    (void)state;
    struct class_spec spec = made((struct class_document){.name = "gold"});
    assert_string_equal(spec.fs->name, "ext4");
    assert_int_equal(spec.access, ACCESS_SINGLE_WRITER);
    assert_int_equal(spec.format, FORMAT_AT_FIRST_PUBLISH);
    assert_int_equal(spec.on_agent_lost, ON_LOSS_FENCE_OR_WAIT);
    assert_int_equal(spec.on_release, ON_RELEASE_DELETE);
    assert_int_equal(spec.launch_wait_ms, 120000);
    assert_true(spec.smallest.n == 4 * MIB);
    assert_true(spec.largest.n == 0);
    class_spec_done(&spec);
    spec = made((struct class_document){.name = "gold", .launch_wait_set = true});
    assert_int_equal(spec.launch_wait_ms, 0);
    class_spec_done(&spec);
}

static void a_wrong_class_is_refused_with_its_field(void **state) {
    (void)state;
    const struct class_wish bad_selector[] = {{"a = 1", 1}, {"a ==", 1}}, no_weight[] = {{"a", 0}};
    const char *const bad_role[] = {"web", "a//b"};
    expect_refused((struct class_document){.name = "a b"}, "class 'a b'");
    expect_refused((struct class_document){.name = "g", .fs = "zfs"},
                   "class 'g': fs: unknown filesystem 'zfs'; known are ext4, xfs, btrfs, raw");
    expect_refused((struct class_document){.name = "g", .pool = "media = "}, "class 'g': pool: selector 'media = '");
    expect_refused((struct class_document){.name = "g", .agent = "("}, "class 'g': agent: ");
    expect_refused((struct class_document){.name = "g", .smallest = {2 * GIB}, .largest = {GIB}},
                   "smallest: 2 GiB is above largest, 1 GiB");
    expect_refused((struct class_document){.name = "g", .fs = "xfs", .largest = {100 * MIB}},
                   "largest: 100 MiB is below the 300 MiB that xfs needs");
    expect_refused((struct class_document){.name = "g", .prefer_pool = bad_selector, .prefer_pool_count = 2},
                   "prefer_pool 2");
    expect_refused((struct class_document){.name = "g", .prefer_agent = no_weight, .prefer_agent_count = 1},
                   "weight 0");
    expect_refused((struct class_document){.name = "g", .roles = bad_role, .role_count = 2}, "role 'a//b'");
    expect_refused((struct class_document){.name = "g", .iops_per_gib = NAN}, "iops_per_gib");
    expect_refused((struct class_document){.name = "g", .iops_per_gib = -1}, "iops_per_gib");
    expect_refused((struct class_document){.name = "g", .fs = "raw", .format = FORMAT_AT_CREATE}, "not formatted");
    expect_refused((struct class_document){.name = "g", .access = ACCESS_MULTI_WRITER}, "several hosts");
    expect_refused((struct class_document){.name = "g", .on_release = 9}, "do not know");
    expect_refused((struct class_document){.name = "g", .launch_wait_set = true, .launch_wait_ms = 86400001}, "a day");
}

static void a_size_outside_the_bounds_is_refused_with_the_figures(void **state) {
    (void)state;
    struct class_spec spec = made((struct class_document){.name = "g", .smallest = {GIB}, .largest = {10 * GIB}});
    assert_null(class_spec_size_check(&spec, (struct bytes){GIB}, NULL));
    assert_null(class_spec_size_check(&spec, (struct bytes){10 * GIB}, NULL));
    const struct {
        uint64_t size;
        const char *fs, *words;
    } rows[] = {{0, "ext4", "is 0"},
                {512 * MIB, "ext4", "512 MiB is below its smallest volume, 1 GiB"},
                {11 * GIB, "ext4", "11 GiB is above its largest volume, 10 GiB"},
                {200 * MIB, "xfs", "200 MiB is too small for xfs, which needs 300 MiB"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ERR struct err *e =
            class_spec_size_check(&spec, (struct bytes){rows[i].size}, filesystem_find(rows[i].fs));
        assert_non_null(e);
        if (!strstr(err_text(e), rows[i].words)) fail_msg("'%s' is not in: %s", rows[i].words, err_text(e));
    }
    class_spec_done(&spec);
}

static void iops_grow_with_the_size_and_round_up(void **state) {
    (void)state;
    struct class_spec spec = made((struct class_document){.name = "g", .iops_per_gib = 0.5});
    assert_true(class_spec_iops(&spec, (struct bytes){100 * GIB}).n == 50);
    assert_true(class_spec_iops(&spec, (struct bytes){1}).n == 1);
    assert_true(class_spec_iops(&spec, (struct bytes){3 * GIB}).n == 2);
    class_spec_done(&spec);
    spec = made((struct class_document){.name = "g"});
    assert_true(class_spec_iops(&spec, (struct bytes){100 * GIB}).n == 0);
    class_spec_done(&spec);
}

static void roles_below_a_named_one_may_ask(void **state) {
    (void)state;
    const char *const roles[] = {"eng", "ops/db"};
    struct class_spec spec = made((struct class_document){.name = "g", .roles = roles, .role_count = 2});
    assert_true(class_spec_allows(&spec, "eng") && class_spec_allows(&spec, "eng/web") &&
                class_spec_allows(&spec, "ops/db"));
    assert_false(class_spec_allows(&spec, "ops") || class_spec_allows(&spec, "engine") ||
                 class_spec_allows(&spec, "*"));
    class_spec_done(&spec);
    spec = made((struct class_document){.name = "g"});
    assert_true(class_spec_allows(&spec, "*"));
    class_spec_done(&spec);
}

static void equal_documents_make_equal_classes_and_each_change_shows(void **state) {
    (void)state;
    const struct class_wish wishes[] = {{"media = nvme", 10}}, others[] = {{"media = nvme", 11}};
    const char *const roles[] = {"eng"};
    const struct class_document base = {
        .name = "g", .pool = "media=ssd", .prefer_pool = wishes, .prefer_pool_count = 1};
    struct class_document changed[] = {base, base, base, base, base, base, base, base};
    changed[0].pool = "media = hdd";
    changed[1].prefer_pool = others;
    changed[2].fs = "xfs";
    changed[3].roles = roles, changed[3].role_count = 1;
    changed[4].largest.n = GIB;
    changed[5].description = "fast";
    changed[6].on_release = ON_RELEASE_WIPE;
    changed[7].prefer_pool_count = 0;
    struct class_spec a = made(base), b = made(base);
    assert_true(class_spec_equal(&a, &b));
    class_spec_done(&b);
    for (size_t i = 0; i < ARRAY_LEN(changed); i++) {
        b = made(changed[i]);
        if (class_spec_equal(&a, &b)) fail_msg("change %zu is not seen", i);
        class_spec_done(&b);
    }
    class_spec_done(&a);
}

static void filesystems_know_their_smallest_size(void **state) {
    (void)state;
    assert_true(filesystem_find("btrfs")->smallest.n == 109 * MIB);
    assert_string_equal(filesystem_find("xfs")->mkfs, "mkfs.xfs");
    assert_true(filesystem_raw(filesystem_find("raw")));
    assert_null(filesystem_find("ntfs"));
    unsigned i = 0;
    while (filesystem_at(i)) i++;
    assert_int_equal(i, 4);
}

static void words_of_documents_are_named(void **state) {
    (void)state;
    assert_string_equal(class_access_name(ACCESS_MULTI_READER), "multi-reader");
    assert_string_equal(class_loss_name(ON_LOSS_SELF_FENCE), "self-fence");
    assert_string_equal(class_release_name(ON_RELEASE_WIPE), "wipe");
    assert_string_equal(class_format_name(FORMAT_AT_CREATE), "eager");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_takes_its_default),
        cmocka_unit_test(a_wrong_class_is_refused_with_its_field),
        cmocka_unit_test(a_size_outside_the_bounds_is_refused_with_the_figures),
        cmocka_unit_test(iops_grow_with_the_size_and_round_up),
        cmocka_unit_test(roles_below_a_named_one_may_ask),
        cmocka_unit_test(equal_documents_make_equal_classes_and_each_change_shows),
        cmocka_unit_test(filesystems_know_their_smallest_size),
        cmocka_unit_test(words_of_documents_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
