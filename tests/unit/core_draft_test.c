// SPDX-License-Identifier: Apache-2.0
// Reading through a draft shows what apply will show: random commands on the small cluster, every row they touched compared.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core_play.h"

enum { RUNS = 12, STEPS = 220, KINDS = 28, NAMES = 4 };
static const char *const names[NAMES] = {"v0", "v1", "v2", "v3"};
static const char *const tasks[NAMES] = {"t0", "t1", "t2", "t3"};
static const char *const agents[] = {"n1", "n2"};

static uint64_t random_below(uint64_t *seed, uint64_t n) {
    *seed = hash_u64(*seed + 0x9e3779b97f4a7c15u);
    return *seed % n;
}

// ---- what a reader sees ----

static void text_see(struct text *to, const char *text) {
    text_addf(to, "%s;", text ? text : "(null)");
}

// The bytes of a row but its pointers and what apply derives, then what its pointers point to.
static void row_see(struct text *to, enum noun noun, const void *row) {
    const struct row_kind *kind = &row_kinds[noun];
    if (!row) {
        text_add(to, "absent");
        return;
    }
    char bytes[1024];
    const char *p;
    assert_true(kind->size <= sizeof bytes);
    memcpy(bytes, row, kind->derived_from);
    for (size_t i = 0; i < ARRAY_LEN(kind->texts) && kind->texts[i]; i++) {
        memcpy(&p, (const char *)row + kind->texts[i], sizeof p);
        memset(bytes + kind->texts[i], 0, sizeof p);
        text_see(to, p);
    }
    for (size_t i = 0; i < ARRAY_LEN(kind->blobs) && kind->blobs[i]; i++) {
        const struct blob *b;
        memcpy(&b, (const char *)row + kind->blobs[i], sizeof b);
        memset(bytes + kind->blobs[i], 0, sizeof b);
        if (b) text_add_n(to, b->bytes, b->size);
        text_add_char(to, ';');
    }
    text_add_n(to, bytes, kind->derived_from); // shared objects are the same ones in both
}

static void list_see(struct text *to, const struct id_list *list) {
    VEC_EACH (id, list) text_addf(to, "%llu,", (unsigned long long)*id);
    text_add_char(to, '\n');
}

struct seen { // of one id
    enum noun noun;
    uint64_t id;
};

// Everything that can be read about these ids: `d` NULL reads the state.
static void all_see(struct text *to, struct play *p, const struct draft *d, const struct seen *ids, size_t count) {
    const struct state *s = p->w->state;
    for (size_t i = 0; i < count; i++) {
        row_see(to, ids[i].noun,
                d ? draft_get(d, ids[i].noun, ids[i].id) : table_get(&s->tables[ids[i].noun], ids[i].id));
        for (enum relation r = 0; r < RELATION_COUNT; r++) {
            struct id_list list = d ? draft_related(d, r, ids[i].id) : *state_related(s, r, ids[i].id);
            list_see(to, &list);
        }
    }
    struct owner owner = {.role = world_symbol(p->w, "web")};
    for (size_t i = 0; i < NAMES; i++) {
        const struct volume_row *v = d ? draft_volume_named(d, owner, names[i]) : play_volume(p, names[i]);
        text_addf(to, "%s=%llu\n", names[i], v ? (unsigned long long)v->id : 0);
    }
    STATE_EACH(FRAMEWORK, framework_row, f, s) {
        for (size_t i = 0; i < NAMES; i++) {
            const struct task_row *t = d ? draft_task_named(d, f->id, tasks[i]) : play_task(p, f->id, tasks[i]);
            text_addf(to, "%s=%llu\n", tasks[i], t ? (unsigned long long)t->id : 0);
        }
    }
    const struct pool_row *pool = state_pool(s, p->pool);
    const struct granted granted = d ? draft_granted(d, pool) : ledger_granted(&s->ledger, pool);
    text_addf(to, "granted %llu, %llu of it by the pool, %llu volumes\n", (unsigned long long)granted.store.bytes,
              (unsigned long long)granted.own.bytes, (unsigned long long)granted.store.volumes);
}

struct watch {
    struct text before;
    VEC(struct seen) ids;
    uint64_t compared;
    bool kinds[128]; // of events that were compared
};

static void watch_draft(struct play *p, const struct draft *d) {
    struct watch *w = p->watch_arg;
    text_clear(&w->before);
    vec_clear(&w->ids);
    VEC_EACH (t, &d->touched) {
        uint64_t id;
        memcpy(&id, t->row, sizeof id);
        vec_push(&w->ids, ((struct seen){t->noun, id}));
    }
    const struct seen others[] = {{NOUN_PROVIDER, p->provider}, {NOUN_AGENT, p->n1}, {NOUN_AGENT, p->n2}};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) vec_push(&w->ids, others[i]);
    STATE_EACH(FRAMEWORK, framework_row, f, p->w->state) vec_push(&w->ids, ((struct seen){NOUN_FRAMEWORK, f->id}));
    // Frameworks of this very command are named by their tasks after it only.
    all_see(&w->before, p, d, w->ids.at, w->ids.count);
}

