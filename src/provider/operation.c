// SPDX-License-Identifier: Apache-2.0
// The master's operations: each is carried out once at a time per volume, in the order of arrival, repeated while its outcome
// is open, and answered as often as it is asked.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "codec/message.h"
#include "provider/machine.h"

// ---- arrival ----

static void answer(struct provider *p, struct operation *o) {
    Granary__FromProvider *m = provider_say(p);
    m->result = message_copy(&o->result->base, &p->out->arena);
}

static void operation_free(struct operation *o) {
    list_remove(&o->in_line);
    list_remove(&o->in_ready);
    arena_done(&o->arena);
    free(o);
}

// Remembers the newest results; the oldest go.
static void ended_push(struct provider *p, uint64_t id) {
    vec_push(&p->ended, id);
    if (p->ended.count <= ENDED_MOST) return;
    struct operation *oldest = map_get(&p->operations, p->ended.at[0]);
    map_remove(&p->operations, p->ended.at[0]);
    vec_remove(&p->ended, 0);
    operation_free(oldest);
}

static void line_leave(struct provider *p, struct operation *o) {
    struct line *line = o->line;
    list_remove(&o->in_line);
    list_remove(&o->in_ready);
    o->line = NULL;
    if (!line) return;
    if (list_empty(&line->operations)) {
        map_remove_text(&p->lines, line->uuid);
        free(line);
        return;
    }
    struct operation *first = LIST_ITEM(line->operations.next, struct operation, in_line);
    if (first->state == WAITING && !list_linked(&first->in_ready)) list_add_last(&p->ready, &first->in_ready);
}

static struct line *line_get(struct provider *p, const char *uuid) {
    bool made;
    union map_value *v = map_put_text(&p->lines, uuid, &made);
    if (!made) return v->p;
    struct line *line = v->p = NEW(struct line);
    list_init(&line->operations);
    memcpy(line->uuid, uuid, strlen(uuid));
    return line;
}

static void operation_end(struct provider *p, struct operation *o) {
    o->state = ENDED;
    line_leave(p, o);
    ended_push(p, o->message->operation_id);
    p->report.wanted = true;
    if (p->session == CONNECTED) answer(p, o);
}

static Granary__ProviderResult *result_new(struct operation *o, bool done) {
    Granary__ProviderResult *r = ARENA_NEW(&o->arena, Granary__ProviderResult);
    granary__provider_result__init(r);
    r->operation_id = o->message->operation_id;
    r->done = done;
    o->result = r;
    return r;
}

static void operation_fail(struct provider *p, struct operation *o, enum err_kind kind, const char *sentence) {
    Granary__ProviderResult *r = result_new(o, false);
    r->error_kind = arena_text(&o->arena, err_kind_name(kind));
    r->message = arena_text(&o->arena, sentence);
    operation_end(p, o);
}

// ---- the request for the driver ----

static struct driver_pairs tags_of(const Granary__ProviderOperation *m, struct arena *arena) {
    struct driver_pair *tags = arena_zero(arena, m->n_tags + 1, sizeof *tags);
    for (size_t i = 0; i < m->n_tags; i++) tags[i] = (struct driver_pair){m->tags[i]->key, m->tags[i]->value};
    return (struct driver_pairs){tags, m->n_tags};
}

// What we know from the storage itself fills in what the master does not know yet.
static struct driver_volume volume_of(struct provider *p, struct operation *o, struct uuid uuid) {
    const Granary__ProviderOperation *m = o->message;
    const struct object *known = object_get(p, o->line->uuid);
    char name[STORAGE_NAME];
    storage_name(p->cluster, uuid, name);
    return (struct driver_volume){
        .cluster = p->cluster,
        .uuid = arena_text(&o->arena, o->line->uuid),
        .name = arena_text(&o->arena, known && known->name ? known->name : name),
        .label = m->volume_name,
        .instance = m->instance ? m->instance
                    : known     ? arena_text(&o->arena, known->instance)
                                : NULL,
        .pool = m->pool ? m->pool
                : known ? arena_text(&o->arena, known->pool)
                        : NULL,
        .handle = m->handle ? m->handle
                  : known   ? arena_text(&o->arena, known->handle)
                            : NULL,
        .context = m->create_context ? m->create_context
                   : known           ? arena_text(&o->arena, known->context)
                                     : NULL,
    };
}

