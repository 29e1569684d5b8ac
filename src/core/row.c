// SPDX-License-Identifier: Apache-2.0
// What each row owns, and how an after-image is put into a live row.
#include "core/row.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define OFF(noun, member) (uint16_t) offsetof(struct noun##_row, member)
#define SIZES(noun) .name = #noun, .size = sizeof(struct noun##_row)
#define ALL(noun) .derived_from = sizeof(struct noun##_row)

const struct row_kind row_kinds[NOUN_COUNT] = {
    [NOUN_PROVIDER] = {SIZES(provider), ALL(provider), .texts = {OFF(provider, name), OFF(provider, driver)},
                       .blobs = {OFF(provider, secret)}, .shareds = {OFF(provider, facts)}},
    [NOUN_POOL] = {SIZES(pool), .derived_from = OFF(pool, account),
                   .texts = {OFF(pool, name), OFF(pool, instance), OFF(pool, store)}, .shareds = {OFF(pool, facts)},
                   .one_block = true},
    [NOUN_AGENT] = {SIZES(agent), .derived_from = OFF(agent, number),
                    .texts = {OFF(agent, name), OFF(agent, hostname), OFF(agent, address), OFF(agent, boot_id)},
                    .blobs = {OFF(agent, secret)}, .shareds = {OFF(agent, facts)}, .one_block = true},
    [NOUN_CLASS] = {SIZES(class), ALL(class), .texts = {OFF(class, name)}, .shareds = {OFF(class, doc)}},
    [NOUN_POLICY] = {SIZES(policy), ALL(policy), .texts = {OFF(policy, comment), OFF(policy, broken)},
                     .shareds = {OFF(policy, doc)}},
    [NOUN_ROLE] = {SIZES(role), ALL(role)},
    [NOUN_RESERVATION] = {SIZES(reservation), ALL(reservation),
                          .texts = {OFF(reservation, reason), OFF(reservation, labels)},
                          .blobs = {OFF(reservation, mesos_labels)}},
    [NOUN_VOLUME] = {SIZES(volume), .derived_from = OFF(volume, queued),
                     .texts = {OFF(volume, name), OFF(volume, handle), OFF(volume, context), OFF(volume, message),
                               OFF(volume, persistence), OFF(volume, labels)},
                     .one_block = true},
    [NOUN_ATTACHMENT] = {SIZES(attachment), ALL(attachment),
                         .texts = {OFF(attachment, context), OFF(attachment, message), OFF(attachment, path),
                                   OFF(attachment, ended_because), OFF(attachment, host), OFF(attachment, warning)}},
    [NOUN_OPERATION] = {SIZES(operation), ALL(operation),
                        .texts = {OFF(operation, volume_name), OFF(operation, message),
                                  OFF(operation, framework_operation)},
                        .blobs = {OFF(operation, status_uuid)}},
    [NOUN_FRAMEWORK] = {SIZES(framework), ALL(framework),
                        .texts = {OFF(framework, text_id), OFF(framework, name), OFF(framework, user)},
                        .blobs = {OFF(framework, info), OFF(framework, roles), OFF(framework, suppressed),
                                  OFF(framework, constraints), OFF(framework, least)}},
    [NOUN_TASK] = {SIZES(task), ALL(task), .texts = {OFF(task, text_id), OFF(task, message)},
                   .blobs = {OFF(task, ports), OFF(task, volumes), OFF(task, info), OFF(task, status),
                             OFF(task, update_uuid)}},
    [NOUN_OFFER] = {SIZES(offer), ALL(offer), .blobs = {OFF(offer, ports), OFF(offer, volumes), OFF(offer, classes)}},
};

const char *noun_name(enum noun noun) {
    return row_kinds[noun].name;
}

void shared_hold(struct shared *s) {
    if (s) s->holders++;
}

void shared_leave(struct shared *s) {
    if (!s) return;
    must(s->holders);
    if (--s->holders == 0) s->drop(s);
}

static void *member_get(const void *row, uint16_t offset) {
    void *p;
    memcpy(&p, (const char *)row + offset, sizeof p);
    return p;
}

static void member_set(void *row, uint16_t offset, void *p) {
    memcpy((char *)row + offset, &p, sizeof p);
}

static void *blob_copy(const struct blob *b) {
    return b ? mem_copy(b, sizeof *b + b->size) : NULL;
}

enum { LONGEST_LISTS = 18 };

// ---- texts, one allocation each ----

