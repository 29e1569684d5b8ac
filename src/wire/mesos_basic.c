// SPDX-License-Identifier: Apache-2.0
// Ids, labels, addresses.
#include "wire/mesos_basic.h"

#include "base/text.h"
#include "codec/message.h"
#include "wire/mesos.h"

enum { MESOS_AGENT_PORT = 5051 };

void *mesos_new(struct arena *arena, const ProtobufCMessageDescriptor *type) {
    ProtobufCMessage *m = arena_zero(arena, 1, type->sizeof_message);
    protobuf_c_message_init(type, m);
    return m;
}

// All id messages are alike: a base and one text.
static void *id_new(const ProtobufCMessageDescriptor *type, const char *value, struct arena *arena) {
    Mesos__V1__TaskID *id = mesos_new(arena, type);
    must(sizeof *id == type->sizeof_message);
    id->value = arena_text(arena, value);
    return id;
}

char *mesos_decimal(uint64_t n, struct arena *arena) {
    return arena_format(arena, "%llu", (unsigned long long)n);
}

uint64_t mesos_number(const char *value) {
    uint64_t n;
    return value && text_to_u64(value, &n) ? n : 0;
}

Mesos__V1__FrameworkID *mesos_framework_id(const char *value, struct arena *arena) {
    return id_new(&mesos__v1__framework_id__descriptor, value, arena);
}

Mesos__V1__OfferID *mesos_offer_id(uint64_t id, struct arena *arena) {
    return id_new(&mesos__v1__offer_id__descriptor, mesos_decimal(id, arena), arena);
}

Mesos__V1__AgentID *mesos_agent_id_text(const char *value, struct arena *arena) {
    return id_new(&mesos__v1__agent_id__descriptor, value, arena);
}

Mesos__V1__AgentID *mesos_agent_id(uint64_t id, struct arena *arena) {
    return mesos_agent_id_text(id ? mesos_decimal(id, arena) : MESOS_STORAGE_AGENT, arena);
}

Mesos__V1__TaskID *mesos_task_id(const char *value, struct arena *arena) {
    return id_new(&mesos__v1__task_id__descriptor, value, arena);
}

Mesos__V1__ExecutorID *mesos_executor_id(const char *value, struct arena *arena) {
    return id_new(&mesos__v1__executor_id__descriptor, value, arena);
}

Mesos__V1__OperationID *mesos_operation_id(const char *value, struct arena *arena) {
    return id_new(&mesos__v1__operation_id__descriptor, value, arena);
}

Mesos__V1__ResourceProviderID *mesos_provider_id(struct arena *arena) {
    return id_new(&mesos__v1__resource_provider_id__descriptor, MESOS_STORAGE_AGENT, arena);
}

// ---- labels ----

Mesos__V1__Labels *mesos_labels(size_t most, struct arena *arena) {
    Mesos__V1__Labels *labels = mesos_new(arena, &mesos__v1__labels__descriptor);
    labels->labels = arena_zero(arena, most, sizeof *labels->labels);
    return labels;
}

void mesos_label_add(Mesos__V1__Labels *labels, const char *key, const char *value, struct arena *arena) {
    if (!value) return;
    Mesos__V1__Label *label = mesos_new(arena, &mesos__v1__label__descriptor);
    label->key = arena_text(arena, key);
    label->value = arena_text(arena, value);
    labels->labels[labels->n_labels++] = label;
}

const char *mesos_label_find(const Mesos__V1__Labels *labels, const char *key) {
    for (size_t i = labels ? labels->n_labels : 0; i > 0; i--) {
        const Mesos__V1__Label *label = labels->labels[i - 1];
        if (strcmp(label->key, key) == 0) return label->value ? label->value : "";
    }
    return NULL;
}

// ---- addresses ----

Mesos__V1__Address *mesos_address(const char *hostname, const char *host_and_port, struct arena *arena) {
    Mesos__V1__Address *address = mesos_new(arena, &mesos__v1__address__descriptor);
    address->hostname = arena_text(arena, hostname);
    address->port = MESOS_AGENT_PORT;
    const char *host = host_and_port && *host_and_port ? host_and_port : hostname;
    const char *colon = strrchr(host, ':');
    uint64_t port;
    if (colon && text_to_u64(colon + 1, &port) && port <= UINT16_MAX) address->port = (int32_t)port;
    size_t size = colon ? (size_t)(colon - host) : strlen(host);
    if (size > 1 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    }
    address->ip = arena_text_n(arena, host, size);
    return address;
}

Mesos__V1__URL *mesos_url(Mesos__V1__Address *address, const char *path, struct arena *arena) {
    Mesos__V1__URL *url = mesos_new(arena, &mesos__v1__url__descriptor);
    url->scheme = arena_text(arena, "http");
    url->address = address;
    url->path = arena_text(arena, path);
    return url;
}

double mesos_refuse_seconds(const Mesos__V1__Filters *filters) {
    return filters ? filters->refuse_seconds : 5; // the message's own default is the same
}

// ---- bytes ----

struct blob *mesos_blob(const void *bytes, size_t size, struct arena *arena) {
    struct blob *b = arena_zero(arena, 1, sizeof *b + size);
    b->size = (uint32_t)size;
    if (size) memcpy(b->bytes, bytes, size);
    return b;
}

struct blob *mesos_pack(const ProtobufCMessage *message, struct arena *arena) {
    AUTO_TEXT struct text bytes = {0};
    message_pack(message, &bytes);
    return mesos_blob(bytes.data, bytes.size, arena);
}
