// SPDX-License-Identifier: Apache-2.0
// How a volume comes to be, grows and goes.
#include "core/volume.h"

#include "core/attachment.h"
#include "core/task.h"

bool volume_is_raw(const struct state *s, const struct volume_row *v) {
    const struct filesystem *fs = filesystem_find(state_text(s, v->fs));
    return fs && filesystem_raw(fs);
}

const char *volume_says(const struct draft *d, const struct volume_row *v) {
    return arena_format(d->arena, "volume '%s'", v->name);
}

static enum event_kind volume_event(enum volume_state state) {
    static const enum event_kind kinds[] = {
        [VOLUME_WANTED] = EV_volume_wanted,       [VOLUME_MAKING] = EV_volume_making, [VOLUME_READY] = EV_volume_ready,
        [VOLUME_RELEASING] = EV_volume_releasing, [VOLUME_FAILED] = EV_volume_failed, [VOLUME_GONE] = EV_volume_gone,
    };
    return kinds[state];
}

void volume_move(struct draft *d, struct volume_row *v, enum volume_state next) {
    must(volume_state_may(v->state, next));
    v->state = (uint8_t)next;
    v->since = d->now.wall;
    edit_volume(d, v->id, volume_event(next));
}

void content_move(struct draft *d, struct volume_row *v, enum content_state next) {
    must(content_state_may(v->content, next));
    v->content = (uint8_t)next;
    switch (next) {
    case CONTENT_FORMATTING: edit_volume(d, v->id, EV_volume_formatting); break;
    case CONTENT_FORMATTED: edit_volume(d, v->id, EV_volume_formatted); break;
    case CONTENT_SUSPECT: edit_volume(d, v->id, EV_volume_suspect); break;
    default: edit_volume(d, v->id, EV_volume_changed); break;
    }
}

struct err *volume_name_free(const struct draft *d, struct owner owner, const char *name) {
    TRY(name_check("volume", name));
    const struct volume_row *other = draft_volume_named(d, owner, name);
    if (!other) return NULL;
    return err_new(ERR_CONFLICT,
                   "volume '%s': role '%s' has one of that name already (%s); choose another name or delete it first",
                   name, state_text(d->state, owner.role), volume_state_name(other->state));
}

static bool provider_connected(const struct draft *d, uint64_t pool_of) {
    const struct pool_row *pool = draft_pool(d, pool_of);
    const struct provider_row *provider = pool ? draft_provider(d, pool->provider) : NULL;
    return provider && provider->session;
}

// The content of a device that was just carved.
static enum content_state content_at_birth(const struct draft *d, const struct volume_row *v) {
    return v->formats_itself || volume_is_raw(d->state, v) ? CONTENT_OWNERS : CONTENT_NEW;
}

static void volume_take_class(struct volume_row *v, const struct class_spec *spec, const struct pool_row *pool) {
    v->access = (uint8_t)spec->access;
    v->on_release = (uint8_t)spec->on_release;
    v->on_agent_lost = (uint8_t)spec->on_agent_lost;
    v->format_eager = spec->format == FORMAT_AT_CREATE;
    v->launch_wait_ms = spec->launch_wait_ms;
    uint32_t can = pool->facts ? pool->facts->capabilities : 0;
    v->formats_itself = capability_has(can, FORMATS_BY_ITSELF);
    v->zero_at_create = spec->zero_at_create || !capability_has(can, IS_ZEROED);
}

struct volume_row *volume_make(struct draft *d, const struct volume_plan *plan) {
    struct volume_row *v = draft_add(d, NOUN_VOLUME, EV_volume_wanted);
    v->uuid = draft_uuid(d);
    v->name = plan->name;
    v->owner = plan->owner;
    v->principal = d->principal;
    v->class = plan->class->id;
    v->reservation = plan->reservation;
    v->charge = plan->fit.charge;
    v->asked = plan->asked;
    v->fs = plan->fs;
    v->persistence = plan->persistence;
    v->labels = plan->labels;
    v->created = v->since = d->now.wall;
    v->state = VOLUME_WANTED;
    volume_take_class(v, &plan->class->doc->spec, draft_pool(d, plan->fit.pool));
    v->content = (uint8_t)content_at_birth(d, v);
    struct operation_row *o = operation_open(d, OP_CREATE, v);
    o->size = v->charge.bytes;
    o->framework = plan->framework;
    o->framework_operation = plan->framework_operation;
    if (provider_connected(d, v->charge.pool)) volume_move(d, v, VOLUME_MAKING);
    return v;
}

