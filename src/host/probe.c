// SPDX-License-Identifier: Apache-2.0
// The kernel, its drivers and filesystems, plugins, sizes; hardware and network are in the files beside.
#include "host/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/filesystems.h"
#include "host/probe_hw.h"
#include "host/probe_net.h"
#include "host/prober.h"
#include "sys/file.h"

// "6.18.44-generic" is version 6.18.44.
static void kernel_probe(struct prober *p) {
    AUTO_TEXT struct text release = {0};
    AUTO_TEXT struct text host = {0};
    AUTO_TEXT struct text arch = {0};
    if (prober_file(p, &release, "/proc/sys/kernel/osrelease")) {
        prober_tag(p, "kernel/release", text_string(&release));
        size_t length = strspn(release.data, "0123456789.");
        while (length && release.data[length - 1] == '.') length--;
        release.data[length] = 0;
        if (length) prober_tag(p, "kernel", release.data);
    }
    if (prober_file(p, &host, "/proc/sys/kernel/hostname")) prober_tag(p, "host", text_string(&host));
    if (prober_file(p, &arch, "/proc/sys/kernel/arch")) prober_tag(p, "arch", text_string(&arch));
}

// Built-in drivers are listed there too, when they have a version or parameters.
static void module_seen(struct prober *p, const char *name, void *arg UNUSED) {
    AUTO_TEXT struct text version = {0};
    bool known = prober_file(p, &version, "/sys/module/%s/version", name);
    prober_tagf(p, known ? text_string(&version) : "", "driver/%s", name);
}

static void filesystems_probe(struct prober *p) {
    struct filesystem_names all = {0};
    filesystems_find(p->root, &all);
    VEC_EACH (name, &all) prober_tagf(p, "", "fs/%s", *name);
    filesystems_done(&all);
}

static void docker_plugin_seen(struct prober *p, const char *name, void *arg UNUSED) {
    AUTO_FREE char *bare = mem_text(name);
    char *dot = strrchr(bare, '.');
    if (!dot || !(text_equal(dot, ".sock") || text_equal(dot, ".spec") || text_equal(dot, ".json"))) return;
    *dot = 0;
    prober_tag(p, "plugin/docker", bare);
}

static void csi_plugin_seen(struct prober *p, const char *name, void *arg UNUSED) {
    AUTO_FREE char *path = mem_format("%s/var/lib/kubelet/plugins/%s/csi.sock", p->root, name);
    if (file_exists(path)) prober_tag(p, "plugin/csi", name);
}

static void csi_registered_seen(struct prober *p, const char *name, void *arg UNUSED) {
    if (!text_ends(name, "-reg.sock")) return;
    AUTO_FREE char *bare = mem_text(name);
    bare[strlen(bare) - strlen("-reg.sock")] = 0;
    prober_tag(p, "plugin/csi", bare);
}

static void sizes_probe(struct prober *p, struct probe_facts *facts) {
    AUTO_TEXT struct text cpus = {0};
    AUTO_TEXT struct text memory = {0};
    if (prober_file(p, &cpus, "/proc/cpuinfo")) {
        for (const char *at = cpus.data; at; at = strchr(at, '\n')) {
            at += *at == '\n';
            if (text_starts(at, "processor")) facts->cpus++;
        }
    }
    char count[16];
    snprintf(count, sizeof count, "%u", facts->cpus);
    if (facts->cpus) prober_tag(p, "cpu/count", count);
    const char *total = prober_file(p, &memory, "/proc/meminfo") ? strstr(memory.data, "MemTotal:") : NULL;
    if (total) facts->memory = strtoull(total + strlen("MemTotal:"), NULL, 10) << 10;
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
    vec_cut(tags, kept);
}

struct err *probe_host(const char *root, struct probe_facts *ret_facts) {
    struct prober p = {.root = root};
    struct probe_facts facts = {0};
    kernel_probe(&p);
    if (!p.tags.count)
        return err_new(ERR_IO, "probe this host: %s/proc/sys/kernel cannot be read; is /proc mounted?", root);
    prober_entries(&p, "/sys/module", module_seen, NULL);
    filesystems_probe(&p);
    static const char *const docker[] = {"/run/docker/plugins", "/etc/docker/plugins", "/usr/lib/docker/plugins"};
    for (size_t i = 0; i < ARRAY_LEN(docker); i++) prober_entries(&p, docker[i], docker_plugin_seen, NULL);
    prober_entries(&p, "/var/lib/kubelet/plugins", csi_plugin_seen, NULL);
    prober_entries(&p, "/var/lib/kubelet/plugins_registry", csi_registered_seen, NULL);
    probe_hw(&p);
    probe_net(&p);
    sizes_probe(&p, &facts);
    tags_settle(&p.tags);
    facts.tags = p.tags;
    *ret_facts = facts;
    return NULL;
}

void probe_tags_done(struct probe_tags *tags) {
    VEC_EACH (tag, tags) {
        free(tag->key);
        free(tag->value);
    }
    vec_done(tags);
}

void probe_facts_done(struct probe_facts *facts) {
    probe_tags_done(&facts->tags);
    *facts = (struct probe_facts){0};
}
