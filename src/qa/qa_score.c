/* qa_score.c: one form over one conversation for one party, and how marks become points. */
#include "qa_int.h"

static const char *const names[QA_STATES] = { "n_a", "pass", "fail", "abstain" };

const char *qa_state_name(enum qa_state s)
{
	return (unsigned)s < QA_STATES ? names[s] : "";
}

int qa_state_of(sv s)
{
	for (int i = 0; i < QA_STATES; i++)
		if (sv_eq(s, sv_of(names[i])))
			return i;
	return -1;
}

double qa_sum(const struct qa_form *f, const enum qa_state *states, size_t n, bool *taboo)
{
	double got = 0, could = 0, cost = 0, score;
	size_t judged = 0;
	*taboo = false;
	for (size_t i = 0; i < n && i < f->n; i++) {
		const struct qa_item *it = &f->items[i];
		bool fail = states[i] == QA_FAIL;
		if (!fail && states[i] != QA_PASS)
			continue;
		judged++;
		if (it->type == QA_PLUS)
			could += it->weight, got += fail ? 0 : it->weight;
		else if (it->type == QA_MINUS)
			cost += fail ? it->weight : 0;
		else
			*taboo |= fail;
	}
	if (!judged)
		return -1;
	score = (could > 0 ? 100 * got / could : 100) - cost;
	return *taboo || score < 0 ? 0 : score;
}

bool qa_passes(const struct qa_form *f, double score, bool taboo)
{
	return !taboo && score >= f->pass;
}

/* People judge it; what the agent said of it at the desk's checklist is shown to them. */
static void for_people(struct qa_ask *k)
{
	const struct qa_line *tick = NULL;
	qa_set(k, QA_ABSTAIN, "for people");
	for (size_t i = 0; i < k->t->n; i++) {
		const struct qa_line *l = &k->t->v[i];
		if (qa_is(l, "agent.check") && sv_eq(l->holder, k->self) &&
		    sv_eq(jv_get_str(l->body, "item"), k->it->id))
			tick = l;
	}
	if (!tick)
		return;
	bool done = jv_get_bool(tick->body, "done", false);
	k->m->why = done ? SV("for people; the agent ticked it") :
			   SV("for people; the agent took the tick back");
	qa_show(k, tick, 0, 0);
}

int qa_score(struct qa_score **ret, const struct qa_form *f, const struct qa_talk *t, sv party,
	     const struct qa_mind *mind)
{
	struct qa_score *s = xalloc(sizeof(*s));
	enum qa_state states[QA_ITEMS];
	int rc = 0;
	arena_init(&s->a, LIM_ARENA_BIG);
	s->form = obj_ref((void *)(uintptr_t)f);
	s->party = arena_sv(&s->a, party);
	s->n = f->n;
	for (size_t i = 0; i < f->n && rc == 0; i++) {
		struct qa_ask k = { .t = t, .it = &f->items[i], .self = party,
				    .bot = sv_eq(party, SV("bot")), .a = &s->a,
				    .m = &s->marks[i] };
		if (k.it->rule)
			k.it->rule->run(&k);
		else if (k.it->rubric[0].n)
			rc = qa_run_rubric(&k, mind);
		else
			for_people(&k);
		states[i] = s->marks[i].state;
		s->judged += states[i] == QA_PASS || states[i] == QA_FAIL;
		/* Evidence outlives the rows. */
		for (size_t j = 0; j < s->marks[i].n_ev; j++)
			s->marks[i].ev[j].text = arena_sv(&s->a, s->marks[i].ev[j].text);
	}
	if (rc) {
		qa_score_free(s);
		return rc;
	}
	s->score = qa_sum(f, states, f->n, &s->taboo);
	s->passed = qa_passes(f, s->score, s->taboo);
	*ret = s;
	return 0;
}

void qa_score_free(struct qa_score *s)
{
	if (!s)
		return;
	obj_unref((void *)(uintptr_t)s->form);
	arena_done(&s->a);
	xfree(s);
}

static void put_evidence(struct sb *b, const struct qa_evidence *e)
{
	sb_fmt(b, "{\"seq\":%lld,\"turn\":%d,\"start\":%zu,\"end\":%zu,\"text\":",
	       (long long)e->seq, e->turn, e->start, e->end);
	sb_json(b, e->text);
	sb_ch(b, '}');
}

void qa_marks_json(const struct qa_score *s, struct sb *out)
{
	sb_ch(out, '[');
	for (size_t i = 0; i < s->n; i++) {
		const struct qa_mark *m = &s->marks[i];
		sb_cstr(out, i ? ",{\"item\":" : "{\"item\":");
		sb_json(out, s->form->items[i].id);
		sb_fmt(out, ",\"state\":\"%s\",\"why\":", names[m->state]);
		sb_json(out, m->why);
		sb_cstr(out, ",\"evidence\":[");
		for (size_t j = 0; j < m->n_ev; j++) {
			sb_cstr(out, j ? "," : "");
			put_evidence(out, &m->ev[j]);
		}
		sb_cstr(out, "]}");
	}
	sb_ch(out, ']');
}
