// SPDX-License-Identifier: Apache-2.0
// Rows with random members, and comparing them.
#include "wire_random.h"

#include "core/policy.h"

#include <string.h>

#include "wire/class.h"

uint64_t chance_number(struct chance *c) {
    c->seed ^= c->seed << 13;
    c->seed ^= c->seed >> 7;
    c->seed ^= c->seed << 17;
    return (c->seed * 0x2545f4914f6cdd1dULL) >> (c->seed % 63);
}

uint64_t chance_below(struct chance *c, uint64_t n) {
    return chance_number(c) % n;
}

static bool chance_half(struct chance *c) {
    return chance_number(c) >> 3 & 1;
}

static const char *chance_name(struct chance *c) {
    return arena_format(c->in->arena, "n%llu", (unsigned long long)chance_number(c));
}

// NULL, empty, beyond ASCII, long: whatever a sentence may be.
static const char *chance_text(struct chance *c) {
    static const char *const some[] = {NULL, "", "no space left on device",
                                       "Gr\xc3\xbc\xc3\x9f"
                                       "e \xe2\x82\xac \xf0\x9f\x98\x80",
                                       "{\"a\":\"b\"}"};
    uint64_t n = chance_below(c, 8);
    if (n < ARRAY_LEN(some)) return some[n];
    char *text = arena_zero(c->in->arena, 1, 300);
    memset(text, 'x', chance_below(c, 299));
    return text;
}

static const struct blob *chance_blob(struct chance *c, size_t item) {
    if (!chance_below(c, 4)) return NULL;
    size_t size = item * (1 + chance_below(c, 5));
    struct blob *b = arena_zero(c->in->arena, 1, sizeof *b + size);
    b->size = (uint32_t)size;
    for (size_t i = 0; i < size; i++) b->bytes[i] = (unsigned char)chance_number(c);
    return b;
}

static symbol chance_symbol(struct chance *c) {
    return chance_below(c, 4) ? symbol_make(c->in->symbols, chance_name(c)) : (symbol){0};
}

static struct milli chance_milli(struct chance *c) {
    return (struct milli){(int64_t)chance_below(c, 1ull << 50)};
}

static struct wall chance_wall(struct chance *c) {
    return (struct wall){(int64_t)chance_below(c, 1ull << 60) - 1000};
}

static struct uuid chance_uuid(struct chance *c) {
    struct uuid u = {0};
    for (size_t i = 0; chance_half(c) && i < 16; i++) u.bytes[i] = (unsigned char)chance_number(c);
    return u;
}

static struct owner chance_owner(struct chance *c) {
    return (struct owner){chance_symbol(c), chance_number(c)};
}

static struct charge chance_charge(struct chance *c) {
    return (struct charge){chance_number(c), {chance_number(c)}, {chance_number(c)}, {chance_number(c)}};
}

static struct scalars chance_scalars(struct chance *c) {
    return (struct scalars){chance_milli(c), chance_milli(c), chance_milli(c)};
}

static const struct blob *chance_ports(struct chance *c) {
    size_t count = chance_below(c, 4);
    if (!count) return NULL;
    struct blob *b = arena_zero(c->in->arena, 1, sizeof *b + count * sizeof(struct port_range));
    b->size = (uint32_t)(count * sizeof(struct port_range));
    struct port_range *ranges = (struct port_range *)(void *)b->bytes;
    for (size_t i = 0; i < count; i++) {
        ranges[i].begin = (uint32_t)chance_below(c, 60000);
        ranges[i].end = ranges[i].begin + (uint32_t)chance_below(c, 5000);
    }
    return b;
}

static const struct blob *chance_task_volumes(struct chance *c) {
    size_t count = chance_below(c, 4);
    if (!count) return NULL;
    struct blob *b = arena_zero(c->in->arena, 1, sizeof *b + count * sizeof(struct task_volume));
    b->size = (uint32_t)(count * sizeof(struct task_volume));
    struct task_volume *volumes = (struct task_volume *)(void *)b->bytes;
    for (size_t i = 0; i < count; i++) {
        volumes[i].volume = chance_number(c);
        volumes[i].read_only = chance_half(c);
        memset(volumes[i].container_path, 'p', chance_below(c, 256));
    }
    return b;
}

