// SPDX-License-Identifier: Apache-2.0
// What is granted out of every backing store and every agent: the only place a promise is counted. Always derived from
// rows, never stored. Pools that share a backing store share one account; what is of one pool or agent alone is counted in
// its row, and goes with it.
#ifndef CORE_LEDGER_H
#define CORE_LEDGER_H

#include "base/vec.h"
#include "core/row.h"

struct account {               // of one backing store
    struct quantities granted; // in store units: bytes after the charge factor
};

struct granted {             // out of one pool
    struct quantities store; // of its backing store, by all pools that are views of it
    struct quantities own;   // of that, by this pool alone
};

// Zeroed is valid and empty.
struct ledger {
    VEC(struct account) accounts;
    VEC(uint32_t) free_accounts; // of stores that are gone
};
void ledger_done(struct ledger *l);

uint32_t ledger_account_open(struct ledger *l); // of another backing store
void ledger_account_close(struct ledger *l, uint32_t account);
struct granted ledger_granted(const struct ledger *l, const struct pool_row *pool);
// Counts what a volume or reservation of that pool costs, or counts it no more (then it must have been counted).
void ledger_charge(struct ledger *l, struct pool_row *live, const struct quantities *cost, bool add);

// Store bytes that `bytes` granted from that pool cost (rounded up); saturates at UINT64_MAX.
uint64_t pool_store_bytes(const struct pool_row *pool, struct bytes bytes);
// The other way round, rounded down.
struct bytes pool_grantable_bytes(const struct pool_row *pool, uint64_t store_bytes);
// What the pool can still grant when that much is granted: the lesser of what is left of its store and of its own capacity.
// Quantities of which neither is known stay unknown; all 0 before it reports.
struct quantities pool_grantable(const struct pool_row *pool, const struct granted *granted);
// What a volume or reservation costs its pool's backing store. A volume is charged from `wanted` until it is gone; one that
// failed or is released only while an object of it may exist at the storage.
struct quantities volume_cost(const struct pool_row *pool, const struct volume_row *v);
struct quantities reservation_cost(const struct pool_row *pool, const struct reservation_row *r);
bool volume_is_charged(const struct volume_row *v);
void quantities_add(struct quantities *to, const struct quantities *cost);
void quantities_subtract(struct quantities *from, const struct quantities *cost); // must not go below zero

#endif
