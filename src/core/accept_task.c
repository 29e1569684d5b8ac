// SPDX-License-Identifier: Apache-2.0
// LAUNCH: a task takes from what was offered, and names its volumes; those that its options describe are made.
#include "base/path.h"
#include "core/accept.h"
#include "core/agent_reservation.h"
#include "core/allocator.h"
#include "core/asked.h"
#include "core/framework.h"
#include "model/label.h"

struct task_needs {
    struct scalars scalars;
    struct port_set ports;
    VEC(struct task_volume) volumes;
};

static void needs_done(struct task_needs *n) {
    vec_done(&n->ports);
    vec_done(&n->volumes);
}

static struct err *needs_add_volume(struct task_needs *n, uint64_t volume, const char *path, bool read_only) {
    TRY(container_path_check(path));
    VEC_EACH (v, &n->volumes) {
        if (strcmp(v->container_path, path) == 0)
            return err_new(ERR_INVALID, "two volumes have the container_path '%s'", path);
    }
    if (n->volumes.count >= RELATION_KEYS_MOST) return err_new(ERR_INVALID, "more than %d volumes", RELATION_KEYS_MOST);
    struct task_volume *v = vec_add(&n->volumes);
    v->volume = volume;
    v->read_only = read_only;
    memcpy(v->container_path, path, strlen(path) + 1);
    return NULL;
}

static struct err *needs_add_ports(const struct item *item, struct task_needs *n) {
    for (size_t i = 0; i < item->port_count; i++) {
        struct port_range r = item->ports[i];
        if (r.begin > r.end) return err_new(ERR_INVALID, "ports %u-%u end before they begin", r.begin, r.end);
        ports_add(&n->ports, r);
    }
    return NULL;
}

static struct err *needs_add_item(const struct draft *d, const struct accept *a, const struct item *item,
                                  struct task_needs *n) {
    if (item->amount.n < 0) return err_new(ERR_INVALID, "resource '%s' is negative", item->name);
    switch (item->kind) {
    case ITEM_CPUS: n->scalars.cpus.n += item->amount.n; return NULL;
    case ITEM_MEM: n->scalars.mem.n += item->amount.n; return NULL;
    case ITEM_DISK: n->scalars.disk.n += item->amount.n; return NULL;
    case ITEM_PORTS: return needs_add_ports(item, n);
    case ITEM_STORAGE: {
        uint64_t volume = accept_volume(d, a, item);
        if (!volume)
            return err_new(ERR_INVALID, "volume '%s' is not in the accepted offers",
                           item->source_id ? item->source_id : "(no source id)");
        const struct volume_row *v = draft_volume(d, volume);
        const char *path = item->container_path ? item->container_path : v->name;
        return needs_add_volume(n, volume, path, false);
    }
    case ITEM_OTHER: break;
    }
    return err_new(ERR_INVALID, "resource '%s' was not offered", item->name);
}

static struct err *needs_fit(const struct accept *a, const struct task_needs *n) {
    const struct scalars *have = &a->scalars, *need = &n->scalars;
    const struct {
        const char *name;
        int64_t need, have;
    } rows[] = {
        {"cpus", need->cpus.n, have->cpus.n}, {"mem", need->mem.n, have->mem.n}, {"disk", need->disk.n, have->disk.n}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].need > rows[i].have)
            return err_new(ERR_INVALID, "Task uses more resources than offered: %s %.3f of %.3f", rows[i].name,
                           (double)rows[i].need / 1000, (double)rows[i].have / 1000);
    VEC_EACH (p, &n->ports) {
        const struct port_set one = {.at = p, .count = 1};
        if (!ports_within(&one, &a->ports))
            return err_new(ERR_INVALID, "Task uses more resources than offered: ports %u-%u", p->begin, p->end);
    }
    return NULL;
}

