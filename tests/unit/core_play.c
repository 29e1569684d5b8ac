// SPDX-License-Identifier: Apache-2.0
// Commands made of a few words, and what became of them.
#include "core_play.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/attachment.h"

static struct owner play_owner(const struct play *p) {
    return (struct owner){.role = world_symbol(p->w, "web")};
}

void play_pool(struct play *p, struct pool_made made) {
    made.provider = "file";
    made.name = "ssd";
    if (!made.capabilities)
        made.capabilities = 1u << CAN_CARVE | 1u << CAN_GROW | 1u << CAN_FENCE | 1u << CAN_RAW_BLOCK | 1u << IS_ZEROED;
    p->pool = world_pool(p->w, made);
}

int play_setup(void **state) {
    struct play *p = NEW(struct play);
    p->w = world_new();
    p->w->state->timing.retry_ms = 1000;
    p->w->state->timing.resend_ms = 1000;
    p->provider = world_provider(p->w, "file");
    play_pool(p, (struct pool_made){.bytes = PLAY_POOL * GIB, .granularity = GIB});
    p->n1 = world_agent(p->w, (struct agent_made){.name = "n1", .tags = "fs/ext4"});
    p->n2 = world_agent(p->w, (struct agent_made){.name = "n2", .tags = "fs/ext4"});
    world_class(p->w, (struct class_document){.name = "gold"});
    world_symbol(p->w, "ext4"); // reading a class from the wire does so
    *state = p;
    return 0;
}

int play_teardown(void **state) {
    struct play *p = *state;
    answer_done(&p->answer);
    vec_done(&p->notices);
    vec_done(&p->happened);
    world_free(p->w);
    free(p);
    return 0;
}

struct command play_command(enum command_kind kind) {
    return (struct command){.kind = kind};
}

struct err *play_do(struct play *p, const struct command *c) {
    answer_done(&p->answer);
    vec_clear(&p->happened);
    struct draft *d = world_draft(p->w);
    struct err *e = core_decide(d, c, &p->answer);
    if (e) return e;
    VEC_EACH (n, &d->notices) vec_push(&p->notices, *n);
    for (size_t i = 0; i < draft_event_count(d); i++) vec_push(&p->happened, draft_event(d, i).kind);
    if (p->watch_draft) p->watch_draft(p, d);
    world_apply(p->w);
    if (p->watch_state) p->watch_state(p);
    return NULL;
}

void play_ok(struct play *p, const struct command *c) {
    expect_ok(play_do(p, c));
}

bool play_happened(const struct play *p, enum event_kind kind) {
    VEC_EACH (k, &p->happened) {
        if (*k == kind) return true;
    }
    return false;
}

void expect_words(const char *text, const char *words) {
    if (!text || !strstr(text, words)) fail_msg("'%s' is not in: %s", words, text ? text : "(nothing)");
}

// ---- people ----

const struct volume_row *play_volume(const struct play *p, const char *name) {
    return state_volume_named(p->w->state, play_owner(p), name);
}

static const struct volume_row *volume_there(const struct play *p, const char *name) {
    const struct volume_row *v = play_volume(p, name);
    if (!v) fail_msg("there is no volume '%s'", name);
    return v;
}

struct err *play_create(struct play *p, const char *name, uint64_t gib) {
    struct command c = play_command(CMD_volume_create);
    c.volume_create = (struct cmd_volume_create){
        .owner = play_owner(p), .name = name, .class = "gold", .size = {gib * GIB}, .count = 1};
    return play_do(p, &c);
}

static struct err *volume_do(struct play *p, enum command_kind kind, const char *name, uint64_t gib,
                             const char *agent) {
    struct command c = play_command(kind);
    c.volume_grow = (struct cmd_volume){.volume = volume_there(p, name)->id, .size = {gib * GIB}, .agent = agent};
    return play_do(p, &c);
}

struct err *play_delete(struct play *p, const char *name) {
    return volume_do(p, CMD_volume_delete, name, 0, NULL);
}
struct err *play_grow(struct play *p, const char *name, uint64_t gib) {
    return volume_do(p, CMD_volume_grow, name, gib, NULL);
}
struct err *play_publish(struct play *p, const char *name, const char *agent) {
    return volume_do(p, CMD_volume_publish, name, 0, agent);
}
struct err *play_unpublish(struct play *p, const char *name) {
    return volume_do(p, CMD_volume_unpublish, name, 0, NULL);
}

