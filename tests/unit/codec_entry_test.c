// SPDX-License-Identifier: Apache-2.0
// Maps of texts, whatever message they are in.
#include "codec/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json_read.h"
#include "codec/json_write.h"
#include "granary_api.pb-c.h"

static void entries_are_added_behind_those_that_were_read(void **state UNUSED) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text json = {0};
    static const char said[] = "{\"name\":\"db\",\"class\":\"gold\",\"size\":1,\"labels\":{\"app\":\"shop\"}}";
    void *message;
    char key[] = "tier";
    assert_null(
        json_read(&granary__volume_create__descriptor, said, strlen(said), JSON_STRICT, NULL, &arena, &message));
    entry_add(message, "labels", (struct text_entry){key, "web"}, &arena);
    entry_add(message, "labels", (struct text_entry){"x", ""}, &arena);
    key[0] = '?'; // it was copied
    const Granary__VolumeCreate *m = message;
    assert_int_equal(entry_count(message, "labels"), 3);
    assert_string_equal(entry_get(message, "labels", 0).value, "shop");
    assert_string_equal(entry_get(message, "labels", 1).key, "tier");
    assert_string_equal(m->labels[1]->value, "web");
    json_write(&json, &m->base, 0);
    assert_non_null(strstr(text_string(&json), "\"labels\":{\"app\":\"shop\",\"tier\":\"web\",\"x\":\"\"}"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_added_behind_those_that_were_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
