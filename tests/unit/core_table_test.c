// SPDX-License-Identifier: Apache-2.0
// Tables, names and relations against naive models, with random changes.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "core/name_index.h"
#include "core/relation.h"
#include "core/table.h"

enum { STEPS = 20000, IDS_MOST = 1200 };

static uint64_t random_below(uint64_t *seed, uint64_t n) {
    *seed = hash_u64(*seed + 0x9e3779b97f4a7c15u);
    return *seed % n;
}

// ---- tables ----

struct model { // the live ids, in growing order
    uint64_t ids[IDS_MOST + 1];
    size_t count;
};

static size_t model_above(const struct model *m, uint64_t id) {
    size_t i = 0;
    while (i < m->count && m->ids[i] <= id) i++;
    return i;
}

static void model_add(struct model *m, uint64_t id) {
    size_t at = model_above(m, id);
    memmove(m->ids + at + 1, m->ids + at, (m->count - at) * sizeof *m->ids);
    m->ids[at] = id;
    m->count++;
}

static uint64_t model_take(struct model *m, size_t at) {
    uint64_t id = m->ids[at];
    memmove(m->ids + at, m->ids + at + 1, (m->count - at - 1) * sizeof *m->ids);
    m->count--;
    return id;
}

// A row says what its id is in three ways, so that one that was moved or freed wrongly is seen.
static void table_put(struct table *t, uint64_t id) {
    bool fresh;
    struct class_row *row = table_add(t, id, &fresh);
    assert_true(fresh);
    assert_int_equal(row->id, id);
    assert_null(row->name);
    row->name = mem_format("row-%llu", (unsigned long long)id);
    row->version = id * 3;
}

static void row_expect(const struct class_row *row, uint64_t id) {
    char name[32];
    snprintf(name, sizeof name, "row-%llu", (unsigned long long)id);
    assert_non_null(row);
    assert_int_equal(row->id, id);
    assert_int_equal(row->version, id * 3);
    assert_string_equal(row->name, name);
}

static void table_expect(const struct table *t, const struct model *m) {
    size_t i = 0;
    assert_int_equal(table_count(t), m->count);
    TABLE_EACH(const struct class_row, row, t) {
        assert_true(i < m->count);
        row_expect(row, m->ids[i++]);
    }
    assert_int_equal(i, m->count);
}

static void table_expect_after(const struct table *t, const struct model *m, uint64_t after) {
    size_t at = model_above(m, after);
    const struct class_row *row = table_next(t, after);
    if (at == m->count)
        assert_null(row);
    else
        row_expect(row, m->ids[at]);
}

static void a_table_answers_as_a_sorted_list_does(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        uint64_t chance = seed, next = 1;
        struct table t;
        struct model m = {{0}, 0};
        table_init(&t, &row_kinds[NOUN_CLASS]);
        for (int step = 0; step < STEPS / 8; step++) {
            // Grows and shrinks by turns, with gaps between ids, so that pages fill up, empty and are squeezed.
            bool grow = random_below(&chance, 8) < ((step / 300) % 2 ? 3 : 6);
            if (grow && m.count < IDS_MOST) {
                next += 1 + random_below(&chance, 3);
                table_put(&t, next);
                model_add(&m, next);
            } else if (m.count) {
                uint64_t id = model_take(&m, random_below(&chance, m.count));
                table_remove(&t, id);
                assert_null(table_get(&t, id));
            }
            table_expect_after(&t, &m, random_below(&chance, next + 2));
            if (step % 100 == 0) table_expect(&t, &m);
        }
        table_expect(&t, &m);
        assert_int_equal(t.last_id, next);
        table_done(&t);
    }
}

static void a_row_that_is_there_is_not_made_again(void **state) {
    (void)state;
    struct table t;
    bool fresh;
    table_init(&t, &row_kinds[NOUN_CLASS]);
    table_put(&t, 7);
    row_expect(table_add(&t, 7, &fresh), 7);
    assert_false(fresh);
    assert_int_equal(table_count(&t), 1);
    table_done(&t);
}

