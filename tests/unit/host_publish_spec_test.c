// SPDX-License-Identifier: Apache-2.0
// How long a publish may take.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/quantity.h"
#include "host/deadlines.h"

static int64_t allowed(const char *flag, uint64_t size) {
    AUTO_SHEET struct sheet spec = {0};
    if (flag) sheet_add(&spec, flag, "1");
    sheet_add_u64(&spec, "size", size);
    return publish_ms(&spec);
}

static void a_publish_is_allowed_what_its_steps_are(void **state) {
    (void)state;
    int64_t least = allowed(NULL, GIB);
    assert_true(least > DEVICE_APPEAR_MS + FS_CHECK_MS);
    assert_true(allowed("may_format", GIB) >= least + MKFS_MS);
    assert_true(allowed("grow_fs", GIB) >= least + 2 * FS_GROW_MS);
}

static void zeroing_is_allowed_time_by_size(void **state) {
    (void)state;
    int64_t least = allowed(NULL, 1);
    assert_true(allowed("zero_first", 1) > least);
    assert_true(allowed("zero_first", 100 * GIB) >= least + (int64_t)100 * ZERO_GIB_MS);
    assert_int_equal(allowed("zero_first", 0), allowed("zero_first", TIB));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publish_is_allowed_what_its_steps_are),
        cmocka_unit_test(zeroing_is_allowed_time_by_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
