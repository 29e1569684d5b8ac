// SPDX-License-Identifier: Apache-2.0
// Asking scripts: the request and the pools in, scores and reasons out.
#include "core/script.h"

#include <stdlib.h>

#include "core/script_agents.h"

static const double RANK_MOST = 1e15; // whole numbers up to there are exact

struct script {
    struct sandbox *box; // NULL: it cannot be compiled
    char *unusable;      // why, then
    struct script_pools pools;
    char *failure; // since script_deciding; NULL: none
    uint64_t failures;
    char *last_failure;
};

struct err *script_check(const char *text) {
    struct sandbox *box;
    if (!text) return NULL;
    TRY(sandbox_new(text, &box));
    sandbox_free(box);
    return NULL;
}

struct script *script_new(const char *text) {
    struct script *s = NEW(struct script);
    AUTO_ERR struct err *e = sandbox_new(text, &s->box);
    if (e) s->unusable = mem_text(err_text(e));
    s->pools.box = s->box;
    return s;
}

void script_free(struct script *s) {
    if (!s) return;
    script_pools_done(&s->pools);
    sandbox_free(s->box);
    free(s->unusable);
    free(s->failure);
    free(s->last_failure);
    free(s);
}

void script_deciding(struct script *s) {
    if (s) free(mem_take(s->failure));
}

void script_decided(struct script *s) {
    if (!s || !s->failure) return;
    s->failures++;
    free(s->last_failure);
    s->last_failure = mem_take(s->failure);
}

struct script_failures script_failures(const struct script *s) {
    return s ? (struct script_failures){s->failures, s->last_failure} : (struct script_failures){0};
}

// ---- the request ----

static void integer_set(lua_State *lua, const char *name, uint64_t n) {
    lua_pushinteger(lua, n > INT64_MAX ? INT64_MAX : (lua_Integer)n);
    lua_setfield(lua, -2, name);
}

static void text_set(lua_State *lua, const char *name, const char *text) {
    lua_pushstring(lua, text);
    lua_setfield(lua, -2, name);
}

static void agent_push(lua_State *lua, const struct symbols *s, const struct agent_row *agent) {
    lua_createtable(lua, 0, 2);
    text_set(lua, "name", agent->name);
    script_tags_push(lua, s, &agent->facts->tags);
    lua_setfield(lua, -2, "tags");
}

static void request_push(lua_State *lua, const struct draft *d, const struct terms *t) {
    struct iops iops = class_spec_iops(&t->class->doc->spec, t->size);
    lua_createtable(lua, 0, 5);
    text_set(lua, "class", t->class->name);
    text_set(lua, "fs", t->fs->name);
    integer_set(lua, "size", t->size.n);
    integer_set(lua, "iops", t->iops.n > iops.n ? t->iops.n : iops.n);
    if (!t->agent || !t->agent->facts) return;
    agent_push(lua, &d->state->symbols, t->agent);
    lua_setfield(lua, -2, "agent");
}

// All refused: a table that has room for all is filled several times as fast as one that grows.
static struct err *scores_push(lua_State *lua, size_t count) {
    if (!sandbox_array_begin(lua, count)) return err_new(ERR_TOO_LARGE, "there are too many pools");
    for (size_t i = 0; i < count; i++) lua_pushboolean(lua, false);
    lua_call(lua, (int)count, 1);
    return NULL;
}

// ---- the answer ----

static struct err *score_read(lua_State *lua, struct choice *c, size_t i) {
    int type = lua_rawgeti(lua, -2, (lua_Integer)i + 1);
    double rank = lua_tonumber(lua, -1);
    lua_pop(lua, 1);
    if (type == LUA_TNIL || type == LUA_TBOOLEAN) return NULL;
    if (type != LUA_TNUMBER)
        return err_new(ERR_INVALID, "the score of pool %zu is a %s, not a number", i + 1, lua_typename(lua, type));
    if (!(rank >= -RANK_MOST && rank <= RANK_MOST))
        return err_new(ERR_INVALID, "the score of pool %zu is no number from -1e15 to 1e15", i + 1);
    c->chosen = true;
    c->rank = rank;
    return NULL;
}

static const char *reason_copy(lua_State *lua, struct arena *arena) {
    size_t size;
    if (lua_type(lua, -1) != LUA_TSTRING) return NULL;
    const char *text = lua_tolstring(lua, -1, &size);
    char *copy = arena_text_n(arena, text, size);
    for (char *c = copy; c < copy + size; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~') *c = '?';
    return copy;
}

// One for all that were not chosen, or one for each of them; on top of the stack.
static void reasons_read(lua_State *lua, struct choice *choices, size_t count, struct arena *arena) {
    const char *common = reason_copy(lua, arena);
    bool each = lua_istable(lua, -1);
    for (size_t i = 0; i < count; i++) {
        if (choices[i].chosen) continue;
        choices[i].reason = common;
        if (!each) continue;
        lua_rawgeti(lua, -1, (lua_Integer)i + 1);
        choices[i].reason = reason_copy(lua, arena);
        lua_pop(lua, 1);
    }
}

// The scores stand below the reasons.
static struct err *answer_read(lua_State *lua, struct choice *choices, size_t count, struct arena *arena) {
    if (!lua_istable(lua, -2) && !lua_isnil(lua, -2))
        return err_new(ERR_INVALID,
                       "broker returned a %s; it returns a table of scores and, for those without one, reasons",
                       lua_typename(lua, lua_type(lua, -2)));
    for (size_t i = 0; i < count && lua_istable(lua, -2); i++) TRY(score_read(lua, &choices[i], i));
    if (lua_istable(lua, -2)) {
        int beyond = lua_rawgeti(lua, -2, (lua_Integer)count + 1);
        lua_pop(lua, 1);
        if (beyond != LUA_TNIL) return err_new(ERR_INVALID, "it scores pool %zu; there are %zu", count + 1, count);
    }
    reasons_read(lua, choices, count, arena);
    return NULL;
}

// ---- a decision ----

static struct err *decide(struct script *s, const struct draft *d, const struct terms *t, struct choice *choices,
                          size_t count, struct arena *arena) {
    lua_State *lua = sandbox_lua(s->box);
    TRY(sandbox_start(s->box, "broker", count));
    s->pools.d = d;
    s->pools.members = index_members(d->state, t->class->id);
    s->pools.choices = choices;
    s->pools.count = count;
    s->pools.terms = t;
    request_push(lua, d, t);
    script_pools_push(&s->pools);
    TRY(scores_push(lua, count));
    script_agents_push(&s->pools);
    TRY(sandbox_call(s->box, 4, 2));
    return answer_read(lua, choices, count, arena);
}

struct err *script_choose(struct script *s, const struct draft *d, const struct terms *t, struct choice *choices,
                          size_t count, struct arena *arena) {
    struct err *e = s->unusable ? err_new(ERR_INVALID, "%s", s->unusable) : NULL;
    if (!e) e = decide(s, d, t, choices, count, arena);
    if (s->box) sandbox_end(s->box);
    if (!e) return NULL;
    free(s->failure);
    s->failure = mem_text(err_text(e));
    return e;
}
