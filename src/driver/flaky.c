// SPDX-License-Identifier: Apache-2.0
// Wraps another driver and misbehaves on schedule: fails, delays, hangs, loses replies, answers unknown. Never invents.
#include "driver/flaky.h"

#include <stdatomic.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "driver/memory.h"
#include "granary/request.h"

enum fault { NO_FAULT, FAIL, LOSE, DELAY, HANG };
enum { EVERY_CALL = DRIVER_ACT_COUNT, HANG_STEP_MS = 50 };

struct rule {
    unsigned act; // or EVERY_CALL
    enum fault fault;
    enum err_kind kind; // of FAIL
    int64_t ms;         // of DELAY
    uint64_t first, last, each;
};

struct flaky {
    const struct driver *inner;
    void *self;
    bool owned; // opened here, closed here
    VEC(struct rule) rules;
    atomic_uint_least64_t calls[DRIVER_ACT_COUNT];
};

// ---- the schedule ----

static bool act_parse(const char *name, unsigned *ret_act) {
    static const char *const names[] = {
#define X(act, function, words) #function,
        DRIVER_ACTS(X)
#undef X
    };
    for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
        if (!text_equal(name, names[i])) continue;
        *ret_act = i;
        return true;
    }
    *ret_act = EVERY_CALL;
    return text_equal(name, "*");
}

static struct err *fault_parse(const char *name, struct rule *r) {
    if (text_equal(name, "lose")) r->fault = LOSE;
    if (text_equal(name, "hang")) r->fault = HANG;
    if (text_equal(name, "unknown")) {
        r->fault = FAIL;
        r->kind = ERR_UNKNOWN;
    }
    if (text_starts(name, "fail-") && err_kind_parse(name + strlen("fail-"), &r->kind)) r->fault = FAIL;
    if (text_starts(name, "delay-")) {
        TRY(duration_parse(name + strlen("delay-"), &r->ms));
        r->fault = DELAY;
    }
    return r->fault ? NULL
                    : err_new(ERR_INVALID, "'%s' is no fault: fail-KIND, unknown, lose, delay-DURATION, hang", name);
}

// "@3", "@3-5", "%4"
static struct err *when_parse(char sign, char *when, struct rule *r) {
    char *dash = sign == '@' ? strchr(when, '-') : NULL;
    if (dash) *dash = '\0';
    uint64_t n, m;
    if (!text_to_u64(when, &n) || !n || (dash && (!text_to_u64(dash + 1, &m) || m < n)))
        return err_new(ERR_INVALID, "'%c%s' does not say which calls: @N, @N-M or %%N, from 1", sign, when);
    if (sign == '%') {
        r->each = n;
        return NULL;
    }
    r->first = n;
    r->last = dash ? m : n;
    return NULL;
}

static struct err *rule_parse(char *text, struct rule *ret_rule) {
    struct rule r = {.first = 1, .last = UINT64_MAX, .each = 1};
    char *fault = strchr(text, ':');
    if (!fault) return err_new(ERR_INVALID, "'%s' is no rule: CALL:FAULT", text);
    *fault++ = '\0';
    if (!act_parse(text, &r.act)) return err_new(ERR_INVALID, "'%s' is no call of a driver", text);
    char *when = strpbrk(fault, "@%");
    char sign = when ? *when : '\0';
    if (when) *when++ = '\0';
    if (when) TRY(when_parse(sign, when, &r));
    TRY(fault_parse(fault, &r));
    *ret_rule = r;
    return NULL;
}

struct err *flaky_schedule(void *flaky, const char *schedule) {
    struct flaky *f = flaky;
    AUTO_FREE char *copy = mem_text(schedule ? schedule : "");
    vec_clear(&f->rules);
    for (size_t i = 0; i < DRIVER_ACT_COUNT; i++) f->calls[i] = 0;
    char *rest = copy;
    for (char *part = strsep(&rest, ","); part; part = strsep(&rest, ",")) {
        part += strspn(part, " ");
        struct rule r;
        if (!*part) continue;
        TRY(err_wrap(rule_parse(part, &r), "schedule '%s'", schedule));
        vec_push(&f->rules, r);
    }
    return NULL;
}

static struct rule rule_of(struct flaky *f, enum driver_act act) {
    uint64_t n = ++f->calls[act];
    VEC_EACH (r, &f->rules)
        if ((r->act == act || r->act == EVERY_CALL) && n >= r->first && n <= r->last && n % r->each == 0) return *r;
    return (struct rule){.fault = NO_FAULT};
}

// ---- one call ----

static struct err *before(struct flaky *f, enum driver_act act, bool lacks, const struct driver_call *call,
                          struct rule *ret_rule) {
    struct rule r = rule_of(f, act);
    *ret_rule = r;
    if (lacks) return err_new(ERR_UNSUPPORTED, "the driver '%s' cannot do that", f->inner->name);
    if (r.fault == FAIL) return err_new(r.kind, "the schedule says so");
    if (r.fault == DELAY) call_pause(call, (uint32_t)r.ms);
    if (r.fault != HANG) return NULL;
    // Where time is simulated nobody gives up, so a hanging call ends after the time that its caller waits.
    uint64_t steps = (call->timeout_ms ? call->timeout_ms : HANG_STEP_MS) / HANG_STEP_MS;
    for (uint64_t i = 0; !call_given_up(call) && (call->given_up || i <= steps); i++) call_pause(call, HANG_STEP_MS);
    return err_new(ERR_TIMEOUT, "the schedule says that it hangs");
}

