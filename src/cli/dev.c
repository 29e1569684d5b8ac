// SPDX-License-Identifier: Apache-2.0
// `granary dev`: a master, providers and agents on this machine, from an empty directory to a clean end.
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/config.h"
#include "cli/dev.h"
#include "net/address.h"
#include "sys/clock.h"
#include "sys/file.h"

enum { SERVE_LOOK_MS = 500 };

// ---- saying ----

void dev_say(const struct dev *d, const char *format, ...) {
    va_list list;
    printf("[%5.1fs] ", (double)(clock_mono_ms() - d->began) / 1000);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
    fflush(stdout);
}

void dev_say_more(const char *format, ...) {
    va_list list;
    printf("         ");
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
    fflush(stdout);
}

char *dev_path(const struct dev *d, const char *format, ...) {
    char *below = NULL;
    va_list list;
    va_start(list, format);
    int size = vasprintf(&below, format, list);
    va_end(list);
    must(size >= 0);
    char *path = mem_format("%s/%s", d->directory, below);
    free(below);
    return path;
}

unsigned dev_agents(const struct dev *d) {
    return (unsigned)settings_number(d->settings, "agents");
}
unsigned dev_providers(const struct dev *d) {
    return (unsigned)settings_number(d->settings, "providers");
}

// ---- settings ----

const struct option dev_flags[] = {
    {"cycle", OPTION_FLAG, NULL, "first go through the pooling cycle, step by step, with processes killed on the way"},
    {"once", OPTION_FLAG, NULL, "the same, and end: the exit code says whether it succeeded"},
    {0},
};

static struct err *settings_read(struct dev *d, const char *const *arguments) {
    struct options o = {0};
    d->settings = settings_new(PROCESS_DEV);
    TRY(options_read(dev_flags, arguments, d->settings, &o));
    d->once = options_has(&o, "once");
    d->cycle = d->once || options_has(&o, "cycle");
    struct err *e = o.names.count ? err_new(ERR_INVALID, "'%.64s': it takes flags only; see --help", o.names.at[0])
                                  : config_read(&o, d->settings);
    options_done(&o);
    return e;
}

static struct err *cycle_possible(const struct dev *d) {
    if (!d->cycle) return NULL;
    if (dev_agents(d) < 2)
        return err_new(ERR_INVALID, "--agents %u: the cycle moves a volume to another agent, so it needs 2 or more",
                       dev_agents(d));
    return NULL;
}

// ---- where it listens ----

// The port if it can be had, else one that is free.
static struct err *port_find(uint16_t wanted, uint16_t *ret_port) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(wanted), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof a;
    AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return err_errno(errno, "open a socket");
    int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 1))
        return err_errno(errno, "listen on port %u", wanted);
    must(getsockname(fd, (struct sockaddr *)&a, &size) == 0);
    *ret_port = ntohs(a.sin_port);
    return NULL;
}

static struct err *listen_choose(struct dev *d) {
    const char *asked = settings_text(d->settings, "listen"), *colon = strrchr(asked, ':');
    AUTO_FREE char *host = mem_format("%.*s", (int)(colon - asked), asked);
    uint64_t wanted = 0;
    uint16_t port;
    if (!text_to_u64(colon + 1, &wanted) || wanted > UINT16_MAX)
        return err_new(ERR_INVALID, "--listen %s: write HOST:PORT", asked);
    if (!net_address_is_loopback(host))
        return err_new(ERR_DENIED, "--listen %s: this cluster has no access control, so it listens on loopback only",
                       asked);
    struct err *taken = port_find((uint16_t)wanted, &port);
    bool other = taken && err_kind(taken) == ERR_CONFLICT && settings_source(d->settings, "listen") == FROM_DEFAULT;
    if (taken && !other) return err_wrap(taken, "--listen %s", asked);
    if (taken) {
        err_free(taken);
        TRY(port_find(0, &port));
    }
    d->listen = mem_format("%s:%u", host, port);
    d->url = mem_format("http://%s", d->listen);
    return NULL;
}

static struct err *client_make(struct dev *d) {
    struct settings *s = settings_new(PROCESS_CLI);
    struct setting_given given = {.name = "master", .value = d->url, .source = FROM_FLAG};
    struct err *e = settings_give(s, &given);
    if (!e) e = settings_complete(s);
    if (!e) e = client_new(s, &d->client);
    settings_free(s);
    return e;
}

// ---- the cluster ----

static struct err *cluster_start(struct dev *d) {
    char name[DEV_NAME];
    TRY(dev_child_start(d, "master", PROCESS_MASTER));
    for (unsigned i = 1; i <= dev_providers(d); i++) {
        snprintf(name, sizeof name, "provider-files-%u", i);
        TRY(dev_child_start(d, name, PROCESS_PROVIDER));
    }
    for (unsigned i = 1; i <= dev_agents(d); i++) {
        snprintf(name, sizeof name, "agent-n%u", i);
        TRY(dev_child_start(d, name, PROCESS_AGENT));
    }
    return dev_until_ready(d);
}

