// SPDX-License-Identifier: Apache-2.0
// Requests of the REST API as commands: fields checked, texts interned, fine-grained tags refused. Places nothing.
#ifndef WIRE_REQUEST_H
#define WIRE_REQUEST_H

#include "core/command.h"
#include "core/explain.h"
#include "granary_api.pb-c.h"
#include "wire/intake.h"

// The role of a request: NULL and "" are "*". Whose it is when nobody speaks for a framework.
MUST_USE struct err *owner_read(struct intake *in, const char *role, struct owner *ret_owner);

// `tags` are always refused: the sentence names a class to ask for instead.
MUST_USE struct err *volume_create_read(struct intake *in, const struct state *s, const Granary__VolumeCreate *m,
                                        struct cmd_volume_create *ret_command);
MUST_USE struct err *volume_grow_read(const Granary__VolumeGrow *m, uint64_t volume, struct cmd_volume *ret_command);
MUST_USE struct err *volume_publish_read(const Granary__VolumePublish *m, uint64_t volume,
                                         struct cmd_volume *ret_command);
MUST_USE struct err *reservation_create_read(struct intake *in, const Granary__ReservationCreate *m,
                                             struct cmd_reservation_create *ret_command);
MUST_USE struct err *request_apply_read(struct intake *in, const Granary__RequestApply *m,
                                        struct cmd_request_apply *ret_command);
// In the arena.
Granary__ClassPassedOver *passed_over_message(const char *volume, const char *note, struct arena *arena);
// `name` is the path's; the document's own must be the same.
MUST_USE struct err *class_apply_read(struct intake *in, const char *name, const Granary__Class *m,
                                      struct cmd_class_apply *ret_command);
MUST_USE struct err *role_set_read(struct intake *in, const char *role, const Granary__RoleSet *m,
                                   struct cmd_role_set *ret_command);
// Either *ret_volume (another volume is explained) or *ret_want. A volume is named within the role, or by its UUID.
MUST_USE struct err *explain_read(struct intake *in, const struct state *s, const Granary__ExplainRequest *m,
                                  struct want *ret_want, uint64_t *ret_volume);
// The volume of that name (or UUID) of that role. NOT_FOUND says what there is.
MUST_USE struct err *volume_find(struct intake *in, const struct state *s, const char *role, const char *name,
                                 const struct volume_row **ret_volume);

#endif
