/* cmd_text.c: `callm understand` and `callm redact`: what the engine reads in a text.
 *
 * understand names products of the example company unless --products gives others. Reads
 * standard input by lines; main thread.
 */
#include "app_int.h"
#include "feel.h"
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

struct text_opts {
	bool json;
	int64_t now_ms, tz_min;
	const char *country;
	const struct feel_catalogue *catalogue;
};

/* ---- products ---- */

/* Of a file, or the example company's. Prints what is wrong; NULL then. */
static struct feel_catalogue *catalogue_open(const char *file)
{
	struct sb doc;
	struct err e = { 0 };
	struct feel_catalogue *names = NULL;
	int rc;

	sb_init(&doc, LIM_KB_DOC);
	if (file)
		rc = file_read(file, LIM_KB_DOC, &doc, &e);
	else
		rc = embed_text(embed_find(demo_files, demo_files_n, SV("products.jsonl")), &doc);
	if (rc == 0)
		rc = app_catalogue_read(sb_sv(&doc), file ? file : "products", &names, &e);
	if (rc)
		(void)cli_fail("%s", e.msg);
	sb_done(&doc);
	return names;
}

/* ---- understand ---- */

/* Places in clean as places in the text it was cleaned from, which begins at base. */
static void put_span(jv *o, const struct guard_in *in, size_t cp_start, size_t cp_end, size_t base)
{
	jv_set_int(o, "start", (int64_t)(base + in->from[cp_start]));
	jv_set_int(o, "end", (int64_t)(base + in->from[cp_end - 1] + 1));
}

static jv *span_json(const struct guard_in *in, const struct guard_span *s, size_t base)
{
	jv *o = jv_obj();

	jv_set_str(o, "type", sv_of(guard_pii_name(s->type)));
	put_span(o, in, s->cp_start, s->cp_end, base);
	return o;
}

static jv *spans_json(const struct guard_in *in)
{
	jv *list = jv_arr();

	for (size_t i = 0; i < in->n; i++)
		jv_push(list, span_json(in, &in->spans[i], 0));
	return list;
}

static jv *slots_json(const struct guard_in *in, const char *lang, const struct text_opts *t,
		      struct arena *a)
{
	struct feel_slot *slot = NULL;
	struct feel_seen *seen = arena_new(a, struct feel_seen, in->n + 1);
	struct feel_slot_ctx c = { .now_ms = t->now_ms ? t->now_ms : clk_wall_ms(),
				   .tz_min = (int)t->tz_min, .seen = seen,
				   .catalogue = t->catalogue };
	size_t n = 0;
	jv *list = jv_arr();

	c.country = t->country ? t->country : strcmp(lang, "zh") == 0 ? "CN" : NULL;
	for (size_t i = 0; seen && i < in->n; i++)
		seen[c.n_seen++] = (struct feel_seen){ guard_pii_name(in->spans[i].type),
						       in->spans[i].start, in->spans[i].end };
	if (feel_slots(in->clean, &c, a, &slot, &n))
		return list;
	for (size_t i = 0; i < n; i++) {
		jv *o = jv_obj();
		jv_set_str(o, "type", sv_of(slot[i].type));
		jv_set_str(o, "value", slot[i].value);
		put_span(o, in, slot[i].cp_start, slot[i].cp_end, 0);
		jv_push(list, o);
	}
	return list;
}

static jv *understand(sv text, const struct text_opts *t, struct arena *a)
{
	struct feel_state f = { 0 };
	struct guard_in in = { 0 };
	jv *o = jv_obj();
	feel_turn(&f, text, SV("en"));
	int e = guard_inbound(text, a, &in);
	jv_set_str(o, "text", text);
	jv_set_str(o, "language", sv_of(f.lang));
	jv_set_num(o, "language_p", f.lang_p);
	if (f.intent[0])
		jv_set_str(o, "intent", sv_of(f.intent));
	else
		jv_set(o, "intent", jv_null());
	jv_set_num(o, "intent_p", f.intent_p);
	jv_set_bool(o, "out_of_scope", f.out_of_scope);
	jv_set_num(o, "sentiment", f.sentiment);
	jv_set_str(o, "emotion", sv_of(f.emotion[0] ? f.emotion : "neutral"));
	jv_set_num(o, "emotion_p", f.emotion_p);
	jv_set_num(o, "arousal", f.arousal);
	jv_set(o, "slots", e ? jv_arr() : slots_json(&in, f.lang, t, a));
	jv_set(o, "pii", e ? jv_arr() : spans_json(&in));
	return o;
}

