// SPDX-License-Identifier: Apache-2.0
// Probing a recorded tree, and the contexts of storage drivers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/device.h"
#include "host/probe.h"
#include "host/task_view.h"
#include "sys/file.h"

static void put(const char *root, const char *path, const char *words, mode_t mode) {
    AUTO_FREE char *whole = mem_format("%s%s", root, path);
    AUTO_FREE char *dir = mem_text(whole);
    *strrchr(dir, '/') = 0;
    assert_null(directory_make(dir, 0755));
    assert_null(file_write(whole, words, strlen(words), mode));
}

static void a_recorded_host_gives_its_tags(void **state) {
    (void)state;
    char root[] = "/tmp/granary-probe-XXXXXX";
    assert_non_null(mkdtemp(root));
    put(root, "/proc/sys/kernel/osrelease", "6.1.0-42-amd64\n", 0644);
    put(root, "/proc/sys/kernel/hostname", "n7\n", 0644);
    put(root, "/proc/filesystems", "nodev\ttmpfs\n\text4\n\txfs\n\tbtrfs\n", 0644);
    put(root, "/sbin/mkfs.ext4", "x", 0755);
    put(root, "/sbin/mkfs.tmpfs", "x", 0755);
    put(root, "/usr/local/bin/mkfs.btrfs", "x", 0755); // wherever a keeper looks
    put(root, "/sys/module/scini/version", "4.5.1\n", 0644);
    put(root, "/sys/module/loop/refcnt", "1", 0644);
    put(root, "/run/docker/plugins/rexray.sock", "", 0644);
    put(root, "/etc/docker/plugins/rexray.spec", "", 0644);
    put(root, "/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock", "", 0644);
    put(root, "/var/lib/kubelet/plugins/other/readme", "", 0644);
    put(root, "/proc/net/vlan/config", "VLAN Dev name | VLAN ID\nName-Type: X\neth0.19  | 19  | eth0\n", 0644);
    put(root, "/proc/net/route",
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "eth0 00000000 0101010A 0003 0 0 0 00000000 0 0 0\neth0 0001010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n",
        0644);
    put(root, "/sys/class/net/eth0/speed", "10000\n", 0644);
    put(root, "/sys/class/net/lo/speed", "1\n", 0644);
    put(root, "/proc/cpuinfo", "processor\t: 0\nmodel name: x\n\nprocessor\t: 1\n", 0644);
    put(root, "/proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\n", 0644);
    struct probe_facts facts = {0};
    assert_null(probe_host(root, &facts));
    AUTO_TEXT struct text all = {0};
    VEC_EACH (tag, &facts.tags) text_addf(&all, "%s=%s\n", tag->key, tag->value);
    assert_string_equal(text_string(&all), "cpu/count=2\n"
                                           "driver/loop=\n"
                                           "driver/scini=4.5.1\n"
                                           "fs/btrfs=\n"
                                           "fs/ext4=\n"
                                           "host=n7\n"
                                           "kernel=6.1.0\n"
                                           "kernel/release=6.1.0-42-amd64\n"
                                           "net/interface=eth0\n"
                                           "net/speed=10000Mbps\n"
                                           "net/subnet=10.1.1.0/24\n"
                                           "net/vlan=19\n"
                                           "plugin/csi=ebs.csi.aws.com\n"
                                           "plugin/docker=rexray\n");
    assert_int_equal(facts.cpus, 2);
    assert_int_equal(facts.memory, 2048 * 1024);
    probe_facts_done(&facts);
    assert_null(tree_remove(root));
    AUTO_ERR struct err *nothing = probe_host("/does/not/exist", &facts);
    assert_non_null(strstr(err_text(nothing), "cannot be read"));
}

static void this_host_can_be_probed(void **state) {
    (void)state;
    struct probe_facts facts = {0};
    assert_null(probe_host("", &facts));
    assert_true(facts.cpus > 0 && facts.memory > 0 && facts.tags.count > 3);
    probe_facts_done(&facts);
}

static void a_drivers_context_names_the_device(void **state) {
    (void)state;
    struct device_context c = {0};
    assert_null(device_context_parse("{\"device\":\"loop\",\"image\":\"/p/v.img\",\"sparse\":true}", &c));
    assert_string_equal(c.device, "loop");
    assert_string_equal(c.path, "/p/v.img");
    assert_true(c.sparse && !c.serial);
    device_context_done(&c);
    assert_null(device_context_parse("{\"device\":\"block\",\"path\":\"/dev/disk/by-id/x\",\"serial\":\"vol1\"}", &c));
    assert_string_equal(c.serial, "vol1");
    device_context_done(&c);
    static const char *const bad[] = {NULL, "", "{", "[]", "{\"device\":\"loop\"}", "{\"device\":1,\"path\":\"/x\"}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_ERR struct err *failed = device_context_parse(bad[i], &c);
        assert_int_equal(err_kind(failed), ERR_INVALID);
    }
}

static void container_paths_stay_inside_and_apart(void **state) {
    (void)state;
    static const char *const bad[] = {"", "/", ".", "..", "a/../b", "/..", "//", "./."};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_ERR struct err *failed = container_path_check(bad[i]);
        assert_non_null(failed);
    }
    assert_null(container_path_check("/data"));
    assert_null(container_path_check("a/..b"));
    const char *const apart[] = {"/data", "/data2", "data"};
    assert_null(container_paths_check(apart, 3));
    const char *const same[] = {"/data", "/x", "//data/."};
    AUTO_ERR struct err *failed = container_paths_check(same, 3);
    assert_non_null(failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_host_gives_its_tags),
        cmocka_unit_test(this_host_can_be_probed),
        cmocka_unit_test(a_drivers_context_names_the_device),
        cmocka_unit_test(container_paths_stay_inside_and_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
