/* desk_complaint.c: what makes a complaint weigh more, and whether it comes again. On the scribe's
 * thread; weighing and reading back are pure. */
#include "cust.h"
#include "desk_int.h"

#include <stdio.h>

static void add_name(jv *list, const char *name)
{
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_as_str(jv_at(list, i)), sv_of(name)))
			return;
	jv_push(list, jv_str(sv_of(name)));
}

enum desk_severity desk_weigh(const struct desk *d, jv *body, enum desk_severity least)
{
	static const char *const keys[] = { "what", "wants", "effect" };
	jv *names = jv_arr();
	struct sb words;
	sb_init(&words, DESK_BODY);
	for (size_t i = 0; i < 3; i++) {
		sb_put(&words, jv_get_str(body, keys[i]));
		sb_ch(&words, '\n');
	}
	unsigned bits = desk_signs_in(d, sb_sv(&words), &least);
	sb_done(&words);
	for (size_t i = 0; i < d->n_signs; i++) {
		const struct desk_sign *s = &d->signs[i];
		bool told = jv_get_bool(body, s->name, false);
		if (told && s->severity > least)
			least = s->severity;
		if (told || (bits & 1u << i))
			add_name(names, s->name);
	}
	if (jv_len(names))
		jv_set(body, "signs", names);
	else
		jv_free(names);
	return least;
}

static sv top_of(sv category)
{
	sv top;
	return sv_cut(&category, '/', &top) ? top : SV_NULL;
}

static bool same_matter(const struct ticket *t, sv category, sv body)
{
	sv order = jv_get_str(t->body, "order");
	if (t->category.n && sv_eq(top_of(t->category), top_of(category)))
		return true;
	if (!order.n)
		return false;
	jv *b = jv_parse(body, NULL);
	bool same = sv_eq_nocase(order, jv_get_str(b, "order"));
	jv_free(b);
	return same;
}

/* The last complaint of this customer about the same within the days; 1 and number, 0, negative. */
static int find_before(const struct desk *d, struct store_db *db, const struct ticket *t,
		       int64_t now, char number[DESK_NUMBER])
{
	struct store_stmt *q;
	int found = 0,
	    rc = store_prep(db, &q,
			    CUST_GROUP_SQL
			    "SELECT t.number, t.category, t.body FROM g JOIN ticket t ON "
			    "t.customer=g.id WHERE t.type='complaint' AND t.opened_ms>=?2 AND "
			    "t.seq<>?3 ORDER BY t.seq DESC LIMIT 20");
	if (rc)
		return rc;
	store_bind_sv(q, 1, t->customer);
	store_bind_int(q, 2, now - d->repeat_days * CAL_DAY);
	store_bind_int(q, 3, t->seq);
	while (!found && (rc = store_step(q)) == 1) {
		if (!same_matter(t, store_col_sv(q, 1), store_col_sv(q, 2)))
			continue;
		(void)snprintf(number, DESK_NUMBER, SV_FMT, SV_ARG(store_col_sv(q, 0)));
		found = 1;
	}
	store_reset(q);
	return rc < 0 ? rc : found;
}

int desk_repeat_watch(const struct desk *d, struct store_db *db, struct ticket *t,
		      const struct desk_by *by, bool *repeat)
{
	char before[DESK_NUMBER];
	*repeat = false;
	if (!t->customer.n || !d->repeat_days)
		return 0;
	int rc = find_before(d, db, t, by->now_ms, before);
	if (rc <= 0)
		return rc;
	*repeat = true;
	if (t->severity < DESK_CRITICAL)
		t->severity = (enum desk_severity)(t->severity + 1);
	jv_set_str(t->body, "repeat_of", sv_of(before));
	return ticket_link(db, t, SV("ticket"), sv_of(before), by);
}

/* ---- reading back ---- */

static const struct {
	const char *key;
	sv zh, en;
} parts[] = {
	{ "what", { "情况：", 9 }, { "what happened: ", 15 } },
	{ "when", { "时间：", 9 }, { "when: ", 6 } },
	{ "order", { "订单：", 9 }, { "order: ", 7 } },
	{ "product", { "商品：", 9 }, { "product: ", 9 } },
	{ "effect", { "对您的影响：", 18 }, { "how it affected you: ", 21 } },
	{ "evidence", { "凭证：", 9 }, { "evidence: ", 10 } },
	{ "wants", { "您希望：", 12 }, { "what you would like: ", 21 } },
	{ "contact", { "联系您：", 12 }, { "how to reach you: ", 18 } },
};

static void put_list(const jv *v, bool zh, struct sb *out)
{
	if (jv_is_str(v))
		sb_put(out, sv_trim(jv_as_str(v)));
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++) {
		if (i)
			sb_cstr(out, zh ? "、" : ", ");
		sb_put(out, jv_as_str(jv_at(v, i)));
	}
}

void desk_read_back(const jv *facts, sv lang, struct sb *out)
{
	bool zh = !sv_starts(lang, SV("en"));
	int n = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const jv *v = jv_get(facts, parts[i].key);
		if (!jv_as_str(v).n && !jv_len(v))
			continue;
		if (n++)
			sb_cstr(out, zh ? "；" : "; ");
		sb_put(out, zh ? parts[i].zh : parts[i].en);
		put_list(v, zh, out);
	}
}
