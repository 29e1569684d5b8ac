// SPDX-License-Identifier: Apache-2.0
// Agents as the allocator sees them: what they have, what tasks hold of it, what is free. Decides nothing.
#include <stdlib.h>

#include "core/allocation.h"

static const struct agent_load no_load;

static void load_end(struct agent_view *view) {
    if (view->load == &no_load) return;
    struct agent_load *own = agent_view_load(view);
    vec_done(&own->holdings);
    vec_done(&own->wanted);
    filters_done(&own->filters);
    free(own);
    view->load = &no_load;
}

void agent_view_end(struct agent_view *view) {
    load_end(view);
    free(view);
}

struct agent_load *agent_view_load(struct agent_view *view) {
    if (view->load == &no_load) view->load = NEW(struct agent_load);
    return (struct agent_load *)(uintptr_t)view->load;
}

void agent_view_rest(struct agent_view *view) {
    const struct agent_load *load = view->load;
    if (!load->holdings.count && !load->wanted.count && !load->filters.count) load_end(view);
}

struct agent_view *agent_view(struct state *s, uint64_t agent) {
    union map_value *v = map_put(&s->allocator->agents, agent, NULL);
    if (!v->p) {
        struct agent_view *view = v->p = NEW(struct agent_view);
        view->id = agent;
        view->load = &no_load;
    }
    return v->p;
}

void agent_view_mark(struct allocator *a, struct agent_view *view) {
    if (view->marked) return;
    view->marked = true;
    vec_push(&a->marked, view);
}

void agent_view_idle(struct allocator *a, struct agent_view *view, bool idle) {
    if (idle == (view->idle_place != 0)) return;
    if (idle) {
        vec_push(&a->idle, view);
        view->idle_place = (uint32_t)a->idle.count;
        return;
    }
    struct agent_view *last = vec_pop(&a->idle);
    if (last != view) {
        a->idle.at[view->idle_place - 1] = last;
        last->idle_place = view->idle_place;
    }
    view->idle_place = 0;
}

void allocator_agent_put(struct state *s, const struct agent_row *live) {
    struct allocator *a = s->allocator;
    struct agent_view *view = agent_view(s, live->id);
    bool usable = live->state == AGENT_IS_ACTIVE && live->session && live->facts;
    if (usable == view->usable && live->facts == view->facts) return;
    scalars_subtract(&a->shares.total, &view->total);
    view->total = usable ? live->facts->total : (struct scalars){0};
    scalars_add(&a->shares.total, &view->total);
    view->usable = usable;
    view->facts = live->facts;
    a->stir = true;
    agent_view_mark(a, view);
}

static void holdings_give_back(struct allocator *a, struct agent_view *view) {
    VEC_EACH (h, &view->load->holdings) share_give_back(&a->shares, h->c, &h->what);
    if (view->load->holdings.count) vec_clear(&agent_view_load(view)->holdings);
}

void allocator_agent_removed(struct state *s, const struct agent_row *last) {
    struct allocator *a = s->allocator;
    struct agent_view *view = map_get(&a->agents, last->id);
    if (!view) return;
    scalars_subtract(&a->shares.total, &view->total);
    holdings_give_back(a, view);
    agent_view_idle(a, view, false);
    for (size_t i = 0; view->marked && i < a->marked.count; i++) {
        if (a->marked.at[i] != view) continue;
        vec_remove(&a->marked, i);
        break;
    }
    map_remove(&a->agents, last->id);
    agent_view_end(view);
}

void allocator_agent_changed(struct state *s, uint64_t agent) {
    if (state_agent(s, agent)) agent_view_mark(s->allocator, agent_view(s, agent));
}

void allocator_task_changed(struct state *s, uint64_t agent) {
    if (!state_agent(s, agent)) return;
    agent_view(s, agent)->tasks_changed = true;
    allocator_agent_changed(s, agent);
}

static void holding_add(struct allocator *a, struct agent_load *load, const struct task_row *task) {
    struct contender *c = share_contender(&a->shares, task->framework, task->role);
    share_take(c, &task->resources);
    vec_push(&load->holdings, ((struct holding){c, task->resources}));
}