static void nothing_is_found_in_an_empty_table(void **state) {
    (void)state;
    struct table t;
    table_init(&t, &row_kinds[NOUN_CLASS]);
    assert_null(table_get(&t, 1));
    assert_null(table_get(&t, 0));
    assert_null(table_next(&t, 0));
    table_sort(&t);
    table_done(&t);
}

// The checkpoint may hold a later row and not yet an earlier one.
static void rows_recovered_out_of_order_are_in_order_after_the_sort(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t chance = seed;
        struct table t;
        struct model m = {{0}, 0};
        table_init(&t, &row_kinds[NOUN_CLASS]);
        for (int i = 0; i < 400; i++) {
            uint64_t id = 1 + random_below(&chance, 600);
            bool there = table_get(&t, id) != NULL;
            if (!there) {
                table_put(&t, id);
                model_add(&m, id);
            } else if (random_below(&chance, 2)) { // removed by a later journal entry
                table_remove(&t, id);
                model_take(&m, model_above(&m, id) - 1);
            }
        }
        table_sort(&t);
        table_expect(&t, &m);
        for (uint64_t id = 0; id < 602; id++) table_expect_after(&t, &m, id);
        for (uint64_t id = 601; id < 1000; id++) { // and it grows on
            table_put(&t, id);
            model_add(&m, id);
        }
        table_expect(&t, &m);
        table_done(&t);
    }
}

// ---- names ----

static void role_named(struct name_key *key, uint64_t name) {
    const struct role_row row = {.name = {(uint32_t)name}};
    row_name_key(NOUN_ROLE, &row, key);
}

static void names_are_found_as_by_looking_at_every_row(void **state) {
    (void)state;
    enum { NAMES = 300 };
    uint64_t of[NAMES] = {0}, next = 1, chance = 5; // name -> id; 0: free
    struct table t;
    struct name_index n = {0};
    struct name_key key;
    table_init(&t, &row_kinds[NOUN_ROLE]);
    for (int step = 0; step < STEPS; step++) {
        uint64_t name = random_below(&chance, NAMES);
        role_named(&key, name);
        if (!of[name]) {
            of[name] = next++;
            ((struct role_row *)table_add(&t, of[name], NULL))->name.n = (uint32_t)name;
            name_index_add(&n, &key, of[name]);
        } else if (random_below(&chance, 2)) {
            name_index_remove(&n, &key, of[name]);
            table_remove(&t, of[name]);
            of[name] = 0;
        }
        uint64_t asked = random_below(&chance, NAMES);
        role_named(&key, asked);
        assert_int_equal(name_index_find(&n, &t, NOUN_ROLE, &key), of[asked]);
    }
    for (uint64_t name = 0; name < NAMES; name++) {
        role_named(&key, name);
        assert_int_equal(name_index_find(&n, &t, NOUN_ROLE, &key), of[name]);
    }
    name_index_done(&n);
    table_done(&t);
}

// ---- texts ----

static void volume_texts_expect(const struct volume_row *v, const char *name, const char *handle, const char *message) {
    assert_string_equal(v->name, name);
    if (handle) assert_string_equal(v->handle, handle);
    if (!handle) assert_null(v->handle);
    if (message) assert_string_equal(v->message, message);
    if (!message) assert_null(v->message);
}

