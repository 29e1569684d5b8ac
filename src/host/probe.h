// SPDX-License-Identifier: Apache-2.0
// Reads, cheaply, what this host is and has, as key=value tags. Starts no process and touches no device.
#ifndef HOST_PROBE_H
#define HOST_PROBE_H

#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"

struct probe_tag {
    char *key, *value; // value "" for keys that are only there or not
};
VEC_TYPE(probe_tags, struct probe_tag);

struct probe_facts {
    struct probe_tags tags; // sorted by key, then value; no doubles
    unsigned cpus;
    uint64_t memory; // bytes
};

// `root` goes before every path read ("" for this host, or a recorded tree). docs/facts.md lists the keys and their files.
MUST_USE struct err *probe_host(const char *root, struct probe_facts *ret_facts);
void probe_tags_done(struct probe_tags *tags);    // accepts zeroed
void probe_facts_done(struct probe_facts *facts); // accepts zeroed

#endif
