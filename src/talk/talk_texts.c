/* talk_texts.c: what the company says by itself: embedded texts, overlaid with the company's
 * own file.
 *
 * Places that do not change during a conversation ({company}, {phone}, {hours}, {menu},
 * {closing}) are filled once here; the rest ({options}, {sources}, {tone}) when a text is used.
 * Immutable obj, any thread. */
#include "talk.h"
#include "talk_core.h"

#include <stdio.h>

extern const struct embed_file talk_prompt_files[];
extern const size_t talk_prompt_files_n;

#define LANGS 2
static const char *const langs[LANGS] = { "en", "zh" };

struct talk_texts {
	struct arena a;
	jv *by_lang[LANGS];          /* key -> array of strings */
	struct llm_tool tools[LANGS][TALK_TOOLS];   /* their schemas are owned */
};

static void texts_free(void *obj)
{
	struct talk_texts *t = obj;
	for (int i = 0; i < LANGS; i++) {
		jv_free(t->by_lang[i]);
		for (int k = 0; k < TALK_TOOLS; k++)
			jv_free((jv *)(uintptr_t)t->tools[i][k].schema);
	}
	arena_done(&t->a);
}

static int lang_index(sv lang)
{
	return sv_starts(lang, SV("zh")) ? 1 : 0;
}

static sv company_str(const jv *company, const char *path, const char *lang)
{
	return jv_get_str(jv_path(company, path), lang);
}

/* The same, in its other language where it has only that: better than none. */
static sv company_any(const jv *company, const char *path, const char *lang)
{
	sv s = company_str(company, path, lang);
	return s.n ? s : company_str(company, path, lang[0] == 'z' ? "en" : "zh");
}

static void put(struct talk_texts *t, int li, const char *key, sv text)
{
	if (!text.n)
		return;
	jv *list = jv_arr();
	jv_push(list, jv_str(text));
	jv_set(t->by_lang[li], key, list);
}

static void overlay_keys(struct talk_texts *t, int li, const jv *company)
{
	jv *keys = jv_path(company, "keypad.keys");
	for (size_t i = 0; i < jv_len(keys); i++) {
		sv digit = jv_get_str(jv_at(keys, i), "digit");
		sv article = jv_get_str(jv_at(keys, i), "article");
		if (digit.n != 1 || digit.p[0] < '1' || digit.p[0] > '9')
			continue;
		char key[8];
		snprintf(key, sizeof(key), "menu_%c", digit.p[0]);
		put(t, li, key, article);
	}
}

static void overlay(struct talk_texts *t, int li, const jv *company)
{
	const char *lang = langs[li];
	put(t, li, "company", company_any(company, "name", lang));
	put(t, li, "phone", jv_get_str(company, "phone"));
	put(t, li, "email", jv_get_str(company, "email"));
	put(t, li, "hours", company_any(company, "hours.text", lang));
	put(t, li, "greeting", company_str(company, "greeting.chat", lang));
	put(t, li, "greeting_voice", company_str(company, "greeting.phone", lang));
	put(t, li, "menu", company_str(company, "keypad.prompt", lang));
	put(t, li, "closing", company_str(company, "closing", lang));
	overlay_keys(t, li, company);
}

/* {hours} and so on; what has no value stays for later. */
static void fill_fixed(struct talk_texts *t, int li, const jv *company)
{
	sv tl = sv_of(langs[li]);
	sv pairs[] = { SV("company"), talk_text(t, tl, "company", 0),
		       SV("phone"), talk_text(t, tl, "phone", 0),
		       SV("email"), talk_text(t, tl, "email", 0),
		       SV("hours"), talk_text(t, tl, "hours", 0),
		       SV("menu"), talk_text(t, tl, "menu", 0),
		       SV("closing"), talk_text(t, tl, "closing", 0),
		       SV("options"), SV("{options}"), SV("sources"), SV("{sources}"),
		       SV("tone"), SV("{tone}"), SV("length"), SV("{length}"),
		       SV("facts"), SV("{facts}"), SV("date"), SV("{date}"),
		       SV("channel"), SV("{channel}"), SV("reason"), SV("{reason}"),
		       SV("who"), SV("{who}"), SV("mood"), SV("{mood}"),
		       SV("answer"), SV("{answer}"), SV("purpose"), SV("{purpose}"),
		       SV("language"), SV("{language}"), SV("quote"), SV("{quote}"),
		       SV("n"), SV("{n}"), SV("minutes"), SV("{minutes}"),
		       SV("number"), SV("{number}"),
		       SV("title"), SV("{title}"), SV("what"), SV("{what}"),
		       SV("tool"), SV("{tool}"), SV("outcome"), SV("{outcome}"),
		       SV("product"), SV("{product}"),
		       SV("order"), SV("{order}"), SV("status"), SV("{status}"),
		       SV("passages"), SV("{passages}"), SV("question"), SV("{question}") };
	jv *filled = jv_obj();
	void *it = NULL;
	sv key;
	jv *list;
	while (jv_next(t->by_lang[li], &it, &key, &list)) {
		jv *out = jv_arr();
		for (size_t i = 0; i < jv_len(list); i++)
			jv_push(out, jv_str(talk_fill(&t->a, jv_as_str(jv_at(list, i)), pairs,
						      sizeof(pairs) / sizeof(*pairs))));
		jv_set(filled, arena_cstr(&t->a, key), out);
	}
	/* the filled texts live in the tree, not in the arena: replace it whole */
	jv_free(t->by_lang[li]);
	t->by_lang[li] = filled;
}

