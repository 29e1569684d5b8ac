// SPDX-License-Identifier: Apache-2.0
// granary events: what happens, as it happens.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/event_line.h"
#include "cli/verbs.h"
#include "codec/json_read.h"
#include "granary_api.pb-c.h"

enum { SILENCE_MS = 400, RETRY_MS = 1000 }; // a stream without news for that long has told all that was at hand

struct follow {
    struct call *c;
    struct sse sse;
    uint64_t after, last; // `last`: where --no-follow ends, 0 never
    bool probe;           // looks only whether the stream begins
    struct err *failed;
};

static bool event_show(const char *data, size_t size, void *arg) {
    struct follow *f = arg;
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text line = {0};
    void *message;
    f->failed = err_wrap(json_read(&granary__event__descriptor, data, size, JSON_LENIENT, NULL, &arena, &message),
                         "an event of the master is none of ours");
    if (f->failed) return false;
    const Granary__Event *e = message;
    if (f->last && e->seq > f->last) return false;
    if (f->c->json) {
        text_add_n(&line, data, size);
        text_add_char(&line, '\n');
    } else {
        event_line(e, &line, &arena);
    }
    if (e->seq > f->after) f->after = e->seq;
    fwrite(line.data, 1, line.size, stdout);
    return !ferror(stdout);
}

// The master's sign of life comes when nothing else does; also more often than SILENCE_MS, so that it is never silent.
static bool all_told(const struct sse *s, const char *bytes, size_t size) {
    static const char sign[] = ": still here";
    return !s->bytes.size && !s->data.size && size >= strlen(sign) && memcmp(bytes, sign, strlen(sign)) == 0;
}

static bool piece_read(const struct http_message *head UNUSED, const char *bytes, size_t size, void *arg) {
    struct follow *f = arg;
    bool more = true;
    if (f->probe) return false;
    if (f->last && all_told(&f->sse, bytes, size)) return false;
    struct err *e = sse_read(&f->sse, bytes, size, event_show, f, &more);
    if (e && !f->failed)
        f->failed = e;
    else
        err_free(e);
    fflush(stdout);
    return more && !f->failed;
}

static struct err *stream_once(struct follow *f, bool from_now) {
    AUTO_FREE char *path =
        from_now ? mem_text("/v1/events") : mem_format("/v1/events?after=%llu", (unsigned long long)f->after);
    struct err *e = client_stream(f->c->client, path, f->last ? SILENCE_MS : 0, piece_read, f);
    sse_done(&f->sse);
    f->sse = (struct sse){0};
    if (!f->failed) return e;
    err_free(e);
    return f->failed;
}

static struct err *last_find(struct call *c, uint64_t *ret_last) {
    void *message;
    TRY(client_get(c->client, "/health", &granary__health_answer__descriptor, c->arena, &message));
    *ret_last = ((const Granary__HealthAnswer *)message)->seq;
    return NULL;
}

// Whether the master still has what follows `after`.
static struct err *at_hand(struct follow *f, uint64_t after, bool *ret_has) {
    f->after = after;
    f->probe = true;
    struct err *e = stream_once(f, false);
    f->probe = false;
    bool missing = e && err_kind(e) == ERR_NOT_FOUND;
    if (e && !missing && err_kind(e) != ERR_TIMEOUT) return e;
    err_free(e);
    *ret_has = !missing;
    return NULL;
}

// The earliest point that the master remembers: what is behind a remembered one is remembered too.
static struct err *oldest_find(struct follow *f) {
    uint64_t least = 0, most = f->last;
    bool has;
    TRY(at_hand(f, 0, &has));
    while (!has && least + 1 < most) {
        uint64_t middle = least + (most - least) / 2;
        bool there;
        TRY(at_hand(f, middle, &there));
        if (there)
            most = middle;
        else
            least = middle;
    }
    f->after = has ? 0 : most;
    return NULL;
}

// All that is at hand, then an end. Without --after it begins as early as the master remembers.
static struct err *events_past(struct follow *f, bool given) {
    TRY(last_find(f->c, &f->last));
    if (!f->last || f->after >= f->last) return NULL;
    if (!given) TRY(oldest_find(f));
    struct err *e = stream_once(f, false);
    bool silent = e && err_kind(e) == ERR_TIMEOUT; // that was all
    if (!silent) return e;
    err_free(e);
    return NULL;
}

// Goes on where it was when the connection ends, so that a master may be started anew meanwhile.
static struct err *events_follow(struct follow *f, bool given) {
    bool said = false;
    for (;;) {
        struct err *e = stream_once(f, !given && !f->after);
        bool away = e && (err_kind(e) == ERR_UNAVAILABLE || err_kind(e) == ERR_UNKNOWN);
        if (ferror(stdout) || (e && (!away || (!f->after && !given)))) return e;
        if (e && !said) fprintf(stderr, "granary events: %s; waiting for it\n", err_text(e));
        said = e != NULL;
        err_free(e);
        nanosleep(&(struct timespec){.tv_sec = RETRY_MS / 1000}, NULL);
    }
}

static struct err *events(struct call *c) {
    const struct given *after = options_find(c->options, "after");
    struct follow f = {.c = c, .after = after ? after->number : 0};
    return options_has(c->options, "no-follow") ? events_past(&f, after != NULL) : events_follow(&f, after != NULL);
}

static const struct option event_options[] = {
    {"after", OPTION_NUMBER, "SEQ", "begin behind this number (with what happens from now on)"},
    {"follow", OPTION_FLAG, NULL, "go on as things happen; so it is without it"},
    {"no-follow", OPTION_FLAG, NULL, "end when all that the master has at hand is told"},
    {0},
};
static const struct action actions[] = {
    {"", "[--after SEQ] [--no-follow]", "what happens, one line each", event_options, 0, 0, 0, events,
     "It goes on where it was when the master is started anew. With -o json each line is the API's JSON of one "
     "event.\n\n"
     "examples:\n"
     "  granary events\n"
     "  granary events --no-follow\n"
     "  granary events --after 1200 -o json | jq -r 'select(.noun==\"volume\") | [.seq, .kind, .name] | @tsv'"},
};
NOUN(events, actions);
