// SPDX-License-Identifier: Apache-2.0
// Numbers as protobuf writes them: what is put is read back, and nothing is read that ends too late or not at all.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "codec/varint.h"

static void what_is_put_is_read_back(void **state) {
    (void)state;
    for (unsigned bits = 0; bits <= 64; bits++) {
        unsigned char bytes[VARINT_LONGEST];
        uint64_t n = bits ? UINT64_MAX >> (64 - bits) : 0, read = ~n;
        const unsigned char *end = varint_put(bytes, n), *at = bytes;
        assert_int_equal(end - bytes, bits ? (bits + 6) / 7 : 1);
        assert_true(varint_read(&at, end, &read));
        assert_true(read == n && at == end);
    }
}

static void what_has_no_end_is_not_read(void **state) {
    (void)state;
    static const unsigned char cut[] = {0x80, 0xff},
                               large[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2},
                               eleven[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0};
    const unsigned char *const rows[] = {cut, large, eleven, cut};
    const size_t sizes[] = {sizeof cut, sizeof large, sizeof eleven, 0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const unsigned char *at = rows[i];
        uint64_t n = 7;
        assert_false(varint_read(&at, rows[i] + sizes[i], &n));
        assert_true(n == 7 && at == rows[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_read_back),
        cmocka_unit_test(what_has_no_end_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
