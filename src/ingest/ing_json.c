/* ing_json.c: JSON: our own lines, and what other systems export.
 *
 * Known by their shape, not by a name somebody must give:
 *	callm      lines of {question|title, answer|body, lang, id, category, aliases ...}
 *	Chatwoot   {"payload": [{title, content, slug, locale, status, category{name}}]}
 *	           (developers.chatwoot.com, help center; content is Markdown)
 *	Zammad     {"KnowledgeBaseAnswerTranslation": {"1": {title, answer_id, content_id,
 *	           kb_locale_id}}, "KnowledgeBaseAnswerTranslationContent": {"1": {body}}, ...}
 *	           (docs.zammad.org, knowledge_bases/init; body is HTML)
 *	Dify       {"data": [{content, answer, keywords, position, document_id}]} (docs.dify.ai)
 *	FastGPT    {"data"|"list"|...: [{q, a, indexes}]} (doc.fastgpt.io; its CSV is ing_grid.c)
 * An array of any of them, or one under any name at the top, is read too. Drafts, archived and
 * disabled ones are left out. Pure.
 */
#include <stdio.h>
#include "ing_int.h"

static sv first(const jv *o, const char *const *keys)
{
	for (; *keys; keys++) {
		sv v = sv_trim(jv_get_str(o, *keys));

		if (v.n)
			return v;
	}
	return SV_NULL;
}

static bool live(const jv *o)
{
	sv status = jv_get_str(o, "status");

	if (sv_eq(status, SV("draft")) || sv_eq(status, SV("archived")) ||
	    sv_eq(status, SV("error")) || sv_eq(status, SV("retired")))
		return false;
	if (jv_is_num(jv_get(o, "status")) && jv_get_int(o, "status", 1) != 1)
		return false;
	return jv_get_bool(o, "enabled", true) && !jv_get_bool(o, "disable", false);
}

static sv names_of(struct arena *a, const jv *v)
{
	struct sb b;
	sv out;

	sb_init(&b, 64u << 10);
	if (jv_is_str(v)) {
		sv rest = jv_as_str(v), one;

		while (sv_cut(&rest, ';', &one))
			sb_fmt(&b, "%s" SV_FMT, b.n ? "\n" : "", SV_ARG(sv_trim(one)));
	}
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++) {
		const jv *x = jv_at(v, i);
		sv s = sv_trim(jv_is_obj(x) ? jv_get_str(x, "text") : jv_as_str(x));

		if (s.n && sv_find_ch(s, '\n') < 0)
			sb_fmt(&b, "%s" SV_FMT, b.n ? "\n" : "", SV_ARG(s));
	}
	out = b.n ? arena_sv(a, sb_sv(&b)) : SV_NULL;
	sb_done(&b);
	return out;
}

static sv id_of(struct arena *a, sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= '0' && s.p[i] <= '9') ||
		      ((s.p[i] | 32) >= 'a' && (s.p[i] | 32) <= 'z') || strchr("-_.", s.p[i])))
			return SV_NULL;
	return s.n && s.n <= 90 ? arena_sv(a, s) : SV_NULL;
}

static sv keep(struct arena *a, sv s)
{
	return s.n ? arena_sv(a, s) : SV_NULL;
}

/* "return-window.en" with lang "en" -> "return-window" */
static sv without_lang(sv id, sv lang)
{
	if (lang.n == 2 && id.n > 3 && sv_ends(id, lang) && id.p[id.n - 3] == '.')
		id.n -= 3;
	return id;
}

static bool when(struct ing_job *j, const jv *o, const char *key, int64_t *ret)
{
	sv v = jv_get_str(o, key);

	if (!v.n || !clk_parse_rfc3339(v, ret)) {
		*ret += v.n == 10 && key[6] == 't' ? 86400000 - 1 : 0;
		return true;
	}
	ing_notef(j, ING_ROW_NOTE, "%s is not a date like 2026-01-31", key);
	return false;
}

/* 1: taken (or left out on purpose), 0: no shape we know. */
static int article(struct ing_job *j, const jv *o, sv file_lang)
{
	static const char *const asks[] = { "question", "title", "q", NULL };
	static const char *const answers[] = { "answer", "body_md", "body", "a", "content", NULL };
	static const char *const locales[] = { "lang", "locale", "language", NULL };
	struct kb_article a = { 0 };
	sv ask = keep(j->a, first(o, asks)), body = keep(j->a, first(o, answers));
	sv content = sv_trim(jv_get_str(o, "content")), id = jv_get_str(o, "id");

	if (!jv_is_obj(o) || !body.n)
		return jv_is_obj(o) && jv_get_str(o, "q").n && jv_get(o, "a") ? 1 : 0;
	if (!live(o))
		return 1;
	/* Dify: content is the question where there is an answer, else the text. */
	if (!ask.n && content.n && jv_get_str(o, "answer").n)
		ask = keep(j->a, content);
	a.title = sv_slice(ask, 0, sv_rune_offset(ask, 300));
	a.lang = keep(j->a, sv_slice(first(o, locales), 0, 2));
	a.lang = a.lang.n ? a.lang : file_lang;
	a.category = keep(j->a, jv_is_obj(jv_get(o, "category")) ?
					jv_get_str(jv_get(o, "category"), "name") :
					jv_get_str(o, "category"));
	a.source = keep(j->a, jv_get_str(o, "source"));
	a.aliases = names_of(j->a, jv_get(o, jv_get(o, "aliases") ? "aliases" : "indexes"));
	/* Ids of machines say nothing and change; those of people stay. */
	if (!jv_get(o, "document_id"))
		a.group_id = id_of(j->a, without_lang(jv_get_str(o, "slug").n ?
							       jv_get_str(o, "slug") : id, a.lang));
	if (!when(j, o, "valid_from", &a.valid_from_ms) || !when(j, o, "valid_to", &a.valid_to_ms))
		return 1;
	(void)ing_add(j, &a, body, NULL);
	return 1;
}

