// SPDX-License-Identifier: Apache-2.0
// The pooling cycle, for real: a task takes storage and writes, its agent is killed while it writes, the storage fences,
// the master is killed too, another agent reads every line, the space comes back. Each step is checked.
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/dev.h"
#include "granary_api.pb-c.h"
#include "granary_model.pb-c.h"
#include "sys/clock.h"
#include "sys/file.h"

#define ROLE "demo"
#define VOLUME "demo-1"
#define VOLUME_PATH "/v1/volumes/" VOLUME "?role=" ROLE
enum { STEP_MS = 60000, LINES_FIRST = 10, OUTPUT_LARGEST = 16 << 20 };

// Says a number only after its line is on the volume for good.
static const char writer[] =
    "i=0; while :; do i=$((i+1)); echo \"line $i\" >> /data/lines && sync /data/lines || exit 1; echo $i; done";
// Every line that was said to be on the volume must be there, unchanged and in order.
static const char reader[] =
    "n=$1; awk -v n=\"$n\" 'NR <= n && $0 != \"line \" NR { bad = 1; print \"line \" NR \" is wrong: \" $0 } "
    "END { print NR; exit bad || NR < n }' /data/lines";

struct cycle {
    struct dev *d;
    uint64_t size;    // of the volume
    uint64_t seq;     // of the event last looked at
    uint64_t free;    // in all stores, before
    uint64_t lines;   // said to be on the volume
    char *writer_out; // what run printed; once the agent is known, what that has of it
    char *writer_err, *reader_out, *reader_err;
    char first[DEV_NAME], second[DEV_NAME]; // agents
    char uuid[64], fs_uuid[64];
    uint64_t granted;
    uint64_t killed_at; // lines when the agent was killed
};

// ---- looking ----

static struct err *volume_get(struct cycle *c, struct arena *arena, const Granary__Volume **ret_volume) {
    void *read;
    TRY(client_get(c->d->client, VOLUME_PATH, &granary__volume__descriptor, arena, &read));
    *ret_volume = read;
    return NULL;
}

// Free bytes of all pools (each has a capacity, and there is room for all), and the state's sequence number.
static struct err *free_get(struct cycle *c, uint64_t *ret_free, uint64_t *ret_seq) {
    AUTO_ARENA struct arena arena = {0};
    void *read;
    TRY(client_list(c->d->client, "/v1/inventory", &granary__inventory__descriptor, &arena, &read));
    const Granary__Inventory *inventory = read;
    *ret_free = 0;
    for (size_t p = 0; p < inventory->n_providers; p++)
        for (size_t i = 0; i < inventory->providers[p]->n_instances; i++)
            for (size_t n = 0; n < inventory->providers[p]->instances[i]->n_pools; n++)
                *ret_free += inventory->providers[p]->instances[i]->pools[n]->free->bytes;
    *ret_seq = inventory->seq;
    return NULL;
}

// The numbers that the writer said: how many.
static struct err *lines_count(const struct cycle *c, uint64_t *ret_lines) {
    AUTO_TEXT struct text out = {0};
    TRY(file_read(c->writer_out, OUTPUT_LARGEST, &out));
    *ret_lines = 0;
    for (size_t i = 0; i < out.size; i++) *ret_lines += out.data[i] == '\n';
    return NULL;
}

// What a command said on stderr, for whoever watches.
static void words_show(const char *path) {
    AUTO_TEXT struct text text = {0};
    AUTO_ERR struct err *unread = file_read(path, OUTPUT_LARGEST, &text);
    if (unread) return;
    for (const char *line = text_string(&text); *line;) {
        size_t size = strcspn(line, "\n");
        dev_say_more("| %.*s", (int)size, line);
        line += size + (line[size] == '\n');
    }
}

// ---- 1: what there is ----

