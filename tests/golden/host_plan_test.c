// SPDX-License-Identifier: Apache-2.0
// Each request's mkfs, check, grow and mount lines, compared with host_plan.txt byte for byte. After a change that is meant:
// run this program with the file's name and "write".
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "host/plan.h"

static const char *golden_path;

static void line_add(struct text *out, const char *what, const struct plan_command *c) {
    if (!c->count) return;
    text_addf(out, "  %s: ", what);
    plan_command_text(c, out);
    text_add_char(out, '\n');
}

static void request_add(struct text *out, const struct plan_fs *r) {
    struct plan_command command;
    struct plan_mount mount;
    int good = 0;
    text_addf(out, "%s%s%s\n", r->fs, r->discard ? " sparse" : " preallocated", r->read_only ? " read-only" : "");
    plan_mkfs(r, &command);
    if (!r->read_only) line_add(out, "format", &command);
    plan_check(r, &command, &good);
    line_add(out, good ? "check (1 is good too)" : "check", &command);
    plan_mount(r, &mount);
    text_add(out, "  mount: ");
    plan_mount_text(&mount, "/dev/loop3", "/w/attachments/7/mnt", out);
    text_add_char(out, '\n');
    if (r->read_only) return;
    plan_grow(r->fs, "/dev/loop3", "/w/attachments/7/mnt", &command);
    line_add(out, "grow", &command);
    for (unsigned step = 0; plan_grow_unmounted(r->fs, step, &command); step++)
        line_add(out, "grow unmounted", &command);
}

static void plans_text(struct text *out) {
    static const char *const all[] = {"ext4", "xfs", "btrfs"};
    struct plan_fs r = {.owner_uid = 1000, .owner_gid = 100};
    if (!uuid_parse("01234567-89ab-4def-8123-456789abcdef", &r.uuid)) fail();
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        r.fs = all[i];
        for (int way = 0; way < 4; way++) {
            r.discard = way & 1;
            r.read_only = way & 2;
            request_add(out, &r);
        }
    }
}

static void plans_are_what_they_were(void **state) {
    (void)state;
    AUTO_TEXT struct text now = {0};
    AUTO_FREE char *want = mem_zero(1, 1 << 16);
    plans_text(&now);
    FILE *f = fopen(golden_path, "r");
    assert_non_null(f);
    size_t n = fread(want, 1, (1 << 16) - 1, f);
    assert_true(n > 0);
    fclose(f);
    assert_string_equal(text_string(&now), want);
}

static void too_small_devices_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *fs;
        uint64_t least;
    } rows[] = {{"ext4", 4 * MIB}, {"xfs", 300 * MIB}, {"btrfs", 109 * MIB}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_null(plan_size_check(rows[i].fs, rows[i].least));
        AUTO_ERR struct err *small = plan_size_check(rows[i].fs, rows[i].least - 1);
        assert_non_null(small);
        assert_int_equal(err_kind(small), ERR_INVALID);
        assert_non_null(strstr(err_text(small), "needs at least"));
    }
    AUTO_ERR struct err *unknown = plan_size_check("vfat", GIB);
    assert_int_equal(err_kind(unknown), ERR_UNSUPPORTED);
}

static int golden_write(const char *path) {
    AUTO_TEXT struct text now = {0};
    plans_text(&now);
    FILE *f = fopen(path, "w");
    if (!f) return 1;
    fputs(text_string(&now), f);
    return fclose(f) ? 1 : 0;
}

int main(int argc, char **argv) {
    golden_path = argc > 1 ? argv[1] : "host_plan.txt";
    if (argc > 2) return golden_write(golden_path);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_what_they_were),
        cmocka_unit_test(too_small_devices_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
