// SPDX-License-Identifier: Apache-2.0
// Storage operations of ACCEPT: part of a class becomes a reservation, a reservation a volume, and the way back.
#include "core/accept.h"
#include "core/asked.h"
#include "core/framework.h"

enum { LABELS_LARGEST = 4096 }; // packed; kept as long as the reservation is

// Thousandths of a MiB, 0 or more.
static struct bytes bytes_of_mib(struct milli mib) {
    unsigned __int128 n = (unsigned __int128)(uint64_t)mib.n * MIB / 1000;
    return (struct bytes){n > INT64_MAX ? INT64_MAX : (uint64_t)n};
}

static struct bytes item_bytes(const struct item *i) {
    return bytes_of_mib(i->amount);
}

static struct err *item_check(const struct accept_operation *o, const char *verb) {
    if (!o->item_count) return err_new(ERR_INVALID, "%s: it names no resource", verb);
    for (size_t i = 0; i < o->item_count; i++) {
        const struct item *item = &o->items[i];
        if (item->kind != ITEM_STORAGE)
            return err_new(ERR_UNSUPPORTED,
                           "%s: '%s' is an agent's own resource; only external storage (disk with a source of provider "
                           "'granary') is reserved here",
                           verb, item->name);
        if (item->amount.n <= 0)
            return err_new(ERR_INVALID, "%s: the amount of '%s' must be above 0", verb, item->name);
    }
    return NULL;
}

static struct err *storage_offer_check(const struct accept *a, const char *verb) {
    if (a->storage) return NULL;
    return err_new(ERR_INVALID, "%s: none of the accepted offers is a storage-only offer (agent 'granary')", verb);
}

static struct err *role_of_item_check(const struct draft *d, const struct accept *a, const struct item *item,
                                      const char *verb) {
    const char *role = state_text(d->state, a->role);
    if (!item->reserved_for || strcmp(item->reserved_for, role) == 0) return NULL;
    return err_new(ERR_DENIED, "%s: reserved for role '%s', but the offer is for role '%s'", verb, item->reserved_for,
                   role);
}

static struct err *item_class(const struct draft *d, const struct item *item, const char *verb,
                              const struct class_row **ret_class) {
    if (!item->profile) return err_new(ERR_INVALID, "%s: the source has no profile; name the class there", verb);
    return err_wrap(broker_class(d->state, item->profile, ret_class), "%s", verb);
}

static struct err *item_place(struct draft *d, const struct accept *a, const struct item *item, const char *verb,
                              const struct class_row *class, symbol fs, const char *labels, struct fit *ret_fit) {
    struct want want = {.class = class->id,
                        .size = item_bytes(item),
                        .role = a->role,
                        .framework = framework_owner(d->state, a->framework, a->role).framework,
                        .labels = labels,
                        .fs = fs};
    return err_wrap(asked_place(d, &want, false, ret_fit), "%s", verb);
}

struct err *accept_reserve(struct draft *d, struct accept *a, const struct accept_operation *o) {
    TRY(item_check(o, "RESERVE"));
    TRY(storage_offer_check(a, "RESERVE"));
    if (o->item_count > 1)
        return err_new(ERR_INVALID, "RESERVE: one storage resource an operation; use several operations");
    const struct item *item = &o->items[0];
    if (!item->reserved_for)
        return err_new(ERR_INVALID,
                       "RESERVE: the resource carries no reservation; add one of type DYNAMIC for your role");
    TRY(role_of_item_check(d, a, item, "RESERVE"));
    if (item->source_id) return err_new(ERR_INVALID, "RESERVE: this part is reserved already");
    if (o->mesos_labels && o->mesos_labels->size > LABELS_LARGEST)
        return err_new(ERR_INVALID, "RESERVE: its labels have %u bytes; the most is %d", o->mesos_labels->size,
                       LABELS_LARGEST);
    const struct class_row *class;
    struct fit fit;
    TRY(item_class(d, item, "RESERVE", &class));
    TRY(item_place(d, a, item, "RESERVE", class, (symbol){0}, o->labels, &fit));
    struct reservation_row *r = draft_add(d, NOUN_RESERVATION, EV_reservation_made);
    r->owner = framework_owner(d->state, a->framework, a->role);
    r->principal = d->principal;
    r->class = class->id;
    r->charge = fit.charge;
    r->labels = draft_text(d, o->labels);
    r->mesos_labels = o->mesos_labels;
    r->created = d->now.wall;
    vec_push(&a->reservations, r->id);
    return NULL;
}

