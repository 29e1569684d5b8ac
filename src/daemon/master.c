// SPDX-License-Identifier: Apache-2.0
// Binds the master's step machine: requests in, journal to the store, and each output out once what it saw is durable.
#include "daemon/master.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/yaml.h"
#include "daemon/journal.h"
#include "daemon/master_seed.h"
#include "master/master.h"
#include "net/address.h"
#include "net/http_server.h"
#include "store/open.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
    CHECKPOINT_SLICE = 512,
    CHECKPOINT_PAUSE_MS = 200,
    ROOM_PAUSE_MS = 2000,
    JOURNAL_PAUSE_MS = 60000,
    STOP_GRACE_MS = 2000,
    COMPANY_MS = 2,
    COMPANY_MOST = 64
};

struct exchange { // one request, until its reply, or its stream until the end
    struct master_daemon *daemon;
    uint64_t number;
    struct http_request *request;
    struct http_stream *stream;
    bool link; // of an agent or a provider
};

struct master_daemon {
    struct loop *loop;
    struct master *master;
    struct store *store;
    struct http_server *server;
    struct map exchanges; // number -> struct exchange *
    uint64_t last_exchange;
    struct outputs outputs; // waiting, oldest first
    size_t outputs_from;
    uint64_t durable;
    struct loop_timer *timer, *checkpoint, *room, *company;
    struct journal_keep *keep;
    struct journal_entry *in_flight; // kept while the store writes, to be written again after the ballast was given up
    size_t in_flight_count;
    bool company_set, full, started, stopping;
    struct err *fatal;
};

static struct instant instant_now(struct loop *l) {
    struct instant at = {.now = {.mono = loop_now(l), .wall = wall_now()}};
    entropy_fill(at.entropy, sizeof at.entropy);
    return at;
}

static void daemon_die(struct master_daemon *d, struct err *e) {
    if (d->fatal)
        err_free(e);
    else
        d->fatal = e;
    loop_stop(d->loop);
}

// ---- outputs ----

static struct exchange *exchange_of(struct master_daemon *d, uint64_t number) {
    return map_get(&d->exchanges, number);
}

static void exchange_end(struct exchange *x) {
    map_remove(&x->daemon->exchanges, x->number);
    free(x);
}

static void stream_gone(const char *why, void *arg) {
    struct exchange *x = arg;
    struct master_daemon *d = x->daemon;
    uint64_t number = x->number;
    log_debug("stream %llu: %s", (unsigned long long)number, why);
    exchange_end(x);
    struct instant at = instant_now(d->loop);
    master_stream_gone(d->master, number, &at, &d->outputs);
}

static void request_gone(void *arg) {
    struct exchange *x = arg;
    struct master_daemon *d = x->daemon;
    uint64_t number = x->number;
    exchange_end(x);
    struct instant at = instant_now(d->loop);
    master_stream_gone(d->master, number, &at, &d->outputs); // if it was to be a stream
}

static void output_reply(struct exchange *x, const struct output *o) {
    struct http_header header = {o->header.name, o->header.value};
    http_respond(x->request, o->status, o->content_type, &header, o->header.name ? 1 : 0, o->body, o->size);
    exchange_end(x);
}

static void output_send(struct master_daemon *d, const struct output *o) {
    if (o->kind == OUTPUT_LOG) {
        log_info("%s", o->body);
        return;
    }
    struct exchange *x = exchange_of(d, o->target);
    if (!x) return; // the other end is gone
    struct http_header header = {o->header.name, o->header.value};
    switch (o->kind) {
    case OUTPUT_REPLY: output_reply(x, o); break;
    case OUTPUT_STREAM_OPEN:
        x->stream =
            http_stream_begin(x->request, o->status, o->content_type, &header, o->header.name ? 1 : 0, stream_gone, x);
        x->request = NULL;
        break;
    case OUTPUT_STREAM_WRITE:
        if (x->stream) http_stream_write(x->stream, o->body, o->size);
        break;
    case OUTPUT_STREAM_END:
        if (x->stream) http_stream_end(x->stream);
        exchange_end(x);
        break;
    case OUTPUT_LOG: break;
    }
}

