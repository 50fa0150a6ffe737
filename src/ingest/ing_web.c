/* ing_web.c: pages by address, by links below a page's folder, or by a sitemap.
 *
 * A queue of addresses, each asked for once, with the ETag and date of last time; the site's
 * robots.txt is read first and obeyed. Links and sitemaps lead only to the source's own host. A
 * page that is gone (404, 410) is retired, one that cannot be had now keeps its articles. Three
 * addresses in a row without an answer end the sync: the site is down.
 */
#include <poll.h>
#include <stdio.h>
#include "fetch.h"
#include "ing_int.h"

enum { PAGE_MAX = 8 << 20, MAPS_MAX = 50, DOWN_AFTER = 3, DELAY_MAX_MS = 1000 };

struct want {
	sv url;
	int depth;
};
struct web {
	struct ing_sync *y;
	struct ing_net *net;
	VEC(struct want) queue;
	VEC(sv) maps;
	struct map *known;       /* addresses in the queue */
	sv origin, folder;       /* "https://h", "https://h/help/" */
	struct sb robots;
	int delay_ms, silent, max;
	bool over;
};

static sv origin_of(sv url)
{
	ptrdiff_t at = sv_find(url, SV("://"));
	size_t i = at < 0 ? url.n : (size_t)at + 3;

	while (i < url.n && !strchr("/?#", url.p[i]))
		i++;
	return sv_slice(url, 0, i);
}

static sv folder_of(sv url)
{
	size_t end = url.n;

	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] == '?' || url.p[i] == '#') {
			end = i;
			break;
		}
	while (end > origin_of(url).n + 1 && url.p[end - 1] != '/')
		end--;
	return sv_slice(url, 0, end);
}

static sv path_of(sv url)
{
	sv p = sv_slice(url, origin_of(url).n, url.n);

	return p.n && p.p[0] == '/' ? p : SV("/");
}

static void enqueue(struct web *w, sv url, int depth)
{
	ptrdiff_t hash = sv_find_ch(url, '#');
	struct want *slot;

	url = sv_slice(url, 0, hash < 0 ? url.n : (size_t)hash);
	if (!url.n || url.n > 1000 || map_get(w->known, url))
		return;
	if (w->queue.n >= (size_t)w->max) {
		w->over = true;
		return;
	}
	url = arena_sv(&w->y->a, url);
	slot = url.p ? VEC_PUSH(&w->queue, 20000) : NULL;
	if (slot && !map_put(w->known, url, w))
		*slot = (struct want){ url, depth };
}

static void get(struct web *w, sv url, const struct ing_seen *s, size_t max, struct ing_page *p)
{
	sb_init(&p->body, max + (64u << 10));
	ing_net_get(w->net, &w->y->a, arena_cstr(&w->y->a, url), s ? s->etag : SV_NULL,
		    s ? s->modified : SV_NULL, max, p);
}

/* ---- robots ---- */

/* The site cannot be asked: what it forbids is not known, so nothing is read (RFC
 * 9309, 2.3.1.4). */
static int read_robots(struct web *w)
{
	struct ing_page p = { 0 };
	sv url = sv_of(arena_fmt(&w->y->a, SV_FMT "/robots.txt", SV_ARG(w->origin)));
	int rc = 0;

	get(w, url, NULL, 512u << 10, &p);
	if (p.private_addr)
		rc = err_set(w->y->e, ERR_DENIED,
			     SV_FMT ": the address leads into a private network; "
				    "allow it with knowledge.private_addresses",
			     SV_ARG(w->origin));
	else if (p.status == 200 && (!p.err || p.err == ERR_TOOBIG))
		sb_put(&w->robots, sb_sv(&p.body));
	else if (p.status >= 500 || !p.status)
		rc = err_set(w->y->e, p.err ? p.err : ERR_UPSTREAM,
			     SV_FMT "/robots.txt cannot be read: " SV_FMT, SV_ARG(w->origin),
			     SV_ARG(sv_slice(p.why, 0, 160)));
	sb_done(&p.body);
	return rc;
}

/* ---- pages ---- */

static void follow(struct web *w, const struct want *page, const struct ing_doc *d)
{
	struct sb b;

	sb_init(&b, 8192);
	for (size_t i = 0; i < d->links.n; i++) {
		sb_reset(&b);
		if (fetch_url_join(arena_cstr(&w->y->a, page->url),
				   arena_cstr(&w->y->a, d->links.v[i]), &b) == 0 &&
		    sv_starts(sb_sv(&b), w->folder))
			enqueue(w, sb_sv(&b), page->depth + 1);
	}
	sb_done(&b);
}

static int no_answer(struct web *w, struct ing_change *c, const struct ing_page *p)
{
	int rc;

	if (p->private_addr)
		return ing_miss(w->y, c, ING_PRIVATE_NOTE, SV(""));
	if (p->err == ERR_TOOBIG)
		return ing_miss(w->y, c, ING_TOO_BIG_NOTE, SV("8388608"));
	c->keep = true;
	rc = ing_miss(w->y, c, ING_NO_ANSWER_NOTE, p->why.n ? p->why : sv_of(err_text(p->err)));
	if (!rc && ++w->silent >= DOWN_AFTER)
		return err_set(w->y->e, p->err, "the site does not answer: " SV_FMT,
			       SV_ARG(sv_slice(p->why, 0, 200)));
	return rc;
}