void volume_created(struct draft *d, const struct operation_row *o, const char *handle, const char *context,
                    struct bytes size) {
    struct volume_row *v = edit_volume(d, o->volume, EV_volume_changed);
    v->handle = handle;
    v->context = context;
    v->message = NULL;
    if (size.n > v->charge.bytes.n) v->charge.bytes = size; // what was really made is what is charged
    operation_end(d, o->id, OP_FINISHED, ERR_INTERNAL, NULL);
    if (v->state == VOLUME_WANTED) volume_move(d, v, VOLUME_MAKING);
    if (v->state == VOLUME_MAKING) volume_move(d, v, VOLUME_READY);
    volume_settle(d, v->id);
}

// A framework's part of a pool that was to become a volume is a reservation again.
static void volume_return_to_reservation(struct draft *d, const struct volume_row *v) {
    const struct reservation_row *old = v->reservation ? draft_reservation(d, v->reservation) : NULL;
    if (!old) return;
    struct reservation_row *r = edit_reservation(d, old->id, EV_reservation_changed);
    r->charge.bytes.n += v->charge.bytes.n;
    r->charge.iops.n += v->charge.iops.n;
    r->charge.bandwidth.n += v->charge.bandwidth.n;
}

// Who asked for the release hears of it when the delete ends: the intent of the release is the delete itself.
static uint64_t release_operation(const struct draft *d, const struct volume_row *v) {
    struct id_list open = draft_related(d, OPEN_OPERATIONS_OF_VOLUME, v->id);
    VEC_EACH (id, &open) {
        const struct operation_row *o = draft_operation(d, *id);
        if (o->kind == OP_DELETE && !o->recarve) return *id;
    }
    return 0;
}

static void volume_go(struct draft *d, struct volume_row *v) {
    uint64_t release = release_operation(d, v);
    if (release) operation_end(d, release, OP_FINISHED, ERR_INTERNAL, NULL);
    volume_return_to_reservation(d, v);
    volume_move(d, v, VOLUME_GONE);
    draft_remove(d, NOUN_VOLUME, v->id, EV_volume_gone);
}

void volume_create_failed(struct draft *d, const struct operation_row *o, enum err_kind error, const char *message) {
    struct volume_row *v = edit_volume(d, o->volume, EV_volume_changed);
    v->message = message;
    tasks_of_volume_fail(d, v->id, message);
    bool told = o->framework_operation != NULL || v->reservation;
    operation_end(d, o->id, OP_FAILED, error, message);
    if (v->state != VOLUME_RELEASING) volume_move(d, v, VOLUME_FAILED);
    if (told || v->released) volume_go(d, v);
}

static void volume_open_delete(struct draft *d, const struct volume_row *v, bool recarve) {
    struct operation_row *o = operation_open(d, OP_DELETE, v);
    o->wipe = v->on_release == ON_RELEASE_WIPE && !recarve;
    o->recarve = recarve;
}

void volume_deleted(struct draft *d, const struct operation_row *o) {
    bool recarve = o->recarve;
    struct volume_row *v = edit_volume(d, o->volume, EV_volume_changed);
    v->handle = v->context = v->message = NULL;
    operation_end(d, o->id, OP_FINISHED, ERR_INTERNAL, NULL);
    if (!recarve || v->released) {
        if (v->state != VOLUME_RELEASING) volume_move(d, v, VOLUME_RELEASING);
        volume_go(d, v);
        return;
    }
    v->uuid = draft_uuid(d); // another device: what the old name held is nobody's
    v->fs_uuid = (struct uuid){{0}};
    content_move(d, v, CONTENT_NEW);
    struct operation_row *create = operation_open(d, OP_CREATE, v);
    create->size = v->charge.bytes;
}

void volume_delete_failed(struct draft *d, const struct operation_row *o, enum err_kind error, const char *message) {
    struct volume_row *v = edit_volume(d, o->volume, EV_volume_changed);
    v->message = message;
    operation_end(d, o->id, OP_FAILED, error, message);
    uint64_t release = release_operation(d, v); // asked for while the volume was being carved again
    if (release) operation_end(d, release, OP_FAILED, error, message);
    volume_move(d, v, VOLUME_FAILED);
    v->released = false;
    tasks_of_volume_fail(d, v->id, message);
}

