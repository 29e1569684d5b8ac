// SPDX-License-Identifier: Apache-2.0
// What the store keeps is what the registry keeps: rows survive their records, passing fields never travel, and bytes that
// make no sense are refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core_world.h"
#include "granary_record.pb-c.h"
#include "wire/fields.h"
#include "wire/record.h"
#include "wire_random.h"

enum { ROUNDS = 200 };

struct bench { // a state with its symbols, an arena, chance
    struct world *w;
    struct arena arena;
    struct intake in;
    struct chance c;
};

static struct bench bench_new(uint64_t seed) {
    return (struct bench){.w = world_new(), .c = {.seed = seed}};
}

static struct chance *bench_use(struct bench *b) {
    b->in.symbols = &b->w->state->symbols;
    b->in.arena = &b->arena;
    b->c.in = &b->in;
    return &b->c;
}

static void bench_done(struct bench *b) {
    intake_done(&b->in);
    arena_done(&b->arena);
    world_free(b->w);
}

static bool has_records(enum noun noun) {
    return noun_maps[noun] != NULL;
}

static void every_kept_field_of_every_noun_survives_its_record(void **world UNUSED) {
    struct bench b = bench_new(88172645463325252ull);
    struct chance *c = bench_use(&b);
    for (enum noun noun = 0; noun < NOUN_COUNT; noun++) {
        for (uint64_t round = 1; has_records(noun) && round <= ROUNDS; round++) {
            AUTO_TEXT struct text bytes = {0};
            const void *row = chance_row(c, noun, round, false);
            struct record r;
            record_object_pack(b.w->state, noun, row, round, &bytes);
            expect_ok(record_object_unpack(&b.in, bytes.data, bytes.size, &r));
            assert_int_equal(r.seq, round);
            assert_int_equal(r.count, 1);
            assert_int_equal(r.events[0].noun, noun);
            assert_false(r.events[0].removed);
            if (!rows_equal(noun, row, r.events[0].row))
                fail_msg("%s differs after its record, round %d", noun_name(noun), (int)round);
        }
    }
    bench_done(&b);
}

static void what_passes_is_not_in_records(void **world UNUSED) {
    for (enum noun noun = 0; noun < NOUN_COUNT; noun++) {
        if (!has_records(noun)) continue;
        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct bench b = bench_new(seed * 7919);
            struct chance *c = bench_use(&b);
            AUTO_TEXT struct text bytes = {0}, again = {0};
            const void *row = chance_row(c, noun, seed, true);
            struct record r;
            record_object_pack(b.w->state, noun, row, seed, &bytes);
            expect_ok(record_object_unpack(&b.in, bytes.data, bytes.size, &r));
            record_object_pack(b.w->state, noun, r.events[0].row, seed, &again);
            assert_int_equal(bytes.size, again.size);
            assert_memory_equal(bytes.data, again.data, bytes.size);
            const struct attachment_row *attachment = r.events[0].row;
            const struct volume_row *volume = r.events[0].row;
            const struct task_row *task = r.events[0].row;
            const struct agent_row *agent = r.events[0].row;
            if (noun == NOUN_ATTACHMENT) assert_int_equal(attachment->retry_at.ms, 0);
            if (noun == NOUN_VOLUME) assert_int_equal(volume->offer, 0);
            if (noun == NOUN_TASK) assert_int_equal(task->wait_until.ms, 0);
            if (noun == NOUN_AGENT) assert_int_equal(agent->session, 0);
            if (noun == NOUN_AGENT) assert_int_not_equal(agent->state, AGENT_IS_ACTIVE);
            bench_done(&b);
        }
    }
}

static void packing_by_table_gives_the_bytes_of_the_message(void **world UNUSED) {
    struct bench b = bench_new(4242424242ull);
    struct chance *c = bench_use(&b);
    for (enum noun noun = 0; noun < NOUN_COUNT; noun++) {
        for (uint64_t round = 1; has_records(noun) && !noun_maps[noun]->fill && round <= ROUNDS; round++) {
            AUTO_TEXT struct text direct = {0}, message = {0};
            const void *row = chance_row(c, noun, round, true);
            fields_pack(b.w->state, noun_maps[noun], row, &direct);
            message_pack(row_message(b.w->state, noun, row, &b.arena, DETAIL_RECORD), &message);
            assert_int_equal(direct.size, message.size);
            assert_memory_equal(direct.data, message.data, direct.size);
        }
    }
    bench_done(&b);
}

