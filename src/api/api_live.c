/* api_live.c: /ws/supervisor: what happens now, for consoles: a snapshot, then rows as they are
 * made, and the gauges once a second.
 *
 * Rows come from the shards through the door's mailbox. The snapshot is read after the scribe
 * has written all that came before the console; rows that come meanwhile are held for it, so it
 * may see one twice, but never an older state last. If the mailbox was full and rows were lost,
 * every console gets a new snapshot. A console that reads too slowly is closed by web.c and
 * comes back for a new snapshot. Door's thread, snapshot_run on a worker. */
#include "api_audit.h"
#include "api_people.h"
#include "api_user.h"

#define CONSOLES_MAX 64
#define HELD_MAX (512u << 10)    /* bytes of rows waiting for a snapshot */
#define SNAPSHOT_ROWS 500

struct console {
	struct api *a;
	struct web_ws *ws;           /* NULL once gone */
	char login[64], role[16];
	int64_t made_ms;             /* when they signed in */
	int queries;                 /* under way: keep the struct alive */
	VEC(char *) held;
	size_t held_bytes;
};
struct api_live {
	struct api *a;
	struct console *v[CONSOLES_MAX];
	int n;
	int64_t lost;                /* messages that full mailboxes had refused */
	struct loop_timer tick;
};

static void held_drop(struct console *c)
{
	for (size_t i = 0; i < c->held.n; i++)
		xfree(c->held.v[i]);
	VEC_FREE(&c->held);
	c->held_bytes = 0;
}

static void console_send(struct console *c, sv frame)
{
	if (!c->queries) {
		api_mask_send(c->a, c->ws, sv_of(c->role), frame);
		return;
	}
	char **slot = c->held_bytes + frame.n <= HELD_MAX ? VEC_PUSH(&c->held, 65536) : NULL;
	if (!slot) {
		web_ws_close(c->ws, 1013, SV("too much happens before the snapshot"));
		return;
	}
	*slot = xstrdup(frame);
	c->held_bytes += frame.n;
}

static void send_all(struct api_live *l, struct sb *b)
{
	for (int i = 0; i < l->n && !sb_err(b); i++)
		console_send(l->v[i], sb_sv(b));
	sb_reset(b);
}

void api_live_show(struct api *a, const char *type, sv json)
{
	struct api_live *l = a->live;
	struct sb b;
	if (!l || !l->n)
		return;
	sb_init(&b, 2 * LIM_SB);
	sb_fmt(&b, "{\"type\":\"%s\",\"data\":", type);
	sb_put(&b, json);
	sb_ch(&b, '}');
	send_all(l, &b);
	sb_done(&b);
}

/* ---- snapshots ---- */

static void snapshot_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	if (store_prep(db, &st, "SELECT " API_CONV_COLS " FROM conversation WHERE state='open' "
				"ORDER BY last_ms DESC LIMIT ?1")) {
		q->status = 500;
		return;
	}
	store_bind_int(st, 1, SNAPSHOT_ROWS);
	sb_cstr(&q->out, "{\"type\":\"snapshot\",\"data\":{\"items\":[");
	for (int n = 0; api_row(q, st); n++) {
		if (n)
			sb_ch(&q->out, ',');
		api_conv_row(st, &q->out);
	}
	store_reset(st);
	sb_cstr(&q->out, "]}}");
}

/* Once it is gone and nothing is under way. */
static void console_free(struct console *c)
{
	if (c->ws || c->queries)
		return;
	held_drop(c);
	xfree(c);
}

static void snapshot_done(struct api_query *q)
{
	struct console *c = q->p;
	sv frame = sb_sv(&q->out);
	c->queries--;
	if (c->ws && q->status != 200)
		web_ws_close(c->ws, 1011, SV("the database could not be read"));
	if (c->ws && q->status == 200)
		api_mask_send(c->a, c->ws, sv_of(c->role), frame);
	for (size_t i = 0; c->ws && !c->queries && i < c->held.n; i++)
		api_mask_send(c->a, c->ws, sv_of(c->role), sv_of(c->held.v[i]));
	if (!c->queries)
		held_drop(c);
	console_free(c);
	api_query_free(q);
}

static void snapshot(struct console *c)
{
	struct api_query *q = api_query_new(c->a, NULL);
	q->p = c;
	q->settled = true;
	q->run = snapshot_run;
	q->done = snapshot_done;
	c->queries++;
	api_query_start(q);
}

