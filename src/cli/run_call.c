// SPDX-License-Identifier: Apache-2.0
// Calls as messages of the Mesos v1 scheduler API.
#include "cli/run_call.h"

#include <string.h>

#include "base/must.h"

typedef Mesos__V1__Offer__Operation offer_operation;

static void *make(struct arena *arena, const ProtobufCMessageDescriptor *type) {
    void *m = arena_zero(arena, 1, type->sizeof_message);
    type->message_init(m);
    return m;
}

// Ids are messages of one text.
static void *make_id(struct arena *arena, const ProtobufCMessageDescriptor *type, const char *value) {
    Mesos__V1__FrameworkID *id = make(arena, type);
    id->value = arena_text(arena, value);
    return id;
}
_Static_assert(sizeof(Mesos__V1__TaskID) == sizeof(Mesos__V1__FrameworkID) &&
                   sizeof(Mesos__V1__OperationID) == sizeof(Mesos__V1__FrameworkID) &&
                   sizeof(Mesos__V1__OfferID) == sizeof(Mesos__V1__FrameworkID),
               "all ids have one shape");

static void *list_of(struct arena *arena, void *only) {
    return arena_copy(arena, &only, sizeof only);
}

static Mesos__V1__TaskID *task_id_of(struct arena *arena, const char *task) {
    return make_id(arena, &mesos__v1__task_id__descriptor, task);
}

run_call *run_call_new(const char *framework, Mesos__V1__Scheduler__Call__Type type, struct arena *arena) {
    run_call *c = make(arena, &mesos__v1__scheduler__call__descriptor);
    c->has_type = true;
    c->type = type;
    if (framework) c->framework_id = make_id(arena, &mesos__v1__framework_id__descriptor, framework);
    return c;
}

// ---- who we are ----

static void capabilities_add(Mesos__V1__FrameworkInfo *info, struct arena *arena) {
    static const Mesos__V1__FrameworkInfo__Capability__Type types[] = {
        MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__MULTI_ROLE,
        MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__RESERVATION_REFINEMENT,
        MESOS__V1__FRAMEWORK_INFO__CAPABILITY__TYPE__PARTITION_AWARE,
    };
    info->capabilities = arena_zero(arena, ARRAY_LEN(types), sizeof *info->capabilities);
    for (; info->n_capabilities < ARRAY_LEN(types); info->n_capabilities++) {
        Mesos__V1__FrameworkInfo__Capability *c = make(arena, &mesos__v1__framework_info__capability__descriptor);
        c->has_type = true;
        c->type = types[info->n_capabilities];
        info->capabilities[info->n_capabilities] = c;
    }
}

static Mesos__V1__Labels *label_new(struct arena *arena, const char *key, const char *value) {
    Mesos__V1__Labels *labels = make(arena, &mesos__v1__labels__descriptor);
    Mesos__V1__Label *label = make(arena, &mesos__v1__label__descriptor);
    label->key = arena_text(arena, key);
    label->value = arena_text(arena, value);
    labels->n_labels = 1;
    labels->labels = list_of(arena, label);
    return labels;
}

run_call *run_call_subscribe(const char *framework, const char *role, struct arena *arena) {
    enum { STAYS_SECONDS = 60 }; // its task outlives a break of the stream or of the master by so long
    run_call *c = run_call_new(framework, MESOS__V1__SCHEDULER__CALL__TYPE__SUBSCRIBE, arena);
    Mesos__V1__FrameworkInfo *info = make(arena, &mesos__v1__framework_info__descriptor);
    info->user = arena_text(arena, ""); // the agent's choice
    info->name = arena_text(arena, "granary run");
    info->id = c->framework_id;
    info->has_failover_timeout = true;
    info->failover_timeout = STAYS_SECONDS;
    info->n_roles = 1;
    info->roles = list_of(arena, arena_text(arena, role));
    info->labels = label_new(arena, "granary.storage", "pools");
    capabilities_add(info, arena);
    c->subscribe = make(arena, &mesos__v1__scheduler__call__subscribe__descriptor);
    c->subscribe->framework_info = info;
    return c;
}

// ---- offers ----

run_call *run_call_decline(const char *framework, const run_offer *offer, double seconds, struct arena *arena) {
    run_call *c = run_call_new(framework, MESOS__V1__SCHEDULER__CALL__TYPE__DECLINE, arena);
    c->decline = make(arena, &mesos__v1__scheduler__call__decline__descriptor);
    c->decline->n_offer_ids = 1;
    c->decline->offer_ids = list_of(arena, offer->id);
    c->decline->filters = make(arena, &mesos__v1__filters__descriptor);
    c->decline->filters->has_refuse_seconds = true;
    c->decline->filters->refuse_seconds = seconds;
    return c;
}

static run_call *accept_new(const char *framework, const run_offer *offer, offer_operation *operation,
                            struct arena *arena) {
    run_call *c = run_call_new(framework, MESOS__V1__SCHEDULER__CALL__TYPE__ACCEPT, arena);
    c->accept = make(arena, &mesos__v1__scheduler__call__accept__descriptor);
    c->accept->n_offer_ids = c->accept->n_operations = 1;
    c->accept->offer_ids = list_of(arena, offer->id);
    c->accept->operations = list_of(arena, operation);
    return c;
}

