// SPDX-License-Identifier: Apache-2.0
// A labelled framework in the simulation, speaking the scheduler API in JSON: it takes part of a class, makes a volume,
// launches tasks on it, destroys it, unreserves, and tells nobody in which order.
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/base64.h"
#include "codec/json_read.h"
#include "codec/message.h"
#include "wire/mesos.h"
#include "wire/mesos_basic.h"

struct fw_task {
    char id[32];
    bool ended, told; // told: by a status, not by reconciliation alone
};
struct fw_operation {
    char id[32];
    char disk[32]; // the name of the one that it is to destroy
    bool ended;
};

struct framework_node {
    struct sim *sim;
    int number;
    char name[16], role[16], id[160];
    struct channel channel;
    bool subscribed, settling;
    uint64_t next_number, offers_heard, launched, ended, made, destroyed;
    int64_t opened_at;
    VEC(struct fw_task) tasks;
    VEC(struct fw_operation) operations;
};

static void subscribe(struct sim *s, void *arg);

static void call(struct framework_node *f, const char *format, ...) PRINTF(2, 3);

static void call_answered(struct sim *s, void *arg, int status, const char *body, size_t size) {
    struct framework_node *f = arg;
    if (status >= 400 && status != 403 && !(status == 400 && memmem(body, size, "stream", 6)) &&
        !(status == 400 && memmem(body, size, "Framework cannot", 16)))
        sim_fail(s, "%s: a call was answered %d: %.*s", f->name, status, (int)size, body);
}

static void call(struct framework_node *f, const char *format, ...) {
    if (!f->subscribed) return;
    AUTO_TEXT struct text body = {0};
    text_addf(&body, "{\"framework_id\":{\"value\":\"%s\"},", f->id);
    va_list args;
    va_start(args, format);
    char *rest;
    must(vasprintf(&rest, format, args) >= 0);
    va_end(args);
    text_add(&body, rest);
    free(rest);
    text_add_char(&body, '}');
    sim_post(f->sim, "POST", "/api/v1/scheduler", "application/json", f->channel.name, body.data, body.size,
             (struct answer_to){call_answered, f});
}

static const char *new_id(struct framework_node *f, const char *what, char to[32]) {
    snprintf(to, 32, "%s-%s-%llu", what, f->name, (unsigned long long)++f->next_number);
    return to;
}

static const char *operation_new(struct framework_node *f, const char *what) {
    struct fw_operation *o = vec_add(&f->operations);
    return new_id(f, what, o->id);
}

// ---- offers ----

// A part of it, sometimes beside a disk that was made of it before.
static void disk_of_reservation(struct framework_node *f, const Mesos__V1__Offer *o, const Mesos__V1__Resource *r) {
    f->made++;
    call(f,
         "\"type\":\"ACCEPT\",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],\"operations\":[{\"type\":\"CREATE_DISK\","
         "\"id\":{\"value\":\"%s\"},\"create_disk\":{\"source\":{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{"
         "\"value\":%.3f},\"provider_id\":{\"value\":\"granary\"},\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":"
         "\"%s\"}],\"disk\":{\"source\":{\"type\":\"RAW\",\"profile\":\"%s\",\"id\":\"%s\"}}},\"target_type\":"
         "\"MOUNT\"}}],"
         "\"filters\":{\"refuse_seconds\":1}}",
         o->id->value, operation_new(f, "create"), r->scalar->value / (double)(1 + sim_random(f->sim, 3)), f->role,
         r->disk->source->profile, r->disk->source->id);
}

