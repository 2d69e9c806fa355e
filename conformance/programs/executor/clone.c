// SPDX-License-Identifier: MIT
/*
 * CLONE and CLONE3: a child that is made with flags of the program's choice, and does one small thing before it pauses,
 * or ends. `conformance/syscalls/processes/cloning.py` describes them.
 *
 * Whatever it shares with the program, it has a stack of its own, goes to it before anything else, whatever stack the
 * kernel was told of, and keeps all signals blocked where it shares memory: a handler would have no room there.
 */

/* It would be another process's child, or be traced by whoever traces the program. */
enum { CLONE_AWAY = CLONE_PARENT | CLONE_PTRACE | CLONE_UNTRACED };

struct deed { u64 kind, arg[2], flags, mask; u32 index; long maker; };

static u8 clone_stack[CHILDREN_MAX][4096] __attribute__((aligned(16)));

static void reached(u32 child, u32 word)
{
	shared->child[child].word = word;
	futex_wake(&shared->child[child].word);
}

/* clone(2) or clone3(2). The child goes to `live`, on a stack of its own. */
static long clone_to(long nr, const u64 *arg, u8 *stack, void (*live)(const struct deed *), const struct deed *deed)
{
	long result;
	register u64 r10 __asm__("r10") = arg[3];
	register u64 r8 __asm__("r8") = arg[4];
	register u64 r12 __asm__("r12") = (u64)live;
	register u64 r13 __asm__("r13") = (u64)deed;
	register u64 r14 __asm__("r14") = (u64)stack;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %%r14, %%rsp\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "1:"
			 : "=a"(result)
			 : "a"(nr), "D"(arg[0]), "S"(arg[1]), "d"(arg[2]), "r"(r10), "r"(r8), "r"(r12), "r"(r13), "r"(r14)
			 : "rcx", "r11", "memory");
	return result;
}

static bool ends(u64 kind)
{
	return kind == CHILD_EXITS || kind >= CHILD_TELLS_PIDS;
}

/* 0: the default, 1: ignored, 2: a handler. */
static long how_handled(u64 signal)
{
	struct action action = { 0, 0, 0, 0 };
	long error = sys(__NR_rt_sigaction, signal, 0, &action, 8);
	return error ? error : action.handler > 1 ? 2 : (long)action.handler;
}

static long stack_flags(void)
{
	u64 stack[3] = { 0, 0, 0 }; // stack_t
	long error = sys(__NR_sigaltstack, 0, stack);
	return error ? error : (long)(u32)stack[1];
}

/* What the child is there for; where it ends with that, its exit status. */
static long do_deed(const struct deed *deed)
{
	struct action ignoring = { 1, 0, 0, 0 };
	switch (deed->kind) {
	case CHILD_EXITS:
		return (long)(deed->arg[0] & 255);
	case CHILD_CHDIR:
		return sys(__NR_chdir, deed->arg[0]);
	case CHILD_CLOSES:
		return sys(__NR_close, deed->arg[0]);
	case CHILD_UMASK:
		return sys(__NR_umask, deed->arg[0]);
	case CHILD_IGNORES:
		return sys(__NR_rt_sigaction, deed->arg[0], &ignoring, 0, 8);
	case CHILD_STORES:
		*(volatile u64 *)deed->arg[0] = deed->arg[1];
		return 0;
	case CHILD_HOSTNAME:
		return sys(__NR_sethostname, deed->arg[0], deed->arg[1]);
	case CHILD_TELLS_PIDS:
		return (sys(__NR_getpid) == 1) | (sys(__NR_getppid) == 0) << 1;
	case CHILD_TELLS_ACTION:
		return how_handled(deed->arg[0]);
	case CHILD_TELLS_TID:
		return *(volatile u32 *)deed->arg[0] == (u32)sys(__NR_gettid);
	case CHILD_TELLS_STACK:
		return stack_flags();
	}
	return 0;
}

static _Noreturn void quit(u64 flags, long status)
{
	if (!(flags & CLONE_THREAD))
		leave((int)status);
	for (;;)
		sys(__NR_exit, status);
}

