// SPDX-License-Identifier: Apache-2.0
// Compiling and checking classes.
#include "model/class.h"

#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"

#define X(row, name) [row] = name,
static const char *const access_names[] = {CLASS_ACCESSES(X)};
static const char *const loss_names[] = {CLASS_LOSSES(X)};
static const char *const release_names[] = {CLASS_RELEASES(X)};
static const char *const format_names[] = {CLASS_FORMATS(X)};
#undef X

const char *class_access_name(enum class_access access) {
    return access_names[access];
}
const char *class_loss_name(enum class_loss loss) {
    return loss_names[loss];
}
const char *class_release_name(enum class_release release) {
    return release_names[release];
}
const char *class_format_name(enum class_format format) {
    return format_names[format];
}

void class_spec_done(struct class_spec *spec) {
    free(spec->name);
    free(spec->description);
    free(spec->script);
    selector_done(&spec->pool);
    selector_done(&spec->agent);
    for (size_t i = 0; i < spec->prefer_pool.count; i++) selector_done(&spec->prefer_pool.at[i].selector);
    for (size_t i = 0; i < spec->prefer_agent.count; i++) selector_done(&spec->prefer_agent.at[i].selector);
    for (size_t i = 0; i < spec->roles.count; i++) free(spec->roles.at[i]);
    vec_done(&spec->prefer_pool);
    vec_done(&spec->prefer_agent);
    vec_done(&spec->roles);
    VEC_EACH (s, &spec->spread) free(s->label);
    vec_done(&spec->spread);
    *spec = (struct class_spec){0};
}

static struct err *wish_make(struct symbols *s, const struct class_wish *wish,
                             struct class_preference *ret_preference) {
    if (wish->weight == 0 || abs(wish->weight) > CLASS_WEIGHT_MOST)
        return err_new(ERR_INVALID, "weight %d: give one from 1 to %d, or below 0 for what is worse", wish->weight,
                       CLASS_WEIGHT_MOST);
    TRY(selector_parse(s, wish->selector, &ret_preference->selector));
    ret_preference->weight = wish->weight;
    return NULL;
}

static struct err *selectors_make(struct symbols *s, const struct class_document *doc, struct class_spec *spec) {
    TRY(err_wrap(selector_parse(s, doc->pool, &spec->pool), "pool"));
    TRY(err_wrap(selector_parse(s, doc->agent, &spec->agent), "agent"));
    if (doc->prefer_pool_count > CLASS_PREFERENCES_MOST || doc->prefer_agent_count > CLASS_PREFERENCES_MOST)
        return err_new(ERR_TOO_LARGE, "more than %d preferences", CLASS_PREFERENCES_MOST);
    for (size_t i = 0; i < doc->prefer_pool_count; i++)
        TRY(err_wrap(wish_make(s, &doc->prefer_pool[i], vec_add(&spec->prefer_pool)), "prefer_pool %zu", i + 1));
    for (size_t i = 0; i < doc->prefer_agent_count; i++)
        TRY(err_wrap(wish_make(s, &doc->prefer_agent[i], vec_add(&spec->prefer_agent)), "prefer_agent %zu", i + 1));
    return NULL;
}

static struct err *roles_make(const struct class_document *doc, struct class_spec *spec) {
    if (doc->role_count > CLASS_ROLES_MOST) return err_new(ERR_TOO_LARGE, "more than %d roles", CLASS_ROLES_MOST);
    for (size_t i = 0; i < doc->role_count; i++) {
        TRY(role_check(doc->roles[i]));
        vec_push(&spec->roles, mem_text(doc->roles[i]));
    }
    return NULL;
}

static struct err *spread_make(struct symbols *s, const struct class_spread_wish *wish, struct class_spread *made) {
    TRY(err_wrap(tag_key_check(wish->key), "key"));
    TRY(err_wrap(tag_key_check(wish->label), "label"));
    if (wish->weight < 0 || wish->weight > CLASS_WEIGHT_MOST)
        return err_new(ERR_INVALID, "weight %d: give one from 1 to %d", wish->weight, CLASS_WEIGHT_MOST);
    if (wish->over == 1 || wish->over > CLASS_SPREAD_OVER_MOST)
        return err_new(ERR_INVALID, "over %u: give from 2 to %d, or leave it out for all on different ones", wish->over,
                       CLASS_SPREAD_OVER_MOST);
    *made = (struct class_spread){.key = symbol_make(s, wish->key),
                                  .label = mem_text(wish->label),
                                  .over = wish->over,
                                  .required = wish->required,
                                  .weight = wish->weight ? wish->weight : CLASS_SPREAD_WEIGHT};
    return NULL;
}