static bool act_of(Granary__OperationKind kind, enum driver_act *ret_act) {
    static const struct {
        Granary__OperationKind kind;
        enum driver_act act;
    } acts[] = {
        {GRANARY__OPERATION_KIND__OPERATION_CREATE, DRIVER_ACT_CREATE},
        {GRANARY__OPERATION_KIND__OPERATION_DELETE, DRIVER_ACT_REMOVE},
        {GRANARY__OPERATION_KIND__OPERATION_GROW, DRIVER_ACT_GROW},
        {GRANARY__OPERATION_KIND__OPERATION_ATTACH, DRIVER_ACT_ATTACH},
        {GRANARY__OPERATION_KIND__OPERATION_DETACH, DRIVER_ACT_DETACH},
        {GRANARY__OPERATION_KIND__OPERATION_FENCE, DRIVER_ACT_FENCE},
    };
    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        if (acts[i].kind != kind) continue;
        *ret_act = acts[i].act;
        return true;
    }
    return false;
}

static void request_fill(struct provider *p, struct operation *o, enum driver_act act, struct uuid uuid) {
    const Granary__ProviderOperation *m = o->message;
    struct driver_volume v = volume_of(p, o, uuid);
    struct driver_pairs tags = tags_of(m, &o->arena);
    o->request = (struct driver_request){.act = act, .volume = v, .size = {m->size}, .wipe = m->wipe};
    if (act == DRIVER_ACT_CREATE)
        o->request.create = (struct driver_create){.volume = v,
                                                   .size = {m->size},
                                                   .iops = {m->iops},
                                                   .bandwidth = {m->bandwidth},
                                                   .fs = m->fs,
                                                   .zero = m->zero,
                                                   .many_hosts = m->many_hosts,
                                                   .tags = tags};
    if (act == DRIVER_ACT_ATTACH || act == DRIVER_ACT_DETACH || act == DRIVER_ACT_FENCE)
        o->request.attach = (struct driver_attach){.volume = v,
                                                   .host = m->host_identity,
                                                   .agent = m->agent_name,
                                                   .epoch = m->epoch,
                                                   .read_only = m->read_only,
                                                   .many_hosts = m->many_hosts,
                                                   .context = m->attach_context,
                                                   .tags = tags};
}

void operation_take(struct provider *p, const Granary__ProviderOperation *message) {
    bool made;
    union map_value *place = map_put(&p->operations, message->operation_id, &made);
    struct operation *o = place->p;
    if (!made) { // asked again: it runs, or was answered
        if (o->state == ENDED) answer(p, o);
        return;
    }
    o = place->p = NEW(struct operation);
    o->message = message_copy(&message->base, &o->arena);
    struct uuid uuid;
    enum driver_act act;
    if (!act_of(message->kind, &act)) {
        operation_fail(p, o, ERR_UNSUPPORTED, "this kind of operation is not a provider's");
        return;
    }
    if (!uuid_parse(message->volume_uuid, &uuid)) {
        operation_fail(p, o, ERR_INVALID, "the volume's UUID cannot be read");
        return;
    }
    char text[UUID_TEXT];
    uuid_text(uuid, text);
    o->line = line_get(p, text);
    list_add_last(&o->line->operations, &o->in_line);
    request_fill(p, o, act, uuid);
    if (o->line->operations.next == &o->in_line) list_add_last(&p->ready, &o->in_ready);
}

// ---- running ----

static void pauses_end(struct provider *p) {
    const struct heap_item *first;
    while ((first = heap_first(&p->pauses)) && first->when <= p->now.ms) {
        struct operation *o = map_get(&p->operations, heap_pop(&p->pauses).id);
        if (!o || o->state != PAUSED || o->retry_at.ms > p->now.ms) continue; // dropped, or sent again since
        o->state = WAITING;
        list_add_last(&p->ready, &o->in_ready);
    }
}

static uint32_t timeout_of(const struct provider *p, const struct driver_request *r) {
    return r->act == DRIVER_ACT_REMOVE && r->wipe ? p->setup.wipe_timeout_ms : p->setup.timeout_ms[r->act];
}

