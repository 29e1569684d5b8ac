// SPDX-License-Identifier: Apache-2.0
// Configuration files of every process, read alike.
#include "wire/setting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "codec/yaml.h"

static struct settings *given(enum process_kind kind, const char *yaml, struct arena *arena) {
    struct settings *s = settings_new(kind);
    AUTO_ERR struct err *e = settings_give_yaml(s, "m.yaml", yaml, strlen(yaml), arena);
    if (e) fail_msg("%s", err_text(e));
    return s;
}

static void a_key_without_a_value_is_as_one_left_out(void **state) {
    (void)state;
    static const enum process_kind kinds[] = {PROCESS_MASTER, PROCESS_AGENT, PROCESS_PROVIDER, PROCESS_DEV};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        AUTO_ARENA struct arena arena = {0};
        struct settings *s = given(kinds[i], "log-level:\nlog-format: json\n", &arena);
        assert_string_equal(settings_text(s, "log-level"), "info");
        assert_string_equal(settings_text(s, "log-format"), "json");
        settings_free(s);
    }
}

static void an_empty_file_says_nothing(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    settings_free(given(PROCESS_CLI, "", &arena));
    settings_free(given(PROCESS_CLI, "# nothing yet\n", &arena));
}

static void lists_and_trees_come_from_the_file(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    size_t count;
    struct settings *s = given(PROCESS_AGENT, "ports: []\ntags:\n  - rack=r1\n  - room=5\n", &arena);
    assert_string_equal(settings_list(s, "tags", &count)[1], "room=5");
    assert_int_equal(count, 2);
    assert_int_equal((settings_list(s, "ports", &count), count), 0);
    settings_free(s);
    s = given(PROCESS_MASTER, "roles:\n  web: 2\n", &arena);
    const struct yaml_node *roles = settings_tree(s, "roles");
    assert_string_equal(roles->pairs[0].key, "web");
    settings_free(s);
}

static void what_is_wrong_is_told_with_its_line(void **state) {
    (void)state;
    static const struct {
        const char *yaml, *words;
    } rows[] = {
        {"cluster: x\nlisten:\n  port: 1\n", "m.yaml:3: listen: needs a single value"},
        {"listen: [a, b]\n", "m.yaml:1: listen: needs a single value"},
        {"cluster: x\nhartbeat: 1s\n", "m.yaml:2: hartbeat: unknown setting of the master; did you mean 'heartbeat'?"},
        {"heartbeat: soon\n", "m.yaml:1: heartbeat: "},
        {"roles: web\n---\nroles: x\n", "configuration m.yaml: must be one map of settings"},
        {"- cluster\n", "configuration m.yaml: must be one map of settings"},
        {"cluster: [\n", "configuration m.yaml: line 2"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena arena = {0};
        struct settings *s = settings_new(PROCESS_MASTER);
        AUTO_ERR struct err *e = settings_give_yaml(s, "m.yaml", rows[i].yaml, strlen(rows[i].yaml), &arena);
        if (!e || !strstr(err_text(e), rows[i].words))
            fail_msg("expected '%s' in: %s", rows[i].words, e ? err_text(e) : "no error");
        settings_free(s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_without_a_value_is_as_one_left_out),
        cmocka_unit_test(an_empty_file_says_nothing),
        cmocka_unit_test(lists_and_trees_come_from_the_file),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
