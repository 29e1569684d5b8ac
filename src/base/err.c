// SPDX-License-Identifier: Apache-2.0
// Errors as a kind and a sentence.
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct err {
    enum err_kind kind;
    char *text;
};

static const struct {
    const char *name;
    int http, exit;
    bool retry;
} kinds[] = {
#define X(kind, name, http, exit, retry) [ERR_##kind] = {name, http, exit, retry},
    ERR_KINDS(X)
#undef X
};

static struct err *err_make(enum err_kind kind, char *text) {
    struct err *e = NEW(struct err);
    e->kind = kind;
    e->text = text;
    return e;
}

static char *err_sentence(const char *format, va_list args) {
    char *text = NULL;
    must(vasprintf(&text, format, args) >= 0);
    return text;
}

struct err *err_new(enum err_kind kind, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = err_sentence(format, args);
    va_end(args);
    return err_make(kind, text);
}

static enum err_kind err_kind_of_errno(int number) {
    switch (number) {
    case ENOSPC:
    case EDQUOT: return ERR_FULL;
    case ENOENT: return ERR_NOT_FOUND;
    case EEXIST:
    case EADDRINUSE:
    case EBUSY: return ERR_CONFLICT;
    case EPERM:
    case EACCES: return ERR_DENIED;
    case ETIMEDOUT: return ERR_TIMEOUT;
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH: return ERR_UNAVAILABLE;
    case ENOSYS:
    case EOPNOTSUPP: return ERR_UNSUPPORTED;
    default: return ERR_IO;
    }
}

struct err *err_errno(int number, const char *format, ...) {
    va_list args;
    va_start(args, format);
    AUTO_FREE char *text = err_sentence(format, args);
    va_end(args);
    return err_new(err_kind_of_errno(number), "%s: %s", text, strerrordesc_np(number) ? strerrordesc_np(number) : "?");
}

struct err *err_wrap(struct err *cause, const char *format, ...) {
    if (!cause) return NULL;
    va_list args;
    va_start(args, format);
    AUTO_FREE char *context = err_sentence(format, args);
    va_end(args);
    char *text = mem_format("%s: %s", context, cause->text);
    free(cause->text);
    cause->text = text;
    return cause;
}

void err_free(struct err *e) {
    if (!e) return;
    free(e->text);
    free(e);
}

void err_auto_free(struct err **e) {
    err_free(*e);
}

enum err_kind err_kind(const struct err *e) {
    return e->kind;
}
const char *err_text(const struct err *e) {
    return e->text;
}
const char *err_kind_name(enum err_kind kind) {
    return kinds[kind].name;
}
int err_kind_http(enum err_kind kind) {
    return kinds[kind].http;
}
int err_kind_exit(enum err_kind kind) {
    return kinds[kind].exit;
}
bool err_kind_retry(enum err_kind kind) {
    return kinds[kind].retry;
}

bool err_kind_parse(const char *name, enum err_kind *ret_kind) {
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].name, name) != 0) continue;
        *ret_kind = (enum err_kind)i;
        return true;
    }
    return false;
}
