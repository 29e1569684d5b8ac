// SPDX-License-Identifier: Apache-2.0
// CREATE_DISK from the ACCEPT to OPERATION_FINISHED on the stream, durable, through a real master and a real provider of the
// memory driver, as a framework of the scheduler API sees it; beside raw flushes of the same disk in short blocks.
// Usage: bench_create_disk GRANARYD [directory]
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster.h"
#include "measure.h"
#include "sys/file.h"

enum { ROUNDS = 200, WARM = 10, PATIENCE_MS = 10000, RAW_EACH = 5 };
static const char path[] = "/api/v1/scheduler";

struct framework {
    const struct processes *c;
    int stream, calls;
    char id[128], headers[256];
    struct text heard; // of the stream, not looked at yet
    double created;    // when the last disk was asked for
};

// The text between `"name":"` and the next quote behind `from`; false when there is none.
static bool value_after(const char *from, const char *name, char *ret_value, size_t size) {
    AUTO_FREE char *key = mem_format("\"%s\":\"", name);
    const char *at = from ? strstr(from, key) : NULL, *end = at ? strchr(at + strlen(key), '"') : NULL;
    if (!end) return false;
    snprintf(ret_value, size, "%.*s", (int)(end - at - (ptrdiff_t)strlen(key)), at + strlen(key));
    return true;
}

// Reads until the stream said `word`; what was heard up to there stays to be looked at. Its place.
static const char *stream_wait(struct framework *f, const char *word) {
    char bytes[65536];
    for (;;) {
        const char *found = f->heard.size ? strstr(text_string(&f->heard), word) : NULL;
        if (found && strchr(found, '\n')) return found; // the chunk's end has come too
        struct pollfd p = {.fd = f->stream, .events = POLLIN};
        ssize_t n = poll(&p, 1, PATIENCE_MS) > 0 ? read(f->stream, bytes, sizeof bytes) : 0;
        if (n <= 0) check(err_new(ERR_TIMEOUT, "the stream did not say '%s' but: %s", word, text_string(&f->heard)));
        text_add_n(&f->heard, bytes, (size_t)n);
    }
}

static void call(struct framework *f, const char *body) {
    AUTO_TEXT struct text answer = {0};
    int status = cluster_ask(f->calls, "POST", path, f->headers, body, &answer);
    if (status != 202) check(err_new(ERR_IO, "%s was answered %d %s", body, status, text_string(&answer)));
}

static void subscribe(struct framework *f) {
    static const char body[] = "{\"type\":\"SUBSCRIBE\",\"subscribe\":{\"framework_info\":{\"user\":\"root\",\"name\":"
                               "\"bench\",\"roles\":[\"bench\"],"
                               "\"capabilities\":[{\"type\":\"MULTI_ROLE\"},{\"type\":\"RESERVATION_REFINEMENT\"}],"
                               "\"labels\":{\"labels\":[{\"key\":\"granary.storage\",\"value\":\"true\"}]}}}}";
    AUTO_TEXT struct text request = {0};
    text_addf(&request,
              "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nContent-Type: "
              "application/json\r\nContent-Length: %zu\r\n\r\n%s",
              path, sizeof body - 1, body);
    f->stream = cluster_connect(f->c);
    f->calls = cluster_connect(f->c);
    bytes_send(f->stream, request.data, request.size);
    const char *said = stream_wait(f, "\"SUBSCRIBED\"");
    const char *stream = strcasestr(text_string(&f->heard), "Mesos-Stream-Id: "),
               *id = strstr(said, "\"framework_id\"");
    if (!stream || !value_after(id, "value", f->id, sizeof f->id))
        check(err_new(ERR_IO, "no subscription: %s", text_string(&f->heard)));
    stream += strlen("Mesos-Stream-Id: ");
    snprintf(f->headers, sizeof f->headers, "Accept: application/json\r\nMesos-Stream-Id: %.*s\r\n",
             (int)strcspn(stream, "\r\n"), stream);
}

