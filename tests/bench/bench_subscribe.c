// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE to first OFFERS with 10,000 agents, in JSON, through the master's machine in this process: time at work plus the
// time for which it waits of its own accord. Beside it, what copying the same bytes takes. Also what an agent takes of memory.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster.h"
#include "codec/message.h"
#include "granary_link.pb-c.h"
#include "master/engine.h"
#include "measure.h"

enum { AGENTS = 10000, TAGS = 12, ROUNDS = 7, CHECKPOINT_AGENTS = 500, CHECKPOINT_OBJECTS = 256 };

struct machine {
    struct master *m;
    struct outputs out;
    struct instant at;
    uint64_t exchange;
};

static void settle(struct machine *w) {
    outputs_clear(&w->out);
    w->at.entropy[0]++;
}

static void request(struct machine *w, const char *path, const char *type, const void *body, size_t size) {
    struct header_pair headers[] = {{"Content-Type", type}, {"Accept", "application/json"}};
    struct request r = {.exchange = ++w->exchange,
                        .method = "POST",
                        .path = path,
                        .query = "",
                        .headers = headers,
                        .header_count = 2,
                        .body = body,
                        .body_size = size};
    memcpy(w->at.entropy + 4, &w->exchange, sizeof w->exchange);
    master_request(w->m, &r, &w->at, &w->out);
}

// As a real agent's probes find it: a dozen facts, most of them the same everywhere.
static void agent_hello(struct machine *w, int i, int boots) {
    Granary__Tag tags[TAGS], *tag_list[TAGS];
    char keys[TAGS][32], values[TAGS][32], name[32], boot[64];
    for (int t = 0; t < TAGS; t++) {
        tags[t] = (Granary__Tag)GRANARY__TAG__INIT;
        snprintf(keys[t], sizeof keys[t], "bench/fact%d", t);
        snprintf(values[t], sizeof values[t], "%d", t == 0 ? i / 40 : t);
        tags[t].key = keys[t];
        tags[t].value = values[t];
        tag_list[t] = &tags[t];
    }
    snprintf(name, sizeof name, "agent-%d", i);
    snprintf(boot, sizeof boot, "%08d-0000-4000-8000-%012d", i, boots);
    Granary__AgentResources resources = GRANARY__AGENT_RESOURCES__INIT;
    Granary__PortRange ports = GRANARY__PORT_RANGE__INIT, *port_list = &ports;
    ports.begin = 31000;
    ports.end = 32000;
    resources.has_cpus = resources.has_mem = resources.has_disk = 1;
    resources.cpus = 16;
    resources.mem = 65536;
    resources.disk = 100000;
    resources.n_ports = 1;
    resources.ports = &port_list;
    Granary__AgentReport report = GRANARY__AGENT_REPORT__INIT;
    report.n_tags = TAGS;
    report.tags = tag_list;
    report.resources = &resources;
    Granary__AgentHello hello = GRANARY__AGENT_HELLO__INIT;
    hello.name = hello.hostname = name;
    hello.boot_id = boot;
    hello.has_secret = 1;
    hello.secret = (ProtobufCBinaryData){32, (uint8_t *)boot};
    hello.report = &report;
    AUTO_TEXT struct text bytes = {0};
    message_pack(&hello.base, &bytes);
    request(w, "/link/v1/agent", "application/x-protobuf", bytes.data, bytes.size);
    settle(w);
}

// What changed is taken away, as the store does every second.
static void checkpoint(struct machine *w) {
    uint64_t durable = master_state(w->m)->seq;
    master_set_durable(w->m, durable);
    while (master_checkpoint(w->m, durable, CHECKPOINT_OBJECTS)->objects.count) master_checkpoint_written(w->m);
}

// One agent boots again and again until as many recent journal entries are kept as ever are: they are of a fixed number,
// whatever the number of agents.
static void recent_fill(struct machine *w) {
    static int boots;
    do agent_hello(w, 0, ++boots % 10000);
    while (master_state(w->m)->seq < 2 * RECENT_ENTRIES || master_state(w->m)->seq % RECENT_ENTRIES);
    checkpoint(w);
}

static void agents_add(struct machine *w) {
    for (int i = 1; i < AGENTS; i++) {
        agent_hello(w, i, 0);
        if (i % CHECKPOINT_AGENTS == 0) checkpoint(w);
    }
    checkpoint(w);
}

