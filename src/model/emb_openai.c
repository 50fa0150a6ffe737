/* emb_openai.c: embeddings of any server that speaks OpenAI's POST /v1/embeddings.
 *
 * A request's texts go out in pieces of BATCH, one after the other; a failure that may pass
 * (connection, 429, 5xx) is tried again twice by fetch, which is safe because an embedding
 * changes nothing. Answers are matched by their index; a missing, double or odd one ends the
 * run with ERR_UPSTREAM. Models that want a word before each text get it (table below).
 * The key only goes into the request's head. Loop's thread. */
#include <math.h>
#include <stdio.h>

#include "emb_int.h"
#include "remote.h"
#include "fetch.h"

enum { BATCH = 64, ANSWER_MAX = 32 << 20, BODY_MAX = 4 << 20, CONNECT_MS = 1000 };

struct remote {
	struct fetch *fetch;
	char *url, *headers, *model;
	const char *before[2]; /* of a query, of a passage */
	int connect_ms;
};
struct call { /* an obj; of a run */
	struct emb_run *run; /* NULL once let go */
	struct fetch_req *req;
	struct sb answer;
	size_t from, n; /* the piece under way */
};

/* Part of the model's name, what its card asks for. */
static const struct {
	const char *part, *query, *passage;
	const char *mark; /* of the name: vectors made without these are others */
} prefixes[] = { { "e5", "query: ", "passage: ", "" },
		 { "embeddinggemma", "task: search result | query: ", "title: none | text: ",
		   " with prompts" },
		 { "nomic-embed", "search_query: ", "search_document: ", "" } };

static int send_piece(struct call *c);

/* ---- answers ---- */

static bool put_row(struct call *c, const jv *row, size_t at, float *v)
{
	const jv *list = jv_get(row, "embedding");
	size_t dim = jv_len(list);
	int64_t i = jv_get_int(row, "index", (int64_t)at);
	if (!dim || dim > EMB_DIM_MAX || i < 0 || (size_t)i >= c->n) {
		emb_end(c->run, ERR_UPSTREAM);
		return false;
	}
	for (size_t k = 0; k < dim; k++)
		v[k] = (float)jv_as_num(jv_at(list, k), NAN);
	return emb_put(c->run, c->from + (size_t)i, v, (int)dim);
}

static void read_answer(struct call *c)
{
	struct err e = { 0 };
	jv *o = jv_parse(sb_sv(&c->answer), &e);
	const jv *rows = jv_get(o, "data");
	float *v = xalloc(EMB_DIM_MAX * sizeof(*v));
	bool alive = jv_len(rows) == c->n;
	if (!alive)
		emb_end(c->run, ERR_UPSTREAM);
	for (size_t i = 0; alive && i < c->n; i++)
		alive = put_row(c, jv_at(rows, i), i, v);
	xfree(v);
	jv_free(o);
	if (!alive)
		return;
	c->from += c->n;
	int rc = c->from < c->run->n ? send_piece(c) : 0;
	if (rc || c->from == c->run->n)
		emb_end(c->run, rc);
}

static int on_data(void *arg, sv piece)
{
	struct call *c = arg;
	sb_put(&c->answer, piece);
	return sb_err(&c->answer);
}

static void on_end(void *arg, int err, int status)
{
	struct call *c = obj_ref(arg);
	c->req = NULL;
	if (!err && status != 200)
		err = remote_status(status);
	if (err && c->run)
		emb_end(c->run, err);
	else if (c->run)
		read_answer(c);
	obj_unref(c);
}

/* ---- requests ---- */

static void make_body(const struct call *c, struct sb *b)
{
	const struct emb_run *r = c->run;
	const struct remote *x = r->m->priv;
	struct sb one;
	sb_init(&one, 2 * EMB_TEXT_BYTES);
	sb_cstr(b, "{\"model\":");
	sb_json(b, sv_of(x->model));
	sb_cstr(b, ",\"encoding_format\":\"float\",\"input\":[");
	for (size_t i = 0; i < c->n; i++) {
		sb_reset(&one);
		sb_cstr(&one, x->before[r->side]);
		sb_put(&one, r->texts[c->from + i]);
		/* an empty input is refused by servers */
		if (!one.n)
			sb_ch(&one, ' ');
		if (i)
			sb_ch(b, ',');
		sb_json(b, sb_sv(&one));
	}
	sb_cstr(b, "]}");
	sb_done(&one);
}

