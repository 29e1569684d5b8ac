// SPDX-License-Identifier: Apache-2.0
// One helper process, and what it wrote. With one interface or one switch, lldpcli writes an object where it else writes a
// list, and the switch's name is the key of its description.
#include "host/lldp.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "host/program.h"
#include "sys/process.h"

enum { ANSWER_MS = 2000, NEIGHBOURS_MOST = 64 };

// ---- the document ----

// The value of an object {"type": ..., "value": ...}, or the text itself.
static const char *value_of(const json_t *of) {
    const json_t *value = json_is_object(of) ? json_object_get(of, "value") : of;
    return json_string_value(value);
}

// {"<name>": {"id": {...}, ...}}; a switch without a name stands there by itself, with its id only.
static const char *switch_name(const json_t *chassis) {
    const char *name;
    json_t *below;
    if (json_is_object(json_object_get(chassis, "id"))) return value_of(json_object_get(chassis, "id"));
    json_object_foreach((json_t *)chassis, name, below) return name;
    return NULL;
}

static void neighbour_take(struct prober *p, const json_t *neighbour) {
    const char *name = switch_name(json_object_get(neighbour, "chassis"));
    const char *port = value_of(json_object_get(json_object_get(neighbour, "port"), "id"));
    if (name && *name) prober_tag(p, "net/switch", name);
    if (name && *name && port && *port) {
        AUTO_FREE char *value = mem_format("%s %s", name, port);
        prober_tag(p, "net/switch-port", value);
    }
}

// {"eth0": {...}}, of one interface.
static size_t interfaces_take(struct prober *p, const json_t *interfaces, size_t most) {
    const char *name;
    json_t *neighbour;
    size_t count = 0;
    json_object_foreach((json_t *)interfaces, name, neighbour) {
        if (count++ == most) return most;
        neighbour_take(p, neighbour);
    }
    return count;
}

void lldp_take(struct prober *p, const char *answer, size_t size) {
    const char *begin = memchr(answer, '{', size);
    if (!begin) return;
    json_t *document = json_loadb(begin, size - (size_t)(begin - answer), JSON_DISABLE_EOF_CHECK, NULL);
    const json_t *interfaces = json_object_get(json_object_get(document, "lldp"), "interface");
    size_t left = NEIGHBOURS_MOST;
    if (json_is_object(interfaces)) interfaces_take(p, interfaces, left);
    for (size_t i = 0; i < json_array_size(interfaces); i++)
        left -= interfaces_take(p, json_array_get(interfaces, i), left);
    json_decref(document);
}

// ---- the helper ----

void lldp_probe(struct prober *p) {
    AUTO_FREE char *path = program_find(p->root, "lldpcli");
    if (!path) return;
    AUTO_TEXT struct text answer = {0};
    const char *const argv[] = {path, "-f", "json", "show", "neighbors", NULL};
    AUTO_ERR struct err *failed = process_run(argv, 0, ANSWER_MS, &answer, NULL);
    if (!failed && answer.size) lldp_take(p, answer.data, answer.size);
}
