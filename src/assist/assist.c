/* assist.c: live help: the conversations that people serve are watched, each row that comes is
 * read, and what helps is told as events of the desk.
 *
 * One thread, "assist" (or the loop that was given): searches take well under a millisecond, so
 * one serves hundreds of people. Everything comes through its mailbox, copied; nothing here is
 * touched from elsewhere. A conversation is read from the river when it begins to be watched,
 * and again when a row comes before which one is missing; a row that was read already says
 * nothing, so no row is lost or told twice. The language model belongs to the thread and is
 * opened when it is asked for first. */
#include "assist_int.h"
#include "kb.h"
#include "model.h"
#include "policy_table.h"

#include <pthread.h>
#include <time.h>

#define WATCHES 5000
#define ASKS 64
#define LATE_ROWS 3                  /* so many wait for one that is not in the river yet */
#define BACK_MS 5000                 /* a full mailbox is waited for */

struct watch {
	struct assist_case *c;
	char id[64];
	int late;                /* rows that wait */
};

struct assist {
	struct assist_opts o;
	struct loop *loop;
	struct mbox *box;
	pthread_t thread;
	bool own, runs, closing;
	struct map *watches;
	struct llm *llm;
	struct assist_ask *asks; /* under way */
	int n_asks;
	struct arena a;          /* of the names that are kept */
};

const struct assist_with *assist_named(const struct assist *as)
{
	return &as->o.with;
}

const struct assist_words *assist_names(const struct assist *as)
{
	return &as->o.keep;
}

/* ---- telling ---- */

/* o is moved. */
static void tell(struct assist *as, const char *type, sv conversation, jv *o)
{
	struct sb b;
	sb_init(&b, LIM_JSON_BYTES);
	jv_set_str(o, "conversation", conversation);
	jv_dump(o, &b);
	if (!sb_err(&b) && as->o.out && !as->closing)
		as->o.out(as->o.out_arg, type, conversation, sb_sv(&b));
	sb_done(&b);
	jv_free(o);
}

static void tell_list(struct assist *as, const char *type, const struct watch *w, const char *key,
		      jv *list)
{
	jv *o = jv_obj();
	jv_set(o, key, list);
	tell(as, type, sv_of(w->id), o);
}

/* How many there were. */
static size_t tell_suggestions(struct assist *as, const struct watch *w, sv query)
{
	jv *v[ASSIST_SUGGESTIONS], *none;
	struct kb_index *ix = as->o.kb ? snap_get(as->o.kb) : NULL;
	size_t n = assist_suggest(w->c, &as->o.with, ix, query, v);
	for (size_t i = 0; i < n; i++) {
		jv_set_int(v[i], "rank", (int64_t)i + 1);
		jv_set_int(v[i], "of", (int64_t)n);
		tell(as, "assist.suggestion", sv_of(w->id), v[i]);
	}
	obj_unref(ix);
	if (n)
		return n;
	none = jv_obj();
	jv_set_int(none, "turn", w->c->turn);
	jv_set_int(none, "rank", 0);
	jv_set_int(none, "of", 0);
	jv_set_str(none, "text", SV(""));
	jv_set(none, "citations", jv_arr());
	jv_set_num(none, "confidence", 0);
	tell(as, "assist.suggestion", sv_of(w->id), none);
	return 0;
}

static void tell_next(struct assist *as, const struct watch *w)
{
	struct policy_table *t = as->o.strategy ? as->o.strategy(as->o.strategy_arg) : NULL;
	tell_list(as, "assist.next", w, "actions", assist_next(w->c, &as->o.with, t));
	obj_unref(t);
}

static void tell_checks(struct assist *as, const struct watch *w)
{
	struct qa_forms *fs = as->o.forms ? snap_get(as->o.forms) : NULL;
	const struct qa_form *form = qa_forms_on(fs, w->c->channel, false);
	tell_list(as, "assist.check", w, "items", assist_checks(w->c, as->o.with.plan, form));
	obj_unref(fs);
}

static void tell_warnings(struct assist *as, const struct watch *w, enum assist_who by, sv text)
{
	jv *list = assist_warnings(as->o.with.plan, by, text, w->c->level);
	for (size_t i = 0; i < jv_len(list); i++)
		tell(as, "assist.alert", sv_of(w->id), jv_copy(jv_at(list, i)));
	jv_free(list);
}

