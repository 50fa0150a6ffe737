/* Fuzz target: a session description, as an offer and as an answer. */
#include "tel_front.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void once(const uint8_t *p, size_t n, bool offer)
{
	struct tel_sdp s = { 0 };
	struct tel_media_info mi;
	struct tel_opts o;
	struct mbuf *in, *out = NULL;
	struct sa la;

	sa_set_in(&la, 0x7f000001, 0);
	tel_defaults(&o);
	o.codecs = "opus,g722,pcmu,pcma";
	if (tel_sdp_open(&s, &la, 4000, &o, false))
		return;
	in = mbuf_alloc(n + 1);
	(void)mbuf_write_mem(in, p, n);
	for (int k = 0; k < 2; k++) { /* the second time is a re-INVITE */
		in->pos = 0;
		if (!tel_sdp_take(&s, in, offer, &mi) &&
		    (mi.pt > 127 || mi.codec >= TEL_CODECS || !mi.n_fmts))
			__builtin_trap();
		(void)tel_sdp_give(&s, !offer, &out);
		out = mem_deref(out);
	}
	mem_deref(in);
	tel_sdp_close(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n > 2 * TEL_SDP_MAX)
		return 0;
	once(p, n, true);
	once(p, n, false);
	return 0;
}
