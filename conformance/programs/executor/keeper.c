// SPDX-License-Identifier: MIT
/* The keeper: workers are started, watched and ended, frames answered. */

static void ring(int signal)
{
	(void)signal;
	__atomic_add_fetch(&shared->bell, 1, __ATOMIC_SEQ_CST);
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
	if (program->touched & TOUCHES_CHILDREN && own.obtained & GOT_PID) {
		int status = 0;
		sys(__NR_kill, -1, KILL);
		for (u64 end = now_ns() + PATIENCE_MS * 1000000UL; wait_for(-1, &status, WNOHANG) != -ECHILD;)
			if (now_ns() > end)
				give_up(BROKEN, "a program's child cannot be killed", 0);
			else
				sys(__NR_sched_yield);
	} else if (!(program->wishes & WISH_PID && own.obtained & GOT_PID)) {
		end_children();
	}
	shared->children = 0;
	reap_orphans();
}

/* Fork a worker, in the namespaces that its first program wants. */
static long launch(const u8 *at, u32 count, const struct program *program)
{
	u32 touched = program->touched;
	u64 spaces = (touched & TOUCHES_IPC && own.obtained & GOT_IPC ? CLONE_NEWIPC : 0) |
		     (touched & TOUCHES_IPC && own.obtained & GOT_UTS ? CLONE_NEWUTS : 0) |
		     (touched & TOUCHES_NETWORK && own.obtained & GOT_NET ? CLONE_NEWNET : 0) |
		     (touched & TOUCHES_MOUNTS && own.obtained & GOT_MNT ? CLONE_NEWNS : 0) |
		     (program->wishes & WISH_PID && own.obtained & GOT_PID ? CLONE_NEWPID : 0);
	long pid = -EAGAIN;
	shared->why = WHY_DIED;
	shared->children = 0;
	// Namespaces and processes of earlier programs are taken apart in the background.
	for (u32 tries = 0; tries < 100; tries++) {
		pid = fork(spaces | CHLD);
		if (pid == 0)
			worker(at, count, program);
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
		conclude_without(program.valid ? HARNESS : MALFORMED);
		return;
	}
	for (u32 tries = 0; tries < 3; tries++) {
		int status = 0;
		long pid = launch(at, count, &program);
		if (failed(pid))
			give_up(BROKEN, "a worker cannot be forked", pid);
		bool ended = watch(pid, &status, deadline);
		clean_up(&program);
		if (settle(ended, status) || INDEX(shared->at) != index)
			return;
	}
	conclude_without(HARNESS);
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

static void hear_of_deaths(void)
{
	struct action action = { (u64)ring, HAS_RESTORER | RESTART, (u64)restore, 0 };
	sys(__NR_rt_sigaction, CHLD, &action, 0, 8);
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