static void take_texts(struct talk_texts *t, int li, const jv *raw)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(raw, &it, &key, &v)) {
		jv *list = jv_is_arr(v) ? jv_copy(v) : jv_arr();
		if (jv_is_str(v))
			jv_push(list, jv_copy(v));
		jv_set(t->by_lang[li], arena_cstr(&t->a, key), list);
	}
}

static int load_one(struct talk_texts *t, const char *what, int li, struct err *e)
{
	char name[32];
	snprintf(name, sizeof(name), "%s.%s.yaml", what, langs[li]);
	const struct embed_file *f =
		embed_find(talk_prompt_files, talk_prompt_files_n, sv_of(name));
	if (!f)
		return err_set(e, ERR_NOTFOUND, "%s is not in the program", name);
	struct sb text;
	struct cfg_report rep = { 0 };
	sb_init(&text, LIM_CFG_BYTES);
	int rc = embed_text(f, &text);
	jv *raw = rc ? NULL : cfg_parse(sb_sv(&text), name, &rep);
	if (raw)
		take_texts(t, li, raw);
	else
		rc = err_set(e, ERR_PARSE, "%s: %s", name, rep.n ? rep.v[0].what : "not YAML");
	jv_free(raw);
	sb_done(&text);
	cfg_report_done(&rep);
	return rc;
}

int talk_texts_new(struct talk_texts **ret, const jv *company, struct err *e)
{
	struct talk_texts *t = obj_new(sizeof(*t), texts_free);
	arena_init(&t->a, LIM_ARENA_CONV);
	for (int i = 0; i < LANGS; i++) {
		t->by_lang[i] = jv_obj();
		int rc = load_one(t, "texts", i, e);
		if (rc == 0)
			rc = load_one(t, "answer", i, e);
		if (rc == 0)
			rc = load_one(t, "base", i, e);
		if (rc == 0)
			rc = load_one(t, "people", i, e);
		if (rc) {
			obj_unref(t);
			return rc;
		}
		overlay(t, i, company);
		fill_fixed(t, i, company);
		talk_tools_make(t, sv_of(langs[i]), t->tools[i]);
	}
	*ret = t;
	return 0;
}

sv talk_text(const struct talk_texts *t, sv lang, const char *key, unsigned v)
{
	jv *list = jv_get(t->by_lang[lang_index(lang)], key);
	if (!list)
		list = jv_get(t->by_lang[0], key);
	size_t n = jv_len(list);
	return n ? jv_as_str(jv_at(list, v % n)) : SV_NULL;
}

bool talk_text_marked(const struct talk_texts *t, sv lang, const char *mark, const char *key)
{
	const jv *list = jv_get(t->by_lang[lang_index(lang)], mark);
	for (size_t i = 0; i < jv_len(list); i++)
		if (sv_eq(jv_as_str(jv_at(list, i)), sv_of(key)))
			return true;
	return false;
}

uint64_t talk_texts_print(const struct talk_texts *t)
{
	struct sb b;
	sb_init(&b, 4u << 20);
	for (int i = 0; i < LANGS; i++)
		jv_dump(t->by_lang[i], &b);
	uint64_t h = sv_hash(sb_sv(&b));
	sb_done(&b);
	return h;
}

const struct llm_tool *talk_tools(const struct talk_texts *t, sv lang, size_t *ret_n)
{
	*ret_n = TALK_TOOLS;
	return t->tools[lang_index(lang)];
}