// Everything up to the first output that saw more than is durable.
static void outputs_release(struct master_daemon *d) {
    while (d->outputs_from < d->outputs.list.count && d->outputs.list.at[d->outputs_from].after <= d->durable) {
        struct output o = d->outputs.list.at[d->outputs_from++];
        output_send(d, &o);
        free(o.body);
    }
    if (d->outputs_from < 256 && d->outputs_from < d->outputs.list.count) return;
    vec_skip(&d->outputs.list, d->outputs_from);
    d->outputs_from = 0;
}

// ---- the journal ----

static void journal_send(struct master_daemon *d);

static void in_flight_drop(struct master_daemon *d) {
    for (size_t i = 0; i < d->in_flight_count; i++) free(d->in_flight[i].bytes);
    free(d->in_flight);
    d->in_flight = NULL;
    d->in_flight_count = 0;
}

static void journal_written(void *arg, const struct err *error, uint64_t durable);

static void in_flight_append(struct master_daemon *d) {
    struct store_record *records = mem_zero(d->in_flight_count, sizeof *records);
    for (size_t i = 0; i < d->in_flight_count; i++)
        records[i] = (struct store_record){
            .seq = d->in_flight[i].seq, .bytes = d->in_flight[i].bytes, .size = d->in_flight[i].size};
    store_append(d->store, (struct store_records){records, d->in_flight_count}, journal_written, d);
    free(records);
}

// The disk is full: the ballast makes room for what is decided already, and no more is taken on.
static void store_full(struct master_daemon *d, const struct err *error) {
    d->full = true;
    log_error("store full: %s", err_text(error));
    master_set_full(d->master, err_text(error));
    store_ballast_release(d->store, NULL, NULL);
}

// Any other failure of a write or a flush is the end of this process.
static void store_lost(struct master_daemon *d, const struct err *error) {
    daemon_die(d, err_new(err_kind(error), "the registry's store failed: %s; the next start checks it before it speaks",
                          err_text(error)));
}

static void journal_full(struct master_daemon *d, const struct err *error) {
    if (d->full) {
        daemon_die(d,
                   err_new(ERR_FULL,
                           "%s; the ballast is used up too: free space and start again, nothing acknowledged is lost",
                           err_text(error)));
        return;
    }
    store_full(d, error);
    in_flight_append(d);
}

static void journal_written(void *arg, const struct err *error, uint64_t durable) {
    struct master_daemon *d = arg;
    if (error && err_kind(error) == ERR_FULL) {
        journal_full(d, error);
        return;
    }
    if (error) {
        store_lost(d, error);
        return;
    }
    in_flight_drop(d);
    d->durable = durable;
    master_set_durable(d->master, durable);
    outputs_release(d);
    journal_send(d);
}

// Does anybody wait for what is not durable yet, but an agent or provider for the receipt of what it reported?
static bool journal_is_urgent(const struct master_daemon *d) {
    const struct output *at = d->outputs.list.at;
    size_t i = d->outputs_from, end = d->outputs.list.count;
    if (!d->company || end - i > COMPANY_MOST || d->outputs.journal.count > COMPANY_MOST) return true;
    for (; i < end; i++) {
        if (at[i].after <= d->durable) continue;
        const struct exchange *x = exchange_of((struct master_daemon *)(uintptr_t)d, at[i].target);
        if (x && !(at[i].kind == OUTPUT_REPLY && x->link)) return true;
    }
    return false;
}

// One flush in flight: all that came meanwhile is the next. Receipts wait a moment for a flush that somebody needs.
static void journal_send_now(struct master_daemon *d) {
    if (d->in_flight || !d->outputs.journal.count) return;
    d->in_flight_count = d->outputs.journal.count;
    d->in_flight = d->outputs.journal.at;
    d->outputs.journal.at = NULL;
    d->outputs.journal.count = d->outputs.journal.capacity = 0;
    in_flight_append(d);
}

static void company_over(void *arg) {
    struct master_daemon *d = arg;
    d->company_set = false;
    journal_send_now(d);
}

static void journal_send(struct master_daemon *d) {
    if (d->in_flight || !d->outputs.journal.count) return;
    if (journal_is_urgent(d)) {
        journal_send_now(d);
    } else if (!d->company_set) {
        d->company_set = true;
        loop_timer_set(d->company, COMPANY_MS);
    }
}

// ---- turns ----

