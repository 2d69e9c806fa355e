// SPDX-License-Identifier: MIT
/*
 * A kernel that lies about one system call: what `conformance mutate` and the self-test of the search run the executor
 * behind.
 *
 *   shim where -- EXECUTOR...            tells on stderr where in the executor the calls of programs are made
 *   shim ADDRESS CONTROL -- EXECUTOR...
 *   shim ADDRESS CONTROL marked -- PYTHON...
 *
 * A call of a program is told from the executor's own by where it is made: there is one `syscall` instruction in the
 * executor that makes programs' calls and no others. `where` finds it: it reports the instruction that makes the call
 * 0x7fff, which the executor never makes itself, so a program that makes it says where programs make theirs. The
 * filter then compares the instruction pointer (seccomp(2), struct seccomp_data), so that everything else, the
 * executor's own calls in a worker that runs a program among them, is not even stopped.
 *
 * The suite in Python makes its calls at one place, too, its own as well as those of cases. So a process that begins a
 * case makes the call 0x7fff, which marks it, and all that it starts: `marked` lies to nobody else.
 *
 * CONTROL is a file of a page (`struct control`), which whoever has started the shim writes between two batches: each
 * may have a lie of its own. Its text is empty, or `NUMBER RULE...`: the call that is lied about (-1: every one), and how.
 * Rules are applied in order; numbers are decimal or hexadecimal, OP is one of and, or, xor, add, set:
 *
 *   if N VALUE[,VALUE...]        what follows holds only where the lower half of argument N is one of these
 *   arg N OP VALUE               changes argument N
 *   in N OFFSET WIDTH OP VALUE   changes memory that argument N points to, for the duration of the call
 *   out N OFFSET WIDTH OP VALUE  changes it after the call, if that has succeeded
 *   zero N OFFSET SIZE           makes zero what of it a call that succeeded has written there
 *   keep N SIZE                  a call that succeeded has written nothing there
 *   cut N SIZE                   it has not written the last byte of what it wrote there; SIZE 0: up to its result
 *   errno A B                    failure with A (-1: any) is told as failure with B; 0 is success
 *   result OP VALUE              changes the result of a success, unless that made a failure of it
 *   skip RESULT                  nothing is done, and this is the result
 *   stale                        a success has the result of the last one in the same process
 *
 * No PR_SET_NO_NEW_PRIVS, which programs could see; so it takes CAP_SYS_ADMIN. Exit status: the executor's own, or
 * 125 when the shim fails itself.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODYS_CALL = 0x7fff, RULES_MAX = 8, VALUES_MAX = 256, WINDOW = 4096, FAILED = 125 };
enum { PIDS = 1 << 22, PROCESSES_MAX = 4096 };
enum { WORKERS = 2 }; // depth of the executor's processes that make programs' calls
enum { ERRNO_MAX = 511 }; // beyond are those that no program is told: the call is made again

typedef uint64_t u64;
typedef unsigned long long number;

/* What the shim and who has started it share. */
struct control {
	uint32_t turn;  // another one: there is another text
	uint32_t lies;  // how often something was told or done that is not so
	char text[WINDOW - 8];
};

enum what { IF, ARG, IN, OUT, ZERO, KEEP, CUT, ERRNO, RESULT, SKIP, STALE };
struct rule {
	enum what what;
	char op[4];
	u64 argument, offset, width, value; // of ERRNO: `offset` becomes `value`
	uint32_t values[VALUES_MAX], count; // of IF
};

/* What is known of a process between a call's entry and its exit. */
struct process {
	bool used, inside;
	bool announced, waiting; // its parent has told of it; it has stopped before that
	bool begun;
	bool marked;
	int depth;               // 0: who was started, 1: its children …
	struct user_regs_struct before;
	u64 memory[RULES_MAX]; // what an `in` rule has overwritten
	bool touched[RULES_MAX];
	long last;             // result
	u64 had;               // bytes of `window`
	uint8_t window[WINDOW]; // what was in memory that `zero`, `keep` and `cut` look at
};

