// SPDX-License-Identifier: Apache-2.0
// The identity file: a sheet with secret, cluster and the highest sequence number told.
#include "daemon/identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/sheet.h"

static void secret_text(const unsigned char secret[IDENTITY_SECRET], char ret_text[2 * IDENTITY_SECRET + 1]) {
    for (size_t i = 0; i < IDENTITY_SECRET; i++) snprintf(ret_text + 2 * i, 3, "%02x", secret[i]);
}

static bool secret_parse(const char *text, unsigned char ret_secret[IDENTITY_SECRET]) {
    static const char digits[] = "0123456789abcdef";
    if (strlen(text) != 2 * IDENTITY_SECRET || strspn(text, digits) != strlen(text)) return false;
    for (size_t i = 0; i < IDENTITY_SECRET; i++)
        ret_secret[i] =
            (unsigned char)((strchr(digits, text[2 * i]) - digits) << 4 | (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

static struct err *identity_write(const struct identity *i) {
    AUTO_SHEET struct sheet sheet = {0};
    char secret[2 * IDENTITY_SECRET + 1];
    secret_text(i->secret, secret);
    sheet_add(&sheet, "secret", secret);
    sheet_add(&sheet, "cluster", i->cluster);
    sheet_add_u64(&sheet, "highest_seen", i->highest_seen);
    size_t size;
    AUTO_FREE char *bytes = sheet_write(&sheet, &size);
    return err_wrap(file_write(i->path, bytes, size, 0600), "keep identity");
}

static struct err *lock_take(struct identity *i) {
    AUTO_FREE char *path = mem_format("%s.lock", i->path);
    struct err *e = file_lock(path, 0, &i->lock);
    if (!e || err_kind(e) != ERR_TIMEOUT) return e;
    err_free(e);
    return err_new(ERR_CONFLICT,
                   "identity %s: another process runs under it; stop that one, or give this one a "
                   "directory of its own",
                   i->path);
}

static struct err *identity_read(struct identity *i) {
    AUTO_SHEET struct sheet sheet = {0};
    TRY(sheet_load(i->path, &sheet));
    if (!secret_parse(sheet_text(&sheet, "secret"), i->secret))
        return err_new(ERR_CORRUPT,
                       "identity %s: it holds no secret of %d bytes; restore the file, or remove it and "
                       "join under another name",
                       i->path, IDENTITY_SECRET);
    i->cluster = mem_text(sheet_get(&sheet, "cluster"));
    i->highest_seen = sheet_u64(&sheet, "highest_seen");
    return NULL;
}

// A file that cannot be looked at is not a missing one: a new secret would end the old identity.
static struct err *identity_begin(struct identity *i) {
    bool there = false;
    TRY(lock_take(i));
    TRY(file_look(i->path, &there));
    if (there) return identity_read(i);
    entropy_fill(i->secret, sizeof i->secret);
    return identity_write(i);
}

struct err *identity_open(const char *path, struct identity *ret_identity) {
    struct identity i = {.path = mem_text(path), .lock = -1};
    struct err *e = identity_begin(&i);
    if (e)
        identity_done(&i);
    else
        *ret_identity = i;
    return e;
}

struct err *identity_keep(struct identity *i, const char *cluster, uint64_t highest_seen) {
    if (text_equal(i->cluster, cluster) && i->highest_seen == highest_seen) return NULL;
    char *copy = mem_text(cluster);
    free(i->cluster);
    i->cluster = copy;
    i->highest_seen = highest_seen;
    return identity_write(i);
}

void identity_done(struct identity *i) {
    if (i->path && i->lock >= 0) close(i->lock);
    free(i->path);
    free(i->cluster);
    *i = (struct identity){0};
}
