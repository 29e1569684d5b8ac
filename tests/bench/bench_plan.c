// SPDX-License-Identifier: Apache-2.0
// How long the master answers nobody else because of a plan: 10,000 pools and 10,000 agents with 100,000 volumes, of which all
// agents of one profile go, so that thousands of volumes are lost, and requests that nothing fits. Beside it the copy of the
// registry, which lint and rehearsal make too.
#include "bench/inventory.h"
#include "bench/measure.h"
#include "core/plan.h"

enum { POOLS = 10000, AGENTS = 10000, VOLUMES = 100000, REQUESTS = 100, ROUNDS = 5 };

static void volumes_put(struct offer_world *w) {
    char name[16];
    symbol role = world_symbol(w, "web"), fs = world_symbol(w, "ext4");
    VEC(uint64_t) pools = {0};
    STATE_EACH(POOL, pool_row, pool, w->s) vec_push(&pools, pool->id);
    for (unsigned i = 0; i < VOLUMES; i++) {
        world_begin(w);
        struct volume_row *v = draft_add(&w->d, NOUN_VOLUME, EV_volume_ready);
        snprintf(name, sizeof name, "v%u", i);
        v->name = draft_text(&w->d, name);
        v->owner.role = role;
        v->class = inventory_class(w, i % INVENTORY_CLASSES);
        v->charge = (struct charge){.pool = pools.at[i % POOLS], .bytes = {UINT64_C(1) << 30}};
        v->fs = fs;
        v->state = VOLUME_READY;
        v->content = CONTENT_FORMATTED;
        world_commit(w);
    }
    vec_done(&pools);
}

// All agents of one profile go, and every request is too large.
static struct plan plan_make(struct offer_world *w, struct arena *arena) {
    struct plan_change *changes = arena_zero(arena, AGENTS, sizeof *changes);
    struct command *requests = arena_zero(arena, REQUESTS, sizeof *requests);
    struct plan plan = {changes, requests, 0, REQUESTS};
    for (unsigned i = 0; i < AGENTS; i += INVENTORY_PROFILES)
        changes[plan.change_count++] =
            (struct plan_change){.kind = PLAN_AGENT_REMOVED, .name = arena_format(arena, "n%u", i)};
    for (unsigned i = 0; i < REQUESTS; i++)
        requests[i] = (struct command){.kind = CMD_volume_create,
                                       .volume_create = {.name = arena_format(arena, "r%u", i),
                                                         .class = arena_format(arena, "c%u", i % INVENTORY_CLASSES),
                                                         .owner.role = world_symbol(w, "web"),
                                                         .size = {UINT64_C(1) << 55},
                                                         .count = 1}};
    return plan;
}

int main(void) {
    struct offer_world w;
    struct samples copies = {0}, plans = {0};
    priority_take();
    world_open(&w, 0);
    inventory_pools(&w, POOLS);
    inventory_agents(&w, AGENTS);
    volumes_put(&w);
    printf("%d pools, %d agents, %d classes, %d volumes:\n", POOLS, AGENTS, INVENTORY_CLASSES, VOLUMES);
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena = {0};
        struct plan plan = plan_make(&w, &arena);
        double from = clock_us();
        struct state *scratch = scratch_new(w.s);
        vec_push(&copies, (clock_us() - from) / 1000);
        from = clock_us();
        struct planned planned = plan_run(w.s, scratch, w.now, &plan, &arena);
        vec_push(&plans, (clock_us() - from) / 1000);
        must(planned.lost > planned.loss_count && !planned.requests[0].places);
        if (!i)
            printf("  %zu agents removed, %zu volumes lost, %zu requests refused\n", plan.change_count, planned.lost,
                   plan.request_count);
        state_free(scratch);
        arena_done(&arena);
    }
    samples_print("  the registry copied", &copies, "ms");
    samples_print("  planned on the copy", &plans, "ms");
    goal_most("milliseconds at p50", samples_at(&plans, 50), 1000);
    world_close(&w);
    vec_done(&copies);
    vec_done(&plans);
    return verdict();
}