static int list_of(struct ing_job *j, const jv *list)
{
	int n = 0;

	for (size_t i = 0; i < jv_len(list); i++)
		n += article(j, jv_at(list, i), j->lang);
	return n;
}

/* ---- Zammad ---- */

static sv zammad_lang(const jv *all, int64_t locale)
{
	char key[24];
	const jv *l;
	sv code;

	(void)snprintf(key, sizeof(key), "%lld", (long long)locale);
	l = jv_get(jv_get(all, "KnowledgeBaseLocale"), key);
	(void)snprintf(key, sizeof(key), "%lld", (long long)jv_get_int(l, "system_locale_id", 0));
	code = jv_get_str(jv_get(jv_get(all, "Locale"), key), "locale");
	return sv_slice(code, 0, 2);
}

static int zammad(struct ing_job *j, const jv *all)
{
	const jv *texts = jv_get(all, "KnowledgeBaseAnswerTranslation");
	void *it = NULL;
	sv key;
	jv *t;
	int n = 0;

	while (jv_next(texts, &it, &key, &t)) {
		char id[24];
		struct kb_article a = { 0 };
		const jv *answer, *content;
		sv html;

		(void)snprintf(id, sizeof(id), "%lld", (long long)jv_get_int(t, "answer_id", 0));
		answer = jv_get(jv_get(all, "KnowledgeBaseAnswer"), id);
		a.group_id = sv_of(arena_fmt(j->a, "zammad-%s", id));
		(void)snprintf(id, sizeof(id), "%lld", (long long)jv_get_int(t, "content_id", 0));
		content = jv_get(jv_get(all, "KnowledgeBaseAnswerTranslationContent"), id);
		html = jv_get_str(content, "body");
		n++;
		/* Answers without a time of publishing are drafts. */
		if (answer && (jv_is_null(jv_get(answer, "published_at")) ||
			       !jv_is_null(jv_get(answer, "archived_at"))))
			continue;
		if (!html.n) {
			ing_notef(j, ING_ROW_NOTE,
				  SV_FMT ": no body (ask for answer_translation_content_ids)",
				  SV_ARG(sv_slice(key, 0, 40)));
			continue;
		}
		a.title = keep(j->a, jv_get_str(t, "title"));
		a.lang = keep(j->a, zammad_lang(all, jv_get_int(t, "kb_locale_id", 0)));
		(void)ing_add(j, &a, ing_html_text(j, html, NULL), NULL);
	}
	return n;
}

static int whole(struct ing_job *j, const jv *v)
{
	void *it = NULL;
	sv key;
	jv *child;
	int n;

	if (jv_is_arr(v))
		return list_of(j, v);
	if (jv_get(v, "KnowledgeBaseAnswerTranslation"))
		return zammad(j, v);
	n = article(j, v, j->lang);
	while (!n && jv_next(v, &it, &key, &child)) {
		if (jv_is_arr(child))
			n = list_of(j, child);
		else if (jv_is_obj(child)) /* {"data": {"list": [..]}} */
			n = jv_is_arr(jv_get(child, "list")) ?
				    list_of(j, jv_get(child, "list")) :
				    0;
	}
	return n;
}

static int json_lines(struct ing_job *j, sv text)
{
	sv line;
	int n = 0, no = 0;

	while (sv_line(&text, &line)) {
		struct err e = { 0 };
		jv *v;

		no++;
		line = sv_trim(line);
		if (!line.n)
			continue;
		v = jv_parse(line, &e);
		if (!v)
			ing_notef(j, ING_ROW_NOTE, "%d: %.120s", no, e.msg);
		else if (!article(j, v, j->lang))
			ing_notef(j, ING_ROW_NOTE, "%d: no question and answer", no);
		else
			n++;
		jv_free(v);
	}
	return n ? 0 : ing_refuse(j, ERR_PARSE, ING_BAD_FORM_NOTE,
				  SV("no line with a question and an answer"));
}

int ing_json(struct ing_job *j, sv text, bool lines)
{
	struct err e = { 0 };
	jv *v = lines ? NULL : jv_parse(text, &e);
	int n;

	if (!v && (lines || sv_starts(sv_trim(text), SV("{"))) &&
	    (lines || sv_find(text, SV("}\n{")) >= 0))
		return json_lines(j, text);
	if (!v)
		return ing_refuse(j, ERR_PARSE, ING_BAD_FORM_NOTE, sv_of(e.msg));
	n = whole(j, v);
	jv_free(v);
	return n ? 0 : ing_refuse(j, ERR_PARSE, ING_BAD_FORM_NOTE,
				  SV("no questions and answers of a known shape in it"));
}
