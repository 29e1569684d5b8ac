// SPDX-License-Identifier: Apache-2.0
// Opens a store by the name of its kind and gives it a thread of its own. The only part of this folder that knows the
// loop.
#ifndef STORE_OPEN_H
#define STORE_OPEN_H

#include "store/store.h"

// Like store_open_by_hand, but the work is done by a worker and answered through options->loop. One worker per store.
// ERR_INVALID names the kinds there are. Close it before the loop is freed; what was in flight is freed in
// the loop's next turn.
MUST_USE struct err *store_open(const struct store_options *options, struct store **ret_store);

#endif
