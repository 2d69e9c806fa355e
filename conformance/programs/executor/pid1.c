// SPDX-License-Identifier: MIT
/* As PID 1 of an initial ramdisk: the way to the host. */

#define PORTS "/sys/class/virtio-ports"

/* The name of the virtio port that is ours, behind "/dev/". */
static bool find_port(char *to)
{
	u8 entries[1024] __attribute__((aligned(8)));
	char path[320], name[64];
	long fd = sys(__NR_open, PORTS, O_RDONLY | O_DIRECTORY);
	long got = failed(fd) ? 0 : sys(__NR_getdents64, fd, entries, sizeof entries);
	sys(__NR_close, fd);
	for (long at = 0; at < got;) {
		const struct entry *entry = (const struct entry *)(entries + at);
		at += entry->size;
		append(append(append(path, PORTS "/"), entry->name), "/name");
		fd = sys(__NR_open, path, O_RDONLY);
		memset(name, 0, sizeof name);
		sys(__NR_read, fd, name, sizeof name - 1);
		sys(__NR_close, fd);
		if (!begins(name, PORT))
			continue;
		append(append(to, "/dev/"), entry->name);
		return true;
	}
	return false;
}

static void make_raw(long fd)
{
	struct termios terminal;
	if (failed(sys(__NR_ioctl, fd, TCGETS, &terminal)))
		return;
	terminal.c_iflag = 0;
	terminal.c_oflag = 0;
	terminal.c_lflag = 0;
	terminal.c_cflag = B115200 | CS8 | CREAD | CLOCAL;
	terminal.c_cc[VMIN] = 1;
	terminal.c_cc[VTIME] = 0;
	sys(__NR_ioctl, fd, TCSETS, &terminal);
}

/* Wait until the other side of a port is there: until then, reading says that the stream has ended. */
static void await_host(long fd)
{
	for (u32 tries = 0; tries < SETUP_MS; tries++) {
		struct pollfd port = { (int)fd, POLLIN, 0 };
		sys(__NR_poll, &port, 1, 0);
		if (!(port.revents & POLLHUP))
			return;
		sleep_ms(1);
	}
}

/* Drivers that the kernel has as modules and that it takes to reach the host: /modules/0, /modules/1 ... */
static void load_modules(void)
{
	char path[32];
	for (u32 number = 0;; number++) {
		append_number(append(path, "/modules/"), number);
		long fd = sys(__NR_open, path, O_RDONLY);
		if (failed(fd))
			return;
		sys(__NR_finit_module, fd, "", 0);
		sys(__NR_close, fd);
	}
}

static void open_stream(void)
{
	char path[320];
	long fd = -ENODEV;
	load_modules();
	sys(__NR_mkdir, "/dev", 0755);
	sys(__NR_mkdir, "/proc", 0755);
	sys(__NR_mkdir, "/sys", 0755);
	sys(__NR_mount, "dev", "/dev", "devtmpfs", 0, "mode=755");
	sys(__NR_mount, "proc", "/proc", "proc", 0, 0);
	sys(__NR_mount, "sys", "/sys", "sysfs", 0, 0);
	for (u32 tries = 0; tries < 200 && failed(fd); tries++) { // a port may be found a little later
		if (find_port(path))
			fd = sys(__NR_open, path, O_RDWR);
		if (failed(fd))
			sleep_ms(5);
	}
	if (!failed(fd)) {
		await_host(fd);
	} else {
		fd = sys(__NR_open, "/dev/ttyS1", O_RDWR | O_NOCTTY);
		make_raw(fd);
	}
	sys(__NR_dup2, fd, FD_SPARE);
	sys(__NR_dup2, FD_SPARE, 0);
	sys(__NR_dup2, FD_SPARE, 1);
	sys(__NR_close, FD_SPARE);
}
