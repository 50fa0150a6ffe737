/* api_label.c: what people say about the intents that were heard in customers' turns: labels, where
 * they differ from the prediction, and the rows that `callm train intent` learns from.
 *
 * A label is a row of the river ("label.intent", who said it and about which turn) and, beside
 * it, the one that counts now: kv "label/CONVERSATION/SEQ" -> {label, by, at_ms}. Texts are those
 * of the turns' rows: cleaned, and gone with them when a customer is erased. Door's thread;
 * reading runs on workers, LABEL_LOOK turns at most a request, the newest first.
 */
#include "api_int.h"

#include <stdio.h>

enum { LABEL_LOOK = 20000, LABEL_MOST = 64, LABEL_ITEMS = 200, LABEL_CELLS = 100000 };


/* ---- reading ---- */

struct label_turn {                  /* views into the statement and into body */
	sv text, predicted, label, by;
	double p;
};

/* The label of a turn, parsed; NULL = none. The caller frees it. */
static jv *label_of(struct store_db *db, sv conversation, int64_t seq)
{
	struct store_stmt *st;
	char key[120];
	(void)snprintf(key, sizeof(key), "label/" SV_FMT "/%lld", SV_ARG(conversation),
		       (long long)seq);
	if (store_prep(db, &st, "SELECT v FROM kv WHERE k=?1"))
		return NULL;
	store_bind_sv(st, 1, sv_of(key));
	jv *v = store_step(st) == 1 ? jv_parse(store_col_sv(st, 0), NULL) : NULL;
	store_reset(st);
	return v;
}

/* The intent that was heard; empty: none, however the turn's record says so. */
static sv heard(const jv *body)
{
	sv s = jv_get_str(body, "intent");
	return sv_eq(s, SV("out_of_scope")) ? SV_NULL : s;
}

static struct label_turn turn_of(const jv *body, const jv *label)
{
	return (struct label_turn){ .text = jv_get_str(body, "text"),
				    .predicted = heard(body),
				    .p = jv_get_num(body, "intent_p", 0),
				    .label = jv_get_str(label, "label"),
				    .by = jv_get_str(label, "by") };
}

/* s1 predicted ("none": no intent was heard), s2 label, s3 state, s4 words, i2 limit. */
static bool wanted(const struct api_query *q, const struct label_turn *t)
{
	bool none = sv_eq(q->s1, SV("none"));
	if (q->s1.n && !(none ? t->predicted.n == 0 : sv_eq(q->s1, t->predicted)))
		return false;
	if (q->s2.n && !sv_eq(q->s2, t->label))
		return false;
	if (sv_eq(q->s3, SV("labelled")) && !t->label.n)
		return false;
	if (sv_eq(q->s3, SV("unlabelled")) && t->label.n)
		return false;
	bool same = sv_eq(t->label, t->predicted.n ? t->predicted : SV("oos"));
	if (sv_eq(q->s3, SV("wrong")) && (!t->label.n || same))
		return false;
	return !q->s4.n || sv_find(t->text, q->s4) >= 0;
}

/* Columns: pos, conversation, seq, ts_ms, body. */
static void put_turn(struct store_stmt *st, const jv *body, const struct label_turn *t,
		     struct sb *b)
{
	char when[32];
	clk_rfc3339(store_col_int(st, 3), when);
	sb_cstr(b, "{\"conversation\":");
	sb_json(b, store_col_sv(st, 1));
	sb_fmt(b, ",\"seq\":%lld,\"at\":\"%s\",\"text\":", (long long)store_col_int(st, 2), when);
	sb_json(b, t->text);
	sb_cstr(b, ",\"language\":");
	sb_json(b, jv_get_str(body, "language"));
	sb_cstr(b, ",\"predicted\":");
	sb_json(b, t->predicted);
	sb_fmt(b, ",\"p\":%.2f,\"label\":", t->p);
	sb_json(b, t->label);
	sb_cstr(b, ",\"by\":");
	sb_json(b, t->by);
	sb_ch(b, '}');
}

static bool one_turn(struct api_query *q, struct store_db *db, struct store_stmt *st, bool comma)
{
	jv *body = jv_parse(store_col_sv(st, 4), NULL);
	jv *label = label_of(db, store_col_sv(st, 1), store_col_int(st, 2));
	struct label_turn t = turn_of(body, label);
	bool put = t.text.n && wanted(q, &t);
	if (put && comma)
		sb_ch(&q->out, ',');
	if (put)
		put_turn(st, body, &t, &q->out);
	jv_free(body);
	jv_free(label);
	return put;
}

