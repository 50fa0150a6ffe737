/* io.h: worker processes behind a framed channel, UDP sockets and TCP connections, on a loop.
 *
 *	static const char *const argv[] = { "/usr/bin/callm", "worker", "asr", NULL };
 *	struct io_proc *p;
 *	int rc = io_proc_start(&p, loop, &(struct io_proc_opts){ .argv = argv, .name = "asr",
 *		.on_frame = on_frame, .on_state = on_state, .arg = self });
 *	io_proc_send(p, 'a', samples);      ... on_frame(self, 't', text) comes on the loop
 *	io_proc_stop(p);
 *
 *	struct io_udp *u;
 *	io_udp_open_even(&u, "0.0.0.0", 20000, 29999);   front thread
 *	io_udp_attach(u, shard_loop, on_packet, leg);    later, on the shard's thread
 *	io_udp_send(u, packet, &peer);
 *	io_udp_close(u);
 *
 *	struct io_tcp_srv *s;
 *	io_tcp_listen(&s, "127.0.0.1", 9092);
 *	io_tcp_srv_attach(s, loop, on_conn, self);       on_conn(self, c, from):
 *	io_tcp_attach(c, loop, &(struct io_tcp_opts){ .on_bytes = ..., .on_end = ... });
 *	io_tcp_send(c, bytes);
 *	io_tcp_close(c);
 *
 * A handle belongs to the thread of its loop; callbacks come there. Callbacks may stop or close
 * their own handle; after stop or close no callback for it fires.
 */
#ifndef CALLM_IO_H
#define CALLM_IO_H

#include <netinet/in.h>

#include "base.h"

/* ---- worker processes: parent's side ---- */

/* A frame on the channel: u32 little-endian payload length, u8 kind, payload (at most
 * LIM_PROC_FRAME bytes). */
struct io_proc;
struct io_proc_opts {
	/* argv[0] is the path of the program; copied; NULL-terminated. */
	const char *const *argv;
	const char *const *envp;  /* NULL = ours; copied */
	const char *name;         /* prefix of the child's stderr lines; copied */
	/* Payload valid during the call. */
	void (*on_frame)(void *arg, uint8_t kind, sv payload);
	/* Instead of on_frame, for a program that talks over its standard streams: the channel
	 * is its stdin and stdout, bytes as they come and no frames; only its stderr comes line
	 * by line. Sent to with io_proc_write. */
	void (*on_bytes)(void *arg, sv bytes);
	/* up: the process was started. Down: it ended with wait status `status` (see waitpid),
	 * or -1 when it could not be started; what was queued for it is gone; it is started
	 * again after the back-off. May be NULL. Comes from inside io_proc_start too, before
	 * its result is set; io_proc_stop calls it never. */
	void (*on_state)(void *arg, bool up, int status);
	/* A line the child wrote to stdout or stderr; NULL = our stderr. */
	void (*on_line)(void *arg, sv line);
	void *arg;
	int backoff_min_ms;       /* 0 = 100; doubled after each quick death */
	int backoff_max_ms;       /* 0 = 10000; a run at least this long resets the back-off */
	size_t queue_max;         /* bytes waiting to be written; 0 = 4 MiB */
	int nice_by;              /* niceness added in the child */
};

/* Starts the process (fork + execve) and keeps it running. The child has /dev/null as stdin,
 * its stdout and stderr come back line by line, the channel is IO_CHILD_FD, all other
 * descriptors are closed, and it is killed when the calling thread ends. ERR_NOTFOUND or
 * ERR_DENIED when argv[0] cannot be run, ERR_FULL without descriptors. */
int io_proc_start(struct io_proc **ret, struct loop *l, const struct io_proc_opts *opts);
/* Queues one frame. ERR_CLOSED while the process is down, ERR_FULL when queue_max is reached
 * (nothing is queued then), ERR_TOOBIG. */
int io_proc_send(struct io_proc *p, uint8_t kind, sv payload);
/* With on_bytes: queues bytes for its stdin. Errors as io_proc_send. */
int io_proc_write(struct io_proc *p, sv bytes);
/* With on_bytes: its stdin ends once what waits is written; a polite program ends too, and is
 * not started again. */
void io_proc_hangup(struct io_proc *p);
bool io_proc_up(const struct io_proc *p);
int io_proc_pid(const struct io_proc *p);          /* 0 while down */
size_t io_proc_queued(const struct io_proc *p);    /* bytes not yet written */
/* Kill and restart it: the way out of a hang. */
void io_proc_kill(struct io_proc *p);
void io_proc_stop(struct io_proc *p);              /* kills, reaps, frees; accepts NULL */

/* ---- worker processes: child's side; blocking, no loop ---- */

enum { IO_CHILD_FD = 3 };                          /* the channel, both directions */
/* 0, ERR_CLOSED at the end (also in the middle of a frame), ERR_TOOBIG, ERR_IO. payload is
 * reset first and must have room for LIM_PROC_FRAME. */
int io_child_read(int fd, uint8_t *kind, struct sb *payload);
int io_child_write(int fd, uint8_t kind, sv payload);

/* ---- UDP (IPv4) ---- */

enum { IO_UDP_MAX = 2048 };                        /* larger datagrams are dropped */
struct io_udp;
typedef void io_udp_fn(void *arg, sv packet, const struct sockaddr_in *from);

/* Bind to ip ("127.0.0.1", "0.0.0.0") and port (0 = any). With l == NULL nothing is received
 * until io_udp_attach. ERR_PARSE for a bad ip, ERR_BUSY when the port is taken, ERR_NET,
 * ERR_DENIED, ERR_FULL. */
