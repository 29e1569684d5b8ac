// SPDX-License-Identifier: Apache-2.0
// Recovery with the driver reading in a thread of its own, ahead of the owner who takes what was read.
#ifndef STORE_AHEAD_H
#define STORE_AHEAD_H

#include "store/driver.h"

// As the driver's own `recover`; the reader's functions run in the caller's thread.
MUST_USE struct err *store_recover_ahead(const struct store_driver *driver, void *state,
                                         const struct store_reader *reader);

#endif