static const struct blob *chance_roles(struct chance *c) {
    symbol some[] = {symbol_make(c->in->symbols, "*"), symbol_make(c->in->symbols, chance_name(c))};
    size_t size = chance_below(c, 3) * sizeof(symbol);
    struct blob *b = arena_zero(c->in->arena, 1, sizeof *b + size);
    b->size = (uint32_t)size;
    memcpy(b->bytes, some, size);
    return b;
}

static struct class_shared *chance_class(struct chance *c, const char *name) {
    static char *const roles[] = {"ops", "web/shop"};
    Granary__Preference like = GRANARY__PREFERENCE__INIT, dislike = GRANARY__PREFERENCE__INIT,
                        *both[] = {&like, &dislike};
    Granary__Class m = GRANARY__CLASS__INIT;
    like.selector = "media = ssd";
    like.weight = 1 + (int32_t)chance_below(c, 100);
    dislike.selector = "!quiet";
    dislike.weight = -5;
    m.name = (char *)name;
    m.description = chance_half(c) ? "the good one" : NULL;
    m.pool = chance_half(c) ? "media in (ssd, nvme), !old" : NULL;
    m.agent = chance_half(c) ? "same(topology/rack), net/speed >= 10Gbps" : NULL;
    m.prefer_pool = both;
    m.n_prefer_pool = chance_below(c, 3);
    m.prefer_agent = both;
    m.n_prefer_agent = chance_below(c, 3);
    Granary__Spread apart = GRANARY__SPREAD__INIT, *rules[] = {&apart, &apart};
    apart.key = "topology/rack";
    apart.label = "app";
    apart.over = 2 * (uint32_t)chance_below(c, 3);
    apart.required = chance_half(c);
    apart.has_weight = chance_half(c);
    apart.weight = 1 + (int32_t)chance_below(c, 9);
    m.spread = rules;
    m.n_spread = chance_below(c, 3);
    m.has_availability = chance_half(c);
    m.availability = m.has_availability ? 90 + (double)chance_below(c, 1000) / 100 : 0;
    m.fs = chance_half(c) ? "raw" : chance_half(c) ? "xfs" : "ext4";
    m.iops_per_gib = (double)chance_below(c, 100000) / 1000;
    m.bandwidth = chance_number(c);
    m.has_launch_wait_ms = chance_half(c);
    m.launch_wait_ms = (uint32_t)chance_below(c, 1000);
    m.access = (Granary__AccessMode)(1 + chance_below(c, 2));
    m.on_agent_lost = (Granary__OnAgentLost)(1 + chance_below(c, 3));
    m.on_release = (Granary__OnRelease)(1 + chance_below(c, 3));
    m.zero_at_create = chance_half(c);
    m.largest = (1ull << 40) + chance_below(c, 1ull << 40);
    m.smallest = chance_below(c, 1ull << 39);
    m.roles = (char **)roles;
    m.n_roles = chance_below(c, 3);
    m.script = chance_half(c) ? "function broker(request, pools)\n  return pools.score\nend\n" : NULL;
    m.on_script_error = (Granary__OnScriptError)(1 + (m.script && chance_half(c)));
    struct class_shared *doc = NULL;
    struct err *e = class_shared_from(c->in, &m, &doc);
    must(!e);
    return doc;
}

static void provider_fill(struct chance *c, struct provider_row *r, bool passing) {
    r->name = chance_name(c);
    r->driver = chance_name(c);
    r->secret = chance_blob(c, 1);
    r->highest_seen = chance_number(c);
    if (!passing) return;
    r->session = 7;
    r->stale_since = chance_wall(c);
    r->heard.ms = 5;
    r->foreign_objects = 3;
}

