// SPDX-License-Identifier: Apache-2.0
// The pools as a script reads them: columns by place among the choices, each made when the script first asks for it. Tags are
// looked up once per version of the index and kept.
#ifndef CORE_SCRIPT_POOLS_H
#define CORE_SCRIPT_POOLS_H

#include "core/fits.h"
#include "core/sandbox.h"

enum { SCRIPT_COLUMNS_MOST = 64 }; // that one decision may ask for

struct kept_tags { // of one key, of each member of the class
    symbol key;
    VEC(symbol) values; // each once
    uint32_t *at;       // 0: none; place in `values` + 1; UINT32_MAX: several
};

// Zeroed is valid and empty. What is borrowed is so for one decision.
struct script_pools {
    struct sandbox *box;
    VEC(struct kept_tags) kept;
    uint64_t version; // of the members that `kept` is about
    // borrowed
    const struct draft *d;
    struct members members;
    const struct choice *choices;
    size_t count;
    unsigned columns; // made for this decision
};
void script_pools_done(struct script_pools *p);

// Pushes the table. Keeps p.
void script_pools_push(struct script_pools *p);
// Pushes all tags of a set as a table: key to value, or to an array of several.
void script_tags_push(lua_State *lua, const struct symbols *s, const struct tag_set *tags);

#endif
