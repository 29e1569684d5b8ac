// SPDX-License-Identifier: Apache-2.0
// All connections at once, and one wait for all; then once more for those that failed.
#include "daemon/reach.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/network.h"
#include "net/address.h"

enum { TRIES = 2, TIMES_KEPT = 2 };

struct attempt {
    const struct reach_target *target;
    char *key;
    int fd;                    // -1: not under way
    int64_t began_us, took_us; // took: -1 when it did not connect
};

static int64_t clock_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// ---- addresses ----

// "host:port", "[v6]:port", or a host alone.
static bool address_split(const char *address, char **ret_host, uint64_t *ret_port) {
    const char *end = *address == '[' ? strchr(address, ']') : NULL;
    const char *colon = end ? strchr(end, ':') : strrchr(address, ':');
    bool lone_six = !end && colon && strchr(address, ':') != colon;
    uint64_t port = 0;
    if (lone_six) colon = NULL;
    if (colon && (!text_to_u64(colon + 1, &port) || !port || port > 65535)) return false;
    size_t from = end ? 1 : 0, size = end     ? (size_t)(end - address)
                                      : colon ? (size_t)(colon - address)
                                              : strlen(address);
    if (size <= from || (*address == '[' && !end)) return false;
    *ret_host = mem_text(address + from);
    (*ret_host)[size - from] = 0;
    *ret_port = port;
    return true;
}

static char *key_of(const char *host, uint64_t port) {
    char *key = port ? mem_format("%s/%llu", host, (unsigned long long)port) : mem_text(host);
    for (char *c = key; *c; c++)
        if (*c == ':') *c = '-';
    if (*key == '-') *key = '0'; // "::1"
    return key;
}

char *reach_key(const char *address) {
    char *host;
    uint64_t port;
    if (!address_split(address, &host, &port)) return NULL;
    char *key = key_of(host, port);
    free(host);
    return key;
}

struct reach_target reach_target_of(const char *address) {
    struct reach_target t = {.address = mem_text(address)};
    char *host;
    uint64_t port;
    if (!address_split(address, &host, &port)) return t;
    t.known = net_address_numeric(host, (uint16_t)port, &t.to);
    t.named = !t.known;
    free(host);
    return t;
}

void reach_target_done(struct reach_target *t) {
    free(t->address);
}

void reach_resolve(struct reach_target *targets, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct reach_target *t = &targets[i];
        struct net_addresses all;
        char *host;
        uint64_t port;
        if (!t->named || !address_split(t->address, &host, &port)) continue;
        AUTO_ERR struct err *unknown = net_address_resolve(host, (uint16_t)port, &all);
        free(host);
        if (unknown) continue;
        t->known = true;
        t->to = all.at[0]; // what is measured is one way: that which is tried first
    }
}

// ---- connecting ----

static void attempt_close(struct attempt *a) {
    if (a->fd >= 0) close(a->fd);
    a->fd = -1;
}

static void attempt_connect(struct attempt *a) {
    const struct reach_target *t = a->target;
    if (!t->known || !net_address_port(&t->to)) return;
    AUTO_ERR struct err *failed = net_socket_new(&t->to, &a->fd);
    if (failed) return;
    a->began_us = clock_us();
    bool done = connect(a->fd, (const struct sockaddr *)&t->to.storage, t->to.size) == 0;
    if (done) a->took_us = clock_us() - a->began_us;
    if (done || errno != EINPROGRESS) attempt_close(a);
}

static void attempt_look(struct attempt *a, const struct pollfd *seen) {
    int error = 0;
    socklen_t size = sizeof error;
    if (!seen->revents) return;
    if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && !error) a->took_us = clock_us() - a->began_us;
    attempt_close(a);
}

