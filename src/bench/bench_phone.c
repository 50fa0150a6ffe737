/* bench_phone.c: calls seen from outside: making and ending them, what is put on the line, and
 * when the far side could be heard. */
#include "bench_int.h"

#include <stdio.h>

enum { PHONES_MAX = 20000, ECHO_SAMPLES = 1 << 14 };

static struct bench_phone *phone_new(struct bench *b)
{
	struct bench_phone **slot = VEC_PUSH(&b->phones, PHONES_MAX);
	if (!slot)
		return NULL;
	struct bench_phone *p = *slot = xalloc(sizeof(*p));
	p->b = b;
	p->id = ++b->next_id & 0xFFFF;
	p->seq = (uint16_t)rng_u64(&b->rng);
	p->ts = (uint32_t)rng_u64(&b->rng);
	p->ssrc = (uint32_t)rng_u64(&b->rng);
	(void)snprintf(p->tag, sizeof(p->tag), "%08x%d", (unsigned)rng_u64(&b->rng), p->id);
	(void)snprintf(p->user, sizeof(p->user), "bench");
	if (bench_media_open(p) == 0)
		return p;
	b->phones.n--;
	bench_media_close(p);
	xfree(p);
	return NULL;
}

struct bench_phone *bench_phone_incoming(struct bench *b)
{
	struct bench_phone *p = phone_new(b);
	if (p) {
		p->incoming = true;
		p->state = PH_RINGING;
	}
	return p;
}

struct bench_phone *bench_dial(struct bench *b, const char *user, bool keep)
{
	struct bench_phone *p = phone_new(b);
	if (!p)
		return NULL;
	p->kept = keep;
	p->peer = b->target;
	p->dialled_us = bench_now_us();
	(void)snprintf(p->user, sizeof(p->user), "%s", user);
	if (b->o.caller) {
		if (bench_ua_dial(p) == 0)
			return p;
		bench_phone_free(p);
		return NULL;
	}
	(void)snprintf(p->call_id, sizeof(p->call_id), "%s-%d-%08x", user, p->id,
		       (unsigned)rng_u64(&b->rng));
	(void)snprintf(p->remote_uri, sizeof(p->remote_uri), "sip:service@127.0.0.1:%d",
		       ntohs(b->target.sin_port));
	map_put(b->by_call, sv_of(p->call_id), p);
	bench_sip_invite(p);
	return p;
}

void bench_bye(struct bench_phone *p)
{
	bench_sip_bye(p);
}

void bench_hold(struct bench_phone *p, bool on)
{
	bench_sip_reinvite(p, on);
}

int bench_move(struct bench_phone *p)
{
	int rc = bench_media_move(p);
	if (rc == 0)
		bench_sip_reinvite(p, false);
	return rc;
}

void bench_phone_free(struct bench_phone *p)
{
	if (!p)
		return;
	struct bench *b = p->b;
	if (p->call_id[0] && map_get(b->by_call, sv_of(p->call_id)) == p)
		map_del(b->by_call, sv_of(p->call_id));
	for (size_t i = 0; i < b->phones.n; i++)
		if (b->phones.v[i] == p) {
			b->phones.v[i] = b->phones.v[--b->phones.n];
			break;
		}
	if (!b->phones.n)
		VEC_FREE(&b->phones);
	for (size_t i = 0; i < b->uas.n; i++)
		if (b->uas.v[i]->p == p)
			b->uas.v[i]->p = NULL;
	bench_media_close(p);
	bench_tap_close(p);
	VEC_FREE(&p->said);
	VEC_FREE(&p->keys);
	VEC_FREE(&p->late);
	VEC_FREE(&p->runs);
	VEC_FREE(&p->heard);
	VEC_FREE(&p->rx);
	xfree(p->echo);
	xfree(p->invite_raw);
	xfree(p);
}

struct bench_phone *bench_phone_find(struct bench *b, int id)
{
	for (size_t i = b->phones.n; i-- > 0;)
		if (b->phones.v[i]->id == id)
			return b->phones.v[i];
	return NULL;
}

/* ---- on the line ---- */

void bench_say(struct bench_phone *p, const struct bench_clip *c, double db)
{
	uint64_t at = p->sent;
	if (c && p->ua && bench_ua_say(p, c, db, &at))
		return;
	struct bench_said *x = c ? VEC_PUSH(&p->said, 100000) : NULL;
	if (!x)
		return;
	*x = (struct bench_said){ c, at, bench_now_us() };
	p->clip = c;
	p->clip_at = 0;
	p->clip_db = db;
	p->said_from_us = p->said_to_us = 0;
}

bool bench_saying(const struct bench_phone *p)
{
	return p->clip != NULL;
}

void bench_press(struct bench_phone *p, char digit, int ms, int gap_ms, bool no_marker)
{
	struct bench_key *k = VEC_PUSH(&p->keys, 100000);
	if (k)
		*k = (struct bench_key){ digit, ms, gap_ms, no_marker };
}

void bench_echo(struct bench_phone *p, double db, int delay_ms)
{
	if (!p->echo)
		p->echo = xalloc(ECHO_SAMPLES * sizeof(*p->echo));
	p->echo_db = db;
	p->echo_ms = delay_ms;
}

/* ---- when it was loud ---- */

int64_t bench_loud_after(const struct bench_phone *p, int64_t t)
{
	int64_t found = 0;
	for (size_t i = p->runs.n; i-- > 0 && p->runs.v[i].to_us > t;)
		found = p->runs.v[i].from_us > t ? p->runs.v[i].from_us : t;
	return found;
}

int64_t bench_loud_before(const struct bench_phone *p, int64_t t)
{
	for (size_t i = p->runs.n; i-- > 0;)
		if (p->runs.v[i].from_us <= t)
			return p->runs.v[i].to_us < t ? p->runs.v[i].to_us : t;
	return 0;
}

int64_t bench_answer_at(const struct bench_phone *p)
{
	return p->said_to_us ? bench_loud_after(p, p->said_to_us) : 0;
}

int64_t bench_quiet_us(const struct bench_phone *p)
{
	int64_t last = p->runs.n ? p->runs.v[p->runs.n - 1].to_us : p->up_us;
	return bench_now_us() - last;
}
