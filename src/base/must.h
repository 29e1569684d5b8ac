// SPDX-License-Identifier: Apache-2.0
// Assertions for our own bugs, always on. Never used on input, disk or network content: that is err.h.
#ifndef BASE_MUST_H
#define BASE_MUST_H

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define UNUSED __attribute__((unused))

// Ends the process, naming the broken expectation, when `condition` is false.
#define must(condition) ((condition) ? (void)0 : must_failed(#condition, __FILE__, __LINE__))

_Noreturn void must_failed(const char *condition, const char *file, int line);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
