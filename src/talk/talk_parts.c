/* talk_parts.c: several matters in one message: "how do I return it, and when does the shop open?"
 *
 * The words are cut into clauses; each that asks something of its own, or wishes something that a
 * flow does, begins a part, what is neither belongs to the part before it. Questions are looked up
 * one by one and answered in one reply; a wish beside them (a flow, a person, the number that was
 * asked for) comes after the answer. A question that found nothing is told as open, so that none is
 * lost silently. Where the parts find no more than the whole does, the whole is looked up as ever.
 * Pure like the rest of the core; all strings are views of the turn's words. */
#include "talk_core.h"

enum { CLAUSES = 10, ASK_LEAST = 3, ALONE_LEAST = 5, BRIEF = 6, FULL = 12,
       NUMBER_LEAST = 4 };
#define SURE 0.8                     /* of an article for what leans on other words, or is brief */

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* A Latin word counts two, a CJK character one. */
int talk_weight(sv text)
{
	int n = 0;
	for (bool in = false; text.n;) {
		uint32_t r = sv_rune(&text);
		/* other scripts: their letters lie below the signs and between these and Chinese */
		bool other =
			r >= 0xC0 && (r < 0x2000 || r >= 0x3100) && r < 0xFE00 && !sv_is_cjk(r);
		bool letter = other || (r < 0x80 && ((r | 32) >= 'a' && (r | 32) <= 'z'));
		n += sv_is_cjk(r) ? 1 : letter && !in ? 2 : 0;
		in = letter || r == '\'';
	}
	return n;
}

/* ---- clauses ---- */

static bool starts(sv s, const char *head)
{
	sv h = sv_of(head);
	return s.n >= h.n && sv_eq_nocase(sv_slice(s, 0, h.n), h);
}

/* Bytes of a mark here that ends a clause; 0 = none. */
static size_t mark_at(sv s)
{
	static const char *const marks[] = { "?",  "!",  ";",  ",",  "\n", "。",
					     "？", "！", "；", "，", "：" };
	bool number = s.n > 1 && s.p[1] >= '0' && s.p[1] <= '9';     /* "1,000" */
	for (size_t i = 0; i < COUNT(marks); i++)
		if (starts(s, marks[i]) && !(s.p[0] == ',' && number))
			return strlen(marks[i]);
	return starts(s, ". ") || starts(s, ": ") ? 1 : 0;
}

/* Does another clause begin here without a mark? */
static bool joins_at(sv s)
{
	static const char *const joins[] = { " and ", " also ", " plus ", " by the way ", " btw ",
					     "还有",  "另外",   "顺便",   "以及",         "并且" };
	for (size_t i = 0; i < COUNT(joins); i++)
		if (starts(s, joins[i]))
			return true;
	return false;
}

static size_t cut(sv text, sv *out)
{
	size_t n = 0, from = 0;
	for (size_t i = 0; i <= text.n && n < CLAUSES; i++) {
		sv rest = sv_slice(text, i, text.n);
		size_t mark = rest.n ? mark_at(rest) : 0;
		bool last = n == CLAUSES - 1;
		if (rest.n && (last || (!mark && (i == from || !joins_at(rest)))))
			continue;
		sv clause = sv_slice(text, from, i + mark);
		if (!clause.n)
			break;           /* behind a last mark there is none */
		if (talk_weight(clause) || sv_find_ch(clause, '[') >= 0 || mark == 0)
			out[n++] = clause;
		else if (n)
			out[n - 1].n += clause.n;    /* a mark more */
		from = i + mark;
		i += mark ? mark - 1 : 0;
	}
	return n;
}