static void tell_summary(struct assist *as, const struct watch *w)
{
	tell(as, "assist.summary", sv_of(w->id), assist_summary(w->c, &as->o.with));
}

/* ---- rows ---- */

static void on_said(struct assist *as, const struct watch *w, sv kind, const jv *body)
{
	sv text = jv_get_str(body, "text");
	if (sv_eq(kind, SV("turn.customer"))) {
		(void)tell_suggestions(as, w, SV(""));
		tell_next(as, w);
		tell_warnings(as, w, ASSIST_CUSTOMER, text);
	} else if (sv_eq(kind, SV("turn.agent"))) {
		tell_checks(as, w);
		tell_warnings(as, w, ASSIST_AGENT, text);
	} else if (sv_eq(kind, SV("conversation.closed"))) {
		tell_checks(as, w);
		tell_summary(as, w);
	} else if (sv_eq(kind, SV("agent.check"))) {
		tell_checks(as, w);
	} else if (sv_eq(kind, SV("tool.result")) || sv_eq(kind, SV("customer.known"))) {
		tell_next(as, w);
		tell_checks(as, w);
	}
}

static void read_rows(struct assist *as, struct watch *w)
{
	struct store_db *db;
	if (as->o.store && store_reader(as->o.store, &db) == 0)
		(void)assist_case_load(w->c, db, sv_of(w->id));
}

/* Are all rows before this one there? What was written just before the watch began is read now,
 * as numbers have no gaps. When it is not on disk yet, the row waits: the next one reads both. */
static bool follows(struct assist *as, struct watch *w, int64_t seq)
{
	if (seq > assist_case_seq(w->c) + 1)
		read_rows(as, w);
	bool yes = seq <= assist_case_seq(w->c) + 1 || !as->o.store || w->late == LATE_ROWS;
	w->late = yes ? 0 : w->late + 1;
	return yes;
}

static void take_row(struct assist *as, struct watch *w, sv json)
{
	jv *row = jv_parse(json, NULL);
	int64_t was = assist_case_seq(w->c), seq = jv_get_int(row, "seq", 0);
	if (seq <= was || !follows(as, w, seq)) {
		jv_free(row);
		return;
	}
	assist_case_row(w->c, row);
	if (assist_case_seq(w->c) > was)
		on_said(as, w, jv_get_str(row, "kind"), jv_get(row, "body"));
	jv_free(row);
}

static void watch_free(struct watch *w)
{
	assist_case_free(w->c);
	xfree(w);
}

static void begin(struct assist *as, sv conversation)
{
	struct watch *w = map_get(as->watches, conversation);
	if (w || conversation.n >= sizeof(w->id))
		return;
	w = xalloc(sizeof(*w));
	w->c = assist_case_new();
	memcpy(w->id, conversation.p, conversation.n);
	if (map_put(as->watches, conversation, w)) {
		watch_free(w);
		return;
	}
	read_rows(as, w);
	(void)tell_suggestions(as, w, SV(""));
	tell_next(as, w);
	tell_checks(as, w);
}

static void leave(struct assist *as, sv conversation)
{
	struct watch *w = map_del(as->watches, conversation);
	if (!w)
		return;
	if (!w->c->closed)
		tell_summary(as, w);
	watch_free(w);
}

/* ---- the mailbox ---- */

enum order { ORDER_WATCH, ORDER_ROW, ORDER_LEAVE, ORDER_FIND };
struct note {
	struct assist *as;
	enum order order;
	size_t n_id, n_text;
	char login[64];
	char bytes[];            /* id, text */
};

static void find(struct assist *as, const struct watch *w, sv login, sv query)
{
	size_t n = tell_suggestions(as, w, query);
	if (query.n && as->o.searched)
		as->o.searched(as->o.out_arg, sv_of(w->id), login, query, n);
}