static size_t texts_each(const struct row_kind *kind, void *live, const void *image, void *ret_own[]) {
    size_t n = 0;
    for (; n < ARRAY_LEN(kind->texts) && kind->texts[n]; n++) {
        char *old = member_get(live, kind->texts[n]), *given = member_get(image, kind->texts[n]);
        ret_own[n] = given == old ? old : mem_text(given);
        if (given != old) free(old);
    }
    return n;
}

// ---- texts, all in one allocation: it begins with the first that is there ----

static void *block_get(const struct row_kind *kind, const void *live) {
    for (size_t i = 0; i < ARRAY_LEN(kind->texts) && kind->texts[i]; i++) {
        void *first = member_get(live, kind->texts[i]);
        if (first) return first;
    }
    return NULL;
}

static bool block_stays(const struct row_kind *kind, const void *live, const void *image) {
    for (size_t i = 0; i < ARRAY_LEN(kind->texts) && kind->texts[i]; i++)
        if (!text_equal(member_get(live, kind->texts[i]), member_get(image, kind->texts[i]))) return false;
    return true;
}

static size_t texts_in_block(const struct row_kind *kind, void *live, const void *image, void *ret_own[]) {
    bool stays = block_stays(kind, live, image);
    size_t n = 0, total = 0, sizes[ARRAY_LEN(kind->texts)];
    for (; n < ARRAY_LEN(kind->texts) && kind->texts[n]; n++) {
        const char *given = member_get(image, kind->texts[n]);
        ret_own[n] = member_get(live, kind->texts[n]);
        total += sizes[n] = given ? strlen(given) + 1 : 0;
    }
    if (stays) return n;
    char *old = block_get(kind, live), *to = total ? mem_resize(NULL, total, 1) : NULL;
    for (size_t i = 0; i < n; i++) { // the image may borrow from the old block
        const char *given = member_get(image, kind->texts[i]);
        ret_own[i] = given ? memcpy(to, given, sizes[i]) : NULL;
        if (given) to += sizes[i];
    }
    free(old);
    return n;
}

// ---- rows ----

void row_put(const struct row_kind *kind, void *live, const void *image) {
    void *own[LONGEST_LISTS];
    size_t n = (kind->one_block ? texts_in_block : texts_each)(kind, live, image, own);
    for (size_t i = 0; i < ARRAY_LEN(kind->blobs) && kind->blobs[i]; i++) {
        struct blob *old = member_get(live, kind->blobs[i]), *given = member_get(image, kind->blobs[i]);
        own[n++] = given == old ? old : blob_copy(given);
        if (given != old) free(old);
    }
    for (size_t i = 0; i < ARRAY_LEN(kind->shareds) && kind->shareds[i]; i++) {
        shared_hold(member_get(image, kind->shareds[i]));
        shared_leave(member_get(live, kind->shareds[i]));
    }
    memcpy(live, image, kind->derived_from);
    n = 0;
    for (size_t i = 0; i < ARRAY_LEN(kind->texts) && kind->texts[i]; i++) member_set(live, kind->texts[i], own[n++]);
    for (size_t i = 0; i < ARRAY_LEN(kind->blobs) && kind->blobs[i]; i++) member_set(live, kind->blobs[i], own[n++]);
}

void row_own(const struct row_kind *kind, void *image, struct arena *arena) {
    for (size_t i = 0; i < ARRAY_LEN(kind->texts) && kind->texts[i]; i++)
        member_set(image, kind->texts[i], arena_text(arena, member_get(image, kind->texts[i])));
    for (size_t i = 0; i < ARRAY_LEN(kind->blobs) && kind->blobs[i]; i++) {
        const struct blob *b = member_get(image, kind->blobs[i]);
        member_set(image, kind->blobs[i], b ? arena_copy(arena, b, sizeof *b + b->size) : NULL);
    }
}

void row_done(const struct row_kind *kind, void *live) {
    if (kind->one_block) free(block_get(kind, live));
    for (size_t i = 0; !kind->one_block && i < ARRAY_LEN(kind->texts) && kind->texts[i]; i++)
        free(member_get(live, kind->texts[i]));
    for (size_t i = 0; i < ARRAY_LEN(kind->blobs) && kind->blobs[i]; i++) free(member_get(live, kind->blobs[i]));
    for (size_t i = 0; i < ARRAY_LEN(kind->shareds) && kind->shareds[i]; i++)
        shared_leave(member_get(live, kind->shareds[i]));
}
