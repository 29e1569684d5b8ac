// SPDX-License-Identifier: Apache-2.0
// The line that tells how far it is.
#include "cli/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/quantity.h"
#include "cli/output.h"
#include "cli/table.h"
#include "sys/clock.h"

enum { PAUSE_LEAST_MS = 20, PAUSE_MOST_MS = 1000 };

struct progress progress_begin(bool quiet, int64_t most_ms) {
    struct progress p = {.terminal = isatty(STDERR_FILENO), .begun_ms = clock_mono_ms()};
    p.quiet = quiet && !p.terminal;
    p.until_ms = most_ms ? p.begun_ms + most_ms : 0;
    return p;
}

void progress_end(struct progress *p) {
    if (p->terminal && p->said.size) fputs("\r\033[K", stderr);
    text_done(&p->said);
}

// Bytes of the text that fit the terminal beside `taken` columns: a line that wraps could not be drawn over.
static int fitting(const struct text *line, size_t taken) {
    struct winsize w;
    size_t columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
    size_t size = 0;
    for (size_t left = columns > taken + 1 ? columns - taken - 1 : 0; size < line->size; size++) {
        bool begins = ((unsigned char)line->data[size] & 0xc0) != 0x80;
        if (begins && left-- == 0) break;
    }
    return (int)size;
}

static void line_draw(const struct progress *p) {
    char age[QUANTITY_TEXT];
    int64_t ms = clock_mono_ms() - p->begun_ms;
    duration_text(ms - ms % 100, age);
    fprintf(stderr, "\r\033[K%.*s (%s)", fitting(&p->said, strlen(age) + 3), p->said.data, age);
    fflush(stderr);
}

void progress_say(struct progress *p, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *raw = NULL;
    must(vasprintf(&raw, format, arguments) >= 0);
    va_end(arguments);
    AUTO_TEXT struct text now = {0};
    table_clean(&now, raw);
    free(raw);
    bool same = text_equal(text_string(&now), text_string(&p->said));
    text_clear(&p->said);
    text_add(&p->said, text_string(&now));
    if (p->quiet || !p->said.size) return;
    if (p->terminal)
        line_draw(p);
    else if (!same)
        fprintf(stderr, "%s\n", p->said.data);
}

struct err *progress_pause(struct progress *p) {
    int64_t ms = (int64_t)PAUSE_LEAST_MS << (p->pauses < 12 ? p->pauses / 2 : 6), now = clock_mono_ms();
    if (ms > PAUSE_MOST_MS) ms = PAUSE_MOST_MS;
    p->pauses++;
    if (p->until_ms && now >= p->until_ms) {
        char age[QUANTITY_TEXT];
        return err_new(ERR_TIMEOUT, "%s; not waited for any longer than %s, it goes on without us",
                       text_string(&p->said), duration_text(p->until_ms - p->begun_ms, age));
    }
    if (p->until_ms && ms > p->until_ms - now) ms = p->until_ms - now;
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
    return NULL;
}
