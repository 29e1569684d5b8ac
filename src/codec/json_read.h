// SPDX-License-Identifier: Apache-2.0
// JSON to messages by descriptor, in one pass into an arena. Refuses what is broken, too deep or too large, naming the
// place.
#ifndef CODEC_JSON_READ_H
#define CODEC_JSON_READ_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"
#include "codec/message.h"

enum json_mode {
    // What Mesos accepts from its frameworks: unknown keys and unknown enum names in optional fields are ignored, a
    // single
    // value stands for a list of one, numbers and booleans may be strings ("0.5", "true", "Infinity"), bytes may be
    // {"value": "..."}.
    JSON_LENIENT,
    // Our own API: an unknown key is refused, naming the nearest known one; enum names in any case with '-' for '_'; a
    // uint64
    // may be a string with a unit ("50GiB"; "200MiB/s" for *bandwidth), *_ms of any size a duration ("2m").
    JSON_STRICT,
};

// Reads one JSON object, with nothing but white space around it. null is unset, the last of equal keys wins, 5.0 is an
// integer. Refused, with "line 1, byte 27: accept.operations[2]: ...": missing required fields, unknown enum names
// (strict, or in required fields), numbers out of range, invalid UTF-8, lone surrogates, NUL, and fields from number
// 1000 on (unknown). `limits` NULL: the default ones. *ret_message is kept until arena_done.
MUST_USE struct err *json_read(const ProtobufCMessageDescriptor *type, const void *bytes, size_t size,
                               enum json_mode mode, const struct message_limits *limits, struct arena *arena,
                               void **ret_message);

#endif
