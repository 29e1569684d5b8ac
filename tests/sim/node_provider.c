// SPDX-License-Identifier: Apache-2.0
// A provider in the simulation: its machine over the memory driver, whose storage outlives it.
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job { // a call of the driver on its way
    struct provider_node *node;
    uint32_t life;
    uint64_t number;
    const struct driver_request *request;
    const char *cluster;
};

static void provider_step_now(struct provider_node *p, struct provider_input *in);

static void connect_again(struct sim *s, void *arg) {
    struct provider_node *p = arg;
    (void)s;
    if (!p->machine || p->peer.welcomed) return;
    struct provider_input in = {.kind = PROVIDER_CONNECTING};
    provider_step_now(p, &in);
}

static void job_forget(struct job *j) {
    for (size_t i = 0; i < j->node->jobs.count; i++) {
        if (j->node->jobs.at[i] != j) continue;
        vec_remove(&j->node->jobs, i);
        return;
    }
}

static void job_runs(struct sim *s, void *arg) {
    struct job *j = arg;
    if (j->life == j->node->life) {
        job_forget(j);
        AUTO_ARENA struct arena arena = {0};
        struct driver_call call = {.arena = &arena, .timeout_ms = 5000, .cluster = j->cluster};
        struct driver_answer answer = {0};
        AUTO_ERR struct err *e = door_run(j->node->door, &call, j->request, &answer);
        if (!e && j->request->act == DRIVER_ACT_CREATE) s->volumes_made++;
        if (!e && j->request->act == DRIVER_ACT_FENCE) s->fences++;
        bool lost = sim_chance(s, 4); // it was done, and nobody knows
        struct provider_input in = {.kind = PROVIDER_JOB_DONE, .job = j->number, .answer = &answer};
        if (e || lost) {
            in.error_kind = e ? err_kind(e) : ERR_UNKNOWN;
            in.error = e ? err_text(e) : "the connection broke before the answer";
            in.answer = NULL;
        }
        provider_step_now(j->node, &in);
    }
    free(j);
}

static void job_start(struct provider_node *p, const struct provider_output *o) {
    struct job *j = NEW(struct job);
    *j = (struct job){p, p->life, o->job, o->request, o->cluster};
    vec_push(&p->jobs, (void *)j);
    int64_t takes =
        1 + (int64_t)sim_random(p->sim, 40) + (sim_chance(p->sim, 3) ? (int64_t)sim_random(p->sim, 3000) : 0);
    sim_at(p->sim, takes, job_runs, j);
}

static void provider_output(struct provider_node *p, const struct provider_output *o) {
    Granary__Envelope envelope = GRANARY__ENVELOPE__INIT;
    switch (o->kind) {
    case PROVIDER_HELLO: peer_open(&p->peer, &o->hello->base); break;
    case PROVIDER_SEND:
        envelope.from_provider = o->send;
        peer_say(&p->peer, &envelope, !o->send->heartbeat);
        break;
    case PROVIDER_JOB: job_start(p, o); break;
    case PROVIDER_GIVE_UP: break;
    case PROVIDER_HANG_UP: sim_fail(p->sim, "provider %s hung up", p->name);
    case PROVIDER_LOG:
        if (!p->sim->quiet) printf("%8lld %s: %s\n", (long long)p->sim->now, p->name, o->log);
        break;
    }
}

static void provider_step_now(struct provider_node *p, struct provider_input *in) {
    struct provider_outputs out = {0};
    in->now = (struct mono){p->sim->now};
    provider_step(p->machine, in, &out);
    if (provider_cluster(p->machine)) {
        free(p->cluster);
        p->cluster = mem_text(provider_cluster(p->machine));
    }
    VEC_EACH (o, &out.list) provider_output(p, o);
    provider_outputs_done(&out);
}

struct tick {
    struct provider_node *node;
    uint32_t life;
};

static void tick_rings(struct sim *s, void *arg) {
    struct tick *t = arg;
    if (!t->node->machine || t->life != t->node->life) {
        free(t);
        return;
    }
    struct provider_input in = {.kind = PROVIDER_TICK};
    provider_step_now(t->node, &in);
    sim_at(s, 100, tick_rings, t);
}

static void on_welcome(void *node, const Granary__Envelope *e) {
    struct provider_input in = {.kind = PROVIDER_CONNECTED, .welcome = e->to_provider->welcome};
    provider_step_now(node, &in);
}

static void on_message(void *node, const Granary__Envelope *e) {
    if (!e->to_provider) return;
    struct provider_input in = {.kind = PROVIDER_MESSAGE, .message = e->to_provider};
    provider_step_now(node, &in);
}

static void on_closed(void *node) {
    struct provider_node *p = node;
    if (!p->machine) return;
    struct provider_input in = {.kind = PROVIDER_DISCONNECTED};
    provider_step_now(p, &in);
    sim_at(p->sim, 100 + (int64_t)sim_random(p->sim, 700), connect_again, p);
}

