/* The registry: the program's own, the user's beside it, and every mistake with its place. */
#include "t.h"
#include "weights_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

static const char good[] =
	"models:\n"
	"  - name: rt\n"
	"    role: runtime\n"
	"    kind: k\n"
	"    version: \"1\"\n"
	"    licence: MIT\n"
	"    sources:\n"
	"      - url: https://h.example/rt.zip\n"
	"        sha256: 0123456789012345678901234567890123456789012345678901234567890123\n"
	"        bytes: 100\n"
	"    take:\n"
	"      - to: lib/\n"
	"        from: [\"1:*.so\"]\n"
	"        bytes: 7\n"
	"  - name: m\n"
	"    role: llm\n"
	"    kind: k\n"
	"    version: \"1\"\n"
	"    licence: MIT\n"
	"    default: true\n"
	"    needs: [rt]\n"
	"    languages: [en, zh]\n"
	"    sources:\n"
	"      - npm: \"@a/b\"\n"
	"        version: \"1\"\n"
	"        sha256: 0123456789012345678901234567890123456789012345678901234567890123\n"
	"    take:\n"
	"      - to: a.bin\n"
	"        from: [\"1:x\"]\n"
	"    file: a.bin\n";

static int open_text(struct weights **w, const char *text, bool alone, struct err *e)
{
	char path[300];
	const struct weights_opts o = { .cache = t_tmpdir(), .data = t_tmpdir(),
					.registry = path, .only_registry = alone };
	(void)snprintf(path, sizeof(path), "%s/reg.yaml", t_tmpdir());
	int rc = file_write(path, sv_of(text), e);
	return rc ? rc : weights_open(w, &o, e);
}

/* good with one line (found by its beginning, the nth time) written differently. */
static char *changed(const char *line, int nth, const char *to)
{
	struct sb b;
	sv rest = sv_of(good), one;
	sb_init(&b, 1u << 16);
	while (sv_line(&rest, &one)) {
		if (sv_starts(sv_trim(one), sv_of(line)) && nth-- == 0)
			sb_cstr(&b, to);
		else
			sb_put(&b, one);
		sb_ch(&b, '\n');
	}
	return sb_take(&b);
}

TEST(weights_own_registry_is_whole)
{
	struct weights *w;
	struct err e = { 0 };
	const struct weights_opts o = { .cache = t_tmpdir() };
	const struct weights_item *plan[WEIGHTS_ITEMS_MAX];
	static const char *const roles[] = { "llm", "asr", "tts", "embed", "vad", "turn" };
	int64_t sum = 0;
	size_t n = 0;
	OK(weights_open(&w, &o, &e));
	for (size_t i = 0; i < weights_count(w); i++) {
		const struct weights_item *it = weights_at(w, i);
		CHECK(it->note_en && it->note_zh && it->download_bytes > 0 && it->disk_bytes > 0);
		for (size_t k = 0; k < it->recipe->n_sources; k++)
			CHECK(it->recipe->sources[k].bytes > 0);
		for (size_t k = 0; k < it->recipe->n_takes; k++)
			CHECK(it->recipe->takes[k].sha256 != NULL);
	}
	OK(weights_plan(w, NULL, 0, plan, WEIGHTS_ITEMS_MAX, &n, &e));
	for (size_t r = 0; r < 6; r++) {
		size_t k = 0;
		while (k < n && strcmp(plan[k]->role, roles[r]) != 0)
			k++;
		CHECK(k < n);            /* the default set has one of each role */
	}
	for (size_t i = 0; i < n; i++)
		sum += plan[i]->download_bytes;
	CHECK(sum <= 600 * 1000 * 1000);
	weights_close(w);
}

TEST(weights_entries_of_the_user_come_on_top)
{
	struct weights *w;
	struct err e = { 0 };
	OK(open_text(&w, good, false, &e));
	CHECK(weights_named(w, SV("m")) && weights_named(w, SV("kokoro")));
	size_t n = weights_count(w);
	weights_close(w);
	/* the same name replaces */
	char *text = changed("- name: m", 0, "  - name: kokoro");
	OK(open_text(&w, text, false, &e));
	EQ(weights_count(w), n - 1);
	STR_EQ(weights_named(w, SV("kokoro"))->version, "1");
	weights_close(w);
	free(text);
	OK(open_text(&w, good, true, &e));
	EQ(weights_count(w), 2);
	const struct weights_item *it = weights_named(w, SV("m"));
	CHECK(weights_serves(it, SV("zh")) && !weights_serves(it, SV("fr")) &&
	      weights_serves(it, SV_NULL));
	weights_close(w);
	CHECK(open_text(&w, "models: []\n", true, &e) == 0 && weights_count(w) == 0);
	weights_close(w);
}

