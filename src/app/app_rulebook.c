/* app_rulebook.c: decision tables to articles; see its header. Pure but for the reference to the
 * tables, which is taken for one call. */
#include "app_rulebook.h"
#include "policy_rules.h"

static const char *const langs[] = { "zh", "en" };

/* A whole result: "{fee_fen:yuan}" of 1250 is 12.5. False: this rule has none. */
static bool put_result(struct sb *b, const jv *then, sv name)
{
	bool yuan = sv_ends(name, SV(":yuan"));
	sv key = yuan ? sv_slice(name, 0, name.n - 5) : name;
	char field[80];
	if (key.n >= sizeof(field))
		return false;
	memcpy(field, key.p, key.n);
	field[key.n] = 0;
	const jv *v = jv_get(then, field);
	double d = jv_as_num(v, 0);
	if (!jv_is_num(v))
		return false;
	d = yuan ? d / 100 : d;
	if (d == (double)(int64_t)d)
		sb_fmt(b, "%lld", (long long)d);
	else
		sb_fmt(b, "%.2f", d);
	return true;
}

/* The sentence with its results in place; false: it speaks of a fact of the case. */
static bool put_why(struct sb *b, sv why, const jv *then)
{
	for (;;) {
		ptrdiff_t open = sv_find_ch(why, '{');
		if (open < 0)
			break;
		sb_put(b, sv_slice(why, 0, (size_t)open));
		why = sv_slice(why, (size_t)open + 1, why.n);
		ptrdiff_t shut = sv_find_ch(why, '}');
		if (shut < 0 || !put_result(b, then, sv_slice(why, 0, (size_t)shut)))
			return false;
		why = sv_slice(why, (size_t)shut + 1, why.n);
	}
	sb_put(b, why);
	return true;
}

/* Lines of a list; each sentence once. */
static void put_rules(struct sb *body, const jv *rules, const char *lang)
{
	struct sb one;
	sb_init(&one, 8u << 10);
	for (size_t i = 0; i < jv_len(rules); i++) {
		const jv *r = jv_at(rules, i);
		sv why = jv_get_str(jv_get(r, "why"), lang);
		sb_reset(&one);
		if (!why.n || !jv_len(jv_get(r, "article")) ||
		    !put_why(&one, why, jv_get(r, "then")))
			continue;
		if (sv_find(sb_sv(body), sb_sv(&one)) >= 0)
			continue;
		sb_cstr(body, "- ");
		sb_put(body, sb_sv(&one));
		sb_ch(body, '\n');
	}
	sb_done(&one);
}

static int put_article(const jv *table, const char *lang, struct arena *a, kb_article_fn *put,
		       void *arg)
{
	bool zh = lang[0] == 'z';
	sv title = jv_get_str(jv_get(table, "title"), lang), id = jv_get_str(table, "id");
	struct sb body;
	sb_init(&body, LIM_JSON_BYTES);
	put_rules(&body, jv_get(table, "rules"), lang);
	struct kb_article x = {
		.group_id = sv_of(arena_fmt(a, "rules-" SV_FMT, SV_ARG(id))),
		.lang = sv_of(lang),
		.title = sv_of(arena_fmt(a, zh ? SV_FMT "的规定" : SV_FMT ": the rules",
					 SV_ARG(title.n ? title : id))),
		.category = SV("rules"),
		.body_md = arena_sv(a, sb_sv(&body)),
	};
	int rc = body.n ? put(arg, &x) : 0;
	sb_done(&body);
	return rc;
}

/* fn for each table's JSON; stops at the first that is not 0. */
static int each_table(const struct app_rulebook *b, int (*fn)(void *arg, sv json), void *arg)
{
	struct policy_rules *rules = b->now(b->arg);
	struct sb text;
	int rc = 0;
	sb_init(&text, LIM_JSON_BYTES);
	for (size_t i = 0; rules && i < policy_rules_count(rules) && rc == 0; i++) {
		sb_reset(&text);
		rc = policy_rules_json(rules, sv_of(policy_rules_id(rules, i)), &text);
		if (rc == 0)
			rc = fn(arg, sb_sv(&text));
	}
	sb_done(&text);
	obj_unref(rules);
	return rc;
}

struct writing {
	struct arena *a;
	kb_article_fn *put;
	void *arg;
};

static int write_table(void *arg, sv json)
{
	struct writing *w = arg;
	jv *table = jv_parse(json, NULL);
	int rc = table ? 0 : ERR_PARSE;
	for (size_t i = 0; i < sizeof(langs) / sizeof(*langs) && rc == 0; i++)
		rc = put_article(table, langs[i], w->a, w->put, w->arg);
	jv_free(table);
	return rc;
}

int app_rulebook_articles(void *arg, struct store_db *db, struct arena *a, kb_article_fn *put,
			  void *put_arg, struct err *e)
{
	struct writing w = { .a = a, .put = put, .arg = put_arg };
	int rc = each_table(arg, write_table, &w);
	(void)db;
	return rc ? err_set(e, rc, "the decision tables could not be read: %s", err_text(rc)) : 0;
}

static int hash_table(void *arg, sv json)
{
	uint64_t *h = arg;
	*h = (*h ^ sv_hash(json)) * 1099511628211u;
	return 0;
}

int app_rulebook_stamp(void *arg, struct store_db *db, uint64_t *ret)
{
	uint64_t h = 14695981039346656037u;
	int rc = each_table(arg, hash_table, &h);
	(void)db;
	if (rc == 0)
		*ret = h;
	return rc;
}
