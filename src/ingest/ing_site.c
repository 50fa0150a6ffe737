/* ing_site.c: what a site says of itself: robots.txt (RFC 9309) and sitemaps (sitemaps.org).
 * Both are strangers' texts: scanned once, bounded, never trusted with more than which pages to
 * ask for. */
#include "ing_int.h"

/* ---- robots.txt ---- */

/* "*" matches anything, "$" at the end the end; RFC 9309, 2.2.3. Linear: only the last star is
 * come back to. */
static bool matches(sv rule, sv path)
{
	size_t i = 0, k = 0, star = SIZE_MAX, back = 0;
	bool whole = rule.n && rule.p[rule.n - 1] == '$';

	if (whole)
		rule.n--;
	while (k < path.n || i < rule.n) {
		if (i < rule.n && rule.p[i] == '*') {
			star = i++;
			back = k;
		} else if (i < rule.n && k < path.n && rule.p[i] == path.p[k]) {
			i++, k++;
		} else if (i >= rule.n && !whole) {
			return true;
		} else if (star != SIZE_MAX && back < path.n) {
			i = star + 1;
			k = ++back;
		} else {
			return false;
		}
	}
	return true;
}

struct group {
	bool ours, any;          /* names us; names everybody */
};
struct verdict {
	size_t best;             /* length of the rule that decides */
	bool allow;
	int delay_s;
};

static void rule(struct verdict *v, sv key, sv val, sv path)
{
	bool allow = sv_eq_nocase(key, SV("allow"));
	int64_t n;

	if (sv_eq_nocase(key, SV("crawl-delay")) && !sv_i64(val, &n) && n > 0 && n < 1000)
		v->delay_s = (int)n;
	if ((!allow && !sv_eq_nocase(key, SV("disallow"))) || !val.n || !matches(val, path))
		return;
	/* the longest decides; of two as long, the one that allows */
	if (val.n > v->best || (val.n == v->best && allow)) {
		v->best = val.n;
		v->allow = allow;
	}
}

bool ing_robots_allow(sv robots, sv path, int *delay_ms)
{
	struct verdict us = { .allow = true }, all = { .allow = true };
	struct group g = { 0 };
	bool named = false, in_rules = false;
	sv line;

	robots = sv_slice(robots, 0, 500u << 10);
	while (sv_line(&robots, &line)) {
		ptrdiff_t hash = sv_find_ch(line, '#');
		sv key;

		line = sv_trim(sv_slice(line, 0, hash < 0 ? line.n : (size_t)hash));
		if (sv_find_ch(line, ':') < 1)
			continue;
		sv_cut(&line, ':', &key);
		key = sv_trim(key);
		line = sv_trim(line);
		if (sv_eq_nocase(key, SV("user-agent"))) {
			if (in_rules)
				g = (struct group){ 0 };
			in_rules = false;
			g.ours = g.ours || sv_eq_nocase(sv_slice(line, 0, 5), SV("callm"));
			g.any = g.any || sv_eq(line, SV("*"));
			named = named || g.ours;
			continue;
		}
		in_rules = true;
		if (g.ours)
			rule(&us, key, line, path);
		if (g.any)
			rule(&all, key, line, path);
	}
	if (delay_ms)
		*delay_ms = 1000 * (named ? us.delay_s : all.delay_s);
	return sv_eq(path, SV("/robots.txt")) || (named ? us.allow : all.allow);
}

/* ---- sitemaps ---- */

static sv decoded(struct sb *b, sv v)
{
	static const struct {
		const char *name;
		char is;
	} known[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' },
		      { "&apos;", '\'' } };

	sb_reset(b);
	while (v.n) {
		size_t k = 0;

		for (size_t i = 0; i < 5 && !k; i++)
			if (sv_starts(v, sv_of(known[i].name))) {
				sb_ch(b, known[i].is);
				k = strlen(known[i].name);
			}
		if (!k)
			sb_ch(b, v.p[0]);
		v = sv_slice(v, k ? k : 1, v.n);
	}
	return sb_sv(b);
}

void ing_sitemap(sv xml, void (*fn)(void *arg, sv loc), void *arg)
{
	struct sb b;
	ptrdiff_t at;

	sb_init(&b, 4096);
	while ((at = sv_find(xml, SV("<loc>"))) >= 0) {
		ptrdiff_t end;

		xml = sv_slice(xml, (size_t)at + 5, xml.n);
		end = sv_find(sv_slice(xml, 0, 2100), SV("</loc>"));
		if (end < 0)
			continue;
		sv loc = sv_trim(sv_slice(xml, 0, (size_t)end));
		if (sv_starts(loc, SV("<![CDATA[")) && sv_ends(loc, SV("]]>")))
			loc = sv_slice(loc, 9, loc.n - 3);
		if (loc.n && sv_utf8_ok(loc))
			fn(arg, decoded(&b, loc));
		xml = sv_slice(xml, (size_t)end, xml.n);
	}
	sb_done(&b);
}