static int page_had(struct web *w, const struct want *page, struct ing_change *c,
		    const struct ing_page *p)
{
	struct ing_doc links = { 0 };
	bool deeper = w->y->src.kind == ING_URL && page->depth < w->y->src.depth;
	int rc;

	c->etag = p->etag;
	c->modified = p->modified;
	rc = ing_take(w->y, c, sb_sv(&p->body), p->type, deeper ? &links : NULL);
	if (!rc && deeper)
		follow(w, page, &links);
	ing_doc_done(&links);
	return rc;
}

static int one_page(struct web *w, const struct want *page)
{
	struct ing_seen *s = ing_seen_get(w->y, page->url);
	struct ing_change c = { .uri = page->url };
	struct ing_page p = { 0 };
	bool deeper = w->y->src.kind == ING_URL && page->depth < w->y->src.depth;
	char code[16];
	int rc;

	if (!ing_robots_allow(sb_sv(&w->robots), path_of(page->url), &w->delay_ms))
		return ing_miss(w->y, &c, ING_ROBOTS_NOTE, SV(""));
	/* pages whose links are followed are asked for anew: their links are not kept */
	get(w, page->url, s && !deeper && !sv_eq(s->state, SV("gone")) ? s : NULL, PAGE_MAX, &p);
	(void)snprintf(code, sizeof(code), "%d", p.status);
	w->silent = p.err && !p.private_addr && p.err != ERR_TOOBIG ? w->silent : 0;
	if (p.err) {
		rc = no_answer(w, &c, &p);
	} else if (p.status == 304 && s) {
		s->met = true;
		w->y->n_docs++;
		w->y->rep->docs++;
		w->y->rep->same++;
		rc = 0;
	} else if (p.status == 200) {
		rc = page_had(w, page, &c, &p);
	} else if (p.status == 404 || p.status == 410) {
		rc = ing_miss(w->y, &c, ING_NOT_FOUND_NOTE, sv_of(code));
	} else if (p.status == 401 || p.status == 403) {
		c.keep = true;
		rc = ing_miss(w->y, &c, ING_REFUSED_NOTE, sv_of(code));
	} else {
		c.keep = true;
		rc = ing_miss(w->y, &c, ING_NO_ANSWER_NOTE, sv_of(code));
	}
	sb_done(&p.body);
	return rc;
}

/* ---- sitemap ---- */

static void on_loc(void *arg, sv loc)
{
	struct web *w = arg;

	if (sv_eq(origin_of(loc), w->origin))
		enqueue(w, loc, 0);
}

static void on_map(void *arg, sv loc)
{
	struct web *w = arg;
	sv *slot = sv_eq(origin_of(loc), w->origin) ? VEC_PUSH(&w->maps, MAPS_MAX) : NULL;

	if (slot)
		*slot = arena_sv(&w->y->a, loc);
}

static int read_maps(struct web *w)
{
	int rc = 0;

	on_map(w, w->y->src.place);
	for (size_t i = 0; i < w->maps.n && !rc && !ing_stopped(w->y); i++) {
		struct ing_page p = { 0 };
		bool index;

		get(w, w->maps.v[i], NULL, PAGE_MAX, &p);
		if (p.err || p.status != 200) {
			rc = err_set(w->y->e, p.err ? p.err : ERR_UPSTREAM,
				     "the sitemap cannot be read (%d): " SV_FMT, p.status,
				     SV_ARG(sv_slice(p.why, 0, 200)));
		} else {
			sv xml = sb_sv(&p.body);

			index = sv_find(sv_slice(xml, 0, 2000), SV("<sitemapindex")) >= 0;
			ing_sitemap(xml, index && i == 0 ? on_map : on_loc, w);
		}
		sb_done(&p.body);
	}
	if (!rc && !w->queue.n)
		rc = err_set(w->y->e, ERR_PARSE, "there is no page of this site in the sitemap");
	return rc;
}

int ing_sync_web(struct ing_sync *y)
{
	struct web w = { .y = y, .max = y->src.docs_max ? y->src.docs_max : 500 };
	int rc;

	w.net = ing_net_new(&y->g->o);
	w.known = map_new(20000);
	w.origin = origin_of(y->src.place);
	w.folder = folder_of(y->src.place);
	sb_init(&w.robots, 600u << 10);
	rc = read_robots(&w);
	if (!rc && y->src.kind == ING_SITEMAP)
		rc = read_maps(&w);
	else
		enqueue(&w, y->src.place, 0);
	for (size_t i = 0; i < w.queue.n && !rc && !ing_stopped(y); i++) {
		struct want page = w.queue.v[i]; /* the queue may move */

		rc = one_page(&w, &page);
		if (w.delay_ms && i + 1 < w.queue.n)
			(void)poll(NULL, 0, w.delay_ms < DELAY_MAX_MS ? w.delay_ms : DELAY_MAX_MS);
	}
	/* of too many pages the first are read; none of those before is taken for gone */
	if (!rc && w.over)
		rc = err_set(y->e, ERR_FULL,
			     "more than %d pages; raise docs_max or split the source", w.max);
	ing_net_free(w.net);
	map_free(w.known);
	sb_done(&w.robots);
	VEC_FREE(&w.queue);
	VEC_FREE(&w.maps);
	return rc;
}