static void reading_by_table_gives_what_the_message_gives(void **world UNUSED) {
    struct bench b = bench_new(1212121212ull);
    struct chance *c = bench_use(&b);
    for (enum noun noun = 0; noun < NOUN_COUNT; noun++) {
        for (uint64_t round = 1; has_records(noun) && !noun_maps[noun]->read && round <= ROUNDS; round++) {
            AUTO_TEXT struct text bytes = {0};
            void *message, *direct = arena_zero(&b.arena, 1, row_kinds[noun].size);
            void *through = arena_zero(&b.arena, 1, row_kinds[noun].size);
            fields_pack(b.w->state, noun_maps[noun], chance_row(c, noun, round, false), &bytes);
            expect_ok(message_unpack(noun_maps[noun]->type, bytes.data, bytes.size, &b.arena, &message));
            expect_ok(fields_read(&b.in, noun_maps[noun], message, through));
            expect_ok(fields_unpack(&b.in, noun_maps[noun], bytes.data, bytes.size, direct));
            assert_true(rows_equal(noun, through, direct));
        }
    }
    bench_done(&b);
}

static void a_removal_that_shows_another_row_is_corrupt(void **world UNUSED) {
    struct bench b = bench_new(11);
    bench_use(&b);
    AUTO_TEXT struct text bytes = {0};
    Granary__JournalEntry m = GRANARY__JOURNAL_ENTRY__INIT;
    Granary__KeptEvent e = GRANARY__KEPT_EVENT__INIT, *events[] = {&e};
    Granary__Attachment a = GRANARY__ATTACHMENT__INIT;
    struct record r;
    m.seq = 4;
    m.events = events;
    m.n_events = 1;
    e.kind = EV_attachment_gone;
    e.has_removed = e.removed = true;
    e.has_id = true;
    e.id = 5;
    message_pack(&m.base, &bytes);
    expect_ok(record_unpack(&b.in, bytes.data, bytes.size, &r)); // its id is enough
    assert_int_equal(((const struct attachment_row *)r.events[0].row)->id, 5);
    e.attachment = &a;
    a.has_id = true;
    a.id = 6;
    text_clear(&bytes);
    message_pack(&m.base, &bytes);
    expect_err(record_unpack(&b.in, bytes.data, bytes.size, &r), ERR_CORRUPT, "the removal of attachment 5 shows 6");
    bench_done(&b);
}

static void an_entry_holds_the_kept_events_in_their_order(void **world UNUSED) {
    struct bench b = bench_new(99);
    struct chance *c = bench_use(&b);
    AUTO_TEXT struct text bytes = {0};
    const struct event events[] = {
        {EV_volume_wanted, NOUN_VOLUME, false, chance_row(c, NOUN_VOLUME, 11, false)},
        {EV_agent_heard, NOUN_AGENT, false, chance_row(c, NOUN_AGENT, 12, true)},
        {EV_operation_opened, NOUN_OPERATION, false, chance_row(c, NOUN_OPERATION, 13, false)},
        {EV_attachment_gone, NOUN_ATTACHMENT, true, chance_row(c, NOUN_ATTACHMENT, 14, false)},
    };
    struct record r;
    assert_true(record_pack(b.w->state, events, 4, 77, (struct wall){1700000000123}, "alice", "r-1", &bytes));
    expect_ok(record_unpack(&b.in, bytes.data, bytes.size, &r));
    assert_int_equal(r.seq, 77);
    assert_int_equal(r.wall.ms, 1700000000123);
    assert_string_equal(r.principal, "alice");
    assert_string_equal(r.request, "r-1");
    assert_int_equal(r.count, 3);
    assert_int_equal(r.events[0].kind, EV_volume_wanted);
    assert_true(rows_equal(NOUN_VOLUME, events[0].row, r.events[0].row));
    assert_int_equal(r.events[1].kind, EV_operation_opened);
    assert_int_equal(r.events[2].kind, EV_attachment_gone);
    assert_true(r.events[2].removed);
    assert_int_equal(((const struct attachment_row *)r.events[2].row)->id, 14);
    assert_true(rows_equal(NOUN_ATTACHMENT, events[3].row, r.events[2].row)); // why it could end is on record
    bench_done(&b);
}

