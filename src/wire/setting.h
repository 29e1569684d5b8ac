// SPDX-License-Identifier: Apache-2.0
// Settings from the text of a YAML file. Pure: who reads the file gives its bytes.
#ifndef WIRE_SETTING_H
#define WIRE_SETTING_H

#include "base/arena.h"
#include "model/setting.h"

// Gives each key of the map that `bytes` hold, as FROM_FILE of that name. A key without a value is as one that is not there.
// Trees are struct yaml_node and live in the arena.
MUST_USE struct err *settings_give_yaml(struct settings *s, const char *file, const void *bytes, size_t size,
                                        struct arena *arena);

#endif