static bool reservation_serves(const struct draft *d, const struct reservation_row *r, const struct accept *a,
                               const struct item *item) {
    if (!r || !owner_equal(r->owner, framework_owner(d->state, a->framework, a->role))) return false;
    const struct class_row *class = draft_class(d, r->class);
    return !item->profile || (class && strcmp(class->name, item->profile) == 0);
}

// By the id that a reserved entry carries, or (in one ACCEPT with its RESERVE) the one just made that fits. `labels`: those
// that the entry carries; NULL: they do not matter.
static struct err *reservation_find(const struct draft *d, const struct accept *a, const struct item *item,
                                    const struct blob *labels, const char *verb, uint64_t *ret_id) {
    uint64_t id;
    if (item->source_id && text_to_u64(item->source_id, &id) &&
        reservation_serves(d, draft_reservation(d, id), a, item)) {
        *ret_id = id;
        return NULL;
    }
    if (item->source_id)
        return err_new(ERR_NOT_FOUND, "%s: role '%s' has no reservation '%s'", verb, state_text(d->state, a->role),
                       item->source_id);
    for (size_t i = a->reservations.count; i > 0; i--) {
        const struct reservation_row *r = draft_reservation(d, a->reservations.at[i - 1]);
        if (!reservation_serves(d, r, a, item) || r->charge.bytes.n < item_bytes(item).n) continue;
        if (labels && labels->size && !blob_equal(labels, r->mesos_labels)) continue;
        *ret_id = r->id;
        return NULL;
    }
    return err_new(ERR_NOT_FOUND,
                   "%s: no reservation of this ACCEPT fits; name an earlier one by the id of its resource", verb);
}

// A reservation that is used up goes when no volume would return to it.
static void reservation_end_if_empty(struct draft *d, uint64_t id) {
    const struct reservation_row *r = draft_reservation(d, id);
    if (r && !r->charge.bytes.n && !draft_related(d, VOLUMES_OF_RESERVATION, id).count)
        draft_remove(d, NOUN_RESERVATION, id, EV_reservation_ended);
}

// The items that name one reservation, summed: each alone may fit where all do not.
static struct err *unreserve_check(const struct draft *d, const struct accept_operation *o, const uint64_t *ids,
                                   size_t last) {
    uint64_t sum = 0;
    for (size_t i = 0; i <= last; i++)
        if (ids[i] == ids[last] && __builtin_add_overflow(sum, item_bytes(&o->items[i]).n, &sum))
            return err_new(ERR_INVALID, "UNRESERVE: the amount is too large");
    char asked[QUANTITY_TEXT], left[QUANTITY_TEXT];
    struct bytes have = draft_reservation(d, ids[last])->charge.bytes;
    if (sum <= have.n) return NULL;
    return err_new(ERR_INVALID, "UNRESERVE: %s was asked and %s is left of the reservation",
                   bytes_text((struct bytes){sum}, asked), bytes_text(have, left));
}

static uint64_t in_proportion(uint64_t whole, uint64_t part, uint64_t of) {
    return of ? (uint64_t)((unsigned __int128)whole * part / of) : 0;
}

static void reservation_shrink(struct draft *d, uint64_t id, uint64_t bytes) {
    struct reservation_row *r = edit_reservation(d, id, EV_reservation_changed);
    uint64_t before = r->charge.bytes.n;
    if (before - bytes < MIB / 1000) bytes = before; // amounts are told in thousandths of a MiB, rounded down
    r->charge.iops.n -= in_proportion(r->charge.iops.n, bytes, before);
    r->charge.bandwidth.n -= in_proportion(r->charge.bandwidth.n, bytes, before);
    r->charge.bytes.n -= bytes;
}

struct err *accept_unreserve(struct draft *d, struct accept *a, const struct accept_operation *o) {
    TRY(item_check(o, "UNRESERVE"));
    // Found once: one that this ACCEPT made is found by what is left of it.
    uint64_t *ids = arena_zero(d->arena, o->item_count, sizeof *ids);
    for (size_t i = 0; i < o->item_count; i++) {
        TRY(reservation_find(d, a, &o->items[i], NULL, "UNRESERVE", &ids[i]));
        TRY(unreserve_check(d, o, ids, i));
    }
    for (size_t i = 0; i < o->item_count; i++) reservation_shrink(d, ids[i], item_bytes(&o->items[i]).n);
    for (size_t i = 0; i < o->item_count; i++) reservation_end_if_empty(d, ids[i]);
    return NULL;
}

