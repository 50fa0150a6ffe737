/* guard_mask.h: personal data shown in full, in part or not at all, as a role may see it.
 *
 *	const struct guard_masks *m = guard_masks_of(access, SV("agent"));
 *	guard_mask_json(m, SV("{\"phone\":\"13800138000\"}"), &out);    {"phone":"****8000"}
 *
 * What a value is, is told by its key, and in free text by the finder of guard_inbound. What is
 * masked already stays as it is. Pure functions, any thread. docs/access.md.
 */
#ifndef CALLM_GUARD_MASK_H
#define CALLM_GUARD_MASK_H

#include "guard.h"

/* Part: the last four digits, an e-mail's first letter and its domain, a town without the street,
 * a name's first letter. */
enum guard_show { GUARD_HIDDEN, GUARD_PART, GUARD_FULL };
struct guard_masks {
	enum guard_show v[PII_COUNT];
};
/* Nothing is masked. */
bool guard_masks_none(const struct guard_masks *m);

/* Appends value, of that kind, as it may be shown; hidden: "[phone]". */
void guard_mask_value(enum guard_pii kind, enum guard_show show, sv value, struct sb *out);
/* Appends free text, however long, with what is found in it masked; "***" for a piece that could
 * not be looked at. true: something was masked. */
bool guard_mask_text(const struct guard_masks *m, sv text, struct sb *out);
/* The same, telling of each thing that was masked, in order: what it is, what is shown of it. Both
 * are good until fn returns. */
typedef void guard_masked_fn(void *arg, sv value, sv shown);
bool guard_mask_each(const struct guard_masks *m, sv text, struct sb *out, guard_masked_fn *fn,
		     void *arg);
/* Somebody who saw stored by m writes given: appends it with what was masked put back. false: it
 * holds a mask ("****1234", "[phone]") of which stored does not tell what is behind it; out is
 * then of no use. */
bool guard_unmask(const struct guard_masks *m, sv stored, sv given, struct sb *out);
/* Appends json (valid, of any depth up to 64) with its strings masked, keys too. false: there was
 * nothing to mask, and nothing is appended. On an error out has one (sb_err). */
bool guard_mask_json(const struct guard_masks *m, sv json, struct sb *out);

#endif
