/* Unit tests of the SIP side against a raw peer. */
#include "t_tel_world.h"

TEST(tel_options_answers)
{
	struct world w;
	struct raw r;

	w_init(&w);
	OK(w_open_side(&w, &w.a));
	raw_open(&r, w.a.tel, "127.0.0.1");
	raw_request(&r, "OPTIONS", "o1", 1, "", "");
	EQ(raw_final(&r, w.loop, "OPTIONS"), 200);
	HAS(sv_of(r.in), "Allow: INVITE");
	close(r.fd);
	w_done(&w);
}
