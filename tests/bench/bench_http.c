// SPDX-License-Identifier: Apache-2.0
// Requests per second of the HTTP server under wrk, beside a bare epoll server that parses nothing: the ratio is the figure.
// In short turns. Usage: bench_http [SECONDS PER TURN]
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"
#include "net/http_server.h"

enum { BODY = 200, TURNS = 5 };

static char body[BODY];

static void handle(struct http_request *r, void *arg) {
    (void)arg;
    http_respond(r, 200, "application/json", NULL, 0, body, BODY);
}

static void serve(int told) {
    struct loop *loop;
    struct http_server *server;
    struct http_options options = {.check_host = true};
    uint16_t port;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    core_take(0);
    must(!loop_new(&loop) && !http_server_new(loop, &options, handle, NULL, &server));
    must(!http_server_listen(server, "127.0.0.1", 0, &port));
    must(write(told, &port, sizeof port) == sizeof port);
    loop_run(loop);
    _exit(0);
}

// A child that serves until it is killed; its port comes back by a pipe.
static pid_t ours_start(uint16_t *ret_port) {
    int ends[2];
    must(pipe(ends) == 0);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) serve(ends[1]);
    must(read(ends[0], ret_port, sizeof *ret_port) == sizeof *ret_port);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static void compare(const char *what, int connections, int seconds, const char *script) {
    double rates[2][TURNS];
    for (int turn = 0; turn < TURNS; turn++) {
        for (int ours = 0; ours < 2; ours++) {
            uint16_t port;
            pid_t pid = ours ? ours_start(&port) : bare_start(BODY, &port);
            rates[ours][turn] = wrk(port, connections, seconds, script);
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
    }
    double reference = median(rates[0], TURNS), own = median(rates[1], TURNS);
    printf("%-22s %12.0f %12.0f %8.2f\n", what, reference, own, reference > 0 ? own / reference : 0);
    fflush(stdout);
}

int main(int argc, char **argv) {
    int seconds = argc > 1 ? atoi(argv[1]) : 1;
    memset(body, 'x', sizeof body);
    wrk_find();
    char *script = script_new("init = function(args)\n  local r = {}\n  for i = 1, 16 do r[i] = wrk.format() end\n"
                              "  req = table.concat(r)\nend\nrequest = function() return req end\n");
    printf("median of %d turns of %d s, requests per second of one core\n", TURNS, seconds);
    printf("%-22s %12s %12s %8s\n", "", "bare epoll", "granary", "ratio");
    compare("1 connection", 1, seconds, "");
    compare("64 connections", 64, seconds, "");
    compare("256 connections", 256, seconds, "");
    compare("64, 16 pipelined", 64, seconds, script);
    script_drop(script);
    return 0;
}
