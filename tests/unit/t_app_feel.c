/* t_app_feel.c: what a configuration may say of the customer's mood, and what it may not. */
#include <stdio.h>
#include <unistd.h>

#include "t.h"
#include "app_int.h"

/* Reads text as a configuration; what it complains of comes into said. */
static jv *read_config(const char *text, struct sb *said)
{
	char path[600], out[600];
	struct err e = { 0 };
	snprintf(path, sizeof(path), "%s/callm.yaml", t_tmpdir());
	snprintf(out, sizeof(out), "%s/stderr", t_tmpdir());
	if (file_write(path, sv_of(text), &e))
		return NULL;
	fflush(stderr);
	int old = dup(2);
	FILE *f = freopen(out, "w", stderr);
	jv *cfg = f ? app_config(path, NULL, false) : NULL;
	fflush(stderr);
	dup2(old, 2);
	close(old);
	sb_reset(said);
	(void)file_read(out, 1 << 16, said, &e);
	return cfg;
}

TEST(app_feel_employees_are_refused_with_the_reason)
{
	struct sb said;
	sb_init(&said, 1 << 16);
	jv *cfg = read_config("feel:\n  voice_of_employees: true\n", &said);
	CHECK(!cfg);
	CHECK(sv_find(sb_sv(&said), SV("feel.voice_of_employees")) >= 0);
	CHECK(sv_find(sb_sv(&said), SV("Art. 5(1)(f)")) >= 0);
	CHECK(sv_find(sb_sv(&said), SV("Remove the line")) >= 0);
	sb_done(&said);
}

TEST(app_feel_customers_are_heard_unless_switched_off)
{
	struct sb said;
	sb_init(&said, 1 << 16);
	jv *cfg = read_config("disclosure: true\n", &said);
	CHECK(cfg);
	CHECK(jv_get_bool(jv_get(cfg, "feel"), "voice", false));
	jv_free(cfg);
	cfg = read_config("feel:\n  voice: false\n  voice_of_employees: false\n", &said);
	CHECK(cfg);
	EQ(said.n, 0);
	CHECK(!jv_get_bool(jv_get(cfg, "feel"), "voice", true));
	jv_free(cfg);
	CHECK(!read_config("feel:\n  voice: loud\n", &said));
	CHECK(sv_find(sb_sv(&said), SV("feel.voice")) >= 0);
	sb_done(&said);
}

/* How it was, asked at the assistant's goodbye: only surveys that there are. */
TEST(app_feel_the_survey_is_one_of_three_or_none)
{
	static const char *const good[] = { "csat", "nps", "ces", "none" };
	struct sb said;
	char text[64];
	sb_init(&said, 1 << 16);
	jv *cfg = read_config("disclosure: true\n", &said);
	SV_EQ(jv_as_str(jv_path(cfg, "talk.survey")), "none");
	jv_free(cfg);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		snprintf(text, sizeof(text), "talk:\n  survey: %s\n", good[i]);
		cfg = read_config(text, &said);
		SV_EQ(jv_as_str(jv_path(cfg, "talk.survey")), good[i]);
		jv_free(cfg);
	}
	CHECK(!read_config("talk:\n  survey: stars\n", &said));
	CHECK(sv_find(sb_sv(&said), SV("talk.survey")) >= 0);
	sb_done(&said);
}
