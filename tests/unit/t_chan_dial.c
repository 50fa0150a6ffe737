/* Unit tests of whom we may call: patterns read whole, numbers over the trunk, what is refused. */
#include "t.h"
#include "chan_dial.h"

static const char *const allow[] = { "sip:2*@10.0.0.5", "sip:ann@pbx.example:5070", "+4961*", "112",
				     "nonsense", "sip:*@desk" };

static void open_all(struct chan_dial *d, const char *trunk)
{
	chan_dial_open(d, &(struct chan_dial_opts){ allow, 6, trunk, NULL });
}

TEST(dial_addresses_on_the_list)
{
	static const struct {
		const char *to;
		int rc;
	} all[] = {
		{ "sip:201@10.0.0.5", 0 },
		{ "sip:2@10.0.0.5", 0 },
		{ "sip:201@10.0.0.5:5072", 0 },
		{ "SIP:201@10.0.0.5;transport=tcp", 0 },
		{ "sip:201@10.0.0.5;user=phone;Transport=tls", 0 },
		{ "sip:201@10.0.0.5;maddr=192.0.2.1", ERR_INVAL }, /* would be called there */
		{ "sip:201@10.0.0.5;MAddr=192.0.2.1", ERR_INVAL },
		{ "sip:201@10.0.0.5;transport=tcp;maddr=192.0.2.1", ERR_INVAL },
		{ "sip:201@10.0.0.5;transport=tcp;transport=udp", ERR_INVAL },
		{ "sip:201@10.0.0.5;method=REFER", ERR_INVAL },
		{ "sip:201@10.0.0.5;", ERR_INVAL },
		{ "sip:301@10.0.0.5", ERR_INVAL },
		{ "sip:201@10.0.0.50", ERR_INVAL },
		{ "sip:201@10.0.0.5.evil.example", ERR_INVAL },
		{ "sip:201@10.0.0.5?Replaces=a", ERR_INVAL },
		{ "sip:201@10.0.0.5@evil.example", ERR_INVAL },
		{ "sip:201:pw@10.0.0.5", ERR_INVAL },
		{ "sip:201@10.0.0.5:", ERR_INVAL },
		{ "sip:201@10.0.0.5:50x", ERR_INVAL },
		{ "sip:2*@10.0.0.5", ERR_INVAL },
		{ "sip:ann@PBX.example:5070", 0 },
		{ "sip:ann@pbx.example", ERR_INVAL },
		{ "sip:anna@pbx.example:5070", ERR_INVAL },
		{ "sip:anybody@desk", 0 },
		{ "sip:@desk", ERR_INVAL },
		{ "sips:201@10.0.0.5", ERR_INVAL },
		{ "tel:112", ERR_INVAL },
		{ "sip:201@10.0.0.5\r\nEvil: x", ERR_INVAL },
		{ "sip:20 1@10.0.0.5", ERR_INVAL },
		{ "", ERR_INVAL },
	};
	struct chan_dial d;
	char uri[CHAN_URI];
	open_all(&d, NULL);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		int rc = chan_dial_uri(&d, sv_of(all[i].to), uri);
		if (rc != all[i].rc)
			t_fail(__FILE__, __LINE__, all[i].to);
		if (rc == 0 && strcmp(uri, all[i].to) != 0)
			t_fail(__FILE__, __LINE__, uri);
	}
	chan_dial_done(&d);
}

TEST(dial_numbers_go_over_the_trunk)
{
	struct chan_dial d;
	char uri[CHAN_URI];
	open_all(&d, "trunk.example:5080");
	OK(chan_dial_uri(&d, SV("+496155501"), uri));
	STR_EQ(uri, "sip:+496155501@trunk.example:5080");
	OK(chan_dial_uri(&d, SV("112"), uri));
	EQ(chan_dial_uri(&d, SV("1123"), uri), ERR_INVAL);
	EQ(chan_dial_uri(&d, SV("+4962"), uri), ERR_INVAL);
	EQ(chan_dial_uri(&d, SV("+4961x"), uri), ERR_INVAL);
	EQ(chan_dial_uri(&d, SV("+4961@evil.example"), uri), ERR_INVAL);
	EQ(chan_dial_uri(&d, SV("+49614961496149614961496149614961496149"), uri), ERR_INVAL);
	chan_dial_done(&d);
	open_all(&d, "");
	EQ(chan_dial_uri(&d, SV("112"), uri), ERR_INVAL); /* no trunk */
	CHECK(chan_dial_any(&d));
	chan_dial_done(&d);
	CHECK(!chan_dial_any(&d));
}

TEST(dial_patterns)
{
	static const struct {
		const char *text;
		bool ok;
	} all[] = {
		{ "sip:*@desk", true }, { "sip:2*@10.0.0.5:5070", true }, { "+49*", true },
		{ "112", true },        { "sip:*2@desk", false },         { "sip:a@*", false },
		{ "*", false },         { "+*", false },                  { "sip:desk", false },
		{ "", false },          { "49 61", false },               { "+49*1", false },
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (chan_dial_pattern_ok(sv_of(all[i].text)) != all[i].ok)
			t_fail(__FILE__, __LINE__, all[i].text);
}

/* Whatever is asked for, what comes back is on the list. */
TEST(dial_random_addresses_stay_on_the_list)
{
	static const char some[] = "sip:2@10.0.0.5;?+4961*\r\n <>\"desk.a";
	struct chan_dial d;
	char uri[CHAN_URI], to[40];
	open_all(&d, "trunk");
	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)rng_below(t_rng(), sizeof(to));
		for (size_t k = 0; k < n; k++)
			to[k] = some[rng_below(t_rng(), sizeof(some) - 1)];
		if (i % 2 && n > 4)
			memcpy(to, "sip:", 4);
		if (chan_dial_uri(&d, sv_n(to, n), uri))
			continue;
		CHECK(strncasecmp(uri, "sip:", 4) == 0);
		CHECK(!strpbrk(uri, "\r\n <>\"?"));
		CHECK(strstr(uri, "@10.0.0.5") || strstr(uri, "@trunk") || strstr(uri, "@desk") ||
		      strstr(uri, "@pbx.example"));
	}
	chan_dial_done(&d);
}
