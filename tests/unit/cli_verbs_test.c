// SPDX-License-Identifier: Apache-2.0
// What verbs print and wait for, told by a master that has a fixed answer to each request.
#include "cli/verbs.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"
#include "sys/file.h"

#define LINE(...) ((const char *const[]){__VA_ARGS__, NULL})

// ---- the master ----

struct answer {
    const char *ask, *body; // "GET /v1/volumes/": what the request begins with
};

static const struct answer answers[] = {
    {"GET /v1/inventory",
     "{\"providers\":[{\"name\":\"a\",\"instances\":[{\"name\":\"here\",\"pools\":[{\"name\":\"ssd\"},{\"name\":"
     "\"hdd\"}]},"
     "{\"name\":\"there\",\"pools\":[{\"name\":\"hdd\",\"store\":\"s\",\"capacity\":1048576}]}]},"
     "{\"name\":\"b\",\"instances\":[{\"name\":\"here\",\"pools\":[{\"name\":\"ssd\"}]}]}],\"seq\":9}"},
    {"GET /v1/frameworks", "{\"frameworks\":[{\"id\":\"f-17\",\"name\":\"spark\"}]}"},
    {"GET /v1/agents", "{\"agents\":[{\"name\":\"n1\"},{\"name\":\"n2\"}]}"},
    {"GET /v1/classes", "{\"classes\":[{\"name\":\"gold\"}]}"},
    {"POST /v1/volumes/db/grow?role=web", "{\"name\":\"db\",\"uuid\":\"u-web\",\"size\":1,\"operation\":7}"},
    {"GET /v1/volumes/u-web", "{\"name\":\"db\",\"uuid\":\"u-web\",\"state\":\"ready\",\"size\":1}"},
    {"GET /v1/operations/7 ",
     "{\"id\":7,\"state\":\"failed\",\"error_kind\":\"full\",\"message\":\"the disk is full\"}"},
    // Of another role's volume of the same name.
    {"GET /v1/operations?", "{\"operations\":[{\"id\":8,\"kind\":\"grow\",\"volume\":\"db\",\"state\":\"open\"}]}"},
    {"GET /v1/operations/8 ", "{\"id\":8,\"state\":\"failed\",\"error_kind\":\"io\",\"message\":\"not ours\"}"},
};

static void answer_one(int listener) {
    char ask[4096] = "", head[128];
    const char *body = "{\"kind\":\"not-found\",\"message\":\"no such answer\"}";
    AUTO_FD int fd = accept(listener, NULL, NULL);
    if (fd < 0 || read(fd, ask, sizeof ask - 1) <= 0) return;
    int status = 404;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++)
        if (strncmp(ask, answers[i].ask, strlen(answers[i].ask)) == 0) status = 200, body = answers[i].body;
    int size = snprintf(head, sizeof head, "HTTP/1.1 %d x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", status,
                        strlen(body));
    if (write(fd, head, (size_t)size) > 0 && write(fd, body, strlen(body)) > 0) shutdown(fd, SHUT_WR);
}

static int master_start(void **state) {
    static pid_t pid;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof a;
    AUTO_FD int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &size), 0);
    AUTO_FREE char *url = mem_format("http://127.0.0.1:%u", ntohs(a.sin_port));
    setenv("GRANARY_MASTER", url, 1);
    pid = fork();
    assert_true(pid >= 0);
    if (!pid) prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (!pid) answer_one(listener);
    *state = &pid;
    return 0;
}

