// SPDX-License-Identifier: Apache-2.0
// Runs seeds: faults for a while, then peace, then everything has to have an end.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { FAULTS_MS = 60000, PEACE_MS = 120000, SEEDS_USUAL = 100 };

static void trouble(struct sim *s, void *arg) {
    (void)arg;
    if (!s->faults) return;
    switch (sim_random(s, 12)) {
    case 0: master_crash(s); break;
    case 1: provider_crash(&s->providers[sim_random(s, PROVIDERS)]); break;
    case 2:
    case 3: agent_crash(&s->agents[sim_random(s, AGENTS)]); break;
    case 4: host_crash(&s->agents[sim_random(s, AGENTS)]); break;
    case 5: sim_break(s, &s->agents[sim_random(s, AGENTS)].peer.channel); break;
    case 6: sim_break(s, &s->providers[sim_random(s, PROVIDERS)].peer.channel); break;
    case 7:
    case 8: agent_driver(&s->agents[sim_random(s, AGENTS)], sim_random(s, 2)); break;
    default: break;
    }
    sim_at(s, 500 + (int64_t)sim_random(s, 2500), trouble, NULL);
}

static void world_init(struct sim *s, uint64_t seed, bool quiet) {
    *s = (struct sim){.seed = seed, .chance = seed * 7919 + 1, .quiet = quiet};
    s->disk = memory_disk_new();
    for (int i = 0; i < PROVIDERS; i++) provider_init(s, i);
    for (int i = 0; i < AGENTS; i++) agent_init(s, i);
    master_up(s);
    for (int i = 0; i < PROVIDERS; i++) provider_up(&s->providers[i]);
    for (int i = 0; i < AGENTS; i++) agent_up(&s->agents[i]);
    for (int i = 0; i < FRAMEWORKS; i++) framework_init(s, i);
    operator_init(s);
}

static void provider_done(struct provider_node *p) {
    peer_done(&p->peer);
    vec_done(&p->jobs);
    door_close(p->door);
    free(p->cluster);
}

static void agent_done(struct agent_node *a) {
    peer_done(&a->peer);
    VEC_EACH (r, &a->records) free((void *)(uintptr_t)r->bytes);
    vec_done(&a->records);
    vec_done(&a->mounts);
    map_done(&a->grants_used);
    vec_done(&a->tasks);
    free(a->cluster);
}

// Everybody goes down, and what is on its way arrives at nobody.
static void world_empty(struct sim *s) {
    s->over = true;
    for (int i = 0; i < PROVIDERS; i++) provider_crash(&s->providers[i]);
    for (int i = 0; i < AGENTS; i++) agent_crash(&s->agents[i]);
    master_crash(s);
    sim_run_until(s, s->now + 30000);
    MAP_EACH (entry, &s->calls) free(entry->value.p);
    map_done(&s->calls);
}

static void world_done(struct sim *s) {
    world_empty(s);
    for (int i = 0; i < PROVIDERS; i++) provider_done(&s->providers[i]);
    for (int i = 0; i < AGENTS; i++) agent_done(&s->agents[i]);
    outputs_done(&s->outputs);
    frameworks_free(s);
    MAP_EACH (entry, &s->devices) free(entry->value.p);
    map_done(&s->devices);
    promises_done(s);
    check_forget(s);
    map_done(&s->exchanges);
    heap_done(&s->queue);
    memory_disk_free(s->disk);
}

// Answers with what the master has written, in one number.
static uint64_t seed_run(uint64_t seed, bool quiet) {
    static struct sim s;
    world_init(&s, seed, quiet);
    s.faults = true;
    sim_at(&s, 3000, trouble, NULL);
    for (int64_t at = 1000; at <= FAULTS_MS; at += 1000) {
        sim_run_until(&s, at);
        promises_check(&s);
    }
    s.faults = false;
    for (int i = 0; i < AGENTS; i++) agent_driver(&s.agents[i], true);
    frameworks_settle(&s);
    sim_run_until(&s, FAULTS_MS + PEACE_MS);
    promises_check(&s);
    check_converged(&s);
    printf("seed %llu: %llu steps, %llu events, %llu crashes, %llu messages lost, %llu volumes made, %llu tasks ended, "
           "%llu fences, %llu warnings seen, %llu spread\n",
           (unsigned long long)seed, (unsigned long long)s.steps, (unsigned long long)master_state(s.master)->seq,
           (unsigned long long)s.crashes, (unsigned long long)s.lost_messages, (unsigned long long)s.volumes_made,
           (unsigned long long)s.tasks_ended, (unsigned long long)s.fences, (unsigned long long)s.warnings,
           (unsigned long long)s.spread);
    world_done(&s);
    return s.journal;
}

int main(int argc, char **argv) {
    uint64_t first = 1, count = SEEDS_USUAL;
    bool quiet = true;
    const char *seeds = getenv("GRANARY_SIM_SEEDS");
    if (seeds && !text_to_u64(seeds, &count)) count = SEEDS_USUAL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc && text_to_u64(argv[i + 1], &first)) {
            count = 1;
            quiet = false;
            i++;
        } else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc && text_to_u64(argv[i + 1], &count)) {
            i++;
        } else {
            fprintf(stderr, "usage: sim [--seed N | --seeds COUNT]\n");
            return 2;
        }
    }
    if (!quiet) setvbuf(stdout, NULL, _IOLBF, 0);
    uint64_t journal = seed_run(first, quiet);
    for (uint64_t seed = first + 1; seed < first + count; seed++) seed_run(seed, quiet);
    if (count > 1 && seed_run(first, quiet) != journal) {
        fprintf(stderr, "seed %llu: run again, the master wrote another journal\n", (unsigned long long)first);
        return 1;
    }
    printf("%llu passed, 0 failed\n", (unsigned long long)count);
    return 0;
}
