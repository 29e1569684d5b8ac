// SPDX-License-Identifier: Apache-2.0
// The long-lived processes: flags in, settings and loop built, the process run until a signal ends it.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon/agent.h"
#include "daemon/config.h"
#include "daemon/master.h"
#include "daemon/provider.h"
#include "host/keeper.h"
#include "sys/log.h"
#include "sys/open_files.h"

static const struct process {
    enum process_kind kind;
    const char *help;
    struct err *(*run)(struct loop *l, const struct settings *s);
} processes[] = {
    {PROCESS_MASTER, "the registry, the broker and the API", master_daemon_run},
    {PROCESS_AGENT, "one per host: publishes volumes and runs tasks", agent_daemon_run},
    {PROCESS_PROVIDER, "one per storage system: runs its driver", provider_daemon_run},
};

static int usage(FILE *to, int status) {
    fprintf(to, "usage: granaryd PROCESS [--config FILE] [flags]\n\nprocesses:\n");
    for (size_t i = 0; i < ARRAY_LEN(processes); i++)
        fprintf(to, "  %-10s %s\n", process_kind_name(processes[i].kind), processes[i].help);
    fprintf(to, "\n'granaryd PROCESS --help' lists its settings. Each is a key of the file, a variable and a flag; the "
                "later one wins.\n");
    return status;
}

static int help(const struct process *p) {
    AUTO_TEXT struct text text = {0};
    setting_help(p->kind, &text);
    printf("usage: granary %s [--config FILE] [flags]\n\n%s: %s\n\n%s", process_kind_name(p->kind),
           process_kind_name(p->kind), p->help, text_string(&text));
    return 0;
}

static struct err *process_run(const struct process *p, const char *const *arguments) {
    AUTO_ARENA struct arena arena = {0};
    struct settings *settings;
    TRY(config_load(p->kind, arguments, &arena, &settings));
    config_log(settings);
    AUTO_ERR struct err *few = open_files_raise();
    if (few) log_warn("%s", err_text(few));
    struct loop *loop = NULL;
    struct err *e = loop_new(&loop);
    if (!e) e = p->run(loop, settings);
    loop_free(loop);
    settings_free(settings);
    return e;
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "keeper") == 0) return keeper_main(argc - 1, argv + 1);
    if (argc < 2) return usage(stderr, 2);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return usage(stdout, 0);
    const char *const *arguments = (const char *const *)(argv + 2);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_LEN(processes); i++) {
        if (strcmp(argv[1], process_kind_name(processes[i].kind)) != 0) continue;
        if (config_wants_help(arguments)) return help(&processes[i]);
        AUTO_ERR struct err *e = process_run(&processes[i], arguments);
        if (!e) return 0;
        fprintf(stderr, "granary %s: %s\n", argv[1], err_text(e));
        return err_kind_exit(err_kind(e));
    }
    fprintf(stderr, "granaryd: unknown process '%s'\n", argv[1]);
    return usage(stderr, 2);
}
