// SPDX-License-Identifier: MIT
/* A request of io_uring(7): a ring is made, has one request, and is gone when that is done. */

struct ring { u8 *submitted, *completed, *requests; };

static u8 *map_ring(long fd, u64 size, u64 at)
{
	long got = sys(__NR_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, at);
	return failed(got) ? 0 : (u8 *)got;
}

/* Hand in the request and wait until it is done: what it comes to. */
static long submit(long fd, const struct io_uring_params *params, const struct ring *ring, u64 request)
{
	u32 *tail = (u32 *)(ring->submitted + params->sq_off.tail);
	memcpy(ring->requests, (const void *)request, sizeof(struct io_uring_sqe));
	*(u32 *)(ring->submitted + params->sq_off.array) = 0;
	__atomic_store_n(tail, 1, __ATOMIC_RELEASE);
	long entered = sys(__NR_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, 0, 0);
	if (failed(entered))
		return entered;
	if (!__atomic_load_n((u32 *)(ring->completed + params->cq_off.tail), __ATOMIC_ACQUIRE))
		return -EAGAIN;
	return ((struct io_uring_cqe *)(ring->completed + params->cq_off.cqes))->res;
}

/* The ring's fd has a number that programs do not get, so that what a request opens has the number that it would have. */
static long make_ring(struct io_uring_params *params)
{
	long low = -ENOMEM;
	// Rings of earlier programs are taken apart in the background, and count until then where memory is limited.
	for (u32 tries = 0; tries < 200 && low == -ENOMEM; tries++) {
		sleep_ms(tries ? 5 : 0);
		memset(params, 0, sizeof *params);
		low = sys(__NR_io_uring_setup, 1, params);
	}
	if (failed(low))
		return low;
	long high = sys(__NR_fcntl, low, F_DUPFD_CLOEXEC, FD_SPARE);
	if (failed(high))
		return low;
	sys(__NR_close, low);
	return high;
}

static long uring(u64 request)
{
	struct io_uring_params params;
	long fd = make_ring(&params);
	if (failed(fd))
		return fd;
	u64 submitted = params.sq_off.array + params.sq_entries * sizeof(u32);
	u64 completed = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	struct ring ring = { map_ring(fd, submitted, IORING_OFF_SQ_RING), map_ring(fd, completed, IORING_OFF_CQ_RING),
			     map_ring(fd, PAGE, IORING_OFF_SQES) };
	long result = -ENOMEM;
	if (ring.submitted && ring.completed && ring.requests)
		result = submit(fd, &params, &ring, request);
	sys(__NR_munmap, ring.submitted, submitted);
	sys(__NR_munmap, ring.completed, completed);
	sys(__NR_munmap, ring.requests, PAGE);
	sys(__NR_close, fd);
	return result;
}
