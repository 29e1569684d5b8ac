// SPDX-License-Identifier: Apache-2.0
// What the allocator keeps as rows come and go: sums, marks, queues and filters. Decides nothing.
#include "core/allocation.h"
#include "core/attach_room.h"
#include "core/framework.h"

#include <stdlib.h>

struct allocator *allocator_new(void) {
    return NEW(struct allocator);
}

void allocator_free(struct allocator *a) {
    if (!a) return;
    MAP_EACH (entry, &a->agents) agent_view_end(entry->value.p);
    MAP_EACH (entry, &a->queues) {
        idle_done(entry->value.p);
        free(entry->value.p);
    }
    map_done(&a->agents);
    map_done(&a->queues);
    vec_done(&a->marked);
    vec_done(&a->idle);
    vec_done(&a->marked_queues);
    heap_done(&a->filters);
    heap_done(&a->timeouts);
    heap_done(&a->storage);
    vec_done(&a->ports);
    vec_done(&a->plans);
    shares_done(&a->shares);
    free(a);
}

// ---- frameworks, roles ----

static bool blob_has_role(const struct blob *roles, symbol role) {
    for (size_t i = 0; i < blob_count(roles, symbol); i++)
        if (symbol_equal(blob_items(roles, symbol)[i], role)) return true;
    return false;
}

static void queue_wake(struct allocator *a, const struct contender *c) {
    struct idle_queue *of_role = map_get(&a->queues, c->role.n), *own = map_get(&a->queues, c->framework);
    if (of_role) idle_queue_mark(a, of_role);
    if (own) idle_queue_mark(a, own);
}

static void storage_mark(struct allocator *a, struct contender *c) {
    c->storage_marked = a->storage_marked = true;
}

static void contender_put(struct allocator *a, struct contender *c, const struct framework_row *live, bool revived) {
    bool was = c->available && c->labelled == live->labelled;
    c->subscribed = !live->completed && blob_has_role(live->roles, c->role);
    c->available = c->subscribed && live->session && !blob_has_role(live->suppressed, c->role);
    c->labelled = live->labelled;
    c->wishes = (uint8_t)wishes_of(live, c->role);
    if (revived) {
        c->cleared++;
        c->storage_until = (struct mono){0};
    }
    if (!c->available || (was && !revived)) return;
    a->wake = a->stir = true;
    storage_mark(a, c);
    queue_wake(a, c);
}

static void contenders_drop_unused(struct allocator *a, uint64_t framework) {
    const struct contenders *list = share_of_framework(&a->shares, framework);
    for (size_t i = list->at.count; i-- > 0;) {
        bool last = list->at.count == 1;
        share_drop_unused(&a->shares, list->at.at[i]);
        if (last) return; // with the last one the list may be gone
    }
}

void allocator_framework_put(struct state *s, const struct framework_row *before, const struct framework_row *live) {
    struct allocator *a = s->allocator;
    // Who comes back refused nothing yet, as in Mesos.
    bool revived = before && (before->revived != live->revived || before->session != live->session);
    if (!live->completed)
        for (size_t i = 0; i < blob_count(live->roles, symbol); i++)
            share_contender(&a->shares, live->id, blob_items(live->roles, symbol)[i]);
    const struct contenders *list = share_of_framework(&a->shares, live->id);
    for (size_t i = 0; i < list->at.count; i++) contender_put(a, list->at.at[i], live, revived);
    struct idle_queue *of_name = live->session ? map_get(&a->queues, framework_namesake(s, live)) : NULL;
    if (of_name) idle_queue_mark(a, of_name);
    contenders_drop_unused(a, live->id);
}

void allocator_framework_removed(struct state *s, const struct framework_row *last) {
    struct allocator *a = s->allocator;
    const struct contenders *list = share_of_framework(&a->shares, last->id);
    for (size_t i = 0; i < list->at.count; i++) list->at.at[i]->subscribed = list->at.at[i]->available = false;
    contenders_drop_unused(a, last->id);
    struct idle_queue *q = map_get(&a->queues, last->id);
    if (!q || idle_count(q) || q->offered || q->marked) return;
    map_remove(&a->queues, last->id);
    idle_done(q);
    free(q);
}

void allocator_role_put(struct state *s, const struct role_row *live) {
    share_role(&s->allocator->shares, live->name)->weight = live->weight > 0 ? live->weight : 1;
}

// ---- offers ----

static struct idle_queue *queue_of_volume(struct state *s, uint64_t volume) {
    const struct volume_row *v = state_volume(s, volume);
    return v ? idle_queue(s->allocator, v->owner) : NULL;
}

void allocator_offer_put(struct state *s, const struct offer_row *live) {
    struct allocator *a = s->allocator;
    struct contender *c = share_contender(&a->shares, live->framework, live->role);
    share_take(c, &live->resources);
    if (!live->agent) c->storage_offer = live->id;
    for (size_t i = 0; i < blob_count(live->volumes, uint64_t); i++) {
        struct idle_queue *q = queue_of_volume(s, blob_items(live->volumes, uint64_t)[i]);
        if (q) q->offered++;
    }
    if (s->timing.offer_timeout_ms) heap_push(&a->timeouts, live->made.ms + s->timing.offer_timeout_ms, live->id);
}

static void storage_answered(struct allocator *a, struct contender *c, const struct offer_row *last) {
    c->storage_offer = 0;
    c->storage_until = last->refuse_until;
    vec_clear(&c->storage_refused);
    if (!last->refuse_until.ms) {
        storage_mark(a, c);
        return;
    }
    for (size_t i = 0; i < blob_count(last->classes, struct class_amount); i++)
        vec_push(&c->storage_refused, blob_items(last->classes, struct class_amount)[i]);
    heap_push(&a->storage, last->refuse_until.ms, c->framework);
}

