// SPDX-License-Identifier: Apache-2.0
// The trees `settings`, `instances`, `constraints` and `preferences` of a provider's file. Keys of a pool that are not ours
// are its driver's.
#include "daemon/provider_config.h"

#include <string.h>

#include "base/id.h"
#include "codec/yaml.h"
#include "driver/drivers.h"
#include "driver/settings.h"
#include "model/selector.h"

enum { PREFERENCE_MOST = 1000000 };

struct reader {
    struct arena *arena;
    const struct driver *driver; // NULL: not known; its keys are then not looked at here
    VEC(struct driver_pool_config) pools;
    VEC(struct provider_tier_setup) tiers;
};

// ---- values ----

static struct err *text_read(const struct yaml_node *node, const char *key, const char **ret_text) {
    if (node->kind != YAML_TEXT) return err_new(ERR_INVALID, "line %zu: '%s' must be one value", node->line, key);
    *ret_text = node->text;
    return NULL;
}

static struct err *list_check(const struct yaml_node *node, const char *key) {
    if (node->kind == YAML_LIST) return NULL;
    return err_new(ERR_INVALID, "line %zu: '%s' must be a list", node->line, key);
}

// A list of "key=value", or a map of them.
static struct err *tags_read(struct reader *r, const struct yaml_node *node, struct driver_pairs *ret_tags) {
    struct driver_pair *tags = arena_zero(r->arena, node->count + 1, sizeof *tags);
    if (node->kind == YAML_TEXT) return list_check(node, "tags");
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_node *value = node->kind == YAML_MAP ? node->pairs[i].value : node->items[i];
        const char *text = NULL;
        TRY(text_read(value, "tags", &text));
        size_t size = strcspn(text, "=");
        if (node->kind == YAML_MAP)
            tags[i] = (struct driver_pair){node->pairs[i].key, text};
        else
            tags[i] = (struct driver_pair){arena_text_n(r->arena, text, size), text[size] ? text + size + 1 : ""};
        if (!*tags[i].key) return err_new(ERR_INVALID, "line %zu: a tag has no key", value->line);
    }
    *ret_tags = (struct driver_pairs){tags, node->count};
    return NULL;
}

// Found out here, with its line, and not only when a master reads it.
static struct err *selector_check(const struct yaml_node *node, const char *text) {
    struct symbols symbols = {0};
    struct selector selector = {0};
    struct err *e = selector_parse(&symbols, text, &selector);
    if (!e) selector_done(&selector);
    symbols_done(&symbols);
    return err_wrap(e, "line %zu", node->line);
}

static struct err *weight_read(const struct yaml_node *node, int32_t *ret_weight) {
    const char *text = NULL;
    TRY(text_read(node, "weight", &text));
    bool minus = *text == '-';
    uint64_t n;
    if (!text_to_u64(text + minus, &n) || n > PREFERENCE_MOST)
        return err_new(ERR_INVALID, "line %zu: weight '%s' is not a whole number up to %d", node->line, text,
                       PREFERENCE_MOST);
    *ret_weight = minus ? -(int32_t)n : (int32_t)n;
    return NULL;
}

// Of constraints a text, of preferences also a map of selector and weight.
static struct err *selector_read(const struct yaml_node *node, struct driver_selector *ret_selector) {
    ret_selector->weight = 1;
    if (node->kind != YAML_MAP) {
        TRY(text_read(node, "selector", &ret_selector->selector));
        return selector_check(node, ret_selector->selector);
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *p = &node->pairs[i];
        if (strcmp(p->key, "selector") == 0)
            TRY(text_read(p->value, p->key, &ret_selector->selector));
        else if (strcmp(p->key, "weight") == 0)
            TRY(weight_read(p->value, &ret_selector->weight));
        else
            return err_new(ERR_INVALID, "line %zu: unknown key '%s'; known are 'selector' and 'weight'", p->line,
                           p->key);
    }
    if (!ret_selector->selector) return err_new(ERR_INVALID, "line %zu: 'selector' is missing", node->line);
    return selector_check(node, ret_selector->selector);
}

static struct err *selectors_read(struct reader *r, const struct yaml_node *node, const char *key,
                                  const struct driver_selector **ret_selectors, size_t *ret_count) {
    TRY(list_check(node, key));
    struct driver_selector *all = arena_zero(r->arena, node->count + 1, sizeof *all);
    for (size_t i = 0; i < node->count; i++) TRY(selector_read(node->items[i], &all[i]));
    *ret_selectors = all;
    *ret_count = node->count;
    return NULL;
}

