// SPDX-License-Identifier: Apache-2.0
// What the master orders, in the host's words: publishes with the contexts of their storage, launches of Mesos tasks.
#include <string.h>

#include "agent/machine.h"

// ---- publish ----

static struct err *uuids_read(const Granary__Publish *order, struct agent_publish *p) {
    if (!uuid_parse(order->volume_uuid, &p->volume))
        return err_new(ERR_INVALID, "'%s' is not the UUID of a volume", order->volume_uuid);
    if (order->fs_uuid && *order->fs_uuid && !uuid_parse(order->fs_uuid, &p->fs_uuid))
        return err_new(ERR_INVALID, "'%s' is not the UUID of a filesystem", order->fs_uuid);
    return NULL;
}

struct err *order_publish(const struct agent *a, const Granary__Publish *order, struct arena *arena,
                          struct agent_publish *ret_publish) {
    // The answer of attach says where the device is; without one, that of create does.
    bool attached = order->attach_context && *order->attach_context;
    const char *context = attached ? order->attach_context : order->create_context;
    struct agent_publish p = {
        .context = arena_text(arena, context ? context : ""),
        .cluster = arena_text(arena, order->cluster),
        .fs = arena_text(arena, order->fs),
        .size = {order->size},
        .may_format = order->has_may_format && order->may_format,
        .zero_first = order->has_zero_first && order->zero_first,
        .read_only = order->has_read_only && order->read_only,
        .format_only = order->has_format_only && order->format_only,
        .grow_fs = order->has_grow_fs && order->grow_fs,
        .owner_uid = a->setup.owner_uid,
        .owner_gid = a->setup.owner_gid,
        .mode = a->setup.mode,
    };
    TRY(err_wrap(uuids_read(order, &p), "publish volume '%s' on agent '%s'", order->volume_name, a->setup.name));
    *ret_publish = p;
    return NULL;
}

// ---- launch ----

static double scalar_sum(const Mesos__V1__TaskInfo *info, const char *name) {
    double sum = 0;
    for (size_t i = 0; i < info->n_resources; i++) {
        const Mesos__V1__Resource *r = info->resources[i];
        if (r->scalar && text_equal(r->name, name)) sum += r->scalar->value;
    }
    return sum;
}

static const char *role_of(const Mesos__V1__TaskInfo *info) {
    for (size_t i = 0; i < info->n_resources; i++) {
        const Mesos__V1__Resource *r = info->resources[i];
        if (r->allocation_info && r->allocation_info->role) return r->allocation_info->role;
    }
    return NULL;
}

// What Mesos gives to every task; what the task itself says comes later and wins.
static void environment_fill(const Mesos__V1__TaskInfo *info, struct arena *arena, struct agent_launch *l) {
    const Mesos__V1__Environment *own = info->command ? info->command->environment : NULL;
    size_t count = own ? own->n_variables : 0;
    struct agent_variable *all = arena_zero(arena, count + 2, sizeof *all);
    const char *role = role_of(info);
    if (role) all[l->environment_count++] = (struct agent_variable){"MESOS_ALLOCATION_ROLE", arena_text(arena, role)};
    for (size_t i = 0; i < count; i++) {
        const Mesos__V1__Environment__Variable *v = own->variables[i];
        if (!v->value) continue; // a secret that somebody else would have to resolve
        all[l->environment_count++] = (struct agent_variable){arena_text(arena, v->name), arena_text(arena, v->value)};
    }
    l->environment = all;
}

// A command that is no shell line is a program; its arguments begin with the name it is to see itself under.
static void command_fill(const Mesos__V1__CommandInfo *command, struct arena *arena, struct agent_launch *l) {
    l->command = arena_text(arena, command->value);
    if (!command->has_shell || command->shell) return;
    const char **argv = arena_zero(arena, command->n_arguments + 2, sizeof *argv);
    argv[0] = l->command;
    for (size_t i = 0; i < command->n_arguments; i++) argv[i] = arena_text(arena, command->arguments[i]);
    l->argv = argv;
}

void order_launch(const Granary__Launch *order, const Mesos__V1__TaskInfo *info, struct arena *arena,
                  struct agent_launch *ret_launch) {
    struct agent_launch l = {
        .framework = arena_text(arena, order->framework_id),
        .id = arena_text(arena, info->task_id->value),
        .user = order->user && *order->user ? arena_text(arena, order->user) : NULL,
        .volume_count = order->n_volumes,
    };
    struct milli mib;
    if (!milli_from_double(scalar_sum(info, "cpus"), &l.cpus)) l.cpus.n = 0;
    if (milli_from_double(scalar_sum(info, "mem"), &mib) && mib.n > 0) l.mem.n = (uint64_t)mib.n * (MIB / 8) / 125;
    if (info->command) command_fill(info->command, arena, &l);
    environment_fill(info, arena, &l);
    struct agent_task_volume *volumes = arena_zero(arena, order->n_volumes + 1, sizeof *volumes);
    for (size_t i = 0; i < order->n_volumes; i++) {
        const Granary__LaunchVolume *v = order->volumes[i];
        volumes[i] = (struct agent_task_volume){v->attachment_id, arena_text(arena, v->container_path),
                                                v->has_read_only && v->read_only};
    }
    l.volumes = volumes;
    *ret_launch = l;
}
