// SPDX-License-Identifier: Apache-2.0
// The settings of each process: the one place where they are named. Help, files, variables and flags are read from here.
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/setting.h"
#include "model/tag.h"

static const char *const kind_names[] = {
#define X(kind, name) [PROCESS_##kind] = name,
    PROCESS_KINDS(X)
#undef X
};

const char *process_kind_name(enum process_kind kind) {
    return kind_names[kind];
}

static struct err *port_parse(const char *text, size_t size, uint32_t *ret_port) {
    char digits[8] = "";
    uint64_t port = 0;
    if (size < sizeof digits) memcpy(digits, text, size);
    if (!text_to_u64(digits, &port) || port > 65535)
        return err_new(ERR_INVALID, "'%.*s' is not a port from 0 to 65535", (int)(size < 32 ? size : 32), text);
    *ret_port = (uint32_t)port;
    return NULL;
}

struct err *port_range_parse(const char *text, uint32_t *ret_begin, uint32_t *ret_end) {
    uint32_t begin, end;
    size_t size = strcspn(text, "-");
    TRY(port_parse(text, size, &begin));
    end = begin;
    if (text[size]) TRY(port_parse(text + size + 1, strlen(text + size + 1), &end));
    if (begin > end) return err_new(ERR_INVALID, "ports '%s': the first is above the last", text);
    *ret_begin = begin;
    *ret_end = end;
    return NULL;
}

static struct err *ports_check(const char *text) {
    uint32_t begin, end;
    return port_range_parse(text, &begin, &end);
}

struct err *bus_drivers_check(const char *drivers) {
    AUTO_FREE char *copy = mem_text(drivers);
    char *rest = copy, *driver;
    while ((driver = strsep(&rest, "+"))) TRY(name_check("driver", driver));
    return NULL;
}

struct err *attach_bus_parse(const char *text, size_t *ret_size, uint32_t *ret_slots) {
    size_t size = strcspn(text, "=");
    uint64_t slots;
    if (!text[size] || !text_to_u64(text + size + 1, &slots) || slots > 65536)
        return err_new(ERR_INVALID, "'%.128s': write it as ebs=27, or ebs+nvme=27 for drivers that share a bus", text);
    AUTO_FREE char *drivers = mem_format("%.*s", (int)size, text);
    TRY(bus_drivers_check(drivers));
    *ret_size = size;
    *ret_slots = (uint32_t)slots;
    return NULL;
}

static struct err *bus_check(const char *text) {
    size_t size;
    uint32_t slots;
    return attach_bus_parse(text, &size, &slots);
}

static struct err *address_check(const char *text) {
    const char *colon = strrchr(text, ':');
    uint32_t port;
    if (!colon || colon == text)
        return err_new(ERR_INVALID, "'%.128s': write an address as HOST:PORT, such as 127.0.0.1:5050", text);
    return port_parse(colon + 1, strlen(colon + 1), &port);
}

static struct err *url_check(const char *text) {
    const char *host = text_starts(text, "http://") ? text + 7 : text_starts(text, "https://") ? text + 8 : NULL;
    if (host && *host && *host != '/') return NULL;
    return err_new(ERR_INVALID, "'%.128s': write a URL such as http://127.0.0.1:5050", text);
}

static struct err *tag_check(const char *text) {
    struct symbols symbols = {0};
    struct tag tag;
    struct err *e = tag_parse(&symbols, text, &tag);
    symbols_done(&symbols);
    return e;
}

static struct err *given_name_check(const char *text) {
    return name_check("name", text);
}

static struct err *not_empty_check(const char *text) {
    return *text ? NULL : err_new(ERR_INVALID, "it is empty; give a value, or leave the key out");
}

#define SECOND 1000u
#define MASTER_URL                                                                                                     \
    {                                                                                                                  \
        .name = "master", .kind = SETTING_TEXT, .fallback = "http://127.0.0.1:5050", .check = url_check,               \
        .word = "URL", .help = "where the master answers"                                                              \
    }
