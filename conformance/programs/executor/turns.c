// SPDX-License-Identifier: MIT
/*
 * Processes that run a program in turns: FORK makes one, TURN says who makes the calls that follow. They share where
 * the program has got to, its slots and its outcome; memory, fds and all else is each one's own, as fork(2) leaves it.
 */

static u32 me, next; // this process, the first of which is 0, and who is to go on
static u32 newest;   // the number of the process that was made last
static long maker;   // and who has made it

/* Until it is this process's turn; where the program is then. */
static const u8 *await_turn(void)
{
	for (u32 whose; (whose = shared->turn) != me;)
		futex_wait(&shared->turn, whose, 0);
	next = me;
	return (const u8 *)shared->reached;
}

/* Have another process go on from there. */
static const u8 *hand_over(u32 to, const u8 *at)
{
	shared->reached = (u64)at;
	shared->turn = to;
	futex_wake(&shared->turn);
	return await_turn();
}

/* Whether there may be one more. */
static bool may_fork(void)
{
	newest = shared->children + 1;
	maker = sys(__NR_getpid);
	return newest <= CHILDREN_MAX;
}

/* A fork was tried. False: in the new process, which has nothing to do but to wait for its turn. */
static bool was_here_before(long pid)
{
	if (pid == 0) {
		sys(__NR_prctl, PR_SET_PDEATHSIG, KILL);
		if (sys(__NR_getppid) != maker)
			leave(0);
		me = newest;
		return false;
	}
	if (!failed(pid)) {
		shared->child[newest - 1].pid = (u32)pid;
		shared->children = newest;
	}
	return true;
}

static long turn_to(u64 process)
{
	if (process > shared->children)
		return -EINVAL;
	next = (u32)process;
	return 0;
}
