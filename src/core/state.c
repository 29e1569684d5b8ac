// SPDX-License-Identifier: Apache-2.0
// The registry in memory: how an event changes it, and how all that is derived follows.
#include "core/state.h"

#include <stdlib.h>

#include "core/allocator.h"
#include "core/index.h"

struct state *state_new(struct uuid cluster, uint32_t generation, struct timing timing) {
    must(generation && generation < 1u << 16);
    struct state *s = NEW(struct state);
    s->cluster = (struct cluster){.id = cluster, .generation = generation};
    s->timing = timing;
    s->last_id = (uint64_t)generation << 48;
    for (size_t i = 0; i < NOUN_COUNT; i++) table_init(&s->tables[i], &row_kinds[i]);
    s->index = index_new();
    s->allocator = allocator_new();
    return s;
}

void state_free(struct state *s) {
    if (!s) return;
    allocator_free(s->allocator);
    index_free(s->index);
    ledger_done(&s->ledger);
    heap_done(&s->timers);
    heap_done(&s->wall_timers);
    for (size_t i = 0; i < RELATION_COUNT; i++) relation_lists_done(&s->relations[i]);
    for (size_t i = 0; i < NOUN_COUNT; i++) {
        name_index_done(&s->names[i]);
        table_done(&s->tables[i]);
    }
    name_index_done(&s->stores);
    domains_done(&s->domains);
    symbols_done(&s->symbols);
    free(s);
}

// ---- what is derived from one row: added before it counts, taken back before it changes ----

static void name_relate(struct state *s, enum noun noun, const void *row, uint64_t id, bool add) {
    struct name_key key;
    if (row_name_key(noun, row, &key)) (add ? name_index_add : name_index_remove)(&s->names[noun], &key, id);
}

// Pools of one backing store share one account: the first that comes opens it, the last that goes closes it.
static const struct pool_row *pool_of_store(const struct state *s, const struct name_key *key) {
    return state_pool(s, name_index_find(&s->stores, &s->tables[NOUN_POOL], NAMES_OF_STORES, key));
}

static void store_join(struct state *s, struct pool_row *pool) {
    struct name_key key;
    must(row_name_key(NAMES_OF_STORES, pool, &key));
    const struct pool_row *other = pool_of_store(s, &key);
    pool->account = other ? other->account : ledger_account_open(&s->ledger);
    name_index_add(&s->stores, &key, pool->id);
}

static void store_leave(struct state *s, const struct pool_row *pool) {
    struct name_key key;
    must(row_name_key(NAMES_OF_STORES, pool, &key));
    name_index_remove(&s->stores, &key, pool->id);
    if (!pool_of_store(s, &key)) ledger_account_close(&s->ledger, pool->account);
}

static void lists_relate(struct state *s, enum noun noun, const void *row, uint64_t id, bool add) {
    uint64_t keys[RELATION_KEYS_MOST];
    for (enum relation r = 0; r < RELATION_COUNT; r++) {
        if (relation_noun(r) != noun) continue;
        size_t n = relation_keys(r, row, keys);
        for (size_t i = 0; i < n; i++) (add ? relation_add : relation_remove)(&s->relations[r], keys[i], id);
    }
}

static void pool_charge(struct state *s, uint64_t from,
                        struct quantities (*cost)(const struct pool_row *, const void *), const void *row, bool add) {
    struct pool_row *pool = table_get(&s->tables[NOUN_POOL], from);
    if (!pool) return;
    struct quantities q = cost(pool, row);
    ledger_charge(&s->ledger, pool, &q, add);
}

static struct quantities cost_of_volume(const struct pool_row *p, const void *row) {
    return volume_cost(p, row);
}
static struct quantities cost_of_reservation(const struct pool_row *p, const void *row) {
    return reservation_cost(p, row);
}

static void scalars_move(struct scalars *to, const struct scalars *by, bool add) {
    int64_t sign = add ? 1 : -1;
    to->cpus.n += sign * by->cpus.n;
    to->mem.n += sign * by->mem.n;
    to->disk.n += sign * by->disk.n;
}

static void volume_counters(struct state *s, uint64_t volume, bool operation, bool add) {
    struct volume_row *v = table_get(&s->tables[NOUN_VOLUME], volume);
    if (!v) return;
    uint32_t *count = operation ? &v->open_operation_count : &v->attachment_count;
    must(add || *count);
    *count += add ? 1 : UINT32_MAX;
    allocator_volume_put(s, v);
}

static struct agent_row *agent_live(struct state *s, uint64_t id) {
    return table_get(&s->tables[NOUN_AGENT], id);
}

