// SPDX-License-Identifier: Apache-2.0
// From spawn to exit of `granary version`, beside an empty C program, one after the other.
// Usage: bench_startup GRANARY EMPTY
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

enum { ROUNDS = 300, WARM = 20 };
extern char **environ;

static double run_us(const char *program, const char *argument) {
    char *const arguments[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)argument, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int status;
    must(!posix_spawn_file_actions_init(&actions) &&
         !posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0));
    double from = clock_us();
    int failed = posix_spawn(&pid, program, &actions, NULL, arguments, environ);
    if (failed) check(err_errno(failed, "start '%s'", program));
    if (waitpid(pid, &status, 0) < 0 || status) check(err_new(ERR_IO, "'%s' ended with status %d", program, status));
    double took = clock_us() - from;
    posix_spawn_file_actions_destroy(&actions);
    return took / 1000;
}

int main(int argc, char **argv) {
    if (argc < 3) check(err_new(ERR_INVALID, "usage: bench_startup GRANARY EMPTY"));
    struct samples empty = {0}, granary = {0};
    priority_take();
    for (int i = -WARM; i < ROUNDS; i++) {
        double a = run_us(argv[2], NULL), b = run_us(argv[1], "version");
        if (i < 0) continue;
        vec_push(&empty, a);
        vec_push(&granary, b);
    }
    samples_print("empty C program, spawn to exit", &empty, "ms");
    samples_print("granary version, spawn to exit", &granary, "ms");
    printf("ratio at p50: %.2f\n", samples_at(&granary, 50) / samples_at(&empty, 50));
    goal_most("milliseconds of 'granary version' at p50", samples_at(&granary, 50), 3);
    vec_done(&empty);
    vec_done(&granary);
    return verdict();
}
