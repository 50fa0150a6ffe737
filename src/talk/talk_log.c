/* talk_log.c: writes what a conversation's core was given and what it did about it.
 *
 * Lines gather in memory and go to a worker, one piece of a file at a time, so that the shard
 * never waits for the disk and the order stays. What the pen cannot keep up with is bounded: a
 * log that grows over its maximum, or whose disk is full, ends there, and the conversation goes
 * on. Personal data is sealed with the data folder's key (libsodium: secretbox for inputs, a
 * keyed hash for outputs). A piece on its way keeps the log alive; all of it on the shard's
 * thread but write_piece, which owns its piece alone. */
#include "talk_log.h"
#include "talk_wire.h"
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

enum {
	WAITING_MAX = 8 << 20,       /* bytes in memory */
	FILE_MAX = 32 << 20,         /* bytes on disk; 200 turns with prompts are a few MiB */
	PIECE = 32 << 10,
	FLUSH_US = 200 * 1000,
	BODIES_MAX = 4096,
	RUN_US = 3000 * 1000,        /* keys that follow each other within this are one number */
	SECRET_FROM = 4,             /* keys in a row that may be a PIN or a card (talk_keys.c) */
	DIGITS_SECRET = 3,           /* spoken digits in words that are not final */
};

struct talk_logs {                   /* fixed once made: any thread reads it */
	char dir[4096];
	unsigned char key[TALK_LOG_KEY];
	struct pool *pool;
};

struct talk_log {
	struct talk_logs *of;
	struct mbox *box;
	const struct talk_core *core;
	int *live;
	char path[4200];
	struct sb buf;               /* not on disk yet */
	size_t given;                /* bytes to the disk so far */
	VEC(uint64_t) bodies;        /* articles that are in the file, by hash */
	bool created, busy, ended, broken;
	bool private_now;            /* personal data was said: what follows may hold it */
	bool named;                  /* the customer's name is known */
	int64_t now_us, flushed_us, key_us;
	int run;
};

/* ---- the key ---- */

int talk_log_key(const char *path, unsigned char key[TALK_LOG_KEY], struct err *e)
{
	struct sb b;
	sb_init(&b, 256);
	int rc = file_read(path, 256, &b, e);
	if (rc == 0 && b.n != TALK_LOG_KEY)
		rc = err_set(e, ERR_PARSE, "%s: not a key of %d bytes", path, TALK_LOG_KEY);
	if (rc == 0)
		memcpy(key, b.p, TALK_LOG_KEY);
	sb_done(&b);
	return rc;
}

static int new_key(const char *path, unsigned char key[TALK_LOG_KEY], struct err *e)
{
	randombytes_buf(key, TALK_LOG_KEY);
	int rc = file_write(path, sv_n((char *)key, TALK_LOG_KEY), e);
	return rc ? rc : talk_log_key(path, key, e);
}

int talk_logs_open(struct talk_logs **ret, const char *data_dir, struct pool *pool, struct err *e)
{
	char path[4200];
	if (sodium_init() < 0)
		return err_set(e, ERR_FAIL, "libsodium does not start");
	struct talk_logs *l = xalloc(sizeof(*l));
	l->pool = pool;
	snprintf(l->dir, sizeof(l->dir), "%s/recordings", data_dir);
	snprintf(path, sizeof(path), "%s/replay.key", data_dir);
	int rc = file_mkdirs(l->dir, e);
	if (rc == 0)
		rc = file_exists(path) ? talk_log_key(path, l->key, e) :
					 new_key(path, l->key, e);
	if (rc) {
		xfree(l);
		return rc;
	}
	*ret = l;
	return 0;
}

void talk_logs_close(struct talk_logs *l)
{
	if (l)
		sodium_memzero(l->key, sizeof(l->key));
	xfree(l);
}

/* ---- to the disk ---- */

struct piece {
	struct talk_log *log;        /* not touched by the worker */
	const char *path;            /* the log's, fixed */
	struct sb bytes;
	bool first;
	int err;
};

