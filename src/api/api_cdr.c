/* api_cdr.c: records of ended interactions, as JSON or CSV (docs/hook.md). Oldest first, so
 * that who reads on with the cursor has each once. Door's thread, list_run on a worker. */
#include "api_hook.h"
#include "hook.h"

#include <stdio.h>

#define LIMIT 100
#define LIMIT_MAX 1000

static const char *const columns[] = {
	"conversation", "interaction_id", "channel",	"direction",   "language",  "customer_id",
	"started_at",	"queued_at",	  "answered_at", "ended_at",	"wrapped_at", "duration_ms",
	"queue_wait_ms", "talk_ms",	  "hold_ms",	"wrap_up_ms",  "end_by",    "end_reason",
	"queue",	"agents",	  "dispositions", "transfers", "returned",  "turns",
	"contained",	"csat",		  "recording",
};
#define N_COLUMNS (sizeof(columns) / sizeof(*columns))

struct list {
	struct hook_cdr_query c;
	bool csv;
	int n;
	char last[80];               /* the cursor behind the last one */
	struct api_query *q;
};

static void field_put(struct sb *b, const jv *v)
{
	struct sb text;
	if (jv_is_str(v)) {
		api_csv(b, jv_as_str(v));
		return;
	}
	if (jv_is_null(v))
		return;
	sb_init(&text, LIM_SB);
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++) {
		sb_cstr(&text, i ? " " : "");
		sb_put(&text, jv_as_str(jv_at(v, i)));
	}
	if (!jv_is_arr(v))
		jv_dump(v, &text);
	if (jv_is_num(v))
		sb_put(b, sb_sv(&text));     /* a number may be negative */
	else
		api_csv(b, sb_sv(&text));
	sb_done(&text);
}

static int take(void *arg, int64_t ended_ms, sv conversation, jv *record)
{
	struct list *l = arg;
	struct sb *out = &l->q->out;
	if (l->n == l->c.limit - 1) {        /* one more than is shown */
		l->q->i2 = 1;
		return 1;
	}
	if (l->csv) {
		for (size_t i = 0; i < N_COLUMNS; i++) {
			sb_cstr(out, i ? "," : "");
			field_put(out, jv_get(record, columns[i]));
		}
		sb_cstr(out, "\r\n");
	} else {
		sb_cstr(out, l->n ? "," : "");
		jv_dump(record, out);
	}
	l->n++;
	(void)snprintf(l->last, sizeof(l->last), "%lld-" SV_FMT, (long long)ended_ms,
		       SV_ARG(conversation));
	return 0;
}

static void list_run(struct api_query *q, struct store_db *db)
{
	struct list *l = q->p;
	for (size_t i = 0; l->csv && i < N_COLUMNS; i++)
		sb_fmt(&q->out, "%s%s", i ? "," : "", columns[i]);
	sb_cstr(&q->out, l->csv ? "\r\n" : "{\"items\":[");
	l->q = q;
	if (hook_cdrs(db, &l->c, take, l)) {
		q->status = 500;
		q->detail = "The database could not be read.";
		return;
	}
	if (l->csv)
		return;
	sb_cstr(&q->out, "],\"next\":");
	if (q->i2)
		sb_json(&q->out, sv_of(l->last));
	else
		sb_cstr(&q->out, "null");
	sb_ch(&q->out, '}');
}

static void csv_done(struct api_query *q)
{
	const struct list *l = q->p;
	api_csv_reply(q, "cdr", l->last);
}

/* "1767225600000-01ARZ3NDEKTSV4RRFFQ69G5FAV" */
static bool cursor_of(struct web_req *r, struct arena *a, struct hook_cdr_query *c)
{
	sv rest = web_req_arg(r, "cursor"), ms;
	if (!rest.n)
		return true;
	if (sv_cut(&rest, '-', &ms) && sv_i64(ms, &c->after_ms) == 0 && id_ok(rest)) {
		c->after = arena_sv(a, rest);
		return true;
	}
	api_problem(r, 400, "cursor must be the next of an earlier answer.");
	return false;
}

void api_cdrs(struct web_req *r, void *arg)
{
	struct api *a = arg;
	int64_t limit = LIMIT;
	if (!api_may(a, r, "cdr.read", NULL))
		return;
	struct api_query *q = api_query_new(a, r);
	struct list *l = arena_alloc(&q->arena, sizeof(*l));
	*l = (struct list){ 0 };
	if (!api_arg_time(r, "from", 0, &l->c.from) ||
	    !api_arg_time(r, "to", INT64_MAX, &l->c.to) ||
	    !api_arg_number(r, "limit", LIMIT_MAX, &limit) || !cursor_of(r, &q->arena, &l->c)) {
		api_query_free(q);
		return;
	}
	l->c.limit = (int)limit + 1;
	l->csv = sv_eq(web_req_arg(r, "format"), SV("csv"));
	q->p = l;
	q->settled = true;
	q->run = list_run;
	q->done = l->csv ? csv_done : NULL;
	api_query_start(q);
}