#define TOKEN_FILE                                                                                                     \
    {                                                                                                                  \
        .name = "token-file", .kind = SETTING_TEXT, .check = not_empty_check, .word = "FILE",                          \
        .help = "file with a token that is sent to the master, which does not check it yet"                            \
    }
#define LOG_LEVEL                                                                                                      \
    {                                                                                                                  \
        .name = "log-level", .kind = SETTING_CHOICE, .fallback = "info", .choices = "debug|info|warning|error",        \
        .word = "LEVEL", .help = "least important lines that are logged"                                               \
    }
#define LOG_FORMAT                                                                                                     \
    {                                                                                                                  \
        .name = "log-format", .kind = SETTING_CHOICE, .fallback = "text", .choices = "text|json", .word = "FORMAT",    \
        .help = "form of a log line"                                                                                   \
    }
#define LISTEN                                                                                                         \
    {                                                                                                                  \
        .name = "listen", .kind = SETTING_TEXT, .fallback = "127.0.0.1:5050", .check = address_check,                  \
        .word = "ADDRESS", .help = "where to listen; port 0 takes a free one"                                          \
    }
#define HEARTBEAT(value)                                                                                               \
    {                                                                                                                  \
        .name = "heartbeat", .kind = SETTING_DURATION, .fallback = value, .least = 100, .most = 300 * SECOND,          \
        .word = "TIME", .help = "how often agents and providers say that they live"                                    \
    }
#define AGENT_LOST(value)                                                                                              \
    {                                                                                                                  \
        .name = "agent-lost", .kind = SETTING_DURATION, .fallback = value, .least = 200, .most = 3600 * SECOND,        \
        .word = "TIME", .help = "silence after which an agent or provider counts as lost"                              \
    }

static const struct setting master[] = {
    LISTEN,
    {.name = "data-dir",
     .kind = SETTING_TEXT,
     .fallback = "/var/lib/granary/master",
     .check = not_empty_check,
     .word = "DIR",
     .help = "directory of the registry"},
    {.name = "cluster",
     .kind = SETTING_TEXT,
     .fallback = "granary",
     .check = given_name_check,
     .word = "NAME",
     .help = "name of the cluster"},
    HEARTBEAT("5s"),
    AGENT_LOST("25s"),
    {.name = "launch-wait",
     .kind = SETTING_DURATION,
     .fallback = "2m",
     .most = 86400 * SECOND,
     .word = "TIME",
     .help = "how long a launch waits for its volume when the class does not say"},
    {.name = "offer-timeout",
     .kind = SETTING_DURATION,
     .fallback = "2m",
     .least = 100,
     .most = 86400 * SECOND,
     .word = "TIME",
     .help = "how long a framework may keep an offer without an answer"},
    {.name = "journal-keep",
     .kind = SETTING_DURATION,
     .fallback = "30d",
     .word = "TIME",
     .help = "how long the journal is kept behind the checkpoint"},
    {.name = "roles", .kind = SETTING_TREE, .help = "weights of roles: a map from role to weight"},
    {.name = "tag-types",
     .kind = SETTING_TREE,
     .help = "types of tag keys: a map from key or path/* to text, number, version or network"},
    {.name = "domains",
     .kind = SETTING_TREE,
     .help = "failure domains: a map from tag key, or key=value, to percent of availability"},
    {.name = "classes",
     .kind = SETTING_TEXT,
     .check = not_empty_check,
     .word = "DIR",
     .help = "directory of class files to apply at start"},
    {.name = "restored",
     .kind = SETTING_BOOL,
     .fallback = "false",
     .help = "the registry is an older copy on purpose: begin a new generation of ids and numbers"},
    {.name = "max-connections",
     .kind = SETTING_NUMBER,
     .fallback = "10000",
     .least = 16,
     .most = 1000000,
     .word = "N",
     .help = "most connections at once"},
    LOG_LEVEL,
    LOG_FORMAT,
};

