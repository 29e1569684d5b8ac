// SPDX-License-Identifier: Apache-2.0
// Errors: sentences, wrapping, kinds and what follows from them.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

static struct err *fails(enum err_kind kind) {
    return err_new(kind, "volume '%s'", "db");
}

static struct err *tries(struct err *e, bool *ret_passed) {
    TRY(e);
    *ret_passed = true;
    return NULL;
}

static void a_cause_keeps_its_kind_and_gets_context_in_front(void **state) {
    (void)state;
    struct err *e = err_wrap(err_wrap(fails(ERR_CONFLICT), "publish"), "agent '%s'", "n7");
    assert_int_equal(err_kind(e), ERR_CONFLICT);
    assert_string_equal(err_text(e), "agent 'n7': publish: volume 'db'");
    err_free(e);
    assert_null(err_wrap(NULL, "nothing"));
    err_free(NULL);
}

static void try_returns_the_error_and_passes_success(void **state) {
    (void)state;
    bool passed = false;
    AUTO_ERR struct err *e = tries(fails(ERR_FULL), &passed);
    assert_non_null(e);
    assert_false(passed);
    assert_null(tries(NULL, &passed));
    assert_true(passed);
}

static void a_system_error_has_the_kind_that_fits_and_the_systems_words(void **state) {
    (void)state;
    const struct {
        int number;
        enum err_kind kind;
    } rows[] = {{ENOSPC, ERR_FULL},   {ENOENT, ERR_NOT_FOUND},   {EBUSY, ERR_CONFLICT},
                {EACCES, ERR_DENIED}, {ETIMEDOUT, ERR_TIMEOUT},  {ECONNREFUSED, ERR_UNAVAILABLE},
                {EIO, ERR_IO},        {ENOSYS, ERR_UNSUPPORTED}, {EADDRINUSE, ERR_CONFLICT}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ERR struct err *e = err_errno(rows[i].number, "mount %s", "/dev/loop3");
        assert_int_equal(err_kind(e), rows[i].kind);
        assert_ptr_equal(strstr(err_text(e), "mount /dev/loop3: "), err_text(e));
    }
    AUTO_ERR struct err *full = err_errno(ENOSPC, "write");
    assert_string_equal(err_text(full), "write: No space left on device");
    AUTO_ERR struct err *odd = err_errno(99999, "write");
    assert_string_equal(err_text(odd), "write: ?");
}

static void every_kind_is_read_back_by_its_name(void **state) {
    (void)state;
    enum err_kind kind;
#define X(row, name, http, exit, retry)                                                                                \
    assert_true(err_kind_parse(name, &kind) && kind == ERR_##row);                                                     \
    assert_string_equal(err_kind_name(kind), name);                                                                    \
    assert_int_equal(err_kind_http(kind), http);                                                                       \
    assert_int_equal(err_kind_exit(kind), exit);                                                                       \
    assert_int_equal(err_kind_retry(kind), retry);                                                                     \
    assert_in_range(http, 400, 599);                                                                                   \
    assert_in_range(exit, 1, 125);
    ERR_KINDS(X)
#undef X
    assert_false(err_kind_parse("strange", &kind));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cause_keeps_its_kind_and_gets_context_in_front),
        cmocka_unit_test(try_returns_the_error_and_passes_success),
        cmocka_unit_test(a_system_error_has_the_kind_that_fits_and_the_systems_words),
        cmocka_unit_test(every_kind_is_read_back_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
