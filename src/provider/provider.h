// SPDX-License-Identifier: Apache-2.0
// The provider's step machine: what the re-usable process around a driver decides. It keeps no journal: the master's
// operation record is the only intent, and what the storage lists is the only truth. Pure: calls of the driver go out as
// jobs and come back as inputs, and time is an input.
#ifndef PROVIDER_PROVIDER_H
#define PROVIDER_PROVIDER_H

#include "base/vec.h"
#include "granary/request.h"
#include "granary_link.pb-c.h"

// ---- what it is told at its start ----

// Facts and figures from the configuration; they replace what the driver says of the same key in the same tier.
struct provider_tier_setup {
    const char *instance, *pool; // both NULL: the provider; pool NULL: the instance
    struct driver_facts facts;
    // The most that this pool takes of its store; 0: not given. Where the driver cannot tell how large a store is, it is as
    // large as its pools are given.
    struct bytes capacity;
    struct iops iops;
    struct bandwidth bandwidth;
    uint64_t volumes;
    const char *data_address;
};

struct provider_setup {
    const char *name, *driver;
    const char *cluster; // as once learned from a master; NULL: not yet
    const void *secret;
    size_t secret_size;
    uint64_t highest_seen; // highest sequence number ever told
    bool can_list;         // the driver has `list`
    bool parallel;         // as the driver says
    unsigned most_calls;   // running at once
    unsigned most_stuck;   // calls past their deadline that are not counted above
    uint32_t timeout_ms[DRIVER_ACT_COUNT];
    uint32_t wipe_timeout_ms;
    uint32_t retry_least_ms, retry_most_ms;  // back-off of calls whose outcome is open
    uint32_t report_every_ms, report_gap_ms; // at most and at least between two reports
    size_t page;                             // objects per call of list
    const struct provider_tier_setup *tiers;
    size_t tier_count;
};
// Usual figures in all that counts and limits; the rest is zeroed.
struct provider_setup provider_setup_usual(void);

// ---- inputs ----

enum provider_input_kind {
    PROVIDER_CONNECTING,   // a session is wanted: HELLO comes out as soon as the storage was listed
    PROVIDER_CONNECTED,    // the master answered the hello: `welcome`
    PROVIDER_DISCONNECTED, // the session is over; say CONNECTING for another
    PROVIDER_MESSAGE,      // from the master
    PROVIDER_JOB_DONE,
    PROVIDER_TICK, // time passed; due at provider_next_deadline
};
struct provider_input {
    enum provider_input_kind kind;
    struct mono now;
    const Granary__Welcome *welcome; // all borrowed for the step
    const Granary__ToProvider *message;
    uint64_t job;                       // of JOB_DONE
    enum err_kind error_kind;           // if error
    const char *error;                  // NULL: it succeeded
    const struct driver_answer *answer; // of what succeeded
};

// ---- outputs ----

enum provider_output_kind {
    PROVIDER_HELLO,   // open a session with this
    PROVIDER_SEND,    // to the master, numbered by the link; never out of a session
    PROVIDER_JOB,     // start this call in a worker
    PROVIDER_GIVE_UP, // let call_given_up of this job be true, and its worker be replaced: it is past its deadline
    PROVIDER_HANG_UP, // end the session: the master is another cluster's
    PROVIDER_LOG,
};
struct provider_output {
    enum provider_output_kind kind;
    Granary__ProviderHello *hello;
    Granary__FromProvider *send;
    uint64_t job;                         // of JOB and GIVE_UP
    const struct driver_request *request; // of JOB; kept until its JOB_DONE
    const char *cluster;                  // for driver_call; as long as request
    uint32_t timeout_ms;
    const char *log; // one line
};
VEC_TYPE(provider_output_list, struct provider_output);
struct provider_outputs {
    struct arena arena; // all that outputs point to, but requests and clusters of jobs
    struct provider_output_list list;
};
void provider_outputs_done(struct provider_outputs *o); // zeroed is valid and empty

// ---- the machine ----

struct provider; // opaque; made by provider_new, ended by provider_free
MUST_USE struct provider *provider_new(const struct provider_setup *setup); // copies
void provider_free(struct provider *p);                                     // accepts NULL; no job may be running
// Adds to *out what follows from the input. The same inputs give the same outputs.
void provider_step(struct provider *p, const struct provider_input *input, struct provider_outputs *out);
// When a tick is due at the latest; INT64_MAX: never.
struct mono provider_next_deadline(const struct provider *p);

// What the process must remember over its own restart, and for its log.
const char *provider_cluster(const struct provider *p); // NULL before the first welcome
uint64_t provider_highest_seen(const struct provider *p);
struct provider_counts {
    size_t waiting, running, stuck, paused, objects, foreign;
};
struct provider_counts provider_counts(const struct provider *p);

#endif
