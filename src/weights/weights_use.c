/* weights_use.c: which of the installed entries is used: the chosen one (models.json in the data
 * folder), else the default one, else any that is ready. Read from disk each time; any thread.
 */
#include "weights_int.h"

#include <stdio.h>

enum { CHOICES_MAX = 64 << 10 };

static const char *const roles[] = { "llm", "asr", "tts", "embed", "vad", "turn" };

static void choices_path(const struct weights *w, char out[PATH_MAX])
{
	(void)snprintf(out, PATH_MAX, "%s/models.json", w->data);
}

static jv *choices(const struct weights *w)
{
	char path[PATH_MAX];
	struct sb text;
	jv *v = NULL;
	if (!w->data[0])
		return jv_obj();
	choices_path(w, path);
	sb_init(&text, CHOICES_MAX);
	if (file_read(path, CHOICES_MAX, &text, NULL) == 0)
		v = jv_parse(sb_sv(&text), NULL);
	sb_done(&text);
	if (jv_is_obj(v))
		return v;
	jv_free(v);
	return jv_obj();
}

void weights_chosen(const struct weights *w, sv role, char out[64])
{
	jv *v = choices(w);
	char key[16];
	(void)snprintf(key, sizeof(key), SV_FMT, SV_ARG(role));
	(void)snprintf(out, 64, SV_FMT, SV_ARG(jv_get_str(v, key)));
	jv_free(v);
}

static bool role_ok(sv role)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (sv_eq(role, sv_of(roles[i])))
			return true;
	return false;
}

static int may_use(const struct weights *w, sv role, sv name, struct err *e)
{
	const struct weights_item *it = weights_named(w, name);
	if (!it)
		return err_set(e, ERR_NOTFOUND, "there is no model \"" SV_FMT
			       "\"; callm models list shows what there is", SV_ARG(name));
	if (!sv_eq(sv_of(it->role), role))
		return err_set(e, ERR_INVAL, "%s is for the role %s: callm models use %s %s",
			       it->name, it->role, it->role, it->name);
	struct weights_pick p;
	int rc = weights_locate(w, it, &p, e);
	return rc == ERR_NOTFOUND ? ERR_STATE : rc;
}

int weights_use(const struct weights *w, sv role, sv name, struct err *e)
{
	char key[16], path[PATH_MAX];
	bool back = sv_eq(name, SV("default"));
	if (!role_ok(role))
		return err_set(e, ERR_INVAL,
			       "\"" SV_FMT
			       "\" is no role; roles are llm, asr, tts, embed, vad, turn",
			       SV_ARG(role));
	if (!w->data[0])
		return err_set(e, ERR_STATE, "no data folder to write the choice into");
	int rc = back ? 0 : may_use(w, role, name, e);
	if (rc)
		return rc;
	jv *v = choices(w);
	struct sb text;
	(void)snprintf(key, sizeof(key), SV_FMT, SV_ARG(role));
	jv_del(v, key);
	if (!back)
		jv_set_str(v, key, name);
	sb_init(&text, CHOICES_MAX);
	jv_dump(v, &text);
	sb_ch(&text, '\n');
	choices_path(w, path);
	rc = sb_err(&text) ? sb_err(&text) : file_mkdirs(w->data, e);
	if (!rc)
		rc = file_write(path, sb_sv(&text), e);
	sb_done(&text);
	jv_free(v);
	return rc;
}

/* ---- finding ---- */

static int fill(const struct weights *w, const struct weights_item *it, char out[PATH_MAX],
		struct err *e)
{
	enum weights_state s = weights_look(w, it, e);
	char below[300] = "";
	if (s != WEIGHTS_READY)
		return s == WEIGHTS_BROKEN ? ERR_CORRUPT : ERR_NOTFOUND;
	if (it->recipe->file)
		(void)snprintf(below, sizeof(below), "/%s", it->recipe->file);
	weights_path(w, it, below, out);
	return 0;
}

int weights_locate(const struct weights *w, const struct weights_item *it,
		   struct weights_pick *ret, struct err *e)
{
	struct weights_pick p = { .item = it, .name = it->name, .kind = it->kind };
	if (!it->fits)
		return err_set(e, ERR_NOTFOUND, "%s is not for this kind of processor", it->name);
	int rc = fill(w, it, p.file, e);
	for (size_t i = 0; i < it->n_needs && !rc; i++) {
		const struct weights_item *need = weights_named(w, sv_of(it->needs[i]));
		char path[PATH_MAX];
		rc = need ? fill(w, need, path, e) : ERR_NOTFOUND;
		if (!rc && i == 0)
			memcpy(p.runtime, path, sizeof(path));
	}
	if (!rc)
		*ret = p;
	return rc;
}

static bool candidate(const struct weights_item *it, sv role, sv lang)
{
	return sv_eq(sv_of(it->role), role) && it->fits && weights_serves(it, lang);
}

/* The first of these that is ready; *damage tells of one that is not whole. */
static bool first_of(const struct weights *w, sv role, sv lang, bool by_default,
		     struct weights_pick *ret, struct err *damage)
{
	for (size_t i = 0; i < w->items.n; i++) {
		const struct weights_item *it = &w->items.v[i];
		struct err e = { 0 };
		if (!candidate(it, role, lang) || it->by_default != by_default)
			continue;
		int rc = weights_locate(w, it, ret, &e);
		if (!rc)
			return true;
		if (rc == ERR_CORRUPT && !damage->code)
			*damage = e;
	}
	return false;
}

int weights_find(const struct weights *w, sv role, sv lang, struct weights_pick *ret,
		 struct err *e)
{
	char name[64];
	struct err damage = { 0 };
	weights_chosen(w, role, name);
	const struct weights_item *it = name[0] ? weights_named(w, sv_of(name)) : NULL;
	if (it && candidate(it, role, lang))
		return weights_locate(w, it, ret, e);
	if (first_of(w, role, lang, true, ret, &damage) ||
	    first_of(w, role, lang, false, ret, &damage))
		return 0;
	if (damage.code) {
		if (e)
			*e = damage;
		return damage.code;
	}
	return err_set(e, ERR_NOTFOUND,
		       "no model for " SV_FMT "%s" SV_FMT " is installed; callm models pull",
		       SV_ARG(role), lang.n ? " in " : "", SV_ARG(lang));
}
