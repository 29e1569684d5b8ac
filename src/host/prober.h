// SPDX-License-Identifier: Apache-2.0
// What all probes share: small files and directories below a root, and a list of tags to add to. What cannot be read is
// simply not known.
#ifndef HOST_PROBER_H
#define HOST_PROBER_H

#include <stdbool.h>

#include "base/text.h"
#include "host/probe.h"

struct prober {
    const char *root; // before every path; borrowed
    struct probe_tags tags;
};

// Adds a tag. Values are trimmed, and what is not printable ASCII in them becomes '?'. A key that no tag may have, or a
// value that is too long, is left out: one odd name must not spoil the whole report.
void prober_tag(struct prober *p, const char *key, const char *value);
void prober_tagf(struct prober *p, const char *value, const char *key, ...) PRINTF(3, 4);
// The file's text below the root without its last line feed; false when it cannot be read or is empty.
MUST_USE bool prober_file(const struct prober *p, struct text *ret, const char *path, ...) PRINTF(3, 4);
bool prober_has(const struct prober *p, const char *path, ...) PRINTF(2, 3);
// The last part of where a symbolic link below the root leads; NULL when it is none. Given.
MUST_USE char *prober_link(const struct prober *p, const char *path, ...) PRINTF(2, 3);

typedef void prober_seen(struct prober *p, const char *name, void *arg);
// Calls `seen` for what the directory holds, hidden names left out; how many there were. `seen` may be NULL.
unsigned prober_entries(struct prober *p, const char *directory, prober_seen *seen, void *arg);

#endif
