// SPDX-License-Identifier: Apache-2.0
// Waiting for volumes: looks again and again, at the volume and at the operation.
#include "cli/volume_wait.h"

#include <string.h>

#include "granary_api.pb-c.h"

// ---- judging ----

static bool state_is(const Granary__Volume *v, const char *state) {
    return v->state && strcmp(v->state, state) == 0;
}

static enum wait_verdict failed_or_on(const Granary__Volume *v, const char **ret_why) {
    *ret_why = v->message;
    if (!state_is(v, "failed")) return WAIT_GO_ON;
    if (!v->message || !*v->message) *ret_why = "it failed; 'granary events' tells what happened";
    return WAIT_FAILED;
}

// Of a class that formats at creation the volume is ready for its owner only when that has ended.
static const Granary__Attachment *formatting(const Granary__Volume *v) {
    for (size_t i = 0; i < v->n_attachments; i++)
        if (text_equal(v->attachments[i]->purpose, "format")) return v->attachments[i];
    return NULL;
}

enum wait_verdict volume_judge_ready(const Granary__Volume *v, const void *wish UNUSED, struct arena *arena,
                                     const char **ret_why) {
    *ret_why = "it is gone: deleted meanwhile";
    if (!v) return WAIT_FAILED;
    if (!state_is(v, "ready")) return failed_or_on(v, ret_why);
    const Granary__Attachment *a = formatting(v);
    if (!a) return WAIT_DONE;
    *ret_why = arena_format(arena, "being formatted on agent '%s'", a->agent ? a->agent : "?");
    return WAIT_GO_ON;
}

enum wait_verdict volume_judge_gone(const Granary__Volume *v, const void *wish UNUSED, struct arena *arena UNUSED,
                                    const char **ret_why) {
    *ret_why = NULL;
    return !v || state_is(v, "gone") ? WAIT_DONE : failed_or_on(v, ret_why);
}

enum wait_verdict volume_judge_size(const Granary__Volume *v, const void *wish, struct arena *arena UNUSED,
                                    const char **ret_why) {
    *ret_why = "it is gone: deleted meanwhile";
    if (!v) return WAIT_FAILED;
    if (v->size >= *(const uint64_t *)wish) return WAIT_DONE;
    return failed_or_on(v, ret_why);
}

static const char *attachment_says(const Granary__Attachment *a, struct arena *arena) {
    if (a->message && *a->message) return a->message;
    return arena_format(arena, "%s on agent '%s'", a->state ? a->state : "?", a->agent ? a->agent : "?");
}

enum wait_verdict volume_judge_published(const Granary__Volume *v, const void *wish, struct arena *arena,
                                         const char **ret_why) {
    *ret_why = "it is gone: deleted meanwhile";
    if (!v) return WAIT_FAILED;
    for (size_t i = 0; i < v->n_attachments; i++) {
        const Granary__Attachment *a = v->attachments[i];
        if (!a->agent || strcmp(a->agent, wish) != 0) continue;
        *ret_why = attachment_says(a, arena);
        return a->state && strcmp(a->state, "in_use") == 0 ? WAIT_DONE : WAIT_GO_ON;
    }
    *ret_why = v->message && *v->message ? v->message : "it did not stay on the agent";
    return v->n_attachments ? WAIT_GO_ON : WAIT_FAILED;
}

enum wait_verdict volume_judge_unpublished(const Granary__Volume *v, const void *wish UNUSED, struct arena *arena,
                                           const char **ret_why) {
    *ret_why = NULL;
    if (!v || !v->n_attachments) return WAIT_DONE;
    *ret_why = attachment_says(v->attachments[0], arena);
    return WAIT_GO_ON;
}

// ---- looking ----

struct err *volume_look(struct call *c, const char *uuid, Granary__Volume **ret_volume) {
    AUTO_TEXT struct text path = {0};
    text_add(&path, "/v1/volumes");
    path_add(&path, uuid);
    void *message = NULL;
    struct err *e = client_get(c->client, path.data, &granary__volume__descriptor, c->arena, &message);
    if (e && err_kind(e) != ERR_NOT_FOUND) return e;
    err_free(e);
    *ret_volume = message;
    return NULL;
}

// The error of an operation that failed. One that is forgotten, or still open, tells nothing.
static struct err *operation_look(struct call *c, uint64_t id) {
    if (!id) return NULL;
    AUTO_FREE char *path = mem_format("/v1/operations/%llu", (unsigned long long)id);
    void *message;
    struct err *e = client_get(c->client, path, &granary__operation__descriptor, c->arena, &message);
    if (e && err_kind(e) == ERR_NOT_FOUND) {
        err_free(e);
        return NULL;
    }
    TRY(e);
    const Granary__Operation *o = message;
    if (!o->state || strcmp(o->state, "failed") != 0) return NULL;
    enum err_kind kind;
    if (!o->error_kind || !err_kind_parse(o->error_kind, &kind)) kind = ERR_IO;
    return err_new(kind, "%s", o->message && *o->message ? o->message : "the operation failed");
}

// What the operation that is open on the volume waits for; NULL: none is, or it does not say.
static const char *operation_says(struct call *c, uint64_t id) {
    if (!id) return NULL;
    AUTO_FREE char *path = mem_format("/v1/operations/%llu", (unsigned long long)id);
    void *message;
    AUTO_ERR struct err *e = client_get(c->client, path, &granary__operation__descriptor, c->arena, &message);
    const Granary__Operation *o = e ? NULL : message;
    if (!o || !text_equal(o->state, "open") || !o->message || !*o->message) return NULL;
    return arena_format(c->arena, "%s %s", o->kind ? o->kind : "its operation", o->message);
}

static void volume_say(struct progress *p, const char *what, const Granary__Volume *v, const char *why) {
    const char *state = v && v->state ? v->state : "gone";
    if (why && *why)
        progress_say(p, "%s: %s: %s", what, state, why);
    else
        progress_say(p, "%s: %s", what, state);
}

struct err *volume_wait(struct call *c, struct progress *p, const char *what, const char *uuid, uint64_t operation,
                        volume_judge *judge, const void *wish, Granary__Volume **ret_volume) {
    for (;;) {
        Granary__Volume *v;
        const char *why = NULL;
        TRY(err_wrap(volume_look(c, uuid, &v), "%s", what));
        enum wait_verdict verdict = judge(v, wish, c->arena, &why);
        if (verdict == WAIT_DONE) {
            if (ret_volume) *ret_volume = v;
            return NULL;
        }
        TRY(err_wrap(operation_look(c, operation), "%s", what));
        if (verdict == WAIT_FAILED) return err_new(ERR_IO, "%s: %s", what, why ? why : "it failed");
        if (v && (!why || !*why)) why = operation_says(c, v->operation);
        volume_say(p, what, v, why);
        TRY(progress_pause(p));
    }
}
