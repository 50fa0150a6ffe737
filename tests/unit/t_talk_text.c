/* Unit tests of what the company says by itself: places filled, both languages complete,
 * replies for the outside. */
#include <stdio.h>
#include "t_talk_help.h"

TEST(talk_fill_puts_values_into_places)
{
	static const struct {
		const char *tmpl, *want;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "{a}", "1" },
		{ "x{a}y{b}z", "x1y{a}z" },
		{ "{a}{a}", "11" },
		{ "{unknown}!", "!" },
		{ "open {a", "open {a" },
		{ "close a}", "close a}" },
		{ "{}", "" },
		{ "{ a }", "" },
		{ "中{a}文", "中1文" },
	};
	sv pairs[] = { SV("a"), SV("1"), SV("b"), SV("{a}") };
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		SV_EQ(talk_fill(&a, sv_of(rows[i].tmpl), pairs, 4), rows[i].want);
	arena_done(&a);
}

/* ---- both languages ---- */

static jv *texts_file(const char *lang)
{
	char path[4096];
	struct sb text;
	struct cfg_report rep = { 0 };
	snprintf(path, sizeof(path), "%s/prompts/texts.%s.yaml", t_srcdir(), lang);
	sb_init(&text, LIM_CFG_BYTES);
	ASSERT(file_read(path, LIM_CFG_BYTES, &text, NULL) == 0);
	jv *v = cfg_parse(sb_sv(&text), path, &rep);
	cfg_report_done(&rep);
	sb_done(&text);
	return v;
}

static void add_places(sv text, struct map *set)
{
	static int there;
	for (ptrdiff_t open; (open = sv_find_ch(text, '{')) >= 0;) {
		text = sv_slice(text, (size_t)open + 1, text.n);
		ptrdiff_t close = sv_find_ch(text, '}');
		if (close > 0)
			map_put(set, sv_slice(text, 0, (size_t)close), &there);
	}
}

static struct map *places(const jv *v)
{
	struct map *set = map_new(100);
	if (jv_is_str(v))
		add_places(jv_as_str(v), set);
	for (size_t i = 0; jv_is_arr(v) && i < jv_len(v); i++)
		add_places(jv_as_str(jv_at(v, i)), set);
	return set;
}

static bool same_places(const jv *x, const jv *y)
{
	struct map *a = places(x), *b = places(y);
	bool same = map_count(a) == map_count(b);
	size_t it = 0;
	sv key;
	void *val;
	while (same && map_next(a, &it, &key, &val))
		same = map_get(b, key) != NULL;
	map_free(a);
	map_free(b);
	return same;
}

TEST(talk_texts_both_languages_have_the_same_keys_and_places)
{
	jv *en = texts_file("en"), *zh = texts_file("zh");
	CHECK(en && zh);
	EQ(jv_len(en), jv_len(zh));
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(en, &it, &key, &v)) {
		char k[64];
		snprintf(k, sizeof(k), SV_FMT, SV_ARG(key));
		jv *other = jv_get(zh, k);
		if (!other || !same_places(v, other))
			printf("# key %s\n", k);
		CHECK(other);
		CHECK(same_places(v, other));
		CHECK(!jv_is_arr(v) || jv_len(v) > 0);
	}
	jv_free(en);
	jv_free(zh);
}

/* Only places that are filled at the time of use may be left open. */
static bool filled(sv text)
{
	static const char *const later[] = {
		"{options}", "{sources}", "{tone}", "{length}",   "{language}", "{quote}",
		"{reason}",  "{who}",     "{mood}", "{question}", "{answer}",   "{purpose}",
		"{order}",   "{status}",  "{name}", "{channel}",  "{title}",    "{what}",
		"{tool}",    "{outcome}", "{product}"
	};
	for (ptrdiff_t open; (open = sv_find_ch(text, '{')) >= 0;) {
		text = sv_slice(text, (size_t)open, text.n);
		bool ok = false;
		for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
			ok |= sv_starts(text, sv_of(later[i]));
		if (!ok)
			return false;
		text = sv_slice(text, 1, text.n);
	}
	return true;
}

