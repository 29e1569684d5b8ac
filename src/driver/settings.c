// SPDX-License-Identifier: Apache-2.0
// Checks what an operator wrote for a driver against the driver's table of settings. Reads no file.
#include "driver/settings.h"

#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"

static const struct driver_setting no_settings[] = {{.name = NULL}};

static const struct driver_setting *setting_find(const struct driver_setting *table, const char *name) {
    for (const struct driver_setting *s = table; s->name; s++)
        if (text_equal(s->name, name)) return s;
    return NULL;
}

static struct err *unknown_key(const char *where, const struct driver_setting *table, const char *key) {
    const char *names[64];
    size_t count = 0;
    for (const struct driver_setting *s = table; s->name && count < ARRAY_LEN(names); s++) names[count++] = s->name;
    const char *nearest = text_nearest(key, names, count);
    if (nearest) return err_new(ERR_INVALID, "%s: unknown key '%s'; did you mean '%s'?", where, key, nearest);
    return err_new(ERR_INVALID, "%s: unknown key '%s'", where, key);
}

static bool choice_has(const char *choices, const char *value) {
    size_t size = strlen(value);
    if (!size || strchr(value, ' ')) return false;
    for (const char *at = choices; at; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, value, size) == 0 && (at[size] == ' ' || !at[size])) return true;
    }
    return false;
}

static struct err *value_check(const struct driver_setting *s, const char *value) {
    struct bytes size;
    uint64_t number;
    int64_t ms;
    switch (s->kind) {
    case DRIVER_TEXT: return NULL;
    case DRIVER_PATH: return value[0] == '/' ? NULL : err_new(ERR_INVALID, "'%s' is not an absolute path", value);
    case DRIVER_SIZE: return bytes_parse(value, &size);
    case DRIVER_NUMBER:
        return text_to_u64(value, &number) ? NULL : err_new(ERR_INVALID, "'%s' is not a whole number", value);
    case DRIVER_DURATION: return duration_parse(value, &ms);
    case DRIVER_BOOL:
        if (text_equal(value, "true") || text_equal(value, "false")) return NULL;
        return err_new(ERR_INVALID, "'%s' is neither true nor false", value);
    case DRIVER_CHOICE:
        return choice_has(s->choices, value) ? NULL : err_new(ERR_INVALID, "'%s' is not one of: %s", value, s->choices);
    }
    return err_new(ERR_INTERNAL, "the driver's table has a setting of no known kind");
}

static const char *pairs_find(const struct driver_pairs *pairs, const char *key) {
    for (size_t i = 0; i < pairs->count; i++)
        if (text_equal(pairs->at[i].key, key)) return pairs->at[i].value;
    return NULL;
}

static struct err *given_check(const char *where, const struct driver_setting *table, const struct driver_pairs *given,
                               size_t i) {
    const struct driver_pair *pair = &given->at[i];
    const struct driver_setting *s = setting_find(table, pair->key);
    if (!s) return unknown_key(where, table, pair->key);
    if (!pair->value) return err_new(ERR_INVALID, "%s: key '%s' has no value", where, pair->key);
    for (size_t j = 0; j < i; j++)
        if (text_equal(given->at[j].key, pair->key))
            return err_new(ERR_INVALID, "%s: key '%s' is given twice", where, pair->key);
    return err_wrap(value_check(s, pair->value), "%s: key '%s'", where, pair->key);
}

struct err *settings_check(const char *where, const struct driver_setting *table, const struct driver_pairs *given,
                           struct arena *arena, struct driver_pairs *ret_settings) {
    if (!table) table = no_settings;
    for (size_t i = 0; i < given->count; i++) TRY(given_check(where, table, given, i));
    size_t most = 0, count = 0;
    while (table[most].name) most++;
    struct driver_pair *pairs = arena_zero(arena, most + 1, sizeof *pairs);
    for (const struct driver_setting *s = table; s->name; s++) {
        const char *value = pairs_find(given, s->name);
        if (!value && s->required) return err_new(ERR_INVALID, "%s: key '%s' is missing (%s)", where, s->name, s->help);
        if (!value) value = s->fallback;
        if (value) pairs[count++] = (struct driver_pair){s->name, arena_text(arena, value)};
    }
    *ret_settings = (struct driver_pairs){pairs, count};
    return NULL;
}

// A pool's common keys: the factor must be a fraction, and over-subscription needs a headroom.
static struct err *pool_check(const char *where, struct driver_pool_config *pool) {
    if (!pool->charge_numerator && !pool->charge_denominator) pool->charge_numerator = pool->charge_denominator = 1;
    if (!pool->charge_numerator || !pool->charge_denominator)
        return err_new(ERR_INVALID, "%s: factor %u/%u is not a positive fraction", where, pool->charge_numerator,
                       pool->charge_denominator);
    if (pool->charge_numerator < pool->charge_denominator && !pool->headroom.n)
        return err_new(ERR_INVALID,
                       "%s: a factor below 1 promises more than there is; say with 'headroom' how many bytes must stay "
                       "free on the storage for grants to go on",
                       where);
    return NULL;
}

