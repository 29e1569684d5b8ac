// SPDX-License-Identifier: Apache-2.0
// The selectors that an agent must satisfy for a pool or a class, tried one by one: which terms fail, for sentences and
// suggestions. Decisions use the index instead.
#ifndef CORE_AGENT_TEST_H
#define CORE_AGENT_TEST_H

#include "core/row.h"

struct agent_test {
    const struct selector *selector; // borrowed
    bool pool_side;                  // its joins only, on the pool's tags
};
VEC_TYPE(agent_tests, struct agent_test); // ended by vec_done

void agent_tests_of_pool(struct agent_tests *tests, const struct pool_row *pool); // which has reported
void agent_tests_of_class(struct agent_tests *tests, const struct class_spec *spec);

struct agent_failure {
    size_t count;                  // of different terms that do not hold
    const struct agent_test *test; // of the first one; NULL: all hold
    uint32_t term;
};
void agent_tests_run(const struct symbols *s, const struct agent_tests *tests, const struct tag_set *agent,
                     const struct tag_set *pool, struct agent_failure *ret_failure);

#endif
