/* t_base_memory.c: arenas, objects, vectors, maps, snapshots. */
#include <pthread.h>
#include <stdio.h>
#include "t.h"

TEST(arena_is_bounded_zeroed_and_aligned)
{
	struct arena a;
	size_t before = arena_live_bytes();

	arena_init(&a, 100000);
	for (size_t n = 0; n < 300; n++) {
		unsigned char *p = arena_alloc(&a, n);

		CHECK(p && (uintptr_t)p % 16 == 0);
		for (size_t i = 0; i < n; i++)
			EQ(p[i], 0);
		memset(p, 0xEE, n);
	}
	CHECK(!arena_alloc(&a, 100000));
	CHECK(!arena_alloc(&a, SIZE_MAX));
	CHECK(arena_live_bytes() > before);
	arena_reset(&a);
	EQ(a.used, 0);
	for (int i = 0; i < 100; i++) {
		unsigned char *p = arena_alloc(&a, 16);

		CHECK(p && !p[0] && !p[15]); /* zeroed again after a reset */
	}
	arena_done(&a);
	arena_done(&a);
	EQ(arena_live_bytes(), before);
}

TEST(arena_reset_keeps_little)
{
	struct arena a;
	size_t before = arena_live_bytes();

	arena_init(&a, 4 << 20);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++) {
			unsigned char *p = arena_alloc(&a, 1000);

			CHECK(p && !p[0] && !p[999]);
			memset(p, 0xEE, 1000);
		}
		CHECK(arena_live_bytes() - before > 1000000);
		arena_reset(&a);
		EQ(a.used, 0);
		CHECK(arena_live_bytes() - before <= 17000);
	}
	CHECK(arena_alloc(&a, 1 << 20)); /* one block, larger than any that is kept */
	arena_reset(&a);
	arena_done(&a);
	EQ(arena_live_bytes(), before);
}

TEST(arena_copies_text)
{
	struct arena a;

	arena_init(&a, 200);
	STR_EQ(arena_cstr(&a, SV("hello")), "hello");
	SV_EQ(arena_sv(&a, SV("view")), "view");
	STR_EQ(arena_fmt(&a, "%s-%d", "x", 42), "x-42");
	STR_EQ(arena_cstr(&a, SV_NULL), "");
	CHECK(!arena_fmt(&a, "%0300d", 1));
	CHECK(!arena_sv(&a, sv_n("", 250)).p);
	arena_done(&a);
}

TEST(xalloc_counts)
{
	size_t before = arena_live_bytes();
	char *p = xalloc(10), *q = xstrdup(SV("abc"));

	EQ(p[9], 0);
	CHECK(arena_live_bytes() >= before + 14);
	p = xrealloc(p, 1000);
	CHECK(arena_live_bytes() >= before + 1004);
	xfree(p);
	xfree(q);
	xfree(NULL);
	EQ(arena_live_bytes(), before);
}

static int destroyed;

static void on_free(void *obj)
{
	destroyed += *(int *)obj;
}

TEST(obj_counts_references)
{
	int *o = obj_new(sizeof(*o), on_free), *same;

	destroyed = 0;
	*o = 5;
	same = obj_ref(o);
	CHECK(same == o);
	EQ(obj_live(), 1);
	o = obj_unref(o);
	CHECK(!o);
	EQ(destroyed, 0);
	CHECK(!obj_unref(same));
	EQ(destroyed, 5);
	EQ(obj_live(), 0);
	CHECK(!obj_unref(NULL) && !obj_ref(NULL));
}

TEST(vec_grows_to_its_maximum)
{
	VEC(int) xs = { 0 };
	int *slot;

	for (int i = 0; i < 100; i++) {
		slot = VEC_PUSH(&xs, 100);
		CHECK(slot && *slot == 0);
		*slot = i;
	}
	CHECK(!VEC_PUSH(&xs, 100));
	EQ(xs.n, 100);
	EQ(xs.cap, 100);
	EQ(xs.v[99], 99);
	VEC_FREE(&xs);
	EQ(xs.n, 0);
}

TEST(map_keeps_insertion_order_and_bound)
{
	struct map *m = map_new(3);
	size_t it = 0;
	sv key;
	void *val;
	int a = 1, b = 2, c = 3;

	CHECK(!map_get(m, SV("a")) && !map_del(m, SV("a")));
	OK(map_put(m, SV("a"), &a));
	OK(map_put(m, SV("b"), &b));
	OK(map_put(m, SV(""), &c));
	EQ(map_put(m, SV("d"), &a), ERR_FULL);
	OK(map_put(m, SV("a"), &b)); /* replacing is not growing */
	CHECK(map_get(m, SV("a")) == &b && map_get(m, SV("")) == &c);
	CHECK(map_next(m, &it, &key, &val));
	SV_EQ(key, "a");
	CHECK(map_next(m, &it, &key, &val));
	SV_EQ(key, "b");
	CHECK(map_next(m, &it, &key, &val) && !map_next(m, &it, &key, &val));
	CHECK(map_del(m, SV("a")) == &b);
	EQ(map_count(m), 2);
	map_free(m);
	map_free(NULL);
}

/* Random operations against a plain array. */
TEST(map_agrees_with_a_table)
{
	enum { KEYS = 700 };
	static char there[KEYS];
	struct map *m = map_new(KEYS);
	size_t n = 0;

	memset(there, 0, sizeof(there));
	for (int i = 0; i < 40000; i++) {
		unsigned k = (unsigned)rng_below(t_rng(), KEYS);
		char key[16];
		sv s;

		(void)snprintf(key, sizeof(key), "key%u", k);
		s = sv_of(key);
		switch (rng_below(t_rng(), 3)) {
		case 0:
			OK(map_put(m, s, &there[k]));
			n += !there[k];
			there[k] = 1;
			break;
		case 1:
			CHECK(map_del(m, s) == (there[k] ? &there[k] : NULL));
			n -= there[k] != 0;
			there[k] = 0;
			break;
		default:
			CHECK(map_get(m, s) == (there[k] ? &there[k] : NULL));
		}
		EQ(map_count(m), n);
	}
	map_free(m);
}

struct version {
	int number, twice;
};

static void *reader(void *arg)
{
	static const int rounds = 20000;

	for (int i = 0; i < rounds; i++) {
		struct version *v = snap_get(arg);

		ASSERT(v->twice == 2 * v->number); /* never half an update */
		(void)obj_unref(v);
	}
	return NULL;
}

static struct version *make_version(int n)
{
	struct version *v = obj_new(sizeof(*v), NULL);

	v->number = n;
	v->twice = 2 * n;
	return v;
}

TEST(snap_swaps_under_readers)
{
	struct snap *s = snap_new(make_version(0));
	struct version *old;
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		EQ(pthread_create(&t[i], NULL, reader, s), 0);
	for (int i = 1; i < 5000; i++)
		snap_publish(s, make_version(i));
	for (int i = 0; i < 3; i++)
		EQ(pthread_join(t[i], NULL), 0);
	old = snap_get(s);
	snap_publish(s, NULL);
	CHECK(!snap_get(s));
	EQ(old->number, 4999); /* a reader keeps what it saw */
	(void)obj_unref(old);
	snap_free(s);
}
