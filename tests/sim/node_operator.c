// SPDX-License-Identifier: Apache-2.0
// An operator in the simulation: applies classes, makes, grows and deletes volumes by REST, and remembers every promise.
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char json[] = "application/json";
static const struct class {
    const char *name, *body;
} classes[] = {
    {"gold", "{\"name\":\"gold\",\"smallest\":\"8MiB\",\"iops_per_gib\":1000,\"on_release\":\"DELETE\"}"},
    {"eager", "{\"name\":\"eager\",\"format\":\"FORMAT_EAGER\",\"bandwidth\":10000000,\"prefer_agent\":[{\"selector\":"
              "\"topology/rack = r0\",\"weight\":5}]}"},
    // What is kept at the storage takes from it for good: little of it.
    {"kept", "{\"name\":\"kept\",\"largest\":\"32MiB\",\"on_release\":\"KEEP\"}"},
    // Agents of rack r1 are not available enough for it: see machine_new.
    {"steady", "{\"name\":\"steady\",\"availability\":99.5}"},
    {"patient", "{\"name\":\"patient\",\"on_agent_lost\":\"WAIT\"}"},
    // Feeds are drawn at each start of a provider.
    {"apart",
     "{\"name\":\"apart\",\"largest\":\"64MiB\",\"spread\":[{\"key\":\"power\",\"label\":\"app\",\"required\":true}]}"},
    {"thirds", "{\"name\":\"thirds\",\"spread\":[{\"key\":\"power\",\"label\":\"app\",\"over\":3,\"required\":true},"
               "{\"key\":\"power\",\"label\":\"part\",\"weight\":5}]}"},
    {"scripted", "{\"name\":\"scripted\",\"script\":\"function broker(request, pools, scores) "
                 "local free, feed = pools.free, pools.tags['power'] "
                 "for i = 1, pools.count do if feed[i] ~= 'feed-B' or free[i] > 4 * request.size then "
                 "scores[i] = free[i] // 1048576 end end "
                 "return scores, 'little is left by feed-B' end\"}"},
    {"shaky",
     "{\"name\":\"shaky\",\"on_script_error\":\"SCRIPT_CLASSES\",\"script\":"
     "\"function broker(request, pools, scores) if request.size // 1048576 % 3 == 0 then error('by three') end "
     "for i = 1, pools.count do scores[i] = -pools.free[i] // 1048576 end return scores end\"}"},
};

struct asked {
    const char *what;
    char name[32];
    uint64_t size; // of a grow
    bool end;      // a delete
};

static struct asked *asked_new(const char *what, bool end) {
    struct asked *a = NEW(struct asked);
    a->what = what;
    a->end = end;
    return a;
}

static void answered(struct sim *s, void *arg, int status, const char *body, size_t size) {
    struct asked *a = arg;
    bool done = status == 202 || status == 204;
    if (done && a->end) promise_answered(s, a->what, a->name, PROMISED_END_ASKED, PROMISED_GONE);
    if (done && a->size) promise_size(s, a->what, a->name, a->size);
    if (done && !a->end) promise_answered(s, a->what, a->name, PROMISED_ASKED, PROMISED_THERE);
    if (status >= 500 && status != 503)
        sim_fail(s, "operator: %s was answered %d: %.*s", a->name, status, (int)size, body);
    free(a);
}

static void applied(struct sim *s, void *arg, int status, const char *body, size_t size);

static void apply(struct sim *s, const struct class *c) {
    AUTO_FREE char *path = mem_format("/v1/classes/%s", c->name);
    sim_post(s, "PUT", path, json, NULL, c->body, strlen(c->body), (struct answer_to){applied, (void *)(uintptr_t)c});
}

static void applied(struct sim *s, void *arg, int status, const char *body, size_t size) {
    const struct class *c = arg;
    if (status >= 400) sim_fail(s, "class %s: %d %.*s", c->name, status, (int)size, body);
    if (status != 200 && !s->over) apply(s, c); // lost: said again, which changes nothing
}

