// SPDX-License-Identifier: Apache-2.0
// Reading plans: what is left out is as in a pool or an agent that is there.
#include "wire/plan.h"

#include <string.h>

#include "wire/agent.h"
#include "wire/agent_link.h"
#include "wire/class.h"
#include "wire/explain.h"
#include "wire/fields.h"
#include "wire/labels.h"
#include "wire/pool.h"
#include "wire/provider_link.h"
#include "wire/request.h"

struct reading {
    struct intake *in;
    const struct state *s;
    struct plan_change *changes;
    size_t count;
};

// ---- tags: those given replace the keys that the like one has ----

static bool tag_overrides(char *const *given, size_t count, const char *key) {
    size_t size = strlen(key);
    for (size_t i = 0; i < count; i++)
        if (strncmp(given[i], key, size) == 0 && (!given[i][size] || given[i][size] == '=')) return true;
    return false;
}

static Granary__Tag *tag_from(const char *text, struct arena *arena) {
    const char *equals = strchr(text, '=');
    Granary__Tag *m = ARENA_NEW(arena, Granary__Tag);
    granary__tag__init(m);
    m->key = equals ? arena_text_n(arena, text, (size_t)(equals - text)) : arena_text(arena, text);
    m->value = equals ? arena_text(arena, equals + 1) : NULL;
    return m;
}

static void tags_override(char *const *given, size_t count, Granary__Tag ***tags, size_t *tag_count,
                          struct arena *arena) {
    Granary__Tag **list = arena_zero(arena, count + *tag_count + 1, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < *tag_count; i++)
        if (!tag_overrides(given, count, (*tags)[i]->key)) list[n++] = (*tags)[i];
    for (size_t i = 0; i < count; i++) list[n++] = tag_from(given[i], arena);
    *tags = list;
    *tag_count = n;
}

// ---- pools ----

static struct err *pool_split(struct arena *arena, const char *path, const char **ret_provider,
                              const char **ret_instance, const char **ret_name) {
    const char *slash = strchr(path, '/'), *last = slash ? strchr(slash + 1, '/') : NULL;
    if (!last || strchr(last + 1, '/'))
        return err_new(ERR_INVALID, "pool '%.255s': write it as provider/instance/pool", path);
    *ret_provider = arena_text_n(arena, path, (size_t)(slash - path));
    *ret_instance = arena_text_n(arena, slash + 1, (size_t)(last - slash - 1));
    *ret_name = last + 1;
    return name_check("provider", *ret_provider);
}

static struct err *pool_like(const struct reading *r, const Granary__PlanPool *m, Granary__Pool **ret_pool) {
    *ret_pool = ARENA_NEW(r->in->arena, Granary__Pool);
    granary__pool__init(*ret_pool);
    if (!m->like) return NULL;
    const struct pool_row *like = state_pool_named(r->s, m->like);
    if (!like) return err_new(ERR_NOT_FOUND, "like '%.255s': there is no such pool", m->like);
    *ret_pool = pool_message(r->s, like, r->in->arena, DETAIL_API);
    (*ret_pool)->store = NULL; // its backing store is its own
    (*ret_pool)->has_headroom = false;
    (*ret_pool)->headroom = 0;
    return NULL;
}

static void constraints_add(char *const *given, size_t count, Granary__Pool *pool, struct arena *arena) {
    Granary__Constraint **list = arena_zero(arena, pool->n_constraints + count + 1, sizeof *list);
    for (size_t i = 0; i < pool->n_constraints; i++) list[i] = pool->constraints[i];
    for (size_t i = 0; i < count; i++) {
        Granary__Constraint *c = list[pool->n_constraints++] = ARENA_NEW(arena, Granary__Constraint);
        granary__constraint__init(c);
        c->selector = given[i];
    }
    pool->constraints = list;
}

