// SPDX-License-Identifier: Apache-2.0
// The flags of `granary run`: one row each, from which help is written too.
#include "cli/run_options.h"

#include <string.h>

#include "base/id.h"
#include "base/path.h"
#include "cli/config.h"

enum { CPUS_MOST = 1000000 };

const struct option run_flags[] = {
    {"class", OPTION_TEXT, "CLASS", "make a volume of this class, unless there is one of that name"},
    {"size", OPTION_SIZE, "SIZE", "how large it is to be: 256MiB"},
    {"name", OPTION_TEXT, "NAME", "the volume's name; one that exists is used as it is"},
    {"fs", OPTION_TEXT, "FS", "its filesystem (what the class says when left out)"},
    {"mount", OPTION_TEXT, "PATH", "where the task sees it (/data when left out)"},
    {"role", OPTION_TEXT, "ROLE", "who owns the volume (default when left out)"},
    {"delete", OPTION_FLAG, NULL, "release the volume at the end; it is kept otherwise"},
    {"restart", OPTION_FLAG, NULL, "when the agent is lost, follow the volume to another one"},
    {"cpus", OPTION_REAL, "N", "processors for the task (0.1)"},
    {"mem", OPTION_SIZE, "SIZE", "memory for the task (32MiB)"},
    {"user", OPTION_TEXT, "USER", "user of the task (the agent's choice when left out)"},
    {"env", OPTION_LIST, "NAME=VALUE", "a variable of the task; may be given several times"},
    {"patience", OPTION_DURATION, "TIME", "how long to wait until the task runs (without bound)"},
    {0},
};

static struct err *volume_name_check(const char *name) {
    return name_check("volume", name);
}

static struct err *owner_check(const char *role) {
    TRY(role_check(role));
    if (strcmp(role, "*") == 0)
        return err_new(ERR_INVALID,
                       "storage of role '*' belongs to one framework only, and each run is a new one; name a role");
    return NULL;
}

static struct err *checked(const struct options *given, const char *name, struct err *(*check)(const char *)) {
    const char *text = options_text(given, name);
    return text ? err_wrap(check(text), "--%s", name) : NULL;
}

static struct err *volume_take(const struct options *given, struct run_options *o) {
    const struct given *size = options_find(given, "size");
    TRY(checked(given, "name", volume_name_check));
    TRY(checked(given, "role", owner_check));
    TRY(checked(given, "mount", container_path_check));
    if (size && !size->number) return err_new(ERR_INVALID, "--size: it must be above 0");
    o->class = options_text(given, "class");
    o->size.n = size ? size->number : 0;
    o->name = options_text(given, "name");
    o->fs = options_text(given, "fs");
    o->mount = options_text(given, "mount");
    if (options_has(given, "role")) o->role = options_text(given, "role");
    o->remove = options_has(given, "delete");
    return NULL;
}

static struct err *resources_take(const struct options *given, struct run_options *o) {
    const struct given *cpus = options_find(given, "cpus"), *mem = options_find(given, "mem");
    if (cpus && !(cpus->real >= 0.001 && cpus->real <= CPUS_MOST))
        return err_new(ERR_INVALID, "--cpus: '%.40s' is not a number of processors such as 0.5", cpus->text);
    if (mem && mem->number < MIB) return err_new(ERR_INVALID, "--mem: '%.40s' is less than 1MiB", mem->text);
    if (cpus) o->cpus.n = (int64_t)(cpus->real * 1000 + 0.5);
    if (mem) o->mem.n = (int64_t)(mem->number / MIB * 1000);
    return NULL;
}

static struct err *variables_take(const struct options *given, struct arena *arena, struct run_options *o) {
    const char **variables = arena_zero(arena, given->given.count + 1, sizeof *variables);
    VEC_EACH (g, &given->given) {
        if (strcmp(g->option->name, "env") != 0) continue;
        if (*g->text == '=' || !strchr(g->text, '='))
            return err_new(ERR_INVALID, "--env: '%.80s': write NAME=VALUE", g->text);
        variables[o->environment_count++] = g->text;
    }
    o->environment = variables;
    return NULL;
}

static struct err *task_take(const struct options *given, struct arena *arena, struct run_options *o) {
    const struct given *patience = options_find(given, "patience");
    o->user = options_text(given, "user");
    o->restart = options_has(given, "restart");
    o->patience_ms = patience ? (int64_t)patience->number : 0;
    TRY(resources_take(given, o));
    return variables_take(given, arena, o);
}

static struct err *together_check(const struct run_options *o) {
    if (!o->command_count)
        return err_new(ERR_INVALID, "it needs a command: granary run [OPTION...] -- COMMAND [ARGUMENT...]");
    if (o->class && !o->size.n) return err_new(ERR_INVALID, "--class %s needs a --size", o->class);
    if (o->size.n && !o->class) return err_new(ERR_INVALID, "--size needs a --class; 'granary class list' shows them");
    if (o->fs && !o->class) return err_new(ERR_INVALID, "--fs is for a volume that is made: add --class and --size");
    if (!run_options_has_volume(o) && o->mount)
        return err_new(ERR_INVALID, "--mount needs a volume: --name, or --class and --size");
    if (!run_options_has_volume(o) && o->remove)
        return err_new(ERR_INVALID, "--delete needs a volume: --name, or --class and --size");
    return NULL;
}

static struct err *take_all(const struct options *given, struct arena *arena, struct run_options *o) {
    while (o->command[o->command_count]) o->command_count++;
    TRY(volume_take(given, o));
    TRY(task_take(given, arena, o));
    TRY(together_check(o));
    if (!o->mount) o->mount = "/data";
    return config_read(given, o->settings);
}

struct err *run_options_read(const char *const *arguments, struct arena *arena, struct run_options *ret_options) {
    struct run_options o = {.role = "default", .cpus = {100}, .mem = {32000}, .settings = settings_new(PROCESS_CLI)};
    struct options given = {0};
    struct err *e = options_read_leading(run_flags, arguments, o.settings, &given, &o.command);
    if (!e) e = take_all(&given, arena, &o);
    options_done(&given);
    if (e)
        run_options_done(&o);
    else
        *ret_options = o;
    return e;
}

void run_options_done(struct run_options *o) {
    settings_free(o->settings);
    o->settings = NULL;
}

bool run_options_has_volume(const struct run_options *o) {
    return o->name || o->class;
}

void run_options_name(struct run_options *o, const unsigned char entropy[4], struct arena *arena) {
    if (o->name || !o->class) return;
    o->unnamed = true;
    o->name = arena_format(arena, "run-%02x%02x%02x%02x", entropy[0], entropy[1], entropy[2], entropy[3]);
}
