"""The world that a generated program lives in: its memory, limits, capabilities and files, the same on every target.

Programs are made of it (`choices`), the executor is compiled with it and reproducers are written with it, both as C
that `conformance/programs/header.py` makes of this module. Guests import it with every case: nothing but constants.
"""

# -- memory: it is at the same place everywhere, so that addresses are equal on all targets

PAGE = 4096
DATA = 0x200000000000
"""Where the executor's data area begins; programs have no other memory but what they map themselves."""
DATA_BYTES = 0x10000
EDGE_STRIDE = 0x2000
EDGES = tuple(DATA_BYTES + at * EDGE_STRIDE for at in range(4))
"""Offsets of single pages that nothing mapped follows."""
UNMAPPED = DATA + EDGES[0] + PAGE
READ_ONLY = DATA + 0x100000
"""A page that can only be read."""
READ_ONLY_BYTE = 0x11
"""What it is full of."""
HANDLER = DATA + 0x200000
"""A signal handler that counts, up to 255 of each signal."""
RESTORER = HANDLER + 0x40
"""What a handler returns to."""
OTHER_HANDLER = HANDLER + 0x80
"""One more that counts, for those that take three arguments (SA_SIGINFO)."""
SIGLOG = DATA + 0x210000
"""Where handlers count: a byte for each signal."""
SIGLOG_BYTES = 128
ARENA, ARENA_PAGES = DATA + 0x1000000, 64
"""Where programs may map memory."""
MEMORY_END = DATA + 0x2000000
"""`load` and `store` reach no further."""

HANDLER_CODE = (
    (b"\x48\xb8" + SIGLOG.to_bytes(8, "little"), "mov rax, SIGLOG"),
    (b"\x89\xff", "mov edi, edi"),
    (b"\x80\x04\x38\x01", "add byte [rax + rdi], 1"),
    (b"\x80\x1c\x38\x00", "sbb byte [rax + rdi], 0"),
    (b"\xc3", "ret"),
)
"""Instructions of x86-64; as a handler with three arguments it does not look at the other two."""
RESTORER_CODE = ((b"\xb8\x0f\0\0\0", "mov eax, __NR_rt_sigreturn"), (b"\x0f\x05", "syscall"))

# -- limits, by their numbers (getrlimit(2)): soft and hard

FILES = 64
"""How many fds there can be."""
REPORT_FD = 63
"""The fd to which a new image reports."""
UNLIMITED = (1 << 64) - 1
LIMITS = {
    "RLIMIT_NOFILE": (7, FILES, FILES),
    "RLIMIT_CORE": (4, 0, 0),
    "RLIMIT_AS": (9, 1 << 30, 1 << 30),
    "RLIMIT_STACK": (3, 8 << 20, 8 << 20),
    "RLIMIT_MEMLOCK": (8, 64 << 10, 64 << 10),
    "RLIMIT_SIGPENDING": (11, 128, 128),
    "RLIMIT_MSGQUEUE": (12, 819200, 819200),
    "RLIMIT_NICE": (13, 0, 0),
    "RLIMIT_RTPRIO": (14, 0, 0),
    "RLIMIT_RTTIME": (15, UNLIMITED, UNLIMITED),
    "RLIMIT_NPROC": (6, 512, 512),
    "RLIMIT_DATA": (2, UNLIMITED, UNLIMITED),
    "RLIMIT_RSS": (5, UNLIMITED, UNLIMITED),
    "RLIMIT_LOCKS": (10, UNLIMITED, UNLIMITED),
}
OWN_LIMITS = {"RLIMIT_CPU": (0, 10, 20), "RLIMIT_FSIZE": (1, 1 << 20, 4 << 20)}
"""Those of each process that runs programs; the one around them works longer, and its output may be a file."""

# -- capabilities (capabilities(7))

DROPPED_CAPABILITIES = {
    "CAP_SYS_MODULE": 16,
    "CAP_SYS_RAWIO": 17,
    "CAP_SYS_PACCT": 20,
    "CAP_SYS_BOOT": 22,
    "CAP_SYS_RESOURCE": 24,
    "CAP_SYS_TIME": 25,
    "CAP_SYS_TTY_CONFIG": 26,
    "CAP_MKNOD": 27,
    "CAP_AUDIT_WRITE": 29,
    "CAP_AUDIT_CONTROL": 30,
    "CAP_MAC_OVERRIDE": 32,
    "CAP_MAC_ADMIN": 33,
    "CAP_SYSLOG": 34,
    "CAP_WAKE_ALARM": 35,
    "CAP_BLOCK_SUSPEND": 36,
    "CAP_AUDIT_READ": 37,
    "CAP_PERFMON": 38,
    "CAP_BPF": 39,
    "CAP_CHECKPOINT_RESTORE": 40,
}
"""Those that could harm the machine, or that not every target can grant."""
NEWER_CAPABILITIES = range(41, 64)
"""What they may be is not known yet; they are dropped, too."""

# -- the files that a program finds in its working directory

FILE, FILE_HAS = b"f0", b"abcdefghijklmnopqrstuvwxyz"
DIRECTORY = b"d0"
FILE_BELOW, FILE_BELOW_HAS = b"d0/f1", b"hello"
LINK = b"l0"
"""It leads to the file."""
FILE_MODE, DIRECTORY_MODE = 0o644, 0o755
ROOM_OPTIONS = ("size=256m,nr_inodes=20k,mode=755", "size=256m,mode=755", "mode=755")
"""How the tmpfs is mounted on which they are, the first that works: gVisor knows no nr_inodes."""

# -- files of a program's own in /proc: those whose content is the same on every machine, and that may be written

PROC_FILES = (b"comm", b"limits", b"oom_score_adj", b"timerslack_ns", b"coredump_filter", b"personality", b"setgroups")
PROC_OPTIONS = ("subset=pid", "")
"""How the procfs is mounted, the first that works: without what is the machine's (Linux 5.8), or to be read only."""

# -- what else a program can see of itself

UMASK = 0o022
NAME = "program"
HOST_NAME = "guest"
