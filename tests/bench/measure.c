// SPDX-License-Identifier: Apache-2.0
// Clock, samples, priority, and the raw disk.
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "sys/file.h"

enum { RAW_ROW = 256, RAW_FILE = 8 << 20, PRIORITY = 10, NICE = -15, SPIN_MOST_US = 60000000 };

static int missed;

double clock_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

void check(struct err *e) {
    if (!e) return;
    fprintf(stderr, "bench: %s\n", err_text(e));
    exit(1);
}

void priority_take(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    setrlimit(RLIMIT_RTTIME, &(struct rlimit){SPIN_MOST_US, SPIN_MOST_US}); // who spins for so long is killed
    bool taken = sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = PRIORITY}) == 0;
    printf("priority: %s\n",
           taken ? "real-time (SCHED_FIFO 10)" : "normal; real-time is not permitted, so expect waits of a tick");
}

void priority_share(void) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0});
    bool taken = setpriority(PRIO_PROCESS, 0, NICE) == 0;
    printf("priority: %s\n", taken ? "nice -15, not real-time: the kernel's own disk threads must run beside it"
                                   : "normal; a better one is not permitted");
}

static int double_compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double samples_at(struct samples *s, unsigned percent) {
    if (!s->count) return 0;
    qsort(s->at, s->count, sizeof *s->at, double_compare);
    size_t i = s->count * percent / 100;
    return s->at[i < s->count ? i : s->count - 1];
}

void samples_print(const char *name, struct samples *s, const char *unit) {
    double p10 = samples_at(s, 10), p50 = samples_at(s, 50);
    printf("%s: p10 %.2f, p50 %.2f %s (%u samples)\n", name, p10, p50, unit, s->count);
}

static void goal_print(const char *what, double found, const char *bound, double goal, bool kept) {
    printf("  %s: %.3g, goal at %s %.3g: %s\n", what, found, bound, goal, kept ? "kept" : "MISSED");
    missed |= !kept;
}

void goal_least(const char *what, double found, double goal) {
    goal_print(what, found, "least", goal, found >= goal);
}
void goal_most(const char *what, double found, double goal) {
    goal_print(what, found, "most", goal, found <= goal);
}
int verdict(void) {
    return missed;
}

char *directory_new(const char *argument) {
    char *directory = mem_format("%s/granary-bench-XXXXXX", argument ? argument : "/var/tmp");
    if (!mkdtemp(directory)) check(err_errno(errno, "make '%s'", directory));
    return directory;
}

void directory_drop(char *directory) {
    check(tree_remove(directory));
    free(directory);
}

struct raw_disk raw_open(const char *directory) {
    AUTO_FREE char *path = mem_format("%s/raw", directory), *zeros = mem_zero(1, RAW_FILE);
    check(file_write(path, zeros, RAW_FILE, 0600)); // preallocated and written once, as a log should be
    struct raw_disk d = {.fd = open(path, O_WRONLY | O_CLOEXEC)};
    if (d.fd < 0) check(err_errno(errno, "open '%s'", path));
    return d;
}

void raw_flush(struct raw_disk *d, struct samples *times) {
    static const char bytes[RAW_ROW];
    double from = clock_us();
    off_t at = (off_t)(d->written++ * RAW_ROW % RAW_FILE);
    if (pwrite(d->fd, bytes, RAW_ROW, at) != RAW_ROW || fdatasync(d->fd) != 0)
        check(err_errno(errno, "write the raw file"));
    vec_push(times, clock_us() - from);
}

void raw_block(struct raw_disk *d, double ms, struct samples *times) {
    for (double end = clock_us() + ms * 1000; clock_us() < end;) raw_flush(d, times);
}
