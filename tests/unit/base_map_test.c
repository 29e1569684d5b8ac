// SPDX-License-Identifier: Apache-2.0
// The map against a naive model: an array searched from the front.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"

struct pair {
    uint64_t key, value;
};
struct model {
    VEC(struct pair) pairs; // in insertion order
};

static uint64_t seed;
static unsigned chance(unsigned below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

static struct pair *model_find(struct model *m, uint64_t key) {
    VEC_EACH (p, &m->pairs)
        if (p->key == key) return p;
    return NULL;
}

static void model_remove(struct model *m, struct pair *p) {
    vec_remove(&m->pairs, p - m->pairs.at);
}

static const char *key_text(uint64_t key) {
    static char text[64];
    snprintf(text, sizeof text, "%.*s%llu", (int)(key % 20), "a-long-prefix-of-keys", (unsigned long long)key);
    return text;
}

static void expect_same(const struct map *m, const struct model *model, bool texts) {
    size_t i = 0;
    MAP_EACH (e, m) {
        assert_true(i < model->pairs.count);
        if (texts)
            assert_string_equal(e->key.bytes, key_text(model->pairs.at[i].key));
        else
            assert_true(e->key.number == model->pairs.at[i].key);
        assert_true(e->value.n == model->pairs.at[i].value);
        i++;
    }
    assert_int_equal(i, model->pairs.count);
    assert_int_equal(map_count(m), i);
}

static void one_step(struct map *m, struct model *model, bool texts, unsigned keys) {
    uint64_t key = chance(keys), value = chance(1000);
    struct pair *known = model_find(model, key);
    unsigned what = chance(3);
    if (what == 0) {
        bool fresh;
        union map_value *v = texts ? map_put_text(m, key_text(key), &fresh) : map_put(m, key, &fresh);
        assert_int_equal(fresh, known == NULL);
        if (fresh) assert_true(v->n == 0);
        v->n = value;
        if (known)
            known->value = value;
        else
            vec_push(&model->pairs, ((struct pair){key, value}));
    } else if (what == 1) {
        bool there = texts ? map_remove_text(m, key_text(key)) : map_remove(m, key);
        assert_int_equal(there, known != NULL);
        if (known) model_remove(model, known);
    } else {
        union map_value *v = texts ? map_find_text(m, key_text(key)) : map_find(m, key);
        assert_int_equal(v != NULL, known != NULL);
        if (v) assert_true(v->n == known->value);
    }
}

static void run_against_the_model(bool texts) {
    static const unsigned key_counts[] = {1, 8, 100, 1000};
    for (size_t k = 0; k < ARRAY_LEN(key_counts); k++) {
        struct map m = {0};
        struct model model = {{0}};
        seed = k + 1;
        for (int i = 0; i < 6000; i++) {
            one_step(&m, &model, texts, key_counts[k]);
            if (i % 100 == 0) expect_same(&m, &model, texts);
        }
        expect_same(&m, &model, texts);
        map_done(&m);
        vec_done(&model.pairs);
    }
}

static void numbers_agree_with_the_model_in_insertion_order(void **state) {
    (void)state;
    run_against_the_model(false);
}
static void texts_agree_with_the_model_in_insertion_order(void **state) {
    (void)state;
    run_against_the_model(true);
}

static void keys_may_be_any_bytes_also_none(void **state) {
    (void)state;
    struct map m = {0};
    map_put_bytes(&m, "a\0b", 3, NULL)->n = 1;
    map_put_bytes(&m, "a\0c", 3, NULL)->n = 2;
    map_put_bytes(&m, "", 0, NULL)->n = 3;
    assert_true(map_find_bytes(&m, "a\0b", 3)->n == 1);
    assert_true(map_find_bytes(&m, "a\0c", 3)->n == 2);
    assert_true(map_find_text(&m, "")->n == 3);
    assert_null(map_find_text(&m, "a"));
    assert_true(map_remove_bytes(&m, "", 0));
    assert_null(map_find_text(&m, ""));
    map_done(&m);
}

static void entries_may_be_removed_while_iterating(void **state) {
    (void)state;
    struct map m = {0};
    for (uint64_t i = 0; i < 100; i++) map_put(&m, i, NULL)->n = i;
    MAP_EACH (e, &m)
        if (e->key.number % 2) assert_true(map_remove(&m, e->key.number));
    assert_int_equal(map_count(&m), 50);
    uint64_t expected = 0;
    MAP_EACH (e, &m) {
        assert_true(e->key.number == expected);
        expected += 2;
    }
    map_done(&m);
}

static void an_empty_map_has_nothing(void **state) {
    (void)state;
    struct map m = {0};
    assert_null(map_find(&m, 1));
    assert_null(map_get(&m, 1));
    assert_null(map_get_text(&m, "x"));
    assert_null(map_next(&m, NULL));
    assert_false(map_remove(&m, 1));
    map_done(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_agree_with_the_model_in_insertion_order),
        cmocka_unit_test(texts_agree_with_the_model_in_insertion_order),
        cmocka_unit_test(keys_may_be_any_bytes_also_none),
        cmocka_unit_test(entries_may_be_removed_while_iterating),
        cmocka_unit_test(an_empty_map_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
