/* cmd_call.c: `callm call`: a test phone: dials, plays a question once the greeting is over,
 * records what it hears, measures the gaps, hangs up when the answer is over, prints a JSON
 * report.
 *
 * Media runs on this thread's loop; signalling on the telephone's own thread. Speech of the far
 * side is judged by the same detector that the server uses on callers. */
#include "app_int.h"
#include "pcm.h"
#include "tel.h"

#include <stdio.h>

struct phone {
	struct loop *loop;
	struct tel_leg *leg;
	struct pcm_clip clip;
	size_t played;
	const char *digits, *user, *password;
	bool now, playing, asked, up, over;
	VEC(int16_t) heard;
	struct pcm_vad vad;
	int64_t dialled_ms, up_ms, first_audio_ms, play_start_ms, play_end_ms, answer_ms,
		last_speech_ms;
	int64_t now_ms, quiet_ms, max_ms, heard_speech_ms;
	int status;
	char reason[64];
};

static void on_up(void *arg)
{
	struct phone *p = arg;
	p->up = true;
	p->up_ms = loop_now_ms(p->loop);
	p->last_speech_ms = p->up_ms;
	if (p->now) {
		p->playing = p->clip.n > 0;
		p->asked = true;
		p->play_start_ms = p->up_ms;
	}
}

static void ask_now(struct phone *p)
{
	p->asked = true;
	p->playing = p->clip.n > 0;
	p->play_start_ms = p->now_ms;
	p->play_end_ms = p->now_ms;
	if (p->digits && *p->digits)
		tel_leg_dtmf(p->leg, p->digits);
}

static void listen_to(struct phone *p, const int16_t *s)
{
	pcm_vad_push(&p->vad, s, PCM_FRAME, PCM_NO_ECHO);
	if (!p->vad.speech)
		return;
	p->last_speech_ms = p->now_ms;
	p->heard_speech_ms += PCM_FRAME_MS;
	if (!p->first_audio_ms)
		p->first_audio_ms = p->now_ms;
	if (p->asked && !p->playing && !p->answer_ms && p->now_ms > p->play_end_ms)
		p->answer_ms = p->now_ms;
}

static void on_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	struct phone *p = arg;
	p->now_ms = ts_ms;
	for (int i = 0; i < PCM_FRAME; i++) {
		int16_t *slot = VEC_PUSH(&p->heard, (size_t)PCM_HZ * 3600);
		if (slot)
			*slot = s[i];
	}
	listen_to(p, s);
	int64_t quiet = ts_ms - p->last_speech_ms;
	bool greeted = p->first_audio_ms ? quiet >= 800 : ts_ms - p->up_ms > 6000;
	if (!p->asked && greeted && (p->clip.n || (p->digits && *p->digits)))
		ask_now(p);
	bool done = p->asked ? !p->playing && p->answer_ms && quiet >= p->quiet_ms :
			       !p->clip.n && !p->digits && p->first_audio_ms &&
				       quiet >= p->quiet_ms;
	if (done || ts_ms - p->up_ms > p->max_ms)
		tel_leg_hangup(p->leg, 200);
}

static int on_pull(void *arg, int16_t out[160])
{
	struct phone *p = arg;
	if (!p->playing)
		return 0;
	size_t n = p->clip.n - p->played;
	n = n > PCM_FRAME ? PCM_FRAME : n;
	memcpy(out, p->clip.s + p->played, n * sizeof(*out));
	p->played += n;
	if (p->played == p->clip.n) {
		p->playing = false;
		p->play_end_ms = loop_now_ms(p->loop);
	}
	return (int)n;
}

static void on_dtmf(void *arg, char digit)
{
}

static void on_hold(void *arg, bool held)
{
}

static void on_close(void *arg, int status, const char *reason)
{
	struct phone *p = arg;
	p->over = true;
	p->status = status;
	snprintf(p->reason, sizeof(p->reason), "%s", reason ? reason : "");
	loop_stop(p->loop);
}

static void set_ms(jv *o, const char *key, int64_t from, int64_t to)
{
	if (from && to)
		jv_set_int(o, key, to - from);
	else
		jv_set(o, key, jv_null());
}

/* Silence at the end of the question belongs to nobody's gap: count from its last loud frame. */
static int64_t tail_silence_ms(const struct pcm_clip *c)
{
	size_t n = c->n;
	while (n >= PCM_FRAME && pcm_dbfs(c->s + n - PCM_FRAME, PCM_FRAME) < -45)
		n -= PCM_FRAME;
	return (int64_t)(c->n - n) / 8;
}

