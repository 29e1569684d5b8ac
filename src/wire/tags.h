// SPDX-License-Identifier: Apache-2.0
// Tags, constraints and preferences: messages and values, with the tier that said each. Decides nothing about inheritance
// but what tag_set_inherit does.
#ifndef WIRE_TAGS_H
#define WIRE_TAGS_H

#include "core/row.h"
#include "granary_model.pb-c.h"
#include "wire/intake.h"

VEC_TYPE(weighted_list, struct weighted_selector); // ended by weighted_done

// ---- to messages, in the arena; texts of tags are borrowed from the symbols ----
Granary__Tag **tag_messages(const struct symbols *s, const struct tag_set *tags, struct arena *arena);
Granary__Constraint **constraint_messages(const struct symbols *s, const struct weighted_selector *at, size_t count,
                                          struct arena *arena);
Granary__Preference **preference_messages(const struct symbols *s, const struct weighted_selector *at, size_t count,
                                          struct arena *arena);

// ---- from messages: checked, bounded ----
enum { CONSTRAINTS_MOST = 256 };
// What `tier` says itself. Tags without an origin are `reported`; without a time, or with one to come, they are as old as the
// intake.
MUST_USE struct err *tags_read(struct intake *in, Granary__Tag *const *at, size_t count, enum tier tier,
                               struct tag_set *ret_tags);
// Appends; what was read before an error stays, for its owner to end.
MUST_USE struct err *constraints_read(struct intake *in, Granary__Constraint *const *at, size_t count, enum tier tier,
                                      struct weighted_list *to);
MUST_USE struct err *preferences_read(struct intake *in, Granary__Preference *const *at, size_t count, enum tier tier,
                                      struct weighted_list *to);
// Appends copies of what tiers above said.
void weighted_inherit(const struct weighted_list *above, struct weighted_list *to);
void weighted_done(struct weighted_list *list);

#endif
