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
#define FLOW_FOLD 4096           /* bytes of words that are looked at */
#define FLOW_SHORT 14            /* words that tell less may be another wish, not an answer */
#define FLOW_WISHES 4            /* in one sentence */
#define FLOW_PARTS 40

/* [0] zh, [1] en */
struct flow_text {
	sv t[2];
};
struct flow_choice {
	sv value;
	struct flow_text label, words;       /* words: "a|b|c" */
};
enum flow_slot_kind { SLOT_TYPED, SLOT_WORDS, SLOT_YES_NO, SLOT_CHOICE, SLOT_DIGITS,
		      SLOT_CODE };
enum flow_shape { SHAPE_ANY, SHAPE_NAME, SHAPE_CITY, SHAPE_DISTRICT, SHAPE_STREET };
struct flow_slot_def {
	const char *name;
	enum flow_slot_kind kind;
	sv type;                     /* TYPED: of `callm understand` */
	struct flow_text ask, retry;
	struct flow_text way_out;    /* asked from the second failed answer on; none = retry */
	const char *expect;
	sv known;                    /* a path into what is known, taken without asking; "" */
	struct flow_text known_for;  /* only when the words hold nothing but these */
	sv starts;                   /* TYPED, CODE: letters it may begin with, "HH|C" */
	int differs;                 /* TYPED: slot whose value this one cannot have; -1 */
	int min;                     /* WORDS: of less weight it is no answer */
	struct flow_text unlike;     /* WORDS: with these it is none */
	struct flow_text blank;      /* WORDS: these tell nothing, for `opening` */
	struct flow_text after, before;      /* WORDS, TYPED: also what stands beside these */
	enum flow_shape shape;       /* WORDS */
	bool wishes;                 /* WORDS, CHOICE: what sounds like a wish is an answer */
	bool dates;                  /* WORDS: "yesterday" is kept with its date */
	struct flow_text lacks, lacks_answer;  /* the customer has none, tells so */
	int lacks_to;                /* step then; -1 = it is asked for again */
	int lacks_slot;              /* what may be told in its place, leads there too; -1 */
	sv all;                      /* CHOICE: its value for "both", "all of them"; "" */
	sv no;                       /* CHOICE: its value for a plain no; "" */
	bool said;                   /* the tool's words before it put the question already */
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
		      STEP_FLOW, STEP_HANDOFF, STEP_END, STEP_KINDS };
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
	/* CALL: tool; SET: name; FLOW: id; HANDOFF: why; END: how. */
	sv word;
	const jv *args;              /* CALL */
	const char *as;              /* CALL: name of its result, or NULL */
	/* CALL: its words about success, all its words are not said; cannot be gone back over. */
	bool quiet, silent, effect;
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
	struct flow_text never;      /* with these it is no wish, and one under way ends */
	struct flow_text wish;       /* these alone tell the wish, among other wishes */
	struct flow_text also;       /* said when it begins after another one */
	bool whole;                  /* words: nothing else is said */
	sv about;                    /* begun only while that is talked of: "order|product" */
	const char **within;         /* flows inside which alone it is begun by words */
	size_t n_within;
	const char **intents;
	size_t n_intents;
	struct flow_slot_def *slot;
	size_t n_slots;
	struct flow_step *step;
	size_t n_steps;
};
/* Where a step was written: its own file, or that of a part. */
struct flow_origin {
	const char *name;            /* of the file */
	sv text;
	const char *at;              /* "flows[2]", "parts[0]", "" */
	size_t step;
};
struct flow_parts;
struct flow_reader {
	struct flow_set *set;
	const char *name;
	sv text;
	struct cfg_report *rep;
	bool (*tool_known)(void *arg, sv name);  /* NULL: a text looked at alone */
	void *arg;
	struct flow_parts *parts;    /* of all files */
};
struct flow_part {
	const jv *tree;
	struct flow_reader r;        /* its file */
	const char *at;
};
struct flow_parts {                  /* only while a set is read */
	struct flow_part v[FLOW_PARTS];
	size_t n;
};
struct flow_set {
	struct arena a;
	void **spill;                /* what the arena had no room for */
	size_t n_spill;
	struct flow *v;
	size_t n, cap;
	jv **tree;                   /* of the files, and of the flows */
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
	/* further wishes: {"flow","text","slots":[..]}; one that was begun:
	 * {"flow","state":{..}} */
	jv *more;
};

/* Of that id, or NULL. */
const struct flow *flow_of(const struct flow_set *s, sv id);

