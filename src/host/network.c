// SPDX-License-Identifier: Apache-2.0
// Reading interfaces and routes. Multipath routes of IPv4 show only their first interface there.
#include "host/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    ROUTE_UP = 1,
    ROUTE_GATEWAY = 2,
    ROUTE_REJECT = 0x200,
    FLAG_UP = 1,
    STACKED_MOST = 4, // a VLAN on a bridge on a bond on a card
    ROUTES_MOST = 65536
};
#define ROUTE_LOCAL 0x80000000u   // IPv6: an address of this host itself
#define ROUTE_ANYCAST 0x00100000u // IPv6

static bool is_up(const struct prober *p, const char *name) {
    AUTO_TEXT struct text state = {0};
    AUTO_TEXT struct text flags = {0};
    if (!prober_file(p, &state, "/sys/class/net/%s/operstate", name)) return false;
    if (!text_equal(state.data, "unknown")) return text_equal(state.data, "up");
    return prober_file(p, &flags, "/sys/class/net/%s/flags", name) && (strtoul(flags.data, NULL, 16) & FLAG_UP);
}

// ---- routes ----

static void route_add(struct host_network *n, const char *interface, const struct route *r) {
    if (n->routes.count == ROUTES_MOST) return;
    struct route *added = vec_add(&n->routes);
    *added = *r;
    snprintf(added->interface, sizeof added->interface, "%s", interface);
}

// Addresses are in the byte order of the network, read as a number here.
static void route4_read(struct host_network *n, const char *line) {
    char interface[INTERFACE_NAME];
    unsigned to, gateway, flags, mask;
    if (sscanf(line, "%15s %x %x %x %*d %*d %*d %x", interface, &to, &gateway, &flags, &mask) != 5) return;
    if (!(flags & ROUTE_UP) || flags & ROUTE_REJECT) return;
    struct route r = {.bits = (unsigned)__builtin_popcount(mask), .direct = !gateway && !(flags & ROUTE_GATEWAY)};
    for (unsigned i = 0; i < 4; i++) r.to[i] = (unsigned char)(to >> 8 * i);
    route_add(n, interface, &r);
}

static void route6_read(struct host_network *n, const char *line) {
    char interface[INTERFACE_NAME], to[33], next[33];
    unsigned flags, bits;
    if (sscanf(line, "%32s %x %*s %*s %32s %*s %*s %*s %x %15s", to, &bits, next, &flags, interface) != 5) return;
    bool other = flags & (ROUTE_REJECT | ROUTE_LOCAL | ROUTE_ANYCAST) || text_equal(interface, "lo");
    if (!(flags & ROUTE_UP) || other || bits > 128 || strlen(to) != 32) return;
    struct route r = {.bits = bits, .six = true, .direct = !next[strspn(next, "0")] && !(flags & ROUTE_GATEWAY)};
    for (unsigned i = 0; i < 16; i++) {
        unsigned byte;
        if (sscanf(to + 2 * i, "%2x", &byte) != 1) return;
        r.to[i] = (unsigned char)byte;
    }
    route_add(n, interface, &r);
}

typedef void route_read(struct host_network *n, const char *line);

static void routes_read(const struct prober *p, const char *path, route_read *read, struct host_network *n) {
    AUTO_TEXT struct text all = {0};
    if (!prober_file(p, &all, "%s", path)) return;
    for (char *line, *rest = all.data; (line = strsep(&rest, "\n"));) read(n, line);
}

static bool routes_default(const struct host_network *n, const char *interface) {
    VEC_EACH (r, &n->routes)
        if (!r->bits && text_equal(r->interface, interface)) return true;
    return false;
}

static void routes_drop_down(const struct prober *p, struct host_network *n) {
    size_t kept = 0;
    for (size_t i = 0; i < n->routes.count; i++)
        if (is_up(p, n->routes.at[i].interface)) n->routes.at[kept++] = n->routes.at[i];
    vec_cut(&n->routes, kept);
}

// ---- interfaces ----

static bool is_physical(const struct prober *p, const char *name) {
    return prober_has(p, "/sys/class/net/%s/device", name);
}

struct below { // whether anything that an interface stands on has a device
    unsigned depth;
    bool found;
};

static void stands_on(struct prober *p, const char *interface, struct below *b);

static void lower_seen(struct prober *p, const char *entry, void *arg) {
    struct below *b = arg;
    if (b->found || !text_starts(entry, "lower_")) return;
    const char *name = entry + strlen("lower_");
    b->found = is_physical(p, name);
    if (!b->found) stands_on(p, name, b);
}

static void stands_on(struct prober *p, const char *interface, struct below *b) {
    if (b->depth == STACKED_MOST) return;
    b->depth++;
    AUTO_FREE char *directory = mem_format("/sys/class/net/%s", interface);
    prober_entries(p, directory, lower_seen, b);
    b->depth--;
}

static void interface_seen(struct prober *p, const char *name, void *arg) {
    struct host_network *n = arg;
    if (strlen(name) >= INTERFACE_NAME || text_equal(name, "lo") || !is_up(p, name)) return;
    struct interface *i = vec_add(&n->interfaces);
    struct below below = {0};
    snprintf(i->name, sizeof i->name, "%s", name);
    i->physical = is_physical(p, name);
    i->carries = i->physical || routes_default(n, name);
    if (!i->carries) stands_on(p, name, &below);
    i->carries |= below.found;
}

void host_network_read(struct prober *p, struct host_network *ret_network) {
    struct host_network n = {0};
    routes_read(p, "/proc/net/route", route4_read, &n);
    routes_read(p, "/proc/net/ipv6_route", route6_read, &n);
    routes_drop_down(p, &n);
    route_add(&n, "lo", &(struct route){.to = {127}, .bits = 8, .direct = true});
    route_add(&n, "lo", &(struct route){.to = {[15] = 1}, .bits = 128, .six = true, .direct = true});
    prober_entries(p, "/sys/class/net", interface_seen, &n);
    *ret_network = n;
}

void host_network_done(struct host_network *n) {
    vec_done(&n->interfaces);
    vec_done(&n->routes);
}

const struct interface *host_network_carrier(const struct host_network *n, const char *name) {
    VEC_EACH (i, &n->interfaces)
        if (i->carries && text_equal(i->name, name)) return i;
    return NULL;
}

// ---- paths ----

static bool route_leads(const struct route *r, const unsigned char *address, bool six) {
    if (r->six != six || r->bits > (six ? 128u : 32u)) return false;
    unsigned whole = r->bits / 8, rest = r->bits % 8;
    if (memcmp(r->to, address, whole) != 0) return false;
    return !rest || (r->to[whole] ^ address[whole]) >> (8 - rest) == 0;
}

static bool seen_before(const struct host_network *n, size_t i, unsigned bits, const unsigned char *address) {
    const struct route *r = &n->routes.at[i];
    for (size_t k = 0; k < i; k++) {
        const struct route *other = &n->routes.at[k];
        if (other->bits == bits && route_leads(other, address, r->six) && text_equal(other->interface, r->interface))
            return true;
    }
    return false;
}

unsigned host_network_paths(const struct host_network *n, const unsigned char *address, bool six) {
    unsigned closest = 0, count = 0;
    VEC_EACH (r, &n->routes)
        if (route_leads(r, address, six) && r->bits > closest) closest = r->bits;
    for (size_t i = 0; i < n->routes.count; i++) {
        const struct route *r = &n->routes.at[i];
        if (r->bits == closest && route_leads(r, address, six)) count += !seen_before(n, i, closest, address);
    }
    return count;
}
