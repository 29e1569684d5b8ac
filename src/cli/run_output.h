// SPDX-License-Identifier: Apache-2.0
// Follows the two files into which an agent on this machine writes what a task prints.
#ifndef CLI_RUN_OUTPUT_H
#define CLI_RUN_OUTPUT_H

#include <stdbool.h>

// Zeroed with descriptors of -1 (run_output_init) follows nothing.
struct run_output {
    int fds[2]; // stdout, stderr of the task
};
void run_output_init(struct run_output *o);
// False when the files cannot be read here: the task runs on another machine, or as somebody whose files are closed to us.
bool run_output_open(struct run_output *o, const char *sandbox);
// Copies what is new to our own stdout and stderr. False when nothing was.
bool run_output_copy(struct run_output *o);
void run_output_close(struct run_output *o);

#endif
