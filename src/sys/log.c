// SPDX-License-Identifier: Apache-2.0
// One write per log line, so that lines of several processes on one standard error never mix.
#include "sys/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

static struct {
    enum log_level least;
    bool json;
    const char *process;
} log_state = {LOG_INFO_LEVEL, false, "granary"};

static const char *const level_names[] = {
    [LOG_DEBUG_LEVEL] = "DEBUG", [LOG_INFO_LEVEL] = "INFO", [LOG_WARN_LEVEL] = "WARN", [LOG_ERROR_LEVEL] = "ERROR"};

void log_set(enum log_level least, bool json, const char *process) {
    log_state.least = least;
    log_state.json = json;
    log_state.process = process;
}

static void time_add(struct text *line) {
    struct timespec now;
    struct tm utc;
    must(clock_gettime(CLOCK_REALTIME, &now) == 0 && gmtime_r(&now.tv_sec, &utc));
    text_addf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
              utc.tm_hour, utc.tm_min, utc.tm_sec, now.tv_nsec / 1000000);
}

// How many bytes the UTF-8 sequence at `c` has; 0 when it is none.
static size_t utf8_length(const unsigned char *c) {
    size_t length = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : *c < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80) return 0; // also stops at the NUL
    }
    bool overlong = (*c == 0xe0 && c[1] < 0xa0) || (*c == 0xf0 && c[1] < 0x90);
    bool outside = (*c == 0xed && c[1] > 0x9f) || (*c == 0xf4 && c[1] > 0x8f);
    return overlong || outside ? 0 : length;
}

// What came from outside must not forge lines or drive a terminal, and JSON must be valid whatever the bytes are:
// control characters are shown as spaces, bytes that are no UTF-8 as '?'.
static void message_add(struct text *line, const char *message, bool json) {
    for (const unsigned char *c = (const unsigned char *)message; *c;) {
        size_t length = utf8_length(c);
        if (length < 2) {
            if (json && (*c == '"' || *c == '\\')) text_add_char(line, '\\');
            text_add_char(line, !length ? '?' : *c < 0x20 || *c == 0x7f ? ' ' : (char)*c);
        } else {
            text_add_n(line, c, length);
        }
        c += length ? length : 1;
    }
}

static void line_add(struct text *line, enum log_level level, const char *message) {
    text_add(line, log_state.json ? "{\"time\":\"" : "");
    time_add(line);
    if (log_state.json) {
        text_addf(line, "\",\"level\":\"%s\",\"process\":\"", level_names[level]);
        message_add(line, log_state.process, true);
        text_add(line, "\",\"message\":\"");
    } else {
        text_addf(line, " %s %s: ", level_names[level], log_state.process);
    }
    message_add(line, message, log_state.json);
    text_add(line, log_state.json ? "\"}\n" : "\n");
}

static void log_write(enum log_level level, const char *format, va_list args) PRINTF(2, 0);

static void log_write(enum log_level level, const char *format, va_list args) {
    if (level < log_state.least) return;
    char *message = NULL;
    must(vasprintf(&message, format, args) >= 0);
    AUTO_TEXT struct text line = {0};
    line_add(&line, level, message);
    mem_auto_free(&message);
    ssize_t written = write(STDERR_FILENO, line.data, line.size); // nowhere to report a failure of the log itself
    (void)written;
}

#define LOG_FUNCTION(name, level)                                                                                      \
    void name(const char *format, ...) {                                                                               \
        va_list args;                                                                                                  \
        va_start(args, format);                                                                                        \
        log_write(level, format, args);                                                                                \
        va_end(args);                                                                                                  \
    }
LOG_FUNCTION(log_debug, LOG_DEBUG_LEVEL)
LOG_FUNCTION(log_info, LOG_INFO_LEVEL)
LOG_FUNCTION(log_warn, LOG_WARN_LEVEL)
LOG_FUNCTION(log_error, LOG_ERROR_LEVEL)
