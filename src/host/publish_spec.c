// SPDX-License-Identifier: Apache-2.0
// What a request to publish must be, and how it is written down for the keeper and how long it may take.
#include "base/mem.h"
#include "base/quantity.h"
#include "host/attachment.h"
#include "host/deadlines.h"
#include "host/device.h"

struct err *publish_spec_check(const struct host *h, const struct host_publish *p) {
    const struct host_device_driver *driver = device_driver_find(p->device);
    if (!driver)
        return err_new(ERR_UNSUPPORTED, "device kind '%s' is unknown here; known: %s", p->device ? p->device : "",
                       device_driver_names());
    if (!p->path || *p->path != '/')
        return err_new(ERR_INVALID, "its path '%s' is not absolute", p->path ? p->path : "");
    if (uuid_is_zero(p->volume)) return err_new(ERR_INVALID, "the volume has no UUID");
    if (!h->abilities.namespaces)
        return err_new(ERR_UNSUPPORTED, "this host cannot make the namespaces in which volumes are mounted");
    if (!driver->block) return NULL;
    if (!h->abilities.root)
        return err_new(ERR_UNSUPPORTED, "block devices are mounted by root only; use directory volumes");
    if (text_equal(p->device, "loop") && !h->abilities.loop)
        return err_new(ERR_UNSUPPORTED, "this host has no loop devices; use directory volumes");
    if (text_equal(p->fs, "raw") || (p->fs && abilities_fs(&h->abilities, p->fs))) return NULL;
    return err_new(ERR_UNSUPPORTED, "this host cannot make and mount filesystem '%s'", p->fs ? p->fs : "");
}

void publish_spec_fill(struct sheet *s, const struct host *h, const struct host_publish *p) {
    char volume[UUID_TEXT], fs_uuid[UUID_TEXT];
    AUTO_FREE char *dir = thing_dir(h->work_dir, THING_ATTACHMENT, p->attachment);
    AUTO_FREE char *socket = thing_socket(h->run_dir, THING_ATTACHMENT, p->attachment);
    uuid_text(p->volume, volume);
    uuid_text(p->fs_uuid, fs_uuid);
    sheet_add(s, "work_dir", h->work_dir);
    sheet_add(s, "dir", dir);
    sheet_add(s, "socket", socket);
    sheet_add(s, "agent", h->agent);
    sheet_add_u64(s, "number", p->attachment);
    sheet_add_u64(s, "epoch", p->epoch);
    sheet_add(s, "volume", volume);
    sheet_add(s, "cluster", p->cluster);
    sheet_add(s, "device", p->device);
    sheet_add(s, "path", p->path);
    sheet_add(s, "serial", p->serial);
    sheet_add_u64(s, "size", p->size.n);
    sheet_add(s, "fs", p->fs);
    if (!uuid_is_zero(p->fs_uuid)) sheet_add(s, "fs_uuid", fs_uuid);
    sheet_add_u64(s, "owner_uid", p->owner_uid);
    sheet_add_u64(s, "owner_gid", p->owner_gid);
    sheet_add_u64(s, "mode", p->mode);
    const struct {
        const char *key;
        bool value;
    } flags[] = {{"may_format", p->may_format},   {"zero_first", p->zero_first}, {"read_only", p->read_only},
                 {"format_only", p->format_only}, {"grow_fs", p->grow_fs},       {"discard", p->discard}};
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) sheet_add(s, flags[i].key, flags[i].value ? "1" : "0");
}

int64_t publish_ms(const struct sheet *spec) {
    int64_t ms = KEEPER_BIRTH_MS + DEVICE_APPEAR_MS + FS_CHECK_MS + DEVICE_GONE_MS + SPARE_MS;
    uint64_t size = sheet_u64(spec, "size");
    if (!size) size = TIB;
    if (sheet_flag(spec, "may_format")) ms += MKFS_MS;
    if (sheet_flag(spec, "zero_first")) ms += (int64_t)(size / GIB + 1) * ZERO_GIB_MS;
    return sheet_flag(spec, "grow_fs") ? ms + GROW_MS : ms;
}