static struct rule rules[RULES_MAX];
static int count;
static bool locating, marking;
static u64 address;
static long wanted;
static volatile struct control *control;
static uint32_t turn;

static struct process processes[PROCESSES_MAX];
static uint16_t place[PIDS]; // by pid: index of its process and one, or 0

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "shim: %s: %s\n", what, strerror(errno));
	exit(FAILED);
}

/* -------------------------------------------------------------------------------------------------------- rules */

static _Noreturn void misuse(const char *word)
{
	fprintf(stderr, "shim: %s is not understood\n", word ? word : "the end");
	exit(FAILED);
}

static u64 numeral(char ***at)
{
	char *end = NULL, *word = *(*at)++;
	u64 value = word ? strtoull(word, &end, 0) : 0;
	if (!word || end == word || *end)
		misuse(word);
	return value;
}

static void operation(struct rule *rule, char ***at)
{
	static const char *const known[] = { "and", "or", "xor", "add", "set" };
	const char *word = *(*at)++;
	for (int i = 0; word && i < 5; i++)
		if (!strcmp(word, known[i])) {
			strcpy(rule->op, word);
			rule->value = numeral(at);
			return;
		}
	misuse(word);
}

/* Numbers with commas between them. */
static void read_values(struct rule *rule, char *word)
{
	char *end = word;
	if (!word)
		misuse(word);
	do {
		if (rule->count == VALUES_MAX)
			misuse("one value more");
		rule->values[rule->count++] = (uint32_t)strtoull(word, &end, 0);
		if (end == word || (*end && *end != ','))
			misuse(word);
		word = end + 1;
	} while (*end);
}

static void read_rule(char ***at)
{
	static const char *const words[] = { "if",   "arg", "in",    "out",    "zero", "keep",
					     "cut",  "errno", "result", "skip", "stale" };
	struct rule *rule = &rules[count++];
	const char *word = *(*at)++;
	int what = 0;
	if (count > RULES_MAX)
		misuse("one rule more");
	while (what <= STALE && strcmp(word, words[what]))
		what++;
	if (what > STALE)
		misuse(word);
	memset(rule, 0, sizeof *rule);
	rule->what = (enum what)what;
	if (what <= CUT && (rule->argument = numeral(at)) > 5)
		misuse("an argument beyond the sixth");
	if (what == IN || what == OUT || what == ZERO)
		rule->offset = numeral(at);
	if (what >= IN && what <= CUT)
		rule->width = numeral(at);
	if ((what == IN || what == OUT) && rule->width > 8)
		misuse("a width of more than 8");
	if (rule->offset > WINDOW || rule->width > WINDOW - rule->offset)
		misuse("more than a page");
	if (what == IF)
		read_values(rule, *(*at)++);
	else if (what == ERRNO)
		rule->offset = numeral(at), rule->value = numeral(at);
	else if (what == SKIP)
		rule->value = numeral(at);
	else if (what <= OUT || what == RESULT)
		operation(rule, at);
}

/* Read the rules, if there are others than before. */
static void read_control(void)
{
	static char text[sizeof control->text];
	static char *words[sizeof text / 2 + 2];
	if (turn == control->turn)
		return;
	turn = control->turn;
	memcpy(text, (const char *)control->text, sizeof text - 1);
	char **at = words;
	for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
		*at++ = word;
	*at = NULL;
	at = words;
	count = 0;
	wanted = *at ? (long)numeral(&at) : NOBODYS_CALL;
	while (*at)
		read_rule(&at);
}

/* ------------------------------------------------------------------------------------------------------- filter */

