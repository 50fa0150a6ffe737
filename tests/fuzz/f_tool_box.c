/* f_tool_box.c: any text is either a box of tools or at least one fault with its mend; a box shows
 * itself as JSON, and every text of it can be filled or not, without a crash. */
#include "tool_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill_all(const struct tool_item *it)
{
	struct sb out;
	sb_init(&out, LIM_SB);
	for (int l = 0; l < 2; l++) {
		(void)tool_text_fill(it->confirm[l], it->d.with, it->d.schema, it->d.title[l], l,
				     &out);
		for (size_t i = 0; i < it->n_say; i++)
			(void)tool_text_fill(it->say[i].lang[l], it->d.schema, NULL, SV_NULL, l,
					     &out);
	}
	sb_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tool_file f = { "f.yaml", sv_n((const char *)data, size) };
	struct cfg_report rep = { 0 };
	struct tool_box *b = NULL;
	struct sb out;
	int rc = tool_box_new(&b, &f, 1, &rep);
	ASSERT(!rc == !rep.n && !rc == !!b);
	for (size_t i = 0; i < rep.n; i++)
		ASSERT(rep.v[i].where[0] && rep.v[i].what[0] && rep.v[i].mend[0]);
	cfg_report_done(&rep);
	if (rc)
		return 0;
	sb_init(&out, 8u << 20);
	tool_box_json(b, &out);
	jv *v = jv_parse(sb_sv(&out), NULL);
	ASSERT(v && jv_len(jv_get(v, "items")) == tool_box_count(b));
	jv_free(v);
	for (size_t i = 0; i < tool_box_count(b); i++) {
		const struct tool_decl *d = tool_box_at(b, i);
		jv *m = tool_masked(d->schema, d->with);
		jv_free(m);
		fill_all(tool_item_of(d));
	}
	sb_done(&out);
	obj_unref(b);
	return 0;
}