int io_udp_open(struct io_udp **ret, struct loop *l, const char *ip, int port, io_udp_fn *fn,
		void *arg);
/* Bind to a free even port in lo..hi, from a random start; not attached. ERR_BUSY when all are
 * taken. */
int io_udp_open_even(struct io_udp **ret, const char *ip, int lo, int hi);
/* The port `by` after that of u, on its address; not attached (RTCP beside RTP). */
int io_udp_open_beside(struct io_udp **ret, const struct io_udp *u, int by);
/* Receive on l from now on (in l's thread). The socket must not be attached. What arrived since
 * opening comes first. */
int io_udp_attach(struct io_udp *u, struct loop *l, io_udp_fn *fn, void *arg);
void io_udp_detach(struct io_udp *u);              /* in the thread of its loop; idempotent */
/* Instead of attaching: reads what has come so far, oldest first and at most max datagrams, and
 * gives each to fn with the time the kernel got it (of clk_mono_us). For who looks at a socket on
 * a clock of its own: nothing wakes up for a packet. Returns how many were read. fn may close u. */
typedef void io_udp_at_fn(void *arg, sv packet, const struct sockaddr_in *from, int64_t at_us);
int io_udp_poll(struct io_udp *u, int max, io_udp_at_fn *fn, void *arg);
/* Only this peer from now on (latching); the kernel drops other sources, as does what already
 * waited. NULL: anyone again (of a socket opened with a port of its own). */
int io_udp_connect(struct io_udp *u, const struct sockaddr_in *peer);
/* to may be NULL once connected. 0, ERR_AGAIN when the socket buffer is full (drop it),
 * ERR_NET, ERR_TOOBIG. */
int io_udp_send(struct io_udp *u, sv packet, const struct sockaddr_in *to);
int io_udp_local_port(const struct io_udp *u);
/* 46 = expedited forwarding (RFC 3246), for voice. */
int io_udp_dscp(struct io_udp *u, int dscp);
/* Too large or from a stranger after io_udp_connect. */
uint64_t io_udp_dropped(const struct io_udp *u);
void io_udp_close(struct io_udp *u);               /* accepts NULL */

/* ---- TCP (IPv4): a listener and its connections, bytes both ways ---- */

struct io_tcp_srv;
struct io_tcp;
/* Takes a connection: it is the callee's from here on, not attached to a loop yet. */
typedef void io_tcp_accept_fn(void *arg, struct io_tcp *c, const struct sockaddr_in *from);

/* Bind and listen; nothing is accepted before io_tcp_srv_attach. Port 0 = any. ERR_PARSE for a
 * bad ip, ERR_BUSY when the port is taken, ERR_NET, ERR_DENIED, ERR_FULL. */
int io_tcp_listen(struct io_tcp_srv **ret, const char *ip, int port);
int io_tcp_srv_port(const struct io_tcp_srv *s);
/* Accept on l from now on (in l's thread); close there. Without descriptors it waits a little. */
int io_tcp_srv_attach(struct io_tcp_srv *s, struct loop *l, io_tcp_accept_fn *fn, void *arg);
void io_tcp_srv_close(struct io_tcp_srv *s);       /* accepts NULL */

struct io_tcp_opts {
	/* All bytes that wait; returns how many it took from their front. The others come again,
	 * with more behind them. Valid during the call. */
	size_t (*on_bytes)(void *arg, sv bytes);
	/* Nothing more will come: ERR_CLOSED (the peer ended), ERR_TIMEOUT (idle_ms), ERR_TOOBIG
	 * (read_max bytes wait that nobody takes), ERR_NET. Once; io_tcp_close is still due. */
	void (*on_end)(void *arg, int why);
	void *arg;
	size_t read_max;          /* 0 = 64 KiB */
	size_t write_max;         /* bytes waiting to be written; 0 = 64 KiB */
	int idle_ms;              /* longest time without a byte from the peer; 0 = any */
	/* of the kernel, bytes: what was written there is not taken back. 0 = as it is */
	int send_buf;
};
/* Serve the connection on l from now on (in l's thread). What was received or queued before and
 * not dealt with waits in it. */
int io_tcp_attach(struct io_tcp *c, struct loop *l, const struct io_tcp_opts *o);
/* In the thread of its loop, not from within its callbacks: it may be attached elsewhere then.
 * Idempotent. */
void io_tcp_detach(struct io_tcp *c);
/* All of it or nothing: 0, ERR_FULL when write_max is reached, ERR_CLOSED, ERR_NET. */
int io_tcp_send(struct io_tcp *c, sv bytes);
/* Tells the peer that nothing more comes, once what waits is written. */
void io_tcp_shutdown(struct io_tcp *c);
size_t io_tcp_queued(const struct io_tcp *c);      /* bytes not yet written */
void io_tcp_close(struct io_tcp *c);               /* at once; accepts NULL */

/* "1.2.3.4:5060" or "1.2.3.4" (port 0) both ways. ERR_PARSE. out needs IO_ADDR_STR bytes. */
enum { IO_ADDR_STR = 24 };
int io_addr_parse(sv s, struct sockaddr_in *ret);
void io_addr_str(const struct sockaddr_in *a, char out[IO_ADDR_STR]);
bool io_addr_eq(const struct sockaddr_in *a, const struct sockaddr_in *b);
/* "10.0.0.0/8", or an address alone; host byte order. ERR_PARSE. */
struct io_net {
	uint32_t net, mask;
};
int io_net_parse(sv s, struct io_net *ret);
bool io_net_has(const struct io_net *v, size_t n, const struct sockaddr_in *a);

#endif
