"""Excerpts of real logs of `strace -f -xx`, by hand shortened, and programs of them as text."""

from __future__ import annotations

from conformance.programs.notation.printing import print_program
from conformance.search.strace.left import told
from conformance.search.strace.lines import read_log
from conformance.search.strace.saying import say
from conformance.search.strace.stretches import stretches


def spelled(text: str) -> str:
    """A text as `strace -xx` writes it."""
    return '"' + "".join(f"\\x{each:02x}" for each in text.encode()) + '"'


CAT = f"""\
19686 execve({spelled("/usr/bin/cat")}, [{spelled("cat")}, "x"], 0x7fff429eaf08 /* 35 vars */) = 0
19686 brk(NULL)                         = 0x55e5701e9000
19686 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f5682424000
19686 access({spelled("/etc/ld.so.preload")}, R_OK) = -1 ENOENT (No such file or directory)
19686 openat(AT_FDCWD, {spelled("/lib/libc.so.6")}, O_RDONLY|O_CLOEXEC) = 3
19686 read(3, "\\x7f\\x45\\x4c\\x46"..., 832) = 832
19686 newfstatat(3, "", {{st_mode=S_IFREG|0755, st_size=1926232, ...}}, AT_EMPTY_PATH) = 0
19686 mmap(NULL, 1974096, PROT_READ, MAP_PRIVATE|MAP_DENYWRITE, 3, 0) = 0x7f5682238000
19686 close(3)                          = 0
19686 arch_prctl(ARCH_SET_FS, 0x7f5682235740) = 0
19686 mprotect(0x7f5682425000, 4096, PROT_READ) = 0
19686 futex(0x7f568240ca4c, FUTEX_WAKE_PRIVATE, 2147483647) = 0
19686 newfstatat(1, "", {{st_mode=S_IFREG|0644, st_size=22, ...}}, AT_EMPTY_PATH) = 0
19686 openat(AT_FDCWD, {spelled("/etc/hostname")}, O_RDONLY) = 3
19686 read(3, "\\x76\\x6d\\x0a", 131072) = 3
19686 close(3)                          = 0
19686 exit_group(0)                     = ?
19686 +++ exited with 0 +++
"""
PAIR = """\
19718 socketpair(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0, [3, 4]) = 0
19718 getsockname(3, {sa_family=AF_UNIX}, [128 => 2]) = 0
19718 sendto(3, "\\x68\\x65\\x6c\\x6c\\x6f", 5, 0, NULL, 0) = 5
19718 recvfrom(4, "\\x68\\x65\\x6c\\x6c\\x6f", 10, 0, NULL, NULL) = 5
19718 write(1, "\\x0a", 1)               = 1
19718 close(3)                          = 0
19718 close(4)                          = 0
19718 rt_sigaction(SIGINT, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=SA_RESTORER|SA_ONSTACK, \
sa_restorer=0x7f9319c5a050}, {sa_handler=0x7f931a0d4d00, sa_mask=[], sa_flags=SA_RESTORER, \
sa_restorer=0x7f9319c5a050}, 8) = 0
"""
TAR = f"""\
19700 getcwd({spelled("/home/me")}, 4096) = 9
19700 openat(AT_FDCWD, {spelled("/etc")}, O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY) = 4
19700 newfstatat(4, {spelled("hostname")}, {{st_mode=S_IFREG|0644, st_size=3, ...}}, AT_SYMLINK_NOFOLLOW) = 0
19700 openat(4, {spelled("hostname")}, O_RDONLY|O_NOCTTY|O_NONBLOCK|O_NOFOLLOW|O_CLOEXEC) = 5
19700 fcntl(5, F_GETFL)                 = 0x28800 (flags O_RDONLY|O_NONBLOCK|O_LARGEFILE|O_NOFOLLOW)
19700 openat(AT_FDCWD, {spelled("/tmp/new.tar")}, O_WRONLY|O_CREAT|O_TRUNC, 0666) = 6
19700 write(6, "\\x68\\x6f\\x73\\x74"..., 10240) = 10240
19700 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f5a) = 19701
19701 write(6, "\\x61", 1 <unfinished ...>
19700 ppoll([{{fd=6, events=POLLIN}}], 1, {{tv_sec=60, tv_nsec=0}}, [INT RT_1], 8 <unfinished ...>
19701 <... write resumed>)              = 1
19700 <... ppoll resumed>) = 1 ([{{fd=6, revents=POLLIN}}], left {{tv_sec=0, tv_nsec=999994}})
19700 --- SIGCHLD {{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=19701, si_uid=0}} ---
19700 wait4(-1, [{{WIFEXITED(s) && WEXITSTATUS(s) == 0}}], 0, NULL) = 19701
19700 exit_group(0) = ?
"""
SERVER = f"""\
7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
7 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
7 bind(3, {{sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("127.0.0.1")}}, 16) = 0
7 listen(3, 5)                        = 0
7 epoll_create1(EPOLL_CLOEXEC)        = 4
7 epoll_ctl(4, EPOLL_CTL_ADD, 3, {{events=EPOLLIN, data={{u32=3, u64=3}}}}) = 0
7 epoll_wait(4, [{{events=EPOLLIN, data={{u32=3, u64=3}}}}], 1024, -1) = 1
7 accept4(3, {{sa_family=AF_INET, sin_port=htons(40000), sin_addr=inet_addr("127.0.0.1")}}, [16], SOCK_CLOEXEC) = 5
7 read(5, "\\x47\\x45\\x54", 8192) = 3
7 socket(AF_UNIX, SOCK_STREAM, 0)     = 6
7 connect(6, {{sa_family=AF_UNIX, sun_path={spelled("/run/nscd")}}}, 110) = -1 ENOENT (No such file or directory)
7 connect(6, {{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("8.8.8.8")}}, 16) = 0
"""
LOGS = (CAT, PAIR, TAR, SERVER)


def calls_of(log: str) -> list[str]:
    """The calls of all programs of a log, one after the other."""
    programs, _ = stretches(say(read_log(log).calls)[0])
    return [line for program in programs.values() for line in print_program(program).splitlines()]


def left_of(log: str) -> list[str]:
    """What of a log is left out."""
    read = read_log(log)
    said, left = say(read.calls)
    return list(told([*read.left, *left, *stretches(said)[1]]))