/* Stop at `address`; at nobody's call, wherever, if that is what is looked for. */
static void install_filter(void)
{
	const uint32_t low = (uint32_t)address, high = (uint32_t)(address >> 32);
	const size_t ip = offsetof(struct seccomp_data, instruction_pointer);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 7),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | (locating ? BPF_JEQ : BPF_JGE) | BPF_K, locating ? NOBODYS_CALL : 0, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)ip),
		BPF_JUMP(BPF_JMP | (address ? BPF_JEQ : BPF_JGE) | BPF_K, address ? low : 0, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)ip + 4),
		BPF_JUMP(BPF_JMP | (address ? BPF_JEQ : BPF_JGE) | BPF_K, address ? high : 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof code[0], code };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program))
		fail("the filter cannot be installed");
}

/* ----------------------------------------------------------------------------------------------------- mutation */

static u64 changed(const struct rule *rule, u64 value)
{
	switch (rule->op[1]) {
	case 'n':
		return value & rule->value;
	case 'r':
		return value | rule->value;
	case 'o':
		return value ^ rule->value;
	case 'd':
		return value + rule->value;
	default:
		return rule->value;
	}
}

static unsigned long long *argument(struct user_regs_struct *regs, u64 which)
{
	unsigned long long *const all[] = { &regs->rdi, &regs->rsi, &regs->rdx, &regs->r10, &regs->r8, &regs->r9 };
	return all[which];
}

/* Through the kernel, so that memory that is not there is no more than a failure. */
static bool peek(pid_t pid, u64 at, void *to, size_t size)
{
	struct iovec ours = { to, size }, theirs = { (void *)at, size };
	return process_vm_readv(pid, &ours, 1, &theirs, 1, 0) == (ssize_t)size;
}

static bool poke(pid_t pid, u64 at, void *from, size_t size)
{
	struct iovec ours = { from, size }, theirs = { (void *)at, size };
	return process_vm_writev(pid, &ours, 1, &theirs, 1, 0) == (ssize_t)size;
}

static bool change_memory(pid_t pid, const struct rule *rule, struct user_regs_struct *regs, u64 *old)
{
	u64 at = *argument(regs, rule->argument) + rule->offset, value = 0;
	if (!peek(pid, at, &value, rule->width))
		return false;
	*old = value;
	value = changed(rule, value);
	if (rule->width < 8)
		value &= ((u64)1 << 8 * rule->width) - 1;
	control->lies += value != *old;
	return poke(pid, at, &value, rule->width);
}

static bool holds(const struct rule *rule, struct user_regs_struct *regs)
{
	for (uint32_t i = 0; i < rule->count; i++)
		if ((uint32_t)*argument(regs, rule->argument) == rule->values[i])
			return true;
	return false;
}

/* Remember what is in memory, as far as there is any, up to a page of it. */
static void look(pid_t pid, struct process *process, const struct rule *rule)
{
	u64 at = *argument(&process->before, rule->argument);
	u64 size = rule->width ? rule->offset + rule->width : WINDOW, here = 4096 - at % 4096;
	process->had = 0;
	if (here > size)
		here = size;
	if (peek(pid, at, process->window, here))
		process->had = size > here && peek(pid, at + here, process->window + here, size - here) ? size : here;
}

/* Make what a call has written something else: `zero`, `keep`, `cut`. */
static void unwrite(pid_t pid, const struct process *process, const struct rule *rule, long result)
{
	uint8_t now[WINDOW], then[WINDOW];
	u64 at = *argument((struct user_regs_struct *)&process->before, rule->argument), lies = 0;
	u64 end = rule->width ? rule->offset + rule->width : (u64)result;
	end = end < process->had ? end : process->had;
	if (rule->offset >= end || !peek(pid, at, now, end))
		return;
	memcpy(then, now, end);
	for (u64 i = end; i-- > rule->offset && !(rule->what == CUT && lies);)
		if (now[i] != process->window[i]) {
			then[i] = rule->what == ZERO ? 0 : process->window[i];
			lies += then[i] != now[i];
		}
	if (lies && poke(pid, at, then, end))
		control->lies++;
}

