/* qa_form_int.h: what reading a form (qa_form.c) and refusing one (qa_form_law.c) share. */
#ifndef CALLM_QA_FORM_INT_H
#define CALLM_QA_FORM_INT_H

#include "qa_int.h"

struct form_reader {
	struct qa_form *f;
	const char *name;
	sv text;
	struct cfg_report *rep;
	bool bad;
};
void form_fault(struct form_reader *r, const char *path, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Faults when the item would read an employee's emotion. */
void form_law(struct form_reader *r, const jv *item, const char *path);

#endif