static void timer_set(struct master_daemon *d) {
    struct now now = {.mono = loop_now(d->loop), .wall = wall_now()};
    int64_t wait = master_next(d->master, now).ms - now.mono.ms;
    loop_timer_set(d->timer, wait < 0 ? 0 : wait > 60000 ? 60000 : wait);
}

static void turn_end(void *arg) {
    struct master_daemon *d = arg;
    journal_send(d);
    outputs_release(d);
    if (!d->stopping) timer_set(d);
}

static void timer_rang(void *arg) {
    struct master_daemon *d = arg;
    struct instant at = instant_now(d->loop);
    master_tick(d->master, &at, &d->outputs);
}

static void request_came(struct http_request *r, void *arg) {
    struct master_daemon *d = arg;
    if (!d->started) { // the loop turns already while a new registry is written
        http_respond_error(r, err_new(ERR_UNAVAILABLE, "the master is reading its registry; ask again in a moment"));
        return;
    }
    const struct http_message *message = http_request_message(r);
    struct exchange *x = NEW(struct exchange);
    *x = (struct exchange){
        .daemon = d, .number = ++d->last_exchange, .request = r, .link = text_starts(message->target, "/link/")};
    map_put(&d->exchanges, x->number, NULL)->p = x;
    http_request_on_gone(r, request_gone, x);
    struct header_pair headers[128];
    size_t n = message->headers.count < ARRAY_LEN(headers) ? message->headers.count : ARRAY_LEN(headers);
    for (size_t i = 0; i < n; i++)
        headers[i] = (struct header_pair){message->headers.at[i].name, message->headers.at[i].value};
    struct request request = {.exchange = x->number,
                              .method = message->method,
                              .path = message->target,
                              .query = message->query,
                              .headers = headers,
                              .header_count = n,
                              .body = message->body.data,
                              .body_size = message->body.size};
    struct instant at = instant_now(d->loop);
    master_request(d->master, &request, &at, &d->outputs);
}

// ---- the checkpoint, in slices between batches ----

static void slice_written(void *arg, const struct err *error, uint64_t durable) {
    (void)durable;
    struct master_daemon *d = arg;
    bool through = master_checkpoint(d->master, d->durable, CHECKPOINT_SLICE)->through;
    if (error && err_kind(error) != ERR_FULL) {
        store_lost(d, error);
        return;
    }
    if (error && !d->full) store_full(d, error);
    if (!error) master_checkpoint_written(d->master);
    loop_timer_set(d->checkpoint, error || through ? CHECKPOINT_PAUSE_MS : 1);
}

static void slice_send(struct master_daemon *d, const struct checkpoint_slice *slice) {
    struct store_object rows[CHECKPOINT_SLICE];
    size_t n = 0;
    VEC_EACH (o, &slice->objects)
        rows[n++] = (struct store_object){
            .key = {.noun = (uint32_t)o->noun, .id = o->id}, .seq = o->seq, .bytes = o->bytes, .size = o->size};
    store_checkpoint_put(d->store, rows, n, slice_written, d);
    // Its mark behind it: the store drops that too if the objects fail.
    if (slice->through) store_checkpoint_through(d->store, slice->through, NULL, NULL);
}

static void checkpoint_due(void *arg) {
    struct master_daemon *d = arg;
    const struct checkpoint_slice *slice = d->full ? NULL : master_checkpoint(d->master, d->durable, CHECKPOINT_SLICE);
    if (slice && slice->objects.count)
        slice_send(d, slice);
    else
        loop_timer_set(d->checkpoint, CHECKPOINT_PAUSE_MS);
}

static void ballast_back(void *arg, const struct err *error, uint64_t durable) {
    (void)durable;
    struct master_daemon *d = arg;
    if (error) return; // still no room
    d->full = false;
    master_set_full(d->master, NULL);
    log_info("store: there is room again, changes are taken");
}

static void room_asked(void *arg) {
    struct master_daemon *d = arg;
    if (d->full) store_ballast_restore(d->store, ballast_back, d);
    loop_timer_set(d->room, ROOM_PAUSE_MS);
}

// ---- start and stop ----

static struct err *recover_object(void *arg, const struct store_object *o) {
    struct master_daemon *d = arg;
    if (o->bytes) return master_recover_object(d->master, o->key.noun, o->seq, o->bytes, o->size);
    master_recover_tombstone(d->master, o->key.id, o->seq);
    return NULL;
}

