// SPDX-License-Identifier: Apache-2.0
// What every kind of store must do: one suite over sqlite, memory (with a thread, and by hand), and flaky without faults.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/map.h"
#include "base/mem.h"
#include "store/sqlite.h"
#include "store_world.h"

static void expect_err(enum err_kind kind, const char *part, struct err *e) {
    assert_non_null(e);
    if (!strstr(err_text(e), part)) fail_msg("'%s' is not in: %s", part, err_text(e));
    assert_string_equal(err_kind_name(err_kind(e)), err_kind_name(kind));
    err_free(e);
}

static void an_empty_store_recovers_to_nothing(void **world) {
    struct world *w = *world;
    assert_string_equal(world_recovered(w), "");
    assert_int_equal(world_stats(w).durable, 0);
    assert_int_equal(world_stats(w).first, 0);
    assert_int_equal(world_stats(w).journal_rows, 0);
    assert_true(world_stats(w).ballast);
}

static void appends_are_answered_in_order_and_are_there_after_reopening(void **world) {
    struct world *w = *world;
    for (uint64_t seq = 1; seq <= 5; seq++) world_append_text(w, seq, "e");
    assert_int_equal(world_stats(w).durable, 0); // nothing is said inside the call
    world_wait(w);
    assert_string_equal(world_answers(w), "ok:5 ok:5 ok:5 ok:5 ok:5 "); // all that arrived together shares a flush
    assert_int_equal(world_stats(w).batches, 1);
    world_append_text(w, 9, "later");
    world_append_text(w, 10, "");
    world_wait(w);
    assert_string_equal(world_recovered(w), "| 1=e 2=e 3=e 4=e 5=e 9=later 10= ");
    assert_int_equal(world_stats(w).durable, 10);
    assert_int_equal(world_stats(w).first, 1);
}

static void an_append_of_many_is_one(void **world) {
    struct world *w = *world;
    world_append_many(w, 1, 3000, 100);
    world_append_many(w, 3001, 0, 1); // nothing to write is durable too
    world_wait(w);
    assert_string_equal(world_answers(w), "ok:3000 ok:3000 ");
    world_reopen(w);
    assert_int_equal(world_stats(w).durable, 3000);
    assert_int_equal(world_stats(w).journal_rows, 3000);
}

static void the_journal_is_read_from_a_number_with_a_limit(void **world) {
    struct world *w = *world;
    for (uint64_t seq = 1; seq <= 6; seq++) world_append_text(w, seq, "e");
    world_wait(w);
    assert_string_equal(world_journal(w, 3, 2), "3=e 4=e ");
    assert_string_equal(world_journal(w, 6, 100), "6=e ");
    assert_string_equal(world_journal(w, 7, 100), "");
    assert_string_equal(world_journal(w, 1, 0), "");
}

static struct err *refuse_entry(void *arg, const struct store_record *r) {
    (void)arg;
    return r->seq == 2 ? err_new(ERR_INVALID, "not this one") : NULL;
}

static void a_reader_that_refuses_ends_the_reading(void **world) {
    struct world *w = *world;
    for (uint64_t seq = 1; seq <= 3; seq++) world_append_text(w, seq, "e");
    world_wait(w);
    world_answers(w);
    w->waiting++;
    store_read(w->store, 1, 10, refuse_entry, world_answer, w);
    world_wait(w);
    assert_string_equal(world_answers(w), "invalid:3 ");
    assert_false(world_stats(w).broken);
}

static struct err *count_entry(void *arg, const struct store_record *r) {
    assert_int_equal(r->size, 60000);
    ++*(int *)arg;
    return NULL;
}

static void reading_ends(void *arg, const struct err *error, uint64_t durable) {
    (void)arg, (void)error, (void)durable;
}

