/* app_company.h: the texts a company brings: tool declarations, decision tables, flows,
 * calendars, and its customers, products and orders.
 *
 *	struct app_company c;
 *	app_company_open(&c, "/etc/shop/company.yaml", &e);      "" = the demo inside the
 * program app_company_texts(&c, "flows", &list, &e);               flows/NAME.yaml, sorted
 *	app_company_close(&c);
 *
 * A company of its own has them beside its company.yaml, in folders of these names; a folder or
 * file that is not there is none. One thread.
 */
#ifndef CALLM_APP_COMPANY_H
#define CALLM_APP_COMPANY_H

#include "base.h"

struct app_company {
	char dir[4096];              /* "" = the demo */
};
struct app_text {
	char *name, *id, *text;      /* "flows/return.yaml", "return"; owned */
	int version;                 /* of what was published over it; 0: the company's own */
};
struct app_texts {
	struct app_text *v;
	size_t n, cap;
};
/* config: path of its company.yaml, or empty. */
void app_company_open(struct app_company *c, sv config);
/* Adds what folder holds ("tools", "policies", "flows"). 0, or an error with the file's name. */
int app_company_texts(const struct app_company *c, const char *folder, struct app_texts *ret,
		      struct err *e);
/* One file ("calendars.yaml", "orders.jsonl"), appended. ERR_NOTFOUND: there is none. */
int app_company_file(const struct app_company *c, const char *name, struct sb *out, struct err *e);
/* The same; what the company does not have is the demo's. */
int app_company_file_or_demo(const struct app_company *c, const char *name, struct sb *out,
			     struct err *e);
/* Puts text in place of the one with that id, or adds it as "ID.yaml"; version 0: of a file. */
void app_texts_put(struct app_texts *t, sv id, sv text, int version);
void app_texts_done(struct app_texts *t);

#endif