static struct err *wanted_matches(const struct draft *d, const struct volume_row *v, const struct wanted_volume *w) {
    const struct class_row *class = draft_class(d, v->class);
    if (w->class && class && strcmp(w->class, class->name) != 0)
        return err_new(ERR_CONFLICT, "volume '%s' exists with class '%s', and class '%s' was asked", w->name,
                       class->name, w->class);
    if (w->size.n && w->size.n != v->asked.n && w->size.n != v->charge.bytes.n) {
        char have[QUANTITY_TEXT], want[QUANTITY_TEXT];
        return err_new(ERR_CONFLICT, "volume '%s' exists with %s, and %s was asked", w->name,
                       bytes_text(v->charge.bytes, have), bytes_text(w->size, want));
    }
    if (w->fs && strcmp(w->fs, state_text(d->state, v->fs)) != 0)
        return err_new(ERR_CONFLICT, "volume '%s' exists with filesystem '%s', and '%s' was asked", w->name,
                       state_text(d->state, v->fs), w->fs);
    if (w->labels && !text_equal(w->labels, v->labels)) {
        AUTO_TEXT struct text have = {0}, want = {0};
        labels_add_text(v->labels, &have);
        labels_add_text(w->labels, &want);
        return err_new(ERR_CONFLICT, "volume '%s' exists with labels '%s', and '%s' was asked", w->name,
                       text_string(&have), text_string(&want));
    }
    return NULL;
}

// Whether that agent could ever use it, and nobody is taking it away.
static struct err *wanted_usable(const struct draft *d, const struct accept *a, const struct volume_row *v) {
    if (v->state == VOLUME_FAILED)
        return err_new(ERR_CONFLICT, "volume '%s' failed: %s", v->name, v->message ? v->message : "no reason is known");
    if (v->released || v->state == VOLUME_RELEASING)
        return err_new(ERR_CONFLICT, "volume '%s' is being released", v->name);
    return broker_agent_check(d, a->agent, v);
}

static struct err *wanted_plan(struct draft *d, const struct accept *a, const struct wanted_volume *w,
                               struct volume_plan *ret_plan) {
    struct owner owner = framework_owner(d->state, a->framework, a->role);
    if (!w->class || !w->size.n)
        return err_new(
            ERR_NOT_FOUND,
            "role '%s' has no volume '%s'; to make it at this launch give the driver_options 'class' and 'size'",
            state_text(d->state, a->role), w->name);
    TRY(volume_name_free(d, owner, w->name));
    struct want want;
    TRY(broker_want(d->state, w->class, w->fs, &want));
    want.size = w->size;
    want.iops = w->iops;
    want.role = a->role;
    want.framework = owner.framework;
    want.agent = a->agent;
    want.labels = w->labels;
    *ret_plan = (struct volume_plan){.owner = owner,
                                     .name = draft_text(d, w->name),
                                     .class = draft_class(d, want.class),
                                     .asked = w->size,
                                     .fs = want.fs,
                                     .labels = arena_text(d->arena, w->labels)};
    return asked_place(d, &want, false, &ret_plan->fit);
}

static struct err *launch_take_wanted(struct draft *d, const struct accept *a, const struct wanted_volume *w,
                                      struct task_needs *n) {
    struct owner owner = framework_owner(d->state, a->framework, a->role);
    const struct volume_row *v = draft_volume_named(d, owner, w->name);
    if (v) {
        TRY(wanted_matches(d, v, w));
        TRY(wanted_usable(d, a, v));
        return needs_add_volume(n, v->id, w->container_path, w->read_only);
    }
    TRY(container_path_check(w->container_path));
    struct volume_plan plan;
    TRY(wanted_plan(d, a, w, &plan));
    return needs_add_volume(n, volume_make(d, &plan)->id, w->container_path, w->read_only);
}

// An option that is a tag is answered with the class to ask for.
static struct err *launch_unread(const struct draft *d, const struct task_launch *t) {
    AUTO_TEXT struct text advice = {0};
    bool tag = t->unknown && broker_tag_advise(d->state, t->unknown, &advice);
    return err_new(ERR_INVALID, "%s%s%s", t->refusal, tag ? "; " : "", text_string(&advice));
}

static struct err *launch_check(const struct draft *d, const struct accept *a, const struct task_launch *t) {
    if (t->refusal) return launch_unread(d, t);
    TRY(chosen_id_check("Task", t->text_id));
    if (!a->agent)
        return err_new(ERR_INVALID, "a task cannot run on a storage-only offer: add an agent's offer to this ACCEPT");
    const struct task_row *other = draft_task_named(d, a->framework->id, t->text_id);
    if (other) return err_new(ERR_CONFLICT, "Task has duplicate ID: %s", t->text_id);
    uint64_t agent;
    if (!t->agent || !text_to_u64(t->agent, &agent) || agent != a->agent)
        return err_new(ERR_INVALID, "Task uses invalid agent '%s': the accepted offer is of agent %llu",
                       t->agent ? t->agent : "", (unsigned long long)a->agent);
    if (!t->item_count) return err_new(ERR_INVALID, "Task uses no resources");
    return NULL;
}

