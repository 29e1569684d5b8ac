// SPDX-License-Identifier: Apache-2.0
// YAML as operators write it, with lines in the answers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "codec/json_write.h"
#include "codec/yaml.h"
#include "granary_model.pb-c.h"
#include "mesos_v1.pb-c.h"

static struct arena arena;

static int arena_end(void **state UNUSED) {
    arena_done(&arena);
    return 0;
}

static struct yaml_documents reads(const char *yaml) {
    struct yaml_documents documents = {0};
    struct err *e = yaml_read(yaml, strlen(yaml), &arena, &documents);
    if (e) fail_msg("%s", err_text(e));
    return documents;
}

static void says(struct err *e, const char *part) {
    assert_non_null(e);
    if (!strstr(err_text(e), part)) fail_msg("'%s' does not say '%s'", err_text(e), part);
    err_free(e);
}

static void refused(const char *yaml, const char *part) {
    struct yaml_documents documents = {0};
    says(yaml_read(yaml, strlen(yaml), &arena, &documents), part);
}

static void becomes(const char *yaml, const ProtobufCMessageDescriptor *type, const char *json) {
    struct yaml_documents documents = reads(yaml);
    assert_int_equal(documents.count, 1);
    void *m = NULL;
    AUTO_TEXT struct text written = {0};
    struct err *e = yaml_message(documents.at[0], type, &arena, &m);
    if (e) fail_msg("%s", err_text(e));
    json_write(&written, m, JSON_PLAIN);
    assert_string_equal(text_string(&written), json);
}

static void class_refused(const char *yaml, const char *part) {
    void *m = NULL;
    says(yaml_message(reads(yaml).at[0], &granary__class__descriptor, &arena, &m), part);
}

static void a_tree_knows_its_lines(void **state UNUSED) {
    struct yaml_documents d = reads("# a comment\nname: gold\nlist:\n  - one\n  - 'two'\nempty:\n");
    const struct yaml_node *root = d.at[0], *list = yaml_get(root, "list");
    assert_int_equal(root->kind, YAML_MAP);
    assert_int_equal(root->line, 2);
    assert_string_equal(yaml_get(root, "name")->text, "gold");
    assert_int_equal(list->count, 2);
    assert_string_equal(list->items[1]->text, "two");
    assert_false(list->items[1]->plain);
    assert_int_equal(list->items[1]->line, 5);
    assert_true(yaml_is_null(yaml_get(root, "empty")));
    assert_null(yaml_get(root, "absent"));
}

static void a_stream_holds_several_documents(void **state UNUSED) {
    struct yaml_documents d = reads("---\nname: a\n---\n---\nname: b\n...\n");
    assert_int_equal(d.count, 2); // the empty one is left out
    assert_string_equal(yaml_get(d.at[1], "name")->text, "b");
    assert_int_equal(reads("").count, 0);
    assert_int_equal(reads("# nothing but a comment\n").count, 0);
}

static void a_class_is_read_as_operators_write_it(void **state UNUSED) {
    becomes(
        "name: gold\npool: media=ssd\nprefer-pool:\n  - selector: net/speed >= 10Gbps\n    weight: 3\n"
        "access: single-writer\niops_per_gib: 1.5\nbandwidth: 200MiB/s\nformat: eager\nlaunch-wait-ms: 2m\n"
        "on_release: delete\non-agent-lost: self-fence\nzero_at_create: yes\nsmallest: 1GiB\nroles: [eng, ops]\nfs:\n",
        &granary__class__descriptor,
        "{\"name\":\"gold\",\"pool\":\"media=ssd\",\"prefer_pool\":[{\"selector\":\"net/speed >= "
        "10Gbps\",\"weight\":3}],"
        "\"access\":\"SINGLE_WRITER\",\"iops_per_gib\":1.5,\"bandwidth\":209715200,\"format\":\"FORMAT_EAGER\","
        "\"launch_wait_ms\":120000,\"on_agent_lost\":\"SELF_FENCE\",\"on_release\":\"DELETE\",\"zero_at_create\":true,"
        "\"smallest\":1073741824,\"roles\":[\"eng\",\"ops\"]}");
}

