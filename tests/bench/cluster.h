// SPDX-License-Identifier: Apache-2.0
// A cluster of real processes for measuring: a master, a provider of the memory driver, an agent, and a way to ask them.
#ifndef BENCH_CLUSTER_H
#define BENCH_CLUSTER_H

#include <stdint.h>

#include "base/text.h"
#include "sys/process.h"

struct processes {
    const char *granaryd, *directory; // borrowed until cluster_stop
    const char *config;               // what the master's configuration file holds; NULL: it has none
    uint16_t port;
    struct process master, provider, agent;
};

// Starts a master on a free port of loopback and returns once it answered; *ret_us (may be NULL): how long that took from
// the moment it was started until the answer to GET /v1/volumes?limit=1 was read.
void cluster_master(struct processes *c, double *ret_us);
// A provider with one pool of a petabyte, known to the master, and the class "bench" over it.
void cluster_provider(struct processes *c);
void cluster_agent(struct processes *c, const char *cpus, const char *mem);
// Ends what was started, waits for it, and leaves the directory alone.
void cluster_stop(struct processes *c);

// A connection to the master that sends what it is given at once; ends the program when there is none.
int cluster_connect(const struct processes *c);
void bytes_send(int fd, const char *bytes, size_t size);
// One request and its whole answer on that connection, whose body replaces ret_body (may be NULL). `headers`: lines, each
// ended by CRLF, or "".
int cluster_ask(int fd, const char *method, const char *path, const char *headers, const char *body,
                struct text *ret_body);
// The same on a connection of its own; any status but 2xx ends the program.
void cluster_tell(const struct processes *c, const char *method, const char *path, const char *body);
// The value of a line of GET /metrics that begins with `name` and a space; -1 when there is none.
double cluster_metric(const struct processes *c, const char *name);
// Kilobytes resident of a process.
long resident_kib(pid_t pid);

#endif
