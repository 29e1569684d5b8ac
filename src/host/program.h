// SPDX-License-Identifier: Apache-2.0
// Where a host keeps its programs. Starts none.
#ifndef HOST_PROGRAM_H
#define HOST_PROGRAM_H

#include "base/must.h"

// The path of a program that can be run, `root` before it ("" for this host); NULL when there is none of that name. Given.
MUST_USE char *program_find(const char *root, const char *name);

#endif
