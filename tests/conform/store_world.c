// SPDX-License-Identifier: Apache-2.0
// Waits for a store by turning its loop, or by hand.
#include "store_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/vec.h"
#include "sys/file.h"
#include "sys/loop.h"

static void world_must(struct err *e) {
    if (e) fail_msg("%s", err_text(e));
}

struct world *world_new(const struct variant *v) {
    struct world *w = NEW(struct world);
    w->variant = v;
    w->schema = 1;
    w->ballast = 65536; // enough to be seen coming and going, and quick to write
    w->disk = memory_disk_new();
    w->script.inner = v->inner;
    snprintf(w->directory, sizeof w->directory, "/tmp/granary-store-XXXXXX");
    assert_non_null(mkdtemp(w->directory));
    world_must(loop_new(&w->loop));
    return w;
}

static void world_stop(void *arg) {
    loop_stop(arg);
}

void world_free(struct world *w) {
    world_close(w);
    loop_post(w->loop, world_stop, w->loop); // one more turn: it frees what was in flight
    loop_run(w->loop);
    memory_disk_free(w->disk);
    loop_free(w->loop);
    text_done(&w->answers);
    world_must(tree_remove(w->directory));
    free(w);
}

struct err *world_try_open(struct world *w, struct store **ret_store) {
    struct store_options options = {
        .kind = w->variant->kind,
        .path = w->directory,
        .schema = w->schema,
        .ballast = w->ballast,
        .loop = w->loop,
        .disk = w->disk,
        .flaky = &w->script,
    };
    if (w->variant->by_hand) {
        return store_open_by_hand(w->variant->inner ? &store_flaky : &store_memory, &options, ret_store);
    }
    return store_open(&options, ret_store);
}

static struct err *ignore_object(void *arg, const struct store_object *o) {
    (void)arg, (void)o;
    return NULL;
}

static struct err *ignore_entry(void *arg, const struct store_record *r) {
    (void)arg, (void)r;
    return NULL;
}

void world_open(struct world *w) {
    world_must(world_try_open(w, &w->store));
    world_must(store_recover(w->store, &(struct store_reader){ignore_object, ignore_entry, NULL}));
}

void world_close(struct world *w) {
    store_close(mem_take(w->store));
}

void world_reopen(struct world *w) {
    world_close(w);
    world_open(w);
}

// ---- asking

void world_answer(void *world, const struct err *error, uint64_t durable) {
    struct world *w = world;
    text_addf(&w->answers, "%s:%llu ", error ? err_kind_name(err_kind(error)) : "ok", (unsigned long long)durable);
    if (--w->waiting == 0 && !w->variant->by_hand) loop_stop(w->loop);
}

void world_wait(struct world *w) {
    if (w->variant->by_hand)
        store_settle(w->store);
    else if (w->waiting)
        loop_run(w->loop);
    assert_int_equal(w->waiting, 0);
}

void world_append_text(struct world *w, uint64_t seq, const char *text) {
    struct store_record record = {seq, text, strlen(text)};
    w->waiting++;
    store_append(w->store, (struct store_records){&record, 1}, world_answer, w);
}

void world_append_many(struct world *w, uint64_t first, size_t count, size_t size) {
    AUTO_FREE char *bytes = mem_zero(1, size);
    memset(bytes, 'x', size);
    VEC(struct store_record) records = {0};
    for (size_t i = 0; i < count; i++) vec_push(&records, ((struct store_record){first + i, bytes, size}));
    w->waiting++;
    store_append(w->store, (struct store_records){records.at, records.count}, world_answer, w);
    vec_done(&records);
}

static void world_put_object(struct world *w, struct store_object o) {
    w->waiting++;
    store_checkpoint_put(w->store, &o, 1, world_answer, w);
}

void world_put(struct world *w, uint32_t noun, uint64_t id, uint64_t seq, const char *text) {
    struct store_key key = {.noun = noun, .id = id};
    world_put_object(w, (struct store_object){key, seq, text, text ? strlen(text) : 0});
}

void world_put_named(struct world *w, uint32_t noun, const char *name, uint64_t seq, const char *text) {
    struct store_key key = {.noun = noun, .name = name, .name_size = strlen(name)};
    world_put_object(w, (struct store_object){key, seq, text, text ? strlen(text) : 0});
}

void world_through(struct world *w, uint64_t seq) {
    w->waiting++;
    store_checkpoint_through(w->store, seq, world_answer, w);
}

void world_trim(struct world *w, uint64_t seq) {
    w->waiting++;
    store_trim(w->store, seq, world_answer, w);
}

// ---- what is there

static char shown[1 << 16]; // what the functions below return; one test at a time

static const char *show(struct text *t) {
    assert_true(t->size < sizeof shown);
    memcpy(shown, text_string(t), t->size + 1);
    text_done(t);
    return shown;
}

const char *world_answers(struct world *w) {
    struct text answers = w->answers;
    w->answers = (struct text){0};
    return show(&answers);
}

static struct err *show_object(void *arg, const struct store_object *o) {
    struct text *t = arg;
    text_addf(t, "%u/", o->key.noun);
    if (o->key.name)
        text_add_n(t, o->key.name, o->key.name_size);
    else
        text_add_u64(t, o->key.id);
    text_addf(t, "@%llu%s", (unsigned long long)o->seq, o->bytes ? "=" : "!");
    if (o->size) text_add_n(t, o->bytes, o->size);
    text_add_char(t, ' ');
    return NULL;
}

static struct err *show_entry(void *arg, const struct store_record *r) {
    struct text *t = arg;
    if (!strchr(text_string(t), '|')) text_add(t, "| ");
    text_addf(t, "%llu=%.*s ", (unsigned long long)r->seq, (int)r->size, (const char *)r->bytes);
    return NULL;
}

const char *world_recovered(struct world *w) {
    struct text t = {0};
    world_close(w);
    world_must(world_try_open(w, &w->store));
    world_must(store_recover(w->store, &(struct store_reader){show_object, show_entry, &t}));
    return show(&t);
}

struct journal_show {
    struct world *world;
    struct text text;
};

static struct err *journal_entry(void *arg, const struct store_record *r) {
    struct journal_show *j = arg;
    text_addf(&j->text, "%llu=%.*s ", (unsigned long long)r->seq, (int)r->size, (const char *)r->bytes);
    return NULL;
}

static void journal_end(void *arg, const struct err *error, uint64_t durable) {
    struct journal_show *j = arg;
    assert_null(error);
    world_answer(j->world, error, durable);
}

const char *world_journal(struct world *w, uint64_t from, size_t limit) {
    struct journal_show j = {w, {0}};
    w->waiting++;
    store_read(w->store, from, limit, journal_entry, journal_end, &j);
    world_wait(w);
    return show(&j.text);
}

struct store_stats world_stats(const struct world *w) {
    struct store_stats stats;
    store_stats(w->store, &stats);
    return stats;
}
