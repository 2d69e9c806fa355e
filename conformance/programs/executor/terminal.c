// SPDX-License-Identifier: MIT
/*
 * Terminals: pairs of pseudoterminals (pty(7)), of a file system that lies beside the room. It is ours alone: since Linux
 * 4.7 every mount of devpts is an instance of its own, before that `newinstance` asks for one.
 */

/* The keeper does so once, in a mount namespace of its own, with a root of its own. */
static void make_terminals(void)
{
	static const char *const options[] = { "newinstance,ptmxmode=666,mode=600", "newinstance" };
	if (sys(__NR_mkdir, "/pts", 0700))
		return;
	for (u32 i = 0; i < 2 && !own.terminals; i++)
		own.terminals = !sys(__NR_mount, "devpts", "/pts", "devpts", MS_NOSUID | MS_NOEXEC, options[i]);
}

static long open_terminal(const char *path, u64 flags)
{
	long fd = open_beside_room(path, flags | O_NOCTTY);
	if (!failed(fd) && terminals++ < TERMINALS_MAX)
		terminal[terminals - 1] = (struct pollfd){ (int)fd, POLLIN, 0 };
	return fd;
}

static long pty_master(u64 flags, u64 locked)
{
	if (flags & ~(u64)(O_NONBLOCK | O_CLOEXEC) || locked > 1)
		return -EINVAL;
	if (!own.terminals)
		return -ENOSYS;
	long fd = open_terminal("pts/ptmx", O_RDWR | flags);
	int lock = (int)locked;
	long error = failed(fd) ? 0 : sys(__NR_ioctl, fd, TIOCSPTLCK, &lock);
	return error ? error : fd;
}

static long pty_slave(u64 master, u64 flags)
{
	char path[32];
	u32 number = 0;
	if (flags & ~(u64)(O_ACCMODE | O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	if (!own.terminals)
		return -ENOSYS;
	long error = sys(__NR_ioctl, master, TIOCGPTN, &number);
	if (error)
		return error;
	append_number(append(path, "pts/"), number);
	return open_terminal(path, flags);
}

/*
 * What is written at one end comes to the other by a worker of the kernel, and so do echoes, signals, and how much there
 * is to be read: wait for it, or what the next call finds is a matter of luck. poll(2) waits for that worker where there
 * is nothing to be read yet (n_tty_poll); what is echoed, it has only had from the other end. Else there is but time.
 */
static void settle_terminals(void)
{
	struct time moment = { 0, SETTLE_NS };
	bool settled = terminals <= TERMINALS_MAX;
	u32 known = settled ? terminals : TERMINALS_MAX;
	for (u32 round = 0; round < 2; round++)
		sys(__NR_poll, terminal, known, 0);
	for (u32 i = 0; i < known; i++)
		settled = settled && !(terminal[i].revents & (POLLIN | POLLNVAL));
	if (!settled || terminals < 2)
		sys(__NR_nanosleep, &moment, 0);
}