static void a_large_journal_is_read_in_parts(void **world) {
    struct world *w = *world;
    int count = 0;
    world_append_many(w, 1, 40, 60000);
    store_read(w->store, 1, 100, count_entry, reading_ends, &count);
    world_wait(w);
    world_append_text(w, 41, "behind the read");
    world_wait(w);
    assert_in_range(count, 18, 19); // about a MiB
}

static void objects_come_back_by_noun_ids_before_names(void **world) {
    struct world *w = *world;
    for (uint64_t seq = 1; seq <= 6; seq++) world_append_text(w, seq, "e");
    world_put_named(w, 2, "silver", 5, "s");
    world_put(w, 2, 7, 4, "seven");
    world_put(w, 1, 300, 3, "x");
    world_put_named(w, 1, "gold", 2, "");
    world_put(w, 1, 2, 6, "two");
    world_put_named(w, 3, "", 6, "unnamed");
    world_through(w, 6);
    world_wait(w);
    assert_string_equal(world_recovered(w), "1/2@6=two 1/300@3=x 1/gold@2= 2/7@4=seven 2/silver@5=s 3/@6=unnamed ");
    assert_int_equal(world_stats(w).through, 6);
}

static void recovery_is_the_checkpoint_and_the_journal_after_it(void **world) {
    struct world *w = *world;
    for (uint64_t seq = 1; seq <= 4; seq++) world_append_text(w, seq, "e");
    world_put(w, 1, 1, 2, "one");
    world_through(w, 2);
    world_put(w, 1, 2, 4, "two"); // ahead of the mark
    world_wait(w);
    assert_string_equal(world_recovered(w), "1/1@2=one 1/2@4=two | 3=e 4=e ");
}

static void an_object_never_goes_back(void **world) {
    struct world *w = *world;
    for (uint64_t seq = 1; seq <= 4; seq++) world_append_text(w, seq, "e");
    world_put(w, 1, 1, 4, "young");
    world_put(w, 1, 1, 2, "old");
    world_put_named(w, 1, "n", 4, "young");
    world_put_named(w, 1, "n", 3, NULL);
    world_through(w, 4);
    world_wait(w);
    assert_string_equal(world_recovered(w), "1/1@4=young 1/n@4=young ");
}

static void objects_wait_for_their_own_event(void **world) {
    struct world *w = *world;
    world_put(w, 1, 1, 2, "two");
    world_through(w, 2);
    if (w->variant->by_hand) assert_false(store_work(w->store));
    assert_int_equal(world_stats(w).objects_waiting, 1);
    world_append_text(w, 1, "e");
    world_append_text(w, 2, "e");
    world_wait(w);
    assert_string_equal(world_answers(w), "ok:2 ok:2 ok:2 ok:2 ");
    assert_int_equal(world_stats(w).objects_waiting, 0);
    assert_string_equal(world_recovered(w), "1/1@2=two ");
}

static void tombstones_stay_until_the_checkpoint_has_passed(void **world) {
    struct world *w = *world;
    for (uint64_t seq = 1; seq <= 3; seq++) world_append_text(w, seq, "e");
    world_put(w, 1, 1, 1, "one");
    world_put_named(w, 1, "gold", 1, "one");
    world_put(w, 1, 1, 2, NULL);
    world_put_named(w, 1, "gold", 3, NULL);
    world_through(w, 1);
    world_wait(w);
    assert_string_equal(world_recovered(w), "1/1@2! 1/gold@3! | 2=e 3=e ");
    world_through(w, 2);
    world_wait(w);
    assert_string_equal(world_recovered(w), "1/gold@3! | 3=e ");
    world_through(w, 3);
    world_wait(w);
    assert_string_equal(world_recovered(w), "");
    assert_int_equal(world_stats(w).durable, 3);
}

static void a_name_may_be_used_again_after_its_tombstone(void **world) {
    struct world *w = *world;
    for (uint64_t seq = 1; seq <= 3; seq++) world_append_text(w, seq, "e");
    world_put_named(w, 1, "gold", 2, NULL);
    world_put_named(w, 1, "gold", 3, "again");
    world_through(w, 3);
    world_wait(w);
    assert_string_equal(world_recovered(w), "1/gold@3=again ");
}

