// SPDX-License-Identifier: Apache-2.0
// Offers as events: an agent's free resources with the volumes that ride along, or the storage-only offer of the
// pseudo-agent "granary". Splits what would be too large for clients' buffers.
#include "wire/mesos_event.h"

#include "core/broker.h"
#include "core/figure.h"
#include "core/framework.h"
#include "wire/mesos_resource.h"

enum {
    EVENT_LARGEST = 1 << 20,   // bytes of JSON, about: the smallest buffer known is four times this
    ATTRIBUTES_MOST = 256,     // of an agent that are shown
    RESERVATIONS_SHOWN = 1024, // in one storage-only offer; the others are named by their ids all the same
};

typedef Mesos__V1__Offer mesos_offer;

// What making an offer needs to know.
struct offer_maker {
    const struct state *state;
    const struct mesos_master *master;
    const struct framework_row *framework;
    const struct offer_row *row;
    struct mesos_shape shape;
    struct arena *arena;
};

// ---- attributes ----

// Text beyond ASCII stays as it is: some clients lose an event over it, but only when the JSON does not escape it.
static void attribute_add(mesos_offer *offer, const char *name, const char *value, struct arena *arena) {
    Mesos__V1__Attribute *a = mesos_new(arena, &mesos__v1__attribute__descriptor);
    a->name = arena_text(arena, name);
    a->type = MESOS__V1__VALUE__TYPE__TEXT;
    a->text = mesos_new(arena, &mesos__v1__value__text__descriptor);
    a->text->value = arena_text(arena, value);
    offer->attributes[offer->n_attributes++] = a;
}

// How well the class suits the agent, for frameworks that choose between agents: numbers, never tags.
static void figures_add(const struct offer_maker *m, const struct agent_row *agent, const struct class_row *class,
                        mesos_offer *offer) {
    struct figures f;
    char percent[AVAILABILITY_TEXT];
    if (!figures_of_class(m->state, class->id, agent, &f)) return;
    attribute_add(offer, arena_format(m->arena, MESOS_OURS "affinity.%s", class->name),
                  arena_format(m->arena, "%u", f.affinity), m->arena);
    attribute_add(offer, arena_format(m->arena, MESOS_OURS "availability.%s", class->name),
                  availability_text(f.availability, percent), m->arena);
}

// What the agent's operator made attributes, then the classes of storage that it can use, which nobody else can claim. A tag
// without value is shown as "true".
static void offer_attributes(const struct offer_maker *m, const struct agent_row *agent, mesos_offer *offer) {
    const uint64_t *classes;
    size_t class_count = broker_agent_classes(m->state, agent->id, m->arena, &classes);
    const struct tag_set *tags = agent->facts ? &agent->facts->tags : NULL;
    offer->attributes = arena_zero(m->arena, ATTRIBUTES_MOST + 3 * class_count, sizeof *offer->attributes);
    for (size_t i = 0; tags && i < tags->count && offer->n_attributes < ATTRIBUTES_MOST; i++) {
        const char *key = state_text(m->state, tags->at[i].key), *value = state_text(m->state, tags->at[i].value);
        bool ours = text_starts(key, MESOS_OURS);
        bool shown = tag_set_said(tags, &tags->at[i]).origin == TAG_ATTRIBUTE;
        if (shown && !ours) attribute_add(offer, key, *value ? value : "true", m->arena);
    }
    for (size_t i = 0; i < class_count; i++) {
        const struct class_row *class = state_class(m->state, classes[i]);
        if (!class || !broker_role_allowed(m->state, class, m->row->role)) continue;
        attribute_add(offer, MESOS_STORAGE, class->name, m->arena);
        figures_add(m, agent, class, offer);
    }
}

// ---- resources ----

static void resource_add(mesos_offer *offer, mesos_resource *r) {
    if (r) offer->resources[offer->n_resources++] = r;
}

static void scalar_add(const struct offer_maker *m, mesos_offer *offer, const char *name, struct milli amount) {
    if (amount.n > 0) resource_add(offer, mesos_scalar(name, amount, &m->shape, m->arena));
}

static void agent_resources(const struct offer_maker *m, mesos_offer *offer) {
    const struct offer_row *row = m->row;
    size_t ports = blob_count(row->ports, struct port_range), volumes = blob_count(row->volumes, uint64_t);
    offer->resources = arena_zero(m->arena, 4 + volumes, sizeof *offer->resources);
    scalar_add(m, offer, "cpus", row->resources.cpus);
    scalar_add(m, offer, "mem", row->resources.mem);
    scalar_add(m, offer, "disk", row->resources.disk);
    if (ports) resource_add(offer, mesos_ports(blob_items(row->ports, struct port_range), ports, &m->shape, m->arena));
    for (size_t i = 0; i < volumes; i++) {
        const struct volume_row *v = state_volume(m->state, blob_items(row->volumes, uint64_t)[i]);
        if (v) resource_add(offer, mesos_volume(m->state, v, &m->shape, m->arena));
    }
}