// True: the key was one that every tier has.
static struct err *fact_read(struct reader *r, const struct yaml_pair *p, struct driver_facts *f, bool *ret_ours) {
    *ret_ours = true;
    if (strcmp(p->key, "tags") == 0) return tags_read(r, p->value, &f->tags);
    if (strcmp(p->key, "constraints") == 0)
        return selectors_read(r, p->value, p->key, &f->constraints, &f->constraint_count);
    if (strcmp(p->key, "preferences") == 0)
        return selectors_read(r, p->value, p->key, &f->preferences, &f->preference_count);
    *ret_ours = false;
    return NULL;
}

// ---- pools ----

static struct err *number_read(const char *text, uint64_t *ret_n) {
    return text_to_u64(text, ret_n) ? NULL : err_new(ERR_INVALID, "'%s' is not a whole number", text);
}

static struct err *figure_read(const char *key, const char *text, struct driver_pool_config *pool,
                               struct provider_tier_setup *tier, bool *ret_ours) {
    *ret_ours = true;
    if (strcmp(key, "name") == 0) {
        pool->name = tier->pool = text;
        return name_check("pool", text);
    }
    if (strcmp(key, "capacity") == 0) {
        TRY(bytes_parse(text, &pool->capacity));
        tier->capacity = pool->capacity;
        return NULL;
    }
    if (strcmp(key, "data-address") == 0) {
        tier->data_address = text;
        return NULL;
    }
    if (strcmp(key, "headroom") == 0) return bytes_parse(text, &pool->headroom);
    if (strcmp(key, "factor") == 0) return factor_parse(text, &pool->charge_numerator, &pool->charge_denominator);
    if (strcmp(key, "iops") == 0) return number_read(text, &tier->iops.n);
    if (strcmp(key, "bandwidth") == 0) return bandwidth_parse(text, &tier->bandwidth);
    if (strcmp(key, "volumes") == 0) return number_read(text, &tier->volumes);
    *ret_ours = false;
    return NULL;
}

// What is neither ours nor the driver's is a mistake, told here because the line is known here.
static struct err *pool_key_check(const struct reader *r, const struct yaml_pair *p) {
    const char *names[64] = {"name",      "capacity", "data-address", "headroom",    "factor",     "iops",
                             "bandwidth", "volumes",  "tags",         "constraints", "preferences"};
    size_t count = 11;
    if (!r->driver) return NULL;
    for (const struct driver_setting *s = r->driver->pool_settings; s && s->name && count < ARRAY_LEN(names); s++) {
        if (strcmp(s->name, p->key) == 0) return NULL;
        names[count++] = s->name;
    }
    const char *nearest = text_nearest(p->key, names, count);
    if (!nearest) return err_new(ERR_INVALID, "line %zu: unknown key '%s' of a pool", p->line, p->key);
    return err_new(ERR_INVALID, "line %zu: unknown key '%s' of a pool; did you mean '%s'?", p->line, p->key, nearest);
}

static struct err *pool_read(struct reader *r, const struct yaml_node *node, const char *instance) {
    if (node->kind != YAML_MAP) return err_new(ERR_INVALID, "line %zu: a pool must be a map", node->line);
    struct driver_pool_config pool = {.instance = instance, .charge_numerator = 1, .charge_denominator = 1};
    struct provider_tier_setup tier = {.instance = instance};
    struct driver_pair *settings = arena_zero(r->arena, node->count + 1, sizeof *settings);
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *p = &node->pairs[i];
        bool ours;
        TRY(fact_read(r, p, &tier.facts, &ours));
        if (ours) continue;
        const char *text = NULL;
        TRY(text_read(p->value, p->key, &text));
        TRY(err_wrap(figure_read(p->key, text, &pool, &tier, &ours), "line %zu: '%s'", p->line, p->key));
        if (ours) continue;
        TRY(pool_key_check(r, p));
        settings[pool.settings.count++] = (struct driver_pair){p->key, text};
    }
    if (!pool.name) return err_new(ERR_INVALID, "line %zu: the pool has no name", node->line);
    pool.settings.at = settings;
    vec_push(&r->pools, pool);
    vec_push(&r->tiers, tier);
    return NULL;
}

