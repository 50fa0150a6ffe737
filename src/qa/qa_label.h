/* qa_label.h: how far the rules agree with people's marks on a labelled set (`callm score qa`).
 *
 * A set is JSON lines {"id","party","rows":[..],"labels":{ITEM:"pass|fail"}}: rows as in the river;
 * an item that is not named does not apply (n_a). Each is scored by the form that is for such a
 * conversation.
 */
#ifndef CALLM_QA_LABEL_H
#define CALLM_QA_LABEL_H

#include "qa.h"

struct qa_agree {
	char item[44];
	size_t n, same;              /* conversations whose form has it; marks that are equal */
	size_t passed, failed;       /* by people */
	double kappa;                /* Cohen's, over pass, fail, n_a; NaN: always one kind */
};
struct qa_label_set {
	struct qa_agree v[QA_ITEMS * 2];
	size_t n;
	size_t talks, by_bot, voice, zh;     /* in the set; of those */
	size_t marks, same;
	double least, pooled;        /* kappa of the worst item that has one; of all marks */
};
/* on_wrong (may be NULL) hears each mark that differs. ERR_INVAL, ERR_PARSE: e has the line. Items
 * without a rule are left out. */
typedef void qa_wrong_fn(void *arg, sv id, sv item, const char *label, const char *found, sv why);
int qa_label_run(const struct qa_forms *fs, sv jsonl, struct qa_label_set *ret,
		 qa_wrong_fn *on_wrong, void *arg, struct err *e);

#endif