// The id of the next storage-only offer.
static void storage_offer(struct framework *f, char *ret_offer, size_t size) {
    const char *said = stream_wait(f, "\"hostname\":\"granary.storage\""), *offer = text_string(&f->heard);
    for (const char *next = offer; (next = strstr(next, "\"id\":{\"value\":\"")) && next < said; next++) offer = next;
    if (!value_after(offer, "value", ret_offer, size)) check(err_new(ERR_IO, "an offer without id: %s", offer));
    text_clear(&f->heard);
}

static void status_acknowledge(struct framework *f, const char *said) {
    char uuid[64];
    AUTO_TEXT struct text body = {0};
    const char *at = strstr(said, "\"uuid\":{");
    if (!value_after(at, "value", uuid, sizeof uuid)) check(err_new(ERR_IO, "a status without uuid: %s", said));
    char operation[64];
    if (!value_after(strstr(text_string(&f->heard), "\"operation_id\""), "value", operation, sizeof operation))
        check(err_new(ERR_IO, "a status without operation: %s", said));
    text_addf(&body,
              "{\"framework_id\":{\"value\":\"%s\"},\"type\":\"ACKNOWLEDGE_OPERATION_STATUS\",\"acknowledge_operation_"
              "status\":{\"uuid\":\"%s\",\"operation_id\":{\"value\":\"%s\"}}}",
              f->id, uuid, operation);
    call(f, text_string(&body));
}

// Milliseconds from the ACCEPT's first byte to the status.
static double disk_create(struct framework *f, int number) {
    char offer[128];
    AUTO_TEXT struct text body = {0};
    storage_offer(f, offer, sizeof offer);
    text_addf(&body,
              "{\"framework_id\":{\"value\":\"%s\"},\"type\":\"ACCEPT\",\"accept\":{\"offer_ids\":[{\"value\":\"%s\"}],"
              "\"filters\":{\"refuse_seconds\":0},\"operations\":["
              "{\"type\":\"CREATE_DISK\",\"id\":{\"value\":\"op-%d\"},\"create_disk\":{\"target_type\":\"MOUNT\","
              "\"source\":{\"name\":\"disk\",\"type\":\"SCALAR\","
              "\"scalar\":{\"value\":16},\"provider_id\":{\"value\":\"granary\"},\"disk\":{\"source\":{\"type\":"
              "\"RAW\",\"profile\":\"bench\"}}}}}]}}",
              f->id, offer, number);
    double from = clock_us();
    call(f, text_string(&body));
    const char *said = stream_wait(f, "\"UPDATE_OPERATION_STATUS\"");
    double took = (clock_us() - from) / 1000;
    said = text_string(&f->heard);
    if (!strstr(said, "OPERATION_FINISHED")) check(err_new(ERR_IO, "CREATE_DISK did not finish: %s", said));
    status_acknowledge(f, said);
    return took;
}

int main(int argc, char **argv) {
    if (argc < 2) check(err_new(ERR_INVALID, "usage: bench_create_disk GRANARYD [directory]"));
    char *directory = directory_new(argc > 2 ? argv[2] : NULL);
    struct processes c = {.granaryd = argv[1], .directory = directory};
    struct framework f = {.c = &c};
    struct samples times = {0}, raw = {0};
    struct raw_disk disk = raw_open(directory);
    priority_take();
    cluster_master(&c, NULL);
    cluster_provider(&c);
    cluster_agent(&c, "4", "4GiB");
    subscribe(&f);
    for (int i = -WARM; i < ROUNDS; i++) {
        double took = disk_create(&f, i + WARM);
        if (i < 0) continue;
        vec_push(&times, took);
        for (int k = 0; k < RAW_EACH; k++) raw_flush(&disk, &raw);
    }
    samples_print("create_disk: raw pwrite+fdatasync", &raw, "us");
    samples_print("create_disk: ACCEPT to OPERATION_FINISHED", &times, "ms");
    printf("create_disk: raw flushes in one at p50: %.1f\n", samples_at(&times, 50) * 1000 / samples_at(&raw, 50));
    goal_most("milliseconds at p50", samples_at(&times, 50), 5);
    cluster_stop(&c);
    close(f.stream);
    close(f.calls);
    close(disk.fd);
    text_done(&f.heard);
    directory_drop(directory);
    return verdict();
}
