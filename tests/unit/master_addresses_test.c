// SPDX-License-Identifier: Apache-2.0
// Agents are told the data addresses of pools: all of them, once, and again when they change.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "master_desk.h"

// How often the latest input told that stream this address.
static size_t told(const struct desk *d, uint64_t stream, const char *address) {
    size_t count = 0;
    VEC_EACH (o, &d->out.list) {
        if (o->kind != OUTPUT_STREAM_WRITE || o->target != stream) continue;
        count += memmem(o->body, o->size, address, strlen(address)) != NULL;
    }
    return count;
}

#define POOL(name, address) "{'name':'" name "','total':{'bytes':'1073741824'},'data_address':'" address "'}"

static void an_agent_that_comes_is_told_what_there_is(void **state) {
    struct desk *d = *state;
    desk_provider_of(d, "a", POOL("x", "10.1.0.7:3260") "," POOL("y", "10.1.0.7:3260") "," POOL("z", "10.1.0.8:3260"));
    uint64_t agent = desk_agent(d);
    assert_int_equal(told(d, agent, "10.1.0.7:3260"), 1);
    assert_int_equal(told(d, agent, "10.1.0.8:3260"), 1);
}

static void an_agent_that_is_there_is_told_what_is_new(void **state) {
    struct desk *d = *state;
    uint64_t agent = desk_agent(d);
    desk_provider_of(d, "a", POOL("x", "10.1.0.7:3260"));
    assert_int_equal(told(d, agent, "10.1.0.7:3260"), 1);
    desk_provider_of(d, "b", POOL("x", "10.1.0.9:3260"));
    assert_int_equal(told(d, agent, "10.1.0.7:3260"), 1); // all that there are, each time
    assert_int_equal(told(d, agent, "10.1.0.9:3260"), 1);
}

static void the_same_addresses_are_not_told_again(void **state) {
    struct desk *d = *state;
    uint64_t agent = desk_agent(d);
    desk_provider_of(d, "a", POOL("x", "10.1.0.7:3260"));
    desk_provider_of(d, "a", POOL("x", "10.1.0.7:3260") "," POOL("y", "10.1.0.7:3260"));
    assert_int_equal(told(d, agent, "10.1.0.7:3260"), 0);
}

static void an_address_that_no_pool_has_any_more_leaves(void **state) {
    struct desk *d = *state;
    desk_provider_of(d, "a", POOL("x", "10.1.0.7:3260"));
    desk_provider_of(d, "a", POOL("x", "10.1.0.8:3260"));
    uint64_t agent = desk_agent(d);
    assert_int_equal(told(d, agent, "10.1.0.7:3260"), 0);
    assert_int_equal(told(d, agent, "10.1.0.8:3260"), 1);
}

static void pools_without_an_address_say_nothing(void **state) {
    struct desk *d = *state;
    desk_provider(d);
    uint64_t agent = desk_agent(d);
    size_t writes = 0;
    VEC_EACH (o, &d->out.list) writes += o->kind == OUTPUT_STREAM_WRITE && o->target == agent;
    assert_int_equal(writes, 1); // the welcome
}

static void there_is_a_bound(void **state) {
    struct desk *d = *state;
    AUTO_TEXT struct text pools = {0};
    for (int i = 0; i < 100; i++)
        text_addf(&pools, "%s{'name':'p%d','total':{'bytes':'1073741824'},'data_address':'10.2.0.%d:3260;'}",
                  i ? "," : "", i, i);
    desk_provider_of(d, "a", pools.data);
    uint64_t agent = desk_agent(d);
    assert_int_equal(told(d, agent, "10.2.0.63:3260;"), 1);
    assert_int_equal(told(d, agent, "10.2.0.64:3260;"), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(an_agent_that_comes_is_told_what_there_is), T(an_agent_that_is_there_is_told_what_is_new),
        T(the_same_addresses_are_not_told_again),     T(an_address_that_no_pool_has_any_more_leaves),
        T(pools_without_an_address_say_nothing),      T(there_is_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