static int master_stop(void **state) {
    pid_t pid = *(pid_t *)*state;
    kill(pid, SIGKILL);
    return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

// ---- what is printed ----

static struct {
    FILE *file;
    int kept;
} capture;

static void capture_begin(void) {
    capture.file = tmpfile();
    assert_non_null(capture.file);
    fflush(stdout);
    capture.kept = dup(STDOUT_FILENO);
    assert_true(capture.kept >= 0 && dup2(fileno(capture.file), STDOUT_FILENO) >= 0);
}

static void capture_end(struct text *out) {
    fflush(stdout);
    assert_true(dup2(capture.kept, STDOUT_FILENO) >= 0);
    close(capture.kept);
    rewind(capture.file);
    text_added(out, fread(text_room(out, 65536), 1, 65536, capture.file));
    fclose(capture.file);
}

// Runs the verb; what it printed is added to `out`. The error is given.
static struct err *run(const struct noun *noun, const char *const *arguments, struct text *out) {
    int status = 0;
    capture_begin();
    struct err *e = noun_run(noun, arguments, &status);
    capture_end(out);
    return e;
}

static void expect_said(const struct noun *noun, const char *const *arguments, const char *said) {
    AUTO_TEXT struct text out = {0};
    AUTO_ERR struct err *e = run(noun, arguments, &out);
    if (e) fail_msg("%s", err_text(e));
    assert_string_equal(text_string(&out), said);
}

static void expect_refused(const struct noun *noun, const char *const *arguments, enum err_kind kind,
                           const char *words) {
    AUTO_TEXT struct text out = {0};
    AUTO_ERR struct err *e = run(noun, arguments, &out);
    if (!e || !strstr(err_text(e), words)) fail_msg("expected '%s' in: %s", words, e ? err_text(e) : "no error");
    assert_int_equal(err_kind(e), kind);
}

// ---- what it is asked ----

static void one_pool_is_shown_alone_in_either_form(void **state) {
    (void)state;
    expect_said(&noun_inventory, LINE("--pool", "a/here/ssd", "-o", "json"),
                "{\"providers\":[{\"name\":\"a\",\"instances\":[{\"name\":\"here\",\"pools\":[{\"name\":\"ssd\"}]}]}],"
                "\"seq\":9}\n");
    expect_said(&noun_inventory, LINE("--pool", "hdd"),
                "pool:  a/here/hdd\n\npool:      a/there/hdd\nstore:     a/s\ncapacity:  1 MiB\n");
    expect_refused(&noun_inventory, LINE("--pool", "tape", "-o", "json"), ERR_NOT_FOUND, "pool 'tape': there is none");
}

static void a_wait_follows_the_operation_of_its_own_volume(void **state) {
    (void)state;
    expect_refused(&noun_volume, LINE("grow", "db", "--role", "web", "--size", "9"), ERR_FULL,
                   "grow volume 'db': the disk is full");
}

static void a_count_says_its_bounds(void **state) {
    (void)state;
    static const char *const wrong[] = {"0", "65", "99999999999"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        expect_refused(&noun_volume, LINE("create", "db", "--class", "gold", "--size", "1GiB", "--count", wrong[i]),
                       ERR_INVALID, "must be 1 to 64");
}

// ---- completion ----

static void expect_completed(const char *const *line, const char *candidates) {
    AUTO_TEXT struct text out = {0};
    capture_begin();
    int code = cli_main(line);
    capture_end(&out);
    assert_int_equal(code, 0);
    assert_string_equal(text_string(&out), candidates);
}
#define COMPLETE(...) LINE("granary", "complete", __VA_ARGS__)

static void flags_of_every_verb_are_completed(void **state) {
    (void)state;
    expect_completed(COMPLETE("run", "--cl"), "--class\n");
    expect_completed(COMPLETE("run", "--delete", "--t"), "--token-file\n--timeout\n");
    expect_completed(COMPLETE("run", "--class", ""), "gold\n");
    expect_completed(COMPLETE("run", "--class", "gold", "sh", "--cl"), "");
    expect_completed(COMPLETE("run", "--", "--cl"), "");
    expect_completed(COMPLETE("dev", "--c"), "--cycle\n--config\n");
    expect_completed(COMPLETE("dev", "--once", "--log-level", "de"), "debug\n");
    expect_completed(COMPLETE("master", "--cl"), "--cluster\n--classes\n");
    expect_completed(COMPLETE("provider", "--dr"), "--driver\n");
    expect_completed(COMPLETE("volume", "list", "--output", ""), "table\njson\n");
    expect_completed(
        COMPLETE("volume", "list", "--watch", "-"),
        "--role\n--class\n--label\n--state\n--watch\n--master\n--token-file\n--output\n--timeout\n--config\n"
        "--help\n");
}

static void actions_beside_a_process_are_completed(void **state) {
    (void)state;
    expect_completed(COMPLETE("agent", ""), "remove\n");
    expect_completed(COMPLETE("agent", "remove", "n"), "n1\nn2\n");
    expect_completed(COMPLETE("provider", "remove", ""), "a\nb\n");
}

static void a_framework_is_completed_by_its_id(void **state) {
    (void)state;
    expect_completed(COMPLETE("framework", "teardown", ""), "f-17\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_pool_is_shown_alone_in_either_form),
        cmocka_unit_test(a_wait_follows_the_operation_of_its_own_volume),
        cmocka_unit_test(a_count_says_its_bounds),
        cmocka_unit_test(flags_of_every_verb_are_completed),
        cmocka_unit_test(actions_beside_a_process_are_completed),
        cmocka_unit_test(a_framework_is_completed_by_its_id),
    };
    return cmocka_run_group_tests(tests, master_start, master_stop);
}
