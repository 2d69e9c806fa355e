// SPDX-License-Identifier: MIT
/* The world that programs live in, as the keeper makes it once. */

static void map(u64 at, u64 size, int protection, int flags)
{
	long got = sys(__NR_mmap, at, size, protection, flags | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	if (got != (long)at)
		give_up(BROKEN, "memory cannot be mapped", got);
}

static void make_handler(void)
{
	static const u8 handler[] = { HANDLER_CODE }, restorer[] = { RESTORER_CODE };
	map(HANDLER, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memcpy((void *)HANDLER, handler, sizeof handler);
	memcpy((void *)RESTORER, restorer, sizeof restorer);
	memcpy((void *)OTHER_HANDLER, handler, sizeof handler);
	sys(__NR_mprotect, HANDLER, PAGE, PROT_READ | PROT_EXEC);
}

static void map_memory(void)
{
	map(SHARED, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
	map(DATA - PAGE, PAGE + DATA_SIZE + EDGES * EDGE_STRIDE, PROT_NONE, MAP_PRIVATE);
	map(DATA, DATA_SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	for (u64 edge = 1; edge < EDGES; edge++)
		map(DATA + DATA_SIZE + edge * EDGE_STRIDE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	map(READ_ONLY, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memset((void *)READ_ONLY, READ_ONLY_BYTE, PAGE);
	sys(__NR_mprotect, READ_ONLY, PAGE, PROT_READ);
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
	make_terminals();
	make_proc();
}

static void set_limit(const struct limit *wanted)
{
	struct limit had = { 0, 0, 0 }, limit = *wanted;
	if (!failed(sys(__NR_prlimit64, 0, limit.which, &limit.soft, 0)))
		return;
	sys(__NR_prlimit64, 0, limit.which, 0, &had.soft); // raising one takes privilege: as near as may be
	limit.hard = limit.hard < had.hard ? limit.hard : had.hard;
	limit.soft = limit.soft < limit.hard ? limit.soft : limit.hard;
	sys(__NR_prlimit64, 0, limit.which, &limit.soft, 0);
}

static void set_limits(void)
{
	static const struct limit limits[] = { LIMITS };
	for (u32 i = 0; i < sizeof limits / sizeof limits[0]; i++)
		set_limit(&limits[i]);
}

static bool is_dropped(u32 capability)
{
	static const u8 dropped[] = { DROPPED_CAPABILITIES };
	for (u32 i = 0; i < sizeof dropped; i++)
		if (capability == dropped[i])
			return true;
	return false;
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
	sys(__NR_umask, UMASK);
	sys(__NR_setpriority, 0, 0, 0);
	sys(__NR_personality, 0);
	sys(__NR_prctl, PR_SET_NAME, NAME);
	sys(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0); // the user's own is none of a program's business
	set_proc_files();
	if (own.obtained & GOT_ROOT)
		sys(__NR_setgroups, 0, 0);
	if (own.obtained & GOT_UTS)
		sys(__NR_sethostname, HOST_NAME, sizeof HOST_NAME - 1);
	if (own.obtained & GOT_NET)
		bring_loopback_up();
}

static void name_paths(void)
{
	const char *root = own.chroots ? "" : own.room;
	append(append(own.tree, root), "/w");
	append(append(own.binary, root), "/x");
	append(append(own.old, root), "/.old/");
}