static struct err *spreads_make(struct symbols *s, const struct class_document *doc, struct class_spec *spec) {
    if (doc->spread_count > CLASS_SPREADS_MOST)
        return err_new(ERR_TOO_LARGE, "more than %d rules of spread", CLASS_SPREADS_MOST);
    for (size_t i = 0; i < doc->spread_count; i++)
        TRY(err_wrap(spread_make(s, &doc->spread[i], vec_add(&spec->spread)), "spread %zu", i + 1));
    return NULL;
}

static struct err *sizes_make(const struct class_document *doc, struct class_spec *spec) {
    char smallest[QUANTITY_TEXT], largest[QUANTITY_TEXT];
    spec->smallest = doc->smallest;
    spec->largest = doc->largest;
    if (spec->smallest.n < spec->fs->smallest.n) spec->smallest = spec->fs->smallest;
    if (!spec->largest.n || spec->smallest.n <= spec->largest.n) return NULL;
    bytes_text(spec->smallest, smallest);
    bytes_text(spec->largest, largest);
    if (spec->smallest.n > doc->smallest.n)
        return err_new(ERR_INVALID, "largest: %s is below the %s that %s needs", largest, smallest, spec->fs->name);
    return err_new(ERR_INVALID, "smallest: %s is above largest, %s; swap them or raise largest", smallest, largest);
}

static struct err *numbers_make(const struct class_document *doc, struct class_spec *spec) {
    spec->launch_wait_ms = doc->launch_wait_set ? doc->launch_wait_ms : CLASS_LAUNCH_WAIT;
    if (spec->launch_wait_ms > CLASS_LAUNCH_WAIT_LONGEST)
        return err_new(ERR_INVALID, "launch_wait_ms: %u is longer than a day", spec->launch_wait_ms);
    if (!(doc->iops_per_gib >= 0 && doc->iops_per_gib <= 1e9) ||
        !milli_from_double(doc->iops_per_gib, &spec->iops_per_gib))
        return err_new(ERR_INVALID, "iops_per_gib: %g is not a number from 0 to 1e9", doc->iops_per_gib);
    spec->bandwidth = doc->bandwidth;
    return doc->availability != 0 ? availability_from_percent(doc->availability, &spec->availability) : NULL;
}

// A raw volume is its owner's from birth: nothing of ours formats it.
static struct err *ways_make(const struct class_document *doc, struct class_spec *spec) {
    spec->access = doc->access ? doc->access : ACCESS_SINGLE_WRITER;
    spec->on_agent_lost = doc->on_agent_lost ? doc->on_agent_lost : ON_LOSS_FENCE_OR_WAIT;
    spec->on_release = doc->on_release ? doc->on_release : ON_RELEASE_DELETE;
    spec->format = doc->format ? doc->format : FORMAT_AT_FIRST_PUBLISH;
    spec->zero_at_create = doc->zero_at_create;
    if (spec->access > ACCESS_MULTI_WRITER || spec->on_agent_lost > ON_LOSS_SELF_FENCE ||
        spec->on_release > ON_RELEASE_WIPE || spec->format > FORMAT_AT_CREATE)
        return err_new(ERR_INVALID, "access, on_agent_lost, on_release or format has a number that we do not know");
    if (filesystem_raw(spec->fs) && spec->format == FORMAT_AT_CREATE)
        return err_new(ERR_INVALID, "format: a raw volume is not formatted; leave format out, or choose a filesystem");
    if (!filesystem_raw(spec->fs) && spec->access == ACCESS_MULTI_WRITER)
        return err_new(ERR_INVALID, "access: %s cannot be written from several hosts; choose fs raw or single-writer",
                       spec->fs->name);
    return NULL;
}

static struct err *script_make(const struct class_document *doc, struct class_spec *spec) {
    spec->on_script_error = doc->on_script_error ? doc->on_script_error : ON_SCRIPT_ERROR_REFUSE;
    if (spec->on_script_error > ON_SCRIPT_ERROR_CLASSES)
        return err_new(ERR_INVALID, "on_script_error has a number that we do not know");
    if (!doc->script || !*doc->script) return NULL;
    if (strnlen(doc->script, CLASS_SCRIPT_LONGEST + 1) > CLASS_SCRIPT_LONGEST)
        return err_new(ERR_TOO_LARGE, "script: longer than %d bytes", CLASS_SCRIPT_LONGEST);
    spec->script = mem_text(doc->script);
    return NULL;
}

static struct err *spec_fill(struct symbols *s, const struct class_document *doc, struct class_spec *spec) {
    if (doc->description && strnlen(doc->description, CLASS_DESCRIPTION_LONGEST + 1) > CLASS_DESCRIPTION_LONGEST)
        return err_new(ERR_TOO_LARGE, "description: longer than %d bytes", CLASS_DESCRIPTION_LONGEST);
    spec->name = mem_text(doc->name);
    spec->description = mem_text(doc->description);
    TRY(err_wrap(filesystem_get(doc->fs ? doc->fs : "ext4", &spec->fs), "fs"));
    TRY(selectors_make(s, doc, spec));
    TRY(roles_make(doc, spec));
    TRY(spreads_make(s, doc, spec));
    TRY(numbers_make(doc, spec));
    TRY(ways_make(doc, spec));
    TRY(script_make(doc, spec));
    return sizes_make(doc, spec);
}

