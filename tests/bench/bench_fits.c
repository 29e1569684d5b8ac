// SPDX-License-Identifier: Apache-2.0
// Decisions asked over HTTP (GET /v1/fits) of a real master that knows 10,000 pools, for an agent each, beside a bare epoll
// server that parses nothing, under the same wrk: the ratio is the figure. The pools and agents are said by this program, as
// providers and agents would. Usage: bench_fits GRANARYD [SECONDS PER TURN]
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"
#include "base/arena.h"
#include "cluster.h"
#include "codec/message.h"
#include "granary_link.pb-c.h"
#include "measure.h"
#include "says.h"
#include "sys/file.h"

enum { POOLS = 10000, INSTANCES = 10, CONNECTIONS = 64, TURNS = 5, BODY = 100 };

// ---- what providers and agents say ----

static Granary__Tag **tags_of(const struct say *says, size_t count, struct arena *arena) {
    Granary__Tag **tags = arena_zero(arena, count, sizeof *tags);
    for (size_t i = 0; i < count; i++) {
        tags[i] = ARENA_NEW(arena, Granary__Tag);
        granary__tag__init(tags[i]);
        tags[i]->key = arena_text(arena, says[i].key);
        tags[i]->value = arena_text(arena, says[i].value);
    }
    return tags;
}

static Granary__Pool *pool_of(unsigned number, struct arena *arena) {
    static Granary__Capability capabilities[] = {GRANARY__CAPABILITY__CARVE, GRANARY__CAPABILITY__RAW_BLOCK,
                                                 GRANARY__CAPABILITY__ZEROED};
    struct say says[POOL_TAGS];
    Granary__Pool *p = ARENA_NEW(arena, Granary__Pool);
    granary__pool__init(p);
    pool_says_tags(number, says);
    p->name = p->store = arena_format(arena, "pool%u", number);
    p->tags = tags_of(says, POOL_TAGS, arena);
    p->n_tags = POOL_TAGS;
    p->capabilities = capabilities;
    p->n_capabilities = ARRAY_LEN(capabilities);
    p->total = ARENA_NEW(arena, Granary__Quantities);
    granary__quantities__init(p->total);
    p->total->has_bytes = p->total->has_iops = 1;
    p->total->bytes = pool_says(number).gib << 30;
    p->total->iops = INVENTORY_POOL_IOPS;
    return p;
}

static Granary__TierReport *tiers_of(struct arena *arena) {
    Granary__TierReport *tiers = ARENA_NEW(arena, Granary__TierReport);
    granary__tier_report__init(tiers);
    tiers->instances = arena_zero(arena, INSTANCES, sizeof *tiers->instances);
    for (unsigned i = 0; i < INSTANCES; i++) {
        Granary__Instance *instance = tiers->instances[tiers->n_instances++] = ARENA_NEW(arena, Granary__Instance);
        granary__instance__init(instance);
        instance->name = arena_format(arena, "i%u", i);
        instance->pools = arena_zero(arena, POOLS / INSTANCES, sizeof *instance->pools);
        for (unsigned n = 0; n < POOLS / INSTANCES; n++)
            instance->pools[instance->n_pools++] = pool_of(i * (POOLS / INSTANCES) + n, arena);
    }
    return tiers;
}

// Opens a session: the connection stays open as long as this program.
static void hello_send(const struct processes *c, const char *path, const ProtobufCMessage *hello) {
    AUTO_TEXT struct text bytes = {0}, head = {0};
    char answer[4096] = "";
    message_pack(hello, &bytes);
    text_addf(
        &head,
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: %zu\r\n\r\n",
        path, bytes.size);
    int fd = cluster_connect(c);
    bytes_send(fd, head.data, head.size);
    bytes_send(fd, bytes.data, bytes.size);
    if (read(fd, answer, sizeof answer - 1) <= 0 || !strstr(answer, " 200 "))
        check(err_new(ERR_IO, "%s was answered: %s", path, answer));
}

static char name[16];
static uint8_t secret[32];

static void provider_say(const struct processes *c) {
    AUTO_ARENA struct arena arena = {0};
    Granary__ProviderHello hello = GRANARY__PROVIDER_HELLO__INIT;
    snprintf(name, sizeof name, "p");
    hello.name = name;
    hello.driver = arena_text(&arena, "memory");
    hello.has_secret = 1;
    hello.secret = (ProtobufCBinaryData){sizeof secret, secret};
    hello.tiers = tiers_of(&arena);
    hello_send(c, "/link/v1/provider", &hello.base);
}

static void agent_say(const struct processes *c, unsigned number) {
    AUTO_ARENA struct arena arena = {0};
    struct say says[AGENT_TAGS];
    Granary__AgentHello hello = GRANARY__AGENT_HELLO__INIT;
    Granary__AgentReport report = GRANARY__AGENT_REPORT__INIT;
    Granary__AgentResources resources = GRANARY__AGENT_RESOURCES__INIT;
    agent_says_tags(number, number % 4 ? 10 : 25, says);
    snprintf(name, sizeof name, "n%u", number);
    hello.name = hello.hostname = name;
    hello.has_secret = 1;
    hello.secret = (ProtobufCBinaryData){sizeof secret, secret};
    hello.boot_id = arena_text(&arena, "00000000-0000-4000-8000-000000000001");
    resources.has_cpus = resources.has_mem = resources.has_disk = 1;
    resources.cpus = 16;
    resources.mem = 65536;
    resources.disk = 100000;
    report.resources = &resources;
    report.tags = tags_of(says, AGENT_TAGS, &arena);
    report.n_tags = AGENT_TAGS;
    hello.report = &report;
    hello_send(c, "/link/v1/agent", &hello.base);
}

