// SPDX-License-Identifier: Apache-2.0
// Inside the master: its parts, and how a command becomes events, a journal entry and words to others. For src/master only.
#ifndef MASTER_ENGINE_H
#define MASTER_ENGINE_H

#include "base/map.h"
#include "link/link.h"
#include "core/asked.h"
#include "master/master.h"
#include "wire/agent_link.h"

// Numbers of what is stored and is no row. Rows are stored under the number of their noun; offers never are, so that theirs
// is free.
enum { STORED_CLUSTER = NOUN_OFFER, STORED_ASKED = 100 };
_Static_assert(STORED_CLUSTER == 12, "registries hold their cluster under this number");

enum session_kind { SESSION_AGENT = 1, SESSION_PROVIDER, SESSION_FRAMEWORK, SESSION_EVENTS };

struct session {     // one open stream
    uint64_t stream; // the exchange that opened it; also the session number that rows know
    uint64_t who;
    struct uuid name; // agents and providers post under it, frameworks say it in Mesos-Stream-Id
    struct link link;
    VEC(struct uuid) listed; // by a provider, whose last part of the list is still to come
    size_t foreign;
    enum session_kind kind : 8;
    bool binary; // records are protobuf, else JSON
};

struct dirty_object {
    enum noun noun;
    uint64_t id, seq;
};

struct kept_entry { // a recent journal entry, for those who resume the event stream
    uint64_t seq;
    char *bytes;
    size_t size;
};
enum { RECENT_ENTRIES = 4096 };

#define COUNTERS(X)                                                                                                    \
    X(requests, "granary_http_requests_total", "Requests answered")                                                    \
    X(refused, "granary_http_errors_total", "Requests answered with an error")                                         \
    X(commands, "granary_commands_total", "Commands decided")                                                          \
    X(events, "granary_events_total", "Events applied")                                                                \
    X(entries, "granary_journal_entries_total", "Journal entries written")                                             \
    X(offers, "granary_offers_total", "Offers made")                                                                   \
    X(allocations, "granary_allocations_total", "Allocation cycles that made or rescinded offers")

// A task that the registry has forgotten; what it printed is with its agent for a while.
struct past_task {
    uint64_t number, agent, framework;
    char *id;
};
enum { PAST_TASKS = 1024 };

struct counters {
#define X(name, metric, help) uint64_t name;
    COUNTERS(X)
#undef X
};

struct checkpoint_seq {
    uint64_t id, seq;
};

struct recovery {                   // while recovering only: what the checkpoint has
    VEC(struct checkpoint_seq) had; // runs of growing ids, one for each noun
    VEC(size_t) runs;               // where each begins
    struct arena arena;             // of the object or entry that is being read
};

struct master {
    struct master_options options;
    char *hostname, *version, *build;
    struct state *state;
    struct map sessions;              // stream -> struct session *
    struct map readings;              // exchange -> struct reading *: who waits for what a task printed
    VEC(struct past_task) past_tasks; // the latest, a ring
    size_t past_tasks_next;
    struct map session_names; // first eight bytes of the name -> struct session *
    struct mono heartbeat_at;
    char *full; // why changes are refused; NULL: they are not
    uint64_t durable;
    struct wall now; // of the latest input
    struct recovery recovery;
    struct map dirty;                    // object id -> index into dirty_list + 1
    VEC(struct dirty_object) dirty_list; // oldest change first; id 0: taken
    size_t dirty_from;
    struct checkpoint_slice slice; // taken from there and not known to be written yet
    VEC(struct kept_entry) recent;
    struct map addresses;    // data addresses of pools, as agents were told them: text -> nothing
    struct asked_ring asked; // requests, the last ones
    uint64_t asked_stored;   // through this number they were handed to the checkpoint
    struct text said;        // the last event of a framework's stream: its buffer serves the next
    struct counters counters;
    bool listeners; // somebody ever subscribed to events
    bool started;
};

// Decides, applies, records and tells. The answer is the caller's to end.
MUST_USE struct err *master_run(struct master *m, const struct command *c, const struct instant *at,
                                struct outputs *out, struct answer *ret_answer);
// ERR_FULL with the sentence that says why, while the store is full.
MUST_USE struct err *master_full(const struct master *m);
// The same as master_run for those that cannot fail or whose answer nobody reads; an error goes to the log.
void master_do(struct master *m, const struct command *c, const struct instant *at, struct outputs *out);
// A command with the instant's entropy, still without its body.
struct command master_command(enum command_kind kind, const struct instant *at, symbol principal);
symbol master_symbol(struct master *m, const char *text); // NULL: the empty one

void outputs_move(struct outputs *to, struct outputs *from); // to the end of `to`; `from` is empty then
// Output: each carries the sequence number of the state it saw.
void out_reply(struct master *m, struct outputs *out, uint64_t exchange, int status, const char *type, const void *body,
               size_t size);
