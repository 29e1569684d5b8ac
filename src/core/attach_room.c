// SPDX-License-Identifier: Apache-2.0
// Counting an agent's attachments against its slots and bandwidth.
#include "core/attach_room.h"

#include <string.h>

bool attach_limited(const struct agent_facts *f) {
    return f && (f->attach_slots || f->storage_bandwidth.n || f->buses.count);
}

// `drivers` is "ebs" or "ebs+nvme".
static bool bus_serves(const struct attach_bus *bus, const char *driver) {
    size_t size = strlen(driver);
    for (const char *at = bus->drivers; at; at = strchr(at, '+') ? strchr(at, '+') + 1 : NULL)
        if (strncmp(at, driver, size) == 0 && (at[size] == '+' || !at[size])) return true;
    return false;
}

static const char *driver_of_pool(const struct state *s, uint64_t pool) {
    const struct pool_row *row = state_pool(s, pool);
    const struct provider_row *provider = row ? state_provider(s, row->provider) : NULL;
    return provider ? provider->driver : "";
}

static void buses_count(struct attach_room *r, const struct state *s, uint64_t pool) {
    const struct agent_facts *f = r->agent->facts;
    const char *driver = f && f->buses.count ? driver_of_pool(s, pool) : "";
    for (size_t i = 0; *driver && i < f->buses.count; i++) r->on_bus[i] += bus_serves(&f->buses.at[i], driver);
}

static void buses_count_attachment(struct attach_room *r, const struct draft *d, const struct attachment_row *a) {
    const struct volume_row *v = a ? draft_volume(d, a->volume) : NULL;
    if (v) buses_count(r, d->state, v->charge.pool);
}

static void buses_count_all(struct attach_room *r, const struct draft *d) {
    const struct id_list *live = state_related(d->state, ATTACHMENTS_OF_AGENT, r->agent->id);
    for (size_t i = 0; i < live->count; i++) buses_count_attachment(r, d, draft_attachment(d, live->at[i]));
    for (size_t i = 0; i < d->touched.count; i++) {
        const struct touched *t = &d->touched.at[i];
        const struct attachment_row *a = t->row;
        if (t->noun == NOUN_ATTACHMENT && t->added && !t->removed && a->agent == r->agent->id)
            buses_count_attachment(r, d, a);
    }
}

// An attachment's agent and bandwidth never change: it is there or not.
static void room_count_touched(struct attach_room *r, const struct touched *t) {
    const struct attachment_row *a = t->row;
    if (t->noun != NOUN_ATTACHMENT || a->agent != r->agent->id || t->added == t->removed) return;
    r->attachments += t->added ? 1 : UINT32_MAX;
    r->bandwidth += t->added ? a->bandwidth.n : -a->bandwidth.n;
}

// Volumes that tasks there wait for: promised with the launch, not attached yet. A volume counts once.
struct waited {
    struct attach_room *room;
    const struct draft *d;
    VEC(uint64_t) volumes;
};

static bool waited_has(const struct waited *w, uint64_t volume) {
    VEC_EACH (id, &w->volumes)
        if (*id == volume) return true;
    return false;
}

static void waited_count(struct waited *w, const struct task_row *t) {
    if (!t || t->agent != w->room->agent->id || t->launched || task_state_ended(t->state)) return;
    const struct task_volume *volumes = blob_items(t->volumes, struct task_volume);
    for (size_t i = 0; i < blob_count(t->volumes, struct task_volume); i++) {
        const struct volume_row *v = draft_volume(w->d, volumes[i].volume);
        if (!v || waited_has(w, v->id) || volume_is_on(w->d, v, t->agent)) continue;
        vec_push(&w->volumes, v->id);
        attach_room_take(w->room, w->d->state, v->charge.pool, v->charge.bandwidth);
    }
}

static void room_count_waited(struct attach_room *r, const struct draft *d) {
    struct waited w = {.room = r, .d = d};
    const struct id_list *live = state_related(d->state, TASKS_OF_AGENT, r->agent->id);
    for (size_t i = 0; i < live->count; i++) waited_count(&w, draft_task(d, live->at[i]));
    for (size_t i = 0; i < d->touched.count; i++) {
        const struct touched *t = &d->touched.at[i];
        if (t->noun == NOUN_TASK && t->added && !t->removed) waited_count(&w, t->row);
    }
    vec_done(&w.volumes);
}

struct attach_room attach_room(const struct draft *d, const struct agent_row *agent) {
    const struct agent_account *held = &agent->held;
    struct attach_room r = {.agent = agent, .attachments = held->attachments, .bandwidth = held->bandwidth};
    for (size_t i = 0; i < d->touched.count; i++) room_count_touched(&r, &d->touched.at[i]);
    if (agent->facts && agent->facts->buses.count) buses_count_all(&r, d);
    if (attach_limited(agent->facts)) room_count_waited(&r, d);
    return r;
}

void attach_room_take(struct attach_room *r, const struct state *s, uint64_t pool, struct bandwidth bandwidth) {
    r->attachments++;
    r->bandwidth += bandwidth.n;
    buses_count(r, s, pool);
}

static const struct attach_bus *bus_full(const struct attach_room *r, const struct state *s, uint64_t pool) {
    const struct agent_facts *f = r->agent->facts;
    const char *driver = f->buses.count ? driver_of_pool(s, pool) : "";
    for (size_t i = 0; *driver && i < f->buses.count; i++)
        if (r->on_bus[i] >= f->buses.at[i].slots && bus_serves(&f->buses.at[i], driver)) return &f->buses.at[i];
    return NULL;
}

struct bandwidth attach_room_bandwidth(const struct attach_room *r) {
    uint64_t total = r->agent->facts ? r->agent->facts->storage_bandwidth.n : 0;
    return (struct bandwidth){total > r->bandwidth ? total - r->bandwidth : 0};
}

enum rule attach_room_rule(const struct attach_room *r, const struct state *s, uint64_t pool,
                           struct bandwidth bandwidth, const struct attach_bus **ret_bus) {
    const struct agent_facts *f = r->agent->facts;
    if (!attach_limited(f)) return RULE_NONE;
    const struct attach_bus *bus = bus_full(r, s, pool);
    if (ret_bus) *ret_bus = bus;
    if (bus || (f->attach_slots && r->attachments >= f->attach_slots)) return RULE_SLOTS;
    bool counted = f->storage_bandwidth.n && bandwidth.n;
    return counted && bandwidth.n > attach_room_bandwidth(r).n ? RULE_AGENT_BANDWIDTH : RULE_NONE;
}

bool attach_room_for(const struct draft *d, const struct agent_row *agent, uint64_t pool, struct bandwidth bandwidth) {
    if (!attach_limited(agent->facts)) return true;
    struct attach_room room = attach_room(d, agent);
    return attach_room_rule(&room, d->state, pool, bandwidth, NULL) == RULE_NONE;
}