// By the id of the disk; or, for one that this very ACCEPT makes and whose id nobody was told yet, by its persistence id.
static bool item_names(const struct item *item, const struct volume_row *v) {
    struct uuid uuid;
    if (item->source_id) return uuid_parse(item->source_id, &uuid) && uuid_equal(v->uuid, uuid);
    return item->persistence && text_equal(item->persistence, v->persistence);
}

uint64_t accept_volume(const struct draft *d, const struct accept *a, const struct item *item) {
    VEC_EACH (id, &a->volumes) {
        const struct volume_row *v = draft_volume(d, *id);
        if (v && item_names(item, v)) return *id;
    }
    return 0;
}

static struct err *volume_of_item(const struct draft *d, const struct accept *a, const struct item *item,
                                  const char *verb, uint64_t *ret_id) {
    *ret_id = accept_volume(d, a, item);
    if (*ret_id) return NULL;
    return err_new(ERR_INVALID, "%s: volume '%s' is not in the accepted offers", verb,
                   item->source_id ? item->source_id : "(no source id)");
}

static struct err *reservation_left_check(const struct reservation_row *r, struct bytes asked, struct bytes granted) {
    char want[QUANTITY_TEXT], left[QUANTITY_TEXT];
    if (granted.n <= r->charge.bytes.n) return NULL;
    return err_new(ERR_NO_FIT, "CREATE_DISK: %s was asked and %s is left of the reservation", bytes_text(asked, want),
                   bytes_text(r->charge.bytes, left));
}

// Part of a reservation, its iops in proportion. What was promised of the pool is not asked again; what no reservation
// holds is: that one more volume can be made there, of that size, with that filesystem, and beside an earlier one of it.
static struct err *reservation_fit(const struct draft *d, uint64_t id, const struct item *item, symbol fs,
                                   struct fit *ret_fit) {
    const struct reservation_row *r = draft_reservation(d, id);
    struct want want = {.class = r->class, .size = item_bytes(item), .fs = fs};
    want.iops.n = in_proportion(r->charge.iops.n, want.size.n, r->charge.bytes.n);
    TRY(reservation_left_check(r, want.size, want.size));
    TRY(err_wrap(broker_place_held(d, &want, &(struct held_charge){r->charge, 0, id}, ret_fit), "CREATE_DISK"));
    return reservation_left_check(r, want.size, ret_fit->charge.bytes);
}

static uint64_t less(uint64_t whole, uint64_t part) {
    return whole > part ? whole - part : 0;
}

// What the volume gets beyond its part comes from the pool.
static void reservation_take(struct draft *d, uint64_t id, const struct charge *part) {
    struct reservation_row *r = edit_reservation(d, id, EV_reservation_changed);
    r->charge.bytes.n -= part->bytes.n;
    r->charge.iops.n = less(r->charge.iops.n, part->iops.n);
    r->charge.bandwidth.n = less(r->charge.bandwidth.n, part->bandwidth.n);
}

static struct err *disk_name(struct draft *d, struct owner owner, const struct accept_operation *o,
                             const char **ret_name) {
    const struct item *source = &o->items[0];
    const char *wanted = source->persistence ? source->persistence : o->id;
    if (source->persistence) TRY(volume_name_free(d, owner, wanted));
    AUTO_ERR struct err *taken = wanted ? volume_name_free(d, owner, wanted) : err_new(ERR_INVALID, "no name");
    char uuid[UUID_TEXT];
    uuid_text(draft_uuid(d), uuid);
    *ret_name = taken ? arena_format(d->arena, "disk-%.8s", uuid) : draft_text(d, wanted);
    return NULL;
}

static struct err *disk_fs(const struct draft *d, const struct class_row *class, const struct accept_operation *o,
                           symbol *ret_fs) {
    const char *name = o->target == DISK_BLOCK ? "raw" : o->fs ? o->fs : class->doc->spec.fs->name;
    if (symbol_find(&d->state->symbols, name, ret_fs)) return NULL;
    return err_new(ERR_INVALID, "CREATE_DISK: unknown filesystem '%s'", name);
}

