// SPDX-License-Identifier: Apache-2.0
// Requests to commands.
#include "wire/request.h"

#include <string.h>

#include "core/broker.h"
#include "model/filesystem.h"
#include "wire/class.h"
#include "wire/labels.h"

struct err *owner_read(struct intake *in, const char *role, struct owner *ret_owner) {
    if (!role || !*role) role = "*";
    TRY(role_check(role));
    *ret_owner = (struct owner){.role = symbol_make(in->symbols, role)};
    return NULL;
}

// Filesystems are looked up by their symbols: a known one must have its.
static struct err *fs_read(struct intake *in, const char *name, const char **ret_fs) {
    if (!name) {
        for (unsigned i = 0; filesystem_at(i); i++) symbol_make(in->symbols, filesystem_at(i)->name);
        return NULL;
    }
    const struct filesystem *fs;
    TRY(err_wrap(filesystem_get(name, &fs), "fs"));
    symbol_make(in->symbols, fs->name);
    *ret_fs = fs->name;
    return NULL;
}

// ---- volumes, reservations ----

// A consumer who knows the tag is told the classes that ask for it.
static struct err *tags_refuse(const struct state *s, const Granary__VolumeCreate *m) {
    if (!m->n_tags) return NULL;
    const struct class_row *class = NULL;
    AUTO_ERR struct err *why = strpbrk(m->tags[0], "=<>!()/ ") ? broker_class(s, m->tags[0], &class) : NULL;
    if (why) return err_new(ERR_INVALID, "volume '%s': consumers name a class, never tags: %s", m->name, err_text(why));
    AUTO_FREE char *tag = mem_format("%s=", m->tags[0]);
    why = broker_class(s, tag, &class);
    return err_new(ERR_INVALID, "volume '%s': consumers name a class, never tags: %s", m->name,
                   why ? err_text(why) : "leave 'tags' out");
}

struct err *volume_create_read(struct intake *in, const struct state *s, const Granary__VolumeCreate *m,
                               struct cmd_volume_create *ret_command) {
    TRY(tags_refuse(s, m));
    struct cmd_volume_create c = {
        .name = m->name, .class = m->class_, .size = {m->size}, .iops = {m->iops}, .count = m->count, .wait = m->wait};
    TRY(err_wrap(owner_read(in, m->role, &c.owner), "volume '%.255s'", m->name));
    TRY(err_wrap(fs_read(in, m->fs, &c.fs), "volume '%.255s'", m->name));
    TRY(err_wrap(labels_read(&m->base, in->arena, &c.labels), "volume '%.255s'", m->name));
    *ret_command = c;
    return NULL;
}

struct err *volume_grow_read(const Granary__VolumeGrow *m, uint64_t volume, struct cmd_volume *ret_command) {
    if (!m->size) return err_new(ERR_INVALID, "grow: the size is 0; give the size that the volume shall have");
    *ret_command = (struct cmd_volume){.volume = volume, .size = {m->size}};
    return NULL;
}

struct err *volume_publish_read(const Granary__VolumePublish *m, uint64_t volume, struct cmd_volume *ret_command) {
    TRY(name_check("agent", m->agent));
    *ret_command = (struct cmd_volume){.volume = volume, .agent = m->agent, .read_only = m->read_only};
    return NULL;
}

static struct err *reason_read(const char *what, const char *reason, const char **ret_reason) {
    enum { REASON_LONGEST = 1024 };
    if (reason && strnlen(reason, REASON_LONGEST + 1) > REASON_LONGEST)
        return err_new(ERR_TOO_LARGE, "%s: the reason is longer than %d bytes", what, REASON_LONGEST);
    *ret_reason = reason;
    return NULL;
}

struct err *reservation_create_read(struct intake *in, const Granary__ReservationCreate *m,
                                    struct cmd_reservation_create *ret_command) {
    struct cmd_reservation_create c = {
        .class = m->class_, .size = {m->size}, .iops = {m->iops}, .expires = {m->expires}};
    if (m->has_expires && m->expires <= in->now.wall.ms)
        return err_new(ERR_INVALID,
                       "reservation: it would have expired already; give a time to come, in milliseconds since 1970");
    TRY(reason_read("reservation", m->reason, &c.reason));
    TRY(err_wrap(owner_read(in, m->role, &c.owner), "reservation"));
    TRY(err_wrap(labels_read(&m->base, in->arena, &c.labels), "reservation"));
    TRY(fs_read(in, NULL, NULL));
    *ret_command = c;
    return NULL;
}

// ---- volumes and part of an agent ----

static struct err *request_volume_read(struct intake *in, const Granary__RequestVolume *m,
                                       struct request_volume *ret_volume) {
    if (m->class_ && m->n_classes)
        return err_new(ERR_INVALID, "volume '%.255s': give 'class' or 'classes', not both", m->name);
    struct request_volume v = {.name = m->name, .size = {m->size}, .iops = {m->iops}};
    v.classes = m->class_ ? (const char *const *)&m->class_ : (const char *const *)m->classes;
    v.class_count = m->class_ ? 1 : m->n_classes;
    TRY(err_wrap(fs_read(in, m->fs, &v.fs), "volume '%.255s'", m->name));
    TRY(err_wrap(labels_read(&m->base, in->arena, &v.labels), "volume '%.255s'", m->name));
    *ret_volume = v;
    return NULL;
}

