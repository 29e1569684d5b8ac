// SPDX-License-Identifier: Apache-2.0
// A TaskInfo as the core launches it. What agents here do not do is refused in a sentence, before anything is made for it.
#include "wire/mesos_accept.h"

#include "base/text.h"
#include "model/filesystem.h"
#include "model/label.h"
#include "wire/mesos.h"

enum {
    KILL_GRACE_DEFAULT = 3000,   // ms, as in Mesos
    TASK_INFO_LARGEST = 1 << 20, // packed; kept as long as the task is
};

// ---- volumes of a container ----

#define LABEL_OPTION "label." // label.app=x: the volume's label app
static const char *const option_names[] = {"class", "size", "fs", "iops", LABEL_OPTION};

static struct err *option_unknown(const char *key, const char *value, struct arena *arena, struct wanted_volume *w) {
    w->unknown = arena_format(arena, "%s%s%s", key, *value ? "=" : "", value);
    const char *near = text_nearest(key, option_names, ARRAY_LEN(option_names));
    if (near) return err_new(ERR_INVALID, "unknown driver option '%s'; did you mean '%s'?", key, near);
    return err_new(ERR_INVALID,
                   "unknown driver option '%s'; the driver 'granary' knows class, size, fs, iops and label.KEY", key);
}

static struct err *option_read(struct symbols *s, const char *key, const char *value, struct arena *arena,
                               struct wanted_volume *w) {
    const struct filesystem *fs;
    w->options = true;
    if (strcmp(key, "class") == 0) {
        w->class = value; // a tag is told which class to use
        return strpbrk(value, "=<>!()/ ") && strlen(value) <= TAG_VALUE_LONGEST ? NULL : name_check("class", value);
    }
    if (strcmp(key, "size") == 0) {
        TRY(err_wrap(bytes_parse(value, &w->size), "driver option 'size'"));
        return w->size.n ? NULL : err_new(ERR_INVALID, "driver option 'size' must be above 0");
    }
    if (strcmp(key, "fs") == 0) {
        TRY(err_wrap(filesystem_get(value, &fs), "driver option 'fs'"));
        symbol_make(s, fs->name);
        w->fs = fs->name;
        return NULL;
    }
    if (strcmp(key, "iops") == 0) {
        if (text_to_u64(value, &w->iops.n)) return NULL;
        return err_new(ERR_INVALID, "driver option 'iops' is '%s'; expected a whole number", value);
    }
    return option_unknown(key, value, arena, w);
}

static struct err *labels_take(const struct label *at, size_t count, struct arena *arena, struct wanted_volume *w) {
    AUTO_TEXT struct text lines = {0};
    TRY(err_wrap(labels_make(at, count, &lines), "driver options"));
    if (count) w->labels = arena_text(arena, text_string(&lines));
    w->options |= count > 0;
    return NULL;
}

static struct err *docker_volume_read(struct symbols *s, const Mesos__V1__Volume__Source__DockerVolume *source,
                                      struct arena *arena, struct wanted_volume *w) {
    if (!source->driver || strcmp(source->driver, MESOS_STORAGE_AGENT) != 0)
        return err_new(ERR_INVALID, "driver '%s' is not known here; external volumes come from driver 'granary'",
                       source->driver ? source->driver : "");
    w->name = source->name;
    TRY(name_check("volume", w->name));
    const Mesos__V1__Parameters *options = source->driver_options;
    struct label labels[LABELS_MOST + 1]; // one too many is refused below
    size_t count = 0;
    for (size_t i = 0; options && i < options->n_parameter; i++) {
        const char *key = options->parameter[i]->key, *value = options->parameter[i]->value;
        bool label = text_starts(key, LABEL_OPTION);
        if (label && count < ARRAY_LEN(labels)) labels[count++] = (struct label){key + strlen(LABEL_OPTION), value};
        if (!label) TRY(option_read(s, key, value, arena, w));
    }
    return labels_take(labels, count, arena, w);
}

static const char *source_name(const Mesos__V1__Volume *v) {
    const Mesos__V1__Volume__Source *source = v->source;
    if (v->image) return "an image";
    if (v->host_path || (source && source->host_path)) return "a host_path";
    if (source && source->sandbox_path) return "a sandbox_path";
    if (source && source->secret) return "a secret";
    if (source && source->csi_volume) return "a csi_volume";
    return "no source";
}

struct err *mesos_wanted_read(struct symbols *s, const Mesos__V1__Volume *volume, struct arena *arena,
                              struct wanted_volume *ret_wanted) {
    *ret_wanted = (struct wanted_volume){
        .container_path = volume->container_path,
        .read_only = volume->mode == MESOS__V1__VOLUME__MODE__RO,
    };
    bool named = volume->source && volume->source->docker_volume && !volume->image && !volume->host_path;
    struct err *e = named ? docker_volume_read(s, volume->source->docker_volume, arena, ret_wanted)
                          : err_new(ERR_INVALID,
                                    "it has %s; agents here mount volumes with a source DOCKER_VOLUME of driver "
                                    "'granary' only",
                                    source_name(volume));
    return err_wrap(e, "container.volumes: '%.255s'", volume->container_path);
}

static struct err *volumes_read(struct symbols *s, const Mesos__V1__ContainerInfo *container, struct arena *arena,
                                struct task_launch *t) {
    struct wanted_volume *volumes = arena_zero(arena, container->n_volumes, sizeof *volumes);
    for (size_t i = 0; i < container->n_volumes; i++) {
        struct err *e = mesos_wanted_read(s, container->volumes[i], arena, &volumes[i]);
        t->unknown = volumes[i].unknown;
        TRY(e);
    }
    t->volumes = volumes;
    t->volume_count = container->n_volumes;
    return NULL;
}

