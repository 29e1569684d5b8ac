// SPDX-License-Identifier: Apache-2.0
// The check of packed bytes, with what unpacking must know about them. Only for message.c.
#ifndef CODEC_MESSAGE_SCAN_H
#define CODEC_MESSAGE_SCAN_H

#include <stdbool.h>

#include "codec/message.h"

// As message_check; *ret_unknown_enums says whether values must be unset after unpacking.
MUST_USE struct err *message_scan(const ProtobufCMessageDescriptor *type, const void *bytes, size_t size,
                                  const struct message_limits *limits, bool *ret_unknown_enums);

#endif
