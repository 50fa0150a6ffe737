/* chan_dial.c: may this address be called, and what is dialled for it?
 *
 * A call that somebody talks us into costs money (toll fraud), so nobody is called who is not on
 * the list. Patterns are read whole: "*" stands at the end of a number or of a user part only,
 * the host is compared to its end, and a number matches digits alone. So "sip:2*@10.0.0.5" never
 * lets "sip:2@10.0.0.5.example" through, as a comparison of prefixes would. An address with
 * headers (RFC 3261, 19.1.1: "?") or a password is refused, and of parameters all but transport
 * and user: "maddr" would send the call to another host. Pure; owns its strings. */
#include "chan_dial.h"

#include <stdio.h>

void chan_dial_open(struct chan_dial *d, const struct chan_dial_opts *o)
{
	*d = (struct chan_dial){ 0 };
	for (size_t i = 0; i < o->n_allow && d->n_allow < CHAN_DIAL_MAX; i++)
		d->allow[d->n_allow++] = xstrdup(sv_of(o->allow[i]));
	snprintf(d->trunk, sizeof(d->trunk), "%s", o->trunk ? o->trunk : "");
	snprintf(d->from, sizeof(d->from), "%s", o->from ? o->from : "");
}

void chan_dial_done(struct chan_dial *d)
{
	for (size_t i = 0; i < d->n_allow; i++)
		xfree(d->allow[i]);
	d->n_allow = 0;
}

bool chan_dial_any(const struct chan_dial *d)
{
	return d->n_allow > 0;
}

struct addr {                        /* "sip:user@host:port;params"; port "" = not said */
	sv user, host, port;
};

static bool all_of(sv s, const char *more)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z');
		if (!plain && !(c && strchr(more, c)))
			return false;
	}
	return s.n > 0;
}

static bool digits(sv s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

/* Parameters that change nothing of who is called, each once. */
static bool params_ok(sv s)
{
	bool transport = false, user = false;
	sv one, name;
	while (sv_cut(&s, ';', &one)) {
		if (!sv_cut(&one, '=', &name) || !all_of(one, "-"))
			return false;
		bool *seen = sv_eq_nocase(name, SV("transport")) ? &transport :
			     sv_eq_nocase(name, SV("user"))	 ? &user :
								   NULL;
		if (!seen || *seen)
			return false;
		*seen = true;
	}
	return true;
}

static bool addr_read(sv s, struct addr *a, bool pattern)
{
	sv rest, params;
	if (s.n < 5 || s.n >= CHAN_URI - 1 || !sv_eq_nocase(sv_slice(s, 0, 4), SV("sip:")))
		return false;
	rest = sv_slice(s, 4, s.n);
	if (sv_find_ch(rest, '?') >= 0)
		return false;
	params = rest;
	if (!sv_cut(&params, ';', &rest) || !params_ok(params) || s.p[s.n - 1] == ';')
		return false;
	if (sv_find_ch(rest, '@') < 0 || !sv_cut(&rest, '@', &a->user))
		return false;
	bool port = sv_find_ch(rest, ':') >= 0;
	a->port = rest;
	if (!sv_cut(&a->port, ':', &a->host) || (port && !digits(a->port)))
		return false;
	return all_of(a->user, pattern ? "+-_.#*" : "+-_.#") && all_of(a->host, "-.");
}

static bool number_ok(sv s)
{
	sv rest = s.n && s.p[0] == '+' ? sv_slice(s, 1, s.n) : s;
	return rest.n >= 2 && rest.n <= 32 && digits(rest);
}

/* "2*" and "201": the star at the end stands for anything. */
static bool like(sv pattern, sv text)
{
	if (pattern.n && pattern.p[pattern.n - 1] == '*')
		return sv_starts(text, sv_slice(pattern, 0, pattern.n - 1));
	return sv_eq(pattern, text);
}

static bool star_at_end(sv s)
{
	ptrdiff_t at = sv_find_ch(s, '*');
	return at < 0 || (size_t)at + 1 == s.n;
}

static bool addr_fits(const struct addr *p, const struct addr *a)
{
	return like(p->user, a->user) && sv_eq_nocase(p->host, a->host) &&
	       (p->port.n == 0 || sv_eq(p->port, a->port));
}

bool chan_dial_pattern_ok(sv s)
{
	struct addr a;
	if (sv_starts(s, SV("sip:")))
		return addr_read(s, &a, true) && star_at_end(a.user);
	sv n = s.n && s.p[s.n - 1] == '*' ? sv_slice(s, 0, s.n - 1) : s;
	n = n.n && n.p[0] == '+' ? sv_slice(n, 1, n.n) : n;
	return digits(n) && n.n <= 32;
}

static bool allowed(const struct chan_dial *d, sv to, const struct addr *a)
{
	for (size_t i = 0; i < d->n_allow; i++) {
		sv p = sv_of(d->allow[i]);
		struct addr pa;
		if (!chan_dial_pattern_ok(p))
			continue;
		if (a ? addr_read(p, &pa, true) && addr_fits(&pa, a) :
			!sv_starts(p, SV("sip:")) && like(p, to))
			return true;
	}
	return false;
}

int chan_dial_uri(const struct chan_dial *d, sv to, char ret[CHAN_URI])
{
	struct addr a;
	if (addr_read(to, &a, false)) {
		if (!allowed(d, to, &a))
			return ERR_INVAL;
		snprintf(ret, CHAN_URI, SV_FMT, SV_ARG(to));
		return 0;
	}
	if (!number_ok(to) || !d->trunk[0] || !allowed(d, to, NULL))
		return ERR_INVAL;
	snprintf(ret, CHAN_URI, "sip:" SV_FMT "@%s", SV_ARG(to), d->trunk);
	return 0;
}
