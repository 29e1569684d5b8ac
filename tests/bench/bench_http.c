// SPDX-License-Identifier: Apache-2.0
// Requests per second of the HTTP server under wrk, beside a bare epoll server that parses nothing: the ratio is the figure.
// Servers on the first core, wrk on the second, in short turns. Usage: bench_http [SECONDS PER TURN]
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/http_server.h"

enum { BODY = 200, TURNS = 5 };

static char body[BODY];

// ---- the reference: counts the empty lines in what it reads and answers as many times

static const char *reference_answer(size_t *ret_size) {
    static char answer[BODY + 200];
    int head = snprintf(answer, sizeof answer,
                        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n"
                        "Content-Length: %d\r\n\r\n",
                        BODY);
    memcpy(answer + head, body, BODY);
    *ret_size = (size_t)head + BODY;
    return answer;
}

static void reference_serve(int fd) {
    static char in[64 * 1024], out[512 * 1024];
    size_t answer_size, out_size = 0;
    const char *answer = reference_answer(&answer_size);
    ssize_t n = read(fd, in, sizeof in);
    if (n <= 0) {
        close(fd);
        return;
    }
    for (char *at = in; (at = memmem(at, (size_t)(in + n - at), "\r\n\r\n", 4)); at += 4) {
        memcpy(out + out_size, answer, answer_size);
        out_size += answer_size;
    }
    if (write(fd, out, out_size) != (ssize_t)out_size) close(fd);
}

static void reference_run(int listening) {
    int epoll = epoll_create1(EPOLL_CLOEXEC), on = 1;
    struct epoll_event events[256], event = {.events = EPOLLIN, .data.fd = listening};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listening) {
                reference_serve(events[i].data.fd);
                continue;
            }
            int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
            if (fd >= 0) epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
    }
}

static uint16_t reference_listen(int *ret_fd) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    *ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(*ret_fd, (struct sockaddr *)&a, size) == 0 && listen(*ret_fd, 1024) == 0);
    must(getsockname(*ret_fd, (struct sockaddr *)&a, &size) == 0);
    return ntohs(a.sin_port);
}

// ---- ours

static void handle(struct http_request *r, void *arg) {
    (void)arg;
    http_respond(r, 200, "application/json", NULL, 0, body, BODY);
}

// ---- measuring

static void pin(size_t core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    (void)sched_setaffinity(0, sizeof set, &set); // with one core it runs unpinned
}

// A child that serves until it is killed; its port comes back by a pipe.
static pid_t server_start(bool ours, uint16_t *ret_port) {
    int ends[2];
    must(pipe(ends) == 0);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pin(0);
        struct loop *loop;
        struct http_server *server;
        struct http_options options = {.check_host = true};
        uint16_t port;
        int listening = -1;
        if (ours) {
            must(!loop_new(&loop) && !http_server_new(loop, &options, handle, NULL, &server));
            must(!http_server_listen(server, "127.0.0.1", 0, &port));
        } else {
            port = reference_listen(&listening);
        }
        must(write(ends[1], &port, sizeof port) == sizeof port);
        if (ours) loop_run(loop);
        reference_run(listening);
        _exit(0);
    }
    must(read(ends[0], ret_port, sizeof *ret_port) == sizeof *ret_port);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static double wrk(uint16_t port, int connections, int seconds, const char *script) {
    char command[512], line[256];
    snprintf(command, sizeof command, "taskset -c 1 wrk -t1 -c%d -d%d %s%s http://127.0.0.1:%u/ 2>&1", connections,
             seconds, *script ? "-s " : "", script, port);
    FILE *output = popen(command, "r");
    must(output);
    double rate = 0;
    while (fgets(line, sizeof line, output)) {
        (void)!sscanf(line, "Requests/sec: %lf", &rate);
        if (strstr(line, "Socket errors") || strstr(line, "Non-2xx")) printf("  %s", line);
    }
    pclose(output);
    return rate;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void compare(const char *what, int connections, int seconds, const char *script) {
    double rates[2][TURNS];
    for (int turn = 0; turn < TURNS; turn++) {
        for (int ours = 0; ours < 2; ours++) {
            uint16_t port;
            pid_t pid = server_start(ours == 1, &port);
            rates[ours][turn] = wrk(port, connections, seconds, script);
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
    }
    for (int ours = 0; ours < 2; ours++) qsort(rates[ours], TURNS, sizeof(double), by_value);
    double reference = rates[0][TURNS / 2], own = rates[1][TURNS / 2];
    printf("%-22s %12.0f %12.0f %8.2f\n", what, reference, own, reference > 0 ? own / reference : 0);
    fflush(stdout);
}

int main(int argc, char **argv) {
    int seconds = argc > 1 ? atoi(argv[1]) : 1;
    memset(body, 'x', sizeof body);
    if (system("command -v wrk >/dev/null") != 0) {
        fprintf(stderr, "bench_http: wrk is not installed\n");
        return 1;
    }
    char script[] = "/tmp/bench-http-XXXXXX";
    int fd = mkstemp(script);
    const char *lua = "init = function(args)\n  local r = {}\n  for i = 1, 16 do r[i] = wrk.format() end\n"
                      "  req = table.concat(r)\nend\nrequest = function() return req end\n";
    must(fd >= 0 && write(fd, lua, strlen(lua)) == (ssize_t)strlen(lua));
    close(fd);
    printf("median of %d turns of %d s, requests per second of one core\n", TURNS, seconds);
    printf("%-22s %12s %12s %8s\n", "", "bare epoll", "granary", "ratio");
    compare("1 connection", 1, seconds, "");
    compare("64 connections", 64, seconds, "");
    compare("256 connections", 256, seconds, "");
    compare("64, 16 pipelined", 64, seconds, script);
    unlink(script);
    return 0;
}
