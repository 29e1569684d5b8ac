// SPDX-License-Identifier: Apache-2.0
// A real master's start with a million volumes in its registry, until the first answered GET /v1/volumes?limit=1, beside a
// bare scan of the same store; and what each volume takes of resident memory. One volume is made by a real provider; its
// million copies are written to the store as a checkpoint would. Usage: bench_restart GRANARYD [directory]
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster.h"
#include "core/state.h"
#include "master/master.h"
#include "measure.h"
#include "store/open.h"
#include "store/sqlite.h"
#include "sys/file.h"
#include "wire/record.h"

enum { VOLUMES = 1000000, ROUNDS = 5, SLICE = 1000, READY_MS = 10000, CHECKPOINT_US = 1500000 };

// ---- the first volume, as a real provider makes it ----

static void first_volume(struct processes *c) {
    AUTO_TEXT struct text body = {0};
    AUTO_FD int fd = cluster_connect(c);
    cluster_tell(c, "POST", "/v1/volumes", "{\"name\":\"v\",\"class\":\"bench\",\"size\":16777216}");
    for (double end = clock_us() + READY_MS * 1e3; clock_us() < end; usleep(5000)) {
        cluster_ask(fd, "GET", "/v1/volumes/v", "", NULL, &body);
        if (strstr(text_string(&body), "\"state\":\"ready\"")) return;
    }
    check(err_new(ERR_TIMEOUT, "the first volume is not ready: %s", text_string(&body)));
}

// ---- its copies ----

static struct store *store_of(const char *directory) {
    AUTO_FREE char *path = mem_format("%s/master", directory);
    struct store_options options = {.kind = "sqlite", .path = path, .schema = 1};
    struct store *s;
    check(store_open_by_hand(&store_sqlite, &options, &s));
    return s;
}

static struct err *object_read(void *arg, const struct store_object *o) {
    if (o->bytes) return master_recover_object(arg, o->key.noun, o->seq, o->bytes, o->size);
    master_recover_tombstone(arg, o->key.id, o->seq);
    return NULL;
}

static struct err *entry_read(void *arg, const struct store_record *r) {
    return master_recover_entry(arg, r->seq, r->bytes, r->size);
}

static void copy_put(struct store *s, const struct state *state, struct volume_row *v, uint64_t number, uint64_t seq) {
    AUTO_TEXT struct text bytes = {0};
    AUTO_FREE char *name = mem_format("volume-%llu", (unsigned long long)number),
                   *handle = mem_format("mem-%llu", (unsigned long long)number);
    memcpy(v->uuid.bytes, &number, sizeof number);
    v->name = name;
    v->handle = handle;
    v->id++;
    record_object_pack(state, NOUN_VOLUME, v, seq, &bytes);
    struct store_object o = {
        .key = {.noun = NOUN_VOLUME, .id = v->id}, .seq = seq, .bytes = bytes.data, .size = bytes.size};
    store_checkpoint_put(s, &o, 1, NULL, NULL);
}

static void volumes_copy(const char *directory) {
    struct master *m = master_new(&(struct master_options){.cluster = {{1}}, .hostname = "localhost", .version = "1"});
    struct store *s = store_of(directory);
    struct store_stats stats;
    check(store_recover(s, &(struct store_reader){object_read, entry_read, m}));
    store_stats(s, &stats);
    const struct state *state = master_state(m);
    const struct volume_row *first = table_next(&state->tables[NOUN_VOLUME], 0);
    if (!first) check(err_new(ERR_INTERNAL, "the store has no volume"));
    struct volume_row v = *first;
    v.id = state->last_id + 1000;
    for (uint64_t i = 1; i < VOLUMES; i++) {
        copy_put(s, state, &v, i, stats.durable);
        if (i % SLICE == 0) store_settle(s);
    }
    store_settle(s);
    store_close(s);
    master_free(m);
}

// ---- measuring ----

static struct err *object_count(void *arg, const struct store_object *o) {
    *(uint64_t *)arg += o->bytes != NULL;
    return NULL;
}

static struct err *entry_count(void *arg, const struct store_record *r) {
    *(uint64_t *)arg += r->size > 0;
    return NULL;
}

static double scan_s(const char *directory) {
    uint64_t found = 0;
    double from = clock_us();
    struct store *s = store_of(directory);
    check(store_recover(s, &(struct store_reader){object_count, entry_count, &found}));
    store_close(s);
    must(found >= VOLUMES);
    return (clock_us() - from) / 1e6;
}

// Starts the master that often; the last one's resident kilobytes.
static long starts(struct processes *c, int rounds, struct samples *times) {
    long kib = 0;
    for (int i = 0; i < rounds; i++) {
        double us;
        cluster_master(c, &us);
        kib = resident_kib(c->master.pid);
        vec_push(times, us / 1e6);
        cluster_stop(c);
    }
    return kib;
}

int main(int argc, char **argv) {
    if (argc < 2) check(err_new(ERR_INVALID, "usage: bench_restart GRANARYD [directory]"));
    char *directory = directory_new(argc > 2 ? argv[2] : NULL);
    struct processes c = {.granaryd = argv[1], .directory = directory};
    struct samples empty = {0}, full = {0}, scans = {0};
    priority_share();
    cluster_master(&c, NULL);
    cluster_provider(&c);
    cluster_agent(&c, "4", "4GiB");
    first_volume(&c);
    usleep(CHECKPOINT_US); // what the copies refer to is in the checkpoint then
    cluster_stop(&c);
    long empty_kib = starts(&c, 1, &empty);
    volumes_copy(directory);
    priority_take();
    long full_kib = starts(&c, ROUNDS, &full);
    for (int i = 0; i < ROUNDS; i++) vec_push(&scans, scan_s(directory));
    printf("restart with %d volumes:\n", VOLUMES);
    samples_print("  bare scan of the same store", &scans, "s");
    samples_print("  start to first answer, nearly empty registry", &empty, "s");
    samples_print("  start to first answer", &full, "s");
    printf("  ratio to the bare scan at p50: %.2f\n", samples_at(&full, 50) / samples_at(&scans, 50));
    goal_most("seconds to the first answer at p50", samples_at(&full, 50), 2);
    printf("  resident: %ld KiB with one volume, %ld KiB with all\n", empty_kib, full_kib);
    goal_most("resident bytes per volume", (double)(full_kib - empty_kib) * 1024 / VOLUMES, 400);
    directory_drop(directory);
    return verdict();
}
