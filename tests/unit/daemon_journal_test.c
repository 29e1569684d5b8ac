// SPDX-License-Identifier: Apache-2.0
// Old entries go, young ones stay, and what keeps them from going is told once.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "codec/message.h"
#include "daemon/journal.h"
#include "granary_record.pb-c.h"
#include "store/flaky.h"
#include "store/memory.h"
#include "store/open.h"
#include "sys/clock.h"

enum { KEEP_MS = 3600000, PAUSE_MS = 20, PATIENCE_MS = 20000, LONG_MS = 2000, MANY = 2500 };

struct world {
    struct loop *loop;
    struct flaky_script script;
    struct store *store;
    struct journal_keep *keep;
    int log, theirs; // what was logged; where it goes else
    unsigned waits;  // for answers of the store
};

static void answered(void *arg, const struct err *error, uint64_t durable UNUSED) {
    struct world *w = arg;
    assert_null(error);
    if (--w->waits == 0) loop_stop(w->loop);
}

static void entry_append(struct world *w, uint64_t seq, int64_t time) {
    Granary__JournalEntry entry = GRANARY__JOURNAL_ENTRY__INIT;
    AUTO_TEXT struct text bytes = {0};
    entry.seq = seq;
    entry.time = time;
    message_pack(&entry.base, &bytes);
    struct store_record record = {.seq = seq, .bytes = bytes.data, .size = bytes.size};
    w->waits++;
    store_append(w->store, (struct store_records){&record, 1}, answered, w);
}

static int world_begin(void **state) {
    struct world *w = *state = NEW(struct world);
    w->script.inner = &store_memory;
    assert_null(loop_new(&w->loop));
    struct store_options options = {
        .kind = "flaky", .path = "a test's", .schema = 1, .loop = w->loop, .flaky = &w->script};
    assert_null(store_open(&options, &w->store));
    w->log = memfd_create("log", MFD_CLOEXEC);
    w->theirs = dup(STDERR_FILENO);
    assert_true(w->log >= 0 && w->theirs >= 0 && dup2(w->log, STDERR_FILENO) >= 0);
    entry_append(w, 1, 1000);
    entry_append(w, 2, 2000);
    entry_append(w, 3, wall_now().ms);
    w->waits++;
    store_checkpoint_through(w->store, 3, answered, w);
    loop_run(w->loop);
    return 0;
}

static void stop(void *arg) {
    loop_stop(arg);
}

static void run_for(struct world *w, int64_t ms) {
    struct loop_timer *t = loop_timer_new(w->loop, stop, w->loop);
    loop_timer_set(t, ms);
    loop_run(w->loop);
    loop_timer_free(t);
}

static int world_end(void **state) {
    struct world *w = *state;
    store_close(w->store);
    journal_keep_free(w->keep);
    run_for(w, 1); // what was in flight is freed
    loop_free(w->loop);
    dup2(w->theirs, STDERR_FILENO);
    close(w->theirs);
    close(w->log);
    free(w);
    return 0;
}

static size_t times_logged(const struct world *w, const char *words) {
    char found[8192] = {0};
    size_t times = 0;
    assert_true(pread(w->log, found, sizeof found - 1, 0) >= 0);
    for (const char *at = found; (at = strstr(at, words)); at += strlen(words)) times++;
    return times;
}

static uint64_t first(const struct world *w) {
    struct store_stats stats;
    store_stats(w->store, &stats);
    return stats.first;
}

static void only_old_entries_go(void **state) {
    struct world *w = *state;
    w->keep = journal_keep_new(w->loop, w->store, KEEP_MS, PAUSE_MS);
    for (int i = 0; i < PATIENCE_MS / PAUSE_MS && first(w) != 3; i++) run_for(w, PAUSE_MS);
    run_for(w, 5 * PAUSE_MS);
    assert_int_equal(first(w), 3);
    assert_int_equal(times_logged(w, "journal"), 0);
}

static void a_trim_that_fails_is_told_once_and_so_is_its_end(void **state) {
    struct world *w = *state;
    w->script.full_from = 1;
    w->keep = journal_keep_new(w->loop, w->store, KEEP_MS, PAUSE_MS);
    uint64_t before = w->script.calls;
    for (int i = 0; i < PATIENCE_MS / PAUSE_MS && w->script.calls < before + 5; i++) run_for(w, PAUSE_MS);
    assert_true(w->script.calls >= before + 5); // it goes on trying
    assert_int_equal(first(w), 1);
    assert_int_equal(times_logged(w, "event=journal-not-trimmed why="), 1);
    w->script.full_from = 0;
    for (int i = 0; i < PATIENCE_MS / PAUSE_MS && first(w) != 3; i++) run_for(w, PAUSE_MS);
    run_for(w, 5 * PAUSE_MS);
    assert_int_equal(first(w), 3);
    assert_int_equal(times_logged(w, "event=journal-not-trimmed"), 1);
    assert_int_equal(times_logged(w, "event=journal-trimmed-again"), 1);
}

static void many_old_entries_go_at_once_but_for_a_full_disk(void **state) {
    struct world *w = *state;
    for (uint64_t seq = 4; seq <= MANY; seq++) entry_append(w, seq, 1000);
    w->waits++;
    store_checkpoint_through(w->store, MANY, answered, w);
    loop_run(w->loop);
    w->script.full_from = 1;
    w->keep = journal_keep_new(w->loop, w->store, 0, LONG_MS);
    for (int i = 0; i < PATIENCE_MS / PAUSE_MS && !times_logged(w, "journal-not-trimmed"); i++) run_for(w, PAUSE_MS);
    uint64_t calls = w->script.calls;
    run_for(w, LONG_MS / 2);
    assert_int_equal(w->script.calls, calls); // not before the pause that was told
    w->script.full_from = 0;
    for (int i = 0; i < PATIENCE_MS / PAUSE_MS && !times_logged(w, "journal-trimmed-again"); i++) run_for(w, PAUSE_MS);
    assert_in_range(first(w), 2, MANY);
    run_for(w, LONG_MS / 2);
    assert_true(first(w) > MANY || first(w) == 0); // the rest without another pause
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)
    const struct CMUnitTest tests[] = {
        T(only_old_entries_go),
        T(a_trim_that_fails_is_told_once_and_so_is_its_end),
        T(many_old_entries_go_at_once_but_for_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
