/* app_history_book.c: the words of the made-up history: demo/history.yaml, the articles it quotes,
 * the demo's customers and holidays. */
#include "app_history_int.h"

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

const char *const hist_langs[HIST_LANGS] = { "zh", "en" };
static const char *const lists[HW_LISTS] = { "products", "opens",  "more",  "glad",   "person",
					     "late",	 "agents", "sorry", "settled" };
static const char *const says[HS_SAYS] = { "hello", "voice", "unknown", "handoff", "bye" };

/* ---- the file ---- */

static int file_of(const char *name, struct sb *out, struct err *e)
{
	const struct embed_file *f = embed_find(demo_files, demo_files_n, sv_of(name));
	if (!f || embed_text(f, out))
		return err_set(e, ERR_CORRUPT, "%s inside the program is missing or damaged",
			       name);
	return 0;
}

static jv *yaml_of(const char *name, struct err *e)
{
	struct sb text;
	struct cfg_report rep = { 0 };
	jv *v = NULL;
	sb_init(&text, LIM_CFG_BYTES);
	if (file_of(name, &text, e) == 0) {
		v = cfg_parse(sb_sv(&text), name, &rep);
		if (!v)
			err_set(e, ERR_PARSE, "%s inside the program: %s", name,
				rep.n ? rep.v[0].what : "no YAML");
	}
	cfg_report_done(&rep);
	sb_done(&text);
	return v;
}

static void list_of(struct hist_book *b, const jv *list, struct hist_list *ret)
{
	for (size_t i = 0; i < jv_len(list) && ret->n < HIST_WORDS; i++)
		ret->v[ret->n++] = arena_sv(&b->a, jv_as_str(jv_at(list, i)));
}

static void topic_of(struct hist_book *b, const jv *o)
{
	struct hist_topic *t = &b->topic[b->topics++];
	t->id = arena_sv(&b->a, jv_get_str(o, "id"));
	t->queue = arena_sv(&b->a, jv_get_str(o, "queue"));
	t->disposition = arena_sv(&b->a, jv_get_str(o, "disposition"));
	t->share = jv_get_num(o, "share", 1);
	t->handed = jv_get_num(o, "handed", 0) / 100;
	t->mood = jv_get_num(o, "mood", 0);
	t->aht_s = jv_get_num(o, "aht_s", 240);
	for (int l = 0; l < HIST_LANGS; l++) {
		list_of(b, jv_get(o, hist_langs[l]), &t->say[l]);
		t->article[l].id = arena_sv(&b->a, jv_get_str(o, "article"));
	}
}

static int read_words(struct hist_book *b, struct err *e)
{
	jv *root = yaml_of("history.yaml", e);
	const jv *topics = jv_get(root, "topics");
	if (!root)
		return ERR_PARSE;
	for (size_t i = 0; i < jv_len(topics) && b->topics < HIST_TOPICS; i++)
		topic_of(b, jv_at(topics, i));
	for (int l = 0; l < HIST_LANGS; l++) {
		for (int k = 0; k < HW_LISTS; k++)
			list_of(b, jv_get(jv_get(root, lists[k]), hist_langs[l]), &b->words[k][l]);
		for (int k = 0; k < HS_SAYS; k++)
			b->says[k][l] = arena_sv(&b->a, jv_get_str(jv_get(jv_get(root, "says"),
									  says[k]),
								   hist_langs[l]));
	}
	jv_free(root);
	return 0;
}

/* A list that is empty would be a draw from nothing. */
static int check(const struct hist_book *b, struct err *e)
{
	for (int l = 0; l < HIST_LANGS; l++) {
		bool whole = b->topics > 0 && b->customers[l].n > 0;
		for (size_t i = 0; i < b->topics; i++)
			whole = whole && b->topic[i].say[l].n;
		for (int k = 0; k < HW_LISTS; k++)
			whole = whole && b->words[k][l].n;
		if (!whole)
			return err_set(e, ERR_INVAL, "history.yaml: a list of %s is empty",
				       hist_langs[l]);
	}
	return 0;
}

