// SPDX-License-Identifier: Apache-2.0
// Accounts of backing stores, and what things cost.
#include "core/ledger.h"

void ledger_done(struct ledger *l) {
    vec_done(&l->accounts);
    vec_done(&l->free_accounts);
}

uint32_t ledger_account_open(struct ledger *l) {
    if (l->free_accounts.count) return vec_pop(&l->free_accounts);
    (void)vec_add(&l->accounts);
    return l->accounts.count - 1;
}

void ledger_account_close(struct ledger *l, uint32_t account) {
    l->accounts.at[account] = (struct account){0};
    vec_push(&l->free_accounts, account);
}

struct granted ledger_granted(const struct ledger *l, const struct pool_row *pool) {
    return (struct granted){l->accounts.at[pool->account].granted, pool->own};
}

void ledger_charge(struct ledger *l, struct pool_row *live, const struct quantities *cost, bool add) {
    (add ? quantities_add : quantities_subtract)(&l->accounts.at[live->account].granted, cost);
    (add ? quantities_add : quantities_subtract)(&live->own, cost);
}

uint64_t pool_store_bytes(const struct pool_row *pool, struct bytes bytes) {
    unsigned __int128 charged = (unsigned __int128)bytes.n * pool->charge_numerator + pool->charge_denominator - 1;
    charged /= pool->charge_denominator;
    return charged > UINT64_MAX ? UINT64_MAX : (uint64_t)charged;
}

struct bytes pool_grantable_bytes(const struct pool_row *pool, uint64_t store_bytes) {
    if (pool->charge_numerator == pool->charge_denominator) return (struct bytes){store_bytes}; // most are: no division
    unsigned __int128 n = (unsigned __int128)store_bytes * pool->charge_denominator / pool->charge_numerator;
    return (struct bytes){n > UINT64_MAX ? UINT64_MAX : (uint64_t)n};
}

static uint64_t left(uint64_t total, uint64_t granted) {
    return total > granted ? total - granted : 0;
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

// A quantity that the store does not know is the pool's own alone.
static uint64_t capped(const struct quantities *q, unsigned figure, uint64_t of_store, uint64_t of_pool) {
    return q->known & figure ? least(of_store, of_pool) : of_pool;
}

static void pool_cap(struct quantities *q, const struct quantities *most, const struct quantities *own) {
    if (most->known & KNOWS_IOPS) q->iops = capped(q, KNOWS_IOPS, q->iops, left(most->iops, own->iops));
    if (most->known & KNOWS_BANDWIDTH)
        q->bandwidth = capped(q, KNOWS_BANDWIDTH, q->bandwidth, left(most->bandwidth, own->bandwidth));
    if (most->known & KNOWS_VOLUMES)
        q->volumes = capped(q, KNOWS_VOLUMES, q->volumes, left(most->volumes, own->volumes)) & QUANTITY_VOLUMES_MOST;
    q->known |= most->known;
}

struct quantities pool_grantable(const struct pool_row *pool, const struct granted *granted) {
    const struct pool_facts *f = pool->facts;
    if (!f) return (struct quantities){.known = KNOWS_IOPS | KNOWS_BANDWIDTH | KNOWS_VOLUMES};
    const struct quantities *taken = &granted->store, *own = &granted->own, *most = f->capacity;
    uint64_t store_bytes = left(f->total.bytes, taken->bytes);
    if (most && most->bytes) store_bytes = least(store_bytes, left(most->bytes, own->bytes));
    if (f->headroom.n && f->physical_free.n <= f->headroom.n) store_bytes = 0;
    struct quantities q = {.bytes = pool_grantable_bytes(pool, store_bytes).n,
                           .iops = left(f->total.iops, taken->iops),
                           .bandwidth = left(f->total.bandwidth, taken->bandwidth),
                           .volumes = left(f->total.volumes, taken->volumes) & QUANTITY_VOLUMES_MOST,
                           .known = f->total.known};
    if (most) pool_cap(&q, most, own);
    return q;
}

bool volume_is_charged(const struct volume_row *v) {
    if (v->state == VOLUME_GONE) return false;
    bool over = v->state == VOLUME_FAILED || v->state == VOLUME_RELEASING; // one that was never made holds nothing
    return !over || v->handle;
}

static struct quantities charge_cost(const struct pool_row *pool, const struct charge *c, uint32_t volumes) {
    return (struct quantities){
        .bytes = pool_store_bytes(pool, c->bytes), .iops = c->iops.n, .bandwidth = c->bandwidth.n, .volumes = volumes};
}

struct quantities volume_cost(const struct pool_row *pool, const struct volume_row *v) {
    if (!volume_is_charged(v)) return (struct quantities){0};
    struct charge c = v->charge;
    if (v->grow_to.n > c.bytes.n) c.bytes = v->grow_to;
    if (v->grow_iops.n > c.iops.n) c.iops = v->grow_iops;
    return charge_cost(pool, &c, 1);
}

struct quantities reservation_cost(const struct pool_row *pool, const struct reservation_row *r) {
    return charge_cost(pool, &r->charge, 0);
}

void quantities_add(struct quantities *to, const struct quantities *cost) {
    to->bytes += cost->bytes;
    to->iops += cost->iops;
    to->bandwidth += cost->bandwidth;
    to->volumes += cost->volumes;
}

void quantities_subtract(struct quantities *from, const struct quantities *cost) {
    must(from->bytes >= cost->bytes && from->iops >= cost->iops);
    must(from->bandwidth >= cost->bandwidth && from->volumes >= cost->volumes);
    from->bytes -= cost->bytes;
    from->iops -= cost->iops;
    from->bandwidth -= cost->bandwidth;
    from->volumes -= cost->volumes;
}
