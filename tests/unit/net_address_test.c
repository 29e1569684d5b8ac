// SPDX-License-Identifier: Apache-2.0
// A name with several addresses: all are kept, and a connection goes to the first that takes it.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/address.h"
#include "net/http_client.h"
#include "net/http_sync.h"

// ---- a resolver of ours: names are lists of addresses, "127.0.0.2,127.0.0.1" ----

static struct addrinfo *found_new(const char *host, const char *service) {
    struct net_address a;
    if (!net_address_numeric(host, (uint16_t)strtoul(service, NULL, 10), &a)) return NULL;
    struct addrinfo *f = mem_zero(1, sizeof *f);
    f->ai_addr = mem_copy(&a.storage, a.size);
    f->ai_addrlen = a.size;
    return f;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    (void)hints;
    AUTO_FREE char *copy = mem_text(host);
    char *rest = copy;
    for (char *one; (one = strsep(&rest, ","));) {
        *found = found_new(one, service);
        if (!*found) return EAI_NONAME;
        found = &(*found)->ai_next;
    }
    return 0;
}

void freeaddrinfo(struct addrinfo *found) {
    while (found) {
        struct addrinfo *next = found->ai_next;
        free(found->ai_addr);
        free(found);
        found = next;
    }
}

static void all_addresses_of_a_name_are_kept_in_order(void **state) {
    (void)state;
    struct net_addresses all;
    char text[NET_ADDRESS_TEXT];
    assert_null(net_address_resolve("::1,127.0.0.2,127.0.0.1", 80, &all));
    assert_int_equal(all.count, 3);
    net_address_text(&all.at[0], text);
    assert_string_equal(text, "[::1]:80");
    net_address_text(&all.at[2], text);
    assert_string_equal(text, "127.0.0.1:80");
    assert_null(net_address_resolve("127.0.0.1,127.0.0.1,127.0.0.1,127.0.0.1,127.0.0.1,127.0.0.1,127.0.0.1,127.0.0.1,"
                                    "127.0.0.1",
                                    80, &all));
    assert_int_equal(all.count, NET_ADDRESSES_MOST);
}

// ---- a server that listens on 127.0.0.1 only ----

struct world {
    pid_t server;
    uint16_t port;
    struct loop *loop;
    char *outcome;
};

static _Noreturn void serve(int fd) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
    for (char request[4096];;) {
        int peer = accept(fd, NULL, NULL);
        if (peer < 0 || read(peer, request, sizeof request) <= 0) continue;
        if (write(peer, answer, sizeof answer - 1) < 0) _exit(1);
        close(peer);
    }
}

static int world_begin(void **state) {
    struct world *w = *state = NEW(struct world);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 8)) return -1;
    if (getsockname(fd, (struct sockaddr *)&a, &size) || loop_new(&w->loop)) return -1;
    w->port = ntohs(a.sin_port);
    w->server = fork();
    if (w->server == 0) serve(fd);
    close(fd);
    return w->server < 0 ? -1 : 0;
}

static int world_end(void **state) {
    struct world *w = *state;
    kill(w->server, SIGKILL);
    waitpid(w->server, NULL, 0);
    loop_free(w->loop);
    free(w->outcome);
    free(w);
    return 0;
}

static struct url origin_of(const struct world *w, const char *host) {
    return (struct url){.host = (char *)host, .port = w->port, .path = (char *)"/"};
}

static const char *asked_sync(struct world *w, const char *host) {
    struct url origin = origin_of(w, host);
    struct http_message answer = {0};
    AUTO_ERR struct err *e = http_sync_call(&origin, &(struct http_ask){.path = "/", .deadline_ms = 5000}, &answer);
    free(w->outcome);
    w->outcome = mem_text(e ? err_text(e) : text_string(&answer.body));
    http_message_done(&answer);
    return w->outcome;
}

static void on_done(const struct http_message *answer, struct err *e, void *arg) {
    struct world *w = arg;
    free(w->outcome);
    w->outcome = mem_text(e ? err_text(e) : text_string(&answer->body));
    err_free(e);
    loop_stop(w->loop);
}

static const char *asked_on_the_loop(struct world *w, const char *host, int times) {
    struct url origin = origin_of(w, host);
    struct http_client *client;
    assert_null(http_client_new(w->loop, &origin, NULL, &client));
    for (int i = 0; i < times; i++) {
        http_client_call(client, &(struct http_ask){.path = "/", .deadline_ms = 5000}, on_done, w);
        loop_run(w->loop);
    }
    http_client_free(client);
    return w->outcome;
}

static void the_next_address_is_tried_when_one_refuses(void **state) {
    struct world *w = *state;
    static const char *const hosts[] = {"127.0.0.2,127.0.0.1", "127.0.0.2,127.0.0.3,127.0.0.1,127.0.0.4",
                                        "::1,127.0.0.1"};
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        assert_string_equal(asked_sync(w, hosts[i]), "ok");
        assert_string_equal(asked_on_the_loop(w, hosts[i], 3), "ok");
    }
}

static void when_all_refuse_the_call_hears_so(void **state) {
    struct world *w = *state;
    static const char nobody[] = "127.0.0.2,127.0.0.3";
    AUTO_FREE char *says = mem_format("connect to %s:%u: Connection refused", nobody, w->port);
    assert_string_equal(asked_sync(w, nobody), says);
    assert_string_equal(asked_on_the_loop(w, nobody, 2), says);
}

// A listener whose queue is full lets callers wait: no answer and no refusal.
static void the_next_address_is_tried_when_one_keeps_silent(void **state) {
    struct world *w = *state;
    struct net_address a;
    assert_true(net_address_numeric("127.0.0.2", w->port, &a));
    int fds[3];
    for (int i = 0; i < 3; i++) {
        assert_null(net_socket_new(&a, &fds[i]));
        if (i == 0) assert_int_equal(bind(fds[0], (struct sockaddr *)&a.storage, a.size) || listen(fds[0], 0), 0);
        if (i > 0 && connect(fds[i], (struct sockaddr *)&a.storage, a.size) != 0) assert_int_equal(errno, EINPROGRESS);
    }
    assert_string_equal(asked_sync(w, "127.0.0.2,127.0.0.1"), "ok");
    assert_string_equal(asked_on_the_loop(w, "127.0.0.2,127.0.0.1", 2), "ok");
    for (int i = 0; i < 3; i++) close(fds[i]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_addresses_of_a_name_are_kept_in_order),
        T(the_next_address_is_tried_when_one_refuses),
        T(the_next_address_is_tried_when_one_keeps_silent),
        T(when_all_refuse_the_call_hears_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
