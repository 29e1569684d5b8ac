// SPDX-License-Identifier: Apache-2.0
// From interfaces and routes to tags.
#include "host/probe_net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "host/network.h"

static void speed_probe(struct prober *p, const char *interface) {
    AUTO_TEXT struct text speed = {0};
    uint64_t mbps = 0;
    if (!prober_file(p, &speed, "/sys/class/net/%s/speed", interface)) return;
    if (!text_to_u64(speed.data, &mbps) || !mbps || mbps == UINT32_MAX) return; // what does not know says -1
    bool whole = mbps % 1000 == 0;
    AUTO_FREE char *value =
        mem_format("%llu%s", (unsigned long long)(whole ? mbps / 1000 : mbps), whole ? "Gbps" : "Mbps");
    prober_tag(p, "net/speed", value);
}

static void interface_probe(struct prober *p, const struct interface *i) {
    AUTO_TEXT struct text mtu = {0};
    prober_tag(p, "net/interface", i->name);
    speed_probe(p, i->name);
    if (prober_file(p, &mtu, "/sys/class/net/%s/mtu", i->name)) prober_tag(p, "net/mtu", text_string(&mtu));
    AUTO_FREE char *driver = prober_link(p, "/sys/class/net/%s/device/driver", i->name);
    if (driver) prober_tag(p, "hw/nic", driver);
}

// "eth0.19  | 19  | eth0", after two lines of heading.
static void vlans_probe(struct prober *p, const struct host_network *n) {
    AUTO_TEXT struct text all = {0};
    if (!prober_file(p, &all, "/proc/net/vlan/config")) return;
    for (char *line, *rest = all.data; (line = strsep(&rest, "\n"));) {
        unsigned id = 0;
        char name[INTERFACE_NAME], value[16];
        if (sscanf(line, "%15s | %u |", name, &id) != 2 || !host_network_carrier(n, name)) continue;
        snprintf(value, sizeof value, "%u", id);
        prober_tag(p, "net/vlan", value);
    }
}

static bool link_local(const struct route *r) {
    return r->six && ((r->to[0] == 0xfe && (r->to[1] & 0xc0) == 0x80) || r->to[0] == 0xff);
}

// Networks that we are in: routes without a gateway.
static void subnets_probe(struct prober *p, const struct host_network *n) {
    VEC_EACH (r, &n->routes) {
        char address[INET6_ADDRSTRLEN], value[INET6_ADDRSTRLEN + 8];
        if (!r->direct || !r->bits || link_local(r) || !host_network_carrier(n, r->interface)) continue;
        if (!inet_ntop(r->six ? AF_INET6 : AF_INET, r->to, address, sizeof address)) continue;
        snprintf(value, sizeof value, "%s/%u", address, r->bits);
        prober_tag(p, "net/subnet", value);
    }
}

void probe_net(struct prober *p) {
    struct host_network n;
    host_network_read(p, &n);
    VEC_EACH (i, &n.interfaces)
        if (i->carries) interface_probe(p, i);
    vlans_probe(p, &n);
    subnets_probe(p, &n);
    host_network_done(&n);
}
