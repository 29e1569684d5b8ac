// SPDX-License-Identifier: Apache-2.0
// The driver without storage: no pools, no volumes. Shows the least that a table must have.
#include "driver/drivers.h"

static struct err *null_open(const struct driver_config *config, void **ret_self) {
    if (config->pool_count)
        return err_new(ERR_INVALID, "the driver 'null' has no pools, but %zu are given", config->pool_count);
    *ret_self = NULL;
    return NULL;
}

static void null_close(void *self UNUSED) {}

static struct err *null_inventory(void *self UNUSED, const struct driver_call *call UNUSED,
                                  struct driver_inventory *ret_inventory) {
    *ret_inventory = (struct driver_inventory){0};
    return NULL;
}

static struct err *null_list(void *self UNUSED, const struct driver_call *call UNUSED, const char *token UNUSED,
                             size_t most UNUSED, struct driver_objects *ret_objects) {
    *ret_objects = (struct driver_objects){0};
    return NULL;
}

const struct driver driver_null = {
    .name = "null",
    .help = "no storage at all",
    .capabilities = DRIVER_LIST,
    .parallel = true,
    .open = null_open,
    .close = null_close,
    .inventory = null_inventory,
    .list = null_list,
};
