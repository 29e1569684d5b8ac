// SPDX-License-Identifier: Apache-2.0
// Wraps a store and lets its writing calls fail by a script, so that owners meet each failure in tests. Pure.
#include "store/flaky.h"

#include <stdlib.h>

#include "base/mem.h"

struct flaky {
    struct flaky_script *script;
    const struct store_driver *inner;
    void *state;
};

// Counts a writing call. An error says that it must not be carried out.
static struct err *flaky_before(struct flaky *f) {
    struct flaky_script *s = f->script;
    s->calls++;
    if (s->delay && s->delay_every && s->calls % s->delay_every == 0) s->delay(s->delay_arg);
    if (s->full_from && s->calls >= s->full_from && (!s->full_until || s->calls < s->full_until)) {
        return err_new(ERR_FULL, "call %llu: the disk is full, as the script says", (unsigned long long)s->calls);
    }
    if (s->calls == s->io_error_at) {
        return err_new(ERR_IO, "call %llu: the flush failed, as the script says", (unsigned long long)s->calls);
    }
    return NULL;
}

// After a call was carried out: is its answer lost?
static struct err *flaky_after(const struct flaky *f, struct err *error) {
    if (error || f->script->calls != f->script->lost_answer_at) return error;
    return err_new(ERR_IO, "call %llu: the answer was lost, as the script says", (unsigned long long)f->script->calls);
}

static struct err *flaky_open(const struct store_options *options, void **ret_state) {
    struct flaky_script *script = options->flaky;
    if (!script || !script->inner) return err_new(ERR_INVALID, "the flaky store wraps another, and none was given");
    if (script->open_fails) return err_new(ERR_IO, "opening fails, as the script says");
    void *state = NULL;
    TRY(script->inner->open(options, &state));
    struct flaky *f = NEW(struct flaky);
    *f = (struct flaky){script, script->inner, state};
    *ret_state = f;
    return NULL;
}

static void flaky_close(void *state) {
    struct flaky *f = state;
    f->inner->close(f->state);
    free(f);
}

static struct err *flaky_recover(void *state, const struct store_reader *reader) {
    struct flaky *f = state;
    return f->inner->recover(f->state, reader);
}

static struct err *flaky_append(void *state, const struct store_record *records, size_t count) {
    struct flaky *f = state;
    TRY(flaky_before(f));
    return flaky_after(f, f->inner->append(f->state, records, count));
}

static struct err *flaky_read(void *state, uint64_t from, bool (*entry)(void *arg, const struct store_record *r),
                              void *arg) {
    struct flaky *f = state;
    return f->inner->read(f->state, from, entry, arg);
}

static struct err *flaky_put(void *state, const struct store_object *objects, size_t count) {
    struct flaky *f = state;
    TRY(flaky_before(f));
    return flaky_after(f, f->inner->put(f->state, objects, count));
}

static struct err *flaky_through(void *state, uint64_t seq) {
    struct flaky *f = state;
    TRY(flaky_before(f));
    return flaky_after(f, f->inner->through(f->state, seq));
}

static struct err *flaky_trim(void *state, uint64_t seq, size_t limit, bool *ret_more) {
    struct flaky *f = state;
    TRY(flaky_before(f));
    return flaky_after(f, f->inner->trim(f->state, seq, limit, ret_more));
}

static struct err *flaky_ballast_release(void *state) {
    struct flaky *f = state;
    return f->inner->ballast_release ? f->inner->ballast_release(f->state) : NULL;
}

static struct err *flaky_ballast_restore(void *state) {
    struct flaky *f = state;
    return f->inner->ballast_restore ? f->inner->ballast_restore(f->state) : NULL;
}

static struct err *flaky_tend(void *state) {
    struct flaky *f = state;
    return f->inner->tend ? f->inner->tend(f->state) : NULL;
}

static void flaky_measure(void *state, struct store_measure *ret_measure) {
    struct flaky *f = state;
    f->inner->measure(f->state, ret_measure);
}

const struct store_driver store_flaky = {
    .name = "flaky",
    .open = flaky_open,
    .close = flaky_close,
    .recover = flaky_recover,
    .append = flaky_append,
    .read = flaky_read,
    .put = flaky_put,
    .through = flaky_through,
    .trim = flaky_trim,
    .ballast_release = flaky_ballast_release,
    .ballast_restore = flaky_ballast_restore,
    .tend = flaky_tend,
    .measure = flaky_measure,
};
