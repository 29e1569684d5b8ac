// SPDX-License-Identifier: Apache-2.0
// Providers connect, report, answer, go.
#include "core/provider.h"

#include "base/text.h"
#include "core/agent.h"
#include "core/attachment.h"
#include "core/index.h"
#include "core/warning.h"

// What was only wanted while the provider was away is asked of it now.
static void provider_start_wanted(struct draft *d, uint64_t provider) {
    struct id_list open = draft_related(d, OPEN_OPERATIONS_OF_PROVIDER, provider);
    VEC_EACH (id, &open) {
        const struct operation_row *o = draft_operation(d, *id);
        const struct volume_row *v = draft_volume(d, o->volume);
        if (o->kind == OP_CREATE && v && v->state == VOLUME_WANTED)
            volume_move(d, edit_volume(d, v->id, EV_volume_making), VOLUME_MAKING);
    }
}

struct err *decide_provider_hello(struct draft *d, const struct cmd_provider_hello *c, struct answer *ret_answer) {
    TRY(name_check("provider", c->name));
    TRY(registry_check(d->state, arena_format(d->arena, "provider '%s'", c->name), c->cluster, c->highest_seen));
    const struct provider_row *known = state_provider_named(d->state, c->name);
    if (known && !blob_equal(known->secret, c->secret))
        return err_new(
            ERR_DENIED,
            "provider '%s': another provider registered under this name (its secret differs); choose another name, "
            "or remove the old one with 'granary provider remove'",
            c->name);
    if (known && strcmp(known->driver, c->driver) != 0)
        return err_new(ERR_CONFLICT, "provider '%s': it was registered with driver '%s' and says '%s' now", c->name,
                       known->driver, c->driver);
    struct provider_row *p;
    if (known) {
        p = edit_provider(d, known->id, EV_provider_connected);
    } else {
        p = draft_add(d, NOUN_PROVIDER, EV_provider_added);
        p->name = c->name;
        p->driver = c->driver;
        p->secret = c->secret;
    }
    p->session = c->session;
    p->heard = d->now.mono;
    p->stale_since = (struct wall){0};
    provider_start_wanted(d, p->id);
    vec_push(&ret_answer->ids, p->id);
    return NULL;
}

// The pools of a provider while it reports: every one is looked at once, and so is every attachment.
struct reporting {
    struct map known;    // "instance/name" -> id
    struct map reported; // id -> whether it asks something else of agents than before
};

static const char *pool_called(const struct draft *d, const char *instance, const char *name) {
    return arena_format(d->arena, "%s/%s", instance, name);
}

static void reporting_begin(struct reporting *r, const struct draft *d, uint64_t provider) {
    struct id_list pools = draft_related(d, POOLS_OF_PROVIDER, provider);
    VEC_EACH (id, &pools) {
        const struct pool_row *p = draft_pool(d, *id);
        map_put_text(&r->known, pool_called(d, p->instance, p->name), NULL)->n = *id;
    }
}

static struct err *pool_report_check(const struct pool_report *r) {
    TRY(name_check("pool", r->name));
    TRY(name_check("instance", r->instance));
    if (!r->charge_numerator || !r->charge_denominator)
        return err_new(ERR_INVALID, "pool '%s/%s': its charge factor is %u/%u; both parts must be above 0", r->instance,
                       r->name, r->charge_numerator, r->charge_denominator);
    return NULL;
}

