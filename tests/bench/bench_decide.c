// SPDX-License-Identifier: Apache-2.0
// How long the broker takes to decide: six terms, preferences, capacity and iops, the agent's liking, the best taken out of the
// ledger; the same with the agent to be chosen too; a changed tag; an explanation; and what a pool and an agent take of memory.
// Beside it the scheduler of OpenStack Cinder, where Debian's python3-cinder is installed, on the same pools in the same run.
// Usage: bench_decide [CINDER_PEER.py]
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/inventory.h"
#include "bench/measure.h"
#include "core/explain.h"
#include "core/index.h"
#include "core/pair.h"

enum {
    ROUNDS = 20000,
    JOINT_ROUNDS = 2000,
    TAG_ROUNDS = 20000,
    EXPLAIN_ROUNDS = 30,
    AGENTS = 1000,
    MANY_AGENTS = 100000
};
static const uint64_t GIB_ = UINT64_C(1) << 30;

static struct want want_of(struct offer_world *w, unsigned i) {
    return (struct want){
        .class = inventory_class(w, i % INVENTORY_CLASSES), .size = {(1 + i % 7) * GIB_}, .iops = {100}};
}

// Decided, and made a reservation by an event.
static double reserve_once(struct offer_world *w, const struct want *want) {
    struct fit fit;
    double from = clock_us();
    world_begin(w);
    check(broker_place(&w->d, want, &fit));
    struct reservation_row *r = draft_add(&w->d, NOUN_RESERVATION, EV_reservation_made);
    r->charge = fit.charge;
    r->class = want->class;
    world_commit(w);
    return clock_us() - from;
}

static double decisions(unsigned pools, struct samples *times, struct samples *reserved) {
    struct offer_world w;
    world_open(&w, 0);
    struct mallinfo2 before = mallinfo2();
    inventory_pools(&w, pools);
    struct mallinfo2 after = mallinfo2();
    inventory_agents(&w, AGENTS);
    struct want wants[256];
    for (unsigned i = 0; i < 256; i++) {
        wants[i] = want_of(&w, i);
        // one of those that the class lets in
        unsigned profile = i % INVENTORY_CLASSES % INVENTORY_PROFILES;
        wants[i].agent = inventory_agent(&w, i * 37 % (AGENTS / INVENTORY_PROFILES) * INVENTORY_PROFILES + profile);
    }
    for (unsigned i = 0; i < ROUNDS; i++) vec_push(times, inventory_decide(&w, &wants[i % 256]));
    for (unsigned i = 0; i < ROUNDS; i++) vec_push(reserved, reserve_once(&w, &wants[i % 256]));
    world_close(&w);
    return (double)((after.uordblks + after.hblkhd) - (before.uordblks + before.hblkhd)) / pools;
}

// ---- pool and agent together ----

// Nothing fits `want`: says so.
static double explain_ms(struct offer_world *w, const struct want *want) {
    AUTO_ARENA struct arena arena = {0};
    struct explanation x;
    double from = clock_us();
    world_begin(w);
    check(explain_want(&w->d, want, (struct explain_page){.limit = 100}, &arena, &x));
    double took = (clock_us() - from) / 1000;
    must(!x.places && x.suggestion_count);
    world_commit(w);
    return took;
}

struct joint {
    struct samples times, tags, no_room, no_agent;
    double agent_bytes;
};

