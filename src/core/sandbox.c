// SPDX-License-Identifier: Apache-2.0
// Lua with an allocator that counts and a hook that stops. No garbage is collected during a run, so that a run takes what it
// allocates and the bound falls at the same step whatever ran before.
#include "core/sandbox.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "model/class.h"

struct sandbox {
    lua_State *lua;
    void *owner;
    size_t used, most; // bytes
    size_t ours_from;  // used, when ours began
    bool bounded;
    const char *spent; // why no more memory is given until the run ends; NULL: it is
    int steps;
};

enum { SLOT_GLOBALS = 1, SLOT_MATH, SLOT_SCRIPT, SLOTS = SLOT_SCRIPT };

// ---- memory ----

static bool memory_refused(struct sandbox *b, size_t before, size_t size, bool text) {
    if (!b->bounded || size <= before) return false;
    if (text && size > SANDBOX_TEXT_LONGEST + 64) b->spent = "it makes a text of more than 1024 bytes";
    if (b->used - before + size > b->most) b->spent = "it takes more memory than a decision may";
    return b->spent;
}

static void *memory_give(void *arg, void *old, size_t old_size, size_t size) {
    struct sandbox *b = arg;
    size_t before = old ? old_size : 0; // of what is new, old_size says the type
    if (memory_refused(b, before, size, !old && old_size == LUA_TSTRING)) return NULL;
    b->used += size - before;
    if (size) return mem_resize(old, size, 1);
    free(old);
    return NULL;
}

void sandbox_ours_begin(struct sandbox *b) {
    b->bounded = false;
    b->ours_from = b->used;
}

void sandbox_ours_end(struct sandbox *b) {
    b->most += b->used - b->ours_from;
    b->bounded = true;
}

static void bound_begin(struct sandbox *b, size_t things) {
    b->most = b->used + SANDBOX_MEMORY + things * SANDBOX_MEMORY_EACH;
    b->spent = NULL;
    b->bounded = true;
}

// ---- errors ----

static const char *plain_text(lua_State *lua, int at) {
    return lua_type(lua, at) == LUA_TSTRING ? lua_tostring(lua, at) : NULL;
}

static void said_add(struct text *out, const char *said) {
    for (; *said; said++) text_add_char(out, (unsigned char)*said < ' ' || (unsigned char)*said > '~' ? '?' : *said);
}

// The error on top, "script:3: words" or whatever the script raised, as a sentence.
static struct err *error_said(struct sandbox *b) {
    const char *said = plain_text(b->lua, -1), *words = said;
    AUTO_TEXT struct text t = {0};
    if (b->spent) return err_new(ERR_INVALID, "%s", b->spent);
    if (!said)
        return err_new(ERR_INVALID, "it raised a %s instead of a text", lua_typename(b->lua, lua_type(b->lua, -1)));
    if (text_starts(said, "script:")) words = said + strlen("script:");
    if (words != said) text_add(&t, "line ");
    said_add(&t, words);
    return err_new(ERR_INVALID, "%s", text_string(&t));
}

static void steps_stop(lua_State *lua, lua_Debug *at) {
    struct sandbox *b;
    memcpy(&b, lua_getextraspace(lua), sizeof b);
    lua_getinfo(lua, "l", at);
    lua_pushfstring(lua, "script:%d: it takes more than %d steps", at->currentline, b->steps);
    lua_error(lua);
}

static int panicked(lua_State *lua) {
    (void)lua;
    const bool awaited = false;
    must(awaited);
    return 0;
}

// ---- what the script sees ----

// Without the addresses that Lua's own shows: they would be chance.
static int to_text(lua_State *lua) {
    luaL_checkany(lua, 1);
    int type = lua_type(lua, 1);
    if (type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN || type == LUA_TNIL)
        luaL_tolstring(lua, 1, NULL);
    else
        lua_pushstring(lua, lua_typename(lua, type));
    return 1;
}

static const char array_key; // its address names the function that makes arrays, in the registry

