/* f_feel_rows.c: rows of a task as any bytes, for every kind; what is read is also weighed. */
#include "feel_task.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feel_feats f = { 0 };
	struct feel_counts counts = { 0 };
	struct feel_rows r;
	struct err e = { 0 };

	if (size < 1 || size > 1 << 16)
		return 0;
	int kind = data[0] % FEEL_KINDS;
	if (feel_rows_parse(&r, sv_n((const char *)data + 1, size - 1), "fuzz", kind, &e) == 0)
		for (size_t i = 0; i < r.n && i < 64; i++) {
			feel_feats_text(&f, kind, r.v[i].text);
			feel_counts_add(&counts, &f);
		}
	feel_rows_done(&r);
	feel_counts_done(&counts);
	feel_feats_done(&f);
	return 0;
}