static void storage_offer(struct framework_node *f, const Mesos__V1__Offer *o) {
    struct sim *s = f->sim;
    const Mesos__V1__Resource *raw = NULL, *reserved = NULL;
    for (size_t i = 0; i < o->n_resources; i++) {
        const Mesos__V1__Resource *r = o->resources[i];
        if (r->n_reservations)
            reserved = r;
        else if (!raw || sim_random(s, 2))
            raw = r;
    }
    uint64_t choice = sim_random(s, 10);
    if (f->settling) {
        if (reserved) {
            call(f,
                 "\"type\":\"ACCEPT\",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],\"operations\":[{\"type\":"
                 "\"UNRESERVE\",\"id\":{\"value\":\"%s\"},\"unreserve\":{\"resources\":[{\"name\":\"disk\",\"type\":"
                 "\"SCALAR\",\"scalar\":{\"value\":%.3f},"
                 "\"provider_id\":{\"value\":\"granary\"},\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"%s\"}],"
                 "\"disk\":{\"source\":{\"type\":\"RAW\",\"profile\":\"%s\",\"id\":\"%s\"}}}]}}],\"filters\":{\"refuse_"
                 "seconds\":1}}",
                 o->id->value, operation_new(f, "unreserve"), reserved->scalar->value, f->role,
                 reserved->disk->source->profile, reserved->disk->source->id);
            return;
        }
        choice = 9;
    }
    if (reserved && choice == 6) {
        disk_of_reservation(f, o, reserved);
        return;
    }
    if (!raw || choice > 5 || raw->scalar->value < 32) {
        call(f,
             "\"type\":\"DECLINE\",\"decline\":{\"offer_ids\":[{\"value\":\"%s\"}],\"filters\":{\"refuse_seconds\":%."
             "1f}}",
             o->id->value, f->settling ? 2.0 : 0.5);
        return;
    }
    double size = 16 + (double)sim_random(s, 400);
    if (sim_chance(s, 20)) size = raw->scalar->value + 1; // more than there is: refused, with the figures
    const char *app = sim_random(s, 2) ? "x" : "y";
    char source[640], reserve[32], create[32];
    snprintf(source, sizeof source,
             "{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{\"value\":%.3f},\"provider_id\":{\"value\":"
             "\"granary\"},\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"%s\",\"labels\":{\"labels\":[{\"key\":"
             "\"app\",\"value\":\"%s\"}]}}],\"disk\":{\"source\":{\"type\":\"RAW\",\"profile\":\"%s\"}}}",
             size, f->role, app, raw->disk->source->profile);
    snprintf(reserve, sizeof reserve, "%s", operation_new(f, "reserve"));
    snprintf(create, sizeof create, "%s", operation_new(f, "create"));
    f->made++;
    call(f,
         "\"type\":\"ACCEPT\",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],\"operations\":[{\"type\":\"RESERVE\","
         "\"id\":{\"value\":\"%s\"},\"reserve\":{\"resources\":[%s]}},"
         "{\"type\":\"CREATE_DISK\",\"id\":{\"value\":\"%s\"},\"create_disk\":{\"source\":%s,\"target_type\":\"MOUNT\"}"
         "}],\"filters\":{\"refuse_seconds\":1}}",
         o->id->value, reserve, source, create, source);
}

static void destroy(struct framework_node *f, const Mesos__V1__Offer *o, const Mesos__V1__Resource *disk) {
    f->destroyed++;
    const char *id = operation_new(f, "destroy");
    const char *name = mesos_label_find(disk->disk->source->metadata, "name");
    snprintf(vec_last(&f->operations)->disk, sizeof vec_last(&f->operations)->disk, "%s", name);
    promise_set(f->sim, PROMISE_VOLUME, name, PROMISED_END_ASKED);
    call(f,
         "\"type\":\"ACCEPT\",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],\"operations\":[{\"type\":\"DESTROY_"
         "DISK\",\"id\":{\"value\":\"%s\"},\"destroy_disk\":{\"source\":{\"name\":\"disk\",\"type\":\"SCALAR\","
         "\"scalar\":{\"value\":%.3f},"
         "\"provider_id\":{\"value\":\"granary\"},\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"%s\"}],\"disk\":{"
         "\"source\":{\"type\":\"MOUNT\",\"id\":\"%s\"}}}}}],\"filters\":{\"refuse_seconds\":0.5}}",
         o->id->value, id, disk->scalar->value, f->role, disk->disk->source->id);
}

