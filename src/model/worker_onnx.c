/* worker_onnx.c: the program callm-onnx: models that ONNX Runtime computes, a process each.
 *
 * The first argument is the kind, a row of the table; the others are NAME=VALUE. The
 * runtime is loaded from a folder (ort.h), so this program is built whether or not it is
 * there. It is only started by callm, which restarts it when it dies; memory_mb bounds what it
 * may allocate. */
#include "worker_onnx.h"

#include <stdio.h>
#include <stdlib.h>

#include "worker.h"

static const struct {
	const char *kind;
	int (*run)(const struct onnx_args *a);
} kinds[] = {
	{ "kokoro", onnx_kokoro },
	{ "piper", onnx_piper },
	{ "turn", onnx_turn },
	{ NULL, NULL }, /* ends */
};

static int number(sv s, int lo, int hi, int otherwise)
{
	int64_t v;
	return sv_i64(s, &v) == 0 && v >= lo && v <= hi ? (int)v : otherwise;
}

static bool take(struct onnx_args *a, const char *arg)
{
	const struct {
		const char *name, **to;
	} texts[] = { { "file=", &a->file },
		      { "runtime=", &a->runtime },
		      { "data=", &a->data },
		      { "voice=", &a->voice } };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strncmp(arg, texts[i].name, strlen(texts[i].name))) {
			const char *value = arg + strlen(texts[i].name);
			*texts[i].to = *value ? value : NULL;
			return true;
		}
	if (!strncmp(arg, "threads=", 8))
		return a->threads = number(sv_of(arg + 8), 0, 1024, 0), true;
	if (!strncmp(arg, "memory_mb=", 10))
		return a->memory_mb = number(sv_of(arg + 10), 0, 1 << 20, 0), true;
	return false;
}

int main(int argc, char **argv)
{
	struct onnx_args a = { .kind = argc > 1 ? argv[1] : "" };
	for (int i = 2; i < argc; i++)
		if (!take(&a, argv[i])) {
			(void)fprintf(stderr, "callm-onnx: \"%s\" is not understood\n",
				      argv[i]);
			return 2;
		}
	int cores = cpu_cores();
	a.threads = a.threads < 1 ? 1 : a.threads > cores ? cores : a.threads;
	for (size_t i = 0; kinds[i].kind; i++)
		if (!strcmp(a.kind, kinds[i].kind)) {
			if (a.memory_mb > 0)
				cpu_memory_limit((size_t)a.memory_mb << 20);
			return kinds[i].run(&a);
		}
	(void)fprintf(stderr, "callm-onnx: unknown kind \"%s\"; it is started by callm\n",
		      a.kind);
	return 2;
}
