// SPDX-License-Identifier: Apache-2.0
// Socket addresses over getaddrinfo and friends.
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/text.h"

static bool address_v4(const char *host, uint16_t port, struct net_address *ret_address) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &v4.sin_addr) != 1) return false;
    *ret_address = (struct net_address){.size = sizeof v4};
    memcpy(&ret_address->storage, &v4, sizeof v4);
    return true;
}

static bool address_v6(const char *host, uint16_t port, struct net_address *ret_address) {
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) return false;
    *ret_address = (struct net_address){.size = sizeof v6};
    memcpy(&ret_address->storage, &v6, sizeof v6);
    return true;
}

bool net_address_numeric(const char *host, uint16_t port, struct net_address *ret_address) {
    if (strcasecmp(host, "localhost") == 0) host = "127.0.0.1";
    return address_v4(host, port, ret_address) || address_v6(host, port, ret_address);
}

bool net_address_is_loopback(const char *host) {
    char bare[NET_ADDRESS_TEXT];
    size_t size = strlen(host);
    if (size == 0 || size >= sizeof bare) return false;
    bool brackets = host[0] == '[' && host[size - 1] == ']';
    snprintf(bare, sizeof bare, "%.*s", (int)(brackets ? size - 2 : size), brackets ? host + 1 : host);
    struct net_address a;
    if (address_v4(bare, 0, &a))
        return ((const unsigned char *)&((struct sockaddr_in *)&a.storage)->sin_addr)[0] == 127;
    if (address_v6(bare, 0, &a)) return IN6_IS_ADDR_LOOPBACK(&((struct sockaddr_in6 *)&a.storage)->sin6_addr);
    size = strlen(bare);
    const char *tail = ".localhost";
    return strcasecmp(bare, "localhost") == 0 ||
           (size > strlen(tail) && strcasecmp(bare + size - strlen(tail), tail) == 0);
}

static void addresses_take(const struct addrinfo *found, struct net_addresses *ret) {
    for (; found && ret->count < NET_ADDRESSES_MOST; found = found->ai_next) {
        struct net_address *a = &ret->at[ret->count++];
        a->size = found->ai_addrlen;
        memcpy(&a->storage, found->ai_addr, found->ai_addrlen);
    }
}

struct err *net_address_resolve(const char *host, uint16_t port, struct net_addresses *ret_addresses) {
    struct net_addresses all = {.count = 1};
    if (net_address_numeric(host, port, &all.at[0])) {
        *ret_addresses = all;
        return NULL;
    }
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG},
                    *found = NULL;
    char service[16];
    snprintf(service, sizeof service, "%u", port);
    int number = getaddrinfo(host, service, &hints, &found);
    if (number != 0) {
        return err_new(ERR_UNAVAILABLE, "find the address of host '%s': %s", host,
                       number == EAI_SYSTEM ? strerrordesc_np(errno) : gai_strerror(number));
    }
    all.count = 0;
    addresses_take(found, &all);
    freeaddrinfo(found);
    *ret_addresses = all;
    return NULL;
}

struct err *net_address_unix(const char *path, struct net_address *ret_address) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (size >= sizeof un.sun_path) {
        return err_new(ERR_INVALID,
                       "the socket path '%s' has %zu bytes and the kernel takes %zu; use a shorter directory", path,
                       size, sizeof un.sun_path - 1);
    }
    memcpy(un.sun_path, path, size);
    *ret_address = (struct net_address){.size = sizeof un};
    memcpy(&ret_address->storage, &un, sizeof un);
    return NULL;
}

struct err *net_address_of_url(const struct url *u, bool *ret_known, struct net_addresses *ret_addresses) {
    struct net_addresses one = {.count = 1};
    bool known = true;
    if (u->unix_path)
        TRY(net_address_unix(u->unix_path, &one.at[0]));
    else
        known = net_address_numeric(u->host, u->port, &one.at[0]);
    if (known) *ret_addresses = one;
    *ret_known = known;
    return NULL;
}

uint16_t net_address_port(const struct net_address *a) {
    if (a->storage.ss_family == AF_INET) return ntohs(((const struct sockaddr_in *)&a->storage)->sin_port);
    if (a->storage.ss_family == AF_INET6) return ntohs(((const struct sockaddr_in6 *)&a->storage)->sin6_port);
    return 0;
}

void net_address_text(const struct net_address *a, char ret_text[NET_ADDRESS_TEXT]) {
    char host[INET6_ADDRSTRLEN] = "";
    if (a->storage.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)&a->storage)->sin_addr, host, sizeof host);
        snprintf(ret_text, NET_ADDRESS_TEXT, "%s:%u", host, net_address_port(a));
    } else if (a->storage.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)&a->storage)->sin6_addr, host, sizeof host);
        snprintf(ret_text, NET_ADDRESS_TEXT, "[%s]:%u", host, net_address_port(a));
    } else {
        snprintf(ret_text, NET_ADDRESS_TEXT, "unix");
    }
}

struct err *net_socket_new(const struct net_address *a, int *ret_fd) {
    int fd = socket(a->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return err_errno(errno, "make a socket");
    int on = 1;
    if (a->storage.ss_family != AF_UNIX) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *ret_fd = fd;
    return NULL;
}