static int send_piece(struct call *c)
{
	struct emb *m = c->run->m;
	struct remote *x = m->priv;
	struct sb body;
	struct err e = { 0 };
	c->n = c->run->n - c->from < BATCH ? c->run->n - c->from : BATCH;
	sb_reset(&c->answer);
	sb_init(&body, BODY_MAX);
	make_body(c, &body);
	struct fetch_opts o = { .method = "POST",
				.url = x->url,
				.headers = x->headers,
				.body = sb_sv(&body),
				.connect_ms = x->connect_ms,
				.first_byte_ms = m->total_ms,
				.stall_ms = m->total_ms,
				.total_ms = m->total_ms,
				.max_bytes = ANSWER_MAX,
				.retries = 2,
				.retry_unsafe = true,
				.on_data = on_data,
				.on_end = on_end,
				.arg = c };
	int rc = sb_err(&body);
	rc = rc ? rc : fetch_start(&c->req, x->fetch, &o, &e);
	sb_done(&body);
	return rc;
}

static void call_free(void *obj)
{
	struct call *c = obj;
	sb_done(&c->answer);
}

static void openai_cancel(struct emb_run *r)
{
	struct call *c = r->priv;
	r->priv = NULL;
	if (!c)
		return;
	c->run = NULL;
	fetch_cancel(c->req);
	c->req = NULL;
	obj_unref(c);
}

static int openai_start(struct emb_run *r)
{
	struct call *c = obj_new(sizeof(*c), call_free);
	sb_init(&c->answer, ANSWER_MAX + 1);
	c->run = r;
	r->priv = c;
	int rc = send_piece(c);
	if (rc)
		openai_cancel(r);
	return rc;
}

/* ---- the backend ---- */

static int check(const struct model_spec *s, struct err *e)
{
	sv url = sv_of(s->url);
	if (!sv_starts(url, SV("http://")) && !sv_starts(url, SV("https://")))
		return err_set(e, ERR_INVAL,
			       "an embedding model's url begins with http:// or https://, like "
			       "http://127.0.0.1:8000/v1");
	if (!s->model || !*s->model)
		return err_set(e, ERR_INVAL, "an embedding model at %.200s needs its name (model)",
			       s->url);
	if (s->key && (strchr(s->key, '\n') || strchr(s->key, '\r')))
		return err_set(e, ERR_INVAL, "the key of %.200s contains a line break", s->model);
	return 0;
}

static int openai_open(struct emb *m, const struct model_spec *s, struct err *e)
{
	int rc = check(s, e);
	char *url = rc ? NULL : remote_url(sv_of(s->url), "/embeddings");
	if (!url)
		return rc ? rc : err_set(e, ERR_TOOBIG, "the embedding model's url is too long");
	struct remote *x = xalloc(sizeof(*x));
	struct sb h;
	sb_init(&h, 16384);
	sb_cstr(&h, "Content-Type: application/json\r\n");
	if (s->key && *s->key)
		sb_fmt(&h, s->dialect && !strcmp(s->dialect, "azure") ?
				   "api-key: %s\r\n" :
				   "Authorization: Bearer %s\r\n",
		       s->key);
	*x = (struct remote){ .fetch = fetch_new(m->loop),
			      .url = url,
			      .headers = xstrdup(sb_sv(&h)),
			      .model = xstrdup(sv_of(s->model)),
			      .before = { "", "" },
			      .connect_ms = s->connect_ms > 0 ? s->connect_ms : CONNECT_MS };
	sb_reset(&h);
	sb_cstr(&h, s->model);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strstr(s->model, prefixes[i].part)) {
			x->before[EMB_QUERY] = prefixes[i].query;
			x->before[EMB_PASSAGE] = prefixes[i].passage;
			sb_cstr(&h, prefixes[i].mark);
		}
	emb_set_name(m, "openai", sb_sv(&h));
	sb_done(&h);
	m->priv = x;
	m->breaks = true;
	return 0;
}

static void openai_close(struct emb *m)
{
	struct remote *x = m->priv;
	fetch_free(x->fetch);
	xfree(x->url);
	xfree(x->headers);
	xfree(x->model);
	xfree(x);
}

const struct emb_ops emb_openai = { "openai", openai_open, openai_start, openai_cancel,
				    openai_close };
