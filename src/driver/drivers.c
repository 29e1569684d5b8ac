// SPDX-License-Identifier: Apache-2.0
// The drivers there are, listed by hand.
#include "driver/drivers.h"

#include "base/text.h"

const struct driver *const drivers[] = {&driver_file, &driver_memory, &driver_flaky, &driver_null, NULL};

struct err *driver_find(const char *name, const struct driver **ret_driver) {
    AUTO_TEXT struct text known = {0};
    const char *names[ARRAY_LEN(drivers)];
    size_t count = 0;
    for (const struct driver *const *d = drivers; *d; d++) {
        if (text_equal((*d)->name, name)) {
            *ret_driver = *d;
            return NULL;
        }
        names[count++] = (*d)->name;
        text_addf(&known, "%s%s", count > 1 ? ", " : "", (*d)->name);
    }
    const char *nearest = text_nearest(name, names, count);
    if (nearest) return err_new(ERR_NOT_FOUND, "no driver is called '%s'; did you mean '%s'?", name, nearest);
    return err_new(ERR_NOT_FOUND, "no driver is called '%s'; there are: %s", name, text_string(&known));
}
