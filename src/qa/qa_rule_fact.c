/* qa_rule_fact.c: rules over what happened: that a machine speaks, who it was, promises, facts read
 * back, sources, surveys, other people's data, dispositions, passing on. Pure. */
#include "qa_int.h"
#include "guard.h"

#include <stdio.h>

/* The first thing said tells that a machine speaks, and is heard to its end. Calls; with `chat`,
 * chats too. */
void qa_run_disclosure(struct qa_ask *k)
{
	if (!k->bot || !(k->t->voice || k->it->chat))
		return;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		size_t s, e;
		if (!qa_said_by(l, k->self) && l->who != QW_CUSTOMER)
			continue;
		bool says = l->who == QW_BOT &&
			    (sv_eq(jv_get_str(l->body, "what"), SV("disclosure")) ||
			     qa_words_in(l->text, k->it->words, &s, &e));
		if (says && !l->cut)
			qa_set(k, QA_PASS, "");
		else
			qa_set(k, QA_FAIL, says ? "cut off before its end" :
						  "not said before anything else");
		qa_show_line(k, l);
		return;
	}
}

/* ---- whose data ---- */

static bool personal(enum guard_pii p)
{
	return p == PII_ID_CARD || p == PII_BANK_CARD || p == PII_ADDRESS || p == PII_EMAIL ||
	       p == PII_DATE_OF_BIRTH;
}

static bool masked(sv text, size_t *start, size_t *end)
{
	static const char *const masks[] = { "[phone]", "[email]", "[id_card]", "[bank_card]",
					     "[address]", "[date_of_birth]" };
	for (size_t i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		ptrdiff_t at = sv_find(text, sv_of(masks[i]));
		if (at < 0)
			continue;
		*start = sv_runes(sv_slice(text, 0, (size_t)at));
		*end = *start + strlen(masks[i]);
		return true;
	}
	return false;
}

/* Does the line tell somebody's own data? */
static bool tells(const struct qa_ask *k, const struct qa_line *l, size_t *start, size_t *end)
{
	struct guard_in in;
	if (qa_words_in(l->text, k->it->when, start, end) || masked(l->text, start, end))
		return true;
	if (guard_inbound(l->text, k->a, &in))
		return false;
	for (size_t i = 0; i < in.n; i++) {
		if (!personal(in.spans[i].type))
			continue;
		*start = in.spans[i].cp_start;
		*end = in.spans[i].cp_end;
		return true;
	}
	return false;
}

/* Before personal data is told, the customer is known (order and phone, code, signed in), or was
 * asked to prove who they are and answered. */
void qa_run_identity(struct qa_ask *k)
{
	bool known = false, asked = false;
	size_t s, e;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (qa_is(l, "customer.known"))
			known |= jv_get_int(l->body, "level", 0) >= 2;
		if (l->who == QW_CUSTOMER && asked)
			known = true;
		if (!qa_said_by(l, k->self))
			continue;
		if (!known && qa_words_in(l->text, k->it->words, NULL, NULL)) {
			asked = true;
			continue; /* "the last four digits of your phone" tells nothing */
		}
		if (!tells(k, l, &s, &e))
			continue;
		if (known && k->m->state == QA_NA)
			qa_set(k, QA_PASS, "");
		if (known)
			continue;
		qa_set(k, QA_FAIL, "personal data before it was known who asks");
		qa_show(k, l, s, e);
	}
}

enum { NUMBERS = 64 };
struct numbers {
	sv v[NUMBERS];
	size_t n;
};

static bool has_number(const struct numbers *x, sv s)
{
	for (size_t i = 0; i < x->n; i++)
		if (sv_eq_nocase(x->v[i], s))
			return true;
	return false;
}

/* Does any other row know the number: a tool, a flow, a ticket, the customer's own words? */
static bool row_knows(const struct qa_ask *k, sv number)
{
	struct sb b;
	bool found = false;
	sb_init(&b, LIM_SB);
	for (size_t i = 0; i < k->t->n && !found; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (l->who == QW_BOT || l->who == QW_AGENT || !l->body)
			continue;
		sb_reset(&b);
		jv_dump(l->body, &b);
		found = sv_find(sb_sv(&b), number) >= 0;
	}
	sb_done(&b);
	return found;
}

/* A number of ours, of a ticket or a complaint (docs/desk.md): T2026-000123, C26000123. */
static bool of_ticket(sv no)
{
	return no.n >= 9 && (no.p[0] == 'C' || no.p[0] == 'T') && no.p[1] == '2';
}

