"""Calls that mean most after one another, by label: with its plainest arguments, each of a sequence succeeds.

A search that draws calls by chance would hardly ever meet a queue with a message in it, a stopped tracee or a
connection: from these it can set out. `connect` to a TCP port is under way when it returns, as the socket does not
wait.
"""

from __future__ import annotations

SEQUENCES: tuple[tuple[str, ...], ...] = (
    ("bind_unix", "listen", "connect_unix", "accept"),
    ("bind_unix", "listen", "connect_unix", "accept4", "getsockname"),
    ("sendmsg", "recvmsg"),
    ("sendto", "recvfrom"),
    ("sendmmsg", "recvmmsg"),
    ("bind_inet", "connect_inet"),
    ("socket_udp", "bind_inet", "sendto_inet"),
    ("setsockopt_flag", "getsockopt_number"),
    ("setsockopt_number", "getsockopt_buffer"),
    ("msgsnd", "msgrcv"),
    ("msgsnd", "msgctl_stat", "msgctl_rmid"),
    ("mq_timedsend", "mq_timedreceive"),
    ("mq_notify", "mq_timedsend", "mq_getsetattr"),
    ("shmat", "shmctl_stat", "shmdt"),
    ("semop", "semctl_getall", "semctl_getpid"),
    ("semctl_setall", "semtimedop", "semctl_get"),
    ("rt_sigprocmask", "kill", "rt_sigpending", "rt_sigtimedwait"),
    ("rt_sigaction", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigtimedwait"),
    ("spawn_exit", "wait4"),
    ("spawn_exit", "pidfd_open", "waitid_pidfd"),
    ("spawn_pause", "kill", "waitid"),
    ("spawn_stopped", "ptrace_attach", "ptrace_getregs", "ptrace_regset", "ptrace_detach"),
    ("spawn_stopped", "ptrace_seize", "ptrace_setoptions", "ptrace_peek", "ptrace_poke"),
    ("spawn_stopped", "ptrace_attach", "ptrace_getsigmask", "ptrace_setsigmask", "ptrace_peeksiginfo"),
    ("add_key", "keyctl_update", "keyctl_read", "keyctl_search", "request_key"),
    ("add_key", "keyctl_link", "keyctl_do"),
    ("landlock_create_ruleset", "landlock_add_rule", "prctl_set_strict", "landlock_restrict_self"),
    ("prctl_set_strict", "seccomp_filter", "getpid"),
    ("capset", "capget", "setuid"),
    ("setgroups", "getgroups", "setresgid", "setresuid", "getresuid"),
    ("setrlimit", "prlimit64", "getrlimit"),
    ("sched_setscheduler", "sched_getscheduler", "sched_getattr"),
    ("unshare", "setns"),
)
