/* qa_forms.c: what a form tells of itself, and the set of forms in use. Immutable, any thread. */
#include "qa_int.h"

sv qa_form_id(const struct qa_form *f)
{
	return f->id;
}

int qa_form_version(const struct qa_form *f)
{
	return f->version;
}

sv qa_form_text(const struct qa_form *f)
{
	return f->text;
}

size_t qa_form_items(const struct qa_form *f)
{
	return f->n;
}

sv qa_form_item(const struct qa_form *f, size_t i)
{
	return i < f->n ? f->items[i].id : SV_NULL;
}

bool qa_form_ruled(const struct qa_form *f, size_t i)
{
	return i < f->n && f->items[i].rule;
}

const sv *qa_form_title(const struct qa_form *f, size_t i)
{
	return i < f->n ? f->items[i].title : NULL;
}

bool qa_form_by_hand(const struct qa_form *f, size_t i)
{
	return i < f->n && !f->items[i].rule && !f->items[i].rubric[0].n;
}

int qa_form_find(const struct qa_form *f, sv item)
{
	for (size_t i = 0; i < f->n; i++)
		if (sv_eq(f->items[i].id, item))
			return (int)i;
	return -1;
}

static void put_title(struct sb *b, const sv title[2])
{
	sb_cstr(b, ",\"title\":{\"zh\":");
	sb_json(b, title[0]);
	sb_cstr(b, ",\"en\":");
	sb_json(b, title[1]);
	sb_ch(b, '}');
}

static void put_item(struct sb *b, const struct qa_item *it)
{
	sb_cstr(b, "{\"id\":");
	sb_json(b, it->id);
	put_title(b, it->title);
	sb_fmt(b, ",\"type\":\"%s\",\"weight\":%g,\"auto\":\"%s\"", qa_type_names[it->type],
	       it->weight > 0 ? it->weight : 0.0,
	       it->rule	       ? "rule" :
	       it->rubric[0].n ? "model" :
				 "person");
	if (it->rule)
		sb_fmt(b, ",\"rule\":\"%s\"", it->rule->name);
	sb_ch(b, '}');
}

void qa_form_json(const struct qa_form *f, struct sb *out)
{
	sb_cstr(out, "{\"id\":");
	sb_json(out, f->id);
	sb_fmt(out, ",\"version\":%d", f->version);
	put_title(out, f->title);
	sb_fmt(out, ",\"pass\":%g,\"who\":[%s%s%s],\"channels\":[", f->pass,
	       f->who & 1 ? "\"bot\"" : "", f->who == 3 ? "," : "", f->who & 2 ? "\"agent\"" : "");
	for (size_t i = 0; i < f->channels.n; i++) {
		sb_cstr(out, i ? "," : "");
		sb_json(out, f->channels.v[i]);
	}
	sb_cstr(out, "],\"sections\":[");
	for (size_t s = 0; s < f->n_sections; s++) {
		bool first = true;
		sb_cstr(out, s ? ",{\"id\":" : "{\"id\":");
		sb_json(out, f->sections[s].id);
		put_title(out, f->sections[s].title);
		sb_cstr(out, ",\"items\":[");
		for (size_t i = 0; i < f->n; i++) {
			if (f->items[i].section != (int)s)
				continue;
			sb_cstr(out, first ? "" : ",");
			put_item(out, &f->items[i]);
			first = false;
		}
		sb_cstr(out, "]}");
	}
	sb_cstr(out, "]}");
}

/* ---- the set ---- */

struct qa_forms {                    /* an obj */
	struct qa_form *v[QA_FORMS];
	size_t n;
};

static void forms_free(void *p)
{
	struct qa_forms *fs = p;
	for (size_t i = 0; i < fs->n; i++)
		obj_unref(fs->v[i]);
}

/* Takes over f. */
static bool put(struct qa_forms *fs, struct qa_form *f)
{
	for (size_t i = 0; i < fs->n; i++) {
		if (!sv_eq(fs->v[i]->id, f->id))
			continue;
		obj_unref(fs->v[i]);
		fs->v[i] = f;
		return true;
	}
	if (fs->n == QA_FORMS) {
		obj_unref(f);
		return false;
	}
	fs->v[fs->n++] = f;
	return true;
}

