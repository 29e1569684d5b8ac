// SPDX-License-Identifier: Apache-2.0
// Failure domains: which tag keys name something that fails as one, how available each of them is, and what that makes of
// an agent and a pool that are used together.
//
// Both need all their domains; a domain that both name is counted once. Several values of a key on one thing are
// alternatives: it fails by that key only when all of them fail. Domains fail independently of each other.
//
// Whole numbers only. Inside, parts per 10^18; each product is rounded against availability, the end down to 10^-12. Figures
// are multiplied from the worst to the best and keys in the order of their texts, so that every machine says the same.
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "base/vec.h"
#include "model/availability.h"
#include "model/tag.h"

enum { DOMAIN_KEYS_MOST = 32, DOMAIN_FIGURES_MOST = 4096, DOMAIN_ALTERNATIVES_MOST = 16 };

struct domain_figure { // of one value
    symbol value;
    struct availability availability;
};
struct domain_key {
    symbol key;
    struct availability usual; // of values that have no figure of their own
    VEC(struct domain_figure) figures;
};
struct domains {                 // zeroed is valid: nothing is a failure domain
    VEC(struct domain_key) keys; // by text
    size_t figures;
};

#define DOMAIN_USUAL "99.9" // of a key that is named without a figure
// The keys that are failure domains when the operator names none.
#define DOMAIN_KEYS_USUAL "cooling", "net/switch", "power", "topology/rack"

void domains_done(struct domains *d);
// The same, for symbols of the same numbers. Given: ended by domains_done.
struct domains domains_copy(const struct domains *d);
// "power" or "power=feed-A", and its availability in percent; NULL and "": the usual one of the key.
MUST_USE struct err *domains_declare(struct domains *d, struct symbols *s, const char *name, const char *percent);
void domains_usual(struct domains *d, struct symbols *s);

const struct domain_key *domains_find(const struct domains *d, symbol key); // NULL: it is no failure domain
struct availability domain_availability(const struct domain_key *k, symbol value);
// Of both together; either may be NULL. Of one thing the worst DOMAIN_ALTERNATIVES_MOST values of a key count.
struct availability domains_availability(const struct domains *d, const struct tag_set *agent,
                                         const struct tag_set *pool);
// "power=feed-A 99.5, topology/rack=r19 99.9": what both need, alternatives with "or". "no failure domain" when nothing.
void domains_add_text(const struct domains *d, const struct symbols *s, const struct tag_set *agent,
                      const struct tag_set *pool, struct text *out);
// Adds the tags of `tags` that are failure domains: equal texts, equal availability beside anything.
void domains_add_key(const struct domains *d, const struct tag_set *tags, struct text *out);

// What the end of one domain does to one thing.
enum domain_end { DOMAIN_SPARES, DOMAIN_AT_RISK, DOMAIN_STOPS };
enum domain_end domain_end(const struct tag_set *tags, symbol key, symbol value);

#endif
