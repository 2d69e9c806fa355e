// SPDX-License-Identifier: MIT
/*
 * The executor: reads programs, which are sequences of raw system calls, and answers with their outcomes.
 *
 * It is the same file on every target. It needs no libc, so that a process of it is a few pages and forking one is
 * cheap; how often it can fork is what limits how many programs it runs. `runners/executor.py` has the compiler's
 * command line. All numbers are little-endian, in frames, programs and outcomes alike.
 *
 *   P0       what was started. Makes the namespaces, waits, and ends as the keeper does.
 *   keeper   reads stdin, writes stdout, forks workers and watches them. PID 1 of its own PID namespace.
 *   worker   runs programs, one behind the other. A program that asks for it has a worker to itself.
 *
 * Frames: u32 magic, u32 type, u32 length, payload.
 *
 *   RUN      u32 sequence, u32 deadline of a call in ms, u32 count, programs
 *   FORKS    u32 count: how long do so many forks take?
 *   HELLO    u16 version, u16 obtained, u32 page size, u64 data address, char release[65]
 *   RESULTS  u32 sequence, u32 count, outcomes
 *   ERROR    text. The executor ends: with status 2 if a frame was not understood, with 3 if it failed itself
 *   FORKED   u64 ns
 *
 * A program: u32 size of the rest, u8 flags, u8 number of calls, u16 zero, instructions.
 *
 *   1 COPYIN  u32 offset, u16 length, bytes
 *   2 FILL    u32 offset, u16 length                     with POISON
 *   3 STORE   u32 offset, u8 width, u8 slot, u64 default
 *   4 CALL    u16 number, u8 nargs, nargs * (u8 slot, u64 default), u8 result slot,
 *             u8 nouts * (u32 offset, u16 length), u8 nloads * (u8 slot, u32 offset, u8 width)
 *
 * An outcome: u32 size of the rest, u8 state, u8 detail, u8 completed calls, u8 number of kinds of signals caught,
 * per kind u8 signal and u8 count (255: as many or more), then per completed call i64 result and per block that it
 * puts out u16 extent, bytes. The extent ends behind the last byte that is not POISON.
 *
 * Exit status: 0 the input ended, 2 and 3 as above, 141 nobody reads.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/ioctls.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/termbits.h>
#include <asm/unistd.h>
#include <linux/auxvec.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/reboot.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <linux/time.h>
#include <linux/utsname.h>
#include <linux/wait.h>

#ifndef __x86_64__
#error "the executor's entry, system calls and signal handler are written for x86_64 only"
#endif

/* Newer than the headers of some distributions. */
#ifndef __NR_clone3
#define __NR_clone3 435
#endif
#ifndef __NR_close_range
#define __NR_close_range 436
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat 463
#define __NR_removexattrat 466
#endif
#ifndef __NR_file_setattr
#define __NR_file_setattr 469
#endif
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

enum { MAGIC = 0x31584353, VERSION = 1, FRAME_MAX = 16 << 20 };
enum { RUN = 1, FORKS = 2, HELLO = 16, RESULTS = 17, ERROR = 18, FORKED = 19 };
enum { COPYIN = 1, FILL = 2, STORE = 3, CALL = 4 };
enum { OWN = 1, IPC = 2, NET = 4, MNT = 8, CHILDREN = 16, EXEC = 32, PID = 64, KNOWN_FLAGS = 127 };
enum { DONE = 0, DIED = 1, BLOCKED = 2, EXITED = 3, MALFORMED = 4, FAILED = 5 };
enum { GOT_MNT = 1, GOT_PID = 2, GOT_IPC = 4, GOT_UTS = 8, GOT_NET = 16, GOT_ROOT = 32 };
enum { CALL_SPAWN = 0x8000, CALL_THREAD, CALL_EXEC, CALL_LOAD, CALL_STORE, CALLS_END };
enum { NOT_UNDERSTOOD = 2, BROKEN = 3, NOBODY_READS = 141 };

enum {
	POISON = 0xAA,
	SLOTS = 64,
	CONSTANT = 0xff,           // instead of a slot
	CALLS_MAX = 64,
	OUTCOME_HEADER = 8,
	OUTCOME_MAX = 64 << 10,
	SIGNALS = 64,
	PROGRAMS_MAX = 1 << 20,
	FORKS_MAX = 100000,
	FILES_MAX = 64,            // RLIMIT_NOFILE
	CHILDREN_MAX = 8,
	THREADS_MAX = 4,
	TREES_MAX = 256,           // trees of finished programs that are kept before a file system is thrown away
	BINARY_MAX = 256 << 10,
	PATIENCE_MS = 5000,        // for what takes no time unless something is wrong with us
	SETUP_MS = 10000,
	PAGE = 4096,
	NEWEST_CALL = 472,         // calls that are newer may do anything
};

/* A program's memory. It is at the same place everywhere, so that addresses are equal on all targets. */
#define DATA 0x200000000000UL
#define DATA_SIZE 0x10000UL
#define EDGES 4
#define EDGE_STRIDE 0x2000UL
#define ONES (DATA + 0x100000)
#define HANDLER (DATA + 0x200000)
#define SIGLOG (DATA + 0x210000)
#define SIGLOG_SIZE 128 // a byte for each signal
#define ARENA (DATA + 0x1000000)
#define ARENA_SIZE (64UL * PAGE)
#define MEMORY_END (DATA + 0x2000000)

/* Our own, shared by the keeper and its workers, far from the program's. */
#define SHARED 0x300000000000UL
#define SCRATCH_INPUT (SHARED + 0x10000)
#define SCRATCH_OUTPUT (SHARED + 0x1100000)
#define OUTPUT_HEADROOM 64
#define SCRATCH_BINARY (SHARED + 0x2200000)
#define SHARED_SIZE (0x2200000UL + BINARY_MAX)
#define INPUT ((u8 *)SCRATCH_INPUT)
#define OUTPUT ((u8 *)SCRATCH_OUTPUT + OUTPUT_HEADROOM)
#define OUTPUT_MAX ((u32)FRAME_MAX - 8)
#define BINARY ((u8 *)SCRATCH_BINARY)

/* ---------------------------------------------------------------------------------------------- without a libc */

/* The keeper's fds, above those of a program and below RLIMIT_NOFILE. 62 and 63 are for reports. */
enum { FD_ALIVE = 59, FD_IN = 60, FD_OUT = 61, FD_SPARE = 62, FD_REPORT = 63 };