static void enter(pid_t pid, struct process *process)
{
	struct user_regs_struct regs;
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		return;
	if (locating) {
		fprintf(stderr, "%#llx\n", (number)regs.rip);
		return;
	}
	if (regs.orig_rax == NOBODYS_CALL)
		process->marked = true;
	if (marking && !process->marked)
		return;
	read_control();
	if (wanted >= 0 && (long)regs.orig_rax != wanted)
		return;
	process->before = regs;
	process->inside = true;
	memset(process->touched, 0, sizeof process->touched);
	for (int i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];
		if (rule->what == IF && !holds(rule, &process->before))
			break;
		if (rule->what == ARG) {
			unsigned long long *changing = argument(&regs, rule->argument), old = *changing;
			*changing = changed(rule, old);
			control->lies += *changing != old;
		}
		if (rule->what == IN)
			process->touched[i] = change_memory(pid, rule, &process->before, &process->memory[i]);
		if (rule->what >= ZERO && rule->what <= CUT)
			look(pid, process, rule);
		if (rule->what == SKIP) {
			regs.orig_rax = ~0ULL;
			regs.rax = rule->value;
			process->inside = false;
			control->lies++;
		}
	}
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

static bool is_errno(long result)
{
	return result < 0 && result >= -4095;
}

static long told(pid_t pid, struct process *process, long result)
{
	const long truth = result;
	if (result < -ERRNO_MAX && is_errno(result))
		return result;
	for (int i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];
		const long before = result;
		u64 old;
		if (rule->what == IF && !holds(rule, &process->before))
			break;
		if (rule->what == ERRNO && (rule->offset == ~0UL ? is_errno(result) :
					    rule->offset         ? result == -(long)rule->offset :
								   !is_errno(result)))
			result = -(long)rule->value;
		else if (rule->what == RESULT && !is_errno(result) && !is_errno((long)changed(rule, (u64)result)))
			result = (long)changed(rule, (u64)result);
		else if (rule->what == STALE && !is_errno(result))
			result = process->last;
		else if (rule->what == OUT && !is_errno(result))
			change_memory(pid, rule, &process->before, &old);
		else if (rule->what >= ZERO && rule->what <= CUT && !is_errno(result))
			unwrite(pid, process, rule, result);
		control->lies += result != before;
	}
	if (!is_errno(truth))
		process->last = truth;
	return result;
}

/* The registers that were changed become what they were: the executor's compiler relies on a call leaving them alone. */
static void leave(pid_t pid, struct process *process)
{
	struct user_regs_struct regs;
	process->inside = false;
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs))
		return;
	for (int i = count - 1; i >= 0; i--)
		if (process->touched[i])
			poke(pid, *argument(&process->before, rules[i].argument) + rules[i].offset, &process->memory[i], rules[i].width);
	for (u64 i = 0; i < 6; i++)
		*argument(&regs, i) = *argument(&process->before, i);
	regs.rax = (unsigned long long)told(pid, process, (long)regs.rax);
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

/* ------------------------------------------------------------------------------------------------------ tracing */

static struct process *process_of(pid_t pid)
{
	if (!place[pid])
		for (unsigned i = 0; i < PROCESSES_MAX && !place[pid]; i++)
			if (!processes[i].used) {
				memset(&processes[i], 0, offsetof(struct process, window));
				processes[i].used = true;
				place[pid] = (uint16_t)(i + 1);
			}
	if (!place[pid]) {
		errno = EAGAIN;
		fail("more processes than anybody makes");
	}
	return &processes[place[pid] - 1];
}

static void forget(pid_t pid)
{
	if (place[pid])
		processes[place[pid] - 1].used = false;
	place[pid] = 0;
}

/*
 * Let a process go on that has just been started. What programs start elsewhere makes no calls at the place where they make
 * theirs, and so is not traced any longer: a program may want to trace it.
 */