// Few groups, so that they have members; and some volumes without a label.
static const char *labels(struct sim *s) {
    static const char *const some[] = {"{}", "{\"app\":\"x\"}", "{\"app\":\"y\"}", "{\"app\":\"x\",\"part\":\"db\"}"};
    return some[sim_random(s, ARRAY_LEN(some))];
}

static void make(struct sim *s) {
    struct asked *a = asked_new(PROMISE_VOLUME, false);
    snprintf(a->name, sizeof a->name, "op-%llu", (unsigned long long)s->asked++);
    promise_set(s, a->what, a->name, PROMISED_ASKED);
    AUTO_FREE char *body = mem_format(
        "{\"name\":\"%s\",\"class\":\"%s\",\"size\":\"%lluMiB\",\"role\":\"ops\",\"labels\":%s}", a->name,
        classes[sim_random(s, ARRAY_LEN(classes))].name, (unsigned long long)(8 + sim_random(s, 120)), labels(s));
    sim_post(s, "POST", "/v1/volumes", json, NULL, body, strlen(body), (struct answer_to){answered, a});
}

// Volumes and part of an agent in one request, for itself or for a framework.
static void make_together(struct sim *s) {
    static const struct {
        const char *classes, *beside, *labels;
    } pairs[] = {{"\"gold\",\"eager\"", "gold", "{}"},
                 {"\"apart\",\"thirds\"", "apart", "{\"app\":\"x\"}"},
                 {"\"thirds\"", "thirds", "{\"app\":\"y\"}"}};
    size_t pair = sim_random(s, ARRAY_LEN(pairs));
    struct asked *a = asked_new(PROMISE_VOLUME, false);
    snprintf(a->name, sizeof a->name, "op-%llu", (unsigned long long)s->asked++);
    promise_set(s, a->what, a->name, PROMISED_ASKED);
    AUTO_FREE char *body = mem_format("{\"role\":\"%s\",\"cpus\":%llu,\"mem\":\"64MiB\",\"hold_ms\":%llu,\"volumes\":["
                                      "{\"name\":\"%s\",\"classes\":[%s],\"size\":\"%lluMiB\",\"labels\":%s},"
                                      "{\"name\":\"beside-%s\",\"class\":\"%s\",\"size\":\"16MiB\",\"labels\":%s}]}",
                                      sim_random(s, 2) ? "role1" : "ops", 1 + (unsigned long long)sim_random(s, 2),
                                      500 + (unsigned long long)sim_random(s, 20000), a->name, pairs[pair].classes,
                                      8 + (unsigned long long)sim_random(s, 120), pairs[pair].labels, a->name,
                                      pairs[pair].beside, pairs[pair].labels);
    sim_post(s, "POST", "/v1/requests", json, NULL, body, strlen(body), (struct answer_to){answered, a});
}

static void change(struct sim *s, bool delete) {
    if (!s->asked) return;
    struct asked *a = asked_new(PROMISE_VOLUME, delete);
    snprintf(a->name, sizeof a->name, "op-%llu", (unsigned long long)sim_random(s, s->asked));
    AUTO_FREE char *path = mem_format("/v1/volumes/%s%s?role=ops", a->name, delete ? "" : "/grow");
    if (delete)
        promise_set(s, a->what, a->name, PROMISED_END_ASKED);
    else
        a->size = (50 + sim_random(s, 200)) * MIB;
    AUTO_FREE char *body = mem_format("{\"size\":\"%llu\"}", (unsigned long long)a->size);
    sim_post(s, delete ? "DELETE" : "POST", path, json, NULL, body, delete ? 0 : strlen(body),
             (struct answer_to){answered, a});
}

// ---- reservations ----

