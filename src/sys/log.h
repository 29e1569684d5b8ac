// SPDX-License-Identifier: Apache-2.0
// Log lines of a daemon on standard error: time, level, what happened, key=value. Only edges (daemon, cli) log.
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include <stdbool.h>

#include "base/must.h"

enum log_level { LOG_DEBUG_LEVEL, LOG_INFO_LEVEL, LOG_WARN_LEVEL, LOG_ERROR_LEVEL };

void log_set(enum log_level least, bool json, const char *process);
// One line: "2026-01-31T12:00:00.123Z INFO master: <message>". Line feeds in it are shown as spaces.
void log_debug(const char *format, ...) PRINTF(1, 2);
void log_info(const char *format, ...) PRINTF(1, 2);
void log_warn(const char *format, ...) PRINTF(1, 2);
void log_error(const char *format, ...) PRINTF(1, 2);

#endif