static void a_trim_never_passes_the_checkpoint(void **world) {
    struct world *w = *world;
    world_append_many(w, 1, 3000, 10);
    world_trim(w, 3000);
    world_wait(w);
    assert_int_equal(world_stats(w).first, 1);
    world_through(w, 2500);
    world_trim(w, 2000);
    world_wait(w);
    assert_int_equal(world_stats(w).first, 2001);
    world_trim(w, 3000);
    world_wait(w);
    assert_int_equal(world_stats(w).first, 2501);
    world_reopen(w);
    assert_int_equal(world_stats(w).first, 2501);
    assert_int_equal(world_stats(w).journal_rows, 500);
}

static void numbers_go_on_after_all_entries_are_trimmed(void **world) {
    struct world *w = *world;
    world_append_many(w, 1, 10, 10);
    world_through(w, 10);
    world_trim(w, 10);
    world_wait(w);
    assert_string_equal(world_recovered(w), "");
    assert_int_equal(world_stats(w).durable, 10);
    assert_int_equal(world_stats(w).journal_rows, 0);
    world_append_text(w, 11, "e");
    world_wait(w);
    assert_string_equal(world_recovered(w), "| 11=e ");
    assert_int_equal(world_stats(w).first, 11);
}

static void a_newer_schema_is_refused(void **world) {
    struct world *w = *world;
    w->schema = 7;
    world_reopen(w);
    world_close(w);
    w->schema = 6;
    struct store *none = NULL;
    expect_err(ERR_UNSUPPORTED, "written with schema 7 by a newer version", world_try_open(w, &none));
    assert_null(none);
    w->schema = 8;
    world_open(w);
}

static void a_second_opener_is_refused(void **world) {
    struct world *w = *world;
    struct store *second = NULL;
    expect_err(ERR_CONFLICT, "open", world_try_open(w, &second));
    world_append_text(w, 1, "e"); // and the first does not mind
    world_wait(w);
    assert_string_equal(world_recovered(w), "| 1=e ");
}

static void ballast_goes_and_comes_back(void **world) {
    struct world *w = *world;
    w->waiting += 1;
    store_ballast_release(w->store, world_answer, w);
    world_wait(w);
    assert_false(world_stats(w).ballast);
    w->waiting += 1;
    store_ballast_restore(w->store, world_answer, w);
    world_wait(w);
    assert_true(world_stats(w).ballast);
}

// ---- a small owner: numbered things that are set and deleted by events

enum { THINGS = 20, STEPS = 2000 };

struct owner {
    uint64_t value[THINGS], seq[THINGS]; // 0: not there
};

static void owner_apply(struct owner *o, uint64_t seq, const char *event, size_t size) {
    unsigned id = 0;
    unsigned long long value = 0;
    AUTO_FREE char *text = mem_format("%.*s", (int)size, event);
    assert_int_equal(sscanf(text, "%u %llu", &id, &value), 2);
    assert_true(id < THINGS);
    if (o->seq[id] >= seq) return; // the object has it already
    o->value[id] = value;
    o->seq[id] = seq;
}

static struct err *owner_object(void *arg, const struct store_object *object) {
    struct owner *o = arg;
    AUTO_FREE char *text = mem_format("%.*s", (int)object->size, object->bytes ? (const char *)object->bytes : "0");
    assert_true(text_to_u64(object->bytes ? text : "0", &o->value[object->key.id]));
    o->seq[object->key.id] = object->seq;
    return NULL;
}

static struct err *owner_entry(void *arg, const struct store_record *r) {
    owner_apply(arg, r->seq, r->bytes, r->size);
    return NULL;
}

static void owner_put(struct world *w, const struct owner *o, unsigned id) {
    AUTO_FREE char *text = mem_format("%llu", (unsigned long long)o->value[id]);
    world_put(w, 1, id, o->seq[id], o->value[id] ? text : NULL);
}

