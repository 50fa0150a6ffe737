/* tel_reg.c: registration with PBXs as an extension (RFC 3261, 10). Front thread, but for
 * tel_registration.
 *
 * One tel_reg for each, alive as long as the telephone. REGISTER goes out at the start and
 * again after 4/5 of what was granted; after a failure it waits 5 s, then twice as long each
 * time up to ten minutes, a random half of it less, so that a PBX that comes back is not met
 * by all its extensions at once. At the end it is taken back.
 * What comes from the registrar's address is let in (tel_guard.c), a call from there to our
 * extension needs no password, and what is dialled there goes out as the extension, with its
 * password.
 */
#include "tel_front.h"

enum { EXPIRES_S = 300, LEAST_S = 10, FIRST_MS = 5000, LONGEST_MS = 600000 };

static void ask(struct tel_reg *r);

static void on_timer(void *arg)
{
	struct tel_reg *r = arg;

	r->tried = false;
	ask(r);
}

static void state(struct tel_reg *r, int now, int status)
{
	int was = atomic_exchange(&r->state, now);

	atomic_store(&r->status, status);
	metric_add(M_SIP_REGISTERED, (now == 1) - (was == 1));
	if (was == now)
		return;
	if (now == 1)
		LOG(DEBUG, "sip.registered", "at %s", r->host);
	else if (now < 0)
		LOG(DEBUG, "sip.not_registered", "at %s: status %d", r->host, status);
}

static void fail(struct tel_reg *r, int status, const struct sip_msg *msg)
{
	const struct sip_hdr *after = msg ? sip_msg_hdr(msg, SIP_HDR_RETRY_AFTER) : NULL;
	int64_t wait = (int64_t)FIRST_MS << (r->fails < 8 ? r->fails : 8), told;
	uint16_t rnd;

	rng_secure(&rnd, sizeof(rnd));
	wait = wait < LONGEST_MS ? wait : LONGEST_MS;
	wait -= wait / 2 * rnd / 65536;
	told = after ? (int64_t)pl_u32(&after->val) * 1000 : 0;
	if (told > wait)
		wait = told < LONGEST_MS ? told : LONGEST_MS;
	r->fails++;
	state(r, -1, status);
	tmr_start(&r->tmr, (uint64_t)wait, on_timer, r);
}

/* Seconds granted: of our Contact in the answer, else of the whole answer. */
static bool on_contact(const struct sip_hdr *hdr, const struct sip_msg *msg, void *arg)
{
	struct tel_reg *r = arg;
	struct sip_addr a;
	struct pl v;

	if (sip_addr_decode(&a, &hdr->val) || pl_strcmp(&a.auri, r->contact) ||
	    msg_param_decode(&a.params, "expires", &v))
		return false;
	r->granted = (int)pl_u32(&v);
	return true;
}

static void granted(struct tel_reg *r, const struct sip_msg *msg)
{
	r->granted = pl_isset(&msg->expires) ? (int)pl_u32(&msg->expires) : r->expires;
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_CONTACT, on_contact, r);
	if (r->ending) {
		state(r, 0, msg->scode);
		return;
	}
	if (r->granted < LEAST_S)
		r->granted = LEAST_S;
	r->fails = 0;
	r->tried = false;
	if (sa_af(&msg->src) == AF_INET)
		r->ip = sa_in(&msg->src);
	state(r, 1, msg->scode);
	tmr_start(&r->tmr, (uint64_t)r->granted * 800, on_timer, r);
}

/* The challenge is answered once a round: a second one means a wrong password. */
static bool challenged(struct tel_reg *r, const struct sip_msg *msg)
{
	if (r->tried)
		return false;
	r->tried = true;
	sip_auth_reset(r->auth);
	if (sip_auth_authenticate(r->auth, msg))
		return false;
	ask(r);
	return true;
}

