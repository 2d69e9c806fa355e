// SPDX-License-Identifier: MIT
/*
 * Memory that a program reads and writes by itself, and why that ends it.
 *
 * A handler of ours notes where the fault was and what was wrong, and then does the same again: the signal is blocked
 * there, so that the kernel ends the program as if there had been no handler. It makes no call, which a program may
 * have forbidden itself. A program that sets, or asks for, the action of such a signal finds the default one, and is
 * told of no more.
 */

enum { NOT_TOUCHING = 0, READING = 1, WRITING = 2, COPYING = 3 };
static struct { volatile u32 how; volatile u64 address, value, size; } touched;
static volatile bool noting[SIGNALS + 1];

static long touch(void)
{
	if (touched.how == READING)
		return (long)(*(volatile u64 *)touched.address & ~0UL >> 1);
	if (touched.how == COPYING)
		memcpy((void *)touched.address, (const void *)touched.value, touched.size);
	else
		*(volatile u64 *)touched.address = touched.value;
	return 0;
}

/* `info` is a siginfo_t: si_signo, si_errno, si_code, and at the sixteenth byte si_addr. */
static void note(int signal, const int *info)
{
	noting[signal] = false;
	if (info[2] > 0) { // by the kernel
		shared->fault_code = info[2];
		shared->fault_at = *(const u64 *)(info + 4);
		shared->fault = signal;
	}
	if (touched.how != NOT_TOUCHING) {
		touch();
		shared->fault = 0; // it has survived
	} else { // somebody has sent it, or there was no room for the frame of another handler
		sys(__NR_tgkill, sys(__NR_getpid), sys(__NR_gettid), signal);
	}
}

/*
 * Whether a block can be read. rt_sigprocmask(2) looks at the set, which it cannot read or can, before it looks at
 * the first argument, which is wrong; so it tells without doing anything.
 */
static bool readable(u64 address, u64 size)
{
	for (u64 page = address & ~(PAGE - 1UL); page < address + size; page += PAGE)
		if (!page || sys(__NR_rt_sigprocmask, 99, page, 0, 8) == -EFAULT) // NULL is no set
			return false;
	return true;
}

static void note_faults(void)
{
	struct action action = { (u64)note, TELLS_WHY | HAS_RESTORER | ONCE, (u64)restore, 0 };
	for (int signal = BUS; signal <= SEGV; signal += SEGV - BUS)
		noting[signal] = !sys(__NR_rt_sigaction, signal, &action, 0, 8);
}

/* Before a program's own call of rt_sigaction. */
static void give_way(u64 signal)
{
	if (signal > SIGNALS || !noting[signal])
		return;
	noting[signal] = false;
	by_default((int)signal);
}

static long read_or_write(u32 how, u64 address, u64 value)
{
	touched.address = address;
	touched.value = value;
	touched.how = how;
	long result = touch();
	touched.how = NOT_TOUCHING;
	return result;
}

static long copy(u64 to, u64 from, u64 size)
{
	touched.size = size;
	read_or_write(COPYING, to, from);
	return (long)size;
}
