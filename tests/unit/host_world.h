// SPDX-License-Identifier: Apache-2.0
// A host under test: a temporary directory, images in it, a loop, a host, and what its events said. Cleans up all it made.
#ifndef TESTS_HOST_WORLD_H
#define TESTS_HOST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "base/text.h"
#include "host/host.h"
#include "sys/loop.h"

enum { WORLD_TASKS = 64, PATIENCE_MS = 60000 /* for what must come, on a machine that is busy with other things */ };
struct world_task {
    bool started, ended;
    unsigned unseen;
    int64_t pid;
    struct host_end end;
    char message[400];
};
struct world {
    char dir[64], work[80], run[80];
    struct loop *loop;
    struct host *host;
    struct world_task tasks[WORLD_TASKS]; // by number
    unsigned lost, left;                  // attachments, sandboxes
    bool answered;                        // by the last call
    struct err *error;
    struct host_published now;
    char device[64], notes[400];
    uint64_t waiting_for; // task number; or for `lost`
};

// The test's main calls this first: when run as a keeper or as an agent, it does not return.
void world_main(int argc, char **argv);

int world_set_up(void **state);    // root with loop devices, or all tests of the group are skipped
int world_tear_down(void **state); // also checks that nothing is left mounted on the host
void world_open(struct world *w, bool allow_root);

void world_image(struct world *w, const char *name, uint64_t size, struct uuid volume, char ret_path[128]);
void world_directory(struct world *w, const char *name, struct uuid volume, char ret_path[128]);
struct uuid world_uuid(unsigned char n);
struct host_publish world_spec(uint64_t attachment, uint64_t epoch, const char *path, struct uuid volume); // loop, ext4

// Each runs the loop until it is answered; the error (NULL: none) and what is known are in the world.
struct err *world_publish(struct world *w, const struct host_publish *spec);
struct err *world_await(struct world *w, uint64_t attachment);
struct err *world_unpublish(struct world *w, uint64_t attachment, uint64_t epoch);
struct err *world_grow(struct world *w, uint64_t attachment, uint64_t epoch, uint64_t size);
// The first half of those, and the second.
void world_publish_begin(struct world *w, const struct host_publish *spec);
void world_unpublish_begin(struct world *w, uint64_t attachment, uint64_t epoch);
void world_grow_begin(struct world *w, uint64_t attachment, uint64_t epoch, uint64_t size);
struct err *world_answer(struct world *w);
struct err *world_evict(struct world *w, uint64_t attachment);
// Launches a shell command with up to one volume (path NULL: none), waits until it started or ended.
void world_launch(struct world *w, uint64_t number, const char *command, uint64_t attachment, const char *path,
                  bool read_only);
void world_wait_end(struct world *w, uint64_t number);
void world_wait_lost(struct world *w, unsigned count);
struct err *world_kill(struct world *w, uint64_t number, int64_t grace);
// A file in the task's sandbox, without its last line feed. Borrowed until the next call.
const char *world_output(struct world *w, uint64_t number, const char *file);
// Runs the loop until that file of the sandbox holds the words, or until a path is there, or is gone.
void world_wait_output(struct world *w, uint64_t number, const char *file, const char *words);
void world_wait_path(struct world *w, const char *path, bool there);
// Those of the host's mounts that are this test's, as the kernel lists them: other tests may run beside it.
void world_mounts(const struct world *w, struct text *ret);
bool world_image_held(const char *path);
void world_run_for(struct world *w, int64_t ms);
pid_t world_keeper(struct world *w, const char *kind, uint64_t number); // as on disk

void expect_fine(struct err *e);
void expect_err(struct err *e, enum err_kind kind, const char *words); // the sentence contains the words
void expect_text(const char *have, const char *want);

#endif
