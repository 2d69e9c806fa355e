// SPDX-License-Identifier: MIT
/* The tree of files that a program starts in: making it, and making it what it was. */

static bool fill_file(long fd, const void *content, u32 size)
{
	if (failed(fd))
		return false;
	long wrote = sys(__NR_write, fd, content, size);
	sys(__NR_close, fd);
	return wrote == (long)size;
}

/* Put the last program's tree out of the way: cheaper than removing it. */
static bool put_away(void)
{
	char *number = own.old + length(own.old), *root = own.tree + length(own.tree) - 1;
	append_number(number, shared->trees);
	long error = sys(__NR_rename, own.tree, own.old);
	if (error == -EACCES) { // without privilege, one cannot move a directory that one must not write to
		sys(__NR_chmod, own.tree, 0700);
		error = sys(__NR_rename, own.tree, own.old);
	}
	*number = 0;
	if (!error)
		shared->trees++;
	if (shared->has_binary && !sys(__NR_unlink, own.binary))
		shared->has_binary = 0;
	*root = 0; // the tree's path without its name
	bool good = (!error || error == -ENOENT) && shared->trees < TREES_MAX && !shared->has_binary && is_clean(own.tree) &&
		    (!own.mounts || !is_filling_up(own.tree));
	*root = 'w';
	return good;
}

static struct stat whole[IN_TREE]; // the status of its parts before a program

static bool make(u32 which)
{
	const char *name = names_in_tree[which];
	switch (which) {
	case FILE: // where a supervisor looks at every open(2), creat(2) is faster
		return fill_file(sys(__NR_creat, name, FILE_MODE), TREE_FILE_HAS, sizeof TREE_FILE_HAS - 1);
	case FILE_BELOW:
		return fill_file(sys(__NR_creat, name, FILE_MODE), TREE_FILE_BELOW_HAS, sizeof TREE_FILE_BELOW_HAS - 1);
	case LINK:
		return !sys(__NR_symlink, TREE_FILE, name);
	}
	return !sys(__NR_mkdir, name, DIRECTORY_MODE);
}

static bool make_tree(const struct program *program)
{
	if (program->wishes & WISH_EXEC && own.binary_size) {
		shared->has_binary = !(program->touched & TOUCHES_MOUNTS);
		if (!fill_file(sys(__NR_open, own.binary, O_WRONLY | O_CREAT | O_EXCL, 0755), BINARY, own.binary_size))
			return false;
	}
	bool good = !sys(__NR_mkdir, own.tree, DIRECTORY_MODE) && !sys(__NR_chdir, own.tree);
	for (u32 which = FILE; good && which < IN_TREE; which++)
		good = make(which);
	return good;
}

/* The status of a part of the tree, less the time that it was last read: to programs, that is now, whenever it was. */
static bool look_at(u32 which, struct stat *status)
{
	memset(status, 0, sizeof *status);
	if (sys(__NR_newfstatat, AT_FDCWD, names_in_tree[which], status, AT_SYMLINK_NOFOLLOW))
		return false;
	status->st_atime = status->st_atime_nsec = 0;
	return true;
}

/* How parts of the tree are before a program, for `mend`. */
static bool remember(u32 parts)
{
	bool good = true;
	for (u32 which = ROOT; good && which < IN_TREE; which++)
		if (parts & 1U << which)
			good = look_at(which, &whole[which]);
	return good;
}

/* Remove what is not the tree's own from one of its directories, and let it be of now. False where it is not easy. */
static bool tidy(const char *directory)
{
	u8 entries[1024] __attribute__((aligned(8)));
	char path[300];
	bool below = directory[0] != '.';
	long fd = sys(__NR_open, directory, O_RDONLY | O_DIRECTORY), got = failed(fd) ? fd : 0;
	while (!failed(got) && (got = sys(__NR_getdents64, fd, entries, sizeof entries)) > 0)
		for (long at = 0; at < got && !failed(got);) {
			const struct entry *entry = (const struct entry *)(entries + at);
			at += entry->size;
			append(append(append(path, directory), "/"), entry->name);
			if (same(entry->name, ".") || same(entry->name, "..") ||
			    (below ? same(path, TREE_FILE_BELOW) :
				 same(path, "./" TREE_FILE) || same(path, "./" TREE_DIRECTORY) || same(path, "./" TREE_LINK)))
				continue;
			if (sys(__NR_unlink, path) && sys(__NR_rmdir, path))
				got = -ENOTEMPTY;
		}
	sys(__NR_close, fd);
	return !failed(got) && !sys(__NR_utimensat, AT_FDCWD, directory, 0, 0);
}