static struct err *instance_read(struct reader *r, const struct yaml_node *node) {
    if (node->kind != YAML_MAP) return err_new(ERR_INVALID, "line %zu: an instance must be a map", node->line);
    const struct yaml_node *name = yaml_get(node, "name"), *pools = yaml_get(node, "pools");
    if (!name) return err_new(ERR_INVALID, "line %zu: the instance has no name", node->line);
    struct provider_tier_setup tier = {0};
    TRY(text_read(name, "name", &tier.instance));
    TRY(err_wrap(name_check("instance", tier.instance), "line %zu", name->line));
    for (size_t i = 0; i < node->count; i++) {
        const struct yaml_pair *p = &node->pairs[i];
        bool ours;
        TRY(fact_read(r, p, &tier.facts, &ours));
        if (!ours && p->value != name && p->value != pools)
            return err_new(ERR_INVALID,
                           "line %zu: unknown key '%s' of an instance; known are name, tags, constraints, "
                           "preferences, pools",
                           p->line, p->key);
    }
    vec_push(&r->tiers, tier);
    if (!pools) return NULL;
    TRY(list_check(pools, "pools"));
    for (size_t i = 0; i < pools->count; i++) TRY(pool_read(r, pools->items[i], tier.instance));
    return NULL;
}

// ---- the whole ----

static struct err *top_read(struct reader *r, const struct settings *s) {
    struct provider_tier_setup tier = {0};
    size_t count;
    const char *const *texts = settings_list(s, "tags", &count);
    struct driver_pair *tags = arena_zero(r->arena, count + 1, sizeof *tags);
    for (size_t i = 0; i < count; i++) {
        size_t size = strcspn(texts[i], "=");
        tags[i] =
            (struct driver_pair){arena_text_n(r->arena, texts[i], size), texts[i][size] ? texts[i] + size + 1 : ""};
    }
    tier.facts.tags = (struct driver_pairs){tags, count};
    const struct yaml_node *constraints = settings_tree(s, "constraints"),
                           *preferences = settings_tree(s, "preferences");
    if (constraints)
        TRY(selectors_read(r, constraints, "constraints", &tier.facts.constraints, &tier.facts.constraint_count));
    if (preferences)
        TRY(selectors_read(r, preferences, "preferences", &tier.facts.preferences, &tier.facts.preference_count));
    vec_push(&r->tiers, tier);
    return NULL;
}

static struct err *settings_read(struct reader *r, const struct yaml_node *node, struct driver_pairs *ret_settings) {
    if (!node) return NULL;
    if (node->kind != YAML_MAP) return err_new(ERR_INVALID, "line %zu: 'settings' must be a map", node->line);
    struct driver_pair *pairs = arena_zero(r->arena, node->count + 1, sizeof *pairs);
    for (size_t i = 0; i < node->count; i++) {
        pairs[i].key = node->pairs[i].key;
        TRY(text_read(node->pairs[i].value, pairs[i].key, &pairs[i].value));
    }
    *ret_settings = (struct driver_pairs){pairs, node->count};
    return NULL;
}

static struct err *all_read(struct reader *r, const struct settings *s, struct driver_pairs *ret_settings) {
    TRY(top_read(r, s));
    TRY(settings_read(r, settings_tree(s, "settings"), ret_settings));
    const struct yaml_node *instances = settings_tree(s, "instances");
    if (!instances) return NULL;
    TRY(list_check(instances, "instances"));
    for (size_t i = 0; i < instances->count; i++) TRY(instance_read(r, instances->items[i]));
    return NULL;
}

struct err *provider_config_read(const struct settings *s, struct arena *arena, struct provider_config *ret_config) {
    struct reader r = {.arena = arena};
    struct provider_config c = {.driver.provider = settings_text(s, "name")};
    AUTO_ERR struct err *unknown = driver_find(settings_text(s, "driver"), &r.driver); // whoever starts it says so
    if (unknown) r.driver = NULL;
    struct err *e = all_read(&r, s, &c.driver.settings);
    c.driver.pool_count = r.pools.count;
    c.tier_count = r.tiers.count;
    if (r.pools.count) c.driver.pools = arena_copy(arena, r.pools.at, r.pools.count * sizeof *r.pools.at);
    if (r.tiers.count) c.tiers = arena_copy(arena, r.tiers.at, r.tiers.count * sizeof *r.tiers.at);
    vec_done(&r.pools);
    vec_done(&r.tiers);
    if (!e) *ret_config = c;
    return err_wrap(e, "configuration of provider '%s'", settings_text(s, "name"));
}
