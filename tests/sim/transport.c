// SPDX-License-Identifier: Apache-2.0
// Between clients and the master: requests, answers, streams; late, lost and doubled.
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_exchange { // what the master will answer, and to whom
    uint64_t number;
    struct answer_to to;
    struct channel *channel; // of a stream
    uint32_t channel_life;
    bool streaming;
    int64_t last_arrival;
};

struct sent { // a request on its way
    char *method, *path, *query, *type, *stream_id, *body;
    size_t size;
    struct sim_exchange *exchange;
    uint32_t master_life;
};

struct heard { // something on its way to a client
    struct answer_to to;
    struct channel *channel;
    uint32_t life;
    int status;
    char *body;
    size_t size;
    bool open, end;
    char name[64];
};

static int64_t latency(struct sim *s) {
    return 1 + (int64_t)sim_random(s, s->faults ? 25 : 5) + (sim_chance(s, 2) ? (int64_t)sim_random(s, 800) : 0);
}

static void sent_free(struct sent *r) {
    free(r->method);
    free(r->path);
    free(r->query);
    free(r->type);
    free(r->stream_id);
    free(r->body);
    free(r);
}

static void heard_arrives(struct sim *s, void *arg) {
    struct heard *h = arg;
    if (h->channel) {
        struct channel *c = h->channel;
        if (c->life == h->life) {
            if (h->open) {
                memcpy(c->name, h->name, sizeof c->name);
                c->opened(s, c->arg, h->status, h->body, h->size);
            } else if (h->end) {
                c->exchange = 0;
                c->life++;
                c->closed(s, c->arg);
            } else {
                c->record(s, c->arg, h->body, h->size);
            }
        }
    } else if (h->to.reply) {
        h->to.reply(s, h->to.arg, h->status, h->body, h->size);
    }
    free(h->body);
    free(h);
}

static struct heard *heard_new(const void *body, size_t size) {
    struct heard *h = NEW(struct heard);
    h->body = mem_copy(body, size);
    h->size = size;
    return h;
}

// In order behind what was sent on that stream before.
static void stream_send(struct sim *s, struct sim_exchange *x, struct heard *h) {
    h->channel = x->channel;
    h->life = x->channel_life;
    int64_t at = s->now + latency(s);
    if (at <= x->last_arrival) at = x->last_arrival + 1;
    x->last_arrival = at;
    sim_at(s, at - s->now, heard_arrives, h);
}

// The client hears that no answer will come.
static void answer_lost(struct sim *s, struct answer_to to) {
    struct heard *h = heard_new("", 0);
    h->to = to;
    sim_at(s, 500 + (int64_t)sim_random(s, 1500), heard_arrives, h);
}

static void exchange_drop(struct sim *s, struct sim_exchange *x) {
    map_remove(&s->exchanges, x->number);
    free(x);
}

// A request that nobody answers; a stream that never opens is noticed too.
static void sent_lost(struct sim *s, struct sent *r) {
    if (r->exchange->channel) {
        struct heard *h = heard_new("", 0);
        h->open = true;
        h->channel = r->exchange->channel;
        h->life = r->exchange->channel_life;
        sim_at(s, 500, heard_arrives, h);
    } else {
        answer_lost(s, r->exchange->to);
    }
    free(r->exchange);
    sent_free(r);
}

// ---- to the master ----

static void sent_arrives(struct sim *s, void *arg) {
    struct sent *r = arg;
    if (!s->master || r->master_life != s->master_life) {
        sent_lost(s, r);
        return;
    }
    struct sim_exchange *x = r->exchange;
    x->number = ++s->next_exchange;
    map_put(&s->exchanges, x->number, NULL)->p = x;
    if (x->channel) x->channel->exchange = x->number;
    struct header_pair headers[4] = {{"Content-Type", r->type}, {"Accept", r->type}};
    size_t n = 2;
    if (r->stream_id) headers[n++] = (struct header_pair){"Mesos-Stream-Id", r->stream_id};
    struct request request = {.exchange = x->number,
                              .method = r->method,
                              .path = r->path,
                              .query = r->query,
                              .headers = headers,
                              .header_count = n,
                              .body = r->body,
                              .body_size = r->size};
    struct instant at = sim_instant(s);
    master_request(s->master, &request, &at, &s->outputs);
    sent_free(r);
    master_turn(s);
}

static struct sent *sent_new(const char *method, const char *path, const char *type, const char *stream_id,
                             const void *body, size_t size) {
    struct sent *r = NEW(struct sent);
    const char *query = strchr(path, '?');
    *r = (struct sent){.method = mem_text(method),
                       .query = mem_text(query ? query + 1 : ""),
                       .type = mem_text(type),
                       .stream_id = mem_text(stream_id),
                       .body = mem_copy(body, size),
                       .size = size};
    r->path = query ? mem_format("%.*s", (int)(query - path), path) : mem_text(path);
    r->exchange = NEW(struct sim_exchange);
    return r;
}