static void storage_reservations(const struct offer_maker *m, mesos_offer *offer) {
    struct owner owner = framework_owner(m->state, m->framework, m->row->role);
    size_t shown = 0;
    STATE_EACH(RESERVATION, reservation_row, r, m->state) {
        if (!owner_equal(r->owner, owner) || !r->charge.bytes.n) continue;
        if (shown++ == RESERVATIONS_SHOWN) return;
        resource_add(offer, mesos_reserved(m->state, r, r->charge.bytes, &m->shape, m->arena));
    }
}

static void storage_resources(const struct offer_maker *m, mesos_offer *offer) {
    size_t classes = blob_count(m->row->classes, struct class_amount);
    offer->resources = arena_zero(m->arena, classes + RESERVATIONS_SHOWN, sizeof *offer->resources);
    for (size_t i = 0; i < classes; i++)
        resource_add(offer, mesos_class_amount(m->state, &blob_items(m->row->classes, struct class_amount)[i],
                                               &m->shape, m->arena));
    storage_reservations(m, offer);
}

// ---- offers ----

static void offer_on_agent(const struct offer_maker *m, const struct agent_row *agent, mesos_offer *offer) {
    const char *hostname = agent->hostname ? agent->hostname : agent->name;
    offer->hostname = arena_text(m->arena, hostname);
    offer->url = mesos_url(mesos_address(hostname, agent->address, m->arena), "/slave(1)", m->arena);
    offer_attributes(m, agent, offer);
    agent_resources(m, offer);
}

static void offer_of_storage(const struct offer_maker *m, mesos_offer *offer) {
    offer->hostname = arena_text(m->arena, MESOS_STORAGE);
    offer->url = mesos_url(mesos_master_address(m->master, m->arena), "/granary", m->arena);
    storage_resources(m, offer);
}

// NULL when its agent is gone.
static mesos_offer *offer_make_message(const struct offer_maker *m) {
    const struct agent_row *agent = m->row->agent ? state_agent(m->state, m->row->agent) : NULL;
    if (m->row->agent && !agent) return NULL;
    mesos_offer *offer = mesos_new(m->arena, &mesos__v1__offer__descriptor);
    offer->id = mesos_offer_id(m->row->id, m->arena);
    offer->framework_id = mesos_framework_id(m->framework->text_id, m->arena);
    offer->agent_id = mesos_agent_id(m->row->agent, m->arena);
    if (m->shape.multi_role) {
        offer->allocation_info = mesos_new(m->arena, &mesos__v1__resource__allocation_info__descriptor);
        offer->allocation_info->role = arena_text(m->arena, m->shape.role);
    }
    if (agent)
        offer_on_agent(m, agent, offer);
    else
        offer_of_storage(m, offer);
    return offer;
}

mesos_event *mesos_offers(const struct state *s, const struct mesos_master *master, const struct framework_row *f,
                          const uint64_t *offers, size_t count, struct arena *arena, size_t *ret_used) {
    Mesos__V1__Scheduler__Event__Offers *list = mesos_new(arena, &mesos__v1__scheduler__event__offers__descriptor);
    size_t size = 0, i = 0;
    VEC(mesos_offer *) made = {0};
    for (; i < count; i++) {
        const struct offer_row *row = state_offer(s, offers[i]);
        if (!row || row->framework != f->id) continue;
        struct offer_maker maker = {s, master, f, row, mesos_shape_of(s, f, row->role), arena};
        size_t before = arena->used;
        mesos_offer *offer = offer_make_message(&maker);
        if (!offer) continue;
        size += arena->used - before; // its JSON is shorter than its structs, unless most of it has to be escaped
        if (size > EVENT_LARGEST && made.count) break;
        vec_push(&made, offer);
    }
    *ret_used = i;
    list->n_offers = made.count;
    list->offers = made.count ? arena_copy(arena, made.at, made.count * sizeof *made.at) : NULL;
    vec_done(&made);
    if (!list->n_offers) return NULL;
    mesos_event *event = mesos_event_new(MESOS__V1__SCHEDULER__EVENT__TYPE__OFFERS, arena);
    event->offers = list;
    return event;
}
