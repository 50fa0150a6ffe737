/* model_exe.c: where worker programs are, see model_exe.h. */
#include "model_exe.h"

#include <unistd.h>

#include "base.h"

enum { EXE_MAX = 4096 };

/* A program beside this one, or where the build puts it. */
static char *beside(sv self, const char *sibling)
{
	static const char *const places[] = { "", "../model/" };
	struct sb b;
	while (self.n && self.p[self.n - 1] != '/')
		self.n--;
	sb_init(&b, EXE_MAX);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		sb_reset(&b);
		sb_put(&b, self);
		sb_cstr(&b, places[i]);
		sb_cstr(&b, sibling);
		if (file_exists(sb_str(&b)))
			break;
	}
	char *ret = xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

char *model_exe(const char *given, const char *sibling)
{
	char self[EXE_MAX];
	if (given)
		return xstrdup(sv_of(given));
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	if (n <= 0)
		return NULL;
	return sibling ? beside(sv_n(self, (size_t)n), sibling) :
			 xstrdup(sv_n(self, (size_t)n));
}
