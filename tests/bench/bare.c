// SPDX-License-Identifier: Apache-2.0
// The bare server and its load.
#include "bare.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"

enum { BODY_MOST = 1024 };

static char answer[BODY_MOST + 256];
static size_t answer_size;

static void answer_make(size_t body_size) {
    must(body_size <= BODY_MOST);
    int head = snprintf(answer, sizeof answer,
                        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        body_size);
    memset(answer + head, 'x', body_size);
    answer_size = (size_t)head + body_size;
}

static void serve(int fd) {
    static char in[64 * 1024], out[2 * 1024 * 1024];
    size_t out_size = 0;
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

static void run(int listening) {
    int epoll = epoll_create1(EPOLL_CLOEXEC), on = 1;
    struct epoll_event events[256], event = {.events = EPOLLIN, .data.fd = listening};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd != listening) {
                serve(events[i].data.fd);
                continue;
            }
            int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
            if (fd >= 0) epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
        }
    }
}

static int listen_anywhere(uint16_t *ret_port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(fd, (struct sockaddr *)&a, size) == 0 && listen(fd, 1024) == 0);
    must(getsockname(fd, (struct sockaddr *)&a, &size) == 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

pid_t bare_start(size_t body_size, uint16_t *ret_port) {
    int listening = listen_anywhere(ret_port);
    pid_t pid = fork();
    must(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        core_take(0);
        answer_make(body_size);
        run(listening);
    }
    close(listening);
    return pid;
}

void core_take(size_t core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
}

void wrk_find(void) {
    if (system("command -v wrk >/dev/null") == 0) return;
    fprintf(stderr, "bench: wrk is not installed\n");
    exit(1);
}

double wrk(uint16_t port, int connections, int seconds, const char *script) {
    char command[512], line[256];
    snprintf(command, sizeof command, "taskset -c 1 wrk -t1 -c%d -d%d %s%s http://127.0.0.1:%u/ 2>&1", connections,
             seconds, *script ? "-s " : "", script, port);
    FILE *output = popen(command, "r");
    must(output);
    double rate = 0;
    bool bad = false;
    while (fgets(line, sizeof line, output)) {
        (void)!sscanf(line, "Requests/sec: %lf", &rate);
        if (!strstr(line, "Socket errors") && !strstr(line, "Non-2xx")) continue;
        printf("  %s", line);
        bad = true;
    }
    pclose(output);
    return bad ? 0 : rate;
}

char *script_new(const char *text) {
    char *path = mem_text("/tmp/bench-http-XXXXXX");
    int fd = mkstemp(path);
    must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    return path;
}

void script_drop(char *path) {
    unlink(path);
    free(path);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *rates, size_t count) {
    qsort(rates, count, sizeof *rates, by_value);
    return rates[count / 2];
}