static void reserved(struct sim *s, void *arg, int status, const char *body, size_t size) {
    (void)arg;
    AUTO_FREE char *text = mem_format("%.*s", (int)size, body);
    const char *id = strstr(text, "\"id\":");
    if (status != 201 || !id) return;
    AUTO_FREE char *name = mem_format("%llu", strtoull(id + strlen("\"id\":"), NULL, 10));
    promise_set(s, PROMISE_RESERVATION, name, PROMISED_THERE);
}

static void reserve(struct sim *s) {
    AUTO_FREE char *body = mem_format("{\"class\":\"%s\",\"role\":\"ops\",\"size\":\"%lluMiB\",\"labels\":%s}",
                                      classes[sim_random(s, ARRAY_LEN(classes))].name,
                                      (unsigned long long)(8 + sim_random(s, 24)), labels(s));
    sim_post(s, "POST", "/v1/reservations", json, NULL, body, strlen(body), (struct answer_to){.reply = reserved});
}

static void unreserve(struct sim *s) {
    symbol ops;
    if (!s->master || !symbol_find(&master_state(s->master)->symbols, "ops", &ops)) return;
    STATE_EACH(RESERVATION, reservation_row, r, master_state(s->master)) {
        if (!symbol_equal(r->owner.role, ops) || sim_random(s, 2)) continue;
        struct asked *a = asked_new(PROMISE_RESERVATION, true);
        snprintf(a->name, sizeof a->name, "%llu", (unsigned long long)r->id);
        promise_set(s, a->what, a->name, PROMISED_END_ASKED);
        AUTO_FREE char *path = mem_format("/v1/reservations/%s", a->name);
        sim_post(s, "DELETE", path, json, NULL, NULL, 0, (struct answer_to){answered, a});
        return;
    }
}

// Refused while it is connected or has something; it comes again as a new one.
static void agent_remove(struct sim *s) {
    AUTO_FREE char *path = mem_format("/v1/agents/%s", s->agents[sim_random(s, AGENTS)].name);
    sim_post(s, "DELETE", path, json, NULL, NULL, 0, (struct answer_to){0});
}

static void lives(struct sim *s, void *arg) {
    (void)arg;
    if (s->faults) {
        uint64_t choice = sim_random(s, 10);
        if (choice < 2) make_together(s);
        if (choice >= 2 && choice < 4) make(s);
        if (choice >= 4 && choice < 7) change(s, true);
        if (choice == 7) change(s, false);
        if (choice == 8) agent_remove(s);
        if (choice == 9) (sim_random(s, 2) ? reserve : unreserve)(s);
    }
    sim_at(s, 400 + (int64_t)sim_random(s, 800), lives, NULL);
}

// ---- a listener to the event stream: what it is shown is read, as the invariants look at it only from inside ----

static void listen_again(struct sim *s, void *arg);

static void event_came(struct sim *s, void *arg, const char *bytes, size_t size) {
    (void)arg;
    if (memmem(bytes, size, "\n\n", 2) == NULL)
        sim_fail(s, "an event without an end: %.*s", (int)(size < 200 ? size : 200), bytes);
}

static void listener_closed(struct sim *s, void *arg) {
    sim_at(s, 300 + (int64_t)sim_random(s, 500), listen_again, arg);
}

static void listener_opened(struct sim *s, void *arg, int status, const char *body, size_t size) {
    (void)body, (void)size;
    if (status != 200) listener_closed(s, arg);
}

static void listen_again(struct sim *s, void *arg) {
    (void)arg;
    if (s->over) return;
    s->listener.record = event_came;
    s->listener.opened = listener_opened;
    s->listener.closed = listener_closed;
    sim_listen(s, &s->listener, "/v1/events?after=0");
}

void operator_init(struct sim *s) {
    for (size_t i = 0; i < ARRAY_LEN(classes); i++) apply(s, &classes[i]);
    sim_at(s, 1500, lives, NULL);
    listen_again(s, NULL);
}
