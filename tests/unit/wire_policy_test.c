// SPDX-License-Identifier: Apache-2.0
// Versions of the policy from records whose tag types have changed since.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core_world.h"
#include "wire/policy.h"
#include "wire/record.h"

// A version with class 'odd', which asks zone >= 5, as a record.
static void record_make(struct world *w, bool active, struct text *out) {
    struct intake in = {.symbols = &w->state->symbols, .arena = &w->arena};
    Granary__Class odd = GRANARY__CLASS__INIT, plain = GRANARY__CLASS__INIT, *classes[] = {&odd, &plain};
    odd.name = "odd";
    odd.pool = "zone >= 5";
    plain.name = "plain";
    struct policy_row p = {.id = 7, .number = 3, .active = active};
    expect_ok(policy_shared_from(&in, classes, 2, &p.doc));
    record_object_pack(w->state, NOUN_POLICY, &p, 1, out);
    intake_done(&in);
}

static struct err *record_read(bool active, enum value_type type, struct arena *arena, struct policy_row *ret_policy) {
    struct world *w = world_new();
    struct symbols symbols = {0};
    AUTO_TEXT struct text bytes = {0};
    struct record record;
    record_make(w, active, &bytes);
    expect_ok(symbols_declare(&symbols, "zone", type));
    struct intake in = {.symbols = &symbols, .arena = arena};
    struct err *e = record_object_unpack(&in, bytes.data, bytes.size, &record);
    if (!e) *ret_policy = *(const struct policy_row *)record.events[0].row;
    if (!e) assert_int_equal(ret_policy->doc->classes.count, ret_policy->broken ? 1 : 2);
    intake_done(&in);
    symbols_done(&symbols);
    world_free(w);
    return e;
}

static void a_version_that_cannot_be_read_any_more_does_not_stop_a_start(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct policy_row p;
    expect_ok(record_read(false, VALUE_NUMBER, &arena, &p));
    assert_null(p.broken);
    expect_ok(record_read(false, VALUE_NETWORK, &arena, &p));
    assert_non_null(strstr(p.broken, "class 'odd': pool"));
    expect_err(policy_whole(&p), ERR_CONFLICT, "policy 3: it cannot be read any more: class 'odd'");
}

static void the_one_that_is_on_must_be_whole(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct policy_row p;
    expect_err(record_read(true, VALUE_NETWORK, &arena, &p), ERR_CORRUPT, "policy 3: class 'odd'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_that_cannot_be_read_any_more_does_not_stop_a_start),
        cmocka_unit_test(the_one_that_is_on_must_be_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
