// SPDX-License-Identifier: Apache-2.0
// Packed protobuf bytes, read field by field without a descriptor. Trusts nothing; knows no message.
#ifndef WIRE_PACKED_H
#define WIRE_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "codec/varint.h"

enum packed_kind { PACKED_VARINT = 0, PACKED_FIXED64 = 1, PACKED_BYTES = 2, PACKED_FIXED32 = 5 };

struct packed {
    const unsigned char *at, *end; // what is still to be read
    bool broken;                   // it ended where no field ends, or holds what is no field
    // the field read last
    uint32_t number;
    enum packed_kind kind;
    uint64_t n;                 // of a varint or a fixed one
    const unsigned char *bytes; // of PACKED_BYTES, borrowed
    size_t size;
};

static inline struct packed packed_of(const void *bytes, size_t size) {
    const unsigned char *at = size ? bytes : (const unsigned char *)"";
    return (struct packed){.at = at, .end = at + size};
}

static inline bool packed_fixed(struct packed *p, unsigned size) {
    if ((size_t)(p->end - p->at) < size) return false;
    p->n = 0;
    for (unsigned i = 0; i < size; i++) p->n |= (uint64_t)p->at[i] << 8 * i;
    p->at += size;
    return true;
}

static inline bool packed_value(struct packed *p, unsigned kind) {
    p->kind = (enum packed_kind)kind;
    uint64_t size;
    switch (kind) {
    case PACKED_VARINT: return varint_read(&p->at, p->end, &p->n);
    case PACKED_FIXED64: return packed_fixed(p, 8);
    case PACKED_FIXED32: return packed_fixed(p, 4);
    case PACKED_BYTES:
        if (!varint_read(&p->at, p->end, &size) || size > (uint64_t)(p->end - p->at)) return false;
        p->bytes = p->at;
        p->size = (size_t)size;
        p->at += size;
        return true;
    default: return false;
    }
}

// Reads the next field; false at the end, and when it is `broken`.
static inline bool packed_next(struct packed *p) {
    uint64_t tag;
    if (p->at == p->end) return false;
    bool good = varint_read(&p->at, p->end, &tag) && tag <= UINT32_MAX && tag >> 3 && packed_value(p, tag & 7);
    p->broken = !good;
    p->number = good ? (uint32_t)(tag >> 3) : 0;
    return good;
}

#endif
