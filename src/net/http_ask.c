// SPDX-License-Identifier: Apache-2.0
// The bytes of a request.
#include "net/http_ask.h"

#include <string.h>
#include <strings.h>

const char *http_ask_method(const struct http_ask *ask) {
    return ask->method ? ask->method : "GET";
}
int64_t http_ask_deadline(const struct http_ask *ask) {
    return ask->deadline_ms ? ask->deadline_ms : 30 * 1000;
}
size_t http_ask_limit(const struct http_ask *ask) {
    return ask->answer_limit ? ask->answer_limit : 64 << 20;
}

bool http_ask_is_repeatable(const struct http_ask *ask) {
    static const char *const safe[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
    for (size_t i = 0; i < ARRAY_LEN(safe); i++) {
        if (strcmp(http_ask_method(ask), safe[i]) == 0) return true;
    }
    return false;
}

static bool ask_has(const struct http_ask *ask, const char *name) {
    for (size_t i = 0; i < ask->header_count; i++) {
        if (strcasecmp(ask->headers[i].name, name) == 0) return true;
    }
    return false;
}

// Line ends in a value would begin headers of their own.
static void value_add(struct text *out, const char *value) {
    for (const char *c = value; *c; c++) text_add_char(out, *c == '\r' || *c == '\n' ? ' ' : *c);
}

void http_ask_add(struct text *out, const struct url *origin, const struct http_ask *ask) {
    must(ask->path && *ask->path == '/' && !ask->path[strcspn(ask->path, " \r\n\t")]);
    text_addf(out, "%s %s HTTP/1.1\r\n", http_ask_method(ask), ask->path);
    if (!ask_has(ask, "host")) {
        text_add(out, "Host: ");
        if (origin->unix_path) {
            text_add(out, "localhost");
        } else {
            url_origin_add(out, origin);
        }
        text_add(out, "\r\n");
    }
    if (!ask_has(ask, "user-agent")) text_add(out, "User-Agent: granary\r\n");
    for (size_t i = 0; i < ask->header_count; i++) {
        text_addf(out, "%s: ", ask->headers[i].name);
        value_add(out, ask->headers[i].value);
        text_add(out, "\r\n");
    }
    bool bodiless = strcmp(http_ask_method(ask), "GET") == 0 || strcmp(http_ask_method(ask), "HEAD") == 0;
    if (ask->body_size || !bodiless) text_addf(out, "Content-Length: %zu\r\n", ask->body_size);
    text_add(out, "\r\n");
    text_add_n(out, ask->body, ask->body_size);
}
