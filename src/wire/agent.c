// SPDX-License-Identifier: Apache-2.0
// Agents to messages and back.
#include "wire/agent.h"

#include "core/broker.h"
#include "core/figure.h"
#include "core/share.h"
#include "wire/resources.h"
#include "wire/tags.h"

static const char *const state_words[] = {
    [AGENT_IS_ACTIVE] = "active",     [AGENT_IS_AWAY] = "away",
    [AGENT_IS_LOST] = "lost",         [AGENT_IS_QUARANTINED] = "quarantine",
    [AGENT_IS_DRAINING] = "draining", [AGENT_IS_DRAINED] = "drained",
    [AGENT_IS_GONE] = "gone",
};

const char *agent_state_name(enum agent_state state) {
    return state < ARRAY_LEN(state_words) && state_words[state] ? state_words[state] : "unknown";
}

// Lost and gone outlive a restart. All others are away until they come again.
static void state_fill(const struct state *s UNUSED, const void *row, void *message, struct arena *arena UNUSED) {
    const struct agent_row *a = row;
    Granary__Agent *m = message;
    if (a->state != AGENT_IS_LOST && a->state != AGENT_IS_GONE) return;
    m->state = (char *)agent_state_name((enum agent_state)a->state);
    m->has_since = true;
    m->since = a->since.ms;
}

static struct err *state_read(struct intake *in UNUSED, const void *message, void *row) {
    const Granary__Agent *m = message;
    struct agent_row *a = row;
    a->state = AGENT_IS_AWAY;
    if (!m->state) return NULL;
    a->since.ms = m->since;
    if (strcmp(m->state, state_words[AGENT_IS_LOST]) == 0)
        a->state = AGENT_IS_LOST;
    else if (strcmp(m->state, state_words[AGENT_IS_GONE]) == 0)
        a->state = AGENT_IS_GONE;
    else
        return err_new(ERR_CORRUPT, "state: '%.64s' is none that is kept", m->state);
    return NULL;
}

static const struct field_map fields[] = {
    FIELD(agent_row, 1, U64, id),          FIELD(agent_row, 2, TEXT, name),
    FIELD(agent_row, 3, TEXT, hostname),   FIELD(agent_row, 12, TEXT, address),
    FIELD(agent_row, 1000, BLOB, secret),  FIELD(agent_row, 1001, U64, highest_seen),
    FIELD(agent_row, 1002, TEXT, boot_id),
};
const struct noun_map agent_map = {&granary__agent__descriptor,     fields, ARRAY_LEN(fields), state_fill, state_read,
                                   offsetof(struct agent_row, name)};

struct holding { // what tasks or offers hold on an agent
    struct scalars scalars;
    struct port_set ports;
};

static void holding_add(struct holding *h, const struct scalars *scalars, const struct blob *ports) {
    scalars_add(&h->scalars, scalars);
    for (size_t i = 0; i < blob_count(ports, struct port_range); i++)
        vec_push(&h->ports, blob_items(ports, struct port_range)[i]);
}

static Granary__AgentResources *holding_message(struct holding *h, struct port_set *open, struct arena *arena) {
    for (size_t i = 0; i < h->ports.count; i++) ports_take(open, h->ports.at[i]);
    struct port_set sorted = {0};
    ports_assign(&sorted, h->ports.at, h->ports.count);
    Granary__AgentResources *m = resources_message(&h->scalars, sorted.at, sorted.count, arena);
    vec_done(&sorted);
    vec_done(&h->ports);
    return m;
}

// Slots and storage bandwidth: what attachments hold, and what is left.
static void storage_fill(const struct agent_row *a, Granary__Agent *m, struct arena *arena) {
    const struct agent_facts *f = a->facts;
    const struct agent_account *held = &a->held;
    m->total->has_storage_bandwidth = m->used->has_storage_bandwidth = m->free->has_storage_bandwidth =
        f->storage_bandwidth.n > 0;
    m->total->storage_bandwidth = f->storage_bandwidth.n;
    m->used->storage_bandwidth = held->bandwidth;
    m->free->storage_bandwidth =
        f->storage_bandwidth.n > held->bandwidth ? f->storage_bandwidth.n - held->bandwidth : 0;
    m->total->has_attach_slots = m->used->has_attach_slots = m->free->has_attach_slots = f->attach_slots > 0;
    m->total->attach_slots = f->attach_slots;
    m->used->attach_slots = held->attachments;
    m->free->attach_slots = f->attach_slots > held->attachments ? f->attach_slots - held->attachments : 0;
    m->total->buses = arena_zero(arena, f->buses.count + 1, sizeof *m->total->buses);
    VEC_EACH (bus, &f->buses) {
        Granary__AttachBus *said = m->total->buses[m->total->n_buses++] = ARENA_NEW(arena, Granary__AttachBus);
        granary__attach_bus__init(said);
        said->drivers = bus->drivers;
        said->slots = bus->slots;
    }
}