/* What leads to a question; tells: it may then be put as a statement. */
static const char *const leads[] = {
	"and ", "also ", "but ", "plus ", "so ", "oh ", "then ", "by the way", "btw ",
	"please ", "i also ", "还有就是", "还有", "另外", "顺便", "以及", "并且", "同时",
	"对了", "再", "那么",
};
static const char *const tells[] = {
	"know ",
	"want to know ",
	"i want to know ",
	"i'd like to know ",
	"ask ",
	"i would like to know ",
	"i'd also like to know ",
	"i would also like to know ",
	"i need to know ",
	"like to know ",
	"would like to know ",
	"can you tell me ",
	"could you tell me ",
	"tell me ",
	"i was wondering ",
	"i wonder ",
	"wondering ",
	"to know ",
	"请问一下",
	"请问",
	"问一下",
	"问下",
	"想问一下",
	"想问下",
	"想问",
	"我想问",
	"我还想问",
	"还想问",
	"想知道",
	"我想知道",
	"我还想知道",
	"还想知道",
	"告诉我",
	"再问一下",
	"再问下",
};

/* "Hi, two questions: ..." */
static sv after_opening(sv s)
{
	static const char *const opens[] = { "hi",
					     "hello",
					     "hey",
					     "good morning",
					     "good afternoon",
					     "good evening",
					     "two things",
					     "two questions",
					     "i have two questions",
					     "i've got two questions",
					     "a couple of questions",
					     "i have a couple of questions",
					     "a few questions",
					     "i have a few questions",
					     "您好",
					     "你好",
					     "两个问题",
					     "有两个问题",
					     "我有两个问题",
					     "问两个问题",
					     "想问两个问题",
					     "我想问两个问题",
					     "两件事",
					     "有两件事",
					     "几个问题",
					     "我有几个问题" };
	for (size_t i = 0; i < COUNT(opens); i++) {
		sv rest = sv_slice(s, strlen(opens[i]), s.n);
		if (starts(s, opens[i]) && (mark_at(rest) || starts(rest, " ")))
			return rest;
	}
	return s;
}

/* Without what only leads to the question ("and by the way, I would like to know ..."). */
static sv strip(sv s, bool *ret_told)
{
	for (size_t had = s.n + 1; s.n < had;) {
		had = s.n;
		while (s.n && strchr(" ,;:.!", *s.p))
			s = sv_slice(s, 1, s.n);
		while (sv_starts(s, SV("，")) || sv_starts(s, SV("。")) || sv_starts(s, SV("、")) ||
		       sv_starts(s, SV("：")) || sv_starts(s, SV("！")))
			s = sv_slice(s, strlen("，"), s.n);
		s = after_opening(s);
		for (size_t i = 0; i < COUNT(leads); i++)
			if (starts(s, leads[i]))
				s = sv_slice(s, strlen(leads[i]), s.n);
		for (size_t i = 0; i < COUNT(tells); i++)
			if (starts(s, tells[i])) {
				s = sv_slice(s, strlen(tells[i]), s.n);
				*ret_told = true;
			}
	}
	s = sv_trim(s);
	while (sv_ends(s, SV(" and")) || sv_ends(s, SV(",")) || sv_ends(s, SV("，")))
		s = sv_trim(sv_slice(s, 0, s.n - (sv_ends(s, SV(" and")) ? 4 :
						  sv_ends(s, SV(","))	? 1 :
									  strlen("，"))));
	return s;
}

/* ---- what a clause is ---- */

/* Questions about what was just said, nothing by themselves. */
static const char *const nothing_asked[] = {
	"can you help",
	"can you help me",
	"could you help me",
	"can you help me with that",
	"is that possible",
	"is it possible",
	"what can i do",
	"what should i do",
	"what do i do",
	"what shall i do",
	"what now",
	"how come",
	"why is that",
	"what happened",
	"is that ok",
	"is that right",
	"can you do that",
	"what do you mean",
	"can you do it",
	"is that so",
	"are you serious",
	"what is going on",
	"what is wrong with you",
	"what's going on",
	"how is that possible",
	"怎么办",
	"该怎么办",
	"我该怎么办",
	"可以吗",
	"行吗",
	"好吗",
	"对吗",
	"是吗",
	"能吗",
	"能不能",
	"可不可以",
	"行不行",
	"怎么回事",
	"怎么了",
	"为什么",
	"为啥",
	"能帮我吗",
	"能帮忙吗",
	"什么情况",
	"怎么弄",
	"怎么处理",
	"怎么解决",
	"这是怎么回事",
	"什么意思",
	"我该怎么做",
	"怎么搞的",
	"有没有搞错",
	"能帮我看看吗",
	"能帮我看一下吗",
};