static void watch_state(struct play *p) {
    struct watch *w = p->watch_arg;
    AUTO_TEXT struct text after = {0};
    if (play_happened(p, EV_framework_added)) return;
    all_see(&after, p, NULL, w->ids.at, w->ids.count);
    if (after.size != w->before.size || memcmp(after.data, w->before.data, after.size) != 0)
        fail_msg("the draft showed something else than apply, at entry %llu", (unsigned long long)p->w->seq);
    w->compared += w->ids.count;
    VEC_EACH (k, &p->happened) w->kinds[*k] = true;
}

// ---- random commands ----

static void provider_answers(struct play *p, uint64_t *chance) {
    const struct id_list *open = state_related(p->w->state, OPEN_OPERATIONS_OF_PROVIDER, p->provider);
    if (!open->count) return;
    const struct operation_row *o = state_operation(p->w->state, open->at[random_below(chance, open->count)]);
    struct command c = play_command(CMD_provider_result);
    c.provider_result = (struct cmd_provider_result){.provider = p->provider,
                                                     .operation = o->id,
                                                     .done = random_below(chance, 5) != 0,
                                                     .error = random_below(chance, 3) ? ERR_FULL : ERR_UNKNOWN,
                                                     .message = "no space left",
                                                     .handle = "image",
                                                     .context = "loop",
                                                     .size = o->size};
    play_ok(p, &c);
}

static void agent_reports(struct play *p, uint64_t *chance, const char *volume) {
    static const enum publish_state says[] = {IS_PUBLISHED, IS_PUBLISHED, IS_UNPUBLISHED, IS_PUBLISH_FAILED};
    if (play_volume(p, volume) && play_attachment(p, volume)) play_says(p, volume, says[random_below(chance, 4)]);
}

static void agent_returns(struct play *p, uint64_t *chance, const char *agent, const char *volume) {
    struct attachment_report has = {0};
    const struct attachment_row *a = play_volume(p, volume) ? play_attachment(p, volume) : NULL;
    if (a && a->agent == play_agent(p, agent)->id) has = play_has(p, volume, IS_PUBLISHED);
    play_hello(p, agent, random_below(chance, 4) ? "boot-1" : "boot-2", has);
}

static void framework_acts(struct play *p, uint64_t *chance, uint64_t framework, const char *agent, size_t i) {
    const struct task_row *t = play_task(p, framework, tasks[i]);
    struct command c = play_command(CMD_kill);
    if (!t && play_offer(p, framework, agent)) {
        play_launch(p, framework, agent, tasks[i], names[i], 5);
    } else if (t && random_below(chance, 2)) {
        static const enum task_state says[] = {TASK_RUNNING, TASK_FINISHED, TASK_FAILED};
        if (t->launched) play_task_says(p, framework, tasks[i], says[random_below(chance, 3)]);
    } else if (t && t->update_uuid) {
        c = play_command(CMD_acknowledge);
        c.acknowledge = (struct cmd_acknowledge){
            .framework = framework, .task = tasks[i], .uuid = arena_copy(&p->w->arena, t->update_uuid->bytes, 16)};
        play_ok(p, &c);
    } else if (t) {
        c.kill = (struct cmd_kill){.framework = framework, .task = tasks[i], .grace_ms = UINT64_MAX};
        play_ok(p, &c);
    }
}

static void person_acts(struct play *p, uint64_t *chance, const char *volume, const char *agent) {
    AUTO_ERR struct err *e = NULL;
    uint64_t what = random_below(chance, 6);
    if (!play_volume(p, volume)) {
        e = play_create(p, volume, 1 + random_below(chance, 400));
        return;
    }
    switch (what) {
    case 0: e = play_delete(p, volume); break;
    case 1: e = play_grow(p, volume, 1 + random_below(chance, 500)); break;
    case 2:
    case 3: e = play_publish(p, volume, agent); break;
    default: e = play_unpublish(p, volume); break;
    }
}

static void random_step(struct play *p, uint64_t *chance, uint64_t framework) {
    size_t i = random_below(chance, NAMES);
    const char *agent = agents[random_below(chance, 2)];
    switch (random_below(chance, 10)) {
    case 0:
    case 1:
    case 2: provider_answers(p, chance); break;
    case 3:
    case 4: agent_reports(p, chance, names[i]); break;
    case 5:
    case 6: framework_acts(p, chance, framework, agent, i); break;
    case 7: play_wait(p, (int64_t)random_below(chance, 2500), random_below(chance, 3) ? NULL : agent); break;
    case 8:
        if (random_below(chance, 3) == 0) agent_returns(p, chance, agent, names[i]);
        break;
    default: person_acts(p, chance, names[i], agent); break;
    }
}