static struct err *pool_take_report(struct draft *d, uint64_t provider, const struct pool_report *r,
                                    struct reporting *reporting) {
    TRY(pool_report_check(r));
    const char *called = pool_called(d, r->instance, r->name), *store = r->store && *r->store ? r->store : called;
    union map_value *place = map_put_text(&reporting->known, called, NULL);
    const struct pool_row *known = place->n ? draft_pool(d, place->n) : NULL;
    if (known && strcmp(known->store, store) != 0)
        return err_new(
            ERR_CONFLICT,
            "pool '%s/%s': its backing store was '%s' and is reported as '%s'; give the moved pool another name",
            r->instance, r->name, known->store, store);
    bool changed =
        !known || known->charge_numerator != r->charge_numerator || known->charge_denominator != r->charge_denominator;
    if (known && changed)
        return err_new(
            ERR_CONFLICT,
            "pool '%s/%s': its charge factor was %u/%u and is reported as %u/%u; what is granted was counted with the "
            "old one: give the changed pool another name",
            r->instance, r->name, known->charge_numerator, known->charge_denominator, r->charge_numerator,
            r->charge_denominator);
    struct pool_row *p = known ? edit_pool(d, known->id, EV_pool_reported) : draft_add(d, NOUN_POOL, EV_pool_added);
    if (!known) {
        p->provider = provider;
        p->name = r->name;
        p->instance = r->instance;
        p->store = store;
        p->charge_numerator = r->charge_numerator;
        p->charge_denominator = r->charge_denominator;
        p->first_total = (struct bytes){r->facts->total.bytes};
    }
    bool asks_else = known && !index_pool_alike(known->facts, r->facts); // also the first after a restart
    place->n = p->id;
    map_put(&reporting->reported, p->id, NULL)->n |= asks_else;
    p->facts = r->facts;
    p->stale = false;
    return NULL;
}

static struct err *pools_take_report(struct draft *d, const struct cmd_provider_report *c, struct reporting *r) {
    reporting_begin(r, d, c->provider);
    for (size_t i = 0; i < c->pool_count; i++) TRY(pool_take_report(d, c->provider, &c->pools[i], r));
    MAP_EACH (entry, &r->known) {
        bool missing = !draft_pool(d, entry->value.n)->stale && !map_find(&r->reported, entry->value.n);
        if (missing) edit_pool(d, entry->value.n, EV_pool_stale)->stale = true;
    }
    warnings_of_pools(d, &r->reported);
    return NULL;
}

struct err *decide_provider_report(struct draft *d, const struct cmd_provider_report *c) {
    const struct provider_row *known = draft_provider(d, c->provider);
    struct reporting reporting = {0};
    if (!known || known->session != c->session) return NULL; // said before it was replaced
    struct err *e = pools_take_report(d, c, &reporting);
    map_done(&reporting.known);
    map_done(&reporting.reported);
    TRY(err_wrap(e, "provider '%s'", known->name));
    struct provider_row *p = edit_provider(d, c->provider, EV_provider_reported);
    p->facts = c->facts;
    p->heard = d->now.mono;
    return NULL;
}

static void volume_found(struct draft *d, const struct volume_row *v, bool listed) {
    static const char unlisted[] = "the storage does not list it any more; look there before you delete it here";
    if (listed == !text_equal(v->message, unlisted)) return; // that is what it says
    if (v->state != VOLUME_READY || !v->handle || draft_related(d, OPEN_OPERATIONS_OF_VOLUME, v->id).count) return;
    edit_volume(d, v->id, EV_volume_changed)->message = listed ? NULL : unlisted;
}

void decide_provider_objects(struct draft *d, const struct cmd_provider_objects *c) {
    const struct provider_row *known = draft_provider(d, c->provider);
    if (!known || known->session != c->session) return;
    struct map listed = {0};
    for (size_t i = 0; i < c->volume_count; i++)
        map_put_bytes(&listed, c->volumes[i].bytes, sizeof c->volumes[i].bytes, NULL);
    size_t ours = 0;
    STATE_EACH(VOLUME, volume_row, v, d->state) {
        const struct pool_row *pool = state_pool(d->state, v->charge.pool);
        if (!pool || pool->provider != c->provider) continue;
        bool found = map_find_bytes(&listed, v->uuid.bytes, 16);
        ours += found;
        if (found || !pool->stale) volume_found(d, v, found); // who does not report a pool did not look into it either
    }
    size_t unknown = map_count(&listed) - (ours < map_count(&listed) ? ours : map_count(&listed));
    map_done(&listed);
    edit_provider(d, c->provider, EV_provider_reported)->foreign_objects = (uint32_t)(c->foreign + unknown);
}