struct err *class_spec_make(struct symbols *s, const struct class_document *doc, struct class_spec *ret_spec) {
    TRY(name_check("class", doc->name));
    struct class_spec spec = {0};
    struct err *e = err_wrap(spec_fill(s, doc, &spec), "class '%s'", doc->name);
    if (e)
        class_spec_done(&spec);
    else
        *ret_spec = spec;
    return e;
}

static bool preferences_equal(const struct class_preference *a, const struct class_preference *b, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (a[i].weight != b[i].weight || !selector_equal(&a[i].selector, &b[i].selector)) return false;
    return true;
}

static bool roles_equal(const struct class_spec *a, const struct class_spec *b) {
    if (a->roles.count != b->roles.count) return false;
    for (size_t i = 0; i < a->roles.count; i++)
        if (!text_equal(a->roles.at[i], b->roles.at[i])) return false;
    return true;
}

static bool spreads_equal(const struct class_spec *a, const struct class_spec *b) {
    if (a->spread.count != b->spread.count) return false;
    for (size_t i = 0; i < a->spread.count; i++) {
        const struct class_spread *x = &a->spread.at[i], *y = &b->spread.at[i];
        bool same = symbol_equal(x->key, y->key) && text_equal(x->label, y->label) && x->over == y->over;
        if (!same || x->required != y->required || x->weight != y->weight) return false;
    }
    return true;
}

static bool numbers_equal(const struct class_spec *a, const struct class_spec *b) {
    return a->fs == b->fs && a->access == b->access && a->iops_per_gib.n == b->iops_per_gib.n &&
           a->bandwidth.n == b->bandwidth.n && a->format == b->format && a->launch_wait_ms == b->launch_wait_ms &&
           a->on_agent_lost == b->on_agent_lost && a->on_release == b->on_release &&
           a->zero_at_create == b->zero_at_create && a->smallest.n == b->smallest.n && a->largest.n == b->largest.n &&
           a->availability.n == b->availability.n;
}

bool class_spec_equal(const struct class_spec *a, const struct class_spec *b) {
    return text_equal(a->name, b->name) && text_equal(a->description, b->description) && numbers_equal(a, b) &&
           text_equal(a->script, b->script) && a->on_script_error == b->on_script_error && roles_equal(a, b) &&
           spreads_equal(a, b) && selector_equal(&a->pool, &b->pool) && selector_equal(&a->agent, &b->agent) &&
           a->prefer_pool.count == b->prefer_pool.count && a->prefer_agent.count == b->prefer_agent.count &&
           preferences_equal(a->prefer_pool.at, b->prefer_pool.at, a->prefer_pool.count) &&
           preferences_equal(a->prefer_agent.at, b->prefer_agent.at, a->prefer_agent.count);
}

bool class_spec_allows(const struct class_spec *spec, const char *role) {
    for (size_t i = 0; i < spec->roles.count; i++) {
        const char *named = spec->roles.at[i];
        size_t size = strlen(named);
        if (strncmp(named, role, size) == 0 && (!role[size] || role[size] == '/')) return true;
    }
    return !spec->roles.count;
}

struct err *class_spec_size_check(const struct class_spec *spec, struct bytes size, const struct filesystem *fs) {
    char asked[QUANTITY_TEXT], bound[QUANTITY_TEXT];
    bytes_text(size, asked);
    if (!fs) fs = spec->fs;
    if (!size.n) return err_new(ERR_INVALID, "class '%s': the size is 0; ask for some bytes", spec->name);
    if (size.n < fs->smallest.n)
        return err_new(ERR_INVALID, "class '%s': %s is too small for %s, which needs %s", spec->name, asked, fs->name,
                       bytes_text(fs->smallest, bound));
    if (size.n < spec->smallest.n)
        return err_new(ERR_INVALID, "class '%s': %s is below its smallest volume, %s", spec->name, asked,
                       bytes_text(spec->smallest, bound));
    if (spec->largest.n && size.n > spec->largest.n)
        return err_new(ERR_INVALID, "class '%s': %s is above its largest volume, %s", spec->name, asked,
                       bytes_text(spec->largest, bound));
    return NULL;
}

struct iops class_spec_iops(const struct class_spec *spec, struct bytes size) {
    unsigned __int128 thousandths = (unsigned __int128)spec->iops_per_gib.n * size.n,
                      unit = (unsigned __int128)1000 * GIB;
    unsigned __int128 iops = (thousandths + unit - 1) / unit;
    return (struct iops){iops > INT64_MAX ? INT64_MAX : (uint64_t)iops};
}
