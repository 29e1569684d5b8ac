// SPDX-License-Identifier: Apache-2.0
// Which host may use a volume of the driver 'file'. A host is a boot of a kernel: another boot id than ours, once it
// was ours, proves that every earlier mount is gone. On this kernel, keepers beside the volume say who has it.
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/file.h"
#include "sys/file.h"
#include "sys/image_identity.h"
#include "sys/keeper_registry.h"
#include "sys/loopdev.h"
#include "sys/process.h"

enum { LOCK_WAIT_MS = 5000, WAIT_MS = 20000 };

// Finds the volume; ERR_NOT_FOUND without one.
static struct err *volume_find(const struct file_driver *f, const struct driver_call *call,
                               const struct driver_volume *v, const struct file_pool **ret_pool,
                               const char **ret_path) {
    struct bytes size;
    TRY(file_pool_find(f, v, ret_pool));
    const char *path = v->handle ? v->handle : file_pool_path(*ret_pool, v->name, call->arena);
    if (!file_volume_size(*ret_pool, path, &size)) return err_new(ERR_NOT_FOUND, "'%s' does not exist", path);
    *ret_path = path;
    return NULL;
}

// Is there a running keeper of an older epoch, or one of this very epoch?
static struct err *keepers_ask(const char *path, uint64_t epoch, bool *ret_this) {
    struct keeper_records records = {0};
    struct err *e = keeper_list(path, &records);
    *ret_this = false;
    VEC_EACH (r, &records) {
        if (r->epoch == epoch) *ret_this = true;
        if (r->epoch != epoch && !e)
            e = err_new(ERR_CONFLICT, "%s of agent '%s' (process %d) has it with epoch %llu", r->what, r->agent,
                        (int)r->pid, (unsigned long long)r->epoch);
    }
    vec_done(&records);
    return e;
}

static struct err *holder_refuse(const char *path) {
    AUTO_FD int lock = -1;
    int holder = -1;
    TRY(image_lock(path, LOCK_WAIT_MS, &lock));
    TRY(loopdev_holder(path, &holder));
    return holder < 0 ? NULL : err_new(ERR_CONFLICT, "/dev/loop%d holds '%s' already", holder, path);
}

struct err *file_attach(void *self, const struct driver_call *call, const struct driver_attach *attach,
                        const char **ret_context) {
    const struct file_pool *p;
    const char *path;
    struct uuid uuid;
    bool ours = false;
    if (!text_equal(attach->host, boot_id()))
        return err_new(ERR_CONFLICT, "the files are on another host: its boot id is %s, that of the agent's host %s",
                       boot_id(), attach->host);
    TRY(volume_find(self, call, &attach->volume, &p, &path));
    must(uuid_parse(attach->volume.uuid, &uuid));
    TRY(image_identity_check(path, uuid, attach->volume.cluster));
    TRY(keepers_ask(path, attach->epoch, &ours));
    if (p->image && !ours) TRY(holder_refuse(path));
    *ret_context = file_context(p, path, call->arena);
    return NULL;
}

static int64_t wait_ms(const struct driver_call *call) {
    return call->timeout_ms ? (int64_t)call->timeout_ms * 3 / 4 : WAIT_MS; // leaves time for the answer
}

static struct err *released(const struct file_pool *p, const char *path, const struct driver_attach *attach,
                            int64_t ms) {
    struct keeper_records records = {0};
    struct err *e = keeper_list(path, &records);
    bool newer = false;
    VEC_EACH (r, &records) {
        if (r->epoch > attach->epoch) newer = true;
        if (r->epoch <= attach->epoch && !e)
            e = err_new(ERR_UNAVAILABLE, "%s of agent '%s' (process %d) still holds it", r->what, r->agent,
                        (int)r->pid);
    }
    vec_done(&records);
    if (e || newer || !p->image) return e;
    return loopdev_wait_gone(path, ms);
}

struct err *file_detach(void *self, const struct driver_call *call, const struct driver_attach *attach) {
    const struct file_pool *p;
    const char *path;
    if (!text_equal(attach->host, boot_id())) return NULL; // that boot is over, and its mounts with it
    struct err *e = volume_find(self, call, &attach->volume, &p, &path);
    if (e && err_kind(e) == ERR_NOT_FOUND) {
        err_free(e);
        return NULL;
    }
    return e ? e : released(p, path, attach, wait_ms(call));
}

struct err *file_fence(void *self, const struct driver_call *call, const struct driver_attach *attach,
                       const char **ret_proof) {
    const struct file_pool *p;
    const char *path;
    AUTO_TEXT struct text proof = {0};
    if (!text_equal(attach->host, boot_id()))
        text_addf(&proof, "the host was started anew: its boot id was %s and is %s, so its mounts are gone; ",
                  attach->host, boot_id());
    struct err *e = volume_find(self, call, &attach->volume, &p, &path);
    if (e && err_kind(e) == ERR_NOT_FOUND) {
        err_free(e);
        text_add(&proof, "the volume does not exist");
    } else {
        TRY(e);
        TRY(keeper_fence(path, attach->epoch, wait_ms(call), &proof));
    }
    *ret_proof = arena_text(call->arena, text_string(&proof));
    return NULL;
}
