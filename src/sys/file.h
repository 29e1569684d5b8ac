// SPDX-License-Identifier: Apache-2.0
// Descriptors that close themselves, and files that are whole and durable or not there. Knows no file's meaning.
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/text.h"

// Closes a descriptor variable at the end of its scope (negative ones are left alone): AUTO_FD int fd = open(...);
#define AUTO_FD __attribute__((cleanup(fd_auto_close)))
void fd_auto_close(int *fd);
int fd_take(int *fd); // gives the value and sets the variable to -1

// Reads a whole file of at most `limit` bytes (ERR_TOO_LARGE past that). Adds to ret_text.
MUST_USE struct err *file_read(const char *path, size_t limit, struct text *ret_text);
// Replaces the file: temporary beside it, fsync, rename, fsync of the directory.
MUST_USE struct err *file_write(const char *path, const void *bytes, size_t size, mode_t mode);
// All directories of the path, each with `mode`; existing ones are fine.
MUST_USE struct err *directory_make(const char *path, mode_t mode);
MUST_USE struct err *directory_sync(const char *path);
bool file_exists(const char *path);
// For decisions that harm when they are wrong: only a clear "no such file" counts as no. Links are not followed.
MUST_USE struct err *file_look(const char *path, bool *ret_there);
// Locks a file of its own (made when missing) until the descriptor is closed; waits at most `ms`. ERR_TIMEOUT: another
// opening of it has the lock.
MUST_USE struct err *file_lock(const char *path, int64_t ms, int *ret_fd);
// Removes a tree below `path` without following links or crossing into another mount; says what it could not remove. What
// of it denies its owner to write or read is permitted first.
MUST_USE struct err *tree_remove(const char *path);
// The same, and overwrites what its files hold first: a file that cannot be overwritten stays.
MUST_USE struct err *tree_wipe(const char *path);
// Writes zeros over bytes `from` to `to` of an open file; false with errno.
MUST_USE bool file_zero(int fd, uint64_t from, uint64_t to);
// Zeros over all that was ever written to an open file, durable; holes hold nothing. `shown` is for messages.
MUST_USE struct err *file_overwrite(int fd, const char *shown);
// Fills with bytes of the kernel's random source.
void entropy_fill(void *bytes, size_t size);

#endif