static void pools_print(const Granary__Provider *p) {
    char capacity[QUANTITY_TEXT], free_text[QUANTITY_TEXT];
    for (size_t i = 0; i < p->n_instances; i++)
        for (size_t n = 0; n < p->instances[i]->n_pools; n++) {
            const Granary__Pool *pool = p->instances[i]->pools[n];
            dev_say_more("pool %s/%s/%-5s %8s, %8s free", p->name, p->instances[i]->name, pool->name,
                         bytes_text((struct bytes){pool->capacity}, capacity),
                         bytes_text((struct bytes){pool->free->bytes}, free_text));
        }
}

static struct err *step_inventory(struct cycle *c) {
    AUTO_ARENA struct arena arena = {0};
    void *read;
    char text[QUANTITY_TEXT];
    dev_say(c->d, "1. What there is");
    TRY(client_list(c->d->client, "/v1/inventory", &granary__inventory__descriptor, &arena, &read));
    const Granary__Inventory *inventory = read;
    for (size_t i = 0; i < inventory->n_providers; i++) pools_print(inventory->providers[i]);
    TRY(client_list(c->d->client, "/v1/classes", &granary__class_list__descriptor, &arena, &read));
    const Granary__ClassList *classes = read;
    for (size_t i = 0; i < classes->n_classes; i++)
        dev_say_more("class %s: up to %s in one volume", classes->classes[i]->name,
                     bytes_text((struct bytes){classes->classes[i]->largest_grantable}, text));
    return free_get(c, &c->free, &c->seq);
}

// ---- 2: a task takes storage and writes ----

static struct err *writer_writes(struct dev *d, void *arg, bool *ret_holds) {
    struct cycle *c = arg;
    struct dev_child *run = dev_child_find(d, "run-writer");
    TRY(lines_count(c, &c->lines));
    *ret_holds = c->lines >= LINES_FIRST;
    if (*ret_holds || !run || !pidfd_ended(run->process.pidfd)) return NULL;
    words_show(c->writer_err);
    return err_new(ERR_INTERNAL, "the task ended before it wrote");
}

static const Granary__Attachment *attachment_in_use(const Granary__Volume *v) {
    for (size_t i = 0; i < v->n_attachments; i++)
        if (text_equal(v->attachments[i]->state, "in_use")) return v->attachments[i];
    return NULL;
}

// Where the agent has what the task prints: it is to be read while the agent is dead.
static struct err *writer_find(struct cycle *c) {
    AUTO_FREE char *tasks = dev_path(c->d, "agents/%s/tasks", c->first);
    DIR *dir = opendir(tasks);
    if (!dir) return err_errno(errno, "open %s", tasks);
    char *found = NULL;
    for (struct dirent *e; !found && (e = readdir(dir));) {
        char *path = mem_format("%s/%s/sandbox/stdout", tasks, e->d_name);
        if (*e->d_name != '.' && file_exists(path))
            found = path;
        else
            free(path);
    }
    closedir(dir);
    if (!found) return err_new(ERR_NOT_FOUND, "no task printed anything in %s", tasks);
    free(c->writer_out);
    c->writer_out = found;
    return NULL;
}

static struct err *writer_look(struct cycle *c) {
    AUTO_ARENA struct arena arena = {0};
    const Granary__Volume *v;
    char size[QUANTITY_TEXT];
    TRY(volume_get(c, &arena, &v));
    const Granary__Attachment *a = attachment_in_use(v);
    if (!a || !v->uuid || !text_equal(v->content, "formatted"))
        return err_new(ERR_INTERNAL, "volume " VOLUME " is written, yet its state says %s, %s", v->state, v->content);
    snprintf(c->first, sizeof c->first, "%s", a->agent);
    snprintf(c->uuid, sizeof c->uuid, "%s", v->uuid);
    snprintf(c->fs_uuid, sizeof c->fs_uuid, "%s", v->fs_uuid ? v->fs_uuid : "");
    c->granted = v->size;
    dev_say_more("volume %s: %s carved from pool %s, %s, retained for role %s, in use on agent %s (epoch %" PRIu64 ")",
                 v->name, bytes_text((struct bytes){v->size}, size), v->pool,
                 c->d->directories ? "a directory" : "formatted as ext4", v->role, a->agent, a->epoch);
    return NULL;
}

