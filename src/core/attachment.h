// SPDX-License-Identifier: Apache-2.0
// One volume on one agent: map, publish, use, unpublish, unmap, or fence. The only writer of an attachment's state. An
// attachment ends with a reason on record why the agent cannot write any more.
#ifndef CORE_ATTACHMENT_H
#define CORE_ATTACHMENT_H

#include "core/command.h"
#include "core/volume.h"

// A new attachment with the next epoch; its driver half is opened at once. The volume can be attached (volume_can_attach).
// One for several readers is read-only for everybody; what is new and to be read only is attached to be formatted first.
struct attachment_row *attachment_start(struct draft *d, uint64_t volume, uint64_t agent,
                                        enum attachment_purpose purpose, bool read_only);
// Nobody needs it any more: unpublish, unmap. Does nothing while a task uses it or it is pinned.
void attachment_release(struct draft *d, uint64_t attachment);
// The agent is lost: stranded, and fenced where the storage can.
void attachment_strand(struct draft *d, uint64_t attachment);

// What the provider answered to attach, detach and fence.
void attachment_mapped(struct draft *d, const struct operation_row *o, const char *context);
void attachment_map_failed(struct draft *d, const struct operation_row *o, const char *message);
void attachment_unmapped(struct draft *d, const struct operation_row *o);
void attachment_unmap_failed(struct draft *d, const struct operation_row *o, const char *message);
void attachment_fenced(struct draft *d, const struct operation_row *o, const char *proof);
void attachment_fence_failed(struct draft *d, const struct operation_row *o, const char *message);
// The time to try a failed fence or unmap again came.
void attachment_retry(struct draft *d, uint64_t attachment);

// What the agent says about one that the registry knows.
void attachment_reported(struct draft *d, uint64_t attachment, const struct attachment_report *r);
// The agent returned and has it (r), or does not (NULL). `rebooted`: nothing of before is mounted there.
void attachment_returned(struct draft *d, uint64_t attachment, const struct attachment_report *r, bool rebooted);

// The attachment of that volume on that agent; NULL when there is none.
const struct attachment_row *attachment_on(const struct draft *d, uint64_t volume, uint64_t agent);

#endif
