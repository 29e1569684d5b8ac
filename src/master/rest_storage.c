// SPDX-License-Identifier: Apache-2.0
// REST: classes, volumes, reservations, operations.
#include "master/turn.h"

#include "core/operation.h"
#include "core/request.h"
#include "granary_api.pb-c.h"
#include "model/label.h"
#include "wire/class.h"
#include "wire/fields.h"
#include "wire/request.h"
#include "wire/volume.h"

// ---- classes ----

HANDLER(rest_class) {
    (void)at;
    const struct class_row *class;
    struct err *e = broker_class(m->state, parts[2], &class);
    if (!e) rest_answer_row(m, r, 200, NOUN_CLASS, class->id, out);
    rest_finish(m, r, e, out);
}

static struct err *class_apply(struct turn *t, const char *name) {
    struct command c = turn_command(t, CMD_class_apply);
    void *body;
    TRY(rest_body(t->r, &granary__class__descriptor, &t->arena, &body));
    TRY(class_apply_read(&t->in, name, body, &c.class_apply));
    TRY(turn_run(t, &c));
    rest_answer_row(t->m, t->r, 200, NOUN_CLASS, t->answer.ids.at[0], t->out);
    return NULL;
}

HANDLER(rest_class_apply) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, class_apply(&t, parts[2]));
}

// ---- volumes ----

struct volume_filter {
    char *role, *class, *state, *label;
};

static bool volume_kept(const struct master *m, const void *row, const void *filter) {
    const struct volume_row *v = row;
    const struct volume_filter *f = filter;
    const struct class_row *class = f->class ? state_class(m->state, v->class) : NULL;
    if (f->role && strcmp(state_text(m->state, v->owner.role), f->role) != 0) return false;
    if (f->class && (!class || strcmp(class->name, f->class) != 0)) return false;
    if (f->label && !labels_has(v->labels, f->label, strlen(f->label))) return false;
    return !f->state || strcmp(volume_state_name(v->state), f->state) == 0;
}

static void *volume_to_message(const struct master *m, const void *row, struct arena *arena) {
    return volume_message(m->state, row, arena, DETAIL_API);
}

static struct err *volume_filter_check(const struct volume_filter *f) {
    enum volume_state state;
    if (!f->state || volume_state_parse(f->state, &state)) return NULL;
    return err_new(ERR_INVALID,
                   "volumes: there is no state '%s'; the states are wanted, making, ready, releasing, failed, gone",
                   f->state);
}

HANDLER(rest_volumes) {
    (void)parts, (void)at;
    AUTO_ARENA struct arena arena = {0};
    AUTO_FREE char *role = request_query(r, "role"), *class = request_query(r, "class"),
                   *state = request_query(r, "state"), *label = request_query(r, "label");
    struct volume_filter filter = {role, class, state, label};
    struct page page;
    struct err *e = page_read(r, PAGE_USUAL, &page);
    if (!e) e = volume_filter_check(&filter);
    if (e) {
        rest_finish(m, r, e, out);
        return;
    }
    struct page_rows rows = page_collect(m, NOUN_VOLUME, page, volume_kept, &filter, volume_to_message, &arena);
    Granary__VolumeList list = GRANARY__VOLUME_LIST__INIT;
    list.volumes = (void *)rows.messages;
    list.n_volumes = rows.count;
    list.next_page = rows.next;
    list.has_seq = 1;
    list.seq = m->state->seq;
    rest_answer(m, out, r->exchange, 200, &list.base);
}

static struct err *volume_named(struct turn *t, const char *name, const struct volume_row **ret_volume) {
    t->in = rest_intake(t->m, &t->arena, t->at);
    AUTO_FREE char *role = request_query(t->r, "role");
    return volume_find(&t->in, t->m->state, role, name, ret_volume);
}

static struct err *volume_show(struct turn *t, const char *name) {
    const struct volume_row *v;
    TRY(volume_named(t, name, &v));
    rest_answer_row(t->m, t->r, 200, NOUN_VOLUME, v->id, t->out);
    return NULL;
}

HANDLER(rest_volume) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, volume_show(&t, parts[2]));
}

