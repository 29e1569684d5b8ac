// SPDX-License-Identifier: Apache-2.0
// The small messages of mesos.v1 that larger ones are made of: ids, labels, addresses, packed bytes. Knows no row.
#ifndef WIRE_MESOS_BASIC_H
#define WIRE_MESOS_BASIC_H

#include "base/arena.h"
#include "core/row.h"
#include "mesos_v1.pb-c.h"

enum { MESOS_TEXT_LONGEST = 255 }; // of names and users that are interned

// Attributes of offers that begin so are said by the master, never by an agent's operator.
#define MESOS_OURS "granary."
#define MESOS_STORAGE                                                                                                  \
    MESOS_OURS "storage" // the classes that an agent can use; as a label: a framework asks for storage

// A message with its defaults, in the arena; assign it to a pointer of its type.
MUST_USE void *mesos_new(struct arena *arena, const ProtobufCMessageDescriptor *type);

// Messages of one text `value`: FrameworkID, OfferID ... Texts are copied, here and in what follows.
Mesos__V1__FrameworkID *mesos_framework_id(const char *value, struct arena *arena);
Mesos__V1__OfferID *mesos_offer_id(uint64_t id, struct arena *arena);
Mesos__V1__AgentID *mesos_agent_id(uint64_t id, struct arena *arena); // 0: the pseudo-agent of storage-only offers
Mesos__V1__AgentID *mesos_agent_id_text(const char *value, struct arena *arena);
Mesos__V1__TaskID *mesos_task_id(const char *value, struct arena *arena);
Mesos__V1__ExecutorID *mesos_executor_id(const char *value, struct arena *arena);
Mesos__V1__OperationID *mesos_operation_id(const char *value, struct arena *arena);
Mesos__V1__ResourceProviderID *mesos_provider_id(struct arena *arena); // ours, the same for all storage
// The number that an id's text is; 0 when it is none of ours.
uint64_t mesos_number(const char *value);
char *mesos_decimal(uint64_t n, struct arena *arena);

// Labels with room for `most`; mesos_label_add adds nothing when the value is NULL.
Mesos__V1__Labels *mesos_labels(size_t most, struct arena *arena);
void mesos_label_add(Mesos__V1__Labels *labels, const char *key, const char *value, struct arena *arena);
// The last value of that key ("" when it has none); NULL when the key is not there. Accepts NULL labels.
const char *mesos_label_find(const Mesos__V1__Labels *labels, const char *key);

// "host:port" as the parts of an address. The port defaults to that of a Mesos agent. An IPv6 host loses its brackets.
Mesos__V1__Address *mesos_address(const char *hostname, const char *host_and_port, struct arena *arena);
Mesos__V1__URL *mesos_url(Mesos__V1__Address *address, const char *path, struct arena *arena);

// How long what was refused stays away: 5 s when nobody said. What makes no sense is the core's to correct.
double mesos_refuse_seconds(const Mesos__V1__Filters *filters);

struct blob *mesos_blob(const void *bytes, size_t size, struct arena *arena);
struct blob *mesos_pack(const ProtobufCMessage *message, struct arena *arena);

#endif
