// SPDX-License-Identifier: Apache-2.0
// Where a task may see a volume.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/path.h"

static void directories_below_the_root_or_the_sandbox_pass(void **state UNUSED) {
    static const char *const good[] = {"/data", "data", "/a//b/./c", "..a/b..", "/.hidden"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_null(container_path_check(good[i]));
}

static void what_could_hide_or_leave_the_root_is_refused(void **state UNUSED) {
    static char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    const char *const bad[] = {NULL, "", "/", "//", ".", "/./", "..", "/a/..", "../a", "a/../b", "./.", "/..", longer};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO_ERR struct err *e = container_path_check(bad[i]);
        if (!e) fail_msg("'%s' passes", bad[i] ? bad[i] : "(none)");
        assert_int_equal(err_kind(e), ERR_INVALID);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directories_below_the_root_or_the_sandbox_pass),
        cmocka_unit_test(what_could_hide_or_leave_the_root_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
