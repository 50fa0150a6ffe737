/* qa_label.c: the rules against people's marks. Any thread. */
#include "qa_label.h"

#include <math.h>
#include <stdio.h>

enum { TALKS = 5000, KINDS = 3 };    /* n_a, pass, fail, as in enum qa_state */

struct votes {                       /* of one item, a pair a conversation */
	VEC(int) label, found;
};
struct work {
	const struct qa_forms *fs;
	struct qa_label_set *ret;
	struct votes v[QA_ITEMS * 2];
	qa_wrong_fn *on_wrong;
	void *arg;
};

static int item_at(struct qa_label_set *s, sv id)
{
	for (size_t i = 0; i < s->n; i++)
		if (sv_eq(sv_of(s->v[i].item), id))
			return (int)i;
	if (s->n == QA_ITEMS * 2)
		return -1;
	(void)snprintf(s->v[s->n].item, sizeof(s->v[0].item), SV_FMT, SV_ARG(id));
	return (int)s->n++;
}

static int check_labels(const struct qa_form *f, const jv *labels, struct err *e)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(labels, &it, &key, &v)) {
		int s = qa_state_of(jv_as_str(v));
		if (qa_form_find(f, key) < 0)
			return err_set(e, ERR_INVAL, "form " SV_FMT " has no item %.40s",
				       SV_ARG(qa_form_id(f)), key.p);
		if (s != QA_PASS && s != QA_FAIL && s != QA_NA)
			return err_set(e, ERR_INVAL, "%.40s is no pass, fail or n_a", key.p);
	}
	return 0;
}

static int compare(struct work *w, const struct qa_score *s, sv id, const jv *labels)
{
	for (size_t i = 0; i < s->n; i++) {
		sv item = qa_form_item(s->form, i);
		int label = qa_state_of(jv_as_str(jv_member(labels, item)));
		int found = (int)s->marks[i].state, at;
		label = label < 0 ? QA_NA : label;
		if (!qa_form_ruled(s->form, i))
			continue;
		if ((at = item_at(w->ret, item)) < 0)
			return ERR_FULL;
		int *a = VEC_PUSH(&w->v[at].label, TALKS), *b = VEC_PUSH(&w->v[at].found, TALKS);
		if (!a || !b)
			return ERR_FULL;
		*a = label;
		*b = found;
		w->ret->v[at].passed += label == QA_PASS;
		w->ret->v[at].failed += label == QA_FAIL;
		if (label != found && w->on_wrong)
			w->on_wrong(w->arg, id, item, qa_state_name((enum qa_state)label),
				    qa_state_name((enum qa_state)found), s->marks[i].why);
	}
	return 0;
}

static int one(struct work *w, const jv *o, struct err *e)
{
	struct qa_talk *t = NULL;
	struct qa_score *s = NULL;
	sv party = jv_get_str(o, "party");
	int rc = qa_talk_of(&t, jv_get(o, "rows"), e);
	const struct qa_form *f = rc ? NULL : qa_forms_for(w->fs, t, party);
	if (rc == 0 && (!f || !party.n))
		rc = err_set(e, ERR_INVAL, "no party, or no form is for it");
	if (rc == 0)
		rc = check_labels(f, jv_get(o, "labels"), e);
	if (rc == 0)
		rc = qa_score(&s, f, t, party, NULL);
	if (rc == 0)
		rc = compare(w, s, jv_get_str(o, "id"), jv_get(o, "labels"));
	if (rc == 0) {
		w->ret->talks++;
		w->ret->by_bot += sv_eq(party, SV("bot"));
		w->ret->voice += qa_talk_voice(t);
		w->ret->zh += sv_eq(qa_talk_lang(t), SV("zh"));
	}
	qa_score_free(s);
	qa_talk_free(t);
	return rc;
}

/* Of all marks together. */
static double pooled(const struct work *w)
{
	size_t n = 0, all = w->ret->marks;
	int *a = xalloc(sizeof(int) * (all + 1)), *b = xalloc(sizeof(int) * (all + 1));
	for (size_t i = 0; i < w->ret->n; i++)
		for (size_t k = 0; k < w->v[i].label.n; k++, n++) {
			a[n] = w->v[i].label.v[k];
			b[n] = w->v[i].found.v[k];
		}
	double kappa = qa_kappa_cohen(a, b, n, KINDS, NULL);
	xfree(a);
	xfree(b);
	return kappa;
}

static void settle(struct work *w)
{
	struct qa_label_set *r = w->ret;
	r->least = 1;
	for (size_t i = 0; i < r->n; i++) {
		struct votes *v = &w->v[i];
		struct qa_agree *a = &r->v[i];
		a->n = v->label.n;
		for (size_t k = 0; k < a->n; k++)
			a->same += v->label.v[k] == v->found.v[k];
		a->kappa = qa_kappa_cohen(v->label.v, v->found.v, a->n, KINDS, NULL);
		r->marks += a->n;
		r->same += a->same;
		if (!isnan(a->kappa) && a->kappa < r->least)
			r->least = a->kappa;
	}
	r->pooled = pooled(w);
}

int qa_label_run(const struct qa_forms *fs, sv jsonl, struct qa_label_set *ret,
		 qa_wrong_fn *on_wrong, void *arg, struct err *e)
{
	struct work *w = xalloc(sizeof(*w));
	sv line;
	int rc = 0, n = 0;
	*w = (struct work){ .fs = fs, .ret = ret, .on_wrong = on_wrong, .arg = arg };
	*ret = (struct qa_label_set){ 0 };
	while (rc == 0 && sv_line(&jsonl, &line)) {
		n++;
		if (!sv_trim(line).n)
			continue;
		jv *o = jv_parse(line, e);
		rc = o ? one(w, o, e) : ERR_PARSE;
		jv_free(o);
	}
	if (rc && e)
		e->line = n;
	if (rc == 0)
		settle(w);
	for (size_t i = 0; i < QA_ITEMS * 2; i++) {
		VEC_FREE(&w->v[i].label);
		VEC_FREE(&w->v[i].found);
	}
	xfree(w);
	return rc;
}
