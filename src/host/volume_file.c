// SPDX-License-Identifier: Apache-2.0
// One small file for each volume, changed under a lock.
#include "host/volume_file.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sys/file.h"
#include "sys/keeper_registry.h"
#include "sys/sheet.h"

static struct err *volume_open(const char *work_dir, struct uuid volume, char **ret_path, int *ret_lock,
                               struct sheet *ret_sheet) {
    char name[UUID_TEXT];
    uuid_text(volume, name);
    AUTO_FREE char *dir = mem_format("%s/volumes", work_dir);
    AUTO_FREE char *path = mem_format("%s/%s", dir, name);
    TRY(directory_make(dir, 0700));
    AUTO_FD int lock = -1;
    TRY(image_lock(path, 10000, &lock));
    TRY(sheet_load_if_there(path, ret_sheet));
    *ret_lock = fd_take(&lock);
    *ret_path = mem_take(path);
    return NULL;
}

struct err *volume_epoch_take(const char *work_dir, struct uuid volume, uint64_t epoch) {
    AUTO_FREE char *path = NULL;
    AUTO_FD int lock = -1;
    AUTO_SHEET struct sheet s = {0};
    TRY(volume_open(work_dir, volume, &path, &lock, &s));
    uint64_t highest = sheet_u64(&s, "epoch");
    if (epoch < highest)
        return err_new(ERR_CONFLICT, "epoch %llu is refused: this host was told of %llu for this volume",
                       (unsigned long long)epoch, (unsigned long long)highest);
    if (epoch == highest) return NULL;
    sheet_set_u64(&s, "epoch", epoch);
    return sheet_save(&s, path);
}

struct err *volume_format_begin(const char *work_dir, struct uuid volume, uint64_t epoch) {
    AUTO_FREE char *path = NULL;
    AUTO_FD int lock = -1;
    AUTO_SHEET struct sheet s = {0};
    TRY(volume_open(work_dir, volume, &path, &lock, &s));
    if (sheet_get(&s, "format_began"))
        return err_new(ERR_CONFLICT, "a format of this volume began here at epoch %s already: it is never repeated",
                       sheet_text(&s, "format_began"));
    sheet_set_u64(&s, "format_began", epoch);
    return sheet_save(&s, path);
}