static struct err *recover_entry(void *arg, const struct store_record *r) {
    struct master_daemon *d = arg;
    return master_recover_entry(d->master, r->seq, r->bytes, r->size);
}

static void put_done(void *arg, const struct err *error, uint64_t durable) {
    (void)durable;
    struct master_daemon *d = arg;
    if (error) d->fatal = err_new(err_kind(error), "the registry's store: %s", err_text(error));
    loop_stop(d->loop);
}

// Waits until it is on disk. `durable` is a number that is there already.
static struct err *object_write(struct master_daemon *d, struct checkpoint_object o, uint64_t durable) {
    struct store_object row = {
        .key = {.noun = (uint32_t)o.noun, .id = o.id}, .seq = durable, .bytes = o.bytes, .size = o.size};
    store_checkpoint_put(d->store, &row, 1, NULL, NULL);
    store_checkpoint_through(d->store, 0, put_done, d);
    free(o.bytes);
    loop_run(d->loop);
    struct err *e = d->fatal;
    d->fatal = NULL;
    return e;
}

// A new registry, or a new generation of an old one.
static struct err *registry_begin(struct master_daemon *d) {
    struct journal_entry first = master_first_entry(d->master);
    struct store_record record = {.seq = first.seq, .bytes = first.bytes, .size = first.size};
    store_append(d->store, (struct store_records){&record, 1}, put_done, d);
    free(first.bytes);
    loop_run(d->loop);
    struct err *e = d->fatal;
    d->fatal = NULL;
    TRY(e);
    d->durable = first.seq;
    // Who this registry is must be on disk before anybody hears of it.
    return object_write(d, master_identity(d->master), first.seq);
}

static struct err *registry_open(struct master_daemon *d, const struct settings *s) {
    const char *directory = settings_text(s, "data-dir");
    TRY(err_wrap(directory_make(directory, 0700), "data-dir"));
    struct store_options options = {.kind = "sqlite", .path = directory, .schema = 1, .loop = d->loop};
    TRY(err_wrap(store_open(&options, &d->store), "registry in %s", directory));
    struct store_reader reader = {.object = recover_object, .entry = recover_entry, .arg = d};
    TRY(err_wrap(store_recover(d->store, &reader), "registry in %s", directory));
    malloc_trim(0); // what reading took
    struct store_stats stats;
    store_stats(d->store, &stats);
    d->durable = stats.durable;
    TRY(err_wrap(master_recovered(d->master, stats.durable), "registry in %s", directory));
    bool fresh = !stats.durable && !stats.through;
    if (fresh && settings_bool(s, "restored"))
        return err_new(ERR_NOT_FOUND, "--restored: there is no registry in %s; put the copy there first", directory);
    if (fresh) TRY(registry_begin(d));
    if (!fresh && settings_bool(s, "restored")) {
        master_restored(d->master);
        TRY(registry_begin(d));
        log_warn("registry restored=true generation=%u: started from an older copy by the operator's word",
                 master_state(d->master)->cluster.generation);
    }
    char cluster[UUID_TEXT];
    uuid_text(master_state(d->master)->cluster.id, cluster);
    log_info("registry %s directory=%s cluster=%s sequence=%llu volumes=%zu", fresh ? "new" : "read", directory,
             cluster, (unsigned long long)master_state(d->master)->seq,
             table_count(&master_state(d->master)->tables[NOUN_VOLUME]));
    return NULL;
}

static struct err *listen_read(const struct settings *s, char *host, size_t size, uint16_t *ret_port) {
    const char *listen = settings_text(s, "listen"), *colon = strrchr(listen, ':');
    size_t length = (size_t)(colon - listen);
    uint64_t port = 0;
    if (length >= size || !text_to_u64(colon + 1, &port))
        return err_new(ERR_INVALID, "listen '%s': write HOST:PORT", listen);
    memcpy(host, listen, length);
    host[length] = 0;
    *ret_port = (uint16_t)port;
    if (net_address_is_loopback(host)) return NULL;
    return err_new(ERR_DENIED,
                   "listen '%s': beyond loopback the master needs TLS and authentication, which this version has not; "
                   "use 127.0.0.1",
                   listen);
}

static void stop_asked(void *arg) {
    struct master_daemon *d = arg;
    if (d->stopping) return;
    d->stopping = true;
    log_info("stopping");
    loop_timer_stop(d->timer);
    http_server_stop(d->server, STOP_GRACE_MS, (loop_done *)loop_stop, d->loop);
}