static const struct setting agent[] = {
    MASTER_URL,
    {.name = "name",
     .kind = SETTING_TEXT,
     .check = given_name_check,
     .word = "NAME",
     .help = "name in the cluster (the host name when left out)"},
    {.name = "hostname",
     .kind = SETTING_TEXT,
     .check = not_empty_check,
     .word = "NAME",
     .help = "host name shown to frameworks (the system's when left out)"},
    {.name = "address",
     .kind = SETTING_TEXT,
     .check = not_empty_check,
     .word = "ADDRESS",
     .help = "address under which tasks here are reached"},
    {.name = "work-dir",
     .kind = SETTING_TEXT,
     .fallback = "/var/lib/granary/agent",
     .check = not_empty_check,
     .word = "DIR",
     .help = "sandboxes, and what must outlive a restart"},
    {.name = "run-dir",
     .kind = SETTING_TEXT,
     .fallback = "/run/granary",
     .check = not_empty_check,
     .word = "DIR",
     .help = "sockets of keepers; short, and empty after a boot"},
    {.name = "cpus",
     .kind = SETTING_SCALAR,
     .most = 1000000000,
     .word = "N",
     .help = "processors to offer (all when left out)"},
    {.name = "mem", .kind = SETTING_SIZE, .word = "SIZE", .help = "memory to offer (what the host has when left out)"},
    {.name = "disk",
     .kind = SETTING_SIZE,
     .word = "SIZE",
     .help = "sandbox space to offer (the disk but 5 GiB when left out)"},
    {.name = "ports",
     .kind = SETTING_LIST,
     .fallback = "31000-32000",
     .check = ports_check,
     .word = "FIRST-LAST",
     .help = "ports to offer"},
    {.name = "storage-bandwidth",
     .kind = SETTING_RATE,
     .word = "RATE",
     .help = "bandwidth towards storage (not counted when left out)"},
    {.name = "attach-slots",
     .kind = SETTING_NUMBER,
     .most = 65536,
     .word = "N",
     .help = "most volumes attached at once (no limit when left out)"},
    {.name = "attach-slots-of",
     .kind = SETTING_LIST,
     .check = bus_check,
     .word = "DRIVERS=N",
     .help = "most volumes of a driver, or of drivers that share a bus (ebs+nvme=27)"},
    {.name = "tags",
     .kind = SETTING_LIST,
     .check = tag_check,
     .word = "KEY=VALUE",
     .help = "facts that no probe can find"},
    {.name = "attributes",
     .kind = SETTING_LIST,
     .check = tag_check,
     .word = "KEY=VALUE",
     .help = "tags that frameworks see as attributes in offers; they see no others"},
    {.name = "probe-interval",
     .kind = SETTING_DURATION,
     .least = 1 * SECOND,
     .most = 86400 * SECOND,
     .word = "TIME",
     .help = "how often the host is looked at again (with each heartbeat when left out)"},
    {.name = "probe-root",
     .kind = SETTING_TEXT,
     .fallback = "/",
     .check = not_empty_check,
     .word = "DIR",
     .help = "directory above the host's /proc and /sys, for an agent in a container"},
    {.name = "user",
     .kind = SETTING_TEXT,
     .check = not_empty_check,
     .word = "USER",
     .help = "user of tasks that name none"},
    {.name = "allow-root-tasks", .kind = SETTING_BOOL, .fallback = "false", .help = "let tasks run as root"},
    {.name = "sandbox-keep",
     .kind = SETTING_DURATION,
     .fallback = "7d",
     .word = "TIME",
     .help = "how long the files of ended tasks are kept"},
    {.name = "once-probe", .kind = SETTING_BOOL, .fallback = "false", .help = "print what the host is, and end"},
    TOKEN_FILE,
    LOG_LEVEL,
    LOG_FORMAT,
};

