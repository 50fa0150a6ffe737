/* Fuzz target: a compound RTCP packet; what is taken must be writable again and read the same. */
#include "tel_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint32_t about = n >= 12 ? tel_be32(p + 8) : 7;
	struct tel_rtcp r, again;
	uint8_t out[TEL_RTCP_MAX];
	size_t len;

	for (int k = 0; k < 2; k++, about = 0x11223344) {
		if (tel_rtcp_parse(p, n, about, &r))
			continue;
		len = tel_rtcp_write(out, &r, about, "fuzz");
		if (len > sizeof(out) || tel_rtcp_parse(out, len, about, &again))
			__builtin_trap();
		if (again.ssrc != r.ssrc || again.sr != r.sr || again.bye != r.bye ||
		    again.report != r.report || (r.report && again.lost != r.lost))
			__builtin_trap();
	}
	return 0;
}
