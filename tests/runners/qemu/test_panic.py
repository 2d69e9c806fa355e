from __future__ import annotations

import pytest

from runners.qemu.panic import out_of_memory, panic

SYSRQ = """
[    2.101010] sysrq: Trigger a crash
[    2.101500] Kernel panic - not syncing: sysrq triggered crash
[    2.102000] CPU: 1 PID: 77 Comm: sh Not tainted 6.1.0-32-cloud-amd64 #1  Debian 6.1.129-1
[    2.102100] Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-debian-1.16.2-1 04/01/2014
[    2.102200] Call Trace:
[    2.102300]  <TASK>
[    2.102400]  dump_stack_lvl+0x44/0x5c
[    2.102500]  panic+0x118/0x2f4
[    2.102600]  sysrq_handle_crash+0x16/0x20
[    2.102700]  __handle_sysrq.cold+0x43/0x11a
[    2.102900] RIP: 0033:0x7f0a31d9b1d7
[    2.103000] Code: 64 89 02 48 c7 c0 ff ff ff ff eb b7 0f 1f 00 f3 0f 1e fa 64 8b 04 25 18 00 00 00 85 c0
[    2.103100] RAX: ffffffffffffffda RBX: 0000000000000002 RCX: 00007f0a31d9b1d7
[    2.103200] Kernel Offset: 0x1ac00000 from 0xffffffff81000000
"""
OOPS = """
[   10.000000] BUG: kernel NULL pointer dereference, address: 0000000000000008
[   10.000001] #PF: supervisor read access in kernel mode
[   10.000002] Oops: 0000 [#1] PREEMPT SMP PTI
[   10.000003] CPU: 0 PID: 99 Comm: python3 Not tainted 6.6.36.3-microsoft-standard-WSL2 #1
[   10.000004] RIP: 0010:dxgk_release+0x1f/0x90
[   10.000005] Code: 00 00
[   10.000006] RSP: 0018:ffffc90000123456 EFLAGS: 00010246
[   10.000007] Call Trace:
[   10.000008]  <TASK>
[   10.000009]  ? __die_body.cold+0x1a/0x1f
[   10.000010]  __fput+0xe6/0x250
[   10.000011] Kernel panic - not syncing: Fatal exception
[   10.000012] Kernel Offset: disabled
"""
OLD_OOPS = """
general protection fault: 0000 [#1] SMP
RIP: 0010:[<ffffffff811111>] tcp_sendmsg+0x12/0x34
Kernel panic - not syncing: Fatal exception in interrupt
"""
INIT = """
<3>[    5.000000] Out of memory: Killed process 1 (init) total-vm:9000kB, anon-rss:8000kB
[    5.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009
[    5.2] Call Trace:
[    5.3]  panic+0x118/0x2f4
[    5.4]  do_exit.cold+0x15/0x15
"""


@pytest.mark.parametrize(
    ("console", "told"),
    [
        (SYSRQ, "sysrq triggered crash, in sysrq_handle_crash"),
        (OOPS, "oops: BUG: kernel NULL pointer dereference, address: 0000000000000008, in dxgk_release"),
        (OLD_OOPS, "oops: general protection fault: 0000 [#1] SMP, in tcp_sendmsg"),
        (INIT, "Attempted to kill init! exitcode=0x00000009, in do_exit.cold"),
        (
            "[ 1.0][    T1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n",
            "VFS: Unable to mount root fs on unknown-block(0,0)",
        ),
        (f"{SYSRQ}{OOPS}", "oops: BUG: kernel NULL pointer dereference, address: 0000000000000008, in dxgk_release"),
        ("", ""),
        ("a case that says panic: and RIP: 0010:nothing+0x1/0x2\n", ""),
    ],
)
def test_a_panic_is_its_message_and_its_function(console: str, told: str) -> None:
    assert panic(console) == told
    assert "RAX" not in told


@pytest.mark.parametrize(
    ("console", "told"),
    [
        (INIT, "it killed init (pid 1)"),
        ("[ 1.0] Kernel panic - not syncing: System is deadlocked on memory\n", "its kernel had none left for itself"),
        ("[ 1.0] Memory cgroup out of memory: Killed process 7 (eater) total-vm:1kB\n", ""),
        ("[ 1.0] Out of memory: Killed process 7 (eater)\n" + "[ 2.0] something else\n" * 200, ""),
        (SYSRQ, ""),
    ],
)
def test_the_guests_own_want_of_memory_is_told_from_everything_else(console: str, told: str) -> None:
    assert out_of_memory(console) == told
