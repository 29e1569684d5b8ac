// SPDX-License-Identifier: Apache-2.0
// One Lua script in a box: arithmetic, ipairs, math without chance, type, tostring, tonumber and error, so many steps and so
// much memory, nothing kept from one run to the next. Knows no pools.
#ifndef CORE_SANDBOX_H
#define CORE_SANDBOX_H

#include <lua5.4/lua.h>

#include "base/err.h"

struct sandbox;

enum {
    SANDBOX_THINGS_MOST = 200000, // that one run is about: values of one array fit on Lua's stack
    SANDBOX_TEXT_LONGEST = 1024,  // of any text that the script makes: comparing texts is one step
    SANDBOX_STEPS = 100000,       // of one run, and as many more for each thing it is about:
    SANDBOX_STEPS_EACH = 500,
    SANDBOX_MEMORY = 4 << 20, // likewise, in bytes
    SANDBOX_MEMORY_EACH = 512,
};

// Compiles the text. INVALID and TOO_LARGE: "line 3: ...".
MUST_USE struct err *sandbox_new(const char *text, struct sandbox **ret_sandbox);
void sandbox_free(struct sandbox *b); // accepts NULL
// For pushing arguments and reading answers, at most 16 values at a time. Its registry is the caller's to use.
lua_State *sandbox_lua(const struct sandbox *b);
// The caller's, for functions that it gives to the script.
void sandbox_owner_set(struct sandbox *b, void *owner);
void *sandbox_owner(lua_State *lua);

// Runs the text, in an environment of its own, and pushes the function of that name which it defines. What the script
// then takes is bounded for `things` things. INVALID: "line 3: ...".
MUST_USE struct err *sandbox_start(struct sandbox *b, const char *function, size_t things);
// Calls it with the arguments pushed since; its answers are pushed. Once a start.
MUST_USE struct err *sandbox_call(struct sandbox *b, int arguments, int answers);
// Then push at most `most` values, no more than SANDBOX_THINGS_MOST, and lua_call(lua, how many, 1) makes an array of them: several
// times as fast as setting one by one. False: there is no room.
MUST_USE bool sandbox_array_begin(lua_State *lua, size_t most);
// Between these, in a function given to the script, memory is ours and not counted.
void sandbox_ours_begin(struct sandbox *b);
void sandbox_ours_end(struct sandbox *b);
// Pops all that was pushed since the start, and clears away what the run left.
void sandbox_end(struct sandbox *b);

#endif