/* ---- once a second ---- */

static void tick(void *arg)
{
	struct api_live *l = arg;
	struct sb b;
	loop_after(l->a->loop, &l->tick, 1000, tick, l);
	int64_t lost = metric_get(M_MBOX_FULL);
	for (int i = 0; i < l->n && lost != l->lost; i++)
		if (!l->v[i]->queries)
			snapshot(l->v[i]);
	l->lost = lost;
	if (!l->n)
		return;
	jv *f = jv_obj();
	jv_set_str(f, "type", SV("stats"));
	jv_set(f, "data", api_gauges(l->a));
	sb_init(&b, LIM_SB);
	jv_dump(f, &b);
	jv_free(f);
	send_all(l, &b);
	sb_done(&b);
}

int api_live_open(struct api *a)
{
	a->live = xalloc(sizeof(*a->live));
	a->live->a = a;
	a->live->lost = metric_get(M_MBOX_FULL);
	loop_after(a->loop, &a->live->tick, 1000, tick, a->live);
	return 0;
}

void api_live_done(struct api *a)
{
	if (!a->live)
		return;
	loop_timer_stop(&a->live->tick);
	xfree(a->live);
	a->live = NULL;
}

void api_live_cut(struct api *a, sv login, int64_t from_ms)
{
	for (int i = 0; a->live && i < a->live->n; i++)
		if (sv_eq(login, sv_of(a->live->v[i]->login)) &&
		    a->live->v[i]->made_ms < from_ms)
			web_ws_close(a->live->v[i]->ws, 1008, SV("sign in again"));
}

/* ---- the feed ---- */

struct fed {
	struct api *a;
	char id[27];
	char *event, *conversation;
};

static void fed_free(struct fed *f)
{
	xfree(f->event);
	xfree(f->conversation);
	xfree(f);
}

static void fed_here(void *arg)
{
	struct fed *f = arg;
	struct api_live *l = f->a->live;
	api_agents_row(f->a, sv_of(f->id), sv_of(f->event));
	if (l && l->n) {
		struct sb b;
		sb_init(&b, 2 * LIM_SB);
		sb_fmt(&b, "{\"type\":\"conversation\",\"data\":%s}", f->conversation);
		send_all(l, &b);
		/* the row's own members follow the conversation's id: {"conversation_id":"..",
		 * "seq":.. */
		sb_fmt(&b, "{\"type\":\"event\",\"data\":{\"conversation_id\":\"%s\",%s}",
		       f->id, f->event + 1);
		send_all(l, &b);
		sb_done(&b);
	}
	fed_free(f);
}

void api_feed(void *api, sv conversation_id, sv event_json, sv conversation_json)
{
	struct api *a = api;
	if (!id_ok(conversation_id) || !sv_starts(event_json, SV("{")))
		return;
	struct fed *f = xalloc(sizeof(*f));
	f->a = a;
	f->event = xstrdup(event_json);
	f->conversation = xstrdup(conversation_json);
	memcpy(f->id, conversation_id.p, 26);
	if (mbox_post(a->mbox, fed_here, f))
		fed_free(f);            /* the tick sees that it was lost */
}

/* ---- sockets ---- */

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	sv token = web_req_arg(r, "token");
	if (!api_user_of_token(a, token.n ? token : web_req_bearer(r), &u))
		return 401;
	if (!api_role_may(a, sv_of(u.role), "live.watch"))
		return 403;
	if (a->live->n == CONSOLES_MAX)
		return 503;
	api_audit_socket(a, r, "live.watch", &u);
	struct console *c = xalloc(sizeof(*c));
	c->a = a;
	c->ws = ws;
	memcpy(c->login, u.login, sizeof(c->login));
	memcpy(c->role, u.role, sizeof(c->role));
	c->made_ms = u.made_ms;
	web_ws_set_user(ws, c);
	a->live->v[a->live->n++] = c;
	metric_add(M_WS_OPEN, 1);
	snapshot(c);
	return 0;
}

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct console *c = web_ws_user(ws);
	struct api_live *l = c->a->live;
	metric_add(M_WS_OPEN, -1);
	for (int i = 0; i < l->n; i++)
		if (l->v[i] == c) {
			l->v[i] = l->v[--l->n];
			break;
		}
	c->ws = NULL;
	console_free(c);
}

const struct web_ws_ops api_live_ws = { on_open, on_msg, on_close, NULL };
