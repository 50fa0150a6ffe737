/* f_base_text.c: UTF-8, escaping, numbers and times on any bytes. */
#include "base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sv s = sv_n((const char *)data, size), rest = s, t = sv_trim(s);
	size_t runes = 0;
	int64_t i, ms;
	double d;
	struct sb b;
	jv *v;
	char back[32];

	while (rest.n) {
		uint32_t r = sv_rune(&rest);

		ASSERT(r <= 0x10FFFF && (r < 0xD800 || r > 0xDFFF));
		ASSERT(sv_fold(sv_fold(r)) == sv_fold(r));
		runes++;
	}
	ASSERT(runes == sv_runes(s) && sv_rune_offset(s, runes) == size);
	ASSERT(t.n <= s.n);
	(void)sv_i64(s, &i);
	(void)sv_f64(s, &d);
	if (clk_parse_rfc3339(s, &ms) == 0) {
		clk_rfc3339(ms, back);
		ASSERT(clk_parse_rfc3339(sv_of(back), &i) == 0);
	}
	(void)id_ok(s);
	(void)pii(s);
	sb_init(&b, 16 * size + 64);
	sb_json(&b, s);
	ASSERT(!sb_err(&b) && sv_utf8_ok(sb_sv(&b)));
	v = jv_str(s);
	ASSERT(sv_utf8_ok(jv_as_str(v)));
	jv_free(v);
	sb_html(&b, s);
	sb_url(&b, s);
	sb_base64(&b, s.p, s.n);
	sb_done(&b);
	return 0;
}