static void print_understood(sv text, const struct text_opts *t)
{
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	jv *o = understand(text, t, &a);
	if (t->json) {
		cli_print_json(o);
	} else {
		printf("language " SV_FMT "  intent " SV_FMT "  emotion " SV_FMT,
		       SV_ARG(jv_get_str(o, "language")), SV_ARG(jv_get_str(o, "intent")),
		       SV_ARG(jv_get_str(o, "emotion")));
		const jv *slots = jv_get(o, "slots");
		for (size_t i = 0; i < jv_len(slots); i++)
			printf("  " SV_FMT " " SV_FMT, SV_ARG(jv_get_str(jv_at(slots, i), "type")),
			       SV_ARG(jv_get_str(jv_at(slots, i), "value")));
		printf("\n");
		jv_free(o);
	}
	arena_done(&a);
}

typedef void line_fn(sv line, const struct text_opts *t);

static int each_line(line_fn *fn, const struct text_opts *t)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	while ((n = getline(&line, &cap, stdin)) > 0) {
		if (n > 0 && line[n - 1] == '\n')
			n--;
		fn(sv_n(line, (size_t)n), t);
	}
	free(line);
	fflush(stdout);
	return 0;
}

/* "+08:00", "-05:00", "Z": minutes east. */
static int zone_of(const char *s, int64_t *ret)
{
	int64_t h = 0, m = 0;
	sv z = sv_of(s);

	*ret = 0;
	if (sv_eq_nocase(z, SV("Z")))
		return 0;
	if (z.n != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':' || s[1] < '0' || s[4] < '0' ||
	    sv_i64(sv_slice(z, 1, 3), &h) || sv_i64(sv_slice(z, 4, 6), &m) || h > 14 || m > 59)
		return cli_fail("--tz %s: give it as +08:00", s);
	*ret = (s[0] == '-' ? -1 : 1) * (h * 60 + m);
	return 0;
}

static int64_t local_zone(void)
{
	time_t now = (time_t)(clk_wall_ms() / 1000);
	struct tm tm;

	return localtime_r(&now, &tm) ? tm.tm_gmtoff / 60 : 0;
}

int cmd_understand(int argc, char **argv)
{
	struct text_opts t = { 0 };
	struct feel_catalogue *names;
	const char *now = NULL, *tz = NULL, *products = NULL;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &t.json, "one JSON object a line" },
		{ "now", CLI_STR, &now, "when it is said, 2026-11-25T08:00:00Z; default: now" },
		{ "tz", CLI_STR, &tz, "the zone of dates, +08:00; default: this machine's" },
		{ "country", CLI_STR, &t.country,
		  "the customer's, two letters: reads 03/04, phones, dollars" },
		{ "products", CLI_STR, &products,
		  "JSON lines {sku, name, aliases}; default: the demo's" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (now && clk_parse_rfc3339(sv_of(now), &t.now_ms))
		return cli_fail("--now %s: give it as 2026-11-25T08:00:00Z", now), 2;
	if (t.country &&
	    (strlen(t.country) != 2 || strspn(t.country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2))
		return cli_fail("--country %s: give two capitals, CN or US", t.country), 2;
	t.tz_min = local_zone();
	if (tz && zone_of(tz, &t.tz_min))
		return 2;
	names = catalogue_open(products);
	if (!names)
		return 1;
	t.catalogue = names;
	if (rest >= argc || strcmp(argv[rest], "-") == 0)
		status = each_line(print_understood, &t);
	else
		print_understood(sv_of(argv[rest]), &t);
	feel_catalogue_free(names);
	return 0;
}

/* ---- redact ---- */

/* Lines longer than a message are taken in pieces, so that nothing of them is lost or left bare. */
static void print_redacted(sv line, const struct text_opts *t)
{
	struct sb masked;
	jv *list = jv_arr();
	size_t base = 0;
	sv rest = line;

	sb_init(&masked, LIM_ARENA_BIG);
	do {
		struct arena a;
		struct guard_in in = { 0 };
		arena_init(&a, LIM_ARENA_TURN);
		sv piece = sv_slice(rest, 0, guard_piece(rest));
		if (guard_inbound(piece, &a, &in) == 0) {
			sb_put(&masked, in.masked);
			for (size_t i = 0; i < in.n; i++)
				jv_push(list, span_json(&in, &in.spans[i], base));
		}
		rest = sv_slice(rest, piece.n, rest.n);
		base += sv_runes(piece);
		arena_done(&a);
	} while (rest.n);
	if (t->json) {
		jv *o = jv_obj();
		jv_set_str(o, "text", line);
		jv_set_str(o, "redacted", sb_sv(&masked));
		jv_set(o, "pii", list);
		cli_print_json(o);
	} else {
		printf("%s\n", sb_str(&masked));
		jv_free(list);
	}
	sb_done(&masked);
}

/* All of standard input. */
static int read_all(struct sb *out)
{
	char buf[65536];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0)
		sb_put(out, sv_n(buf, n));
	return sb_err(out);
}

