// SPDX-License-Identifier: Apache-2.0
// Every file in examples/ is read as its process would read it. Usage: model_examples_test EXAMPLES_DIRECTORY
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/yaml.h"
#include "granary_model.pb-c.h"
#include "model/class.h"
#include "wire/class_document.h"
#include "wire/setting.h"

static const char *directory;

static size_t read_bytes(const char *name, char bytes[65536]) {
    AUTO_FREE char *path = mem_format("%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    if (!file) fail_msg("cannot open %s", path);
    size_t size = fread(bytes, 1, 65536, file);
    fclose(file);
    return size;
}

static const struct yaml_node *read_example(struct arena *arena, const char *name) {
    static char bytes[65536];
    struct yaml_documents documents;
    AUTO_ERR struct err *e = yaml_read(bytes, read_bytes(name, bytes), arena, &documents);
    if (e) fail_msg("%s: %s", name, err_text(e));
    assert_int_equal(documents.count, 1);
    return documents.at[0];
}

static struct settings *loaded(struct arena *arena, enum process_kind kind, const char *file) {
    static char bytes[65536];
    struct settings *s = settings_new(kind);
    AUTO_ERR struct err *e = settings_give_yaml(s, file, bytes, read_bytes(file, bytes), arena);
    if (!e) e = settings_complete(s);
    if (e) fail_msg("%s: %s", file, err_text(e));
    return s;
}

static void settings_files_are_accepted(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct settings *s = loaded(&arena, PROCESS_MASTER, "master.yaml");
    assert_non_null(settings_tree(s, "roles"));
    settings_free(s);
    s = loaded(&arena, PROCESS_AGENT, "agent.yaml");
    assert_int_equal(settings_scalar(s, "cpus").n, 4000);
    settings_free(s);
    s = loaded(&arena, PROCESS_PROVIDER, "provider-file.yaml");
    assert_string_equal(settings_text(s, "driver"), "file");
    settings_free(s);
    s = loaded(&arena, PROCESS_DEV, "dev.yaml");
    assert_int_equal(settings_duration(s, "agent-lost"), 3000);
    settings_free(s);
    settings_free(loaded(&arena, PROCESS_CLI, "cli.yaml"));
}

static void the_masters_tag_types_can_be_declared(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct symbols symbols = {0};
    struct settings *s = loaded(&arena, PROCESS_MASTER, "master.yaml");
    const struct yaml_node *types = settings_tree(s, "tag-types");
    assert_int_equal(types->count, 3);
    for (size_t i = 0; i < types->count; i++) {
        enum value_type type;
        assert_true(value_type_parse(types->pairs[i].value->text, &type));
        assert_null(symbols_declare(&symbols, types->pairs[i].key, type));
    }
    symbols_done(&symbols);
    settings_free(s);
}

static struct class_spec class_loaded(struct arena *arena, struct symbols *symbols, const char *file) {
    void *message = NULL;
    struct class_spec spec = {0};
    AUTO_ERR struct err *e = yaml_message(read_example(arena, file), &granary__class__descriptor, arena, &message);
    if (e) fail_msg("%s: %s", file, err_text(e));
    struct class_document doc = class_document_from(message, arena);
    AUTO_ERR struct err *wrong = class_spec_make(symbols, &doc, &spec);
    if (wrong) fail_msg("%s: %s", file, err_text(wrong));
    return spec;
}

static void class_files_are_accepted_and_say_what_they_seem_to(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct symbols symbols = {0};
    struct class_spec gold = class_loaded(&arena, &symbols, "class-gold.yaml");
    struct class_spec bulk = class_loaded(&arena, &symbols, "class-bulk.yaml");
    struct class_spec mirrored = class_loaded(&arena, &symbols, "class-mirrored.yaml");
    assert_int_equal(gold.format, FORMAT_AT_CREATE);
    assert_int_equal(gold.launch_wait_ms, 120000);
    assert_true(gold.largest.n == 2 * TIB);
    assert_int_equal(gold.prefer_agent.at[0].weight, 10);
    assert_int_equal(bulk.on_release, ON_RELEASE_WIPE);
    assert_true(class_spec_allows(&bulk, "batch/nightly"));
    assert_false(class_spec_allows(&bulk, "web"));
    struct class_spec near =
        class_loaded(&arena, &symbols, "class-near.yaml"); // the types of measured keys are built in
    assert_int_equal(near.agent.terms[0].compare, VALUE_NUMBER);
    assert_int_equal(near.agent.terms[3].compare, VALUE_NETWORK);
    struct class_spec scripted = class_loaded(&arena, &symbols, "class-scripted.yaml");
    assert_non_null(strstr(scripted.script, "function broker(request, pools, scores)"));
    assert_int_equal(scripted.on_script_error, ON_SCRIPT_ERROR_CLASSES);
    class_spec_done(&scripted);
    class_spec_done(&near);
    assert_int_equal(mirrored.availability.n, 997000000000);
    assert_int_equal(mirrored.spread.count, 2);
    assert_true(mirrored.spread.at[0].required && mirrored.spread.at[0].over == 3);
    class_spec_done(&gold);
    class_spec_done(&mirrored);
    class_spec_done(&bulk);
    symbols_done(&symbols);
}

int main(int count, char **arguments) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_files_are_accepted),
        cmocka_unit_test(the_masters_tag_types_can_be_declared),
        cmocka_unit_test(class_files_are_accepted_and_say_what_they_seem_to),
    };
    if (count != 2) return 2;
    directory = arguments[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
