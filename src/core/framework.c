// SPDX-License-Identifier: Apache-2.0
// Frameworks come, go and end.
#include "core/framework.h"

#include "core/allocator.h"
#include "core/task.h"

bool framework_has_role(const struct framework_row *f, symbol role) {
    const symbol *roles = blob_items(f->roles, symbol);
    for (size_t i = 0; i < blob_count(f->roles, symbol); i++)
        if (symbol_equal(roles[i], role)) return true;
    return false;
}

uint64_t framework_namesake(const struct state *s, const struct framework_row *f) {
    STATE_EACH(FRAMEWORK, framework_row, other, s) {
        if (text_equal(other->name, f->name) && symbol_equal(other->principal, f->principal)) return other->id;
    }
    return f->id;
}

struct owner framework_owner(const struct state *s, const struct framework_row *f, symbol role) {
    bool everybody = strcmp(state_text(s, role), "*") == 0;
    return (struct owner){.role = role, .framework = everybody ? framework_namesake(s, f) : 0};
}

static struct err *roles_check(const struct draft *d, const struct cmd_subscribe *c) {
    for (size_t i = 0; i < c->role_count; i++) {
        TRY(role_check(state_text(d->state, c->roles[i])));
        for (size_t j = 0; j < i; j++)
            if (symbol_equal(c->roles[i], c->roles[j]))
                return err_new(ERR_INVALID, "Subscribe framework '%s': role '%s' is named twice", c->name,
                               state_text(d->state, c->roles[i]));
    }
    for (size_t i = 0; i < c->suppressed_count; i++) {
        bool known = false;
        for (size_t j = 0; j < c->role_count; j++) known |= symbol_equal(c->suppressed[i], c->roles[j]);
        if (!known)
            return err_new(ERR_INVALID, "Subscribe framework '%s': suppressed role '%s' is not one of its roles",
                           c->name, state_text(d->state, c->suppressed[i]));
    }
    return NULL;
}

static struct framework_row *framework_new(struct draft *d, const struct cmd_subscribe *c) {
    struct framework_row *f = draft_add(d, NOUN_FRAMEWORK, EV_framework_added);
    char cluster[UUID_TEXT];
    uuid_text(d->state->cluster.id, cluster);
    bool chosen = c->text_id && *c->text_id;
    f->text_id = chosen ? c->text_id : arena_format(d->arena, "%s-%llu", cluster, (unsigned long long)f->id);
    f->registered = d->now.wall;
    f->user = c->user;
    f->principal = c->principal;
    return f;
}

static struct err *framework_known_check(const struct draft *d, const struct framework_row *f,
                                         const struct cmd_subscribe *c) {
    if (f->completed)
        return err_new(ERR_CONFLICT, "Framework has been removed; subscribe without an id to be a new one");
    if (!symbol_equal(f->principal, c->principal))
        return err_new(ERR_DENIED, "Changing framework's principal is not allowed: it subscribed as '%s'",
                       state_text(d->state, f->principal));
    return NULL;
}

struct err *decide_subscribe(struct draft *d, const struct cmd_subscribe *c, struct answer *ret_answer) {
    bool chosen = c->text_id && *c->text_id;
    if (chosen) TRY(chosen_id_check("framework", c->text_id));
    TRY(roles_check(d, c));
    const struct framework_row *known = chosen ? state_framework_named(d->state, c->text_id) : NULL;
    if (known) TRY(framework_known_check(d, known, c));
    if (known) drop_offers_of_framework(d, known->id);
    struct framework_row *f = known ? edit_framework(d, known->id, EV_framework_subscribed) : framework_new(d, c);
    f->name = c->name;
    f->info = c->info;
    f->roles = draft_blob(d, c->roles, c->role_count * sizeof *c->roles);
    f->suppressed = draft_blob(d, c->suppressed, c->suppressed_count * sizeof *c->suppressed);
    f->constraints = draft_blob(d, c->constraints, c->constraint_count * sizeof *c->constraints);
    f->least = draft_blob(d, c->least, c->least_count * sizeof *c->least);
    f->capabilities = c->capabilities;
    f->labelled = c->labelled;
    f->failover_timeout = c->failover_timeout;
    f->session = c->session;
    f->disconnected = (struct wall){0};
    f->revived++; // a new subscription starts without filters
    vec_push(&ret_answer->ids, f->id);
    return NULL;
}

