// SPDX-License-Identifier: Apache-2.0
// Probing by reading small files of /proc and /sys and listing directories. What cannot be read is simply not known.
#include "host/probe.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/filesystems.h"
#include "sys/file.h"

enum { FILE_MOST = 8 << 20, ENTRIES_MOST = 4096, VALUE_MOST = 255 };

struct prober {
    const char *root;
    struct probe_facts facts;
};

static void tag_add(struct prober *p, const char *key, const char *value) {
    if (!*key || strlen(key) > VALUE_MOST || strlen(value) > VALUE_MOST) return;
    struct probe_tag tag = {.key = mem_text(key), .value = mem_text(value)};
    vec_push(&p->facts.tags, tag);
}

static void PRINTF(3, 4) tag_addf(struct prober *p, const char *value, const char *format, ...) {
    char key[VALUE_MOST + 1];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(key, sizeof key, format, args);
    va_end(args);
    if (n > 0 && n <= VALUE_MOST) tag_add(p, key, value);
}

// The file's text below the root without its last line feed; false when it cannot be read.
static bool file_get(const struct prober *p, struct text *ret, const char *format, ...) PRINTF(3, 4);
static bool file_get(const struct prober *p, struct text *ret, const char *format, ...) {
    char below[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(below, sizeof below, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof below) return false;
    AUTO_FREE char *path = mem_format("%s%s", p->root, below);
    AUTO_ERR struct err *failed =
        file_exists(path) ? file_read(path, FILE_MOST, ret) : err_new(ERR_NOT_FOUND, "no %s", path);
    if (failed || !ret->size) return false;
    if (ret->data[ret->size - 1] == '\n') ret->data[--ret->size] = 0;
    return true;
}

typedef void entry_seen(struct prober *p, const char *name);

static unsigned entries_each(struct prober *p, const char *below, entry_seen *seen) {
    AUTO_FREE char *path = mem_format("%s%s", p->root, below);
    DIR *dir = opendir(path);
    unsigned count = 0;
    for (struct dirent *e; dir && count < ENTRIES_MOST && (e = readdir(dir));) {
        if (e->d_name[0] == '.') continue;
        count++;
        if (seen) seen(p, e->d_name);
    }
    if (dir) closedir(dir);
    return count;
}

// "6.18.44-generic" is version 6.18.44.
static void kernel_probe(struct prober *p) {
    AUTO_TEXT struct text release = {0};
    AUTO_TEXT struct text host = {0};
    AUTO_TEXT struct text arch = {0};
    if (file_get(p, &release, "/proc/sys/kernel/osrelease")) {
        tag_add(p, "kernel/release", text_string(&release));
        size_t length = strspn(release.data, "0123456789.");
        while (length && release.data[length - 1] == '.') length--;
        release.data[length] = 0;
        if (length) tag_add(p, "kernel", release.data);
    }
    if (file_get(p, &host, "/proc/sys/kernel/hostname")) tag_add(p, "host", text_string(&host));
    if (file_get(p, &arch, "/proc/sys/kernel/arch")) tag_add(p, "arch", text_string(&arch));
}

// Built-in drivers are listed there too, when they have a version or parameters.
static void module_seen(struct prober *p, const char *name) {
    AUTO_TEXT struct text version = {0};
    bool known = file_get(p, &version, "/sys/module/%s/version", name);
    tag_addf(p, known ? text_string(&version) : "", "driver/%s", name);
}

static void filesystems_probe(struct prober *p) {
    struct filesystem_names all = {0};
    filesystems_find(p->root, &all);
    VEC_EACH (name, &all) tag_addf(p, "", "fs/%s", *name);
    filesystems_done(&all);
}

static void docker_plugin_seen(struct prober *p, const char *name) {
    AUTO_FREE char *bare = mem_text(name);
    char *dot = strrchr(bare, '.');
    if (!dot || !(text_equal(dot, ".sock") || text_equal(dot, ".spec") || text_equal(dot, ".json"))) return;
    *dot = 0;
    tag_add(p, "plugin/docker", bare);
}

static void csi_plugin_seen(struct prober *p, const char *name) {
    AUTO_FREE char *path = mem_format("%s/var/lib/kubelet/plugins/%s/csi.sock", p->root, name);
    if (file_exists(path)) tag_add(p, "plugin/csi", name);
}

static void csi_registered_seen(struct prober *p, const char *name) {
    if (!text_ends(name, "-reg.sock")) return;
    AUTO_FREE char *bare = mem_text(name);
    bare[strlen(bare) - strlen("-reg.sock")] = 0;
    tag_add(p, "plugin/csi", bare);
}

static void interface_seen(struct prober *p, const char *name) {
    AUTO_TEXT struct text speed = {0};
    uint64_t mbps = 0;
    if (text_equal(name, "lo")) return;
    tag_add(p, "net/interface", name);
    if (!file_get(p, &speed, "/sys/class/net/%s/speed", name) || !text_to_u64(speed.data, &mbps) || !mbps) return;
    AUTO_FREE char *value = mem_format("%lluMbps", (unsigned long long)mbps);
    tag_add(p, "net/speed", value);
}

// "eth0.19  | 19  | eth0", after two lines of heading.
static void vlans_probe(struct prober *p) {
    AUTO_TEXT struct text all = {0};
    if (!file_get(p, &all, "/proc/net/vlan/config")) return;
    for (char *line, *rest = all.data; (line = strsep(&rest, "\n"));) {
        unsigned id = 0;
        char value[16];
        if (sscanf(line, "%*s | %u |", &id) != 1) continue;
        snprintf(value, sizeof value, "%u", id);
        tag_add(p, "net/vlan", value);
    }
}

// Networks that we are in: routes without a gateway. Addresses are in the byte order of the network, read as a number here.
static void subnets_probe(struct prober *p) {
    AUTO_TEXT struct text all = {0};
    if (!file_get(p, &all, "/proc/net/route")) return;
    for (char *line, *rest = all.data; (line = strsep(&rest, "\n"));) {
        unsigned to = 0, gateway = 0, mask = 0;
        if (sscanf(line, "%*s %x %x %*x %*d %*d %*d %x", &to, &gateway, &mask) != 3 || gateway || !mask) continue;
        char value[32];
        snprintf(value, sizeof value, "%u.%u.%u.%u/%d", to & 255, to >> 8 & 255, to >> 16 & 255, to >> 24,
                 __builtin_popcount(mask));
        tag_add(p, "net/subnet", value);
    }
}

static void sizes_probe(struct prober *p) {
    AUTO_TEXT struct text cpus = {0};
    AUTO_TEXT struct text memory = {0};
    if (file_get(p, &cpus, "/proc/cpuinfo")) {
        for (const char *at = cpus.data; at; at = strchr(at, '\n')) {
            at += *at == '\n';
            if (text_starts(at, "processor")) p->facts.cpus++;
        }
    }
    char count[16];
    snprintf(count, sizeof count, "%u", p->facts.cpus);
    if (p->facts.cpus) tag_add(p, "cpu/count", count);
    const char *total = file_get(p, &memory, "/proc/meminfo") ? strstr(memory.data, "MemTotal:") : NULL;
    if (total) p->facts.memory = strtoull(total + strlen("MemTotal:"), NULL, 10) << 10;
}

static int tag_order(const void *a, const void *b) {
    const struct probe_tag *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : strcmp(x->value, y->value);
}

static void tags_settle(struct probe_tags *tags) {
    if (tags->count) qsort(tags->at, tags->count, sizeof *tags->at, tag_order);
    size_t kept = 0;
    for (size_t i = 0; i < tags->count; i++) {
        if (kept && !tag_order(&tags->at[kept - 1], &tags->at[i])) {
            free(tags->at[i].key);
            free(tags->at[i].value);
        } else {
            tags->at[kept++] = tags->at[i];
        }
    }
    tags->count = kept;
}

struct err *probe_host(const char *root, struct probe_facts *ret_facts) {
    struct prober p = {.root = root};
    kernel_probe(&p);
    if (!p.facts.tags.count)
        return err_new(ERR_IO, "probe this host: %s/proc/sys/kernel cannot be read; is /proc mounted?", root);
    entries_each(&p, "/sys/module", module_seen);
    filesystems_probe(&p);
    static const char *const docker[] = {"/run/docker/plugins", "/etc/docker/plugins", "/usr/lib/docker/plugins"};
    for (size_t i = 0; i < ARRAY_LEN(docker); i++) entries_each(&p, docker[i], docker_plugin_seen);
    entries_each(&p, "/var/lib/kubelet/plugins", csi_plugin_seen);
    entries_each(&p, "/var/lib/kubelet/plugins_registry", csi_registered_seen);
    if (entries_each(&p, "/sys/class/nvme", NULL)) tag_add(&p, "hw/nvme", "");
    if (entries_each(&p, "/sys/class/infiniband", NULL)) tag_add(&p, "hw/infiniband", "");
    entries_each(&p, "/sys/class/net", interface_seen);
    vlans_probe(&p);
    subnets_probe(&p);
    sizes_probe(&p);
    tags_settle(&p.facts.tags);
    *ret_facts = p.facts;
    return NULL;
}

void probe_facts_done(struct probe_facts *facts) {
    VEC_EACH (tag, &facts->tags) {
        free(tag->key);
        free(tag->value);
    }
    vec_done(&facts->tags);
    *facts = (struct probe_facts){0};
}
