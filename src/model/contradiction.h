// SPDX-License-Identifier: Apache-2.0
// Pairs of terms of one selector that cannot both hold, or say the same twice. Looks at no tags.
#ifndef MODEL_CONTRADICTION_H
#define MODEL_CONTRADICTION_H

#include "model/selector.h"

enum contradiction_kind {
    CONTRADICTION_NEVER = 1, // whatever the tags are
    CONTRADICTION_APART,     // no one value passes both: only where the key has several values
    CONTRADICTION_TWICE      // the same term again
};
struct contradiction {
    enum contradiction_kind kind;
    uint32_t first, second; // terms of the selector
};

// How many, at most `most`, into ret_found: by the first term, then the second.
size_t selector_contradictions(const struct symbols *s, const struct selector *sel, struct contradiction *ret_found,
                               size_t most);

// "x and !x can never both hold"
void contradiction_add_text(const struct symbols *s, const struct selector *sel, const struct contradiction *c,
                            struct text *out);

#endif