static void on_note(void *arg)
{
	struct note *x = arg;
	sv id = sv_n(x->bytes, x->n_id), text = sv_n(x->bytes + x->n_id, x->n_text);
	struct watch *w = map_get(x->as->watches, id);
	if (x->order == ORDER_WATCH)
		begin(x->as, id);
	else if (x->order == ORDER_LEAVE)
		leave(x->as, id);
	else if (w && x->order == ORDER_ROW)
		take_row(x->as, w, text);
	else if (w && x->order == ORDER_FIND)
		find(x->as, w, sv_of(x->login), text);
	xfree(x);
}

static void post(struct assist *as, enum order order, sv id, sv login, sv text)
{
	if (!as || !id.n || id.n >= 64 || text.n > LIM_JSON_BYTES)
		return;
	struct note *x = xalloc(sizeof(*x) + id.n + text.n + 1);
	*x = (struct note){ .as = as, .order = order, .n_id = id.n, .n_text = text.n };
	memcpy(x->bytes, id.p, id.n);
	if (login.n && login.n < sizeof(x->login))
		memcpy(x->login, login.p, login.n);
	if (text.n)
		memcpy(x->bytes + id.n, text.p, text.n);
	if (mbox_post(as->box, on_note, x))
		xfree(x);
}

void assist_watch(struct assist *as, sv conversation)
{
	post(as, ORDER_WATCH, conversation, SV(""), SV(""));
}

void assist_row(struct assist *as, sv conversation, sv row_json)
{
	post(as, ORDER_ROW, conversation, SV(""), row_json);
}

void assist_leave(struct assist *as, sv conversation)
{
	post(as, ORDER_LEAVE, conversation, SV(""), SV(""));
}

void assist_find(struct assist *as, sv conversation, sv login, sv query)
{
	query = sv_slice(query, 0, sv_rune_offset(query, LIM_TEXT_MSG));
	post(as, ORDER_FIND, conversation, login, query);
}

/* ---- the model ---- */

static void ask_free(struct assist_ask *q)
{
	assist_case_free(q->c);
	xfree(q->text);
	xfree(q->extra);
	sb_done(&q->out);
	xfree(q);
}

static void deliver(void *arg)               /* on back's owner */
{
	struct assist_ask *q = arg;
	q->done(q->arg, q->err, q->err ? SV("") : sv_trim(sb_sv(&q->out)));
	ask_free(q);
}

/* A full box belongs to a busy owner, which this thread may wait for. */
static void give_back(struct assist_ask *q)
{
	struct timespec nap = { 0, 1000000 };
	if (!q->back) {
		deliver(q);
		return;
	}
	int rc = mbox_post(q->back, deliver, q);
	for (int i = 0; rc == ERR_FULL && !q->as->closing && i < BACK_MS; i++) {
		nanosleep(&nap, NULL);
		rc = mbox_post(q->back, deliver, q);
	}
	if (rc)
		ask_free(q);         /* its owner is gone */
}

void assist_ask_over(struct assist_ask *q, int err)
{
	struct assist_ask **p = &q->as->asks;
	while (*p && *p != q)
		p = &(*p)->next;
	if (*p) {
		*p = q->next;
		q->as->n_asks--;
	}
	q->err = err;
	give_back(q);
}

static struct llm *model_of(struct assist *as)
{
	if (!as->llm && as->o.model && as->o.model(as->o.model_arg, as->loop, &as->llm))
		as->llm = NULL;
	return as->llm;
}

/* Its own reading of the rows: the conversation may not be watched (any more). */
static int read_summary(struct assist_ask *q)
{
	struct store_db *db;
	struct sb b;
	q->c = assist_case_new();
	int rc = q->as->o.store ? store_reader(q->as->o.store, &db) : ERR_NOTFOUND;
	if (rc == 0)
		rc = assist_case_load(q->c, db, sv_of(q->extra));
	if (rc)
		return rc;
	jv *o = assist_summary(q->c, &q->as->o.with);
	sb_init(&b, LIM_JSON_BYTES);
	jv_dump(o, &b);
	xfree(q->extra);
	xfree(q->text);
	q->text = xstrdup(jv_get_str(o, "text"));
	q->extra = xstrdup(sb_sv(&b));
	memcpy(q->to, assist_case_lang(q->c), 3);
	sb_done(&b);
	jv_free(o);
	return 0;
}

