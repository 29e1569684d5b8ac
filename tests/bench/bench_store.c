// SPDX-License-Identifier: Apache-2.0
// How near the store comes to the disk: appends beside a raw pwrite + fdatasync loop in short interleaved blocks, then the
// restart with a million objects. Usage: bench_store [directory [seconds]]
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "store/open.h"
#include "store/sqlite.h"
#include "sys/file.h"
#include "sys/loop.h"

enum { ROW = 256, GROUP = 64, RAW_BLOCK = 50, OBJECTS = 1000000, RAW_FILE = 8 << 20 };

VEC_TYPE(times, double);

struct bench {
    struct loop *loop;
    struct store *store;
    uint64_t seq;
    int waiting;
};

static double now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void check(struct err *e) {
    if (!e) return;
    fprintf(stderr, "bench_store: %s\n", err_text(e));
    exit(1);
}

static int double_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(struct times *t, unsigned percent) {
    qsort(t->at, t->count, sizeof *t->at, double_compare);
    return t->count ? t->at[t->count * percent / 100] : 0;
}

// ---- appends

static int raw_open(const char *directory) {
    AUTO_FREE char *path = mem_format("%s/raw", directory);
    AUTO_FREE char *zeros = mem_zero(1, RAW_FILE);
    check(file_write(path, zeros, RAW_FILE, 0600)); // preallocated and written once, as a log should be
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) check(err_errno(errno, "open '%s'", path));
    return fd;
}

static void raw_once(int fd, uint64_t i, struct times *times) {
    static const char bytes[ROW];
    double from = now_us();
    if (pwrite(fd, bytes, ROW, (off_t)(i * ROW % RAW_FILE)) != ROW || fdatasync(fd) != 0) {
        check(err_errno(errno, "write the raw file"));
    }
    vec_push(times, now_us() - from);
}

static void appended(void *arg, const struct err *error, uint64_t durable) {
    struct bench *b = arg;
    (void)durable;
    if (error) {
        fprintf(stderr, "bench_store: %s\n", err_text(error));
        exit(1);
    }
    if (--b->waiting == 0 && b->loop) loop_stop(b->loop);
}

// `rows` appends of one record, as so many clients would ask for them; they share a flush.
static void append_once(struct bench *b, int rows, struct times *times) {
    static const char bytes[ROW];
    double from = now_us();
    for (int i = 0; i < rows; i++) {
        struct store_record record = {++b->seq, bytes, ROW};
        b->waiting++;
        store_append(b->store, (struct store_records){&record, 1}, appended, b);
    }
    loop_run(b->loop);
    vec_push(times, now_us() - from);
}

static void line_print(const char *what, struct times *t, int rows, double raw) {
    double p50 = percentile(t, 50);
    printf("  %-34s p10 %6.0f us  p50 %6.0f us  %9.0f rows/s  %6.2f rows per raw fdatasync\n", what, percentile(t, 10),
           p50, rows * 1e6 / p50, rows * raw / p50);
}

static void bench_appends(const char *directory, double seconds) {
    struct bench b = {0};
    struct times raw = {0}, one = {0}, many = {0};
    AUTO_FREE char *path = mem_format("%s/appends", directory);
    check(loop_new(&b.loop));
    struct store_options options = {.kind = "sqlite", .path = path, .schema = 1, .loop = b.loop};
    check(store_open(&options, &b.store));
    AUTO_FD int fd = raw_open(directory);
    for (double end = now_us() + seconds * 1e6; now_us() < end;) {
        for (int i = 0; i < RAW_BLOCK; i++) raw_once(fd, raw.count, &raw);
        for (int i = 0; i < RAW_BLOCK; i++) append_once(&b, 1, &one);
        for (int i = 0; i < RAW_BLOCK; i++) append_once(&b, GROUP, &many);
    }
    double reference = percentile(&raw, 50);
    printf("appends of %d bytes, interleaved in blocks of %d:\n", ROW, RAW_BLOCK);
    line_print("raw pwrite + fdatasync", &raw, 1, reference);
    line_print("store, 1 append at a time", &one, 1, reference);
    line_print("store, 64 appends at a time", &many, GROUP, reference);
    vec_done(&raw);
    vec_done(&one);
    vec_done(&many);
    store_close(b.store);
    loop_free(b.loop);
}

// ---- restart

static void objects_fill(const struct store_options *options) {
    struct bench b = {0};
    char bytes[ROW];
    memset(bytes, 'o', sizeof bytes);
    check(store_open_by_hand(&store_sqlite, options, &b.store));
    for (uint64_t id = 1; id <= OBJECTS; id++) {
        struct store_record record = {id, bytes, 16};
        struct store_object object = {{.noun = 1, .id = id}, id, bytes, sizeof bytes};
        store_append(b.store, (struct store_records){&record, 1}, NULL, NULL);
        store_checkpoint_put(b.store, &object, 1, NULL, NULL);
        if (id % 1000 == 0) store_settle(b.store);
    }
    store_checkpoint_through(b.store, OBJECTS, NULL, NULL);
    store_settle(b.store);
    store_close(b.store);
}

struct found {
    uint64_t objects, entries, bytes;
};

static struct err *object_found(void *arg, const struct store_object *o) {
    struct found *f = arg;
    f->objects++;
    f->bytes += o->size + (unsigned char)*(const char *)o->bytes % 2;
    return NULL;
}

static struct err *entry_found(void *arg, const struct store_record *r) {
    struct found *f = arg;
    f->entries += r->seq > 0;
    return NULL;
}

static long rss_kib(void) {
    AUTO_TEXT struct text status = {0};
    check(file_read("/proc/self/status", 65536, &status));
    const char *line = strstr(text_string(&status), "VmRSS:");
    return line ? strtol(line + 6, NULL, 10) : 0;
}

static void bench_restart(const char *directory) {
    AUTO_FREE char *path = mem_format("%s/restart", directory);
    struct store_options options = {.kind = "sqlite", .path = path, .schema = 1};
    double filling = now_us();
    objects_fill(&options);
    printf("restart with %d objects of %d bytes (filled in %.1f s):\n", OBJECTS, ROW, (now_us() - filling) / 1e6);
    for (int round = 0; round < 3; round++) {
        struct store *s = NULL;
        struct found found = {0};
        double from = now_us();
        check(store_open_by_hand(&store_sqlite, &options, &s));
        double opened = now_us();
        check(store_recover(s, &(struct store_reader){object_found, entry_found, &found}));
        double read = now_us();
        struct store_stats stats;
        store_stats(s, &stats);
        printf("  open %.3f s, %llu objects in %.3f s, resident %ld KiB, on disk %.0f MiB\n", (opened - from) / 1e6,
               (unsigned long long)found.objects, (read - opened) / 1e6, rss_kib(), (double)stats.bytes / 1048576.0);
        store_close(s);
    }
}

int main(int argc, char **argv) {
    AUTO_FREE char *directory = mem_format("%s/granary-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    if (!mkdtemp(directory)) check(err_errno(errno, "make '%s'", directory));
    bench_appends(directory, argc > 2 ? atof(argv[2]) : 5);
    bench_restart(directory);
    check(tree_remove(directory));
    return 0;
}
