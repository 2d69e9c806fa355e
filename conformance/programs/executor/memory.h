// SPDX-License-Identifier: MIT
/* Memory of our own, shared by the keeper and its workers, far from the program's. */

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