static void pool_override(const Granary__PlanPool *m, Granary__Pool *pool, struct arena *arena) {
    static Granary__Capability carve[] = {GRANARY__CAPABILITY__CARVE};
    tags_override(m->tags, m->n_tags, &pool->tags, &pool->n_tags, arena);
    constraints_add(m->constraints, m->n_constraints, pool, arena);
    if (m->total) {
        pool->total = m->total;
        pool->has_capacity = false; // it may take all of it
        pool->capacity = 0;
    }
    if (m->has_smallest_volume) pool->smallest_volume = m->smallest_volume;
    if (m->has_largest_volume) pool->largest_volume = m->largest_volume;
    if (m->has_granularity) pool->granularity = m->granularity;
    if (m->n_capabilities || !pool->n_capabilities) {
        pool->capabilities = m->n_capabilities ? m->capabilities : carve;
        pool->n_capabilities = m->n_capabilities ? m->n_capabilities : 1;
    }
}

// Read by the code that reads what providers report.
static struct err *pool_take(struct reading *r, const Granary__PlanPool *m) {
    struct plan_change *c = &r->changes[r->count];
    struct arena *arena = r->in->arena;
    const char *instance = NULL, *name = NULL;
    Granary__Pool *pool;
    *c = (struct plan_change){.kind = PLAN_POOL, .name = m->pool};
    TRY(pool_split(arena, m->pool, &c->provider, &instance, &name));
    TRY(pool_like(r, m, &pool));
    pool->name = (char *)name;
    pool_override(m, pool, arena);
    Granary__Instance holder = GRANARY__INSTANCE__INIT, *instances[] = {&holder};
    Granary__TierReport report = GRANARY__TIER_REPORT__INIT;
    holder.name = (char *)instance;
    holder.pools = &pool;
    holder.n_pools = 1;
    report.instances = instances;
    report.n_instances = 1;
    struct cmd_provider_report read;
    TRY(tier_report_read(r->in, &report, 0, 0, &read));
    c->pool = read.pools[0];
    r->count++;
    return NULL;
}

// ---- agents ----

static void resources_override(const Granary__AgentResources *m, Granary__AgentResources *to) {
    if (m->has_cpus) to->has_cpus = true, to->cpus = m->cpus;
    if (m->has_mem) to->has_mem = true, to->mem = m->mem;
    if (m->has_disk) to->has_disk = true, to->disk = m->disk;
    if (m->n_ports) to->ports = m->ports, to->n_ports = m->n_ports;
    if (m->has_storage_bandwidth) to->has_storage_bandwidth = true, to->storage_bandwidth = m->storage_bandwidth;
    if (m->has_attach_slots) to->has_attach_slots = true, to->attach_slots = m->attach_slots;
    if (m->n_buses) to->buses = m->buses, to->n_buses = m->n_buses;
}

static struct err *agent_like(const struct reading *r, const Granary__PlanAgent *m, Granary__AgentReport *report) {
    report->resources = ARENA_NEW(r->in->arena, Granary__AgentResources);
    granary__agent_resources__init(report->resources);
    if (!m->like) return NULL;
    const struct agent_row *like = state_agent_named(r->s, m->like);
    if (!like) return err_new(ERR_NOT_FOUND, "like '%.255s': there is no such agent", m->like);
    const Granary__Agent *known = agent_message(r->s, like, r->in->arena, DETAIL_API);
    report->tags = known->tags;
    report->n_tags = known->n_tags;
    if (known->total) report->resources = known->total;
    return NULL;
}

static struct err *agent_take(struct reading *r, const Granary__PlanAgent *m) {
    Granary__AgentReport report = GRANARY__AGENT_REPORT__INIT;
    struct cmd_agent_report read;
    TRY(name_check("agent", m->name));
    TRY(agent_like(r, m, &report));
    tags_override(m->tags, m->n_tags, &report.tags, &report.n_tags, r->in->arena);
    if (m->total) resources_override(m->total, report.resources);
    TRY(agent_report_read(r->in, &report, 0, 0, &read));
    r->changes[r->count++] = (struct plan_change){.kind = PLAN_AGENT, .name = m->name, .agent = read.facts};
    return NULL;
}