static void daemon_done(struct master_daemon *d) {
    loop_timer_free(d->timer);
    loop_timer_free(d->checkpoint);
    loop_timer_free(d->room);
    loop_timer_free(d->company);
    http_server_free(d->server);
    store_close(d->store);
    journal_keep_free(d->keep); // its reads end with the store
    MAP_EACH (entry, &d->exchanges) free(entry->value.p);
    map_done(&d->exchanges);
    in_flight_drop(d);
    for (size_t i = 0; i < d->outputs_from; i++) d->outputs.list.at[i].body = NULL;
    outputs_done(&d->outputs);
    master_free(d->master);
}

static struct master *machine_new(const struct settings *s, const char *host, uint16_t port) {
    struct instant at;
    entropy_fill(at.entropy, sizeof at.entropy);
    struct in_addr ip = {htonl(INADDR_LOOPBACK)};
    inet_pton(AF_INET, host, &ip);
    struct master_options options = {
        .cluster = uuid_from_entropy(at.entropy),
        .timing = {.heartbeat_ms = settings_duration(s, "heartbeat"),
                   .lost_ms = settings_duration(s, "agent-lost"),
                   .offer_timeout_ms = settings_duration(s, "offer-timeout"),
                   .retry_ms = settings_duration(s, "agent-lost") / 5 + 100,
                   .resend_ms = 10000},
        .hostname = host,
        .ip = ip.s_addr,
        .port = port,
        .version = "1.11.0", // what frameworks read: the version of the API they speak
        .build = "granary " GRANARY_VERSION,
    };
    return master_new(&options);
}

static struct err *daemon_start(struct master_daemon *d, const struct settings *s) {
    char host[256];
    uint16_t port;
    TRY(listen_read(s, host, sizeof host, &port));
    struct http_options options = {.check_host = true,
                                   .limits = {.connections = settings_number(s, "max-connections")}};
    TRY(http_server_new(d->loop, &options, request_came, d, &d->server));
    // The port is known before the machine is made, and nobody is answered before the registry was read: the loop runs later.
    TRY(err_wrap(http_server_listen(d->server, host, port, &port), "listen on %s:%u", host, port));
    d->master = machine_new(s, host, port);
    TRY(master_seed_types(d->master, s));
    TRY(master_seed_domains(d->master, s));
    TRY(registry_open(d, s));
    struct instant at = instant_now(d->loop);
    master_start(d->master, &at, &d->outputs);
    d->started = true;
    TRY(master_seed(d->master, s, &at, &d->outputs));
    d->timer = loop_timer_new(d->loop, timer_rang, d);
    d->checkpoint = loop_timer_new(d->loop, checkpoint_due, d);
    loop_timer_set(d->checkpoint, CHECKPOINT_PAUSE_MS);
    d->company = loop_timer_new(d->loop, company_over, d);
    d->room = loop_timer_new(d->loop, room_asked, d);
    d->keep = journal_keep_new(d->loop, d->store, settings_duration(s, "journal-keep"), JOURNAL_PAUSE_MS);
    loop_timer_set(d->room, ROOM_PAUSE_MS);
    loop_on_idle(d->loop, turn_end, d);
    loop_on_signal(d->loop, SIGTERM, stop_asked, d);
    loop_on_signal(d->loop, SIGINT, stop_asked, d);
    log_info("listening on %s:%u pid=%d", host, port, (int)getpid());
    return NULL;
}

// The last requests are kept over a stop; a crash may lose them.
static void asked_write(struct master_daemon *d) {
    struct checkpoint_object rest = d->full ? (struct checkpoint_object){0} : master_asked_rest(d->master);
    AUTO_ERR struct err *e = rest.bytes ? object_write(d, rest, d->durable) : NULL;
    if (e) log_warn("the last requests are not kept: %s", err_text(e));
}

struct err *master_daemon_run(struct loop *l, const struct settings *s) {
    struct master_daemon d = {.loop = l};
    struct err *e = daemon_start(&d, s);
    if (!e) {
        turn_end(&d);
        loop_run(l);
        e = d.fatal;
        if (!e) asked_write(&d);
    }
    daemon_done(&d);
    return e;
}
