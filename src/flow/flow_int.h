/* flow_int.h: what a flow is made of; private to flow. Strings and arrays live in the set's
 * arena. */
#ifndef CALLM_FLOW_INT_H
#define CALLM_FLOW_INT_H

#include "flow.h"
#include "policy_rules.h"

#define FLOW_NAME 40             /* bytes of an id */
#define FLOW_CHOICES 24
#define FLOW_BRANCHES 24
#define FLOW_ISSUES 100
#define FLOW_TRIES 3             /* questions for one slot, where it does not say */
#define FLOW_HOPS 64             /* steps without a wait: more is a circle */
#define FLOW_VALUE_MAX 2000      /* bytes of a slot's words */

/* [0] zh, [1] en */
struct flow_text {
	sv t[2];
};
struct flow_choice {
	sv value;
	struct flow_text label, words;       /* words: "a|b|c" */
};
enum flow_slot_kind { SLOT_TYPED, SLOT_WORDS, SLOT_YES_NO, SLOT_CHOICE, SLOT_DIGITS };
struct flow_slot_def {
	const char *name;
	enum flow_slot_kind kind;
	sv type;                     /* TYPED: of `callm understand` */
	struct flow_text ask, retry;
	const char *expect;
	sv known;                    /* a path into what is known, taken without asking; "" */
	int tries, digits;
	bool optional;               /* "no" is an answer: it stays empty */
	int opening;                 /* WORDS: taken from first words of this weight; 0 = not */
	struct flow_choice *choices;
	size_t n_choices;
	sv list, list_value, list_label;     /* choices from a list among the results */
	int *clears;                 /* slots that a new value makes void */
	size_t n_clears;
	int fail;                    /* step when the tries are used up; -1 = a person */
};

enum flow_step_kind { STEP_COLLECT, STEP_CALL, STEP_SAY, STEP_IF, STEP_SET, STEP_CLEAR, STEP_GOTO,
		      STEP_HANDOFF, STEP_END, STEP_KINDS };
extern const char *const flow_step_names[STEP_KINDS];
#define FLOW_OUTCOMES 11
/* of tool.h, "declined", "unverified". */
extern const char *const flow_outcome_names[FLOW_OUTCOMES];

#define FLOW_TO_NEXT (-1)
#define FLOW_TO_NONE (-2)            /* by the outcome's own way */
struct flow_branch {
	struct policy_expr *when;    /* NULL = else */
	sv when_text;
	int to;
};
struct flow_step {
	const char *id;
	enum flow_step_kind kind;
	int slot;                    /* COLLECT */
	struct flow_text text;       /* SAY */
	sv word;                     /* CALL: tool; SET: name; HANDOFF: why; END: how */
	const jv *args;              /* CALL */
	const char *as;              /* CALL: name of its result, or NULL */
	/* CALL: its words are not said; cannot be gone back over. */
	bool quiet, effect;
	int on[FLOW_OUTCOMES];
	struct flow_branch *branch;  /* IF; SET: one */
	size_t n_branch;
	int *clears;                 /* CLEAR */
	size_t n_clears;
	int next;                    /* FLOW_TO_NEXT = the one behind it */
};
struct flow {
	const char *id;
	int version, priority;
	uint64_t print;              /* of its text */
	struct flow_text title, words, unless;   /* words that must, must not be said */
	const char **intents;
	size_t n_intents;
	struct flow_slot_def *slot;
	size_t n_slots;
	struct flow_step *step;
	size_t n_steps;
	const jv *tree;              /* as read */
	int line;
};
struct flow_set {
	struct arena a;
	struct flow *v;
	size_t n, cap;
	jv **tree;                   /* of the files */
	size_t n_trees;
};

enum flow_wait { WAIT_START, WAIT_SLOT, WAIT_CALL, WAIT_OVER };
struct flow_run {
	struct flow_set *set;
	const struct flow *f;
	int step;
	enum flow_wait wait;
	int slot;                    /* WAIT_SLOT */
	int tries[FLOW_SLOTS];
	int effect_at;               /* last step with an effect that was done, -1 */
	jv *vars;                    /* slots, results, what was set, "known" */
};

/* Of that id, or NULL. */
const struct flow *flow_of(const struct flow_set *s, const char *id);

/* ---- flow_read.c ---- */
struct flow_reader {
	struct flow_set *set;
	const char *name;
	sv text;
	struct cfg_report *rep;
	bool (*tool_known)(void *arg, sv name);
	void *arg;
};
void flow_fault(struct flow_reader *r, const char *path, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* ---- flow_check.c: what only the whole flow shows ---- */
void flow_check(struct flow_reader *r, const struct flow *f, const char *at);
/* Steps that can follow step i, at most max; their number. */
size_t flow_ways(const struct flow *f, size_t i, int *to, size_t max);

/* ---- flow_fill.c ---- */
int flow_lang(sv lang);              /* 0 zh, 1 en */
/* A template filled from vars; in the arena. */
sv flow_words(const jv *vars, sv tmpl, sv lang, struct arena *a);
/* Arguments of a call as JSON; in the arena. */
sv flow_args(const jv *vars, const jv *args, sv lang, struct arena *a);
/* Does text hold one of "a|b|c"? Letters only as whole words. */
bool flow_has(sv text, sv words);
/* What the words say to the slot, as its value (the caller's); NULL = nothing. asked: the words
 * answer this slot's question. */
jv *flow_take(const struct flow_run *r, const struct flow_slot_def *s, const struct flow_in *in,
	      bool asked, struct arena *a);
/* The choices of the slot as they are now; the one that is left when there is only one. */
size_t flow_choices(const struct flow_run *r, const struct flow_slot_def *s, sv lang,
		    struct arena *a, sv *label, const jv **value, size_t max);

#endif
