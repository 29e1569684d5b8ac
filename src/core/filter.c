// SPDX-License-Identifier: Apache-2.0
// Refuse filters, a few per agent, swept when the agent is visited.
#include "core/filter.h"

enum { FILTERS_OF_ONE_MOST = 16 }; // of one framework and role on one agent; the oldest ends early

static void filter_done(struct filter *f) {
    vec_done(&f->ports);
    vec_done(&f->volumes);
}

void filters_done(struct filters *f) {
    VEC_EACH (one, f) filter_done(one);
    vec_done(f);
}

static void filters_drop(struct filters *f, size_t i) {
    filter_done(&f->at[i]);
    vec_remove(f, i);
}

static bool filter_is_of(const struct filter *f, const struct contender *c) {
    return f->slot == c->slot && f->serial == c->serial && f->cleared == c->cleared;
}

static bool filter_has_volume(const struct filter *f, uint64_t volume) {
    for (size_t i = 0; i < f->volumes.count; i++)
        if (f->volumes.at[i] == volume) return true;
    return false;
}

static bool filter_says_less(const struct filter *f, const struct filter *than) {
    if (f->until.ms > than->until.ms || than->leftover) return false;
    if (!scalars_within(&f->refused, &than->refused) || !ports_within(&f->ports, &than->ports)) return false;
    for (size_t i = 0; i < f->volumes.count; i++)
        if (!filter_has_volume(than, f->volumes.at[i])) return false;
    return true;
}

void filters_add(struct filters *f, const struct contender *c, const struct offer_row *refused, bool leftover) {
    struct filter add = {.slot = c->slot,
                         .cleared = c->cleared,
                         .serial = c->serial,
                         .until = refused->refuse_until,
                         .refused = refused->resources,
                         .leftover = leftover};
    ports_assign(&add.ports, blob_items(refused->ports, struct port_range),
                 blob_count(refused->ports, struct port_range));
    for (size_t i = 0; i < blob_count(refused->volumes, uint64_t); i++)
        vec_push(&add.volumes, blob_items(refused->volumes, uint64_t)[i]);
    size_t same = 0, oldest = 0;
    for (size_t i = f->count; i-- > 0;) {
        if (!filter_is_of(&f->at[i], c)) continue;
        if (filter_says_less(&f->at[i], &add)) {
            filters_drop(f, i);
            oldest--;
            continue;
        }
        same++;
        oldest = i;
    }
    if (same >= FILTERS_OF_ONE_MOST) filters_drop(f, oldest);
    vec_push(f, add);
}

size_t filters_sweep(struct filters *f, const struct shares *s, struct mono now) {
    size_t kept = 0;
    for (size_t i = 0; i < f->count; i++) {
        const struct contender *c = share_by_slot(s, f->at[i].slot, f->at[i].serial);
        if (c && c->cleared == f->at[i].cleared && f->at[i].until.ms > now.ms)
            f->at[kept++] = f->at[i];
        else
            filter_done(&f->at[i]);
    }
    vec_cut(f, kept);
    return kept;
}

static struct milli least(struct milli a, struct milli b) {
    return a.n < b.n ? a : b;
}

static void volumes_settle(struct filter *f, const struct state *s) {
    for (size_t i = f->volumes.count; i-- > 0;)
        if (state_related(s, TASKS_OF_VOLUME, f->volumes.at[i])->count) vec_swap_out(&f->volumes, i);
}

void filters_settle(struct filters *f, const struct state *s, const struct available *free) {
    VEC_EACH (one, f) {
        if (!one->leftover) continue;
        one->leftover = false;
        one->refused.cpus = least(one->refused.cpus, free->scalars.cpus);
        one->refused.mem = least(one->refused.mem, free->scalars.mem);
        one->refused.disk = least(one->refused.disk, free->scalars.disk);
        ports_intersect(&one->ports, free->ports);
        volumes_settle(one, s);
    }
}

static bool filter_covers(const struct filter *f, const struct available *free) {
    return scalars_within(&free->scalars, &f->refused) && ports_within(free->ports, &f->ports);
}

bool filters_withhold(const struct filters *f, const struct contender *c, const struct available *free) {
    for (size_t i = 0; i < f->count; i++)
        if (filter_is_of(&f->at[i], c) && filter_covers(&f->at[i], free)) return true;
    return false;
}

bool filters_withhold_volume(const struct filters *f, const struct contender *c, uint64_t volume) {
    for (size_t i = 0; i < f->count; i++)
        if (filter_is_of(&f->at[i], c) && filter_has_volume(&f->at[i], volume)) return true;
    return false;
}

void filters_mark(const struct filters *f, const struct shares *s, const struct available *free, uint64_t visit) {
    for (size_t i = 0; i < f->count; i++) {
        struct contender *c = share_by_slot(s, f->at[i].slot, f->at[i].serial);
        if (c && c->cleared == f->at[i].cleared && filter_covers(&f->at[i], free)) c->withheld = visit;
    }
}
