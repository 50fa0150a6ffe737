/* feel_task_base.c: the tasks that are in the program: the base that all others begin with, and
 * whatever else src/feel/meson.build puts in. The bytes lie in the program for good; opening
 * reads them once and gives the caller a reference.
 */
#include "feel_blob.h"
#include "feel_task.h"

sv feel_task_embedded(const char *name)
{
	for (const struct feel_blob *b = feel_models; b->name; b++)
		if (strcmp(b->name, name) == 0)
			return sv_n(b->p, b->n);
	return SV_NULL;
}

struct feel_task *feel_task_base(struct err *e)
{
	sv bytes = feel_task_embedded("text_base.bin");

	if (!bytes.n) {
		err_set(e, ERR_NOTFOUND, "text_base.bin is not in the program");
		return NULL;
	}
	return feel_task_load_mem(bytes, NULL, e);
}
