// SPDX-License-Identifier: Apache-2.0
// Requests made of a few words, for a master that has no daemon around it.
#include "master_desk.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "codec/json_read.h"
#include "codec/message.h"
#include "granary_link.pb-c.h"
#include "wire/record.h"

static const struct master_options options = {
    .cluster = {{7}},
    .timing = {.heartbeat_ms = 1000, .lost_ms = 5000, .retry_ms = 1000, .resend_ms = 1000},
    .hostname = "localhost",
    .port = 5050,
    .version = "1.11.0",
    .build = "test",
};

static struct instant instant_of(const struct desk *d) {
    struct instant at = {.now = {{d->ms}, {1700000000000 + d->ms}}};
    memcpy(at.entropy, &d->ms, sizeof d->ms);
    return at;
}

const char *quoted(struct arena *arena, const char *text) {
    char *copy = arena_text(arena, text);
    for (char *c = copy; *c; c++)
        if (*c == '\'') *c = '"';
    return copy;
}

void expect_words(const char *text, const char *words) {
    if (!text || !strstr(text, words)) fail_msg("'%s' is not in: %s", words, text ? text : "(nothing)");
}

static void expect_none(struct err *e) {
    if (e) fail_msg("%s", err_text(e));
}

// ---- life ----

static struct desk *desk_new(void) {
    struct desk *d = NEW(struct desk);
    d->m = master_new(&options);
    d->ms = 1000000;
    return d;
}

// What was to be appended is durable at once.
static void journal_take(struct desk *d) {
    VEC_EACH (e, &d->out.journal) {
        vec_push(&d->journal, ((struct journal_entry){e->seq, mem_copy(e->bytes, e->size), e->size}));
        master_set_durable(d->m, e->seq);
    }
}

void desk_start(struct desk *d) {
    struct instant at = instant_of(d);
    outputs_clear(&d->out);
    master_start(d->m, &at, &d->out);
    journal_take(d);
}

int desk_setup(void **state) {
    struct desk *d = desk_new();
    vec_push(&d->journal, master_first_entry(d->m));
    expect_none(master_recovered(d->m, 1));
    desk_start(d);
    *state = d;
    return 0;
}

void desk_free(struct desk *d) {
    outputs_done(&d->out);
    VEC_EACH (e, &d->journal) free(e->bytes);
    VEC_EACH (k, &d->checkpoint) free(k->bytes);
    vec_done(&d->journal);
    vec_done(&d->checkpoint);
    master_free(d->m);
    arena_done(&d->arena);
    free(d);
}

int desk_teardown(void **state) {
    desk_free(*state);
    return 0;
}

static void kept_put(struct desk *d, struct kept k) {
    size_t i = 0;
    while (i < d->checkpoint.count &&
           (d->checkpoint.at[i].noun < k.noun || (d->checkpoint.at[i].noun == k.noun && d->checkpoint.at[i].id < k.id)))
        i++;
    if (i < d->checkpoint.count && d->checkpoint.at[i].noun == k.noun && d->checkpoint.at[i].id == k.id) {
        free(d->checkpoint.at[i].bytes);
        d->checkpoint.at[i] = k;
        return;
    }
    vec_push(&d->checkpoint, k);
    memmove(d->checkpoint.at + i + 1, d->checkpoint.at + i, (d->checkpoint.count - 1 - i) * sizeof k);
    d->checkpoint.at[i] = k;
}

void desk_checkpoint(struct desk *d, size_t most) {
    const struct checkpoint_slice *slice = master_checkpoint(d->m, master_state(d->m)->seq, most);
    assert_true(slice->objects.count <= most);
    VEC_EACH (o, &slice->objects) kept_put(d, (struct kept){o->noun, o->id, o->seq, mem_take(o->bytes), o->size});
    master_checkpoint_written(d->m);
}

struct desk *desk_recovered(const struct desk *from) {
    return desk_recovered_through(from, vec_last(&from->journal)->seq);
}

struct desk *desk_recovered_through(const struct desk *from, uint64_t durable) {
    struct desk *d = desk_new();
    VEC_EACH (k, &from->checkpoint) {
        if (k->bytes)
            expect_none(master_recover_object(d->m, k->noun, k->seq, k->bytes, k->size));
        else
            master_recover_tombstone(d->m, k->id, k->seq);
    }
    VEC_EACH (e, &from->journal) expect_none(master_recover_entry(d->m, e->seq, e->bytes, e->size));
    expect_none(master_recovered(d->m, durable));
    return d;
}