// A name alone asks for another network; hints such as an IP version do not.
static bool network_asked(const Mesos__V1__ContainerInfo *container) {
    for (size_t i = 0; i < container->n_network_infos; i++) {
        const Mesos__V1__NetworkInfo *n = container->network_infos[i];
        if ((n->name && *n->name) || n->n_groups || n->n_port_mappings) return true;
    }
    return false;
}

// What would be another task without it: docs/frameworks.md lists the same.
static struct err *container_check(const Mesos__V1__ContainerInfo *container) {
    const char *what = container->hostname && *container->hostname ? "a hostname"
                       : container->linux_info                     ? "linux_info"
                       : container->rlimit_info                    ? "rlimit_info"
                       : container->tty_info                       ? "tty_info"
                       : network_asked(container)                  ? "a network of its own"
                                                                   : NULL;
    if (!what) return NULL;
    return err_new(ERR_INVALID,
                   "its container asks for %s, and tasks here run as plain processes of their host; "
                   "leave it out",
                   what);
}

static struct err *container_read(struct symbols *s, const Mesos__V1__ContainerInfo *container, struct arena *arena,
                                  struct task_launch *t) {
    bool image = container->mesos && container->mesos->image;
    if (container->type == MESOS__V1__CONTAINER_INFO__TYPE__DOCKER || image)
        return err_new(ERR_INVALID,
                       "agents here run commands, not images; use a container of type MESOS without image");
    TRY(container_check(container));
    return volumes_read(s, container, arena, t);
}

// ---- the task ----

static struct err *environment_check(const Mesos__V1__Environment *environment) {
    for (size_t i = 0; environment && i < environment->n_variables; i++) {
        const Mesos__V1__Environment__Variable *v = environment->variables[i];
        if (v->secret || !v->value)
            return err_new(ERR_INVALID,
                           "environment variable '%.255s' has no plain value, and agents here know no secrets",
                           v->name);
    }
    return NULL;
}

static struct err *command_check(const Mesos__V1__TaskInfo *task) {
    const Mesos__V1__CommandInfo *command = task->command;
    if (task->executor && !command)
        return err_new(ERR_INVALID,
                       "it needs a custom executor, which agents here do not run; give the task a command instead");
    if (!command || task->executor)
        return err_new(ERR_INVALID,
                       "Task must have at least one (but not both) of CommandInfo or ExecutorInfo present");
    if (!command->value || !*command->value) return err_new(ERR_INVALID, "its command has no value");
    if (command->n_uris) return err_new(ERR_INVALID, "its command has URIs, which agents here do not fetch");
    return environment_check(command->environment);
}

static struct err *undone_check(const Mesos__V1__TaskInfo *task) {
    if (task->health_check || task->check)
        return err_new(ERR_INVALID, "it has a %s, which agents here do not run; leave it out",
                       task->health_check ? "health_check" : "check");
    if (task->n_limits)
        return err_new(ERR_INVALID, "it has limits beside its resources, which agents here do not set; leave them out");
    return NULL;
}

static struct err *user_read(struct symbols *s, const Mesos__V1__TaskInfo *task, struct task_launch *t) {
    const char *user = task->command->user;
    if (!user || !*user) return NULL;
    if (strlen(user) > MESOS_TEXT_LONGEST)
        return err_new(ERR_INVALID, "its user is longer than %d bytes", MESOS_TEXT_LONGEST);
    symbol_make(s, user);
    t->user = user;
    return NULL;
}

static struct err *kill_grace_read(const Mesos__V1__TaskInfo *task, struct task_launch *t) {
    const Mesos__V1__DurationInfo *grace = task->kill_policy ? task->kill_policy->grace_period : NULL;
    t->kill_grace_ms = KILL_GRACE_DEFAULT;
    if (!grace) return NULL;
    if (grace->nanoseconds < 0) return err_new(ERR_INVALID, "its kill_policy has a grace_period below 0");
    t->kill_grace_ms = (uint64_t)grace->nanoseconds / 1000000;
    return NULL;
}

static struct err *resources_read(const Mesos__V1__TaskInfo *task, struct arena *arena, struct task_launch *t) {
    struct item *items = arena_zero(arena, task->n_resources, sizeof *items);
    for (size_t i = 0; i < task->n_resources; i++) TRY(mesos_item_read(task->resources[i], arena, &items[i]));
    t->items = items;
    t->item_count = task->n_resources;
    return NULL;
}

static struct err *launch_read(struct symbols *s, const Mesos__V1__TaskInfo *task, struct arena *arena,
                               struct task_launch *t) {
    TRY(command_check(task));
    TRY(undone_check(task));
    TRY(user_read(s, task, t));
    TRY(kill_grace_read(task, t));
    TRY(resources_read(task, arena, t));
    if (task->container) TRY(container_read(s, task->container, arena, t));
    const struct blob *packed = mesos_pack(&task->base, arena);
    if (packed->size > TASK_INFO_LARGEST)
        return err_new(ERR_INVALID, "its TaskInfo has %u bytes; the most is %d", packed->size, TASK_INFO_LARGEST);
    t->info = packed;
    return NULL;
}

void mesos_launch_read(struct symbols *s, const Mesos__V1__TaskInfo *task, struct arena *arena,
                       struct task_launch *ret_launch) {
    *ret_launch = (struct task_launch){.text_id = task->task_id->value, .agent = task->agent_id->value};
    AUTO_ERR struct err *e = launch_read(s, task, arena, ret_launch);
    if (e) ret_launch->refusal = arena_format(arena, "Task '%.255s' cannot run: %s", task->task_id->value, err_text(e));
}