static void an_image_may_borrow_the_texts_it_replaces(void **state) {
    (void)state;
    struct table t;
    table_init(&t, &row_kinds[NOUN_VOLUME]);
    struct volume_row *live = table_add(&t, 1, NULL), image = {.id = 1, .name = "db", .handle = "vol-1"};
    row_put(t.kind, live, &image);
    volume_texts_expect(live, "db", "vol-1", NULL);
    const char *kept = live->name;
    row_put(t.kind, live, &image); // equal texts do not move
    assert_ptr_equal(live->name, kept);
    image = *live;
    image.message = image.handle;
    image.handle = NULL;
    row_put(t.kind, live, &image);
    volume_texts_expect(live, "db", NULL, "vol-1");
    image = *live;
    image.handle = "a longer handle than the one before";
    image.message = NULL;
    row_put(t.kind, live, &image);
    volume_texts_expect(live, "db", "a longer handle than the one before", NULL);
    table_remove(&t, 1);
    table_done(&t);
}

// ---- relations ----

enum { KEYS = 12, MEMBERS = 40 };

static void relation_expect(const struct relation_lists *r, uint64_t key, const bool members[MEMBERS]) {
    const struct id_list *list = relation_get(r, key);
    size_t i = 0;
    for (uint64_t member = 0; member < MEMBERS; member++) {
        if (!members[member]) continue;
        assert_true(i < list->count);
        assert_int_equal(list->at[i++], member);
    }
    assert_int_equal(i, list->count);
}

static void lists_of_members_are_whole_and_in_growing_order(void **state) {
    (void)state;
    bool there[KEYS][MEMBERS] = {{false}};
    uint64_t chance = 11;
    struct relation_lists r = {0};
    for (int step = 0; step < STEPS; step++) {
        uint64_t key = random_below(&chance, KEYS), member = random_below(&chance, MEMBERS);
        // Some keys have many members, most have one or none; both adding twice and removing what is not there do nothing.
        bool add = random_below(&chance, 16) < (key < 3 ? 10 : 2);
        (add ? relation_add : relation_remove)(&r, key + 1, member);
        there[key][member] = add;
        relation_expect(&r, key + 1, there[key]);
    }
    for (uint64_t key = 0; key < KEYS; key++) relation_expect(&r, key + 1, there[key]);
    assert_int_equal(relation_get(&r, KEYS + 1)->count, 0);
    relation_lists_done(&r);
}

static void an_ended_task_is_of_its_framework_and_no_more_of_its_agent_and_volumes(void **state) {
    (void)state;
    const struct task_volume two[] = {{.volume = 5}, {.volume = 6}};
    AUTO_ARENA struct arena arena = {0};
    struct blob *volumes = arena_zero(&arena, 1, sizeof *volumes + sizeof two);
    volumes->size = sizeof two;
    memcpy(volumes->bytes, two, sizeof two);
    struct task_row t = {.framework = 3, .agent = 4, .volumes = volumes, .state = TASK_RUNNING};
    uint64_t keys[RELATION_KEYS_MOST];
    assert_int_equal(relation_keys(TASKS_OF_VOLUME, &t, keys), 2);
    assert_int_equal(keys[1], 6);
    assert_int_equal(relation_keys(TASKS_OF_AGENT, &t, keys), 1);
    t.state = TASK_FINISHED;
    assert_int_equal(relation_keys(TASKS_OF_VOLUME, &t, keys), 0);
    assert_int_equal(relation_keys(TASKS_OF_AGENT, &t, keys), 0);
    assert_int_equal(relation_keys(TASKS_OF_FRAMEWORK, &t, keys), 1);
    assert_int_equal(keys[0], 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_answers_as_a_sorted_list_does),
        cmocka_unit_test(a_row_that_is_there_is_not_made_again),
        cmocka_unit_test(nothing_is_found_in_an_empty_table),
        cmocka_unit_test(rows_recovered_out_of_order_are_in_order_after_the_sort),
        cmocka_unit_test(names_are_found_as_by_looking_at_every_row),
        cmocka_unit_test(an_image_may_borrow_the_texts_it_replaces),
        cmocka_unit_test(lists_of_members_are_whole_and_in_growing_order),
        cmocka_unit_test(an_ended_task_is_of_its_framework_and_no_more_of_its_agent_and_volumes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
