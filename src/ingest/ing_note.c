/* ing_note.c: what people are told of a document, in Chinese and English. The texts are a table
 * (tbl/ingest_notes.def). Pure, any thread. */
#include "ing_int.h"

static const struct {
	const char *name;
	enum ing_grade grade;
	const char *en, *zh, *mend_en, *mend_zh;
} notes[] = {
#define X(name, grade, en, zh, mend_en, mend_zh) { #name, ING_##grade, en, zh, mend_en, mend_zh },
#include "../tbl/ingest_notes.def"
#undef X
};

const char *ing_code_name(enum ing_code c)
{
	ASSERT(c >= 0 && c < ING_CODES);
	return notes[c].name;
}

int ing_code_of(sv name)
{
	for (int i = 0; i < ING_CODES; i++)
		if (sv_eq(name, sv_of(notes[i].name)))
			return i;
	return -1;
}

enum ing_grade ing_code_grade(enum ing_code c)
{
	ASSERT(c >= 0 && c < ING_CODES);
	return notes[c].grade;
}

void ing_note_text(const struct ing_note *n, sv lang, struct sb *text, struct sb *mend)
{
	bool zh = sv_starts(lang, SV("zh"));
	sv form = sv_of(zh ? notes[n->code].zh : notes[n->code].en);
	ptrdiff_t hole = sv_find(form, SV("%s"));

	sb_put(text, sv_slice(form, 0, hole < 0 ? form.n : (size_t)hole));
	if (hole >= 0) {
		sb_put(text, n->detail);
		sb_put(text, sv_slice(form, (size_t)hole + 2, form.n));
	}
	if (mend)
		sb_cstr(mend, zh ? notes[n->code].mend_zh : notes[n->code].mend_en);
}

static jv *both(const struct ing_note *n, bool mend)
{
	static const char *const langs[] = { "en", "zh" };
	jv *o = jv_obj();

	for (int i = 0; i < 2; i++) {
		struct sb text, how;

		sb_init(&text, 4096);
		sb_init(&how, 4096);
		ing_note_text(n, sv_of(langs[i]), &text, &how);
		jv_set_str(o, langs[i], sb_sv(mend ? &how : &text));
		sb_done(&text);
		sb_done(&how);
	}
	return o;
}

jv *ing_notes_json(const struct ing_note *v, size_t n)
{
	static const char *const grades[] = { "info", "warn", "refused" };
	jv *list = jv_arr();

	for (size_t i = 0; i < n; i++) {
		jv *o = jv_obj();
		const char *name = notes[v[i].code].name;
		char code[40];
		size_t k = 0;

		for (; name[k] && k + 1 < sizeof(code); k++)
			code[k] = (char)(name[k] == '_' ? '_' : name[k] | 32);
		jv_set_str(o, "code", sv_n(code, k));
		jv_set_str(o, "grade", sv_of(grades[notes[v[i].code].grade]));
		jv_set_str(o, "detail", v[i].detail);
		jv_set(o, "text", both(&v[i], false));
		jv_set(o, "mend", both(&v[i], true));
		jv_push(list, o);
	}
	return list;
}
