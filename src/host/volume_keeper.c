// SPDX-License-Identifier: Apache-2.0
// The keeper of an attachment: device, format under the grant, mount in its own namespace, and then it waits to be
// asked.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/deadlines.h"
#include "host/device.h"
#include "host/keeper_frame.h"
#include "host/volume_file.h"
#include "host/volume_mount.h"
#include "sys/file.h"
#include "sys/keeper_registry.h"

struct volume_keeper {
    struct keeper *k;
    struct device device;
    struct volume_mount mount;
    uint64_t epoch;
    bool ended; // answered the last question
};

static bool is_local(const struct sheet *spec) {
    const struct host_device_driver *driver = device_driver_find(sheet_text(spec, "device"));
    return driver && driver->local;
}

static struct device_request request_of(const struct sheet *spec) {
    struct device_request r = {
        .path = sheet_get(spec, "path"), .serial = sheet_get(spec, "serial"), .cluster = sheet_get(spec, "cluster")};
    if (!uuid_parse(sheet_text(spec, "volume"), &r.volume)) r.volume = (struct uuid){0};
    r.size = sheet_u64(spec, "size");
    r.read_only = sheet_flag(spec, "read_only");
    return r;
}

static void state_of_device(struct volume_keeper *v) {
    struct sheet *s = &v->k->state;
    sheet_set(s, "device", v->device.path);
    sheet_set_u64(s, "size", v->device.size);
    if (!uuid_is_zero(v->mount.uuid)) {
        char uuid[UUID_TEXT];
        uuid_text(v->mount.uuid, uuid);
        sheet_set(s, "fs_uuid", uuid);
    }
}

// The grant is used up durably, here and in the state, before the first byte is written.
static struct err *volume_format(struct volume_keeper *v) {
    const struct sheet *spec = &v->k->spec;
    bool zero_first = sheet_flag(spec, "zero_first");
    TRY(volume_mount_blank(&v->mount, &v->device, zero_first)); // only reads: a veto here leaves the grant unused
    TRY(volume_format_begin(sheet_text(spec, "work_dir"), v->device.request.volume, v->epoch));
    sheet_set(&v->k->state, "format_began", "1");
    TRY(keeper_save(v->k, "state"));
    TRY(device_identity(&v->device));
    TRY(volume_mount_format(&v->mount, &v->device, zero_first));
    state_of_device(v);
    return NULL;
}

// Unmounted here, and then seen to be gone: another namespace that still held the mount would show now.
static struct err *volume_release(struct volume_keeper *v, int64_t ms) {
    TRY(volume_mount_undo(&v->mount));
    return device_detach(&v->device, ms);
}

static void keeper_end(struct volume_keeper *v) {
    const struct sheet *spec = &v->k->spec;
    if (is_local(spec)) keeper_unregister(sheet_text(spec, "path"), v->k->host_pid);
    unlink(sheet_text(spec, "socket"));
}

// Tasks of any agent that hold the mount are on record beside the image.
static struct err *users_check(struct volume_keeper *v) {
    if (!is_local(&v->k->spec)) return NULL;
    const char *path = sheet_text(&v->k->spec, "path");
    struct keeper_records all = {0};
    struct err *failed = keeper_list(path, &all);
    AUTO_TEXT struct text users = {0};
    VEC_EACH (r, &all) {
        if (r->pid != v->k->host_pid) text_addf(&users, "%s%s (process %d)", users.size ? ", " : "", r->what, r->pid);
    }
    vec_done(&all);
    if (failed) return failed;
    return users.size ? err_new(ERR_CONFLICT, "the volume is in use by %s", text_string(&users)) : NULL;
}

static struct err *filesystem_grow(struct volume_keeper *v) {
    if (volume_mount_grows_online(&v->mount, &v->device)) return volume_mount_grow(&v->mount, &v->device);
    TRY(err_wrap(users_check(v), "this host may grow ext4 only while it is not mounted (no CAP_SYS_RESOURCE)"));
    return volume_mount_regrow(&v->mount, &v->device);
}

// The device keeps its new size when the filesystem cannot follow yet: asked again, it will.
static struct err *volume_grow(struct volume_keeper *v, uint64_t size) {
    if (v->mount.read_only) return err_new(ERR_CONFLICT, "the volume is published read-only: it cannot grow here");
    TRY(device_resize(&v->device, size));
    state_of_device(v);
    return filesystem_grow(v);
}

static struct err *volume_publish(struct volume_keeper *v) {
    const struct sheet *spec = &v->k->spec;
    struct device_request request = request_of(spec);
    TRY(device_attach(sheet_text(spec, "device"), &request, &v->device));
    state_of_device(v);
    if (text_equal(v->device.driver->name, "loop") && !v->device.direct_io)
        keeper_note(v->k, "The disk under %s refuses direct I/O: the volume is buffered twice.", request.path);
    if (text_equal(v->device.driver->name, "directory"))
        keeper_note(v->k, "The volume is a plain directory: its size is not enforced.");
    TRY(keeper_save(v->k, "state"));
    bool may_format = sheet_flag(spec, "may_format");
    if (may_format) TRY(volume_format(v));
    if (!may_format) TRY(volume_mount_verify(&v->mount, &v->device));
    TRY(device_identity(&v->device));
    TRY(volume_mount_make(&v->mount, &v->device));
    TRY(device_identity(&v->device));
    if (may_format) {
        TRY(volume_mount_own(&v->mount));
        sheet_set(&v->k->state, "formatted", "1");
    }
    if (sheet_flag(spec, "grow_fs")) TRY(filesystem_grow(v));
    state_of_device(v);
    return NULL;
}