static void result_done(struct draft *d, const struct operation_row *o, const struct cmd_provider_result *c) {
    switch ((enum operation_kind)o->kind) {
    case OP_CREATE: volume_created(d, o, c->handle, c->context, c->size); break;
    case OP_DELETE: volume_deleted(d, o); break;
    case OP_GROW: volume_grown(d, o, c->size); break;
    case OP_ATTACH: attachment_mapped(d, o, c->context); break;
    case OP_DETACH: attachment_unmapped(d, o); break;
    case OP_FENCE: attachment_fenced(d, o, c->message); break;
    default: break;
    }
}

static void result_failed(struct draft *d, const struct operation_row *o, const struct cmd_provider_result *c) {
    switch ((enum operation_kind)o->kind) {
    case OP_CREATE: volume_create_failed(d, o, c->error, c->message); break;
    case OP_DELETE: volume_delete_failed(d, o, c->error, c->message); break;
    case OP_GROW: volume_grow_failed(d, o, c->error, c->message); break;
    case OP_ATTACH: attachment_map_failed(d, o, c->message); break;
    case OP_DETACH: attachment_unmap_failed(d, o, c->message); break;
    case OP_FENCE: attachment_fence_failed(d, o, c->message); break;
    default: break;
    }
}

void decide_provider_result(struct draft *d, const struct cmd_provider_result *c) {
    const struct operation_row *o = draft_operation(d, c->operation);
    if (!o || o->state != OP_OPEN || o->provider != c->provider) return; // answered twice
    if (c->done) {
        result_done(d, o, c);
    } else if (c->error == ERR_UNKNOWN) {
        edit_operation(d, o->id, EV_operation_opened)->message =
            c->message; // stays open: asked again when it can be known
    } else {
        result_failed(d, o, c);
    }
}

void decide_provider_heard(struct draft *d, const struct cmd_session *c) {
    const struct provider_row *p = draft_provider(d, c->who);
    if (!p || p->session != c->session) return;
    edit_provider(d, c->who, EV_provider_reported)->heard = d->now.mono;
}

void provider_away(struct draft *d, uint64_t provider) {
    struct provider_row *p = edit_provider(d, provider, EV_provider_away);
    p->session = 0;
    p->stale_since = d->now.wall;
}

void decide_provider_gone(struct draft *d, const struct cmd_session *c) {
    const struct provider_row *p = draft_provider(d, c->who);
    if (p && p->session == c->session) provider_away(d, c->who);
}

static const struct pool_row *pool_of_provider(const struct draft *d, uint64_t pool, uint64_t provider) {
    const struct pool_row *p = state_pool(d->state, pool);
    return p && p->provider == provider ? p : NULL;
}

static const struct pool_row *pool_in_use(const struct draft *d, uint64_t provider) {
    const struct pool_row *used = NULL;
    STATE_EACH(VOLUME, volume_row, v, d->state) {
        if ((used = pool_of_provider(d, v->charge.pool, provider))) return used;
    }
    STATE_EACH(RESERVATION, reservation_row, r, d->state) {
        if ((used = pool_of_provider(d, r->charge.pool, provider))) return used;
    }
    return NULL;
}

struct err *decide_provider_remove(struct draft *d, const char *name) {
    const struct provider_row *p = state_provider_named(d->state, name);
    if (!p) return err_new(ERR_NOT_FOUND, "provider '%s': there is none of that name", name);
    if (p->session) return err_new(ERR_CONFLICT, "provider '%s': it is connected; stop it first", name);
    const struct pool_row *used = pool_in_use(d, p->id);
    if (used)
        return err_new(ERR_CONFLICT, "provider '%s': pool '%s' holds volumes or reservations; release them first", name,
                       used->name);
    struct id_list pools = draft_related(d, POOLS_OF_PROVIDER, p->id);
    VEC_EACH (id, &pools) draft_remove(d, NOUN_POOL, *id, EV_pool_removed);
    draft_remove(d, NOUN_PROVIDER, p->id, EV_provider_removed);
    return NULL;
}
