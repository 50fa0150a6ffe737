/* t_model_voice.c: the real neural voices, where they are installed. */
#include <glob.h>
#include <stdlib.h>

#include "t_model_speech.h"

static bool find(const char *pattern, char out[1024])
{
	const char *cache = getenv("CALLM_CACHE"), *home = getenv("HOME");
	char full[1200];
	glob_t g;
	(void)snprintf(full, sizeof(full), "%s%s/%s", cache ? cache : (home ? home : ""),
		       cache ? "" : "/.cache/callm", pattern);
	bool ok = glob(full, 0, NULL, &g) == 0;
	if (ok)
		(void)snprintf(out, 1024, "%.1000s", g.gl_pathv[0]);
	globfree(&g);
	return ok;
}

static void check_real(const char *kind, const char *file, const char *text, const char *lang,
		       int rate)
{
	static char weights[1024], runtime[1024];
	struct world w;
	struct heard h = { 0 };
	if (!find(file, weights) || !find("*/onnxruntime-*/libonnxruntime.so", runtime))
		SKIP("the voice or ONNX Runtime is not installed");
	*strrchr(runtime, '/') = '\0';
	struct model_spec s = { .kind = kind,
				.exe = MODEL_PATHS "/callm-onnx",
				.file = weights,
				.runtime = runtime,
				.lang = lang,
				.threads = 1 };
	int rc = world_open(&w, &s, 1);
	bool up = !rc && t_wait(w.l, is_ready, w.t, 38000);
	int start = up ? tts_start(w.t, sv_of(text), sv_of(lang), &cb, &h, &h.run) : rc;
	bool done = up && !start && t_wait(w.l, ended, &h, 18000);
	bool refused = !rc && tts_error(w.t)[0];
	if (refused)
		(void)printf("# %s\n", tts_error(w.t));
	world_close(&w);
	OK(rc);
	CHECK(!refused);
	if (!up)
		SKIP("too busy a machine: the voice did not load within 38 s");
	CHECK(done);
	OK(h.err);
	EQ(h.rate, rate);
	CHECK(h.samples > (size_t)rate / 2 && h.samples < (size_t)rate * 4);
	CHECK(h.peak > 5000 && h.peak < 32767);
	CHECK(h.n_marks >= 2);
	EQ(h.off[0], 0);
}

TEST(speech_real_piper)
{
	check_real("piper", "*/*piper*/*.onnx", "Good morning to you.", "en", 22050);
}

TEST(speech_real_kokoro)
{
	check_real("kokoro", "*/kokoro*/model.onnx", "您好，谢谢。", "zh", 24000);
}
