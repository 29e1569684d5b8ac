// SPDX-License-Identifier: Apache-2.0
// A driver opened for the conformance suite, with a pool to work in and ways to disturb it. One world per test.
#ifndef TESTS_DRIVER_WORLD_H
#define TESTS_DRIVER_WORLD_H

#include "driver/door.h"

// How a driver is brought up for the suite. Directories are made below a scratch directory of the test's own.
struct driver_case {
    const char *name;
    const struct driver *driver;
    const struct driver *inner; // wrapped by the driver 'flaky' with `schedule`; NULL: plain
    const char *schedule;
    const struct driver_pair *pool_settings; // "@" in a value stands for the scratch directory
    size_t pool_setting_count;
    bool no_pools;
    bool retries; // answers unknown now and then: the suite repeats such calls, as the provider process does
    // Puts an object into the pool that nobody made through the driver; NULL: the suite cannot.
    void (*add_foreign)(void *self, const char *scratch);
    bool (*foreign_there)(void *self, const char *scratch);
    bool refuses_second_host;
    bool needs_loop;
    const char *(*host)(void); // the identity of this host; NULL: any name will do
};

struct driver_world {
    const struct driver_case *of;
    char scratch[64];
    void *inner_self, *self;
    struct door *inner_door, *door;
    struct arena arena;
    unsigned capabilities; // of the pool
    struct driver_call call;
};

enum { WORLD_CAPACITY = 64 << 20 };

void world_open(struct driver_world *w, const struct driver_case *of);
void world_close(struct driver_world *w);
// One call, repeated while it answers unknown if the case says so.
struct err *world_run(struct driver_world *w, const struct driver_request *request, struct driver_answer *ret_answer);
struct driver_volume world_volume(struct driver_world *w, unsigned number);
struct driver_pool world_pool(struct driver_world *w);
struct err *world_create(struct driver_world *w, unsigned number, uint64_t size, struct driver_created *ret_created);
struct err *world_remove(struct driver_world *w, unsigned number);
// All pages of `most` objects each.
struct driver_objects world_list(struct driver_world *w, size_t most);
// How many listed objects are that volume.
size_t world_listed(struct driver_world *w, unsigned number, struct driver_object *ret_object);

// Runs the whole suite on a driver; the number of failed tests.
int driver_conform(const struct driver_case *of);

#endif