static void pool_fill(struct chance *c, struct pool_row *r, bool passing) {
    r->provider = chance_number(c);
    r->name = chance_name(c);
    r->instance = chance_name(c);
    r->store = chance_name(c);
    r->charge_numerator = 1 + (uint32_t)chance_below(c, 4);
    r->charge_denominator = 1 + (uint32_t)chance_below(c, 4);
    r->first_total.n = chance_number(c);
    if (passing) r->stale = true;
}

static void agent_fill(struct chance *c, struct agent_row *r, bool passing) {
    r->name = chance_name(c);
    r->hostname = chance_text(c);
    r->address = chance_text(c);
    r->boot_id = chance_text(c);
    r->secret = chance_blob(c, 1);
    r->highest_seen = chance_number(c);
    r->state = AGENT_IS_AWAY;
    if (chance_half(c)) {
        r->state = chance_half(c) ? AGENT_IS_LOST : AGENT_IS_GONE;
        r->since = chance_wall(c);
    } else if (passing) {
        r->state = AGENT_IS_ACTIVE;
        r->since = chance_wall(c);
    }
    if (!passing) return;
    r->session = 7;
    r->heard.ms = 5;
    r->unclean = 2;
}

static void reservation_fill(struct chance *c, struct reservation_row *r) {
    r->owner = chance_owner(c);
    r->principal = chance_symbol(c);
    r->class = chance_number(c);
    r->charge = chance_charge(c);
    r->agent = chance_number(c);
    r->scalars = (struct scalars){chance_milli(c), chance_milli(c), chance_milli(c)};
    r->reason = chance_text(c);
    r->labels = chance_text(c);
    r->mesos_labels = chance_blob(c, 1);
    r->created = chance_wall(c);
    r->expires = chance_wall(c);
}

static void volume_flags(struct chance *c, struct volume_row *r) {
    r->state = (uint8_t)(1 + chance_below(c, VOLUME_GONE));
    r->content = (uint8_t)(1 + chance_below(c, CONTENT_SUSPECT));
    r->access = (uint8_t)(1 + chance_below(c, 3));
    r->on_release = (uint8_t)(1 + chance_below(c, 3));
    r->on_agent_lost = (uint8_t)(1 + chance_below(c, 3));
    r->format_eager = chance_half(c);
    r->zero_at_create = chance_half(c);
    r->formats_itself = chance_half(c);
    r->released = chance_half(c);
}

static void volume_fill(struct chance *c, struct volume_row *r, bool passing) {
    r->uuid = chance_uuid(c);
    r->fs_uuid = chance_uuid(c);
    r->name = chance_name(c);
    r->owner = chance_owner(c);
    r->class = chance_number(c);
    r->reservation = chance_number(c);
    r->charge = chance_charge(c);
    r->asked.n = chance_number(c);
    r->grow_to.n = chance_number(c);
    r->grow_iops.n = chance_number(c);
    r->handle = chance_text(c);
    r->context = chance_text(c);
    r->message = chance_text(c);
    r->persistence = chance_text(c);
    r->labels = chance_text(c);
    r->created = chance_wall(c);
    r->since = chance_wall(c);
    r->epoch = chance_number(c);
    r->last_agent = chance_number(c);
    r->last_cpus = chance_milli(c);
    r->last_mem = chance_milli(c);
    r->principal = chance_symbol(c);
    r->fs = chance_symbol(c);
    r->launch_wait_ms = (uint32_t)chance_number(c);
    volume_flags(c, r);
    if (!passing) return;
    r->queued = true;
    r->attachment_count = 3;
    r->offer = 9;
}