struct err *volume_grow(struct draft *d, uint64_t volume, struct bytes size, uint64_t framework,
                        const char *framework_operation) {
    const struct volume_row *old = draft_volume(d, volume);
    const struct pool_row *pool = draft_pool(d, old->charge.pool);
    const char *says = volume_says(d, old);
    if (old->state != VOLUME_READY || old->released)
        return err_new(ERR_CONFLICT, "grow %s: it is %s, not ready", says, volume_state_name(old->state));
    if (old->grow_to.n) return err_new(ERR_CONFLICT, "grow %s: it is growing already; wait until that has ended", says);
    if (!pool->facts)
        return err_new(ERR_UNAVAILABLE,
                       "grow %s: its pool '%s' has not reported yet; try again when its provider is back", says,
                       pool->name);
    if (!capability_has(pool->facts->capabilities, CAN_GROW))
        return err_new(ERR_UNSUPPORTED, "grow %s: its pool '%s' cannot grow volumes", says, pool->name);
    struct bytes granted;
    if (!bytes_round_up(size, pool->facts->granularity, &granted))
        return err_new(ERR_INVALID, "grow %s: size too large", says);
    if (granted.n <= old->charge.bytes.n) {
        char have[QUANTITY_TEXT], want[QUANTITY_TEXT];
        return err_new(ERR_INVALID, "grow %s: it has %s already and %s was asked; volumes never shrink", says,
                       bytes_text(old->charge.bytes, have), bytes_text(size, want));
    }
    struct want want = {
        .class = old->class, .size = size, .iops = old->charge.iops, .role = old->owner.role, .fs = old->fs};
    struct fit fit;
    TRY(err_wrap(broker_place_held(d, &want, &(struct held_charge){old->charge, 1, 0}, &fit), "grow %s", says));
    struct volume_row *v = edit_volume(d, volume, EV_volume_growing);
    v->grow_to = fit.charge.bytes;
    v->grow_iops = fit.charge.iops;
    struct operation_row *o = operation_open(d, OP_GROW, v);
    o->size = granted;
    o->framework = framework;
    o->framework_operation = framework_operation;
    return NULL;
}

void volume_grown(struct draft *d, const struct operation_row *o, struct bytes size) {
    struct volume_row *v = edit_volume(d, o->volume, EV_volume_changed);
    v->charge.bytes = size.n > v->grow_to.n ? size : v->grow_to;
    v->charge.iops = v->grow_iops;
    v->asked = v->charge.bytes;
    v->grow_to = (struct bytes){0};
    v->grow_iops = (struct iops){0};
    v->message = NULL;
    operation_end(d, o->id, OP_FINISHED, ERR_INTERNAL, NULL);
    volume_settle(d, v->id);
}

void volume_grow_failed(struct draft *d, const struct operation_row *o, enum err_kind error, const char *message) {
    struct volume_row *v = edit_volume(d, o->volume, EV_volume_changed);
    v->grow_to = (struct bytes){0};
    v->grow_iops = (struct iops){0};
    v->message = message;
    operation_end(d, o->id, OP_FAILED, error, message);
    volume_settle(d, v->id);
}

struct err *volume_release(struct draft *d, uint64_t volume, uint64_t framework, const char *framework_operation) {
    const struct volume_row *old = draft_volume(d, volume);
    const char *says = volume_says(d, old);
    if (old->released) return err_new(ERR_CONFLICT, "delete %s: it is being released already", says);
    struct id_list tasks = draft_related(d, TASKS_OF_VOLUME, volume);
    if (tasks.count) {
        const struct task_row *t = draft_task(d, tasks.at[0]);
        const struct agent_row *agent = draft_agent(d, t->agent);
        return err_new(ERR_CONFLICT, "delete %s: in use on agent '%s' by task '%s'; end the task first", says,
                       agent ? agent->name : "?", t->text_id);
    }
    struct id_list attachments = draft_related(d, ATTACHMENTS_OF_VOLUME, volume);
    VEC_EACH (id, &attachments) {
        const struct attachment_row *a = draft_attachment(d, *id);
        const struct agent_row *agent = draft_agent(d, a->agent);
        if (a->pinned)
            return err_new(ERR_CONFLICT, "delete %s: published on agent '%s'; unpublish it first", says,
                           agent ? agent->name : "?");
    }
    struct volume_row *v = edit_volume(d, volume, EV_volume_releasing);
    v->released = true;
    struct operation_row *o = operation_open(d, OP_DELETE, v);
    o->wipe = v->on_release == ON_RELEASE_WIPE;
    o->framework = framework;
    o->framework_operation = framework_operation;
    o->reservation = v->reservation;
    o->size = v->charge.bytes;
    o->provider = 0; // an intent: it goes to the provider once nobody has the volume
    volume_settle(d, volume);
    return NULL;
}