static void attachment_charge(struct state *s, const struct attachment_row *a, bool add) {
    struct agent_row *agent = agent_live(s, a->agent);
    if (!agent) return;
    must(add || (agent->held.attachments && agent->held.bandwidth >= a->bandwidth.n));
    agent->held.attachments += add ? 1 : UINT32_MAX;
    agent->held.bandwidth += add ? a->bandwidth.n : -a->bandwidth.n;
}

static void offer_volumes(struct state *s, const struct offer_row *o, bool add) {
    for (size_t i = 0; i < blob_count(o->volumes, uint64_t); i++) {
        struct volume_row *v = table_get(&s->tables[NOUN_VOLUME], blob_items(o->volumes, uint64_t)[i]);
        if (v) v->offer = add ? o->id : 0;
    }
}

static void account_relate(struct state *s, enum noun noun, const void *row, bool add) {
    const struct volume_row *volume = row;
    const struct reservation_row *reservation = row;
    const struct attachment_row *attachment = row;
    const struct operation_row *operation = row;
    const struct task_row *task = row;
    const struct offer_row *offer = row;
    struct agent_row *agent; // NULL: none, or it is gone
    switch (noun) {
    case NOUN_VOLUME: pool_charge(s, volume->charge.pool, cost_of_volume, row, add); break;
    case NOUN_RESERVATION:
        pool_charge(s, reservation->charge.pool, cost_of_reservation, row, add);
        if ((agent = agent_live(s, reservation->agent)))
            scalars_move(&agent->held.reserved, &reservation->scalars, add);
        break;
    case NOUN_ATTACHMENT:
        attachment_charge(s, attachment, add);
        volume_counters(s, attachment->volume, false, add);
        break;
    case NOUN_OPERATION:
        if (operation->state == OP_OPEN && operation->volume) volume_counters(s, operation->volume, true, add);
        break;
    case NOUN_TASK:
        if (!task_state_ended(task->state) && (agent = agent_live(s, task->agent)))
            scalars_move(&agent->held.used, &task->resources, add);
        break;
    case NOUN_OFFER:
        if ((agent = agent_live(s, offer->agent))) {
            scalars_move(&agent->held.offered, &offer->resources, add);
            scalars_move(&agent->held.offered, &offer->reserved, !add); // counted with its reservation
        }
        offer_volumes(s, offer, add);
        break;
    default: break;
    }
}

static void row_relate(struct state *s, enum noun noun, const void *row, uint64_t id, bool add) {
    lists_relate(s, noun, row, id, add);
    account_relate(s, noun, row, add);
}

// ---- hooks of the index and the allocator ----

static void charged_pool_changed(struct state *s, enum noun noun, const void *row) {
    const struct volume_row *v = row;
    const struct reservation_row *r = row;
    const struct pool_row *pool = state_pool(s, noun == NOUN_VOLUME ? v->charge.pool : r->charge.pool);
    if (pool) index_account_changed(s, pool->account);
}

static void hook_put(struct state *s, enum noun noun, void *live, const void *before, bool fresh) {
    struct pool_row *pool = live;
    struct agent_row *agent = live;
    const struct provider_row *provider = live;
    switch (noun) {
    case NOUN_POOL:
        index_pool_put(s, pool, fresh || ((const struct pool_row *)before)->facts != pool->facts);
        allocator_pools_changed(s);
        break;
    case NOUN_PROVIDER:
        if (!provider->session != (fresh || !((const struct provider_row *)before)->session))
            index_provider_changed(s, provider);
        allocator_pools_changed(s);
        break;
    case NOUN_AGENT:
        index_agent_put(s, agent, fresh || ((const struct agent_row *)before)->facts != agent->facts);
        allocator_agent_put(s, agent);
        break;
    case NOUN_CLASS:
        index_class_put(s, live);
        allocator_pools_changed(s);
        break;
    case NOUN_FRAMEWORK: allocator_framework_put(s, fresh ? NULL : before, live); break;
    case NOUN_VOLUME:
        allocator_volume_put(s, live);
        // fall through
    case NOUN_RESERVATION:
        if (!fresh) charged_pool_changed(s, noun, before);
        charged_pool_changed(s, noun, live);
        allocator_pools_changed(s);
        if (noun == NOUN_RESERVATION) allocator_agent_changed(s, ((const struct reservation_row *)live)->agent);
        break;
    case NOUN_TASK: allocator_task_changed(s, ((const struct task_row *)live)->agent); break;
    case NOUN_OFFER: allocator_offer_put(s, live); break;
    case NOUN_ROLE: allocator_role_put(s, live); break;
    default: break;
    }
}