static void attachment_fill(struct chance *c, struct attachment_row *r, bool passing) {
    r->volume = chance_number(c);
    r->agent = chance_number(c);
    r->epoch = chance_number(c);
    r->context = chance_text(c);
    r->message = chance_text(c);
    r->path = chance_text(c);
    r->ended_because = chance_text(c);
    r->host = chance_text(c);
    r->warning = chance_text(c);
    r->since = chance_wall(c);
    r->bandwidth.n = chance_number(c);
    r->state = (uint8_t)(1 + chance_below(c, ATTACHMENT_GONE));
    r->purpose = (uint8_t)(1 + chance_below(c, 2));
    r->step = (uint8_t)(1 + chance_below(c, STEP_IS_FENCE));
    r->read_only = chance_half(c);
    r->pinned = chance_half(c);
    r->granted_format = chance_half(c);
    r->detach_wanted = chance_half(c);
    if (passing) r->retry_at.ms = 99;
}

static void operation_fill(struct chance *c, struct operation_row *r, bool passing) {
    r->volume = chance_number(c);
    r->agent = chance_number(c);
    r->provider = chance_number(c);
    r->attachment = chance_number(c);
    r->framework = chance_number(c);
    r->reservation = chance_number(c);
    r->message = chance_text(c);
    r->framework_operation = chance_text(c);
    r->volume_name = chance_text(c);
    r->status_uuid = chance_blob(c, 16);
    r->size.n = chance_number(c);
    r->created = chance_wall(c);
    r->ended = chance_wall(c);
    r->principal = chance_symbol(c);
    r->kind = (uint8_t)(1 + chance_below(c, OP_UNPUBLISH));
    r->state = (uint8_t)(1 + chance_below(c, OP_DROPPED));
    r->error = (uint8_t)chance_below(c, ERR_INTERNAL + 1);
    r->wipe = chance_half(c);
    r->recarve = chance_half(c);
    if (!passing) return;
    r->resend_at.ms = 99;
    r->resends = 4;
}

static void framework_fill(struct chance *c, struct framework_row *r, bool passing) {
    r->text_id = chance_name(c);
    r->name = chance_text(c);
    r->user = chance_text(c);
    r->info = chance_blob(c, 1);
    r->roles = chance_roles(c);
    r->principal = chance_symbol(c);
    r->capabilities = (uint32_t)chance_number(c);
    r->labelled = chance_half(c);
    r->completed = chance_half(c);
    r->failover_timeout = chance_milli(c);
    r->registered = chance_wall(c);
    r->disconnected = chance_wall(c);
    if (!passing) return;
    r->session = 7;
    r->disconnected_at.ms = 99;
    r->revived = 4;
    r->suppressed = chance_roles(c);
}

static void task_fill(struct chance *c, struct task_row *r, bool passing) {
    static const enum task_state states[] = {TASK_STAGING, TASK_STARTING, TASK_RUNNING, TASK_UNREACHABLE, TASK_UNKNOWN};
    r->text_id = chance_name(c);
    r->framework = chance_number(c);
    r->agent = chance_number(c);
    r->role = chance_symbol(c);
    r->user = chance_symbol(c);
    r->resources = chance_scalars(c);
    r->ports = chance_ports(c);
    r->volumes = chance_task_volumes(c);
    r->info = chance_blob(c, 1);
    r->status = chance_blob(c, 1);
    r->update_uuid = chance_blob(c, 16);
    r->message = chance_text(c);
    r->created = chance_wall(c);
    r->since = chance_wall(c);
    r->kill_grace_ms = chance_half(c) ? UINT64_MAX : chance_number(c);
    r->reason = (int16_t)((int)chance_below(c, 36) - 1);
    r->state = (uint8_t)states[chance_below(c, ARRAY_LEN(states))];
    r->launched = chance_half(c);
    r->kill_wanted = chance_half(c);
    r->agent_waits = chance_half(c);
    if (!passing) return;
    r->wait_until.ms = 99;
    r->resend_at.ms = 98;
    r->resends = 3;
}