// Sends the recorded release on its way, or ends it when there is nothing at the storage.
static void volume_start_release(struct draft *d, struct volume_row *v) {
    struct operation_row *o = edit_operation(d, release_operation(d, v), EV_operation_opened);
    if (o->provider) return; // on its way
    if (v->on_release == ON_RELEASE_KEEP && v->handle) {
        // The device stays at the storage, visible as foreign; only the promise ends.
        volume_move(d, v, VOLUME_RELEASING);
        volume_go(d, v);
        return;
    }
    o->provider = draft_pool(d, v->charge.pool)->provider;
    if (v->state != VOLUME_RELEASING) volume_move(d, v, VOLUME_RELEASING);
}

bool volume_can_attach(const struct draft *d, const struct volume_row *v, uint64_t agent) {
    if (v->state != VOLUME_READY || v->released || v->content == CONTENT_SUSPECT) return false;
    if (draft_related(d, OPEN_OPERATIONS_OF_VOLUME, v->id).count) return false;
    struct id_list attachments = draft_related(d, ATTACHMENTS_OF_VOLUME, v->id);
    VEC_EACH (id, &attachments) {
        const struct attachment_row *a = draft_attachment(d, *id);
        if (v->access == ACCESS_SINGLE_WRITER || a->agent == agent || a->purpose == ATTACH_FOR_FORMAT ||
            v->content == CONTENT_FORMATTING)
            return false;
    }
    return true;
}

// Where that cannot be done now, the first publish formats it.
static void volume_format_eagerly(struct draft *d, const struct volume_row *v) {
    const struct ranked_agent *agents;
    size_t n = broker_rank_agents(d, v, (struct scalars){{0}, {0}, {0}}, 1, d->arena, &agents);
    if (n)
        attachment_start(d, v->id, agents[0].agent, ATTACH_FOR_FORMAT, false);
    else
        edit_volume(d, v->id, EV_volume_changed)->format_eager = false;
}

// Operations that stand in the way; the intent of a release does not.
static bool volume_has_open(const struct draft *d, const struct volume_row *v) {
    struct id_list open = draft_related(d, OPEN_OPERATIONS_OF_VOLUME, v->id);
    VEC_EACH (id, &open) {
        if (draft_operation(d, *id)->provider) return true;
    }
    return false;
}

void volume_settle(struct draft *d, uint64_t volume) {
    const struct volume_row *v = draft_volume(d, volume);
    if (!v || volume_has_open(d, v)) return;
    struct id_list attachments = draft_related(d, ATTACHMENTS_OF_VOLUME, volume);
    if (attachments.count && v->access == ACCESS_SINGLE_WRITER) return;
    if (v->released) {
        if (!attachments.count) volume_start_release(d, edit_volume(d, volume, EV_volume_releasing));
        return;
    }
    if (v->state != VOLUME_READY) return;
    if (v->content == CONTENT_SUSPECT) {
        if (attachments.count) return;
        struct volume_row *own = edit_volume(d, volume, EV_volume_suspect);
        volume_move(d, own, VOLUME_MAKING);
        volume_open_delete(d, own, true);
        return;
    }
    tasks_of_volume_advance(d, volume);
    v = draft_volume(d, volume);
    bool idle = !draft_related(d, ATTACHMENTS_OF_VOLUME, volume).count && !volume_has_open(d, v);
    if (idle && v->content == CONTENT_NEW && v->format_eager) volume_format_eagerly(d, v);
}
