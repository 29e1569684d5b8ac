// SPDX-License-Identifier: Apache-2.0
// I2: what was acknowledged to operators and frameworks, and whether the registry still has it so.
#include "sim.h"

#include <stdlib.h>

struct promise {
    enum promised state;
    uint64_t size; // at least
};

static struct promise *promise_get(struct sim *s, const char *what, const char *name) {
    AUTO_FREE char *key = mem_format("%s %s", what, name);
    union map_value *v = map_put_text(&s->promises, key, NULL);
    if (!v->p) v->p = NEW(struct promise);
    return v->p;
}

void promise_set(struct sim *s, const char *what, const char *name, enum promised state) {
    promise_get(s, what, name)->state = state;
}

void promise_answered(struct sim *s, const char *what, const char *name, enum promised asked, enum promised then) {
    struct promise *p = promise_get(s, what, name);
    if (p->state == asked) p->state = then;
}

void promise_size(struct sim *s, const char *what, const char *name, uint64_t size) {
    struct promise *p = promise_get(s, what, name);
    if (p->size < size) p->size = size;
}

void promises_done(struct sim *s) {
    MAP_EACH (entry, &s->promises) free(entry->value.p);
    map_done(&s->promises);
}

// Whatever its owner: no two in the simulation have one name.
static const struct volume_row *volume_of(const struct state *state, const char *name) {
    STATE_EACH(VOLUME, volume_row, v, state) {
        if (text_equal(v->name, name)) return v;
    }
    return NULL;
}

static void volume_check(struct sim *s, const char *what, const char *name, const struct promise *p) {
    const struct volume_row *v = volume_of(master_state(s->master), name);
    bool gone = !v || v->released;
    if (p->state == PROMISED_THERE && gone) sim_fail(s, "I2: %s %s was acknowledged and is not there", what, name);
    if (p->state == PROMISED_GONE && !gone && v->state != VOLUME_FAILED)
        sim_fail(s, "I2: the end of %s %s was acknowledged and it is %s", what, name, volume_state_name(v->state));
    if (gone || (v->charge.bytes.n >= p->size) || v->grow_to.n >= p->size) return;
    sim_fail(s, "I2: %s %s was to have %llu bytes and has %llu", what, name, (unsigned long long)p->size,
             (unsigned long long)v->charge.bytes.n);
}

static void reservation_check(struct sim *s, const char *name, const struct promise *p) {
    uint64_t id;
    must(text_to_u64(name, &id));
    bool there = state_reservation(master_state(s->master), id);
    if (p->state == PROMISED_THERE && !there) sim_fail(s, "I2: reservation %s was acknowledged and is not there", name);
    if (p->state == PROMISED_GONE && there) sim_fail(s, "I2: the end of reservation %s was acknowledged", name);
}

void promises_check(struct sim *s) {
    if (!s->master) return;
    MAP_EACH (entry, &s->promises) {
        const char *key = entry->key.bytes, *name = strchr(key, ' ') + 1;
        AUTO_FREE char *what = mem_format("%.*s", (int)(name - key - 1), key);
        if (text_equal(what, PROMISE_RESERVATION))
            reservation_check(s, name, entry->value.p);
        else
            volume_check(s, what, name, entry->value.p);
    }
}
