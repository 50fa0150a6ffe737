/* talk_result.c: a tool's result made to fit what a model should read.
 *
 * A list without end is cut by rows, from its end, and beside it stands how many of how many are
 * shown, so that nothing is taken for the whole that is not. What is long without being a list
 * loses the ends of its long texts. Pure, any thread. */
#include "talk_core.h"

#include <stdio.h>

#define ROUNDS 12                    /* looks for another list or text to cut */
#define TEXT_KEEP 400                /* bytes of a text that may always stay */

static size_t bytes_of(const jv *v)
{
	struct sb b;
	sb_init(&b, 16u << 20);
	jv_dump(v, &b);
	size_t n = sb_err(&b) ? (size_t)16 << 20 : b.n;
	sb_done(&b);
	return n;
}

struct longest {                     /* list of most bytes, and where it stands */
	jv *of;                      /* the object */
	char name[64];
	size_t bytes;
};

static void look(jv *o, int depth, struct longest *best)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (depth < 4 && jv_next(o, &it, &key, &v)) {
		if (jv_is_obj(v))
			look(v, depth + 1, best);
		if (!jv_is_arr(v) || jv_len(v) < 2 || key.n >= sizeof(best->name))
			continue;
		size_t n = bytes_of(v);
		if (n <= best->bytes)
			continue;
		best->bytes = n;
		best->of = o;
		memcpy(best->name, key.p, key.n);
		best->name[key.n] = '\0';
	}
}

/* Keeps as many first rows as fit into room bytes, one at least. */
static void cut_rows(const struct longest *l, size_t room)
{
	const jv *rows = jv_get(l->of, l->name);
	jv *kept = jv_arr();
	char shown[80], all[80];
	size_t used = 2, n = jv_len(rows), k = 0;
	for (; k < n; k++) {
		size_t one = bytes_of(jv_at(rows, k)) + 1;
		if (k && used + one > room)
			break;
		used += one;
		jv_push(kept, jv_copy(jv_at(rows, k)));
	}
	(void)snprintf(shown, sizeof(shown), "%s_shown", l->name);
	(void)snprintf(all, sizeof(all), "%s_of", l->name);
	jv_set_int(l->of, shown, (int64_t)k);
	jv_set_int(l->of, all, jv_get_int(l->of, all, (int64_t)n));
	jv_set(l->of, l->name, kept);
}

/* Texts that are longer than keep lose their end. */
static void cut_texts(jv *o, size_t keep, int depth)
{
	void *it = NULL;
	sv key;
	jv *v;
	struct { char name[64]; } cut[32];
	size_t n = 0;
	for (size_t i = 0; jv_is_arr(o) && depth < 6 && i < jv_len(o); i++)
		cut_texts(jv_at(o, i), keep, depth + 1);
	while (jv_is_obj(o) && depth < 6 && jv_next(o, &it, &key, &v)) {
		if (jv_as_str(v).n > keep && key.n < sizeof(cut[0].name) && n < 32) {
			memcpy(cut[n].name, key.p, key.n);
			cut[n++].name[key.n] = '\0';
		}
		if (jv_is_obj(v) || jv_is_arr(v))
			cut_texts(v, keep, depth + 1);
	}
	for (size_t i = 0; i < n; i++) {
		sv s = jv_get_str(o, cut[i].name);
		struct sb b;
		sb_init(&b, LIM_SB);
		sb_fmt(&b, SV_FMT " ...", SV_ARG(sv_head(s, keep)));
		jv_set_str(o, cut[i].name, sb_sv(&b));
		sb_done(&b);
	}
}

void talk_fit_result(sv body, size_t max, struct sb *out)
{
	jv *o = body.n > max ? jv_parse(body, NULL) : NULL;
	if (!o) {
		sb_put(out, body.n > max ? SV("{\"too_long\":true}") : body);
		return;
	}
	for (int i = 0; i < ROUNDS && bytes_of(o) > max; i++) {
		struct longest l = { 0 };
		look(o, 0, &l);
		size_t all = bytes_of(o), rest = all - l.bytes + 60;
		if (l.of && jv_len(jv_get(l.of, l.name)) > 1)
			cut_rows(&l, max > rest ? max - rest : 0);
		else
			cut_texts(o, TEXT_KEEP >> (i < 8 ? i / 2 : 4), 0);
	}
	if (bytes_of(o) > max)
		sb_cstr(out, "{\"too_long\":true}");
	else
		jv_dump(o, out);
	jv_free(o);
}