static void launch(struct framework_node *f, const Mesos__V1__Offer *o, const Mesos__V1__Resource *disk) {
    struct fw_task *t = vec_add(&f->tasks);
    new_id(f, "task", t->id);
    f->launched++;
    char volume[512] = "";
    if (disk)
        snprintf(volume, sizeof volume,
                 ",{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{\"value\":%.3f},\"provider_id\":{\"value\":"
                 "\"granary\"},\"reservations\":[{\"type\":\"DYNAMIC\",\"role\":\"%s\"}],"
                 "\"disk\":{\"source\":{\"type\":\"MOUNT\",\"id\":\"%s\"},\"volume\":{\"container_path\":\"data\","
                 "\"mode\":\"RW\"}}}",
                 disk->scalar->value, f->role, disk->disk->source->id);
    call(f,
         "\"type\":\"ACCEPT\",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],\"operations\":[{\"type\":\"LAUNCH\","
         "\"launch\":{\"task_infos\":[{\"name\":\"t\",\"task_id\":{\"value\":\"%s\"},\"agent_id\":{\"value\":\"%s\"},"
         "\"resources\":[{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":0.5}},{\"name\":\"mem\",\"type\":"
         "\"SCALAR\",\"scalar\":{\"value\":64}}%s],\"command\":{\"value\":\"write\"}}]}}],\"filters\":{\"refuse_"
         "seconds\":0.5}}",
         o->id->value, t->id, o->agent_id->value, volume);
}

static void agent_offer(struct framework_node *f, const Mesos__V1__Offer *o) {
    const Mesos__V1__Resource *disk = NULL;
    double cpus = 0;
    for (size_t i = 0; i < o->n_resources; i++) {
        const Mesos__V1__Resource *r = o->resources[i];
        if (r->disk && r->disk->source && (!disk || sim_random(f->sim, 2))) disk = r;
        if (strcmp(r->name, "cpus") == 0) cpus = r->scalar->value;
    }
    uint64_t choice = sim_random(f->sim, 10);
    if (disk && (choice < 2 || f->settling))
        destroy(f, o, disk);
    else if (cpus >= 0.5 && (disk || choice == 3) && !f->settling)
        launch(f, o, disk);
    else
        call(
            f,
            "\"type\":\"DECLINE\",\"decline\":{\"offer_ids\":[{\"value\":\"%s\"}],\"filters\":{\"refuse_seconds\":%d}}",
            o->id->value, (int)sim_random(f->sim, 3));
}

struct offered {
    struct framework_node *node;
    Mesos__V1__Offer *offer;
    struct arena arena;
    uint32_t life;
};

static void offer_taken(struct sim *s, void *arg) {
    (void)s;
    struct offered *o = arg;
    if (o->life == o->node->channel.life) {
        if (strcmp(o->offer->agent_id->value, MESOS_STORAGE_AGENT) == 0)
            storage_offer(o->node, o->offer);
        else
            agent_offer(o->node, o->offer);
    }
    arena_done(&o->arena);
    free(o);
}

// It thinks about each for a while: offers may be rescinded, or lost in a race, before it answers.
static void offers_came(struct framework_node *f, const Mesos__V1__Scheduler__Event__Offers *offers) {
    for (size_t i = 0; i < offers->n_offers; i++) {
        struct offered *o = NEW(struct offered);
        o->node = f;
        o->life = f->channel.life;
        o->offer = message_copy(&offers->offers[i]->base, &o->arena);
        f->offers_heard++;
        sim_at(f->sim, 1 + (int64_t)sim_random(f->sim, 300), offer_taken, o);
    }
}

// ---- statuses ----

static void update_came(struct framework_node *f, const Mesos__V1__TaskStatus *status) {
    VEC_EACH (t, &f->tasks) {
        if (strcmp(t->id, status->task_id->value) != 0) continue;
        bool late = status->has_reason && status->reason == MESOS__V1__TASK_STATUS__REASON__REASON_RECONCILIATION;
        if (t->told && !late && !task_state_ended((enum task_state)status->state) &&
            status->state != MESOS__V1__TASK_STATE__TASK_UNREACHABLE)
            sim_fail(f->sim, "%s: task %s was ended and is %s now", f->name, t->id,
                     task_state_name((enum task_state)status->state));
        bool unknown = status->state == MESOS__V1__TASK_STATE__TASK_UNKNOWN; // its ACCEPT never arrived
        if ((unknown || task_state_ended((enum task_state)status->state)) && !t->ended) {
            t->ended = true;
            t->told = !unknown;
            f->ended++;
        }
    }
    if (!status->has_uuid) return;
    AUTO_TEXT struct text uuid = {0};
    base64_add(&uuid, status->uuid.data, status->uuid.len);
    call(f,
         "\"type\":\"ACKNOWLEDGE\",\"acknowledge\":{\"agent_id\":{\"value\":\"%s\"},\"task_id\":{\"value\":\"%s\"},"
         "\"uuid\":\"%s\"}",
         status->agent_id->value, status->task_id->value, text_string(&uuid));
}

