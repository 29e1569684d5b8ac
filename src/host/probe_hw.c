// SPDX-License-Identifier: Apache-2.0
// From /sys/class/infiniband, /sys/class/fc_host, /sys/block, /sys/devices/system/node and /sys/class/dmi to tags.
#include "host/probe_hw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

// ---- InfiniBand ----

struct adapter {
    const char *name;
    bool infiniband; // some port is; those of Ethernet cards that only speak its verbs are not
};

// "100 Gb/sec (4X EDR)", of a port that is "4: ACTIVE".
static void port_speed(struct prober *p, const char *adapter, const char *port) {
    AUTO_TEXT struct text state = {0};
    AUTO_TEXT struct text rate = {0};
    if (!prober_file(p, &state, "/sys/class/infiniband/%s/ports/%s/state", adapter, port)) return;
    if (!text_ends(state.data, "ACTIVE")) return;
    if (!prober_file(p, &rate, "/sys/class/infiniband/%s/ports/%s/rate", adapter, port)) return;
    char *unit;
    double gbps = strtod(rate.data, &unit);
    if (gbps <= 0 || gbps > 1e6 || !text_starts(unit, " Gb/sec")) return;
    AUTO_FREE char *value = mem_format("%.0fMbps", gbps * 1000);
    prober_tag(p, "net/infiniband", value);
}

static void port_seen(struct prober *p, const char *port, void *arg) {
    struct adapter *a = arg;
    AUTO_TEXT struct text layer = {0};
    if (prober_file(p, &layer, "/sys/class/infiniband/%s/ports/%s/link_layer", a->name, port) &&
        !text_equal(layer.data, "InfiniBand"))
        return;
    a->infiniband = true;
    port_speed(p, a->name, port);
}

static void adapter_seen(struct prober *p, const char *name, void *arg UNUSED) {
    struct adapter a = {.name = name};
    AUTO_FREE char *ports = mem_format("/sys/class/infiniband/%s/ports", name);
    prober_entries(p, ports, port_seen, &a);
    if (a.infiniband) prober_tag(p, "hw/infiniband", name);
}

// ---- Fibre Channel ----

// "16 Gbit", of a port that is "Online".
static void fc_host_seen(struct prober *p, const char *name, void *arg UNUSED) {
    AUTO_TEXT struct text state = {0};
    AUTO_TEXT struct text speed = {0};
    if (!prober_file(p, &state, "/sys/class/fc_host/%s/port_state", name) || !text_equal(state.data, "Online")) return;
    unsigned gbps = 0;
    if (prober_file(p, &speed, "/sys/class/fc_host/%s/speed", name)) (void)sscanf(speed.data, "%u Gbit", &gbps);
    if (!gbps) return;
    AUTO_FREE char *value = mem_format("%uGbps", gbps);
    prober_tag(p, "hw/fibre-channel", value);
}

// ---- disks ----

// Loop devices, zram and what is made of other disks have no device.
static void disk_seen(struct prober *p, const char *name, void *arg UNUSED) {
    char *driver = prober_link(p, "/sys/block/%s/device/driver", name);
    if (!driver) driver = prober_link(p, "/sys/block/%s/device/device/driver", name); // a namespace, on its controller
    if (driver) prober_tag(p, "hw/block", driver);
    free(driver);
}

// ---- the machine ----

static void node_seen(struct prober *p UNUSED, const char *name, void *arg) {
    unsigned *count = arg;
    uint64_t number;
    *count += text_starts(name, "node") && text_to_u64(name + strlen("node"), &number);
}

static void nodes_probe(struct prober *p) {
    unsigned count = 0;
    char value[16];
    prober_entries(p, "/sys/devices/system/node", node_seen, &count);
    snprintf(value, sizeof value, "%u", count);
    if (count) prober_tag(p, "hw/numa-nodes", value);
}

void probe_hw(struct prober *p) {
    AUTO_TEXT struct text text = {0};
    prober_entries(p, "/sys/class/infiniband", adapter_seen, NULL);
    prober_entries(p, "/sys/class/fc_host", fc_host_seen, NULL);
    prober_entries(p, "/sys/block", disk_seen, NULL);
    nodes_probe(p);
    if (prober_file(p, &text, "/sys/class/dmi/id/sys_vendor")) prober_tag(p, "hw/vendor", text.data);
    if (prober_file(p, &text, "/sys/class/dmi/id/product_name")) prober_tag(p, "hw/model", text.data);
}