static struct err *step_write(struct cycle *c) {
    AUTO_FREE char *size = mem_format("%" PRIu64 "MiB", c->size / MIB);
    const char *run[] = {"run",    "--master", c->d->url, "--role", ROLE,   "--class", "gold",
                         "--size", size,       "--name",  VOLUME,   "--fs", "ext4",    "--mount",
                         "/data",  "--",       "sh",      "-c",     writer, NULL};
    dev_say(c->d,
            "2. A task takes %s of class gold, and writes: granary run --class gold --size %s --name " VOLUME
            " --mount /data -- ...",
            size, size);
    TRY(dev_command_start(c->d, "run-writer", run, c->writer_out, c->writer_err));
    TRY(dev_until(c->d, STEP_MS, "the task writes", writer_writes, c));
    words_show(c->writer_err);
    TRY(writer_look(c));
    TRY(writer_find(c));
    dev_say_more("the task has written %" PRIu64 " lines, each on the volume for good (fsync) before the next",
                 c->lines);
    return NULL;
}

// ---- 3: its agent is killed while it writes ----

static struct err *writer_goes_on(struct dev *d UNUSED, void *arg, bool *ret_holds) {
    struct cycle *c = arg;
    TRY(lines_count(c, &c->lines));
    *ret_holds = c->lines > c->killed_at;
    return NULL;
}

static struct err *step_kill_agent(struct cycle *c) {
    char name[2 * DEV_NAME];
    snprintf(name, sizeof name, "agent-%s", c->first);
    struct dev_child *agent = dev_child_find(c->d, name);
    if (!agent) return err_new(ERR_INTERNAL, "no agent process is called %s", name);
    int pid = agent->process.pid;
    TRY(lines_count(c, &c->killed_at));
    dev_child_kill(c->d, name);
    dev_say(c->d, "3. kill -9 %d: agent %s is dead, while its task writes line %" PRIu64, pid, c->first, c->killed_at);
    TRY(dev_until(c->d, STEP_MS, "the task outlives its agent", writer_goes_on, c));
    dev_say_more("the task does not know: it has written line %" PRIu64 ", since its keeper holds the volume",
                 c->lines);
    return NULL;
}

// ---- 4: the storage fences ----

static bool is_lost(const Granary__Event *e, const void *arg) {
    return text_equal(e->kind, "agent-lost") && text_equal(e->name, arg);
}

static bool is_fenced(const Granary__Event *e, const void *arg UNUSED) {
    return e->attachment && text_equal(e->attachment->volume, VOLUME) && e->attachment->ended_because &&
           *e->attachment->ended_because;
}

static struct err *writer_ended(struct cycle *c) {
    int code;
    TRY(dev_command_wait(c->d, "run-writer", STEP_MS, &code));
    TRY(lines_count(c, &c->lines));
    if (code == 0) return err_new(ERR_INTERNAL, "the writer ended well, though its agent was killed");
    return NULL;
}

static struct err *step_fence(struct cycle *c) {
    AUTO_ARENA struct arena arena = {0};
    const Granary__Event *e;
    dev_say(c->d, "4. The volume goes to nobody until the storage has fenced it");
    TRY(dev_until_event(c->d, STEP_MS, "the agent is lost", &c->seq, is_lost, c->first, &arena, &e));
    dev_say_more("event %" PRIu64 ": agent %s is lost", e->seq, c->first);
    TRY(dev_until_event(c->d, STEP_MS, "the volume is fenced", &c->seq, is_fenced, NULL, &arena, &e));
    dev_say_more("event %" PRIu64 ": %s: %s", e->seq, e->name, e->attachment->ended_because);
    TRY(writer_ended(c));
    dev_say_more("the task is dead; the last line it said to be on the volume is %" PRIu64, c->lines);
    return NULL;
}

// ---- 5: the master is killed too ----