static int write_all(int fd, sv s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_from_errno(errno);
		s = sv_slice(s, (size_t)n, s.n);
	}
	return 0;
}

static void write_piece(void *arg)
{
	struct piece *p = arg;
	int how = O_WRONLY | O_CLOEXEC | (p->first ? O_CREAT | O_TRUNC : O_APPEND);
	int fd = open(p->path, how, 0600);
	p->err = fd < 0 ? err_from_errno(errno) : write_all(fd, sb_sv(&p->bytes));
	if (fd >= 0 && close(fd) && !p->err)
		p->err = err_from_errno(errno);
}

static void log_free(struct talk_log *g)
{
	(*g->live)--;
	sb_done(&g->buf);
	VEC_FREE(&g->bodies);
	xfree(g);
}

static void flush(struct talk_log *g);

static void break_off(struct talk_log *g, const char *why)
{
	if (!g->broken)
		LOG(WARN, "replay.broken", "log=%s why=%s", strrchr(g->path, '/') + 1, why);
	g->broken = true;
	sb_reset(&g->buf);
}

static void written(void *arg)
{
	struct piece *p = arg;
	struct talk_log *g = p->log;
	int err = p->err;
	sb_done(&p->bytes);
	xfree(p);
	g->busy = false;
	if (err)
		break_off(g, err_text(err));
	if (g->buf.n && (g->ended || g->buf.n > PIECE))
		flush(g);
	if (g->ended && !g->busy)
		log_free(g);
}

static void flush(struct talk_log *g)
{
	struct piece *p = xalloc(sizeof(*p));
	*p = (struct piece){ .log = g, .path = g->path, .first = !g->created, .bytes = g->buf };
	sb_init(&g->buf, WAITING_MAX);
	g->created = true;
	g->busy = true;
	g->given += p->bytes.n;
	g->flushed_us = g->now_us;
	if (g->of->pool && pool_submit(g->of->pool, write_piece, p, g->box, written) == 0)
		return;
	write_piece(p);              /* no worker, or all of them far behind */
	bool ended = g->ended;
	g->ended = false;            /* the caller frees it */
	written(p);
	g->ended = ended;
}

static void line_end(struct talk_log *g)
{
	if (!g->broken && sb_err(&g->buf))
		break_off(g, "too much at once");
	if (!g->broken && g->given + g->buf.n > FILE_MAX)
		break_off(g, "too long");
	if (!g->broken)
		sb_ch(&g->buf, '\n');
	bool due = g->buf.n > PIECE || g->now_us - g->flushed_us > FLUSH_US;
	if (g->buf.n && due && !g->busy)
		flush(g);
}

/* ---- lines ---- */

static void put_body(void *arg, struct sb *b, sv body)
{
	struct talk_log *g = arg;
	uint64_t h = sv_hash(body);
	size_t i = 0;
	while (i < g->bodies.n && g->bodies.v[i] != h)
		i++;
	uint64_t *slot = i == g->bodies.n ? VEC_PUSH(&g->bodies, BODIES_MAX) : NULL;
	if (i == BODIES_MAX)
		sb_json(b, body);
	else
		sb_fmt(b, "%zu", i);
	if (!slot)
		return;
	*slot = h;
	sb_fmt(&g->buf, "{\"body\":%zu,\"text\":", i);
	sb_json(&g->buf, body);
	sb_cstr(&g->buf, "}\n");
}

static void put_hex(struct sb *b, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sb_fmt(b, "%02x", p[i]);
}

static void put_sealed(struct talk_log *g, const char *kind, sv plain)
{
	unsigned char nonce[crypto_secretbox_NONCEBYTES];
	unsigned char *box = xalloc(plain.n + crypto_secretbox_MACBYTES);
	randombytes_buf(nonce, sizeof(nonce));
	crypto_secretbox_easy(box, (const unsigned char *)plain.p, plain.n, nonce, g->of->key);
	sb_fmt(&g->buf, "{\"in\":{\"kind\":\"%s\",\"sealed\":\"", kind);
	put_hex(&g->buf, nonce, sizeof(nonce));
	put_hex(&g->buf, box, plain.n + crypto_secretbox_MACBYTES);
	sb_cstr(&g->buf, "\"}}");
	xfree(box);
}

