/* llama_lib.c: see llama_lib.h. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <ggml-backend.h>
#include <llama.h>

#include "llama_lib.h"

static _Thread_local char last_log[300]; /* contexts are made in several threads */

static void on_log(enum ggml_log_level level, const char *text, void *arg)
{
	(void)arg;
	if (level == GGML_LOG_LEVEL_WARN || level == GGML_LOG_LEVEL_ERROR)
		(void)snprintf(last_log, sizeof(last_log), SV_FMT, SV_ARG(sv_trim(sv_of(text))));
}

const char *llama_lib_log(void)
{
	return last_log;
}

void llama_lib_forget(void)
{
	last_log[0] = '\0';
}

/* As the npm package names it, else as a build of one's own does. */
static void *open_lib(const char *dir, const char *name)
{
	static const char *const ends[] = { ".v" LLAMA_LIB_VERSION ".so", ".so" };
	char path[4096];
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s%s", dir, name, ends[i]);
		if (file_exists(path))
			return dlopen(path, RTLD_NOW | RTLD_LOCAL);
	}
	return NULL;
}

static int find(void *lib, const char *name, void *to, const char *dir, struct err *e)
{
	*(void **)to = dlsym(lib, name);
	if (*(void **)to)
		return 0;
	return err_set(e, ERR_VERSION,
		       "llama.cpp in %s is of another version than " LLAMA_LIB_VERSION
		       ": it has no %s; remove the folder and run ./run.sh",
		       dir, name);
}

#define OWN(X)                                                                                \
	X(BASE, ggml_log_set)                                                                 \
	X(GGML, ggml_backend_load_all_from_path)                                              \
	X(GGML, ggml_backend_dev_count)                                                       \
	X(LLAMA, llama_version)                                                               \
	X(LLAMA, llama_log_set)                                                               \
	X(LLAMA, llama_backend_init)

int llama_lib_open(const char *dir, const struct llama_name *names, size_t n, void *f,
		   struct err *e)
{
	static const char *const files[N_LIBS] = { "libggml-base", "libggml", "libllama" };
	static const struct llama_name own_names[] = { OWN(LLAMA_NAME) };
	struct {
		OWN(LLAMA_FIELD)
	} own;
	void *lib[N_LIBS];
	int rc = 0;
	for (int i = 0; i < N_LIBS; i++) {
		lib[i] = open_lib(dir, files[i]);
		const char *why = lib[i] ? NULL : dlerror();
		if (!lib[i])
			return err_set(e, ERR_NOTFOUND,
				       "no llama.cpp " LLAMA_LIB_VERSION " in %s: %s; run "
				       "scripts/setup.sh or ./run.sh to fetch it",
				       dir, why ? why : files[i]);
	}
	for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]) && !rc; i++)
		rc = find(lib[own_names[i].lib], own_names[i].name, (void **)&own + i, dir, e);
	for (size_t i = 0; i < n && !rc; i++)
		rc = find(lib[names[i].lib], names[i].name, (void **)f + i, dir, e);
	if (rc)
		return rc;
	if (!strstr(own.llama_version(), LLAMA_LIB_VERSION))
		return err_set(e, ERR_VERSION,
			       "llama.cpp in %s is version %s, not " LLAMA_LIB_VERSION, dir,
			       own.llama_version());
	(void)setenv("GGML_NO_BACKTRACE", "1", 0); /* else it starts a debugger when it gives up */
	own.ggml_log_set(on_log, NULL);
	own.llama_log_set(on_log, NULL);
	own.ggml_backend_load_all_from_path(dir);
	if (own.ggml_backend_dev_count() == 0)
		return err_set(e, ERR_NOTFOUND,
			       "no CPU backend of llama.cpp in %s fits this machine", dir);
	own.llama_backend_init();
	return 0;
}
