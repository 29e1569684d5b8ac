// SPDX-License-Identifier: Apache-2.0
// Run with CMOCKA_TEST_FILTER=*chosen, which leaves out the second test: it would fail.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void this_one_is_chosen(void **state) {
    (void)state;
}

static void this_one_is_left_out(void **state) {
    (void)state;
    fail_msg("$CMOCKA_TEST_FILTER was not read");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_one_is_chosen),
        cmocka_unit_test(this_one_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