static bool is_same_owner(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

/* Write the file anew, if only its content and its times have changed. Cheaper than making it. */
static bool rewrite(void)
{
	struct stat now;
	const struct stat *was = &whole[FILE];
	if (!look_at(FILE, &now) || now.st_ino != was->st_ino || now.st_nlink != 1 || !is_same_owner(&now, was))
		return false;
	bool longer = now.st_size > was->st_size || now.st_blocks > was->st_blocks;
	return fill_file(sys(__NR_open, TREE_FILE, O_WRONLY | (longer ? O_TRUNC : 0)), TREE_FILE_HAS, sizeof TREE_FILE_HAS - 1) &&
	       !sys(__NR_utimensat, AT_FDCWD, TREE_FILE, 0, 0);
}

/* Whether a directory is the one that it was, but for what is in it. */
static bool is_same_directory(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && is_same_owner(a, b);
}

static bool has_as_much_in_it(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_nlink == b->st_nlink;
}

/*
 * Make the tree what it was before the last program, part by part: most programs change nothing or a file. False if it
 * has to be made anew. What changes a file shows in its ctime (inode(7)), where the kernel's times are fine enough.
 */
static bool mend(const struct program *last)
{
	struct stat now[IN_TREE];
	u32 changed = 0;
	if (!own.tells || last->touched & TOUCHES_HIDDEN || (last->touched & TOUCHES_PLACE && sys(__NR_chdir, own.tree)))
		return false;
	for (u32 which = ROOT; which < IN_TREE; which++) {
		bool reached = last->names >> which & 1;
		if (reached && (!look_at(which, &now[which]) || !equal(&now[which], &whole[which], sizeof now[which])))
			changed |= 1U << which;
	}
	if (!changed)
		return true;
	const struct stat root = whole[ROOT], directory = whole[DIRECTORY];
	for (u32 which = ROOT; which <= DIRECTORY; which += DIRECTORY)
		if (changed & 1U << which &&
		    (last->touched & TOUCHES_LABELS || !is_same_directory(&now[which], &whole[which]) || !tidy(names_in_tree[which])))
			return false;
	for (u32 which = FILE; which < IN_TREE; which++)
		if (changed & 1U << which && which != DIRECTORY) {
			if (which == FILE && !(last->touched & TOUCHES_LABELS) && rewrite())
				continue;
			sys(__NR_unlink, names_in_tree[which]);
			if (!make(which))
				return false;
		}
	return remember(changed | 1U << ROOT | (changed & 1U << FILE_BELOW ? 1U << DIRECTORY : 0)) &&
	       has_as_much_in_it(&whole[ROOT], &root) && has_as_much_in_it(&whole[DIRECTORY], &directory);
}

/* Whether the status of a file shows every change at once, so that one that looks as it did is as it was. */
static bool find_out_whether_files_tell(void)
{
	enum { CHANGES = 7, ROUNDS = 4 };
	struct stat before, after;
	bool tells = !sys(__NR_chdir, own.room) && make(DIRECTORY) && make(FILE);
	for (u32 i = 0; tells && i < CHANGES * ROUNDS; i++) {
		u32 which = i % CHANGES < 5 ? FILE : DIRECTORY;
		long fd = -EBADF, error = 0;
		tells = look_at(which, &before);
		switch (i % CHANGES) {
		case 0:
			error = sys(__NR_truncate, TREE_FILE, i);
			break;
		case 1:
			fd = sys(__NR_open, TREE_FILE, O_WRONLY);
			error = sys(__NR_write, fd, "x", 1) - 1;
			break;
		case 2:
			error = sys(__NR_chmod, TREE_FILE, 0600);
			break;
		case 3:
			error = sys(__NR_setxattr, TREE_FILE, "user.a", "x", 1, 0);
			error = error == -EOPNOTSUPP ? sys(__NR_chmod, TREE_FILE, 0600) : error;
			break;
		case 4:
			error = sys(__NR_link, TREE_FILE, TREE_FILE_BELOW);
			break;
		case 5:
			error = sys(__NR_unlink, TREE_FILE_BELOW);
			break;
		case 6:
			error = sys(__NR_rename, TREE_FILE, TREE_FILE_BELOW) | sys(__NR_rename, TREE_FILE_BELOW, TREE_FILE);
			break;
		}
		sys(__NR_close, fd);
		tells = tells && !error && look_at(which, &after) &&
			(before.st_ctime != after.st_ctime || before.st_ctime_nsec != after.st_ctime_nsec);
	}
	sys(__NR_unlink, TREE_FILE);
	sys(__NR_rmdir, TREE_DIRECTORY);
	sys(__NR_chdir, "/");
	return tells;
}
