// SPDX-License-Identifier: Apache-2.0
// granary task: what one task printed, as its agent has it.
#include <stdio.h>
#include <time.h>

#include "cli/task_output.h"
#include "cli/verbs.h"

enum { PAUSE_MS = 200 };

static struct err *piece_get(struct call *c, struct task_stream *s, const Granary__TaskOutput **ret_piece) {
    AUTO_TEXT struct text path = {0};
    void *message;
    task_stream_path(s, call_name(c, 0), options_text(c->options, "framework"), NULL, &path);
    TRY(client_get(c->client, path.data, &granary__task_output__descriptor, c->arena, &message));
    *ret_piece = message;
    return NULL;
}

// All that is there now. -o json: one line per piece, to standard output.
static struct err *stream_drain(struct call *c, struct task_stream *s) {
    for (bool more = true; more && !s->ended;) {
        AUTO_ARENA struct arena arena = {0};
        struct call once = *c;
        const Granary__TaskOutput *piece;
        once.arena = &arena;
        TRY(piece_get(&once, s, &piece));
        more = piece->data.len > 0;
        if (c->json && more) fputs(text_string(client_json(c->client)), stdout);
        if (!c->json) task_stream_write(s, piece);
        task_stream_go_on(s, piece);
    }
    return NULL;
}

static struct err *task_output(struct call *c) {
    struct task_stream streams[TASK_STREAMS];
    task_streams_begin(streams);
    bool follow = options_has(c->options, "follow");
    for (;;) {
        for (size_t i = 0; i < TASK_STREAMS; i++) TRY(stream_drain(c, &streams[i]));
        fflush(stdout);
        if (!follow || (streams[0].ended && streams[1].ended)) return NULL;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000}, NULL);
    }
}

static const struct option output_options[] = {
    {"follow", OPTION_FLAG, NULL, "go on until the task has ended"},
    {"framework", OPTION_TEXT, "FRAMEWORK", "whose task, when several have one of that id"},
    {0},
};
static const struct action actions[] = {
    {"output", "ID [--follow]", "what a task printed so far", output_options, 1, 1, 0, task_output,
     "Its standard output goes to ours, its standard error to ours; -o json prints the pieces instead, one a line. It "
     "is "
     "read\nfrom the task's agent, on whatever host that is, also when the task has ended lately and the agent still "
     "keeps its files.\n\n"
     "example:\n  granary task output web-1 --follow"},
};
NOUN(task, actions);
