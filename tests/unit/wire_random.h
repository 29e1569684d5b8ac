// SPDX-License-Identifier: Apache-2.0
// Random rows for the tests of wire: every kept member is set, passing and derived ones too where they must not travel.
#ifndef TESTS_WIRE_RANDOM_H
#define TESTS_WIRE_RANDOM_H

#include "core/state.h"
#include "wire/intake.h"

struct chance {
    uint64_t seed;
    struct intake *in; // texts, blobs and symbols go there
};

uint64_t chance_number(struct chance *c); // of any length; rarely 0
uint64_t chance_below(struct chance *c, uint64_t n);
// A row of that noun with all its kept members; passing ones are as they are after a restart. `passing` sets those too.
void *chance_row(struct chance *c, enum noun noun, uint64_t id, bool passing);
// Whether both say the same: texts and blobs by content, classes by their documents, the rest by value.
bool rows_equal(enum noun noun, const void *a, const void *b);

#endif
