/* t.h: the unit-test framework: self-registering tests, checks that print values, leak
 * accounting.
 *
 *	#include "t.h"
 *	TEST(sv_cut_splits_at_first)
 *	{
 *		sv s = SV("a,b"), head;
 *		CHECK(sv_cut(&s, ',', &head));
 *		SV_EQ(head, "a");
 *	}
 *
 * Program options: [-l] list, [-v] verbose, [--isolate] fork each test with a 60 s alarm, [name
 * ...] only tests whose name contains one of these. Output is TAP. After each test live objs,
 * arena bytes and open descriptors must be what they were before. CALLM_TEST_SEED sets the seed,
 * which is printed.
 */
#ifndef CALLM_T_H
#define CALLM_T_H

#include <string.h>
#include "base.h"

typedef void t_fn(void);
struct t_case {
	const char *name, *file;
	t_fn *fn;
	struct t_case *next;
};
void t_register(struct t_case *c);
#define TEST(id)                                                               \
	static void t_##id(void);                                              \
	__attribute__((constructor)) static void t_reg_##id(void)              \
	{                                                                      \
		static struct t_case c = { #id, __FILE__, t_##id, NULL };      \
		t_register(&c);                                                \
	}                                                                      \
	static void t_##id(void)

/* Each failed check prints file, line and both values, marks the test failed, and leaves the
 * test. */
#define CHECK(c) do { if (!(c)) { t_fail(__FILE__, __LINE__, #c); return; } } while (0)
#define EQ(a, b) \
	do { \
		if (!t_eq(__FILE__, __LINE__, #a, (long long)(a), (long long)(b))) \
			return; \
	} while (0)
#define NEAR(a, b, eps) \
	do { \
		if (!t_near(__FILE__, __LINE__, #a, (a), (b), (eps))) \
			return; \
	} while (0)
#define SV_EQ(a, lit) \
	do { \
		if (!t_sv_eq(__FILE__, __LINE__, #a, (a), sv_of(lit))) \
			return; \
	} while (0)
#define STR_EQ(a, b) \
	do { \
		if (!t_sv_eq(__FILE__, __LINE__, #a, sv_of(a), sv_of(b))) \
			return; \
	} while (0)
#define HAS(a, lit) do { if (!t_has(__FILE__, __LINE__, #a, (a), sv_of(lit))) return; } while (0)
#define OK(e) EQ(e, 0)
#define SKIP(why) do { t_skip(why); return; } while (0)

void t_fail(const char *file, int line, const char *what);
bool t_eq(const char *file, int line, const char *what, long long a, long long b);
bool t_near(const char *file, int line, const char *what, double a, double b, double eps);
bool t_sv_eq(const char *file, int line, const char *what, sv a, sv b);
bool t_has(const char *file, int line, const char *what, sv hay, sv needle);
void t_skip(const char *why);
struct rng *t_rng(void);                 /* seeded; the seed is in the output */
const char *t_tmpdir(void);              /* a fresh folder, removed after the test */
const char *t_srcdir(void);              /* root of the source tree */
/* Runs a real loop until cond(arg) or ms passed; true when cond came true. */
bool t_wait(struct loop *l, bool (*cond)(void *arg), void *arg, int ms);

#endif
