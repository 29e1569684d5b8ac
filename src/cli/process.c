// SPDX-License-Identifier: Apache-2.0
// The long-lived processes: `granary master` and the like become granaryd, which stands beside this executable.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "cli/cli.h"
#include "cli/config.h"

struct err *cli_beside(const char *name, char **ret_path) {
    char self[4096];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    if (size < 0) return err_errno(errno, "read the link /proc/self/exe");
    self[size] = 0;
    char *slash = strrchr(self, '/');
    must(slash != NULL);
    *slash = 0;
    *ret_path = mem_format("%s/%s", self, name);
    return NULL;
}

static struct err *become(enum process_kind kind, const char *const *arguments) {
    AUTO_FREE char *path = NULL;
    TRY(cli_beside("granaryd", &path));
    VEC(const char *) argv = {0};
    vec_push(&argv, path);
    vec_push(&argv, process_kind_name(kind));
    for (; *arguments; arguments++) vec_push(&argv, *arguments);
    vec_push(&argv, NULL);
    execv(path, (char *const *)(const void *)argv.at);
    int number = errno;
    vec_done(&argv);
    return err_errno(number, "start %s", path);
}

struct err *verb_master(const char *const *arguments, int *ret_exit UNUSED) {
    return become(PROCESS_MASTER, arguments);
}
struct err *verb_agent(const char *const *arguments, int *ret_exit UNUSED) {
    return become(PROCESS_AGENT, arguments);
}
struct err *verb_provider(const char *const *arguments, int *ret_exit UNUSED) {
    return become(PROCESS_PROVIDER, arguments);
}
void help_master(struct text *out) {
    config_help(PROCESS_MASTER, out);
}
void help_agent(struct text *out) {
    config_help(PROCESS_AGENT, out);
    text_add(out, "\n\n'granary agent remove NAME' forgets one that is gone for good; 'granary agents' lists them.");
}
void help_provider(struct text *out) {
    config_help(PROCESS_PROVIDER, out);
    text_add(out,
             "\n\n'granary provider remove NAME' forgets one that is gone for good; 'granary inventory' lists them.");
}