TEST(weights_plan_brings_what_is_needed_first)
{
	struct weights *w;
	struct err e = { 0 };
	const struct weights_item *plan[4];
	const char *const name = "m", *const none = "gpt";
	size_t n = 0;
	OK(open_text(&w, good, true, &e));
	OK(weights_plan(w, &name, 1, plan, 4, &n, &e));
	EQ(n, 2);
	STR_EQ(plan[0]->name, "rt");
	OK(weights_plan(w, NULL, 0, plan, 4, &n, &e));
	EQ(n, 2);
	EQ(weights_plan(w, &name, 1, plan, 1, &n, &e), ERR_FULL);
	EQ(weights_plan(w, &none, 1, plan, 4, &n, &e), ERR_NOTFOUND);
	STR_EQ(e.msg, "there is no model \"gpt\"; known are rt, m");
	weights_close(w);
	/* a runtime for another processor: what needs it is left out of the default set */
	struct utsname u;
	(void)uname(&u);
	char *text = changed("licence", 0, strcmp(u.machine, "aarch64") == 0 ?
						   "    licence: MIT\n    arch: x86_64" :
						   "    licence: MIT\n    arch: aarch64");
	OK(open_text(&w, text, true, &e));
	free(text);
	OK(weights_plan(w, NULL, 0, plan, 4, &n, &e));
	EQ(n, 0);
	EQ(weights_pull(w, weights_named(w, SV("rt")), NULL, &e), ERR_UNSUPPORTED);
	weights_close(w);
}

TEST(weights_mistakes_are_named_with_their_place)
{
	static const struct {
		const char *line;
		int nth;
		const char *to, *want, *why;
	} v[] = {
		{ "role: llm", 0, "    role: brain", "reg.yaml:16:models[1].role", "" },
		{ "licence", 1, "    license: MIT", "reg.yaml:19:models[1].license",
		  "Did you mean \"licence\"?" },
		{ "default", 0, "    default: \"yes\"", "reg.yaml:20:models[1].default", "" },
		{ "sha256", 1, "        sha256: 0123", "reg.yaml:26:models[1].sources[0].sha256",
		  "" },
		{ "sha256", 1,
		  "        sha256: "
		  "G123456789012345678901234567890123456789012345678901234567890123",
		  "reg.yaml:26:models[1].sources[0].sha256", "64 hex digits" },
		{ "- url", 0, "      - url: ftp://h/x", "reg.yaml:8:models[0].sources[0]", "http" },
		{ "- npm", 0, "      - file: x", "models[1].sources[0]", "write one" },
		{ "- to: a.bin", 0, "      - to: ../a.bin", "reg.yaml:28:models[1].take[0].to",
		  "plain relative name" },
		{ "- to: a.bin", 0, "      - to: /etc/a", "reg.yaml:28:models[1].take[0].to", "" },
		{ "from: [\"1:x\"]", 0, "        from: [\"2:x\"]",
		  "reg.yaml:29:models[1].take[0].from[0]", "sources are 1 to 1" },
		{ "from: [\"1:x\"]", 0, "        from: [\"1:x\", \"1:y\"]",
		  "reg.yaml:29:models[1].take[0].from", "ascending" },
		{ "from: [\"1:*.so\"]", 0, "        from: [\"1\"]",
		  "reg.yaml:13:models[0].take[0].from", "patterns" },
		{ "file: a.bin", 0, "    file: b.bin", "reg.yaml:30:models[1].file", "b.bin" },
		{ "needs", 0, "    needs: [rx]", "reg.yaml:21:models[1].needs", "rx" },
		{ "needs", 0, "    needs: [m]", "reg.yaml:21:models[1].needs", "runtime" },
		{ "- name: m", 0, "  - name: rt", "reg.yaml:15:models[1].name", "twice" },
		{ "- name: m", 0, "  - name: a/b", "reg.yaml:15:models[1].name", "letters" },
		{ "version", 0, "    version: ..", "reg.yaml:5:models[0].version", "letters" },
		{ "models:", 0, "models: [", "reg.yaml:", "" },
	};
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct weights *w = NULL;
		struct err e = { 0 };
		char *text = changed(v[i].line, v[i].nth, v[i].to);
		EQ(open_text(&w, text, true, &e), ERR_INVAL);
		HAS(sv_of(e.msg), v[i].want);
		HAS(sv_of(e.msg), v[i].why);
		free(text);
	}
	struct weights *w;
	struct err e = { 0 };
	const struct weights_opts o = { .registry = "/nonexistent/r.yaml" };
	EQ(weights_open(&w, &o, &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "/nonexistent/r.yaml");
}
