// SPDX-License-Identifier: Apache-2.0
// Child processes that cannot be lost: started with a pidfd, ended by a deadline, killed and reaped at the end of a
// scope.
#ifndef SYS_PROCESS_H
#define SYS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/text.h"

struct process {
    pid_t pid; // 0: none
    int pidfd; // readable once it ended
};

struct process_spec {
    const char *const *argv; // NULL-terminated; argv[0] is looked up in PATH when it has no '/'
    const char *const *env;  // NULL-terminated; NULL: ours
    int in, out, err;        // 0: /dev/null; else a descriptor of ours, which stays ours
    int extra;               // becomes descriptor 3 of the child; 0: none. All others are closed
    bool session;            // of its own: signals of our terminal do not reach it
};
// Borrows the spec. Signal mask and dispositions of the child are the defaults.
MUST_USE struct err *process_start(const struct process_spec *spec, struct process *ret_process);
// Waits for its end at most `ms` (negative: for ever): ERR_TIMEOUT, and it still runs. ret_status as of waitpid.
MUST_USE struct err *process_wait(struct process *p, int64_t ms, int *ret_status);
void process_kill(struct process *p); // SIGKILL, reaped; accepts zeroed and ended ones
#define AUTO_CHILD __attribute__((cleanup(process_kill)))

// Runs a helper to its end with a deadline. ERR_TIMEOUT (it was killed), or ERR_IO with its last words when it did not
// exit with 0; ret_output (may be NULL) gets the first 64 KiB of what it wrote to both outputs.
MUST_USE struct err *process_run(const char *const *argv, int extra, int64_t ms, struct text *ret_output,
                                 int *ret_code);

// The moment a process started, in clock ticks since boot (field 22 of its stat): with the pid and the boot id it names
// one process for ever. ERR_NOT_FOUND when there is none,
// or it has ended and only waits to be reaped; any other error: it could not be looked at. Works wherever /proc is that of the pid's namespace.
MUST_USE struct err *process_start_time(pid_t pid, uint64_t *ret_ticks);
// A pidfd of exactly that process. ERR_NOT_FOUND when it is gone, also when another has its pid.
MUST_USE struct err *process_open(pid_t pid, uint64_t start, int *ret_pidfd);
bool pidfd_ended(int pidfd);
void pidfd_signal(int pidfd, int signal);
// Waits until it ended; false when it did not within `ms`.
bool pidfd_wait(int pidfd, int64_t ms);
// The pid namespace of this process: pids mean the same to those who have the same.
uint64_t pid_namespace(void);
// This boot of the kernel, as text; empty when it cannot be read.
const char *boot_id(void);
// Was that another boot than this one? Not known to be, if its id could not be read then; an error if ours cannot be now.
MUST_USE struct err *boot_over(const char *boot, bool *ret_over);

#endif
