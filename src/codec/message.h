// SPDX-License-Identifier: Apache-2.0
// Protobuf messages from and to bytes, by descriptor. Bytes are checked before they are unpacked: protobuf-c trusts its
// input.
#ifndef CODEC_MESSAGE_H
#define CODEC_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

// Bounds of one message. NULL where one is asked for means message_limits_default.
struct message_limits {
    unsigned depth;  // of messages in messages
    size_t elements; // fields and list elements in all
    size_t memory;   // bytes that the unpacked message may take
};
extern const struct message_limits message_limits_default; // 64 deep, 2^20 elements, 64 MiB

// Are these bytes a message of that type that can be unpacked? Refused with a path ("accept.operations[2].launch:
// required field 'task_infos' missing"): broken or truncated wire data, a required field that is missing or has an
// unknown enum value, text that is not UTF-8 or holds NUL, and what is beyond `limits` (ERR_TOO_LARGE). Unknown fields
// are let pass. Packed and unpacked lists are both fine.
MUST_USE struct err *message_check(const ProtobufCMessageDescriptor *type, const void *bytes, size_t size,
                                   const struct message_limits *limits);
// Checks and unpacks into `arena`, obeying also its budget. Unknown enum values are unset, in lists left out.
// *ret_message is a `type`, kept until arena_done; use a void * variable and assign it to the typed one.
MUST_USE struct err *message_unpack(const ProtobufCMessageDescriptor *type, const void *bytes, size_t size,
                                    struct arena *arena, void **ret_message);
MUST_USE struct err *message_unpack_within(const ProtobufCMessageDescriptor *type, const void *bytes, size_t size,
                                           const struct message_limits *limits, struct arena *arena,
                                           void **ret_message);
// Appends the packed bytes. Required fields of messages are ours to set: a NULL one is our bug.
void message_pack(const ProtobufCMessage *message, struct text *to);
// Clears all fields from number 1000 on, here and below. Frees nothing: for messages that live in an arena.
void message_strip_internal(ProtobufCMessage *message);
// A deep copy in the arena, unknown fields included.
MUST_USE void *message_copy(const ProtobufCMessage *message, struct arena *arena);

#endif
