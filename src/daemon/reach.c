// SPDX-License-Identifier: Apache-2.0
// All connections at once, and one wait for all.
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

enum { CONNECT_MS = 3000, TIMES_KEPT = 3 };

struct attempt {
    char *host, *key;
    uint64_t port; // 0: none
    struct net_address to;
    bool known;                // `to` is
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

// ---- connecting ----

static void attempt_begin(struct attempt *a, const char *address) {
    *a = (struct attempt){.fd = -1, .took_us = -1};
    if (!address_split(address, &a->host, &a->port)) return;
    a->key = key_of(a->host, a->port);
    struct net_addresses all;
    AUTO_ERR struct err *unknown = net_address_resolve(a->host, (uint16_t)a->port, &all);
    a->known = !unknown;
    if (a->known) a->to = all.at[0]; // what is measured is one way: that which is tried first
}

static void attempt_connect(struct attempt *a) {
    if (!a->known || !a->port) return;
    AUTO_ERR struct err *failed = net_socket_new(&a->to, &a->fd);
    if (failed) return;
    a->began_us = clock_us();
    bool done = connect(a->fd, (const struct sockaddr *)&a->to.storage, a->to.size) == 0;
    if (done) a->took_us = clock_us() - a->began_us;
    if (done || errno == EINPROGRESS) return;
    close(a->fd);
    a->fd = -1;
}

static void attempt_end(struct attempt *a) {
    if (a->fd >= 0) close(a->fd);
    free(a->host);
    free(a->key);
}

static void attempt_look(struct attempt *a, const struct pollfd *seen) {
    int error = 0;
    socklen_t size = sizeof error;
    if (!seen->revents) return;
    if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && !error) a->took_us = clock_us() - a->began_us;
    close(a->fd);
    a->fd = -1;
}

static void attempts_wait(struct attempt *attempts, size_t count) {
    int64_t until_us = clock_us() + CONNECT_MS * 1000;
    for (;;) {
        struct pollfd waiting[REACH_MOST];
        size_t which[REACH_MOST];
        nfds_t n = 0;
        for (size_t i = 0; i < count; i++) {
            if (attempts[i].fd < 0 || attempts[i].took_us >= 0) continue;
            which[n] = i;
            waiting[n++] = (struct pollfd){.fd = attempts[i].fd, .events = POLLOUT};
        }
        int64_t left_ms = (until_us - clock_us()) / 1000;
        if (!n || left_ms <= 0 || poll(waiting, n, (int)left_ms) <= 0) return;
        for (nfds_t k = 0; k < n; k++) attempt_look(&attempts[which[k]], &waiting[k]);
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

// The least of the last three, which stand in one number: 20 bits of ms each, 0 none.
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
    uint64_t ms = a->key ? time_settle(past, a) : 0;
    unsigned paths = a->known ? paths_to(n, &a->to) : 0;
    snprintf(value, sizeof value, "%llums", (unsigned long long)ms);
    if (ms) prober_tagf(p, value, "reach/%s", a->key);
    snprintf(value, sizeof value, "%u", paths);
    if (paths) prober_tagf(p, value, "net/paths/%s", a->key);
}

void reach_probe(struct prober *p, const char *const *addresses, size_t count, struct map *past) {
    struct attempt attempts[REACH_MOST];
    struct host_network network;
    if (count > REACH_MOST) count = REACH_MOST;
    for (size_t i = 0; i < count; i++) attempt_begin(&attempts[i], addresses[i]);
    for (size_t i = 0; i < count; i++) attempt_connect(&attempts[i]);
    attempts_wait(attempts, count);
    host_network_read(p, &network);
    for (size_t i = 0; i < count; i++) {
        attempt_tags(p, &attempts[i], &network, past);
        attempt_end(&attempts[i]);
    }
    host_network_done(&network);
}
