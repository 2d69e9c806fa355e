// SPDX-License-Identifier: MIT
/* How much of everything there may be, and other numbers that nobody else needs to know. */

enum { GOT_MNT = 1, GOT_PID = 2, GOT_IPC = 4, GOT_UTS = 8, GOT_NET = 16, GOT_ROOT = 32 };
enum { NOT_UNDERSTOOD = 2, BROKEN = 3, NOBODY_READS = 141 }; // exit statuses

enum {
	CALLS_MAX = 4096,
	OUTCOME_HEADER = 9,
	FAULT_BYTES = 12,
	OUTCOME_MAX = 8 << 20,
	SIGNALS = 64,
	PROGRAMS_MAX = 1 << 20,
	FORKS_MAX = 100000,
	CHILDREN_MAX = 8,
	THREADS_MAX = 4,
	TERMINALS_MAX = 8,  // ends of terminals that are waited for
	TREES_MAX = 256,    // trees of finished programs that are kept before a file system is thrown away
	BINARY_MAX = 256 << 10,
	PATIENCE_MS = 5000, // for what takes no time unless something is wrong with us
	SETUP_MS = 10000,
	SETTLE_NS = 5000000, // for what the kernel does behind a call on a terminal
};
