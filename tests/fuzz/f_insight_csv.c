/* f_insight_csv.c: what is read as counts can be forecast; what is not says why and names a line.
 * The first byte chooses how it is read. */
#include <math.h>
#include "arena.h"
#include "ins_cast.h"
#include "obj.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void forecast(const struct ins_series *s, enum ins_model model)
{
	struct ins_plan *p = ins_plan_new(s, 3);
	struct ins_cast *c = NULL;
	const struct ins_cast_opts o = { .until = s->days, .ahead = 3, .model = model };
	struct ins_point q[INS_SLOTS_MAX];
	if (ins_cast_fit(&c, s, p, &o, NULL) == 0) {
		for (size_t d = 0; d < 3; d++) {
			(void)ins_cast_day(c, d, q);
			for (int t = s->lo; t < s->hi; t++)
				ASSERT(q[t].p025 <= q[t].p975 && isfinite(q[t].mean));
		}
		ins_cast_free(c);
	}
	ins_plan_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ins_series *s = NULL;
	struct ins_csv_report rep;
	struct err e = { 0 };
	if (!size)
		return 0;
	const struct ins_csv_opts o = { .skip = data[0] & 1, .mean = data[0] & 2,
					.period_min = data[0] & 4 ? 60 : 0 };
	int rc = ins_series_read(&s, sv_n((const char *)data + 1, size - 1), &o, &rep, &e);
	if (rc == 0) {
		ASSERT(s && rep.used > 0 && rep.used <= rep.lines);
		if (s->days < 400)
			forecast(s, (enum ins_model)(data[0] / 8 % INS_MODELS));
		obj_unref(s);
	} else {
		ASSERT(!s && e.msg[0]);
	}
	return 0;
}
