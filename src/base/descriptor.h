/*
 * descriptor.h - waits for descriptors, reads and writes them: each wait with a deadline, and a stop signal ends it.
 *
 * All waits for descriptors are here.  The result says how a wait, a read or a write ended, and the caller words the error,
 * since only the caller knows what it waited for.
 */
#ifndef BASE_DESCRIPTOR_H
#define BASE_DESCRIPTOR_H

#include "base/base.h"

#include <poll.h>

enum io { /* errno is set after all but the first two */
	IO_DONE,
	IO_END,     /* nothing more can be read */
	IO_LATE,    /* the deadline has passed; errno ETIMEDOUT */
	IO_STOPPED, /* a stop signal came (base/signals); errno EINTR */
	IO_FAILED,  /* errno is that of poll(2), read(2) or write(2) */
};

struct descriptor {
	int     fd;       /* borrowed */
	bool    blocks;   /* read(2) and write(2) may wait without a limit, so poll(2) comes before each of them */
	int64_t deadline; /* see base/clock */
};

/* Waits until `fd` is ready for `events` of poll(2), or only looks if the deadline has passed.  fd -1 is never ready: a pause. */
enum io descriptor_wait(int fd, short events, int64_t deadline);

/* The same for n descriptors; IO_DONE: `revents` says which are ready. */
enum io descriptor_wait_any(struct pollfd *fds, size_t n, int64_t deadline);

/* Reads once, up to `room` bytes (not 0): after IO_DONE there are *n > 0, else 0. */
enum io descriptor_read(const struct descriptor *d, void *to, size_t room, size_t *n);

/* Writes all of it.  After a stop signal it still writes what can be written without a wait. */
enum io descriptor_write(const struct descriptor *d, const void *p, size_t n);

/* The terminal, if our process group is the one that it listens to; else -1.  The caller closes it.  In the background a
 * person could not answer, and a question would stop us (SIGTTOU). */
int descriptor_terminal(void);

#endif
