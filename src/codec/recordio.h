// SPDX-License-Identifier: Apache-2.0
// RecordIO: decimal length, LF, that many bytes; the framing of Mesos' streams. Bounded per record.
#ifndef CODEC_RECORDIO_H
#define CODEC_RECORDIO_H

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"

// Appends one record. An empty one does not exist.
void recordio_add(struct text *to, const void *bytes, size_t size);

// An incremental reader. Zeroed but for `longest` is valid and empty.
struct recordio {
    struct text held; // fed and not yet passed on
    size_t passed;    // of `held`, handed out already
    size_t longest;   // bytes of one record that are accepted
};
void recordio_done(struct recordio *r);
// Takes bytes as they arrive. Feed what was read, then ask for records until there is none.
void recordio_feed(struct recordio *r, const void *bytes, size_t size);
// *ret_record is borrowed until the next call, NULL while no whole record is there. A length that is not one, is zero
// or is beyond `longest` is an error, and the stream is worth nothing from there on.
MUST_USE struct err *recordio_next(struct recordio *r, const char **ret_record, size_t *ret_size);
// False when the stream may not end here: a part of a record is held.
bool recordio_is_between(const struct recordio *r);

#endif
