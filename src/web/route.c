/* route.c: which handler answers a path.
 *
 * Patterns are compared segment by segment with the decoded path; the most literal
 * pattern wins, so the order of a table does not matter. The tables are short (about a
 * hundred rows) and a first segment usually decides, so a linear pass (about 1 us)
 * beats anything that would have to be built. No state; the loop's thread.
 */
#include "web_int.h"

/* Next segment of a path or pattern; false at the end. A trailing slash is a last,
 * empty segment. */
static bool segment(sv *s, sv *seg)
{
	if (s->n == 0 || s->p[0] != '/')
		return false;
	size_t n = 1;
	while (n < s->n && s->p[n] != '/')
		n++;
	*seg = sv_n(s->p + 1, n - 1);
	*s = sv_n(s->p + n, s->n - n);
	return true;
}

static bool is_hole(sv seg)
{
	return seg.n > 2 && seg.p[0] == '{' && seg.p[seg.n - 1] == '}';
}

static bool is_rest(sv seg)
{
	return is_hole(seg) && seg.n > 3 && seg.p[seg.n - 2] == '*';
}

int web_path_check(const char *pattern)
{
	sv p = sv_of(pattern), seg;
	size_t holes = 0;
	if (p.n == 0 || p.p[0] != '/')
		return ERR_INVAL;
	while (segment(&p, &seg)) {
		if (is_rest(seg) && p.n)
			return ERR_INVAL;
		if (is_hole(seg))
			holes++;
		else if (sv_find_ch(seg, '{') >= 0 || sv_find_ch(seg, '}') >= 0)
			return ERR_INVAL;
	}
	return holes <= WEB_PARAMS ? 0 : ERR_INVAL;
}

/* Fills r->params; r may keep parameters of a failed match, n_params tells. */
bool web_path_match(const char *pattern, sv path, struct web_req *r)
{
	sv p = sv_of(pattern), ps, s;
	r->n_params = 0;
	while (segment(&p, &ps)) {
		sv rest = path;
		if (is_rest(ps)) {
			r->params[r->n_params].name = sv_slice(ps, 1, ps.n - 2);
			r->params[r->n_params++].val = sv_slice(path, 1, path.n);
			return true;
		}
		if (!segment(&rest, &s))
			return false;
		if (!is_hole(ps) && !sv_eq(ps, s))
			return false;
		if (is_hole(ps)) {
			if (s.n == 0)
				return false;
			r->params[r->n_params].name = sv_slice(ps, 1, ps.n - 1);
			r->params[r->n_params++].val = s;
		}
		path = rest;
	}
	return path.n == 0;
}

/* Smaller is more literal: one digit a segment, 0 literal, 1 hole, 2 rest; first
 * segment weighs most. */
static uint64_t looseness(const char *pattern)
{
	sv p = sv_of(pattern), seg;
	uint64_t v = 0;
	int n = 0;
	for (; n < 32 && segment(&p, &seg); n++)
		v = v * 3 + (is_rest(seg) ? 2u : is_hole(seg) ? 1u : 0u);
	for (; n < 32; n++)
		v *= 3;
	return v;
}

static bool method_fits(const struct web_route *rt, const struct web_req *r)
{
	return sv_eq(sv_of(rt->method), r->head ? SV("GET") : r->method);
}

/* NULL: no such path, or *allow lists the methods that the path has (in r's arena). */
const struct web_route *web_route_find(const struct web_srv *s, struct web_req *r, sv *allow)
{
	const struct web_route *best = NULL;
	uint64_t best_v = UINT64_MAX;
	struct sb b;
	*allow = SV_NULL;
	sb_init(&b, 256);
	for (size_t i = 0; i < s->o.n_routes; i++) {
		const struct web_route *rt = &s->o.routes[i];
		if (!web_path_match(rt->path, r->path, r))
			continue;
		if (!method_fits(rt, r)) {
			sb_fmt(&b, "%s%s%s", b.n ? ", " : "", rt->method,
			       strcmp(rt->method, "GET") == 0 ? ", HEAD" : "");
			continue;
		}
		uint64_t v = looseness(rt->path);
		if (v < best_v) {
			best = rt;
			best_v = v;
		}
	}
	if (best)
		web_path_match(best->path, r->path, r);
	else if (b.n)
		*allow = arena_sv(&r->a, sb_sv(&b));
	sb_done(&b);
	return best;
}

const struct web_ws_route *web_ws_route_find(const struct web_srv *s, struct web_req *r)
{
	const struct web_ws_route *best = NULL;
	uint64_t best_v = UINT64_MAX;
	for (size_t i = 0; i < s->o.n_ws_routes; i++) {
		const struct web_ws_route *rt = &s->o.ws_routes[i];
		if (!web_path_match(rt->path, r->path, r))
			continue;
		if (looseness(rt->path) < best_v) {
			best = rt;
			best_v = looseness(rt->path);
		}
	}
	if (best)
		web_path_match(best->path, r->path, r);
	return best;
}