// A volume has the name of the operation that made it.
static void operation_finished(struct framework_node *f, const struct fw_operation *o) {
    if (text_starts(o->id, "create-"))
        promise_answered(f->sim, PROMISE_VOLUME, o->id, PROMISED_NOTHING, PROMISED_THERE);
    if (*o->disk) promise_set(f->sim, PROMISE_VOLUME, o->disk, PROMISED_GONE);
}

static void operation_came(struct framework_node *f, const Mesos__V1__OperationStatus *status) {
    if (!status->operation_id) sim_fail(f->sim, "%s: an operation status without an id", f->name);
    VEC_EACH (o, &f->operations) {
        if (strcmp(o->id, status->operation_id->value) != 0 ||
            status->state == MESOS__V1__OPERATION_STATE__OPERATION_PENDING)
            continue;
        o->ended = true;
        if (status->state == MESOS__V1__OPERATION_STATE__OPERATION_FINISHED) operation_finished(f, o);
    }
    if (!status->uuid) return;
    AUTO_TEXT struct text uuid = {0};
    base64_add(&uuid, status->uuid->value.data, status->uuid->value.len);
    call(f,
         "\"type\":\"ACKNOWLEDGE_OPERATION_STATUS\",\"acknowledge_operation_status\":{\"operation_id\":{\"value\":\"%"
         "s\"},\"uuid\":\"%s\"}",
         status->operation_id->value, text_string(&uuid));
}

static void record_came(struct sim *s, void *arg, const char *bytes, size_t size) {
    struct framework_node *f = arg;
    f->channel.reader.longest = 8 << 20;
    recordio_feed(&f->channel.reader, bytes, size);
    const char *record;
    size_t length;
    struct err *e = recordio_next(&f->channel.reader, &record, &length);
    if (e || !record) sim_fail(s, "%s: a chunk that is not one record", f->name);
    AUTO_ARENA struct arena arena = {0};
    void *message;
    e = json_read(&mesos__v1__scheduler__event__descriptor, record, length, JSON_LENIENT, NULL, &arena, &message);
    if (e) sim_fail(s, "%s: an event that cannot be read: %s: %.*s", f->name, err_text(e), (int)length, record);
    const mesos_event *event = message;
    bool dull = event->type == MESOS__V1__SCHEDULER__EVENT__TYPE__HEARTBEAT ||
                event->type == MESOS__V1__SCHEDULER__EVENT__TYPE__OFFERS;
    if (!s->quiet && !dull)
        printf("%8lld %s hears %.*s\n", (long long)s->now, f->name, (int)(length < 420 ? length : 420), record);
    switch (event->type) {
    case MESOS__V1__SCHEDULER__EVENT__TYPE__SUBSCRIBED:
        snprintf(f->id, sizeof f->id, "%s", event->subscribed->framework_id->value);
        f->subscribed = true;
        call(f, "\"type\":\"RECONCILE\",\"reconcile\":{}");
        break;
    case MESOS__V1__SCHEDULER__EVENT__TYPE__OFFERS: offers_came(f, event->offers); break;
    case MESOS__V1__SCHEDULER__EVENT__TYPE__UPDATE: update_came(f, event->update->status); break;
    case MESOS__V1__SCHEDULER__EVENT__TYPE__UPDATE_OPERATION_STATUS:
        operation_came(f, event->update_operation_status->status);
        break;
    case MESOS__V1__SCHEDULER__EVENT__TYPE__ERROR:
        // Its earlier stream was still open at the master: that one is told, this one is not.
        if (!strstr(event->error->message, "failed over")) sim_fail(s, "%s: ERROR %s", f->name, event->error->message);
        break;
    default: break;
    }
}

static void stream_closed(struct sim *s, void *arg) {
    struct framework_node *f = arg;
    f->subscribed = false;
    recordio_done(&f->channel.reader);
    sim_at(s, 100 + (int64_t)sim_random(s, 1000), subscribe, f);
}