// Bytes as thousandths of a MiB, rounded up.
static struct err *mem_read(uint64_t bytes, struct milli *ret_mem) {
    if (bytes > (uint64_t)1 << 60) return err_new(ERR_INVALID, "request: mem is more than any host has");
    ret_mem->n = (int64_t)(((unsigned __int128)bytes * 1000 + MIB - 1) / MIB);
    return NULL;
}

struct err *request_apply_read(struct intake *in, const Granary__RequestApply *m,
                               struct cmd_request_apply *ret_command) {
    struct request_volume *volumes = arena_zero(in->arena, m->n_volumes + 1, sizeof *volumes);
    struct cmd_request_apply c = {
        .volumes = volumes, .volume_count = m->n_volumes, .hold_ms = m->hold_ms, .agent = m->agent};
    TRY(err_wrap(owner_read(in, m->role, &c.owner), "request"));
    TRY(reason_read("request", m->reason, &c.reason));
    if (!milli_from_double(m->cpus, &c.cpus)) return err_new(ERR_INVALID, "request: cpus: %g is no amount", m->cpus);
    TRY(mem_read(m->mem, &c.mem));
    if (m->has_hold_ms && !m->hold_ms) return err_new(ERR_INVALID, "request: hold_ms is 0; leave it out for the usual");
    for (size_t i = 0; i < m->n_volumes; i++) TRY(request_volume_read(in, m->volumes[i], &volumes[i]));
    TRY(fs_read(in, NULL, NULL));
    *ret_command = c;
    return NULL;
}

Granary__ClassPassedOver *passed_over_message(const char *volume, const char *note, struct arena *arena) {
    Granary__ClassPassedOver *m = ARENA_NEW(arena, Granary__ClassPassedOver);
    granary__class_passed_over__init(m);
    m->volume = (char *)volume;
    m->sentence = arena_text(arena, note);
    return m;
}

// ---- classes, roles ----

struct err *class_apply_read(struct intake *in, const char *name, const Granary__Class *m,
                             struct cmd_class_apply *ret_command) {
    if (name && strcmp(name, m->name) != 0)
        return err_new(ERR_INVALID, "class '%s': the document says its name is '%.255s'; make them the same", name,
                       m->name);
    struct cmd_class_apply c = {.name = m->name};
    TRY(class_shared_from(in, m, &c.doc));
    *ret_command = c;
    return NULL;
}

struct err *role_set_read(struct intake *in, const char *role, const Granary__RoleSet *m,
                          struct cmd_role_set *ret_command) {
    TRY(role_check(role));
    *ret_command =
        (struct cmd_role_set){.role = symbol_make(in->symbols, role), .weight = m->has_weight ? m->weight : 1};
    return NULL;
}

// ---- finding, explaining ----

static const struct volume_row *volume_of_uuid(const struct state *s, struct uuid uuid) {
    STATE_EACH(VOLUME, volume_row, v, s)
    if (uuid_equal(v->uuid, uuid)) return v;
    return NULL;
}

static const char *volume_elsewhere(const struct state *s, const char *name, struct arena *arena) {
    STATE_EACH(VOLUME, volume_row, v, s)
    if (strcmp(v->name, name) == 0) return arena_format(arena, "; role '%s' has one", state_text(s, v->owner.role));
    return "";
}

struct err *volume_find(struct intake *in, const struct state *s, const char *role, const char *name,
                        const struct volume_row **ret_volume) {
    struct owner owner;
    struct uuid uuid;
    TRY(owner_read(in, role, &owner));
    const struct volume_row *v = state_volume_named(s, owner, name);
    if (!v && uuid_parse(name, &uuid)) v = volume_of_uuid(s, uuid);
    if (!v)
        return err_new(ERR_NOT_FOUND, "volume '%.255s': role '%s' has none of that name%s", name,
                       symbol_text(in->symbols, owner.role), volume_elsewhere(s, name, in->arena));
    *ret_volume = v;
    return NULL;
}

static struct err *want_agent_read(const struct state *s, const char *name, uint64_t *ret_agent) {
    if (!name || !*name) return NULL;
    const struct agent_row *agent = state_agent_named(s, name);
    if (!agent) return err_new(ERR_NOT_FOUND, "agent '%.255s': there is none of that name", name);
    *ret_agent = agent->id;
    return NULL;
}

static struct err *want_read(struct intake *in, const struct state *s, const Granary__ExplainRequest *m,
                             struct want *ret) {
    if (!m->class_ || !m->has_size)
        return err_new(ERR_INVALID, "explain: name a class and a size (class=gold, size=50GiB), or a volume");
    struct want w;
    struct owner owner;
    TRY(fs_read(in, NULL, NULL));
    TRY(broker_want(s, m->class_, m->fs, &w));
    w.size.n = m->size;
    w.iops.n = m->iops;
    if (m->role) {
        TRY(owner_read(in, m->role, &owner));
        w.role = owner.role;
    }
    TRY(labels_read(&m->base, in->arena, &w.labels));
    TRY(want_agent_read(s, m->agent, &w.agent));
    *ret = w;
    return NULL;
}

struct err *explain_read(struct intake *in, const struct state *s, const Granary__ExplainRequest *m,
                         struct want *ret_want, uint64_t *ret_volume) {
    *ret_volume = 0;
    if (!m->volume) return want_read(in, s, m, ret_want);
    const struct volume_row *v;
    TRY(volume_find(in, s, m->role, m->volume, &v));
    *ret_volume = v->id;
    return NULL;
}