/* ---- what it leans on ---- */

/* The first sentence: the dot of a number or an address ends none. */
static sv sentence(sv line)
{
	ptrdiff_t zh = sv_find(line, SV("。")), en = sv_find(line, SV(". "));
	if (zh >= 0)
		return sv_slice(line, 0, (size_t)zh + strlen("。"));
	return en >= 0 ? sv_slice(line, 0, (size_t)en + 1) : line;
}

/* The first sentence of an article is its answer. */
static int read_article(struct hist_book *b, struct store_db *db, int lang, struct hist_article *x,
			struct err *e)
{
	struct store_stmt *q;
	sv line, rest;
	if (!x->id.n)
		return 0;
	int rc = store_prep(db, &q,
			    "SELECT title, body_md, version, id FROM article WHERE group_id=?1 "
			    "AND lang=?2");
	if (rc)
		return err_set(e, rc, "%s", store_error(db));
	store_bind_sv(q, 1, x->id);
	store_bind_sv(q, 2, sv_of(hist_langs[lang]));
	rc = store_step(q);
	if (rc == 1) {
		x->title = arena_sv(&b->a, store_col_sv(q, 0));
		rest = sv_trim(store_col_sv(q, 1));
		(void)sv_cut(&rest, '\n', &line);
		x->quote = arena_sv(&b->a, sentence(line));
		x->version = (int)store_col_int(q, 2);
		x->id = arena_sv(&b->a, store_col_sv(q, 3));
	} else {
		x->id = SV_NULL;     /* the company has edited it away */
	}
	store_reset(q);
	return rc < 0 ? err_set(e, rc, "%s", store_error(db)) : 0;
}

static int read_customers(struct hist_book *b, struct err *e)
{
	struct sb text;
	sb_init(&text, LIM_CFG_BYTES);
	int rc = file_of("customers.jsonl", &text, e);
	sv rest = sb_sv(&text), line;
	while (rc == 0 && sv_cut(&rest, '\n', &line)) {
		jv *o = jv_parse(line, NULL);
		struct hist_list *l = &b->customers[sv_eq(jv_get_str(o, "language"), SV("en"))];
		if (jv_get_str(o, "id").n && l->n < HIST_WORDS)
			l->v[l->n++] = arena_sv(&b->a, jv_get_str(o, "id"));
		jv_free(o);
	}
	sb_done(&text);
	return rc;
}

static int read_holidays(struct hist_book *b, struct err *e)
{
	jv *root = yaml_of("calendars.yaml", e);
	jv *spec = root ? jv_copy(jv_path(root, "calendars.office")) : NULL;
	int rc = ERR_PARSE;
	if (spec) {
		jv_del(spec, "title");
		rc = cal_new(&b->office, SV("office"), spec, e);
	}
	jv_free(spec);
	jv_free(root);
	return rc;
}

int hist_book_open(struct hist_book *b, struct store_db *db, const char *zone, struct err *e)
{
	memset(b, 0, sizeof(*b));
	arena_init(&b->a, LIM_ARENA_BIG);
	int rc = cal_zone_open(&b->zone, sv_of(zone && *zone ? zone : "UTC"), e);
	if (rc == 0)
		rc = read_words(b, e);
	if (rc == 0)
		rc = read_customers(b, e);
	if (rc == 0)
		rc = read_holidays(b, e);
	for (size_t i = 0; i < b->topics && rc == 0; i++)
		for (int l = 0; l < HIST_LANGS && rc == 0; l++)
			rc = read_article(b, db, l, &b->topic[i].article[l], e);
	return rc ? rc : check(b, e);
}

void hist_book_done(struct hist_book *b)
{
	obj_unref(b->office);
	obj_unref(b->zone);
	arena_done(&b->a);
}
