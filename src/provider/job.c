// SPDX-License-Identifier: Apache-2.0
// Calls of the driver that run in workers: the budget, the deadlines, and what happens to a call that hangs. A call past its
// deadline is written off: it no longer counts, its volume alone waits for it, and its late answer is still taken.
#include <stdlib.h>

#include "provider/machine.h"

struct job_tally {
    unsigned counted, stuck;
};

static struct job_tally jobs_tally(const struct provider *p) {
    struct job_tally t = {0};
    MAP_EACH (entry, &p->jobs) {
        struct job *j = entry->value.p;
        if (j->stuck)
            t.stuck++;
        else
            t.counted++;
    }
    // A driver that makes one call at a time is held up by one that hangs; and workers are not endless.
    unsigned forgiven = p->setup.parallel ? p->setup.most_stuck : 0;
    if (t.stuck > forgiven) t.counted += t.stuck - forgiven;
    return t;
}

bool job_room(const struct provider *p) {
    return jobs_tally(p).counted < (p->setup.parallel ? p->setup.most_calls : 1);
}

struct job *job_start(struct provider *p, enum job_kind kind, const struct driver_request *request,
                      uint32_t timeout_ms) {
    struct job *j = NEW(struct job);
    uint64_t id = ++p->next_job;
    j->kind = kind;
    j->request = *request;
    j->deadline.ms = p->now.ms + timeout_ms;
    map_put(&p->jobs, id, NULL)->p = j;
    vec_push(
        &p->out->list,
        ((struct provider_output){
            .kind = PROVIDER_JOB, .job = id, .request = &j->request, .cluster = p->cluster, .timeout_ms = timeout_ms}));
    return j;
}

bool outcome_open(enum err_kind kind) {
    return kind == ERR_TIMEOUT || kind == ERR_UNAVAILABLE || kind == ERR_UNKNOWN;
}

int64_t provider_back_off(const struct provider *p, uint64_t id, unsigned attempts) {
    int64_t wait = p->setup.retry_least_ms, most = p->setup.retry_most_ms;
    for (unsigned i = 1; i < attempts && wait < most; i++) wait *= 2;
    if (wait > most) wait = most;
    // Spread by id, so that calls which failed together do not come back together.
    return wait + (int64_t)(hash_u64(id + attempts) % (uint64_t)(wait / 4 + 1));
}

void job_done(struct provider *p, const struct provider_input *input) {
    struct job *j = map_get(&p->jobs, input->job);
    must(j);
    map_remove(&p->jobs, input->job);
    if (j->stuck) provider_log(p, "a call that had hung has ended job=%llu", (unsigned long long)input->job);
    if (j->abandoned) {
        arena_done(&j->arena);
        free(j);
        return;
    }
    switch (j->kind) {
    case JOB_OPERATION: operation_done(p, j->operation, input); break;
    case JOB_INVENTORY: report_done(p, j, input); break;
    case JOB_LIST: listing_done(p, j, input); break;
    }
    arena_done(&j->arena);
    free(j);
}

static const char *job_text(const struct job *j) {
    static const char *const words[] = {[JOB_INVENTORY] = "inventory", [JOB_LIST] = "list"};
    return j->kind == JOB_OPERATION ? j->operation->message->volume_uuid : words[j->kind];
}

// Inventory and list are read anew by another worker: no volume waits for them.
static void job_abandon(struct provider *p, struct job *j) {
    if (j->kind == JOB_OPERATION) return;
    j->abandoned = true;
    struct provider_input late = {.kind = PROVIDER_JOB_DONE, .error_kind = ERR_TIMEOUT, .error = "no answer in time"};
    if (j->kind == JOB_INVENTORY)
        report_done(p, j, &late);
    else
        listing_done(p, j, &late);
}

void jobs_check(struct provider *p) {
    MAP_EACH (entry, &p->jobs) {
        struct job *j = entry->value.p;
        if (j->stuck || j->deadline.ms > p->now.ms) continue;
        j->stuck = true;
        vec_push(&p->out->list, ((struct provider_output){.kind = PROVIDER_GIVE_UP, .job = entry->key.number}));
        provider_log(p, "a call hangs past its deadline; only what it is about waits for it job=%llu about=%s",
                     (unsigned long long)entry->key.number, job_text(j));
        job_abandon(p, j);
    }
}

struct mono jobs_deadline(const struct provider *p) {
    struct mono next = {INT64_MAX};
    MAP_EACH (entry, &p->jobs) {
        struct job *j = entry->value.p;
        if (!j->stuck && j->deadline.ms < next.ms) next = j->deadline;
    }
    return next;
}
