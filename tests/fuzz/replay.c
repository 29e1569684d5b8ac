// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over every file of a corpus, each as it is, cut short at several lengths, and with single bytes changed.
// Usage: replay CORPUS_FOLDER. Any compiler will do; a broken property ends the process.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz.h"

enum { LARGEST = 1 << 20, CUTS = 64, CHANGES = 256 };

// Always from an exact allocation, so that a sanitizer sees a read behind the end.
static void run(const uint8_t *bytes, size_t size) {
    uint8_t *copy = mem_copy(bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_variants(uint8_t *bytes, size_t size) {
    run(bytes, size);
    for (size_t i = 0; i < CUTS && i < size; i++) run(bytes, size * i / CUTS);
    uint32_t chance = 1;
    for (size_t i = 0; i < CHANGES && size; i++) {
        chance = chance * 1664525 + 1013904223;
        size_t at = (chance >> 8) % size;
        uint8_t old = bytes[at];
        bytes[at] = (uint8_t)(chance >> 24);
        run(bytes, size);
        bytes[at] = old;
    }
}

static int run_file(const char *path) {
    uint8_t *bytes = mem_zero(LARGEST, 1);
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        free(bytes);
        return 1;
    }
    size_t size = fread(bytes, 1, LARGEST, file);
    fclose(file);
    run_variants(bytes, size);
    free(bytes);
    return 0;
}

int main(int argc, char **argv) {
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    int files = 0, failed = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.') continue;
        AUTO_FREE char *path = mem_format("%s/%s", argv[1], entry->d_name);
        failed |= run_file(path);
        files++;
    }
    closedir(folder);
    printf("%d files\n", files);
    return failed || !files; // an empty corpus proves nothing
}
