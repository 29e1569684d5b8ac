// SPDX-License-Identifier: Apache-2.0
// Reads devices past the page cache before the one act that cannot be undone.
#include "host/blank.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "sys/file.h"

enum { BLOCK = 4096, SAMPLES = 64 };

static struct err *zero_check(int fd, char *buffer, uint64_t at, uint64_t size) {
    ssize_t n = pread(fd, buffer, size, (off_t)at);
    if (n < 0) return err_errno(errno, "read %llu bytes at %llu", (unsigned long long)size, (unsigned long long)at);
    if ((uint64_t)n != size)
        return err_new(ERR_IO, "only %zd of %llu bytes could be read at %llu", n, (unsigned long long)size,
                       (unsigned long long)at);
    for (uint64_t i = 0; i < size; i++) {
        if (!buffer[i]) continue;
        return err_new(ERR_CONFLICT, "it holds data at byte %llu: it is not formatted", (unsigned long long)(at + i));
    }
    return NULL;
}

static struct err *zeros_check(int fd, char *buffer, uint64_t size) {
    uint64_t edge = size < MIB ? size : MIB;
    TRY(zero_check(fd, buffer, 0, edge));
    TRY(zero_check(fd, buffer, size - edge, edge));
    // btrfs' second and third superblock; everything else known lies in the first or last MiB.
    static const uint64_t places[] = {64 * MIB, 256 * GIB};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (places[i] + BLOCK <= size) TRY(zero_check(fd, buffer, places[i], BLOCK));
    }
    uint64_t step = size / SAMPLES / BLOCK * BLOCK;
    for (uint64_t i = 1; step >= BLOCK && i < SAMPLES; i++) TRY(zero_check(fd, buffer, i * step, BLOCK));
    return NULL;
}

// A prober of the device, or NULL; `partitions` too when a veto is looked for.
static blkid_probe prober_new(int fd, bool partitions) {
    blkid_probe p = blkid_new_probe();
    if (!p) return NULL;
    if (blkid_probe_set_device(p, fd, 0, 0)) {
        blkid_free_probe(p);
        return NULL;
    }
    blkid_probe_enable_superblocks(p, 1);
    blkid_probe_set_superblocks_flags(p, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID | BLKID_SUBLKS_MAGIC);
    if (partitions) blkid_probe_enable_partitions(p, 1);
    return p;
}

static struct err *signature_check(int fd) {
    blkid_probe p = prober_new(fd, true);
    if (!p) return err_errno(errno ? errno : EIO, "probe it for signatures");
    int found = blkid_do_safeprobe(p);
    const char *type = NULL;
    if (!found && blkid_probe_lookup_value(p, "TYPE", &type, NULL)) blkid_probe_lookup_value(p, "PTTYPE", &type, NULL);
    struct err *failed = NULL;
    if (found == 0)
        failed = err_new(ERR_CONFLICT, "a probe finds '%s' on it: it is not formatted", type ? type : "something");
    if (found < 0) failed = err_new(ERR_IO, "a probe for signatures ended with %d (ambivalent or unreadable)", found);
    blkid_free_probe(p);
    return failed;
}

struct err *blank_check(int fd, uint64_t size) {
    int sector = 512;
    ioctl(fd, BLKSSZGET, &sector);
    if (!size || size % (unsigned)sector)
        return err_new(ERR_INVALID, "its size of %llu bytes is odd", (unsigned long long)size);
    AUTO_FREE char *again = mem_format("/proc/self/fd/%d", fd);
    // Exclusive: fails while anybody has it mounted. It must end before mkfs, which opens the same way.
    AUTO_FD int direct = open(again, O_RDONLY | O_EXCL | O_DIRECT | O_CLOEXEC);
    if (direct < 0) return err_errno(errno, "open it exclusively, past the page cache");
    void *buffer = NULL;
    must(!posix_memalign(&buffer, BLOCK, MIB));
    struct err *failed = zeros_check(direct, buffer, size);
    free(buffer);
    if (failed) return failed;
    return signature_check(fd);
}

struct err *blank_make(int fd, uint64_t size) {
    for (uint64_t at = 0; at < size; at += GIB) {
        uint64_t range[2] = {at, size - at < GIB ? size - at : GIB};
        if (ioctl(fd, BLKZEROOUT, range)) return err_errno(errno, "zero it from byte %llu", (unsigned long long)at);
    }
    return fsync(fd) ? err_errno(errno, "flush the zeros") : NULL;
}

struct err *fs_identify(int fd, char ret_type[FS_NAME], struct uuid *ret_uuid) {
    blkid_probe p = prober_new(fd, false);
    if (!p) return err_errno(errno ? errno : EIO, "probe the filesystem");
    int found = blkid_do_safeprobe(p);
    const char *type = NULL, *uuid = NULL;
    if (!found) {
        blkid_probe_lookup_value(p, "TYPE", &type, NULL);
        blkid_probe_lookup_value(p, "UUID", &uuid, NULL);
    }
    *ret_uuid = (struct uuid){0};
    snprintf(ret_type, FS_NAME, "%s", type ? type : "");
    bool parsed = uuid && uuid_parse(uuid, ret_uuid);
    struct err *failed = NULL;
    if (found < 0)
        failed = err_new(ERR_IO, "a probe of the filesystem ended with %d (ambivalent or unreadable)", found);
    if (!found && type && !parsed) failed = err_new(ERR_CORRUPT, "the filesystem '%s' has no UUID", type);
    blkid_free_probe(p);
    return failed;
}
