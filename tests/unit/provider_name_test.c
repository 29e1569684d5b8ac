// SPDX-License-Identifier: Apache-2.0
// Names at the storage: there and back, and never another cluster's.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "provider/name.h"

static void a_name_gives_back_its_volume(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        struct uuid u, back;
        char name[STORAGE_NAME];
        uint64_t halves[2] = {hash_u64(i), i % 3 ? hash_u64(i + 7) : 0};
        memcpy(u.bytes, halves, sizeof u.bytes);
        storage_name("c1", u, name);
        assert_int_equal(strlen(name), 31);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), 31);
        assert_true(storage_name_parse(name, "c1", &back));
        assert_true(uuid_equal(u, back));
        assert_false(storage_name_parse(name, "c2", &back));
    }
}

static void other_names_are_nobodys(void **state) {
    (void)state;
    struct uuid u = {.bytes = {1, 2, 3}}, back;
    char name[STORAGE_NAME];
    storage_name("c1", u, name);
    for (size_t i = 0; i < 31; i++) {
        char other[STORAGE_NAME];
        memcpy(other, name, sizeof other);
        other[i] = '!';
        assert_false(storage_name_parse(other, "c1", &back));
    }
    assert_false(storage_name_parse("", "c1", &back));
    assert_false(storage_name_parse("vol-0abc", "c1", &back));
    name[27] = '7'; // a digit that holds more than the last bits of a UUID
    assert_false(storage_name_parse(name, "c1", &back));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_gives_back_its_volume),
        cmocka_unit_test(other_names_are_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
