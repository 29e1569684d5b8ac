// SPDX-License-Identifier: Apache-2.0
// The pools as a script reads them: columns by place among the choices, each made when the script first asks for it. Tags are
// looked up once per version of the index and kept. Agents (script_agents.h) are read likewise, and nothing of them is kept.
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
    const struct terms *terms;
    unsigned columns;                     // made for this decision
    VEC(const struct agent_row *) agents; // found when the script first asks
    bool agents_found;
};
void script_pools_done(struct script_pools *p);

// Pushes the table and begins the decision. Keeps p.
void script_pools_push(struct script_pools *p);
// Pushes all tags of a set as a table: key to value, or to an array of several.
void script_tags_push(lua_State *lua, const struct symbols *s, const struct tag_set *tags);
// A key's values: nil, one, or an array of several.
void script_values_push(lua_State *lua, const struct symbols *s, const struct tag *tags, size_t count);

// For a function that a table's metatable calls with (table, key): what it pushes between these is the value of that key from
// then on. `of`: what has columns. It raises when there are too many.
struct script_pools *script_column_begin(lua_State *lua, const char *of);
int script_column_end(lua_State *lua, struct script_pools *p);
// Pushes an empty table whose missing keys `answer` is asked for.
void script_asked_push(lua_State *lua, lua_CFunction answer);

#endif
