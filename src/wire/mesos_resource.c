// SPDX-License-Identifier: Apache-2.0
// Resources in both directions.
#include "wire/mesos_resource.h"

#include "codec/message.h"
#include "core/figure.h"
#include "core/volume.h"
#include "model/label.h"
#include "wire/mesos.h"

// Thousandths that one resource may have: 16 EiB in thousandths of MiB would not fit; and a call full of such still sums.
#define MESOS_AMOUNT_MOST ((int64_t)1 << 44)

// `role` is deprecated in the messages and alive in the field: the old shape is made of it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static const char *resource_old_role(const mesos_resource *r) {
    return r->role;
}
static void resource_set_old_role(mesos_resource *r, const char *role, struct arena *arena) {
    r->role = arena_text(arena, role); // a copy: the declared default itself would not be written
}
#pragma GCC diagnostic pop

// ---- reading ----

static const struct {
    const char *name;
    enum item_kind kind;
} scalar_kinds[] = {{"cpus", ITEM_CPUS}, {"mem", ITEM_MEM}, {"disk", ITEM_DISK}};

static bool source_is_external(const mesos_resource *r, const Mesos__V1__Resource__DiskInfo__Source *source) {
    if (r->provider_id && strcmp(r->provider_id->value, MESOS_STORAGE_AGENT) == 0) return true;
    return source->type == MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__RAW ||
           source->type == MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__MOUNT ||
           source->type == MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__BLOCK;
}

static enum item_kind item_kind_of(const mesos_resource *r) {
    if (strcmp(r->name, "ports") == 0) return ITEM_PORTS;
    const Mesos__V1__Resource__DiskInfo *disk = r->disk;
    bool is_disk = strcmp(r->name, "disk") == 0;
    if (is_disk && disk && disk->source) return source_is_external(r, disk->source) ? ITEM_STORAGE : ITEM_OTHER;
    if (is_disk && disk && disk->persistence) return ITEM_OTHER; // a volume on an agent's own disk: never offered here
    for (size_t i = 0; i < ARRAY_LEN(scalar_kinds); i++)
        if (strcmp(r->name, scalar_kinds[i].name) == 0) return scalar_kinds[i].kind;
    return ITEM_OTHER;
}

static const Mesos__V1__Resource__ReservationInfo *resource_reservation(const mesos_resource *r) {
    return r->n_reservations ? r->reservations[r->n_reservations - 1] : r->reservation;
}

static const char *text_or_null(const char *text) {
    return text && *text ? text : NULL;
}

// Whose it is: the last entry says so, in the old shape `role`.
static const char *resource_reserved_for(const mesos_resource *r) {
    if (r->n_reservations) {
        const char *role = text_or_null(r->reservations[r->n_reservations - 1]->role);
        return role || !r->allocation_info ? role : text_or_null(r->allocation_info->role);
    }
    const char *role = resource_old_role(r);
    return role && *role && strcmp(role, "*") != 0 ? role : NULL;
}

static void item_read_disk(const mesos_resource *r, struct item *item) {
    const Mesos__V1__Resource__DiskInfo *disk = r->disk;
    item->disk = (enum disk_type)disk->source->type; // of the same numbers
    item->source_id = text_or_null(disk->source->id);
    item->profile = text_or_null(disk->source->profile);
    if (disk->persistence) item->persistence = disk->persistence->id;
    if (disk->volume) item->container_path = disk->volume->container_path;
    item->reserved_for = resource_reserved_for(r);
}

static struct err *item_read_amount(const mesos_resource *r, struct item *item) {
    item->amount.n = -1;
    if (r->type != MESOS__V1__VALUE__TYPE__SCALAR || !r->scalar)
        return err_new(ERR_INVALID, "resource '%s' must be a SCALAR with a value", r->name);
    struct milli amount;
    double value = r->scalar->value;
    if (!milli_from_double(value, &amount) || amount.n < 0 || amount.n > MESOS_AMOUNT_MOST)
        return err_new(ERR_INVALID, "resource '%s' has the amount %g; expected 0 to %lld", r->name, value,
                       (long long)(MESOS_AMOUNT_MOST / 1000));
    item->amount = amount;
    return NULL;
}