static struct err *class_take(struct reading *r, const Granary__Class *m) {
    struct plan_change c = {.kind = PLAN_CLASS, .name = m->name};
    TRY(class_shared_from(r->in, m, &c.class));
    r->changes[r->count++] = c;
    return NULL;
}

// ---- the whole ----

static void removals_take(struct reading *r, enum plan_kind kind, char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) r->changes[r->count++] = (struct plan_change){.kind = kind, .name = names[i]};
}

static struct err *bounds_check(const Granary__Plan *m, const Granary__PlanRemoval *remove) {
    const size_t counts[] = {m->n_pools,          m->n_agents,     m->n_classes,     m->n_requests,
                             remove->n_providers, remove->n_pools, remove->n_agents, remove->n_classes};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (counts[i] > PLAN_MOST)
            return err_new(ERR_TOO_LARGE, "%zu of one kind; at most %d are planned at once", counts[i], PLAN_MOST);
    return NULL;
}

static struct err *changes_take(struct reading *r, const Granary__Plan *m, const Granary__PlanRemoval *remove) {
    removals_take(r, PLAN_PROVIDER_REMOVED, remove->providers, remove->n_providers);
    removals_take(r, PLAN_POOL_REMOVED, remove->pools, remove->n_pools);
    removals_take(r, PLAN_AGENT_REMOVED, remove->agents, remove->n_agents);
    removals_take(r, PLAN_CLASS_REMOVED, remove->classes, remove->n_classes);
    for (size_t i = 0; i < m->n_pools; i++) TRY(err_wrap(pool_take(r, m->pools[i]), "pools[%zu]", i));
    for (size_t i = 0; i < m->n_agents; i++) TRY(err_wrap(agent_take(r, m->agents[i]), "agents[%zu]", i));
    for (size_t i = 0; i < m->n_classes; i++) TRY(err_wrap(class_take(r, m->classes[i]), "classes[%zu]", i));
    return NULL;
}

// ---- requests, read by the code that reads them when they are made ----

// But for its labels.
static Granary__VolumeCreate volume_create_of(const Granary__PlanRequest *m) {
    Granary__VolumeCreate v = GRANARY__VOLUME_CREATE__INIT;
    v.name = m->name;
    v.class_ = m->class_;
    v.size = m->size;
    v.role = m->role;
    v.fs = m->fs;
    v.iops = m->iops;
    v.count = m->count;
    v.wait = m->wait;
    v.tags = m->tags;
    v.n_tags = m->n_tags;
    return v;
}

static Granary__RequestApply request_apply_of(const Granary__PlanRequest *m) {
    Granary__RequestApply r = GRANARY__REQUEST_APPLY__INIT;
    r.role = m->role;
    r.volumes = m->volumes;
    r.n_volumes = m->n_volumes;
    r.cpus = m->cpus;
    r.mem = m->mem;
    r.agent = m->agent;
    r.has_hold_ms = m->has_hold_ms;
    r.hold_ms = m->hold_ms;
    r.reason = m->reason;
    return r;
}

static struct err *one_kind_check(const Granary__PlanRequest *m) {
    bool alike = m->name || m->class_ || m->has_size || m->fs || m->has_iops || m->has_count || m->has_wait ||
                 m->n_tags || m->n_labels;
    bool together = m->has_cpus || m->has_mem || m->agent || m->has_hold_ms || m->reason;
    if (m->n_volumes && alike)
        return err_new(ERR_INVALID, "beside 'volumes' there are only role, cpus, mem, agent, hold_ms and reason");
    if (!m->n_volumes && together)
        return err_new(ERR_INVALID, "cpus, mem, agent, hold_ms and reason are for a request with 'volumes'");
    if (m->n_volumes || (m->name && m->class_ && m->has_size)) return NULL;
    return err_new(ERR_INVALID, "give the name, class and size of a volume, or 'volumes'");
}

