// SPDX-License-Identifier: Apache-2.0
// Parsing of origins and percent-encoding.
#include "net/url.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void url_done(struct url *u) {
    free(u->host);
    free(u->unix_path);
    free(u->path);
    *u = (struct url){0};
}

static bool host_is_sane(const char *host) {
    size_t size = strlen(host);
    return size > 0 && size <= 255 &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%") == size;
}

// Splits "host:port", "[v6]:port" or "host".
static struct err *url_authority(const char *text, char *authority, struct url *u) {
    char *host = authority, *port = NULL;
    if (*host == '[') {
        char *end = strchr(++host, ']');
        if (!end || (end[1] && end[1] != ':'))
            return err_new(ERR_INVALID, "the address '%s' has no matching ']'", text);
        *end = 0;
        port = end[1] ? end + 2 : NULL;
    } else if ((port = strrchr(host, ':'))) {
        *port++ = 0;
    }
    uint64_t number = 80;
    if (port && (!text_to_u64(port, &number) || number < 1 || number > 65535)) {
        return err_new(ERR_INVALID, "the address '%s' has no port between 1 and 65535", text);
    }
    if (!host_is_sane(host))
        return err_new(ERR_INVALID, "the address '%s' names no host; write http://host:port", text);
    u->host = mem_text(host);
    u->port = (uint16_t)number;
    return NULL;
}

struct err *url_parse(const char *text, struct url *ret_url) {
    if (text_starts(text, "unix:")) {
        const char *path = text + strlen("unix:");
        if (*path != '/')
            return err_new(ERR_INVALID, "the address '%s' needs an absolute path, as unix:/run/x.sock", text);
        *ret_url = (struct url){.unix_path = mem_text(path), .path = mem_text("/")};
        return NULL;
    }
    if (text_starts(text, "https://")) {
        return err_new(ERR_UNSUPPORTED, "the address '%s' wants TLS, which is not spoken here; use http://", text);
    }
    const char *rest = text_starts(text, "http://") ? text + strlen("http://") : text;
    if (strstr(rest, "://")) return err_new(ERR_INVALID, "the address '%s' is not of the form http://host:port", text);
    const char *slash = strchr(rest, '/');
    struct url u = {.path = mem_text(slash ? slash : "/")};
    AUTO_FREE char *authority = mem_text(rest);
    if (slash) authority[slash - rest] = 0;
    struct err *e = url_authority(text, authority, &u);
    if (e) {
        url_done(&u);
        return e;
    }
    *ret_url = u;
    return NULL;
}

void url_origin_add(struct text *t, const struct url *u) {
    if (u->unix_path) {
        text_addf(t, "unix:%s", u->unix_path);
    } else {
        text_addf(t, strchr(u->host, ':') ? "[%s]:%u" : "%s:%u", u->host, u->port);
    }
}

static bool is_unreserved(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

void url_encode(struct text *t, const char *s) {
    for (const unsigned char *c = (const unsigned char *)s; *c; c++) {
        if (is_unreserved(*c)) {
            text_add_char(t, (char)*c);
        } else {
            text_addf(t, "%%%02X", *c);
        }
    }
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The byte that "%41" stands for; below 0 when it is no escape, or that of a NUL.
static int escape_byte(const char *s, size_t left) {
    int high = left > 2 ? hex_digit(s[1]) : -1, low = high < 0 ? -1 : hex_digit(s[2]);
    return low < 0 || high + low == 0 ? -1 : high * 16 + low;
}

bool url_escapes_good(const char *s) {
    for (s = strchr(s, '%'); s; s = strchr(s + 3, '%'))
        if (escape_byte(s, strnlen(s, 3)) < 0) return false;
    return true;
}

bool url_decode(struct text *t, const char *s, size_t size) {
    char *to = text_room(t, size);
    size_t written = 0;
    for (size_t i = 0; i < size; i++) {
        int c = s[i] == '%' ? escape_byte(s + i, size - i) : s[i];
        if (s[i] == '%' && c < 0) return false;
        if (s[i] == '%') i += 2;
        to[written++] = (char)c;
    }
    text_added(t, written);
    return true;
}