/* ---- what must not be read by everyone ---- */

/* Letters and signs that stand for digits in speech. */
static int digits_of(sv text)
{
	static const char *const words[] = { "zero", "one", "two", "three", "four", "five", "six",
					     "seven", "eight", "nine", "oh", "double", "triple",
					     "零", "一", "二", "三", "四", "五", "六", "七", "八",
					     "九", "幺", "两" };
	int n = 0;
	for (size_t i = 0; i < text.n; i++) {
		n += text.p[i] >= '0' && text.p[i] <= '9';
		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
			n += sv_starts(sv_slice(text, i, text.n), sv_of(words[k]));
	}
	return n;
}

static bool key_is_private(struct talk_log *g, const struct talk_ev *ev)
{
	bool row = g->run && ev->now_us - g->key_us < RUN_US;
	g->run = row ? g->run + 1 : 1;
	g->key_us = ev->now_us;
	return g->run >= SECRET_FROM || g->core->n_digits || g->core->expect == CHAN_EXPECT_DIGITS;
}

static bool is_private(struct talk_log *g, const struct talk_ev *ev)
{
	switch (ev->kind) {
	case TEV_OPEN:
		g->named |= ev->who.n > 0 || ev->profile;
		return ev->who.n > 0 || ev->profile;
	case TEV_TEXT:
		g->private_now |= !sv_eq(ev->text, ev->masked);
		return g->private_now;
	case TEV_LIKELY:
	case TEV_PARTIAL:
		if (digits_of(ev->text) >= DIGITS_SECRET ||
		    (ev->masked.p && !sv_eq(ev->text, ev->masked)))
			g->private_now = true;
		return g->private_now;
	case TEV_KEY:
	case TEV_KEY_EARLY:
		g->private_now |= key_is_private(g, ev);
		return g->private_now;
	case TEV_DELTA:
	case TEV_CALL:
		return g->private_now;
	case TEV_WHO:
		g->named = true;
		return true;
	case TEV_WORD:
		return true;         /* what a person says is masked nowhere else */
	case TEV_TOOL:               /* the customer's orders, and what a model is told of them */
		g->private_now = true;
		return true;
	default:
		return false;
	}
}

static bool act_is_private(const struct talk_log *g, const struct talk_act *x)
{
	switch (x->kind) {
	case TACT_SEARCH:
	case TACT_MODEL:
		return g->private_now;
	case TACT_SAY:
		return x->hidden;
	case TACT_TRANSFER:
		return g->private_now || g->named;
	case TACT_TOOL:
	case TACT_PERSON:
	case TACT_CALLBACK:
	case TACT_PARTY:
		return true;
	default:                     /* rows and what is said are masked, or kept anyway */
		return false;
	}
}

/* ---- hooks ---- */

void talk_log_in(struct talk_log *g, const struct talk_ev *ev)
{
	if (!g || g->broken)
		return;
	g->now_us = ev->now_us;
	struct sb b;
	sb_init(&b, WIRE_LINE_MAX);
	wire_put_ev(&b, ev, put_body, g);
	if (is_private(g, ev)) {
		put_sealed(g, wire_ev_name(ev->kind), sb_sv(&b));
	} else {
		sb_cstr(&g->buf, "{\"in\":");
		sb_put(&g->buf, sb_sv(&b));
		sb_ch(&g->buf, '}');
	}
	sb_done(&b);
	line_end(g);
}