static struct err *same_volume(struct cycle *c) {
    AUTO_ARENA struct arena arena = {0};
    const Granary__Volume *v;
    TRY(volume_get(c, &arena, &v));
    bool same = text_equal(v->uuid, c->uuid) && v->size == c->granted &&
                text_equal(v->fs_uuid ? v->fs_uuid : "", c->fs_uuid) && text_equal(v->state, "ready");
    if (!same)
        return err_new(ERR_CORRUPT, "volume " VOLUME " is not what it was: uuid %s, %" PRIu64 " bytes, state %s",
                       v->uuid, v->size, v->state);
    return NULL;
}

static struct err *step_kill_master(struct cycle *c) {
    uint64_t before, after, unused;
    TRY(free_get(c, &unused, &before));
    struct dev_child *master = dev_child_find(c->d, "master");
    if (!master) return err_new(ERR_INTERNAL, "the master does not run");
    int pid = master->process.pid;
    dev_child_kill(c->d, "master");
    dev_say(c->d, "5. kill -9 %d: the master is dead, at sequence number %" PRIu64, pid, before);
    TRY(dev_child_start(c->d, "master", PROCESS_MASTER));
    TRY(dev_until_others(c->d, c->first));
    TRY(free_get(c, &unused, &after));
    if (after < before)
        return err_new(ERR_CORRUPT, "the master came back at sequence number %" PRIu64 ", behind %" PRIu64, after,
                       before);
    TRY(same_volume(c));
    dev_say_more("started again: sequence number %" PRIu64
                 ", volume %s with the same uuid %s, size and filesystem; all reconnected",
                 after, VOLUME, c->uuid);
    return NULL;
}

// ---- 6: another agent reads ----

static bool is_on_agent(const Granary__Event *e, const void *arg UNUSED) {
    return text_equal(e->kind, "attachment-in-use") && e->attachment && text_equal(e->attachment->volume, VOLUME);
}

static struct err *reader_judge(struct cycle *c, int code) {
    AUTO_TEXT struct text out = {0};
    TRY(file_read(c->reader_out, OUTPUT_LARGEST, &out));
    if (out.size && out.data[out.size - 1] == '\n') out.data[--out.size] = 0;
    if (code != 0)
        return err_new(ERR_CORRUPT, "the second task ended with %d; of %" PRIu64 " lines it says: %.500s", code,
                       c->lines, text_string(&out));
    if (strcmp(c->second, c->first) == 0)
        return err_new(ERR_INTERNAL, "the second task ran on agent %s, which is dead", c->second);
    dev_say_more("every one of the %" PRIu64 " lines is there, in order (the file has %s)", c->lines,
                 text_string(&out));
    return NULL;
}

static struct err *step_read(struct cycle *c) {
    AUTO_ARENA struct arena arena = {0};
    const Granary__Event *e;
    int code;
    AUTO_FREE char *lines = mem_format("%" PRIu64, c->lines);
    const char *run[] = {"run",        "--master", c->d->url, "--role", ROLE, "--name", VOLUME, "--mount", "/data",
                         "--patience", "60s",      "--",      "sh",     "-c", reader,   "sh",   lines,     NULL};
    dev_say(c->d,
            "6. Another agent is offered the volume, and a second task reads it: granary run --name " VOLUME " -- ...");
    TRY(dev_command_start(c->d, "run-reader", run, c->reader_out, c->reader_err));
    TRY(dev_until_event(c->d, STEP_MS, "the volume is in use again", &c->seq, is_on_agent, NULL, &arena, &e));
    snprintf(c->second, sizeof c->second, "%s", e->attachment->agent);
    TRY(dev_command_wait(c->d, "run-reader", STEP_MS, &code));
    words_show(c->reader_err);
    return reader_judge(c, code);
}

// ---- 7: the space comes back ----

