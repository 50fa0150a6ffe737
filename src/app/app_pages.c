/* app_pages.c: the web pages that are part of the program, with the headers that let a company's
 * own web site show the chat: its pages load widget.js from here, which opens /chat in a frame.
 * Every other page stays closed to frames and to other origins. */
#include "app_pages.h"
#include "api.h"

extern const struct embed_file ui_files[];
extern const size_t ui_files_n;

bool app_pages_site(sv origin)
{
	bool tls = sv_starts(origin, SV("https://"));
	sv host = sv_slice(origin, tls ? 8 : 7, origin.n);
	if ((!tls && !sv_starts(origin, SV("http://"))) || !host.n || host.n > 200)
		return false;
	if (sv_starts(host, SV("*.")))
		host = sv_slice(host, 2, host.n);
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');
		if (!alnum && (!i || (c != '.' && c != '-' && c != ':')))
			return false;
	}
	return host.n > 0;
}

/* chat.html is served as /chat; only the console keeps its file name (index.html, found at /). */
static char *page_path(sv file)
{
	struct sb b;
	sb_init(&b, 1024);
	bool page = sv_ends(file, SV(".html")) && !sv_eq(file, SV("index.html"));
	sb_fmt(&b, "/" SV_FMT, SV_ARG(sv_slice(file, 0, page ? file.n - 5 : file.n)));
	char *path = xstrdup(sb_sv(&b));
	sb_done(&b);
	return path;
}

static int chat_headers(const jv *embed, struct sb *b, struct err *e)
{
	sb_cstr(b, "Content-Security-Policy: " API_CSP "; frame-ancestors 'self'");
	for (size_t i = 0; i < jv_len(embed); i++) {
		sv site = jv_as_str(jv_at(embed, i));
		if (!app_pages_site(site))
			return err_set(e, ERR_INVAL,
				       "http.embed[%zu]: \"" SV_FMT
				       "\" is not a site such as https://shop.example",
				       i, SV_ARG(site));
		sb_fmt(b, " " SV_FMT, SV_ARG(site));
	}
	sb_cstr(b, "\r\n");
	return sb_err(b);
}

int app_pages(struct web_asset **ret, size_t *ret_n, const jv *embed, struct err *e)
{
	struct sb chat;
	sb_init(&chat, 8192);
	int rc = chat_headers(embed, &chat, e);
	if (rc) {
		sb_done(&chat);
		return e->code ? rc : err_set(e, rc, "http.embed: too many sites");
	}
	struct web_asset *a = xalloc(sizeof(*a) * (ui_files_n + 1));
	for (size_t i = 0; i < ui_files_n; i++) {
		const struct embed_file *f = &ui_files[i];
		a[i] = (struct web_asset){ .path = page_path(sv_of(f->path)),
					   .mime = f->mime,
					   .gz = f->gz,
					   .gz_len = f->gz_len,
					   .raw_len = f->raw_len,
					   .etag = f->etag };
		if (strcmp(a[i].path, "/chat") == 0)
			a[i].headers = xstrdup(sb_sv(&chat));
		else if (strcmp(a[i].path, "/widget.js") == 0)
			a[i].headers = xstrdup(
				SV("Cross-Origin-Resource-Policy: cross-origin\r\n"));
	}
	sb_done(&chat);
	*ret = a;
	*ret_n = ui_files_n;
	return 0;
}

void app_pages_free(struct web_asset *a, size_t n)
{
	for (size_t i = 0; a && i < n; i++) {
		xfree((char *)(uintptr_t)a[i].path);
		xfree((char *)(uintptr_t)a[i].headers);
	}
	xfree(a);
}
