/* io_int.h: starting and reaping a child; private to io. */
#ifndef CALLM_IO_INT_H
#define CALLM_IO_INT_H

#include <sys/types.h>

#include "io.h"

struct io_spawned {
	pid_t pid;
	int pidfd;      /* readable when the child has ended */
	int channel;    /* non-blocking stream socket */
	int lines;      /* non-blocking read end of its stdout and stderr */
};
/* 0, ERR_FULL, ERR_IO. argv and envp (NULL = ours) are the child's. stdio: the channel is its
 * stdin and stdout, not IO_CHILD_FD. */
int io_spawn(struct io_spawned *ret, char *const *argv, char *const *envp, int nice_by,
	     bool stdio);
/* Kills (if it still runs) and collects the child, closes everything. Returns its wait status. */
int io_reap(struct io_spawned *c);

enum { IO_HEAD = 5 };
void io_put_head(unsigned char head[IO_HEAD], uint8_t kind, size_t n);
size_t io_head_len(const unsigned char *head);

#endif