/* Orders that the customer named and the river does not show. */
static size_t hidden_orders(const struct qa_ask *k)
{
	size_t n = 0;
	for (size_t i = 0; i < k->t->n; i++) {
		sv text = k->t->v[i].text;
		ptrdiff_t at;
		if (k->t->v[i].who != QW_CUSTOMER)
			continue;
		while ((at = sv_find(text, SV("[order_number]"))) >= 0) {
			text = sv_slice(text, (size_t)at + 1, text.n);
			n++;
		}
	}
	return n;
}

/* An order is named that neither the customer nor any tool of this conversation brought up. */
void qa_run_others(struct qa_ask *k)
{
	struct numbers seen = { .n = 0 };
	size_t credit = hidden_orders(k);
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		struct guard_in in;
		if (!qa_said_by(l, k->self))
			continue;
		if (k->m->state == QA_NA)
			qa_set(k, QA_PASS, "");
		if (guard_inbound(l->text, k->a, &in))
			continue;
		for (size_t j = 0; j < in.n; j++) {
			const struct guard_span *p = &in.spans[j];
			sv no = sv_slice(in.clean, p->start, p->end);
			if (p->type != PII_ORDER_NUMBER || of_ticket(no) || has_number(&seen, no))
				continue;
			if (seen.n < NUMBERS)
				seen.v[seen.n++] = arena_sv(k->a, no);
			if (row_knows(k, no))
				continue;
			if (credit) {
				credit--;
				continue;
			}
			qa_set(k, QA_FAIL, "an order that nobody asked about here");
			qa_show(k, l, p->cp_start, p->cp_end);
		}
	}
}

/* ---- what was promised and done ---- */

static bool tool_done(const struct qa_ask *k, const struct qa_line *l)
{
	if (!qa_is(l, "tool.result") || !sv_eq(jv_get_str(l->body, "outcome"), SV("done")))
		return false;
	return qa_named(&k->it->tools, jv_get_str(l->body, "tool"));
}

static bool written_down(const struct qa_ask *k, const struct qa_line *l)
{
	return tool_done(k, l) || sv_starts(l->kind, SV("callback.")) ||
	       qa_is(l, "ticket.link");
}

/* Who promises to call back (`when`) has a task, ticket or call-back to show for it (`tools`). */
void qa_run_promise(struct qa_ask *k)
{
	const struct qa_line *said = NULL, *kept = NULL;
	size_t s = 0, e = 0;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (!said && qa_said_by(l, k->self) && qa_words_in(l->text, k->it->when, &s, &e))
			said = l;
		if (!kept && written_down(k, l))
			kept = l;
	}
	if (!said)
		return;
	qa_set(k, kept ? QA_PASS : QA_FAIL, kept ? "" : "promised, and written down nowhere");
	qa_show(k, said, s, e);
	if (kept)
		qa_show_fact(k, kept, SV_FMT, SV_ARG(kept->kind));
}

/* Before a complaint is taken (`tools` done) its facts are read back: by these words with an
 * answer, or by the tool's own confirmation. */
void qa_run_read_back(struct qa_ask *k)
{
	const struct qa_line *read = NULL;
	bool answered = false, confirmed = false;
	size_t s = 0, e = 0;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		size_t s2, e2;
		if (qa_said_by(l, k->self) && qa_words_in(l->text, k->it->words, &s2, &e2))
			read = l, s = s2, e = e2, answered = false;
		answered |= read && l->who == QW_CUSTOMER;
		if (qa_is(l, "tool.call") && qa_named(&k->it->tools, jv_get_str(l->body, "tool")))
			confirmed = jv_get_bool(l->body, "confirmed", false);
		bool taken = tool_done(k, l) || qa_linked(l, "complaint");
		if (!taken || !sv_eq(l->holder, k->self))
			continue;
		bool ok = confirmed || (read && answered);
		qa_set(k, ok ? QA_PASS : QA_FAIL, ok ? "" : "taken without being read back");
		if (read)
			qa_show(k, read, s, e);
		else
			qa_show_fact(k, l, SV_FMT, SV_ARG(l->kind));
		return;
	}
}

/* Does a sentence state something? Questions do not, and short ones without a figure do not. */
static bool sentence_states(sv s)
{
	struct guard_verdict v = { .ok = true };
	size_t zh = 0, words = 0, run = 0;
	bool digit = false;
	for (sv r = s; r.n;) {
		uint32_t c = sv_fold(sv_rune(&r));
		if (c == '?')
			return false;
		digit |= c >= '0' && c <= '9';
		zh += sv_is_cjk(c);
		words += c == ' ' && run;
		run = c > ' ';
	}
	if (!digit && zh < 10 && words < 7)
		return false;
	guard_outbound(s, NULL, 0, SV(""), &v);
	return !v.ok;
}

