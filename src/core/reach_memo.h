// SPDX-License-Identifier: Apache-2.0
// Whether some agent passes a view, remembered until anything in the index changes: a refusal asks it for every pool, and most
// pools ask the same of agents. A place may be lost to another view; then it is worked out again.
#ifndef CORE_REACH_MEMO_H
#define CORE_REACH_MEMO_H

#include "core/index.h"

enum { REACH_MEMO_PLACES = 1024 };

struct reach_memo { // zeroed is valid and empty
    struct reach_memo_place {
        const struct reach *pool, *class, *joined;
        const uint64_t *fs;
        uint64_t version; // of the index; 0: never used
        uint8_t flags;
        bool some;
    } at[REACH_MEMO_PLACES];
};
// Where the answer stands or is to be put. `live`: of live agents only.
bool *reach_memo_find(struct reach_memo *m, const struct reach_view *v, bool live, uint64_t version, bool *ret_known);

#endif
