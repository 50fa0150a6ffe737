/* feel_slot_text.c: folding and matching for the slot reader. Pure functions, any thread; results
 * live in the caller's arena.
 */
#include "feel_slot.h"

int slot_decode(sv text, struct arena *a, struct slot_text *ret)
{
	size_t room = text.n < (size_t)LIM_TEXT_MSG * 4 ? text.n : (size_t)LIM_TEXT_MSG * 4;
	struct slot_text t = {
		.p = arena_alloc(a, room * 3 + SLOT_PAD),
		.cp = arena_new(a, uint32_t, room * 3 + SLOT_PAD),
		.at = arena_new(a, size_t, room + 2),
		.fold_at = arena_new(a, size_t, room + 2),
	};
	sv rest = text;

	if (!t.p || !t.cp || !t.at || !t.fold_at)
		return ERR_TOOBIG;
	while (rest.n && t.runes < LIM_TEXT_MSG && t.runes < room) {
		t.at[t.runes] = text.n - rest.n;
		t.fold_at[t.runes] = t.n;
		uint32_t r = sv_fold(sv_rune(&rest));
		size_t k = sv_encode(r ? r : ' ', t.p + t.n);
		for (size_t j = 0; j < k; j++)
			t.cp[t.n + j] = (uint32_t)t.runes;
		t.n += k;
		t.runes++;
	}
	t.at[t.runes] = text.n - rest.n;
	t.fold_at[t.runes] = t.n;
	t.cp[t.n] = (uint32_t)t.runes;
	memset(t.p + t.n, 0, SLOT_PAD);
	*ret = t;
	return 0;
}

bool slot_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool slot_alpha(char c)
{
	return c >= 'a' && c <= 'z';
}

char slot_before(const struct slot_text *t, size_t i)
{
	return i > 0 ? t->p[i - 1] : 0;
}

static bool stands(const struct slot_text *t, size_t i, const char *lit, size_t n)
{
	if (i + n > t->n || t->p[i] != lit[0] || memcmp(t->p + i, lit, n) != 0)
		return false;
	if (slot_alpha(lit[0]) && slot_alpha(slot_before(t, i)))
		return false;
	return !(slot_alpha(lit[n - 1]) && (slot_alpha(t->p[i + n]) ||
					    (t->p[i + n] == '\'' && slot_alpha(t->p[i + n + 1]) &&
					     t->p[i + n + 1] != 's')));
}

size_t slot_at(const struct slot_text *t, size_t i, const char *lit)
{
	size_t n = strlen(lit);

	return n && stands(t, i, lit, n) ? n : 0;
}

/* Beginnings of the words of a list as a set of 256 bits, kept for lists that were asked of before:
 * most places in a text begin none of them. A list is told by its address: all are literals. */
struct starts {
	const char *list;
	uint64_t set[4];
};
#define STARTS 512

static unsigned start_of(const char *p)
{
	unsigned char c = (unsigned char)p[0];

	unsigned two = c < 0xC0 ? 0 : (unsigned char)p[1],
		 three = c < 0xE0 ? 0 : (unsigned char)p[2];

	return (c + two * 7u + three * 31u) & 255;
}

static bool may_start(const char *list, const char *at)
{
	static _Thread_local struct starts kept[STARTS];
	struct starts *s = &kept[((uintptr_t)list >> 3) % STARTS];
	unsigned c = start_of(at);

	if (s->list != list) {
		*s = (struct starts){ .list = list };
		for (const char *p = list; p && *p; p = (p = strchr(p, '|')) ? p + 1 : NULL) {
			unsigned k = start_of(p);
			s->set[k / 64] |= UINT64_C(1) << (k % 64);
		}
	}
	return s->set[c / 64] >> (c % 64) & 1;
}

size_t slot_any(const struct slot_text *t, size_t i, const char *list, int *ret_which)
{
	size_t best = 0;
	int which = 0;

	if (i >= t->n || t->p[i] == ' ' || !may_start(list, t->p + i))
		return 0;
	for (const char *p = list; *p; which++) {
		const char *bar = strchr(p, '|');
		size_t n = bar ? (size_t)(bar - p) : strlen(p);
		if (n > best && p[0] == t->p[i] && stands(t, i, p, n)) {
			best = n;
			if (ret_which)
				*ret_which = which;
		}
		p += n + (bar != NULL);
	}
	return best;
}

size_t slot_any_before(const struct slot_text *t, size_t i, const char *list)
{
	size_t best = i;

	for (const char *p = list; *p;) {
		const char *bar = strchr(p, '|');
		size_t n = bar ? (size_t)(bar - p) : strlen(p);
		if (n && n <= i && i - n < best && stands(t, i - n, p, n))
			best = i - n;
		p += n + (bar != NULL);
	}
	return best;
}

size_t slot_spaces(const struct slot_text *t, size_t i)
{
	while (t->p[i] == ' ' || t->p[i] == '\t')
		i++;
	return i;
}

void slot_add(struct slot_run *r, enum slot_type type, int rank, size_t s, size_t e, sv value)
{
	if (r->n < SLOT_HITS_MAX && s < e && value.p)
		r->v[r->n++] = (struct slot_hit){
			.type = type, .rank = rank, .s = s, .e = e, .value = value
		};
}

sv slot_dup(const struct slot_run *r, const char *text)
{
	return arena_sv(r->a, sv_of(text));
}