static bool states(sv text)
{
	size_t from = 0;
	for (sv r = text; from < text.n;) {
		uint32_t c = r.n ? sv_fold(sv_rune(&r)) : '\n';
		if (c != '.' && c != '!' && c != '?' && c != '\n' && c != 0x3002)
			continue;
		size_t to = text.n - r.n;
		if (sentence_states(sv_slice(text, from, to)))
			return true;
		from = to;
	}
	return false;
}

/* The bot's answers that state something have a source: citations, a tool's words, a check. */
void qa_run_grounded(struct qa_ask *k)
{
	for (size_t i = 0; k->bot && i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (!qa_is(l, "turn.bot") || l->turn <= 0 ||
		    !sv_eq(jv_get_str(l->body, "action"), SV("reply")))
			continue;
		bool source = jv_get_bool(l->body, "grounded", false) ||
			      jv_len(jv_get(l->body, "citations"));
		if (source && k->m->state == QA_NA)
			qa_set(k, QA_PASS, "");
		if (source || !states(l->text))
			continue;
		qa_set(k, QA_FAIL, "said without a source");
		qa_show_line(k, l);
	}
}

/* Who ends a conversation asks for the customer's opinion. Nobody can ask whom the customer
 * left. */
void qa_run_survey(struct qa_ask *k)
{
	for (size_t i = 0; i < k->t->n; i++) {
		if (!qa_is(&k->t->v[i], "survey") || !qa_last_party(k))
			continue;
		qa_set(k, QA_PASS, "");
		qa_show_fact(k, &k->t->v[i], SV_FMT,
			     SV_ARG(jv_get_str(k->t->v[i].body, "kind")));
		return;
	}
	if (!qa_last_party(k) || sv_eq(k->t->ended_by, SV("customer")) ||
	    sv_eq(k->t->ended_by, SV("timeout")) || !k->t->ended_by.n)
		return;
	qa_set(k, QA_FAIL, "no survey was offered");
}

/* An agent's wrap-up names how it ended. */
void qa_run_disposition(struct qa_ask *k)
{
	const struct qa_line *wrap = NULL, *last = NULL;
	bool named = false;
	if (k->bot)
		return;
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (qa_said_by(l, k->self))
			last = l;
		sv agent = jv_get_str(l->body, "agent");
		if ((!qa_is(l, "queue.wrapped") && !qa_is(l, "queue.disposed")) ||
		    (agent.n && !sv_eq(agent, k->self)))
			continue;
		const jv *d = jv_get(l->body, "disposition");
		wrap = l;
		named = jv_is_str(d) ? jv_as_str(d).n > 0 :
				       jv_get_str(d, "disposition").n || jv_get_str(d, "id").n;
	}
	qa_set(k, named ? QA_PASS : QA_FAIL, named ? "" : "the wrap-up does not say how it ended");
	if (wrap || last)
		qa_show_fact(k, wrap ? wrap : last, "%s", named ? "disposition" : "none");
}

/* Before somebody is passed on, they hear that they are. */
void qa_run_transfer(struct qa_ask *k)
{
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		size_t s = 0, e = 0, looked = 0;
		/* a lost line and a customer who waits no longer are nobody's act */
		bool back = qa_is(l, "handover.returned") &&
			    sv_eq(jv_get_str(l->body, "by"), k->self);
		bool passed = qa_is(l, "handover") || back ||
			      (qa_is(l, "call.transfer") &&
			       sv_eq(jv_get_str(l->body, "state"), SV("asked")));
		if (!passed || !sv_eq(l->holder, k->self))
			continue;
		/* The bot's row of the words may come just before or just after that of the act. */
		for (size_t j = i + 3 < k->t->n ? i + 3 : k->t->n; j-- > 0 && looked < 3;) {
			if (!qa_said_by(&k->t->v[j], k->self))
				continue;
			looked++;
			if (!qa_words_in(k->t->v[j].text, k->it->words, &s, &e))
				continue;
			qa_set(k, QA_PASS, "");
			qa_show(k, &k->t->v[j], s, e);
			return;
		}
		qa_set(k, QA_FAIL, "passed on without a word");
		qa_show_fact(k, l, SV_FMT, SV_ARG(l->kind));
		return;
	}
}
