// SPDX-License-Identifier: MIT
/* The numbers of the protocol, and how much of everything there may be. */

enum { MAGIC = 0x31584353, VERSION = 2, FRAME_MAX = 16 << 20 };
enum { RUN = 1, FORKS = 2, HELLO = 16, RESULTS = 17, ERROR = 18, FORKED = 19 };
enum { COPYIN = 1, FILL = 2, STORE = 3, CALL = 4 };
enum { DONE = 0, DIED = 1, BLOCKED = 2, EXITED = 3, MALFORMED = 4, FAILED = 5 };
enum { GOT_MNT = 1, GOT_PID = 2, GOT_IPC = 4, GOT_UTS = 8, GOT_NET = 16, GOT_ROOT = 32 };
enum { NOT_UNDERSTOOD = 2, BROKEN = 3, NOBODY_READS = 141 };

enum {
	SLOTS = 64,
	CONSTANT = 0xff,           // instead of a slot
	CALLS_MAX = 64,
	OUTCOME_HEADER = 8,
	OUTCOME_MAX = 64 << 10,
	SIGNALS = 64,
	PROGRAMS_MAX = 1 << 20,
	FORKS_MAX = 100000,
	CHILDREN_MAX = 8,
	THREADS_MAX = 4,
	TREES_MAX = 256,           // trees of finished programs that are kept before a file system is thrown away
	BINARY_MAX = 256 << 10,
	PATIENCE_MS = 5000,        // for what takes no time unless something is wrong with us
	SETUP_MS = 10000,
};