struct err *accept_create_disk(struct draft *d, struct accept *a, const struct accept_operation *o) {
    TRY(item_check(o, "CREATE_DISK"));
    const struct item *source = &o->items[0];
    if (source->disk != DISK_RAW) return err_new(ERR_INVALID, "CREATE_DISK: the source is not RAW");
    if (o->target != DISK_MOUNT && o->target != DISK_BLOCK)
        return err_new(ERR_INVALID, "CREATE_DISK: the target type must be MOUNT or BLOCK");
    TRY(role_of_item_check(d, a, source, "CREATE_DISK"));
    struct volume_plan plan = {.owner = framework_owner(d->state, a->framework, a->role),
                               .asked = item_bytes(source),
                               .framework = a->framework->id,
                               .framework_operation = draft_text(d, o->id),
                               .persistence = draft_text(d, source->persistence)};
    if (source->reserved_for || source->source_id) {
        TRY(reservation_find(d, a, source, o->mesos_labels, "CREATE_DISK", &plan.reservation));
        plan.class = draft_class(d, draft_reservation(d, plan.reservation)->class);
        plan.labels = draft_text(d, draft_reservation(d, plan.reservation)->labels);
        if (!plan.class) return err_new(ERR_NOT_FOUND, "CREATE_DISK: the class of the reservation was removed");
    } else {
        TRY(storage_offer_check(a, "CREATE_DISK"));
        TRY(item_class(d, source, "CREATE_DISK", &plan.class));
    }
    TRY(disk_fs(d, plan.class, o, &plan.fs));
    if (plan.reservation)
        TRY(reservation_fit(d, plan.reservation, source, plan.fs, &plan.fit));
    else
        TRY(item_place(d, a, source, "CREATE_DISK", plan.class, plan.fs, NULL, &plan.fit));
    TRY(err_wrap(disk_name(d, plan.owner, o, &plan.name), "CREATE_DISK"));
    if (plan.reservation) reservation_take(d, plan.reservation, &plan.fit.charge);
    struct volume_row *v = volume_make(d, &plan);
    vec_push(&a->volumes, v->id);
    return NULL;
}

struct err *accept_destroy_disk(struct draft *d, struct accept *a, const struct accept_operation *o) {
    TRY(item_check(o, "DESTROY_DISK"));
    uint64_t volume;
    TRY(volume_of_item(d, a, &o->items[0], "DESTROY_DISK", &volume));
    return err_wrap(volume_release(d, volume, a->framework->id, draft_text(d, o->id)), "DESTROY_DISK");
}

struct err *accept_grow(struct draft *d, struct accept *a, const struct accept_operation *o) {
    TRY(item_check(o, "GROW_VOLUME"));
    uint64_t volume;
    TRY(volume_of_item(d, a, &o->items[0], "GROW_VOLUME", &volume));
    struct bytes size = {draft_volume(d, volume)->charge.bytes.n + bytes_of_mib(o->grow_by).n};
    return err_wrap(volume_grow(d, volume, size, a->framework->id, draft_text(d, o->id)), "GROW_VOLUME");
}

struct err *accept_create(struct draft *d, struct accept *a, const struct accept_operation *o) {
    TRY(item_check(o, "CREATE"));
    for (size_t i = 0; i < o->item_count; i++) {
        uint64_t volume;
        TRY(volume_of_item(d, a, &o->items[i], "CREATE", &volume));
        if (!o->items[i].persistence) return err_new(ERR_INVALID, "CREATE: the resource carries no persistence id");
        TRY(chosen_id_check("CREATE: persistence", o->items[i].persistence));
    }
    for (size_t i = 0; i < o->item_count; i++)
        edit_volume(d, accept_volume(d, a, &o->items[i]), EV_volume_changed)->persistence =
            draft_text(d, o->items[i].persistence);
    return NULL;
}

struct err *accept_destroy(struct draft *d, struct accept *a, const struct accept_operation *o) {
    TRY(item_check(o, "DESTROY"));
    for (size_t i = 0; i < o->item_count; i++) {
        uint64_t volume;
        TRY(volume_of_item(d, a, &o->items[i], "DESTROY", &volume));
        if (!draft_volume(d, volume)->persistence)
            return err_new(ERR_INVALID, "DESTROY: the volume is not a persistent one");
    }
    for (size_t i = 0; i < o->item_count; i++)
        edit_volume(d, accept_volume(d, a, &o->items[i]), EV_volume_changed)->persistence = NULL;
    return NULL;
}