static void a_draft_shows_what_apply_shows(void **state) {
    (void)state;
    uint64_t compared = 0, kinds = 0;
    bool seen[128] = {false};
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        struct play *p;
        struct watch w = {0};
        uint64_t chance = seed;
        play_setup((void **)&p);
        uint64_t framework = play_framework(p, "runner", "web");
        p->watch_arg = &w;
        p->watch_draft = watch_draft;
        p->watch_state = watch_state;
        for (int step = 0; step < STEPS; step++) random_step(p, &chance, framework);
        compared += w.compared;
        for (size_t i = 0; i < ARRAY_LEN(seen); i++) seen[i] |= w.kinds[i];
        text_done(&w.before);
        vec_done(&w.ids);
        play_teardown((void **)&p);
    }
    for (size_t i = 0; i < ARRAY_LEN(seen); i++) kinds += seen[i];
    assert_true(compared > RUNS * STEPS);
    assert_true(kinds >= KINDS); // the chance above reached most of what can happen
}

// ---- by hand ----

static void every_row_see(struct text *to, const struct state *s) {
    for (enum noun noun = 0; noun < NOUN_COUNT; noun++) {
        TABLE_EACH(const struct provider_row, row, &s->tables[noun]) // any row begins with its id
        row_see(to, noun, row);
    }
    text_addf(to, "%llu %llu", (unsigned long long)s->seq, (unsigned long long)s->last_id);
}

static void a_command_that_failed_changes_nothing(void **state) {
    struct play *p = *state;
    play_make(p, "v0", 50);
    play_use(p, "v0", "n1");
    AUTO_TEXT struct text before = {0}, after = {0};
    every_row_see(&before, p->w->state);
    expect_err(play_delete(p, "v0"), ERR_CONFLICT, "published");
    expect_err(play_publish(p, "v0", "n2"), ERR_CONFLICT, "n1");
    struct command c = play_command(CMD_volume_create); // two of three fit: the draft is dropped as a whole
    c.volume_create = (struct cmd_volume_create){
        .owner = {.role = world_symbol(p->w, "web")}, .name = "many", .class = "gold", .size = {400 * GIB}, .count = 3};
    expect_err(play_do(p, &c), ERR_NO_FIT, "many-3");
    every_row_see(&after, p->w->state);
    assert_int_equal(before.size, after.size);
    assert_memory_equal(before.data, after.data, after.size);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 50);
}

static void what_is_undone_was_never_there(void **state) {
    struct play *p = *state;
    struct draft *d = world_draft(p->w);
    struct owner owner = {.role = world_symbol(p->w, "web")};
    struct volume_row *kept = draft_add(d, NOUN_VOLUME, EV_volume_wanted);
    *kept = (struct volume_row){.id = kept->id, .name = "v0", .owner = owner, .state = VOLUME_MAKING};
    kept->charge = (struct charge){.pool = p->pool, .bytes = {10 * GIB}};
    struct draft_mark mark = draft_mark(d);
    struct volume_row *dropped = draft_add(d, NOUN_VOLUME, EV_volume_wanted);
    uint64_t id = dropped->id;
    *dropped = (struct volume_row){.id = id, .name = "v1", .owner = owner, .state = VOLUME_MAKING};
    dropped->charge = (struct charge){.pool = p->pool, .bytes = {20 * GIB}};
    assert_int_equal(draft_pool_free(d, state_pool(p->w->state, p->pool)).bytes, (PLAY_POOL - 30) * GIB);
    draft_undo(d, mark);
    assert_null(draft_volume(d, id));
    assert_null(draft_volume_named(d, owner, "v1"));
    assert_ptr_equal(draft_volume_named(d, owner, "v0"), kept);
    assert_int_equal(draft_event_count(d), 1);
    assert_int_equal(draft_pool_free(d, state_pool(p->w->state, p->pool)).bytes, (PLAY_POOL - 10) * GIB);
    assert_int_equal(((struct volume_row *)draft_add(d, NOUN_VOLUME, EV_volume_wanted))->id, id);
}

static void a_row_removed_in_the_draft_is_not_read_there(void **state) {
    struct play *p = *state;
    play_make(p, "v0", 50);
    uint64_t id = play_volume(p, "v0")->id;
    struct draft *d = world_draft(p->w);
    draft_remove(d, NOUN_VOLUME, id, EV_volume_gone);
    assert_null(draft_volume(d, id));
    assert_null(draft_volume_named(d, play_volume(p, "v0")->owner, "v0"));
    assert_int_equal(draft_pool_free(d, state_pool(p->w->state, p->pool)).bytes, PLAY_POOL * GIB);
    assert_non_null(state_volume(p->w->state, id));
}

static void uuids_of_one_command_differ_and_repeat_with_its_entropy(void **state) {
    struct play *p = *state;
    struct draft *d = world_draft(p->w);
    struct uuid first = draft_uuid(d), second = draft_uuid(d);
    assert_false(uuid_equal(first, second));
    d = world_draft(p->w);
    assert_true(uuid_equal(first, draft_uuid(d)));
    assert_true(uuid_equal(second, draft_uuid(d)));
}

#define T(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draft_shows_what_apply_shows),
        T(a_command_that_failed_changes_nothing),
        T(what_is_undone_was_never_there),
        T(a_row_removed_in_the_draft_is_not_read_there),
        T(uuids_of_one_command_differ_and_repeat_with_its_entropy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
