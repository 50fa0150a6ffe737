/* learn_night_rows.c: turns that people labelled (kv "label/CONVERSATION/SEQ", api_label.c;
 * moods in "mood/CONVERSATION/SEQ"), as rows to train with and rows of days that are held back.
 * The texts are those of the river: cleaned, and gone when a customer was erased. Turns of one
 * conversation are never parted: all are of the day of its first labelled one. */
#include "learn_night_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAYS_BACK = 365 };

struct reading {
	struct night *n;
	const struct feel_task *t;
	struct night_rows *r;
	size_t cap, prefix;          /* prefix: bytes of the keys' */
	int64_t since_ms;
};

static bool known(const struct feel_task *t, sv label)
{
	for (size_t i = 0; i < feel_task_labels(t); i++)
		if (sv_eq(feel_task_label(t, i), label))
			return true;
	return false;
}

/* One line of a file. */
static sv tidy(struct arena *a, sv text)
{
	char *p = arena_cstr(a, text);
	for (size_t i = 0; p && i < text.n; i++)
		if ((unsigned char)p[i] < ' ')
			p[i] = ' ';
	return p ? sv_trim(sv_n(p, text.n)) : SV_NULL;
}

static int push(struct reading *g, const struct night_row *row)
{
	struct night_rows *r = g->r;
	if (r->n == NIGHT_ROWS_MAX)
		return ERR_FULL;
	if (r->n == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 256;
		struct night_row *v = arena_alloc(&g->n->a, cap * sizeof(*v));
		if (!v)
			return ERR_FULL;
		if (r->n)
			memcpy(v, r->v, r->n * sizeof(*v));
		r->v = v;
		g->cap = cap;
	}
	r->v[r->n++] = *row;
	return 0;
}

static int take(struct reading *g, sv conversation, int64_t ts_ms, sv label, sv text)
{
	struct night_rows *r = g->r;
	struct night_row row = { .day = night_day(g->n, ts_ms) };
	const struct night_row *last = r->n ? &r->v[r->n - 1] : NULL;
	bool same = last && sv_eq(last->conversation, conversation);
	if (ts_ms < g->since_ms || !label.n || !text.n)
		return 0;
	if (!known(g->t, label)) {
		r->unknown++;
		return 0;
	}
	row.label = arena_sv(&g->n->a, label);
	row.text = tidy(&g->n->a, text);
	row.conversation = same ? last->conversation : arena_sv(&g->n->a, conversation);
	row.group = same ? last->group : last ? last->group + 1 : 0;
	return row.text.n ? push(g, &row) : 0;
}

/* s: kv's key and value. The turn's row is read by a statement of its own. */
static int one_label(struct reading *g, struct store_stmt *s)
{
	struct store_stmt *q;
	sv key = store_col_sv(s, 0), conversation = sv_slice(key, g->prefix, key.n);
	ptrdiff_t cut = sv_find_ch(conversation, '/');
	int64_t seq;
	if (cut < 0 || sv_i64(sv_slice(conversation, (size_t)cut + 1, conversation.n), &seq))
		return 0;
	conversation = sv_slice(conversation, 0, (size_t)cut);
	int rc = store_prep(g->n->db, &q,
			    "SELECT ts_ms, body FROM event WHERE conversation=?1 AND seq=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, conversation);
	store_bind_int(q, 2, seq);
	rc = store_step(q);
	if (rc == 1) {
		jv *label = jv_parse(store_col_sv(s, 1), NULL);
		jv *body = jv_parse(store_col_sv(q, 1), NULL);
		rc = take(g, conversation, store_col_int(q, 0), jv_get_str(label, "label"),
			  jv_get_str(body, "text"));
		jv_free(label);
		jv_free(body);
	}
	store_reset(q);
	return rc;
}

/* Seq "10" stands before "2" in the keys: the first labelled turn may come later. */
static void first_days(struct night_rows *r)
{
	for (size_t i = 0, from = 0; i <= r->n; i++) {
		if (i < r->n && r->v[i].group == r->v[from].group)
			continue;
		int64_t day = INT64_MAX;
		for (size_t k = from; k < i; k++)
			day = r->v[k].day < day ? r->v[k].day : day;
		for (size_t k = from; k < i; k++)
			r->v[k].day = day;
		from = i;
	}
}

int night_rows_read(struct night *n, const char *prefix, const struct feel_task *t,
		    struct night_rows *r)
{
	struct store_stmt *s;
	char end[32];
	struct reading g = { .n = n, .t = t, .r = r, .prefix = strlen(prefix),
			     .since_ms = n->now_ms - DAYS_BACK * (int64_t)CAL_DAY };
	*r = (struct night_rows){ 0 };
	int rc = store_prep(n->db, &s,
			    "SELECT k, v FROM kv WHERE k>=?1 AND k<?2 ORDER BY k");
	if (rc)
		return rc;
	(void)snprintf(end, sizeof(end), "%s", prefix);
	end[g.prefix - 1]++;         /* '/' to '0': behind all keys that begin with prefix */
	store_bind_sv(s, 1, sv_of(prefix));
	store_bind_sv(s, 2, sv_of(end));
	while (rc == 0 && (rc = store_step(s)) == 1)
		rc = night_stopped(n) ? ERR_CANCELED : one_label(&g, s);
	store_reset(s);
	if (rc == 0)
		first_days(r);
	return rc;
}

static int by_day(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

bool night_rows_split(struct night_rows *r, int64_t after)
{
	int64_t *day = xalloc((r->n + 1) * sizeof(*day));
	size_t n = 0, i;
	for (i = 0; i < r->n; i++)
		if (r->v[i].day >= after)
			day[n++] = r->v[i].day;
	qsort(day, n, sizeof(*day), by_day);
	r->days = 0;
	for (i = 0; i < n; i++)
		r->days += i == 0 || day[i] != day[i - 1];
	bool two = r->days > 1;
	if (two) {
		i = n - n / 4 < n ? n - n / 4 : n - 1;
		while (i < n && day[i] == day[0])
			i++;
		r->held_from = day[i];
	}
	r->n_held = 0;
	for (i = 0; two && i < n; i++)
		r->n_held += day[i] >= r->held_from;
	xfree(day);
	return two;
}

void night_rows_put(const struct night_rows *r, int64_t from, int64_t to, struct sb *out)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct night_row *row = &r->v[i];
		if (row->day < from || row->day >= to)
			continue;
		sb_put(out, row->label);
		sb_ch(out, '\t');
		sb_put(out, row->text);
		sb_ch(out, '\n');
	}
}