static void joint(struct joint *ret) {
    struct offer_world w;
    world_open(&w, 0);
    inventory_pools(&w, 10000);
    struct mallinfo2 before = mallinfo2();
    inventory_agents(&w, MANY_AGENTS);
    struct mallinfo2 after = mallinfo2();
    ret->agent_bytes = (double)((after.uordblks + after.hblkhd) - (before.uordblks + before.hblkhd)) / MANY_AGENTS;
    for (unsigned i = 0; i < JOINT_ROUNDS; i++) {
        struct want want = want_of(&w, i);
        struct pair pair;
        double from = clock_us();
        world_begin(&w);
        must(pair_find(&w.d, &want, world_scalars(4, 1024), &pair));
        world_commit(&w);
        vec_push(&ret->times, clock_us() - from);
    }
    uint64_t agent = inventory_agent(&w, 4711);
    for (unsigned i = 0; i < TAG_ROUNDS; i++) vec_push(&ret->tags, inventory_agent_speed(&w, agent, i % 2 ? 25 : 10));
    for (unsigned i = 0; i < EXPLAIN_ROUNDS; i++) {
        struct want want = want_of(&w, i);
        want.size.n = UINT64_C(1) << 60; // nothing fits
        vec_push(&ret->no_room, explain_ms(&w, &want));
    }
    struct want want = {.class = inventory_class_of_nobody(&w), .size = {GIB_}};
    for (unsigned i = 0; i < EXPLAIN_ROUNDS; i++) vec_push(&ret->no_agent, explain_ms(&w, &want));
    world_close(&w);
}

// ---- the peer ----

// Milliseconds of Cinder's filters and weighers for one decision, 0 when it cannot be run.
static double cinder_ms(const char *peer, unsigned pools) {
    char path[] = "/tmp/granary-inventory-XXXXXX";
    if (!peer || access("/usr/lib/python3/dist-packages/cinder/scheduler", R_OK) != 0) return 0;
    int fd = mkstemp(path);
    must(fd >= 0);
    close(fd);
    inventory_write(pools, path);
    AUTO_FREE char *command = mem_format("/usr/bin/python3 '%s' '%s' 2>/dev/null", peer, path);
    FILE *out = popen(command, "r");
    char line[128] = "";
    double ms = 0;
    while (out && fgets(line, sizeof line, out)) // to its end: a program whose pipe breaks has failed
        ms = strtod(line, NULL);
    int code = out ? pclose(out) : -1;
    unlink(path);
    return WIFEXITED(code) && WEXITSTATUS(code) == 0 ? ms : 0;
}

static void compare(const char *peer, unsigned pools, double p50_us, double goal) {
    double ms = cinder_ms(peer, pools);
    if (ms == 0) {
        printf("  Cinder was not run: install python3-cinder to compare\n");
        return;
    }
    printf("  Cinder's filters and weighers: p50 %.1f ms over %u pools\n", ms, pools);
    goal_least("times as fast as Cinder's filters and weighers", ms * 1000 / p50_us, goal);
}

int main(int argc, char **argv) {
    const char *peer = argc > 1 ? argv[1] : NULL;
    struct samples thousand = {0}, ten = {0}, reserved = {0};
    struct joint j = {0};
    priority_take();
    printf("decisions over 1,000 pools, %d agents, %d classes:\n", AGENTS, INVENTORY_CLASSES);
    decisions(1000, &thousand, &reserved);
    samples_print("  decided and taken", &thousand, "us");
    samples_print("  decided and made a reservation", &reserved, "us");
    vec_clear(&reserved);
    compare(peer, 1000, samples_at(&thousand, 50), 10000);
    printf("decisions over 10,000 pools:\n");
    double pool_bytes = decisions(10000, &ten, &reserved);
    samples_print("  decided and taken", &ten, "us");
    samples_print("  decided and made a reservation", &reserved, "us");
    goal_most("microseconds at p50", samples_at(&ten, 50), 3);
    compare(peer, 10000, samples_at(&ten, 50), 30000);
    goal_most("bytes per pool, tag index included", pool_bytes, 1024);
    joint(&j);
    printf("10,000 pools and 100,000 agents:\n");
    samples_print("  pool and agent chosen together", &j.times, "us");
    goal_most("microseconds at p50", samples_at(&j.times, 50), 60);
    samples_print("  a tag of an agent changes", &j.tags, "us");
    goal_most("microseconds at p50", samples_at(&j.tags, 50), 1);
    samples_print("  a refusal explained: no pool has room", &j.no_room, "ms");
    goal_most("milliseconds at p50", samples_at(&j.no_room, 50), 5);
    samples_print("  a refusal explained: no agent satisfies the class", &j.no_agent, "ms");
    goal_most("milliseconds at p50", samples_at(&j.no_agent, 50), 5);
    goal_most("bytes per agent, tag index included", j.agent_bytes, 1024);
    return verdict();
}
