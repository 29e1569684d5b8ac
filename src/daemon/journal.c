// SPDX-License-Identifier: Apache-2.0
// Trims the journal by age, a stretch at a time.
#include "daemon/journal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "codec/message.h"
#include "granary_record.pb-c.h"
#include "sys/log.h"

enum { STRETCH = 1000, MORE_MS = 100 };

struct journal_keep {
    struct loop *loop;
    struct store *store;
    struct loop_timer *timer;
    int64_t keep_ms, pause_ms;
    int64_t before; // entries made before that time go
    uint64_t old;   // highest of the stretch that is old enough
    size_t seen;
    bool young;   // the stretch came to entries that stay
    bool failing; // which was told
};

static struct err *entry_seen(void *arg, const struct store_record *r) {
    struct journal_keep *k = arg;
    AUTO_ARENA struct arena arena = {0};
    void *entry;
    TRY(message_unpack(&granary__journal_entry__descriptor, r->bytes, r->size, &arena, &entry));
    k->seen++;
    k->young |= ((const Granary__JournalEntry *)entry)->time >= k->before;
    if (!k->young) k->old = r->seq;
    return NULL;
}

// Once when it begins to fail, once when it works again.
static void outcome_tell(struct journal_keep *k, const struct err *error) {
    if (error && !k->failing)
        log_warn("event=journal-not-trimmed why=\"%s\" note=\"it grows meanwhile; tried again every %lld s\"",
                 err_text(error), (long long)(k->pause_ms / 1000));
    if (!error && k->failing) log_info("event=journal-trimmed-again");
    k->failing = error;
}

// The end of a look: the next stretch follows only where this one went well.
static void trimmed(void *arg, const struct err *error, uint64_t durable UNUSED) {
    struct journal_keep *k = arg;
    bool more = !error && k->seen == STRETCH && !k->young;
    outcome_tell(k, error);
    loop_timer_set(k->timer, more ? MORE_MS : k->pause_ms);
}

static void stretch_read(void *arg, const struct err *error, uint64_t durable) {
    struct journal_keep *k = arg;
    struct store_stats stats;
    store_stats(k->store, &stats);
    if (!error && stats.first && k->old >= stats.first)
        store_trim(k->store, k->old, trimmed, k);
    else
        trimmed(k, error, durable);
}

static void look(void *arg) {
    struct journal_keep *k = arg;
    struct store_stats stats;
    store_stats(k->store, &stats);
    if (!stats.first || stats.first > stats.through) {
        loop_timer_set(k->timer, k->pause_ms);
        return;
    }
    k->before = wall_now().ms - k->keep_ms;
    k->old = stats.first - 1;
    k->seen = 0;
    k->young = false;
    store_read(k->store, stats.first, STRETCH, entry_seen, stretch_read, k);
}

struct journal_keep *journal_keep_new(struct loop *l, struct store *s, int64_t keep_ms, int64_t pause_ms) {
    struct journal_keep *k = NEW(struct journal_keep);
    *k = (struct journal_keep){.loop = l, .store = s, .keep_ms = keep_ms, .pause_ms = pause_ms};
    k->timer = loop_timer_new(l, look, k);
    loop_timer_set(k->timer, pause_ms / 10);
    return k;
}

void journal_keep_free(struct journal_keep *k) {
    if (!k) return;
    loop_timer_free(k->timer);
    free(k);
}
