/* io_child.c: the frame format, and the worker's side of the channel: blocking reads and writes
 * of whole frames.
 *
 * A worker is a plain loop: read a frame, compute, write frames, until ERR_CLOSED. No state.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io_int.h"

void io_put_head(unsigned char head[IO_HEAD], uint8_t kind, size_t n)
{
	for (int i = 0; i < 4; i++)
		head[i] = (unsigned char)(n >> (8 * i));
	head[4] = kind;
}

size_t io_head_len(const unsigned char *head)
{
	return head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
}

static int read_exactly(int fd, void *buf, size_t n)
{
	unsigned char *p = buf;

	while (n) {
		ssize_t got = read(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_from_errno(errno);
		if (got == 0)
			return ERR_CLOSED;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

int io_child_read(int fd, uint8_t *kind, struct sb *payload)
{
	unsigned char head[IO_HEAD];
	char buf[8192];
	size_t n;
	int rc = read_exactly(fd, head, sizeof(head));

	if (rc)
		return rc;
	n = io_head_len(head);
	if (n > LIM_PROC_FRAME)
		return ERR_TOOBIG;
	sb_reset(payload);
	while (n && !rc) {
		size_t part = n < sizeof(buf) ? n : sizeof(buf);

		rc = read_exactly(fd, buf, part);
		if (!rc)
			sb_put(payload, sv_n(buf, part));
		n -= part;
	}
	if (!rc)
		*kind = head[4];
	return rc ? rc : sb_err(payload);
}

static int write_exactly(int fd, const void *buf, size_t n)
{
	const unsigned char *p = buf;

	while (n) {
		ssize_t put = send(fd, p, n, MSG_NOSIGNAL);

		if (put < 0 && errno == ENOTSOCK)
			put = write(fd, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_from_errno(errno);
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

int io_child_write(int fd, uint8_t kind, sv payload)
{
	unsigned char head[IO_HEAD];
	int rc;

	if (payload.n > LIM_PROC_FRAME)
		return ERR_TOOBIG;
	io_put_head(head, kind, payload.n);
	rc = write_exactly(fd, head, sizeof(head));
	return rc ? rc : write_exactly(fd, payload.p, payload.n);
}
