/* ing_mail.c: one message (RFC 5322, MIME) by gmime: its text, and its attachments as documents.
 *
 * Of alternatives the plain text is taken, else the HTML; quoted history and a signature stay, they
 * are the sender's. Parts are bounded in number and depth, bytes by the file's own bound. Addresses
 * are not taken up. One thread per process: gmime is started once.
 */
#include <gmime/gmime.h>
#include "ing_int.h"

enum { MAIL_PARTS = 500, MAIL_DEPTH = 20 };

struct letter {
	struct ing_job *j;
	sv subject;
	int parts;
	sv plain, html;          /* the first of each */
};

static sv content_of(struct ing_job *j, GMimePart *part)
{
	GMimeDataWrapper *w = g_mime_part_get_content(part);
	GMimeStream *s;
	GByteArray *b;
	sv out = SV_NULL;

	if (!w)
		return out;
	s = g_mime_stream_mem_new();
	if (g_mime_data_wrapper_write_to_stream(w, s) >= 0) {
		b = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(s));
		if (b && b->len)
			out = arena_sv(j->a, sv_n((const char *)b->data, b->len));
	}
	g_object_unref(s);
	return out;
}

static void attachment(struct letter *l, GMimePart *part, sv bytes)
{
	struct ing_job k = *l->j;
	const char *name = g_mime_part_get_filename(part);
	size_t had = k.d->articles.n;

	if (!name || !bytes.n || k.depth >= ING_INNER_DEPTH)
		return;
	k.depth++;
	k.inner = arena_sv(k.a, sv_of(name));
	k.name = arena_cstr(k.a, k.inner);
	if (!k.name)
		return;
	if (ing_bytes(&k, bytes, SV_NULL))
		k.d->articles.n = had;
	l->j->at = k.at;
	l->j->left.hidden = k.left.hidden;
	l->j->left.invisible = k.left.invisible;
}

static void walk(struct letter *l, GMimeObject *o, int deep)
{
	if (++l->parts > MAIL_PARTS || deep > MAIL_DEPTH) {
		if (l->parts == MAIL_PARTS + 1 || deep == MAIL_DEPTH + 1)
			ing_note(l->j, ING_INNER_NOTE, SV("too many parts"));
		return;
	}
	if (GMIME_IS_MULTIPART(o)) {
		int n = g_mime_multipart_get_count(GMIME_MULTIPART(o));

		for (int i = 0; i < n && l->parts <= MAIL_PARTS; i++)
			walk(l, g_mime_multipart_get_part(GMIME_MULTIPART(o), i), deep + 1);
		return;
	}
	if (GMIME_IS_MESSAGE_PART(o)) {
		GMimeMessage *m = g_mime_message_part_get_message(GMIME_MESSAGE_PART(o));

		if (m && g_mime_message_get_mime_part(m))
			walk(l, g_mime_message_get_mime_part(m), deep + 1);
		return;
	}
	if (!GMIME_IS_PART(o))
		return;
	GMimeContentType *type = g_mime_object_get_content_type(o);
	bool plain = g_mime_content_type_is_type(type, "text", "plain");
	bool html = g_mime_content_type_is_type(type, "text", "html");
	sv bytes = content_of(l->j, GMIME_PART(o));
	const char *charset = g_mime_object_get_content_type_parameter(o, "charset");
	const char *what;
	sv text;

	if (g_mime_part_is_attachment(GMIME_PART(o)) || !(plain || html)) {
		attachment(l, GMIME_PART(o), bytes);
	} else if (!ing_utf8(l->j->a, bytes, sv_of(charset), &text, &what)) {
		if (plain && !l->plain.n)
			l->plain = text;
		else if (html && !l->html.n)
			l->html = text;
	} else {
		ing_note(l->j, ING_INNER_NOTE, SV("text with unknown characters"));
	}
}

int ing_mail(struct ing_job *j, sv bytes)
{
	static bool begun;
	struct letter l = { .j = j };
	struct kb_article base = { 0 };
	GMimeStream *s;
	GMimeParser *p;
	GMimeMessage *m;
	int rc = 0;

	if (!begun)
		g_mime_init();
	begun = true;
	if (!j->depth)
		j->d->kind = "mail";
	s = g_mime_stream_mem_new_with_buffer(bytes.p, bytes.n);
	p = g_mime_parser_new_with_stream(s);
	m = g_mime_parser_construct_message(p, NULL);
	if (m && g_mime_message_get_mime_part(m)) {
		const char *subject = g_mime_message_get_subject(m);

		l.subject = subject ? arena_sv(j->a, sv_of(subject)) : SV_NULL;
		walk(&l, g_mime_message_get_mime_part(m), 0);
	} else {
		rc = ing_refuse(j, ERR_PARSE, ING_DAMAGED_NOTE, SV("MIME"));
	}
	base.title = sv_utf8_ok(l.subject) ? l.subject : SV_NULL;
	if (!rc && !sv_trim(l.plain).n && l.html.n)
		l.plain = ing_html_text(j, l.html, NULL);
	if (!rc && sv_trim(l.plain).n)
		rc = ing_add(j, &base, l.plain, NULL);
	if (m)
		g_object_unref(m);
	g_object_unref(p);
	g_object_unref(s);
	return rc;
}