static struct err *request_take(struct reading *r, const Granary__PlanRequest *m, struct command *ret_command) {
    TRY(one_kind_check(m));
    if (m->n_volumes) {
        const Granary__RequestApply asked = request_apply_of(m);
        ret_command->kind = CMD_request_apply;
        return request_apply_read(r->in, &asked, &ret_command->request_apply);
    }
    const Granary__VolumeCreate asked = volume_create_of(m);
    ret_command->kind = CMD_volume_create;
    TRY(volume_create_read(r->in, r->s, &asked, &ret_command->volume_create));
    return err_wrap(labels_read(&m->base, r->in->arena, &ret_command->volume_create.labels), "volume '%.255s'",
                    m->name);
}

// Classes are looked up when their request comes: one may be there only by then.
static struct err *requests_take(struct reading *r, const Granary__Plan *m, struct command *requests) {
    for (size_t i = 0; i < m->n_requests; i++)
        TRY(err_wrap(request_take(r, m->requests[i], &requests[i]), "requests[%zu]", i));
    return NULL;
}

struct err *plan_read(struct intake *in, const struct state *s, const Granary__Plan *m, struct plan *ret_plan) {
    static const Granary__PlanRemoval none = GRANARY__PLAN_REMOVAL__INIT;
    const Granary__PlanRemoval *remove = m->remove ? m->remove : &none;
    TRY(err_wrap(bounds_check(m, remove), "plan"));
    size_t most = m->n_pools + m->n_agents + m->n_classes + remove->n_providers + remove->n_pools + remove->n_agents +
                  remove->n_classes;
    struct reading r = {in, s, arena_zero(in->arena, most + 1, sizeof *r.changes), 0};
    struct command *requests = arena_zero(in->arena, m->n_requests + 1, sizeof *requests);
    TRY(err_wrap(changes_take(&r, m, remove), "plan"));
    TRY(err_wrap(requests_take(&r, m, requests), "plan"));
    *ret_plan = (struct plan){r.changes, requests, r.count, m->n_requests};
    return NULL;
}

// ---- the answer ----

static void changes_fill(const struct plan *plan, const struct planned *planned, Granary__PlanAnswer *m,
                         struct arena *arena) {
    m->changes = arena_zero(arena, plan->change_count + 1, sizeof *m->changes);
    for (size_t i = 0; i < plan->change_count; i++) {
        Granary__PlannedChange *c = m->changes[m->n_changes++] = ARENA_NEW(arena, Granary__PlannedChange);
        granary__planned_change__init(c);
        c->sentence = (char *)planned->changes[i].sentence;
        c->has_refused = c->refused = planned->changes[i].refused;
    }
}

// Where it would be; all else of a volume that is not there is left out.
static Granary__Volume *volume_fill(const struct state *scratch, uint64_t id, struct arena *arena) {
    const struct volume_row *v = state_volume(scratch, id);
    const struct pool_row *pool = v ? state_pool(scratch, v->charge.pool) : NULL;
    Granary__Volume *m = ARENA_NEW(arena, Granary__Volume);
    granary__volume__init(m);
    m->name = v ? (char *)v->name : "?";
    m->pool = pool ? (char *)pool_path(scratch, pool, arena) : NULL;
    m->has_size = v != NULL;
    m->size = v ? v->charge.bytes.n : 0;
    const struct class_row *class = v ? state_class(scratch, v->class) : NULL;
    m->class_ = class ? (char *)class->name : NULL;
    return m;
}

