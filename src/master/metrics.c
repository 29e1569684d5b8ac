// SPDX-License-Identifier: Apache-2.0
// The figures at /metrics, in Prometheus' text form.
#include "master/engine.h"

static void metric(struct text *to, const char *name, const char *kind, const char *help, uint64_t value) {
    text_addf(to, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, kind, name, (unsigned long long)value);
}

static void gauges_by_noun(const struct master *m, struct text *to) {
    text_add(to, "# HELP granary_objects Objects in the registry\n# TYPE granary_objects gauge\n");
    for (enum noun n = 0; n < NOUN_COUNT; n++)
        text_addf(to, "granary_objects{noun=\"%s\"} %zu\n", noun_name(n), table_count(&m->state->tables[n]));
}

static void gauges_of_providers(const struct master *m, struct text *to) {
    text_add(to, "# HELP granary_operations_open Operations that a provider has still to carry out\n# TYPE "
                 "granary_operations_open gauge\n");
    STATE_EACH(PROVIDER, provider_row, p, m->state)
    text_addf(to, "granary_operations_open{provider=\"%s\"} %u\n", p->name,
              state_related(m->state, OPEN_OPERATIONS_OF_PROVIDER, p->id)->count);
}

static void gauges_of_pools(const struct master *m, struct text *to) {
    text_add(to, "# HELP granary_store_bytes Bytes of the backing store of a pool\n# TYPE granary_store_bytes gauge\n");
    AUTO_ARENA struct arena arena = {0};
    STATE_EACH(POOL, pool_row, p, m->state) {
        const char *path = pool_path(m->state, p, &arena);
        text_addf(to, "granary_store_bytes{pool=\"%s\",what=\"granted\"} %llu\n", path,
                  (unsigned long long)m->state->ledger.accounts.at[p->account].granted.bytes);
        if (p->facts)
            text_addf(to, "granary_store_bytes{pool=\"%s\",what=\"total\"} %llu\n", path,
                      (unsigned long long)p->facts->total.bytes);
    }
}

void metrics_write(const struct master *m, struct text *to) {
#define X(name, metric_name, help) metric(to, metric_name, "counter", help, m->counters.name);
    COUNTERS(X)
#undef X
    metric(to, "granary_sequence", "gauge", "Sequence number of the last event", m->state->seq);
    metric(to, "granary_sequence_durable", "gauge", "Sequence number through which the store is durable", m->durable);
    metric(to, "granary_sessions", "gauge", "Open streams of agents, providers, frameworks and listeners",
           map_count(&m->sessions));
    metric(to, "granary_store_full", "gauge", "1 while changes are refused because the store is full", m->full ? 1 : 0);
    gauges_by_noun(m, to);
    gauges_of_providers(m, to);
    gauges_of_pools(m, to);
}