static bool too_brief(struct tel_reg *r, const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_MIN_EXPIRES);
	uint32_t least = h ? pl_u32(&h->val) : 0;

	if ((int64_t)least <= r->expires || least > 86400)
		return false;
	r->expires = (int)least;
	ask(r);
	return true;
}

static void on_answer(int err, const struct sip_msg *msg, void *arg)
{
	struct tel_reg *r = arg;

	if (err) {
		if (!r->ending)
			fail(r, err == ETIMEDOUT ? 408 : 503, NULL);
		return;
	}
	if (msg->scode < 200)
		return;
	if (msg->scode < 300)
		granted(r, msg);
	else if ((msg->scode == 401 || msg->scode == 407) && challenged(r, msg))
		return;
	else if (msg->scode == 423 && too_brief(r, msg))
		return;
	else if (!r->ending)
		fail(r, msg->scode, msg);
}

static int put_contact(enum sip_transp tp, const struct sa *src, const struct sa *dst,
		       struct mbuf *mb, void *arg)
{
	struct tel_reg *r = arg;
	char contact[2 * TEL_STR];

	if (tel_contact(r->tel, r->user, dst, tp, contact))
		return ENOMEM;
	xfree(r->contact);
	r->contact = xstrdup(sv_of(contact));
	return mbuf_printf(mb, "Contact: <%s>;expires=%d\r\n", contact,
			   r->ending ? 0 : r->expires);
}

static void ask(struct tel_reg *r)
{
	int e = sip_drequestf(&r->req, r->tel->sip, true, "REGISTER", r->dlg, 0, r->auth,
			      put_contact, on_answer, r,
			      "Expires: %d\r\nContent-Length: 0\r\n\r\n",
			      r->ending ? 0 : r->expires);

	if (e && !r->ending)
		fail(r, 503, NULL);
}

static int password(char **user, char **pw, const char *realm, void *arg)
{
	const struct tel_reg *r = arg;

	return tel_reg_password(r, user, pw);
}

int tel_reg_password(const struct tel_reg *r, char **user, char **pw)
{
	int e = str_dup(user, r->auth_user);

	return e ? e : str_dup(pw, r->password);
}

/* ---- start and end */

static int check_one(const struct tel_register *o, struct err *e)
{
	struct uri u;
	struct pl pl;

	pl_set_str(&pl, o->uri ? o->uri : "");
	if (uri_decode(&u, &pl) || pl_strcasecmp(&u.scheme, "sip") || !pl_isset(&u.host) ||
	    pl_isset(&u.user) || pl.l >= TEL_STR / 2)
		return err_set(e, ERR_INVAL,
			       "register \"%s\": a registrar looks like sip:pbx.example.com",
			       o->uri ? o->uri : "");
	if (!o->user || !o->user[0] || !o->password || strlen(o->user) >= TEL_STR / 4 ||
	    strpbrk(o->user, "<>\"@;:?% \r\n"))
		return err_set(e, ERR_INVAL,
			       "register %s: an extension (no special characters) and a password "
			       "are needed",
			       o->uri);
	if (o->expires_s && (o->expires_s < LEAST_S || o->expires_s > 86400))
		return err_set(e, ERR_INVAL, "register %s: %d to 86400 seconds", o->uri, LEAST_S);
	return 0;
}

int tel_reg_open(struct tel *t, const struct tel_opts *o, struct err *e)
{
	t->regs = xalloc((o->n_registers + 1) * sizeof(*t->regs));
	for (size_t i = 0; i < o->n_registers; i++) {
		const struct tel_register *from = &o->registers[i];
		struct tel_reg *r = &t->regs[i];
		int er = check_one(from, e);
		struct pl pl;
		struct sa sa;

		if (er)
			return er;
		t->n_regs++;
		r->tel = t;
		r->uri = xstrdup(sv_of(from->uri));
		r->user = xstrdup(sv_of(from->user));
		r->password = xstrdup(sv_of(from->password));
		r->auth_user = xstrdup(sv_of(from->auth_user ? from->auth_user : from->user));
		r->expires = from->expires_s ? from->expires_s : EXPIRES_S;
		pl_set_str(&pl, r->uri);
		(void)uri_decode(&r->parsed, &pl);
		r->host = xstrdup(sv_n(r->parsed.host.p, r->parsed.host.l));
		if (!sa_set_str(&sa, r->host, 0) && sa_af(&sa) == AF_INET)
			r->ip = sa_in(&sa);
	}
	return 0;
}

