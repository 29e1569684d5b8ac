// SPDX-License-Identifier: Apache-2.0
// The configuration files of a cluster on one machine: written where everybody can read, copy and change them.
#include <stdio.h>
#include <unistd.h>

#include "cli/dev.h"
#include "sys/file.h"

enum { PORTS_EACH = 100, PORTS_FROM = 31000, RACKS = 2 };

static struct err *write_file(const struct dev *d, const struct text *text, const char *name) {
    AUTO_FREE char *path = dev_path(d, "%s", name);
    return file_write(path, text_string(text), text->size, 0644);
}

// What all files say alike.
static void head_add(const struct dev *d, struct text *t, const char *what) {
    text_addf(t, "# Written by 'granary dev', and written anew at each start. %s\n", what);
    text_addf(t, "log-level: %s\nlog-format: %s\n", settings_text(d->settings, "log-level"),
              settings_text(d->settings, "log-format"));
}

static struct err *master_write(const struct dev *d) {
    AUTO_TEXT struct text t = {0};
    head_add(d, &t, "The master: granary master --config master.yaml");
    text_addf(&t, "listen: %s\ndata-dir: \"%s/master\"\ncluster: dev\nclasses: \"%s/classes\"\n", d->listen,
              d->directory, d->directory);
    text_add(&t, "# Shorter than in production (5s and 25s), so that a lost agent shows within seconds.\n");
    text_addf(&t, "heartbeat: %lldms\nagent-lost: %lldms\n", (long long)settings_duration(d->settings, "heartbeat"),
              (long long)settings_duration(d->settings, "agent-lost"));
    return write_file(d, &t, "master.yaml");
}

static void pool_add(const struct dev *d, struct text *t, unsigned provider, const char *pool, const char *media) {
    text_addf(t,
              "      - name: %s\n        directory: \"%s/pools/files-%u/%s\"\n        capacity: %llu\n        tags:\n  "
              "        - media=%s\n",
              pool, d->directory, provider, pool, (unsigned long long)settings_size(d->settings, "pool-size").n, media);
}

static struct err *provider_write(const struct dev *d, unsigned n) {
    AUTO_TEXT struct text t = {0};
    AUTO_FREE char *name = mem_format("provider-files-%u.yaml", n);
    head_add(d, &t, "A provider of file-backed pools: granary provider --config FILE");
    text_addf(&t, "master: %s\nname: files-%u\ndriver: file\ndata-dir: \"%s/providers/files-%u\"\n", d->url, n,
              d->directory, n);
    text_addf(&t, "report-interval: 1s\ntags:\n  - topology/rack=r%u\n", n % RACKS + 1);
    text_add(&t, "instances:\n  - name: here\n    pools:\n");
    pool_add(d, &t, n, "fast", "ssd");
    pool_add(d, &t, n, "slow", "hdd");
    return write_file(d, &t, name);
}

static struct err *agent_write(const struct dev *d, unsigned n) {
    AUTO_TEXT struct text t = {0};
    AUTO_FREE char *name = mem_format("agent-n%u.yaml", n);
    unsigned first = PORTS_FROM + (n - 1) * PORTS_EACH;
    head_add(d, &t, "An agent: granary agent --config FILE");
    text_addf(
        &t,
        "master: %s\nname: n%u\nhostname: n%u\naddress: 127.0.0.1\nwork-dir: \"%s/agents/n%u\"\nrun-dir: \"%s/n%u\"\n",
        d->url, n, n, d->directory, n, d->run_dir, n);
    text_addf(
        &t,
        "# Agents of one machine share it: each offers a part.\ncpus: 1\nmem: 256MiB\ndisk: 1GiB\nports:\n  - %u-%u\n",
        first, first + PORTS_EACH - 1);
    text_addf(&t, "tags:\n  - topology/rack=r%u\n", n % RACKS + 1);
    return write_file(d, &t, name);
}

static struct err *class_write(const struct dev *d, const char *name, const char *description, const char *media,
                               const char *format) {
    AUTO_TEXT struct text t = {0};
    AUTO_FREE char *path = mem_format("classes/%s.yaml", name);
    text_addf(&t,
              "# Written by 'granary dev'. Change it and apply it: granary class apply FILE\nname: %s\ndescription: "
              "%s\npool: media = %s\n",
              name, description, media);
    text_addf(
        &t,
        "prefer-agent:\n  - selector: same(topology/rack)\n    weight: 10\nfs: ext4\nformat: %s\non-release: delete\n",
        format);
    return write_file(d, &t, path);
}

static struct err *directories_make(const struct dev *d) {
    static const char *const names[] = {"logs", "processes", "classes", "pools", "agents", "providers"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        AUTO_FREE char *path = dev_path(d, "%s", names[i]);
        TRY(directory_make(path, 0755));
    }
    return NULL;
}

struct err *dev_config_write(const struct dev *d) {
    TRY(directories_make(d));
    TRY(master_write(d));
    TRY(class_write(d, "gold", "Fast storage, formatted as soon as it is made", "ssd", "eager"));
    TRY(class_write(d, "bulk", "Large and slow, formatted when it is first used", "hdd", "lazy"));
    for (unsigned i = 1; i <= dev_providers(d); i++) TRY(provider_write(d, i));
    for (unsigned i = 1; i <= dev_agents(d); i++) TRY(agent_write(d, i));
    return NULL;
}
