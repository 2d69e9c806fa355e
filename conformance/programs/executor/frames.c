// SPDX-License-Identifier: MIT
/* Frames: the stream to whoever sends programs. */

static void write_all(const u8 *from, size_t n)
{
	while (n) {
		long wrote = sys(__NR_write, FD_OUT, from, n);
		if (wrote == -EAGAIN) {
			struct pollfd out = { FD_OUT, POLLOUT, 0 };
			sys(__NR_poll, &out, 1, -1);
		} else if (wrote >= 0) {
			from += wrote;
			n -= (size_t)wrote;
		} else if (wrote != -EINTR) {
			leave(NOBODY_READS);
		}
	}
}

/* Send what lies behind twelve bytes of headroom. */
static void send_frame(u32 type, u8 *payload, u32 size)
{
	put(payload - 12, MAGIC, 4);
	put(payload - 8, type, 4);
	put(payload - 4, size, 4);
	write_all(payload - 12, size + 12);
}

static _Noreturn void give_up(int status, const char *what, long error)
{
	char text[12 + 512], *end = append(text + 12, what);
	if (failed(error))
		append_number(append(end, ": errno "), (u64)-error);
	send_frame(ERROR, (u8 *)text + 12, (u32)length(text + 12));
	leave(status);
}

/* Read exactly `n` bytes. False at the end of the stream, if that is where a frame may end. */
static bool read_all(u8 *to, size_t n, bool may_end)
{
	for (size_t got = 0; got < n;) {
		long more = sys(__NR_read, FD_IN, to + got, n - got);
		if (more == -EAGAIN) {
			struct pollfd in = { FD_IN, POLLIN, 0 };
			sys(__NR_poll, &in, 1, -1);
		} else if (more > 0) {
			got += (size_t)more;
		} else if (more != -EINTR) {
			if (may_end && !got)
				return false;
			give_up(NOT_UNDERSTOOD, "the stream ended within a frame", more);
		}
	}
	return true;
}

/* Wait for a frame. When P0 is gone, nobody wants one. */
static void await_frame(void)
{
	struct pollfd wanted[2] = { { FD_IN, POLLIN, 0 }, { FD_ALIVE, 0, 0 } };
	long ready;
	do
		ready = sys(__NR_poll, wanted, 2, -1);
	while (ready == -EINTR);
	if (wanted[1].revents)
		leave(0);
}
