// SPDX-License-Identifier: Apache-2.0
// The report of an agent from probes and settings. Figures that are left out of the settings are what Mesos would offer.
#include "daemon/agent_report.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "sys/process.h"

// ---- tags ----

static Granary__Tag *tag_new(const char *key, size_t key_size, const char *value, Granary__Tag__Origin origin,
                             struct arena *arena) {
    Granary__Tag *t = ARENA_NEW(arena, Granary__Tag);
    granary__tag__init(t);
    t->key = arena_text_n(arena, key, key_size);
    if (value && *value) t->value = arena_text(arena, value);
    t->has_origin = true;
    t->origin = origin;
    return t;
}

struct texts {
    const char *const *at;
    size_t count;
};

static bool texts_have(const struct texts *t, const char *key) {
    size_t size = strlen(key);
    for (size_t i = 0; i < t->count; i++)
        if (strncmp(t->at[i], key, size) == 0 && (!t->at[i][size] || t->at[i][size] == '=')) return true;
    return false;
}

struct tag_lists { // what is said of this host, the operator's word last
    struct texts configured, attributes;
    const struct probe_tags *probed, *measured;
    const struct host_abilities *abilities;
};

// A key that the operator wrote says what the operator wrote, whatever was probed of it.
static void tag_probed(Granary__AgentReport *r, const struct tag_lists *lists, const char *key, const char *value,
                       struct arena *arena) {
    if (texts_have(&lists->configured, key) || texts_have(&lists->attributes, key)) return;
    r->tags[r->n_tags++] = tag_new(key, strlen(key), value, GRANARY__TAG__ORIGIN__PROBED, arena);
}

static void texts_fill(Granary__AgentReport *r, const struct texts *t, Granary__Tag__Origin origin,
                       struct arena *arena) {
    for (size_t i = 0; i < t->count; i++) {
        const char *text = t->at[i];
        size_t size = strcspn(text, "=");
        r->tags[r->n_tags++] = tag_new(text, size, text[size] ? text + size + 1 : NULL, origin, arena);
    }
}

static void tags_fill(Granary__AgentReport *r, const struct tag_lists *lists, struct arena *arena) {
    size_t most = lists->probed->count + lists->measured->count + lists->configured.count + lists->attributes.count + 3;
    r->tags = arena_zero(arena, most, sizeof *r->tags);
    VEC_EACH (tag, lists->probed) tag_probed(r, lists, tag->key, tag->value, arena);
    VEC_EACH (tag, lists->measured) tag_probed(r, lists, tag->key, tag->value, arena);
    tag_probed(r, lists, "host/boot-id", boot_id(), arena);
    if (lists->abilities->root && lists->abilities->loop) tag_probed(r, lists, "volume/device", "loop", arena);
    if (lists->abilities->namespaces) tag_probed(r, lists, "volume/device", "directory", arena);
    // Of a tag that is said twice the first counts.
    texts_fill(r, &lists->attributes, GRANARY__TAG__ORIGIN__ATTRIBUTE, arena);
    texts_fill(r, &lists->configured, GRANARY__TAG__ORIGIN__CONFIGURED, arena);
}

// ---- resources ----

enum { PORT_RANGES_MOST = 256 };

static struct err *ports_fill(Granary__AgentResources *r, const struct settings *s, struct arena *arena) {
    size_t count = 0;
    const char *const *ranges = settings_list(s, "ports", &count);
    r->ports = arena_zero(arena, count + 1, sizeof *r->ports);
    for (size_t i = 0; i < count; i++) {
        Granary__PortRange *range = ARENA_NEW(arena, Granary__PortRange);
        granary__port_range__init(range);
        uint32_t begin, end;
        TRY(err_wrap(port_range_parse(ranges[i], &begin, &end), "ports"));
        range->begin = begin;
        range->end = end;
        r->ports[r->n_ports++] = range;
    }
    return NULL;
}

static struct err *buses_fill(Granary__AgentResources *r, const struct settings *s, struct arena *arena) {
    size_t count = 0, size;
    const char *const *buses = settings_list(s, "attach-slots-of", &count);
    r->buses = arena_zero(arena, count + 1, sizeof *r->buses);
    for (size_t i = 0; i < count; i++) {
        Granary__AttachBus *bus = ARENA_NEW(arena, Granary__AttachBus);
        granary__attach_bus__init(bus);
        TRY(err_wrap(attach_bus_parse(buses[i], &size, &bus->slots), "attach-slots-of"));
        bus->drivers = arena_text_n(arena, buses[i], size);
        r->buses[r->n_buses++] = bus;
    }
    return NULL;
}

