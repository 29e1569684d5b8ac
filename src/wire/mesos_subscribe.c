// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE: who the framework is, which roles it has, what it understands. Whether it may come back is the core's to say.
#include "wire/mesos.h"

#include <math.h>

#include "wire/mesos_basic.h"
#include "wire/mesos_wish.h"

enum {
    ROLES_MOST = 256,
    INFO_LARGEST = 256 * 1024, // packed; kept as long as the framework is
};
#define FAILOVER_LONGEST 9223372036.0 // seconds: what fits in nanoseconds, as in Mesos

typedef Mesos__V1__FrameworkInfo framework_info;

// `role` is deprecated in the messages and what frameworks without MULTI_ROLE send.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static const char *info_role(const framework_info *info) {
    return info->role;
}
#pragma GCC diagnostic pop

static bool info_has_role(const framework_info *info) {
    return info_role(info) && info_role(info) != mesos__v1__framework_info__role__default_value;
}

static uint32_t info_capabilities(const framework_info *info) {
    uint32_t set = 0;
    for (size_t i = 0; i < info->n_capabilities; i++) {
        const Mesos__V1__FrameworkInfo__Capability *c = info->capabilities[i];
        if (c->has_type && c->type > 0 && (unsigned)c->type < 32) set |= 1u << c->type;
    }
    return set;
}

static bool can(uint32_t set, enum framework_capability c) {
    return set >> c & 1;
}

// ---- checks ----

static struct err *roles_check(const framework_info *info) {
    if (info->n_roles > ROLES_MOST)
        return err_new(ERR_INVALID, "'FrameworkInfo.roles' has %zu roles; the most is %d", info->n_roles, ROLES_MOST);
    for (size_t i = 0; i < info->n_roles; i++) {
        TRY(err_wrap(role_check(info->roles[i]), "'FrameworkInfo.roles' contains invalid role"));
        for (size_t j = 0; j < i; j++)
            if (strcmp(info->roles[i], info->roles[j]) == 0)
                return err_new(ERR_INVALID, "'FrameworkInfo.roles' contains duplicate items: { %s }", info->roles[i]);
    }
    return NULL;
}

static struct err *role_shape_check(const framework_info *info, uint32_t capabilities) {
    if (can(capabilities, FW_MULTI_ROLE)) {
        if (info_has_role(info))
            return err_new(ERR_INVALID,
                           "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable");
        return roles_check(info);
    }
    if (info->n_roles)
        return err_new(ERR_INVALID,
                       "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable");
    return err_wrap(role_check(info_role(info)), "'FrameworkInfo.role' is not a valid role");
}

static bool has_text(char *const *texts, size_t count, const char *text) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], text) == 0) return true;
    return false;
}

static struct err *suppressed_check(const Mesos__V1__Scheduler__Call__Subscribe *call) {
    const framework_info *info = call->framework_info;
    const char *only = info_role(info);
    for (size_t i = 0; i < call->n_suppressed_roles; i++) {
        const char *role = call->suppressed_roles[i];
        bool known = info->n_roles ? has_text(info->roles, info->n_roles, role) : strcmp(role, only) == 0;
        if (!known) return err_new(ERR_INVALID, "Suppressed roles { %s } are not contained in the set of roles", role);
        if (has_text(call->suppressed_roles, i, role))
            return err_new(ERR_INVALID, "Suppressed roles name { %s } twice", role);
    }
    return NULL;
}

static struct err *labelled_check(uint32_t capabilities) {
    if (can(capabilities, FW_MULTI_ROLE) && can(capabilities, FW_REFINEMENT)) return NULL;
    return err_new(ERR_INVALID,
                   "the label '" MESOS_STORAGE "' asks for storage in offers, which needs the capabilities MULTI_ROLE "
                   "and RESERVATION_REFINEMENT; add both, or leave the label out");
}

static struct err *failover_read(double seconds, struct milli *ret_timeout) {
    if (!(fabs(seconds) <= FAILOVER_LONGEST))
        return err_new(ERR_INVALID, "'FrameworkInfo.failover_timeout' %g is no duration; expected 0 to %.0f seconds",
                       seconds, FAILOVER_LONGEST);
    must(milli_from_double(seconds, ret_timeout));
    if (ret_timeout->n < 0) ret_timeout->n = 0;
    return NULL;
}

static struct err *length_check(const char *what, const char *text) {
    if (!text || strlen(text) <= MESOS_TEXT_LONGEST) return NULL;
    return err_new(ERR_INVALID, "'FrameworkInfo.%s' is longer than %d bytes", what, MESOS_TEXT_LONGEST);
}

static struct err *info_check(const Mesos__V1__Scheduler__Call__Subscribe *call, uint32_t capabilities) {
    const framework_info *info = call->framework_info;
    TRY(length_check("name", info->name));
    TRY(length_check("user", info->user));
    TRY(length_check("principal", info->principal));
    TRY(role_shape_check(info, capabilities));
    return suppressed_check(call);
}

// ---- reading ----

static const symbol *roles_make(struct symbols *s, char *const *names, size_t count, struct arena *arena) {
    symbol *roles = arena_zero(arena, count, sizeof *roles);
    for (size_t i = 0; i < count; i++) roles[i] = symbol_make(s, names[i]);
    return roles;
}

static void roles_read(struct symbols *s, const framework_info *info, struct arena *arena, struct cmd_subscribe *ret) {
    if (can(ret->capabilities, FW_MULTI_ROLE)) {
        ret->roles = roles_make(s, info->roles, info->n_roles, arena);
        ret->role_count = info->n_roles;
    } else {
        char *only = arena_text(arena, info_role(info));
        ret->roles = roles_make(s, &only, 1, arena);
        ret->role_count = 1;
    }
}

struct err *mesos_subscribe_read(struct symbols *s, const mesos_call *call, struct arena *arena,
                                 struct cmd_subscribe *ret) {
    const Mesos__V1__Scheduler__Call__Subscribe *subscribe = call->subscribe;
    const framework_info *info = subscribe->framework_info;
    struct cmd_subscribe c = {
        .text_id = info->id ? info->id->value : NULL,
        .name = info->name,
        .user = info->user,
        .capabilities = info_capabilities(info),
        .labelled = mesos_label_find(info->labels, MESOS_STORAGE) != NULL,
    };
    TRY(info_check(subscribe, c.capabilities));
    if (c.labelled) TRY(labelled_check(c.capabilities));
    TRY(failover_read(info->failover_timeout, &c.failover_timeout));
    const struct blob *packed = mesos_pack(&info->base, arena);
    if (packed->size > INFO_LARGEST)
        return err_new(ERR_INVALID, "the FrameworkInfo has %u bytes; the most is %d", packed->size, INFO_LARGEST);
    c.info = packed;
    c.principal = symbol_make(s, info->principal ? info->principal : "");
    roles_read(s, info, arena, &c);
    TRY(mesos_wishes_read(s, subscribe, arena, &c));
    c.suppressed = roles_make(s, subscribe->suppressed_roles, subscribe->n_suppressed_roles, arena);
    c.suppressed_count = subscribe->n_suppressed_roles;
    *ret = c;
    return NULL;
}