void talk_log_out(struct talk_log *g, const struct talk_acts *acts)
{
	if (!g || g->broken)
		return;
	struct sb b;
	sb_init(&b, WIRE_LINE_MAX);
	for (size_t i = 0; i < acts->n && !g->broken; i++) {
		sb_reset(&b);
		wire_put_act(&b, &acts->v[i]);
		sb_cstr(&g->buf, "{\"out\":");
		if (act_is_private(g, &acts->v[i])) {
			unsigned char h[crypto_generichash_BYTES];
			crypto_generichash(h, sizeof(h), (const unsigned char *)sb_str(&b), b.n,
					   g->of->key, TALK_LOG_KEY);
			sb_fmt(&g->buf, "{\"kind\":\"%s\",\"sealed\":\"",
			       wire_act_name(acts->v[i].kind));
			put_hex(&g->buf, h, sizeof(h));
			sb_cstr(&g->buf, "\"}}");
		} else {
			sb_put(&g->buf, sb_sv(&b));
			sb_ch(&g->buf, '}');
		}
		line_end(g);
	}
	sb_done(&b);
}

void talk_log_cost(struct talk_log *g, int64_t cost)
{
	if (!g || g->broken || !cost)
		return;
	sb_fmt(&g->buf, "{\"cost\":%lld}", (long long)cost);
	line_end(g);
}

static void put_head(struct talk_log *g, const struct talk_log_of *o)
{
	const struct talk_cfg *c = o->core->cfg;
	struct sb *b = &g->buf;
	sb_fmt(b,
	       "{\"callm_replay\":%d,\"version\":\"" CALLM_VERSION
	       "\",\"conversation\":\"%s\",\"interaction\":\"%s\",\"caps\":%u,\"lang\":\"%s\","
	       "\"texts\":\"%016llx\",\"strategy\":\"%016llx\"",
	       WIRE_VERSION, o->conversation, o->interaction, o->core->caps, o->core->lang,
	       (unsigned long long)talk_texts_print(c->texts),
	       (unsigned long long)(o->core->table ? policy_table_print(o->core->table) : 0));
	if (o->core->box)
		sb_fmt(b, ",\"tools\":\"%016llx\"",
		       (unsigned long long)talk_box_print(o->core->box));
	if (o->core->flows)
		sb_fmt(b, ",\"flows\":\"%016llx\"",
		       (unsigned long long)talk_flows_print(o->core->flows));
	sb_cstr(b, ",\"transfer_to\":");
	sb_json(b, c->transfer_to ? sv_of(c->transfer_to) : SV_NULL);
	sb_fmt(b, ",\"disclosure\":%d,\"no_speculation\":%d", c->disclosure, c->no_speculation);
	if (o->core->person.there)
		sb_fmt(b, ",\"people\":1,\"survey\":%d", (int)c->survey);
	wire_put_limits(b, &c->limits);
	sb_ch(b, '}');
	line_end(g);
}

/* A chat that goes on after a restart gets a further file. */
static void name_log(struct talk_log *g, const char *interaction)
{
	snprintf(g->path, sizeof(g->path), "%s/%s.jsonl", g->of->dir, interaction);
	for (int i = 2; i < 100 && file_exists(g->path); i++)
		snprintf(g->path, sizeof(g->path), "%s/%s.%d.jsonl", g->of->dir, interaction, i);
}

struct talk_log *talk_log_begin(struct talk_logs *l, const struct talk_log_of *o)
{
	if (!l)
		return NULL;
	struct talk_log *g = xalloc(sizeof(*g));
	*g = (struct talk_log){ .of = l, .box = o->box, .core = o->core, .live = o->live };
	name_log(g, o->interaction);
	sb_init(&g->buf, WAITING_MAX);
	(*g->live)++;
	put_head(g, o);
	return g;
}

void talk_log_end(struct talk_log *g)
{
	if (!g)
		return;
	if (!g->broken) {
		sb_cstr(&g->buf, "{\"end\":true}");
		line_end(g);
	}
	if (g->buf.n && !g->busy)
		flush(g);
	g->ended = true;
	if (!g->busy)
		log_free(g);
}
