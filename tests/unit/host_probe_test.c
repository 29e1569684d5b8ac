// SPDX-License-Identifier: Apache-2.0
// Probing a recorded tree, and the contexts of storage drivers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/device.h"
#include "host/probe.h"
#include "host/task_view.h"
#include "recorded_tree.h"

static void a_kernel_is_recorded(const char *root) {
    tree_put(root, "/proc/sys/kernel/osrelease", "6.1.0-42-amd64\n");
}

// What the probe says of a recorded tree, one tag a line; the tree is removed.
static char *tags_of(const char *root, const char *prefix) {
    AUTO_TEXT struct text all = {0};
    struct probe_facts facts = {0};
    assert_null(probe_host(root, &facts));
    VEC_EACH (tag, &facts.tags)
        if (text_starts(tag->key, prefix)) text_addf(&all, "%s=%s\n", tag->key, tag->value);
    probe_facts_done(&facts);
    assert_null(tree_remove(root));
    return mem_text(text_string(&all));
}

static void a_recorded_host_gives_its_tags(void **state) {
    (void)state;
    char root[] = TREE;
    tree_begin(root);
    a_kernel_is_recorded(root);
    tree_put(root, "/proc/sys/kernel/hostname", "n7\n");
    tree_put(root, "/proc/filesystems", "nodev\ttmpfs\n\text4\n\txfs\n\tbtrfs\n");
    tree_program(root, "/sbin/mkfs.ext4", "x");
    tree_program(root, "/sbin/mkfs.tmpfs", "x");
    tree_program(root, "/usr/local/bin/mkfs.btrfs", "x"); // wherever a keeper looks
    tree_put(root, "/sys/module/scini/version", "4.5.1\n");
    tree_put(root, "/sys/module/loop/refcnt", "1");
    tree_put(root, "/run/docker/plugins/rexray.sock", "");
    tree_put(root, "/etc/docker/plugins/rexray.spec", "");
    tree_put(root, "/var/lib/kubelet/plugins/ebs.csi.aws.com/csi.sock", "");
    tree_put(root, "/var/lib/kubelet/plugins/other/readme", "");
    tree_put(root, "/proc/cpuinfo", "processor\t: 0\nmodel name: x\n\nprocessor\t: 1\n");
    tree_put(root, "/proc/meminfo", "MemTotal:        2048 kB\nMemFree: 1 kB\n");
    struct probe_facts facts = {0};
    assert_null(probe_host(root, &facts));
    assert_int_equal(facts.cpus, 2);
    assert_int_equal(facts.memory, 2048 * 1024);
    probe_facts_done(&facts);
    AUTO_FREE char *all = tags_of(root, "");
    assert_string_equal(all, "cpu/count=2\n"
                             "driver/loop=\n"
                             "driver/scini=4.5.1\n"
                             "fs/btrfs=\n"
                             "fs/ext4=\n"
                             "host=n7\n"
                             "kernel=6.1.0\n"
                             "kernel/release=6.1.0-42-amd64\n"
                             "plugin/csi=ebs.csi.aws.com\n"
                             "plugin/docker=rexray\n");
    AUTO_ERR struct err *nothing = probe_host("/does/not/exist", &facts);
    assert_non_null(strstr(err_text(nothing), "cannot be read"));
}

// A card with a VLAN, a bond on two more, of which one is down; the bridge and the veth of a task, and a dummy.
static void network_record(const char *root) {
    tree_interface(root, "lo", "unknown", NULL);
    tree_interface(root, "eth0", "up", "10000");
    tree_device(root, "/sys/class/net/eth0", "ixgbe");
    tree_interface(root, "eth0.19", "up", "10000");
    tree_link(root, "/sys/class/net/eth0.19/lower_eth0", "../eth0");
    tree_interface(root, "eth1", "up", "25000");
    tree_device(root, "/sys/class/net/eth1", "mlx5_core");
    tree_interface(root, "eth2", "down", "100");
    tree_device(root, "/sys/class/net/eth2", "e1000e");
    tree_interface(root, "bond0", "up", "2500");
    tree_link(root, "/sys/class/net/bond0/lower_eth1", "../eth1");
    tree_link(root, "/sys/class/net/bond0/lower_eth2", "../eth2");
    tree_put(root, "/sys/class/net/bond0/mtu", "9000\n");
    tree_interface(root, "docker0", "up", "40000");
    tree_interface(root, "veth7", "up", "40000");
    tree_link(root, "/sys/class/net/docker0/lower_veth7", "../veth7");
    tree_interface(root, "dummy0", "unknown", "50000");
    tree_put(root, "/proc/net/vlan/config",
             "VLAN Dev name | VLAN ID\nName-Type: X\neth0.19  | 19  | eth0\neth2.7  | 7  | eth2\n");
    tree_put(root, "/proc/net/route",
             "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
             "eth0 00000000 0101010A 0003 0 0 0 00000000 0 0 0\neth0 0001010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n"
             "bond0 0002010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\ndocker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0\n"
             "eth2 0007010A 00000000 0001 0 0 0 00FFFFFF 0 0 0\n");
    tree_put(root, "/proc/net/ipv6_route",
             "fd000000000000010000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 "
             "00000100 00000001 00000000 00000001     eth0\n"
             "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 "
             "00000100 00000001 00000000 00000001     eth0\n");
}

