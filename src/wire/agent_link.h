// SPDX-License-Identifier: Apache-2.0
// What agents say, as commands; what the master says to them, from rows. Sizes, counts and texts of agents are checked here.
#ifndef WIRE_AGENT_LINK_H
#define WIRE_AGENT_LINK_H

#include "core/command.h"
#include "granary_link.pb-c.h"
#include "wire/intake.h"

struct session_terms; // wire/said.h

// ---- from an agent. What is read lives in the intake's arena, facts until intake_done ----

enum { AGENT_ATTACHMENTS_MOST = 16384, AGENT_TASKS_MOST = 65536, AGENT_IDENTITIES_MOST = 64 };
MUST_USE struct err *agent_hello_read(struct intake *in, const Granary__AgentHello *m, uint64_t session,
                                      struct cmd_agent_hello *ret_command);
MUST_USE struct err *agent_report_read(struct intake *in, const Granary__AgentReport *m, uint64_t agent,
                                       uint64_t session, struct cmd_agent_report *ret_command);
MUST_USE struct err *attachment_report_read(struct intake *in, const Granary__AttachmentReport *m, uint64_t agent,
                                            struct cmd_attachment_report *ret_command);
MUST_USE struct err *task_status_read(struct intake *in, const Granary__TaskStatusReport *m, uint64_t agent,
                                      struct cmd_task_status *ret_command);

// ---- to an agent: in the arena, borrowing from rows and state ----

Granary__ToAgent *agent_welcome(const struct state *s, const struct session_terms *terms, struct arena *arena);
// For an attachment whose step is publish. The grant to format goes out with it only while the registry says so.
Granary__ToAgent *agent_publish(const struct state *s, const struct attachment_row *a, struct arena *arena);
Granary__ToAgent *agent_unpublish(const struct attachment_row *a, struct arena *arena);
// Of an attachment or an epoch that the registry does not know: to be undone.
Granary__ToAgent *agent_unpublish_unknown(uint64_t attachment, uint64_t volume, uint64_t epoch, struct arena *arena);
// NULL when an attachment that the task needs is not there.
Granary__ToAgent *agent_launch(const struct state *s, const struct task_row *t, struct arena *arena);
Granary__ToAgent *agent_kill(const struct task_row *t, struct arena *arena);
Granary__ToAgent *agent_status_ack(uint64_t task, const void *uuid, struct arena *arena); // 16 bytes
Granary__ToAgent *agent_grow(const struct state *s, const struct attachment_row *a, struct arena *arena);
Granary__ToAgent *agent_addresses(const struct map *set, struct arena *arena); // its keys are texts
// What the task printed, to stderr if `error`.
struct output_wish {
    uint64_t request, task, offset;
    bool error;
    uint32_t most, wait_ms;
};
Granary__ToAgent *agent_read_output(const struct output_wish *wish, struct arena *arena);
Granary__ToAgent *agent_heartbeat(uint64_t seq, struct arena *arena);

#endif