struct text desk_kept(const struct desk *d) {
    static const bool kept[] = {
#define X(NOUN, name, has_kept) has_kept,
        NOUNS(X)
#undef X
    };
    const struct state *s = master_state(d->m);
    struct text all = {0};
    for (enum noun noun = 0; noun < NOUN_COUNT; noun++) {
        if (!kept[noun]) continue;
        TABLE_EACH(const struct provider_row, row, &s->tables[noun]) { // any row begins with its id
            text_addf(&all, "%s %llu:", noun_name(noun), (unsigned long long)row->id);
            record_object_pack(s, noun, row, 1, &all);
        }
    }
    text_addf(&all, "through %llu", (unsigned long long)s->seq);
    return all;
}

// ---- requests ----

static const struct output *request_do(struct desk *d, const char *method, const char *path, const void *body,
                                       size_t size, const struct header_pair *headers, size_t count) {
    const char *query = strchr(path, '?');
    struct request r = {.exchange = ++d->exchange,
                        .method = method,
                        .path = query ? arena_text_n(&d->arena, path, (size_t)(query - path)) : path,
                        .query = query ? query + 1 : "",
                        .headers = headers,
                        .header_count = count,
                        .body = body,
                        .body_size = size};
    struct instant at = instant_of(d);
    outputs_clear(&d->out);
    master_request(d->m, &r, &at, &d->out);
    d->ms++;
    journal_take(d);
    return desk_reply(d, d->exchange);
}

const struct output *desk_ask(struct desk *d, const char *method, const char *path, const char *body,
                              const char *header) {
    const char *text = body ? quoted(&d->arena, body) : "", *colon = header ? strstr(header, ": ") : NULL;
    struct header_pair headers[2] = {{"Content-Type", "application/json"}, {NULL, NULL}};
    if (colon) {
        const char *name = arena_text_n(&d->arena, header, (size_t)(colon - header));
        size_t at = strcmp(name, "Content-Type") != 0;
        headers[at] = (struct header_pair){name, colon + 2};
    }
    return request_do(d, method, path, text, strlen(text), headers, headers[1].name ? 2 : 1);
}

const struct output *desk_expect(struct desk *d, const char *method, const char *path, const char *body, int status,
                                 const char *words) {
    const struct output *o = desk_ask(d, method, path, body, NULL);
    if (!o) fail_msg("%s %s: no reply", method, path);
    char *text = arena_text_n(&d->arena, o->body ? o->body : "", o->size);
    for (char *c = text; *c; c++)
        if (*c == '"') *c = '\'';
    if (o->status != status) fail_msg("%s %s: %d, not %d: %s", method, path, o->status, status, text);
    expect_words(text, words);
    return o;
}

void desk_wait(struct desk *d, int64_t ms) {
    struct instant at = instant_of(d);
    master_next(d->m, at.now); // as a daemon does after each input: the time to gather changes begins
    d->ms += ms;
    at = instant_of(d);
    outputs_clear(&d->out);
    master_tick(d->m, &at, &d->out);
    journal_take(d);
}

// ---- others ----

static const struct output *post(struct desk *d, const char *path, const ProtobufCMessageDescriptor *type,
                                 const char *json) {
    const char *text = quoted(&d->arena, json);
    const struct header_pair header = {"Content-Type", "application/x-protobuf"};
    void *message;
    AUTO_TEXT struct text bytes = {0};
    expect_none(json_read(type, text, strlen(text), JSON_LENIENT, &message_limits_default, &d->arena, &message));
    message_pack(message, &bytes);
    return request_do(d, "POST", path, bytes.data, bytes.size, &header, 1);
}

static void *envelope_of(struct desk *d, const struct output *o) {
    const char *record = memchr(o->body, '\n', o->size);
    void *message;
    assert_non_null(record++);
    expect_none(message_unpack(&granary__envelope__descriptor, record, o->size - (size_t)(record - (char *)o->body),
                               &d->arena, &message));
    return message;
}

// The first record of the stream is the welcome, behind its length.
static const char *welcome_session(struct desk *d) {
    VEC_EACH (o, &d->out.list) {
        if (o->kind != OUTPUT_STREAM_WRITE || o->target != d->exchange) continue;
        const Granary__Envelope *e = envelope_of(d, o);
        return (e->to_agent ? e->to_agent->welcome : e->to_provider->welcome)->session;
    }
    return NULL;
}

const struct output *desk_hello(struct desk *d, const char *kind, const char *json) {
    bool agent = strcmp(kind, "agent") == 0;
    const struct output *refused =
        post(d, arena_format(&d->arena, "/link/v1/%s", kind),
             agent ? &granary__agent_hello__descriptor : &granary__provider_hello__descriptor, json);
    if (!refused) d->session = welcome_session(d);
    return refused;
}

