// SPDX-License-Identifier: Apache-2.0
// The fence of stored volumes: raise the floor, kill the keepers, and see for ourselves that nothing can write any
// more.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/keeper_registry.h"
#include "sys/loopdev.h"
#include "sys/process.h"
#include "sys/sheet.h"

// Refuses epochs up to `through` from now on; returns what 0 stood for.
static struct err *floor_raise(const char *image, uint64_t *through) {
    AUTO_FREE char *path = mem_format("%s.floor", image);
    AUTO_FD int lock = -1;
    TRY(image_lock(image, 10000, &lock));
    AUTO_SHEET struct sheet floor = {0};
    TRY(sheet_load_if_there(path, &floor));
    if (!*through) *through = sheet_u64(&floor, "highest");
    if (*through == UINT64_MAX || sheet_u64(&floor, "lowest") > *through) return NULL;
    sheet_set_u64(&floor, "lowest", *through + 1);
    return sheet_save(&floor, path);
}

// Kills one keeper and waits until it is gone.
static struct err *keeper_end(const struct keeper_record *r, int64_t deadline) {
    AUTO_FD int pidfd = -1;
    if (r->pidns != pid_namespace())
        return err_new(ERR_UNSUPPORTED,
                       "%s of agent '%s' runs in another pid namespace: it can only be fenced from there", r->what,
                       r->agent);
    struct err *failed = process_open(r->pid, r->start, &pidfd);
    if (failed && err_kind(failed) == ERR_NOT_FOUND) {
        err_free(failed);
        return NULL;
    }
    if (failed) return failed;
    pidfd_signal(pidfd, SIGKILL);
    int64_t left = deadline - clock_mono_ms();
    if (pidfd_wait(pidfd, left > 0 ? left : 0)) return NULL;
    return err_new(ERR_TIMEOUT, "keeper %d (%s of agent '%s') was killed but has not ended", r->pid, r->what, r->agent);
}

// All of the older epochs: killed first all, then waited for one by one.
static struct err *keepers_end(const struct keeper_records *all, uint64_t through, int64_t deadline,
                               struct text *proof) {
    VEC_EACH (r, all) {
        AUTO_FD int pidfd = -1;
        if (r->epoch > through || r->pidns != pid_namespace()) continue;
        err_free(process_open(r->pid, r->start, &pidfd)); // gone is fine; anything else is met again below
        if (pidfd >= 0) pidfd_signal(pidfd, SIGKILL);
    }
    VEC_EACH (r, all) {
        if (r->epoch > through) continue;
        TRY(keeper_end(r, deadline));
        text_addf(proof, "%s%s of agent '%s' at epoch %llu (process %d)", proof->size ? ", " : "killed ", r->what,
                  r->agent, (unsigned long long)r->epoch, r->pid);
    }
    return NULL;
}

// Directories are held by no loop device, and what certainly does not exist by none that could be found.
static struct err *loop_end(const char *image, int64_t ms, struct text *proof) {
    struct stat s;
    if (stat(image, &s)) return errno == ENOENT ? NULL : err_errno(errno, "look at '%s'", image);
    if (!S_ISREG(s.st_mode)) return NULL;
    TRY(loopdev_wait_gone(image, ms > 0 ? ms : 0));
    if (proof) text_add(proof, "; no loop device holds the image");
    return NULL;
}

struct err *keeper_gone(const char *image, uint64_t through_epoch, int64_t ms, struct text *proof) {
    struct keeper_records left = {0};
    struct err *failed = keeper_list(image, &left);
    bool newer = false;
    VEC_EACH (r, &left) {
        newer |= r->epoch > through_epoch;
        if (r->epoch <= through_epoch && !failed)
            failed = err_new(ERR_UNAVAILABLE, "%s of agent '%s' (process %d) still holds '%s'", r->what, r->agent,
                             r->pid, image);
    }
    vec_done(&left);
    return failed || newer ? failed : loop_end(image, ms, proof);
}

struct err *keeper_fence(const char *image, uint64_t through_epoch, int64_t ms, struct text *ret_proof) {
    int64_t deadline = clock_mono_ms() + ms;
    AUTO_TEXT struct text proof = {0};
    TRY(err_wrap(floor_raise(image, &through_epoch), "fence %s", image));
    struct keeper_records all = {0};
    struct err *failed = keeper_list(image, &all);
    if (!failed) failed = keepers_end(&all, through_epoch, deadline, &proof);
    vec_done(&all);
    if (failed) return err_wrap(failed, "fence %s", image);
    if (!proof.size) text_add(&proof, "no keeper was running");
    TRY(err_wrap(keeper_gone(image, through_epoch, deadline - clock_mono_ms(), &proof), "fence %s", image));
    text_addf(&proof, "; epochs up to %llu are refused", (unsigned long long)through_epoch);
    if (ret_proof) text_add_n(ret_proof, text_string(&proof), proof.size);
    return NULL;
}