static void only_interfaces_that_are_up_and_carry_traffic_count(void **state) {
    (void)state;
    char root[] = TREE;
    tree_begin(root);
    a_kernel_is_recorded(root);
    network_record(root);
    AUTO_FREE char *net = tags_of(root, "net/");
    assert_string_equal(net, "net/interface=bond0\nnet/interface=eth0\nnet/interface=eth0.19\nnet/interface=eth1\n"
                             "net/mtu=1500\nnet/mtu=9000\n"
                             "net/speed=10Gbps\nnet/speed=2500Mbps\nnet/speed=25Gbps\n"
                             "net/subnet=10.1.1.0/24\nnet/subnet=10.1.2.0/24\nnet/subnet=fd00:0:0:1::/64\n"
                             "net/vlan=19\n");
}

static void a_link_that_goes_down_takes_its_tags_with_it(void **state) {
    (void)state;
    char root[] = TREE;
    tree_begin(root);
    a_kernel_is_recorded(root);
    network_record(root);
    tree_put(root, "/sys/class/net/eth0/operstate", "down\n");
    tree_put(root, "/sys/class/net/eth0.19/operstate", "lowerlayerdown\n");
    AUTO_FREE char *net = tags_of(root, "net/");
    assert_string_equal(net, "net/interface=bond0\nnet/interface=eth1\nnet/mtu=1500\nnet/mtu=9000\n"
                             "net/speed=2500Mbps\nnet/speed=25Gbps\nnet/subnet=10.1.2.0/24\n");
}

static void the_way_out_counts_where_there_is_no_card(void **state) {
    (void)state;
    char root[] = TREE;
    tree_begin(root);
    a_kernel_is_recorded(root);
    tree_interface(root, "eth0", "up", "10000");
    tree_interface(root, "eth1", "up", "10000");
    tree_put(root, "/proc/net/route", "eth0 00000000 010011AC 0003 0 0 0 00000000 0 0 0\n");
    AUTO_FREE char *net = tags_of(root, "net/interface");
    assert_string_equal(net, "net/interface=eth0\n");
}

static void hardware_towards_storage_is_found(void **state) {
    (void)state;
    char root[] = TREE;
    tree_begin(root);
    a_kernel_is_recorded(root);
    tree_put(root, "/sys/class/infiniband/mlx5_0/ports/1/link_layer", "InfiniBand\n");
    tree_put(root, "/sys/class/infiniband/mlx5_0/ports/1/state", "4: ACTIVE\n");
    tree_put(root, "/sys/class/infiniband/mlx5_0/ports/1/rate", "100 Gb/sec (4X EDR)\n");
    tree_put(root, "/sys/class/infiniband/mlx5_0/ports/2/link_layer", "InfiniBand\n");
    tree_put(root, "/sys/class/infiniband/mlx5_0/ports/2/state", "1: DOWN\n");
    tree_put(root, "/sys/class/infiniband/mlx5_0/ports/2/rate", "10 Gb/sec (4X)\n");
    tree_put(root, "/sys/class/infiniband/rocep1/ports/1/link_layer", "Ethernet\n");
    tree_put(root, "/sys/class/fc_host/host3/port_state", "Online\n");
    tree_put(root, "/sys/class/fc_host/host3/speed", "16 Gbit\n");
    tree_put(root, "/sys/class/fc_host/host4/port_state", "Linkdown\n");
    tree_put(root, "/sys/class/fc_host/host4/speed", "unknown\n");
    tree_device(root, "/sys/block/sda", "sd");
    tree_device(root, "/sys/block/nvme0n1/device", "nvme");
    tree_put(root, "/sys/block/loop0/ro", "0\n");
    tree_put(root, "/sys/devices/system/node/node0/numastat", "x");
    tree_put(root, "/sys/devices/system/node/node1/numastat", "x");
    tree_put(root, "/sys/devices/system/node/online", "0-1\n");
    tree_put(root, "/sys/class/dmi/id/sys_vendor", "Dell Inc.  \n");
    tree_put(root, "/sys/class/dmi/id/product_name", "PowerEdge\tR640\xff\n");
    AUTO_FREE char *hw = tags_of(root, "");
    assert_string_equal(hw, "hw/block=nvme\nhw/block=sd\nhw/fibre-channel=16Gbps\nhw/infiniband=mlx5_0\n"
                            "hw/model=PowerEdge?R640?\nhw/numa-nodes=2\nhw/vendor=Dell Inc.\n"
                            "kernel=6.1.0\nkernel/release=6.1.0-42-amd64\nnet/infiniband=100000Mbps\n");
}

static void an_odd_name_does_not_spoil_the_report(void **state) {
    (void)state;
    char root[] = TREE;
    tree_begin(root);
    a_kernel_is_recorded(root);
    tree_put(root, "/sys/module/good/refcnt", "1");
    tree_put(root, "/sys/module/_hidden/refcnt", "1");
    tree_put(root, "/sys/module/b\xc3\xa4r/refcnt", "1");
    AUTO_FREE char *drivers = tags_of(root, "driver/");
    assert_string_equal(drivers, "driver/good=\n");
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

static void container_paths_stay_apart(void **state) {
    (void)state;
    const char *const apart[] = {"/data", "/data2", "data"};
    assert_null(container_paths_check(apart, 3));
    const char *const same[] = {"/data", "/x", "//data/."};
    AUTO_ERR struct err *failed = container_paths_check(same, 3);
    assert_non_null(failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recorded_host_gives_its_tags),
        cmocka_unit_test(only_interfaces_that_are_up_and_carry_traffic_count),
        cmocka_unit_test(a_link_that_goes_down_takes_its_tags_with_it),
        cmocka_unit_test(the_way_out_counts_where_there_is_no_card),
        cmocka_unit_test(hardware_towards_storage_is_found),
        cmocka_unit_test(an_odd_name_does_not_spoil_the_report),
        cmocka_unit_test(this_host_can_be_probed),
        cmocka_unit_test(a_drivers_context_names_the_device),
        cmocka_unit_test(container_paths_stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
