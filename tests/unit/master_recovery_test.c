// SPDX-License-Identifier: Apache-2.0
// Another master reads what the first one wrote: the same kept state, byte for byte, from any checkpoint and the journal.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "master_desk.h"

static void make(struct desk *d, const char *name) {
    desk_expect(d, "POST", "/v1/volumes",
                arena_format(&d->arena, "{'name':'%s','class':'gold','role':'web','size':'1000000000'}", name), 202,
                name);
}

static void release(struct desk *d, const char *name) {
    desk_expect(d, "DELETE", arena_format(&d->arena, "/v1/volumes/%s?role=web", name), NULL, 202, name);
}

// Volumes, a reservation that comes and goes, a framework; classes that change.
static void live(struct desk *d, unsigned round) {
    const char *stream_id;
    make(d, arena_format(&d->arena, "a%u", round));
    make(d, arena_format(&d->arena, "b%u", round));
    release(d, arena_format(&d->arena, "a%u", round));
    desk_expect(d, "POST", "/v1/reservations", "{'class':'gold','role':'web','size':'5000000000'}", 201, "gold");
    const struct reservation_row *r = table_next(&master_state(d->m)->tables[NOUN_RESERVATION], 0);
    if (round % 2)
        desk_ask(d, "DELETE", arena_format(&d->arena, "/v1/reservations/%llu", (unsigned long long)r->id), NULL, NULL);
    desk_expect(d, "PUT", "/v1/classes/bulk", arena_format(&d->arena, "{'name':'bulk','smallest':'%u'}", round + 1),
                200, "bulk");
    desk_subscribe(d, NULL, &stream_id);
    desk_wait(d, 20);
}

static void expect_equal(const struct desk *a, const struct desk *b) {
    AUTO_TEXT struct text one = desk_kept(a), other = desk_kept(b);
    assert_int_equal(one.size, other.size);
    assert_memory_equal(one.data, other.data, one.size);
}

static void start_with_a_cluster(struct desk *d) {
    desk_provider(d);
    desk_agent(d);
    desk_class(d);
}

static void the_journal_alone_gives_the_kept_state_byte_for_byte(void **state) {
    struct desk *d = *state;
    start_with_a_cluster(d);
    for (unsigned round = 0; round < 4; round++) live(d, round);
    struct desk *other = desk_recovered(d);
    expect_equal(d, other);
    desk_free(other);
}

static void any_checkpoint_and_the_journal_give_the_kept_state_byte_for_byte(void **state) {
    struct desk *d = *state;
    start_with_a_cluster(d);
    for (unsigned round = 0; round < 12; round++) {
        live(d, round);
        desk_checkpoint(d, 2 + round % 9); // behind by more and more: each is a mixture of old and new objects
        struct desk *other = desk_recovered(d);
        expect_equal(d, other);
        desk_free(other);
    }
}

static void a_whole_checkpoint_needs_no_journal_before_it(void **state) {
    struct desk *d = *state;
    start_with_a_cluster(d);
    for (unsigned round = 0; round < 3; round++) live(d, round);
    desk_checkpoint(d, 1000);
    struct journal_entry last = vec_pop(&d->journal);
    VEC_EACH (e, &d->journal) free(e->bytes);
    vec_clear(&d->journal); // trimmed behind the checkpoint
    vec_push(&d->journal, last);
    struct desk *other = desk_recovered(d);
    expect_equal(d, other);
    desk_free(other);
}

static void what_could_not_be_written_is_given_again_before_anything_newer(void **state) {
    struct desk *d = *state;
    start_with_a_cluster(d);
    live(d, 0);
    uint64_t seen = master_state(d->m)->seq;
    size_t count = master_checkpoint(d->m, seen, 1000)->objects.count; // and the store was full
    assert_true(count > 1);
    live(d, 1);
    const struct checkpoint_slice *again = master_checkpoint(d->m, master_state(d->m)->seq, 1000);
    assert_int_equal(again->objects.count, count);
    assert_int_equal(again->through, seen);
    desk_checkpoint(d, 1000);
    assert_int_equal(master_checkpoint(d->m, master_state(d->m)->seq, 1000)->through, master_state(d->m)->seq);
}

