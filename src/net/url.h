// SPDX-License-Identifier: Apache-2.0
// Where a server is and how its addresses are written: http://host:port/path, unix:/path, and percent-encoding.
// Resolves no names.
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

// An origin: a host and port, or a Unix socket. Zeroed is valid and empty.
struct url {
    char *host; // without brackets; NULL for a Unix socket
    uint16_t port;
    char *unix_path; // NULL unless it is a Unix socket
    char *path;      // begins with '/', query included, still encoded; "/" when none was given
};

// "http://host[:port][/path]", "host:port[/path]", "[::1]:port", "unix:/path/of/socket". https is refused as
// unsupported.
MUST_USE struct err *url_parse(const char *text, struct url *ret_url);
void url_done(struct url *u);
// "127.0.0.1:5050", "[::1]:5050", "unix:/run/x": for people and for the Host header.
void url_origin_add(struct text *t, const struct url *u);

// Adds `s` with everything but letters, digits and "-._~" as %XX.
void url_encode(struct text *t, const char *s);
// Adds the decoded bytes of `s`. False, with nothing promised of `t`, on a bad or a NUL escape.
MUST_USE bool url_decode(struct text *t, const char *s, size_t size);
// Whether url_decode would take it.
MUST_USE bool url_escapes_good(const char *s);

#endif
