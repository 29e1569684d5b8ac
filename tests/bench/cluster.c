// SPDX-License-Identifier: Apache-2.0
// Starts and asks the processes that are measured.
#include "cluster.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "measure.h"
#include "sys/file.h"

enum { START_MS = 60000, STOP_MS = 30000, LONGEST_S = 240 };

// ---- asking ----

static int connect_once(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    close(fd);
    return -1;
}

int cluster_connect(const struct processes *c) {
    int fd = connect_once(c->port);
    if (fd < 0) check(err_errno(errno, "connect to 127.0.0.1:%u", c->port));
    return fd;
}

void bytes_send(int fd, const char *bytes, size_t size) {
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n <= 0) check(err_errno(errno, "send a request"));
        bytes += n;
        size -= (size_t)n;
    }
}

// The size of the whole answer once its head is there; 0 until then.
static size_t answer_size(const struct text *t, int *ret_status) {
    const char *all = text_string(t), *end = strstr(all, "\r\n\r\n"), *length = strcasestr(all, "\r\nContent-Length:");
    if (!end) return 0;
    *ret_status = atoi(all + 9);
    return (size_t)(end + 4 - all) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

// False when the connection ended before a whole answer.
static bool answer_read(int fd, struct text *all, int *ret_status, size_t *ret_size) {
    char bytes[65536];
    for (*ret_size = 0; !*ret_size || all->size < *ret_size;) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n <= 0) return false;
        text_add_n(all, bytes, (size_t)n);
        *ret_size = answer_size(all, ret_status);
    }
    return true;
}

int cluster_ask(int fd, const char *method, const char *path, const char *headers, const char *body,
                struct text *ret_body) {
    AUTO_TEXT struct text request = {0}, answer = {0};
    int status;
    size_t size;
    text_addf(&request, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s", method, path, headers);
    if (body) text_addf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
    text_addf(&request, "\r\n%s", body ? body : "");
    bytes_send(fd, request.data, request.size);
    if (!answer_read(fd, &answer, &status, &size)) check(err_new(ERR_IO, "%s %s: the connection ended", method, path));
    if (ret_body) {
        text_clear(ret_body);
        text_add(ret_body, strstr(text_string(&answer), "\r\n\r\n") + 4);
    }
    return status;
}

void cluster_tell(const struct processes *c, const char *method, const char *path, const char *body) {
    AUTO_TEXT struct text answer = {0};
    AUTO_FD int fd = cluster_connect(c);
    int status = cluster_ask(fd, method, path, "", body, &answer);
    if (status / 100 != 2) check(err_new(ERR_IO, "%s %s: %d %s", method, path, status, text_string(&answer)));
}

double cluster_metric(const struct processes *c, const char *name) {
    AUTO_TEXT struct text all = {0};
    AUTO_FD int fd = cluster_connect(c);
    AUTO_FREE char *line = mem_format("\n%s ", name);
    cluster_ask(fd, "GET", "/metrics", "", NULL, &all);
    const char *found = strstr(text_string(&all), line);
    return found ? strtod(found + strlen(line), NULL) : -1;
}

long resident_kib(pid_t pid) {
    AUTO_TEXT struct text status = {0};
    AUTO_FREE char *path = mem_format("/proc/%d/status", (int)pid);
    check(file_read(path, 65536, &status));
    const char *line = strstr(text_string(&status), "VmRSS:");
    return line ? strtol(line + 6, NULL, 10) : 0;
}

// ---- processes ----

// Below those that the kernel gives to connections: one that is tried before the master listens would meet itself there.
static uint16_t free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (unsigned i = 0; i < 10000; i++) {
        uint16_t port = (uint16_t)(20000 + ((unsigned)getpid() + i) % 10000);
        AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        at.sin_port = htons(port);
        if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0) return port;
    }
    check(err_new(ERR_IO, "no port between 20000 and 29999 is free"));
    return 0;
}

// What is left when the program ends early is killed.
static struct processes *guarded;

static void guarded_end(void) {
    if (!guarded) return;
    process_kill(&guarded->agent);
    process_kill(&guarded->provider);
    process_kill(&guarded->master);
    err_free(tree_remove(guarded->directory));
}

static void asked_to_end(int number) {
    (void)number;
    exit(1); // not safe beside an allocation in general; here the children matter more
}

static void cluster_guard(struct processes *c) {
    static bool registered;
    if (!registered) {
        atexit(guarded_end);
        signal(SIGTERM, asked_to_end);
        signal(SIGINT, asked_to_end);
        signal(SIGALRM, asked_to_end);
        alarm(LONGEST_S);
    }
    registered = true;
    guarded = c;
}