static inline __attribute__((always_inline)) long raw(long nr, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define PADDED(nr, a, b, c, d, e, f, ...) \
	raw((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define sys(...) PADDED(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

static inline bool failed(long result)
{
	return result < 0 && result >= -4095;
}

/* Compilers call these on their own account. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	void *start = to;
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t n)
{
	if ((uintptr_t)to - (uintptr_t)from >= n)
		return memcpy(to, from, n);
	for (u8 *t = to; n--;) {
		t[n] = ((const u8 *)from)[n];
		__asm__ volatile("" : : : "memory"); // or the loop becomes a call of memmove
	}
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	void *start = to;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
	return start;
}

/* Zero whole pages. Plain stores: emulators are slow at `rep stos`. */
static void zero(u64 at, u64 size)
{
	typedef long long wide __attribute__((vector_size(16), may_alias));
	for (wide *to = (wide *)at, *end = (wide *)(at + size); to < end; to += 4) {
		to[0] = to[1] = to[2] = to[3] = (wide){ 0, 0 };
		__asm__ volatile("" : : : "memory");
	}
}

static size_t length(const char *text)
{
	size_t n = 0;
	while (text[n])
		n++;
	return n;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static bool begins(const char *text, const char *with)
{
	while (*with && *text == *with)
		text++, with++;
	return !*with;
}

/* Append a string to a buffer that is long enough; the new end. */
static char *append(char *to, const char *text)
{
	size_t n = length(text);
	memcpy(to, text, n + 1);
	return to + n;
}

static char *append_number(char *to, u64 number)
{
	char digits[24];
	int n = sizeof digits;
	digits[--n] = 0;
	do
		digits[--n] = '0' + number % 10;
	while (number /= 10);
	return append(to, digits + n);
}

static u64 load(const void *from, u32 width)
{
	u64 value = 0;
	__builtin_memcpy(&value, from, 1);
	if (width == 2)
		__builtin_memcpy(&value, from, 2);
	else if (width == 4)
		__builtin_memcpy(&value, from, 4);
	else if (width == 8)
		__builtin_memcpy(&value, from, 8);
	return value;
}

/* Whether two structures are; their size is a multiple of eight. */
static bool equal(const void *a, const void *b, size_t n)
{
	for (size_t at = 0; at < n; at += 8)
		if (load((const u8 *)a + at, 8) != load((const u8 *)b + at, 8))
			return false;
	return true;
}

static void put(void *to, u64 value, u32 width)
{
	if (width == 1)
		__builtin_memcpy(to, &value, 1);
	else if (width == 2)
		__builtin_memcpy(to, &value, 2);
	else if (width == 4)
		__builtin_memcpy(to, &value, 4);
	else
		__builtin_memcpy(to, &value, 8);
}

struct time { long seconds, ns; };

static u64 now_ns(void)
{
	struct time now = { 0, 0 };
	sys(__NR_clock_gettime, CLOCK_MONOTONIC, &now);
	return (u64)now.seconds * 1000000000 + (u64)now.ns;
}

static void sleep_ms(u32 ms)
{
	struct time time = { ms / 1000, ms % 1000 * 1000000L };
	sys(__NR_nanosleep, &time, 0);
}

static _Noreturn void leave(int status)
{
	for (;;)
		sys(__NR_exit_group, status);
}

static long fork(u64 flags)
{
	return sys(__NR_clone, flags, 0);
}

static long futex_wait(volatile u32 *word, u32 value, const struct time *timeout)
{
	return sys(__NR_futex, word, FUTEX_WAIT, value, timeout);
}

static void futex_wake(volatile u32 *word)
{
	sys(__NR_futex, word, FUTEX_WAKE, 0x7fffffff);
}

static long wait_for(long pid, int *status, int options)
{
	long found;
	do
		found = sys(__NR_wait4, pid, status, options, 0);
	while (found == -EINTR);
	return found;
}

struct action { u64 handler, flags, restorer, mask; };
enum { RESTORER = 0x04000000, RESTART = 0x10000000, SIG_BLOCK_ = 0, SIG_UNBLOCK_ = 1, SIG_SETMASK_ = 2 };
enum { KILL = 9, CHLD = 17, CONT = 18, TSTP = 20, TTIN = 21, TTOU = 22, URG = 23, WINCH = 28 };

static void set_mask(u64 mask)
{
	sys(__NR_rt_sigprocmask, SIG_SETMASK_, &mask, 0, 8);
}

static void by_default(int signal)
{
	struct action action = { 0, 0, 0, 0 };
	sys(__NR_rt_sigaction, signal, &action, 0, 8);
}

/* ------------------------------------------------------------------------------------------------------- state */

/* What a worker tells while it works, so that the keeper knows it when the worker is dead. */
struct shared {
	volatile u32 bell;        // futex: something happened to a worker
	volatile u32 progress;    // changes with every call
	volatile u64 at;          // phase, index of the program, where its outcome begins: see AT
	volatile u64 done;        // completed calls, where their results end: see DONE_WITH
	volatile u32 why;         // a worker ended between programs
	volatile u32 trees;       // how many trees of finished programs there are
	volatile u32 has_binary;  // whether /x is there
	volatile u32 children;
	volatile int exec_error;
	struct { volatile u32 pid, word; } child[CHILDREN_MAX];
};
#define shared ((struct shared *)SHARED)

enum { PREPARING = 0, RUNNING = 1, FINISHED = 2 };
enum { WHY_DIED = 0, WHY_ENOUGH = 1, WHY_FRESH = 2 };

#define AT(phase, index, offset) ((u64)(phase) << 56 | (u64)(index) << 28 | (u64)(offset))
#define PHASE(at) ((u32)((at) >> 56))
#define INDEX(at) ((u32)((at) >> 28 & 0xfffffff))
#define OFFSET(at) ((u32)((at) & 0xfffffff))
#define DONE_WITH(calls, end) ((u64)(calls) << 56 | (u64)(end))

static struct {
	u32 obtained;
	long pid;                 // the keeper's own
	bool chroots;             // workers have `room` as their root
	bool mounts;              // `room` is a file system of its own
	bool tells;               // whether a file's status shows every change
	char room[4000];          // where trees are made, as the keeper names it
	char tree[4064], binary[4064], old[4064]; // as a worker names them
	u64 clean_size;           // of `room` with nothing in it but what is ours
	int stale;                // an fd that keeps the last file system, which takes time to take apart
	u32 binary_size;
	u64 page_size;
	u64 cpu_limit[2], file_limit[2];
} own;

static u64 most;              // the highest result that a program has got
static u32 thread_word[THREADS_MAX];
static u32 threads;
static u8 thread_stack[THREADS_MAX][2048] __attribute__((aligned(16)));

/* ----------------------------------------------------------------------------------------------------- frames */

static void write_all(const u8 *from, size_t n)
{
	while (n) {
		long wrote = sys(__NR_write, FD_OUT, from, n);
		if (wrote == -EAGAIN) {
			struct pollfd out = { FD_OUT, POLLOUT, 0 };
			sys(__NR_poll, &out, 1, -1);
		} else if (wrote >= 0) {
			from += wrote;
			n -= (size_t)wrote;
		} else if (wrote != -EINTR) {
			leave(NOBODY_READS);
		}
	}
}

/* Send what lies behind twelve bytes of headroom. */
static void send_frame(u32 type, u8 *payload, u32 size)
{
	put(payload - 12, MAGIC, 4);
	put(payload - 8, type, 4);
	put(payload - 4, size, 4);
	write_all(payload - 12, size + 12);
}

static _Noreturn void give_up(int status, const char *what, long error)
{
	char text[12 + 512], *end = append(text + 12, what);
	if (failed(error))
		append_number(append(end, ": errno "), (u64)-error);
	send_frame(ERROR, (u8 *)text + 12, (u32)length(text + 12));
	leave(status);
}

/* Read exactly `n` bytes. False at the end of the stream, if that is where a frame may end. */
static bool read_all(u8 *to, size_t n, bool may_end)
{
	for (size_t got = 0; got < n;) {
		long more = sys(__NR_read, FD_IN, to + got, n - got);
		if (more == -EAGAIN) {
			struct pollfd in = { FD_IN, POLLIN, 0 };
			sys(__NR_poll, &in, 1, -1);
		} else if (more > 0) {
			got += (size_t)more;
		} else if (more != -EINTR) {
			if (may_end && !got)
				return false;
			give_up(NOT_UNDERSTOOD, "the stream ended within a frame", more);
		}
	}
	return true;
}

/* Wait for a frame. When P0 is gone, nobody wants one. */
static void await_frame(void)
{
	struct pollfd wanted[2] = { { FD_IN, POLLIN, 0 }, { FD_ALIVE, 0, 0 } };
	long ready;
	do
		ready = sys(__NR_poll, wanted, 2, -1);
	while (ready == -EINTR);
	if (wanted[1].revents)
		leave(0);
}

/* ---------------------------------------------------------------------------------------------------- programs */

/* What the tree of a program consists of. */
enum { ROOT, FILE, DIRECTORY, FILE_BELOW, LINK, IN_TREE };
static const char *const names_in_tree[IN_TREE] = { ".", "f0", "d0", "d0/f1", "l0" };

struct program {
	const u8 *code, *end;
	u32 flags, calls;
	u32 size_max;  // of its outcome
	bool meddles;  // it may change what we rely on ourselves: the data area, limits
	bool files;    // it may reach files
	bool hides;    // it may change a file in a way that its status does not show
	bool labels;   // it may change attributes that a file's status does not show, though it shows a change
	bool moves;    // it may change its working directory
	u32 names;     // which parts of the tree it may name
	u64 high;      // where in the data area what it names ends
	bool valid;
};

struct reader { const u8 *at, *end; bool bad; };

static u64 take(struct reader *from, u32 width)
{
	if ((size_t)(from->end - from->at) < width) {
		from->bad = true;
		return 0;
	}
	from->at += width;
	return load(from->at - width, width);
}

/* Whether a block lies in one of the five ranges of the data area that are writable. */
static bool inside(u64 offset, u64 size)
{
	if (offset + size <= DATA_SIZE)
		return true;
	for (u64 edge = DATA_SIZE; edge < DATA_SIZE + EDGES * EDGE_STRIDE; edge += EDGE_STRIDE)
		if (offset >= edge && offset + size <= edge + PAGE)
			return true;
	return false;
}

/* Remember how far into the data area a program reaches. */
static bool reach(struct program *program, u64 offset, u64 size)
{
	program->high = program->high > offset + size ? program->high : offset + size;
	return inside(offset, size);
}

static void points_at(struct program *program, u64 value)
{
	if (value >= DATA && value < DATA + DATA_SIZE + EDGES * EDGE_STRIDE)
		reach(program, value - DATA, 0);
}

static bool is_width(u64 width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

/* Calls that return twice would run the rest of the program in two processes: that is what SPAWN is for. */
static bool returns_twice(u64 nr)
{
	return nr == __NR_fork || nr == __NR_vfork || nr == __NR_clone || nr == __NR_clone3;
}

static bool meddles(u64 nr)
{
	switch (nr) {
	case __NR_mmap: case __NR_munmap: case __NR_mprotect: case __NR_mremap: case __NR_madvise: case __NR_shmat:
	case __NR_shmdt: case __NR_remap_file_pages: case __NR_pkey_mprotect: case __NR_mseal: case __NR_io_setup:
	case __NR_userfaultfd: case __NR_mlockall: case __NR_brk:
	case __NR_setrlimit: case __NR_prlimit64:
		return true;
	}
	return false;
}

/*
 * Calls that take no path and no address that could be one. A program begins without fds, so one that has no other
 * calls cannot reach any file, and the next one can have its tree. What is missing here costs time, nothing else.
 */
static const u16 without_paths[] = {
	__NR_read, __NR_write, __NR_close, __NR_poll, __NR_lseek, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn,
	__NR_ioctl, __NR_pread64, __NR_pwrite64, __NR_readv, __NR_writev, __NR_pipe, __NR_select, __NR_sched_yield, __NR_dup,
	__NR_dup2, __NR_pause, __NR_nanosleep, __NR_getitimer, __NR_alarm, __NR_setitimer, __NR_getpid, __NR_sendfile,
	__NR_socket, __NR_accept, __NR_recvfrom, __NR_recvmsg, __NR_shutdown, __NR_listen, __NR_getsockname,
	__NR_getpeername, __NR_socketpair, __NR_setsockopt, __NR_getsockopt, __NR_exit, __NR_wait4, __NR_kill, __NR_uname,
	__NR_fcntl, __NR_flock, __NR_fsync, __NR_fdatasync, __NR_ftruncate, __NR_getdents, __NR_getcwd, __NR_umask,
	__NR_gettimeofday, __NR_getrlimit, __NR_getrusage, __NR_sysinfo, __NR_times, __NR_getuid, __NR_getgid, __NR_geteuid,
	__NR_getegid, __NR_getppid, __NR_getpgrp, __NR_getgroups, __NR_getresuid, __NR_getresgid, __NR_getpgid,
	__NR_getsid, __NR_capget, __NR_rt_sigpending, __NR_rt_sigtimedwait, __NR_rt_sigqueueinfo, __NR_rt_sigsuspend,
	__NR_sigaltstack, __NR_getpriority, __NR_sched_getparam, __NR_sched_getscheduler, __NR_sched_get_priority_max,
	__NR_sched_get_priority_min, __NR_sched_rr_get_interval, __NR_gettid, __NR_tkill, __NR_time, __NR_futex,
	__NR_sched_getaffinity, __NR_epoll_create, __NR_getdents64, __NR_timer_create, __NR_timer_settime,
	__NR_timer_gettime, __NR_timer_getoverrun, __NR_timer_delete, __NR_clock_gettime, __NR_clock_getres,
	__NR_clock_nanosleep, __NR_exit_group, __NR_epoll_wait, __NR_epoll_ctl, __NR_tgkill, __NR_waitid, __NR_pselect6,
	__NR_ppoll, __NR_splice, __NR_tee, __NR_vmsplice, __NR_epoll_pwait, __NR_signalfd, __NR_timerfd_create,
	__NR_eventfd, __NR_timerfd_settime, __NR_timerfd_gettime, __NR_accept4, __NR_signalfd4, __NR_eventfd2,
	__NR_epoll_create1, __NR_dup3, __NR_pipe2, __NR_preadv, __NR_pwritev, __NR_rt_tgsigqueueinfo, __NR_recvmmsg,
	__NR_getcpu, __NR_getrandom, __NR_memfd_create, __NR_membarrier,
	CALL_SPAWN, CALL_THREAD, CALL_LOAD, CALL_STORE,
};
static u8 has_no_path[CALLS_END / 8 + 1];

static void mark_calls_without_paths(void)
{
	for (u32 i = 0; i < sizeof without_paths / sizeof without_paths[0]; i++)
		has_no_path[without_paths[i] / 8] |= (u8)(1 << without_paths[i] % 8);
}

/* Whether an argument is a number that a program may not know before it runs, or one of these. */
static bool may_be(u64 slot, u64 value, u32 one, u32 other)
{
	return slot != CONSTANT || (u32)value == one || (u32)value == other;
}

/* The one change that leaves no trace: a hint of how long what is written will live (fcntl(2)). */
static bool hides(u64 nr, u64 argument, u64 slot, u64 value)
{
	return nr == __NR_fcntl && argument == 1 && may_be(slot, value, F_SET_RW_HINT, F_SET_FILE_RW_HINT);
}

/* Extended attributes, and flags as chattr(1) sets them. */
static bool labels(u64 nr, u64 argument, u64 slot, u64 value)
{
	switch (nr) {
	case __NR_setxattr: case __NR_lsetxattr: case __NR_fsetxattr: case __NR_removexattr: case __NR_lremovexattr:
	case __NR_fremovexattr: case __NR_setxattrat: case __NR_removexattrat: case __NR_file_setattr:
		return true;
	case __NR_ioctl:
		return argument == 1 && may_be(slot, value, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR);
	}
	return nr > NEWEST_CALL;
}

/* Calls that give a program names that are not its own. */
static bool tells_names(u64 nr)
{
	return nr == __NR_getdents || nr == __NR_getdents64 || nr == __NR_getcwd || nr == __NR_readlink || nr == __NR_readlinkat;
}

static bool is_slot(u64 slot)
{
	return slot < SLOTS || slot == CONSTANT;
}

static bool check_call(struct reader *from, struct program *program)
{
	u64 nr = take(from, 2), nargs = take(from, 1);
	bool good = nr < CALLS_END && nargs <= 6 && !returns_twice(nr);
	program->meddles |= meddles(nr);
	program->files |= !good || !(has_no_path[nr / 8] >> nr % 8 & 1);
	program->moves |= nr == __NR_chdir || nr == __NR_fchdir;
	program->names |= tells_names(nr) ? ~0U : 0;
	program->calls++;
	program->size_max += 8;
	for (u64 i = 0; good && i < nargs; i++) {
		u64 slot = take(from, 1);
		good = is_slot(slot);
		u64 value = take(from, 8);
		program->hides |= hides(nr, i, slot, value);
		program->labels |= labels(nr, i, slot, value);
		points_at(program, value);
	}
	good = good && is_slot(take(from, 1));
	for (u64 i = good ? take(from, 1) : 0; good && i; i--) {
		u64 offset = take(from, 4), size = take(from, 2);
		good = reach(program, offset, size);
		program->size_max += 2 + (u32)size;
	}
	for (u64 i = good ? take(from, 1) : 0; good && i; i--) {
		u64 slot = take(from, 1), offset = take(from, 4), width = take(from, 1);
		good = slot < SLOTS && is_width(width) && reach(program, offset, width);
	}
	return good && !from->bad;
}

static bool check_instruction(struct reader *from, struct program *program)
{
	u64 op = take(from, 1);
	if (op == CALL)
		return check_call(from, program);
	u64 offset = take(from, 4);
	if (op == COPYIN || op == FILL) {
		u64 size = take(from, 2);
		if (op == COPYIN) {
			from->bad |= (u64)(from->end - from->at) < size;
			from->at += from->bad ? 0 : size;
		}
		return reach(program, offset, size) && !from->bad;
	}
	u64 width = take(from, 1), slot = take(from, 1);
	points_at(program, take(from, 8));
	return op == STORE && is_width(width) && reach(program, offset, width) && is_slot(slot) && !from->bad;
}

/*
 * The parts of the tree whose names occur in a program: the others are out of its reach, unless it is told a name. The
 * link leads to the file.
 */
static u32 names(const u8 *at, const u8 *end)
{
	u32 found = 1U << ROOT;
	for (at++; at < end; at++) {
		if (*at != '0')
			continue;
		found |= at[-1] == 'f' ? 1U << FILE : 0;
		found |= at[-1] == 'd' ? 1U << DIRECTORY | 1U << FILE_BELOW : 0;
		found |= at[-1] == 'l' ? 1U << LINK | 1U << FILE : 0;
	}
	return found;
}

/* Look at everything in a program before any of it is run. */
static struct program parse(const u8 *at, u32 size)
{
	struct reader from = { at, at + size, false };
	struct program program = { at, at + size, 0, 0, OUTCOME_HEADER + 2 * SIGNALS, false, false, false, false, false, false, 0, 0 };
	program.flags = (u32)take(&from, 1);
	u64 calls = take(&from, 1), nothing = take(&from, 2);
	program.code = from.at;
	program.names = names(program.code, program.end);
	bool good = !from.bad && !nothing && !(program.flags & ~KNOWN_FLAGS) && calls <= CALLS_MAX;
	while (good && from.at < from.end)
		good = check_instruction(&from, &program) && program.calls <= calls && program.size_max <= OUTCOME_MAX;
	program.valid = good && program.calls == calls;
	return program;
}

/* Namespaces, children and the wish for it take a worker of one's own. */
static bool alone(u32 flags)
{
	return flags & (OWN | IPC | NET | MNT | CHILDREN | PID);
}

/* ---------------------------------------------------------------------------------------------------- outcomes */

/* Write an outcome's head and go on to the next program. Whoever calls it is the only one who writes. */
static void conclude(u32 state, u32 detail)
{
	u32 start = OFFSET(shared->at), end = (u32)shared->done, kinds = 0;
	const u8 *log = (const u8 *)SIGLOG;
	u8 *outcome = OUTPUT + start;
	for (u32 signal = 1; signal <= SIGNALS; signal++)
		kinds += log[signal] != 0;
	if (kinds)
		memmove(outcome + OUTCOME_HEADER + 2 * kinds, outcome + OUTCOME_HEADER, end - start - OUTCOME_HEADER);
	end += 2 * kinds;
	put(outcome, end - start - 4, 4);
	put(outcome + 4, state, 1);
	put(outcome + 5, detail, 1);
	put(outcome + 6, shared->done >> 56, 1);
	put(outcome + 7, kinds, 1);
	u8 *to = outcome + OUTCOME_HEADER;
	for (u32 signal = 1; kinds && signal <= SIGNALS; signal++)
		if (log[signal]) {
			*to++ = (u8)signal;
			*to++ = log[signal];
		}
	shared->at = AT(PREPARING, INDEX(shared->at) + 1, end);
}

/* The outcome of a program that was not run. */
static void conclude_without(u32 state)
{
	zero(SIGLOG, SIGLOG_SIZE);
	shared->done = DONE_WITH(0, OFFSET(shared->at) + OUTCOME_HEADER);
	conclude(state, 0);
}

/* Whether the longest outcome that a program may have fits, with the shortest for all after it. */
static bool has_room(const struct program *program, u32 after)
{
	return (u64)OFFSET(shared->at) + program->size_max + (u64)after * OUTCOME_HEADER <= OUTPUT_MAX;
}

/* ------------------------------------------------------------------------------------------------ pseudo-calls */

static void reached(u32 child, u32 word)
{
	shared->child[child].word = word;
	futex_wake(&shared->child[child].word);
}

static long lock(u64 kind, u64 fd)
{
	struct flock range = { .l_type = F_WRLCK };
	if (kind == 4)
		return sys(__NR_flock, fd, LOCK_EX | LOCK_NB);
	return sys(__NR_fcntl, fd, kind == 3 ? F_SETLK : F_OFD_SETLK, &range);
}

/* What a child does; its signals are its own affair. */
static _Noreturn void child(u64 kind, u64 arg, u32 index)
{
	sys(__NR_prctl, PR_SET_PDEATHSIG, KILL);
	sys(__NR_mmap, SIGLOG, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	long result = 0;
	if (kind == 0)
		leave((int)(arg & 255));
	if (kind == 1) {
		u64 mask = 1UL << (arg - 1);
		by_default((int)arg);
		sys(__NR_rt_sigprocmask, SIG_UNBLOCK_, &mask, 0, 8);
		sys(__NR_kill, sys(__NR_getpid), arg);
	}
	if (kind >= 3)
		result = lock(kind, arg);
	reached(index, failed(result) ? (u32)result : 1);
	if (failed(result))
		leave(0);
	for (;;)
		sys(__NR_pause);
}

/* Signals that by default do nothing, or that do not stop a process in an orphaned process group (setpgid(2)). */
static bool may_do_nothing(u64 signal)
{
	return signal == CHLD || signal == CONT || signal == URG || signal == WINCH || signal == TSTP || signal == TTIN ||
	       signal == TTOU;
}

/* Wait until a child is what it is to be. What it said, or 1. */
static u32 await_child(long pid, u64 kind, u64 arg, u32 index)
{
	const int states = WEXITED | WSTOPPED | WNOWAIT;
	volatile u32 *word = &shared->child[index].word;
	struct time tick = { 0, 1000000 };
	if (kind == 0 || (kind == 1 && !may_do_nothing(arg))) {
		while (sys(__NR_waitid, P_PID, pid, 0, states, 0) == -EINTR)
			;
		return 1;
	}
	while (!*word) {
		futex_wait(word, 0, kind == 1 ? &tick : 0);
		// waitid(2) leaves a child without a change of state at 0, and says so only in the structure
		int info[32] = { 0 };
		if (kind == 1 && sys(__NR_waitid, P_PID, pid, info, states | WNOHANG, 0) == 0 && info[0])
			return 1;
	}
	return *word;
}

static long spawn(u64 kind, u64 arg)
{
	if (kind > 5 || (kind == 1 && (arg < 1 || arg > SIGNALS)) || (kind >= 3 && arg > 0x7fffffff))
		return -EINVAL;
	u32 index = shared->children;
	if (index >= CHILDREN_MAX)
		return -EAGAIN;
	shared->child[index].word = 0;
	long pid = fork(CHLD);
	if (pid == 0)
		child(kind, arg, index);
	if (pid < 0)
		return pid;
	shared->child[index].pid = (u32)pid;
	shared->children = index + 1;
	int said = (int)await_child(pid, kind, arg, index);
	if (said == 1)
		return pid;
	wait_for(pid, 0, 0);
	shared->children = index;
	return said;
}

static _Noreturn void thread(u64 kind)
{
	while (kind)
		sys(__NR_pause);
	for (;;)
		sys(__NR_exit, 0);
}

/* clone(2) with a stack of its own for the child, which goes to `thread`. */
static long clone_thread(u64 flags, u8 *stack, u32 *word, u64 kind)
{
	long result;
	register long r10 __asm__("r10") = (long)word;
	register long r8 __asm__("r8") = 0;
	register long r12 __asm__("r12") = (long)thread;
	register long r13 __asm__("r13") = (long)kind;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "1:"
			 : "=a"(result)
			 : "a"(__NR_clone), "D"(flags), "S"(stack), "d"(0), "r"(r10), "r"(r8), "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory");
	return result;
}

static long start_thread(u64 kind)
{
	const u64 flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
			  CLONE_CHILD_CLEARTID;
	if (kind > 1)
		return -EINVAL;
	if (threads == THREADS_MAX)
		return -EAGAIN;
	u64 all = ~0UL, mask = 0;
	volatile u32 *word = &thread_word[threads];
	u8 *stack = thread_stack[threads] + sizeof thread_stack[threads];
	*word = 1;
	sys(__NR_rt_sigprocmask, SIG_SETMASK_, &all, &mask, 8); // a thread is born with its maker's mask
	long tid = clone_thread(flags, stack, &thread_word[threads], kind);
	set_mask(mask);
	if (failed(tid))
		return tid;
	threads++;
	if (kind == 0) {
		while (*word)
			futex_wait(word, 1, 0);
		// The word is cleared before the thread is gone (set_tid_address(2)).
		while (sys(__NR_tgkill, sys(__NR_getpid), tid, 0) == 0)
			sys(__NR_sched_yield);
	}
	return tid;
}

/* What a new image finds, as EXEC reports it. */
struct report {
	u64 open, cloexec, blocked, pending, ignored;
	u32 umask, uid, euid, gid, egid, nice;
	u64 file_size_limit;
	u32 dumpable, no_new_privs, securebits, personality;
	char comm[16];
};

static _Noreturn void report(void)
{
	struct report report;
	memset(&report, 0, sizeof report);
	for (u32 fd = 0; fd < FD_SPARE; fd++) {
		long flags = sys(__NR_fcntl, fd, F_GETFD);
		if (failed(flags))
			continue;
		report.open |= 1UL << fd;
		report.cloexec |= (u64)(flags & FD_CLOEXEC) << fd;
	}
	sys(__NR_rt_sigprocmask, SIG_BLOCK_, 0, &report.blocked, 8);
	sys(__NR_rt_sigpending, &report.pending, 8);
	for (u32 signal = 1; signal <= SIGNALS; signal++) {
		struct action action = { 0, 0, 0, 0 };
		sys(__NR_rt_sigaction, signal, 0, &action, 8);
		report.ignored |= (u64)(action.handler == 1) << (signal - 1);
	}
	report.umask = (u32)sys(__NR_umask, 0);
	report.uid = (u32)sys(__NR_getuid);
	report.euid = (u32)sys(__NR_geteuid);
	report.gid = (u32)sys(__NR_getgid);
	report.egid = (u32)sys(__NR_getegid);
	report.nice = (u32)(40 - sys(__NR_getpriority, 0, 0)); // the call itself returns 20 - nice
	u64 limit[2] = { 0, 0 };
	sys(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, limit);
	report.file_size_limit = limit[0];
	report.dumpable = (u32)sys(__NR_prctl, PR_GET_DUMPABLE);
	report.no_new_privs = (u32)sys(__NR_prctl, PR_GET_NO_NEW_PRIVS);
	report.securebits = (u32)sys(__NR_prctl, PR_GET_SECUREBITS);
	report.personality = (u32)sys(__NR_personality, 0xffffffff);
	sys(__NR_prctl, PR_GET_NAME, report.comm);
	sys(__NR_write, FD_REPORT, &report, sizeof report);
	leave(0);
}

/* In the child: become the new image, with the report's pipe at its place. */
static _Noreturn void execute(const int pipe[2])
{
	static const char *const arguments[] = { "report", 0 }, *const environment[] = { 0 };
	long error = 0;
	if (pipe[1] != FD_REPORT)
		error = sys(__NR_dup2, pipe[1], FD_REPORT);
	for (int i = 0; i < 2; i++)
		if (pipe[i] != FD_REPORT)
			sys(__NR_close, pipe[i]);
	if (!failed(error))
		error = sys(__NR_execve, own.binary, arguments, environment);
	shared->exec_error = (int)error;
	leave(0);
}

static bool in_memory(u64 address, u64 size)
{
	return address >= DATA && address <= MEMORY_END - size;
}

static long exec(u64 address)
{
	struct report said;
	int pipe[2];
	u32 got = 0;
	if (!in_memory(address, sizeof said))
		return -EINVAL;
	long error = sys(__NR_pipe2, pipe, 0);
	if (failed(error))
		return error;
	shared->exec_error = 0;
	long pid = fork(CHLD);
	if (pid == 0)
		execute(pipe);
	sys(__NR_close, pipe[1]);
	while (pid > 0 && got < sizeof said) {
		long more = sys(__NR_read, pipe[0], (u8 *)&said + got, sizeof said - got);
		if (more != -EINTR && more <= 0)
			break;
		got += more > 0 ? (u32)more : 0;
	}
	sys(__NR_close, pipe[0]);
	if (pid < 0)
		return pid;
	wait_for(pid, 0, 0);
	if (shared->exec_error)
		return shared->exec_error;
	memcpy((void *)address, &said, got);
	return got;
}

static __attribute__((noinline)) long pseudo_call(u64 nr, const u64 *arg)
{
	switch (nr) {
	case CALL_SPAWN:
		return spawn(arg[0], arg[1]);
	case CALL_THREAD:
		return start_thread(arg[0]);
	case CALL_EXEC:
		return exec(arg[0]);
	case CALL_LOAD:
		return in_memory(arg[0], 8) ? (long)(*(volatile u64 *)arg[0] & ~0UL >> 1) : -EINVAL;
	}
	if (!in_memory(arg[0], 8))
		return -EINVAL;
	*(volatile u64 *)arg[0] = arg[1];
	return 0;
}

/* ----------------------------------------------------------------------------------------------- running them */

struct slots { u64 filled, value[SLOTS]; };

static u64 value_of(const struct slots *slots, u64 slot, u64 otherwise)
{
	return slot < SLOTS && slots->filled >> slot & 1 ? slots->value[slot] : otherwise;
}

static void set_slot(struct slots *slots, u64 slot, u64 value)
{
	if (slot >= SLOTS)
		return;
	slots->filled |= 1UL << slot;
	slots->value[slot] = value;
}

/*
 * Whether a block can be read. rt_sigprocmask(2) looks at the set, which it cannot read or can, before it looks at
 * the first argument, which is wrong; so it tells without doing anything.
 */
static bool readable(u64 address, u64 size)
{
	for (u64 page = address & ~(PAGE - 1UL); page < address + size; page += PAGE)
		if (sys(__NR_rt_sigprocmask, 99, page, 0, 8) == -EFAULT)
			return false;
	return true;
}

static u32 extent(const u8 *block, u32 size)
{
	while (size >= 8 && load(block + size - 8, 8) == 0x0101010101010101UL * POISON)
		size -= 8;
	while (size && block[size - 1] == POISON)
		size--;
	return size;
}

/* Append a call's result and what it put out to the outcome. */
static void record(struct reader *from, long result, bool probe)
{
	u32 end = (u32)shared->done;
	put(OUTPUT + end, (u64)result, 8);
	end += 8;
	for (u64 blocks = take(from, 1); blocks; blocks--) {
		u64 address = DATA + take(from, 4);
		u32 size = (u32)take(from, 2);
		size = probe && !readable(address, size) ? 0 : extent((const u8 *)address, size);
		put(OUTPUT + end, size, 2);
		memcpy(OUTPUT + end + 2, (const void *)address, size);
		end += 2 + size;
	}
	shared->done = DONE_WITH((shared->done >> 56) + 1, end);
}

static void run_loads(struct reader *from, struct slots *slots, bool succeeded, bool probe)
{
	for (u64 loads = take(from, 1); loads; loads--) {
		u64 slot = take(from, 1), address = DATA + take(from, 4);
		u32 width = (u32)take(from, 1);
		if (!succeeded || (probe && !readable(address, width)))
			continue;
		u32 shift = 64 - 8 * width;
		set_slot(slots, slot, (u64)((int64_t)(load((const void *)address, width) << shift) >> shift));
	}
}

static void run_call(struct reader *from, struct slots *slots, bool probe)
{
	u64 arg[6] = { 0, 0, 0, 0, 0, 0 };
	u64 nr = take(from, 2), nargs = take(from, 1);
	for (u64 i = 0; i < nargs; i++) {
		u64 slot = take(from, 1);
		arg[i] = value_of(slots, slot, take(from, 8));
	}
	u64 slot = take(from, 1);
	shared->progress++;
	long result = nr >= CALL_SPAWN ? pseudo_call(nr, arg) : sys((long)nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	shared->progress++;
	record(from, result, probe);
	most = !failed(result) && (u64)result > most ? (u64)result : most;
	if (!failed(result))
		set_slot(slots, slot, (u64)result);
	run_loads(from, slots, !failed(result), probe);
}

static void run(const struct program *program)
{
	struct slots slots;
	struct reader from = { program->code, program->end, false };
	slots.filled = 0;
	while (from.at < from.end) {
		u64 op = take(&from, 1);
		if (op == CALL) {
			run_call(&from, &slots, program->meddles);
			continue;
		}
		u64 offset = take(&from, 4);
		if (op == STORE) {
			u32 width = (u32)take(&from, 1);
			u64 slot = take(&from, 1);
			put((void *)(DATA + offset), value_of(&slots, slot, take(&from, 8)), width);
			continue;
		}
		u64 size = take(&from, 2);
		if (op == FILL) {
			memset((void *)(DATA + offset), POISON, size);
		} else {
			memcpy((void *)(DATA + offset), from.at, size);
			from.at += size;
		}
	}
}

/* -------------------------------------------------------------------------------------------- around a program */

static void close_all(void)
{
	if (sys(__NR_close_range, 0, FILES_MAX - 1, 0) == 0) // up to ~0 takes gVisor longer than a program
		return;
	for (u32 fd = 0; fd < FILES_MAX; fd++)
		sys(__NR_close, fd);
}

static bool fill_file(long fd, const void *content, u32 size)
{
	if (failed(fd))
		return false;
	long wrote = sys(__NR_write, fd, content, size);
	sys(__NR_close, fd);
	return wrote == (long)size;
}

struct entry { u64 inode, offset; u16 size; u8 type; char name[]; };

/* Whether programs have left anything in the root but what is ours. A tmpfs tells by the directory's size. */
static bool is_clean(const char *root)
{
	struct stat now;
	if (own.clean_size && !sys(__NR_stat, root, &now))
		return (u64)now.st_size == own.clean_size;
	u8 entries[1024] __attribute__((aligned(8)));
	long fd = sys(__NR_open, root, O_RDONLY | O_DIRECTORY), got;
	bool clean = !failed(fd);
	while (clean && (got = sys(__NR_getdents64, fd, entries, sizeof entries)) != 0) {
		clean = got > 0;
		for (long at = 0; clean && at < got;) {
			const struct entry *entry = (const struct entry *)(entries + at);
			clean = same(entry->name, ".") || same(entry->name, "..") || same(entry->name, ".old");
			at += entry->size;
		}
	}
	sys(__NR_close, fd);
	return clean;
}

/* Whether a quarter of the file system is used. One without a limit says so with no blocks. */
static bool is_filling_up(const char *root)
{
	struct statfs now;
	if (failed(sys(__NR_statfs, root, &now)))
		return true;
	return (u64)now.f_bfree < (u64)now.f_blocks / 4 * 3 || (u64)now.f_ffree < (u64)now.f_files / 4 * 3;
}

/* Put the last program's tree out of the way: cheaper than removing it. */
static bool put_away(void)
{
	char *number = own.old + length(own.old), *root = own.tree + length(own.tree) - 1;
	append_number(number, shared->trees);
	long error = sys(__NR_rename, own.tree, own.old);
	if (error == -EACCES) { // without privilege, one cannot move a directory that one must not write to
		sys(__NR_chmod, own.tree, 0700);
		error = sys(__NR_rename, own.tree, own.old);
	}
	*number = 0;
	if (!error)
		shared->trees++;
	if (shared->has_binary && !sys(__NR_unlink, own.binary))
		shared->has_binary = 0;
	*root = 0; // the tree's path without its name
	bool good = (!error || error == -ENOENT) && shared->trees < TREES_MAX && !shared->has_binary && is_clean(own.tree) &&
		    (!own.mounts || !is_filling_up(own.tree));
	*root = 'w';
	return good;
}

static struct stat whole[IN_TREE]; // the status of its parts before a program

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

static bool make(u32 which)
{
	const char *name = names_in_tree[which];
	switch (which) {
	case FILE: // where a supervisor looks at every open(2), creat(2) is faster
		return fill_file(sys(__NR_creat, name, 0644), letters, 26);
	case FILE_BELOW:
		return fill_file(sys(__NR_creat, name, 0644), "hello", 5);
	case LINK:
		return !sys(__NR_symlink, "f0", name);
	}
	return !sys(__NR_mkdir, name, 0755);
}

static bool make_tree(u32 flags)
{
	if (flags & EXEC && own.binary_size) {
		shared->has_binary = !(flags & MNT);
		if (!fill_file(sys(__NR_open, own.binary, O_WRONLY | O_CREAT | O_EXCL, 0755), BINARY, own.binary_size))
			return false;
	}
	bool good = !sys(__NR_mkdir, own.tree, 0755) && !sys(__NR_chdir, own.tree);
	for (u32 which = FILE; good && which < IN_TREE; which++)
		good = make(which);
	return good;
}

/* The status of a part of the tree, less the time that it was last read: to programs, that is now, whenever it was. */
static bool look_at(u32 which, struct stat *status)
{
	memset(status, 0, sizeof *status);
	if (sys(__NR_newfstatat, AT_FDCWD, names_in_tree[which], status, AT_SYMLINK_NOFOLLOW))
		return false;
	status->st_atime = status->st_atime_nsec = 0;
	return true;
}

/* How parts of the tree are before a program, for `mend`. */
static bool remember(u32 parts)
{
	bool good = true;
	for (u32 which = ROOT; good && which < IN_TREE; which++)
		if (parts & 1U << which)
			good = look_at(which, &whole[which]);
	return good;
}

/* Remove what is not the tree's own from one of its directories, and let it be of now. False where it is not easy. */
static bool tidy(const char *directory)
{
	u8 entries[1024] __attribute__((aligned(8)));
	char path[300];
	bool below = directory[0] != '.';
	long fd = sys(__NR_open, directory, O_RDONLY | O_DIRECTORY), got = failed(fd) ? fd : 0;
	while (!failed(got) && (got = sys(__NR_getdents64, fd, entries, sizeof entries)) > 0)
		for (long at = 0; at < got && !failed(got);) {
			const struct entry *entry = (const struct entry *)(entries + at);
			at += entry->size;
			append(append(append(path, directory), "/"), entry->name);
			if (same(entry->name, ".") || same(entry->name, "..") ||
			    (below ? same(path, "d0/f1") : same(path, "./f0") || same(path, "./d0") || same(path, "./l0")))
				continue;
			if (sys(__NR_unlink, path) && sys(__NR_rmdir, path))
				got = -ENOTEMPTY;
		}
	sys(__NR_close, fd);
	return !failed(got) && !sys(__NR_utimensat, AT_FDCWD, directory, 0, 0);
}

static bool is_same_owner(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

/* Write the file anew, if only its content and its times have changed. Cheaper than making it. */
static bool rewrite(void)
{
	struct stat now;
	const struct stat *was = &whole[FILE];
	if (!look_at(FILE, &now) || now.st_ino != was->st_ino || now.st_nlink != 1 || !is_same_owner(&now, was))
		return false;
	bool longer = now.st_size > was->st_size || now.st_blocks > was->st_blocks;
	return fill_file(sys(__NR_open, "f0", O_WRONLY | (longer ? O_TRUNC : 0)), letters, 26) &&
	       !sys(__NR_utimensat, AT_FDCWD, "f0", 0, 0);
}

/* Whether a directory is the one that it was, but for what is in it. */
static bool is_same_directory(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && is_same_owner(a, b);
}

static bool has_as_much_in_it(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_nlink == b->st_nlink;
}

/*
 * Make the tree what it was before the last program, part by part: most programs change nothing or a file. False if it
 * has to be made anew. What changes a file shows in its ctime (inode(7)), where the kernel's times are fine enough.
 */
static bool mend(const struct program *last)
{
	struct stat now[IN_TREE];
	u32 changed = 0;
	if (!own.tells || last->hides || (last->moves && sys(__NR_chdir, own.tree)))
		return false;
	for (u32 which = ROOT; which < IN_TREE; which++) {
		bool reached = last->names >> which & 1;
		if (reached && (!look_at(which, &now[which]) || !equal(&now[which], &whole[which], sizeof now[which])))
			changed |= 1U << which;
	}
	if (!changed)
		return true;
	const struct stat root = whole[ROOT], directory = whole[DIRECTORY];
	for (u32 which = ROOT; which <= DIRECTORY; which += DIRECTORY)
		if (changed & 1U << which &&
		    (last->labels || !is_same_directory(&now[which], &whole[which]) || !tidy(names_in_tree[which])))
			return false;
	for (u32 which = FILE; which < IN_TREE; which++)
		if (changed & 1U << which && which != DIRECTORY) {
			if (which == FILE && !last->labels && rewrite())
				continue;
			sys(__NR_unlink, names_in_tree[which]);
			if (!make(which))
				return false;
		}
	return remember(changed | 1U << ROOT | (changed & 1U << FILE_BELOW ? 1U << DIRECTORY : 0)) &&
	       has_as_much_in_it(&whole[ROOT], &root) && has_as_much_in_it(&whole[DIRECTORY], &directory);
}

/* Whether the status of a file shows every change at once, so that one that looks as it did is as it was. */
static bool find_out_whether_files_tell(void)
{
	enum { CHANGES = 7, ROUNDS = 4 };
	struct stat before, after;
	bool tells = !sys(__NR_chdir, own.room) && make(DIRECTORY) && make(FILE);
	for (u32 i = 0; tells && i < CHANGES * ROUNDS; i++) {
		u32 which = i % CHANGES < 5 ? FILE : DIRECTORY;
		long fd = -EBADF, error = 0;
		tells = look_at(which, &before);
		switch (i % CHANGES) {
		case 0:
			error = sys(__NR_truncate, "f0", i);
			break;
		case 1:
			fd = sys(__NR_open, "f0", O_WRONLY);
			error = sys(__NR_write, fd, "x", 1) - 1;
			break;
		case 2:
			error = sys(__NR_chmod, "f0", 0600);
			break;
		case 3:
			error = sys(__NR_setxattr, "f0", "user.a", "x", 1, 0);
			error = error == -EOPNOTSUPP ? sys(__NR_chmod, "f0", 0600) : error;
			break;
		case 4:
			error = sys(__NR_link, "f0", "d0/f1");
			break;
		case 5:
			error = sys(__NR_unlink, "d0/f1");
			break;
		case 6:
			error = sys(__NR_rename, "f0", "d0/f1") | sys(__NR_rename, "d0/f1", "f0");
			break;
		}
		sys(__NR_close, fd);
		tells = tells && !error && look_at(which, &after) &&
			(before.st_ctime != after.st_ctime || before.st_ctime_nsec != after.st_ctime_nsec);
	}
	sys(__NR_unlink, "f0");
	sys(__NR_rmdir, "d0");
	sys(__NR_chdir, "/");
	return tells;
}

static void end_children(void)
{
	while (shared->children) {
		u32 pid = shared->child[shared->children - 1].pid;
		if (!sys(__NR_waitid, P_PID, pid, 0, WEXITED | WNOHANG | WNOWAIT, 0)) {
			sys(__NR_kill, pid, KILL);
			wait_for(pid, 0, 0);
		}
		shared->children--;
	}
}

/* Clear what a program has had of the data area: what it reaches, and what calls may have written behind that. */
static void clear(const struct program *program)
{
	bool all = program->high > DATA_SIZE - PAGE || most > PAGE;
	zero(DATA, all ? DATA_SIZE + PAGE : (program->high + 2 * PAGE) & ~(PAGE - 1UL));
	for (u64 edge = DATA + DATA_SIZE + EDGE_STRIDE; all && edge < DATA + DATA_SIZE + EDGES * EDGE_STRIDE; edge += EDGE_STRIDE)
		zero(edge, PAGE);
	most = 0;
}

/*
 * Make everything as it was for the program before, if there was one. False: it takes a new file system.
 */
static bool prepare(u32 flags, const struct program *last)
{
	close_all();
	sys(__NR_umask, 022);
	if (last) {
		end_children();
		clear(last);
	}
	zero(SIGLOG, SIGLOG_SIZE);
	if (last && !(flags & EXEC) && !shared->has_binary && (!last->files || mend(last)))
		return true;
	return (flags & MNT || put_away()) && make_tree(flags) && (alone(flags) || !own.tells || remember(~0U));
}

static bool caught_signals(void)
{
	const u64 *log = (const u64 *)SIGLOG;
	for (u32 i = 0; i <= SIGNALS / 8; i++)
		if (log[i])
			return true;
	return false;
}

static void bring_loopback_up(void)
{
	struct { char name[16]; short flags; char rest[22]; } request = { "lo", 1, "" }; // struct ifreq, IFF_UP
	long fd = sys(__NR_socket, 2, 2, 0); // AF_INET, SOCK_DGRAM
	sys(__NR_ioctl, fd, SIOCSIFFLAGS, &request);
	sys(__NR_close, fd);
}

static long mount_fresh(const char *on)
{
	static const char *const options[] = { "size=256m,nr_inodes=20k,mode=755", "size=256m,mode=755", "mode=755" };
	long error = 0;
	for (u32 i = 0; i < 3; i++) // gVisor knows no nr_inodes
		if (!(error = sys(__NR_mount, "tmpfs", on, "tmpfs", MS_NODEV | MS_NOSUID, options[i])))
			break;
	return error;
}

static _Noreturn void end_worker(u32 why)
{
	shared->why = why;
	leave(0);
}

static void enter_room(u32 flags)
{
	if (flags & NET)
		bring_loopback_up();
	if (flags & MNT && own.mounts && mount_fresh(own.room))
		end_worker(WHY_DIED);
	if (own.chroots && sys(__NR_chroot, own.room))
		end_worker(WHY_DIED);
}

/* A worker's life: the program at `at`, and those after it that share a worker. */
static _Noreturn void worker(const u8 *at, u32 count, u32 flags)
{
	u64 started = now_ns();
	sys(__NR_prctl, PR_SET_PDEATHSIG, KILL);
	if (!(own.obtained & GOT_PID) && sys(__NR_getppid) != own.pid)
		leave(0);
	by_default(CHLD);
	sys(__NR_setsid); // kill(0, ...) is not for the keeper
	sys(__NR_prlimit64, 0, RLIMIT_CPU, own.cpu_limit, 0);
	sys(__NR_prlimit64, 0, RLIMIT_FSIZE, own.file_limit, 0);
	enter_room(flags);
	struct program program, last;
	bool first = true;
	while (INDEX(shared->at) < count) {
		u32 size = (u32)load(at, 4), index = INDEX(shared->at);
		program = parse(at + 4, size);
		at += 4 + size;
		if (!program.valid || !has_room(&program, count - index - 1)) {
			conclude_without(program.valid ? FAILED : MALFORMED);
			continue;
		}
		if (!first && (alone(program.flags) || now_ns() - started > 1000000000UL)) // well below RLIMIT_CPU
			break;
		if (!prepare(program.flags, first ? 0 : &last))
			end_worker(WHY_FRESH);
		first = false;
		last = program;
		shared->done = DONE_WITH(0, OFFSET(shared->at) + OUTCOME_HEADER);
		shared->at = AT(RUNNING, index, OFFSET(shared->at));
		shared->progress++;
		run(&program);
		if (caught_signals()) { // moving results in place is not for somebody who can be killed meanwhile
			shared->at = AT(FINISHED, index, OFFSET(shared->at));
			end_worker(WHY_ENOUGH);
		}
		conclude(DONE, 0);
		if (alone(program.flags) || program.meddles || threads)
			break;
	}
	end_worker(WHY_ENOUGH);
}

/* -------------------------------------------------------------------------------------------------- the keeper */

static void ring(int signal)
{
	(void)signal;
	__atomic_add_fetch(&shared->bell, 1, __ATOMIC_SEQ_CST);
}

__attribute__((naked)) static void restore(void)
{
	__asm__("mov $15, %eax\n\tsyscall");
}

/* Wait for a worker's end, for at most `ms`. */
static bool reap(long pid, int *status, u32 ms)
{
	const struct time tick = { 0, 50000000 };
	u64 end = now_ns() + (u64)ms * 1000000;
	for (;;) {
		u32 seen = shared->bell;
		long found = wait_for(pid, status, WNOHANG);
		if (failed(found) || (found == pid && (*status & 0xff) != 0x7f))
			return true;
		if (now_ns() >= end)
			return false;
		futex_wait(&shared->bell, seen, &tick);
	}
}

static void kill_worker(long pid, int *status)
{
	sys(__NR_kill, pid, KILL);
	if (!reap(pid, status, PATIENCE_MS))
		give_up(BROKEN, "a worker cannot be killed", 0);
}

/* Let the file system before this one be taken apart. */
static void let_go(void)
{
	if (own.stale)
		sys(__NR_close, own.stale);
	own.stale = 0;
}

/*
 * Wait until a worker ends, or makes no progress for `deadline` ms while it runs a program; then it is killed. False
 * if it was. Looking four times a deadline keeps the error below a quarter of it.
 */
static bool watch(long pid, int *status, u32 deadline)
{
	// Taking a file system apart takes a while, which we have while the worker works; it has closed its copy by then.
	const struct time moment = { 0, 500000 };
	if (own.stale) {
		futex_wait(&shared->bell, shared->bell, &moment);
		let_go();
	}
	u32 slice = deadline / 4 < 1 ? 1 : deadline / 4 > 250 ? 250 : deadline / 4, looks = 0;
	struct time timeout = { 0, slice * 1000000L };
	u64 since = now_ns(), now = since, at = shared->at;
	u32 progress = shared->progress;
	for (;;) {
		u32 seen = shared->bell;
		long found = wait_for(pid, status, WNOHANG);
		if (failed(found) || (found == pid && (*status & 0xff) != 0x7f)) // not a stop, which a tracer is told of
			return true;
		futex_wait(&shared->bell, seen, &timeout);
		now = now_ns();
		looks++;
		if (progress != shared->progress || at != shared->at) {
			progress = shared->progress;
			at = shared->at;
			since = now;
			looks = 0;
		}
		u32 limit = PHASE(at) == RUNNING ? deadline : PHASE(at) == FINISHED ? PATIENCE_MS : SETUP_MS;
		if (now - since >= (u64)limit * 1000000 && looks >= 4) {
			kill_worker(pid, status);
			return (*status & 0x7f) != KILL; // it had begun to end by itself, which may take as long
		}
	}
}

static void reap_orphans(void)
{
	while (sys(__NR_wait4, -1, 0, WNOHANG, 0) > 0)
		;
}

/* End what a program has started. */
static void clean_up(const struct program *program)
{
	if (program->flags & CHILDREN && own.obtained & GOT_PID) {
		int status = 0;
		sys(__NR_kill, -1, KILL);
		for (u64 end = now_ns() + PATIENCE_MS * 1000000UL; wait_for(-1, &status, WNOHANG) != -ECHILD;)
			if (now_ns() > end)
				give_up(BROKEN, "a program's child cannot be killed", 0);
			else
				sys(__NR_sched_yield);
	} else if (!(program->flags & PID && own.obtained & GOT_PID)) {
		end_children();
	}
	shared->children = 0;
	reap_orphans();
}

/* Remove everything below a directory, without recursion: the depth is a program's choice, the stack is ours. */
static void empty(const char *directory)
{
	u8 entries[1024] __attribute__((aligned(8)));
	u32 depth = 0;
	sys(__NR_chmod, directory, 0700);
	if (failed(sys(__NR_chdir, directory)))
		return;
	for (u32 attempts = 0; attempts < 100000; attempts++) {
		long fd = sys(__NR_open, ".", O_RDONLY | O_DIRECTORY);
		long got = failed(fd) ? 0 : sys(__NR_getdents64, fd, entries, sizeof entries);
		bool removed = false, deeper = false;
		for (long at = 0; at < got && !deeper;) {
			const struct entry *entry = (const struct entry *)(entries + at);
			at += entry->size;
			if (same(entry->name, ".") || same(entry->name, ".."))
				continue;
			if (!sys(__NR_unlink, entry->name) || !sys(__NR_rmdir, entry->name)) {
				removed = true;
				continue;
			}
			sys(__NR_chmod, entry->name, 0700);
			deeper = !removed && !sys(__NR_chdir, entry->name);
		}
		sys(__NR_close, fd);
		depth += deeper;
		if (removed || deeper)
			continue;
		if (!depth)
			break;
		sys(__NR_chdir, "..");
		depth--;
	}
	sys(__NR_chdir, "/");
}

/* A file system, or directory, without what earlier programs have left. */
static void freshen(void)
{
	char old[4064];
	if (own.mounts) {
		let_go();
		own.stale = (int)sys(__NR_open, own.room, O_PATH | O_CLOEXEC);
		while (!sys(__NR_umount2, own.room, MNT_DETACH))
			;
		long error = mount_fresh(own.room);
		if (error)
			give_up(BROKEN, "a tmpfs cannot be mounted", error);
	} else {
		empty(own.room);
	}
	append(append(old, own.room), "/.old");
	long error = sys(__NR_mkdir, old, 0700);
	if (error)
		give_up(BROKEN, "the directory for trees cannot be made", error);
	shared->trees = 0;
	shared->has_binary = 0;
	struct stat now;
	own.clean_size = own.mounts && !sys(__NR_stat, own.room, &now) ? (u64)now.st_size : 0;
}

/* Fork a worker, in the namespaces that its first program wants. */
static long launch(const u8 *at, u32 count, u32 flags)
{
	u64 spaces = (flags & IPC && own.obtained & GOT_IPC ? CLONE_NEWIPC : 0) |
		     (flags & IPC && own.obtained & GOT_UTS ? CLONE_NEWUTS : 0) |
		     (flags & NET && own.obtained & GOT_NET ? CLONE_NEWNET : 0) |
		     (flags & MNT && own.obtained & GOT_MNT ? CLONE_NEWNS : 0) |
		     (flags & PID && own.obtained & GOT_PID ? CLONE_NEWPID : 0);
	long pid = -EAGAIN;
	shared->why = WHY_DIED;
	shared->children = 0;
	// Namespaces and processes of earlier programs are taken apart in the background.
	for (u32 tries = 0; tries < 100; tries++) {
		pid = fork(spaces | CHLD);
		if (pid == 0)
			worker(at, count, flags);
		if (pid != -ENOSPC && pid != -EAGAIN && pid != -ENOMEM)
			break;
		sleep_ms(10);
	}
	return pid;
}

/* A worker has ended: what that means for the program that it was at. Whether it means that there is an outcome. */
static bool settle(bool ended, int status)
{
	u32 phase = PHASE(shared->at);
	if (phase == FINISHED) {
		conclude(DONE, 0);
		return true;
	}
	if (phase == RUNNING) {
		u32 signal = status & 0x7f;
		conclude(!ended ? BLOCKED : signal ? DIED : EXITED, !ended ? 0 : signal ? signal : (u32)status >> 8 & 0xff);
		return true;
	}
	if (shared->why == WHY_FRESH || shared->why == WHY_DIED)
		freshen();
	return shared->why == WHY_ENOUGH;
}

/* Run the program at `at`, and those after it as long as they share a worker. */
static void run_stretch(const u8 *at, u32 count, u32 deadline)
{
	u32 index = INDEX(shared->at);
	struct program program = parse(at + 4, (u32)load(at, 4));
	if (!program.valid || !has_room(&program, count - index - 1)) {
		conclude_without(program.valid ? FAILED : MALFORMED);
		return;
	}
	for (u32 tries = 0; tries < 3; tries++) {
		int status = 0;
		long pid = launch(at, count, program.flags);
		if (failed(pid))
			give_up(BROKEN, "a worker cannot be forked", pid);
		bool ended = watch(pid, &status, deadline);
		clean_up(&program);
		if (settle(ended, status) || INDEX(shared->at) != index)
			return;
	}
	conclude_without(FAILED);
}

/* Run a frame's programs. One whose size is beyond the frame's end is malformed, and so is what follows it. */
static void run_batch(u32 size)
{
	if (size < 12)
		give_up(NOT_UNDERSTOOD, "a RUN frame is shorter than its head", 0);
	u32 sequence = (u32)load(INPUT, 4), deadline = (u32)load(INPUT + 4, 4), count = (u32)load(INPUT + 8, 4), whole = 0;
	const u8 *at = INPUT + 12, *end = INPUT + size;
	if (count > (size - 12) / 4 || count > PROGRAMS_MAX)
		give_up(NOT_UNDERSTOOD, "a RUN frame has fewer programs than it says", 0);
	while (whole < count && end - at >= 4 && (u64)(end - at) - 4 >= load(at, 4)) {
		at += 4 + load(at, 4);
		whole++;
	}
	if (whole == count && at != end)
		give_up(NOT_UNDERSTOOD, "a RUN frame has more than its programs", 0);
	deadline = deadline < 1 ? 1 : deadline > 3600000 ? 3600000 : deadline;
	shared->at = AT(PREPARING, 0, 0);
	at = INPUT + 12;
	for (u32 index = 0; INDEX(shared->at) < whole;) {
		for (; index < INDEX(shared->at); index++)
			at += 4 + load(at, 4);
		run_stretch(at, whole, deadline);
	}
	while (INDEX(shared->at) < count)
		conclude_without(MALFORMED);
	put(OUTPUT - 8, sequence, 4);
	put(OUTPUT - 4, count, 4);
	send_frame(RESULTS, OUTPUT - 8, OFFSET(shared->at) + 8);
}

static void measure_forks(u32 size)
{
	u8 answer[12 + 8];
	u32 count = (u32)load(INPUT, 4);
	if (size != 4 || count > FORKS_MAX)
		give_up(NOT_UNDERSTOOD, "a FORKS frame has no count below 100001", 0);
	u64 started = now_ns();
	for (u32 i = 0; i < count; i++) {
		long pid = fork(CHLD);
		if (pid == 0)
			leave(0);
		if (failed(pid))
			give_up(BROKEN, "a process cannot be forked", pid);
		wait_for(pid, 0, 0);
	}
	put(answer + 12, now_ns() - started, 8);
	send_frame(FORKED, answer + 12, 8);
}

static _Noreturn void serve(void)
{
	u8 header[12];
	for (;;) {
		await_frame();
		if (!read_all(header, sizeof header, true))
			leave(0);
		u32 magic = (u32)load(header, 4), type = (u32)load(header + 4, 4), size = (u32)load(header + 8, 4);
		if (magic != MAGIC)
			give_up(NOT_UNDERSTOOD, "a frame does not begin with the magic number", 0);
		if (size > FRAME_MAX)
			give_up(NOT_UNDERSTOOD, "a frame is longer than 16 MiB", 0);
		if (type != RUN && type != FORKS)
			give_up(NOT_UNDERSTOOD, "a frame is of no known type", 0);
		read_all(INPUT, size, false);
		if (type == RUN)
			run_batch(size);
		else
			measure_forks(size);
	}
}

/* ------------------------------------------------------------------------------------------- the keeper's start */

static void map(u64 at, u64 size, int protection, int flags)
{
	long got = sys(__NR_mmap, at, size, protection, flags | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	if (got != (long)at)
		give_up(BROKEN, "memory cannot be mapped", got);
}

/* The handler counts up to 255. As `SA_SIGINFO` it has two more arguments, which it does not look at. */
static void make_handler(void)
{
	u8 handler[] = {
		0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, // mov rax, SIGLOG
		0x89, 0xff,                         // mov edi, edi
		0x80, 0x04, 0x38, 0x01,             // add byte [rax + rdi], 1
		0x80, 0x1c, 0x38, 0x00,             // sbb byte [rax + rdi], 0
		0xc3,                               // ret
	};
	static const u8 restorer[] = { 0xb8, __NR_rt_sigreturn, 0, 0, 0, 0x0f, 0x05 }; // mov eax, ...; syscall
	put(handler + 2, SIGLOG, 8);
	map(HANDLER, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memcpy((void *)HANDLER, handler, sizeof handler);
	memcpy((void *)(HANDLER + 0x40), restorer, sizeof restorer);
	memcpy((void *)(HANDLER + 0x80), handler, sizeof handler);
	sys(__NR_mprotect, HANDLER, PAGE, PROT_READ | PROT_EXEC);
}

static void map_memory(void)
{
	map(SHARED, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
	map(DATA - PAGE, PAGE + DATA_SIZE + EDGES * EDGE_STRIDE, PROT_NONE, MAP_PRIVATE);
	map(DATA, DATA_SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	for (u64 edge = 1; edge < EDGES; edge++)
		map(DATA + DATA_SIZE + edge * EDGE_STRIDE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	map(ONES, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memset((void *)ONES, 0x11, PAGE);
	sys(__NR_mprotect, ONES, PAGE, PROT_READ);
	map(SIGLOG, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
	make_handler();
	sys(__NR_munmap, ARENA, ARENA_SIZE);
}

/* Our own image, which EXEC executes. */
static void read_binary(const char *path)
{
	long fd = sys(__NR_open, "/proc/self/exe", O_RDONLY), more = 0;
	if (failed(fd))
		fd = sys(__NR_open, path, O_RDONLY);
	do
		own.binary_size += (u32)more;
	while ((more = sys(__NR_read, fd, BINARY + own.binary_size, BINARY_MAX - own.binary_size)) > 0);
	sys(__NR_close, fd);
	if (failed(more) || own.binary_size == BINARY_MAX)
		own.binary_size = 0;
}

/* Away from the numbers that programs get, and nothing else open. */
static void move_files(int alive)
{
	static const int places[3] = { FD_ALIVE, FD_IN, FD_OUT };
	const int from[3] = { alive, 0, 1 };
	for (u32 i = 0; i < 3; i++)
		if (sys(__NR_fcntl, from[i], F_DUPFD_CLOEXEC, places[i]) != places[i])
			leave(BROKEN);
	for (u32 fd = 0; fd < 1024; fd++)
		if (fd < FD_ALIVE || fd > FD_OUT)
			sys(__NR_close, fd);
	sys(__NR_close_range, FD_SPARE, ~0U, 0);
}

/*
 * A file system of our own as root, and the machine's out of reach: pivot_root(2) where it works; in an initramfs
 * what switch_root(8) does; else chroot(2) alone.
 */
static void make_root(void)
{
	static const char *const places[] = { "/tmp", "/mnt", "/run", "/dev", "/proc" };
	long error = sys(__NR_mount, "none", "/", 0, MS_REC | MS_PRIVATE, 0);
	if (error) // what we mount would appear on the machine
		give_up(BROKEN, "mounts cannot be made private", error);
	error = -ENOENT;
	sys(__NR_mkdir, "/tmp", 01777);
	for (u32 i = 0; i < 5 && error; i++) {
		error = sys(__NR_mount, "tmpfs", places[i], "tmpfs", MS_NODEV | MS_NOSUID, "mode=755");
		if (!error)
			error = sys(__NR_chdir, places[i]);
	}
	if (error)
		give_up(BROKEN, "a tmpfs cannot be mounted", error);
	if (!sys(__NR_pivot_root, ".", ".")) {
		sys(__NR_umount2, ".", MNT_DETACH);
	} else {
		sys(__NR_mount, ".", "/", 0, MS_MOVE, 0);
		error = sys(__NR_chroot, ".");
	}
	if (!error)
		error = sys(__NR_chdir, "/");
	if (!error)
		error = sys(__NR_mkdir, "/r", 0755);
	if (error)
		give_up(BROKEN, "a root directory cannot be made", error);
	append(own.room, "/r");
	own.mounts = true;
}

static void set_limit(int which, u64 soft, u64 hard)
{
	u64 limit[2] = { soft, hard }, had[2] = { 0, 0 };
	if (!failed(sys(__NR_prlimit64, 0, which, limit, 0)))
		return;
	sys(__NR_prlimit64, 0, which, 0, had); // raising one takes privilege: as near as may be
	limit[1] = hard < had[1] ? hard : had[1];
	limit[0] = soft < limit[1] ? soft : limit[1];
	sys(__NR_prlimit64, 0, which, limit, 0);
}

static void set_limits(void)
{
	static const struct { int which; u64 value; } limits[] = {
		{ RLIMIT_NOFILE, FILES_MAX }, { RLIMIT_CORE, 0 }, { RLIMIT_AS, 1UL << 30 }, { RLIMIT_STACK, 8 << 20 },
		{ RLIMIT_MEMLOCK, 64 << 10 }, { RLIMIT_SIGPENDING, 128 }, { RLIMIT_MSGQUEUE, 819200 }, { RLIMIT_NICE, 0 },
		{ RLIMIT_RTPRIO, 0 }, { RLIMIT_RTTIME, ~0UL }, { RLIMIT_NPROC, 512 }, { RLIMIT_DATA, ~0UL },
		{ RLIMIT_RSS, ~0UL }, { RLIMIT_LOCKS, ~0UL },
	};
	for (u32 i = 0; i < sizeof limits / sizeof limits[0]; i++)
		set_limit(limits[i].which, limits[i].value, limits[i].value);
	own.cpu_limit[0] = 10;
	own.cpu_limit[1] = 20;
	own.file_limit[0] = 1 << 20; // not for the keeper, whose stdout may be a file
	own.file_limit[1] = 4 << 20;
}

/* Capabilities that could harm the machine, or that not every target can grant. */
static bool is_dropped(u32 capability)
{
	switch (capability) {
	case CAP_SYS_TIME: case CAP_SYS_BOOT: case CAP_SYS_MODULE: case CAP_SYS_RAWIO: case CAP_SYS_PACCT: case CAP_SYSLOG:
	case CAP_MKNOD: case CAP_SYS_RESOURCE: case CAP_WAKE_ALARM: case CAP_BLOCK_SUSPEND: case CAP_AUDIT_WRITE: case CAP_AUDIT_CONTROL:
	case CAP_AUDIT_READ: case CAP_MAC_OVERRIDE: case CAP_MAC_ADMIN: case CAP_SYS_TTY_CONFIG:
	case 38: case 39: case 40: // PERFMON, BPF, CHECKPOINT_RESTORE: newer than some headers
		return true;
	}
	return capability > 40;
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	sys(__NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
	for (u32 capability = 0; capability < 64; capability++)
		if (is_dropped(capability))
			sys(__NR_prctl, PR_CAPBSET_DROP, capability);
	if (failed(sys(__NR_capget, &header, data)))
		return;
	for (u32 capability = 0; capability < 64; capability++)
		if (is_dropped(capability))
			data[capability / 32].permitted &= ~(1U << capability % 32);
	for (u32 i = 0; i < 2; i++) {
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0; // some targets start us with none, others with all
	}
	long error = sys(__NR_capset, &header, data);
	if (error)
		give_up(BROKEN, "capabilities cannot be dropped", error);
}

static void set_surroundings(void)
{
	set_mask(0);
	for (int signal = 1; signal <= SIGNALS; signal++)
		by_default(signal);
	sys(__NR_umask, 022);
	sys(__NR_setpriority, 0, 0, 0);
	sys(__NR_personality, 0);
	sys(__NR_prctl, PR_SET_NAME, "program");
	sys(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0); // the user's own is none of a program's business
	if (own.obtained & GOT_ROOT)
		sys(__NR_setgroups, 0, 0);
	if (own.obtained & GOT_UTS)
		sys(__NR_sethostname, "guest", 5);
	if (own.obtained & GOT_NET)
		bring_loopback_up();
}

static void hear_of_deaths(void)
{
	struct action action = { (u64)ring, RESTORER | RESTART, (u64)restore, 0 };
	sys(__NR_rt_sigaction, CHLD, &action, 0, 8);
}

static void name_paths(void)
{
	const char *root = own.chroots ? "" : own.room;
	append(append(own.tree, root), "/w");
	append(append(own.binary, root), "/x");
	append(append(own.old, root), "/.old/");
}

static void say_hello(void)
{
	u8 hello[12 + 81];
	struct new_utsname name;
	memset(hello, 0, sizeof hello);
	sys(__NR_uname, &name);
	put(hello + 12, VERSION, 2);
	put(hello + 14, own.obtained, 2);
	put(hello + 16, own.page_size, 4);
	put(hello + 20, DATA, 8);
	append((char *)hello + 28, name.release);
	send_frame(HELLO, hello + 12, 81);
}

static _Noreturn void keeper(int alive, const char *path)
{
	struct pollfd there = { alive, 0, 0 };
	sys(__NR_prctl, PR_SET_PDEATHSIG, KILL);
	if (sys(__NR_poll, &there, 1, 0) == 1) // P0 died before it could take us along
		leave(0);
	sys(__NR_setsid);
	move_files(alive);
	map_memory();
	read_binary(path);
	own.pid = sys(__NR_getpid);
	mark_calls_without_paths();
	if (!(own.obtained & GOT_PID))
		sys(__NR_prctl, PR_SET_CHILD_SUBREAPER, 1);
	set_surroundings();
	if (own.obtained & GOT_MNT)
		make_root();
	own.chroots = own.mounts || (own.obtained & GOT_ROOT);
	name_paths();
	freshen();
	own.tells = find_out_whether_files_tell();
	set_limits();
	drop_capabilities();
	hear_of_deaths();
	say_hello();
	serve();
}

/* ---------------------------------------------------------------------------------------------------------- P0 */

/* Which namespaces can be had: all at once, or tried one by one. */
static u64 allowed_namespaces(void)
{
	static const u64 each[] = { CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWNET };
	u64 allowed = 0;
	for (u32 i = 0; i < 5; i++) {
		long pid = fork(each[i] | CHLD);
		if (pid == 0)
			leave(0);
		if (failed(pid))
			continue;
		wait_for(pid, 0, 0);
		allowed |= each[i];
	}
	return allowed;
}

static u32 obtained(u64 namespaces)
{
	return (namespaces & CLONE_NEWNS ? GOT_MNT : 0) | (namespaces & CLONE_NEWPID ? GOT_PID : 0) |
	       (namespaces & CLONE_NEWIPC ? GOT_IPC : 0) | (namespaces & CLONE_NEWUTS ? GOT_UTS : 0) |
	       (namespaces & CLONE_NEWNET ? GOT_NET : 0) | (sys(__NR_geteuid) ? 0 : GOT_ROOT);
}

/* Make the directory that stands in for a mount. */
static bool make_room(const char *temporary)
{
	const char *parent = temporary && *temporary && length(temporary) < 3900 ? temporary : "/tmp";
	for (u32 tries = 0; tries < 100; tries++) {
		char *end = append(append(own.room, parent), "/executor-");
		append_number(end, now_ns() ^ (u64)sys(__NR_getpid) << 40);
		if (!sys(__NR_mkdir, own.room, 0700))
			return true;
	}
	return false;
}

/* A process that removes the directory when P0 is gone, however it went. */
static long start_janitor(int alive)
{
	long pid = fork(CHLD);
	if (pid)
		return pid;
	sys(__NR_setsid);
	sys(__NR_chdir, "/");
	sys(__NR_dup2, alive, FD_ALIVE);
	for (u32 fd = 0; fd < 1024; fd++)
		if (fd != FD_ALIVE)
			sys(__NR_close, fd);
	u8 byte;
	while (sys(__NR_read, FD_ALIVE, &byte, 1) == -EINTR)
		;
	for (u32 tries = 0; tries < PATIENCE_MS / 10; tries++) { // those who still write there are dying
		empty(own.room);
		if (!sys(__NR_rmdir, own.room))
			break;
		sleep_ms(10);
	}
	leave(0);
}

static int follow(long keeper_pid)
{
	int status = 0;
	long found;
	while ((found = wait_for(-1, &status, 0)) != keeper_pid) // as PID 1, we inherit others
		if (failed(found))
			return BROKEN;
	return status & 0x7f ? 128 + (status & 0x7f) : status >> 8 & 0xff;
}

static int become_parent(const char *path, const char *temporary)
{
	int alive[2];
	u64 namespaces = allowed_namespaces();
	long janitor = 0;
	own.obtained = obtained(namespaces);
	if (failed(sys(__NR_pipe2, alive, O_CLOEXEC)))
		return BROKEN;
	if (!(namespaces & CLONE_NEWNS)) {
		if (!make_room(temporary))
			return BROKEN;
		janitor = start_janitor(alive[0]);
	}
	long pid = fork(namespaces | CHLD);
	if (pid == 0) {
		sys(__NR_close, alive[1]);
		keeper(alive[0], path);
	}
	sys(__NR_close, 0);
	sys(__NR_close, 1);
	sys(__NR_close, alive[0]);
	int status = failed(pid) ? BROKEN : follow(pid);
	sys(__NR_close, alive[1]);
	if (janitor > 0)
		wait_for(janitor, 0, 0);
	return status;
}

/* ------------------------------------------------------------------------------- as PID 1 of an initial ramdisk */

#define AGENT "org.conformance.agent"
#define PORTS "/sys/class/virtio-ports"

/* The name of the virtio port that is ours, behind "/dev/". */
static bool find_port(char *to)
{
	u8 entries[1024] __attribute__((aligned(8)));
	char path[320], name[64];
	long fd = sys(__NR_open, PORTS, O_RDONLY | O_DIRECTORY);
	long got = failed(fd) ? 0 : sys(__NR_getdents64, fd, entries, sizeof entries);
	sys(__NR_close, fd);
	for (long at = 0; at < got;) {
		const struct entry *entry = (const struct entry *)(entries + at);
		at += entry->size;
		append(append(append(path, PORTS "/"), entry->name), "/name");
		fd = sys(__NR_open, path, O_RDONLY);
		memset(name, 0, sizeof name);
		sys(__NR_read, fd, name, sizeof name - 1);
		sys(__NR_close, fd);
		if (!begins(name, AGENT))
			continue;
		append(append(to, "/dev/"), entry->name);
		return true;
	}
	return false;
}

static void make_raw(long fd)
{
	struct termios terminal;
	if (failed(sys(__NR_ioctl, fd, TCGETS, &terminal)))
		return;
	terminal.c_iflag = 0;
	terminal.c_oflag = 0;
	terminal.c_lflag = 0;
	terminal.c_cflag = B115200 | CS8 | CREAD | CLOCAL;
	terminal.c_cc[VMIN] = 1;
	terminal.c_cc[VTIME] = 0;
	sys(__NR_ioctl, fd, TCSETS, &terminal);
}

/* Wait until the other side of a port is there: until then, reading says that the stream has ended. */
static void await_host(long fd)
{
	for (u32 tries = 0; tries < SETUP_MS; tries++) {
		struct pollfd port = { (int)fd, POLLIN, 0 };
		sys(__NR_poll, &port, 1, 0);
		if (!(port.revents & POLLHUP))
			return;
		sleep_ms(1);
	}
}

/* Drivers that the kernel has as modules and that it takes to reach the host: /modules/0, /modules/1 ... */
static void load_modules(void)
{
	char path[32];
	for (u32 number = 0;; number++) {
		append_number(append(path, "/modules/"), number);
		long fd = sys(__NR_open, path, O_RDONLY);
		if (failed(fd))
			return;
		sys(__NR_finit_module, fd, "", 0);
		sys(__NR_close, fd);
	}
}

static void open_stream(void)
{
	char path[320];
	long fd = -ENODEV;
	load_modules();
	sys(__NR_mkdir, "/dev", 0755);
	sys(__NR_mkdir, "/proc", 0755);
	sys(__NR_mkdir, "/sys", 0755);
	sys(__NR_mount, "dev", "/dev", "devtmpfs", 0, "mode=755");
	sys(__NR_mount, "proc", "/proc", "proc", 0, 0);
	sys(__NR_mount, "sys", "/sys", "sysfs", 0, 0);
	for (u32 tries = 0; tries < 200 && failed(fd); tries++) { // a port may be found a little later
		if (find_port(path))
			fd = sys(__NR_open, path, O_RDWR);
		if (failed(fd))
			sleep_ms(5);
	}
	if (!failed(fd)) {
		await_host(fd);
	} else {
		fd = sys(__NR_open, "/dev/ttyS1", O_RDWR | O_NOCTTY);
		make_raw(fd);
	}
	sys(__NR_dup2, fd, FD_SPARE);
	sys(__NR_dup2, FD_SPARE, 0);
	sys(__NR_dup2, FD_SPARE, 1);
	sys(__NR_close, FD_SPARE);
}

/* -------------------------------------------------------------------------------------------------------- start */

__attribute__((used)) static _Noreturn void start(long *stack)
{
	long argc = *stack;
	char **argv = (char **)stack + 1, **envp = argv + argc + 1, **variable = envp;
	char temporary[3904] = "";
	if (argc && same(argv[0], "report"))
		report();
	for (; *variable; variable++) {
		if (begins(*variable, "TMPDIR=") && length(*variable) < 3900)
			append(temporary, *variable + 7);
		memset(*variable, 0, length(*variable)); // programs have no environment
	}
	own.page_size = PAGE;
	for (u64 *pair = (u64 *)(variable + 1); *pair != AT_NULL; pair += 2)
		if (pair[0] == AT_PAGESZ)
			own.page_size = pair[1];
	bool first = sys(__NR_getpid) == 1 && argc < 2;
	if (first)
		open_stream();
	int status = become_parent(argc ? argv[0] : "", temporary);
	if (first)
		sys(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0);
	leave(status);
}

__attribute__((naked, used)) void _start(void)
{
	__asm__("xor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start");
}
