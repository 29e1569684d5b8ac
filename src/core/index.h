// SPDX-License-Identifier: Apache-2.0
// Which agents, pools and classes fit each other, and what each pool has free by the state, kept by apply so that a decision
// looks up instead of evaluating selectors. The ledger counts, this only copies its sums; and it decides nothing.
#ifndef CORE_INDEX_H
#define CORE_INDEX_H

#include "core/draft.h"
#include "core/shape.h"

struct index;

MUST_USE struct index *index_new(void);
void index_free(struct index *x); // accepts NULL

// Called by state_apply after the live row was put. `facts_changed`: the row is new or points to other facts. The
// agent's number is given here, and taken back when it is removed: numbers are dense, from 1, and used again.
void index_agent_put(struct state *s, struct agent_row *live, bool facts_changed);
void index_pool_put(struct state *s, struct pool_row *live, bool facts_changed);
void index_class_put(struct state *s, const struct class_row *live);
// It has a session or has none any more, which decides whether its pools are offered.
void index_provider_changed(struct state *s, const struct provider_row *live);
// Called with the last image, before the live row goes.
void index_agent_removed(struct state *s, const struct agent_row *last);
void index_pool_removed(struct state *s, const struct pool_row *last);
void index_class_removed(struct state *s, const struct class_row *last);

// After what is granted from that account changed.
void index_account_changed(struct state *s, uint32_t account);

struct shapes { // the pools of a class. Borrowed until the next state_apply
    const struct shape_entry *at;
    const struct shape_bound *bounds; // of each
    const struct reach *common;       // the class's rules about agents alone
    size_t count;
};
struct shapes index_shapes(const struct state *s, uint64_t class);
struct members index_members(const struct state *s, uint64_t class);         // borrowed as the above
struct script *index_script(const struct state *s, uint64_t class);          // NULL: it has none. Borrowed likewise
const struct standing *index_standing(const struct state *s, uint64_t pool); // NULL when there is no such pool
// The first of the pools of an account, each names the next; NULL when it has none.
const struct standing *index_account_first(const struct state *s, uint32_t account);
// Directories and plugins that format by themselves need no mkfs of ours.
bool pool_is_formatted(const struct pool_facts *f);

// What an agent must fit. Class 0: the pool's own constraints only. `fs` is from index_fs; 0: no filesystem is asked.
struct reach_want {
    uint64_t pool, class;
    uint32_t fs;
    bool any_availability;           // what the class demands of it is not asked
    const struct standing *standing; // of the pool; NULL: it is looked for
};
// An agent that lists filesystems (tags fs/<name>) must list this one; an agent that lists none is not asked. NULL gives 0.
// Valid until the next state_apply.
uint32_t index_fs(const struct state *s, const char *fs);

// Whether that agent satisfies the pool's constraints and the class's agent selector, live or not.
bool index_agent_fits(const struct state *s, const struct reach_want *w, const struct agent_row *agent);
// ACTIVE, with a session, and has reported.
bool index_agent_live(const struct state *s, const struct agent_row *agent);
bool index_agent_has_fs(const struct state *s, uint32_t fs, const struct agent_row *agent); // `fs` from index_fs
size_t index_agents_known(const struct state *s);                      // how many have reported, live or not
bool index_reached(const struct state *s, const struct reach_want *w); // some live agent fits
// The first part of what is asked that fails, taken together with those before it: for that agent, live or not; or for every
// agent, when no live one passes it all.
enum reach_part { REACH_NOTHING, REACH_POOL, REACH_CLASS, REACH_AVAILABILITY, REACH_FS };
enum reach_part index_reach_failure(const struct state *s, const struct reach_want *w, const struct agent_row *agent);
// The weights of the pool's preferences and of the class's prefer_agent that hold on that agent.
int64_t index_affinity(const struct state *s, const struct reach_want *w, const struct agent_row *agent);

// Walks the agents that fit. Borrowed until the next state_apply.
struct reach_view {
    const struct index *index;
    const struct reach *pool, *class, *joined; // class NULL: not asked; joined NULL: it does not join
    const uint64_t *fs;                        // NULL: nobody lists it
    bool asks_fs, any_availability;
};
MUST_USE bool reach_view_init(const struct state *s, const struct reach_want *w, struct reach_view *ret_view);
// The same of all pools of a shape. `fs` is from index_fs.
struct reach_view shape_view(const struct state *s, const struct shape *shape, uint32_t fs);
bool reach_view_has(const struct reach_view *v, uint32_t number); // a live agent that fits
// Word i of the set of live agents that fit: bit b is number i * 64 + b. For walks over most agents.
uint64_t reach_view_word(const struct reach_view *v, size_t i);
size_t reach_view_words(const struct reach_view *v);
// The number of the next live agent that fits, after `number` (0 begins); 0 at the end.
uint32_t reach_view_next(const struct reach_view *v, uint32_t number);
int64_t reach_view_affinity(const struct reach_view *v, uint32_t number);
uint64_t index_agent_at(const struct state *s, uint32_t number); // its id

// Whether both say the same to those who ask what fits: tags, capabilities, constraints and preferences.
bool index_pool_alike(const struct pool_facts *a, const struct pool_facts *b);
// Whether a pool can be granted from now: it has reported, is not stale, and its provider has a session.
bool index_pool_usable(const struct state *s, const struct pool_row *pool);
// Whether an agent can be used with some usable pool of that class. Remembered until what it depends on changes.
bool index_agent_of_class(const struct state *s, uint64_t class, const struct agent_row *agent);

// The groups of failure domains (core/domain_group.h): of an agent by its number; the tags of a group, NULL of 0; how many
// numbers there are.
uint32_t index_agent_domains(const struct state *s, uint32_t number);
const struct tag_set *index_domains_at(const struct state *s, uint32_t group);
size_t index_domain_groups(const struct state *s);

// Room for what is worked out from the pools and agents of a class: one block from the heap, freed as soon as anything here
// changed. NULL when there is no such class.
void **index_memo(const struct state *s, uint64_t class);

// A figure that the broker remembers per class until the next event; false when it must be worked out again.
bool index_recall(const struct state *s, uint64_t class, uint64_t *ret_figure);
void index_remember(const struct state *s, uint64_t class, uint64_t figure);

#endif
