// SPDX-License-Identifier: Apache-2.0
// Numbers, acknowledgements, repetition.
#include "link/link.h"

void link_done(struct link *l) {
    VEC_EACH (item, &l->waiting) free(item->bytes);
    vec_done(&l->waiting);
    *l = (struct link){0};
}

static int64_t link_pause(const struct link *l) {
    return (int64_t)LINK_RESEND_MS << (l->resends < 5 ? l->resends : 5);
}

uint64_t link_say(struct link *l, const void *bytes, size_t size, struct mono now, bool *ret_room) {
    *ret_room = l->waiting.count < LINK_WAITING_MOST;
    if (!l->waiting.count) {
        l->resends = 0;
        l->resend_at = (struct mono){now.ms + link_pause(l)};
    }
    vec_push(&l->waiting, ((struct link_item){++l->last_sent, mem_copy(bytes, size), size}));
    return l->last_sent;
}

void link_seen(struct link *l, uint64_t number, struct mono now) {
    size_t gone = 0;
    while (gone < l->waiting.count && l->waiting.at[gone].number <= number) free(l->waiting.at[gone++].bytes);
    if (!gone) return;
    vec_skip(&l->waiting, gone);
    l->resends = 0;
    l->resend_at = (struct mono){now.ms + link_pause(l)};
}

enum link_heard link_hear(struct link *l, uint64_t number) {
    if (number <= l->seen) return LINK_TWICE;
    if (number > l->seen + 1) return LINK_GAP;
    l->seen = number;
    return LINK_NEW;
}

bool link_resend_due(struct link *l, struct mono now) {
    if (!l->waiting.count || now.ms < l->resend_at.ms) return false;
    l->resends++;
    l->resend_at = (struct mono){now.ms + link_pause(l)};
    return true;
}

struct mono link_next(const struct link *l) {
    return l->waiting.count ? l->resend_at : (struct mono){INT64_MAX};
}
