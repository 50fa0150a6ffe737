/* app_rulebook.c: decision tables to articles; see its header. Pure but for the reference to the
 * tables, which is taken for one call. */
#include "app_rulebook.h"
#include "policy_rules.h"

static const char *const langs[] = { "zh", "en" };

/* A fixed result, as a decision writes it. False: this rule has none. */
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
	if (!jv_is_num(v))
		return false;
	policy_rules_put_value(v, yuan, b);
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

/* Is this article, an id or a group of translations, for customers, in each of its languages? One
 * that is not there is not. Negative: the database. */
static int is_public(struct store_db *db, sv article)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT count(*), total(audience NOT IN ('', 'public')) FROM article "
			    "WHERE (group_id=?1 OR id=?1) AND status='published'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, article);
	rc = store_step(q);
	if (rc == 1)
		rc = store_col_int(q, 0) > 0 && store_col_num(q, 1) < 0.5;
	store_reset(q);
	return rc;
}

/* May customers hear it: it names articles, and all are for them. */
static int for_customers(struct store_db *db, const jv *rule)
{
	const jv *names = jv_get(rule, "article");
	int rc = jv_len(names) > 0;
	for (size_t i = 0; i < jv_len(names) && rc == 1; i++)
		rc = is_public(db, jv_as_str(jv_at(names, i)));
	return rc;
}

static bool has_line(sv body, sv line)
{
	sv one;
	while (sv_line(&body, &one))
		if (sv_eq(one, line))
			return true;
	return false;
}

/* Lines of a list; each sentence once. */
static int put_rules(struct sb *body, const jv *rules, const char *lang, struct store_db *db)
{
	struct sb one;
	int rc = 0;
	sb_init(&one, 8u << 10);
	for (size_t i = 0; i < jv_len(rules) && rc >= 0; i++) {
		const jv *r = jv_at(rules, i);
		sv why = jv_get_str(jv_get(r, "why"), lang);
		rc = why.n ? for_customers(db, r) : 0;
		sb_reset(&one);
		sb_cstr(&one, "- ");
		if (rc != 1 || !put_why(&one, why, jv_get(r, "then")) ||
		    has_line(sb_sv(body), sb_sv(&one)))
			continue;
		sb_put(body, sb_sv(&one));
		sb_ch(body, '\n');
	}
	sb_done(&one);
	return rc < 0 ? rc : 0;
}

struct writing {
	struct store_db *db;
	struct arena *a;
	kb_article_fn *put;
	void *arg;
};

static int put_article(const struct writing *w, const jv *table, const char *lang)
{
	bool zh = lang[0] == 'z';
	sv title = jv_get_str(jv_get(table, "title"), lang), id = jv_get_str(table, "id");
	struct sb body;
	sb_init(&body, LIM_JSON_BYTES);
	int rc = put_rules(&body, jv_get(table, "rules"), lang, w->db);
	struct kb_article x = {
		.group_id = sv_of(arena_fmt(w->a, "rules-" SV_FMT, SV_ARG(id))),
		.lang = sv_of(lang),
		.title = sv_of(arena_fmt(w->a, zh ? SV_FMT "的规定" : SV_FMT ": the rules",
					 SV_ARG(title.n ? title : id))),
		.category = SV("rules"),
		.body_md = arena_sv(w->a, sb_sv(&body)),
	};
	if (rc == 0 && body.n)
		rc = w->put(w->arg, &x);
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

static int write_table(void *arg, sv json)
{
	struct writing *w = arg;
	jv *table = jv_parse(json, NULL);
	int rc = table ? 0 : ERR_PARSE;
	for (size_t i = 0; i < sizeof(langs) / sizeof(*langs) && rc == 0; i++)
		rc = put_article(w, table, langs[i]);
	jv_free(table);
	return rc;
}

int app_rulebook_articles(void *arg, struct store_db *db, struct arena *a, kb_article_fn *put,
			  void *put_arg, struct err *e)
{
	struct writing w = { .db = db, .a = a, .put = put, .arg = put_arg };
	int rc = each_table(arg, write_table, &w);
	return rc ? err_set(e, rc, "the decision tables could not be read: %s", err_text(rc)) : 0;
}

static int hash_article(void *arg, const struct kb_article *x)
{
	const sv text[] = { x->group_id, x->lang, x->title, x->body_md };
	uint64_t *h = arg;
	for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++)
		*h = (*h ^ sv_hash(text[i])) * 1099511628211u;
	return 0;
}

/* Of what would be written: it changes with the tables and with whom the named articles are for. */
int app_rulebook_stamp(void *arg, struct store_db *db, uint64_t *ret)
{
	uint64_t h = 14695981039346656037u;
	struct arena a;
	arena_init(&a, LIM_ARENA_BIG);
	int rc = app_rulebook_articles(arg, db, &a, hash_article, &h, NULL);
	arena_done(&a);
	if (rc == 0)
		*ret = h;
	return rc;
}