int qa_forms_new(struct qa_forms **ret, const struct qa_text *v, size_t n, struct cfg_report *rep)
{
	struct qa_forms *fs = obj_new(sizeof(*fs), forms_free);
	int bad = 0;
	for (size_t i = 0; i < n; i++) {
		struct qa_form *f;
		int rc = qa_form_new(&f, v[i].text, v[i].name, rep);
		if (rc == 0 && !put(fs, f))
			rc = ERR_FULL;
		bad = rc ? rc : bad;
	}
	if (bad) {
		obj_unref(fs);
		return bad;
	}
	*ret = fs;
	return 0;
}

int qa_forms_with(struct qa_forms **ret, const struct qa_forms *old, const struct qa_form *f)
{
	struct qa_forms *fs = obj_new(sizeof(*fs), forms_free);
	for (size_t i = 0; i < qa_forms_n(old); i++)
		fs->v[fs->n++] = obj_ref(old->v[i]);
	if (!put(fs, obj_ref((void *)(uintptr_t)f))) {
		obj_unref(fs);
		return ERR_FULL;
	}
	*ret = fs;
	return 0;
}

/* One saved text over the set; a fault only counts against that text. */
static void put_saved(struct qa_forms **fs, sv text, struct cfg_report *rep)
{
	struct qa_form *f;
	struct qa_forms *with;
	if (qa_form_new(&f, text, "saved form", rep))
		return;
	if (qa_forms_with(&with, *fs, f) == 0) {
		obj_unref(*fs);
		*fs = with;
	}
	obj_unref(f);
}

int qa_forms_saved(struct qa_forms **fs, struct store_db *db, struct cfg_report *rep)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT text FROM qa_form f WHERE version=(SELECT MAX(version) FROM "
			    "qa_form g WHERE g.id=f.id) ORDER BY id");
	if (rc)
		return rc;
	while ((rc = store_step(q)) == 1)
		put_saved(fs, store_col_sv(q, 0), rep);
	store_reset(q);
	return rc;
}

int qa_form_save(struct store_db *db, const struct qa_form *f, int was, sv by, int64_t now_ms)
{
	struct store_stmt *q;
	if (f->version <= was)
		return ERR_EXISTS;
	int rc = store_prep(db, &q,
			    "INSERT INTO qa_form (id, version, text, by_whom, at_ms) VALUES "
			    "(?1,?2,?3,?4,?5)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, f->id);
	store_bind_int(q, 2, f->version);
	store_bind_sv(q, 3, f->text);
	store_bind_sv(q, 4, by);
	store_bind_int(q, 5, now_ms);
	return store_run(q);
}

size_t qa_forms_n(const struct qa_forms *fs)
{
	return fs ? fs->n : 0;
}

const struct qa_form *qa_forms_at(const struct qa_forms *fs, size_t i)
{
	return fs && i < fs->n ? fs->v[i] : NULL;
}

const struct qa_form *qa_forms_find(const struct qa_forms *fs, sv id)
{
	for (size_t i = 0; i < qa_forms_n(fs); i++)
		if (sv_eq(fs->v[i]->id, id))
			return fs->v[i];
	return NULL;
}

/* A form that names the channel goes before one that is for all. */
const struct qa_form *qa_forms_for(const struct qa_forms *fs, const struct qa_talk *t, sv party)
{
	return qa_forms_on(fs, t->channel, sv_eq(party, SV("bot")));
}

const struct qa_form *qa_forms_on(const struct qa_forms *fs, sv channel, bool bot)
{
	unsigned who = bot ? 1 : 2;
	const struct qa_form *any = NULL;
	for (size_t i = 0; fs && i < qa_forms_n(fs); i++) {
		const struct qa_form *f = fs->v[i];
		if (!(f->who & who))
			continue;
		for (size_t j = 0; j < f->channels.n; j++)
			if (sv_eq(f->channels.v[j], channel))
				return f;
		if (!f->channels.n && !any)
			any = f;
	}
	return any;
}
