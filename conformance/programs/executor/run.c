// SPDX-License-Identifier: MIT
/* Running a program. */

static u64 value_of(const struct slots *slots, u64 slot, u64 otherwise)
{
	return slot < SLOTS && slots->filled >> slot & 1 ? slots->value[slot] : otherwise;
}

static void set_slot(struct slots *slots, u64 slot, u64 value)
{
	if (slot >= SLOTS)
		return;
	slots->filled |= 1UL << slot;
	slots->value[slot] = value;
}

static u32 extent(const u8 *block, u32 size)
{
	while (size >= 8 && load(block + size - 8, 8) == 0x0101010101010101UL * POISON)
		size -= 8;
	while (size && block[size - 1] == POISON)
		size--;
	return size;
}

/* Append a call's result and what it put out to the outcome. */
static void record(struct reader *from, long result, bool probe)
{
	u32 end = (u32)shared->done;
	put(OUTPUT + end, (u64)result, 8);
	end += 8;
	for (u64 blocks = take(from, 1); blocks; blocks--) {
		u64 address = DATA + take(from, 4);
		u32 size = (u32)take(from, 2);
		size = probe && !readable(address, size) ? 0 : extent((const u8 *)address, size);
		put(OUTPUT + end, size, 2);
		memcpy(OUTPUT + end + 2, (const void *)address, size);
		end += 2 + size;
	}
	shared->done = DONE_WITH((shared->done >> 48) + 1, end);
}

static void run_loads(struct reader *from, struct slots *slots, bool succeeded, bool probe)
{
	for (u64 loads = take(from, 1); loads; loads--) {
		u64 slot = take(from, 1), address = DATA + take(from, 4);
		u32 width = (u32)take(from, 1);
		if (!succeeded || (probe && !readable(address, width)))
			continue;
		u32 shift = 64 - 8 * width;
		set_slot(slots, slot, (u64)((int64_t)(load((const void *)address, width) << shift) >> shift));
	}
}

static void run_call(struct reader *from, struct slots *slots, bool probe)
{
	u64 arg[6] = { 0, 0, 0, 0, 0, 0 };
	u64 nr = take(from, 2), nargs = take(from, 1);
	for (u64 i = 0; i < nargs; i++) {
		u64 slot = take(from, 1);
		arg[i] = value_of(slots, slot, take(from, 8));
	}
	u64 slot = take(from, 1);
	shared->progress++;
	if (nr == __NR_rt_sigaction)
		give_way(arg[0]);
	const bool forks = nr == CALL_FORK && may_fork();
	if (forks) { // here, where a shim sees who will make calls of the program
		memset(arg, 0, sizeof arg);
		arg[0] = CHLD;
		nr = __NR_clone;
	}
	long result = nr >= CALL_SPAWN ? pseudo_call(nr, arg) : sys((long)nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	shared->progress++;
	if (forks && !was_here_before(result)) {
		from->at = await_turn();
		return;
	}
	if (terminals)
		settle_terminals();
	record(from, result, probe);
	most = !failed(result) && (u64)result > most ? (u64)result : most;
	if (!failed(result))
		set_slot(slots, slot, (u64)result);
	run_loads(from, slots, !failed(result), probe);
}

static void run(const struct program *program)
{
	struct slots *slots = &shared->slots;
	struct reader from = { program->code, program->end, false };
	slots->filled = 0;
	shared->turn = me;
	while (from.at < from.end) {
		u64 op = take(&from, 1);
		if (op == CALL) {
			run_call(&from, slots, program->touched & TOUCHES_MEMORY);
			from.at = next == me ? from.at : hand_over(next, from.at);
			continue;
		}
		u64 offset = take(&from, 4);
		if (op == STORE) {
			u32 width = (u32)take(&from, 1);
			u64 slot = take(&from, 1);
			put((void *)(DATA + offset), value_of(slots, slot, take(&from, 8)), width);
			continue;
		}
		u64 size = take(&from, 2);
		if (op == FILL) {
			memset((void *)(DATA + offset), POISON, size);
		} else {
			memcpy((void *)(DATA + offset), from.at, size);
			from.at += size;
		}
	}
	if (me)
		hand_over(0, from.end); // for ever
}