static struct err *item_read_ports(const mesos_resource *r, struct arena *arena, struct item *item) {
    if (r->type != MESOS__V1__VALUE__TYPE__RANGES || !r->ranges)
        return err_new(ERR_INVALID, "resource 'ports' must be RANGES");
    size_t count = r->ranges->n_range;
    struct port_range *ports = arena_zero(arena, count, sizeof *ports);
    for (size_t i = 0; i < count; i++) {
        const Mesos__V1__Value__Range *range = r->ranges->range[i];
        if (range->begin > range->end || range->end > UINT16_MAX)
            return err_new(ERR_INVALID,
                           "resource 'ports' has the range %llu-%llu; ports are 0 to 65535, the lower first",
                           (unsigned long long)range->begin, (unsigned long long)range->end);
        ports[i] = (struct port_range){(uint32_t)range->begin, (uint32_t)range->end};
    }
    item->ports = ports;
    item->port_count = count;
    return NULL;
}

struct err *mesos_item_read(const mesos_resource *r, struct arena *arena, struct item *ret_item) {
    *ret_item = (struct item){.kind = item_kind_of(r), .name = r->name};
    if (ret_item->kind == ITEM_OTHER) return NULL; // refused by name
    if (ret_item->kind == ITEM_PORTS) return item_read_ports(r, arena, ret_item);
    if (ret_item->kind == ITEM_STORAGE) item_read_disk(r, ret_item);
    return item_read_amount(r, ret_item);
}

const Mesos__V1__Labels *mesos_resource_labels(const mesos_resource *r) {
    const Mesos__V1__Resource__ReservationInfo *reservation = resource_reservation(r);
    return reservation ? reservation->labels : NULL;
}

const char *mesos_resource_fs(const mesos_resource *r) {
    const Mesos__V1__Resource__DiskInfo__Source *source = r->disk ? r->disk->source : NULL;
    const char *fs = source ? text_or_null(mesos_label_find(source->metadata, "fs")) : NULL;
    return fs ? fs : text_or_null(mesos_label_find(mesos_resource_labels(r), "fs"));
}

// ---- making ----

struct mesos_shape mesos_shape_of(const struct state *s, const struct framework_row *f, symbol role) {
    return (struct mesos_shape){
        .role = state_text(s, role),
        .multi_role = framework_can(f, FW_MULTI_ROLE),
        .refinement = framework_can(f, FW_REFINEMENT),
    };
}

static mesos_resource *resource_new(const char *name, Mesos__V1__Value__Type type, const struct mesos_shape *shape,
                                    struct arena *arena) {
    mesos_resource *r = mesos_new(arena, &mesos__v1__resource__descriptor);
    r->name = arena_text(arena, name);
    r->type = type;
    if (shape->multi_role) {
        r->allocation_info = mesos_new(arena, &mesos__v1__resource__allocation_info__descriptor);
        r->allocation_info->role = arena_text(arena, shape->role);
    }
    if (!shape->refinement) resource_set_old_role(r, "*", arena);
    return r;
}

mesos_resource *mesos_scalar(const char *name, struct milli amount, const struct mesos_shape *shape,
                             struct arena *arena) {
    mesos_resource *r = resource_new(name, MESOS__V1__VALUE__TYPE__SCALAR, shape, arena);
    r->scalar = mesos_new(arena, &mesos__v1__value__scalar__descriptor);
    r->scalar->value = milli_to_double(amount);
    return r;
}

