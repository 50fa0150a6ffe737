/* hook_scan.c: reads the river on from each webhook's position and writes down what is due: a
 * row of webhook_delivery for each event that it wants, and the new position, in one write.
 *
 * A webhook that has too many waiting is left where it is; the river keeps the rest. Reading on
 * the hook's thread, the batch belongs to the scribe until it is done. */
#include "hook_int.h"

#include <string.h>

struct due {
	int64_t pos;
	char id[27], kind[64], conversation[27];
};
struct stretch {                     /* of one webhook */
	char webhook[27];
	int64_t to;
	VEC(struct due) v;
};
struct batch {
	struct hook *h;
	VEC(struct stretch) v;
	int64_t now_ms;
};

bool hook_wants(sv events, sv kind)
{
	sv one;
	while (sv_cut(&events, ' ', &one)) {
		if (sv_ends(one, SV("*")) ? sv_starts(kind, sv_slice(one, 0, one.n - 1)) :
					    one.n && sv_eq(one, kind))
			return true;
	}
	return false;
}

/* ---- writing ---- */

static int due_write(struct store_db *db, const struct stretch *s, const struct due *d, int64_t now)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO webhook_delivery (webhook, id, pos, kind, conversation, "
			    "next_ms, made_ms) VALUES (?1,?2,?3,?4,?5,?6,?6) "
			    "ON CONFLICT (webhook, id) DO NOTHING");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(s->webhook));
	store_bind_sv(q, 2, sv_of(d->id));
	store_bind_int(q, 3, d->pos);
	store_bind_sv(q, 4, sv_of(d->kind));
	store_bind_sv(q, 5, sv_of(d->conversation));
	store_bind_int(q, 6, now);
	return store_run(q);
}

static int batch_write(void *arg, struct store_db *db)
{
	struct batch *b = arg;
	struct store_stmt *q;
	int rc = 0;
	for (size_t i = 0; i < b->v.n && rc == 0; i++) {
		const struct stretch *s = &b->v.v[i];
		rc = store_prep(db, &q, "UPDATE webhook SET pos=?2 WHERE id=?1 AND pos<?2");
		if (rc)
			return rc;
		store_bind_sv(q, 1, sv_of(s->webhook));
		store_bind_int(q, 2, s->to);
		rc = store_run(q);
		bool there = rc == 0 && store_changes(db) == 1;      /* else deleted meanwhile */
		for (size_t k = 0; there && k < s->v.n && rc == 0; k++)
			rc = due_write(db, s, &s->v.v[k], b->now_ms);
	}
	return rc;
}

static void batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->v.n; i++)
		VEC_FREE(&b->v.v[i].v);
	VEC_FREE(&b->v);
	xfree(b);
}

static void batch_done(void *arg, int err)
{
	struct batch *b = arg;
	b->h->scanning = false;      /* failed: the same again at the next tick */
	batch_free(b);
}

/* ---- reading ---- */

static void copy(char *to, size_t cap, sv s)
{
	size_t n = s.n < cap ? s.n : cap - 1;
	memcpy(to, s.p ? s.p : "", n);
	to[n] = 0;
}

/* Rows of the queue stand outside a conversation and name it in their body. */
void hook_conversation(struct store_stmt *q, int i, char out[27])
{
	copy(out, 27, store_col_sv(q, i));
	if (out[0])
		return;
	jv *body = jv_parse(store_col_sv(q, i + 1), NULL);
	sv id = jv_get_str(body, "conversation");
	if (id_ok(id))
		copy(out, 27, id);
	jv_free(body);
}

static int read_stretch(struct store_db *db, struct stretch *s, int64_t from, sv events)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT pos, id, kind, conversation, body FROM event WHERE pos>?1 ORDER "
		"BY pos LIMIT ?2");
	if (rc)
		return rc;
	store_bind_int(q, 1, from);
	store_bind_int(q, 2, HOOK_STRETCH);
	s->to = from;
	while ((rc = store_step(q)) == 1) {
		sv kind = store_col_sv(q, 2);
		s->to = store_col_int(q, 0);
		struct due *d = hook_wants(events, kind) ? VEC_PUSH(&s->v, HOOK_STRETCH) : NULL;
		if (!d)
			continue;
		*d = (struct due){ .pos = s->to };
		copy(d->id, sizeof(d->id), store_col_sv(q, 1));
		copy(d->kind, sizeof(d->kind), kind);
		hook_conversation(q, 3, d->conversation);
	}
	store_reset(q);
	return rc;
}

struct place {
	char id[27];
	char events[1024];
	int64_t pos;
};

static size_t places(struct store_db *db, struct place *v)
{
	struct store_stmt *q;
	size_t n = 0;
	if (store_prep(db, &q,
		       "SELECT id, events, pos FROM webhook w WHERE active=1 AND pos<(SELECT "
		       "max(pos) FROM event) AND (SELECT count(*) FROM webhook_delivery d WHERE "
		       "d.webhook=w.id AND d.state='waiting')<?1"))
		return 0;
	store_bind_int(q, 1, HOOK_WAITING);
	while (n < HOOK_MAX && store_step(q) == 1) {
		copy(v[n].id, sizeof(v[n].id), store_col_sv(q, 0));
		copy(v[n].events, sizeof(v[n].events), store_col_sv(q, 1));
		v[n++].pos = store_col_int(q, 2);
	}
	store_reset(q);
	return n;
}

void hook_scan(struct hook *h, struct store_db *db)
{
	if (h->scanning)
		return;
	struct place *at = xalloc(sizeof(*at) * HOOK_MAX);
	size_t n = places(db, at);
	struct batch *b = xalloc(sizeof(*b));
	*b = (struct batch){ .h = h, .now_ms = clk_wall_ms() };
	for (size_t i = 0; i < n; i++) {
		struct stretch *s = VEC_PUSH(&b->v, HOOK_MAX);
		if (!s)
			break;
		*s = (struct stretch){ 0 };
		memcpy(s->webhook, at[i].id, sizeof(s->webhook));
		if (read_stretch(db, s, at[i].pos, sv_of(at[i].events)) || s->to == at[i].pos) {
			VEC_FREE(&s->v);
			b->v.n--;
		}
	}
	xfree(at);
	h->scanning = b->v.n > 0;
	if (!b->v.n)
		batch_free(b);
	else if (store_write(h->o.store, batch_write, b, h->mbox, batch_done))
		batch_done(b, 0);
}