static int start(struct tel_reg *r)
{
	char aor[TEL_STR];

	(void)snprintf(aor, sizeof(aor), "sip:%s@%s", r->user, r->host);
	r->aor = xstrdup(sv_of(aor));
	return sip_dialog_alloc(&r->dlg, r->uri, aor, NULL, aor, NULL, 0) ||
	       sip_auth_alloc(&r->auth, password, r, false);
}

void tel_reg_start(struct tel *t)
{
	for (size_t i = 0; i < t->n_regs; i++)
		if (!start(&t->regs[i]))
			ask(&t->regs[i]);
}

bool tel_reg_leave(struct tel *t)
{
	bool any = false;

	for (size_t i = 0; i < t->n_regs; i++) {
		struct tel_reg *r = &t->regs[i];

		tmr_cancel(&r->tmr);
		r->ending = true;
		r->tried = false;
		r->req = mem_deref(r->req);
		if (atomic_load(&r->state) != 1)
			continue;
		ask(r);
		any = true;
	}
	return any;
}

void tel_reg_end(struct tel *t)
{
	for (size_t i = 0; i < t->n_regs; i++) {
		struct tel_reg *r = &t->regs[i];

		state(r, 0, atomic_load(&r->status));
		tmr_cancel(&r->tmr);
		r->req = mem_deref(r->req);
		r->dlg = mem_deref(r->dlg);
		r->auth = mem_deref(r->auth);
	}
}

void tel_reg_free(struct tel *t)
{
	for (size_t i = 0; i < t->n_regs; i++) {
		struct tel_reg *r = &t->regs[i];

		xfree(r->uri);
		xfree(r->user);
		xfree(r->password);
		xfree(r->auth_user);
		xfree(r->host);
		xfree(r->aor);
		xfree(r->contact);
	}
	xfree(t->regs);
}

/* ---- questions */

bool tel_reg_source(const struct tel *t, uint32_t ip)
{
	for (size_t i = 0; i < t->n_regs; i++)
		if (t->regs[i].ip == ip)
			return true;
	return false;
}

bool tel_reg_awaited(const struct tel *t)
{
	for (size_t i = 0; i < t->n_regs; i++)
		if (!t->regs[i].ip && t->regs[i].req)
			return true;
	return false;
}

bool tel_reg_call(const struct tel *t, const struct sip_msg *msg)
{
	for (size_t i = 0; i < t->n_regs; i++)
		if (atomic_load(&t->regs[i].state) == 1 && t->regs[i].ip == sa_in(&msg->src) &&
		    !pl_strcmp(&msg->uri.user, t->regs[i].user))
			return true;
	return false;
}

const struct tel_reg *tel_reg_of(const struct tel *t, const char *uri)
{
	struct uri u;
	struct pl pl;

	pl_set_str(&pl, uri);
	if (uri_decode(&u, &pl))
		return NULL;
	for (size_t i = 0; i < t->n_regs; i++) {
		const struct uri *r = &t->regs[i].parsed;

		if (!pl_casecmp(&u.host, &r->host) &&
		    (u.port ? u.port : SIP_PORT) == (r->port ? r->port : SIP_PORT))
			return &t->regs[i];
	}
	return NULL;
}

int tel_registration(const struct tel *t, size_t i, int *status)
{
	if (i >= t->n_regs)
		return -1;
	if (status)
		*status = atomic_load(&t->regs[i].status);
	return atomic_load(&t->regs[i].state);
}