static void attempts_wait(struct attempt *attempts, size_t count, int64_t ms) {
    int64_t until_us = clock_us() + ms * 1000;
    for (;;) {
        struct pollfd waiting[REACH_MOST];
        size_t which[REACH_MOST];
        nfds_t n = 0;
        for (size_t i = 0; i < count; i++) {
            if (attempts[i].fd < 0) continue;
            which[n] = i;
            waiting[n++] = (struct pollfd){.fd = attempts[i].fd, .events = POLLOUT};
        }
        int64_t left_us = until_us - clock_us();
        if (!n || poll(waiting, n, left_us > 0 ? (int)((left_us + 999) / 1000) : 0) <= 0) return;
        for (nfds_t k = 0; k < n; k++) attempt_look(&attempts[which[k]], &waiting[k]);
    }
}

// One packet that was lost is no news: who did not answer is asked again.
static void attempts_run(struct attempt *attempts, size_t count, int64_t try_ms) {
    for (int i = 0; i < TRIES; i++) {
        for (size_t k = 0; k < count; k++)
            if (attempts[k].took_us < 0) attempt_connect(&attempts[k]);
        attempts_wait(attempts, count, try_ms);
        for (size_t k = 0; k < count; k++) attempt_close(&attempts[k]);
    }
}

// ---- tags ----

// 1, 2, 5, 10, 20, 50 ... ms: a figure that trembles is no news.
static uint64_t step_ms(int64_t us) {
    static const uint64_t parts[] = {2, 5, 10};
    uint64_t ms = ((uint64_t)us + 999) / 1000, step = 1;
    for (uint64_t ten = 1; step < ms; ten *= 10)
        for (size_t i = 0; i < ARRAY_LEN(parts) && step < ms; i++) step = ten * parts[i];
    return step;
}

// The least of the last two, which stand in one number: 20 bits of ms each, 0 none.
static uint64_t time_settle(struct map *past, const struct attempt *a) {
    enum { BITS = 20 };
    const uint64_t mask = (1u << BITS) - 1;
    union map_value *times = map_put_text(past, a->key, NULL);
    if (a->took_us < 0) {
        times->n = 0;
        return 0;
    }
    times->n = (times->n << BITS | step_ms(a->took_us)) & ((UINT64_C(1) << BITS * TIMES_KEPT) - 1);
    uint64_t least = mask;
    for (unsigned i = 0; i < TIMES_KEPT; i++) {
        uint64_t one = times->n >> BITS * i & mask;
        if (one && one < least) least = one;
    }
    return least;
}

static unsigned paths_to(const struct host_network *n, const struct net_address *to) {
    if (to->storage.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&to->storage;
        return host_network_paths(n, (const unsigned char *)&v4->sin_addr, false);
    }
    const struct sockaddr_in6 *v6 = (const void *)&to->storage;
    return host_network_paths(n, v6->sin6_addr.s6_addr, true);
}

static void attempt_tags(struct prober *p, const struct attempt *a, const struct host_network *n, struct map *past) {
    char value[32];
    uint64_t ms = time_settle(past, a);
    unsigned paths = a->target->known ? paths_to(n, &a->target->to) : 0;
    snprintf(value, sizeof value, "%llums", (unsigned long long)ms);
    if (ms) prober_tagf(p, value, "reach/%s", a->key);
    snprintf(value, sizeof value, "%u", paths);
    if (paths) prober_tagf(p, value, "net/paths/%s", a->key);
}

void reach_probe(struct prober *p, const struct reach_target *targets, size_t count, int64_t try_ms, struct map *past) {
    struct attempt attempts[REACH_MOST];
    struct host_network network;
    if (count > REACH_MOST) count = REACH_MOST;
    for (size_t i = 0; i < count; i++)
        attempts[i] =
            (struct attempt){.target = &targets[i], .key = reach_key(targets[i].address), .fd = -1, .took_us = -1};
    attempts_run(attempts, count, try_ms);
    host_network_read(p, &network);
    for (size_t i = 0; i < count; i++) {
        if (attempts[i].key) attempt_tags(p, &attempts[i], &network, past);
        free(attempts[i].key);
    }
    host_network_done(&network);
}
