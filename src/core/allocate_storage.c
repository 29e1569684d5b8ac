// SPDX-License-Identifier: Apache-2.0
// Storage-only offers: how much of each class a labelled framework may take, at most one offer per framework and role.
#include "core/allocation.h"
#include "core/framework.h"

#include "core/broker.h"

VEC_TYPE(class_amounts, struct class_amount);

static void amounts_of_role(const struct draft *d, symbol role, struct class_amounts *ret_amounts) {
    vec_clear(ret_amounts);
    STATE_EACH(CLASS, class_row, class, d->state) {
        struct bytes largest = broker_largest(d, class->id, role);
        if (largest.n) vec_push(ret_amounts, ((struct class_amount){class->id, largest}));
    }
}

static struct bytes refused_of(const struct contender *c, uint64_t class) {
    VEC_EACH (refused, &c->storage_refused)
        if (refused->class == class) return refused->largest;
    return (struct bytes){0};
}

static bool amounts_grew(const struct contender *c, const struct class_amounts *amounts) {
    VEC_EACH (amount, amounts)
        if (amount->largest.n > refused_of(c, amount->class).n) return true;
    return false;
}

// What is reserved rides in the storage-only offer: it is made also when nothing more can be granted.
static bool contender_reserved(const struct draft *d, const struct contender *c) {
    struct owner owner = framework_owner(d->state, draft_framework(d, c->framework), c->role);
    STATE_EACH(RESERVATION, reservation_row, r, d->state) {
        if (r->charge.bytes.n && owner_equal(r->owner, owner)) return true;
    }
    return false;
}

static void contender_storage(struct draft *d, struct contender *c, struct class_amounts *scratch) {
    amounts_of_role(d, c->role, scratch);
    bool refused = c->storage_until.ms > d->now.mono.ms;
    if (refused && !amounts_grew(c, scratch)) return;
    if (!scratch->count && !contender_reserved(d, c)) return;
    struct offer_row *o = offer_make(d, c, 0, &(struct scalars){{0}, {0}, {0}}, NULL);
    o->classes = draft_blob(d, scratch->at, scratch->count * sizeof *scratch->at);
}

void allocate_storage(struct draft *d) {
    struct allocator *a = d->state->allocator;
    if (!a->pools && !a->storage_marked) return;
    struct class_amounts scratch = {0};
    MAP_EACH (entry, &a->shares.frameworks) {
        const struct contenders *list = entry->value.p;
        for (size_t i = 0; i < list->at.count; i++) {
            struct contender *c = list->at.at[i];
            bool marked = c->storage_marked || a->pools;
            c->storage_marked = false;
            if (marked && c->available && c->labelled && !c->storage_offer) contender_storage(d, c, &scratch);
        }
    }
    vec_done(&scratch);
}