static void report(struct phone *p)
{
	struct tel_leg_stats st = tel_leg_stats(p->leg);
	jv *o = jv_obj();
	jv_set_bool(o, "answered", p->up);
	jv_set_int(o, "sip_status", p->status);
	jv_set_str(o, "reason", sv_of(p->reason));
	jv_set_str(o, "call_id", sv_of(tel_leg_call_id(p->leg)));
	set_ms(o, "answer_ms", p->dialled_ms, p->up_ms);
	set_ms(o, "first_audio_ms", p->up_ms, p->first_audio_ms);
	set_ms(o, "question_at_ms", p->up_ms, p->play_start_ms);
	set_ms(o, "turn_gap_ms",
	       p->play_end_ms ? p->play_end_ms - tail_silence_ms(&p->clip) : 0, p->answer_ms);
	jv_set_int(o, "heard_ms", (int64_t)p->heard.n / 8);
	jv_set_int(o, "heard_speech_ms", p->heard_speech_ms);
	jv_set_int(o, "rtp_in", (int64_t)st.rtp_in);
	jv_set_int(o, "rtp_out", (int64_t)st.rtp_out);
	jv_set_int(o, "rtp_lost", (int64_t)st.lost);
	jv_set_int(o, "worst_late_us", st.worst_late_us);
	cli_print_json(o);
}

static int dial(struct phone *p, const char *uri, bool tcp, struct err *e)
{
	static const struct tel_leg_cb cb = { .on_up = on_up,
					      .on_frame = on_frame,
					      .on_pull = on_pull,
					      .on_dtmf = on_dtmf,
					      .on_hold = on_hold,
					      .on_close = on_close };
	struct tel_opts o;
	struct tel *tel;
	tel_defaults(&o);
	o.ip = "127.0.0.1";
	o.tcp = tcp;
	o.dial_user = p->user;
	o.dial_password = p->password;
	p->loop = loop_new();
	struct mbox *box = mbox_new(p->loop);
	int rc = tel_open(&tel, &o, NULL, NULL, e);
	if (rc == 0) {
		struct tel_dial_opts d = { .uri = uri, .from_user = "callm-test" };
		p->dialled_ms = loop_now_ms(p->loop);
		rc = tel_dial(tel, &d, p->loop, box, &cb, p, &p->leg, e);
		if (rc == 0) {
			if (!p->over)
				loop_run(p->loop);
			report(p);
			tel_leg_free(p->leg);
		}
		tel_close(tel);
	}
	mbox_drain(box);
	mbox_free(box);
	loop_free(p->loop);
	return rc;
}

int cmd_call(int argc, char **argv)
{
	const char *play = NULL, *record = NULL, *digits = NULL, *user = NULL, *secret = NULL;
	bool now = false, tcp = false;
	int64_t quiet = 3000, max = 60000;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "play", CLI_STR, &play, "WAV file to speak once the greeting is over" },
		{ "record", CLI_STR, &record, "write what was heard to this WAV file" },
		{ "dtmf", CLI_STR, &digits, "keys to press once the greeting is over" },
		{ "user", CLI_STR, &user, "name for a server that asks for one" },
		{ "password", CLI_STR, &secret, "its password: file:/path or env:NAME" },
		{ "now", CLI_FLAG, &now, "speak at once, into the greeting" },
		{ "tcp", CLI_FLAG, &tcp, "listen on TCP too (for ;transport=tcp)" },
		{ "quiet", CLI_INT, &quiet,
		  "hang up after this silence following the answer, ms (3000)" },
		{ "max", CLI_INT, &max, "longest call, ms (60000)" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest >= argc)
		return cli_fail("whom? callm call sip:service@127.0.0.1:5060 --play "
				"question.wav"),
		       2;
	struct phone p = { .digits = digits, .now = now, .quiet_ms = quiet, .max_ms = max };
	struct err e = { 0 };
	struct sb password;
	sb_init(&password, 8192);
	pcm_vad_init(&p.vad, NULL);
	int rc = secret ? cfg_secret(sv_of(secret), &password, &e) : 0;
	p.user = user;
	p.password = password.n ? sb_str(&password) : NULL;
	if (rc == 0 && play)
		rc = pcm_wav_read(play, PCM_HZ, &p.clip, &e);
	if (rc == 0)
		rc = dial(&p, argv[rest], tcp, &e);
	if (rc == 0 && record)
		rc = pcm_wav_write(record, p.heard.v, p.heard.n, PCM_HZ, &e);
	bool up = p.up;
	VEC_FREE(&p.heard);
	pcm_clip_done(&p.clip);
	sb_done(&password);
	if (rc)
		return cli_fail("%s", e.msg);
	return up ? 0 : 1;
}
