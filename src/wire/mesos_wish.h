// SPDX-License-Identifier: Apache-2.0
// What SUBSCRIBE wishes of offers, as core/offer_wish.h has it.
#ifndef WIRE_MESOS_WISH_H
#define WIRE_MESOS_WISH_H

#include "wire/mesos.h"

// Into c, whose roles are read. INVALID says what is wrong; roles of filters that the framework does not have are passed
// over, those of constraints are not.
MUST_USE struct err *mesos_wishes_read(struct symbols *s, const Mesos__V1__Scheduler__Call__Subscribe *call,
                                       struct arena *arena, struct cmd_subscribe *c);

#endif
