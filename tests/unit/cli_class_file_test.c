// SPDX-License-Identifier: Apache-2.0
// Class documents: read with line numbers in errors, written so that they read back the same.
#include "cli/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct class_list read_all(const char *yaml, struct arena *arena) {
    struct class_list list = {0};
    AUTO_ERR struct err *e = classes_read(yaml, strlen(yaml), arena, &list, NULL);
    if (e) fail_msg("%s", err_text(e));
    return list;
}

static void expect_refused(const char *yaml, const char *part) {
    AUTO_ARENA struct arena arena = {0};
    struct class_list list = {0};
    AUTO_ERR struct err *e = classes_read(yaml, strlen(yaml), &arena, &list, NULL);
    assert_non_null(e);
    assert_int_equal(err_kind(e), ERR_INVALID);
    if (!strstr(err_text(e), part)) fail_msg("'%s' does not say '%s'", err_text(e), part);
}

static void a_file_holds_several_classes(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct class_list list = read_all("name: gold\nsmallest: 64MiB\non-release: wipe\n---\n---\nname: bulk\n", &arena);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.at[0]->name, "gold");
    assert_int_equal(list.at[0]->smallest, 64 << 20);
    assert_int_equal(list.at[0]->on_release, GRANARY__ON_RELEASE__WIPE);
    assert_string_equal(list.at[1]->name, "bulk");
    vec_done(&list);
}

static void a_finding_has_its_line(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct class_list list = {0};
    struct yaml_documents documents;
    static const char yaml[] = "name: bulk\n---\nname: gold\npool: media\nprefer_pool:\n"
                               "  - {selector: a, weight: 1}\n  - {selector: b, weight: 1}\n";
    assert_null(classes_read(yaml, strlen(yaml), &arena, &list, &documents));
    struct class_place place = {"classes.yaml", documents.at[1]};
    assert_int_equal(class_place_line(&place, NULL), 3);
    assert_int_equal(class_place_line(&place, "pool"), 4);
    assert_int_equal(class_place_line(&place, "prefer-pool[2]"), 7);
    assert_int_equal(class_place_line(&place, "prefer-pool"), 5);
    assert_int_equal(class_place_line(&place, "prefer-agent[1]"), 3); // not there
    assert_int_equal(class_place_line(&place, "po"), 3);
    vec_done(&list);
}

static void a_slip_is_named_with_its_line(void **state) {
    (void)state;
    expect_refused("name: a\n---\nname: b\nacces: x\n", "line 4: unknown key 'acces'; did you mean 'access'?");
    expect_refused("name: a\n---\nname: a\n", "line 3: class 'a' stands in this file twice");
    expect_refused("pool: media = ssd\n", "name");
    expect_refused("name: ''\n", "empty name");
    expect_refused("# nothing\n", "there is no class in it");
}

static void what_answers_add_is_no_part_of_the_document(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct class_list list = read_all("name: gold\nid: 7\nversion: 3\ncreated: 5\nlargest_grantable: 9\n", &arena);
    assert_false(list.at[0]->has_id || list.at[0]->has_version || list.at[0]->has_created ||
                 list.at[0]->has_largest_grantable);
    Granary__Class other = *list.at[0];
    other.has_version = true;
    other.version = 4;
    assert_true(class_same(list.at[0], &other));
    other.has_smallest = true;
    other.smallest = 1;
    assert_false(class_same(list.at[0], &other));
    vec_done(&list);
}

static void a_default_that_is_spelled_out_is_no_change(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct class_list plain = read_all("name: gold\n", &arena),
                      full = read_all("name: gold\nfs: ext4\nformat: lazy\n", &arena);
    assert_true(class_same(plain.at[0], full.at[0]));
    vec_done(&plain);
    vec_done(&full);
}

static void what_is_written_reads_back_the_same(void **state) {
    (void)state;
    static const char yaml[] =
        "name: gold\ndescription: 'for: people, # all'\npool: media in (ssd, nvme)\nagent: '!maintenance'\n"
        "prefer-pool:\n- {selector: media = nvme, weight: 20}\nfs: xfs\nformat: eager\niops-per-gib: 2.5\n"
        "bandwidth: 200MiB/s\navailability: 99.95\n"
        "spread:\n- {key: topology/rack, label: app, over: 3, required: true, weight: 7}\nsmallest: 1000\nlargest: "
        "2TiB\nroles: [\"*\", web, "
        "\"on\"]\non-release: keep\n";
    AUTO_ARENA struct arena arena = {0};
    struct class_list list = read_all(yaml, &arena);
    AUTO_TEXT struct text out = {0};
    class_write(list.at[0], &out, &arena);
    assert_non_null(strstr(out.data, "largest: 2TiB\n"));
    struct class_list back = read_all(out.data, &arena);
    assert_true(class_same(list.at[0], back.at[0]));
    vec_done(&list);
    vec_done(&back);
}

static void expect_script_back(const char *script, const char *shown) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text out = {0};
    struct class_list list = read_all("name: gold\non-script-error: classes\nscript: x\n", &arena);
    assert_int_equal(list.at[0]->on_script_error, GRANARY__ON_SCRIPT_ERROR__SCRIPT_CLASSES);
    list.at[0]->script = arena_text(&arena, script);
    class_write(list.at[0], &out, &arena);
    if (!strstr(out.data, shown)) fail_msg("'%s' is not in %s", shown, out.data);
    struct class_list back = read_all(out.data, &arena);
    assert_string_equal(back.at[0]->script, script);
    assert_true(class_same(list.at[0], back.at[0]));
    vec_done(&list);
    vec_done(&back);
}

static void scripts_are_written_as_people_write_them(void **state) {
    (void)state;
    expect_script_back("function broker(r, p)\n  return {1}\nend\n",
                       "on-script-error: classes\nscript: |2\n  function broker(r, p)\n    return {1}\n  end\n");
    expect_script_back("  -- shifted\n\n\tx = 1 # no comment: 'a'\n", "script: |2\n    -- shifted\n\n");
    expect_script_back("x = 1", "script: x = 1\n");
    expect_script_back("x = 1\n\n\n", "script: \"x = 1\\n");
    expect_script_back("x = 1\r\ny = 2\n", "script: \"x = 1\\r");
}

static void how_often_a_script_failed_is_a_remark(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text out = {0};
    struct class_list list =
        read_all("name: gold\nscript: x\nscript-failures: 3\nscript-failure: 'line 1: no'\n", &arena);
    assert_null(list.at[0]->script_failure);
    list.at[0]->script_failure = "line 1: no";
    list.at[0]->script_failures = 3;
    class_write(list.at[0], &out, &arena);
    assert_non_null(
        strstr(out.data,
               "# its script failed 3 times since it was applied or the master started, the last time: line 1: no\n"));
    vec_done(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_holds_several_classes),
        cmocka_unit_test(a_finding_has_its_line),
        cmocka_unit_test(a_slip_is_named_with_its_line),
        cmocka_unit_test(what_answers_add_is_no_part_of_the_document),
        cmocka_unit_test(a_default_that_is_spelled_out_is_no_change),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(scripts_are_written_as_people_write_them),
        cmocka_unit_test(how_often_a_script_failed_is_a_remark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
