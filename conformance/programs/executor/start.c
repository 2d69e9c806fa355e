// SPDX-License-Identifier: MIT
/* Where the kernel enters. */

__attribute__((used)) static _Noreturn void start(long *stack)
{
	long argc = *stack;
	char **argv = (char **)stack + 1, **envp = argv + argc + 1, **variable = envp;
	char temporary[3904] = "";
	if (argc && same(argv[0], "report"))
		report();
	for (; *variable; variable++) {
		if (begins(*variable, "TMPDIR=") && length(*variable) < 3900)
			append(temporary, *variable + 7);
		memset(*variable, 0, length(*variable)); // programs have no environment
	}
	own.page_size = PAGE;
	for (u64 *pair = (u64 *)(variable + 1); *pair != AT_NULL; pair += 2)
		if (pair[0] == AT_PAGESZ)
			own.page_size = pair[1];
	bool first = sys(__NR_getpid) == 1 && argc < 2;
	if (first)
		open_stream();
	int status = become_parent(argc ? argv[0] : "", temporary);
	if (first)
		sys(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, 0);
	leave(status);
}

__attribute__((naked, used)) void _start(void)
{
	__asm__("xor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start");
}
