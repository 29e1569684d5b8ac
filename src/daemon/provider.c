// SPDX-License-Identifier: Apache-2.0
// Binds the provider's step machine: the master's words and the driver's answers in, calls out to worker threads. A call
// that hangs keeps its own worker and nobody else's.
#include "daemon/provider.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"
#include "daemon/identity.h"
#include "daemon/link.h"
#include "daemon/provider_config.h"
#include "driver/door.h"
#include "driver/drivers.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/pool.h"

enum { IDENTITY_MS = 10000, STOP_MS = 3000, REOPEN_MS = 5000, PAUSE_SLICE_MS = 50, LEAVE_MS = 200 };

struct provider_daemon {
    struct loop *loop;
    const struct settings *settings;
    struct arena arena; // of the configuration
    struct provider_config config;
    struct identity identity;
    const struct driver *driver;
    struct door *door; // NULL while the storage cannot be reached
    struct provider *provider;
    struct pool *pool;
    struct link_client *link;
    struct loop_timer *timer, *keep, *reopen, *stop;
    struct map calls; // job -> struct call
    bool stepping, stopping;
    struct err *fatal;
};

// One call of the driver. A worker has it from start to end; then it is the loop's again.
struct call {
    struct provider_daemon *daemon;
    uint64_t job;
    const struct driver_request *request;
    struct driver_call how;
    struct arena arena;
    atomic_bool given_up;
    struct driver_answer answer;
    struct err *error;
};

static void daemon_die(struct provider_daemon *d, struct err *e) {
    if (d->fatal)
        err_free(e);
    else
        d->fatal = e;
    loop_stop(d->loop);
}

// ---- calls ----

static bool call_is_given_up(void *arg) {
    return atomic_load(&((struct call *)arg)->given_up);
}

static void call_sleep(void *arg, uint32_t ms) {
    while (ms && !call_is_given_up(arg)) {
        uint32_t slice = ms < PAUSE_SLICE_MS ? ms : PAUSE_SLICE_MS;
        nanosleep(&(struct timespec){.tv_nsec = (long)slice * 1000000}, NULL);
        ms -= slice;
    }
}

static void call_work(void *arg) { // in a worker
    struct call *c = arg;
    c->error = door_run(c->daemon->door, &c->how, c->request, &c->answer);
}

static void step(struct provider_daemon *d, struct provider_input *input);

static const char *call_volume(const struct driver_request *r) {
    const char *name = r->volume.name;
    if (r->act == DRIVER_ACT_CREATE) name = r->create.volume.name;
    if (r->act == DRIVER_ACT_ATTACH || r->act == DRIVER_ACT_DETACH || r->act == DRIVER_ACT_FENCE)
        name = r->attach.volume.name;
    return name ? name : "";
}

// What only looks is said when it fails.
static void call_log(const struct call *c) {
    const char *act = driver_act_name(c->request->act), *volume = call_volume(c->request);
    unsigned long long job = c->job;
    if (c->error)
        log_warn("event=call-failed job=%llu act=%s volume=%s why=\"%s\"", job, act, volume, err_text(c->error));
    else if (c->request->act == DRIVER_ACT_FENCE)
        log_info("event=fenced job=%llu volume=%s proof=\"%s\"", job, volume, c->answer.proof ? c->answer.proof : "");
    else if (c->request->act != DRIVER_ACT_INVENTORY && c->request->act != DRIVER_ACT_LIST)
        log_info("event=call-done job=%llu act=%s volume=%s", job, act, volume);
}

static void call_done(void *arg) {
    struct call *c = arg;
    struct provider_daemon *d = c->daemon;
    struct provider_input input = {.kind = PROVIDER_JOB_DONE, .job = c->job, .answer = &c->answer};
    if (c->error) {
        input.error = err_text(c->error);
        input.error_kind = err_kind(c->error);
    }
    call_log(c);
    map_remove(&d->calls, c->job);
    step(d, &input);
    err_free(c->error);
    arena_done(&c->arena);
    free(c);
    if (d->stopping && !map_count(&d->calls)) loop_stop(d->loop);
}

static void call_start(struct provider_daemon *d, const struct provider_output *o) {
    struct call *c = NEW(struct call);
    c->daemon = d;
    c->job = o->job;
    c->request = o->request;
    c->how = (struct driver_call){.arena = &c->arena,
                                  .timeout_ms = o->timeout_ms,
                                  .cluster = o->cluster,
                                  .pause = call_sleep,
                                  .given_up = call_is_given_up,
                                  .arg = c};
    atomic_init(&c->given_up, d->stopping);
    map_put(&d->calls, o->job, NULL)->p = c;
    pool_submit(d->pool, call_work, call_done, c);
}

