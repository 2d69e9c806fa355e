// SPDX-License-Identifier: MIT
/* Programs: what is in one, looked at before any of it is run. */

/* What the tree of a program consists of. */
enum { ROOT, FILE, DIRECTORY, FILE_BELOW, LINK, IN_TREE };
static const char *const names_in_tree[IN_TREE] = { ".", TREE_FILE, TREE_DIRECTORY, TREE_FILE_BELOW, TREE_LINK };

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
 * names are a letter each, and all have the same digit behind it. The link leads to the file.
 */
static u32 names(const u8 *at, const u8 *end)
{
	u32 found = 1U << ROOT;
	for (at++; at < end; at++) {
		if (*at != TREE_FILE[1])
			continue;
		found |= at[-1] == TREE_FILE[0] ? 1U << FILE : 0;
		found |= at[-1] == TREE_DIRECTORY[0] ? 1U << DIRECTORY | 1U << FILE_BELOW : 0;
		found |= at[-1] == TREE_LINK[0] ? 1U << LINK | 1U << FILE : 0;
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