static void hook_removed(struct state *s, enum noun noun, const void *last, enum event_kind kind) {
    switch (noun) {
    case NOUN_POOL:
        index_pool_removed(s, last);
        allocator_pools_changed(s);
        break;
    case NOUN_AGENT:
        index_agent_removed(s, last);
        allocator_agent_removed(s, last);
        break;
    case NOUN_CLASS:
        index_class_removed(s, last);
        allocator_pools_changed(s);
        break;
    case NOUN_FRAMEWORK: allocator_framework_removed(s, last); break;
    case NOUN_VOLUME:
        charged_pool_changed(s, noun, last);
        allocator_volume_removed(s, last);
        break;
    case NOUN_RESERVATION:
        charged_pool_changed(s, noun, last);
        allocator_pools_changed(s);
        allocator_agent_changed(s, ((const struct reservation_row *)last)->agent);
        break;
    case NOUN_TASK: allocator_task_changed(s, ((const struct task_row *)last)->agent); break;
    case NOUN_OFFER: allocator_offer_removed(s, last, kind); break;
    default: break;
    }
}

// ---- timers ----

int64_t row_deadline(const struct state *s, enum noun noun, const void *row) {
    const struct agent_row *agent = row;
    const struct attachment_row *attachment = row;
    const struct operation_row *operation = row;
    const struct task_row *task = row;
    const int64_t never = INT64_MAX;
    switch (noun) {
    case NOUN_AGENT:
        if (agent->state == AGENT_IS_LOST || agent->state == AGENT_IS_GONE) return never;
        return agent->heard.ms + s->timing.lost_ms;
    case NOUN_PROVIDER: {
        const struct provider_row *provider = row;
        return provider->session ? provider->heard.ms + s->timing.lost_ms : never;
    }
    case NOUN_ATTACHMENT: return attachment->retry_at.ms ? attachment->retry_at.ms : never;
    case NOUN_OPERATION: return operation->status_uuid && operation->resend_at.ms ? operation->resend_at.ms : never;
    case NOUN_TASK:
        if (!task->launched && !task_state_ended(task->state)) return task->wait_until.ms ? task->wait_until.ms : never;
        return task->update_uuid && task->resend_at.ms ? task->resend_at.ms : never;
    default: return never;
    }
}

int64_t row_wall_deadline(enum noun noun, const void *row) {
    const struct framework_row *framework = row;
    const struct reservation_row *reservation = row;
    if (noun == NOUN_FRAMEWORK && !framework->session && !framework->completed)
        return framework->disconnected.ms + framework->failover_timeout.n;
    if (noun == NOUN_RESERVATION && reservation->expires.ms) return reservation->expires.ms;
    return INT64_MAX;
}

static void timers_set(struct state *s, enum noun noun, const void *row, uint64_t id) {
    int64_t mono = row_deadline(s, noun, row), wall = row_wall_deadline(noun, row);
    if (mono != INT64_MAX) heap_push(&s->timers, mono, id);
    if (wall != INT64_MAX) heap_push(&s->wall_timers, wall, id);
}

void state_timers_passed(struct state *s, struct mono mono, struct wall wall) {
    while (s->timers.count && heap_first(&s->timers)->when <= mono.ms) heap_pop(&s->timers);
    while (s->wall_timers.count && heap_first(&s->wall_timers)->when <= wall.ms) heap_pop(&s->wall_timers);
}

// All that follows from a row as it is now.
static void row_derive(struct state *s, enum noun noun, void *live, const void *before, bool fresh) {
    uint64_t id;
    memcpy(&id, live, sizeof id);
    if (fresh) {
        if (noun == NOUN_POOL) store_join(s, live);
        name_relate(s, noun, live, id, true); // names never change
    }
    row_relate(s, noun, live, id, true);
    timers_set(s, noun, live, id);
    hook_put(s, noun, live, before, fresh);
}

static void apply_put(struct state *s, const struct event *e, uint64_t id) {
    const struct row_kind *kind = &row_kinds[e->noun];
    bool fresh;
    void *live = table_add(&s->tables[e->noun], id, &fresh);
    // The old image stays readable for the hooks; what it owns may be freed by row_put, so they compare pointers only.
    char before[sizeof(struct volume_row) + sizeof(struct framework_row)];
    must(kind->size <= sizeof before);
    memcpy(before, live, kind->size);
    if (!fresh) row_relate(s, e->noun, live, id, false);
    row_put(kind, live, e->row);
    row_derive(s, e->noun, live, before, fresh);
}

