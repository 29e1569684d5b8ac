// SPDX-License-Identifier: Apache-2.0
// Columns of agents for scripts.
#include "core/script_agents.h"

#include <lua5.4/lauxlib.h>
#include <string.h>

#include "core/figure.h"

static void agents_find(struct script_pools *p) {
    const struct state *s = p->d->state;
    if (p->agents_found) return;
    p->agents_found = true;
    vec_clear(&p->agents);
    STATE_EACH(AGENT, agent_row, a, s) {
        if (p->agents.count == SCRIPT_AGENTS_MOST) return;
        if (p->terms->agent && p->terms->agent->id != a->id) continue;
        if (index_agent_live(s, a) && index_agent_of_class(s, p->terms->class->id, a)) vec_push(&p->agents, a);
    }
}

static void affinity_push(lua_State *lua, const struct script_pools *p, const struct agent_row *agent) {
    struct figures f;
    if (figures_of_class(p->d->state, p->terms->class->id, agent, &f))
        lua_pushinteger(lua, f.affinity);
    else
        lua_pushnil(lua);
}

static void column_push(lua_State *lua, const struct script_pools *p, bool names) {
    if (!sandbox_array_begin(lua, p->agents.count)) luaL_error(lua, "there are too many agents");
    for (size_t i = 0; i < p->agents.count; i++)
        if (names)
            lua_pushstring(lua, p->agents.at[i]->name);
        else
            affinity_push(lua, p, p->agents.at[i]);
    lua_call(lua, (int)p->agents.count, 1);
}

static int columns_asked(lua_State *lua) {
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "?";
    bool names = strcmp(name, "name") == 0, count = strcmp(name, "count") == 0;
    if (!names && !count && strcmp(name, "affinity") != 0)
        return luaL_error(lua, "agents has no '%s'; it has count, name, tags, affinity", name);
    struct script_pools *p = script_column_begin(lua, "agents");
    agents_find(p);
    if (count)
        lua_pushinteger(lua, p->agents.count);
    else
        column_push(lua, p, names);
    return script_column_end(lua, p);
}

static int tags_asked(lua_State *lua) {
    symbol key;
    if (lua_type(lua, 2) != LUA_TSTRING) return luaL_error(lua, "agents.tags: the key of a tag is a text");
    struct script_pools *p = script_column_begin(lua, "agents");
    const struct symbols *symbols = &p->d->state->symbols;
    bool known = symbol_find(symbols, lua_tostring(lua, 2), &key);
    agents_find(p);
    if (!sandbox_array_begin(lua, p->agents.count)) luaL_error(lua, "there are too many agents");
    for (size_t i = 0; i < p->agents.count; i++) {
        size_t many = 0;
        const struct tag *tags = known ? tag_set_find(&p->agents.at[i]->facts->tags, key, &many) : NULL;
        script_values_push(lua, symbols, tags, many);
    }
    lua_call(lua, (int)p->agents.count, 1);
    return script_column_end(lua, p);
}

void script_agents_push(struct script_pools *p) {
    lua_State *lua = sandbox_lua(p->box);
    script_asked_push(lua, columns_asked);
    script_asked_push(lua, tags_asked);
    lua_setfield(lua, -2, "tags");
}
