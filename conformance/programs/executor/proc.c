// SPDX-License-Identifier: MIT
/* A program's own files in /proc: some of them, by name. What is the machine's is not there, or cannot be written. */

/* The keeper does so once. Its PID namespace has no processes but its own. */
static void make_proc(void)
{
	static const char *const options[] = { PROC_OPTIONS };
	const u64 flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	if (!(own.obtained & GOT_PID) || sys(__NR_mkdir, "/pid", 0700))
		return;
	for (u32 i = 0; i < sizeof options / sizeof options[0] && !own.proc; i++)
		own.proc = !sys(__NR_mount, "proc", "/pid", "proc", flags | (i ? MS_RDONLY : 0), options[i]);
}

/* What processes inherit, and machines have set for theirs. */
static void set_proc_files(void)
{
	static const char *const set[][2] = { { "/proc/self/oom_score_adj", "0" }, { "/proc/self/coredump_filter", "0x33" } };
	for (u32 i = 0; i < 2; i++) {
		long fd = sys(__NR_open, set[i][0], O_WRONLY);
		sys(__NR_write, fd, set[i][1], length(set[i][1]));
		sys(__NR_close, fd);
	}
}

static long proc_self(u64 name, u64 flags)
{
	static const char *const names[] = { PROC_FILES };
	char path[64];
	long pid = sys(__NR_getpid);
	if (flags & ~(u64)(O_ACCMODE | O_NONBLOCK | O_CLOEXEC | O_TRUNC | O_APPEND | O_PATH) || !in_memory(name, 1))
		return -EINVAL;
	if (!own.proc || pid == own.pid) // in a PID namespace of its own, its number here is not known
		return -ENOSYS;
	for (u32 i = 0; i < sizeof names / sizeof names[0]; i++)
		if (same((const char *)name, names[i])) {
			append(append(append_number(append(path, "pid/"), (u64)pid), "/"), names[i]);
			return open_beside_room(path, flags);
		}
	return -ENOENT;
}
