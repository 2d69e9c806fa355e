// SPDX-License-Identifier: MIT
/*
 * The numbers of the protocol.
 *
 * Made by `python -m conformance.programs.header`. What is to be edited, and says what it means, is in
 * conformance/protocol/executor.py, conformance/programs/wire.py and conformance/syscalls/machinery/touches.py.
 */

#define PORT "org.conformance.agent"

enum {
	MAGIC = 0x31584353,
	VERSION = 0x7,
	FRAME_MAX = 0x1000000,
};
enum {
	RUN = 1,
	FORKS = 2,
	HELLO = 16,
	RESULTS = 17,
	ERROR = 18,
	FORKED = 19,
};

/* What programs touch unless they promise otherwise, what they wish for, what they consist of. */
enum {
	TOUCHES_FILES = 0x1,
	TOUCHES_LABELS = 0x2,
	TOUCHES_HIDDEN = 0x4,
	TOUCHES_PLACE = 0x8,
	TOUCHES_NAMES = 0x10,
	TOUCHES_PROCESS = 0x20,
	TOUCHES_MEMORY = 0x40,
	TOUCHES_IPC = 0x80,
	TOUCHES_NETWORK = 0x100,
	TOUCHES_MOUNTS = 0x200,
	TOUCHES_CHILDREN = 0x400,
	TOUCHES_EVERYTHING = 0x7ff,
};
enum {
	WISH_EXEC = 1,
	WISH_PID = 2,
	WISHES_KNOWN = 3,
};
enum {
	COPYIN = 1,
	FILL = 2,
	STORE = 3,
	CALL = 4,
};
enum {
	SLOTS = 64,
	NO_SLOT = 255,
};

/* Calls beside the kernel's. */
enum {
	CALL_SPAWN = 0x8000,
	CALL_THREAD = 0x8001,
	CALL_EXEC = 0x8002,
	CALL_LOAD = 0x8003,
	CALL_STORE = 0x8004,
	CALL_PTY_MASTER = 0x8005,
	CALL_PTY_SLAVE = 0x8006,
	CALL_PROC = 0x8007,
	CALL_URING = 0x8008,
	CALL_FORK = 0x8009,
	CALL_TURN = 0x800a,
	CALL_COPY = 0x800b,
	CALL_CLONE = 0x800c,
	CALL_CLONE3 = 0x8018,
	CALLS_END = 0x8024,
};

/* How programs end. */
enum {
	DONE = 0,
	DIED = 1,
	BLOCKED = 2,
	EXITED = 3,
	MALFORMED = 4,
	HARNESS = 5,
	LOST = 6,
};
