// SPDX-License-Identifier: MIT
/* The world that programs live in, as the keeper makes it once. */

static void map(u64 at, u64 size, int protection, int flags)
{
	long got = sys(__NR_mmap, at, size, protection, flags | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	if (got != (long)at)
		give_up(BROKEN, "memory cannot be mapped", got);
}

/* The handler counts up to 255. As `SA_SIGINFO` it has two more arguments, which it does not look at. */
static void make_handler(void)
{
	u8 handler[] = {
		0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, // mov rax, SIGLOG
		0x89, 0xff,                         // mov edi, edi
		0x80, 0x04, 0x38, 0x01,             // add byte [rax + rdi], 1
		0x80, 0x1c, 0x38, 0x00,             // sbb byte [rax + rdi], 0
		0xc3,                               // ret
	};
	static const u8 restorer[] = { 0xb8, __NR_rt_sigreturn, 0, 0, 0, 0x0f, 0x05 }; // mov eax, ...; syscall
	put(handler + 2, SIGLOG, 8);
	map(HANDLER, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memcpy((void *)HANDLER, handler, sizeof handler);
	memcpy((void *)(HANDLER + 0x40), restorer, sizeof restorer);
	memcpy((void *)(HANDLER + 0x80), handler, sizeof handler);
	sys(__NR_mprotect, HANDLER, PAGE, PROT_READ | PROT_EXEC);
}

static void map_memory(void)
{
	map(SHARED, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
	map(DATA - PAGE, PAGE + DATA_SIZE + EDGES * EDGE_STRIDE, PROT_NONE, MAP_PRIVATE);
	map(DATA, DATA_SIZE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	for (u64 edge = 1; edge < EDGES; edge++)
		map(DATA + DATA_SIZE + edge * EDGE_STRIDE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	map(ONES, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	memset((void *)ONES, 0x11, PAGE);
	sys(__NR_mprotect, ONES, PAGE, PROT_READ);
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
}

static void set_limit(int which, u64 soft, u64 hard)
{
	u64 limit[2] = { soft, hard }, had[2] = { 0, 0 };
	if (!failed(sys(__NR_prlimit64, 0, which, limit, 0)))
		return;
	sys(__NR_prlimit64, 0, which, 0, had); // raising one takes privilege: as near as may be
	limit[1] = hard < had[1] ? hard : had[1];
	limit[0] = soft < limit[1] ? soft : limit[1];
	sys(__NR_prlimit64, 0, which, limit, 0);
}

static void set_limits(void)
{
	static const struct { int which; u64 value; } limits[] = {
		{ RLIMIT_NOFILE, FILES_MAX }, { RLIMIT_CORE, 0 }, { RLIMIT_AS, 1UL << 30 }, { RLIMIT_STACK, 8 << 20 },
		{ RLIMIT_MEMLOCK, 64 << 10 }, { RLIMIT_SIGPENDING, 128 }, { RLIMIT_MSGQUEUE, 819200 }, { RLIMIT_NICE, 0 },
		{ RLIMIT_RTPRIO, 0 }, { RLIMIT_RTTIME, ~0UL }, { RLIMIT_NPROC, 512 }, { RLIMIT_DATA, ~0UL },
		{ RLIMIT_RSS, ~0UL }, { RLIMIT_LOCKS, ~0UL },
	};
	for (u32 i = 0; i < sizeof limits / sizeof limits[0]; i++)
		set_limit(limits[i].which, limits[i].value, limits[i].value);
	own.cpu_limit[0] = 10;
	own.cpu_limit[1] = 20;
	own.file_limit[0] = 1 << 20; // not for the keeper, whose stdout may be a file
	own.file_limit[1] = 4 << 20;
}

/* Capabilities that could harm the machine, or that not every target can grant. */
static bool is_dropped(u32 capability)
{
	switch (capability) {
	case CAP_SYS_TIME: case CAP_SYS_BOOT: case CAP_SYS_MODULE: case CAP_SYS_RAWIO: case CAP_SYS_PACCT: case CAP_SYSLOG:
	case CAP_MKNOD: case CAP_SYS_RESOURCE: case CAP_WAKE_ALARM: case CAP_BLOCK_SUSPEND: case CAP_AUDIT_WRITE: case CAP_AUDIT_CONTROL:
	case CAP_AUDIT_READ: case CAP_MAC_OVERRIDE: case CAP_MAC_ADMIN: case CAP_SYS_TTY_CONFIG:
	case 38: case 39: case 40: // PERFMON, BPF, CHECKPOINT_RESTORE: newer than some headers
		return true;
	}
	return capability > 40;
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
	sys(__NR_umask, 022);
	sys(__NR_setpriority, 0, 0, 0);
	sys(__NR_personality, 0);
	sys(__NR_prctl, PR_SET_NAME, "program");
	sys(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0); // the user's own is none of a program's business
	if (own.obtained & GOT_ROOT)
		sys(__NR_setgroups, 0, 0);
	if (own.obtained & GOT_UTS)
		sys(__NR_sethostname, "guest", 5);
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
