// SPDX-License-Identifier: Apache-2.0
// Waits until what was asked of a volume has come true or has failed, saying how far it is.
#ifndef CLI_VOLUME_WAIT_H
#define CLI_VOLUME_WAIT_H

#include "cli/noun.h"
#include "cli/progress.h"
#include "granary_model.pb-c.h"

enum wait_verdict { WAIT_GO_ON, WAIT_DONE, WAIT_FAILED };

// Looks at the volume as it is now (NULL: it is gone). Pure. With `ret_why` what failed, or what it waits for; in `arena`.
typedef enum wait_verdict volume_judge(const Granary__Volume *v, const void *wish, struct arena *arena,
                                       const char **ret_why);

volume_judge volume_judge_ready;
volume_judge volume_judge_gone;
volume_judge volume_judge_size;      // wish: const uint64_t *, bytes
volume_judge volume_judge_published; // wish: const char *, the agent
volume_judge volume_judge_unpublished;

// `what`: "create volume 'db'", for the line and for errors. `operation` 0: none is known; its failure is the error. The
// kind of the error is that of the operation; else IO. *ret_volume (may be NULL) is as last seen, NULL when it is gone.
MUST_USE struct err *volume_wait(struct call *c, struct progress *p, const char *what, const char *uuid,
                                 uint64_t operation, volume_judge *judge, const void *wish,
                                 Granary__Volume **ret_volume);
// The volume of that UUID; NULL when there is none (any more).
MUST_USE struct err *volume_look(struct call *c, const char *uuid, Granary__Volume **ret_volume);

#endif
