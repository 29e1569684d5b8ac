// SPDX-License-Identifier: Apache-2.0
// Checks what an operator wrote for a driver against the driver's table of settings. Reads no file.
#ifndef DRIVER_SETTINGS_H
#define DRIVER_SETTINGS_H

#include "granary/driver.h"

// Unknown keys (naming the nearest known one), missing and doubled ones, and values that are not of their kind are
// errors; what was not given gets its default. `where` begins the sentence ("pool 'main/fast'"). Results live in the
// arena.
MUST_USE struct err *settings_check(const char *where, const struct driver_setting *table,
                                    const struct driver_pairs *given, struct arena *arena,
                                    struct driver_pairs *ret_settings);
// The whole configuration of a provider: names, doubled pools, factors and headroom, then settings at both levels.
MUST_USE struct err *config_check(const struct driver *driver, const struct driver_config *given, struct arena *arena,
                                  struct driver_config *ret_config);

// A pool's factor, store bytes charged per byte granted: "2", "1/3" or "0.25". Both parts are at most 1,000,000.
MUST_USE struct err *factor_parse(const char *text, uint32_t *ret_numerator, uint32_t *ret_denominator);

#endif
