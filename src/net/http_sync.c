// SPDX-License-Identifier: Apache-2.0
// One connection, poll with a deadline, the same parser as everywhere.
#include "net/http_sync.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/address.h"
#include "net/http_parse.h"
#include "sys/clock.h"

enum { READ_SIZE = 64 * 1024 };

struct exchange {
    const struct http_ask *ask;
    struct text name; // of the origin
    int fd;
    int64_t until; // the monotonic clock's millisecond to give up at; 0: never
    struct http_parse *parse;
    struct http_message message;
    http_sync_data *data; // NULL: the whole answer is gathered
    void *arg;
    bool told_head, ended;
};

// Waits until the socket is ready; false when the time is over (0: never).
static bool exchange_wait_until(struct exchange *x, short what, int64_t until) {
    for (;;) {
        int64_t left = until ? until - clock_mono_ms() : -1;
        if (until && left <= 0) return false;
        struct pollfd p = {.fd = x->fd, .events = what};
        int n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
        if (n > 0) return true;
        must(n == 0 || errno == EINTR);
    }
}

static bool exchange_wait(struct exchange *x, short what) {
    return exchange_wait_until(x, what, x->until);
}

static struct err *address_try(struct exchange *x, const struct net_address *a, int64_t until) {
    TRY(net_socket_new(a, &x->fd));
    int number = connect(x->fd, (const struct sockaddr *)&a->storage, a->size) == 0 ? 0 : errno;
    if (number == EINPROGRESS) {
        if (!exchange_wait_until(x, POLLOUT, until))
            return err_new(ERR_UNAVAILABLE, "no connection to %s in time", x->name.data);
        socklen_t size = sizeof number;
        if (getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
    }
    if (number == 0) return NULL;
    return err_new(ERR_UNAVAILABLE, "connect to %s: %s", x->name.data, strerrordesc_np(number));
}

// The first address that takes the connection.
static struct err *exchange_connect(struct exchange *x, const struct url *origin) {
    struct net_addresses all;
    bool known;
    TRY(net_address_of_url(origin, &known, &all));
    if (!known) TRY(net_address_resolve(origin->host, origin->port, &all));
    struct err *e = NULL;
    for (size_t i = 0; i < all.count; i++) {
        int64_t share = clock_mono_ms() + NET_ADDRESS_TRY_MS;
        err_free(e);
        e = address_try(x, &all.at[i], i + 1 < all.count && share < x->until ? share : x->until);
        if (!e) return NULL;
        if (x->fd >= 0) close(x->fd);
        x->fd = -1;
    }
    return e;
}

static struct err *exchange_send(struct exchange *x, const struct url *origin) {
    AUTO_TEXT struct text bytes = {0};
    http_ask_add(&bytes, origin, x->ask);
    for (size_t sent = 0; sent < bytes.size;) {
        ssize_t n = send(x->fd, bytes.data + sent, bytes.size - sent, MSG_NOSIGNAL);
        if (n >= 0) {
            sent += (size_t)n;
        } else if (errno == EAGAIN) {
            if (!exchange_wait(x, POLLOUT)) return err_new(ERR_TIMEOUT, "%s took no request in time", x->name.data);
        } else if (errno != EINTR) {
            return NULL; // it may have answered already, and then closed: what it said is read
        }
    }
    return NULL;
}

// Hands over what there is of a stream. False when the reader has enough.
static bool exchange_tell(struct exchange *x) {
    if (!x->told_head) {
        x->told_head = true;
        if (!x->data(&x->message, "", 0, x->arg)) return false;
    }
    x->until = x->ask->idle_ms ? clock_mono_ms() + x->ask->idle_ms : 0;
    bool more = x->message.body.size == 0 || x->data(&x->message, x->message.body.data, x->message.body.size, x->arg);
    text_clear(&x->message.body);
    return more;
}

static struct err *exchange_take(struct exchange *x, const char *bytes, size_t size) {
    while (size && !x->ended) {
        size_t used = 0;
        struct err *e = http_parse_feed(x->parse, bytes, size, &used);
        if (e && err_kind(e) == ERR_TOO_LARGE) return err_wrap(e, "the answer of %s", x->name.data);
        if (e) {
            struct err *told = err_new(ERR_UNKNOWN, "the answer of %s: %s", x->name.data, err_text(e));
            err_free(e);
            return told;
        }
        bytes += used;
        size -= used;
        enum http_stage stage = http_parse_stage(x->parse);
        if (stage == HTTP_STAGE_DONE && x->message.status < 200) {
            http_message_clear(&x->message);
            http_parse_begin(x->parse, HTTP_PARSE_RESPONSE, http_ask_limit(x->ask), &x->message);
            continue;
        }
        if (x->data && stage != HTTP_STAGE_HEAD && !exchange_tell(x)) x->ended = true;
        if (stage == HTTP_STAGE_DONE) x->ended = true;
    }
    return NULL;
}

static struct err *exchange_end(struct exchange *x, const char *how) {
    struct err *e = http_parse_end(x->parse);
    x->ended = true;
    if (!e) return NULL;
    err_free(e);
    return err_new(ERR_UNKNOWN,
                   x->told_head ? "the stream from %s ended early: %s"
                                : "the connection to %s broke before its answer: %s",
                   x->name.data, how);
}

static struct err *exchange_read(struct exchange *x) {
    AUTO_FREE char *buffer = mem_zero(READ_SIZE, 1);
    http_parse_begin(x->parse, HTTP_PARSE_RESPONSE, http_ask_limit(x->ask), &x->message);
    if (strcmp(http_ask_method(x->ask), "HEAD") == 0) http_parse_expect_no_body(x->parse);
    while (!x->ended) {
        ssize_t n = read(x->fd, buffer, READ_SIZE);
        if (n > 0) {
            TRY(exchange_take(x, buffer, (size_t)n));
        } else if (n == 0) {
            TRY(exchange_end(x, "the server closed it"));
        } else if (errno != EAGAIN && errno != EINTR) {
            TRY(exchange_end(x, strerrordesc_np(errno)));
        } else if (!exchange_wait(x, POLLIN)) {
            return x->told_head ? err_new(ERR_TIMEOUT, "the stream from %s was silent for too long", x->name.data)
                                : err_new(ERR_TIMEOUT, "%s did not answer in time", x->name.data);
        }
    }
    return NULL;
}

static struct err *exchange_run(struct exchange *x, const struct url *origin) {
    x->fd = -1;
    x->until = clock_mono_ms() + http_ask_deadline(x->ask);
    x->parse = http_parse_new();
    url_origin_add(&x->name, origin);
    struct err *e = exchange_connect(x, origin);
    if (!e) e = exchange_send(x, origin);
    if (!e) e = exchange_read(x);
    if (x->fd >= 0) close(x->fd);
    http_parse_free(x->parse);
    text_done(&x->name);
    return e;
}

struct err *http_sync_call(const struct url *origin, const struct http_ask *ask, struct http_message *ret_answer) {
    struct exchange x = {.ask = ask};
    struct err *e = exchange_run(&x, origin);
    if (e) {
        http_message_done(&x.message);
        return e;
    }
    *ret_answer = x.message;
    return NULL;
}

struct err *http_sync_stream(const struct url *origin, const struct http_ask *ask, http_sync_data *data, void *arg) {
    struct exchange x = {.ask = ask, .data = data, .arg = arg};
    struct err *e = exchange_run(&x, origin);
    http_message_done(&x.message);
    return e;
}
