// SPDX-License-Identifier: Apache-2.0
// The server as a whole: listening, accepting, sweeping up who is late, stopping.
#include "net/http_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "net/http_connection.h"

enum { SPARES_MOST = 256, REFUSED_MOST = 64, ACCEPTS_PER_TURN = 64, BACKLOG = 4096 };

static void listener_ready(int fd, int what, void *arg);

// ---- time

void server_now(struct http_server *s) {
    s->now = loop_now(s->loop).ms;
}

const char *server_date(struct http_server *s) {
    int64_t second = wall_now().ms / 1000;
    if (second == s->date_second) return s->date;
    struct tm utc;
    must(gmtime_r(&(time_t){second}, &utc));
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    AUTO_FREE char *date = mem_format("%s, %02d %s %04d %02d:%02d:%02d GMT", days[utc.tm_wday], utc.tm_mday,
                                      months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    must(strlen(date) < sizeof s->date);
    memcpy(s->date, date, strlen(date) + 1);
    s->date_second = second;
    return s->date;
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

// A quarter of the shortest deadline, so that each is kept within 25 %.
static int64_t sweep_interval(const struct http_limits *l) {
    int64_t shortest = smaller(smaller(l->header_ms, l->body_ms), smaller(l->idle_ms, l->write_ms)) / 4;
    return shortest < 5 ? 5 : smaller(shortest, 500);
}

void server_sweep_soon(struct http_server *s) {
    if (s->sweeping) return;
    s->sweeping = true;
    loop_timer_set(s->sweep, sweep_interval(&s->limits));
}

static void listeners_hear(struct http_server *s) {
    VEC_EACH (l, &s->listeners) {
        if (!(*l)->watch) (*l)->watch = loop_watch_new(s->loop, (*l)->fd, LOOP_READ, listener_ready, *l);
    }
    s->deaf = false;
}

static void server_sweep(void *arg) {
    struct http_server *s = arg;
    s->sweeping = false;
    server_now(s);
    if (s->deaf) listeners_hear(s);
    LIST_EACH (c, &s->connections, struct http_connection, link) {
        connection_check_deadline(c);
        if (s->stopping && s->now >= s->stop_at) connection_doom(c, "the server is stopping");
    }
    if (s->connection_count) server_sweep_soon(s);
}

// Closes who was doomed. The last connection of a stopping server ends it.
static void server_reap(void *arg) {
    struct http_server *s = arg;
    server_now(s);
    while (!list_empty(&s->doomed)) {
        struct http_connection *c = LIST_ITEM(s->doomed.next, struct http_connection, doomed_link);
        connection_close(c, c->doomed);
    }
    if (!s->stopping || s->connection_count || !s->stopped) return;
    loop_done *stopped = s->stopped;
    s->stopped = NULL;
    stopped(s->stopped_arg); // may free the server
}

// Sends what streams wrote since the last turn: one call for all records of a connection.
static void server_flush(void *arg) {
    struct http_server *s = arg;
    server_now(s);
    while (!list_empty(&s->talking)) {
        struct http_connection *c = LIST_ITEM(s->talking.next, struct http_connection, talking_link);
        list_remove(&c->talking_link);
        connection_flush(c);
    }
}

void server_connection_ended(struct http_server *s) {
    if (--s->connection_count == 0 && s->stopping) loop_timer_set(s->reap, 0);
}

// ---- requests are used again, with their buffers

struct http_request *request_new(struct http_connection *c) {
    struct http_server *s = c->server;
    struct http_request *r;
    if (list_empty(&s->spares)) {
        r = NEW(struct http_request);
    } else {
        r = LIST_ITEM(s->spares.next, struct http_request, link);
        list_remove(&r->link);
        s->spare_count--;
    }
    r->connection = c;
    r->server = s;
    return r;
}

static void request_destroy(struct http_request *r) {
    http_message_done(&r->message);
    text_done(&r->out);
    free(r);
}

void request_free(struct http_request *r) {
    struct http_server *s = r->server;
    list_remove(&r->link);
    if (!s || s->spare_count == SPARES_MOST) {
        request_destroy(r);
        return;
    }
    http_message_clear(&r->message);
    struct http_request spare = {.message = r->message};
    text_done(&r->out);
    *r = spare;
    list_add_last(&s->spares, &r->link);
    s->spare_count++;
}

const struct http_message *http_request_message(const struct http_request *r) {
    return &r->message;
}
const char *http_request_peer(const struct http_request *r) {
    return r->connection ? r->connection->peer : "";
}

void http_request_on_gone(struct http_request *r, loop_done *gone, void *arg) {
    must(r->state == REQUEST_HANDLED);
    r->gone = gone;
    r->gone_arg = arg;
}

// ---- accepting

static void listener_free(struct http_listener *l) {
    loop_watch_free(l->watch);
    if (l->fd >= 0) close(l->fd);
    if (l->unix_path) (void)unlink(l->unix_path);
    free(l->unix_path);
    free(l);
}

static void connection_accepted(struct http_listener *l, int fd, const struct net_address *peer) {
    struct http_server *s = l->server;
    if (s->connection_count >= s->limits.connections + REFUSED_MOST) {
        close(fd);
        return;
    }
    unsigned patience = (unsigned)s->limits.write_ms;
    if (l->tcp) (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
    connection_new(s, fd, l->tcp, peer, s->connection_count >= s->limits.connections);
}

static void listener_ready(int listening, int what, void *arg) {
    (void)what;
    struct http_listener *l = arg;
    struct http_server *s = l->server;
    server_now(s);
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct net_address peer = {.size = sizeof peer.storage};
        int fd = accept4(listening, (struct sockaddr *)&peer.storage, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            connection_accepted(l, fd, &peer);
            continue;
        }
        if (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS)
            return;                      // nobody left, or he left
        VEC_EACH (each, &s->listeners) { // no descriptor for it: try again at the next sweep instead of spinning
            loop_watch_free((*each)->watch);
            (*each)->watch = NULL;
        }
        s->deaf = true;
        server_sweep_soon(s);
        return;
    }
}

static void listener_add(struct http_server *s, int fd, const char *unix_path) {
    struct http_listener *l = NEW(struct http_listener);
    *l = (struct http_listener){.fd = fd, .server = s, .unix_path = mem_text(unix_path), .tcp = !unix_path};
    l->watch = loop_watch_new(s->loop, fd, LOOP_READ, listener_ready, l);
    vec_push(&s->listeners, l);
}

static struct err *socket_listen(int fd, struct net_address *a) {
    if (bind(fd, (struct sockaddr *)&a->storage, a->size) != 0 || listen(fd, BACKLOG) != 0) {
        int number = errno; // the system's "permission denied" and "in use" say enough
        return err_errno(number, "listen");
    }
    a->size = sizeof a->storage;
    return getsockname(fd, (struct sockaddr *)&a->storage, &a->size) == 0 ? NULL : err_errno(errno, "listen");
}

struct err *http_server_listen(struct http_server *s, const char *host, uint16_t port, uint16_t *ret_port) {
    struct net_address a;
    if (!net_address_numeric(host, port, &a)) {
        return err_new(ERR_INVALID, "listen on '%s': it is neither a numeric address nor localhost", host);
    }
    int fd, on = 1;
    TRY(net_socket_new(&a, &fd));
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct err *e = socket_listen(fd, &a);
    if (e) {
        close(fd);
        return err_wrap(e, "address %s port %u", host, port);
    }
    listener_add(s, fd, NULL);
    if (ret_port) *ret_port = net_address_port(&a);
    return NULL;
}

// Removes a socket file that a killed process left; one that somebody listens on is a conflict.
static struct err *unix_path_free(const char *path, const struct net_address *a) {
    struct stat st;
    if (lstat(path, &st) != 0) return NULL;
    if (!S_ISSOCK(st.st_mode)) return err_new(ERR_CONFLICT, "socket '%s': another kind of file is in its place", path);
    int fd;
    TRY(net_socket_new(a, &fd));
    bool alive = connect(fd, (const struct sockaddr *)&a->storage, a->size) == 0 || errno == EAGAIN;
    close(fd);
    if (alive) return err_new(ERR_CONFLICT, "socket '%s': another process listens on it", path);
    return unlink(path) == 0 ? NULL : err_errno(errno, "remove the stale socket '%s'", path);
}

struct err *http_server_listen_unix(struct http_server *s, const char *path, mode_t mode) {
    struct net_address a;
    TRY(net_address_unix(path, &a));
    TRY(unix_path_free(path, &a));
    int fd;
    TRY(net_socket_new(&a, &fd));
    struct err *e = socket_listen(fd, &a);
    if (!e && chmod(path, mode) != 0) e = err_errno(errno, "set the mode");
    if (e) {
        close(fd);
        return err_wrap(e, "socket '%s'", path);
    }
    listener_add(s, fd, path);
    return NULL;
}

// ---- beginning and end

static void default_size(size_t *field, size_t value) {
    if (*field == 0) *field = value;
}

static void default_ms(int64_t *field, int64_t value) {
    if (*field == 0) *field = value;
}

static void limits_default(struct http_limits *l) {
    default_size(&l->body, HTTP_BODY_MOST);
    default_size(&l->unsent, 8 * MIB);
    default_size(&l->connections, 16000);
    default_size(&l->body_progress, KIB);
    default_ms(&l->header_ms, 10 * 1000);
    default_ms(&l->body_ms, 30 * 1000);
    default_ms(&l->idle_ms, 75 * 1000);
    default_ms(&l->write_ms, 30 * 1000);
    default_ms(&l->unsent_ms, 1000);
}

struct err *http_server_new(struct loop *l, const struct http_options *options, http_handler *handler, void *arg,
                            struct http_server **ret_server) {
    struct http_server *s = NEW(struct http_server);
    *s = (struct http_server){.loop = l, .limits = options->limits, .check_host = options->check_host};
    limits_default(&s->limits);
    s->handler = handler;
    s->arg = arg;
    s->buffer = mem_zero(HTTP_READ_SIZE, 1);
    list_init(&s->connections);
    list_init(&s->doomed);
    list_init(&s->talking);
    list_init(&s->spares);
    list_init(&s->detached);
    s->sweep = loop_timer_new(l, server_sweep, s);
    s->reap = loop_timer_new(l, server_reap, s);
    s->flush = loop_timer_new(l, server_flush, s);
    server_now(s);
    *ret_server = s;
    return NULL;
}

static void listeners_close(struct http_server *s) {
    VEC_EACH (l, &s->listeners) listener_free(*l);
    vec_done(&s->listeners);
}

void http_server_free(struct http_server *s) {
    if (!s) return;
    s->stopped = NULL;
    listeners_close(s);
    while (!list_empty(&s->connections)) {
        connection_close(LIST_ITEM(s->connections.next, struct http_connection, link), "the server is stopping");
    }
    LIST_EACH (r, &s->detached, struct http_request, link) {
        list_remove(&r->link);
        r->server = NULL;
    }
    LIST_EACH (r, &s->spares, struct http_request, link) {
        list_remove(&r->link);
        request_destroy(r);
    }
    loop_timer_free(s->sweep);
    loop_timer_free(s->reap);
    loop_timer_free(s->flush);
    free(s->buffer);
    free(s);
}

void http_server_stop(struct http_server *s, int64_t grace_ms, loop_done *done, void *arg) {
    server_now(s);
    listeners_close(s);
    s->stopping = true;
    s->stop_at = s->now + grace_ms;
    s->stopped = done;
    s->stopped_arg = arg;
    LIST_EACH (c, &s->connections, struct http_connection, link) {
        if (c->in_flight == 0) connection_doom(c, "the server is stopping");
    }
    loop_timer_set(s->sweep, smaller(grace_ms, sweep_interval(&s->limits)));
    s->sweeping = true;
    loop_timer_set(s->reap, 0);
}

size_t http_server_connections(const struct http_server *s) {
    return s->connection_count;
}