static uint64_t hello(struct desk *d, const char *kind, const char *json) {
    const struct output *refused = desk_hello(d, kind, json);
    if (refused) fail_msg("hello of %s: %.*s", kind, (int)refused->size, refused->body);
    return d->exchange;
}

const Granary__ToAgent *desk_told(struct desk *d, uint64_t stream) {
    const Granary__ToAgent *last = NULL;
    VEC_EACH (o, &d->out.list) {
        const Granary__Envelope *e = o->kind == OUTPUT_STREAM_WRITE && o->target == stream ? envelope_of(d, o) : NULL;
        if (e) last = e->to_agent;
    }
    return last;
}

const struct output *desk_reply(const struct desk *d, uint64_t exchange) {
    VEC_EACH (o, &d->out.list)
        if (o->kind == OUTPUT_REPLY && o->target == exchange) return o;
    return NULL;
}

const struct output *desk_agent_says(struct desk *d, const char *json) {
    return post(d, arena_format(&d->arena, "/link/v1/agent/%s", d->agent), &granary__envelope_list__descriptor,
                arena_format(&d->arena, "{'envelopes':[{'from_agent':%s}]}", json));
}

void desk_post(struct desk *d, const char *kind, const char *json) {
    const struct output *o =
        post(d, arena_format(&d->arena, "/link/v1/%s/%s", kind, d->session), &granary__envelope_list__descriptor, json);
    assert_int_equal(o->status, 200);
}

uint64_t desk_provider_of(struct desk *d, const char *name, const char *pools) {
    return hello(d, "provider",
                 arena_format(&d->arena,
                              "{'name':'%s','driver':'memory','tiers':{'instances':[{'name':'main','pools':[%s]}]}}",
                              name, pools));
}

uint64_t desk_provider(struct desk *d) {
    return desk_provider_of(d, "file",
                            "{'name':'ssd','total':{'bytes':'1073741824000'},'granularity':'1048576',"
                            "'capabilities':['CARVE','GROW','FENCE','RAW_BLOCK','ZEROED']}");
}

uint64_t desk_agent(struct desk *d) {
    uint64_t stream = hello(d, "agent",
                            "{'name':'n1','hostname':'n1','boot_id':'b1','report':{'tags':[{'key':'fs/ext4'}],"
                            "'resources':{'cpus':4,'mem':4096,'disk':4096}}}");
    d->agent = d->session;
    return stream;
}

void desk_class(struct desk *d) {
    desk_expect(d, "PUT", "/v1/classes/gold", "{'name':'gold','fs':'ext4'}", 200, "gold");
}

uint64_t desk_subscribe(struct desk *d, const char *id, const char **ret_stream_id) {
    const char *with = id ? arena_format(&d->arena, "'id':{'value':'%s'},", id) : "";
    const char *top = id ? arena_format(&d->arena, "'framework_id':{'value':'%s'},", id) : "";
    const char *body = arena_format(
        &d->arena,
        "{'type':'SUBSCRIBE',%s'subscribe':{'framework_info':{%s'user':'root','name':'runner','roles':['web'],"
        "'failover_timeout':60,'capabilities':[{'type':'MULTI_ROLE'},{'type':'RESERVATION_REFINEMENT'}],"
        "'labels':{'labels':[{'key':'granary.storage','value':'true'}]}}}}",
        top, with);
    const struct output *refused = desk_ask(d, "POST", "/api/v1/scheduler", body, "Accept: application/json");
    if (refused) fail_msg("SUBSCRIBE: %.*s", (int)refused->size, refused->body);
    VEC_EACH (o, &d->out.list) {
        if (o->kind == OUTPUT_STREAM_OPEN && o->target == d->exchange)
            *ret_stream_id = arena_text(&d->arena, o->header.value);
    }
    return d->exchange;
}

const char *desk_said(struct desk *d, uint64_t stream) {
    AUTO_TEXT struct text all = {0};
    VEC_EACH (o, &d->out.list) {
        if (o->kind == OUTPUT_STREAM_WRITE && o->target == stream) text_add_n(&all, o->body, o->size);
    }
    return arena_text(&d->arena, text_string(&all));
}

bool desk_ended(const struct desk *d, uint64_t stream) {
    VEC_EACH (o, &d->out.list) {
        if (o->kind == OUTPUT_STREAM_END && o->target == stream) return true;
    }
    return false;
}
