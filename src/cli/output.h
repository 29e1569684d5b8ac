// SPDX-License-Identifier: Apache-2.0
// How values look to people: ages, clock times, tags, resources, sizes. Knows no verb.
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "granary_model.pb-c.h"

// How long ago: "45s", "3m", "2h", "5d"; "-" for 0. In the arena.
const char *show_age(int64_t wall_ms, struct arena *arena);
const char *age_at(int64_t wall_ms, int64_t now_ms, struct arena *arena);
// "2026-03-01 14:03:07Z" and "14:03:07Z".
const char *show_time(int64_t wall_ms, struct arena *arena);
const char *show_clock(int64_t wall_ms, struct arena *arena);
const char *show_bytes(uint64_t bytes, struct arena *arena);
const char *show_rate(uint64_t bytes_per_second, struct arena *arena);
const char *show_mebibytes(double mebibytes, struct arena *arena); // "4 GiB"
const char *show_percent(double percent, struct arena *arena);     // "99.95": exact, without a sign
// "1.5", without needless zeros.
const char *show_real(double value, struct arena *arena);
// "media=ssd rack=r7"; with `tier`, those alone that this tier said. "" when there are none.
const char *show_tags(Granary__Tag *const *tags, size_t count, const char *tier, struct arena *arena);
// "a, b, c".
const char *show_list(char *const *items, size_t count, struct arena *arena);
// "cpus 2, mem 4 GiB, disk 10 GiB, ports 31000-32000". "" for NULL.
const char *show_resources(const Granary__AgentResources *r, struct arena *arena);
// One message as a line of JSON, for actions whose answer is a part of what the master said.
void message_write(const ProtobufCMessage *message, struct text *out);
// An enum's value as operators write it: "single-writer".
const char *show_word(const ProtobufCEnumDescriptor *type, int value, struct arena *arena);

#endif