static struct process process_new(const struct processes *c, const char *const *arguments, const char *name) {
    AUTO_FREE char *path = mem_format("%s/%s.log", c->directory, name);
    AUTO_FD int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct process p;
    check(process_start(&(struct process_spec){.argv = arguments, .out = log, .err = log}, &p));
    return p;
}

static void still_there(const struct processes *c, const struct process *p, const char *name, double since) {
    if (!pidfd_ended(p->pidfd) && clock_us() < since + START_MS * 1e3) return;
    AUTO_TEXT struct text log = {0};
    AUTO_FREE char *path = mem_format("%s/%s.log", c->directory, name);
    check(file_read(path, 1 << 20, &log));
    check(err_new(ERR_IO, "the %s did not start: %s", name, text_string(&log)));
}

// True once the master answered, and not that it is still starting.
static bool master_answers(uint16_t port) {
    static const char request[] = "GET /v1/volumes?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    AUTO_FD int fd = connect_once(port);
    AUTO_TEXT struct text answer = {0};
    int status = 0;
    size_t size;
    if (fd < 0) return false;
    bytes_send(fd, request, sizeof request - 1);
    return answer_read(fd, &answer, &status, &size) && status == 200;
}

void cluster_master(struct processes *c, double *ret_us) {
    cluster_guard(c);
    c->port = free_port();
    AUTO_FREE char *listen = mem_format("--listen=127.0.0.1:%u", c->port),
                   *data = mem_format("--data-dir=%s/master", c->directory);
    AUTO_FREE char *path = mem_format("%s/master.yaml", c->directory), *config = mem_format("--config=%s", path);
    if (c->config) check(file_write(path, c->config, strlen(c->config), 0600));
    const char *arguments[] = {c->granaryd, "master", listen, data, c->config ? config : NULL, NULL};
    double from = clock_us();
    c->master = process_new(c, arguments, "master");
    while (!master_answers(c->port)) {
        still_there(c, &c->master, "master", from);
        usleep(200);
    }
    if (ret_us) *ret_us = clock_us() - from;
}

static const char provider_file[] = "name: mem\n"
                                    "driver: memory\n"
                                    "instances:\n"
                                    "  - name: here\n"
                                    "    pools:\n"
                                    "      - name: large\n"
                                    "        capacity: 1024TiB\n";

void cluster_provider(struct processes *c) {
    AUTO_FREE char *master = mem_format("--master=http://127.0.0.1:%u", c->port),
                   *data = mem_format("--data-dir=%s/provider", c->directory);
    AUTO_FREE char *path = mem_format("%s/provider.yaml", c->directory);
    check(file_write(path, provider_file, sizeof provider_file - 1, 0600));
    const char *arguments[] = {c->granaryd, "provider", "--config", path, master, data, NULL};
    double from = clock_us();
    c->provider = process_new(c, arguments, "provider");
    while (cluster_metric(c, "granary_store_bytes{pool=\"mem/here/large\",what=\"total\"}") <= 0) {
        still_there(c, &c->provider, "provider", from);
        usleep(10000);
    }
    cluster_tell(c, "PUT", "/v1/classes/bench", "{\"name\":\"bench\",\"fs\":\"ext4\"}");
}

void cluster_agent(struct processes *c, const char *cpus, const char *mem) {
    AUTO_FREE char *master = mem_format("--master=http://127.0.0.1:%u", c->port),
                   *work = mem_format("--work-dir=%s/agent", c->directory);
    AUTO_FREE char *run = mem_format("--run-dir=%s/run", c->directory), *cpu = mem_format("--cpus=%s", cpus),
                   *memory = mem_format("--mem=%s", mem);
    const char *arguments[] = {c->granaryd, "agent", "--name=a1", cpu, memory, "--disk=1GiB", master, work, run, NULL};
    double from = clock_us();
    c->agent = process_new(c, arguments, "agent");
    while (cluster_metric(c, "granary_objects{noun=\"agent\"}") <= 0) {
        still_there(c, &c->agent, "agent", from);
        usleep(10000);
    }
}

static void process_end(struct process *p) {
    int status;
    if (!p->pid) return;
    pidfd_signal(p->pidfd, SIGTERM);
    err_free(process_wait(p, STOP_MS, &status));
    process_kill(p);
    *p = (struct process){0};
}

void cluster_stop(struct processes *c) {
    process_end(&c->agent);
    process_end(&c->provider);
    process_end(&c->master);
    guarded = NULL;
}
