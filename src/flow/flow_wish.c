/* flow_wish.c: several wishes in one sentence: "cancel 100385 and where is 100186?"
 *
 * The words are cut where a clause ends; a clause that holds a flow's `wish` words begins a part of
 * the sentence that is this flow's, up to the next one. The same wish with another number is one
 * of its own. What is said as a way out ("or else", 不行就) is none. Pure. */
#include "flow_int.h"

/* Bytes of a cut at this place of the folded words, and what goes on behind it still belongs to
 * the new clause; 0 = none. */
static size_t cut_at(sv t, size_t at)
{
	static const char *const marks[] = { "?", "!", ";", ",", "\n", ". ", "。", "、",
					     "？", "！", "；", "，" };
	static const char *const joins[] = { " and ", " also ", " then ", " plus ", "另外",
					     "还有", "顺便", "同时", "以及", "并且", "然后" };
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (sv_starts(sv_slice(t, at, t.n), sv_of(marks[i])))
			return strlen(marks[i]);
	for (size_t i = 0; i < sizeof(joins) / sizeof(*joins); i++)
		if (sv_starts(sv_slice(t, at, t.n), sv_of(joins[i])))
			return strlen(joins[i]) - (joins[i][0] == ' ');
	sv he = SV("和");
	size_t end = at;
	while (end > 0 && t.p[end - 1] == ' ')
		end--;
	bool digits = end > 0 && t.p[end - 1] >= '0' && t.p[end - 1] <= '9';
	return digits && sv_starts(sv_slice(t, at, t.n), he) ? he.n : 0;
}

/* The last long number of the words: what tells one order from another. */
static sv number_in(sv text)
{
	sv found = SV_NULL;
	for (size_t i = 0; i < text.n;) {
		size_t n = 0;
		while (i + n < text.n && text.p[i + n] >= '0' && text.p[i + n] <= '9')
			n++;
		if (n >= 6)
			found = sv_n(text.p + i, n);
		i += n ? n : 1;
	}
	return found;
}

static bool way_out(sv clause)
{
	return flow_has(clause, SV("or|otherwise|unless|instead|if not|if you can't|if i can't|"
				   "if that|否则|或者|要么|不行就|不行的话|如果|要不|不然|还是"));
}

static bool wishes_it(const struct flow *f, sv clause)
{
	if (!f->wish.t[0].n || !flow_says(clause, &f->wish) || flow_says(clause, &f->never))
		return false;
	return flow_names_one(clause) || !flow_says(clause, &f->unless);
}

static const struct flow *wish_of(const struct flow_set *s, sv clause)
{
	const struct flow *best = NULL;
	for (size_t i = 0; i < s->n; i++)
		if (wishes_it(&s->v[i], clause) && (!best || s->v[i].priority > best->priority))
			best = &s->v[i];
	return best;
}

/* Only another number: "cancel 100385 and 100386". */
static bool number_alone(sv clause, sv number)
{
	char buf[FLOW_FOLD];
	sv t = flow_fold(clause, buf), n = number_in(t);
	if (!number.n || !n.n)
		return false;
	sv head = sv_slice(t, 0, (size_t)(n.p - t.p)), tail = sv_slice(t, head.n + n.n, t.n);
	sv small = SV("hh*|order|the|one|and|also|number|订单|单号|和|的|这个|那个|也|吧|please");
	return (!flow_bare(head).n || flow_only(head, small)) &&
	       (!flow_bare(tail).n || flow_only(tail, small));
}

static void take(const struct flow_set *s, const struct flow *own, sv text, size_t from,
		 size_t to, struct flow_wish *v, size_t *n, size_t max)
{
	sv clause = sv_slice(text, from, to);
	const struct flow *f = wish_of(s, clause);
	const struct flow_wish *last = *n ? &v[*n - 1] : NULL;
	sv number = number_in(clause);
	if (!last && !f && number.n)
		f = own;
	if (last) {
		sv before = number_in(sv_slice(text, last->from, from));
		bool other = before.n && number.n && !sv_eq(before, number);
		if (!f && other && number_alone(clause, number))
			f = last->f;
		if (!f || (f == last->f && !other) || way_out(clause))
			return;
	}
	if (f && *n < max)
		v[(*n)++] = (struct flow_wish){ f, from, text.n };
}

size_t flow_wishes(const struct flow_set *s, const struct flow *own, sv text, struct flow_wish *v,
		   size_t max)
{
	char buf[FLOW_FOLD];
	sv t = flow_fold(text, buf);
	size_t n = 0, from = 0, end = 0;
	for (size_t at = 0; at <= t.n; at++) {
		size_t cut = at < t.n ? cut_at(t, at) : 0;
		if (!cut && at < t.n)
			continue;
		/* where it is in the words as they were given, rune for rune */
		size_t a = sv_rune_offset(text, sv_runes(sv_slice(t, 0, from)));
		size_t b = sv_rune_offset(text, sv_runes(sv_slice(t, 0, at)));
		size_t had = n;
		take(s, own, text, a, b, v, &n, max);
		if (had && n > had)
			v[had - 1].to = end; /* without "and by the way" */
		end = b > a ? b : end;
		from = at + cut;
		at += cut ? cut - 1 : 0;
	}
	if (n)
		v[0].from = 0; /* "about my order: cancel it" */
	return n;
}

bool flow_sees_two(const struct flow_set *s, sv text)
{
	struct flow_wish w[2];
	return flow_wishes(s, NULL, text, w, 2) > 1;
}
