// SPDX-License-Identifier: Apache-2.0
// Trying what an agent must satisfy, term by term.
#include "core/agent_test.h"

void agent_tests_of_pool(struct agent_tests *tests, const struct pool_row *pool) {
    VEC_EACH (c, &pool->facts->constraints) vec_push(tests, ((struct agent_test){&c->selector, false}));
}

void agent_tests_of_class(struct agent_tests *tests, const struct class_spec *spec) {
    vec_push(tests, ((struct agent_test){&spec->agent, false}));
    vec_push(tests, ((struct agent_test){&spec->pool, true}));
}

void agent_tests_run(const struct symbols *s, const struct agent_tests *tests, const struct tag_set *agent,
                     const struct tag_set *pool, struct agent_failure *ret_failure) {
    struct agent_failure f = {0};
    VEC_EACH (test, tests) {
        const struct selector *sel = test->selector;
        const struct tag_set *own = test->pool_side ? pool : agent, *other = test->pool_side ? agent : pool;
        for (uint32_t i = 0; i < sel->term_count; i++) {
            if (test->pool_side && !term_joins(&sel->terms[i])) continue;
            if (term_holds(s, sel, &sel->terms[i], own, other)) continue;
            if (f.count && term_equal(f.test->selector, &f.test->selector->terms[f.term], sel, &sel->terms[i]))
                continue;
            if (f.count++) continue;
            f.test = test;
            f.term = i;
        }
    }
    *ret_failure = f;
}
