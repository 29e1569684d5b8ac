// SPDX-License-Identifier: Apache-2.0
// What a volume is called at the storage: made of its UUID and the cluster, so that both can be told from the name alone.
#ifndef PROVIDER_NAME_H
#define PROVIDER_NAME_H

#include "base/id.h"

enum { STORAGE_NAME = 32 }; // 31 characters and the NUL: the shortest bound among the systems we know

// "g-", 26 characters of the UUID, 3 of the cluster's hash.
void storage_name(const char *cluster, struct uuid volume, char ret_name[STORAGE_NAME]);
// The volume, if the name is one that storage_name made for this cluster.
MUST_USE bool storage_name_parse(const char *name, const char *cluster, struct uuid *ret_volume);

#endif
