/* acd_import_int.h: the tags of a configuration in XML, for acd_import.c. */
#ifndef CALLM_ACD_IMPORT_INT_H
#define CALLM_ACD_IMPORT_INT_H

#include "base.h"

enum { ACD_TAG_ATTRS = 32, ACD_TAG_DEPTH = 12 };
struct acd_tag {                     /* views of the text */
	sv name, key[ACD_TAG_ATTRS], value[ACD_TAG_ATTRS];
	int n;
	bool ends, single;           /* </a>, <a/> */
};
/* SV_NULL: it has none of this name. */
sv acd_tag_value(const struct acd_tag *t, const char *name);
/* Calls fn for each tag in order until it does not return 0. 0; what fn returned, or ERR_PARSE,
 * with e naming the line. */
int acd_tags(sv text, const char *name, int (*fn)(void *arg, const struct acd_tag *t), void *arg,
	     struct err *e);

#endif
