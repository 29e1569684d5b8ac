// SPDX-License-Identifier: Apache-2.0
// Scalars and ports to messages and back.
#include "wire/resources.h"

Granary__AgentResources *resources_message(const struct scalars *scalars, const struct port_range *ports,
                                           size_t port_count, struct arena *arena) {
    Granary__AgentResources *m = ARENA_NEW(arena, Granary__AgentResources);
    granary__agent_resources__init(m);
    m->has_cpus = m->has_mem = m->has_disk = true;
    m->cpus = milli_to_double(scalars->cpus);
    m->mem = milli_to_double(scalars->mem);
    m->disk = milli_to_double(scalars->disk);
    m->ports = arena_zero(arena, port_count + 1, sizeof *m->ports);
    for (size_t i = 0; i < port_count; i++) {
        Granary__PortRange *range = m->ports[m->n_ports++] = ARENA_NEW(arena, Granary__PortRange);
        granary__port_range__init(range);
        range->begin = ports[i].begin;
        range->end = ports[i].end;
    }
    return m;
}

static struct err *scalar_read(const char *what, double given, struct milli *ret) {
    if (!milli_from_double(given, ret) || ret->n < 0)
        return err_new(ERR_INVALID, "%s: %g is no amount; give a number from 0 up", what, given);
    return NULL;
}

struct err *scalars_read(const Granary__AgentResources *m, struct scalars *ret_scalars) {
    struct scalars s;
    TRY(scalar_read("cpus", m->cpus, &s.cpus));
    TRY(scalar_read("mem", m->mem, &s.mem));
    TRY(scalar_read("disk", m->disk, &s.disk));
    *ret_scalars = s;
    return NULL;
}

static struct err *range_check(const Granary__PortRange *r) {
    if (r->begin <= r->end && r->end <= 65535) return NULL;
    return err_new(ERR_INVALID, "ports: %u-%u is no range of ports from 0 to 65535", r->begin, r->end);
}

struct err *ports_read(const Granary__AgentResources *m, struct port_set *ret_ports) {
    if (m->n_ports > PORT_RANGES_MOST)
        return err_new(ERR_TOO_LARGE, "ports: %zu ranges; at most %d are read", m->n_ports, PORT_RANGES_MOST);
    for (size_t i = 0; i < m->n_ports; i++) TRY(range_check(m->ports[i]));
    VEC(struct port_range) given = {0};
    for (size_t i = 0; i < m->n_ports; i++)
        vec_push(&given, ((struct port_range){m->ports[i]->begin, m->ports[i]->end}));
    ports_assign(ret_ports, given.at, given.count);
    vec_done(&given);
    return NULL;
}

struct err *ports_blob_read(struct intake *in, const Granary__AgentResources *m, const struct blob **ret_ports) {
    if (!m->n_ports) return NULL;
    if (m->n_ports > PORT_RANGES_MOST)
        return err_new(ERR_TOO_LARGE, "ports: %zu ranges; at most %d are read", m->n_ports, PORT_RANGES_MOST);
    size_t size = m->n_ports * sizeof(struct port_range);
    struct blob *ports = arena_zero(in->arena, 1, sizeof *ports + size);
    ports->size = (uint32_t)size;
    for (size_t i = 0; i < m->n_ports; i++) {
        TRY(range_check(m->ports[i]));
        struct port_range range = {m->ports[i]->begin, m->ports[i]->end};
        memcpy(ports->bytes + i * sizeof range, &range, sizeof range);
    }
    *ret_ports = ports;
    return NULL;
}
