// SPDX-License-Identifier: Apache-2.0
// Linked into every cmocka program: runs the tests alone that $CMOCKA_TEST_FILTER names.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void filter_take(void) {
    const char *filter = getenv("CMOCKA_TEST_FILTER");
    if (filter) cmocka_set_test_filter(filter);
}
