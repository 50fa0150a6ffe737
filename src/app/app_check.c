/* app_check.c: what the table of rules cannot tell about a configuration: addresses that are
 * none, files that are not there, values that do not go together. Used by `callm check` and
 * before a start, so that both say the same.
 *
 * Stateless; prints to stderr in the form of the other issues. */
#include "app_pages.h"
#include "app_int.h"
#include "app_access.h"
#include "app_assist.h"
#include "app_daily.h"
#include "app_people.h"
#include "app_quality.h"
#include "app_service.h"
#include "chan_phone.h"
#include "policy_table.h"
#include "tool.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <unistd.h>

#define MODELS_MAX 4 /* of a role */

struct looking {
	const char *file;
	int issues;
};

static void complain(struct looking *k, const char *where, const char *what, const char *mend)
{
	fprintf(stderr, "%s:%s: %s; %s\n", k->file, where, what, mend);
	k->issues++;
}

static bool is_ip4(sv s)
{
	struct in_addr a;
	char text[16];
	if (s.n >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), SV_FMT, SV_ARG(s));
	return inet_pton(AF_INET, text, &a) == 1;
}

static bool is_ip6(const char *text)
{
	struct in6_addr a;
	return inet_pton(AF_INET6, text, &a) == 1;
}

static void look_listen(struct looking *k, const char *where, sv text, bool ip6)
{
	char host[64];
	int port;
	struct err e = { 0 };
	if (app_listen(text, host, &port, &e))
		complain(k, where, e.msg, "Write a numeric address and a port.");
	else if (!is_ip4(sv_of(host)) && !(ip6 && is_ip6(host)))
		complain(k, where, "the address is not numeric",
			 ip6 ? "Write 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080." :
			       "Write 127.0.0.1:5060 or 0.0.0.0:5060.");
}

/* The company's own rows of the strategy table. */
static void look_strategy(struct looking *k, sv path)
{
	struct sb text;
	struct cfg_report rep = { 0 }, faults = { 0 };
	struct policy_table *t = NULL;
	struct err e = { 0 };
	sb_init(&text, LIM_CFG_BYTES);
	jv *company = path.n && file_read(path.p, LIM_CFG_BYTES, &text, &e) == 0 ?
			      cfg_parse(sb_sv(&text), path.p, &rep) : NULL;
	if (jv_get(company, "strategy"))
		(void)policy_table_new(&t, SV_NULL, "strategy", company, &faults);
	for (size_t i = 0; i < faults.n; i++)
		complain(k, "company", faults.v[i].what, faults.v[i].mend);
	obj_unref(t);
	jv_free(company);
	cfg_report_done(&rep);
	cfg_report_done(&faults);
	sb_done(&text);
}

/* Tools, decision tables, flows, calendars and queues beside the company's file. */
static void look_service(struct looking *k, sv path)
{
	struct cfg_report rep = { 0 };
	if (path.n && access(path.p, R_OK) == 0) {
		app_service_check(path, &rep);
		app_people_check(path, false, &rep);
		app_access_check(path, &rep);
		app_assist_check(path, &rep);
		app_quality_check(path, &rep);
	}
	for (size_t i = 0; i < rep.n; i++) {
		fprintf(stderr, "%s: %s; %s\n", rep.v[i].where, rep.v[i].what, rep.v[i].mend);
		k->issues++;
	}
	cfg_report_done(&rep);
}

static void look_file(struct looking *k, const char *where, sv path)
{
	char what[300];
	if (!path.n || access(path.p, R_OK) == 0)
		return;
	snprintf(what, sizeof(what), "the file %.200s cannot be read", path.p);
	complain(k, where, what, "Correct the path or the file's rights.");
}

static void look_http(struct looking *k, const jv *http)
{
	sv cert = jv_get_str(http, "tls_cert"), key = jv_get_str(http, "tls_key");
	look_listen(k, "http.listen", jv_get_str(http, "listen"), true);
	if (cert.n && !key.n)
		complain(k, "http.tls_key", "is missing, tls_cert is there",
			 "HTTPS needs both; or remove tls_cert.");
	if (key.n && !cert.n)
		complain(k, "http.tls_cert", "is missing, tls_key is there",
			 "HTTPS needs both; or remove tls_key.");
	look_file(k, "http.tls_cert", cert);
	look_file(k, "http.tls_key", key);
	const jv *embed = jv_get(http, "embed");
	for (size_t i = 0; i < jv_len(embed); i++) {
		char where[48];
		(void)snprintf(where, sizeof(where), "http.embed[%zu]", i);
		if (!app_pages_site(jv_as_str(jv_at(embed, i))))
			complain(k, where, "is not a web site",
				 "Write scheme and host alone, like https://shop.example.");
	}
}