static void class_say(const struct processes *c, unsigned number) {
    AUTO_TEXT struct text body = {0}, path = {0};
    struct class_asks asks = class_asks(number);
    text_addf(&path, "/v1/classes/c%u", number);
    text_addf(&body, "{\"name\":\"c%u\",\"fs\":\"raw\",\"pool\":\"%s\",\"agent\":\"%s\"", number, asks.pool,
              asks.agent);
    const struct {
        const char *name;
        const struct prefers *at;
        size_t count;
    } lists[] = {{"prefer_pool", pools_preferred, ARRAY_LEN(pools_preferred)},
                 {"prefer_agent", agents_preferred, ARRAY_LEN(agents_preferred)}};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        text_addf(&body, ",\"%s\":[", lists[i].name);
        for (size_t n = 0; n < lists[i].count; n++)
            text_addf(&body, "%s{\"selector\":\"%s\",\"weight\":%d}", n ? "," : "", lists[i].at[n].selector,
                      lists[i].at[n].weight);
        text_add_char(&body, ']');
    }
    text_add_char(&body, '}');
    cluster_tell(c, "PUT", text_string(&path), text_string(&body));
}

static void cluster_fill(const struct processes *c) {
    for (unsigned i = 0; i < INVENTORY_CLASSES; i++) class_say(c, i);
    provider_say(c);
    for (unsigned i = 0; i < INVENTORY_PROFILES; i++) agent_say(c, i);
}

// ---- asking ----

// One of 256 requests after another; for each class an agent that it lets in.
static char *script_of(void) {
    AUTO_TEXT struct text lua = {0};
    text_addf(&lua,
              "local requests, at = {}, 0\n"
              "init = function(args)\n"
              "  for i = 0, 255 do\n"
              "    requests[i] = wrk.format('GET', string.format('/v1/fits?class=c%%d&size=%%d&iops=100&agent=n%%d',\n"
              "      i %% %d, (1 + i %% 7) * %llu, i %% %d %% %d))\n"
              "  end\n"
              "end\n"
              "request = function() at = (at + 1) %% 256; return requests[at] end\n",
              INVENTORY_CLASSES, 1ull << 30, INVENTORY_CLASSES, INVENTORY_PROFILES);
    return script_new(text_string(&lua));
}

static void all_answered(const struct processes *c) {
    AUTO_FD int fd = cluster_connect(c);
    AUTO_TEXT struct text answer = {0};
    for (unsigned i = 0; i < INVENTORY_CLASSES; i++) {
        char path[128];
        snprintf(path, sizeof path, "/v1/fits?class=c%u&size=1GiB&agent=n%u", i, i % INVENTORY_PROFILES);
        int status = cluster_ask(fd, "GET", path, "", NULL, &answer);
        if (status != 200 || !strstr(text_string(&answer), "\"pool\""))
            check(err_new(ERR_IO, "%s was answered %d %s", path, status, text_string(&answer)));
    }
    printf("  an answer: %s\n", text_string(&answer));
}

int main(int argc, char **argv) {
    if (argc < 2) check(err_new(ERR_INVALID, "usage: bench_fits GRANARYD [SECONDS PER TURN]"));
    int seconds = argc > 2 ? atoi(argv[2]) : 1;
    double rates[2][TURNS];
    wrk_find();
    char *directory = directory_new(NULL), *script = script_of();
    AUTO_TEXT struct text config = {0};
    text_add(&config, "agent-lost: 1h\ntag-types:\n");
    for (size_t i = 0; i < ARRAY_LEN(number_keys); i++) text_addf(&config, "  %s: number\n", number_keys[i]);
    struct processes c = {.granaryd = argv[1], .directory = directory, .config = text_string(&config)};
    core_take(0); // inherited by the master
    cluster_master(&c, NULL);
    cluster_fill(&c);
    printf("%d pools, %d classes, %d agents; %d connections:\n", POOLS, INVENTORY_CLASSES, INVENTORY_PROFILES,
           CONNECTIONS);
    all_answered(&c);
    for (int turn = 0; turn < TURNS; turn++) {
        uint16_t port;
        pid_t pid = bare_start(BODY, &port);
        rates[0][turn] = wrk(port, CONNECTIONS, seconds, script);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        rates[1][turn] = wrk(c.port, CONNECTIONS, seconds, script);
    }
    double bare = median(rates[0], TURNS), ours = median(rates[1], TURNS);
    printf("  per second, median of %d turns of %d s: bare server %.0f, decisions %.0f\n", TURNS, seconds, bare, ours);
    goal_least("decisions per answer of the bare server", bare > 0 ? ours / bare : 0, 0.4);
    cluster_stop(&c);
    script_drop(script);
    directory_drop(directory);
    return verdict();
}