static void scalar_set(run_resource *r, double value, struct arena *arena) {
    r->type = MESOS__V1__VALUE__TYPE__SCALAR;
    r->scalar = make(arena, &mesos__v1__value__scalar__descriptor);
    r->scalar->value = value;
}

// The part that is wanted of an offered entry: its own size, the volume's name and filesystem.
static run_resource *source_part(const run_resource *offered, const struct run_options *o, struct arena *arena) {
    run_resource *part = arena_copy(arena, offered, sizeof *offered);
    part->disk = arena_copy(arena, offered->disk, sizeof *offered->disk);
    part->disk->source = arena_copy(arena, offered->disk->source, sizeof *offered->disk->source);
    scalar_set(part, (double)o->size.n / (double)MIB, arena);
    part->disk->persistence = make(arena, &mesos__v1__resource__disk_info__persistence__descriptor);
    part->disk->persistence->id = arena_text(arena, o->name);
    if (o->fs) part->disk->source->metadata = label_new(arena, "fs", o->fs);
    return part;
}

run_call *run_call_create(const char *framework, const run_offer *offer, const run_resource *source,
                          const struct run_options *o, const char *operation, struct arena *arena) {
    offer_operation *op = make(arena, &mesos__v1__offer__operation__descriptor);
    op->has_type = true;
    op->type = MESOS__V1__OFFER__OPERATION__TYPE__CREATE_DISK;
    op->id = make_id(arena, &mesos__v1__operation_id__descriptor, operation);
    op->create_disk = make(arena, &mesos__v1__offer__operation__create_disk__descriptor);
    op->create_disk->source = source_part(source, o, arena);
    op->create_disk->target_type = text_equal(o->fs, "raw") ? MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__BLOCK
                                                            : MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__MOUNT;
    return accept_new(framework, offer, op, arena);
}

// ---- the task ----

static Mesos__V1__CommandInfo *command_of(const struct run_options *o, struct arena *arena) {
    Mesos__V1__CommandInfo *c = make(arena, &mesos__v1__command_info__descriptor);
    c->has_shell = true;
    c->shell = false;
    c->value = arena_text(arena, o->command[0]);
    c->user = arena_text(arena, o->user);
    c->n_arguments = o->command_count;
    c->arguments = arena_zero(arena, o->command_count, sizeof *c->arguments);
    for (size_t i = 0; i < o->command_count; i++) c->arguments[i] = arena_text(arena, o->command[i]);
    if (!o->environment_count) return c;
    c->environment = make(arena, &mesos__v1__environment__descriptor);
    c->environment->n_variables = o->environment_count;
    c->environment->variables = arena_zero(arena, o->environment_count, sizeof *c->environment->variables);
    for (size_t i = 0; i < o->environment_count; i++) {
        Mesos__V1__Environment__Variable *v = make(arena, &mesos__v1__environment__variable__descriptor);
        size_t size = strcspn(o->environment[i], "=");
        v->name = arena_text_n(arena, o->environment[i], size);
        v->value = arena_text(arena, o->environment[i] + size + 1);
        c->environment->variables[i] = v;
    }
    return c;
}

static run_resource *scalar_new(const char *name, struct milli amount, const char *role, struct arena *arena) {
    run_resource *r = make(arena, &mesos__v1__resource__descriptor);
    r->name = arena_text(arena, name);
    scalar_set(r, milli_to_double(amount), arena);
    r->allocation_info = make(arena, &mesos__v1__resource__allocation_info__descriptor);
    r->allocation_info->role = arena_text(arena, role);
    return r;
}

static run_resource *volume_at(const run_resource *offered, const char *path, struct arena *arena) {
    run_resource *r = arena_copy(arena, offered, sizeof *offered);
    r->disk = arena_copy(arena, offered->disk, sizeof *offered->disk);
    r->disk->volume = make(arena, &mesos__v1__volume__descriptor);
    r->disk->volume->container_path = arena_text(arena, path);
    r->disk->volume->mode = MESOS__V1__VOLUME__MODE__RW;
    return r;
}

run_call *run_call_launch(const char *framework, const run_offer *offer, const run_resource *volume,
                          const struct run_options *o, const char *task, struct arena *arena) {
    Mesos__V1__TaskInfo *info = make(arena, &mesos__v1__task_info__descriptor);
    info->name = arena_text(arena, o->command[0]);
    info->task_id = task_id_of(arena, task);
    info->agent_id = offer->agent_id;
    info->command = command_of(o, arena);
    info->resources = arena_zero(arena, 3, sizeof *info->resources);
    info->resources[info->n_resources++] = scalar_new("cpus", o->cpus, o->role, arena);
    info->resources[info->n_resources++] = scalar_new("mem", o->mem, o->role, arena);
    if (volume) info->resources[info->n_resources++] = volume_at(volume, o->mount, arena);
    offer_operation *op = make(arena, &mesos__v1__offer__operation__descriptor);
    op->has_type = true;
    op->type = MESOS__V1__OFFER__OPERATION__TYPE__LAUNCH;
    op->launch = make(arena, &mesos__v1__offer__operation__launch__descriptor);
    op->launch->n_task_infos = 1;
    op->launch->task_infos = list_of(arena, info);
    return accept_new(framework, offer, op, arena);
}

