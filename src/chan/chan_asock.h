/* chan_asock.h: AudioSocket: calls that an Asterisk hands over by TCP (its applications
 * AudioSocket() and the channel AudioSocket/...), as spoken conversations.
 *
 *	chan_asock_open(&a, &opts, &e);       listens; the loop of opts.place greets connections
 *	...
 *	chan_asock_stop(a);                   before the shards end: no new ones
 *	end the shards: their calls end with them
 *	chan_asock_close(a);
 *
 * The protocol (Asterisk's res_audiosocket.c, docs.asterisk.org, "AudioSocket"): messages of one
 * byte kind, two bytes length in network order, and so many bytes. The first one is the call's
 * UUID. There is neither sign-in nor flow control: who may connect is a matter of addresses, and
 * we send each 20 ms what is to be heard in them.
 */
#ifndef CALLM_CHAN_ASOCK_H
#define CALLM_CHAN_ASOCK_H

#include "chan_line.h"
#include "io.h"

/* ---- the wire (chan_asock_wire.c): pure ---- */

enum chan_asock_kind {
	CHAN_ASOCK_HANGUP = 0x00,
	CHAN_ASOCK_UUID = 0x01,      /* 16 bytes */
	CHAN_ASOCK_SILENCE = 0x02,   /* of early versions */
	CHAN_ASOCK_DTMF = 0x03,      /* one character */
	CHAN_ASOCK_AUDIO = 0x10,     /* signed 16 bit, little endian, 8 kHz; 0x11 to 0x18: more */
	CHAN_ASOCK_ERROR = 0xff
};
enum { CHAN_ASOCK_HEAD = 3, CHAN_ASOCK_BODY = 16384, CHAN_ASOCK_UUID_STR = 37 };

struct chan_asock_msg {
	uint8_t kind;
	sv body;
};
/* Takes one message from the front of *rest: 1; 0 = it is not whole yet; ERR_PARSE: none of the
 * protocol; ERR_TOOBIG: longer than CHAN_ASOCK_BODY. */
int chan_asock_next(sv *rest, struct chan_asock_msg *ret);
/* Head and body of a message; cap must be body.n + CHAN_ASOCK_HEAD. Returns its length. */
size_t chan_asock_put(uint8_t kind, sv body, unsigned char *out, size_t cap);
int chan_asock_hz(uint8_t kind);             /* of sound of this kind, 0 = it is none */
uint8_t chan_asock_kind_of(int hz);          /* CHAN_ASOCK_AUDIO for a rate without a kind */
void chan_asock_uuid_str(sv uuid, char out[CHAN_ASOCK_UUID_STR]);

/* ---- the server ---- */

struct chan_asock;
enum { CHAN_ASOCK_NETS = 64 };
struct chan_asock_opts {
	const char *ip;              /* numeric */
	int port;                    /* 0 = any */
	struct io_net allow[CHAN_ASOCK_NETS];        /* who may connect; none = this machine */
	size_t n_allow;
	int max_calls;               /* at once; more are told to hang up */
	int silent_ms;               /* a call without sound for so long is over */
	int greet_ms;                /* longest wait for the UUID; 0 = 5 s */
	struct loop *loop;           /* a shard's: accepts, and waits for the UUID */
	struct mbox *box;            /* its mailbox */
	/* Where the next call goes; on that loop. 0 or ERR_FULL. */
	int (*pick)(void *arg, struct chan_place *ret);
	/* Something an operator should know: from which address, and what. Any shard's thread. */
	void (*note)(void *arg, const char *from, const char *what);
	void *arg;
	const char *data_dir;        /* recordings; NULL = none; copied */
	const char *language;        /* a call starts in; copied */
};
/* Main thread. ERR_PARSE, ERR_BUSY (the port is taken), ERR_DENIED, ... with words in e. */
int chan_asock_open(struct chan_asock **ret, const struct chan_asock_opts *o, struct err *e);
int chan_asock_port(const struct chan_asock *a);
int chan_asock_calls(const struct chan_asock *a);    /* active now; any thread */
void chan_asock_drain(struct chan_asock *a);         /* refuses from now on; any thread */
void chan_asock_stop(struct chan_asock *a);          /* main thread; accepts NULL; idempotent */
void chan_asock_close(struct chan_asock *a);         /* after the shards; accepts NULL */

#endif
