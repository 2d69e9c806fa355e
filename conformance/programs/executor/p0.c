// SPDX-License-Identifier: MIT
/* P0: the process that was started, around the keeper. */

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
