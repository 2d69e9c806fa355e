// SPDX-License-Identifier: MIT
/*
 * The world that programs live in.
 *
 * Made by `python -m conformance.programs.header`. What is to be edited, and says what it means, is in
 * conformance/syscalls/machinery/world.py and conformance/syscalls/pseudo.py.
 */

/* Memory: an area with single pages behind it that nothing follows, a page to be read, room for maps. */
#define PAGE 4096
#define DATA 0x200000000000UL
#define DATA_SIZE 0x10000UL
#define EDGES 4
#define EDGE_STRIDE 0x2000UL
#define READ_ONLY (DATA + 0x100000)
#define HANDLER (DATA + 0x200000)
#define RESTORER (DATA + 0x200040)
#define OTHER_HANDLER (DATA + 0x200080)
#define SIGLOG (DATA + 0x210000)
#define ARENA (DATA + 0x1000000)
#define MEMORY_END (DATA + 0x2000000)
#define SIGLOG_SIZE 128
#define ARENA_SIZE 0x40000UL
#define READ_ONLY_BYTE 0x11
#define POISON 0xaa
#define HANDLER_CODE \
	0x48, 0xb8, 0x00, 0x00, 0x21, 0x00, 0x00, 0x20, 0x00, 0x00, /* mov rax, SIGLOG */ \
	0x89, 0xff,                                                 /* mov edi, edi */ \
	0x80, 0x04, 0x38, 0x01,                                     /* add byte [rax + rdi], 1 */ \
	0x80, 0x1c, 0x38, 0x00,                                     /* sbb byte [rax + rdi], 0 */ \
	0xc3,                                                       /* ret */
#define RESTORER_CODE \
	0xb8, 0x0f, 0x00, 0x00, 0x00, /* mov eax, __NR_rt_sigreturn */ \
	0x0f, 0x05,                   /* syscall */

/* Limits: number, soft, hard. Those of its own are a process's that runs programs, and not its parent's. */
#define FILES_MAX 64
#define LIMITS \
	{ 7, 64, 64 },                 /* RLIMIT_NOFILE */ \
	{ 4, 0, 0 },                   /* RLIMIT_CORE */ \
	{ 9, 1073741824, 1073741824 }, /* RLIMIT_AS */ \
	{ 3, 8388608, 8388608 },       /* RLIMIT_STACK */ \
	{ 8, 65536, 65536 },           /* RLIMIT_MEMLOCK */ \
	{ 11, 128, 128 },              /* RLIMIT_SIGPENDING */ \
	{ 12, 819200, 819200 },        /* RLIMIT_MSGQUEUE */ \
	{ 13, 0, 0 },                  /* RLIMIT_NICE */ \
	{ 14, 0, 0 },                  /* RLIMIT_RTPRIO */ \
	{ 15, ~0UL, ~0UL },            /* RLIMIT_RTTIME */ \
	{ 6, 512, 512 },               /* RLIMIT_NPROC */ \
	{ 2, ~0UL, ~0UL },             /* RLIMIT_DATA */ \
	{ 5, ~0UL, ~0UL },             /* RLIMIT_RSS */ \
	{ 10, ~0UL, ~0UL },            /* RLIMIT_LOCKS */
#define OWN_LIMITS \
	{ 0, 10, 20 },           /* RLIMIT_CPU */ \
	{ 1, 1048576, 4194304 }, /* RLIMIT_FSIZE */

/* Capabilities that could harm the machine, or that not every target can grant. */
#define DROPPED_CAPABILITIES \
	16, /* CAP_SYS_MODULE */ 17, /* CAP_SYS_RAWIO */ 20, /* CAP_SYS_PACCT */ 22, /* CAP_SYS_BOOT */ \
	24, /* CAP_SYS_RESOURCE */ 25, /* CAP_SYS_TIME */ 26, /* CAP_SYS_TTY_CONFIG */ 27, /* CAP_MKNOD */ \
	29, /* CAP_AUDIT_WRITE */ 30, /* CAP_AUDIT_CONTROL */ 32, /* CAP_MAC_OVERRIDE */ \
	33, /* CAP_MAC_ADMIN */ 34, /* CAP_SYSLOG */ 35, /* CAP_WAKE_ALARM */ 36, /* CAP_BLOCK_SUSPEND */ \
	37, /* CAP_AUDIT_READ */ 38, /* CAP_PERFMON */ 39, /* CAP_BPF */ 40, /* CAP_CHECKPOINT_RESTORE */ \
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63 /* newer ones */

/* The files of a program's working directory; the link leads to the file. */
#define TREE_FILE "f0"
#define TREE_FILE_HAS "abcdefghijklmnopqrstuvwxyz"
#define TREE_DIRECTORY "d0"
#define TREE_FILE_BELOW "d0/f1"
#define TREE_FILE_BELOW_HAS "hello"
#define TREE_LINK "l0"
#define FILE_MODE 0644
#define DIRECTORY_MODE 0755
/* How the tmpfs below it is mounted, the first that works. */
#define ROOM_OPTIONS "size=256m,nr_inodes=20k,mode=755", "size=256m,mode=755", "mode=755"

/* Files of its own in /proc, and how that is mounted: but for the first way, to be read only. */
#define PROC_FILES "comm", "limits", "oom_score_adj", "timerslack_ns", "coredump_filter", "personality", "setgroups"
#define PROC_OPTIONS "subset=pid", ""

/* What else it can see of itself. */
#define UMASK 022
#define NAME "program"
#define HOST_NAME "guest"

/* What children do, and threads. */
enum {
	SPAWN_EXIT = 0,
	SPAWN_RAISE = 1,
	SPAWN_PAUSE = 2,
	SPAWN_LOCK = 3,
	SPAWN_FLOCK = 4,
	SPAWN_OFD_LOCK = 5,
	SPAWN_WRITE = 6,
};
enum {
	THREAD_ENDS = 0,
	THREAD_LIVES = 1,
};
enum {
	CHILD_PAUSES = 0,
	CHILD_EXITS = 1,
	CHILD_CHDIR = 2,
	CHILD_CLOSES = 3,
	CHILD_UMASK = 4,
	CHILD_IGNORES = 5,
	CHILD_STORES = 6,
	CHILD_HOSTNAME = 7,
	CHILD_TELLS_PIDS = 8,
	CHILD_TELLS_ACTION = 9,
	CHILD_TELLS_TID = 10,
	CHILD_TELLS_STACK = 11,
};

/* What a new image finds, and to which fd it says so. */
#define REPORT_FD 63
struct report {
	uint64_t open_fds;
	uint64_t cloexec_fds;
	uint64_t blocked;
	uint64_t pending;
	uint64_t ignored;
	uint32_t umask;
	uint32_t uid;
	uint32_t euid;
	uint32_t gid;
	uint32_t egid;
	uint32_t nice_plus_20;
	uint64_t fsize_limit;
	uint32_t dumpable;
	uint32_t no_new_privs;
	uint32_t securebits;
	int32_t personality;
	char comm[16];
	uint64_t positions;
};
