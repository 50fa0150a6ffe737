/* app_tel.c: the telephone as the configuration wants it: section sip -> tel_opts, and how its
 * registrations stand.
 *
 * Everything that the options point to lives here until tel_open has copied it; passwords are
 * wiped with their buffers. Main thread. */
#include "app_tel.h"
#include "app_voice.h"

#include <stdio.h>

enum { LIST_MAX = 64, PASSWORDS = 2 * LIST_MAX + 1 };

struct fill {
	struct tel_opts o;
	char host[64];
	const char *allow[LIST_MAX], *refer_to[LIST_MAX];
	struct tel_user users[LIST_MAX];
	struct tel_register registers[LIST_MAX];
	struct sb passwords[PASSWORDS];
	size_t n_passwords;
};

/* NULL for an empty text: tel_opts says "not set" so. */
static const char *text(const jv *o, const char *key)
{
	sv s = jv_get_str(o, key);
	return s.n ? s.p : NULL;
}

static int password(struct fill *f, sv where, const char **ret, struct err *e)
{
	struct sb *b = &f->passwords[f->n_passwords++];
	sb_init(b, 8192);
	int rc = cfg_secret(where, b, e);
	*ret = sb_str(b);
	return rc;
}

static int at_most(const jv *list, const char *what, struct err *e)
{
	return jv_len(list) <= LIST_MAX ?
		       0 :
		       err_set(e, ERR_FULL, "%s: at most %d", what, LIST_MAX);
}

static int fill_users(struct fill *f, const jv *sip, struct err *e)
{
	const jv *list = jv_get(sip, "users");
	int rc = at_most(list, "sip.users", e);
	for (size_t i = 0; rc == 0 && i < jv_len(list); i++) {
		const jv *u = jv_at(list, i);
		f->users[i].user = jv_get_str(u, "user").p;
		rc = password(f, jv_get_str(u, "password"), &f->users[i].password, e);
		f->o.n_users++;
	}
	f->o.users = f->users;
	f->o.realm = text(sip, "realm");
	return rc;
}

static int fill_registers(struct fill *f, const jv *sip, struct err *e)
{
	const jv *list = jv_get(sip, "register");
	int rc = at_most(list, "sip.register", e);
	for (size_t i = 0; rc == 0 && i < jv_len(list); i++) {
		const jv *r = jv_at(list, i);
		f->registers[i] = (struct tel_register){
			.uri = jv_get_str(r, "uri").p,
			.user = jv_get_str(r, "user").p,
			.auth_user = text(r, "auth_user"),
			.expires_s = (int)jv_get_int(r, "expires_s", 300),
		};
		rc = password(f, jv_get_str(r, "password"), &f->registers[i].password, e);
		f->o.n_registers++;
	}
	f->o.registers = f->registers;
	return rc;
}

static int fill_allow(struct fill *f, const jv *sip, struct err *e)
{
	const jv *allow = jv_get(sip, "allow");
	int rc = at_most(allow, "sip.allow", e);
	for (size_t i = 0; rc == 0 && i < jv_len(allow); i++)
		f->allow[f->o.n_acl++] = jv_as_str(jv_at(allow, i)).p;
	if (f->o.n_acl)
		f->o.acl = f->allow;
	return rc;
}

static int fill_refer_to(struct fill *f, const jv *sip, struct err *e)
{
	const jv *list = jv_get(sip, "refer_to");
	int rc = at_most(list, "sip.refer_to", e);
	for (size_t i = 0; rc == 0 && i < jv_len(list); i++)
		f->refer_to[f->o.n_refer_to++] = jv_as_str(jv_at(list, i)).p;
	f->o.refer_to = f->refer_to;
	return rc;
}

static int fill_trunk(struct fill *f, const jv *sip, struct err *e)
{
	sv pw = jv_get_str(sip, "trunk_password");
	if (!pw.n)
		return 0;
	f->o.dial_user = text(sip, "trunk_user");
	f->o.dial_host = text(sip, "trunk");
	return password(f, pw, &f->o.dial_password, e);
}

static void fill_plain(struct tel_opts *o, const jv *sip)
{
	sv srtp = jv_get_str(sip, "srtp");
	o->tcp = true;
	o->public_ip = text(sip, "public_ip");
	o->rtp_min = (int)jv_get_int(sip, "rtp_min", 0);
	o->rtp_max = (int)jv_get_int(sip, "rtp_max", 0);
	o->max_calls = (int)jv_get_int(sip, "max_calls", 500);
	o->max_cps = (int)jv_get_int(sip, "max_cps", 50);
	o->nat = jv_get_bool(sip, "nat", false);
	o->session_s = (int)jv_get_int(sip, "session_s", 1800);
	o->codecs = text(sip, "codecs");
	o->tls_port = (int)jv_get_int(sip, "tls_port", 0);
	o->tls_cert = text(sip, "tls_cert");
	o->tls_key = text(sip, "tls_key");
	o->tls_ca = text(sip, "tls_ca");
	o->srtp = sv_eq(srtp, SV("off"))     ? TEL_SRTP_OFF :
		  sv_eq(srtp, SV("require")) ? TEL_SRTP_REQUIRE :
					       TEL_SRTP_OFFER;
}

static int fill(struct fill *f, const jv *sip, struct err *e)
{
	int rc = app_listen(jv_get_str(sip, "listen"), f->host, &f->o.sip_port, e);
	f->o.ip = f->host;
	fill_plain(&f->o, sip);
	rc = rc ? rc : fill_allow(f, sip, e);
	rc = rc ? rc : fill_users(f, sip, e);
	rc = rc ? rc : fill_registers(f, sip, e);
	rc = rc ? rc : fill_refer_to(f, sip, e);
	return rc ? rc : fill_trunk(f, sip, e);
}

int app_tel_open(struct tel **ret, const jv *sip, const struct tel_sink *sink, void *arg,
		 struct err *e)
{
	struct fill *f = xalloc(sizeof(*f));
	tel_defaults(&f->o);
	int rc = fill(f, sip, e);
	if (rc == 0)
		rc = tel_open(ret, &f->o, sink, arg, e);
	for (size_t i = 0; i < f->n_passwords; i++)
		sb_done(&f->passwords[i]);
	xfree(f);
	return rc;
}

void app_tel_health(const struct tel *t, const jv *sip, jv *components)
{
	const jv *list = jv_get(sip, "register");
	for (size_t i = 0; i < jv_len(list); i++) {
		char detail[320];
		int status, now = tel_registration(t, i, &status);
		sv uri = jv_get_str(jv_at(list, i), "uri");
		snprintf(detail, sizeof(detail), SV_FMT ": %s", SV_ARG(uri),
			 now == 1  ? "registered" :
			 now == 0  ? "not registered yet" :
			 status == 401 || status == 403 || status == 407 ?
				     "refused; look at user and password" :
				     "not registered; tried again by and by");
		jv *c = jv_obj();
		jv_set_str(c, "name", SV("sip registration"));
		jv_set_str(c, "status", now < 0 ? SV("degraded") : SV("ok"));
		jv_set_str(c, "detail", sv_of(detail));
		jv_push(components, c);
	}
}