void play_class(struct play *p, struct class_document doc) {
    doc.name = "gold";
    world_class(p->w, doc);
}

const struct attachment_row *play_attachment(const struct play *p, const char *name) {
    const struct id_list *list = state_related(p->w->state, ATTACHMENTS_OF_VOLUME, volume_there(p, name)->id);
    return list->count ? state_attachment(p->w->state, list->at[0]) : NULL;
}

uint64_t play_free_gib(struct play *p) {
    return draft_pool_free(world_draft(p->w), state_pool(p->w->state, p->pool)).bytes / GIB;
}

// ---- the provider ----

uint64_t play_asked(const struct play *p, enum operation_kind kind) {
    const struct id_list *open = state_related(p->w->state, OPEN_OPERATIONS_OF_PROVIDER, p->provider);
    VEC_EACH (id, open) {
        if (state_operation(p->w->state, *id)->kind == kind) return *id;
    }
    return 0;
}

static struct cmd_provider_result result_of(const struct play *p, enum operation_kind kind) {
    uint64_t id = play_asked(p, kind);
    if (!id) fail_msg("the provider was not asked for operation %d", (int)kind);
    return (struct cmd_provider_result){.provider = p->provider, .operation = id};
}

void play_done(struct play *p, enum operation_kind kind) {
    struct command c = play_command(CMD_provider_result);
    c.provider_result = result_of(p, kind);
    c.provider_result.done = true;
    c.provider_result.size = state_operation(p->w->state, c.provider_result.operation)->size;
    if (kind == OP_CREATE) c.provider_result.handle = "image-1";
    if (kind == OP_ATTACH) c.provider_result.context = "loop";
    if (kind == OP_FENCE) c.provider_result.message = "its keeper was killed";
    play_ok(p, &c);
}

void play_failed(struct play *p, enum operation_kind kind, enum err_kind error, const char *message) {
    struct command c = play_command(CMD_provider_result);
    c.provider_result = result_of(p, kind);
    c.provider_result.error = error;
    c.provider_result.message = message;
    play_ok(p, &c);
}

// ---- agents ----

struct attachment_report play_has(const struct play *p, const char *volume, enum publish_state state) {
    const struct attachment_row *a = play_attachment(p, volume);
    if (!a) fail_msg("volume '%s' is attached nowhere", volume);
    return (struct attachment_report){.attachment = a->id,
                                      .volume = a->volume,
                                      .epoch = a->epoch,
                                      .state = state,
                                      .error = ERR_INTERNAL,
                                      .message = state == IS_PUBLISH_FAILED ? "mkfs: no space left on device" : NULL,
                                      .path = "/var/lib/granary/mnt",
                                      .formatted = state == IS_PUBLISHED,
                                      .fs_uuid = {{9}}};
}

void play_says(struct play *p, const char *volume, enum publish_state state) {
    struct command c = play_command(CMD_attachment_report);
    c.attachment_report.report = play_has(p, volume, state);
    c.attachment_report.agent = play_attachment(p, volume)->agent;
    play_ok(p, &c);
}

const struct agent_row *play_agent(const struct play *p, const char *name) {
    return state_agent(p->w->state, world_agent_id(p->w, name));
}

void play_hello(struct play *p, const char *agent, const char *boot, struct attachment_report has) {
    const struct agent_row *a = play_agent(p, agent);
    struct command c = play_command(CMD_agent_hello);
    c.agent_hello = (struct cmd_agent_hello){.name = a->name,
                                             .hostname = a->hostname,
                                             .boot_id = boot,
                                             .session = p->w->seq + 100,
                                             .attachments = &has,
                                             .attachment_count = has.state ? 1 : 0,
                                             .facts = a->facts};
    play_ok(p, &c);
}

static void heard(struct play *p, enum command_kind kind, uint64_t who, uint64_t session) {
    struct command c = play_command(kind);
    c.agent_heard = (struct cmd_session){.who = who, .session = session};
    if (session) play_ok(p, &c);
}