static void checkpoint_and_tail_give_what_the_whole_journal_gives(void **world) {
    struct world *w = *world;
    struct owner live = {0}, found = {0};
    unsigned chance = 7;
    for (uint64_t seq = 1; seq <= STEPS; seq++) {
        chance = chance * 1103515245u + 12345u;
        unsigned id = (chance >> 16) % THINGS;
        unsigned value = (chance >> 8) % 3 ? (unsigned)seq : 0; // 0 deletes
        AUTO_FREE char *event = mem_format("%u %u", id, value);
        world_append_text(w, seq, event);
        owner_apply(&live, seq, event, strlen(event));
        if (seq % 3 == 0) owner_put(w, &live, id);
        if (seq % 100 == 0) {
            for (unsigned i = 0; i < THINGS; i++) {
                if (live.seq[i]) owner_put(w, &live, i);
            }
            world_through(w, seq);
            world_trim(w, seq - 50);
        }
        if (seq % 37 == 0 || seq % 700 == 0) world_wait(w);
        if (seq % 700 == 0) world_reopen(w);
    }
    world_wait(w);
    assert_null(strstr(world_answers(w), "full"));
    world_close(w);
    assert_null(world_try_open(w, &w->store));
    assert_null(store_recover(w->store, &(struct store_reader){owner_object, owner_entry, &found}));
    assert_memory_equal(live.value, found.value, sizeof live.value);
    assert_in_range(world_stats(w).first, STEPS - 50, STEPS);
}

// ---- one suite, several worlds

static const struct variant variants[] = {
    {"sqlite", "sqlite", NULL, false},
    {"memory", "memory", NULL, false},
    {"memory by hand", "memory", NULL, true},
    {"flaky over memory", "flaky", &store_memory, false},
    {"flaky over sqlite", "flaky", &store_sqlite, false},
};

static int world_begin(void **state) {
    struct world *w = world_new(*state);
    world_open(w);
    *state = w;
    return 0;
}

static int world_end(void **state) {
    world_free(*state);
    return 0;
}

#define ROW(test)                                                                                                      \
    { #test, test, world_begin, world_end, NULL }
static const struct CMUnitTest suite[] = {
    ROW(an_empty_store_recovers_to_nothing),
    ROW(appends_are_answered_in_order_and_are_there_after_reopening),
    ROW(an_append_of_many_is_one),
    ROW(the_journal_is_read_from_a_number_with_a_limit),
    ROW(a_reader_that_refuses_ends_the_reading),
    ROW(a_large_journal_is_read_in_parts),
    ROW(objects_come_back_by_noun_ids_before_names),
    ROW(recovery_is_the_checkpoint_and_the_journal_after_it),
    ROW(an_object_never_goes_back),
    ROW(objects_wait_for_their_own_event),
    ROW(tombstones_stay_until_the_checkpoint_has_passed),
    ROW(a_name_may_be_used_again_after_its_tombstone),
    ROW(a_trim_never_passes_the_checkpoint),
    ROW(numbers_go_on_after_all_entries_are_trimmed),
    ROW(a_newer_schema_is_refused),
    ROW(a_second_opener_is_refused),
    ROW(ballast_goes_and_comes_back),
    ROW(checkpoint_and_tail_give_what_the_whole_journal_gives),
};

int main(void) {
    int failed = 0;
    for (size_t v = 0; v < ARRAY_LEN(variants); v++) {
        struct CMUnitTest tests[ARRAY_LEN(suite)];
        for (size_t i = 0; i < ARRAY_LEN(suite); i++) {
            tests[i] = suite[i];
            tests[i].initial_state = (void *)(uintptr_t)&variants[v];
        }
        failed += _cmocka_run_group_tests(variants[v].name, tests, ARRAY_LEN(suite), NULL, NULL);
    }
    return failed;
}