static struct milli smaller(struct milli a, struct milli b) {
    return a.n < b.n ? a : b;
}

// What is reserved is used first.
static void reserved_take(struct draft *d, struct accept *a, const struct scalars *need) {
    struct scalars part = {smaller(a->reserved.cpus, need->cpus), smaller(a->reserved.mem, need->mem),
                           smaller(a->reserved.disk, need->disk)};
    if (scalars_none(&part)) return;
    scalars_subtract(&a->reserved, &part);
    agent_reserved_use(d, a->agent, a->role, part);
}

static void accept_take(struct accept *a, const struct task_needs *n) {
    scalars_subtract(&a->scalars, &n->scalars);
    VEC_EACH (p, &n->ports) ports_take(&a->ports, *p);
}

// A volume named by its name may stand in an offer to somebody else, who would accept it in vain.
static void launch_rescind(struct draft *d, const struct accept *a, const struct task_needs *n) {
    VEC_EACH (v, &n->volumes) {
        bool accepted = false;
        VEC_EACH (id, &a->volumes) accepted |= *id == v->volume;
        if (!accepted) rescind_offers_of_volume(d, v->volume);
    }
}

static int64_t launch_wait(const struct draft *d, const struct task_needs *n) {
    int64_t longest = CLASS_LAUNCH_WAIT;
    bool any = false;
    VEC_EACH (v, &n->volumes) {
        int64_t wait = draft_volume(d, v->volume)->launch_wait_ms;
        if (!any || wait > longest) longest = wait;
        any = true;
    }
    return longest;
}

static struct err *launch_needs(struct draft *d, const struct accept *a, const struct task_launch *t,
                                struct task_needs *n) {
    TRY(launch_check(d, a, t));
    for (size_t i = 0; i < t->item_count; i++) TRY(needs_add_item(d, a, &t->items[i], n));
    TRY(needs_fit(a, n));
    VEC_EACH (v, &n->volumes) TRY(wanted_usable(d, a, draft_volume(d, v->volume)));
    for (size_t i = 0; i < t->volume_count; i++) TRY(launch_take_wanted(d, a, &t->volumes[i], n));
    uint64_t volumes[RELATION_KEYS_MOST];
    for (size_t i = 0; i < n->volumes.count; i++) volumes[i] = n->volumes.at[i].volume;
    return broker_together_check(d, a->agent, volumes, n->volumes.count);
}

static void launch_refuse(struct draft *d, const struct accept *a, const struct task_launch *t, const struct err *e) {
    struct notice *n = draft_notice(d, NOTICE_TASK_STATUS, a->framework->id);
    n->text_id = draft_text(d, t->text_id);
    n->agent = a->agent;
    n->state = TASK_ERROR;
    n->reason = REASON_TASK_INVALID;
    n->message = draft_text(d, err_text(e));
}

void accept_launch(struct draft *d, struct accept *a, const struct task_launch *t) {
    struct task_needs n = {0};
    struct draft_mark before = draft_mark(d);
    AUTO_ERR struct err *e = launch_needs(d, a, t, &n);
    if (e) {
        draft_undo(d, before); // volumes that this launch began to make
        launch_refuse(d, a, t, e);
        needs_done(&n);
        return;
    }
    struct task_row *row = draft_add(d, NOUN_TASK, EV_task_added);
    row->text_id = draft_text(d, t->text_id);
    row->framework = a->framework->id;
    row->agent = a->agent;
    row->role = a->role;
    row->resources = n.scalars;
    row->ports = draft_blob(d, n.ports.at, n.ports.count * sizeof *n.ports.at);
    row->volumes = draft_blob(d, n.volumes.at, n.volumes.count * sizeof *n.volumes.at);
    row->info = t->info;
    const char *user = t->user ? t->user : a->framework->user;
    if (user && !symbol_find(&d->state->symbols, user, &row->user)) row->user = (symbol){0};
    row->created = row->since = d->now.wall;
    row->kill_grace_ms = t->kill_grace_ms;
    row->reason = REASON_NONE;
    row->state = TASK_STAGING;
    row->wait_until = (struct mono){d->now.mono.ms + launch_wait(d, &n)};
    accept_take(a, &n);
    reserved_take(d, a, &n.scalars);
    launch_rescind(d, a, &n);
    needs_done(&n);
    task_advance(d, row->id);
}