/* The map of a file, or a new one when there is none and make is true. */
static int vault_open(struct guard_vault **ret, const char *file, bool make,
		      const unsigned char *key)
{
	struct sb b;
	struct err e = { 0 };

	if (make && !file_exists(file)) {
		*ret = guard_vault_new();
		return 0;
	}
	sb_init(&b, LIM_ARENA_BIG);
	int rc = file_read(file, LIM_ARENA_BIG, &b, &e);
	if (rc)
		rc = cli_fail("%s", e.msg);
	else if ((rc = guard_vault_load(ret, sb_sv(&b), key)))
		rc = cli_fail(rc == ERR_DENIED ? "%s: made with another key, or changed since" :
						 "%s: not a map of callm redact", file);
	sb_done(&b);
	return rc;
}

static int vault_write(const struct guard_vault *v, const char *file, const unsigned char *key)
{
	struct sb b;
	struct err e = { 0 };

	sb_init(&b, LIM_ARENA_BIG);
	int rc = guard_vault_save(v, key, &b);
	rc = rc ? err_set(&e, rc, "too many values for one map") : file_write(file, sb_sv(&b), &e);
	sb_done(&b);
	return rc ? cli_fail("%s: %s", file, e.msg) : 0;
}

/* Standard input with tokens for values, or the other way. The map is on disk before a word of
 * the answer is written. */
static int reversible(const char *map, const char *restore, const char *key_file)
{
	unsigned char key[GUARD_KEY];
	struct guard_vault *v = NULL;
	struct sb in, out, path;
	struct err e = { 0 };
	int rc = 0;

	sb_init(&in, LIM_ARENA_BIG);
	sb_init(&out, LIM_ARENA_BIG);
	sb_init(&path, 4096);
	if (!key_file) {
		rc = app_data_dir(NULL, &path, &e);
		sb_cstr(&path, "/pii.key");
		key_file = sb_str(&path);
	}
	if (rc || guard_key(key_file, map != NULL, key, &e))
		rc = cli_fail("%s", e.msg);
	if (rc == 0)
		rc = vault_open(&v, map ? map : restore, map != NULL, key);
	if (rc == 0 && (read_all(&in) || (map ? guard_vault_mask(v, sb_sv(&in), &out) :
						guard_vault_restore(v, sb_sv(&in), &out))))
		rc = cli_fail("more than %u MiB of text or values", LIM_ARENA_BIG >> 20);
	if (rc == 0 && map)
		rc = vault_write(v, map, key);
	if (rc == 0 && (fwrite(sb_str(&out), 1, out.n, stdout) != out.n || fflush(stdout)))
		rc = cli_fail("cannot write the answer");
	guard_vault_free(v);
	sb_done(&in);
	sb_done(&out);
	sb_done(&path);
	return rc;
}

int cmd_redact(int argc, char **argv)
{
	struct text_opts t = { 0 };
	const char *map = NULL, *restore = NULL, *key = NULL;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &t.json, "text, redacted and spans a line" },
		{ "map", CLI_STR, &map,
		  "tokens such as [phone_1] instead; their values go sealed into this file" },
		{ "restore", CLI_STR, &restore, "the values of this file back into the text" },
		{ "key", CLI_STR, &key,
		  "the key of these files; default: pii.key of the data folder" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (map && restore)
		return cli_fail("redact: --map or --restore, not both"), 2;
	if (t.json && (map || restore))
		return cli_fail("redact: --json goes without --map and --restore"), 2;
	if (map || restore)
		return reversible(map, restore, key);
	return each_line(print_redacted, &t);
}
