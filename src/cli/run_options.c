// SPDX-License-Identifier: Apache-2.0
// The flags of `granary run`: one row each, from which help is written too.
#include "cli/run_options.h"

#include <string.h>

#include "base/id.h"
#include "base/vec.h"
#include "model/setting.h"

// name, field, word of its value ("" : none), reader, help
#define FLAGS(X)                                                                                                       \
    X("class", class, "CLASS", take_text, "make a volume of this class, unless there is one of that name")             \
    X("size", size, "SIZE", take_size, "how large it is to be: 256MiB")                                                \
    X("name", name, "NAME", take_name, "the volume's name; one that exists is used as it is")                          \
    X("fs", fs, "FS", take_text, "its filesystem (what the class says when left out)")                                 \
    X("mount", mount, "PATH", take_text, "where the task sees it (/data when left out)")                               \
    X("role", role, "ROLE", take_role, "who owns the volume (default when left out)")                                  \
    X("delete", remove, "", take_flag, "release the volume at the end; it is kept otherwise")                          \
    X("restart", restart, "", take_flag, "when the agent is lost, follow the volume to another one")                   \
    X("cpus", cpus, "N", take_cpus, "processors for the task (0.1)")                                                   \
    X("mem", mem, "SIZE", take_mem, "memory for the task (32MiB)")                                                     \
    X("user", user, "USER", take_text, "user of the task (the agent's choice when left out)")                          \
    X("env", environment, "NAME=VALUE", take_variable, "a variable of the task; may be given several times")           \
    X("timeout", timeout_ms, "TIME", take_time, "give up when the task does not run by then (no limit when left out)")

struct reading {
    struct run_options *o;
    VEC(const char *) environment;
};

static struct err *take_text(struct reading *r UNUSED, void *field, const char *value) {
    if (!*value) return err_new(ERR_INVALID, "it is empty");
    *(const char **)field = value;
    return NULL;
}

static struct err *take_name(struct reading *r, void *field, const char *value) {
    TRY(name_check("volume", value));
    return take_text(r, field, value);
}

static struct err *take_role(struct reading *r, void *field, const char *value) {
    TRY(role_check(value));
    if (strcmp(value, "*") == 0)
        return err_new(ERR_INVALID,
                       "storage of role '*' belongs to one framework only, and each run is a new one; name a role");
    return take_text(r, field, value);
}

static struct err *take_size(struct reading *r UNUSED, void *field, const char *value) {
    TRY(bytes_parse(value, field));
    return ((struct bytes *)field)->n ? NULL : err_new(ERR_INVALID, "it must be above 0");
}

static struct err *take_flag(struct reading *r UNUSED, void *field, const char *value UNUSED) {
    *(bool *)field = true;
    return NULL;
}

// "0.5": thousandths.
static struct err *take_cpus(struct reading *r UNUSED, void *field, const char *value) {
    uint64_t whole = 0, part = 0, scale = 100;
    const char *c = value;
    for (; *c >= '0' && *c <= '9' && whole < 1000000; c++) whole = whole * 10 + (uint64_t)(*c - '0');
    if (*c == '.')
        for (c++; *c >= '0' && *c <= '9' && scale; c++, scale /= 10) part += (uint64_t)(*c - '0') * scale;
    if (*c || c == value || !(whole + part))
        return err_new(ERR_INVALID, "'%.40s' is not a number of processors such as 0.5", value);
    ((struct milli *)field)->n = (int64_t)(whole * 1000 + part);
    return NULL;
}

static struct err *take_mem(struct reading *r UNUSED, void *field, const char *value) {
    struct bytes size;
    TRY(bytes_parse(value, &size));
    if (size.n < MIB) return err_new(ERR_INVALID, "'%s' is less than 1MiB", value);
    ((struct milli *)field)->n = (int64_t)(size.n / MIB * 1000);
    return NULL;
}

static struct err *take_variable(struct reading *r, void *field UNUSED, const char *value) {
    if (*value == '=' || !strchr(value, '=')) return err_new(ERR_INVALID, "'%.80s': write NAME=VALUE", value);
    vec_push(&r->environment, value);
    return NULL;
}

