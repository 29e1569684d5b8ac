// SPDX-License-Identifier: Apache-2.0
// Which host may use a volume of the driver 'file'. A host is a boot of a kernel: another boot id than ours, once it
// was ours, proves that every earlier mount is gone. On this kernel, keepers beside the volume say who has it.
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/file.h"
#include "sys/file.h"
#include "sys/keeper_registry.h"
#include "sys/loopdev.h"
#include "sys/process.h"

enum { LOCK_WAIT_MS = 5000, WAIT_MS = 20000 };

// Finds where the volume lies, also when it is gone, and refuses another's identity there.
static struct err *volume_find(const struct file_driver *f, const struct driver_call *call,
                               const struct driver_volume *v, const struct file_pool **ret_pool,
                               const char **ret_path) {
    bool named;
    TRY(file_pool_find(f, v, ret_pool));
    *ret_path = file_volume_path(*ret_pool, v, call->arena);
    TRY(file_look(arena_format(call->arena, "%s.id", *ret_path), &named));
    return named ? file_identity_check(*ret_path, v) : NULL;
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
    struct bytes size;
    bool ours = false;
    if (!text_equal(attach->host, boot_id()))
        return err_new(ERR_CONFLICT, "the files are on another host: its boot id is %s, that of the agent's host %s",
                       boot_id(), attach->host);
    TRY(volume_find(self, call, &attach->volume, &p, &path));
    TRY(file_volume_size(p, path, &size));
    TRY(file_identity_check(path, &attach->volume));
    TRY(keepers_ask(path, attach->epoch, &ours));
    if (p->image && !ours) TRY(holder_refuse(path));
    *ret_context = file_context(p, path, call->arena);
    return NULL;
}

static int64_t wait_ms(const struct driver_call *call) {
    return call->timeout_ms ? (int64_t)call->timeout_ms * 3 / 4 : WAIT_MS; // leaves time for the answer
}

struct err *file_detach(void *self, const struct driver_call *call, const struct driver_attach *attach) {
    const struct file_pool *p;
    const char *path;
    bool there, remains;
    if (!text_equal(attach->host, boot_id())) return NULL; // that boot is over, and its mounts with it
    TRY(volume_find(self, call, &attach->volume, &p, &path));
    TRY(file_volume_look(path, &there, &remains));
    return remains ? keeper_gone(path, attach->epoch, wait_ms(call), NULL) : NULL;
}

struct err *file_fence(void *self, const struct driver_call *call, const struct driver_attach *attach,
                       const char **ret_proof) {
    const struct file_pool *p;
    const char *path;
    AUTO_TEXT struct text proof = {0};
    if (!text_equal(attach->host, boot_id()))
        text_addf(&proof, "the host was started anew: its boot id was %s and is %s, so its mounts are gone; ",
                  attach->host, boot_id());
    TRY(volume_find(self, call, &attach->volume, &p, &path));
    TRY(keeper_fence(path, attach->epoch, wait_ms(call), &proof)); // also of what is gone: a keeper may still come
    *ret_proof = arena_text(call->arena, text_string(&proof));
    return NULL;
}