/* 10.0.0.0/8, or an address alone. */
static bool is_net(sv s)
{
	sv ip;
	int64_t bits = 32;
	sv_cut(&s, '/', &ip);
	return is_ip4(ip) && (!s.n || (sv_i64(s, &bits) == 0 && bits >= 0 && bits <= 32));
}

static void look_nets(struct looking *k, const char *name, const jv *list)
{
	for (size_t i = 0; i < jv_len(list); i++) {
		char where[64];
		snprintf(where, sizeof(where), "%s[%zu]", name, i);
		if (!is_net(jv_as_str(jv_at(list, i))))
			complain(k, where, "is not a network",
				 "Write an IPv4 network like 10.0.0.0/8.");
		if (i == 64)
			complain(k, where, "is one network too many", "64 are read; join some.");
	}
}

static void look_audiosocket(struct looking *k, const jv *as)
{
	if (jv_get_str(as, "listen").n)
		look_listen(k, "audiosocket.listen", jv_get_str(as, "listen"), false);
	look_nets(k, "audiosocket.allow", jv_get(as, "allow"));
}

/* "opus,g722": known names, each once. */
static bool are_codecs(sv list)
{
	static const char *const known[] = { "opus", "g722", "pcmu", "pcma" };
	unsigned seen = 0;
	sv one;
	while (sv_cut(&list, ',', &one)) {
		size_t i = 0;
		while (i < 4 && !sv_eq_nocase(sv_trim(one), sv_of(known[i])))
			i++;
		if (i == 4 || seen & (1u << i))
			return false;
		seen |= 1u << i;
	}
	return seen != 0;
}

static void look_register(struct looking *k, const jv *r, size_t i)
{
	char where[48];
	sv uri = jv_get_str(r, "uri"), user = jv_get_str(r, "user");
	snprintf(where, sizeof(where), "sip.register[%zu].uri", i);
	if (!sv_starts(uri, SV("sip:")) || sv_find_ch(uri, '@') >= 0 || sv_find_ch(uri, ' ') >= 0)
		complain(k, where, "is not the address of a registrar",
			 "Write it like sip:pbx.example.com, without the extension.");
	snprintf(where, sizeof(where), "sip.register[%zu].user", i);
	for (size_t n = 0; n < user.n; n++)
		if (strchr("<>\"@;:?% \r\n", user.p[n])) {
			complain(k, where, "holds a character that no extension has",
				 "Write the extension alone, such as 201.");
			break;
		}
}

static void look_sip_more(struct looking *k, const jv *sip)
{
	const jv *list = jv_get(sip, "register");
	int64_t session = jv_get_int(sip, "session_s", 1800);
	sv codecs = jv_get_str(sip, "codecs");
	if (jv_get_str(sip, "tls_key").n && !jv_get_str(sip, "tls_cert").n)
		complain(k, "sip.tls_cert", "is missing, tls_key is there",
			 "A key needs its certificate; or remove tls_key.");
	look_file(k, "sip.tls_cert", jv_get_str(sip, "tls_cert"));
	look_file(k, "sip.tls_key", jv_get_str(sip, "tls_key"));
	look_file(k, "sip.tls_ca", jv_get_str(sip, "tls_ca"));
	if (session > 0 && session < 90)
		complain(k, "sip.session_s", "is too short", "Write 0, or at least 90.");
	if (codecs.n && !are_codecs(codecs))
		complain(k, "sip.codecs", "is not a list of codecs",
			 "Write some of opus, g722, pcmu, pcma, each once, with commas.");
	for (size_t i = 0; i < jv_len(list); i++)
		look_register(k, jv_at(list, i), i);
	list = jv_get(sip, "refer_to");
	for (size_t i = 0; i < jv_len(list); i++) {
		char where[48];
		sv to = jv_as_str(jv_at(list, i));
		snprintf(where, sizeof(where), "sip.refer_to[%zu]", i);
		if (sv_find_ch(to, '@') < 0 || strpbrk(to.p, "<>; \""))
			complain(k, where, "is not somebody to be called",
				 "Write 201@pbx.example.com, or @pbx.example.com.");
	}
}

