// SPDX-License-Identifier: Apache-2.0
// Settings: a YAML file, then the environment, then flags; the later one wins.
#include "daemon/config.h"

#include <stdlib.h>
#include <string.h>

#include "codec/yaml.h"
#include "sys/file.h"
#include "sys/log.h"
#include "wire/setting.h"

extern char **environ;

bool config_wants_help(const char *const *arguments) {
    for (; *arguments; arguments++)
        if (strcmp(*arguments, "--help") == 0 || strcmp(*arguments, "-h") == 0) return true;
    return false;
}

static struct err *give_file(struct settings *s, const char *path, struct arena *arena) {
    AUTO_TEXT struct text bytes = {0};
    TRY(err_wrap(file_read(path, YAML_LARGEST, &bytes), "configuration"));
    return settings_give_yaml(s, path, text_string(&bytes), bytes.size, arena);
}

// Takes --config out of the flags: it says where others are, and is no setting itself.
static struct err *take_config(const char *const *arguments, const char **rest, const char **ret_path) {
    size_t n = 0;
    *ret_path = getenv("GRANARY_CONFIG");
    for (; *arguments; arguments++) {
        if (strncmp(*arguments, "--config=", 9) == 0) {
            *ret_path = *arguments + 9;
        } else if (strcmp(*arguments, "--config") == 0) {
            if (!arguments[1]) return err_new(ERR_INVALID, "--config needs a file");
            *ret_path = *++arguments;
        } else {
            rest[n++] = *arguments;
        }
    }
    rest[n] = NULL;
    return NULL;
}

static struct err *load(struct settings *s, const char *const *arguments, struct arena *arena) {
    size_t n = 0, used = 0;
    while (arguments[n]) n++;
    const char **rest = arena_zero(arena, n + 1, sizeof *rest);
    const char *path;
    TRY(take_config(arguments, rest, &path));
    if (path && *path) TRY(give_file(s, path, arena));
    TRY(settings_give_environment(s, (const char *const *)environ));
    TRY(settings_give_flags(s, rest, &used));
    if (rest[used]) return err_new(ERR_INVALID, "'%s': this process takes flags only; see --help", rest[used]);
    return settings_complete(s);
}

struct err *config_load(enum process_kind kind, const char *const *arguments, struct arena *arena,
                        struct settings **ret_settings) {
    struct settings *s = settings_new(kind);
    struct err *e = load(s, arguments, arena);
    if (e)
        settings_free(s);
    else
        *ret_settings = s;
    return e;
}

void config_log(const struct settings *s) {
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    enum log_level level = LOG_INFO_LEVEL;
    const char *wanted = settings_text(s, "log-level");
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(levels[i], wanted) == 0) level = (enum log_level)i;
    log_set(level, strcmp(settings_text(s, "log-format"), "json") == 0, process_kind_name(settings_kind(s)));
}
