// SPDX-License-Identifier: Apache-2.0
// What every measuring program needs: a clock, samples, the priority that keeps other work out, and the disk's own speed.
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/vec.h"

VEC_TYPE(samples, double);

double clock_us(void);
// Ends the program with the error's sentence; NULL is fine.
void check(struct err *e);
// Takes real-time priority 10 where that is permitted, for this process and those that it starts, and says which it is: on a
// busy machine a process of normal priority is woken only at the next tick.
void priority_take(void);
// For loads that fill all processors, where real-time would starve the kernel's threads that finish disk writes: nice -15.
void priority_share(void);
// The value below which that percent of the samples are; 0 when there are none. Sorts them.
double samples_at(struct samples *s, unsigned percent);
// "name: p10 A, p50 B unit (N samples)".
void samples_print(const char *name, struct samples *s, const char *unit);

// "  what: A, goal at least/at most B: kept|MISSED". Remembered: verdict() is the exit code.
void goal_least(const char *what, double found, double goal);
void goal_most(const char *what, double found, double goal);
int verdict(void);

// A directory of our own for files, below `argument` or /var/tmp; given. Removed by directory_drop.
MUST_USE char *directory_new(const char *argument);
void directory_drop(char *directory);

// A preallocated file, written and flushed 256 bytes at a time: the reference for everything durable.
struct raw_disk {
    int fd;
    unsigned long long written;
};
struct raw_disk raw_open(const char *directory);
void raw_flush(struct raw_disk *d, struct samples *times);
// Flushes for that long, adding the microseconds of each.
void raw_block(struct raw_disk *d, double ms, struct samples *times);

#endif
