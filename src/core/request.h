// SPDX-License-Identifier: Apache-2.0
// What people ask for by REST and command line: classes, roles, volumes, reservations.
#ifndef CORE_REQUEST_H
#define CORE_REQUEST_H

#include "core/broker.h"
#include "core/command.h"

MUST_USE struct err *decide_class_apply(struct draft *d, const struct cmd_class_apply *c, struct answer *ret_answer);
MUST_USE struct err *decide_class_remove(struct draft *d, const char *name);
MUST_USE struct err *decide_role_set(struct draft *d, const struct cmd_role_set *c);
MUST_USE struct err *decide_volume_create(struct draft *d, const struct cmd_volume_create *c,
                                          struct answer *ret_answer);
MUST_USE struct err *decide_volume_grow(struct draft *d, const struct cmd_volume *c);
MUST_USE struct err *decide_volume_delete(struct draft *d, const struct cmd_volume *c);
MUST_USE struct err *decide_volume_publish(struct draft *d, const struct cmd_volume *c, struct answer *ret_answer);
MUST_USE struct err *decide_volume_unpublish(struct draft *d, const struct cmd_volume *c);
MUST_USE struct err *decide_reservation_create(struct draft *d, const struct cmd_reservation_create *c,
                                               struct answer *ret_answer);
MUST_USE struct err *decide_reservation_remove(struct draft *d, uint64_t reservation);
// Its time is over, and nobody made a volume of what is left.
void reservation_expire(struct draft *d, uint64_t reservation);

#endif
