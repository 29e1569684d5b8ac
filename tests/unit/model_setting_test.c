// SPDX-License-Identifier: Apache-2.0
// Settings: precedence, what is refused and where, and help.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/must.h"
#include "model/setting.h"

static struct err *give(struct settings *s, enum setting_source source, const char *name, const char *value,
                        unsigned line) {
    struct setting_given given = {.name = name, .value = value, .source = source, .file = "m.yaml", .line = line};
    return settings_give(s, &given);
}

static void expect_words(struct err *given, const char *words) {
    AUTO_ERR struct err *e = given;
    if (!e) fail_msg("no error, not '%s'", words);
    if (!strstr(err_text(e), words)) fail_msg("'%s' is not in: %s", words, err_text(e));
}

static void the_later_source_wins_in_any_order_of_feeding(void **state) {
    (void)state;
    static const enum setting_source orders[][3] = {{FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG},
                                                    {FROM_FLAG, FROM_ENVIRONMENT, FROM_FILE},
                                                    {FROM_ENVIRONMENT, FROM_FLAG, FROM_FILE}};
    static const char *const values[] = {"", "1s", "2s", "3s"};
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct settings *s = settings_new(PROCESS_MASTER);
        assert_int_equal(settings_duration(s, "heartbeat"), 5000);
        int64_t highest = 0;
        for (size_t j = 0; j < 3; j++) {
            assert_null(give(s, orders[i][j], "heartbeat", values[orders[i][j]], 1));
            if (orders[i][j] > highest) highest = orders[i][j];
            assert_int_equal(settings_duration(s, "heartbeat"), highest * 1000);
            assert_int_equal(settings_source(s, "heartbeat"), highest);
        }
        settings_free(s);
    }
    settings_free(NULL);
}

static void an_unknown_name_says_its_line_and_the_nearest_known_one(void **state) {
    (void)state;
    struct settings *s = settings_new(PROCESS_MASTER);
    expect_words(give(s, FROM_FILE, "hartbeat", "1s", 12),
                 "m.yaml:12: hartbeat: unknown setting of the master; did you mean 'heartbeat'?");
    expect_words(give(s, FROM_FLAG, "data_dir", "x", 0),
                 "--data_dir: unknown setting of the master; did you mean '--data-dir'?");
    expect_words(give(s, FROM_FILE, "nothing-like-it", "x", 3),
                 "m.yaml:3: nothing-like-it: unknown setting of the master; --help");
    settings_free(s);
}

static void a_wrong_value_says_where_it_stands(void **state) {
    (void)state;
    struct settings *s = settings_new(PROCESS_MASTER), *a = settings_new(PROCESS_AGENT);
    expect_words(give(s, FROM_FILE, "heartbeat", "fast", 4), "m.yaml:4: heartbeat: duration 'fast'");
    expect_words(give(s, FROM_FILE, "heartbeat", "10ms", 4), "10ms is below the least, 100ms");
    expect_words(give(s, FROM_ENVIRONMENT, "heartbeat", "1h", 0), "GRANARY_HEARTBEAT: 1h is above the most, 5m00s");
    expect_words(give(s, FROM_FLAG, "log-level", "loud", 0), "--log-level: 'loud' is none of debug|info|warning|error");
    expect_words(give(s, FROM_FILE, "log-level", "deb", 1), "none of");
    expect_words(give(s, FROM_FILE, "listen", "5050", 1), "HOST:PORT");
    expect_words(give(s, FROM_FILE, "listen", "localhost:99999", 1), "not a port");
    expect_words(give(s, FROM_FILE, "max-connections", "1.5", 1), "not a whole number");
    expect_words(give(a, FROM_FILE, "master", "localhost", 1), "write a URL");
    expect_words(give(a, FROM_FILE, "tags", "a b=1", 7), "m.yaml:7: tags: tag 'a b'");
    expect_words(give(a, FROM_FILE, "allow-root-tasks", "maybe", 1), "not true or false");
    expect_words(give(a, FROM_FILE, "cpus", "2GiB", 1), "such as 2 or 1.5");
    expect_words(give(a, FROM_FILE, "ports", "5-1", 1), "the first is above the last");
    expect_words(give(s, FROM_FILE, "roles", "web", 9), "m.yaml:9: roles: can be given in the file only, as a map");
    expect_words(give(s, FROM_FILE, "listen", NULL, 9), "needs a single value");
    assert_int_equal(settings_duration(s, "heartbeat"), 5000);
    settings_free(s);
    settings_free(a);
}

static void a_key_twice_in_a_file_is_refused(void **state) {
    (void)state;
    struct settings *s = settings_new(PROCESS_MASTER);
    assert_null(give(s, FROM_FILE, "cluster", "one", 3));
    expect_words(give(s, FROM_FILE, "cluster", "two", 9), "m.yaml:9: cluster: given twice; line 3 has it already");
    assert_string_equal(settings_text(s, "cluster"), "one");
    assert_null(give(s, FROM_FLAG, "cluster", "three", 0));
    assert_null(give(s, FROM_FLAG, "cluster", "four", 0));
    assert_string_equal(settings_text(s, "cluster"), "four");
    settings_free(s);
}