static void operation_start(struct provider *p, struct operation *o) {
    struct object *known = object_get(p, o->line->uuid);
    o->state = RUNNING;
    o->attempts++;
    // Its bytes may be free again at any moment from now on.
    if (known && o->request.act == DRIVER_ACT_REMOVE) object_removing(p, known, true);
    listing_touch(p, o->line->uuid);
    job_start(p, JOB_OPERATION, &o->request, timeout_of(p, &o->request))->operation = o;
}

void operations_run(struct provider *p) {
    if (p->session != CONNECTED) return; // what waits was dropped, what comes back will be sent again
    pauses_end(p);
    while (!list_empty(&p->ready) && job_room(p)) {
        struct operation *o = LIST_ITEM(p->ready.next, struct operation, in_ready);
        list_remove(&o->in_ready);
        operation_start(p, o);
    }
}

// ---- the end of a call ----

static void object_made(struct provider *p, struct operation *o, const struct driver_answer *a) {
    const struct driver_volume *v = &o->request.create.volume;
    struct driver_object made = {.name = v->name,
                                 .handle = a->created.handle,
                                 .instance = v->instance,
                                 .pool = v->pool,
                                 .context = a->created.context,
                                 .size = a->created.size};
    object_learn(p, o->line->uuid, &made);
}

static void operation_succeed(struct provider *p, struct operation *o, const struct driver_answer *a) {
    Granary__ProviderResult *r = result_new(o, true);
    struct object *known = object_get(p, o->line->uuid);
    switch (o->request.act) {
    case DRIVER_ACT_CREATE:
        object_made(p, o, a);
        r->handle = arena_text(&o->arena, a->created.handle);
        r->context = arena_text(&o->arena, a->created.context);
        r->has_size = r->has_zeroed = true;
        r->size = a->created.size.n;
        r->zeroed = a->created.zeroed;
        break;
    case DRIVER_ACT_REMOVE: object_drop(p, o->line->uuid); break;
    case DRIVER_ACT_GROW:
        r->has_size = true;
        r->size = a->size.n;
        if (known) object_resize(p, known, a->size);
        break;
    case DRIVER_ACT_ATTACH: r->context = arena_text(&o->arena, a->context); break;
    case DRIVER_ACT_FENCE: r->message = arena_text(&o->arena, a->proof); break;
    default: break;
    }
    operation_end(p, o);
}

// The outcome is open: the same call comes again, while there is a session in which to answer.
static void operation_pause(struct provider *p, struct operation *o, const char *why) {
    int64_t wait = provider_back_off(p, o->message->operation_id, o->attempts);
    o->retry_at.ms = p->now.ms + wait;
    o->state = PAUSED;
    heap_push(&p->pauses, o->retry_at.ms, o->message->operation_id);
    provider_log(p, "operation %llu will be tried again in %lld ms attempts=%u why=\"%s\"",
                 (unsigned long long)o->message->operation_id, (long long)wait, o->attempts, why);
}

static void operation_forget(struct provider *p, struct operation *o) {
    map_remove(&p->operations, o->message->operation_id);
    line_leave(p, o);
    operation_free(o);
}

void operation_done(struct provider *p, struct operation *o, const struct provider_input *input) {
    struct object *known = object_get(p, o->line->uuid);
    listing_touch(p, o->line->uuid);
    if (!input->error) {
        operation_succeed(p, o, input->answer);
    } else if (!outcome_open(input->error_kind)) {
        if (known) object_removing(p, known, false);
        operation_fail(p, o, input->error_kind, input->error);
    } else if (p->session == CONNECTED) {
        operation_pause(p, o, input->error);
    } else {
        operation_forget(p, o);
    }
}

void operations_drop(struct provider *p) {
    MAP_EACH (entry, &p->operations) {
        struct operation *o = entry->value.p;
        if (o->state == WAITING || o->state == PAUSED) operation_forget(p, o);
    }
}

void operations_free(struct provider *p) {
    MAP_EACH (entry, &p->operations) {
        struct operation *o = entry->value.p;
        if (o->line) line_leave(p, o);
        operation_free(o);
    }
    map_done(&p->operations);
    map_done(&p->lines);
    heap_done(&p->pauses);
    vec_done(&p->ended);
}
