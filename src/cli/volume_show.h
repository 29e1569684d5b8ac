// SPDX-License-Identifier: Apache-2.0
// Volumes for people: the list, and all about one.
#ifndef CLI_VOLUME_SHOW_H
#define CLI_VOLUME_SHOW_H

#include "base/arena.h"
#include "base/text.h"
#include "granary_api.pb-c.h"

// `filtered`: an empty list may have others besides.
void volumes_write(const Granary__VolumeList *list, bool filtered, struct text *out, struct arena *arena);
void volume_write(const Granary__Volume *v, struct text *out, struct arena *arena);

#endif