/* A child's life. It is born with all signals blocked. */
static _Noreturn void live(const struct deed *given)
{
	const struct deed deed = *given; // before whoever made it goes on
	shared->progress++; // a process that is new may have waited for its turn, which is no fault of the program's
	if (!(deed.flags & CLONE_THREAD)) {
		sys(__NR_prctl, PR_SET_PDEATHSIG, KILL);
		long parent = sys(__NR_getppid); // 0: in another PID namespace, which is ours
		if (parent && parent != deed.maker)
			leave(0);
	}
	if (!(deed.flags & CLONE_VM))
		sys(__NR_mmap, SIGLOG, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	long result = do_deed(&deed);
	if (!(deed.flags & CLONE_VM))
		set_mask(deed.mask);
	bool over = failed(result) || ends(deed.kind);
	reached(deed.index, failed(result) ? (u32)result : 1);
	while (!over)
		sys(__NR_pause);
	quit(deed.flags, failed(result) ? 0 : result);
}

static bool is_gone(long pid, u64 flags, int options)
{
	// waitid(2) leaves a child without a change of state at 0, and says so only in the structure
	int info[32] = { 0 };
	if (flags & CLONE_THREAD)
		return sys(__NR_tgkill, sys(__NR_getpid), pid, 0) != 0;
	long error = sys(__NR_waitid, P_PID, pid, info, WEXITED | WNOWAIT | __WALL | options, 0);
	return error ? error != -EINTR : info[0] != 0;
}

static void await_end(long pid, u64 flags)
{
	while (!is_gone(pid, flags, 0))
		if (flags & CLONE_THREAD)
			sys(__NR_sched_yield);
}

/* Wait until a child has done what it is there for, or cannot. What it said; 1 also where it has died of it. */
static int await_deed(long pid, const struct deed *deed)
{
	volatile u32 *word = &shared->child[deed->index].word;
	const struct time tick = { 0, 1000000 };
	while (!*word && !is_gone(pid, deed->flags, WNOHANG))
		futex_wait(word, 0, &tick);
	int said = *word ? (int)*word : 1;
	if (ends(deed->kind) || said != 1)
		await_end(pid, deed->flags);
	return said;
}

/* What is amiss with what a child is to do. */
static long check_deed(const struct deed *deed)
{
	if (deed->flags & CLONE_AWAY)
		return -EOPNOTSUPP;
	if (deed->kind == CHILD_STORES || deed->kind == CHILD_TELLS_TID)
		return in_memory(deed->arg[0], 8) ? 0 : -EINVAL;
	return 0;
}

static long clone_as(long nr, u64 *arg, struct deed *deed)
{
	const u64 all = ~0UL;
	long error = check_deed(deed);
	if (error)
		return error;
	if (shared->children >= CHILDREN_MAX)
		return -EAGAIN;
	deed->index = shared->children;
	deed->maker = sys(__NR_getpid);
	shared->child[deed->index].word = 0;
	u8 *stack = clone_stack[deed->index] + sizeof clone_stack[0];
	if (nr == __NR_clone)
		arg[1] = (u64)stack;
	if (deed->kind == CHILD_IGNORES || deed->kind == CHILD_TELLS_ACTION)
		give_way(deed->arg[0]);
	cloned = true;
	sys(__NR_rt_sigprocmask, SIG_SETMASK_, &all, &deed->mask, 8);
	long pid = clone_to(nr, arg, stack, live, deed);
	set_mask(deed->mask);
	if (pid < 0)
		return pid;
	shared->child[deed->index].pid = deed->flags & CLONE_THREAD ? 0 : (u32)pid;
	shared->children = deed->index + 1;
	int said = await_deed(pid, deed);
	if (said == 1)
		return pid;
	if (!(deed->flags & CLONE_THREAD))
		wait_for(pid, 0, __WALL);
	shared->children = deed->index;
	return said;
}

static long clone_child(u64 nr, const u64 *given)
{
	struct deed deed;
	memset(&deed, 0, sizeof deed);
	bool new = nr >= CALL_CLONE3;
	u64 arg[5] = { given[0], new ? given[1] : 0, new ? 0 : given[1], new ? 0 : given[2], 0 };
	deed.kind = nr - (new ? CALL_CLONE3 : CALL_CLONE);
	deed.arg[0] = given[new ? 2 : 3];
	deed.arg[1] = given[new ? 3 : 4];
	if (!new)
		deed.flags = (u32)given[0] & ~(u64)CSIGNAL;
	else if (readable(given[0], 8)) // `flags` comes first in struct clone_args; what cannot be read is refused
		deed.flags = load((const void *)given[0], 8);
	return clone_as(new ? __NR_clone3 : __NR_clone, arg, &deed);
}
