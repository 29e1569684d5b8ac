// SPDX-License-Identifier: Apache-2.0
// How offers end: declined, taken back; and what frameworks say of offers to come. Makes none.
#include <math.h>

#include "core/allocator.h"
#include "core/attach_room.h"

struct mono refuse_until(struct mono now, double seconds) {
    if (isnan(seconds) || seconds < 0) seconds = REFUSE_SECONDS_DEFAULT;
    if (seconds > REFUSE_SECONDS_MOST) seconds = REFUSE_SECONDS_MOST;
    if (seconds == 0) return (struct mono){0};
    int64_t ms = (int64_t)(seconds * 1000);
    return (struct mono){now.ms + (ms ? ms : 1)};
}

void decide_decline(struct draft *d, uint64_t framework, const uint64_t *offers, size_t count, double seconds) {
    for (size_t i = 0; i < count; i++) {
        const struct offer_row *offer = draft_offer(d, offers[i]);
        if (!offer || offer->framework != framework) continue;
        edit_offer(d, offers[i], EV_offer_declined)->refuse_until = refuse_until(d->now.mono, seconds);
        draft_remove(d, NOUN_OFFER, offers[i], EV_offer_declined);
    }
}

static bool roles_have(const symbol *roles, size_t count, symbol role) {
    for (size_t i = 0; i < count; i++)
        if (symbol_equal(roles[i], role)) return true;
    return false;
}

// The framework, when it is there and is subscribed to all those roles.
static const struct framework_row *subscribed(const struct draft *d, uint64_t framework, const symbol *roles,
                                              size_t count) {
    const struct framework_row *f = draft_framework(d, framework);
    for (size_t i = 0; f && i < count; i++)
        if (!roles_have(blob_items(f->roles, symbol), blob_count(f->roles, symbol), roles[i])) return NULL;
    return f;
}

void decide_revive(struct draft *d, uint64_t framework, const symbol *roles, size_t count) {
    const struct framework_row *before = subscribed(d, framework, roles, count);
    if (!before) return;
    struct framework_row *f = edit_framework(d, framework, EV_framework_changed);
    const symbol *suppressed = blob_items(f->suppressed, symbol);
    size_t had = blob_count(f->suppressed, symbol), left = 0;
    symbol *still = arena_zero(d->arena, had + 1, sizeof *still);
    for (size_t i = 0; i < had; i++)
        if (count && !roles_have(roles, count, suppressed[i])) still[left++] = suppressed[i];
    f->suppressed = left ? draft_blob(d, still, left * sizeof *still) : NULL;
    f->revived++;
}

void decide_suppress(struct draft *d, uint64_t framework, const symbol *roles, size_t count) {
    const struct framework_row *before = subscribed(d, framework, roles, count);
    if (!before) return;
    if (!count) {
        roles = blob_items(before->roles, symbol);
        count = blob_count(before->roles, symbol);
    }
    const symbol *suppressed = blob_items(before->suppressed, symbol);
    size_t had = blob_count(before->suppressed, symbol), all = 0;
    symbol *now = arena_zero(d->arena, had + count + 1, sizeof *now);
    for (size_t i = 0; i < had; i++) now[all++] = suppressed[i];
    for (size_t i = 0; i < count; i++)
        if (!roles_have(now, all, roles[i])) now[all++] = roles[i];
    if (all == had) return;
    edit_framework(d, framework, EV_framework_changed)->suppressed = draft_blob(d, now, all * sizeof *now);
}

static void offers_end(struct draft *d, enum relation relation, uint64_t key, enum event_kind kind) {
    struct id_list offers = draft_related(d, relation, key);
    for (size_t i = 0; i < offers.count; i++) draft_remove(d, NOUN_OFFER, offers.at[i], kind);
}

void rescind_offers_of_agent(struct draft *d, uint64_t agent) {
    offers_end(d, OFFERS_OF_AGENT, agent, EV_offer_rescinded);
}

void rescind_offers_of_volume(struct draft *d, uint64_t volume) {
    offers_end(d, OFFERS_OF_VOLUME, volume, EV_offer_rescinded);
}

static bool offer_has_room(const struct draft *d, const struct offer_row *o, const struct agent_row *agent) {
    for (size_t i = 0; i < blob_count(o->volumes, uint64_t); i++) {
        const struct volume_row *v = draft_volume(d, blob_items(o->volumes, uint64_t)[i]);
        if (v && !volume_is_on(d, v, agent->id) && !attach_room_for(d, agent, v->charge.pool, v->charge.bandwidth))
            return false;
    }
    return true;
}

void rescind_offers_without_room(struct draft *d) {
    for (size_t i = 0, count = d->touched.count; i < count; i++) {
        const struct touched t = d->touched.at[i];
        const struct attachment_row *a = t.row;
        const struct task_row *task = t.row;
        if (!t.added || (t.noun != NOUN_ATTACHMENT && t.noun != NOUN_TASK)) continue;
        const struct agent_row *agent = draft_agent(d, t.noun == NOUN_TASK ? task->agent : a->agent);
        if (!agent || !attach_limited(agent->facts)) continue;
        struct id_list offers = draft_related(d, OFFERS_OF_AGENT, agent->id);
        VEC_EACH (id, &offers)
            if (!offer_has_room(d, draft_offer(d, *id), agent)) draft_remove(d, NOUN_OFFER, *id, EV_offer_rescinded);
    }
}

void drop_offers_of_framework(struct draft *d, uint64_t framework) {
    offers_end(d, OFFERS_OF_FRAMEWORK, framework, EV_offer_declined);
}