static struct err *take_time(struct reading *r UNUSED, void *field, const char *value) {
    return duration_parse(value, field);
}

static const struct flag {
    const char *name, *word;
    struct err *(*take)(struct reading *r, void *field, const char *value);
    size_t offset;
    const char *help;
} flags[] = {
#define X(name, field, word, take, help) {name, word, take, offsetof(struct run_options, field), help},
    FLAGS(X)
#undef X
};

static const struct flag *flag_find(const char *name, size_t size) {
    for (size_t i = 0; i < ARRAY_LEN(flags); i++)
        if (strlen(flags[i].name) == size && strncmp(flags[i].name, name, size) == 0) return &flags[i];
    return NULL;
}

// One flag of ours at **at; false when it is not.
static struct err *flag_take(struct reading *r, const char *const **at, bool *ret_ours) {
    const char *name = **at + 2, *equals = strchr(name, '=');
    const struct flag *flag = flag_find(name, equals ? (size_t)(equals - name) : strlen(name));
    *ret_ours = flag != NULL;
    if (!flag) return NULL;
    const char *value = equals ? equals + 1 : "";
    if (*flag->word && !equals) {
        value = *++*at;
        if (!value) return err_new(ERR_INVALID, "--%s needs a value: --%s %s", flag->name, flag->name, flag->word);
    } else if (!*flag->word && equals) {
        return err_new(ERR_INVALID, "--%s takes no value", flag->name);
    }
    ++*at;
    return err_wrap(flag->take(r, (char *)r->o + flag->offset, value), "--%s", flag->name);
}

// The settings that all verbs share (--master) come from their own table, environment included.
static struct err *shared_take(const char *const **at, struct settings *s) {
    size_t used = 0;
    const char *pair[] = {(*at)[0], strchr((*at)[0], '=') ? NULL : (*at)[1], NULL};
    TRY(settings_give_flags(s, pair, NULL, NULL, &used));
    *at += used;
    return NULL;
}

static struct err *all_take(struct reading *r, const char *const *at, struct settings *s) {
    while (*at && strncmp(*at, "--", 2) == 0) {
        bool ours;
        if (strcmp(*at, "--") == 0) {
            at++;
            break;
        }
        TRY(flag_take(r, &at, &ours));
        if (!ours) TRY(shared_take(&at, s));
    }
    if (*at && **at == '-' && strcmp(at[-1], "--") != 0)
        return err_new(ERR_INVALID, "'%s': flags begin with two dashes", *at);
    r->o->command = at;
    while (at[r->o->command_count]) r->o->command_count++;
    return NULL;
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

extern char **environ;

static struct err *read_all(struct reading *r, const char *const *arguments, struct settings *s, struct arena *arena) {
    TRY(settings_give_environment(s, (const char *const *)environ));
    TRY(all_take(r, arguments, s));
    TRY(settings_complete(s));
    struct run_options *o = r->o;
    TRY(together_check(o));
    if (!o->mount) o->mount = "/data";
    o->environment = arena_copy(arena, r->environment.at, r->environment.count * sizeof *r->environment.at);
    o->environment_count = r->environment.count;
    return NULL;
}

struct err *run_options_read(const char *const *arguments, struct arena *arena, struct run_options *ret_options) {
    struct run_options o = {.role = "default", .cpus = {100}, .mem = {32000}};
    struct reading r = {.o = &o};
    struct settings *s = settings_new(PROCESS_CLI);
    o.settings = s;
    struct err *e = read_all(&r, arguments, s, arena);
    vec_done(&r.environment);
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
    if (!o->name && o->class)
        o->name = arena_format(arena, "run-%02x%02x%02x%02x", entropy[0], entropy[1], entropy[2], entropy[3]);
}

void run_options_help(struct text *out) {
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        AUTO_FREE char *left = mem_format("--%s %s", flags[i].name, flags[i].word);
        text_addf(out, "  %-20s %s\n", left, flags[i].help);
    }
    text_addf(out, "  %-20s %s\n", "--master URL", "where the master answers ($GRANARY_MASTER)");
}