static void turns_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	int64_t n = 0, looked = 0, pos = 0;
	if (store_prep(db, &st, "SELECT pos, conversation, seq, ts_ms, body FROM event WHERE "
				"kind='turn.customer' AND conversation IS NOT NULL AND pos<?1 "
				"ORDER BY pos DESC LIMIT ?2")) {
		q->status = 500;
		return;
	}
	store_bind_int(st, 1, q->i1);
	store_bind_int(st, 2, LABEL_LOOK);
	sb_cstr(&q->out, "{\"items\":[");
	while (n < q->i2 && api_row(q, st)) {
		looked++;
		pos = store_col_int(st, 0);
		n += one_turn(q, db, st, n > 0);
	}
	store_reset(st);
	if (n == q->i2 || looked == LABEL_LOOK)
		sb_fmt(&q->out, "],\"next\":\"%lld\"}", (long long)pos);
	else
		sb_cstr(&q->out, "],\"next\":null}");
}

void api_label_turns(struct web_req *r, void *arg)
{
	static const char *const states[] = { "all", "labelled", "unlabelled", "wrong" };
	struct api *a = arg;
	int64_t pos = INT64_MAX, limit = 50;
	sv state = web_req_arg(r, "state"), cursor = web_req_arg(r, "cursor");
	bool ok = !state.n;
	if (!api_may(a, r, "intent.read", NULL))
		return;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		ok |= sv_eq(state, sv_of(states[i]));
	if (!ok || (cursor.n && sv_i64(cursor, &pos))) {
		api_problem(r, 400, ok ? "cursor must be the next of an earlier answer." :
				"state must be all, labelled, unlabelled or wrong.");
		return;
	}
	if (sv_i64(web_req_arg(r, "limit"), &limit) || limit < 1 || limit > 200)
		limit = 50;
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_arg(r, "predicted"));
	q->s2 = arena_sv(&q->arena, web_req_arg(r, "label"));
	q->s3 = arena_sv(&q->arena, state);
	q->s4 = arena_sv(&q->arena, web_req_arg(r, "q"));
	q->i1 = pos;
	q->i2 = limit;
	q->run = turns_run;
	q->settled = true;
	api_query_start(q);
}

/* ---- all labels: the matrix, the rows to train with ---- */

/* Calls put for each label whose turn is there. Columns of st: k, v. */
typedef void label_put_fn(void *arg, const struct label_turn *t);

static void one_label(struct store_db *db, sv key, sv value, label_put_fn *put, void *arg)
{
	struct store_stmt *st;
	sv conversation = sv_slice(key, 6, key.n);
	ptrdiff_t cut = sv_find_ch(conversation, '/');
	int64_t seq;
	if (cut < 0 || sv_i64(sv_slice(conversation, (size_t)cut + 1, conversation.n), &seq) ||
	    store_prep(db, &st, "SELECT body FROM event WHERE conversation=?1 AND seq=?2"))
		return;
	store_bind_sv(st, 1, sv_slice(conversation, 0, (size_t)cut));
	store_bind_int(st, 2, seq);
	if (store_step(st) == 1) {
		jv *body = jv_parse(store_col_sv(st, 0), NULL), *label = jv_parse(value, NULL);
		struct label_turn t = turn_of(body, label);
		if (t.label.n && t.text.n)
			put(arg, &t);
		jv_free(body);
		jv_free(label);
	}
	store_reset(st);
}

static void all_labels(struct api_query *q, struct store_db *db, label_put_fn *put, void *arg)
{
	struct store_stmt *st;
	if (store_prep(db, &st,
		       "SELECT k, v FROM kv WHERE k>='label/' AND k<'label0' ORDER BY k")) {
		q->status = 500;
		return;
	}
	while (api_row(q, st))
		one_label(db, store_col_sv(st, 0), store_col_sv(st, 1), put, arg);
	store_reset(st);
}

struct matrix {
	struct arena *arena;
	struct map *cells;           /* "label\tpredicted" -> struct cell */
	int64_t labelled, right;
};
struct cell {
	sv label, predicted;
	int64_t n;
};

static void count_turn(void *arg, const struct label_turn *t)
{
	struct matrix *m = arg;
	char key[2 * LABEL_MOST + 80];
	sv predicted = t->predicted.n ? t->predicted : SV("none");
	(void)snprintf(key, sizeof(key), SV_FMT "\t" SV_FMT, SV_ARG(t->label), SV_ARG(predicted));
	struct cell *c = map_get(m->cells, sv_of(key));
	m->labelled++;
	m->right += sv_eq(t->label, t->predicted.n ? t->predicted : SV("oos"));
	if (!c && map_count(m->cells) < LABEL_CELLS) {
		c = arena_new(m->arena, struct cell, 1);
		if (!c)
			return;      /* too many kinds: counted, but in no cell */
		*c = (struct cell){ arena_sv(m->arena, t->label), arena_sv(m->arena, predicted),
				    0 };
		(void)map_put(m->cells, sv_of(key), c);
	}
	if (c)
		c->n++;
}