static const struct setting provider[] = {
    MASTER_URL,
    {.name = "name",
     .kind = SETTING_TEXT,
     .required = true,
     .check = given_name_check,
     .word = "NAME",
     .help = "name in the cluster"},
    {.name = "driver",
     .kind = SETTING_TEXT,
     .required = true,
     .check = given_name_check,
     .word = "DRIVER",
     .help = "kind of storage system: file; for tests memory, flaky, null"},
    {.name = "data-dir",
     .kind = SETTING_TEXT,
     .fallback = "/var/lib/granary/provider",
     .check = not_empty_check,
     .word = "DIR",
     .help = "directory of what proves who it is to the master"},
    {.name = "settings", .kind = SETTING_TREE, .help = "what the driver asks for as a whole: a map"},
    {.name = "instances",
     .kind = SETTING_TREE,
     .help = "instances and their pools, with tags, constraints, preferences"},
    {.name = "tags",
     .kind = SETTING_LIST,
     .check = tag_check,
     .word = "KEY=VALUE",
     .help = "facts about the whole provider"},
    {.name = "constraints", .kind = SETTING_TREE, .help = "what an agent must satisfy to use it: a list of selectors"},
    {.name = "preferences", .kind = SETTING_TREE, .help = "what makes an agent better: a list of selector and weight"},
    {.name = "report-interval",
     .kind = SETTING_DURATION,
     .fallback = "10s",
     .least = 100,
     .most = 3600 * SECOND,
     .word = "TIME",
     .help = "how often capacity is asked for and reported"},
    {.name = "call-timeout",
     .kind = SETTING_DURATION,
     .fallback = "2m",
     .least = 100,
     .most = 86400 * SECOND,
     .word = "TIME",
     .help = "how long a call that changes something may take"},
    {.name = "inventory-timeout",
     .kind = SETTING_DURATION,
     .fallback = "30s",
     .least = 100,
     .most = 3600 * SECOND,
     .word = "TIME",
     .help = "how long a call that only looks may take"},
    {.name = "parallel-calls",
     .kind = SETTING_NUMBER,
     .fallback = "8",
     .least = 1,
     .most = 256,
     .word = "N",
     .help = "most calls to the storage system at once"},
    TOKEN_FILE,
    LOG_LEVEL,
    LOG_FORMAT,
};

static const struct setting dev[] = {
    {.name = "directory",
     .kind = SETTING_TEXT,
     .fallback = "granary-dev",
     .check = not_empty_check,
     .word = "DIR",
     .help = "where everything of this cluster is kept"},
    LISTEN,
    {.name = "agents",
     .kind = SETTING_NUMBER,
     .fallback = "3",
     .least = 1,
     .most = 64,
     .word = "N",
     .help = "how many agents"},
    {.name = "providers",
     .kind = SETTING_NUMBER,
     .fallback = "2",
     .least = 1,
     .most = 16,
     .word = "N",
     .help = "how many file-backed providers"},
    {.name = "pool-size",
     .kind = SETTING_SIZE,
     .fallback = "1GiB",
     .least = 16 * MIB,
     .word = "SIZE",
     .help = "most space that each pool takes"},
    HEARTBEAT("1s"),
    AGENT_LOST("3s"),
    LOG_LEVEL,
    LOG_FORMAT,
};

static const struct setting cli[] = {
    MASTER_URL,
    TOKEN_FILE,
    {.name = "output",
     .kind = SETTING_CHOICE,
     .fallback = "table",
     .choices = "table|json",
     .word = "FORMAT",
     .help = "table for people, json for programs"},
    {.name = "timeout",
     .kind = SETTING_DURATION,
     .fallback = "30s",
     .least = 1,
     .most = 86400 * SECOND,
     .word = "TIME",
     .help = "how long to wait for the master's answer"},
};

static const struct {
    const struct setting *rows;
    size_t count;
} tables[] = {
    [PROCESS_MASTER] = {master, ARRAY_LEN(master)},
    [PROCESS_AGENT] = {agent, ARRAY_LEN(agent)},
    [PROCESS_PROVIDER] = {provider, ARRAY_LEN(provider)},
    [PROCESS_DEV] = {dev, ARRAY_LEN(dev)},
    [PROCESS_CLI] = {cli, ARRAY_LEN(cli)},
};

const struct setting *setting_table(enum process_kind kind, size_t *ret_count) {
    *ret_count = tables[kind].count;
    return tables[kind].rows;
}

const struct setting *setting_find(enum process_kind kind, const char *name) {
    for (size_t i = 0; i < tables[kind].count; i++)
        if (strcmp(tables[kind].rows[i].name, name) == 0) return &tables[kind].rows[i];
    return NULL;
}