static struct err *epoch_check(struct volume_keeper *v, const struct sheet *question) {
    uint64_t epoch = sheet_u64(question, "epoch");
    TRY(volume_epoch_take(sheet_text(&v->k->spec, "work_dir"), request_of(&v->k->spec).volume, epoch));
    if (epoch > v->epoch) v->epoch = epoch;
    return NULL;
}

static struct err *answer_mount(struct volume_keeper *v, int *ret_fd) {
    if (v->ended) return err_new(ERR_CONFLICT, "the volume is being unpublished");
    return volume_mount_clone(&v->mount, ret_fd);
}

static struct err *answer_unpublish(struct volume_keeper *v, const struct sheet *question) {
    TRY(epoch_check(v, question));
    TRY(users_check(v));
    sheet_set(&v->k->state, "state", "unpublishing");
    TRY(keeper_save(v->k, "state"));
    TRY(volume_release(v, DEVICE_GONE_MS));
    sheet_set(&v->k->state, "state", "unpublished");
    sheet_set(&v->k->state, "device", NULL);
    TRY(keeper_save(v->k, "state"));
    v->ended = true;
    return NULL;
}

static struct err *answer_grow(struct volume_keeper *v, const struct sheet *question) {
    TRY(epoch_check(v, question));
    TRY(volume_grow(v, sheet_u64(question, "size")));
    return keeper_save(v->k, "state");
}

static void volume_answer(struct volume_keeper *v, const struct sheet *question, int caller) {
    const char *ask = sheet_text(question, "ask");
    AUTO_FD int fd = -1;
    AUTO_ERR struct err *failed = NULL;
    if (text_equal(ask, "mount")) {
        failed = answer_mount(v, &fd);
    } else if (text_equal(ask, "unpublish")) {
        failed = answer_unpublish(v, question);
    } else if (text_equal(ask, "grow")) {
        failed = answer_grow(v, question);
    } else if (!text_equal(ask, "status")) {
        failed = err_new(ERR_INVALID, "a keeper of a volume cannot '%s'", ask);
    }
    AUTO_SHEET struct sheet answer = {0};
    VEC_EACH (line, &v->k->state) sheet_add(&answer, line->key, line->value);
    if (failed) sheet_add_err(&answer, failed);
    if (v->ended) keeper_end(v); // before the answer: who hears it finds nothing of ours left
    keeper_answer(caller, &answer, fd);
}

static void volume_serve(struct volume_keeper *v) {
    while (!v->ended) {
        struct pollfd p = {.fd = v->k->listening, .events = POLLIN};
        if (poll(&p, 1, -1) <= 0) continue;
        AUTO_SHEET struct sheet question = {0};
        int caller = -1;
        if (keeper_question(v->k, &question, &caller)) volume_answer(v, &question, caller);
    }
}

static int publish_failed(struct volume_keeper *v, struct err *failed) {
    AUTO_ERR struct err *undo = volume_release(v, DEVICE_GONE_MS);
    if (undo) failed = err_wrap(failed, "(and it could not be undone: %s)", err_text(undo));
    sheet_add_err(&v->k->state, failed);
    sheet_set(&v->k->state, "state", "failed");
    sheet_set(&v->k->state, "device", NULL);
    err_free(keeper_save(v->k, "state"));
    keeper_end(v);
    err_free(failed);
    return 1;
}

// Mounts, does what is to be done once, and lets go again.
static struct err *format_only_end(struct volume_keeper *v) {
    TRY(volume_release(v, DEVICE_GONE_MS));
    sheet_set(&v->k->state, "device", NULL);
    return NULL;
}

int volume_keeper_run(struct keeper *k) {
    struct volume_keeper v = {.k = k, .device = {.fd = -1, .loop = {.fd = -1}}, .epoch = sheet_u64(&k->spec, "epoch")};
    AUTO_FREE char *target = keeper_path(k, "mnt");
    bool format_only = sheet_flag(&k->spec, "format_only");
    struct err *failed = volume_mount_init(&v.mount, &k->spec, target);
    if (!failed) failed = volume_publish(&v);
    if (!failed && format_only) failed = format_only_end(&v);
    if (failed) return publish_failed(&v, failed);
    sheet_set(&k->state, "state", format_only ? "unpublished" : "published");
    failed = keeper_save(k, "state");
    if (failed) return publish_failed(&v, failed);
    if (format_only) {
        keeper_end(&v);
        return 0;
    }
    volume_serve(&v);
    return 0;
}
