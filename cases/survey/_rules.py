"""What the survey of files leaves out, and what it does not open: a reason, and the paths that it holds for."""

from __future__ import annotations

import re

LEFT_OUT: dict[str, tuple[str, ...]] = {
    # what is of a process
    "a process of the machine; /proc/self and /proc/thread-self show one": (r"/proc/\d+",),
    "seen elsewhere: as /proc/net, as /proc/thread-self": (
        r"/proc/self/(net|task)/.*",
        r"/proc/thread-self/net/.*",
    ),
    "what this process has open, or mapped": (r"/proc/(thread-)?self/(fd|fdinfo|map_files)/.*",),
    "what processes have made, or opened": (r"/dev/(pts|mqueue|hugepages|shm|fd)/.*",),
    # devices
    "hardware": (
        r"/proc/(acpi|asound|dri|ide|mpt|scsi|rtas|device-tree|mdstat)",
        r"/proc/(irq|bus/[^/]+|driver)/.*",
        r"/sys/devices/(?!(system|virtual|software|tracepoint|breakpoint|kprobe|uprobe)(/|$)).*",
        r"/sys/devices/system/(?!(cpu|node|memory|clocksource|clockevents)(/|$)).*",
        r"/sys/devices/system/(node/node0|clockevents|clocksource|memory)/.*",
        r"/sys/(firmware/.*|hypervisor|bus/pci/slots/.*)",
        r"/sys/kernel/(iommu_groups|irq|dmabuf|software_nodes)",
    ),
    "how much of it the machine has": (
        r"/sys/devices/system/(cpu/cpu|node/node)[1-9]\d*",
        r"/sys/kernel/mm/hugepages/hugepages-1048576kB",
    ),
    "what its processor can do": (
        r"/proc/cpuinfo (vmx flags|TLB size|clflush size|cache_alignment|power management|cpuid level|microcode|bugs)",
        r"/sys/devices/system/cpu/cpu0/.*",
        r"/sys/devices/system/cpu/(cpufreq|cpuidle|intel_pstate|amd_pstate|microcode|hotplug|umwait_control)",
    ),
    "how the machine was started": (
        r"/proc/(xen|vmcore)",
        r"/sys/kernel/(boot_params|vmcoreinfo|crash_elfcorehdr_size|kexec_.*)",
    ),
    "how a device saves power, which is another matter for each": (r"/sys/(bus|class|devices)/.*/power",),
    "the machine's disks and network devices": (
        r"/sys/(block|dev/block|dev/char|class/bdi|class/block)/.*",
        r"/proc/fs/.*",
        r"/sys/(class|devices/virtual)/net/(?!lo(/|$)).*",
        r"/proc/sys/net/ipv[46]/(conf|neigh)/(?!(all|default|lo)(/|$)).*",
        r"/proc/net/(dev_snmp6|stat)/.*",
    ),
    "devices of one class each, and their drivers": (
        r"/sys/class/(?!(firmware|mem|misc|net)(/|$))[^/]+/.*",
        r"/sys/(class|devices/virtual)/misc/(?!(userfaultfd|cpu_dma_latency)(/|$)).*",
        r"/sys/devices/virtual/(?!(mem|misc|net|workqueue)(/|$)).*",
        r"/sys/devices/virtual/workqueue/.*",
        r"/sys/bus/[^/]+/(devices|drivers)/.*",
        r"/proc/tty/driver/.*",
        r"/proc/sys/dev/.*",
    ),
    "a class of devices, or a bus, that is there when its driver is": (
        (
            r"/sys/class/(?!(bdi|block|dma|firmware|graphics|input|iommu|mem|misc|net|pci_bus|power_supply|pps|ptp|rtc|"
            r"thermal|tty|vc|vtconsole|watchdog|devlink)(/|$)).*"
        ),
        (
            r"/sys/bus/(?!(cpu|clockevents|clocksource|event_source|workqueue|node|memory|pci|platform|memory_tiering)"
            r"(/|$)).*"
        ),
    ),
    "devices of drivers, and what a system makes in /dev": (
        (
            r"/dev/(?!(console|full|fuse|kmsg|mqueue|net|null|ptmx|pts|random|shm|tty|urandom|userfaultfd|zero)"
            r"(/|$)).*"
        ),
        r"/dev/net/(?!tun$).*",
    ),
    # what comes and goes
    "a file system of its own, which is mounted or not": (
        r"/sys/fs/(cgroup|bpf|pstore|selinux|smackfs|resctrl)/.*",
        r"/sys/kernel/(debug|tracing|security)/.*",
    ),
    "what the kernel is built with, has loaded and has made for it": (
        r"/sys/module/.*",
        r"/sys/kernel/(slab|btf|livepatch|rpm.*|notes)/.*",
    ),
    "of a module, which may be loaded or not": (
        r"/proc/(crypto|modules) .*",
        r"/proc/sys/fs/(nfs|xfs|cifs|fscache|fuse|binfmt_misc)",
        r"/sys/fs/(?!(bpf|cgroup|pstore|resctrl|selinux|smackfs|tmpfs)(/|$)).*",
        r"/sys/kernel/(config|sunrpc)",
        r"/proc/sys/(sunrpc|fscache|crypto)",
        r"/proc/sys/net/(sctp|dccp|rds|tipc|smc|ax25|netrom|rose|x25|vsock|bridge|iw_cm|rxrpc|mpls|can|netfilter|vrf)",
        r"/proc/sys/net/(ipv4/(netfilter|vs|ip_conntrack.*)|nf_conntrack_max)",
        r"/proc/net/(packet|rpc|netfilter|nf_conntrack.*|ip_conntrack.*|ip6?_tables.*|arp_tables.*|ip_vs.*|ipt_.*|xt_.*)",
        r"/proc/net/(sctp|can.*|vlan|bonding|nfsfs|rxrpc|smc|ppp.*|hci|l2cap|rfcomm|bnep|sco|tls_stat|pnp|kcm.*|pfkey)",
    ),
}
"""A path that is left out takes what lies below it with it."""

