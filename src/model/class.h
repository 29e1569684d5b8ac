// SPDX-License-Identifier: Apache-2.0
// Classes: what operators let consumers ask for by name. Compiled from a document and checked here; versions are the
// core's.
#ifndef MODEL_CLASS_H
#define MODEL_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/quantity.h"
#include "base/vec.h"
#include "model/availability.h"
#include "model/filesystem.h"
#include "model/selector.h"

// Names in documents and answers; numbered from 1 as on the wire.
#define CLASS_ACCESSES(X)                                                                                              \
    X(ACCESS_SINGLE_WRITER, "single-writer")                                                                           \
    X(ACCESS_MULTI_READER, "multi-reader")                                                                             \
    X(ACCESS_MULTI_WRITER, "multi-writer")
#define CLASS_LOSSES(X)                                                                                                \
    X(ON_LOSS_FENCE_OR_WAIT, "fence-or-wait")                                                                          \
    X(ON_LOSS_WAIT, "wait")                                                                                            \
    X(ON_LOSS_SELF_FENCE, "self-fence")
#define CLASS_RELEASES(X)                                                                                              \
    X(ON_RELEASE_DELETE, "delete")                                                                                     \
    X(ON_RELEASE_KEEP, "keep")                                                                                         \
    X(ON_RELEASE_WIPE, "wipe")
#define CLASS_FORMATS(X)                                                                                               \
    X(FORMAT_AT_FIRST_PUBLISH, "lazy")                                                                                 \
    X(FORMAT_AT_CREATE, "eager")
#define CLASS_SCRIPT_ERRORS(X)                                                                                         \
    X(ON_SCRIPT_ERROR_REFUSE, "refuse")                                                                                \
    X(ON_SCRIPT_ERROR_CLASSES, "classes")

#define X(row, name) row,
enum class_access { ACCESS_NONE, CLASS_ACCESSES(X) };
enum class_loss { ON_LOSS_NONE, CLASS_LOSSES(X) };
enum class_release { ON_RELEASE_NONE, CLASS_RELEASES(X) };
enum class_format { FORMAT_NEVER, CLASS_FORMATS(X) };
enum class_script_error { ON_SCRIPT_ERROR_NONE, CLASS_SCRIPT_ERRORS(X) };
#undef X
const char *class_access_name(enum class_access access);
const char *class_loss_name(enum class_loss loss);
const char *class_release_name(enum class_release release);
const char *class_format_name(enum class_format format);

enum {
    CLASS_PREFERENCES_MOST = 64,
    CLASS_ROLES_MOST = 256,
    CLASS_DESCRIPTION_LONGEST = 1024,
    CLASS_LAUNCH_WAIT = 120000,           // ms
    CLASS_LAUNCH_WAIT_LONGEST = 86400000, // ms: a day
    CLASS_WEIGHT_MOST = 1000000,
    CLASS_SPREADS_MOST = 4,
    CLASS_SPREAD_WEIGHT = 10,
    CLASS_SPREAD_OVER_MOST = 1000000,
    CLASS_SCRIPT_LONGEST = 65536,
};
enum { VOLUMES_A_REQUEST = 64 }; // most volumes of a class that one request makes

struct class_wish { // a preference as written
    const char *selector;
    int32_t weight;
};

struct class_spread_wish { // as written
    const char *key, *label;
    uint32_t over;
    bool required;
    int32_t weight; // 0: CLASS_SPREAD_WEIGHT
};

// A class as its operator wrote it: all borrowed. What is 0 or NULL takes its default: ext4, single-writer, lazy, 2
// min, fence-or-wait, delete, no limits, every role.
struct class_document {
    const char *name, *description;
    const char *pool, *agent; // selectors; NULL: all
    const struct class_wish *prefer_pool, *prefer_agent;
    size_t prefer_pool_count, prefer_agent_count;
    const char *fs;
    enum class_access access;
    double iops_per_gib;
    struct bandwidth bandwidth;
    enum class_format format;
    bool launch_wait_set; // 0 ms is a wish of its own
    uint32_t launch_wait_ms;
    enum class_loss on_agent_lost;
    enum class_release on_release;
    bool zero_at_create;
    struct bytes smallest, largest; // 0: not limited
    const char *const *roles;
    size_t role_count;
    const struct class_spread_wish *spread;
    size_t spread_count;
    double availability;                     // least, in percent; 0: none is asked
    const char *script;                      // docs/broker-script.md; NULL: the class ranks by its preferences
    enum class_script_error on_script_error; // what decides when the script fails: nobody, or the class
};

struct class_preference {
    struct selector selector;
    int32_t weight;
};

struct class_spread { // volumes of one value of `label` stand on many values of `key`: core/spread.h
    symbol key;
    char *label;   // owned
    uint32_t over; // on how many; 0: none twice
    bool required; // else it only costs score
    int32_t weight;
};

// Compiled and checked; owned, ended by class_spec_done. Zeroed is only good for class_spec_done.
struct class_spec {
    char *name, *description; // description may be NULL
    struct selector pool, agent;
    VEC(struct class_preference) prefer_pool, prefer_agent;
    const struct filesystem *fs; // borrowed from the table
    enum class_access access;
    struct milli iops_per_gib;
    struct bandwidth bandwidth; // 0: none is promised
    enum class_format format;
    uint32_t launch_wait_ms;
    enum class_loss on_agent_lost;
    enum class_release on_release;
    bool zero_at_create;
    struct bytes smallest; // never below the filesystem's own minimum
    struct bytes largest;  // 0: not limited
    VEC(char *) roles;     // owned texts; none: everybody
    VEC(struct class_spread) spread;
    struct availability availability; // of pool and agent together, at least; 0: none is asked
    char *script;                     // may be NULL; not compiled here
    enum class_script_error on_script_error;
};

// Compiles and checks: "class 'gold': ..." names the field, what was found and what would do.
MUST_USE struct err *class_spec_make(struct symbols *s, const struct class_document *doc, struct class_spec *ret_spec);
void class_spec_done(struct class_spec *spec);
// Whether both say the same (names too): then applying one over the other changes nothing.
bool class_spec_equal(const struct class_spec *a, const struct class_spec *b);

// A role may ask when the class names it, a role above it, or nobody.
bool class_spec_allows(const struct class_spec *spec, const char *role);
// INVALID when a volume of that size is below the class's or its filesystem's minimum, or above the class's maximum.
// `fs` is what the consumer chose instead of the class's, or NULL.
MUST_USE struct err *class_spec_size_check(const struct class_spec *spec, struct bytes size,
                                           const struct filesystem *fs);
// What a volume of that size is promised: iops per GiB, rounded up.
struct iops class_spec_iops(const struct class_spec *spec, struct bytes size);

#endif
