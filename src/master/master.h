// SPDX-License-Identifier: Apache-2.0
// The master as a step machine: what came in from HTTP, streams and clock goes in; replies, stream records and journal
// entries come out. Pure: the daemon binds it to sockets and store, the simulator to itself.
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include "base/vec.h"
#include "core/command.h"

struct master; // opaque; ended by master_free

struct master_options {
    struct uuid cluster; // of a new registry; an old one keeps its own
    struct timing timing;
    const char *hostname; // told to frameworks (MasterInfo)
    uint32_t ip;          // network byte order
    uint16_t port;
    const char *version; // of the Mesos API that frameworks are told they speak to
    const char *build;   // of this program
};

MUST_USE struct master *master_new(const struct master_options *options);
void master_free(struct master *m); // accepts NULL
const struct state *master_state(const struct master *m);
struct symbols *master_symbols(struct master *m); // to declare types of tag keys, before recovery
struct domains *master_domains(struct master *m); // to declare failure domains, before recovery

// ---- recovery: the checkpoint's objects by growing key, then the journal's entries, then master_start once ----
MUST_USE struct err *master_recover_object(struct master *m, uint64_t noun, uint64_t seq, const void *bytes,
                                           size_t size);
// The checkpoint knows that this object is gone: an older journal entry does not bring it back.
void master_recover_tombstone(struct master *m, uint64_t id, uint64_t seq);
MUST_USE struct err *master_recover_entry(struct master *m, uint64_t seq, const void *bytes, size_t size);

// Once, when all was read: ERR_CORRUPT for rows that do not fit each other. `durable` is the highest number that the store ever
// made durable: what follows is numbered from there, also when the journal was trimmed.
MUST_USE struct err *master_recovered(struct master *m, uint64_t durable);

// An operator says that this registry is an older copy, on purpose: a new generation of ids and sequence numbers begins, so
// that nothing that was said after the copy was made is taken for something else. After master_recovered.
void master_restored(struct master *m);

// ---- input ----

struct instant { // every input carries its time and its chance
    struct now now;
    unsigned char entropy[16];
};

struct header_pair {
    const char *name, *value;
};

struct request {       // borrowed for the call
    uint64_t exchange; // the daemon's name for it: where the reply goes. Never used again
    const char *method, *path, *query;
    const struct header_pair *headers;
    size_t header_count;
    const void *body;
    size_t body_size;
    const char *principal; // NULL: nobody said who they are
};

// ---- output ----

enum output_kind {
    OUTPUT_REPLY,       // status, content type, headers, body
    OUTPUT_STREAM_OPEN, // the reply of `exchange` is a stream from here on, named `stream` (which is the exchange's number)
    OUTPUT_STREAM_WRITE, // one record, one chunk
    OUTPUT_STREAM_END,
    OUTPUT_LOG, // a line for the log: `body`
};

struct output {
    enum output_kind kind;
    uint64_t after;  // leaves only when the journal is durable through this sequence number
    uint64_t target; // exchange or stream
    int status;
    const char *content_type;
    struct header_pair header; // at most one of its own; name NULL: none
    char *body;                // owned by the list
    size_t size;
};

struct journal_entry {
    uint64_t seq;
    char *bytes; // owned by the list
    size_t size;
};

struct outputs { // emptied by outputs_clear
    VEC(struct output) list;
    VEC(struct journal_entry) journal; // to be appended, in this order
};
void outputs_clear(struct outputs *o);
void outputs_done(struct outputs *o);

// The first entry of a new registry (number 1) or generation: nothing has happened in it yet. Together with master_identity it
// must be durable before master_start.
struct journal_entry master_first_entry(struct master *m);
// Starts serving: after recovery, before any request.
void master_start(struct master *m, const struct instant *at, struct outputs *out);
void master_request(struct master *m, const struct request *r, const struct instant *at, struct outputs *out);
// The other end of a stream went away, or was cut.
void master_stream_gone(struct master *m, uint64_t stream, const struct instant *at, struct outputs *out);
// The time that master_next named has come (early calls do no harm).
void master_tick(struct master *m, const struct instant *at, struct outputs *out);
struct mono master_next(const struct master *m, struct now now);
// The store is full (or is not any more): changes are refused with that sentence, reads and releases go on.
void master_set_full(struct master *m, const char *why); // NULL: not full
// Durable through that sequence number: for /health and the links.
void master_set_durable(struct master *m, uint64_t seq);

// ---- checkpoint: objects changed since they were last taken, oldest change first ----
struct checkpoint_object {
    uint64_t noun, id, seq;
    char *bytes; // NULL: the object is gone (a tombstone)
    size_t size;
};
struct checkpoint_slice {
    VEC(struct checkpoint_object) objects;
    uint64_t
        through; // once these are written the checkpoint is whole through that sequence number; 0: more is to come first
};
// Who this registry is, as a checkpoint object of its own noun. Its bytes are the caller's, who frees them.
struct checkpoint_object master_identity(const struct master *m);
// Requests that were asked of the broker and wait for the checkpoint until there are enough of them: for a stop. No bytes when
// there are none; else they are the caller's, who frees them.
struct checkpoint_object master_asked_rest(const struct master *m);
// What is to be written next: at most `most` (2 or more) objects whose last change is durable. The same slice again until
// master_checkpoint_written, for what the store could not take is on no other list. Borrowed until then.
const struct checkpoint_slice *master_checkpoint(struct master *m, uint64_t durable, size_t most);
void master_checkpoint_written(struct master *m);

#endif
