// SPDX-License-Identifier: Apache-2.0
// A volume's life: wanted, made, ready, released. The only writer of a volume's state and content. What an agent does with
// it is attachment.h.
#ifndef CORE_VOLUME_H
#define CORE_VOLUME_H

#include "core/broker.h"
#include "core/operation.h"

struct volume_plan {
    struct owner owner;
    const char *name;
    const struct class_row *class;
    struct fit fit;
    struct bytes asked;
    symbol fs; // never {0}
    uint64_t reservation;
    uint64_t framework;              // who hears of the operation
    const char *framework_operation; // NULL: nobody
    const char *persistence;
    const char *labels; // NULL: none
};
// Records the volume and the operation that makes it. Its charge is counted from here on.
struct volume_row *volume_make(struct draft *d, const struct volume_plan *plan);
// Name rules, no other volume of that name of that owner.
MUST_USE struct err *volume_name_free(const struct draft *d, struct owner owner, const char *name);

void volume_move(struct draft *d, struct volume_row *v, enum volume_state next);
void content_move(struct draft *d, struct volume_row *v, enum content_state next);

// What the provider answered to create, delete and grow.
void volume_created(struct draft *d, const struct operation_row *o, const char *handle, const char *context,
                    struct bytes size);
void volume_create_failed(struct draft *d, const struct operation_row *o, enum err_kind error, const char *message);
void volume_deleted(struct draft *d, const struct operation_row *o);
void volume_delete_failed(struct draft *d, const struct operation_row *o, enum err_kind error, const char *message);
void volume_grown(struct draft *d, const struct operation_row *o, struct bytes size);
void volume_grow_failed(struct draft *d, const struct operation_row *o, enum err_kind error, const char *message);

// The owner gives it back: it is deleted (or kept, or wiped, as its class said) once no task uses it and no agent has it.
// `operation`: who asked, told at the end; may be NULL.
MUST_USE struct err *volume_release(struct draft *d, uint64_t volume, uint64_t framework,
                                    const char *framework_operation);
MUST_USE struct err *volume_grow(struct draft *d, uint64_t volume, struct bytes size, uint64_t framework,
                                 const char *framework_operation);
// Nobody has it attached and nothing is open on it: what comes next (release, carving anew, a waiting task, eager format).
void volume_settle(struct draft *d, uint64_t volume);
bool volume_is_raw(const struct state *s, const struct volume_row *v);
// Whether the volume may be attached to that agent now: ready, nothing open, nobody else has it unless its access allows.
bool volume_can_attach(const struct draft *d, const struct volume_row *v, uint64_t agent);
// "volume 'db-3'", for sentences; in the arena.
const char *volume_says(const struct draft *d, const struct volume_row *v);

#endif