static void answer_created(struct turn *t) {
    size_t n = t->answer.ids.count / 2;
    Granary__VolumeCreated created = GRANARY__VOLUME_CREATED__INIT;
    created.volumes = arena_zero(&t->arena, n, sizeof *created.volumes);
    created.operations = arena_zero(&t->arena, n, sizeof *created.operations);
    for (size_t i = 0; i < n; i++) {
        const struct volume_row *v = state_volume(t->m->state, t->answer.ids.at[2 * i]);
        const struct operation_row *o = state_operation(t->m->state, t->answer.ids.at[2 * i + 1]);
        if (v) created.volumes[created.n_volumes++] = volume_message(t->m->state, v, &t->arena, DETAIL_API);
        if (o)
            created.operations[created.n_operations++] =
                row_message(t->m->state, NOUN_OPERATION, o, &t->arena, DETAIL_API);
    }
    created.has_seq = 1;
    created.seq = t->m->state->seq;
    rest_answer(t->m, t->out, t->r->exchange, 202, &created.base);
}

static struct err *volume_create(struct turn *t) {
    struct command c = turn_command(t, CMD_volume_create);
    void *body;
    TRY(rest_consumer_body(t->m, t->r, &granary__volume_create__descriptor, &t->arena, &body));
    TRY(volume_create_read(&t->in, t->m->state, body, &c.volume_create));
    TRY(turn_wish_explained(t));
    TRY(turn_run(t, &c));
    answer_created(t);
    return NULL;
}

HANDLER(rest_volume_create) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, volume_create(&t));
}

static struct err *volume_do(struct turn *t, enum command_kind kind, const char *name) {
    const struct volume_row *v;
    TRY(volume_named(t, name, &v));
    struct command c = turn_command(t, kind);
    uint64_t volume = v->id;
    c.volume_delete = (struct cmd_volume){.volume = volume};
    void *body;
    if (kind == CMD_volume_grow) {
        TRY(rest_body(t->r, &granary__volume_grow__descriptor, &t->arena, &body));
        TRY(volume_grow_read(body, volume, &c.volume_grow));
    } else if (kind == CMD_volume_publish) {
        TRY(rest_body(t->r, &granary__volume_publish__descriptor, &t->arena, &body));
        TRY(volume_publish_read(body, volume, &c.volume_publish));
    }
    TRY(turn_run(t, &c));
    rest_answer_row(t->m, t->r, 202, NOUN_VOLUME, volume, t->out);
    return NULL;
}

HANDLER(rest_volume_delete) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, volume_do(&t, CMD_volume_delete, parts[2]));
}

HANDLER(rest_volume_grow) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, volume_do(&t, CMD_volume_grow, parts[2]));
}

HANDLER(rest_volume_publish) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, volume_do(&t, CMD_volume_publish, parts[2]));
}

HANDLER(rest_volume_unpublish) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, volume_do(&t, CMD_volume_unpublish, parts[2]));
}

// ---- reservations, operations ----

static struct err *id_read(const char *what, const char *text, uint64_t *ret_id) {
    return text_to_u64(text, ret_id) ? NULL : err_new(ERR_NOT_FOUND, "%s '%.64s': ids are numbers", what, text);
}

static struct err *row_show(struct master *m, const struct request *r, enum noun noun, const char *text,
                            struct outputs *out) {
    uint64_t id;
    TRY(id_read(noun_name(noun), text, &id));
    if (!table_get(&m->state->tables[noun], id))
        return err_new(ERR_NOT_FOUND, "%s %s: there is none", noun_name(noun), text);
    rest_answer_row(m, r, 200, noun, id, out);
    return NULL;
}

HANDLER(rest_reservation) {
    (void)at;
    rest_finish(m, r, row_show(m, r, NOUN_RESERVATION, parts[2], out), out);
}

HANDLER(rest_operation) {
    (void)at;
    rest_finish(m, r, row_show(m, r, NOUN_OPERATION, parts[2], out), out);
}

static struct err *reservation_create(struct turn *t) {
    struct command c = turn_command(t, CMD_reservation_create);
    void *body;
    TRY(rest_consumer_body(t->m, t->r, &granary__reservation_create__descriptor, &t->arena, &body));
    TRY(reservation_create_read(&t->in, body, &c.reservation_create));
    TRY(turn_wish_explained(t));
    TRY(turn_run(t, &c));
    rest_answer_row(t->m, t->r, 201, NOUN_RESERVATION, t->answer.ids.at[0], t->out);
    return NULL;
}

HANDLER(rest_reservation_create) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, reservation_create(&t));
}

static struct err *reservation_remove(struct turn *t, const char *text) {
    struct command c = turn_command(t, CMD_reservation_remove);
    TRY(id_read("reservation", text, &c.reservation_remove.id));
    TRY(turn_run(t, &c));
    out_reply(t->m, t->out, t->r->exchange, 204, NULL, "", 0);
    return NULL;
}

HANDLER(rest_reservation_remove) {
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, reservation_remove(&t, parts[2]));
}