static bool vague(sv s)
{
	for (size_t i = 0; i < COUNT(nothing_asked); i++)
		if (talk_same_words(s, sv_of(nothing_asked[i])))
			return true;
	return false;
}

static sv next_word(sv *s)
{
	size_t from = 0, to;
	while (from < s->n && !talk_latin(s->p[from]))
		from++;
	to = from;
	while (to < s->n && (talk_latin(s->p[to]) || s->p[to] == '\''))
		to++;
	sv word = sv_slice(*s, from, to);
	*s = sv_slice(*s, to, s->n);
	return word;
}

static bool one_of(sv word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sv_eq_nocase(word, sv_of(list[i])))
			return true;
	return false;
}

/* "when do you open" asks, "when I opened it" tells; led: "I want to know when you open". */
static bool asks_en(sv s, bool led)
{
	static const char *const wh[] = { "how",   "what", "which", "when",   "where",
					  "who",   "why",  "whats", "what's", "where's",
					  "how's", "when's" };
	static const char *const aux[] = { "is",   "are", "was",  "were",   "do",    "does", "did",
					   "will", "can", "could", "would", "shall", "should",
					   "has",  "have", "may",  "about",  "am",   "much",
					   "many", "long", "soon" };
	static const char *const whom[] = { "i",  "you", "we",   "they", "it",  "there",
					    "the", "my", "your", "this", "that" };
	sv rest = s, first = next_word(&rest), second = next_word(&rest);
	if (sv_ends(sv_trim(s), SV("?")))
		return second.n > 0 && talk_weight(s) > 4;
	if (one_of(first, wh, COUNT(wh)))
		return led || one_of(second, aux, COUNT(aux)) ||
		       (one_of(first, wh, 3) && one_of(next_word(&rest), aux, COUNT(aux))) ||
		       sv_find_ch(first, '\'') >= 0;
	return one_of(first, aux, 15) && one_of(second, whom, COUNT(whom));
}

static bool asks_zh(sv s)
{
	static const char *const more[] = { "几点", "几号", "几个", "多大",
					    "多长", "多远", "几折", "谁" };
	static const char *const unknown[] = { "不知道", "不清楚", "不记得", "没什么", "不管" };
	for (size_t i = 0; i < COUNT(unknown); i++)
		if (sv_find(s, sv_of(unknown[i])) >= 0)
			return false;
	for (size_t i = 0; i < COUNT(more); i++)
		if (sv_find(s, sv_of(more[i])) >= 0)
			return true;
	return talk_is_question(s);
}

static bool is_han(sv s)
{
	while (s.n)
		if (sv_is_cjk(sv_rune(&s)))
			return true;
	return false;
}

/* It points to something: "can I still cancel it". */
static bool points(sv s)
{
	static const char *const en[] = { "it", "that", "this", "they", "them", "those", "these",
					  "one", "its", "it's" };
	static const char *const zh[] = { "它", "这", "那" };
	for (size_t i = 0; i < COUNT(zh); i++)
		if (sv_find(s, sv_of(zh[i])) >= 0)
			return true;
	for (sv rest = s, word = next_word(&rest); word.n; word = next_word(&rest))
		if (one_of(word, en, COUNT(en)))
			return true;
	return false;
}

/* Nothing without what stands beside it. */
static bool leans(sv s)
{
	int weight = talk_weight(s);
	return weight < ALONE_LEAST || (weight <= FULL && points(s));
}