mesos_resource *mesos_ports(const struct port_range *ports, size_t count, const struct mesos_shape *shape,
                            struct arena *arena) {
    mesos_resource *r = resource_new("ports", MESOS__V1__VALUE__TYPE__RANGES, shape, arena);
    r->ranges = mesos_new(arena, &mesos__v1__value__ranges__descriptor);
    r->ranges->range = arena_zero(arena, count, sizeof *r->ranges->range);
    for (size_t i = 0; i < count; i++) {
        Mesos__V1__Value__Range *range = mesos_new(arena, &mesos__v1__value__range__descriptor);
        range->begin = ports[i].begin;
        range->end = ports[i].end;
        r->ranges->range[r->ranges->n_range++] = range;
    }
    return r;
}

static struct milli mebi_milli(struct bytes b) {
    return (struct milli){(int64_t)((unsigned __int128)b.n * 1000 / MIB)};
}

// ---- storage ----

static mesos_resource *storage_new(struct bytes size, Mesos__V1__Resource__DiskInfo__Source__Type type,
                                   const struct mesos_shape *shape, struct arena *arena) {
    mesos_resource *r = mesos_scalar("disk", mebi_milli(size), shape, arena);
    r->provider_id = mesos_provider_id(arena);
    r->disk = mesos_new(arena, &mesos__v1__resource__disk_info__descriptor);
    r->disk->source = mesos_new(arena, &mesos__v1__resource__disk_info__source__descriptor);
    r->disk->source->type = type;
    r->disk->source->vendor = arena_text(arena, MESOS_STORAGE_AGENT);
    return r;
}

// As its framework gave them, else what an operator gave it.
static Mesos__V1__Labels *reservation_labels(const struct reservation_row *row, struct arena *arena) {
    void *given = NULL;
    size_t size;
    if (row->mesos_labels) {
        AUTO_ERR struct err *e = message_unpack(&mesos__v1__labels__descriptor, row->mesos_labels->bytes,
                                                row->mesos_labels->size, arena, &given);
        return e ? NULL : given;
    }
    if (!row->labels) return NULL;
    Mesos__V1__Labels *labels = mesos_labels(LABELS_MOST, arena);
    for (const char *at = labels_next(row->labels, NULL, &size); at; at = labels_next(row->labels, at, &size)) {
        char *key = arena_text_n(arena, at, size), *value = strchr(key, '=');
        if (value) *value++ = '\0';
        mesos_label_add(labels, key, value, arena);
    }
    return labels;
}

// `of`: the reservation that it is part of, or was made of; NULL: none.
static void resource_reserve(const struct state *s, mesos_resource *r, symbol role, symbol principal,
                             const struct reservation_row *of, struct arena *arena) {
    Mesos__V1__Resource__ReservationInfo *info = mesos_new(arena, &mesos__v1__resource__reservation_info__descriptor);
    info->has_type = true;
    info->type = MESOS__V1__RESOURCE__RESERVATION_INFO__TYPE__DYNAMIC;
    info->role = arena_text(arena, state_text(s, role));
    info->principal = arena_text(arena, text_or_null(state_text(s, principal)));
    info->labels = of ? reservation_labels(of, arena) : NULL;
    r->reservations = arena_zero(arena, 1, sizeof *r->reservations);
    r->reservations[r->n_reservations++] = info;
}

static void volume_persist(const struct state *s, const struct volume_row *v, mesos_resource *r, struct arena *arena) {
    Mesos__V1__Resource__DiskInfo__Persistence *p =
        mesos_new(arena, &mesos__v1__resource__disk_info__persistence__descriptor);
    p->id = arena_text(arena, v->persistence);
    p->principal = arena_text(arena, text_or_null(state_text(s, v->principal)));
    r->disk->persistence = p;
    r->disk->volume = mesos_new(arena, &mesos__v1__volume__descriptor);
    r->disk->volume->container_path = arena_text(arena, v->name);
    r->disk->volume->mode = MESOS__V1__VOLUME__MODE__RW;
}