TEST(talk_texts_are_filled_with_the_company)
{
	static const char *const langs[] = { "en", "zh" };
	struct bench b;
	bench_open(&b, 0, 0);
	jv *en = texts_file("en");
	for (int l = 0; l < 2; l++) {
		void *it = NULL;
		sv key;
		jv *v;
		while (jv_next(en, &it, &key, &v)) {
			char k[64];
			snprintf(k, sizeof(k), SV_FMT, SV_ARG(key));
			for (unsigned i = 0; i < 3 && !jv_is_num(v); i++) {
				sv text = talk_text(b.texts, sv_of(langs[l]), k, i);
				if (!text.n || !filled(text))
					printf("# %s %s: " SV_FMT "\n", langs[l], k, SV_ARG(text));
				CHECK(text.n && filled(text));
			}
		}
	}
	HAS(talk_text(b.texts, SV("zh"), "decline", 0), "400-810-6600");
	SV_EQ(talk_text(b.texts, SV("zh"), "menu_6", 0), "store-hours");
	SV_EQ(talk_text(b.texts, SV("en"), "no_such_key", 0), "");
	SV_EQ(talk_text(b.texts, SV("fr"), "small_ok", 0), "All right. Is there anything else?");
	jv_free(en);
	bench_close(&b);
}

TEST(talk_texts_stand_without_a_company)
{
	struct talk_texts *t;
	OK(talk_texts_new(&t, NULL, NULL));
	CHECK(talk_text(t, SV("en"), "greeting", 0).n);
	CHECK(talk_text(t, SV("zh"), "greeting", 0).n);
	obj_unref(t);
}

/* ---- replies for the outside ---- */

TEST(talk_reply_is_what_ask_prints)
{
	struct bench b;
	bench_open(&b, CHAN_STREAM, 0);
	bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
	struct talk_ev ev = ev_text("how long can I return an article");
	ev.now_us = 1000000;
	bench_feed(&b, ev);
	ev = ev_found(&b);
	ev.now_us = 1000350;
	bench_feed(&b, ev);
	const struct talk_act *r = bench_rec(&b, "turn.bot");
	char json[4096];
	snprintf(json, sizeof(json),
		 "{\"seq\":4,\"turn\":%d,\"kind\":\"turn.bot\",\"actor\":\"bot\","
		 "\"body\":" SV_FMT "}",
		 r->n, SV_ARG(r->text));
	jv *o = talk_reply_of(sv_of(json));
	CHECK(o);
	HAS(jv_get_str(o, "reply"), "30 days");
	SV_EQ(jv_get_str(o, "language"), "en");
	SV_EQ(jv_get_str(o, "intent"), "return_goods");
	SV_EQ(jv_get_str(o, "emotion"), "neutral");
	SV_EQ(jv_get_str(o, "action"), "reply");
	CHECK(jv_get_bool(o, "grounded", false));
	SV_EQ(jv_get_str(o, "model"), "builtin");
	NEAR(jv_get_num(o, "latency_ms", -1), 0.35, 0.001);
	EQ(jv_get_int(o, "seq", 0), 4);
	EQ(jv_get_int(o, "turn", 0), 1);
	const jv *c = jv_at(jv_get(o, "citations"), 0);
	SV_EQ(jv_get_str(c, "article_id"), "return-window.en");
	SV_EQ(jv_get_str(c, "title"), "How long do I have?");
	EQ(jv_get_int(c, "version", 0), 1);
	CHECK(jv_get_str(c, "quote").n);
	jv_free(o);
	bench_close(&b);
}

TEST(talk_reply_of_other_rows_is_none)
{
	static const char *const none[] = {
		"",
		"{}",
		"not json",
		"[]",
		"{\"kind\":\"turn.bot\"}",
		"{\"kind\":\"turn.customer\",\"body\":{}}",
	};
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		CHECK(!talk_reply_of(sv_of(none[i])));
}

TEST(talk_text_an_article_in_another_language_is_announced)
{
	static const struct {
		const char *ask, *lang, *has;
	} rows[] = {
		{ "what does delivery cost", "zh", "only in Chinese: Delivery is free" },
		{ "配送要多少钱", "en", "只有英文资料：Delivery is free" },
		{ "what does delivery cost", "en", "\"text\":\"Delivery is free" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bench b;
		bench_open(&b, CHAN_STREAM, 0);
		b.hits[0] = b.hits[1];
		b.hits[0].lang = sv_of(rows[i].lang);
		bench_feed(&b, (struct talk_ev){ .kind = TEV_OPEN, .via = "webchat" });
		bench_feed(&b, ev_text(rows[i].ask));
		bench_feed(&b, ev_found(&b));
		HAS(bench_rec(&b, "turn.bot")->text, rows[i].has);
		HAS(bench_rec(&b, "turn.bot")->text, "\"grounded\":true");
		bench_close(&b);
	}
}
