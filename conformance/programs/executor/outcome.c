// SPDX-License-Identifier: MIT
/* Outcomes. */

/* Write an outcome's head and go on to the next program. Whoever calls it is the only one who writes. */
static void conclude(u32 state, u32 detail)
{
	u32 start = OFFSET(shared->at), end = (u32)shared->done, kinds = 0;
	const u8 *log = (const u8 *)SIGLOG;
	u8 *outcome = OUTPUT + start;
	for (u32 signal = 1; signal <= SIGNALS; signal++)
		kinds += log[signal] != 0;
	if (kinds)
		memmove(outcome + OUTCOME_HEADER + 2 * kinds, outcome + OUTCOME_HEADER, end - start - OUTCOME_HEADER);
	end += 2 * kinds;
	put(outcome, end - start - 4, 4);
	put(outcome + 4, state, 1);
	put(outcome + 5, detail, 1);
	put(outcome + 6, shared->done >> 48, 2);
	put(outcome + 8, kinds, 1);
	u8 *to = outcome + OUTCOME_HEADER;
	for (u32 signal = 1; kinds && signal <= SIGNALS; signal++)
		if (log[signal]) {
			*to++ = (u8)signal;
			*to++ = log[signal];
		}
	if (state == DIED && (u32)shared->fault == detail) {
		put(OUTPUT + end, (u32)shared->fault_code, 4);
		put(OUTPUT + end + 4, shared->fault_at, 8);
		end += FAULT_BYTES;
		put(outcome, end - start - 4, 4);
	}
	shared->at = AT(PREPARING, INDEX(shared->at) + 1, end);
}

/* The outcome of a program that was not run. */
static void conclude_without(u32 state)
{
	zero(SIGLOG, SIGLOG_SIZE);
	shared->done = DONE_WITH(0, OFFSET(shared->at) + OUTCOME_HEADER);
	conclude(state, 0);
}

/* Whether the longest outcome that a program may have fits, with the shortest for all after it. */
static bool has_room(const struct program *program, u32 after)
{
	return (u64)OFFSET(shared->at) + program->size_max + (u64)after * OUTCOME_HEADER <= OUTPUT_MAX;
}
