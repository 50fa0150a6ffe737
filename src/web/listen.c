/* listen.c: may this address and port be listened on? Asked before libwebsockets tries,
 * which reports no reason and leaks a little when it fails. The socket is closed again
 * at once; no state.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "web_int.h"

static socklen_t make_addr(const char *host, int port, struct sockaddr_storage *ss)
{
	struct sockaddr_in *a4 = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)ss;
	memset(ss, 0, sizeof *ss);
	if (inet_pton(AF_INET, host, &a4->sin_addr) == 1) {
		a4->sin_family = AF_INET;
		a4->sin_port = htons((uint16_t)port);
		return sizeof *a4;
	}
	if (inet_pton(AF_INET6, host, &a6->sin6_addr) == 1) {
		a6->sin6_family = AF_INET6;
		a6->sin6_port = htons((uint16_t)port);
		return sizeof *a6;
	}
	return 0;
}

int web_listen_check(const char *host, int port, struct err *e)
{
	struct sockaddr_storage ss;
	socklen_t n = make_addr(host, port, &ss);
	int one = 1, err = 0;
	if (n == 0)
		return err_set(e, ERR_INVAL, "%s is not a numeric address, e.g. 127.0.0.1", host);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(e, ERR_IO, "cannot open a socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&ss, n) != 0 || listen(fd, 1) != 0) {
		err = errno == EADDRINUSE ? ERR_EXISTS : ERR_IO;
		err_set(e, err, "cannot listen on %s port %d: %s", host, port,
			errno == EADDRINUSE ? "the port is taken" : strerror(errno));
	}
	close(fd);
	return err;
}