static void globals_make(lua_State *lua) {
    static const char *const kept[] = {"ipairs", "type", "tonumber", "error"};
    lua_settop(lua, 0);
    lua_createtable(lua, 0, 8);
    luaL_requiref(lua, "_G", luaopen_base, 0);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        lua_getfield(lua, -1, kept[i]);
        lua_setfield(lua, SLOT_GLOBALS, kept[i]);
    }
    lua_settop(lua, SLOT_GLOBALS);
    lua_pushcfunction(lua, to_text);
    lua_setfield(lua, SLOT_GLOBALS, "tostring");
    luaL_requiref(lua, "math", luaopen_math, 0);
    lua_pushnil(lua);
    lua_setfield(lua, SLOT_MATH, "random");
    lua_pushnil(lua);
    lua_setfield(lua, SLOT_MATH, "randomseed");
    must(!luaL_loadbufferx(lua, "return {...}", 12, "=array", "t"));
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &array_key);
}

bool sandbox_array_begin(lua_State *lua, size_t most) {
    if (most > SANDBOX_THINGS_MOST || !lua_checkstack(lua, (int)most * 2 + 64)) return false;
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &array_key);
    return true;
}

static void table_copy(lua_State *lua, int from) {
    lua_createtable(lua, 0, 32);
    for (lua_pushnil(lua); lua_next(lua, from); lua_pop(lua, 1)) {
        lua_pushvalue(lua, -2);
        lua_pushvalue(lua, -2);
        lua_rawset(lua, -5);
    }
}

// ---- the sandbox ----

void sandbox_free(struct sandbox *b) {
    if (!b) return;
    b->bounded = false;
    if (b->lua) lua_close(b->lua);
    free(b);
}

struct err *sandbox_new(const char *text, struct sandbox **ret_sandbox) {
    size_t size = strnlen(text, CLASS_SCRIPT_LONGEST + 1);
    if (size > CLASS_SCRIPT_LONGEST) return err_new(ERR_TOO_LARGE, "longer than %d bytes", CLASS_SCRIPT_LONGEST);
    struct sandbox *b = NEW(struct sandbox);
    b->lua = lua_newstate(memory_give, b);
    must(b->lua);
    memcpy(lua_getextraspace(b->lua), &b, sizeof b);
    lua_atpanic(b->lua, panicked);
    lua_gc(b->lua, LUA_GCSTOP);
    globals_make(b->lua);
    bound_begin(b, 0);
    int status = luaL_loadbufferx(b->lua, text, size, "=script", "t");
    b->bounded = false;
    if (!status) {
        *ret_sandbox = b;
        return NULL;
    }
    struct err *e = error_said(b);
    sandbox_free(b);
    return e;
}

lua_State *sandbox_lua(const struct sandbox *b) {
    return b->lua;
}

void sandbox_owner_set(struct sandbox *b, void *owner) {
    b->owner = owner;
}

void *sandbox_owner(lua_State *lua) {
    struct sandbox *b;
    memcpy(&b, lua_getextraspace(lua), sizeof b);
    return b->owner;
}

static struct err *run(struct sandbox *b, int arguments, int answers) {
    b->bounded = true;
    int status = lua_pcall(b->lua, arguments, answers, 0);
    b->bounded = false;
    return status ? error_said(b) : NULL;
}

struct err *sandbox_start(struct sandbox *b, const char *function, size_t things) {
    lua_State *lua = b->lua;
    if (things > SANDBOX_THINGS_MOST)
        return err_new(ERR_TOO_LARGE, "it is asked about %zu things; %d are the most", things, SANDBOX_THINGS_MOST);
    b->steps = SANDBOX_STEPS + (int)things * SANDBOX_STEPS_EACH;
    table_copy(lua, SLOT_GLOBALS);
    table_copy(lua, SLOT_MATH);
    lua_setfield(lua, -2, "math");
    lua_pushvalue(lua, SLOT_SCRIPT);
    lua_pushvalue(lua, -2);
    must(lua_setupvalue(lua, -2, 1));
    lua_sethook(lua, steps_stop, LUA_MASKCOUNT, b->steps);
    bound_begin(b, things);
    TRY(run(b, 0, 0));
    lua_getfield(lua, -1, function);
    sandbox_ours_begin(b); // the arguments
    if (lua_isfunction(lua, -1)) return NULL;
    return err_new(ERR_INVALID, "it defines no function '%s'", function);
}

struct err *sandbox_call(struct sandbox *b, int arguments, int answers) {
    sandbox_ours_end(b);
    return run(b, arguments, answers);
}

void sandbox_end(struct sandbox *b) {
    b->bounded = false;
    lua_settop(b->lua, SLOTS);
    lua_gc(b->lua, LUA_GCCOLLECT);
}