// Its worker is not waited for: there are as many spare ones as calls may hang.
static void call_give_up(struct provider_daemon *d, uint64_t job) {
    struct call *c = map_get(&d->calls, job);
    if (!c) return;
    atomic_store(&c->given_up, true);
    log_warn("event=call-given-up job=%llu act=%s timeout_ms=%u", (unsigned long long)job,
             driver_act_name(c->request->act), c->how.timeout_ms);
}

// ---- the machine ----

static void send_message(struct provider_daemon *d, Granary__FromProvider *message) {
    if (!link_client_open(d->link)) return; // the next hello tells
    Granary__Envelope envelope = GRANARY__ENVELOPE__INIT;
    envelope.from_provider = message;
    link_client_say(d->link, &envelope, !message->heartbeat);
}

static void output_do(struct provider_daemon *d, const struct provider_output *o) {
    switch (o->kind) {
    case PROVIDER_HELLO: link_client_hello(d->link, &o->hello->base); break;
    case PROVIDER_SEND: send_message(d, o->send); break;
    case PROVIDER_JOB: call_start(d, o); break;
    case PROVIDER_GIVE_UP: call_give_up(d, o->job); break;
    case PROVIDER_HANG_UP: link_client_hang_up(d->link); break;
    case PROVIDER_LOG: log_info("%s", o->log); break;
    }
}

static void step(struct provider_daemon *d, struct provider_input *input) {
    struct provider_outputs out = {0};
    must(!d->stepping);
    d->stepping = true;
    input->now = loop_now(d->loop);
    provider_step(d->provider, input, &out);
    VEC_EACH (o, &out.list) output_do(d, o);
    provider_outputs_done(&out);
    loop_timer_at(d->timer, provider_next_deadline(d->provider));
    d->stepping = false;
}

static void tick(void *arg) {
    step(arg, &(struct provider_input){.kind = PROVIDER_TICK});
}

// ---- the link ----

static struct err *identity_write(struct provider_daemon *d) {
    return identity_keep(&d->identity, provider_cluster(d->provider), provider_highest_seen(d->provider));
}

static void identity_due(void *arg) {
    struct provider_daemon *d = arg;
    struct err *e = identity_write(d);
    if (e) daemon_die(d, e);
    loop_timer_set(d->keep, IDENTITY_MS);
}

static void link_wanted(void *arg) {
    step(arg, &(struct provider_input){.kind = PROVIDER_CONNECTING});
}

static void link_heard(const Granary__Envelope *envelope, void *arg) {
    struct provider_daemon *d = arg;
    const Granary__ToProvider *m = envelope->to_provider;
    if (!m) return;
    if (!m->welcome) {
        step(d, &(struct provider_input){.kind = PROVIDER_MESSAGE, .message = m});
        return;
    }
    log_info("event=connected provider=%llu cluster=%s seq=%llu", (unsigned long long)m->welcome->id,
             m->welcome->cluster, (unsigned long long)m->welcome->seq);
    step(d, &(struct provider_input){.kind = PROVIDER_CONNECTED, .welcome = m->welcome});
    struct err *e = identity_write(d);
    if (e) daemon_die(d, e);
}

static void link_ended(const char *why, void *arg) {
    log_warn("event=disconnected why=\"%s\"", why);
    step(arg, &(struct provider_input){.kind = PROVIDER_DISCONNECTED});
}

static struct err *link_start(struct provider_daemon *d) {
    static const struct link_client_events events = {link_wanted, link_heard, link_ended};
    const struct link_client_options link = {.master = settings_text(d->settings, "master"),
                                             .kind = "provider",
                                             .token_file = settings_text(d->settings, "token-file"),
                                             .pool = d->pool,
                                             .events = &events,
                                             .arg = d};
    return link_client_new(d->loop, &link, &d->link);
}

// ---- start and stop ----

static struct err *driver_open(struct provider_daemon *d) {
    TRY(err_wrap(door_open(d->driver, &d->config.driver, &d->door), "provider '%s'", d->config.driver.provider));
    log_info("event=open provider=%s driver=%s pools=%zu", d->config.driver.provider, d->driver->name,
             d->config.driver.pool_count);
    return link_start(d);
}

// A storage system that is away is waited for; a configuration that cannot work is not.
static void driver_try(void *arg) {
    struct provider_daemon *d = arg;
    struct err *e = driver_open(d);
    if (e && err_kind_retry(err_kind(e)) && !d->door) {
        log_warn("event=open-failed why=\"%s\" again_ms=%d", err_text(e), REOPEN_MS);
        err_free(e);
        loop_timer_set(d->reopen, REOPEN_MS);
    } else if (e) {
        daemon_die(d, e);
    }
}