static void on_ask(void *arg)
{
	struct assist_ask *q = arg;
	struct assist *as = q->as;
	int rc = as->closing ? ERR_CLOSED : as->n_asks >= ASKS ? ERR_BUSY : 0;
	q->next = as->asks;
	as->asks = q;
	as->n_asks++;
	if (rc == 0 && !q->translates)
		rc = read_summary(q);
	if (rc)
		assist_ask_over(q, rc);
	else
		assist_mind_start(q, model_of(as));
}

static int ask(struct assist *as, struct assist_ask *q)
{
	sb_init(&q->out, LIM_JSON_BYTES);
	q->as = as;
	int rc = mbox_post(as->box, on_ask, q);
	if (rc)
		ask_free(q);
	return rc;
}

int assist_translate(struct assist *as, sv text, const char *from, const char *to,
		     struct mbox *back, assist_done_fn *done, void *arg)
{
	struct assist_ask *q = xalloc(sizeof(*q));
	*q = (struct assist_ask){ .text = xstrdup(text), .translates = true, .back = back,
				  .done = done, .arg = arg };
	memcpy(q->from, strcmp(from, "zh") == 0 ? "zh" : "en", 3);
	memcpy(q->to, strcmp(to, "zh") == 0 ? "zh" : "en", 3);
	return ask(as, q);
}

int assist_reword(struct assist *as, sv conversation, struct mbox *back, assist_done_fn *done,
		  void *arg)
{
	struct assist_ask *q = xalloc(sizeof(*q));
	*q = (struct assist_ask){ .extra = xstrdup(conversation), .back = back, .done = done,
				  .arg = arg };
	return ask(as, q);
}

/* ---- open and close ---- */

static void *run(void *arg)
{
	struct assist *as = arg;
	(void)pthread_setname_np(pthread_self(), "assist");
	loop_run(as->loop);
	return NULL;
}

static void keep_names(struct assist *as)
{
	const struct assist_words *w = &as->o.keep;
	sv *v = arena_new(&as->a, sv, w->n + 1);
	size_t n = 0;
	for (size_t i = 0; v && i < w->n; i++) {
		v[n] = arena_sv(&as->a, w->v[i]);
		n += v[n].p != NULL;
	}
	as->o.keep = (struct assist_words){ v, n };
}

static void stop_asks(struct assist *as)
{
	while (as->asks) {
		llm_cancel(as->asks->run);
		as->asks->run = NULL;
		assist_ask_over(as->asks, ERR_CLOSED);
	}
	llm_close(as->llm);
	as->llm = NULL;
}

/* On the thread: what was asked ends, the model is closed where it was opened. */
static void stop_here(void *arg)
{
	struct assist *as = arg;
	as->closing = true;
	stop_asks(as);
	if (as->own)
		loop_stop(as->loop);
}

static void free_watches(struct assist *as)
{
	size_t it = 0;
	sv key;
	void *w;
	while (map_next(as->watches, &it, &key, &w))
		watch_free(w);
	map_free(as->watches);
}

void assist_close(struct assist *as)
{
	if (!as)
		return;
	if (as->runs) {
		if (mbox_post(as->box, stop_here, as))
			loop_stop(as->loop); /* full: it ends without its last message */
		(void)pthread_join(as->thread, NULL);
	}
	as->closing = true;
	mbox_free(as->box);      /* what still waits is told that it is over */
	stop_asks(as);
	free_watches(as);
	if (as->own)
		loop_free(as->loop);
	arena_done(&as->a);
	xfree(as);
}

int assist_open(struct assist **ret, const struct assist_opts *o, struct err *e)
{
	struct assist *as = xalloc(sizeof(*as));
	as->o = *o;
	as->own = !o->loop;
	as->loop = o->loop ? o->loop : loop_new();
	as->box = mbox_new(as->loop);
	as->watches = map_new(WATCHES);
	arena_init(&as->a, 16u << 20);
	keep_names(as);
	as->runs = as->own && pthread_create(&as->thread, NULL, run, as) == 0;
	if (as->own && !as->runs) {
		assist_close(as);
		return err_set(e, ERR_FAIL, "no thread for the help of agents");
	}
	*ret = as;
	return 0;
}
