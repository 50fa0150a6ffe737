/* policy_model.c: the model of a row's ways: one linear score a way, and the one that was in use
 * before it. Numbers are those of floats, so that a model is the same after it was written and
 * read. Pure, any thread. */
#include "policy_table_int.h"

#include <math.h>
#include <stdio.h>

int policy_scores_best(const struct policy_scores *s, int ways, const double x[POLICY_FEATURES])
{
	int ret = 0;
	double best = -INFINITY;
	for (int a = 0; a < ways; a++) {
		double v = 0;
		for (int i = 0; i < POLICY_FEATURES; i++)
			v += s->w[a][i] * x[i];
		if (v > best + 1e-9) {       /* ties: the first, the row's own before all */
			best = v;
			ret = a;
		}
	}
	return ret;
}

static uint64_t mix(uint64_t h, const struct policy_scores *s, int ways)
{
	for (int a = 0; a < ways; a++) {
		for (int i = 0; i < POLICY_FEATURES; i++) {
			float f = (float)s->w[a][i];
			uint32_t bits;
			memcpy(&bits, &f, sizeof(bits));
			h = (h ^ bits) * UINT64_C(0x100000001B3);
		}
	}
	return h;
}

uint64_t policy_model_print(const struct policy_model *m)
{
	uint64_t h = mix(m->print ^ UINT64_C(0x9E3779B97F4A7C15), &m->now, m->ways);
	return m->has_before ? mix(h, &m->before, m->ways) : h;
}

/* ---- on paper ---- */

static void put(struct sb *out, const char *name, const struct policy_scores *s, int ways)
{
	sb_fmt(out, ",\"%s\":[", name);
	for (int a = 0; a < ways; a++) {
		sb_cstr(out, a ? ",[" : "[");
		for (int i = 0; i < POLICY_FEATURES; i++)
			sb_fmt(out, i ? ",%.9g" : "%.9g", (double)(float)s->w[a][i]);
		sb_ch(out, ']');
	}
	sb_ch(out, ']');
}

void policy_model_json(const struct policy_model *m, struct sb *out)
{
	sb_fmt(out, "{\"print\":\"%016llx\"", (unsigned long long)m->print);
	put(out, "now", &m->now, m->ways);
	if (m->has_before)
		put(out, "before", &m->before, m->ways);
	sb_ch(out, '}');
}

static bool take(const jv *list, int ways, struct policy_scores *s)
{
	if (jv_len(list) != (size_t)ways)
		return false;
	for (int a = 0; a < ways; a++) {
		const jv *row = jv_at(list, (size_t)a);
		if (jv_len(row) != POLICY_FEATURES)
			return false;
		for (int i = 0; i < POLICY_FEATURES; i++) {
			double d = jv_as_num(jv_at(row, (size_t)i), NAN);
			if (!isfinite(d))
				return false;
			s->w[a][i] = (double)(float)d;
		}
	}
	return true;
}

bool policy_model_load(const jv *t, struct policy_model *ret)
{
	struct policy_model m = { .ways = (int)jv_len(jv_get(t, "now")),
				  .has_before = jv_get(t, "before") != NULL };
	sv print = jv_get_str(t, "print");
	if (m.ways < 2 || m.ways > POLICY_WAYS || !take(jv_get(t, "now"), m.ways, &m.now) ||
	    (m.has_before && !take(jv_get(t, "before"), m.ways, &m.before)))
		return false;
	for (size_t i = 0; i < print.n && i < 16; i++)
		m.print = m.print << 4 |
			  (uint64_t)(print.p[i] <= '9' ? print.p[i] - '0' : print.p[i] - 'a' + 10);
	*ret = m;
	return true;
}