static void passing_events_alone_make_no_entry(void **world UNUSED) {
    struct bench b = bench_new(5);
    struct chance *c = bench_use(&b);
    AUTO_TEXT struct text bytes = {0};
    const struct event e = {EV_agent_heard, NOUN_AGENT, false, chance_row(c, NOUN_AGENT, 12, true)};
    assert_false(record_pack(b.w->state, &e, 1, 3, (struct wall){1}, NULL, NULL, &bytes));
    assert_int_equal(bytes.size, 0);
    bench_done(&b);
}

// What a row refers to may come after it: a checkpoint is cut anywhere.
static void recovered_rows_rebuild_the_registry_in_any_order(void **world UNUSED) {
    struct bench b = bench_new(7);
    bench_use(&b);
    world_provider(b.w, "ebs");
    world_pool(b.w, (struct pool_made){.provider = "ebs", .name = "ssd", .tags = "media=ssd", .bytes = 100 * GIB});
    world_agent(b.w, (struct agent_made){.name = "n1"});
    world_class(b.w, (struct class_document){.name = "gold", .pool = "media = ssd"});
    uint64_t volume = world_volume(b.w, "db", "gold", "ebs/main/ssd", 10 * GIB);
    world_attachment(b.w, volume, "n1", ATTACHMENT_IN_USE);
    struct world *copy = world_new();
    struct intake in = {.symbols = &copy->state->symbols, .arena = &copy->arena};
    for (enum noun noun = NOUN_COUNT; noun-- > 0;) {
        for (const uint64_t *row = table_next(&b.w->state->tables[noun], 0); row && has_records(noun);
             row = table_next(&b.w->state->tables[noun], *row)) {
            AUTO_TEXT struct text bytes = {0}, again = {0};
            struct record r;
            record_object_pack(b.w->state, noun, row, 1, &bytes);
            expect_ok(record_object_unpack(&in, bytes.data, bytes.size, &r));
            expect_ok(event_check(copy->state, 1, &r.events[0]));
            state_recover(copy->state, 1, &r.events[0]);
            record_object_pack(copy->state, noun, table_get(&copy->state->tables[noun], *row), 1, &again);
            assert_int_equal(bytes.size, again.size);
            assert_memory_equal(bytes.data, again.data, bytes.size);
        }
    }
    intake_done(&in);
    expect_ok(state_settle(copy->state));
    symbol role = state_volume(b.w->state, volume)->owner.role;
    struct owner owner = {.role = world_symbol(copy, state_text(b.w->state, role))};
    const struct volume_row *v = state_volume_named(copy->state, owner, "db");
    assert_non_null(v);
    assert_int_equal(v->attachment_count, 1);
    world_free(copy);
    bench_done(&b);
}

static struct err *recovered_alone(enum event_kind kind, const void *row) {
    struct world *w = world_new();
    state_recover(w->state, 1, &(struct event){.kind = kind, .noun = event_noun(kind), .row = row});
    struct err *e = state_settle(w->state);
    world_free(w);
    return e;
}

static void a_recovered_row_without_what_it_names_is_refused(void **world UNUSED) {
    expect_err(recovered_alone(EV_volume_ready, &(struct volume_row){.id = 5, .charge = {.pool = 3}, .name = "db"}),
               ERR_CORRUPT, "volume 5 names pool 3, which does not exist");
    expect_err(recovered_alone(EV_attachment_in_use, &(struct attachment_row){.id = 6, .volume = 5}), ERR_CORRUPT,
               "attachment 6 names volume 5");
    expect_err(recovered_alone(EV_task_launched, &(struct task_row){.id = 7, .agent = 2, .state = TASK_RUNNING}),
               ERR_CORRUPT, "task 7 names agent 2");
}

static void a_task_that_has_ended_needs_no_agent(void **world UNUSED) {
    expect_ok(recovered_alone(EV_task_updated, &(struct task_row){.id = 7, .agent = 2, .state = TASK_LOST}));
}

// ---- bytes that make no sense ----

static void object_refused(struct bench *b, const Granary__CheckpointObject *m, const char *words) {
    AUTO_TEXT struct text bytes = {0};
    struct record r;
    message_pack(&m->base, &bytes);
    expect_err(record_object_unpack(&b->in, bytes.data, bytes.size, &r), ERR_CORRUPT, words);
}