void decide_framework_gone(struct draft *d, const struct cmd_id *c) {
    const struct framework_row *old = draft_framework(d, c->id);
    if (!old || old->session != c->session || old->completed) return;
    drop_offers_of_framework(d, c->id);
    struct framework_row *f = edit_framework(d, c->id, EV_framework_disconnected);
    f->session = 0;
    f->disconnected = d->now.wall;
    if (f->failover_timeout.n <= 0) framework_complete(d, c->id);
}

static void framework_forget_operations(struct draft *d, uint64_t framework) {
    struct id_list operations = draft_related(d, OPERATIONS_OF_FRAMEWORK, framework);
    VEC_EACH (id, &operations) {
        if (draft_operation(d, *id)->state != OP_OPEN) {
            operation_acknowledge(d, *id);
            continue;
        }
        struct operation_row *o = edit_operation(d, *id, EV_operation_opened);
        o->framework = 0;
        o->framework_operation = NULL;
    }
}

static void framework_end_tasks(struct draft *d, uint64_t framework) {
    struct id_list tasks = draft_related(d, TASKS_OF_FRAMEWORK, framework);
    VEC_EACH (id, &tasks) {
        const struct task_row *t = draft_task(d, *id);
        if (task_state_ended(t->state))
            task_acknowledge(d, *id);
        else
            task_kill_want(d, *id, UINT64_MAX);
    }
}

void framework_complete(struct draft *d, uint64_t framework) {
    drop_offers_of_framework(d, framework);
    struct framework_row *f = edit_framework(d, framework, EV_framework_completed);
    f->completed = true;
    f->session = 0;
    if (!f->disconnected.ms) f->disconnected = d->now.wall;
    framework_forget_operations(d, framework);
    framework_end_tasks(d, framework);
}

struct err *decide_teardown(struct draft *d, uint64_t framework) {
    const struct framework_row *f = draft_framework(d, framework);
    if (!f || f->completed) return err_new(ERR_NOT_FOUND, "teardown: no such framework is registered");
    framework_complete(d, framework);
    return NULL;
}

void decide_kill(struct draft *d, const struct cmd_kill *c) {
    const struct task_row *t = draft_task_named(d, c->framework, c->task);
    if (t && !task_state_ended(t->state)) {
        task_kill_want(d, t->id, c->grace_ms);
        return;
    }
    if (t) return; // its end is being told already
    struct notice *n = draft_notice(d, NOTICE_TASK_STATUS, c->framework);
    n->text_id = draft_text(d, c->task);
    const struct framework_row *f = draft_framework(d, c->framework);
    n->state = f && framework_can(f, FW_PARTITION_AWARE) ? TASK_UNKNOWN : TASK_LOST;
    n->reason = REASON_RECONCILIATION;
    n->message = "Reconciliation: Task is unknown";
}

void decide_acknowledge(struct draft *d, const struct cmd_acknowledge *c) {
    const struct task_row *t = draft_task_named(d, c->framework, c->task);
    if (t && t->update_uuid && memcmp(t->update_uuid->bytes, c->uuid, 16) == 0) task_acknowledge(d, t->id);
}

void decide_acknowledge_operation(struct draft *d, const struct cmd_acknowledge *c) {
    struct id_list operations = draft_related(d, OPERATIONS_OF_FRAMEWORK, c->framework);
    VEC_EACH (id, &operations) {
        const struct operation_row *o = draft_operation(d, *id);
        if (!o->status_uuid || !text_equal(o->framework_operation, c->operation)) continue;
        if (c->uuid && memcmp(o->status_uuid->bytes, c->uuid, 16) != 0) continue;
        operation_acknowledge(d, *id);
        return;
    }
}

static bool framework_owns(const struct draft *d, uint64_t framework) {
    STATE_EACH(VOLUME, volume_row, v, d->state) {
        if (v->owner.framework == framework) return true;
    }
    STATE_EACH(RESERVATION, reservation_row, r, d->state) {
        if (r->owner.framework == framework) return true;
    }
    return false;
}

void frameworks_prune(struct draft *d) {
    size_t completed = 0;
    STATE_EACH(FRAMEWORK, framework_row, f, d->state) completed += f->completed;
    STATE_EACH(FRAMEWORK, framework_row, old, d->state) {
        if (completed <= FRAMEWORKS_KEPT) return;
        if (!old->completed || draft_related(d, TASKS_OF_FRAMEWORK, old->id).count || framework_owns(d, old->id))
            continue;
        draft_remove(d, NOUN_FRAMEWORK, old->id, EV_framework_removed);
        completed--;
    }
}