static void policy_fill(struct chance *c, struct policy_row *p) {
    p->number = chance_number(c);
    p->doc = policy_new();
    intake_keep(c->in, &p->doc->shared);
    for (uint64_t n = chance_below(c, 4); n > 0; n--) {
        AUTO_ERR struct err *twice = policy_add(p->doc, chance_class(c, chance_name(c)));
        (void)twice;
    }
    p->comment = chance_name(c);
    p->broken = chance_half(c) ? chance_name(c) : NULL;
    p->created = chance_wall(c);
    p->switched = chance_wall(c);
    p->before = chance_number(c);
    p->active = chance_half(c);
}

void *chance_row(struct chance *c, enum noun noun, uint64_t id, bool passing) {
    void *row = arena_zero(c->in->arena, 1, row_kinds[noun].size);
    memcpy(row, &id, sizeof id);
    struct class_row *class = row;
    struct role_row *role = row;
    switch (noun) {
    case NOUN_PROVIDER: provider_fill(c, row, passing); break;
    case NOUN_POOL: pool_fill(c, row, passing); break;
    case NOUN_AGENT: agent_fill(c, row, passing); break;
    case NOUN_CLASS:
        class->name = chance_name(c);
        class->doc = chance_class(c, class->name);
        class->version = chance_number(c);
        class->created = chance_wall(c);
        break;
    case NOUN_ROLE:
        role->name = symbol_make(c->in->symbols, chance_name(c));
        role->weight = 0.25 + (double)chance_below(c, 1000);
        break;
    case NOUN_RESERVATION: reservation_fill(c, row); break;
    case NOUN_VOLUME: volume_fill(c, row, passing); break;
    case NOUN_ATTACHMENT: attachment_fill(c, row, passing); break;
    case NOUN_OPERATION: operation_fill(c, row, passing); break;
    case NOUN_FRAMEWORK: framework_fill(c, row, passing); break;
    case NOUN_TASK: task_fill(c, row, passing); break;
    case NOUN_POLICY: policy_fill(c, row); break;
    case NOUN_OFFER:
    case NOUN_COUNT: must(noun < NOUN_OFFER); // has no records
    }
    return row;
}

// ---- comparing ----

static void *pointer_at(const void *row, uint16_t offset) {
    void *p;
    memcpy(&p, (const char *)row + offset, sizeof p);
    return p;
}

static bool blobs_equal(const struct blob *a, const struct blob *b) {
    if (!a || !b) return a == b;
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

bool rows_equal(enum noun noun, const void *a, const void *b) {
    const struct row_kind *kind = &row_kinds[noun];
    bool same = true;
    char plain[2][1024];
    must(kind->size <= sizeof plain[0]);
    memcpy(plain[0], a, kind->size);
    memcpy(plain[1], b, kind->size);
    for (size_t i = 0; i < ARRAY_LEN(kind->texts) && kind->texts[i]; i++) {
        same = same && text_equal(pointer_at(a, kind->texts[i]), pointer_at(b, kind->texts[i]));
        for (int side = 0; side < 2; side++) memset(plain[side] + kind->texts[i], 0, sizeof(void *));
    }
    for (size_t i = 0; i < ARRAY_LEN(kind->blobs) && kind->blobs[i]; i++) {
        same = same && blobs_equal(pointer_at(a, kind->blobs[i]), pointer_at(b, kind->blobs[i]));
        for (int side = 0; side < 2; side++) memset(plain[side] + kind->blobs[i], 0, sizeof(void *));
    }
    if (noun == NOUN_CLASS) {
        const struct class_row *x = a, *y = b;
        same = same && class_spec_equal(&x->doc->spec, &y->doc->spec);
        for (int side = 0; side < 2; side++) memset(plain[side] + kind->shareds[0], 0, sizeof(void *));
    }
    if (noun == NOUN_POLICY) {
        const struct policy_row *x = a, *y = b;
        same = same && policy_equal(x->doc, y->doc);
        for (int side = 0; side < 2; side++) memset(plain[side] + kind->shareds[0], 0, sizeof(void *));
    }
    return same && memcmp(plain[0], plain[1], kind->derived_from) == 0;
}
