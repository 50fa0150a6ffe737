/* t_chan_ring.c: what goes in comes out in order, whatever the portions; played sound costs no
 * memory. */
#include "t.h"
#include "chan_ring.h"

static void put_count(struct chan_ring *r, int *next, size_t n)
{
	int16_t s[5000];
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)(*next)++;
	ring_put(r, s, n);
}

TEST(ring_keeps_order_over_its_blocks)
{
	struct chan_ring r = { 0 };
	int in = 0, out = 0;
	int16_t s[700];
	for (int round = 0; round < 200; round++) {
		put_count(&r, &in, (size_t)(round * 37 % 1500));
		size_t want = (size_t)(round * 53 % 700), n = ring_peek(&r, s, want);
		EQ(n, want < r.n ? want : r.n);
		for (size_t i = 0; i < n; i++)
			EQ(s[i], (int16_t)(out + (int)i));
		EQ(ring_peek(&r, s, 1), r.n ? 1 : 0); /* nothing was taken */
		out += (int)n;
		ring_drop(&r, n);
		EQ(r.n, in - out);
	}
	CHECK(r.n > 10000);
	ring_clear(&r);
	ring_clear(&r);
	EQ(r.n, 0);
	EQ(ring_peek(&r, s, 10), 0);
}

TEST(ring_gives_played_sound_back)
{
	struct chan_ring r = { 0 };
	size_t before = arena_live_bytes();
	int in = 0;
	for (int i = 0; i < 20; i++)
		put_count(&r, &in, 4000);
	CHECK(arena_live_bytes() - before < 80000 * 2 + 8000);
	ring_drop(&r, 72000);
	CHECK(arena_live_bytes() - before < 8000 * 2 + 12000);
	put_count(&r, &in, 100);
	ring_drop(&r, 8100);         /* all of it */
	EQ(arena_live_bytes(), before);
	put_count(&r, &in, 5);
	int16_t s[8];
	EQ(ring_peek(&r, s, 8), 5);
	EQ(s[4], (int16_t)(in - 1));
	ring_clear(&r);
	EQ(arena_live_bytes(), before);
}