static void a_list_is_replaced_as_a_whole_by_the_later_source(void **state) {
    (void)state;
    struct settings *s = settings_new(PROCESS_AGENT);
    size_t count;
    assert_string_equal(settings_list(s, "ports", &count)[0], "31000-32000");
    assert_null(give(s, FROM_FILE, "tags", "rack=r1", 2));
    assert_null(give(s, FROM_FILE, "tags", "power=feed-A", 3));
    assert_int_equal((settings_list(s, "tags", &count), count), 2);
    const char *const environment[] = {"HOME=/x", "GRANARY_TAGS=rack=r2,room=5,hw/infiniband", "GRANARY_TAGS_X=1",
                                       "GRANARY_LISTEN=nonsense of another process", NULL};
    assert_null(settings_give_environment(s, environment));
    const char *const *tags = settings_list(s, "tags", &count);
    assert_int_equal(count, 3);
    assert_string_equal(tags[0], "rack=r2");
    assert_string_equal(tags[2], "hw/infiniband");
    assert_null(give(s, FROM_FILE, "tags", "late=1", 4));
    assert_int_equal((settings_list(s, "tags", &count), count), 3);
    assert_null(give(s, FROM_FLAG, "ports", "", 0));
    assert_int_equal((settings_list(s, "ports", &count), count), 0);
    settings_free(s);
}

static void flags_are_taken_up_to_the_first_argument(void **state) {
    (void)state;
    struct settings *s = settings_new(PROCESS_AGENT);
    const char *const arguments[] = {"--name",     "n1",     "--tags=a=1", "--tags", "b=2",    "--allow-root-tasks",
                                     "--mem=4GiB", "--cpus", "1.5",        "run",    "--name", "n2",
                                     NULL};
    size_t used, count;
    assert_null(settings_give_flags(s, arguments, &used));
    assert_int_equal(used, 9);
    assert_string_equal(settings_text(s, "name"), "n1");
    assert_string_equal(settings_list(s, "tags", &count)[1], "b=2");
    assert_int_equal(count, 2);
    assert_true(settings_bool(s, "allow-root-tasks"));
    assert_true(settings_size(s, "mem").n == 4 * GIB);
    assert_int_equal(settings_scalar(s, "cpus").n, 1500);
    const char *const stop[] = {"--user", "web", "--", "--name", NULL};
    assert_null(settings_give_flags(s, stop, &used));
    assert_int_equal(used, 3);
    const char *const alone[] = {"--name", NULL}, *const odd[] = {"-x", NULL}, *const wrong[] = {"--nmae", "x", NULL};
    expect_words(settings_give_flags(s, alone, &used), "--name: needs a value: --name NAME");
    expect_words(settings_give_flags(s, odd, &used), "-x: unknown flag");
    expect_words(settings_give_flags(s, wrong, &used), "did you mean '--name'?");
    settings_free(s);
}

static void what_is_required_or_contradicts_is_said_at_the_end(void **state) {
    (void)state;
    struct settings *p = settings_new(PROCESS_PROVIDER), *m = settings_new(PROCESS_MASTER);
    expect_words(settings_complete(p),
                 "setting 'name' of the provider is missing; give it in the file, as --name or as GRANARY_NAME");
    assert_null(give(p, FROM_FILE, "name", "ebs", 1));
    expect_words(settings_complete(p), "setting 'driver'");
    assert_null(give(p, FROM_FILE, "driver", "file", 2));
    assert_null(settings_complete(p));
    assert_null(settings_complete(m));
    assert_null(give(m, FROM_FLAG, "agent-lost", "9s", 0));
    expect_words(settings_complete(m), "at least twice as long");
    settings_free(p);
    settings_free(m);
}

static void a_tree_is_kept_for_who_reads_it(void **state) {
    (void)state;
    struct settings *s = settings_new(PROCESS_PROVIDER);
    int node = 0;
    struct setting_given given = {.name = "instances", .tree = &node, .source = FROM_FILE, .file = "p.yaml", .line = 5};
    assert_null(settings_tree(s, "instances"));
    assert_false(settings_has(s, "instances"));
    assert_null(settings_give(s, &given));
    assert_ptr_equal(settings_tree(s, "instances"), &node);
    assert_true(settings_has(s, "instances"));
    settings_free(s);
}