static void usage_print(const struct dev *d) {
    dev_say(d, "The cluster serves at %s until Ctrl-C. In another terminal:", d->url);
    if (strcmp(d->listen, "127.0.0.1:5050") != 0) dev_say_more("  export GRANARY_MASTER=%s", d->url);
    dev_say_more("  %s inventory", d->command);
    dev_say_more("  %s run --class gold --size 64MiB --name my-data -- sh -c 'date >> /data/log; cat /data/log'",
                 d->command);
    dev_say_more("  %s explain --class gold --size 100GiB", d->command);
    dev_say_more("  %s events", d->command);
    dev_say_more("Configuration, logs and pools are in %s.", d->directory);
}

static void serve(struct dev *d) {
    usage_print(d);
    while (!d->stopping) {
        dev_pause(d, SERVE_LOOK_MS);
        AUTO_ERR struct err *dead = dev_children_check(d);
        if (dead) dev_say(d, "%s. The others go on.", err_text(dead));
    }
}

// Everything ends: processes, keepers, devices; and is looked for afterwards.
static struct err *cluster_stop(struct dev *d) {
    unsigned keepers;
    AUTO_TEXT struct text left = {0};
    dev_children_stop(d);
    TRY(dev_keepers_end(d, &keepers));
    dev_place_leftovers(d, &left);
    return left.size ? err_new(ERR_INTERNAL, "%s", text_string(&left)) : NULL;
}

// Two providers on one filesystem count what is free on it once each, so that only capacities keep them apart.
static struct err *space_check(const struct dev *d) {
    struct statvfs fs;
    uint64_t each = settings_size(d->settings, "pool-size").n, free, asked;
    char need[QUANTITY_TEXT], have[QUANTITY_TEXT];
    if (statvfs(d->directory, &fs)) return err_errno(errno, "free space of '%s'", d->directory);
    free = (uint64_t)fs.f_bavail * fs.f_frsize;
    if (!__builtin_mul_overflow(each, dev_providers(d) * DEV_POOLS, &asked) && asked <= free) return NULL;
    return err_new(ERR_FULL,
                   "%u pools of %s need more than the %s that are free in '%s': give a smaller --pool-size, or "
                   "another --directory",
                   dev_providers(d) * DEV_POOLS, bytes_text((struct bytes){each}, need),
                   bytes_text((struct bytes){free}, have), d->directory);
}

static struct err *dev_run(struct dev *d) {
    TRY(space_check(d));
    TRY(dev_config_write(d));
    dev_say(d, "A cluster in %s: a master, %u providers, %u agents.", d->directory, dev_providers(d), dev_agents(d));
    dev_place_fallbacks(d);
    struct err *e = cluster_start(d);
    if (!e) dev_say(d, "All are connected.");
    if (!e && d->cycle) e = dev_cycle(d);
    if (!e && !d->once) serve(d);
    struct err *unclean = cluster_stop(d);
    if (!e) return unclean;
    err_free(unclean);
    return e;
}

static void signals_hold(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN); // whoever reads our output may leave; the cluster is still to be ended
}

static void dev_done(struct dev *d, bool keep_files) {
    if (keep_files) fprintf(stderr, "granary dev: everything it wrote is kept in %s\n", d->directory);
    dev_place_close(d, keep_files);
    client_free(d->client);
    settings_free(d->settings);
    vec_done(&d->children);
    char *texts[] = {d->daemon, d->command, d->listen, d->url};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) free(texts[i]);
}

struct err *verb_dev(const char *const *arguments, int *ret_exit UNUSED) {
    struct dev d = {.began = clock_mono_ms(), .lock = -1};
    struct err *e = settings_read(&d, arguments);
    if (!e) e = cycle_possible(&d);
    if (!e) e = cli_beside("granaryd", &d.daemon);
    if (!e) e = cli_beside("granary", &d.command);
    if (!e && access(d.daemon, X_OK) != 0)
        e = err_new(ERR_NOT_FOUND, "%s is not there; it is built and installed beside this command", d.daemon);
    signals_hold();
    if (!e) e = listen_choose(&d);
    if (!e) e = client_make(&d);
    if (!e) e = dev_place_open(&d);
    bool ran = !e;
    if (ran) e = dev_run(&d);
    bool asked = d.stopping && e && err_kind(e) == ERR_UNAVAILABLE; // Ctrl-C: what was under way is of no interest
    if (ran && !d.once) dev_say(&d, "Stopped.");
    dev_done(&d, ran && e && !asked);
    if (!asked || d.once) return e;
    err_free(e);
    return NULL;
}

void help_dev(struct text *out) {
    text_add(
        out,
        "Starts a whole cluster on this machine: a master, providers with pools in files, agents. Its configuration "
        "files,\n"
        "logs and pools are in one directory, which is empty again when it ends.\n\n");
    options_help(dev_flags, out);
    text_add_char(out, '\n');
    config_help(PROCESS_DEV, out);
}