/* What was heard in the newest turns, labelled or not: {"intent":n}. */
static void put_heard(struct api_query *q, struct store_db *db, struct matrix *m)
{
	struct store_stmt *st;
	struct label_turn t = { 0 };
	if (store_prep(db, &st, "SELECT body FROM event WHERE kind='turn.customer' ORDER BY pos "
				"DESC LIMIT ?1"))
		return;
	store_bind_int(st, 1, LABEL_LOOK);
	int64_t n = 0;
	while (api_row(q, st)) {
		jv *body = jv_parse(store_col_sv(st, 0), NULL);
		t.predicted = heard(body);
		count_turn(m, &t);
		jv_free(body);
		n++;
	}
	store_reset(st);
	sb_fmt(&q->out, "\"turns\":%lld,\"heard\":{", (long long)n);
	size_t it = 0, k = 0;
	sv key;
	void *val;
	while (map_next(m->cells, &it, &key, &val)) {
		const struct cell *c = val;
		sb_cstr(&q->out, k++ ? "," : "");
		sb_json(&q->out, c->predicted);
		sb_fmt(&q->out, ":%lld", (long long)c->n);
	}
	sb_cstr(&q->out, "},");
}

static void confusion_run(struct api_query *q, struct store_db *db)
{
	struct matrix heard = { .arena = &q->arena, .cells = map_new(LABEL_CELLS) };
	struct matrix m = { .arena = &q->arena, .cells = map_new(LABEL_CELLS) };
	size_t it = 0, k = 0;
	sv key;
	void *val;
	sb_ch(&q->out, '{');
	put_heard(q, db, &heard);
	all_labels(q, db, count_turn, &m);
	sb_fmt(&q->out, "\"labelled\":%lld,\"right\":%lld,\"cells\":[", (long long)m.labelled,
	       (long long)m.right);
	while (map_next(m.cells, &it, &key, &val)) {
		const struct cell *c = val;
		sb_cstr(&q->out, k++ ? ",{\"label\":" : "{\"label\":");
		sb_json(&q->out, c->label);
		sb_cstr(&q->out, ",\"predicted\":");
		sb_json(&q->out, c->predicted);
		sb_fmt(&q->out, ",\"n\":%lld}", (long long)c->n);
	}
	sb_cstr(&q->out, "]}");
	map_free(heard.cells);
	map_free(m.cells);
}

void api_label_confusion(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "intent.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->run = confusion_run;
	q->settled = true;
	api_query_start(q);
}

/* label TAB text; what would break a row becomes a space. */
static void put_row(void *arg, const struct label_turn *t)
{
	struct sb *b = arg;
	sb_put(b, t->label);
	sb_ch(b, '\t');
	for (size_t i = 0; i < t->text.n; i++)
		sb_ch(b, (unsigned char)t->text.p[i] < ' ' ? ' ' : t->text.p[i]);
	sb_ch(b, '\n');
}

static void rows_run(struct api_query *q, struct store_db *db)
{
	sb_cstr(&q->out, "# label<TAB>text: callm train intent --data this-file --out "
			 "intent.bin\n");
	all_labels(q, db, put_row, &q->out);
}

static void rows_done(struct api_query *q)
{
	if (q->status != 200)
		api_problem(q->r, q->status, q->detail);
	else if (sb_err(&q->out))
		api_problem(q->r, 500, "There are too many labels for one file.");
	else
		web_reply(q->r, 200, "text/tab-separated-values; charset=utf-8", sb_sv(&q->out),
			  "Content-Disposition: attachment; filename=\"intents.tsv\"\r\n");
	api_query_free(q);
}

