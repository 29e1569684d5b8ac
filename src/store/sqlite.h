// SPDX-License-Identifier: Apache-2.0
// The embedded store: one directory with an SQLite database in WAL mode, a lock and a ballast file. What happens after
// a failed flush is said in store.h.
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/driver.h"

extern const struct store_driver store_sqlite;

#endif
