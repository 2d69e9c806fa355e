// SPDX-License-Identifier: MIT
/* What a libc would give. */

/* The keeper's fds, above those of a program and below RLIMIT_NOFILE. The last two are for reports. */
enum { FD_ALIVE = REPORT_FD - 4, FD_IN, FD_OUT, FD_SPARE };

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
struct limit { u64 which, soft, hard; }; // prlimit64(2) takes the last two

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
enum { TELLS_WHY = 4, HAS_RESTORER = 0x04000000, RESTART = 0x10000000, ONCE = 0x80000000 };
enum { SIG_BLOCK_ = 0, SIG_UNBLOCK_ = 1, SIG_SETMASK_ = 2 };
enum { BUS = 7, KILL = 9, SEGV = 11, CHLD = 17, CONT = 18, TSTP = 20, TTIN = 21, TTOU = 22, URG = 23, WINCH = 28 };

static void set_mask(u64 mask)
{
	sys(__NR_rt_sigprocmask, SIG_SETMASK_, &mask, 0, 8);
}

__attribute__((naked)) static void restore(void)
{
	__asm__("mov $15, %eax\n\tsyscall");
}

static void by_default(int signal)
{
	struct action action = { 0, 0, 0, 0 };
	sys(__NR_rt_sigaction, signal, &action, 0, 8);
}
