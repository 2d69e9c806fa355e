// SPDX-License-Identifier: MIT
/* The worker: programs one behind the other, and what is done around each. */

static void close_all(void)
{
	if (sys(__NR_close_range, 0, FILES_MAX - 1, 0) == 0) // up to ~0 takes gVisor longer than a program
		return;
	for (u32 fd = 0; fd < FILES_MAX; fd++)
		sys(__NR_close, fd);
}

static void end_children(void)
{
	while (shared->children) {
		u32 pid = shared->child[shared->children - 1].pid;
		if (pid && !sys(__NR_waitid, P_PID, pid, 0, WEXITED | WNOHANG | WNOWAIT | __WALL, 0)) {
			sys(__NR_kill, pid, KILL);
			wait_for(pid, 0, __WALL);
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

/* Whether the tree that is there will do, of another worker's program that has not reached it. */
static bool is_tree_left_whole(const struct program *program)
{
	return shared->tree_whole && !(program->touched & TOUCHES_MOUNTS || program->wishes & WISH_EXEC || shared->has_binary);
}

/*
 * Make everything as it was for the program before, if there was one. False: it takes a new file system.
 */
static bool prepare(const struct program *program, const struct program *last)
{
	bool left_whole = !last && is_tree_left_whole(program) && !sys(__NR_chdir, own.tree);
	shared->tree_whole = 0;
	close_all();
	terminals = 0;
	sys(__NR_umask, UMASK);
	if (last) {
		end_children();
		clear(last);
	}
	zero(SIGLOG, SIGLOG_SIZE);
	if (last && !(program->wishes & WISH_EXEC) && !shared->has_binary && (!reaches_tree(last) || mend(last)))
		return true;
	return (left_whole || ((program->touched & TOUCHES_MOUNTS || put_away()) && make_tree(program))) &&
	       (alone(program) || !own.tells || remember(~0U));
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

static _Noreturn void end_worker(u32 why)
{
	shared->why = why;
	leave(0);
}

static void enter_room(const struct program *program)
{
	if (program->touched & TOUCHES_NETWORK)
		bring_loopback_up();
	if (program->touched & TOUCHES_MOUNTS && own.mounts && mount_fresh(own.room))
		end_worker(WHY_DIED);
	if (own.chroots && sys(__NR_chroot, own.room))
		end_worker(WHY_DIED);
}

static const struct limit own_limits[] = { OWN_LIMITS };

/* A worker's life: the program at `at`, and those after it that share a worker. */
static _Noreturn void worker(const u8 *at, u32 count, const struct program *head)
{
	u64 started = now_ns();
	sys(__NR_prctl, PR_SET_PDEATHSIG, KILL);
	if (!(own.obtained & GOT_PID) && sys(__NR_getppid) != own.pid)
		leave(0);
	by_default(CHLD);
	note_faults();
	sys(__NR_setsid); // kill(0, ...) is not for the keeper
	for (u32 i = 0; i < sizeof own_limits / sizeof own_limits[0]; i++)
		sys(__NR_prlimit64, 0, own_limits[i].which, &own_limits[i].soft, 0);
	enter_room(head);
	struct program program, last;
	bool first = true;
	while (INDEX(shared->at) < count) {
		u32 size = (u32)load(at, 4), index = INDEX(shared->at);
		program = parse(at + 4, size);
		at += 4 + size;
		if (!program.valid || !has_room(&program, count - index - 1)) {
			conclude_without(program.valid ? HARNESS : MALFORMED);
			continue;
		}
		if (!first && (alone(&program) || now_ns() - started > 1000000000UL)) // well below RLIMIT_CPU
			break;
		if (!prepare(&program, first ? 0 : &last))
			end_worker(WHY_FRESH);
		first = false;
		last = program;
		shared->tree_whole = !(program.touched & TOUCHES_MOUNTS || reaches_tree(&program)); // whatever comes of it
		shared->done = DONE_WITH(0, OFFSET(shared->at) + OUTCOME_HEADER);
		shared->fault = 0;
		shared->at = AT(RUNNING, index, OFFSET(shared->at));
		shared->progress++;
		run(&program);
		if (caught_signals()) { // moving results in place is not for somebody who can be killed meanwhile
			shared->at = AT(FINISHED, index, OFFSET(shared->at));
			end_worker(WHY_ENOUGH);
		}
		conclude(DONE, 0);
		if (alone(&program) || program.touched & TOUCHES_MEMORY || threads || cloned)
			break;
	}
	end_worker(WHY_ENOUGH);
}
