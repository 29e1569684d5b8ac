// SPDX-License-Identifier: Apache-2.0
// What agents and providers say to the master, as they post it.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "master_desk.h"

#define UUID_1 "AAAAAAAAQACAAAAAAAAAAQ==" // base64
#define UUID_2 "AAAAAAAAQACAAAAAAAAAAg=="

static uint32_t foreign_of(const struct desk *d, const char *provider) {
    return state_provider_named(master_state(d->m), provider)->foreign_objects;
}

static void a_list_in_parts_counts_when_its_last_part_is_there(void **state) {
    struct desk *d = *state;
    desk_provider(d);
    desk_post(d, "provider",
              "{'envelopes':[{'from_provider':{'objects':{'volumes':'" UUID_1 "','foreign':2,'more':true}}}]}");
    assert_int_equal(foreign_of(d, "file"), 0);
    desk_post(d, "provider", "{'envelopes':[{'from_provider':{'objects':{'volumes':'" UUID_2 "'}}}]}");
    assert_int_equal(foreign_of(d, "file"), 4); // the registry knows neither volume
    desk_post(d, "provider", "{'envelopes':[{'from_provider':{'objects':{'foreign':1}}}]}");
    assert_int_equal(foreign_of(d, "file"), 1);
}

static void a_session_that_ends_takes_its_parts_with_it(void **state) {
    struct desk *d = *state;
    desk_provider(d);
    desk_post(d, "provider", "{'envelopes':[{'from_provider':{'objects':{'foreign':7,'more':true}}}]}");
    desk_provider(d);
    desk_post(d, "provider", "{'envelopes':[{'from_provider':{'objects':{'foreign':1}}}]}");
    assert_int_equal(foreign_of(d, "file"), 1);
}

static void who_belongs_to_another_cluster_is_refused(void **state) {
    struct desk *d = *state;
    static const char *const hellos[][2] = {{"agent", "{'name':'n1','cluster':'%s','highest_seen':1000}"},
                                            {"provider", "{'name':'file','driver':'memory','cluster':'%s'}"}};
    for (size_t i = 0; i < ARRAY_LEN(hellos); i++) {
        const char *other = hellos[i][1], *own = "07000000-0000-0000-0000-000000000000";
        const struct output *o = desk_hello(d, hellos[i][0], arena_format(&d->arena, other, "elsewhere"));
        assert_non_null(o);
        assert_int_equal(o->status, 409);
        expect_words(arena_text_n(&d->arena, o->body, o->size), "belongs to cluster 'elsewhere' and this master's is");
        o = desk_hello(d, hellos[i][0], arena_format(&d->arena, i ? other : "{'name':'n1','cluster':'%s'}", own));
        if (o) fail_msg("%.*s", (int)o->size, o->body);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_list_in_parts_counts_when_its_last_part_is_there),
        T(a_session_that_ends_takes_its_parts_with_it),
        T(who_belongs_to_another_cluster_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
