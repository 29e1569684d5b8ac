// SPDX-License-Identifier: Apache-2.0
// What the agent knows of an attachment, and the ends of operations on it. How each goes is in publish.c.
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/attachment.h"
#include "sys/file.h"

struct attachment *attachment_find(struct host *h, uint64_t id) {
    return map_get(&h->attachments, id);
}

static void attachment_tell(void *arg);

struct attachment *attachment_add(struct host *h, uint64_t id) {
    struct attachment *a = NEW(struct attachment);
    *a = (struct attachment){.host = h, .id = id, .reached = HOST_UNPUBLISHED};
    keeper_watch_init(&a->keeper);
    a->timer = loop_timer_new(h->loop, attachment_tell, a);
    loop_timer_stop(a->timer);
    map_put(&h->attachments, id, NULL)->p = a;
    return a;
}

void attachment_free(struct attachment *a) {
    if (!a) return;
    keeper_watch_close(&a->keeper);
    birth_free(a->birth, true);
    call_free(a->call);
    loop_timer_free(a->timer);
    err_free(a->outcome);
    sheet_done(&a->spec);
    sheet_done(&a->state);
    vec_done(&a->waiters);
    free(a);
}

char *attachment_dir(const struct attachment *a) {
    return thing_dir(a->host->work_dir, THING_ATTACHMENT, a->id);
}

// How the words of the state file are called here; what is in none of them was cut short.
static enum host_attachment_state state_of(const struct sheet *s, bool alive) {
    const char *word = sheet_text(s, "state");
    if (text_equal(word, "failed")) return HOST_PUBLISH_FAILED;
    if (text_equal(word, "unpublished")) return HOST_UNPUBLISHED;
    if (!alive) return HOST_ATTACHMENT_LOST;
    if (text_equal(word, "published")) return HOST_PUBLISHED;
    return text_equal(word, "unpublishing") ? HOST_UNPUBLISHING : HOST_PUBLISHING;
}

void attachment_state_take(struct attachment *a, const struct sheet *state, bool alive) {
    if (state != &a->state) {
        sheet_done(&a->state);
        VEC_EACH (line, state) sheet_add(&a->state, line->key, line->value);
    }
    a->reached = state_of(&a->state, alive);
    if (a->reached == HOST_ATTACHMENT_LOST) sheet_set(&a->state, "device", NULL);
}

void attachment_state_read(struct attachment *a, bool alive) {
    AUTO_FREE char *dir = attachment_dir(a);
    AUTO_FREE char *path = mem_format("%s/state", dir);
    AUTO_SHEET struct sheet s = {0};
    err_free(sheet_load_if_there(path, &s)); // unreadable: it reached nothing that we could name
    attachment_state_take(a, &s, alive);
}

struct host_published attachment_published(const struct attachment *a) {
    const struct sheet *s = &a->state;
    struct host_published p = {.state = a->reached, .device = sheet_text(s, "device"), .notes = sheet_text(s, "notes")};
    p.formatted = sheet_flag(s, "formatted");
    p.format_began = sheet_flag(s, "format_began");
    p.size.n = sheet_u64(s, "size");
    if (!uuid_parse(sheet_text(s, "fs_uuid"), &p.fs_uuid)) p.fs_uuid = (struct uuid){0};
    return p;
}

static struct err *attachment_read(struct attachment *a) {
    AUTO_FREE char *dir = attachment_dir(a);
    AUTO_FREE char *spec = mem_format("%s/spec", dir);
    TRY(sheet_load_if_there(spec, &a->spec));
    TRY(keeper_watch_look(a->host, dir, &a->keeper, attachment_keeper_ended, a));
    attachment_state_read(a, a->keeper.pidfd >= 0);
    if (a->reached == HOST_ATTACHMENT_LOST && !sheet_get(&a->state, "message"))
        sheet_set(&a->state, "message", "its keeper ended without being asked; mount and device went with it");
    return NULL;
}

struct err *attachment_load(struct host *h, uint64_t id, struct attachment **ret_attachment) {
    struct attachment *a = attachment_add(h, id);
    struct err *unread = attachment_read(a);
    if (unread) {
        map_remove(&h->attachments, id);
        attachment_free(a);
        return unread;
    }
    *ret_attachment = a;
    return NULL;
}

// Told in the next turn, so that no caller hears the answer before its call returned.
void attachment_end(struct attachment *a, struct err *outcome) {
    err_free(a->outcome);
    a->outcome = outcome;
    a->step = STEP_ANSWERING;
    loop_timer_set(a->timer, 0);
}

static void attachment_tell(void *arg) {
    struct attachment *a = arg;
    if (a->step != STEP_ANSWERING)
        a->outcome =
            err_new(ERR_TIMEOUT, "a keeper was killed but has not ended: it hangs in the kernel on its storage");
    a->step = STEP_IDLE;
    struct err *outcome = mem_take(a->outcome);
    struct host_published now = attachment_published(a);
    VEC(struct waiter) waiters = {.at = a->waiters.at, .count = a->waiters.count, .capacity = a->waiters.capacity};
    a->waiters.at = NULL;
    a->waiters.count = a->waiters.capacity = 0;
    // A waiter may begin something new, or forget the attachment: from here on only what was taken out is used.
    AUTO_FREE char *device = mem_text(now.device);
    AUTO_FREE char *notes = mem_text(now.notes);
    now.device = device;
    now.notes = notes;
    VEC_EACH (w, &waiters) w->done(outcome ? err_new(err_kind(outcome), "%s", err_text(outcome)) : NULL, &now, w->arg);
    vec_done(&waiters);
    err_free(outcome);
}

void attachment_wait(struct attachment *a, host_publish_done *done, void *arg) {
    struct waiter w = {.done = done, .arg = arg};
    vec_push(&a->waiters, w);
}

// Refusals go through here too: an answer of its own, without touching what is under way.
struct refusal {
    struct loop_timer *timer;
    struct err *error;
    host_publish_done *done;
    void *arg;
};

static void refusal_tell(void *arg) {
    struct refusal r = *(struct refusal *)arg;
    free(arg);
    loop_timer_free(r.timer);
    struct host_published none = {.state = HOST_UNPUBLISHED, .device = "", .notes = ""};
    r.done(r.error, &none, r.arg);
}

void attachment_refuse(struct host *h, struct err *error, host_publish_done *done, void *arg) {
    struct refusal *r = NEW(struct refusal);
    *r = (struct refusal){.error = error, .done = done, .arg = arg};
    r->timer = loop_timer_new(h->loop, refusal_tell, r);
    loop_timer_set(r->timer, 0);
}

void host_forget_attachment(struct host *h, uint64_t id) {
    struct attachment *a = attachment_find(h, id);
    if (a && (a->keeper.pidfd >= 0 || a->step != STEP_IDLE)) return;
    AUTO_FREE char *dir = thing_dir(h->work_dir, THING_ATTACHMENT, id);
    static const char *const files[] = {"spec", "state", "keeper", "log"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO_FREE char *path = mem_format("%s/%s", dir, files[i]);
        unlink(path);
    }
    AUTO_FREE char *target = mem_format("%s/mnt", dir);
    rmdir(target);
    rmdir(dir);
    if (!a) return;
    map_remove(&h->attachments, id);
    attachment_free(a);
}
