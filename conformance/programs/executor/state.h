// SPDX-License-Identifier: MIT
/* What the keeper and its workers know. */

/* Results that later calls take. */
struct slots { u64 filled, value[SLOTS]; };

/* What a worker tells while it works, so that the keeper knows it when the worker is dead. */
struct shared {
	volatile u32 bell;        // futex: something happened to a worker
	volatile u32 progress;    // changes with every call
	volatile u64 at;          // phase, index of the program, where its outcome begins: see AT
	volatile u64 done;        // completed calls, where their results end: see DONE_WITH
	volatile u32 why;         // a worker ended between programs
	volatile u32 trees;       // how many trees of finished programs there are
	volatile u32 has_binary;  // whether /x is there
	volatile u32 tree_whole;  // the tree that is there is as it was made: no program has reached it
	volatile u32 children;
	volatile int exec_error;
	volatile int fault;       // the signal of a fault that the program has not survived
	volatile int fault_code;  // its si_code
	volatile u64 fault_at;    // its si_addr
	volatile long opened;     // what came of opening what lies beside the room
	struct { volatile u32 pid, word; } child[CHILDREN_MAX]; // a thread has no pid here
	volatile u32 turn;        // futex: which of a program's processes makes its calls
	volatile u64 reached;     // where in the program that one goes on
	struct slots slots;       // of the program that is run
};
#define shared ((struct shared *)SHARED)

enum { PREPARING = 0, RUNNING = 1, FINISHED = 2 };
enum { WHY_DIED = 0, WHY_ENOUGH = 1, WHY_FRESH = 2 };

#define AT(phase, index, offset) ((u64)(phase) << 56 | (u64)(index) << 28 | (u64)(offset))
#define PHASE(at) ((u32)((at) >> 56))
#define INDEX(at) ((u32)((at) >> 28 & 0xfffffff))
#define OFFSET(at) ((u32)((at) & 0xfffffff))
#define DONE_WITH(calls, end) ((u64)(calls) << 48 | (u64)(end))

static struct {
	u32 obtained;
	long pid;                 // the keeper's own
	bool chroots;             // workers have `room` as their root
	bool mounts;              // `room` is a file system of its own
	bool tells;               // whether a file's status shows every change
	bool terminals;           // there is a file system of terminals beside `room`
	bool proc;                // and one of processes
	char room[4000];          // where trees are made, as the keeper names it
	char tree[4064], binary[4064], old[4064]; // as a worker names them
	u64 clean_size;           // of `room` with nothing in it but what is ours
	int stale;                // an fd that keeps the last file system, which takes time to take apart
	u32 binary_size;
	u64 page_size;
} own;

static u64 most;              // the highest result that a program has got
static u32 thread_word[THREADS_MAX];
static u32 threads;
static bool cloned;           // the program has children that may share what is the worker's
static struct pollfd terminal[TERMINALS_MAX]; // those that the program has opened
static u32 terminals;         // how many it has opened, which may be more
static u8 thread_stack[THREADS_MAX][2048] __attribute__((aligned(16)));
