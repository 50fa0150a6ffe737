/* f_feel_slot.c: fuzz target of slots: any bytes give slots in order, inside the text, with
 * values. The first four bytes choose the moment, the zone, the country and a span of guard's.
 */
#include "feel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const country[] = { NULL, "CN", "US", "GB", "JP", "AU", "DE", "XX" };
	static const char *const type[] = { "phone", "email", "id_card", "bank_card", "address",
					    "name", "order_number", "plate", "date_of_birth" };
	static const struct feel_product product = { { "p1", 2 }, { "red lamp|灯|a", 14 } };
	struct arena a;
	struct feel_slot *s = NULL;
	size_t count = 0, at = 0;

	if (n < 4)
		return 0;
	struct feel_catalogue *catalogue = feel_catalogue_new(&product, 1);
	sv text = sv_n((const char *)data + 4, n - 4);
	struct feel_seen seen = { type[data[2] % 9], data[3], data[3] + data[2] / 9u };
	struct feel_slot_ctx c = { .now_ms = (int64_t)data[0] * 86400000 * 73,
				   .tz_min = data[1] * 6 - 720, .country = country[data[1] % 8],
				   .seen = &seen, .n_seen = 1 };
	c.catalogue = catalogue;
	arena_init(&a, LIM_ARENA_TURN);
	if (feel_slots(text, &c, &a, &s, &count) == 0) {
		ASSERT(count <= FEEL_SLOTS_MAX);
		for (size_t i = 0; i < count; i++) {
			ASSERT(s[i].type && s[i].start >= at && s[i].end > s[i].start);
			ASSERT(s[i].end <= text.n && s[i].cp_end > s[i].cp_start);
			ASSERT(s[i].value.p && sv_utf8_ok(s[i].value));
			at = s[i].end;
		}
	}
	arena_done(&a);
	feel_catalogue_free(catalogue);
	return 0;
}
