/* jv.h: JSON values behind a facade (jansson inside). Strict: UTF-8, depth, no duplicate keys.
 *
 *	jv *o = jv_obj();
 *	jv_set_str(o, "name", SV("Li"));
 *	jv_dump(o, &sb);
 *	jv_free(o);
 *
 * Setters move a child value (jv_set, jv_push): the parent owns it afterwards, also on error.
 * Getters return borrowed values, valid while the parent lives. One thread at a time per tree.
 */
#ifndef CALLM_BASE_JV_H
#define CALLM_BASE_JV_H

#include "sb.h"
#include "err.h"

typedef struct jv jv;

/* NULL and *e filled on error: size over LIM_JSON_BYTES, depth over LIM_JSON_DEPTH, bad UTF-8,
 * trailing garbage, duplicate keys. */
jv *jv_parse(sv text, struct err *e);
void jv_free(jv *v);                       /* accepts NULL */
jv *jv_copy(const jv *v);                  /* deep */

jv *jv_obj(void);
jv *jv_arr(void);
jv *jv_str(sv s);                          /* bad UTF-8 becomes U+FFFD */
jv *jv_int(int64_t i);
jv *jv_num(double d);                      /* NaN and infinity become null */
jv *jv_bool(bool b);
jv *jv_null(void);

void jv_set(jv *o, const char *key, jv *child);
void jv_set_str(jv *o, const char *key, sv s);
void jv_set_int(jv *o, const char *key, int64_t i);
void jv_set_num(jv *o, const char *key, double d);
void jv_set_bool(jv *o, const char *key, bool b);
void jv_del(jv *o, const char *key);
void jv_push(jv *a, jv *child);

bool jv_is_obj(const jv *v);
bool jv_is_arr(const jv *v);
bool jv_is_str(const jv *v);
bool jv_is_num(const jv *v);               /* integer or real */
bool jv_is_bool(const jv *v);
bool jv_is_null(const jv *v);              /* also true for NULL */

/* Getters with a default; all accept v == NULL and a value of another type. */
jv *jv_get(const jv *o, const char *key);  /* NULL when absent */
jv *jv_member(const jv *o, sv key);        /* the same for a name that does not end in NUL */
jv *jv_path(const jv *o, const char *path);/* "a.b.0.c" */
sv jv_get_str(const jv *o, const char *key);          /* SV_NULL when absent */
int64_t jv_get_int(const jv *o, const char *key, int64_t def);
double jv_get_num(const jv *o, const char *key, double def);
bool jv_get_bool(const jv *o, const char *key, bool def);
sv jv_as_str(const jv *v);
int64_t jv_as_int(const jv *v, int64_t def);
double jv_as_num(const jv *v, double def);
bool jv_as_bool(const jv *v, bool def);
size_t jv_len(const jv *v);                /* elements of an array, members of an object */
jv *jv_at(const jv *a, size_t i);
/* Walk an object in insertion order: void *it = NULL; while (jv_next(o, &it, &key, &val)) ... */
bool jv_next(const jv *o, void **it, sv *key, jv **val);

void jv_dump(const jv *v, struct sb *out); /* compact, one line, insertion order */

/* Does value fit the JSON Schema (jv_schema.c lists the keywords; an unknown one says
 * nothing)? 0; ERR_INVAL and e names the place and what is wrong, in English, for people and
 * models; ERR_TOOBIG for a schema without end. e may be NULL. */
int jv_schema_check(const jv *schema, const jv *value, struct err *e);

#endif
