// SPDX-License-Identifier: Apache-2.0
// Filesystems: one row each.
#include "host/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/quantity.h"

// Smallest sizes as measured: ext4 has no journal below 2 MiB, xfs and btrfs refuse less than these.
static const struct fs_row {
    const char *name;
    uint64_t smallest;
    const char *rw_data, *ro_data;
} ROWS[] = {
    {"ext4", 4 * MIB, "", ""},
    {"xfs", 300 * MIB, "nouuid", "nouuid"}, // a snapshot has the UUID of its origin, which may be mounted beside it
    {"btrfs", 109 * MIB, "", ""},
};

static const struct fs_row *row_find(const char *fs) {
    for (size_t i = 0; i < ARRAY_LEN(ROWS); i++) {
        if (text_equal(ROWS[i].name, fs)) return &ROWS[i];
    }
    return NULL;
}

static void PRINTF(2, 3) word_add(struct plan_command *c, const char *format, ...) {
    must(c->count < PLAN_WORDS);
    va_list args;
    va_start(args, format);
    must(vsnprintf(c->words[c->count], PLAN_WORD, format, args) < PLAN_WORD);
    va_end(args);
    c->argv[c->count] = c->words[c->count];
    c->argv[++c->count] = NULL;
}

struct err *plan_size_check(const char *fs, uint64_t size) {
    const struct fs_row *row = row_find(fs);
    if (!row)
        return err_new(ERR_UNSUPPORTED, "filesystem '%s' is unknown; known are ext4, xfs, btrfs and raw", fs ? fs : "");
    if (size >= row->smallest) return NULL;
    char least[QUANTITY_TEXT], asked[QUANTITY_TEXT];
    return err_new(ERR_INVALID, "%s needs at least %s, the device has %s", fs,
                   bytes_text((struct bytes){row->smallest}, least), bytes_text((struct bytes){size}, asked));
}

void plan_mkfs(const struct plan_fs *r, struct plan_command *c) {
    char uuid[UUID_TEXT];
    uuid_text(r->uuid, uuid);
    *c = (struct plan_command){0};
    word_add(c, "mkfs.%s", r->fs);
    word_add(c, "-q");
    if (text_equal(r->fs, "ext4")) {
        word_add(c, "-m");
        word_add(c, "0");
        word_add(c, "-E");
        word_add(c, "lazy_itable_init=1,lazy_journal_init=1%s,root_owner=%u:%u", r->discard ? "" : ",nodiscard",
                 r->owner_uid, r->owner_gid);
        word_add(c, "-U");
        word_add(c, "%s", uuid);
    } else {
        if (!r->discard) word_add(c, "-K");
        word_add(c, text_equal(r->fs, "xfs") ? "-m" : "-U");
        word_add(c, "%s%s", text_equal(r->fs, "xfs") ? "uuid=" : "", uuid);
    }
    word_add(c, "/proc/self/fd/3");
}

void plan_check(const struct plan_fs *r, struct plan_command *c, int *ret_good) {
    *c = (struct plan_command){0};
    *ret_good = 0;
    if (r->read_only || !text_equal(r->fs, "ext4")) return; // xfs and btrfs repair themselves while mounting
    word_add(c, "e2fsck");
    word_add(c, "-p");
    word_add(c, "/proc/self/fd/3");
    *ret_good = 1; // it corrected something
}

void plan_grow(const char *fs, const char *device, const char *mounted_at, struct plan_command *c) {
    *c = (struct plan_command){0};
    if (text_equal(fs, "ext4")) {
        word_add(c, "resize2fs");
        word_add(c, "%s", device);
    } else if (text_equal(fs, "xfs")) {
        word_add(c, "xfs_growfs");
        word_add(c, "-d");
        word_add(c, "%s", mounted_at);
    } else if (text_equal(fs, "btrfs")) {
        word_add(c, "btrfs");
        word_add(c, "filesystem");
        word_add(c, "resize");
        word_add(c, "max");
        word_add(c, "%s", mounted_at);
    }
}

bool plan_grow_unmounted(const char *fs, unsigned step, struct plan_command *c) {
    *c = (struct plan_command){0};
    if (!text_equal(fs, "ext4") || step > 1) return false;
    word_add(c, step ? "resize2fs" : "e2fsck");
    if (!step) {
        word_add(c, "-f"); // resize2fs insists on a check since the last mount
        word_add(c, "-p");
    }
    word_add(c, "/proc/self/fd/3");
    return true;
}

void plan_mount(const struct plan_fs *r, struct plan_mount *m) {
    const struct fs_row *row = row_find(r->fs);
    must(row);
    *m = (struct plan_mount){.fs = row->name, .flags = MS_NOSUID | MS_NODEV | (r->read_only ? MS_RDONLY : 0)};
    const char *data = r->read_only ? row->ro_data : row->rw_data;
    bool discard = r->discard && !r->read_only;
    snprintf(m->data, sizeof m->data, "%s%s%s", data, *data && discard ? "," : "", discard ? "discard" : "");
}

void plan_command_text(const struct plan_command *c, struct text *ret_text) {
    for (unsigned i = 0; i < c->count; i++) {
        if (i) text_add_char(ret_text, ' ');
        text_add(ret_text, c->argv[i]);
    }
}

void plan_mount_text(const struct plan_mount *m, const char *device, const char *target, struct text *ret_text) {
    text_addf(ret_text, "mount -t %s -o %snosuid,nodev%s%s %s %s", m->fs, m->flags & MS_RDONLY ? "ro," : "",
              *m->data ? "," : "", m->data, device, target);
}
