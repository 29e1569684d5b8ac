// SPDX-License-Identifier: Apache-2.0
// What this host can do for volumes and tasks, and for each thing it cannot do, a sentence that says what is done
// instead.
#ifndef HOST_ABILITIES_H
#define HOST_ABILITIES_H

#include <stdbool.h>
#include <stddef.h>

enum cgroup_version { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };
enum { ABILITY_NOTES_MOST = 12, ABILITY_NOTE_LONGEST = 200, ABILITY_FS_MOST = 4 };

struct host_abilities {
    bool root;                                // may mount in the host's own user namespace
    bool namespaces;                          // pid and mount namespaces can be made, by root or in a user namespace
    bool loop;                                // loop devices can be made
    bool direct_io;                           // the work directory's disk takes O_DIRECT
    enum cgroup_version cpu, memory;          // a controller that we can write
    const char *filesystems[ABILITY_FS_MOST]; // the kernel mounts them and their mkfs is there; static texts
    size_t filesystem_count;
    char notes[ABILITY_NOTES_MOST][ABILITY_NOTE_LONGEST]; // one sentence for each fall-back
    size_t note_count;
};

// Looks at the running system and changes nothing; `work_dir` is where direct I/O is tried.
void abilities_probe(const char *work_dir, struct host_abilities *ret_abilities);
bool abilities_ext4_grows_mounted(void); // that takes CAP_SYS_RESOURCE, which containers often lack
bool abilities_fs(const struct host_abilities *a, const char *fs); // can be made and mounted here

#endif
