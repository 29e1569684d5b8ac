// SPDX-License-Identifier: Apache-2.0
// How long a decision takes for a class whose script does what an operator of OpenStack Cinder writes as expressions: a filter
// function and a goodness function of every pool, over capacity, iops and media. The figure to compare with is that of Cinder's
// own evaluator, 0.98 decisions per second over 1,000 pools.
#include "bench/inventory.h"
#include "bench/measure.h"
#include "core/broker.h"
#include "core/index.h"

enum { ROUNDS = 3000, POOLS = 1000 };
static const double PEER_PER_SECOND = 0.98, GOAL = 5000;

static const char script[] =
    "function broker(request, pools, scores)\n"
    "  local free, iops, total, media = pools.free, pools.iops, pools.total, pools.tags.media\n"
    "  local twice, wanted = request.size * 2, request.iops\n"
    "  for i = 1, pools.count do\n"
    "    local left, medium = free[i], media[i]\n"
    "    if left > twice and iops[i] > wanted and medium ~= 'tape' then\n"
    "      scores[i] = 100 * left / total[i] + (medium == 'nvme' and 20 or 0)\n"
    "    end\n"
    "  end\n"
    "  return scores, 'too full, too slow, or tape'\n"
    "end\n";

static uint64_t class_put(struct offer_world *w, const char *name, const char *text) {
    struct class_document doc = {.name = name, .fs = "raw", .script = text};
    struct class_shared *class = NEW(struct class_shared);
    class->shared.drop = world_class_drop;
    check(class_spec_make(&w->s->symbols, &doc, &class->spec));
    world_begin(w);
    struct class_row *row = draft_add(&w->d, NOUN_CLASS, EV_class_applied);
    uint64_t id = row->id;
    row->name = draft_text(&w->d, name);
    row->doc = class;
    row->version = 1;
    draft_keep(&w->d, &class->shared);
    world_commit(w);
    return id;
}

static void decisions(struct offer_world *w, uint64_t class, struct samples *times) {
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct want want = {.class = class, .size = {(uint64_t)(1 + i % 7) << 30}, .iops = {100}};
        vec_push(times, inventory_decide(w, &want));
    }
}

int main(void) {
    struct offer_world w;
    struct samples scripted = {0}, empty = {0};
    priority_take();
    world_open(&w, 0);
    inventory_pools(&w, POOLS);
    inventory_agents(&w, 100);
    uint64_t class = class_put(&w, "scripted", script);
    decisions(&w, class_put(&w, "empty", "function broker(request, pools) return {1} end"), &empty);
    decisions(&w, class, &scripted);
    printf("decisions of a script over %d candidate pools:\n", POOLS);
    samples_print("  a script that takes the first", &empty, "us");
    samples_print("  filter and goodness", &scripted, "us");
    double per_second = 1e6 / samples_at(&scripted, 50);
    printf("  %.0f decisions per second at p50\n", per_second);
    goal_least("times the 0.98 per second that Cinder's evaluator was measured to decide", per_second / PEER_PER_SECOND,
               GOAL);
    world_close(&w);
    vec_done(&scripted);
    vec_done(&empty);
    return verdict();
}
