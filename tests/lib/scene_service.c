/* scene_service.c: the business side of a story: its tools, its shop, what an agent does with a
 * ticket meanwhile, and what the store holds in the end.
 *
 * A reply can say anything; whether an order was cancelled, once, with the right money on its way
 * back, is what the rows say. Statements "tools", "shop", "agent" act, "order", "rows", "row" look.
 * The test's thread. */
#include "scene.h"

#include "desk.h"

#include <stdio.h>

#define SQL_MAX 1200

static bool served(struct scene *s)
{
	return s->service || scene_fail(s, "a story with tools says: service");
}

/* tools hold | go | break | mend */
bool scene_tools(struct scene *s)
{
	if (!served(s))
		return false;
	if (scene_is(s, 1, "hold") || scene_is(s, 1, "go"))
		world_tools_hold(s->w, scene_is(s, 1, "hold"));
	else if (scene_is(s, 1, "break") || scene_is(s, 1, "mend"))
		world_tools_break(s->w, scene_is(s, 1, "break"));
	else
		return scene_fail(s, "tools hold, go, break or mend");
	return true;
}

/* shop SKU stock 0 | shop SKU price 98.00 */
bool scene_shop(struct scene *s)
{
	double v;
	bool price = scene_is(s, 2, "price");
	if (!s->service || (!price && !scene_is(s, 2, "stock")) || sv_f64(scene_word(s, 3), &v))
		return scene_fail(s, "shop SKU stock 0, or price 98.00; with service");
	return world_product(s->w, scene_word(s, 1), price, price ? v * 100 : v) == 0 ||
	       scene_fail(s, "no such product");
}

/* ---- an agent at the desk ---- */

/* agent calls TOOL "{'number':'C26000001'}" [refused]: done, unless another outcome is told. */
static bool agent_calls(struct scene *s)
{
	struct tool_res *res = NULL;
	struct sb args;
	sb_init(&args, TOOL_ARGS_MAX);
	sv raw = scene_word(s, 3), want = scene_word(s, 4);
	for (size_t k = 0; k < raw.n; k++)
		sb_ch(&args, raw.p[k] == '\'' ? '"' : raw.p[k]);
	struct tool_req r = {
		.name = scene_word(s, 2),
		.args = sb_sv(&args),
		.who = { .level = TOOL_PROVEN, .role = TOOL_AGENT, .actor = SV("mei"),
			 .lang = sv_of(s->lang) },
		.now_ms = loop_wall_ms(s->w->loop),
	};
	int rc = tool_call(s->w->kit, &r, &res);
	sb_done(&args);
	if (rc)
		return scene_fail(s, "the agent cannot: %s", err_text(rc));
	const char *is = tool_outcome_name(res->outcome);
	bool ok = sv_eq(sv_of(is), want.n ? want : SV("done")) ||
		  scene_fail(s, "the outcome is %s: " SV_FMT, is, SV_ARG(res->why));
	world_note(s->w, "agent: " SV_FMT " is %s: " SV_FMT, SV_ARG(scene_word(s, 2)), is,
		   SV_ARG(res->say));
	obj_unref(res);
	return ok;
}

/* agent moves C26000001 solved "a new one was sent" */
static bool agent_moves(struct scene *s)
{
	struct err e = { 0 };
	int to = desk_status_of(scene_word(s, 3));
	if (to < 0)
		return scene_fail(s, "to which state?");
	int rc = world_ticket(s->w, scene_word(s, 2), to, scene_word(s, 4), &e);
	return rc == 0 || scene_fail(s, "the ticket does not move: %s", e.msg);
}

bool scene_agent(struct scene *s)
{
	if (!served(s))
		return false;
	if (scene_is(s, 1, "calls"))
		return agent_calls(s);
	if (scene_is(s, 1, "moves"))
		return agent_moves(s);
	return scene_fail(s, "an agent calls TOOL or moves TICKET");
}

/* ---- what the store holds ---- */

/* order HH2026-100108 state cancelled: a member of what the shop has. */
bool scene_exp_order(struct scene *s, struct actor *a, int i)
{
	struct sb b;
	char key[40];
	sb_init(&b, LIM_SB);
	if (!s->service || world_order(s->w, scene_word(s, i), &b)) {
		sb_done(&b);
		return scene_fail(s, "no such order");
	}
	jv *o = jv_parse(sb_sv(&b), NULL);
	snprintf(key, sizeof(key), SV_FMT, SV_ARG(scene_word(s, i + 1)));
	bool fits = scene_value_fits(jv_get(o, key), &s->now->v[i + 2]);
	if (!fits)
		scene_fail(s, "%s is not so: %.1500s", key, sb_str(&b));
	jv_free(o);
	sb_done(&b);
	return fits;
}

/* rows TABLE N: so many rows are in a table of the store. */
bool scene_exp_rows(struct scene *s, struct actor *a, int i)
{
	char sql[SQL_MAX];
	int64_t want = -2;
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM " SV_FMT, SV_ARG(scene_word(s, i)));
	(void)sv_i64(scene_word(s, i + 1), &want);
	int64_t is = world_count(s->w, sql);
	return is == want || scene_fail(s, "%lld rows", (long long)is);
}

/* row "TABLE WHERE ..." COLUMN VALUE ...: there is one such row, and it holds this. A column may
 * be an expression in quotes. */
bool scene_exp_row(struct scene *s, struct actor *a, int i)
{
	char sql[SQL_MAX];
	if (i + 2 >= s->now->n || (s->now->n - i) % 2 == 0)
		return scene_fail(s, "row \"TABLE WHERE ...\" COLUMN VALUE ..., a VALUE for each");
	for (int k = i + 1; k + 1 < s->now->n; k += 2) {
		snprintf(sql, sizeof(sql), "SELECT " SV_FMT " FROM " SV_FMT,
			 SV_ARG(scene_word(s, k)), SV_ARG(scene_word(s, i)));
		jv *all = world_column(s->w, sql);
		struct sb b;
		sb_init(&b, LIM_SB);
		jv_dump(all, &b);
		bool fits = jv_len(all) == 1 &&
			    scene_value_fits(jv_at(all, 0), &s->now->v[k + 1]);
		if (!fits)
			scene_fail(s, SV_FMT " is %.1500s", SV_ARG(scene_word(s, k)), sb_str(&b));
		sb_done(&b);
		jv_free(all);
		if (!fits)
			return false;
	}
	return true;
}