static void stop_now(void *arg) {
    loop_stop(((struct provider_daemon *)arg)->loop);
}

static void stop(void *arg) {
    struct provider_daemon *d = arg;
    d->stopping = true;
    MAP_EACH (entry, &d->calls) atomic_store(&((struct call *)entry->value.p)->given_up, true);
    log_info("event=stopping calls=%zu", map_count(&d->calls));
    if (map_count(&d->calls))
        loop_timer_set(d->stop, STOP_MS);
    else
        loop_stop(d->loop);
}

static void setup_fill(const struct provider_daemon *d, struct provider_setup *setup) {
    const struct settings *s = d->settings;
    *setup = provider_setup_usual();
    setup->name = d->config.driver.provider;
    setup->driver = d->driver->name;
    setup->cluster = d->identity.cluster;
    setup->secret = d->identity.secret;
    setup->secret_size = sizeof d->identity.secret;
    setup->highest_seen = d->identity.highest_seen;
    setup->can_list = d->driver->list != NULL;
    setup->parallel = d->driver->parallel;
    setup->most_calls = (unsigned)settings_number(s, "parallel-calls");
    setup->report_every_ms = (uint32_t)settings_duration(s, "report-interval");
    for (size_t i = 0; i < DRIVER_ACT_COUNT; i++) {
        bool looks = i == DRIVER_ACT_INVENTORY || i == DRIVER_ACT_LIST;
        setup->timeout_ms[i] = (uint32_t)settings_duration(s, looks ? "inventory-timeout" : "call-timeout");
    }
    setup->tiers = d->config.tiers;
    setup->tier_count = d->config.tier_count;
}

static struct err *identity_start(struct provider_daemon *d) {
    const char *directory = settings_text(d->settings, "data-dir");
    TRY(err_wrap(directory_make(directory, 0700), "provider '%s': data-dir", d->config.driver.provider));
    AUTO_FREE char *path = mem_format("%s/%s.identity", directory, d->config.driver.provider);
    return identity_open(path, &d->identity);
}

static struct err *daemon_start(struct provider_daemon *d) {
    struct provider_setup setup;
    TRY(driver_find(settings_text(d->settings, "driver"), &d->driver));
    TRY(provider_config_read(d->settings, &d->arena, &d->config));
    TRY(identity_start(d));
    setup_fill(d, &setup);
    // Each call that runs or hangs has a worker; one more resolves names.
    TRY(pool_new(d->loop, setup.most_calls + setup.most_stuck + 1, "driver", &d->pool));
    d->provider = provider_new(&setup);
    d->timer = loop_timer_new(d->loop, tick, d);
    d->keep = loop_timer_new(d->loop, identity_due, d);
    d->reopen = loop_timer_new(d->loop, driver_try, d);
    d->stop = loop_timer_new(d->loop, stop_now, d);
    loop_timer_set(d->reopen, 0);
    loop_timer_set(d->keep, IDENTITY_MS);
    loop_on_signal(d->loop, SIGTERM, stop, d);
    loop_on_signal(d->loop, SIGINT, stop, d);
    log_info("event=started provider=%s driver=%s master=%s", setup.name, setup.driver,
             settings_text(d->settings, "master"));
    return NULL;
}

static void daemon_done(struct provider_daemon *d, const struct err *failed) {
    if (map_count(&d->calls)) { // their workers cannot be ended, and what they borrow must stay
        log_warn("event=calls-left-behind calls=%zu", map_count(&d->calls));
        if (failed) log_error("event=failed why=\"%s\"", err_text(failed));
        _exit(failed ? err_kind_exit(err_kind(failed)) : 0);
    }
    if (d->provider) err_free(identity_write(d));
    link_client_free(d->link);
    if (!pool_leave(d->pool, LEAVE_MS)) log_info("event=left why=\"the resolver does not answer\"");
    provider_free(d->provider);
    door_close(d->door);
    loop_timer_free(d->timer);
    loop_timer_free(d->keep);
    loop_timer_free(d->reopen);
    loop_timer_free(d->stop);
    map_done(&d->calls);
    identity_done(&d->identity);
    arena_done(&d->arena);
}

struct err *provider_daemon_run(struct loop *l, const struct settings *s) {
    struct provider_daemon d = {.loop = l, .settings = s};
    struct err *e = daemon_start(&d);
    if (!e) {
        loop_run(l);
        e = mem_take(d.fatal);
    }
    daemon_done(&d, e);
    return e;
}