static void each_table_is_sound_and_all_of_it_is_in_help(void **state) {
    (void)state;
    for (int kind = PROCESS_MASTER; kind <= PROCESS_CLI; kind++) {
        size_t count;
        const struct setting *rows = setting_table((enum process_kind)kind, &count);
        struct settings *s = settings_new((enum process_kind)kind);
        AUTO_TEXT struct text help = {0}, variable = {0};
        setting_help((enum process_kind)kind, &help);
        for (size_t i = 0; i < count; i++) {
            assert_ptr_equal(setting_find((enum process_kind)kind, rows[i].name), &rows[i]);
            assert_non_null(rows[i].help);
            assert_non_null(strstr(help.data, rows[i].help));
            assert_int_equal(rows[i].choices != NULL, rows[i].kind == SETTING_CHOICE);
            assert_int_equal(rows[i].word == NULL, rows[i].kind == SETTING_TREE || rows[i].kind == SETTING_BOOL);
            text_clear(&variable);
            setting_variable(&rows[i], &variable);
            if (rows[i].kind != SETTING_TREE) assert_non_null(strstr(help.data, variable.data));
        }
        settings_free(s);
    }
}

static void help_is_aligned(void **state) {
    (void)state;
    AUTO_TEXT struct text help = {0};
    setting_help(PROCESS_CLI, &help);
    assert_string_equal(
        help.data,
        "  --master URL       where the master answers (default http://127.0.0.1:5050; GRANARY_MASTER)\n"
        "  --token-file FILE  file with a token that is sent to the master, which does not check it yet "
        "(GRANARY_TOKEN_FILE)\n"
        "  --output FORMAT    table for people, json for programs (table, json; default table; GRANARY_OUTPUT)\n"
        "  --timeout TIME     how long to wait for the master's answer (default 30s; GRANARY_TIMEOUT)\n");
}

// Whoever gives it to the master believes that it is checked.
static void the_master_takes_no_token_while_it_checks_none(void **state) {
    (void)state;
    assert_null(setting_find(PROCESS_MASTER, "token-file"));
    assert_non_null(setting_find(PROCESS_AGENT, "token-file"));
}

static void a_daemon_can_show_where_each_value_came_from(void **state) {
    (void)state;
    struct settings *s = settings_new(PROCESS_CLI);
    AUTO_TEXT struct text out = {0};
    assert_null(give(s, FROM_FILE, "timeout", "5s", 3));
    assert_null(give(s, FROM_ENVIRONMENT, "output", "json", 0));
    settings_show(s, &out);
    assert_string_equal(out.data, "master: http://127.0.0.1:5050 (from default)\noutput: json (from GRANARY_OUTPUT)\n"
                                  "timeout: 5s (from m.yaml:3)\n");
    settings_free(s);
}

static void port_ranges_are_read(void **state) {
    (void)state;
    uint32_t begin, end;
    assert_null(port_range_parse("31000-32000", &begin, &end));
    assert_true(begin == 31000 && end == 32000);
    assert_null(port_range_parse("80", &begin, &end));
    assert_true(begin == 80 && end == 80);
    const char *bad[] = {"", "-", "1-", "-1", "65536", "1-2-3", "99999999999", "a-b"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_ERR struct err *e = port_range_parse(bad[i], &begin, &end);
        if (!e) fail_msg("'%s' was accepted", bad[i]);
    }
}

static void buses_of_attach_slots_are_read(void **state) {
    (void)state;
    size_t size;
    uint32_t slots;
    assert_null(attach_bus_parse("ebs=27", &size, &slots));
    assert_true(size == 3 && slots == 27);
    assert_null(attach_bus_parse("ebs+nvme=0", &size, &slots));
    assert_true(size == 8 && slots == 0);
    const char *bad[] = {"", "ebs", "ebs=", "=3", "ebs=-1", "ebs=65537", "ebs+=3", "e bs=3", "ebs=3x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_ERR struct err *e = attach_bus_parse(bad[i], &size, &slots);
        if (!e) fail_msg("'%s' was accepted", bad[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_later_source_wins_in_any_order_of_feeding),
        cmocka_unit_test(an_unknown_name_says_its_line_and_the_nearest_known_one),
        cmocka_unit_test(a_wrong_value_says_where_it_stands),
        cmocka_unit_test(a_key_twice_in_a_file_is_refused),
        cmocka_unit_test(a_list_is_replaced_as_a_whole_by_the_later_source),
        cmocka_unit_test(flags_are_taken_up_to_the_first_argument),
        cmocka_unit_test(what_is_required_or_contradicts_is_said_at_the_end),
        cmocka_unit_test(a_tree_is_kept_for_who_reads_it),
        cmocka_unit_test(each_table_is_sound_and_all_of_it_is_in_help),
        cmocka_unit_test(help_is_aligned),
        cmocka_unit_test(the_master_takes_no_token_while_it_checks_none),
        cmocka_unit_test(a_daemon_can_show_where_each_value_came_from),
        cmocka_unit_test(port_ranges_are_read),
        cmocka_unit_test(buses_of_attach_slots_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
