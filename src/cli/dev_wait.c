// SPDX-License-Identifier: Apache-2.0
// Waiting of `granary dev`: for states that are asked for, for events that the master tells, never for time alone.
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "cli/dev.h"
#include "codec/json_read.h"
#include "codec/message.h"
#include "granary_api.pb-c.h"
#include "sys/clock.h"

enum { ASK_EVERY_MS = 25, SILENCE_MS = 5000, EVENT_LONGEST = 1 << 20 };

static void ends(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

void dev_pause(struct dev *d, int64_t ms) {
    sigset_t set;
    ends(&set);
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    if (sigtimedwait(&set, NULL, &t) > 0) d->stopping = true;
}

struct err *dev_stopped(const struct dev *d) {
    return d->stopping ? err_new(ERR_UNAVAILABLE, "stopped by a signal") : NULL;
}

static struct err *late(const struct dev *d, const char *what, int64_t ms) {
    return err_new(ERR_TIMEOUT, "%s: not within %lld s; the logs are in %s/logs", what, (long long)(ms + 999) / 1000,
                   d->directory);
}

struct err *dev_until(struct dev *d, int64_t ms, const char *what, dev_holds *holds, void *arg) {
    for (int64_t until = clock_mono_ms() + ms;;) {
        bool done = false;
        TRY(dev_children_check(d));
        TRY(err_wrap(holds(d, arg, &done), "%s", what));
        if (done) return NULL;
        if (clock_mono_ms() > until) return late(d, what, ms);
        dev_pause(d, ASK_EVERY_MS);
        TRY(dev_stopped(d));
    }
}

// ---- events ----

struct listening {
    struct dev *d;
    dev_matches *matches;
    const void *arg;
    struct arena *arena;
    struct text held;
    uint64_t *seq;
    int64_t until;
    const Granary__Event *found;
};

static bool signal_waits(void) {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP);
}

// One "data: {...}" of the stream.
static void event_take(struct listening *l, const char *json, size_t size) {
    AUTO_ARENA struct arena arena = {0};
    void *read;
    AUTO_ERR struct err *e = json_read(&granary__event__descriptor, json, size, JSON_LENIENT, NULL, &arena, &read);
    if (e) return; // a kind that a later master tells
    const Granary__Event *event = read;
    if (!l->matches(event, l->arg)) return;
    *l->seq = event->seq;
    l->found = message_copy(&event->base, l->arena);
}

static bool data_take(const struct http_message *head UNUSED, const char *bytes, size_t size, void *arg) {
    struct listening *l = arg;
    text_add_n(&l->held, bytes, size);
    size_t used = 0;
    for (char *line_end;
         !l->found && l->held.size > used && (line_end = memchr(l->held.data + used, '\n', l->held.size - used));) {
        const char *line = l->held.data + used;
        size_t length = (size_t)(line_end - line);
        if (length > 6 && strncmp(line, "data: ", 6) == 0) event_take(l, line + 6, length - 6);
        used += length + 1;
    }
    text_drop(&l->held, used);
    return !l->found && clock_mono_ms() < l->until && !signal_waits() && l->held.size < EVENT_LONGEST;
}

struct err *dev_until_event(struct dev *d, int64_t ms, const char *what, uint64_t *seq, dev_matches *matches,
                            const void *arg, struct arena *arena, const Granary__Event **ret_event) {
    struct listening l = {
        .d = d, .matches = matches, .arg = arg, .arena = arena, .seq = seq, .until = clock_mono_ms() + ms};
    AUTO_FREE char *path = mem_format("/v1/events?after=%llu", (unsigned long long)*seq);
    struct err *e = client_stream(d->client, path, SILENCE_MS, data_take, &l);
    text_done(&l.held);
    dev_pause(d, 0);
    if (!e) e = dev_stopped(d);
    if (!e && !l.found) e = late(d, what, ms);
    *ret_event = l.found;
    return err_wrap(e, "events");
}

// ---- the cluster ----

static struct err *master_answers(struct dev *d, void *arg UNUSED, bool *ret_holds) {
    AUTO_ARENA struct arena arena = {0};
    void *health;
    AUTO_ERR struct err *e = client_get(d->client, "/health", &granary__health_answer__descriptor, &arena, &health);
    *ret_holds = !e;
    return NULL;
}

static struct err *providers_there(struct dev *d, void *arg UNUSED, bool *ret_holds) {
    AUTO_ARENA struct arena arena = {0};
    void *read;
    TRY(client_list(d->client, "/v1/inventory", &granary__inventory__descriptor, &arena, &read));
    const Granary__Inventory *inventory = read;
    size_t connected = 0;
    for (size_t i = 0; i < inventory->n_providers; i++) connected += inventory->providers[i]->connected ? 1 : 0;
    *ret_holds = connected >= dev_providers(d);
    return NULL;
}

// All, or all but one when `arg` names one that is known to be dead.
static struct err *agents_there(struct dev *d, void *arg, bool *ret_holds) {
    AUTO_ARENA struct arena arena = {0};
    void *read;
    TRY(client_list(d->client, "/v1/agents", &granary__agent_list__descriptor, &arena, &read));
    const Granary__AgentList *list = read;
    size_t active = 0;
    for (size_t i = 0; i < list->n_agents; i++) active += text_equal(list->agents[i]->state, "active");
    *ret_holds = active >= dev_agents(d) - (arg ? 1 : 0);
    return NULL;
}

struct err *dev_until_others(struct dev *d, const char *without) {
    TRY(dev_until(d, DEV_START_MS, "the master answers", master_answers, NULL));
    TRY(dev_until(d, DEV_START_MS, "the providers are connected", providers_there, NULL));
    return dev_until(d, DEV_START_MS, "the agents are active", agents_there, (void *)(uintptr_t)without);
}

struct err *dev_until_ready(struct dev *d) {
    return dev_until_others(d, NULL);
}
