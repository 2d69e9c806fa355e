// SPDX-License-Identifier: MIT
/* The room: the file system, or directory, in which trees are made one after the other, and that is emptied at times. */

struct entry { u64 inode, offset; u16 size; u8 type; char name[]; };

/* Whether programs have left anything in the root but what is ours. A tmpfs tells by the directory's size. */
static bool is_clean(const char *root)
{
	struct stat now;
	if (own.clean_size && !sys(__NR_stat, root, &now))
		return (u64)now.st_size == own.clean_size;
	u8 entries[1024] __attribute__((aligned(8)));
	long fd = sys(__NR_open, root, O_RDONLY | O_DIRECTORY), got;
	bool clean = !failed(fd);
	while (clean && (got = sys(__NR_getdents64, fd, entries, sizeof entries)) != 0) {
		clean = got > 0;
		for (long at = 0; clean && at < got;) {
			const struct entry *entry = (const struct entry *)(entries + at);
			clean = same(entry->name, ".") || same(entry->name, "..") || same(entry->name, ".old");
			at += entry->size;
		}
	}
	sys(__NR_close, fd);
	return clean;
}

/* Whether a quarter of the file system is used. One without a limit says so with no blocks. */
static bool is_filling_up(const char *root)
{
	struct statfs now;
	if (failed(sys(__NR_statfs, root, &now)))
		return true;
	return (u64)now.f_bfree < (u64)now.f_blocks / 4 * 3 || (u64)now.f_ffree < (u64)now.f_files / 4 * 3;
}

static long mount_fresh(const char *on)
{
	static const char *const options[] = { ROOM_OPTIONS };
	long error = 0;
	for (u32 i = 0; i < sizeof options / sizeof options[0]; i++)
		if (!(error = sys(__NR_mount, "tmpfs", on, "tmpfs", MS_NODEV | MS_NOSUID, options[i])))
			break;
	return error;
}

/* Let the file system before this one be taken apart. */
static void let_go(void)
{
	if (own.stale)
		sys(__NR_close, own.stale);
	own.stale = 0;
}

/* Remove everything below a directory, without recursion: the depth is a program's choice, the stack is ours. */
static void empty(const char *directory)
{
	u8 entries[1024] __attribute__((aligned(8)));
	u32 depth = 0;
	sys(__NR_chmod, directory, 0700);
	if (failed(sys(__NR_chdir, directory)))
		return;
	for (u32 attempts = 0; attempts < 100000; attempts++) {
		long fd = sys(__NR_open, ".", O_RDONLY | O_DIRECTORY);
		long got = failed(fd) ? 0 : sys(__NR_getdents64, fd, entries, sizeof entries);
		bool removed = false, deeper = false;
		for (long at = 0; at < got && !deeper;) {
			const struct entry *entry = (const struct entry *)(entries + at);
			at += entry->size;
			if (same(entry->name, ".") || same(entry->name, ".."))
				continue;
			if (!sys(__NR_unlink, entry->name) || !sys(__NR_rmdir, entry->name)) {
				removed = true;
				continue;
			}
			sys(__NR_chmod, entry->name, 0700);
			deeper = !removed && !sys(__NR_chdir, entry->name);
		}
		sys(__NR_close, fd);
		depth += deeper;
		if (removed || deeper)
			continue;
		if (!depth)
			break;
		sys(__NR_chdir, "..");
		depth--;
	}
	sys(__NR_chdir, "/");
}

/* A file system, or directory, without what earlier programs have left. */
static void freshen(void)
{
	char old[4064];
	if (own.mounts) {
		let_go();
		own.stale = (int)sys(__NR_open, own.room, O_PATH | O_CLOEXEC);
		while (!sys(__NR_umount2, own.room, MNT_DETACH))
			;
		long error = mount_fresh(own.room);
		if (error)
			give_up(BROKEN, "a tmpfs cannot be mounted", error);
	} else {
		empty(own.room);
	}
	append(append(old, own.room), "/.old");
	long error = sys(__NR_mkdir, old, 0700);
	if (error)
		give_up(BROKEN, "the directory for trees cannot be made", error);
	shared->trees = 0;
	shared->has_binary = 0;
	shared->tree_whole = 0;
	struct stat now;
	own.clean_size = own.mounts && !sys(__NR_stat, own.room, &now) ? (u64)now.st_size : 0;
}
