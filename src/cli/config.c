// SPDX-License-Identifier: Apache-2.0
// Files and variables fed to settings. Flags have been fed before: the source decides which one wins, not the order.
#include "cli/config.h"

#include <stdlib.h>

#include "base/arena.h"
#include "codec/yaml.h"
#include "sys/file.h"
#include "wire/setting.h"

extern char **environ;

const char *config_variable(enum process_kind kind) {
    return kind == PROCESS_CLI ? "GRANARY_CLI_CONFIG" : "GRANARY_CONFIG";
}

void config_help(enum process_kind kind, struct text *out) {
    setting_help(kind, out);
    text_addf(out,
              "\n--config FILE (or $%s) names a YAML file with the same keys. The file comes first, then the\n"
              "environment, then flags; the later one wins.",
              config_variable(kind));
}

static struct err *file_give(struct settings *settings, const char *path) {
    AUTO_ARENA struct arena arena = {0}; // nothing of a tree is kept: no verb has one
    AUTO_TEXT struct text bytes = {0};
    TRY(err_wrap(file_read(path, YAML_LARGEST, &bytes), "configuration"));
    return settings_give_yaml(settings, path, text_string(&bytes), bytes.size, &arena);
}

struct err *config_read(const struct options *o, struct settings *settings) {
    const char *path = options_text(o, "config");
    if (!path) path = getenv(config_variable(settings_kind(settings)));
    if (path && *path) TRY(file_give(settings, path));
    TRY(settings_give_environment(settings, (const char *const *)environ));
    return settings_complete(settings);
}