static bool has_number(sv s)
{
	int run = 0;
	for (size_t i = 0; i < s.n && run < NUMBER_LEAST; i++)
		run = s.p[i] >= '0' && s.p[i] <= '9' ? run + 1 : 0;
	return run >= NUMBER_LEAST;
}

enum kind { TELLS, ASKS, WISHES };

/* Something is asked by us: an order's number, digits. */
static bool number_due(const struct talk_core *c)
{
	return (c->flow || c->svc.waits == WAITS_WHO) && c->expect == CHAN_EXPECT_DIGITS;
}

static enum kind kind_of(const struct talk_core *c, sv clause)
{
	struct feel_state f = c->feel;
	bool led = false;
	sv s = strip(clause, &led);
	if (number_due(c) && has_number(clause))
		return WISHES;
	feel_turn(&f, clause, sv_of(c->lang));
	if (f.wants_human)
		return WISHES;
	if (f.small_talk || talk_weight(s) < ASK_LEAST)
		return TELLS;
	if (c->flows && flow_for_it(c->flows, f.intent, clause, talk_about_it(c)))
		return WISHES;
	if (vague(s))
		return TELLS;
	return (is_han(s) ? asks_zh(s) : asks_en(s, led)) ? ASKS : TELLS;
}

/* ---- parts ---- */

struct part { sv text; enum kind is; };

static size_t parts_of(const struct talk_core *c, sv text, struct part *v)
{
	sv clause[CLAUSES];
	size_t n = 0, many = cut(text, clause);
	for (size_t i = 0; i < many && many > 1; i++) {
		enum kind is = kind_of(c, clause[i]);
		bool begins = n && v[n - 1].is != TELLS && is != TELLS;
		if (n == 0 || begins)
			v[n++] = (struct part){ clause[i], is };
		else
			v[n - 1].text.n += clause[i].n;
		v[n - 1].is = v[n - 1].is == TELLS ? is : v[n - 1].is;
	}
	return n;
}

/* Does a flow begin with these words as they are? */
static bool begins(const struct talk_core *c, sv text)
{
	return c->flows && flow_for_it(c->flows, c->feel.intent, text, talk_about_it(c));
}

/* The flow that a part begins, as its own words are felt; NULL = none. */
static const char *flow_at(const struct talk_core *c, sv part)
{
	struct feel_state f = c->feel;
	feel_turn(&f, part, sv_of(c->lang));
	return c->flows ? flow_for_it(c->flows, f.intent, part, talk_about_it(c)) : NULL;
}

static bool asks(sv text)
{
	bool led = false;
	sv s = strip(text, &led);
	return is_han(s) ? asks_zh(s) : asks_en(s, led);
}

/* Two wishes put as questions that the flows do not see as two: "When does it come? Can I still
 * cancel it?" What is told ("the lamp is broken, I want another") belongs together. */
static bool two_wishes(const struct talk_core *c, const struct part *v, size_t n,
		       struct talk_parts *p)
{
	const char *id[2] = { NULL, NULL };
	sv text[2];
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		if (v[i].is == WISHES && (k == 2 || !asks(v[i].text)))
			return false;
		if (v[i].is == WISHES) {
			text[k] = v[i].text;
			id[k++] = flow_at(c, v[i].text);
		}
	}
	if (!id[0] || !id[1] || strcmp(id[0], id[1]) == 0 || flow_sees_two(c->flows, p->whole))
		return false;
	p->rest = text[0];
	p->later = text[1];
	return true;
}

