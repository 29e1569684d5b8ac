// SPDX-License-Identifier: Apache-2.0
// What an operator wrote about a provider: for its driver, and what is added to what the driver says.
#ifndef DAEMON_PROVIDER_CONFIG_H
#define DAEMON_PROVIDER_CONFIG_H

#include "granary/driver.h"
#include "model/setting.h"
#include "provider/provider.h"

struct provider_config {
    struct driver_config driver; // not yet checked against the driver's table
    const struct provider_tier_setup *tiers;
    size_t tier_count;
};

// Reads the trees of the settings. Errors name the line. Lives in the arena.
MUST_USE struct err *provider_config_read(const struct settings *s, struct arena *arena,
                                          struct provider_config *ret_config);

#endif