static void stream_opened(struct sim *s, void *arg, int status, const char *body, size_t size) {
    struct framework_node *f = arg;
    if (status == 200) return;
    if (status >= 400) sim_fail(s, "%s: SUBSCRIBE was answered %d: %.*s", f->name, status, (int)size, body);
    stream_closed(s, arg);
}

static void subscribe(struct sim *s, void *arg) {
    struct framework_node *f = arg;
    if (f->subscribed || s->over) return;
    AUTO_TEXT struct text body = {0};
    char id[200] = "", info_id[200] = "";
    if (*f->id) {
        snprintf(id, sizeof id, "\"framework_id\":{\"value\":\"%s\"},", f->id);
        snprintf(info_id, sizeof info_id, "\"id\":{\"value\":\"%s\"},", f->id);
    }
    text_addf(&body,
              "{\"type\":\"SUBSCRIBE\",%s\"subscribe\":{\"framework_info\":{%s\"user\":\"\",\"name\":\"%s\",\"failover_"
              "timeout\":100000,\"roles\":[\"%s\"],"
              "\"capabilities\":[{\"type\":\"MULTI_ROLE\"},{\"type\":\"RESERVATION_REFINEMENT\"},{\"type\":\"PARTITION_"
              "AWARE\"}],\"labels\":{\"labels\":[{\"key\":\"granary.storage\",\"value\":\"pools\"}]}}}}",
              id, info_id, f->name, f->role);
    sim_open(s, &f->channel, "/api/v1/scheduler", "application/json", body.data, body.size);
}

// What was lost on the way is asked for again, as real schedulers do.
static void reconcile(struct sim *s, void *arg) {
    struct framework_node *f = arg;
    if (f->subscribed) {
        VEC_EACH (t, &f->tasks) {
            if (!t->ended)
                call(f, "\"type\":\"RECONCILE\",\"reconcile\":{\"tasks\":[{\"task_id\":{\"value\":\"%s\"}}]}", t->id);
        }
        VEC_EACH (o, &f->operations) {
            if (!o->ended)
                call(f,
                     "\"type\":\"RECONCILE_OPERATIONS\",\"reconcile_operations\":{\"operations\":[{\"operation_id\":{"
                     "\"value\":\"%s\"}}]}",
                     o->id);
        }
    }
    sim_at(s, 5000, reconcile, f);
}

void framework_init(struct sim *s, int number) {
    struct framework_node *f = NEW(struct framework_node);
    s->frameworks[number] = f;
    f->sim = s;
    f->number = number;
    snprintf(f->name, sizeof f->name, "fw%d", number + 1);
    snprintf(f->role, sizeof f->role, "role%d", number + 1);
    f->channel.record = record_came;
    f->channel.opened = stream_opened;
    f->channel.closed = stream_closed;
    f->channel.arg = f;
    sim_at(s, 10, subscribe, f);
    sim_at(s, 5000, reconcile, f);
}

void frameworks_settle(struct sim *s) {
    for (int i = 0; i < FRAMEWORKS; i++) s->frameworks[i]->settling = true;
}

size_t frameworks_unfinished(const struct sim *s, char *ret_what, size_t size) {
    size_t n = 0;
    for (int i = 0; i < FRAMEWORKS; i++) {
        const struct framework_node *f = s->frameworks[i];
        VEC_EACH (t, &f->tasks) {
            if (!t->ended && !n++) snprintf(ret_what, size, "task %s of %s", t->id, f->name);
        }
        VEC_EACH (o, &f->operations) {
            if (!o->ended && !n++) snprintf(ret_what, size, "operation %s of %s", o->id, f->name);
        }
    }
    return n;
}

void frameworks_free(struct sim *s) {
    for (int i = 0; i < FRAMEWORKS; i++) {
        struct framework_node *f = s->frameworks[i];
        if (!s->quiet)
            printf("%s: offers %llu, tasks %llu launched %llu ended, volumes %llu asked %llu destroyed\n", f->name,
                   (unsigned long long)f->offers_heard, (unsigned long long)f->launched, (unsigned long long)f->ended,
                   (unsigned long long)f->made, (unsigned long long)f->destroyed);
        recordio_done(&f->channel.reader);
        vec_done(&f->tasks);
        vec_done(&f->operations);
        free(f);
    }
}