run_call *run_call_kill(const char *framework, const char *task, struct arena *arena) {
    run_call *c = run_call_new(framework, MESOS__V1__SCHEDULER__CALL__TYPE__KILL, arena);
    c->kill = make(arena, &mesos__v1__scheduler__call__kill__descriptor);
    c->kill->task_id = task_id_of(arena, task);
    return c;
}

// ---- statuses ----

run_call *run_call_acknowledge(const char *framework, const Mesos__V1__TaskStatus *status, struct arena *arena) {
    if (!status->has_uuid || !status->agent_id) return NULL;
    run_call *c = run_call_new(framework, MESOS__V1__SCHEDULER__CALL__TYPE__ACKNOWLEDGE, arena);
    c->acknowledge = make(arena, &mesos__v1__scheduler__call__acknowledge__descriptor);
    c->acknowledge->agent_id = status->agent_id;
    c->acknowledge->task_id = status->task_id;
    c->acknowledge->uuid = status->uuid;
    return c;
}

run_call *run_call_acknowledge_operation(const char *framework, const Mesos__V1__OperationStatus *status,
                                         struct arena *arena) {
    if (!status->uuid || !status->operation_id) return NULL;
    run_call *c = run_call_new(framework, MESOS__V1__SCHEDULER__CALL__TYPE__ACKNOWLEDGE_OPERATION_STATUS, arena);
    c->acknowledge_operation_status =
        make(arena, &mesos__v1__scheduler__call__acknowledge_operation_status__descriptor);
    c->acknowledge_operation_status->agent_id = status->agent_id;
    c->acknowledge_operation_status->resource_provider_id = status->resource_provider_id;
    c->acknowledge_operation_status->uuid = status->uuid->value;
    c->acknowledge_operation_status->operation_id = status->operation_id;
    return c;
}

run_call *run_call_reconcile(const char *framework, const char *task, struct arena *arena) {
    run_call *c = run_call_new(framework, MESOS__V1__SCHEDULER__CALL__TYPE__RECONCILE, arena);
    Mesos__V1__Scheduler__Call__Reconcile__Task *t =
        make(arena, &mesos__v1__scheduler__call__reconcile__task__descriptor);
    t->task_id = task_id_of(arena, task);
    c->reconcile = make(arena, &mesos__v1__scheduler__call__reconcile__descriptor);
    c->reconcile->n_tasks = 1;
    c->reconcile->tasks = list_of(arena, t);
    return c;
}

run_call *run_call_reconcile_operation(const char *framework, const char *operation, struct arena *arena) {
    run_call *c = run_call_new(framework, MESOS__V1__SCHEDULER__CALL__TYPE__RECONCILE_OPERATIONS, arena);
    Mesos__V1__Scheduler__Call__ReconcileOperations__Operation *o =
        make(arena, &mesos__v1__scheduler__call__reconcile_operations__operation__descriptor);
    o->operation_id = make_id(arena, &mesos__v1__operation_id__descriptor, operation);
    c->reconcile_operations = make(arena, &mesos__v1__scheduler__call__reconcile_operations__descriptor);
    c->reconcile_operations->n_operations = 1;
    c->reconcile_operations->operations = list_of(arena, o);
    return c;
}

// ---- what is in an offer ----

const char *run_label(const Mesos__V1__Labels *labels, const char *key) {
    for (size_t i = 0; labels && i < labels->n_labels; i++)
        if (strcmp(labels->labels[i]->key, key) == 0) return labels->labels[i]->value;
    return NULL;
}

static const Mesos__V1__Resource__DiskInfo__Source *source_of(const run_resource *r) {
    return r->disk ? r->disk->source : NULL;
}

const run_resource *run_offer_class(const run_offer *offer, const char *class) {
    for (size_t i = 0; i < offer->n_resources; i++) {
        const run_resource *r = offer->resources[i];
        const Mesos__V1__Resource__DiskInfo__Source *source = source_of(r);
        if (!source || source->type != MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__RAW) continue;
        if (!r->n_reservations && r->scalar && text_equal(source->profile, class)) return r;
    }
    return NULL;
}

const run_resource *run_offer_volume(const run_offer *offer, const char *name) {
    for (size_t i = 0; i < offer->n_resources; i++) {
        const Mesos__V1__Resource__DiskInfo__Source *source = source_of(offer->resources[i]);
        if (source && source->id && text_equal(run_label(source->metadata, "name"), name)) return offer->resources[i];
    }
    return NULL;
}

double run_offer_scalar(const run_offer *offer, const char *name) {
    double sum = 0;
    for (size_t i = 0; i < offer->n_resources; i++) {
        const run_resource *r = offer->resources[i];
        if (strcmp(r->name, name) == 0 && r->scalar && !r->disk) sum += r->scalar->value;
    }
    return sum;
}