static void volume_describe(const struct state *s, const struct volume_row *v,
                            Mesos__V1__Resource__DiskInfo__Source *source, struct arena *arena) {
    const struct class_row *class = state_class(s, v->class);
    const struct pool_row *pool = state_pool(s, v->charge.pool);
    const struct provider_row *provider = pool ? state_provider(s, pool->provider) : NULL;
    source->profile = class ? arena_text(arena, class->name) : NULL;
    source->metadata = mesos_labels(4, arena);
    mesos_label_add(source->metadata, "name", v->name, arena);
    mesos_label_add(source->metadata, "provider", provider ? provider->name : NULL, arena);
    mesos_label_add(source->metadata, "pool", pool ? pool_path(s, pool, arena) : NULL, arena);
    mesos_label_add(source->metadata, "fs", text_or_null(state_text(s, v->fs)), arena);
}

mesos_resource *mesos_volume(const struct state *s, const struct volume_row *v, const struct mesos_shape *shape,
                             struct arena *arena) {
    bool raw = volume_is_raw(s, v);
    mesos_resource *r = storage_new(v->charge.bytes,
                                    raw ? MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__BLOCK
                                        : MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__MOUNT,
                                    shape, arena);
    char uuid[UUID_TEXT];
    uuid_text(v->uuid, uuid);
    r->disk->source->id = arena_text(arena, uuid);
    volume_describe(s, v, r->disk->source, arena);
    if (v->persistence && *v->persistence) volume_persist(s, v, r, arena);
    resource_reserve(s, r, v->owner.role, v->principal, state_reservation(s, v->reservation), arena);
    return r;
}

// The best that the class can be now, and the agents that suit it best: "n1=100 n7=80".
static void class_figures_add(const struct state *s, uint64_t class, Mesos__V1__Labels *to, struct arena *arena) {
    char percent[AVAILABILITY_TEXT];
    AUTO_TEXT struct text agents = {0};
    struct class_figures f = figures_class(s, class);
    for (size_t i = 0; i < f.count; i++) {
        const struct agent_row *agent = state_agent(s, f.agents[i].agent);
        text_addf(&agents, "%s%s=%u", i ? " " : "", agent->name, f.agents[i].figures.affinity);
    }
    if (!f.count) return;
    mesos_label_add(to, "availability", availability_text(f.availability, percent), arena);
    mesos_label_add(to, "affinity", text_string(&agents), arena);
}

mesos_resource *mesos_class_amount(const struct state *s, const struct class_amount *amount,
                                   const struct mesos_shape *shape, struct arena *arena) {
    const struct class_row *class = state_class(s, amount->class);
    if (!class) return NULL;
    mesos_resource *r = storage_new(amount->largest, MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__RAW, shape, arena);
    r->disk->source->profile = arena_text(arena, class->name);
    r->disk->source->metadata = mesos_labels(3, arena);
    mesos_label_add(r->disk->source->metadata, "access", class_access_name(class->doc->spec.access), arena);
    class_figures_add(s, class->id, r->disk->source->metadata, arena);
    return r;
}

mesos_resource *mesos_reserved(const struct state *s, const struct reservation_row *row, struct bytes part,
                               const struct mesos_shape *shape, struct arena *arena) {
    const struct class_row *class = state_class(s, row->class);
    if (!class || mebi_milli(part).n <= 0) return NULL;
    mesos_resource *r = storage_new(part, MESOS__V1__RESOURCE__DISK_INFO__SOURCE__TYPE__RAW, shape, arena);
    r->disk->source->id = mesos_decimal(row->id, arena);
    r->disk->source->profile = arena_text(arena, class->name);
    r->disk->source->metadata = mesos_labels(1, arena);
    mesos_label_add(r->disk->source->metadata, "access", class_access_name(class->doc->spec.access), arena);
    resource_reserve(s, r, row->owner.role, row->principal, row, arena);
    return r;
}