/* False: one matter, or none that stands beside the first. */
static bool split(const struct talk_core *c, sv text, struct talk_parts *p)
{
	struct part v[CLAUSES];
	size_t wishes = 0, leaning = 0, n = parts_of(c, text, v);
	bool led = false;
	*p = (struct talk_parts){ .whole = text };
	for (size_t i = 0; i < n; i++) {
		wishes += v[i].is == WISHES;
		if (v[i].is == WISHES)
			p->rest = v[i].text;
	}
	for (size_t i = 0; i < n; i++) {
		sv s = strip(v[i].text, &led);
		bool first = !wishes && p->n == 0, asks = v[i].is == ASKS;
		bool leaves = asks && (wishes ? leans(s) : first && points(s));
		leaning += leaves;
		if (leaves && !p->lean.n)
			p->lean = s;
		if (asks && !leaves && p->n < TALK_PARTS)
			p->ask[p->n++] = s;
	}
	if (!wishes)
		return p->n > 1 && !leaning;
	if (wishes == 2 && !p->n && !number_due(c))
		return two_wishes(c, v, n, p);
	if (p->n == 0 && leaning && !number_due(c) && !begins(c, text)) {
		p->ask[p->n++] = text;       /* "I want to return it, who pays?" */
		p->tried = true;
	}
	return wishes == 1 && p->n > 0;
}

bool talk_parts_many(const struct talk_core *c, sv text)
{
	struct talk_parts p;
	return split(c, text, &p);
}

static bool may_split(const struct talk_core *c)
{
	bool open = c->flow || c->svc.waits != WAITS_NOTHING;
	bool angry = c->plans && c->plan.act.human == HUMAN_NOW && !c->feel.wants_human;
	return !c->t.steers && !c->resumed && !angry && (!open || number_due(c));
}

static void look_up(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	const struct talk_parts *p = &c->t.parts;
	talk_look_up(c, p->ask[p->at], acts);
	struct talk_act *x = &acts->v[acts->n - 1];
	x->safe = talk_masked(p->ask[p->at], a);
	if (p->at > 0 || p->rest.n)  /* "and how long does it take?" */
		x->context = p->at > 0 ? p->ask[p->at - 1] : p->rest;
}

/* A text of ours that quotes what is open. */
static sv open_text(struct talk_core *c, const char *key, sv quote, struct arena *a)
{
	bool led;
	quote = strip(quote, &led);
	while (quote.n && strchr("?!.,;", quote.p[quote.n - 1]))
		quote.n--;
	while (sv_ends(quote, SV("？")) || sv_ends(quote, SV("。")))
		quote.n -= strlen("。");
	/* ours are on the record and go to the model: never what is personal */
	sv pairs[] = { SV("question"), talk_masked(quote, a) };
	return quote.n ? talk_fill(a, talk_own(c, key), pairs, 2) : SV_NULL;
}

sv talk_parts_missed(struct talk_core *c, struct arena *a)
{
	return open_text(c, "other_question", c->t.parts.missed, a);
}

/* From now on the turn is about this part of its words. */
static void turn_to(struct talk_core *c, sv part)
{
	struct feel_state f = c->feel;
	feel_turn(&f, part, sv_of(c->lang));
	memcpy(c->feel.intent, f.intent, sizeof(f.intent));
	c->feel.intent_p = f.intent_p;
	c->feel.wants_human = f.wants_human;
}

bool talk_parts_begin(struct talk_core *c, sv text, struct arena *a, struct talk_acts *acts)
{
	struct talk_parts p;
	if (!may_split(c) || !split(c, text, &p))
		return false;
	p.on = !p.later.n;
	c->t.parts = p;
	if (p.on) {
		look_up(c, a, acts);
	} else {
		turn_to(c, p.rest);
		talk_serve_words(c, p.rest, a, acts);
	}
	return true;
}

bool talk_parts_later(struct talk_core *c, sv said, bool over, struct arena *a,
		      struct talk_acts *acts)
{
	struct talk_parts *p = &c->t.parts;
	sv later = c->in_turn ? p->later : SV_NULL;
	if (!later.n)
		return false;
	p->later = SV_NULL;
	if (!over || c->person.offer || c->t.acted) {
		talk_news(c, open_text(c, "other_wish", later, a), false);
		return false;
	}
	talk_news(c, said, false);
	turn_to(c, later);
	talk_serve_words(c, later, a, acts);
	return true;
}

