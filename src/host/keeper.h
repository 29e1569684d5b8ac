// SPDX-License-Identifier: Apache-2.0
// A keeper: pid 1 of its own pid and mount namespaces, which holds one attachment or one task and outlives the agent.
// Killing it takes its processes, its mounts and its loop device. Run by the host, never by people.
#ifndef HOST_KEEPER_H
#define HOST_KEEPER_H

// The main of `granaryd keeper ...`: argv[0] is "keeper". Returns the exit code of the process, or
// ends it without running exit handlers.
int keeper_main(int argc, char **argv);

#endif