static void an_object_that_makes_no_sense_is_corrupt(void **world UNUSED) {
    struct bench b = bench_new(8);
    bench_use(&b);
    Granary__CheckpointObject m = GRANARY__CHECKPOINT_OBJECT__INIT;
    Granary__KeptEvent e = GRANARY__KEPT_EVENT__INIT;
    Granary__Volume v = GRANARY__VOLUME__INIT;
    m.object = &e;
    e.kind = 4000;
    object_refused(&b, &m, "4000 is no kind");
    e.kind = EV_agent_heard;
    object_refused(&b, &m, "is no kind of kept event");
    e.kind = EV_volume_ready;
    object_refused(&b, &m, "the volume is missing");
    e.volume = &v;
    v.name = "db";
    object_refused(&b, &m, "a volume without an id");
    v.has_id = true;
    v.id = 5;
    v.state = "asleep";
    object_refused(&b, &m, "state: 'asleep' is no word");
    v.state = "ready";
    v.uuid = "not-a-uuid";
    object_refused(&b, &m, "uuid: it is no UUID");
    v.uuid = NULL;
    v.has_last_cpus = true;
    v.last_cpus = 1e300;
    object_refused(&b, &m, "last_cpus: 1e+300 is out of range");
    bench_done(&b);
}

static void a_class_that_does_not_compile_is_corrupt(void **world UNUSED) {
    struct bench b = bench_new(9);
    bench_use(&b);
    Granary__CheckpointObject m = GRANARY__CHECKPOINT_OBJECT__INIT;
    Granary__KeptEvent e = GRANARY__KEPT_EVENT__INIT;
    Granary__Class c = GRANARY__CLASS__INIT;
    m.object = &e;
    e.kind = EV_class_applied;
    e.class_ = &c;
    c.name = "gold";
    c.has_id = true;
    c.id = 3;
    c.pool = "media = (";
    object_refused(&b, &m, "class 'gold': pool");
    bench_done(&b);
}

static void cut_or_changed_bytes_never_crash(void **world UNUSED) {
    struct bench b = bench_new(10);
    struct chance *c = bench_use(&b);
    AUTO_TEXT struct text bytes = {0};
    const struct event events[] = {
        {EV_volume_wanted, NOUN_VOLUME, false, chance_row(c, NOUN_VOLUME, 11, false)},
        {EV_task_added, NOUN_TASK, false, chance_row(c, NOUN_TASK, 12, false)},
        {EV_class_applied, NOUN_CLASS, false, chance_row(c, NOUN_CLASS, 13, false)},
        {EV_framework_added, NOUN_FRAMEWORK, false, chance_row(c, NOUN_FRAMEWORK, 14, false)},
    };
    record_pack(b.w->state, events, 4, 77, (struct wall){1}, "alice", NULL, &bytes);
    size_t refused = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        struct record r;
        char was = bytes.data[i];
        AUTO_ERR struct err *cut = record_unpack(&b.in, bytes.data, i, &r);
        bytes.data[i] = (char)chance_number(c);
        AUTO_ERR struct err *changed = record_unpack(&b.in, bytes.data, bytes.size, &r);
        bytes.data[i] = was;
        if (cut) assert_int_equal(err_kind(cut), ERR_CORRUPT);
        if (changed) assert_int_equal(err_kind(changed), ERR_CORRUPT);
        refused += cut != NULL;
    }
    assert_true(refused > bytes.size / 2);
    bench_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kept_field_of_every_noun_survives_its_record),
        cmocka_unit_test(what_passes_is_not_in_records),
        cmocka_unit_test(packing_by_table_gives_the_bytes_of_the_message),
        cmocka_unit_test(reading_by_table_gives_what_the_message_gives),
        cmocka_unit_test(a_removal_that_shows_another_row_is_corrupt),
        cmocka_unit_test(an_entry_holds_the_kept_events_in_their_order),
        cmocka_unit_test(passing_events_alone_make_no_entry),
        cmocka_unit_test(recovered_rows_rebuild_the_registry_in_any_order),
        cmocka_unit_test(a_recovered_row_without_what_it_names_is_refused),
        cmocka_unit_test(a_task_that_has_ended_needs_no_agent),
        cmocka_unit_test(an_object_that_makes_no_sense_is_corrupt),
        cmocka_unit_test(a_class_that_does_not_compile_is_corrupt),
        cmocka_unit_test(cut_or_changed_bytes_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
