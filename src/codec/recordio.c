// SPDX-License-Identifier: Apache-2.0
// RecordIO framing.
#include "codec/recordio.h"

#include <string.h>

enum { LENGTH_DIGITS = 20 }; // leading zeros included

void recordio_add(struct text *to, const void *bytes, size_t size) {
    must(size);
    text_add_u64(to, size);
    text_add_char(to, '\n');
    text_add_n(to, bytes, size);
}

void recordio_done(struct recordio *r) {
    text_done(&r->held);
    r->passed = 0;
}

void recordio_feed(struct recordio *r, const void *bytes, size_t size) {
    // What was handed out is dropped here, once per feed, so that many small records do not move the rest each time.
    text_drop(&r->held, r->passed);
    r->passed = 0;
    text_add_n(&r->held, bytes, size);
}

bool recordio_is_between(const struct recordio *r) {
    return r->passed == r->held.size;
}

struct err *recordio_next(struct recordio *r, const char **ret_record, size_t *ret_size) {
    const char *at = text_string(&r->held) + r->passed;
    size_t have = r->held.size - r->passed, digits = 0, length = 0;
    must(r->longest < SIZE_MAX / 16);
    *ret_record = NULL;
    for (; digits < have && digits < LENGTH_DIGITS && at[digits] >= '0' && at[digits] <= '9'; digits++) {
        length = length * 10 + (size_t)(at[digits] - '0');
        if (length > r->longest)
            return err_new(ERR_TOO_LARGE, "record stream: a record of over %zu bytes, more than is accepted",
                           r->longest);
    }
    if (digits == have) return NULL; // the length itself is still arriving
    if (!digits || at[digits] != '\n')
        return err_new(ERR_INVALID, "record stream: expected a decimal length and a line feed, found byte 0x%02x",
                       (unsigned)(unsigned char)at[digits]);
    if (!length) return err_new(ERR_INVALID, "record stream: a record of length 0");
    if (have - digits - 1 < length) return NULL;
    *ret_record = at + digits + 1;
    *ret_size = length;
    r->passed += digits + 1 + length;
    return NULL;
}