/* ---- flow_read.c ---- */
void flow_fault(struct flow_reader *r, const char *path, const char *mend, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* ---- flow_check.c: what only the whole flow shows ---- */
/* from[i]: where step i was written. */
void flow_check(struct flow_reader *r, const struct flow *f, const char *at,
		const struct flow_origin *from);
/* ---- flow_part.c ---- */
void flow_parts(struct flow_reader *r, const jv *tree);  /* those of a file */
/* A copy of the flow with its parts put in (the caller's); from: FLOW_STEPS places. */
jv *flow_expand(struct flow_reader *r, const jv *flow, const char *at, struct flow_origin *from);

/* ---- flow_save.c ---- */
/* r goes on in f as its state tells; false, and r as it was, when the flow is another one now. */
bool flow_restore(struct flow_run *r, const struct flow *f, const jv *state);

/* ---- flow.c ---- */
/* As flow_for_it, inside a flow (NULL = none is open). */
const char *flow_for_in(const struct flow_set *s, const struct flow *open, const char *intent,
			sv text, const char *it);
/* It does something by itself, or leads to a flow that does. */
bool flow_acts(const struct flow *f);

/* ---- flow_words.c ---- */
sv flow_fold(sv s, char buf[FLOW_FOLD]);     /* lower case, plain, rune for rune */
bool flow_letter(char c);                    /* of folded words */
/* Does text hold one of "a|b|c"? Letters only as whole words, "a*" as the beginning of one. */
bool flow_has(sv text, sv words);
bool flow_says(sv text, const struct flow_text *words);      /* in either language */
bool flow_near(sv text, sv words);           /* also with one letter wrong in a long word */
bool flow_only(sv text, sv words);           /* one of them, and nothing else */
bool flow_whole(sv text, sv words);          /* the same, with "so", "please", 那 beside it */
sv flow_after(sv text, sv words);            /* what follows one of them */
sv flow_before(sv text, sv words);           /* what stands before one, in its clause */
/* without marks around it and "please" behind it. */
sv flow_bare(sv text);
sv flow_clause(sv text);                      /* up to the first comma or full stop */
bool flow_none(sv text);                     /* "none", "leave it to you" */
int flow_weight(sv text);                    /* a Chinese sign counts 1, a word of letters 2 */
/* Folded, a blank in place of each of these phrases. */
sv flow_without(sv text, const struct flow_text *blank, char buf[FLOW_FOLD]);
bool flow_small(sv text);                    /* "hello", "ok thanks" and nothing else */
bool flow_drops(sv text);                    /* "never mind" */
bool flow_pauses(sv text);                   /* "no wait", and nothing else */
bool flow_asks(const struct flow_in *in);    /* a question, not "when I opened it .." */
bool flow_open_question(sv text);            /* how, what, when .. */

/* ---- flow_place.c ---- */
/* The value of that shape in text, SV_NULL = none. Not asked: only out of a whole address. */
sv flow_shaped(enum flow_shape shape, sv text, bool asked, struct arena *a);

/* ---- flow_date.c ---- */
/* The words with the date behind a day that is told from today ("yesterday (26 November
 * 2026)"); as they are without one. In the arena. */
sv flow_dated(sv text, const struct flow_in *in, struct arena *a);
/* Such a day alone, with its date; SV_NULL = none is told. */
sv flow_day(const struct flow_in *in, struct arena *a);

/* ---- flow_wish.c ---- */
struct flow_wish {
	const struct flow *f;
	size_t from, to;             /* its part of the text, in bytes */
};
/* Wishes that the words tell by themselves, in their order; their number. own: whose the first
 * clause with a number is when it tells none, or NULL. */
size_t flow_wishes(const struct flow_set *s, const struct flow *own, sv text, struct flow_wish *v,
		   size_t max);
/* Steps that can follow step i, at most max; their number. */
size_t flow_ways(const struct flow *f, size_t i, int *to, size_t max);

/* ---- flow_fill.c ---- */
int flow_lang(sv lang);              /* 0 zh, 1 en */
/* A template filled from vars; in the arena. */
sv flow_words(const jv *vars, sv tmpl, sv lang, struct arena *a);
/* Arguments of a call as JSON; in the arena. */
sv flow_args(const jv *vars, const jv *args, sv lang, struct arena *a);
/* What the words say to the slot, as its value (the caller's); NULL = nothing. asked: the words
 * answer this slot's question. */
jv *flow_take(const struct flow_run *r, const struct flow_slot_def *s, const struct flow_in *in,
	      bool asked, struct arena *a);
bool flow_says_other(sv text);       /* "the other one" */
/* Which of the slot's own choices has words in text, -1 = none. */
int flow_choice_said(const struct flow_slot_def *s, sv text);
/* The choices of the slot as they are now; the one that is left when there is only one. */
size_t flow_choices(const struct flow_run *r, const struct flow_slot_def *s, sv lang,
		    struct arena *a, sv *label, const jv **value, size_t max);

#endif
