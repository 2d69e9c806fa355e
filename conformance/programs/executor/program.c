// SPDX-License-Identifier: MIT
/* Programs: what is in one, looked at before any of it is run. */

/* What the tree of a program consists of. */
enum { ROOT, FILE, DIRECTORY, FILE_BELOW, LINK, IN_TREE };
static const char *const names_in_tree[IN_TREE] = { ".", TREE_FILE, TREE_DIRECTORY, TREE_FILE_BELOW, TREE_LINK };

struct program {
	const u8 *code, *end;
	u32 touched, wishes; // what it has not promised to leave alone; what it wants beside that
	u32 calls;
	u32 size_max;        // of its outcome
	u32 names;           // which parts of the tree it may name
	u64 high;            // where in the data area what it names ends
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

/* Whether a block lies where programs have their memory, whatever is there. */
static bool in_memory(u64 address, u64 size)
{
	return address >= DATA && address <= MEMORY_END - size;
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

static bool is_slot(u64 slot)
{
	return slot < SLOTS || slot == NO_SLOT;
}

static bool check_call(struct reader *from, struct program *program)
{
	u64 nr = take(from, 2), nargs = take(from, 1);
	bool good = nr < CALLS_END && nargs <= 6 && !returns_twice(nr);
	program->calls++;
	program->size_max += 8;
	for (u64 i = 0; good && i < nargs; i++) {
		good = is_slot(take(from, 1));
		points_at(program, take(from, 8));
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
	struct program program = { at, at + size, 0, 0, 0, OUTCOME_HEADER + 2 * SIGNALS + FAULT_BYTES, 0, 0, false };
	u64 calls = take(&from, 2);
	program.wishes = (u32)take(&from, 2);
	u32 untouched = (u32)take(&from, 2);
	program.touched = TOUCHES_EVERYTHING & ~untouched;
	program.code = from.at;
	program.names = program.touched & TOUCHES_NAMES ? ~0U : names(program.code, program.end);
	bool good = !from.bad && !(program.wishes & ~(u32)WISHES_KNOWN) && !(untouched & ~(u32)TOUCHES_EVERYTHING);
	good = good && calls <= CALLS_MAX;
	while (good && from.at < from.end)
		good = check_instruction(&from, &program) && program.calls <= calls && program.size_max <= OUTCOME_MAX;
	program.valid = good && program.calls == calls;
	return program;
}

/* Whether it takes a worker of its own: what is undone by that worker's end, and namespaces. */
static bool alone(const struct program *program)
{
	const u32 apart = TOUCHES_PROCESS | TOUCHES_IPC | TOUCHES_NETWORK | TOUCHES_MOUNTS | TOUCHES_CHILDREN;
	return program->touched & apart || program->wishes & WISH_PID;
}

/* Whether it may have changed the tree, or its place in it. It begins without fds, so that this takes a name. */
static bool reaches_tree(const struct program *program)
{
	return program->touched & (TOUCHES_FILES | TOUCHES_LABELS | TOUCHES_HIDDEN | TOUCHES_PLACE);
}