static bool volume_wanted(const struct agent_load *load, uint64_t volume) {
    for (size_t i = 0; i < load->wanted.count; i++)
        if (load->wanted.at[i] == volume) return true;
    return false;
}

void agent_view_recount(struct state *s, struct agent_view *view) {
    struct allocator *a = s->allocator;
    struct agent_load *load = agent_view_load(view);
    __typeof__(load->wanted) before = load->wanted;
    __typeof__(load->holdings) held = load->holdings;
    memset(&load->wanted, 0, sizeof load->wanted);
    memset(&load->holdings, 0, sizeof load->holdings);
    const struct id_list *tasks = state_related(s, TASKS_OF_AGENT, view->id);
    for (size_t i = 0; i < tasks->count; i++) {
        const struct task_row *task = state_task(s, tasks->at[i]);
        holding_add(a, load, task);
        for (size_t k = 0; k < blob_count(task->volumes, struct task_volume); k++)
            vec_push(&load->wanted, blob_items(task->volumes, struct task_volume)[k].volume);
    }
    VEC_EACH (h, &held) share_give_back(&a->shares, h->c, &h->what);
    VEC_EACH (volume, &before) {
        struct volume_row *v = table_get(&s->tables[NOUN_VOLUME], *volume);
        if (v && !volume_wanted(load, *volume)) allocator_volume_put(s, v);
    }
    vec_done(&before);
    vec_done(&held);
    view->tasks_changed = false;
}

static struct milli left(struct milli total, struct milli used, struct milli offered, struct milli reserved) {
    int64_t n = total.n - used.n - offered.n - reserved.n;
    return (struct milli){n > 0 ? n : 0};
}

struct scalars agent_view_free(const struct state *s, const struct agent_view *view) {
    const struct agent_account *held = state_held(s, view->id);
    return (struct scalars){.cpus = left(view->total.cpus, held->used.cpus, held->offered.cpus, held->reserved.cpus),
                            .mem = left(view->total.mem, held->used.mem, held->offered.mem, held->reserved.mem),
                            .disk = left(view->total.disk, held->used.disk, held->offered.disk, held->reserved.disk)};
}

bool agent_view_offered(const struct state *s, const struct agent_view *view) {
    const struct scalars *offered = &state_held(s, view->id)->offered;
    return offered->cpus.n || offered->mem.n || offered->disk.n;
}

static void ports_take_all(struct port_set *set, const struct blob *ports) {
    for (size_t i = 0; i < blob_count(ports, struct port_range); i++)
        ports_take(set, blob_items(ports, struct port_range)[i]);
}

void agent_view_ports(const struct draft *d, const struct agent_view *view, struct port_set *ret_ports) {
    const struct state *s = d->state;
    vec_clear(ret_ports);
    if (!view->usable) return;
    ports_assign(ret_ports, view->facts->ports.at, view->facts->ports.count);
    if (!ret_ports->count) return;
    const struct id_list *tasks = view->load->holdings.count ? state_related(s, TASKS_OF_AGENT, view->id) : NULL;
    for (size_t i = 0; tasks && i < tasks->count; i++) ports_take_all(ret_ports, state_task(s, tasks->at[i])->ports);
    const struct id_list *offers = agent_view_offered(s, view) ? state_related(s, OFFERS_OF_AGENT, view->id) : NULL;
    for (size_t i = 0; offers && i < offers->count; i++) {
        const struct offer_row *offer = draft_offer(d, offers->at[i]);
        if (offer) ports_take_all(ret_ports, offer->ports);
    }
}

static bool overdrawn(struct milli offered, struct milli used, struct milli reserved, struct milli total) {
    return offered.n > 0 && offered.n + used.n + reserved.n > total.n;
}

bool scalars_overdrawn(const struct agent_account *held, const struct scalars *total) {
    return overdrawn(held->offered.cpus, held->used.cpus, held->reserved.cpus, total->cpus) ||
           overdrawn(held->offered.mem, held->used.mem, held->reserved.mem, total->mem) ||
           overdrawn(held->offered.disk, held->used.disk, held->reserved.disk, total->disk);
}
