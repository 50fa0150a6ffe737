/* f_api_openai.c: any body as a chat completion request, pure: read, hashed, its functions weighed
 * and filled, its results told. What comes out as arguments is a JSON object. */
#include "api_openai.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_tools(const struct oai_req *q)
{
	sv said[8];
	struct oai_words w = { said, 0 };
	for (size_t i = q->n; i-- > 0 && w.n < 8;)
		if (q->msgs[i].role == LLM_USER)
			said[w.n++] = q->msgs[i].text;
	for (size_t i = 0; i < q->n_tools; i++) {
		struct sb args;
		sv missing, says;
		sb_init(&args, LIM_SB);
		ASSERT(oai_tool_fit(&q->tools[i], q->text) >= 0);
		if (oai_tool_fill(&q->tools[i], &w, &args, &missing, &says)) {
			jv *v = jv_parse(sb_sv(&args), NULL);
			ASSERT(jv_is_obj(v));
			(void)oai_tool_said(v, q->text);
			jv_free(v);
		}
		sb_done(&args);
	}
	(void)oai_tool_for(q, SV("handoff"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oai_req q;
	struct oai_problem p;
	jv *body = jv_parse(sv_n((const char *)data, size), NULL);
	if (!jv_is_obj(body)) {
		jv_free(body);
		return 0;
	}
	bool ok = oai_req_read(&q, body, "key:fuzz", &p);
	ASSERT(ok || (p.status >= 400 && p.status < 500 && p.msg[0] && p.code));
	for (size_t i = q.first_new; ok && i < q.n; i++) {
		struct sb b;
		sb_init(&b, LIM_SB);
		oai_tool_result(q.msgs[i].text, q.lang, &b);
		ASSERT(sv_utf8_ok(sb_sv(&b)));
		sb_done(&b);
	}
	if (ok)
		fuzz_tools(&q);
	oai_req_done(&q);
	return 0;
}