UNREAD: dict[str, tuple[str, ...]] = {
    "reading takes messages away from whoever waits for them": (r"/proc/kmsg", r".*/trace_pipe(_raw)?"),
    "reading makes a device": (r".*/hot_add",),
    "another process may wait at its other end": (r"/dev/(console|kmsg|tty)",),
    "nothing is to be read, and writing does things to the machine": (r"/proc/sysrq-trigger",),
    "long, and slow to be made": (
        r"/proc/(kcore|kpage.*|kallsyms|vmallocinfo|slabinfo|timer_list|pagetypeinfo|zoneinfo|sched_debug|config\.gz)",
        r"/proc/(thread-)?self/(pagemap|smaps|numa_maps|mem)",
        r"/sys/kernel/(btf/.*|notes)",
    ),
}
"""What is listed, and not opened."""

MOUNTED: dict[str, tuple[str, ...]] = {
    "a place for a file system, whose root one sees where it is mounted": (
        r"/sys/fs/(cgroup|bpf|pstore|selinux|smackfs|resctrl)",
        r"/sys/kernel/(debug|tracing|security)",
        r"/dev/(pts|shm|mqueue|hugepages)",
    ),
}
"""Whose permissions are not told."""

VARYING: dict[str, tuple[str, ...]] = {
    "a line for each of what the machine has": (
        r"/proc/(key-users|locks|diskstats|partitions)",
        r"/proc/net/.*",
        r"/proc/(thread-)?self/children",
    ),
}
"""Files that are one line of numbers by chance."""


def _any(rules: dict[str, tuple[str, ...]], below: str) -> re.Pattern[str]:
    patterns = [pattern for each in rules.values() for pattern in each]
    return re.compile(f"(?:{'|'.join(f'(?:{pattern})' for pattern in patterns)}){below}")


_LEFT_OUT = _any(LEFT_OUT, "(/.*)?")
_UNREAD, _MOUNTED, _VARYING = (_any(rules, "") for rules in (UNREAD, MOUNTED, VARYING))


def left_out(path: str) -> bool:
    """Whether an entry is the machine's, and no matter of what its kernel is."""
    return _LEFT_OUT.fullmatch(path) is not None


def unread(path: str) -> bool:
    """Whether a file is not opened."""
    return _UNREAD.fullmatch(path) is not None


def mounted(path: str) -> bool:
    """Whether a directory is one to mount something at, so that it may be seen with one of two modes."""
    return _MOUNTED.fullmatch(path) is not None


def varying(path: str) -> bool:
    """Whether a file has as many lines as there is of something."""
    return _VARYING.fullmatch(path) is not None
