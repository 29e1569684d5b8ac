// SPDX-License-Identifier: Apache-2.0
// Recorded requests in the checkpoint. No entry of the journal carries them and nobody waits for them: a crash loses those of
// the block that was not full.
#include "codec/message.h"
#include "master/engine.h"
#include "wire/asked.h"

enum { ASKED_BLOCK = 1000, ASKED_BLOCKS = ASKED_KEPT / ASKED_BLOCK + 1 };

// The requests of one block, in as many objects as the ring has blocks, and one more: the same numbers come round again.
static struct checkpoint_object block_pack(const struct master *m, uint64_t block) {
    AUTO_ARENA struct arena arena = {0};
    Granary__RequestList list = GRANARY__REQUEST_LIST__INIT;
    list.requests = arena_zero(&arena, ASKED_BLOCK, sizeof *list.requests);
    for (uint64_t number = block * ASKED_BLOCK + 1; number <= (block + 1) * ASKED_BLOCK; number++) {
        const struct asked *a = asked_get(&m->asked, number);
        if (a) list.requests[list.n_requests++] = asked_message(m->state, a, &arena);
    }
    struct text bytes = {0};
    message_pack(&list.base, &bytes);
    struct checkpoint_object o = {
        .noun = STORED_ASKED, .id = 1 + block % ASKED_BLOCKS, .seq = m->durable, .size = bytes.size};
    o.bytes = text_take(&bytes);
    return o;
}

struct checkpoint_object asked_block_next(struct master *m) {
    uint64_t block = m->asked_stored / ASKED_BLOCK;
    if (m->asked.last < (block + 1) * ASKED_BLOCK) return (struct checkpoint_object){0};
    m->asked_stored = (block + 1) * ASKED_BLOCK;
    return block_pack(m, block);
}

struct checkpoint_object master_asked_rest(const struct master *m) {
    if (m->asked.last <= m->asked_stored) return (struct checkpoint_object){0};
    return block_pack(m, (m->asked.last - 1) / ASKED_BLOCK);
}

struct err *asked_recover(struct master *m, const void *bytes, size_t size) {
    struct intake in = {.symbols = &m->state->symbols, .arena = &m->recovery.arena};
    void *message;
    struct asked asked;
    struct err *e = message_unpack(&granary__request_list__descriptor, bytes, size, in.arena, &message);
    const Granary__RequestList *list = message;
    for (size_t i = 0; !e && i < list->n_requests; i++) {
        e = asked_read(&in, list->requests[i], &asked);
        if (!e) asked_put(&m->asked, &asked);
    }
    m->asked_stored = m->asked.last - m->asked.last % ASKED_BLOCK;
    arena_clear(in.arena);
    return err_wrap(e, "recorded requests");
}
