// SPDX-License-Identifier: MIT
/* Pseudo-calls: children, threads, a new image, touching memory, terminals and the like. `conformance/syscalls/pseudo.py` describes them. */

static bool locks(u64 kind)
{
	return kind == SPAWN_LOCK || kind == SPAWN_FLOCK || kind == SPAWN_OFD_LOCK;
}

static long lock(u64 kind, u64 fd)
{
	struct flock range = { .l_type = F_WRLCK };
	if (kind == SPAWN_FLOCK)
		return sys(__NR_flock, fd, LOCK_EX | LOCK_NB);
	return sys(__NR_fcntl, fd, kind == SPAWN_LOCK ? F_SETLK : F_OFD_SETLK, &range);
}

/* Write letters, waiting where there is no room: an fd, a letter, and how many of it at once, until that is none. */
static _Noreturn void write_letters(const u16 *orders)
{
	u8 letters[PAGE];
	memset(letters, orders[1], sizeof letters);
	for (const u16 *size = orders + 2; *size && *size <= sizeof letters; size++)
		sys(__NR_write, orders[0], letters, *size);
	leave(0);
}

/* What a child does; its signals are its own affair. */
static _Noreturn void child(u64 kind, u64 arg, u32 index)
{
	sys(__NR_prctl, PR_SET_PDEATHSIG, KILL);
	sys(__NR_mmap, SIGLOG, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	long result = 0;
	if (kind == SPAWN_EXIT)
		leave((int)(arg & 255));
	if (kind == SPAWN_WRITE)
		write_letters((const u16 *)arg);
	if (kind == SPAWN_RAISE) {
		u64 mask = 1UL << (arg - 1);
		by_default((int)arg);
		sys(__NR_rt_sigprocmask, SIG_UNBLOCK_, &mask, 0, 8);
		sys(__NR_kill, sys(__NR_getpid), arg);
	}
	if (locks(kind))
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
	if (kind == SPAWN_WRITE)
		return 1;
	if (kind == SPAWN_EXIT || (kind == SPAWN_RAISE && !may_do_nothing(arg))) {
		while (sys(__NR_waitid, P_PID, pid, 0, states, 0) == -EINTR)
			;
		return 1;
	}
	while (!*word) {
		futex_wait(word, 0, kind == SPAWN_RAISE ? &tick : 0);
		// waitid(2) leaves a child without a change of state at 0, and says so only in the structure
		int info[32] = { 0 };
		if (kind == SPAWN_RAISE && sys(__NR_waitid, P_PID, pid, info, states | WNOHANG, 0) == 0 && info[0])
			return 1;
	}
	return *word;
}

static long spawn(u64 kind, u64 arg)
{
	if (kind > SPAWN_WRITE || (kind == SPAWN_RAISE && (arg < 1 || arg > SIGNALS)) || (locks(kind) && arg > 0x7fffffff))
		return -EINVAL;
	if (kind == SPAWN_WRITE && !in_memory(arg, PAGE))
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
	while (kind == THREAD_LIVES)
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
	if (kind > THREAD_LIVES)
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
	if (kind == THREAD_ENDS) {
		while (*word)
			futex_wait(word, 1, 0);
		// The word is cleared before the thread is gone (set_tid_address(2)).
		while (sys(__NR_tgkill, sys(__NR_getpid), tid, 0) == 0)
			sys(__NR_sched_yield);
	}
	return tid;
}

/* Where in their files the first fds are that lead to regular ones: a byte each. */
static u64 positions(void)
{
	u64 found = 0;
	for (u32 fd = 0; fd < sizeof found; fd++) {
		struct stat now;
		if (!sys(__NR_fstat, fd, &now) && (now.st_mode & S_IFMT) == S_IFREG)
			found |= (u64)(u8)sys(__NR_lseek, fd, 0, 1) << 8 * fd; // SEEK_CUR
	}
	return found;
}

/* What a new image finds, as EXEC reports it. */
static _Noreturn void report(void)
{
	struct report report;
	memset(&report, 0, sizeof report);
	for (u32 fd = 0; fd < FD_SPARE; fd++) {
		long flags = sys(__NR_fcntl, fd, F_GETFD);
		if (failed(flags))
			continue;
		report.open_fds |= 1UL << fd;
		report.cloexec_fds |= (u64)(flags & FD_CLOEXEC) << fd;
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
	report.nice_plus_20 = (u32)(40 - sys(__NR_getpriority, 0, 0)); // the call itself returns 20 - nice
	u64 limit[2] = { 0, 0 };
	sys(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, limit);
	report.fsize_limit = limit[0];
	report.dumpable = (u32)sys(__NR_prctl, PR_GET_DUMPABLE);
	report.no_new_privs = (u32)sys(__NR_prctl, PR_GET_NO_NEW_PRIVS);
	report.securebits = (u32)sys(__NR_prctl, PR_GET_SECUREBITS);
	report.personality = (int32_t)sys(__NR_personality, 0xffffffff);
	sys(__NR_prctl, PR_GET_NAME, report.comm);
	report.positions = positions();
	sys(__NR_write, REPORT_FD, &report, sizeof report);
	leave(0);
}

/* In the child: become the new image, with the report's pipe at its place. */
static _Noreturn void execute(const int pipe[2])
{
	static const char *const arguments[] = { "report", 0 }, *const environment[] = { 0 };
	long error = 0;
	if (pipe[1] != REPORT_FD)
		error = sys(__NR_dup2, pipe[1], REPORT_FD);
	for (int i = 0; i < 2; i++)
		if (pipe[i] != REPORT_FD)
			sys(__NR_close, pipe[i]);
	if (!failed(error))
		error = sys(__NR_execve, own.binary, arguments, environment);
	shared->exec_error = (int)error;
	leave(0);
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
	case CALL_URING:
		return in_memory(arg[0], sizeof(struct io_uring_sqe)) ? uring(arg[0]) : -EINVAL;
	case CALL_LOAD:
		return in_memory(arg[0], 8) ? read_or_write(READING, arg[0], 0) : -EINVAL;
	case CALL_COPY:
		if (arg[2] > ARENA_SIZE || !in_memory(arg[0], arg[2]) || !in_memory(arg[1], arg[2]))
			return -EINVAL;
		return copy(arg[0], arg[1], arg[2]);
	case CALL_FORK:
		return -EAGAIN; // or it would be a call by now
	case CALL_TURN:
		return turn_to(arg[0]);
	case CALL_PTY_MASTER:
		return pty_master(arg[0], arg[1]);
	case CALL_PTY_SLAVE:
		return pty_slave(arg[0], arg[1]);
	case CALL_PROC:
		return proc_self(arg[0], arg[1]);
	}
	if (nr >= CALL_CLONE)
		return clone_child(nr, arg);
	return in_memory(arg[0], 8) ? read_or_write(WRITING, arg[0], arg[1]) : -EINVAL;
}
