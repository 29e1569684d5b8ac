// SPDX-License-Identifier: Apache-2.0
// A store that wraps another and fails as its script says. Pure.
#ifndef STORE_FLAKY_H
#define STORE_FLAKY_H

#include "store/driver.h"

extern const struct store_driver store_flaky;

// What goes wrong with the writing calls (append, put, through, trim), counted from 1 since the script was made. 0:
// never. The owner may change it between calls of the store's door.
struct flaky_script {
    const struct store_driver *inner;
    uint64_t calls;           // how many there were
    uint64_t full_from;       // from this call on the disk is full ...
    uint64_t full_until;      // ... up to this one, which works again
    uint64_t io_error_at;     // this call fails before anything is written
    uint64_t lost_answer_at;  // this call is carried out and then fails: it may or may not have happened
    uint64_t delay_every;     // each n-th call waits first ...
    void (*delay)(void *arg); // ... by calling this
    void *delay_arg;
    bool open_fails;
};

#endif
