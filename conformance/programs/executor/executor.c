// SPDX-License-Identifier: MIT
/*
 * The executor: reads programs, which are sequences of raw system calls, and answers with their outcomes.
 *
 * It is the same file on every target. It needs no libc, so that a process of it is a few pages and forking one is
 * cheap; how often it can fork is what limits how many programs it runs. `runners/payload/executor.py` has the compiler's
 * command line. All numbers are little-endian, in frames, programs and outcomes alike.
 *
 *   P0       what was started. Makes the namespaces, waits, and ends as the keeper does.
 *   keeper   reads stdin, writes stdout, forks workers and watches them. PID 1 of its own PID namespace.
 *   worker   runs programs, one behind the other. A program that asks for it has a worker to itself.
 *
 * Frames: u32 magic, u32 type, u32 length, payload.
 *
 *   RUN      u32 sequence, u32 deadline of a call in ms, u32 count, programs
 *   FORKS    u32 count: how long do so many forks take?
 *   HELLO    u16 version, u16 obtained, u32 page size, u64 data address, char release[65]
 *   RESULTS  u32 sequence, u32 count, outcomes
 *   ERROR    text. The executor ends: with status 2 if a frame was not understood, with 3 if it failed itself
 *   FORKED   u64 ns
 *
 * A program: u32 size of the rest, u8 number of calls, u8 wishes, u16 untouched, instructions.
 *
 * Wishes are 1 for a file that can be executed, and 2 for a PID namespace of its own. `untouched` are promises: a bit
 * for each thing that the program leaves alone, whatever happens, see conformance/syscalls/machinery/touches.py. What is
 * not promised is done, for all that is known here, and undone at any cost. What memory it may write is not a matter
 * of promises, but looked up in each instruction.
 *
 *   files     nothing in the tree changes, if labels, hidden and place are promised as well
 *   labels    what changes in the tree shows in its times and in the status of files
 *   hidden    what changes in the tree shows in its times
 *   place     the working directory stays
 *   names     the program knows no names in the tree but those that are in its instructions
 *   process   what is left behind by its end is what a worker puts back: files, fds, umask, working directory
 *   memory    mappings and limits stay, so that memory can be read without asking whether it is there
 *   ipc, network, mounts, children   no namespace is needed, no process left
 *
 *   1 COPYIN  u32 offset, u16 length, bytes
 *   2 FILL    u32 offset, u16 length                     with POISON
 *   3 STORE   u32 offset, u8 width, u8 slot, u64 default
 *   4 CALL    u16 number, u8 nargs, nargs * (u8 slot, u64 default), u8 result slot,
 *             u8 nouts * (u32 offset, u16 length), u8 nloads * (u8 slot, u32 offset, u8 width)
 *
 * An outcome: u32 size of the rest, u8 state, u8 detail, u8 completed calls, u8 number of kinds of signals caught,
 * per kind u8 signal and u8 count (255: as many or more), then per completed call i64 result and per block that it
 * puts out u16 extent, bytes. The extent ends behind the last byte that is not POISON. Where a fault ended the program
 * and it is known why: i32 si_code, u64 si_addr.
 *
 * Exit status: 0 the input ended, 2 and 3 as above, 141 nobody reads.
 */

/* One translation unit: a part uses what stands in those above it. */

#include "platform.h"
#include "protocol.h"
#include "world.h"
#include "bounds.h"
#include "memory.h"
#include "libc.h"
#include "state.h"

#include "frames.c"
#include "program.c"
#include "outcome.c"
#include "fault.c"
#include "ring.c"
#include "beside.c"
#include "terminal.c"
#include "proc.c"
#include "clone.c"
#include "turns.c"
#include "pseudo.c"
#include "run.c"

#include "room.c"
#include "tree.c"
#include "worker.c"
#include "world.c"
#include "keeper.c"
#include "p0.c"

#include "pid1.c"
#include "start.c"