static struct err *volume_is_gone(struct dev *d, void *arg UNUSED, bool *ret_holds) {
    AUTO_ARENA struct arena arena = {0};
    void *read;
    struct err *e = client_get(d->client, VOLUME_PATH, &granary__volume__descriptor, &arena, &read);
    *ret_holds = e && err_kind(e) == ERR_NOT_FOUND;
    if (*ret_holds) {
        err_free(e);
        return NULL;
    }
    const Granary__Volume *v = e ? NULL : read;
    if (v && text_equal(v->state, "failed"))
        return err_new(ERR_INTERNAL, "volume " VOLUME " could not be released: %s",
                       v->message ? v->message : "no reason");
    return e;
}

static struct err *space_is_back(struct dev *d UNUSED, void *arg, bool *ret_holds) {
    uint64_t now, seq;
    struct cycle *c = arg;
    TRY(free_get(c, &now, &seq));
    *ret_holds = now >= c->free;
    return NULL;
}

static struct err *agents_are_clean(struct dev *d, void *arg UNUSED, bool *ret_holds) {
    AUTO_ARENA struct arena arena = {0};
    void *read;
    TRY(client_list(d->client, "/v1/agents", &granary__agent_list__descriptor, &arena, &read));
    const Granary__AgentList *list = read;
    *ret_holds = list->n_agents >= dev_agents(d);
    for (size_t i = 0; i < list->n_agents; i++)
        *ret_holds &=
            text_equal(list->agents[i]->state, "active") && !list->agents[i]->attachments && !list->agents[i]->tasks;
    return NULL;
}

static struct err *step_release(struct cycle *c) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text left = {0};
    char name[2 * DEV_NAME], free_text[QUANTITY_TEXT];
    void *answer;
    dev_say(c->d, "7. The volume is released, and agent %s comes back", c->first);
    TRY(client_ask(c->d->client, "DELETE", VOLUME_PATH, NULL, NULL, &arena, &answer));
    TRY(dev_until(c->d, STEP_MS, "the volume is gone", volume_is_gone, NULL));
    TRY(dev_until(c->d, STEP_MS, "its space is back", space_is_back, c));
    dev_say_more("volume %s is gone, and %s are free again, as before", VOLUME,
                 bytes_text((struct bytes){c->free}, free_text));
    snprintf(name, sizeof name, "agent-%s", c->first);
    TRY(dev_child_start(c->d, name, PROCESS_AGENT));
    TRY(dev_until(c->d, STEP_MS, "all agents are active and clean", agents_are_clean, NULL));
    dev_place_leftovers(c->d, &left);
    if (left.size) return err_new(ERR_INTERNAL, "%s", text_string(&left));
    dev_say_more("all agents are active, with no attachment, mount or loop device left over");
    return NULL;
}

// ---- all ----

static struct err *steps(struct cycle *c) {
    static struct err *(*const all[])(struct cycle *) = {step_inventory,   step_write, step_kill_agent, step_fence,
                                                         step_kill_master, step_read,  step_release};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) TRY(all[i](c));
    return NULL;
}

// A quarter of a pool at most, and no more than it takes to be seen.
static uint64_t volume_size(const struct dev *d) {
    uint64_t pool = settings_size(d->settings, "pool-size").n;
    if (pool >= 1024 * MIB) return 256 * MIB;
    if (pool >= 256 * MIB) return 128 * MIB;
    return pool / 2 / MIB * MIB;
}

struct err *dev_cycle(struct dev *d) {
    struct cycle c = {.d = d,
                      .size = volume_size(d),
                      .writer_out = dev_path(d, "logs/writer.out"),
                      .writer_err = dev_path(d, "logs/writer.err"),
                      .reader_out = dev_path(d, "logs/reader.out"),
                      .reader_err = dev_path(d, "logs/reader.err")};
    int64_t began = clock_mono_ms();
    struct err *e = steps(&c);
    if (e) words_show(c.reader_err);
    if (e && !file_exists(c.reader_err)) words_show(c.writer_err);
    if (!e) dev_say(d, "The cycle is complete, in %.1f s.", (double)(clock_mono_ms() - began) / 1000);
    char *texts[] = {c.writer_out, c.writer_err, c.reader_out, c.reader_err};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) free(texts[i]);
    return err_wrap(e, "the cycle");
}