static void a_master_that_starts_again_serves_what_was_acknowledged(void **state) {
    struct desk *d = *state;
    start_with_a_cluster(d);
    live(d, 0);
    struct desk *other = desk_recovered(d);
    desk_start(other);
    desk_expect(other, "GET", "/v1/volumes/b0?role=web", NULL, 200, "'name':'b0'");
    desk_expect(other, "GET", "/v1/agents", NULL, 200, "'state':'away'"); // everybody has to come again
    assert_int_equal(table_count(&master_state(other->m)->tables[NOUN_OFFER]), 0);
    desk_free(other);
}

static void events_that_were_lost_with_the_journal_are_not_passed_over_in_silence(void **state) {
    struct desk *d = *state;
    start_with_a_cluster(d);
    live(d, 0);
    desk_checkpoint(d, 1000);
    uint64_t seq = master_state(d->m)->seq;
    VEC_EACH (e, &d->journal) free(e->bytes);
    vec_clear(&d->journal); // trimmed behind the whole checkpoint
    struct desk *other = desk_recovered_through(d, seq);
    desk_start(other);
    const char *late = arena_format(&other->arena, "Last-Event-ID: %llu", (unsigned long long)seq - 1);
    assert_int_equal(desk_ask(other, "GET", "/v1/events", NULL, late)->status, 404);
    const char *last = arena_format(&other->arena, "Last-Event-ID: %llu", (unsigned long long)seq);
    assert_null(desk_ask(other, "GET", "/v1/events", NULL, last)); // a stream
    desk_free(other);
}

static void the_id_of_what_is_gone_is_not_given_again(void **state) {
    struct desk *d = *state;
    start_with_a_cluster(d);
    desk_expect(d, "POST", "/v1/reservations", "{'class':'gold','role':'web','size':'5000000000'}", 201, "gold");
    const struct reservation_row *r = table_next(&master_state(d->m)->tables[NOUN_RESERVATION], 0);
    uint64_t last = r->id;
    desk_expect(d, "DELETE", arena_format(&d->arena, "/v1/reservations/%llu", (unsigned long long)last), NULL, 204, "");
    desk_checkpoint(d, 1000);
    struct desk *other = desk_recovered(d);
    desk_start(other);
    desk_provider(other);
    desk_agent(other);
    make(other, "later");
    const struct volume_row *v = table_next(&master_state(other->m)->tables[NOUN_VOLUME], 0);
    assert_true(v->id > last);
    desk_free(other);
}

static void a_restored_registry_numbers_in_a_generation_of_its_own(void **state) {
    struct desk *d = *state;
    start_with_a_cluster(d);
    live(d, 0);
    struct desk *other = desk_recovered(d);
    uint32_t generation = master_state(d->m)->cluster.generation;
    master_restored(other->m);
    const struct state *s = master_state(other->m);
    assert_int_equal(s->cluster.generation, generation + 1);
    assert_true(s->seq > master_state(d->m)->seq);
    struct journal_entry first = master_first_entry(other->m);
    assert_int_equal(first.seq, s->seq);
    free(first.bytes);
    desk_start(other);
    desk_provider(other);
    desk_agent(other);
    make(other, "later");
    STATE_EACH(VOLUME, volume_row, v, s) {
        if (strcmp(v->name, "later") == 0) assert_int_equal(v->id >> 48, generation + 1);
    }
    desk_free(other);
}

static void an_entry_that_makes_no_sense_is_refused_by_its_number(void **state) {
    struct desk *d = *state;
    start_with_a_cluster(d);
    struct desk *other = desk_recovered(d);
    struct err *e = master_recover_entry(other->m, 77, "\xff\xff\xff", 3);
    assert_non_null(e);
    expect_words(err_text(e), "journal entry 77");
    err_free(e);
    desk_free(other);
}

#define T(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_journal_alone_gives_the_kept_state_byte_for_byte),
        T(any_checkpoint_and_the_journal_give_the_kept_state_byte_for_byte),
        T(a_whole_checkpoint_needs_no_journal_before_it),
        T(what_could_not_be_written_is_given_again_before_anything_newer),
        T(a_master_that_starts_again_serves_what_was_acknowledged),
        T(events_that_were_lost_with_the_journal_are_not_passed_over_in_silence),
        T(the_id_of_what_is_gone_is_not_given_again),
        T(a_restored_registry_numbers_in_a_generation_of_its_own),
        T(an_entry_that_makes_no_sense_is_refused_by_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
