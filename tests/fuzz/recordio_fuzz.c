// SPDX-License-Identifier: Apache-2.0
// Any bytes as a record stream: the records are the same whatever the pieces in which it arrives, and what was framed by us
// comes back whole.
#include "codec/recordio.h"
#include "fuzz.h"

enum { LONGEST = 1000 };

// All records of the stream fed in pieces of `piece` bytes, each with a line behind it, and what ended it.
static void records(const uint8_t *bytes, size_t size, size_t piece, struct text *to) {
    struct recordio r = {.longest = LONGEST};
    struct err *e = NULL;
    for (size_t at = 0; at < size && !e; at += piece) {
        recordio_feed(&r, bytes + at, size - at < piece ? size - at : piece);
        const char *record = "";
        size_t length;
        while (!e && record) {
            e = recordio_next(&r, &record, &length);
            if (e || !record) break;
            must(length > 0 && length <= LONGEST);
            text_add_n(to, record, length);
            text_add(to, "\n--\n");
        }
    }
    text_add(to, e ? "error" : recordio_is_between(&r) ? "end" : "part");
    err_free(e);
    recordio_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (!size) return 0;
    AUTO_TEXT struct text whole = {0}, pieces = {0}, framed = {0}, back = {0};
    records(bytes, size, size, &whole);
    records(bytes, size, 1 + bytes[0] % 7, &pieces);
    must(whole.size == pieces.size && memcmp(whole.data, pieces.data, whole.size) == 0);
    size_t length = size < LONGEST ? size : LONGEST;
    recordio_add(&framed, bytes, length);
    records((const uint8_t *)framed.data, framed.size, framed.size, &back);
    must(back.size == length + 4 + 3 && memcmp(back.data, bytes, length) == 0);
    return 0;
}
