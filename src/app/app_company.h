/* app_company.h: the texts a company brings: tool declarations, decision tables, flows,
 * calendars, and its customers, products and orders.
 *
 *	struct app_company c;
 *	app_company_open(&c, "/etc/shop/company.yaml");          "" = the demo in the program
 *	app_company_texts(&c, "flows", &list, &e);               flows/NAME.yaml, sorted
 *	app_company_close(&c);
 *
 * A company of its own has them beside its company.yaml, in folders of these names; a folder or
 * file that is not there is none. One thread.
 */
#ifndef CALLM_APP_COMPANY_H
#define CALLM_APP_COMPANY_H

#include "base.h"
#include "store.h"

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
/* The same; what the company does not have is the one of a company without a trade (packs/own). */
int app_company_file_or_own(const struct app_company *c, const char *name, struct sb *out,
			    struct err *e);
/* What is told of a configuration without a company. */
#define APP_COMPANY_NONE \
	"no company is named: customers are served as Harbour Home, the example, with its " \
	"telephone number, products and rules; callm init DIR writes a company of your own"
/* What customers are told of a company: its name, telephone number, e-mail address and hours.
 * company: the tree of its file. 0, or ERR_INVAL and e: what is empty. Without them texts speak of
 * "our company", "our usual number" and so on. */
int app_company_whole(const jv *company, sv file, struct err *e);

/* Whose a data folder is, so that no company ever answers with another's articles and products:
 * one line of DATA/company, the path of a company.yaml or "demo". */
/* data becomes the folder of that company (empty = the demo). ERR_STATE: the demo's and a company's
 * own do not mix. An own company that has moved takes its folder along. */
int app_company_claim(const char *data, sv company, struct err *e);
/* The same for a folder that is open, the lock held: one from before folders were marked is the
 * demo's where its articles are, and is not marked where they are a company's. made_up: is a
 * made-up past to be written? Not there. */
int app_company_claim_open(const char *data, sv company, struct store *st, bool made_up,
			   struct err *e);
/* The company of a data folder; out stays empty for the demo and for a folder of nobody. */
void app_company_of_data(const char *data, struct sb *out);
/* Puts text in place of the one with that id, or adds it as "ID.yaml"; version 0: of a file. */
void app_texts_put(struct app_texts *t, sv id, sv text, int version);
void app_texts_done(struct app_texts *t);

#endif