static void look_sip(struct looking *k, const jv *sip)
{
	const jv *allow = jv_get(sip, "allow");
	int64_t from = jv_get_int(sip, "rtp_min", 0), to = jv_get_int(sip, "rtp_max", 0);
	sv public_ip = jv_get_str(sip, "public_ip");
	look_listen(k, "sip.listen", jv_get_str(sip, "listen"), false);
	look_sip_more(k, sip);
	if (from < 1024 || to > 65534 || from + 1 >= to)
		complain(k, "sip.rtp_min", "rtp_min to rtp_max is not a range of ports",
			 "Use a range within 1024 to 65534, such as 20000 to 29999.");
	if (public_ip.n && !is_ip4(public_ip))
		complain(k, "sip.public_ip", "is not an IPv4 address",
			 "Write it like 203.0.113.7.");
	for (size_t i = 0; i < jv_len(allow); i++) {
		char where[48];
		snprintf(where, sizeof(where), "sip.allow[%zu]", i);
		if (!is_net(jv_as_str(jv_at(allow, i))))
			complain(k, where, "is not a network",
				 "Write an IPv4 network like 10.0.0.0/8.");
		if (i == 64)
			complain(k, where, "is one network too many", "64 are read; join some.");
	}
}

/* Addresses that may be called; see chan_dial.h. */
static void look_allow(struct looking *k, const char *name, const jv *allow, size_t most)
{
	char where[48];
	for (size_t i = 0; i < jv_len(allow); i++) {
		snprintf(where, sizeof(where), "%s[%zu]", name, i);
		if (!chan_phone_pattern_ok(jv_as_str(jv_at(allow, i))))
			complain(k, where, "is neither an address nor a number",
				 "Write sip:user@host, sip:2*@host or +4961*.");
		if (i == most)
			complain(k, where, "is one address too many", "Join some with *.");
	}
}

static void look_transfer(struct looking *k, const jv *cfg)
{
	const jv *t = jv_get(cfg, "transfer");
	sv to = jv_get_str(t, "to");
	look_allow(k, "outbound.allow", jv_path(cfg, "outbound.allow"), CHAN_ALLOW_MAX);
	look_allow(k, "transfer.allow", jv_get(t, "allow"), CHAN_ALLOW_MAX - 1);
	if (!to.n)
		return;
	if (!chan_phone_pattern_ok(to) || sv_find_ch(to, '*') >= 0)
		complain(k, "transfer.to", "is neither an address nor a number",
			 "Write sip:user@host, or a number such as +4961550.");
	else if (!sv_starts(to, SV("sip:")) && !jv_get_str(jv_get(cfg, "sip"), "trunk").n)
		complain(k, "transfer.to", "is a number, and sip.trunk is empty",
			 "Say through which host numbers are called.");
}

/* Kinds that are reached over the network need an address; models of this machine do not. */
static void look_providers(struct looking *k, const jv *cfg, const char *role)
{
	const jv *list = jv_get(cfg, role);
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *x = jv_at(list, i);
		sv url = jv_get_str(x, "url"), kind = jv_get_str(x, "kind");
		bool remote = sv_eq(kind, SV("openai")) || sv_eq(kind, SV("realtime"));
		char where[48];
		snprintf(where, sizeof(where), "%s[%zu].url", role, i);
		if (remote && !sv_starts(url, SV("http://")) && !sv_starts(url, SV("https://")) &&
		    !sv_starts(url, SV("ws://")) && !sv_starts(url, SV("wss://")))
			complain(k, where, url.n ? "is not an http address" : "is missing",
				 "Write the base address, such as http://127.0.0.1:8000/v1.");
		snprintf(where, sizeof(where), "%s[%zu].key_file", role, i);
		look_file(k, where, jv_get_str(x, "key_file"));
		snprintf(where, sizeof(where), "%s[%zu].file", role, i);
		look_file(k, where, jv_get_str(x, "file"));
		snprintf(where, sizeof(where), "%s[%zu]", role, i);
		if (i == MODELS_MAX)
			complain(k, where, "is one model too many",
				 "Four are used; remove the others.");
	}
}

/* A command or a url, under a name of its own. */
static void look_mcp(struct looking *k, const jv *list)
{
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *x = jv_at(list, i);
		sv name = jv_get_str(x, "name"), url = jv_get_str(x, "url");
		bool command = jv_len(jv_get(x, "command")) > 0;
		char where[48];
		snprintf(where, sizeof(where), "mcp[%zu]", i);
		if (command == (url.n > 0))
			complain(k, where, command ? "has a command and a url" :
						     "has neither command nor url",
				 "Write one of the two; see docs/mcp.md.");
		for (size_t j = 0; j < i; j++)
			if (sv_eq(name, jv_get_str(jv_at(list, j), "name")))
				complain(k, where, "has a name that another server has",
					 "Give each server a name of its own.");
	}
}