static void volumes_fill(const struct state *scratch, const struct planned_request *planned, Granary__PlannedRequest *m,
                         struct arena *arena) {
    m->volumes = arena_zero(arena, planned->volume_count + 1, sizeof *m->volumes);
    m->passed_over = arena_zero(arena, planned->volume_count + 1, sizeof *m->passed_over);
    for (size_t i = 0; i < planned->volume_count; i++) {
        Granary__Volume *v = m->volumes[m->n_volumes++] = volume_fill(scratch, planned->volumes[i], arena);
        if (!planned->notes[i]) continue;
        m->passed_over[m->n_passed_over++] = passed_over_message(v->name, planned->notes[i], arena);
    }
}

static const char *names_of(const struct cmd_request_apply *asked, struct arena *arena) {
    AUTO_TEXT struct text names = {0};
    for (size_t i = 0; i < asked->volume_count; i++) text_addf(&names, "%s%s", i ? ", " : "", asked->volumes[i].name);
    return arena_text(arena, text_string(&names));
}

static void asked_fill(const struct command *asked, Granary__PlannedRequest *m, struct arena *arena) {
    m->has_size = asked->kind == CMD_volume_create;
    if (!m->has_size) {
        m->name = (char *)names_of(&asked->request_apply, arena);
        return;
    }
    m->name = (char *)asked->volume_create.name;
    m->class_ = (char *)asked->volume_create.class;
    m->size = asked->volume_create.size.n;
}

static Granary__PlannedRequest *request_fill(const struct state *scratch, const struct command *asked,
                                             const struct planned_request *planned, struct arena *arena) {
    Granary__PlannedRequest *m = ARENA_NEW(arena, Granary__PlannedRequest);
    granary__planned_request__init(m);
    asked_fill(asked, m, arena);
    m->has_places = true;
    m->places = planned->places;
    m->sentence = (char *)planned->sentence;
    volumes_fill(scratch, planned, m, arena);
    const struct agent_row *agent = state_agent(scratch, planned->agent);
    m->agent = agent ? (char *)agent->name : NULL;
    if (planned->explanation) m->explanation = explanation_message(scratch, planned->explanation, arena);
    return m;
}

static void effects_fill(const struct state *scratch, const struct planned *planned, Granary__PlanAnswer *m,
                         struct arena *arena) {
    m->classes = arena_zero(arena, planned->class_count + 1, sizeof *m->classes);
    for (size_t i = 0; i < planned->class_count; i++) {
        Granary__PlannedClass *c = m->classes[m->n_classes++] = ARENA_NEW(arena, Granary__PlannedClass);
        granary__planned_class__init(c);
        c->class_ = (char *)planned->classes[i].name;
        c->has_largest_before = c->has_largest_after = true;
        c->largest_before = planned->classes[i].before.n;
        c->largest_after = planned->classes[i].after.n;
    }
    m->has_lost = true;
    m->lost = planned->lost;
    m->losses = arena_zero(arena, planned->loss_count + 1, sizeof *m->losses);
    for (size_t i = 0; i < planned->loss_count; i++) {
        const struct volume_row *v = state_volume(scratch, planned->losses[i].volume);
        Granary__PlannedLoss *loss = m->losses[m->n_losses++] = ARENA_NEW(arena, Granary__PlannedLoss);
        granary__planned_loss__init(loss);
        loss->volume = (char *)v->name;
        loss->role = (char *)state_text(scratch, v->owner.role);
        loss->sentence = (char *)planned->losses[i].sentence;
    }
}

Granary__PlanAnswer *plan_message(const struct state *scratch, const struct plan *plan, const struct planned *planned,
                                  struct arena *arena) {
    Granary__PlanAnswer *m = ARENA_NEW(arena, Granary__PlanAnswer);
    granary__plan_answer__init(m);
    m->has_places = true;
    m->places = planned->places;
    changes_fill(plan, planned, m, arena);
    m->requests = arena_zero(arena, plan->request_count + 1, sizeof *m->requests);
    for (size_t i = 0; i < plan->request_count; i++)
        m->requests[m->n_requests++] = request_fill(scratch, &plan->requests[i], &planned->requests[i], arena);
    effects_fill(scratch, planned, m, arena);
    return m;
}
