/* Fuzz target: one SIP datagram through libre's parser and the checks that stand behind
 * it. */
#include "tel_front.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void look(const struct sip_msg *msg)
{
	struct tel_sdp s = { 0 };
	struct tel_media_info mi;
	struct tel_opts o;
	struct mbuf *out = NULL;
	struct sa la;

	if (!tel_msg_sane(msg))
		return;
	(void)sip_msg_hdr_has_value(msg, SIP_HDR_REQUIRE, "100rel");
	(void)tel_call_info_digit(msg);
	sa_set_in(&la, 0x7f000001, 0);
	tel_defaults(&o);
	o.codecs = "opus,g722,pcmu,pcma";
	if (tel_sdp_open(&s, &la, 4000, &o, false))
		return;
	if (!tel_sdp_take(&s, msg->mb, true, &mi))
		(void)tel_sdp_give(&s, false, &out);
	mem_deref(out);
	tel_sdp_close(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct mbuf *mb;
	struct sip_msg *msg = NULL;

	if (!n || n > LIM_SIP_MSG)
		return 0;
	mb = mbuf_alloc(n);
	if (!mb)
		return 0;
	(void)mbuf_write_mem(mb, p, n);
	mb->pos = 0;
	if (!sip_msg_decode(&msg, mb))
		look(msg);
	mem_deref(msg);
	mem_deref(mb);
	return 0;
}