static bool is_offers(const struct output *o) {
    return o->kind == OUTPUT_STREAM_WRITE && memmem(o->body, o->size < 4096 ? o->size : 4096, "\"OFFERS\"", 8);
}

struct turn {
    double first_ms; // SUBSCRIBE to the turn's end in which the first OFFERS came, waits included
    double copy_ms;  // what copying those bytes takes
    size_t bytes, offers;
};

static size_t offers_count(const struct output *o) {
    size_t n = 0;
    const char *at = o->body, *end = at + o->size;
    while ((at = memmem(at, (size_t)(end - at), "\"agent_id\"", 10))) n++, at += 10;
    return n;
}

static struct turn subscribe(struct machine *w, int round) {
    char body[256];
    struct turn t = {0};
    double waited = 0, from = clock_us();
    int size = snprintf(body, sizeof body,
                        "{\"type\":\"SUBSCRIBE\",\"subscribe\":{\"framework_info\":{\"user\":\"root\",\"name\":\"f%d\","
                        "\"roles\":[\"r%d\"],\"capabilities\":[{\"type\":\"MULTI_ROLE\"}]}}}",
                        round, round);
    request(w, "/api/v1/scheduler", "application/json", body, (size_t)size);
    size_t looked = 0;
    for (int i = 0; i < 100 && !t.bytes; i++) {
        int64_t next = master_next(w->m, w->at.now).ms, wait = next - w->at.now.mono.ms;
        if (wait > 0) waited += (double)wait;
        if (wait > 0) w->at.now.mono.ms = next;
        master_tick(w->m, &w->at, &w->out);
        double took = (clock_us() - from) / 1000 + waited;
        for (; looked < w->out.list.count; looked++) {
            if (!is_offers(&w->out.list.at[looked])) continue;
            t.first_ms = took;
            t.bytes += w->out.list.at[looked].size;
            t.offers += offers_count(&w->out.list.at[looked]);
        }
    }
    if (!t.bytes) check(err_new(ERR_INTERNAL, "no OFFERS came"));
    char *copy = malloc(t.bytes);
    size_t at = 0;
    from = clock_us();
    for (size_t i = 0; i < w->out.list.count; i++) {
        if (!is_offers(&w->out.list.at[i])) continue;
        memcpy(copy + at, w->out.list.at[i].body, w->out.list.at[i].size);
        at += w->out.list.at[i].size;
    }
    t.copy_ms = (clock_us() - from) / 1000;
    free(copy);
    settle(w);
    master_stream_gone(w->m, w->exchange, &w->at, &w->out);
    settle(w);
    return t;
}

int main(void) {
    struct machine w = {.at = {.now = {.mono = {1000}, .wall = {1700000000000}}}};
    struct samples times = {0}, copies = {0};
    priority_take();
    w.m = master_new(&(struct master_options){
        .cluster = {{1}},
        .timing = {.heartbeat_ms = 5000, .lost_ms = 3600000, .retry_ms = 5000, .resend_ms = 10000},
        .hostname = "localhost",
        .version = "1.11.0",
        .port = 5050});
    outputs_done(&w.out);
    struct journal_entry first = master_first_entry(w.m);
    free(first.bytes);
    must(!master_recovered(w.m, 1));
    master_start(w.m, &w.at, &w.out);
    settle(&w);
    agent_hello(&w, 0, 0);
    long empty = resident_kib(getpid());
    recent_fill(&w);
    long before = resident_kib(getpid());
    agents_add(&w);
    recent_fill(&w);
    long after = resident_kib(getpid());
    struct turn t = {0};
    for (int i = 0; i < ROUNDS; i++) {
        t = subscribe(&w, i);
        vec_push(&times, t.first_ms);
        vec_push(&copies, t.copy_ms);
    }
    printf("subscribe: %d agents of %d tags, %zu offers, %.1f MB of JSON\n", AGENTS, TAGS, t.offers,
           (double)t.bytes / 1e6);
    samples_print("  copying those bytes", &copies, "ms");
    samples_print("  SUBSCRIBE to first OFFERS", &times, "ms");
    printf("  ratio to the copy at p50: %.1f\n", samples_at(&times, 50) / samples_at(&copies, 50));
    goal_most("milliseconds to OFFERS at p50", samples_at(&times, 50), 100);
    printf("  recent journal entries: %ld KiB, whatever the number of agents\n", before - empty);
    goal_most("resident bytes per agent, session included", (double)(after - before) * 1024 / (AGENTS - 1), 1024);
    outputs_done(&w.out);
    master_free(w.m);
    return verdict();
}
