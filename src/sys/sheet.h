// SPDX-License-Identifier: Apache-2.0
// A sheet of key=value lines: what processes of one host leave for each other in files and say over sockets. Keys may
// repeat; values may hold anything but NUL. Knows no key's meaning.
#ifndef SYS_SHEET_H
#define SYS_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/vec.h"

struct sheet_line {
    char *key, *value;
};
VEC_TYPE(sheet, struct sheet_line); // zeroed is valid and empty

void sheet_done(struct sheet *s);
void sheet_add(struct sheet *s, const char *key, const char *value); // NULL value: nothing is added
void sheet_add_u64(struct sheet *s, const char *key, uint64_t value);
void sheet_set(struct sheet *s, const char *key, const char *value); // replaces all of that key; NULL: removes them
void sheet_set_u64(struct sheet *s, const char *key, uint64_t value);
// The first value of that key, or NULL. Borrowed.
const char *sheet_get(const struct sheet *s, const char *key);
// The value of the index'th line of that key (from 0), or NULL. Borrowed.
const char *sheet_nth(const struct sheet *s, const char *key, size_t index);
const char *sheet_text(const struct sheet *s, const char *key); // "" when absent
uint64_t sheet_u64(const struct sheet *s, const char *key);     // 0 when absent or no number
bool sheet_flag(const struct sheet *s, const char *key);        // the value is "1"

enum { SHEET_LARGEST = 1 << 20 };
// The bytes of a sheet, and back (adds to ret_sheet). At most SHEET_LARGEST bytes. Given: end with free().
MUST_USE char *sheet_write(const struct sheet *s, size_t *ret_size);
MUST_USE struct err *sheet_parse(const char *bytes, size_t size, struct sheet *ret_sheet);
// Durable: whole or not there.
MUST_USE struct err *sheet_save(const struct sheet *s, const char *path);
MUST_USE struct err *sheet_load(const char *path, struct sheet *ret_sheet);
// The same, and a file that certainly does not exist adds nothing.
MUST_USE struct err *sheet_load_if_there(const char *path, struct sheet *ret_sheet);

#define AUTO_SHEET __attribute__((cleanup(sheet_done)))

#endif