static void maps_and_bytes_are_read_too(void **state UNUSED) {
    becomes("quantities:\n  cpus: {value: 0.5}\n  mem: {value: 32}\n",
            &mesos__v1__offer_filters__resource_quantities__descriptor,
            "{\"quantities\":{\"cpus\":{\"value\":0.5},\"mem\":{\"value\":32.0}}}");
    becomes("value: AAEC\n", &mesos__v1__uuid__descriptor, "{\"value\":\"AAEC\"}");
}

static void a_slip_of_the_pen_names_its_line(void **state UNUSED) {
    class_refused("name: gold\npool: media=ssd\n\nacces: single-writer\n",
                  "line 4: unknown key 'acces'; did you mean 'access'?");
    class_refused("name: gold\nprefer_pool:\n  - selector: a\n  - selector: b\n    wieght: 1\n",
                  "line 5: prefer_pool[1]: unknown key 'wieght'; did you mean 'weight'?");
    class_refused("name: gold\non_release: delte\n",
                  "line 2: on_release: unknown value 'delte'; did you mean 'DELETE'?");
    class_refused("name: gold\nformat: eagre\n", "did you mean 'FORMAT_EAGER'?");
    class_refused("name: gold\nxyzzyxyzzy: 1\n", "line 2: unknown key 'xyzzyxyzzy'");
}

static void wrong_values_name_line_and_field(void **state UNUSED) {
    class_refused("pool: a=b\n", "line 1: required field 'name' missing");
    class_refused("name: ~\n", "line 1: required field 'name' missing");
    class_refused("name: gold\nsmallest: 1 apple\n", "line 2: smallest: ");
    class_refused("name: gold\nversion: -1\n", "line 2: version: the number must not be negative");
    class_refused("name: gold\niops_per_gib: fast\n", "line 2: iops_per_gib: expected a number, found the text 'fast'");
    class_refused("name: gold\nzero_at_create: maybe\n", "line 2: zero_at_create: expected true or false");
    class_refused("name: gold\nroles: eng\n", "line 2: roles: expected a list, found text");
    class_refused("name: [a]\n", "line 1: name: expected a single value, found a list");
    class_refused("- a\n", "line 1: expected a mapping, found a list");
    class_refused("name: a\non-release: keep\non_release: keep\n", "line 3: the key 'on_release' is given twice");
}

static void what_is_not_plain_yaml_is_refused(void **state UNUSED) {
    refused("a: [1\n", "line ");
    refused("a: 1\n b: 2\n", "line 2");
    refused("a: &x 1\nb: *x\n", "line 1: anchors and aliases");
    refused("a: !!str 1\n", "line 1: tags are not supported");
    refused("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' was given on line 1 already");
    refused("? [a]\n: 1\n", "a key must be text");
    refused("a: \"\\0\"\n", "NUL");
    refused("a: \xff\n", "byte 3: ");
}

static void size_and_depth_are_bounded(void **state UNUSED) {
    AUTO_TEXT struct text deep = {0}, many = {0}, large = {0};
    for (int i = 0; i < 1000; i++) text_add_char(&deep, '[');
    refused(text_string(&deep), "nested too deeply");
    for (int i = 0; i < YAML_NODES; i++) text_add(&many, "- 1\n");
    refused(text_string(&many), "more than 100000 values");
    for (int i = 0; i < YAML_LARGEST; i++) text_add_char(&large, '#');
    text_add_char(&large, '#');
    refused(text_string(&large), "bytes, more than 1048576");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_knows_its_lines),
        cmocka_unit_test(a_stream_holds_several_documents),
        cmocka_unit_test(a_class_is_read_as_operators_write_it),
        cmocka_unit_test(maps_and_bytes_are_read_too),
        cmocka_unit_test(a_slip_of_the_pen_names_its_line),
        cmocka_unit_test(wrong_values_name_line_and_field),
        cmocka_unit_test(what_is_not_plain_yaml_is_refused),
        cmocka_unit_test(size_and_depth_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, arena_end);
}