static struct err *after(const struct rule *r, struct err *e) {
    if (r->fault != LOSE) return e;
    err_free(e);
    return err_new(ERR_UNKNOWN, "the answer was lost, as the schedule says");
}

#define THROUGH(act, function, ...)                                                                                    \
    struct flaky *f = self;                                                                                            \
    struct rule rule;                                                                                                  \
    TRY(before(f, DRIVER_ACT_##act, !f->inner->function, call, &rule));                                                \
    return after(&rule, f->inner->function(f->self, call, __VA_ARGS__))

static struct err *flaky_inventory(void *self, const struct driver_call *call, struct driver_inventory *ret) {
    THROUGH(INVENTORY, inventory, ret);
}

static struct err *flaky_create(void *self, const struct driver_call *call, const struct driver_create *create,
                                struct driver_created *ret) {
    THROUGH(CREATE, create, create, ret);
}

static struct err *flaky_remove(void *self, const struct driver_call *call, const struct driver_volume *volume,
                                bool wipe) {
    THROUGH(REMOVE, remove, volume, wipe);
}

static struct err *flaky_list(void *self, const struct driver_call *call, const char *token, size_t most,
                              struct driver_objects *ret) {
    THROUGH(LIST, list, token, most, ret);
}

static struct err *flaky_grow(void *self, const struct driver_call *call, const struct driver_volume *volume,
                              struct bytes size, struct bytes *ret) {
    THROUGH(GROW, grow, volume, size, ret);
}

static struct err *flaky_snapshot(void *self, const struct driver_call *call, const struct driver_volume *volume,
                                  const char *name, struct driver_snapshot *ret) {
    THROUGH(SNAPSHOT, snapshot, volume, name, ret);
}

static struct err *flaky_snapshot_remove(void *self, const struct driver_call *call, const char *handle) {
    THROUGH(SNAPSHOT_REMOVE, snapshot_remove, handle);
}

static struct err *flaky_attach(void *self, const struct driver_call *call, const struct driver_attach *attach,
                                const char **ret) {
    THROUGH(ATTACH, attach, attach, ret);
}

static struct err *flaky_detach(void *self, const struct driver_call *call, const struct driver_attach *attach) {
    THROUGH(DETACH, detach, attach);
}

static struct err *flaky_fence(void *self, const struct driver_call *call, const struct driver_attach *attach,
                               const char **ret) {
    THROUGH(FENCE, fence, attach, ret);
}

static struct err *flaky_tag(void *self, const struct driver_call *call, const struct driver_volume *volume,
                             const struct driver_pairs *tags) {
    THROUGH(TAG, tag, volume, tags);
}

// ---- open and close ----

struct err *flaky_wrap(const struct driver *inner, void *self, const char *schedule, void **ret_self) {
    struct flaky *f = NEW(struct flaky);
    f->inner = inner;
    f->self = self;
    struct err *e = flaky_schedule(f, schedule);
    if (e) {
        flaky_unwrap(f);
        return e;
    }
    *ret_self = f;
    return NULL;
}

void flaky_unwrap(void *flaky) {
    struct flaky *f = flaky;
    if (!f) return;
    vec_done(&f->rules);
    free(f);
}

void *flaky_inner(void *flaky) {
    return ((struct flaky *)flaky)->self;
}

static struct err *flaky_open(const struct driver_config *config, void **ret_self) {
    void *inner;
    TRY(driver_memory.open(config, &inner));
    struct err *e = flaky_wrap(&driver_memory, inner, driver_text(&config->settings, "schedule"), ret_self);
    if (e)
        driver_memory.close(inner);
    else
        ((struct flaky *)*ret_self)->owned = true;
    return e;
}

static void flaky_close(void *self) {
    struct flaky *f = self;
    if (f && f->owned) f->inner->close(f->self);
    flaky_unwrap(f);
}

static const struct driver_setting flaky_settings[] = {
    {"schedule", DRIVER_TEXT, .fallback = "",
     .help = "which calls misbehave: \"create:lose@1, attach:unknown%3, list:delay-2s\""},
    {.name = NULL},
};

const struct driver driver_flaky = {
    .name = "flaky",
    .help = "the driver 'memory', misbehaving on schedule",
    .capabilities = DRIVER_CARVE | DRIVER_GROW | DRIVER_SNAPSHOT | DRIVER_CLONE | DRIVER_FENCE | DRIVER_TAG |
                    DRIVER_LIST | DRIVER_MULTI_ATTACH | DRIVER_RAW_BLOCK | DRIVER_ZEROED,
    .parallel = true,
    .settings = flaky_settings,
    .pool_settings = memory_pool_settings,
    .open = flaky_open,
    .close = flaky_close,
    .inventory = flaky_inventory,
    .create = flaky_create,
    .remove = flaky_remove,
    .list = flaky_list,
    .grow = flaky_grow,
    .snapshot = flaky_snapshot,
    .snapshot_remove = flaky_snapshot_remove,
    .attach = flaky_attach,
    .detach = flaky_detach,
    .fence = flaky_fence,
    .tag = flaky_tag,
};