void play_wait(struct play *p, int64_t ms, const char *silent) {
    p->w->now.mono.ms += ms;
    p->w->now.wall.ms += ms;
    heard(p, CMD_provider_heard, p->provider, state_provider(p->w->state, p->provider)->session);
    STATE_EACH(AGENT, agent_row, a, p->w->state) {
        if (!silent || strcmp(a->name, silent) != 0) heard(p, CMD_agent_heard, a->id, a->session);
    }
    struct command tick = play_command(CMD_tick), allocate = play_command(CMD_allocate);
    play_ok(p, &tick);
    state_timers_passed(p->w->state, p->w->now.mono, p->w->now.wall);
    play_ok(p, &allocate);
}

void play_make(struct play *p, const char *name, uint64_t gib) {
    expect_ok(play_create(p, name, gib));
    play_done(p, OP_CREATE);
}

void play_use(struct play *p, const char *name, const char *agent) {
    expect_ok(play_publish(p, name, agent));
    play_done(p, OP_ATTACH);
    play_says(p, name, IS_PUBLISHED);
}

// ---- the framework ----

uint64_t play_framework(struct play *p, const char *name, const char *role) {
    symbol roles[] = {world_symbol(p->w, role)};
    struct command c = play_command(CMD_subscribe);
    c.subscribe = (struct cmd_subscribe){.name = name,
                                         .user = "root",
                                         .roles = roles,
                                         .role_count = 1,
                                         .capabilities = 1u << FW_MULTI_ROLE | 1u << FW_REFINEMENT,
                                         .labelled = true,
                                         .session = p->w->seq + 100};
    play_ok(p, &c);
    return p->answer.ids.at[0];
}

const struct offer_row *play_offer(const struct play *p, uint64_t framework, const char *agent) {
    uint64_t on = *agent ? world_agent_id(p->w, agent) : 0;
    const struct id_list *offers = state_related(p->w->state, OFFERS_OF_FRAMEWORK, framework);
    VEC_EACH (id, offers) {
        const struct offer_row *o = state_offer(p->w->state, *id);
        if (o->agent == on) return o;
    }
    return NULL;
}

void play_accept(struct play *p, uint64_t framework, const char *agent, const struct accept_operation *operations,
                 size_t count) {
    const struct offer_row *from[] = {agent ? play_offer(p, framework, agent) : NULL, play_offer(p, framework, "")};
    uint64_t offers[2];
    const char *texts[2] = {"o-1", "o-2"};
    struct command c = play_command(CMD_accept);
    for (size_t i = 0; i < 2; i++)
        if (from[i]) offers[c.accept.offer_count++] = from[i]->id;
    c.accept.framework = framework;
    c.accept.offers = offers;
    c.accept.offer_texts = texts;
    c.accept.operations = operations;
    c.accept.operation_count = count;
    play_ok(p, &c);
}

void play_launch(struct play *p, uint64_t framework, const char *agent, const char *task, const char *volume,
                 uint64_t gib) {
    const struct item items[] = {{.kind = ITEM_CPUS, .name = "cpus", .amount = {1000}},
                                 {.kind = ITEM_MEM, .name = "mem", .amount = {64000}}};
    const struct wanted_volume wanted = {
        .name = volume, .container_path = "/data", .class = gib ? "gold" : NULL, .size = {gib * GIB}};
    struct task_launch launch = {
        .text_id = task,
        .items = items,
        .item_count = 2,
        .volumes = &wanted,
        .volume_count = volume ? 1 : 0,
        .agent = arena_format(&p->w->arena, "%llu", (unsigned long long)world_agent_id(p->w, agent))};
    const struct accept_operation operation = {.kind = ACCEPT_LAUNCH, .tasks = &launch, .task_count = 1};
    play_accept(p, framework, agent, &operation, 1);
}

const struct task_row *play_task(const struct play *p, uint64_t framework, const char *task) {
    return state_task_named(p->w->state, framework, task);
}

void play_task_says(struct play *p, uint64_t framework, const char *task, enum task_state state) {
    static uint64_t number;
    const struct task_row *t = play_task(p, framework, task);
    uint64_t uuid[2] = {++number, 0};
    struct blob *blob = arena_zero(&p->w->arena, 1, sizeof *blob + sizeof uuid);
    blob->size = sizeof uuid;
    memcpy(blob->bytes, uuid, sizeof uuid);
    struct command c = play_command(CMD_task_status);
    c.task_status = (struct cmd_task_status){.agent = t->agent, .task = t->id, .state = (uint8_t)state, .uuid = blob};
    play_ok(p, &c);
}