static void begin(pid_t pid)
{
	bool goes = !marking && process_of(pid)->depth > WORKERS;
	process_of(pid)->waiting = false;
	process_of(pid)->begun = true;
	ptrace(goes ? PTRACE_DETACH : PTRACE_CONT, pid, 0, 0);
	if (goes)
		forget(pid);
}

/* Whether a process is at the place where programs make their calls. */
static bool is_at_place(pid_t pid)
{
	struct user_regs_struct regs;
	return !ptrace(PTRACE_GETREGS, pid, 0, &regs) && regs.rip == address;
}

/* A process has started another, which is marked as it is. One that a program has started there makes calls of it. */
static void announce(pid_t pid)
{
	unsigned long child = 0;
	if (ptrace(PTRACE_GETEVENTMSG, pid, 0, &child) || child >= PIDS)
		return;
	struct process *process = process_of((pid_t)child);
	process->announced = true;
	process->marked = process_of(pid)->marked;
	process->depth = process_of(pid)->depth + !is_at_place(pid);
	if (process->waiting)
		begin((pid_t)child);
}

/* A process has stopped: do what there is to do, and let it go on. Those that are gone meanwhile are no failure. */
static void go_on(pid_t pid, int status)
{
	int event = status >> 16, stop = WSTOPSIG(status);
	if (event == PTRACE_EVENT_SECCOMP) {
		enter(pid, process_of(pid));
		ptrace(process_of(pid)->inside ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, 0);
	} else if (stop == (SIGTRAP | 0x80)) {
		if (process_of(pid)->inside)
			leave(pid, process_of(pid));
		ptrace(PTRACE_CONT, pid, 0, 0);
	} else if (event == PTRACE_EVENT_STOP && stop != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, 0, 0); // it stays stopped, as its parent sees it
	} else if (event == PTRACE_EVENT_STOP && !process_of(pid)->announced) {
		process_of(pid)->waiting = true;
	} else if (event == PTRACE_EVENT_STOP && !process_of(pid)->begun) {
		begin(pid);
	} else {
		if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
			announce(pid);
		ptrace(PTRACE_CONT, pid, 0, event ? 0 : stop);
	}
}

static int follow(pid_t executor)
{
	for (;;) {
		int status = 0;
		pid_t pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno != EINTR)
			fail("nobody is left to wait for");
		if (pid < 0)
			continue;
		if (WIFSTOPPED(status)) {
			go_on(pid, status);
			continue;
		}
		forget(pid);
		if (pid == executor)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

static _Noreturn void become(char **command, const int pipe[2])
{
	char byte;
	close(pipe[1]);
	if (read(pipe[0], &byte, 1) != 1)
		exit(FAILED);
	install_filter();
	execv(command[0], command);
	fail(command[0]);
}

static void share(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	void *page = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		fail(path);
	close(fd);
	control = page;
	turn = control->turn - 1;
	read_control();
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACESECCOMP;
	char **at = argv + 1;
	int pipe[2];
	if (argc < 4)
		misuse(NULL);
	locating = !strcmp(*at, "where");
	if (locating) {
		at++;
	} else {
		address = numeral(&at);
		share(*at++);
		marking = *at && !strcmp(*at, "marked");
		at += marking;
	}
	if (!at[0] || strcmp(*at, "--") || !at[1])
		misuse(*at);
	if (pipe2(pipe, 02000000)) // O_CLOEXEC
		fail("pipe");
	pid_t executor = fork();
	if (executor == 0)
		become(at + 1, pipe);
	if (executor < 0 || ptrace(PTRACE_SEIZE, executor, 0, options))
		fail("the executor cannot be traced");
	process_of(executor)->announced = process_of(executor)->begun = true;
	close(0); // they are the executor's
	close(1);
	if (write(pipe[1], "", 1) != 1)
		fail("write");
	close(pipe[0]);
	return follow(executor);
}