static void volumes_return(struct state *s, const struct offer_row *last) {
    for (size_t i = 0; i < blob_count(last->volumes, uint64_t); i++) {
        struct volume_row *v = table_get(&s->tables[NOUN_VOLUME], blob_items(last->volumes, uint64_t)[i]);
        if (!v) continue;
        struct idle_queue *q = idle_queue(s->allocator, v->owner);
        must(q->offered);
        q->offered--;
        if (q->ready.count) idle_queue_mark(s->allocator, q);
        allocator_volume_put(s, v);
    }
}

// Ends of filters that no longer stand are thrown away when they are most of the heap.
static void filter_ends_sweep(struct allocator *a) {
    if (a->filters.count < 2 * a->filter_count + 1024) return;
    heap_done(&a->filters);
    a->filter_count = 0;
    MAP_EACH (entry, &a->agents) {
        const struct agent_view *view = entry->value.p;
        a->filter_count += view->load->filters.count;
        VEC_EACH (f, &view->load->filters) heap_push(&a->filters, f->until.ms, view->id);
    }
}

static void offer_refused(struct allocator *a, struct agent_view *view, const struct contender *c,
                          const struct offer_row *last, enum event_kind kind) {
    struct filters *filters = &agent_view_load(view)->filters;
    size_t before = filters->count;
    filters_add(filters, c, last, kind == EV_offer_accepted);
    a->filter_count += filters->count - before;
    heap_push(&a->filters, last->refuse_until.ms, last->agent);
    filter_ends_sweep(a);
}

static bool offer_answered(enum event_kind kind) {
    return kind == EV_offer_declined || kind == EV_offer_accepted;
}

static void agent_unoffered(struct allocator *a, const struct contender *c, const struct offer_row *last,
                            enum event_kind kind) {
    struct agent_view *view = map_get(&a->agents, last->agent);
    if (!view) return; // removed by the same command
    agent_view_mark(a, view);
    if (offer_answered(kind) && last->refuse_until.ms) offer_refused(a, view, c, last, kind);
}

void allocator_offer_removed(struct state *s, const struct offer_row *last, enum event_kind kind) {
    struct allocator *a = s->allocator;
    struct contender *c = share_find(&a->shares, last->framework, last->role);
    must(c);
    if (last->agent)
        agent_unoffered(a, c, last, kind);
    else
        storage_answered(a, c, offer_answered(kind) ? last : &(struct offer_row){0});
    volumes_return(s, last);
    const struct offer_row *live = state_offer(s, last->id); // what was counted: the last image may hold less
    share_give_back(&a->shares, c, live ? &live->resources : &last->resources);
}

// ---- volumes ----

struct idle_queue *idle_queue(struct allocator *a, struct owner owner) {
    union map_value *v = map_put(&a->queues, idle_key(owner), NULL);
    if (!v->p) {
        struct idle_queue *q = v->p = NEW(struct idle_queue);
        q->owner = owner;
    }
    return v->p;
}

void idle_queue_mark(struct allocator *a, struct idle_queue *q) {
    if (q->marked) return;
    q->marked = true;
    vec_push(&a->marked_queues, q);
}

bool volume_is_idle(const struct state *s, const struct volume_row *v) {
    if (v->state != VOLUME_READY || v->released || v->offer || v->attachment_count || v->open_operation_count)
        return false;
    if (v->content == CONTENT_NEW && v->format_eager) return false;
    if (v->content != CONTENT_NEW && v->content != CONTENT_FORMATTED && v->content != CONTENT_OWNERS) return false;
    return !state_related(s, TASKS_OF_VOLUME, v->id)->count;
}

void allocator_volume_put(struct state *s, struct volume_row *live) {
    struct allocator *a = s->allocator;
    if (live->queued || !volume_is_idle(s, live)) return; // one that is queued and not idle is dropped at its turn
    struct idle_queue *q = idle_queue(a, live->owner);
    live->queued = true;
    ring_push(&q->ready, live->id);
    idle_queue_mark(a, q);
    const struct agent_row *agent = live->last_agent ? state_agent(s, live->last_agent) : NULL;
    if (agent && attach_limited(agent->facts)) a->stir = true; // it may have left a slot
}

void allocator_volume_removed(struct state *s, const struct volume_row *last) {
    struct idle_queue *q = map_get(&s->allocator->queues, idle_key(last->owner));
    const struct volume_row *live = state_volume(s, last->id);
    if (!q || !live) return;
    if (live->offer) q->offered--; // its offer goes later in the same command, and does not find it any more
    if (live->queued) idle_forget(q, s, last->id);
}

void allocator_pools_changed(struct state *s) {
    s->allocator->pools = true;
}

// ---- when ----

bool allocator_marked(const struct allocator *a) {
    return a->marked.count || a->marked_queues.count || a->wake || a->stir || a->pools || a->storage_marked;
}

static void outdated_drop(const struct state *s, struct heap *timeouts) {
    while (timeouts->count && !state_offer(s, heap_first(timeouts)->id)) heap_pop(timeouts);
}

static int64_t sooner(int64_t when, const struct heap *h) {
    return h->count && heap_first(h)->when < when ? heap_first(h)->when : when;
}

enum { COALESCE_MS = 10 };

struct mono allocator_next(const struct state *s, struct mono now) {
    struct allocator *a = s->allocator;
    int64_t when = INT64_MAX;
    if (allocator_marked(a)) {
        if (!a->due.ms) a->due.ms = now.ms + COALESCE_MS;
        when = a->due.ms;
    }
    outdated_drop(s, &a->timeouts);
    return (struct mono){sooner(sooner(sooner(when, &a->timeouts), &a->filters), &a->storage)};
}