void out_plain_error(struct master *m, struct outputs *out, uint64_t exchange, int status, const char *sentence);
void out_stream_open(struct master *m, struct outputs *out, uint64_t exchange, const char *type, const char *header,
                     const char *value);
void out_record(struct master *m, struct outputs *out, uint64_t stream, const void *bytes,
                size_t size); // RecordIO, one chunk
void out_bytes(struct master *m, struct outputs *out, uint64_t stream, const void *bytes, size_t size);
void out_stream_end(struct master *m, struct outputs *out, uint64_t stream);
void out_log(struct master *m, struct outputs *out, const char *format, ...) PRINTF(3, 4);

// Sessions.
struct session *session_open(struct master *m, uint64_t stream, enum session_kind kind, uint64_t who,
                             const struct instant *at);
struct session *session_of(const struct master *m, uint64_t stream);     // NULL: gone
struct session *session_named(const struct master *m, const char *name); // as text; NULL: none has it
// Forgets it; the stream is ended by the caller. Who waits for an answer of that agent is told.
void session_close(struct master *m, struct session *s, struct outputs *out);
void sessions_beat(struct master *m, const struct instant *at, struct outputs *out);

// Words to others, made of what changed (dispatch.c).
struct task_before { // what an event of a task changes that others must hear of
    bool agent_waits;
    uint64_t agent;
    unsigned char uuid[16];
};
void dispatch_events(struct master *m, const struct draft *d, const struct task_before *tasks, const struct instant *at,
                     struct outputs *out);
void dispatch_notices(struct master *m, const struct draft *d, const struct instant *at, struct outputs *out);
// Everything that is open for one that has just come.
void dispatch_all_to_agent(struct master *m, uint64_t agent, const struct cmd_agent_hello *hello,
                           const struct instant *at, struct outputs *out);
void dispatch_all_to_provider(struct master *m, uint64_t provider, const struct instant *at, struct outputs *out);
void dispatch_all_to_framework(struct master *m, uint64_t framework, const struct instant *at, struct outputs *out);
void dispatch_status_ack(struct master *m, uint64_t agent, uint64_t task, const unsigned char uuid[16],
                         const struct instant *at, struct outputs *out);
void dispatch_read_output(struct master *m, uint64_t agent, const struct output_wish *wish, const struct instant *at,
                          struct outputs *out);
void dispatch_kill(struct master *m, uint64_t agent, uint64_t task, const struct instant *at, struct outputs *out);
void dispatch_addresses(struct master *m, uint64_t agent, const struct instant *at, struct outputs *out);

// The data addresses of pools (addresses.c): tells all agents when what was just applied made them others.
void addresses_look(struct master *m, const struct draft *d, const struct instant *at, struct outputs *out);

// What tasks printed (task_output.c).
void task_output_answer(struct master *m, const struct session *s, const Granary__PrintedReport *report,
                        struct outputs *out);
void task_outputs_away(struct master *m, uint64_t stream, struct outputs *out); // that session of an agent has ended
void task_output_gone(struct master *m, uint64_t exchange);        // who waited went away; nothing if nobody did
void task_output_past(struct master *m, const struct task_row *t); // the registry forgets it
void task_outputs_free(struct master *m);

// The event stream (events.c).
void events_tell(struct master *m, uint64_t seq, struct outputs *out); // of the entry just remembered
void events_subscribe(struct master *m, const struct request *r, const struct instant *at, struct outputs *out);
void events_remember(struct master *m, uint64_t seq, const void *bytes, size_t size);

// Requests as they were asked, in the checkpoint: blocks of ASKED_BLOCK, each taken when it is full (asked_store.c). No bytes:
// none is full yet.
struct checkpoint_object asked_block_next(struct master *m);
MUST_USE struct err *asked_recover(struct master *m, const void *bytes, size_t size);

// Requests by path. `parts`: the path split at '/', percent-decoded, NULL behind the last; parts[0] is the first.
enum { PATH_PARTS_MOST = 8 };
typedef void request_handler(struct master *m, const struct request *r, const char *const *parts,
                             const struct instant *at, struct outputs *out);
// The value of a query parameter, percent-decoded; NULL when it is not there. The caller frees it.
MUST_USE char *request_query(const struct request *r, const char *name);
#define HANDLER(name)                                                                                                  \
    void name(struct master *m, const struct request *r, const char *const *parts, const struct instant *at,           \
              struct outputs *out)
void scheduler_request(struct master *m, const struct request *r, const struct instant *at, struct outputs *out);
void links_request(struct master *m, const struct request *r, const char *const *parts, const struct instant *at,
                   struct outputs *out);
void metrics_write(const struct master *m, struct text *to);
const char *request_header(const struct request *r, const char *name); // any case; NULL when absent
// Whether a header's value ("application/json; charset=utf-8", or NULL) is of that media type, in any case, parameters aside.
bool media_is(const char *value, const char *type);

#endif
