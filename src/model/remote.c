/* remote.c: addresses, refusals and languages of servers, see remote.h. */
#include "remote.h"

enum { URL_MAX = 2048 };

char *remote_url(sv url, const char *path)
{
	struct sb b;
	sb_init(&b, URL_MAX);
	while (sv_ends(url, SV("/")))
		url.n--;
	sb_put(&b, url);
	ptrdiff_t scheme = sv_find(url, SV("://"));
	sv rest = scheme < 0 ? url : sv_slice(url, (size_t)scheme + 3, url.n);
	if (!sv_ends(url, sv_of(path)) && sv_find_ch(url, '?') < 0) {
		if (sv_find_ch(rest, '/') < 0)
			sb_cstr(&b, "/v1");
		sb_cstr(&b, path);
	}
	char *ret = sb_err(&b) ? NULL : xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

int remote_status(int64_t status)
{
	static const struct {
		int status, code;
	} known[] = { { 400, ERR_INVAL },    { 401, ERR_AUTH },    { 403, ERR_AUTH },
		      { 404, ERR_NOTFOUND }, { 408, ERR_TIMEOUT }, { 413, ERR_TOOBIG },
		      { 422, ERR_INVAL },    { 429, ERR_RATE } };
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status)
			return known[i].code;
	return ERR_UPSTREAM;
}

bool lang_is(sv lang, sv iso)
{
	return sv_starts(lang, iso) && (lang.n == iso.n || lang.p[iso.n] == '-');
}

bool lang_in(sv lang, sv list)
{
	sv one;
	if (!list.n)
		return true;
	while (sv_cut(&list, ',', &one)) {
		one = sv_trim(one);
		if (one.n && lang_is(lang, one))
			return true;
	}
	return false;
}
