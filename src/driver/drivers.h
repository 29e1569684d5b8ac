// SPDX-License-Identifier: Apache-2.0
// The drivers there are, listed by hand.
#ifndef DRIVER_DRIVERS_H
#define DRIVER_DRIVERS_H

#include "granary/driver.h"

extern const struct driver driver_null, driver_memory, driver_flaky, driver_file;

// Ends with NULL.
extern const struct driver *const drivers[];

// ERR_NOT_FOUND names the drivers there are, and the nearest name.
MUST_USE struct err *driver_find(const char *name, const struct driver **ret_driver);

#endif
