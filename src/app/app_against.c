/* app_against.c: conversations of the river heard by another intent task, beside the one in
 * use. Each conversation is heard twice from its first turn on (feel_use between), so that
 * moods and what was heard before are those that each would have had. One thread. */
#include "app_against.h"
#include "app_int.h"
#include "feel.h"
#include "learn_model.h"

#include <stdio.h>

enum { TURNS_MOST = 200000, DAYS = 30 };

/* "intent-3" or "intent": the row's file. */
static int file_of(struct store_db *db, sv which, char out[256])
{
	struct store_stmt *q;
	int64_t version = 0;
	ptrdiff_t cut = -1;
	for (size_t i = 0; i < which.n; i++)
		if (which.p[i] == '-')
			cut = (ptrdiff_t)i;
	if (cut > 0 && sv_i64(sv_slice(which, (size_t)cut + 1, which.n), &version) == 0)
		which = sv_slice(which, 0, (size_t)cut);
	int rc = store_prep(db, &q, "SELECT file FROM learn_model WHERE name=?1 AND file<>'' AND "
				    "(?2=0 OR version=?2) ORDER BY version DESC LIMIT 1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, which);
	store_bind_int(q, 2, version);
	rc = store_step(q);
	if (rc == 1)
		(void)snprintf(out, 256, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}

int app_against_load(struct feel_task **ret, struct store_db *db, const char *data, sv which,
		     struct feel_task *base, struct err *e)
{
	char path[4400], file[256];
	bool is_file = sv_ends(which, SV(".bin"));
	int rc = is_file ? 0 : db ? file_of(db, which, file) : ERR_NOTFOUND;
	if (rc)
		return err_set(e, rc, SV_FMT ": no such version in the registry; callm night "
				      "--list tells them", SV_ARG(which));
	if (is_file)
		(void)snprintf(path, sizeof(path), SV_FMT, SV_ARG(which));
	else
		(void)snprintf(path, sizeof(path), "%s/%s", data, file);
	*ret = feel_task_load(path, base, e);
	if (*ret && feel_task_kind(*ret) != FEEL_INTENT) {
		*ret = feel_task_unref(*ret);
		return err_set(e, ERR_INVAL, "%s: not a task of intents", path);
	}
	return *ret ? 0 : e->code ? e->code : ERR_NOTFOUND;
}

/* ---- the river ---- */

struct turn {
	sv conversation, text, lang, action;
	int64_t turn;
	char heard[2][32];           /* by the one in use, by the other */
};
struct hearing {
	struct arena a;
	VEC(struct turn) v;
};

static int read_turn(struct hearing *h, struct store_stmt *q)
{
	sv conversation = store_col_sv(q, 0), kind = store_col_sv(q, 2);
	struct turn *last = h->v.n ? &h->v.v[h->v.n - 1] : NULL;
	bool same = last && sv_eq(last->conversation, conversation);
	jv *body = jv_parse(store_col_sv(q, 3), NULL);
	int rc = 0;
	if (sv_eq(kind, SV("turn.bot"))) {
		if (same && !last->action.n)
			last->action = arena_sv(&h->a, jv_get_str(body, "action"));
	} else {
		struct turn *t = VEC_PUSH(&h->v, TURNS_MOST);
		if (t)
			*t = (struct turn){ .conversation = arena_sv(&h->a, conversation),
					    .turn = store_col_int(q, 1),
					    .text = arena_sv(&h->a, jv_get_str(body, "text")),
					    .lang = arena_sv(&h->a, jv_get_str(body, "language")) };
		rc = t && t->text.p ? 0 : ERR_FULL;
	}
	jv_free(body);
	return rc;
}

static int read_river(struct hearing *h, struct store_db *db, int64_t days)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT conversation, turn, kind, body FROM event WHERE kind IN "
			    "('turn.customer','turn.bot') AND conversation IS NOT NULL AND "
			    "ts_ms>=(SELECT COALESCE(MAX(ts_ms),0) FROM event)-?1 ORDER BY "
			    "conversation, seq");
	if (rc)
		return rc;
	store_bind_int(q, 1, days * INT64_C(86400000));
	while (rc == 0 && (rc = store_step(q)) == 1)
		rc = read_turn(h, q);
	store_reset(q);
	return rc;
}

static void hear(struct hearing *h, int by)
{
	struct feel_state f = { 0 };
	for (size_t i = 0; i < h->v.n; i++) {
		struct turn *t = &h->v.v[i];
		if (i == 0 || !sv_eq(t->conversation, h->v.v[i - 1].conversation))
			f = (struct feel_state){ 0 };
		feel_turn(&f, t->text, t->lang);
		(void)snprintf(t->heard[by], sizeof(t->heard[by]), "%s",
			       f.out_of_scope ? "out_of_scope" : f.intent);
	}
}

static void print_turn(const struct turn *t, bool json)
{
	if (!json) {
		printf(SV_FMT " turn %lld: %s -> %s (the bot did: " SV_FMT ")\n",
		       SV_ARG(t->conversation), (long long)t->turn, t->heard[0], t->heard[1],
		       SV_ARG(t->action.n ? t->action : SV("nothing")));
		return;
	}
	jv *o = jv_obj();
	jv_set_str(o, "conversation", t->conversation);
	jv_set_int(o, "turn", t->turn);
	jv_set_str(o, "action", t->action);
	jv_set_str(o, "old_intent", sv_of(t->heard[0]));
	jv_set_str(o, "new_intent", sv_of(t->heard[1]));
	cli_print_json(o);
}

int app_against_river(struct store_db *db, struct feel_task *task, struct app_against *o,
		      struct err *e)
{
	struct hearing h = { 0 };
	int64_t days = o->days ? o->days : DAYS;
	arena_init(&h.a, LIM_ARENA_BIG);
	int rc = read_river(&h, db, days);
	if (rc == ERR_FULL)
		err_set(e, rc, "the last %d days have more than %d turns; name logs", (int)days,
			TURNS_MOST);
	if (rc == 0) {
		hear(&h, 0);
		rc = feel_use(task, false);
	}
	if (rc == 0)
		hear(&h, 1);
	for (size_t i = 0; i < h.v.n && rc == 0; i++) {
		const struct turn *t = &h.v.v[i];
		o->turns++;
		o->conversations += i == 0 || !sv_eq(t->conversation, t[-1].conversation);
		if (strcmp(t->heard[0], t->heard[1]) == 0)
			continue;
		o->differ++;
		print_turn(t, o->json);
	}
	VEC_FREE(&h.v);
	arena_done(&h.a);
	return rc;
}