static struct err *pool_config_check(const struct driver *driver, const struct driver_config *given, size_t i,
                                     struct arena *arena, struct driver_pool_config *ret_pool) {
    const struct driver_pool_config *from = &given->pools[i];
    TRY(name_check("instance", from->instance));
    TRY(name_check("pool", from->name));
    const char *where = arena_format(arena, "pool '%s/%s'", from->instance, from->name);
    for (size_t j = 0; j < i; j++)
        if (text_equal(given->pools[j].name, from->name) && text_equal(given->pools[j].instance, from->instance))
            return err_new(ERR_INVALID, "%s is given twice", where);
    struct driver_pool_config pool = *from;
    pool.instance = arena_text(arena, from->instance);
    pool.name = arena_text(arena, from->name);
    TRY(pool_check(where, &pool));
    TRY(settings_check(where, driver->pool_settings, &from->settings, arena, &pool.settings));
    *ret_pool = pool;
    return NULL;
}

struct err *config_check(const struct driver *driver, const struct driver_config *given, struct arena *arena,
                         struct driver_config *ret_config) {
    struct driver_config config = {.pool_count = given->pool_count};
    TRY(name_check("provider", given->provider));
    config.provider = arena_text(arena, given->provider);
    const char *where = arena_format(arena, "provider '%s'", given->provider);
    TRY(settings_check(where, driver->settings, &given->settings, arena, &config.settings));
    struct driver_pool_config *pools = arena_zero(arena, given->pool_count + 1, sizeof *pools);
    for (size_t i = 0; i < given->pool_count; i++)
        TRY(err_wrap(pool_config_check(driver, given, i, arena, &pools[i]), "%s", where));
    config.pools = pools;
    *ret_config = config;
    return NULL;
}

static struct err *factor_refuse(const char *text) {
    return err_new(ERR_INVALID, "'%.64s' is no factor: write 2, 1/3 or 0.25", text);
}

// "0.25" as 25/100.
static bool decimal_parse(const char *text, uint64_t *ret_numerator, uint64_t *ret_denominator) {
    char digits[16];
    size_t whole = strcspn(text, "."), rest = text[whole] ? strlen(text + whole + 1) : 0;
    if (whole + rest >= sizeof digits || rest > 6 || (text[whole] && !rest)) return false;
    memcpy(digits, text, whole);
    if (rest) memcpy(digits + whole, text + whole + 1, rest);
    digits[whole + rest] = '\0';
    *ret_denominator = 1;
    for (size_t i = 0; i < rest; i++) *ret_denominator *= 10;
    return text_to_u64(digits, ret_numerator);
}

struct err *factor_parse(const char *text, uint32_t *ret_numerator, uint32_t *ret_denominator) {
    AUTO_FREE char *copy = mem_text(text);
    char *slash = strchr(copy, '/');
    uint64_t numerator = 0, denominator = 0;
    if (slash) *slash = '\0';
    bool good = slash ? text_to_u64(copy, &numerator) && text_to_u64(slash + 1, &denominator)
                      : decimal_parse(copy, &numerator, &denominator);
    if (!good || !numerator || !denominator || numerator > 1000000 || denominator > 1000000) return factor_refuse(text);
    *ret_numerator = (uint32_t)numerator;
    *ret_denominator = (uint32_t)denominator;
    return NULL;
}

// ---- what drivers read ----

const char *driver_text(const struct driver_pairs *settings, const char *key) {
    return pairs_find(settings, key);
}

struct bytes driver_size(const struct driver_pairs *settings, const char *key) {
    struct bytes size = {0};
    const char *value = pairs_find(settings, key);
    AUTO_ERR struct err *e = value ? bytes_parse(value, &size) : NULL;
    must(!e);
    return size;
}

uint64_t driver_number(const struct driver_pairs *settings, const char *key) {
    uint64_t number = 0;
    const char *value = pairs_find(settings, key);
    must(!value || text_to_u64(value, &number));
    return number;
}

int64_t driver_duration_ms(const struct driver_pairs *settings, const char *key) {
    int64_t ms = 0;
    const char *value = pairs_find(settings, key);
    AUTO_ERR struct err *e = value ? duration_parse(value, &ms) : NULL;
    must(!e);
    return ms;
}

bool driver_bool(const struct driver_pairs *settings, const char *key) {
    return text_equal(pairs_find(settings, key), "true");
}

void call_pause(const struct driver_call *call, uint32_t ms) {
    if (call->pause) call->pause(call->arg, ms);
}

bool call_given_up(const struct driver_call *call) {
    return call->given_up && call->given_up(call->arg);
}
