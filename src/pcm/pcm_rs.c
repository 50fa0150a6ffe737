/* pcm_rs.c: sample rate conversion through speexdsp. Owned by one thread at a time. */
#include "pcm.h"

#include <speex/speex_resampler.h>

struct pcm_rs {
	SpeexResamplerState *st;
	uint32_t from, to;
};

static bool rate_ok(int hz)
{
	return hz >= 4000 && hz <= 192000;
}

int pcm_rs_open(struct pcm_rs **ret, int from_hz, int to_hz, int quality)
{
	int err = 0;

	if (!rate_ok(from_hz) || !rate_ok(to_hz) || quality < 0 || quality > 10)
		return ERR_INVAL;
	SpeexResamplerState *st =
		speex_resampler_init(1, (spx_uint32_t)from_hz, (spx_uint32_t)to_hz,
				     quality, &err);

	if (!st)
		return err == RESAMPLER_ERR_ALLOC_FAILED ? ERR_NOMEM : ERR_INVAL;
	struct pcm_rs *rs = xalloc(sizeof(*rs));

	rs->st = st;
	rs->from = (uint32_t)from_hz;
	rs->to = (uint32_t)to_hz;
	*ret = rs;
	return 0;
}

void pcm_rs_close(struct pcm_rs *rs)
{
	if (!rs)
		return;
	speex_resampler_destroy(rs->st);
	xfree(rs);
}

size_t pcm_rs_cap(const struct pcm_rs *rs, size_t n_in)
{
	return (size_t)((uint64_t)n_in * rs->to / rs->from) + 8;
}

size_t pcm_rs_run(struct pcm_rs *rs, const int16_t *in, size_t n_in, int16_t *out,
		  size_t cap)
{
	size_t done = 0, made = 0;

	while (done < n_in && made < cap) {
		size_t left = n_in - done;
		spx_uint32_t ni = (spx_uint32_t)(left > 65536 ? 65536 : left);
		size_t room = cap - made;
		spx_uint32_t no = (spx_uint32_t)(room > 1u << 20 ? 1u << 20 : room);

		speex_resampler_process_int(rs->st, 0, in + done, &ni, out + made, &no);
		if (!ni && !no)
			break;
		done += ni;
		made += no;
	}
	return made;
}

int pcm_resample(const int16_t *in, size_t n, int from_hz, int to_hz, int16_t **out,
		 size_t *n_out)
{
	static const int16_t zero[512];
	struct pcm_rs *rs;
	size_t want, got;
	int e;

	if (n > (size_t)PCM_MAX_SECONDS * 192000)
		return ERR_TOOBIG;
	e = pcm_rs_open(&rs, from_hz, to_hz, 5);
	if (e)
		return e;
	speex_resampler_skip_zeros(rs->st);
	want = (size_t)((uint64_t)n * (uint64_t)to_hz / (uint64_t)from_hz);
	int16_t *o = xalloc((want + 16) * sizeof(*o));

	got = pcm_rs_run(rs, in, n, o, want);
	while (got < want) { /* push the filter's tail out */
		size_t k = pcm_rs_run(rs, zero, 512, o + got, want - got);

		if (!k)
			break;
		got += k;
	}
	pcm_rs_close(rs);
	*out = o;
	*n_out = want;
	return 0;
}