static void apply_removal(struct state *s, const struct event *e, uint64_t id) {
    const void *live = table_get(&s->tables[e->noun], id);
    if (!live) return; // made and removed by one command
    name_relate(s, e->noun, live, id, false);
    row_relate(s, e->noun, live, id, false);
    hook_removed(s, e->noun, e->row, e->kind);
    if (e->noun == NOUN_POOL) store_leave(s, live);
    table_remove(&s->tables[e->noun], id);
}

static uint64_t event_take_id(struct state *s, uint64_t seq, const struct event *e) {
    must(seq >= s->seq);
    uint64_t id;
    memcpy(&id, e->row, sizeof id);
    if (id > s->last_id) s->last_id = id;
    s->seq = seq;
    return id;
}

void state_apply(struct state *s, uint64_t seq, const struct event *e) {
    uint64_t id = event_take_id(s, seq, e);
    if (e->removed)
        apply_removal(s, e, id);
    else
        apply_put(s, e, id);
}

// ---- recovery ----

void state_recover(struct state *s, uint64_t seq, const struct event *e) {
    uint64_t id = event_take_id(s, seq, e);
    struct table *t = &s->tables[e->noun];
    if (!e->removed)
        row_put(t->kind, table_add(t, id, NULL), e->row);
    else if (table_get(t, id))
        table_remove(t, id);
}

struct err *state_settle(struct state *s) {
    for (enum noun n = 0; n < NOUN_COUNT; n++) table_sort(&s->tables[n]);
    for (enum noun n = 0; n < NOUN_COUNT; n++) {
        uint64_t id = 0;
        for (void *row; (row = table_next(&s->tables[n], id));) {
            memcpy(&id, row, sizeof id);
            TRY(row_check(s, n, row));
            row_derive(s, n, row, NULL, true);
        }
    }
    return NULL;
}

// ---- reading ----

static const void *named(const struct state *s, enum noun noun, const void *wanted) {
    struct name_key key;
    row_name_key(noun, wanted, &key);
    return table_get(&s->tables[noun], name_index_find(&s->names[noun], &s->tables[noun], noun, &key));
}

const struct agent_account *state_held(const struct state *s, uint64_t agent) {
    static const struct agent_account nothing;
    const struct agent_row *row = state_agent(s, agent);
    return row ? &row->held : &nothing;
}

const struct provider_row *state_provider_named(const struct state *s, const char *name) {
    return named(s, NOUN_PROVIDER, &(struct provider_row){.name = name});
}

const struct agent_row *state_agent_named(const struct state *s, const char *name) {
    return named(s, NOUN_AGENT, &(struct agent_row){.name = name});
}

const struct class_row *state_class_named(const struct state *s, const char *name) {
    return named(s, NOUN_CLASS, &(struct class_row){.name = name});
}

const struct role_row *state_role_named(const struct state *s, symbol role) {
    return named(s, NOUN_ROLE, &(struct role_row){.name = role});
}

const struct volume_row *state_volume_named(const struct state *s, struct owner owner, const char *name) {
    return named(s, NOUN_VOLUME, &(struct volume_row){.owner = owner, .name = name});
}

const struct framework_row *state_framework_named(const struct state *s, const char *text_id) {
    return named(s, NOUN_FRAMEWORK, &(struct framework_row){.text_id = text_id});
}

const struct task_row *state_task_named(const struct state *s, uint64_t framework, const char *text_id) {
    return named(s, NOUN_TASK, &(struct task_row){.framework = framework, .text_id = text_id});
}

const struct pool_row *state_pool_named(const struct state *s, const char *path) {
    const char *slash = strchr(path, '/'), *last = slash ? strchr(slash + 1, '/') : NULL;
    if (!last) return NULL;
    AUTO_FREE char *provider = mem_format("%.*s", (int)(slash - path), path);
    AUTO_FREE char *instance = mem_format("%.*s", (int)(last - slash - 1), slash + 1);
    const struct provider_row *p = state_provider_named(s, provider);
    return p ? named(s, NOUN_POOL, &(struct pool_row){.provider = p->id, .instance = instance, .name = last + 1})
             : NULL;
}

const struct id_list *state_related(const struct state *s, enum relation relation, uint64_t key) {
    return relation_get(&s->relations[relation], key);
}

const char *state_text(const struct state *s, symbol y) {
    return symbol_text(&s->symbols, y);
}

const char *pool_path(const struct state *s, const struct pool_row *p, struct arena *arena) {
    const struct provider_row *provider = state_provider(s, p->provider);
    return arena_format(arena, "%s/%s/%s", provider ? provider->name : "?", p->instance, p->name);
}

bool owner_equal(struct owner a, struct owner b) {
    return symbol_equal(a.role, b.role) && a.framework == b.framework;
}