// What of reservations stands in offers is counted with the offers.
static void reserved_fill(const struct state *s, const struct agent_row *a, Granary__Agent *m, struct scalars *rest,
                          struct arena *arena) {
    struct scalars reserved = a->held.reserved;
    const struct id_list *offers = state_related(s, OFFERS_OF_AGENT, a->id);
    VEC_EACH (id, offers) scalars_subtract(&reserved, &state_offer(s, *id)->reserved);
    scalars_subtract(rest, &reserved);
    if (!scalars_none(&reserved)) m->reserved = resources_message(&reserved, NULL, 0, arena);
}

static void resources_fill(const struct state *s, const struct agent_row *a, Granary__Agent *m, struct arena *arena) {
    const struct agent_facts *f = a->facts;
    struct holding used = {0}, offered = {0};
    struct scalars rest = f->total;
    struct port_set open = {0};
    const struct id_list *tasks = state_related(s, TASKS_OF_AGENT, a->id),
                         *offers = state_related(s, OFFERS_OF_AGENT, a->id);
    VEC_EACH (id, tasks) holding_add(&used, &state_task(s, *id)->resources, state_task(s, *id)->ports);
    VEC_EACH (id, offers) holding_add(&offered, &state_offer(s, *id)->resources, state_offer(s, *id)->ports);
    ports_assign(&open, f->ports.at, f->ports.count);
    m->total = resources_message(&f->total, f->ports.at, f->ports.count, arena);
    scalars_subtract(&rest, &used.scalars);
    scalars_subtract(&rest, &offered.scalars);
    reserved_fill(s, a, m, &rest, arena);
    m->used = holding_message(&used, &open, arena);
    m->offered = holding_message(&offered, &open, arena);
    m->free = resources_message(&rest, open.at, open.count, arena);
    vec_done(&open);
    storage_fill(a, m, arena);
}

static void classes_fill(const struct state *s, const struct agent_row *a, Granary__Agent *m, struct arena *arena) {
    const uint64_t *classes;
    size_t count = broker_agent_classes(s, a->id, arena, &classes);
    m->classes = arena_zero(arena, count + 1, sizeof *m->classes);
    m->storage = arena_zero(arena, count + 1, sizeof *m->storage);
    for (size_t i = 0; i < count; i++) {
        struct figures f;
        m->classes[m->n_classes++] = (char *)state_class(s, classes[i])->name;
        if (!figures_of_class(s, classes[i], a, &f)) continue;
        Granary__ClassFigures *figures = m->storage[m->n_storage++] = ARENA_NEW(arena, Granary__ClassFigures);
        granary__class_figures__init(figures);
        figures->class_ = (char *)state_class(s, classes[i])->name;
        figures->has_availability = figures->has_affinity = true;
        figures->availability = availability_percent(f.availability);
        figures->affinity = f.affinity;
    }
}

Granary__Agent *agent_message(const struct state *s, const struct agent_row *row, struct arena *arena,
                              enum detail detail) {
    Granary__Agent *m = fields_message(s, &agent_map, row, arena);
    if (detail == DETAIL_RECORD) return m;
    m->state = (char *)agent_state_name((enum agent_state)row->state);
    m->has_since = row->since.ms != 0;
    m->since = row->since.ms;
    m->has_tasks = m->has_attachments = true;
    m->tasks = (uint32_t)state_related(s, TASKS_OF_AGENT, row->id)->count;
    m->attachments = (uint32_t)state_related(s, ATTACHMENTS_OF_AGENT, row->id)->count;
    if (row->facts) {
        m->tags = tag_messages(&s->symbols, &row->facts->tags, arena);
        m->n_tags = row->facts->tags.count;
        resources_fill(s, row, m, arena);
    }
    if (state_agent(s, row->id)) classes_fill(s, row, m, arena); // not of one that was just removed
    return m;
}

struct err *agent_row_from(struct intake *in, const Granary__Agent *m, struct agent_row *ret_row) {
    return fields_read(in, &agent_map, m, ret_row);
}
