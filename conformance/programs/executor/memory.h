// SPDX-License-Identifier: MIT
/* Where everything lies. */

/* A program's memory. It is at the same place everywhere, so that addresses are equal on all targets. */
#define DATA 0x200000000000UL
#define DATA_SIZE 0x10000UL
#define EDGES 4
#define EDGE_STRIDE 0x2000UL
#define ONES (DATA + 0x100000)
#define HANDLER (DATA + 0x200000)
#define SIGLOG (DATA + 0x210000)
#define SIGLOG_SIZE 128 // a byte for each signal
#define ARENA (DATA + 0x1000000)
#define ARENA_SIZE (64UL * PAGE)
#define MEMORY_END (DATA + 0x2000000)

/* Our own, shared by the keeper and its workers, far from the program's. */
#define SHARED 0x300000000000UL
#define SCRATCH_INPUT (SHARED + 0x10000)
#define SCRATCH_OUTPUT (SHARED + 0x1100000)
#define OUTPUT_HEADROOM 64
#define SCRATCH_BINARY (SHARED + 0x2200000)
#define SHARED_SIZE (0x2200000UL + BINARY_MAX)
#define INPUT ((u8 *)SCRATCH_INPUT)
#define OUTPUT ((u8 *)SCRATCH_OUTPUT + OUTPUT_HEADROOM)
#define OUTPUT_MAX ((u32)FRAME_MAX - 8)
#define BINARY ((u8 *)SCRATCH_BINARY)
