/* weights_hash.c: the hash of a file on disk. Blocking; any thread. */
#include "weights_int.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int feed(struct weights_sha *h, int fd, int64_t *bytes, const struct weights_watch *stop)
{
	char *buf = xalloc(WEIGHTS_IO_BYTES);
	ssize_t n;
	int rc = 0;
	while (!rc && (n = read(fd, buf, WEIGHTS_IO_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc = err_from_errno(errno);
			break;
		}
		weights_sha_add(h, buf, (size_t)n);
		*bytes += n;
		if (stop && stop->stop && stop->stop(stop->arg))
			rc = ERR_CANCELED;
	}
	xfree(buf);
	return rc;
}

int weights_sha_file(const char *path, char hex[65], int64_t *ret_bytes,
	      const struct weights_watch *stop, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int64_t bytes = 0;
	if (fd < 0)
		return err_set(e, err_from_errno(errno), "%s cannot be read: %s", path,
			       strerrordesc_np(errno));
	struct weights_sha *h = weights_sha_new();
	int rc = feed(h, fd, &bytes, stop);
	if (rc)
		err_set(e, rc, "%s cannot be read: %s", path, err_text(rc));
	else
		weights_sha_end(h, hex);
	if (ret_bytes)
		*ret_bytes = bytes;
	weights_sha_free(h);
	close(fd);
	return rc;
}
