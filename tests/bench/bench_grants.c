// SPDX-License-Identifier: Apache-2.0
// Durable volume grants: POST /v1/volumes until the 202, by one caller and by 64 on connections of their own, through a real
// master and a real provider of the memory driver; in short blocks between blocks of a raw pwrite + fdatasync loop on the
// same disk. Usage: bench_grants GRANARYD [directory]
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cluster.h"
#include "measure.h"
#include "sys/file.h"

enum { BLOCKS = 8, RAW_MS = 250, GRANT_MS = 500, CALLERS_MOST = 64, ANSWER_MOST = 16384 };

struct caller { // one connection with at most one request under way
    int fd;
    double from;
    size_t got;
    char answer[ANSWER_MOST];
};

struct load {
    struct caller *callers;
    int epoll, count, busy;
    unsigned long long names, granted;
    struct samples times;
};

static void caller_ask(struct load *l, struct caller *c) {
    char body[128], request[384];
    int size = snprintf(body, sizeof body, "{\"name\":\"v%llu\",\"class\":\"bench\",\"size\":16777216}", ++l->names);
    int n = snprintf(request, sizeof request,
                     "POST /v1/volumes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                     "application/json\r\nContent-Length: %d\r\n\r\n%s",
                     size, body);
    c->got = 0;
    c->from = clock_us();
    bytes_send(c->fd, request, (size_t)n);
    l->busy++;
}

// True once the answer is whole; any other than 202 ends the program.
static bool caller_hear(struct caller *c) {
    ssize_t n = read(c->fd, c->answer + c->got, ANSWER_MOST - 1 - c->got);
    if (n <= 0) check(err_errno(errno, "read the answer to a grant"));
    c->got += (size_t)n;
    c->answer[c->got] = 0;
    const char *end = strstr(c->answer, "\r\n\r\n"), *length = strcasestr(c->answer, "\r\nContent-Length:");
    if (!end || !length || c->got < (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10)) return false;
    if (strncmp(c->answer + 9, "202", 3) != 0) check(err_new(ERR_IO, "a grant was answered: %s", c->answer));
    return true;
}

// All callers ask one after another until the time is over, and the last answers are waited for. Grants per second.
static double load_block(struct load *l, double ms) {
    double from = clock_us(), end = from + ms * 1000;
    unsigned long long before = l->granted;
    for (int i = 0; i < l->count; i++) caller_ask(l, &l->callers[i]);
    while (l->busy) {
        struct epoll_event ready[CALLERS_MOST];
        int n = epoll_wait(l->epoll, ready, CALLERS_MOST, 10000);
        if (n <= 0) check(err_new(ERR_TIMEOUT, "no grant was answered for 10 s"));
        for (int i = 0; i < n; i++) {
            struct caller *c = ready[i].data.ptr;
            if (!caller_hear(c)) continue;
            l->busy--;
            l->granted++;
            double now = clock_us();
            vec_push(&l->times, now - c->from);
            if (now < end) caller_ask(l, c);
        }
    }
    return (double)(l->granted - before) / (clock_us() - from) * 1e6;
}

static void load_open(struct load *l, const struct processes *c, int count) {
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->count = count;
    l->callers = mem_zero((size_t)count, sizeof *l->callers);
    for (int i = 0; i < count; i++) {
        l->callers[i].fd = cluster_connect(c);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &l->callers[i]};
        if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->callers[i].fd, &e) != 0)
            check(err_errno(errno, "watch a connection"));
    }
}

static void load_close(struct load *l) {
    for (int i = 0; i < l->count; i++) close(l->callers[i].fd);
    close(l->epoll);
    free(l->callers);
    l->callers = NULL;
    vec_done(&l->times);
}

// Volumes that were granted and that the provider has not made yet.
static double backlog(const struct processes *c) {
    return cluster_metric(c, "granary_operations_open{provider=\"mem\"}");
}

static void measure(const struct processes *c, struct raw_disk *disk, int callers, double least) {
    static unsigned long long names;
    struct load l = {.names = names};
    struct samples raw = {0}, rates = {0};
    load_open(&l, c, callers);
    load_block(&l, 100); // warm: not counted
    vec_clear(&l.times);
    double open_before = backlog(c);
    for (int i = 0; i < BLOCKS; i++) {
        raw_block(disk, RAW_MS, &raw);
        vec_push(&rates, load_block(&l, GRANT_MS));
    }
    double open_after = backlog(c), raw_rate = 1e6 / samples_at(&raw, 50), rate = samples_at(&rates, 50);
    printf("grants: %d client%s\n", callers, callers == 1 ? "" : "s");
    samples_print("  raw pwrite+fdatasync", &raw, "us");
    samples_print("  grant, asked to answered", &l.times, "us");
    samples_print("  grants", &rates, "per second in a block");
    printf("  provider's backlog: %.0f operations open before, %.0f after %llu grants: %s\n", open_before, open_after,
           l.granted, open_after > open_before + 2 * callers ? "it grew" : "it did not grow");
    double wanted = callers > 1 && 20000 < least * raw_rate ? 20000 / raw_rate : least;
    goal_least("grants per raw fdatasync", rate / raw_rate, wanted);
    names = l.names;
    load_close(&l);
    vec_done(&raw);
    vec_done(&rates);
}

static void phase(const char *granaryd, const char *directory, int callers, double least) {
    AUTO_FREE char *own = mem_format("%s/%d", directory, callers);
    check(directory_make(own, 0700));
    struct processes c = {.granaryd = granaryd, .directory = own};
    struct raw_disk disk = raw_open(own);
    cluster_master(&c, NULL);
    cluster_provider(&c);
    cluster_agent(&c, "4", "4GiB"); // a grant needs somebody who could use it
    measure(&c, &disk, callers, least);
    cluster_stop(&c);
    close(disk.fd);
}

int main(int argc, char **argv) {
    if (argc < 2) check(err_new(ERR_INVALID, "usage: bench_grants GRANARYD [directory]"));
    char *directory = directory_new(argc > 2 ? argv[2] : NULL);
    priority_take();
    phase(argv[1], directory, 1, 0.25);
    priority_share(); // 64 callers fill all processors
    phase(argv[1], directory, 64, 8);
    directory_drop(directory);
    return verdict();
}
