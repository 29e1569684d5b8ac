// SPDX-License-Identifier: Apache-2.0
// The table of filesystems.
#include "model/filesystem.h"

#include "base/text.h"

static const struct filesystem rows[] = {
    {"ext4", {4 * MIB}, "mkfs.ext4"},
    {"xfs", {300 * MIB}, "mkfs.xfs"},
    {"btrfs", {109 * MIB}, "mkfs.btrfs"},
    {"raw", {0}, NULL},
};

const struct filesystem *filesystem_at(unsigned i) {
    return i < ARRAY_LEN(rows) ? &rows[i] : NULL;
}

const struct filesystem *filesystem_find(const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (text_equal(rows[i].name, name)) return &rows[i];
    return NULL;
}

struct err *filesystem_get(const char *name, const struct filesystem **ret_fs) {
    const struct filesystem *fs = filesystem_find(name);
    if (fs) {
        *ret_fs = fs;
        return NULL;
    }
    AUTO_TEXT struct text known = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) text_addf(&known, "%s%s", i ? ", " : "", rows[i].name);
    return err_new(ERR_INVALID, "unknown filesystem '%.64s'; known are %s", name, known.data);
}
