// SPDX-License-Identifier: Apache-2.0
// Socket addresses: from a host and port or a Unix path, to text, and whether they stay on this machine.
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "net/url.h"

struct net_address {
    struct sockaddr_storage storage;
    socklen_t size;
};

// Where a name leads, to be tried in this order.
enum { NET_ADDRESSES_MOST = 8, NET_ADDRESS_TRY_MS = 2000 /* for one of them while others are left */ };
struct net_addresses {
    struct net_address at[NET_ADDRESSES_MOST];
    size_t count;
};

// True for "localhost", names below it, 127.0.0.0/8 and ::1 (brackets allowed), without asking any resolver.
bool net_address_is_loopback(const char *host);
// Numeric addresses and "localhost" (127.0.0.1), at once. False for other names.
MUST_USE bool net_address_numeric(const char *host, uint16_t port, struct net_address *ret_address);
// Any name; asks the resolver, which blocks. ERR_UNAVAILABLE when there is no such name. At least one, else.
MUST_USE struct err *net_address_resolve(const char *host, uint16_t port, struct net_addresses *ret_addresses);
// ERR_INVALID when the path is longer than the kernel takes (107 bytes).
MUST_USE struct err *net_address_unix(const char *path, struct net_address *ret_address);
// Where a url leads, without asking the resolver. *ret_known false: it would have to be asked, and nothing else is written.
MUST_USE struct err *net_address_of_url(const struct url *u, bool *ret_known, struct net_addresses *ret_addresses);
enum { NET_ADDRESS_TEXT = 128 };
// "127.0.0.1:5050", "[::1]:5050", "unix".
void net_address_text(const struct net_address *a, char ret_text[NET_ADDRESS_TEXT]);
uint16_t net_address_port(const struct net_address *a); // 0 for Unix sockets
// A nonblocking, close-on-exec stream socket for that address; TCP sends at once (no Nagle).
MUST_USE struct err *net_socket_new(const struct net_address *a, int *ret_fd);

#endif
