// SPDX-License-Identifier: Apache-2.0
// Columns for scripts.
#include "core/script_pools.h"

#include <lua5.4/lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS(X) X(free) X(iops) X(bandwidth) X(volumes) X(total) X(score) X(name)
enum column {
#define X(name) COLUMN_##name,
    COLUMNS(X)
#undef X
        COLUMN_COUNT
};
static const char *const column_names[] = {
#define X(name) #name,
    COLUMNS(X)
#undef X
};

// ---- values ----

static void number_push(lua_State *lua, struct number n) {
    if (n.unit == NUMBER_COUNT && n.scaled % 1000)
        lua_pushnumber(lua, (lua_Number)n.scaled / 1000);
    else
        lua_pushinteger(lua, n.unit == NUMBER_COUNT ? n.scaled / 1000 : n.scaled);
}

static void value_push(lua_State *lua, const struct symbols *s, symbol key, symbol value) {
    const struct number *n = symbol_type(s, key, NULL) == VALUE_NUMBER ? symbol_number(s, value) : NULL;
    if (n && n->unit != NUMBER_NONE)
        number_push(lua, *n);
    else
        lua_pushstring(lua, symbol_text(s, value));
}

static void values_push(lua_State *lua, const struct symbols *s, const struct tag *tags, size_t count) {
    lua_createtable(lua, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        value_push(lua, s, tags[i].key, tags[i].value);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
}

void script_values_push(lua_State *lua, const struct symbols *s, const struct tag *tags, size_t count) {
    if (count > 1)
        values_push(lua, s, tags, count);
    else if (count)
        value_push(lua, s, tags->key, tags->value);
    else
        lua_pushnil(lua);
}

void script_tags_push(lua_State *lua, const struct symbols *s, const struct tag_set *tags) {
    lua_createtable(lua, 0, (int)tags->count);
    for (size_t i = 0, many; i < tags->count; i += many) {
        symbol key = tags->at[i].key;
        for (many = 1; i + many < tags->count && symbol_equal(tags->at[i + many].key, key);) many++;
        script_values_push(lua, s, &tags->at[i], many);
        lua_setfield(lua, -2, symbol_text(s, key));
    }
}

// ---- figures ----

static void name_push(lua_State *lua, const struct script_pools *p, size_t i) {
    AUTO_ARENA struct arena arena = {0};
    lua_pushstring(lua, pool_path(p->d->state, state_pool(p->d->state, p->choices[i].pool->pool), &arena));
}

static void known_push(lua_State *lua, uint64_t n, bool known) {
    if (known)
        lua_pushinteger(lua, n > INT64_MAX ? INT64_MAX : (lua_Integer)n);
    else
        lua_pushnil(lua);
}

// What it could grant if nothing were taken.
static uint64_t total_of(const struct script_pools *p, const struct choice *c) {
    const struct pool_facts *f = c->pool->facts;
    uint64_t most = f->capacity ? f->capacity->bytes : 0, store = most && most < f->total.bytes ? most : f->total.bytes;
    return pool_grantable_bytes(state_pool(p->d->state, c->pool->pool), store).n;
}

static void figure_push(lua_State *lua, const struct script_pools *p, enum column column, size_t i) {
    const struct choice *c = &p->choices[i];
    switch (column) {
    case COLUMN_iops: known_push(lua, c->free->iops, c->free->known & KNOWS_IOPS); return;
    case COLUMN_bandwidth: known_push(lua, c->free->bandwidth, c->free->known & KNOWS_BANDWIDTH); return;
    case COLUMN_volumes: known_push(lua, c->free->volumes, c->free->known & KNOWS_VOLUMES); return;
    case COLUMN_total: known_push(lua, total_of(p, c), true); return;
    case COLUMN_score: lua_pushinteger(lua, c->score); return;
    case COLUMN_name: name_push(lua, p, i); return;
    default: known_push(lua, c->free->bytes, true); return;
    }
}

static void figures_push(lua_State *lua, const struct script_pools *p, enum column column) {
    if (!sandbox_array_begin(lua, p->count)) luaL_error(lua, "there are too many pools");
    for (size_t i = 0; i < p->count; i++) figure_push(lua, p, column, i);
    lua_call(lua, (int)p->count, 1);
}

// ---- tags ----

static void kept_clear(struct script_pools *p) {
    VEC_EACH (kept, &p->kept) {
        free(kept->at);
        vec_done(&kept->values);
    }
    vec_clear(&p->kept);
}

void script_pools_done(struct script_pools *p) {
    kept_clear(p);
    vec_done(&p->kept);
    vec_done(&p->agents);
}

static struct kept_tags kept_make(const struct script_pools *p, symbol key) {
    struct kept_tags kept = {.key = key, .at = mem_zero(p->members.count + 1, sizeof *kept.at)};
    struct map places = {0}; // of each value, + 1
    for (size_t i = 0; i < p->members.count; i++) {
        size_t many = 0;
        const struct tag *tag = tag_set_find(&p->members.at[i].pool->facts->tags, key, &many);
        if (many > 1) kept.at[i] = UINT32_MAX;
        if (many != 1) continue;
        bool fresh;
        union map_value *place = map_put(&places, tag->value.n, &fresh);
        if (fresh) vec_push(&kept.values, tag->value);
        if (fresh) place->n = kept.values.count;
        kept.at[i] = (uint32_t)place->n;
    }
    map_done(&places);
    return kept;
}

static const struct kept_tags *kept_find(struct script_pools *p, symbol key) {
    VEC_EACH (kept, &p->kept)
        if (symbol_equal(kept->key, key)) return kept;
    if (p->kept.count == SCRIPT_COLUMNS_MOST) kept_clear(p);
    vec_push(&p->kept, kept_make(p, key));
    return vec_last(&p->kept);
}

static void several_push(lua_State *lua, const struct script_pools *p, symbol key, uint32_t member) {
    size_t many = 0;
    const struct tag *tags = tag_set_find(&p->members.at[member].pool->facts->tags, key, &many);
    values_push(lua, &p->d->state->symbols, tags, many);
}

// Each value is made once.
static void tags_push(lua_State *lua, struct script_pools *p, symbol key) {
    const struct kept_tags *kept = kept_find(p, key);
    int before = lua_gettop(lua);
    luaL_checkstack(lua, (int)kept->values.count + 16, NULL);
    VEC_EACH (value, &kept->values) value_push(lua, &p->d->state->symbols, key, *value);
    if (!sandbox_array_begin(lua, p->count)) luaL_error(lua, "there are too many pools");
    for (size_t i = 0; i < p->count; i++) {
        uint32_t place = kept->at[p->choices[i].member];
        if (place == UINT32_MAX)
            several_push(lua, p, key, p->choices[i].member);
        else if (place)
            lua_pushvalue(lua, before + (int)place);
        else
            lua_pushnil(lua);
    }
    lua_call(lua, (int)p->count, 1);
    lua_copy(lua, -1, before + 1);
    lua_settop(lua, before + 1);
}

// ---- the table ----

struct script_pools *script_column_begin(lua_State *lua, const char *of) {
    struct script_pools *p = sandbox_owner(lua);
    if (p->columns++ == SCRIPT_COLUMNS_MOST)
        luaL_error(lua, "it asks for more than %d columns of %s", SCRIPT_COLUMNS_MOST, of);
    sandbox_ours_begin(p->box);
    return p;
}

// The column stays in the table: the second use is a plain read.
int script_column_end(lua_State *lua, struct script_pools *p) {
    lua_pushvalue(lua, 2);
    lua_pushvalue(lua, -2);
    lua_rawset(lua, 1);
    sandbox_ours_end(p->box);
    return 1;
}

static int figures_asked(lua_State *lua) {
    const char *name = lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "?";
    enum column column = 0;
    while (column < COLUMN_COUNT && strcmp(column_names[column], name) != 0) column++;
    if (column == COLUMN_COUNT)
        return luaL_error(
            lua, "pools has no '%s'; it has count, tags, free, iops, bandwidth, volumes, total, score, name", name);
    struct script_pools *p = script_column_begin(lua, "pools");
    figures_push(lua, p, column);
    return script_column_end(lua, p);
}

static int tags_asked(lua_State *lua) {
    symbol key;
    if (lua_type(lua, 2) != LUA_TSTRING) return luaL_error(lua, "pools.tags: the key of a tag is a text");
    struct script_pools *p = script_column_begin(lua, "pools");
    if (symbol_find(&p->d->state->symbols, lua_tostring(lua, 2), &key))
        tags_push(lua, p, key);
    else
        lua_newtable(lua); // no thing has such a tag
    return script_column_end(lua, p);
}

void script_asked_push(lua_State *lua, lua_CFunction answer) {
    lua_newtable(lua);
    lua_createtable(lua, 0, 1);
    lua_pushcfunction(lua, answer);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
}

void script_pools_push(struct script_pools *p) {
    lua_State *lua = sandbox_lua(p->box);
    if (p->version != p->members.version) kept_clear(p);
    p->version = p->members.version;
    p->columns = 0;
    p->agents_found = false;
    sandbox_owner_set(p->box, p);
    script_asked_push(lua, figures_asked);
    lua_pushinteger(lua, (lua_Integer)p->count);
    lua_setfield(lua, -2, "count");
    script_asked_push(lua, tags_asked);
    lua_setfield(lua, -2, "tags");
}
