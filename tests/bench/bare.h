// SPDX-License-Identifier: Apache-2.0
// The reference for requests over HTTP: a bare epoll server that parses nothing, and wrk to ask it and others. The server under
// load has the first core for itself, wrk the second.
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// A child that counts the empty lines in what it reads and answers as many times with a JSON body of that size; it serves until
// it is killed.
pid_t bare_start(size_t body_size, uint16_t *ret_port);
void core_take(size_t core); // of the calling process, and of those that it starts; with one core it runs unpinned
// Ends the program when wrk is not installed.
void wrk_find(void);
// Requests per second with so many connections. `script`: a file of Lua, or "". What went wrong is printed, and the rate is 0
// then: refusals are quick.
double wrk(uint16_t port, int connections, int seconds, const char *script);
// A file of that text for wrk; given, removed by script_drop.
char *script_new(const char *text);
void script_drop(char *path);
double median(double *rates, size_t count); // sorts them

#endif
