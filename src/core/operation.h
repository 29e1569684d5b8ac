// SPDX-License-Identifier: Apache-2.0
// Operations: opened as a recorded intent, ended once. Does not know what an end means for a volume: volume.h, attachment.h.
#ifndef CORE_OPERATION_H
#define CORE_OPERATION_H

#include "core/draft.h"

// Opens one on a volume; the provider is its pool's. The row may be filled further by the caller.
struct operation_row *operation_open(struct draft *d, enum operation_kind kind, const struct volume_row *v);
// Records one that needed nobody else and has ended already (RESERVE ...), for a framework that wants to hear.
struct operation_row *operation_record(struct draft *d, enum operation_kind kind, uint64_t framework, const char *id);
// Its one end. One that nobody waits for is gone at once; one of a framework waits for its acknowledgement; one that a
// person asked for stays to be read until ended ones are too many.
void operation_end(struct draft *d, uint64_t operation, enum operation_state state, enum err_kind error,
                   const char *message);
// The framework heard of it.
void operation_acknowledge(struct draft *d, uint64_t operation);
// The oldest ended operations that only people may still read, beyond `keep`: forgotten.
enum { OPERATIONS_KEPT = 1000 };
void operations_prune(struct draft *d);
// Open operations on an attachment: 0 none.
uint64_t operation_of_attachment(const struct draft *d, const struct attachment_row *a);
const char *operation_kind_name(enum operation_kind kind);
const char *operation_state_name(enum operation_state state);

#endif