void api_label_rows(struct web_req *r, void *arg)
{
	struct api *a = arg;
	if (!api_may(a, r, "intent.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	q->run = rows_run;
	q->done = rows_done;
	q->settled = true;
	api_query_start(q);
}

/* ---- saying it ---- */

struct labels {                      /* the door's, and the scribe's while it writes */
	struct web_req *r;
	jv *body;
	const jv *items;
	char by[80];
	int64_t n;
};

static bool label_ok(sv s)
{
	bool ok = s.n <= LABEL_MOST;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		ok &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '-' || c == '.';
	}
	return ok;
}

/* NULL, or what is wrong with it. */
static const char *bad_item(const jv *x)
{
	if (!jv_get_str(x, "conversation").n || jv_get_str(x, "conversation").n > 40 ||
	    jv_get_int(x, "seq", 0) < 1)
		return "Give conversation and seq of a customer's turn.";
	if (!jv_is_str(jv_get(x, "label")) || !label_ok(jv_get_str(x, "label")))
		return "label must be a word of at most 64 letters, digits, _ - or .; an empty one "
		       "takes it back.";
	return NULL;
}

static int turn_there(struct store_db *db, sv conversation, int64_t seq)
{
	struct store_stmt *st;
	int rc = store_prep(db, &st, "SELECT 1 FROM event WHERE conversation=?1 AND seq=?2 AND "
				     "kind='turn.customer'");
	if (rc)
		return rc;
	store_bind_sv(st, 1, conversation);
	store_bind_int(st, 2, seq);
	rc = store_step(st);
	store_reset(st);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}

static int keep_label(struct store_db *db, sv key, sv label, sv by, int64_t now)
{
	struct store_stmt *st;
	struct sb b;
	int rc = label.n ? store_prep(db, &st,
				      "INSERT INTO kv (k, v, updated_ms) VALUES (?1,?2,?3) ON "
				      "CONFLICT (k) DO UPDATE SET v=?2, updated_ms=?3") :
			   store_prep(db, &st, "DELETE FROM kv WHERE k=?1");
	if (rc)
		return rc;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"label\":");
	sb_json(&b, label);
	sb_cstr(&b, ",\"by\":");
	sb_json(&b, by);
	sb_fmt(&b, ",\"at_ms\":%lld}", (long long)now);
	store_bind_sv(st, 1, key);
	if (label.n) {
		store_bind_sv(st, 2, sb_sv(&b));
		store_bind_int(st, 3, now);
	}
	rc = store_run(st);
	sb_done(&b);
	return rc;
}

static int label_one(struct labels *l, struct store_db *db, const jv *x)
{
	sv conversation = jv_get_str(x, "conversation"), label = jv_get_str(x, "label");
	int64_t seq = jv_get_int(x, "seq", 0);
	char key[120];
	struct sb b;
	int rc = turn_there(db, conversation, seq);
	if (rc)
		return rc;
	(void)snprintf(key, sizeof(key), "label/" SV_FMT "/%lld", SV_ARG(conversation),
		       (long long)seq);
	rc = keep_label(db, sv_of(key), label, sv_slice(sv_of(l->by), 5, sizeof(l->by)),
			clk_wall_ms());
	if (rc)
		return rc;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"conversation\":");
	sb_json(&b, conversation);
	sb_fmt(&b, ",\"seq\":%lld,\"label\":", (long long)seq);
	sb_json(&b, label);
	sb_ch(&b, '}');
	struct store_event ev = { .kind = SV("label.intent"), .actor = sv_of(l->by),
				  .body = sb_sv(&b) };
	rc = store_event_put(db, &ev);
	sb_done(&b);
	l->n += rc == 0;
	return rc;
}

static int labels_write(void *arg, struct store_db *db)
{
	struct labels *l = arg;
	int rc = l->items ? 0 : label_one(l, db, l->body);
	for (size_t i = 0; i < jv_len(l->items) && rc == 0; i++)
		rc = label_one(l, db, jv_at(l->items, i));
	return rc;
}

static void labels_done(void *arg, int err)
{
	struct labels *l = arg;
	if (err) {
		api_problem(l->r, err, err == ERR_NOTFOUND ?
			    "There is no such turn of a customer; nothing was labelled." :
			    "The labels could not be written; try again.");
	} else {
		jv *o = jv_obj();
		jv_set_int(o, "labelled", l->n);
		web_reply_json(l->r, 200, o);
	}
	jv_free(l->body);
	xfree(l);
}

void api_label_put(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "intent.label", &u))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	const jv *items = jv_get(body, "items");
	const char *bad = items ? NULL : bad_item(body);
	if (items && (!jv_is_arr(items) || !jv_len(items) || jv_len(items) > LABEL_ITEMS))
		bad = "items must be a list of 1 to 200 labels.";
	for (size_t i = 0; !bad && i < jv_len(items); i++)
		bad = bad_item(jv_at(items, i));
	if (bad) {
		api_problem(r, 400, bad);
		jv_free(body);
		return;
	}
	struct labels *l = xalloc(sizeof(*l));
	l->r = r;
	l->body = body;
	l->items = items;
	(void)snprintf(l->by, sizeof(l->by), "user:%s", u.login);
	int rc = store_write(a->o.store, labels_write, l, a->mbox, labels_done);
	if (rc)
		labels_done(l, rc);
}