/* ---- what was found ---- */

static void take(struct talk_parts *p, const struct kb_result *found)
{
	sv ask = p->ask[p->at];
	bool unsure = !p->tried && (points(ask) || talk_weight(ask) <= BRIEF);
	if (found->answerable && found->n && (!unsure || found->hits[0].p >= SURE)) {
		for (size_t i = 0; i < p->n_found; i++)
			if (sv_eq(p->found[i].hits[0].article_id, found->hits[0].article_id))
				return;
		p->found[p->n_found++] = *found;
	} else if (!p->missed.n && !leans(ask) && !p->tried) {
		p->missed = ask;
	}
}

/* The first of each, then what else the searches found. */
static struct kb_result merged(const struct talk_parts *p, struct arena *a)
{
	struct kb_result all = { .answerable = true };
	size_t room = 0;
	for (size_t i = 0; i < p->n_found; i++)
		room += p->found[i].n;
	all.hits = arena_new(a, struct kb_hit, room + 1);
	for (size_t i = 0; all.hits && i < p->n_found; i++)
		all.hits[all.n++] = p->found[i].hits[0];
	for (size_t i = 0; all.hits && i < p->n_found; i++)
		for (size_t k = 1; k < p->found[i].n; k++) {
			const struct kb_hit *h = &p->found[i].hits[k];
			bool there = false;
			for (size_t o = 0; o < all.n; o++)
				there |= sv_eq(all.hits[o].article_id, h->article_id);
			if (!there)
				all.hits[all.n++] = *h;
		}
	return all;
}

/* The questions are answered, the wish beside them is next. */
static void go_on(struct talk_core *c, struct kb_result found, struct arena *a,
		  struct talk_acts *acts)
{
	sv rest = c->t.parts.rest;
	c->t.found = found;
	c->t.answers = (int)c->t.parts.n_found;
	if (found.n)
		talk_news(c, talk_quotes(c, a), false);
	turn_to(c, rest);
	if (!c->feel.wants_human)    /* a colleague sees what is open */
		talk_news(c, talk_parts_missed(c, a), false);
	c->t.parts.on = false;
	talk_serve_words(c, rest, a, acts);
}

/* Nothing was found: once more with all the words; then the wish, and that the question is open. */
static void once_more(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct talk_parts *p = &c->t.parts;
	if (p->tried) {
		p->missed = p->lean.n ? p->lean : p->missed;
		go_on(c, (struct kb_result){ 0 }, a, acts);
		return;
	}
	p->tried = true;
	p->lean = p->missed;
	p->missed = SV_NULL;
	p->ask[0] = p->whole;
	p->n = 1;
	p->at = 0;
	look_up(c, a, acts);
}

bool talk_parts_found(struct talk_core *c, struct kb_result *found, struct arena *a,
		      struct talk_acts *acts)
{
	struct talk_parts *p = &c->t.parts;
	take(p, found);
	if (++p->at < p->n) {
		look_up(c, a, acts);
		return true;
	}
	bool open = c->flow || c->svc.waits != WAITS_NOTHING || c->feel.wants_human;
	if (p->rest.n && !p->n_found && !open && !begins(c, p->whole)) {
		once_more(c, a, acts);
		return true;
	}
	if (p->rest.n) {
		go_on(c, p->n_found ? merged(p, a) : (struct kb_result){ 0 }, a, acts);
		return true;
	}
	p->on = false;
	if (p->n_found < 2 && !(p->n_found && p->missed.n)) {        /* as one question */
		p->missed = SV_NULL;
		talk_look_up(c, p->whole, acts);
		return true;
	}
	*found = merged(p, a);
	c->t.answers = (int)p->n_found;
	return false;
}