/* An address or a file, under a name of its own. */
static void look_systems(struct looking *k, const jv *list)
{
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *x = jv_at(list, i);
		sv name = jv_get_str(x, "name"), url = jv_get_str(x, "url");
		sv sqlite = jv_get_str(x, "sqlite");
		char where[48];
		snprintf(where, sizeof(where), "systems[%zu]", i);
		if ((url.n > 0) == (sqlite.n > 0))
			complain(k, where, url.n ? "has a url and a database file" :
						   "has neither url nor sqlite",
				 "Write one of the two; see docs/tool.md.");
		if (url.n && !sv_starts(url, SV("https://")) && !sv_starts(url, SV("http://")))
			complain(k, where, "has a url that is no http address",
				 "Write the base address, such as https://erp.example/api.");
		for (size_t j = 0; j < i; j++)
			if (sv_eq(name, jv_get_str(jv_at(list, j), "name")))
				complain(k, where, "has a name that another system has",
					 "Give each system a name of its own.");
		snprintf(where, sizeof(where), "systems[%zu].ca_file", i);
		look_file(k, where, jv_get_str(x, "ca_file"));
	}
}

/* Who carries messages out, as the start would find it. */
static void look_post(struct looking *k, const jv *cfg)
{
	static const char *const names[] = { "mail", "sms", "pay" };
	char where[16];
	for (int i = 0; i < 3; i++) {
		struct tool_post *p = NULL;
		struct err e = { 0 };
		jv *one = jv_obj();
		if (jv_get(cfg, names[i]))
			jv_set(one, names[i], jv_copy(jv_get(cfg, names[i])));
		if (tool_post_open(&p, one, &e))
			complain(k, names[i], e.msg, "See docs/tool.md for what it takes.");
		tool_post_close(p);
		jv_free(one);
		snprintf(where, sizeof(where), "%s.ca_file", names[i]);
		look_file(k, where, jv_get_str(jv_get(cfg, names[i]), "ca_file"));
	}
}

static void look_knowledge(struct looking *k, const jv *knowledge)
{
	if (app_daily_minute(jv_get_str(knowledge, "learn_at")) == -2)
		complain(k, "knowledge.learn_at", "that is no time of day",
			 "Write it as 03:00, or leave it empty for never.");
}

static void look_night(struct looking *k, const jv *night)
{
	if (app_daily_minute(jv_get_str(night, "at")) == -2)
		complain(k, "night.at", "that is no time of day",
			 "Write it as 02:30, or leave it empty for never.");
}

/* There is no way to do it, so who asks for it is told rather than ignored. */
static void look_feel(struct looking *k, const jv *feel)
{
	if (jv_get_bool(feel, "voice_of_employees", false))
		complain(k, "feel.voice_of_employees",
			 "emotion is never read from an employee's voice: Art. 5(1)(f) of the EU "
			 "AI Act (Regulation 2024/1689) forbids it at work",
			 "Remove the line; customers' voices are feel.voice.");
}

int app_config_look(const jv *cfg, const char *file)
{
	struct looking k = { .file = file ? file : "defaults" };
	static const char *const roles[] = { "llm", "asr", "tts", "emb" };
	const jv *sip = jv_get(cfg, "sip");
	look_file(&k, "company", jv_get_str(cfg, "company"));
	look_strategy(&k, jv_get_str(cfg, "company"));
	look_service(&k, jv_get_str(cfg, "company"));
	look_http(&k, jv_get(cfg, "http"));
	if (jv_get_bool(sip, "enabled", true))
		look_sip(&k, sip);
	look_transfer(&k, cfg);
	look_audiosocket(&k, jv_get(cfg, "audiosocket"));
	look_nets(&k, "stream.allow", jv_path(cfg, "stream.allow"));
	for (int r = 0; r < 4; r++)
		look_providers(&k, cfg, roles[r]);
	look_mcp(&k, jv_get(cfg, "mcp"));
	look_systems(&k, jv_get(cfg, "systems"));
	look_post(&k, cfg);
	look_knowledge(&k, jv_get(cfg, "knowledge"));
	look_night(&k, jv_get(cfg, "night"));
	look_feel(&k, jv_get(cfg, "feel"));
	return k.issues ? ERR_INVAL : 0;
}