// Leaves room for the host itself, as Mesos does: so much, or half of little.
static uint64_t less_reserve(uint64_t total, uint64_t reserve) {
    return total >= 2 * reserve ? total - reserve : total / 2;
}

static double mebibytes(uint64_t bytes) {
    return (double)(bytes / MIB);
}

static struct err *resources_fill(Granary__AgentReport *report, const struct settings *s,
                                  const struct probe_facts *facts, uint64_t disk_size, struct arena *arena) {
    Granary__AgentResources *r = ARENA_NEW(arena, Granary__AgentResources);
    granary__agent_resources__init(r);
    report->resources = r;
    r->has_cpus = r->has_mem = r->has_disk = true;
    r->cpus = settings_has(s, "cpus") ? milli_to_double(settings_scalar(s, "cpus")) : (double)facts->cpus;
    r->mem = mebibytes(settings_has(s, "mem") ? settings_size(s, "mem").n : less_reserve(facts->memory, GIB));
    r->disk = mebibytes(settings_has(s, "disk") ? settings_size(s, "disk").n : less_reserve(disk_size, 5 * GIB));
    r->has_storage_bandwidth = settings_has(s, "storage-bandwidth");
    if (r->has_storage_bandwidth) r->storage_bandwidth = settings_rate(s, "storage-bandwidth").n;
    r->has_attach_slots = settings_has(s, "attach-slots");
    if (r->has_attach_slots) r->attach_slots = (uint32_t)settings_number(s, "attach-slots");
    TRY(buses_fill(r, s, arena));
    return ports_fill(r, s, arena);
}

// ---- identities ----

// The file driver knows hosts by their kernel: whoever shares it can kill its keepers.
static void identities_fill(Granary__AgentReport *r, struct arena *arena) {
    static const char *const drivers[] = {"file"};
    r->identities = arena_zero(arena, ARRAY_LEN(drivers), sizeof *r->identities);
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
        Granary__HostIdentity *identity = ARENA_NEW(arena, Granary__HostIdentity);
        granary__host_identity__init(identity);
        identity->driver = arena_text(arena, drivers[i]);
        identity->identity = arena_text(arena, boot_id());
        r->identities[r->n_identities++] = identity;
    }
}

char *agent_report_root(const struct settings *s) {
    char *root = mem_text(settings_text(s, "probe-root"));
    for (size_t size = strlen(root); size && root[size - 1] == '/'; size--) root[size - 1] = 0;
    return root;
}

struct err *agent_report_make(const struct settings *s, const struct host_abilities *abilities, uint64_t disk_size,
                              const struct probe_tags *measured, struct arena *arena,
                              Granary__AgentReport **ret_report) {
    AUTO_FREE char *root = agent_report_root(s);
    struct probe_facts facts = {0};
    TRY(probe_host(root, &facts));
    Granary__AgentReport *r = ARENA_NEW(arena, Granary__AgentReport);
    granary__agent_report__init(r);
    struct tag_lists lists = {.probed = &facts.tags, .measured = measured, .abilities = abilities};
    lists.configured.at = settings_list(s, "tags", &lists.configured.count);
    lists.attributes.at = settings_list(s, "attributes", &lists.attributes.count);
    tags_fill(r, &lists, arena);
    identities_fill(r, arena);
    struct err *e = resources_fill(r, s, &facts, disk_size, arena);
    probe_facts_done(&facts);
    if (!e) *ret_report = r;
    return e;
}

uint64_t agent_report_network(const Granary__AgentReport *report) {
    AUTO_TEXT struct text text = {0};
    for (size_t i = 0; i < report->n_tags; i++) {
        const Granary__Tag *t = report->tags[i];
        if (text_starts(t->key, "net/")) text_addf(&text, "%s=%s\n", t->key, t->value ? t->value : "");
    }
    return hash_bytes(text_string(&text), text.size);
}

void agent_report_print(const Granary__AgentReport *report, struct text *out) {
    for (size_t i = 0; i < report->n_tags; i++) {
        const Granary__Tag *t = report->tags[i];
        text_addf(out, "%s%s%s\n", t->key, t->value ? "=" : "", t->value ? t->value : "");
    }
    const Granary__AgentResources *r = report->resources;
    text_addf(out, "# cpus %.3g, mem %.0f MiB, disk %.0f MiB\n", r->cpus, r->mem, r->disk);
}