static void send_or_lose(struct sim *s, struct sent *r) {
    r->master_life = s->master_life;
    if (sim_chance(s, 3)) {
        s->lost_messages++;
        sent_lost(s, r);
        return;
    }
    sim_at(s, latency(s), sent_arrives, r);
}

void sim_post(struct sim *s, const char *method, const char *path, const char *type, const char *stream_id,
              const void *body, size_t size, struct answer_to to) {
    struct sent *r = sent_new(method, path, type, stream_id, body, size);
    r->exchange->to = to;
    send_or_lose(s, r);
}

void sim_open(struct sim *s, struct channel *c, const char *path, const char *type, const void *body, size_t size) {
    struct sent *r = sent_new("POST", path, type, NULL, body, size);
    c->life++;
    r->exchange->channel = c;
    r->exchange->channel_life = c->life;
    send_or_lose(s, r);
}

void sim_listen(struct sim *s, struct channel *c, const char *path) {
    struct sent *r = sent_new("GET", path, "application/json", NULL, "", 0);
    c->life++;
    r->exchange->channel = c;
    r->exchange->channel_life = c->life;
    send_or_lose(s, r);
}

// ---- from the master ----

static void reply_send(struct sim *s, struct sim_exchange *x, const struct output *o) {
    struct heard *h = heard_new(o->body, o->size);
    h->status = o->status;
    if (x->channel) {
        h->open = true; // refused
        stream_send(s, x, h);
    } else if (sim_chance(s, 3)) {
        s->lost_messages++;
        free(h->body);
        free(h);
        answer_lost(s, x->to);
    } else {
        h->to = x->to;
        sim_at(s, latency(s), heard_arrives, h);
    }
    exchange_drop(s, x);
}

static void record_send(struct sim *s, struct sim_exchange *x, const struct output *o) {
    if (!x->streaming) return;
    bool lossy = x->channel->lossy;
    if (lossy && sim_chance(s, 2)) {
        s->lost_messages++;
        return;
    }
    stream_send(s, x, heard_new(o->body, o->size));
    if (lossy && sim_chance(s, 2)) stream_send(s, x, heard_new(o->body, o->size));
}

static void output_send(struct sim *s, const struct output *o) {
    if (o->kind == OUTPUT_LOG) {
        if (!s->quiet) printf("%8lld master: %s\n", (long long)s->now, o->body);
        return;
    }
    struct sim_exchange *x = map_get(&s->exchanges, o->target);
    if (!x) return;
    struct heard *h;
    switch (o->kind) {
    case OUTPUT_REPLY: reply_send(s, x, o); break;
    case OUTPUT_STREAM_OPEN:
        x->streaming = true;
        h = heard_new("", 0);
        h->open = true;
        h->status = 200;
        if (o->header.value) snprintf(h->name, sizeof h->name, "%s", o->header.value);
        stream_send(s, x, h);
        break;
    case OUTPUT_STREAM_WRITE: record_send(s, x, o); break;
    case OUTPUT_STREAM_END:
        h = heard_new("", 0);
        h->end = true;
        stream_send(s, x, h);
        exchange_drop(s, x);
        break;
    case OUTPUT_LOG: break;
    }
}

void sim_outputs(struct sim *s) {
    size_t i = 0;
    for (; i < s->outputs.list.count && s->outputs.list.at[i].after <= s->durable; i++) {
        struct output o = s->outputs.list.at[i];
        output_send(s, &o);
        free(o.body);
    }
    vec_skip(&s->outputs.list, i);
}

struct gone {
    uint64_t exchange;
    uint32_t master_life;
};

static void gone_arrives(struct sim *s, void *arg) {
    struct gone *g = arg;
    if (s->master && g->master_life == s->master_life) {
        struct sim_exchange *x = map_get(&s->exchanges, g->exchange);
        if (x) exchange_drop(s, x);
        struct instant at = sim_instant(s);
        master_stream_gone(s->master, g->exchange, &at, &s->outputs);
        master_turn(s);
    }
    free(g);
}

void sim_break(struct sim *s, struct channel *c) {
    if (!c->exchange) return;
    struct gone *g = NEW(struct gone);
    *g = (struct gone){c->exchange, s->master_life};
    c->exchange = 0;
    c->life++;
    sim_at(s, 1 + (int64_t)sim_random(s, 300), gone_arrives, g);
    c->closed(s, c->arg);
}

// Nobody answers any more: every client with an open request or stream notices.
void transport_master_down(struct sim *s) {
    VEC(struct sim_exchange *) open = {0};
    MAP_EACH (entry, &s->exchanges) vec_push(&open, (struct sim_exchange *)entry->value.p);
    map_done(&s->exchanges);
    VEC_EACH (at, &open) {
        struct sim_exchange *x = *at;
        if (x->channel) {
            struct heard *h = heard_new("", 0);
            h->end = true;
            h->channel = x->channel;
            h->life = x->channel_life;
            sim_at(s, 1 + (int64_t)sim_random(s, 200), heard_arrives, h);
        } else {
            answer_lost(s, x->to);
        }
        free(x);
    }
    vec_done(&open);
}