static const struct driver_selector driver[] = {{.selector = "driver/p2"}};
// What of its store each view may take, and what p2 asks of agents.
static const struct provider_tier_setup tiers[] = {
    {.instance = "here", .pool = "fast", .capacity = {768 * MIB}, .iops = {400}, .volumes = 6},
    {.instance = "here", .pool = "safe", .iops = {600}, .bandwidth = {30 * 1000 * 1000}},
    {.facts = {.constraints = driver, .constraint_count = 1}},
};

// By which each pool is fed: one has two, and of some another is reported after a restart, or none.
static const struct driver_pair feeds[] = {{"power", "feed-A"}, {"power", "feed-B"}, {"power", "feed-C"}};
static const struct driver_pairs fed[PROVIDERS][2][3] = {
    {{{feeds, 1}, {feeds, 1}, {feeds, 1}}, {{feeds + 1, 1}, {feeds + 1, 1}, {feeds + 2, 1}}},
    {{{feeds + 2, 1}, {feeds + 2, 1}, {NULL, 0}}, {{feeds, 2}, {feeds + 1, 1}, {feeds, 1}}},
};

static void tiers_draw(struct provider_node *p) {
    memcpy(p->tiers, tiers, sizeof tiers);
    for (size_t i = 0; i < 2; i++) p->tiers[i].facts.tags = fed[p->number][i][sim_random(p->sim, 3)];
}

void provider_up(struct provider_node *p) {
    struct provider_setup setup = provider_setup_usual();
    setup.name = p->name;
    setup.driver = "memory";
    setup.cluster = p->cluster;
    setup.secret = p->secret;
    setup.secret_size = sizeof p->secret;
    setup.can_list = setup.parallel = true;
    tiers_draw(p);
    setup.tiers = p->tiers;
    setup.tier_count = p->number == 1 ? ARRAY_LEN(tiers) : ARRAY_LEN(tiers) - 1;
    p->life++;
    p->machine = provider_new(&setup);
    connect_again(p->sim, p);
    struct tick *t = NEW(struct tick);
    *t = (struct tick){p, p->life};
    sim_at(p->sim, 100, tick_rings, t);
}

static void provider_up_again(struct sim *s, void *arg) {
    struct provider_node *p = arg;
    if (!p->machine && !s->over) provider_up(p);
}

// A call that was under way when its process died has been carried out at the storage, or not.
static void jobs_end(struct provider_node *p, struct provider *machine) {
    while (p->jobs.count) {
        struct job *j = p->jobs.at[--p->jobs.count];
        AUTO_ARENA struct arena arena = {0};
        struct driver_call call = {.arena = &arena, .timeout_ms = 5000, .cluster = j->cluster};
        struct driver_answer answer;
        if (sim_random(p->sim, 2)) err_free(door_run(p->door, &call, j->request, &answer));
        struct provider_outputs out = {0};
        struct provider_input in = {.kind = PROVIDER_JOB_DONE,
                                    .now = {p->sim->now},
                                    .job = j->number,
                                    .error_kind = ERR_UNKNOWN,
                                    .error = "the process died"};
        provider_step(machine, &in, &out);
        VEC_EACH (o, &out.list) {
            if (o->kind == PROVIDER_JOB) job_start(p, o);
        }
        provider_outputs_done(&out);
    }
}

void provider_crash(struct provider_node *p) {
    if (!p->machine) return;
    p->sim->crashes++;
    if (!p->sim->quiet) printf("%8lld %s crashes\n", (long long)p->sim->now, p->name);
    struct provider *machine = p->machine;
    p->machine = NULL;
    sim_break(p->sim, &p->peer.channel);
    peer_end(&p->peer);
    jobs_end(p, machine);
    p->life++;
    provider_free(machine);
    sim_at(p->sim, 200 + (int64_t)sim_random(p->sim, 3000), provider_up_again, p);
}

void provider_init(struct sim *s, int number) {
    struct provider_node *p = &s->providers[number];
    *p = (struct provider_node){.sim = s, .number = number};
    snprintf(p->name, sizeof p->name, "p%d", number + 1);
    sim_bytes(s, p->secret, sizeof p->secret);
    p->peer = (struct peer){.sim = s,
                            .path = "/link/v1/provider",
                            .welcome = on_welcome,
                            .message = on_message,
                            .closed = on_closed,
                            .node = p};
    // Two views of one store: what one grants, the other lacks.
    static const struct driver_pair store[] = {
        {"store", "disk"}, {"store-iops", "700"}, {"store-bandwidth", "50000000"}, {"store-volumes", "10"}};
    struct driver_pool_config pools[] = {
        {.instance = "here",
         .name = "fast",
         .capacity = {2 * GIB},
         .charge_numerator = 1,
         .charge_denominator = 1,
         .settings = {store, ARRAY_LEN(store)}},
        {.instance = "here",
         .name = "safe",
         .capacity = {2 * GIB},
         .charge_numerator = 2,
         .charge_denominator = 1,
         .settings = {store, ARRAY_LEN(store)}},
    };
    struct driver_config config = {.provider = p->name, .pools = pools, .pool_count = ARRAY_LEN(pools)};
    struct err *e = door_open(&driver_memory, &config, &p->door);
    if (e) sim_fail(s, "%s", err_text(e));
    p->storage = door_self(p->door);
}
