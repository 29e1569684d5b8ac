// SPDX-License-Identifier: Apache-2.0
// How long offer cycles take: all agents to all frameworks, nothing to do, nothing to do over a million idle volumes; beside
// a loop that asks every framework for every agent, on the same machine in the same run.
#include <time.h>

#include "bench/measure.h"
#include "unit/offer_world.h"

enum { AGENTS = 10000, FRAMEWORKS = 200, VOLUMES = 1000000, ROUNDS = 21, IDLE_ROUNDS = 1000 };

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static void world_fill(struct offer_world *w) {
    char role[16];
    world_open(w, 0);
    for (int i = 0; i < AGENTS; i++) world_agent(w, world_scalars(16 + i % 48, 65536));
    for (int i = 0; i < FRAMEWORKS; i++) {
        snprintf(role, sizeof role, "r%d", i % 20);
        world_framework(w, role, false);
    }
}

static void offers_decline_all(struct offer_world *w) {
    world_begin(w);
    for (const struct offer_row *o = table_next(&w->s->tables[NOUN_OFFER], 0); o;
         o = table_next(&w->s->tables[NOUN_OFFER], o->id))
        decide_decline(&w->d, o->framework, &o->id, 1, 0);
    world_commit(w);
}

struct cycle {
    double decide, apply;
};

static struct cycle cycle_run(struct offer_world *w) {
    double begin = now_ms();
    world_begin(w);
    decide_allocate(&w->d);
    double decided = now_ms();
    world_commit(w);
    return (struct cycle){decided - begin, now_ms() - decided};
}

struct cycles {
    struct samples decide, apply, whole;
};

static void full_cycles(struct offer_world *w, struct cycles *ret_cycles) {
    for (int i = 0; i < ROUNDS; i++) {
        if (i) offers_decline_all(w);
        struct cycle c = cycle_run(w);
        vec_push(&ret_cycles->decide, c.decide);
        vec_push(&ret_cycles->apply, c.apply);
        vec_push(&ret_cycles->whole, c.decide + c.apply);
        must(world_offers(w) == AGENTS);
    }
}

// What a plain reading of the rules costs: for every agent, each framework's share is worked out and the least one wins.
struct naive_framework {
    double cpus, mem, share;
    uint64_t offers;
};

static double naive_cycle(const struct offer_world *w) {
    struct naive_framework *frameworks = mem_zero(FRAMEWORKS, sizeof *frameworks);
    double total_cpus = 0, total_mem = 0, begin = now_ms();
    STATE_EACH(AGENT, agent_row, agent, w->s) {
        total_cpus += milli_to_double(agent->facts->total.cpus);
        total_mem += milli_to_double(agent->facts->total.mem);
    }
    STATE_EACH(AGENT, agent_row, agent, w->s) {
        struct naive_framework *least = NULL;
        for (int i = 0; i < FRAMEWORKS; i++) {
            struct naive_framework *f = &frameworks[i];
            double cpus = f->cpus / total_cpus, mem = f->mem / total_mem;
            f->share = cpus > mem ? cpus : mem;
            if (!least || f->share < least->share) least = f;
        }
        least->cpus += milli_to_double(agent->facts->total.cpus);
        least->mem += milli_to_double(agent->facts->total.mem);
        least->offers++;
    }
    double took = now_ms() - begin;
    uint64_t made = 0;
    for (int i = 0; i < FRAMEWORKS; i++) made += frameworks[i].offers;
    must(made == AGENTS);
    free(frameworks);
    return took;
}

static double idle_cycle(struct offer_world *w) {
    double begin = now_ms();
    for (int i = 0; i < IDLE_ROUNDS; i++) {
        (void)allocator_next(w->s, w->now.mono);
        cycle_run(w);
    }
    return (now_ms() - begin) / IDLE_ROUNDS;
}

// A million volumes of one role, 64 of them in offers of one framework; the others wait.
static void volumes_queue(struct offer_world *w) {
    world_storage(w, UINT64_C(1) << 60);
    for (int i = 0; i < VOLUMES; i++) world_volume(w, "stored", 0);
    world_framework(w, "stored", true);
    while (allocator_next(w->s, w->now.mono).ms != INT64_MAX) world_settle(w, 1000);
}

int main(void) {
    struct offer_world w;
    struct cycles full = {0};
    struct samples naive = {0};
    priority_take();
    world_fill(&w);
    for (int i = 0; i < ROUNDS; i++) vec_push(&naive, naive_cycle(&w));
    full_cycles(&w, &full);
    double idle = idle_cycle(&w);
    printf("offers: all %d agents to %d frameworks\n", AGENTS, FRAMEWORKS);
    samples_print("  decide", &full.decide, "ms");
    samples_print("  apply", &full.apply, "ms");
    samples_print("  full cycle", &full.whole, "ms");
    samples_print("  naive loop over all frameworks, shares only, nothing recorded", &naive, "ms");
    printf("  ratio of the decision to the naive loop at p50: %.2f\n",
           samples_at(&full.decide, 50) / samples_at(&naive, 50));
    goal_most("milliseconds of a full cycle at p50", samples_at(&full.whole, 50), 10);
    goal_most("milliseconds of an idle cycle", idle, 0.1);
    volumes_queue(&w);
    printf("  volumes in offers: %u of %d\n", (unsigned)(world_offers(&w) - AGENTS), VOLUMES);
    goal_most("milliseconds of an idle cycle over a million idle volumes", idle_cycle(&w), 0.1);
    world_close(&w);
    return verdict();
}
