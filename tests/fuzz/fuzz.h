// SPDX-License-Identifier: Apache-2.0
// What each fuzz target offers: libFuzzer calls it with inputs of its own, replay.c with those of the corpus.
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Ends the process, as the sanitizers do, when a property does not hold.
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
