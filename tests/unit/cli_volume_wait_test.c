// SPDX-License-Identifier: Apache-2.0
// When waiting for a volume has an end, and what is said until then.
#include "cli/volume_wait.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json_read.h"

static void expect(volume_judge *judge, const char *json, const void *wish, enum wait_verdict verdict,
                   const char *why) {
    AUTO_ARENA struct arena arena = {0};
    void *volume = NULL;
    AUTO_ERR struct err *e =
        json ? json_read(&granary__volume__descriptor, json, strlen(json), JSON_LENIENT, NULL, &arena, &volume) : NULL;
    assert_null(e);
    const char *said = NULL;
    assert_int_equal(judge(volume, wish, &arena, &said), verdict);
    if (why) assert_string_equal(said, why);
}

#define V(rest) "{\"name\":\"db\"," rest "}"

static void creation_ends_when_the_owner_can_use_it(void **state) {
    (void)state;
    expect(volume_judge_ready, V("\"state\":\"wanted\",\"message\":\"waits for provider 'p'\""), NULL, WAIT_GO_ON,
           "waits for provider 'p'");
    expect(volume_judge_ready, V("\"state\":\"ready\",\"attachments\":[{\"agent\":\"n1\",\"purpose\":\"format\"}]"),
           NULL, WAIT_GO_ON, "being formatted on agent 'n1'");
    expect(volume_judge_ready, V("\"state\":\"ready\",\"attachments\":[{\"agent\":\"n1\",\"purpose\":\"use\"}]"), NULL,
           WAIT_DONE, NULL);
    expect(volume_judge_ready, V("\"state\":\"failed\",\"message\":\"disk full\""), NULL, WAIT_FAILED, "disk full");
    expect(volume_judge_ready, NULL, NULL, WAIT_FAILED, "it is gone: deleted meanwhile");
}

static void release_ends_when_it_is_gone(void **state) {
    (void)state;
    expect(volume_judge_gone, V("\"state\":\"releasing\""), NULL, WAIT_GO_ON, NULL);
    expect(volume_judge_gone, NULL, NULL, WAIT_DONE, NULL);
    expect(volume_judge_gone, V("\"state\":\"failed\",\"message\":\"no\""), NULL, WAIT_FAILED, "no");
}

static void growth_ends_when_all_of_it_is_there(void **state) {
    (void)state;
    uint64_t wish = 100;
    expect(volume_judge_size, V("\"state\":\"ready\",\"size\":99"), &wish, WAIT_GO_ON, NULL);
    expect(volume_judge_size, V("\"state\":\"ready\",\"size\":104,\"busy\":true"), &wish, WAIT_DONE, NULL);
}

static void publishing_ends_on_the_agent_that_was_named(void **state) {
    (void)state;
    expect(volume_judge_published,
           V("\"state\":\"ready\",\"attachments\":[{\"agent\":\"n1\",\"state\":\"attaching\"}]"), "n1", WAIT_GO_ON,
           "attaching on agent 'n1'");
    expect(volume_judge_published, V("\"state\":\"ready\",\"attachments\":[{\"agent\":\"n1\",\"state\":\"in_use\"}]"),
           "n1", WAIT_DONE, NULL);
    expect(volume_judge_published, V("\"state\":\"ready\",\"attachments\":[{\"agent\":\"n2\",\"state\":\"in_use\"}]"),
           "n1", WAIT_GO_ON, NULL);
    expect(volume_judge_published, V("\"state\":\"ready\",\"message\":\"mkfs failed\""), "n1", WAIT_FAILED,
           "mkfs failed");
    expect(volume_judge_unpublished, V("\"attachments\":[{\"agent\":\"n1\",\"message\":\"busy\"}]"), NULL, WAIT_GO_ON,
           "busy");
    expect(volume_judge_unpublished, V("\"state\":\"ready\""), NULL, WAIT_DONE, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creation_ends_when_the_owner_can_use_it),
        cmocka_unit_test(release_ends_when_it_is_gone),
        cmocka_unit_test(growth_ends_when_all_of_it_is_there),
        cmocka_unit_test(publishing_ends_on_the_agent_that_was_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
