/* api_live.c: /ws/supervisor: what happens now, for consoles: a snapshot, then rows as they are made, and
 * the gauges once a second. Rows come from the shards through the door's mailbox; a console that reads too
 * slowly is closed by web.c and comes back for a new snapshot. Door's thread. */
#include "api_int.h"

#define CONSOLES_MAX 64

struct api_live {
	struct api *a;
	struct web_ws *ws[CONSOLES_MAX];
	int n;
	struct loop_timer tick;
};

static void tick(void *arg)
{
	struct api_live *l = arg;
	loop_after(l->a->loop, &l->tick, 1000, tick, l);
	if (!l->n)
		return;
	jv *f = jv_obj();
	jv_set_str(f, "type", SV("stats"));
	jv_set(f, "data", api_gauges(l->a));
	struct sb b;
	sb_init(&b, LIM_SB);
	jv_dump(f, &b);
	jv_free(f);
	for (int i = 0; i < l->n; i++)
		web_ws_send(l->ws[i], sb_sv(&b), false);
	sb_done(&b);
}

int api_live_open(struct api *a)
{
	a->live = xalloc(sizeof(*a->live));
	a->live->a = a;
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

/* ---- the feed ---- */

struct fed {
	struct api *a;
	char id[27];
	char *event, *conversation;
};

static void send_all(struct api_live *l, struct sb *b)
{
	for (int i = 0; i < l->n; i++)
		web_ws_send(l->ws[i], sb_sv(b), false);
	sb_reset(b);
}

static void fed_here(void *arg)
{
	struct fed *f = arg;
	struct api_live *l = f->a->live;
	if (l && l->n) {
		struct sb b;
		sb_init(&b, LIM_SB);
		sb_fmt(&b, "{\"type\":\"conversation\",\"data\":%s}", f->conversation);
		send_all(l, &b);
		/* the row's own members follow the conversation's id: {"conversation_id":"..", "seq":.. */
		sb_fmt(&b, "{\"type\":\"event\",\"data\":{\"conversation_id\":\"%s\",%s}", f->id, f->event + 1);
		send_all(l, &b);
		sb_done(&b);
	}
	xfree(f->event);
	xfree(f->conversation);
	xfree(f);
}

void api_feed(void *api, sv conversation_id, sv event_json, sv conversation_json)
{
	struct api *a = api;
	struct fed *f = xalloc(sizeof(*f));
	f->a = a;
	f->event = xstrdup(event_json);
	f->conversation = xstrdup(conversation_json);
	memcpy(f->id, conversation_id.p, conversation_id.n < 26 ? conversation_id.n : 26);
	if (mbox_post(a->mbox, fed_here, f)) {
		xfree(f->event);
		xfree(f->conversation);
		xfree(f);
	}
}

/* ---- sockets ---- */

static void snapshot_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	if (store_prep(db, &st, "SELECT " API_CONV_COLS " FROM conversation WHERE state='open' "
				"ORDER BY last_ms DESC LIMIT 500"))
		return;
	sb_cstr(&q->out, "{\"type\":\"snapshot\",\"data\":{\"items\":[");
	for (int n = 0; store_step(st) == 1; n++) {
		if (n)
			sb_ch(&q->out, ',');
		api_conv_row(st, &q->out);
	}
	store_reset(st);
	sb_cstr(&q->out, "]}}");
}

static bool still_there(struct api *a, struct web_ws *ws)
{
	for (int i = 0; a->live && i < a->live->n; i++)
		if (a->live->ws[i] == ws)
			return true;
	return false;
}

static void snapshot_done(struct api_query *q)
{
	struct web_ws *ws = (struct web_ws *)(void *)q->s3.p;
	if (still_there(q->a, ws) && q->out.n)
		web_ws_send(ws, sb_sv(&q->out), false);
	api_query_free(q);
}

static int on_open(struct web_ws *ws, struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	sv token = web_req_arg(r, "token");
	if (!api_user_of_token(a, token.n ? token : web_req_bearer(r), &u))
		return 401;
	if (a->live->n == CONSOLES_MAX)
		return 503;
	web_ws_set_user(ws, a);
	a->live->ws[a->live->n++] = ws;
	metric_add(M_WS_OPEN, 1);
	struct api_query *q = api_query_new(a, NULL);
	q->s3 = sv_n((char *)ws, 1);
	q->run = snapshot_run;
	q->done = snapshot_done;
	api_query_start(q);
	return 0;
}

static void on_msg(struct web_ws *ws, sv msg, bool binary)
{
}

static void on_close(struct web_ws *ws, int code, sv reason)
{
	struct api *a = web_ws_user(ws);
	metric_add(M_WS_OPEN, -1);
	for (int i = 0; i < a->live->n; i++)
		if (a->live->ws[i] == ws) {
			a->live->ws[i] = a->live->ws[--a->live->n];
			return;
		}
}

const struct web_ws_ops api_live_ws = { on_open, on_msg, on_close, NULL };
