// SPDX-License-Identifier: Apache-2.0
// Log lines: one line each whatever is in them, valid JSON whatever is in them, nothing below the level.
#include "sys/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"

// What is written to standard error while `act` runs.
static void capture(struct text *t, void (*act)(void)) {
    int ends[2], kept = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    act();
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    ssize_t n = read(ends[0], text_room(t, 4096), 4096);
    if (n > 0) text_added(t, (size_t)n);
    close(ends[0]);
}

static void log_plain(void) {
    log_set(LOG_INFO_LEVEL, false, "master");
    log_debug("not shown");
    log_info("volume=%s size=%d", "db", 5);
    log_warn("two\nlines\r\n\x1b[31mred \xc3\xa9 \xff end");
}

static void a_line_is_one_line_and_below_the_level_there_is_none(void **state) {
    (void)state;
    AUTO_TEXT struct text t = {0};
    capture(&t, log_plain);
    const char *second = strchr(t.data, '\n') + 1;
    // 2026-01-31T12:00:00.123Z INFO ...
    assert_true(t.data[4] == '-' && t.data[10] == 'T' && t.data[19] == '.' && t.data[23] == 'Z');
    assert_true(text_starts(t.data + 24, " INFO master: volume=db size=5\n"));
    assert_string_equal(second + 24, " WARN master: two lines   [31mred \xc3\xa9 ? end\n");
}

static void log_json(void) {
    log_set(LOG_ERROR_LEVEL, true, "agent");
    log_warn("not shown");
    log_error("a \"quoted\" \\ path\twith \xe2\x82\xac and \xe2\x82");
}

static void json_lines_are_valid_whatever_the_bytes(void **state) {
    (void)state;
    AUTO_TEXT struct text t = {0};
    capture(&t, log_json);
    assert_true(text_starts(t.data, "{\"time\":\"20"));
    assert_string_equal(strstr(t.data, "\",\"level\""),
                        "\",\"level\":\"ERROR\",\"process\":\"agent\",\"message\":\"a \\\"quoted\\\" \\\\ "
                        "path with \xe2\x82\xac and ??\"}\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_one_line_and_below_the_level_there_is_none),
        cmocka_unit_test(json_lines_are_valid_whatever_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
