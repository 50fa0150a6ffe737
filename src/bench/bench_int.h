/* bench_int.h: the bench's own parts. All of it lives on one thread and one loop.
 *
 * Times are microseconds of the wall clock (CLOCK_REALTIME), as the kernel stamps packets. */
#ifndef CALLM_BENCH_INT_H
#define CALLM_BENCH_INT_H

#include <netinet/in.h>

#include "bench.h"
#include "fetch.h"
#include "model.h"
#include "pcm.h"
#include "web.h"

int64_t bench_now_us(void);

struct bench_nums { double *v; size_t n, cap; };
void bench_num(struct bench_nums *x, double v);
double bench_q(struct bench_nums *x, double q); /* sorts; NaN when empty */

/* ---- clips: what is said, with the times of its words (bench_clip.c, bench_noise.c) ---- */

struct bench_word {
	size_t byte;           /* of text */
	size_t at;             /* sample at 8 kHz */
};
struct bench_clip {
	char *text;            /* "" = noise */
	int16_t *s;            /* 8 kHz, owned (xfree) */
	size_t n;
	int16_t *wide;         /* 24 kHz, owned; NULL for noise */
	size_t n_wide;
	VEC(struct bench_word) words;
	size_t loud_from, loud_to; /* first loud sample, one behind the last */
};
enum bench_voice_kind { BENCH_CALLER, BENCH_AGENT };
typedef void bench_clip_fn(void *arg, struct bench_clip *c);
struct bench_clips;
int bench_clips_open(struct bench_clips **ret, struct loop *l, const char *exe, struct err *e);
void bench_clips_close(struct bench_clips *c);
/* fn(arg, clip) at once when it is known, else later; NULL when it cannot be said. Clips live
 * until close. */
void bench_clip_want(struct bench_clips *c, enum bench_voice_kind who, sv text, bench_clip_fn *fn,
		     void *arg);
/* The same, waiting for it on the loop. */
struct bench_clip *bench_clip_get(struct bench_clips *c, enum bench_voice_kind who, sv text);
void bench_clip_forget(struct bench_clips *c, void *arg); /* no fn for arg any more */
struct bench_clip *bench_clip_join(struct bench_clips *c, struct bench_clip *const *v,
				   const int *gap_ms, size_t n);
enum bench_noise { BENCH_COUGH, BENCH_KEYS, BENCH_BABBLE, BENCH_NOISES };
struct bench_clip *bench_noise_get(struct bench_clips *c, enum bench_noise kind);
void bench_clip_bounds(struct bench_clip *c);
void bench_clip_level(int16_t *s, size_t n, double db); /* of its loud parts */
struct bench_clip *bench_clip_add(struct bench_clips *c, const char *text, int16_t *s, size_t n);

/* ---- a call seen from outside (bench_phone.c, bench_sip.c, bench_media.c) ---- */

struct bench;
struct bench_ear;
struct bench_ua;
enum bench_state { PH_CALLING, PH_RINGING, PH_UP, PH_ENDING, PH_OVER };
struct bench_run { int64_t from_us, to_us; };  /* loud */
struct bench_said {            /* what was put on the line */
	const struct bench_clip *clip;
	uint64_t at;           /* sample of our stream */
	int64_t us;            /* when that was, 20 ms or less before */
};
struct bench_rx { int64_t at_us; uint32_t ts; uint32_t off; }; /* off: into heard */
struct bench_key { char digit; int ms, gap_ms; bool no_marker; };
struct bench_line {            /* how bad our sending is */
	double loss;           /* 0..1 */
	int jitter_ms;
	bool reorder;
};
struct bench_late { int64_t due_us; uint16_t n; uint8_t p[200]; };

/* What lies in the background of our silence: who we are and which frame this is, in the lowest
 * bits; bench_asr.c finds it again. */
struct bench_mark { uint64_t bits; unsigned n; };
void bench_mark_put(int16_t s[PCM_FRAME], unsigned id, unsigned frame);
bool bench_mark_find(struct bench_mark *m, int16_t s, unsigned *id, unsigned *frame);

struct bench_phone {
	struct bench *b;
	int id;
	enum bench_state state;
	bool incoming, ours_to_end, kept;
	/* signalling */
	char call_id[48], tag[24], branch[40], user[40];
	char remote_tag[96], remote_uri[160], invite_via[400], their_from[200], their_to[200];
	struct sockaddr_in peer;
	unsigned cseq, invite_cseq, their_cseq;
	int status, retry_after_s;     /* of the end; of a refusal */
	int tries, invites, refers, offers;
	char refer_to[160];
	int64_t resend_us, dialled_us, ring_us, up_us, over_us, bye_us;
	bool held, got_bye, early, cancelled, answered, gone;
	bool refer_refuse;             /* our NOTIFY says that it did not work */
	int answer_ms, refuse;         /* incoming: after so long, 200 or this status */
	bool early_out;                /* incoming: 183 with sound before it is answered */
	int64_t answer_us;             /* our 200 left */
	char *invite_raw;              /* incoming: owned */
	/* media */
	int fd, port;
	struct loop_io io;
	struct sockaddr_in rtp;
	bool rtp_known, mute;          /* mute: we send nothing at all */
	uint16_t seq;
	uint32_t ts, ssrc;
	uint64_t sent;                 /* samples of our stream so far */
	int64_t next_us;
	const struct bench_clip *clip;
	size_t clip_at;
	double clip_db;
	int64_t said_from_us, said_to_us; /* of the last clip's loud part; 0 = not yet */
	VEC(struct bench_said) said;
	VEC(struct bench_key) keys;
	size_t key_at;
	int key_ms;
	bool key_came;                 /* a packet of it was not lost */
	uint32_t key_ts;
	struct bench_line line;
	VEC(struct bench_late) late;
	bool silent_codec;             /* no marked background, only digital silence */
	bool comfort;                  /* silence is not sent but told (RFC 3389) */
	/* echo: what we heard, so much later and softer */
	double echo_db;                /* 0 = none */
	int echo_ms;
	int16_t *echo;                 /* ring of ECHO_RING samples */
	uint64_t echo_in, echo_out;
	/* heard */
	VEC(struct bench_run) runs;
	VEC(int16_t) heard;            /* when kept */
	VEC(struct bench_rx) rx;
	int64_t first_rx_us, last_rx_us;
	uint64_t packets, lost, bad;
	uint16_t rx_seq;
	uint32_t rx_ssrc, rx_ts;
	bool echoing;                  /* the last frame we sent had an echo in it */
	/* another's telephone makes this call; its sound passes through tap_fd */
	struct bench_ua *ua;           /* NULL: we are the telephone */
	int tap_fd, tap_port;
	struct loop_io tap_io;
	struct sockaddr_in tap_rtp;
	bool tap_known;
	struct bench_mark tap_mark;
};

/* Calls target; the phone belongs to the bench and lives until bench_phone_free. */
struct bench_phone *bench_dial(struct bench *b, const char *user, bool keep);
void bench_bye(struct bench_phone *p);         /* BYE, or CANCEL before the answer */
void bench_hold(struct bench_phone *p, bool on);
int bench_move(struct bench_phone *p);         /* another port for the sound, by re-INVITE */
void bench_phone_free(struct bench_phone *p);
void bench_say(struct bench_phone *p, const struct bench_clip *c, double db);
void bench_press(struct bench_phone *p, char digit, int ms, int gap_ms, bool no_marker);
bool bench_saying(const struct bench_phone *p);
void bench_echo(struct bench_phone *p, double db, int delay_ms);
/* First loud moment at or after t, last one at or before it; 0 = none. */
int64_t bench_loud_after(const struct bench_phone *p, int64_t t);
int64_t bench_loud_before(const struct bench_phone *p, int64_t t);
int64_t bench_quiet_us(const struct bench_phone *p); /* how long nothing was loud */
struct bench_phone *bench_phone_find(struct bench *b, int id);

/* parts of it */
int bench_media_open(struct bench_phone *p);
void bench_media_close(struct bench_phone *p);
int bench_media_move(struct bench_phone *p);   /* to another port; not signalled */
void bench_media_tick(struct bench_phone *p, int64_t now);
bool bench_media_frame(struct bench_phone *p, int16_t out[PCM_FRAME]);
int bench_sip_open(struct bench *b, struct err *e);
void bench_sip_ping(struct bench *b);          /* OPTIONS; target_up once it is answered */
void bench_sip_close(struct bench *b);
void bench_sip_tick(struct bench_phone *p, int64_t now);
void bench_sip_invite(struct bench_phone *p);
void bench_sip_bye(struct bench_phone *p);
void bench_sip_reinvite(struct bench_phone *p, bool hold);
void bench_sip_answer(struct bench_phone *p, int status); /* an incoming call */
struct bench_phone *bench_phone_incoming(struct bench *b);

/* A message; views into raw. */
struct bench_msg {
	sv raw, first, body;
	int status;            /* of a response, else 0 */
	char method[16];       /* of a request, or of the CSeq */
};
bool bench_msg_parse(struct bench_msg *m, sv raw);
/* brief: 0 or x. */
sv bench_msg_header(const struct bench_msg *m, const char *name, char brief);
bool bench_sip_media(sv sdp, struct sockaddr_in *ret); /* where its sound is to go */
void bench_sip_over(struct bench_phone *p, int status);
int bench_media_socket(int *ret_port);         /* stamped by the kernel; -1 = none */
/* As recv; when it came by the kernel's clock. */
ssize_t bench_recv(int fd, uint8_t *d, size_t cap, int64_t *ret_us);
/* A packet to the server, over a line as bad as is wanted; false: it was lost. */
bool bench_line_send(struct bench_phone *p, const uint8_t *d, size_t n);
double bench_loud_ms(const int16_t *s, size_t n);

/* ---- another's telephone (bench_ua.c), and the wire to it (bench_tap.c) ---- */

struct bench_ua {              /* a baresip process, one call at a time */
	struct bench_phone *p; /* the call it makes or made last */
	int n, pid, in_fd;
	char dir[4300];
	struct sockaddr_in sip;
};
int bench_ua_check(const char *caller, struct err *e);
int bench_ua_dial(struct bench_phone *p);
void bench_ua_bye(struct bench_phone *p);
/* *ret_at = the sample of its stream that the clip begins with. */
int bench_ua_say(struct bench_phone *p, const struct bench_clip *c, double db, uint64_t *ret_at);
void bench_ua_tick(struct bench_phone *p, int64_t now);
void bench_ua_rows(struct bench *b, const char *id); /* what it recorded against the wire */
void bench_ua_close_all(struct bench *b);
/* The WAV file that is its microphone: background from frame on, the clip in it (may be NULL);
 * the sample of its stream that the clip begins with. */
size_t bench_ua_sound(const struct bench_phone *p, const struct bench_clip *c, double db,
		      uint64_t frame, struct sb *out);
int bench_tap_open(struct bench_phone *p);
void bench_tap_close(struct bench_phone *p);
bool bench_tap_packet(struct bench *b, const struct bench_msg *m, const struct sockaddr_in *from);
/* A message with ports from[i] as to[i], and the sound's port. */
void bench_tap_rewrite(const struct bench_msg *m, const int from[2], const int to[2], int port,
		       struct sb *out);
void bench_tap_frame(struct bench_phone *p, const int16_t s[PCM_FRAME], int64_t at);
void bench_tap_down(struct bench_phone *p, const uint8_t *d, size_t n);

/* ---- where in what is known the heard is (bench_match.c) ---- */

struct bench_seg { /* heard samples [at, at + n) are clip samples from on */
	const struct bench_clip *clip;
	size_t at, n, from;
};
struct bench_segs { struct bench_seg *v; size_t n, cap; };
/* clips: what may have been said. out: VEC_FREE it. */
void bench_match(const int16_t *s, size_t n, const struct bench_clip *const *clips,
		 size_t n_clips, struct bench_segs *out);
/* Words of the clip that began before sample. */
double bench_rho(const int16_t *a, const int16_t *b, size_t n); /* -1..1 */
size_t bench_words_at(const struct bench_clip *c, size_t sample);

/* ---- the fakes (bench_fake.c, bench_llm.c, bench_tts.c, bench_asr.c) ---- */

enum bench_fault { FAULT_NONE, FAULT_STALL, FAULT_KEEPALIVE, FAULT_503, FAULT_DIE };
struct bench_asked {           /* one request to the language model */
	int64_t at_us, gone_us, done_us;
	int topic;             /* by the customer's words; -1 = none of ours */
	char *user, *assistant;/* the last of each in the request */
	int second;            /* it came to the second model */
	enum bench_fault fault;
};
struct bench_spoke {           /* one request to the synthesis */
	int64_t at_us, gone_us, done_us;
	int topic;
	char *text;
	struct bench_clip *clip;
	enum bench_fault fault;
};
struct bench_fakes {
	int llm_later_ms;      /* of words after the first sentence; 0 = llm_word_ms */
	int llm_first_ms, llm_word_ms, tts_first_ms, asr_final_ms, asr_lag_ms;
	double tts_pace;       /* times real time */
	int sentences;         /* of an answer */
	enum bench_fault llm, llm2, tts; /* for what comes now */
	int llm_left, tts_left;          /* so many; 0 = until changed */
	bool tts_once;                   /* each sentence only the first time */
	bool asr_down;
	int asr_cut;           /* so many connections are cut in the middle of speech */
	uint64_t asr_samples;
	struct bench_nums feed_off; /* samples of an utterance against the line's, % */
	VEC(struct bench_asked *) asked;
	VEC(struct bench_spoke *) spoke;
};
int bench_fakes_open(struct bench *b, struct err *e);
void bench_fakes_close(struct bench *b);
void bench_fakes_reset(struct bench *b);       /* defaults of the stub budget */
struct web_srv;
extern const struct web_ws_ops bench_asr_ops;
void bench_llm_post(struct web_req *r, void *arg);
void bench_tts_post(struct web_req *r, void *arg);
void bench_asr_close_all(struct bench *b);

/* ---- what is talked about (bench_topics.c) ---- */

enum { BENCH_TOPICS = 8, BENCH_SENTENCES = 9 };
struct bench_topic {
	const char *key;       /* a word that only its question has */
	const char *title, *question;
	const char *say[BENCH_SENTENCES];
};
extern const struct bench_topic bench_topics[BENCH_TOPICS];
/* part of the customer's words, answer; ends with NULL. */
extern const char *const bench_scripts[][2];
int bench_topic_of(sv text);                   /* by key or sentence; -1 */
void bench_article(const struct bench_topic *t, struct sb *out);
extern const char bench_company[], bench_article_zh[];

/* ---- the server under test (bench_server.c) ---- */

struct bench_server {
	char dir[4096];
	bool made;
	int pid, out_fd, status;
	int sip_port, http_port;
	char password[40];
	char *token;
};
struct bench_set { /* other than usual: 0 */
	const char *vad, *turn;
	int max_calls, shards;
	bool second, record, replay, pin, person, outbound;
	int ring_s;
};
/* srv.dir is there: the folder of --keep, or a temporary one. */
int bench_dir(struct bench *b, struct err *e);
int bench_server_start(struct bench *b, const struct bench_set *o, struct err *e);
int bench_server_stop(struct bench *b, bool kill_it); /* exit status, -1 = killed */
bool bench_server_alive(struct bench *b);
/* Runs a program to its end, the server not running; its exit status, -1 = none. */
int bench_command(struct bench *b, const char *const *argv);
void bench_server_clean(struct bench *b);      /* removes its temporary folder */
int64_t bench_server_cpu_us(struct bench *b);
int64_t bench_server_rss_kb(struct bench *b);
int bench_server_fds(struct bench *b);
/* GET of a path; 0 and out, or an error. Waits on the loop. */
int bench_get(struct bench *b, const char *path, struct sb *out);
int bench_server_login(struct bench *b);
/* JSON to a path, signed in as the admin; 200 and 202 are 0. */
int bench_post(struct bench *b, const char *path, sv body, struct sb *out);
/* The events of the conversation that began then (jv_free), NULL = none. */
jv *bench_events(struct bench *b, int64_t began_us);
/* Sum and count of a histogram, or a value, of /metrics. */
int bench_metric(struct bench *b, const char *name, double *ret);

/* ---- tests (bench_run.c, bench_report.c, bench_t_*.c) ---- */

struct bench_row {
	char id[8], what[72], unit[8], threshold[48], note[120];
	size_t n;
	double p50, p95, p99;
	bool pass;
};
struct bench_rep;
struct bench_test {
	const char *id, *what;
	int (*run)(struct bench *b);           /* adds rows; an error: could not be run */
};
extern const struct bench_test bench_tests[];
extern const size_t bench_tests_n;

typedef void bench_tick_fn(struct bench_rep *r);
struct bench_rep {             /* one call of one test */
	struct bench *b;
	bench_tick_fn *tick;
	int i, slot, step, turn;
	int64_t at_us;         /* when this step began */
	struct bench_phone *p;
	struct rng rng;
	int64_t t[6];
	double v[6];
	bool begun, over, ok;
	char why[96];
	const void *arg;
	size_t asked0, spoke0;
};
struct bench {
	struct bench_opts o;
	struct loop *loop;
	struct fetch *fetch;
	struct bench_clips *clips;
	struct bench_fakes f;
	struct web_srv *web;
	int web_port;
	struct bench_server srv;
	struct sockaddr_in target;
	int sip_fd, sip_port;
	int64_t pinged_us;
	bool target_up;        /* it has answered OPTIONS */
	struct loop_io sip_io;
	struct loop_timer tick, later;
	int64_t next_tick_us;
	VEC(struct bench_phone *) phones;
	VEC(struct bench_ua *) uas;
	struct bench_nums ua_off;      /* % of loud time it recorded otherwise */
	struct map *by_call;
	int next_id;
	/* a person is called: how to answer (p->answer_ms, refuse). NULL: 404 */
	void (*on_call)(struct bench *b, struct bench_phone *p);
	/* each packet: time since the one before, and of its sound; may be NULL */
	void (*on_gap)(struct bench_phone *p, int64_t gap_us, uint32_t samples);
	int human_answer_ms, human_refuse;
	struct rng rng;
	VEC(struct bench_row) rows;
	struct bench_rep *reps;
	size_t n_reps, n_done, n_begun, parallel;
	const char *now;       /* test under way, for the progress bar */
	int64_t began_us, drawn_us;
	bool printed;          /* the head of the table */
	int64_t ramp_us;       /* between the beginnings of two calls */
	bool keep_sound;       /* calls of bench_greeted keep what they hear */
	struct err trouble;    /* why a test could not be run */
	struct bench_set set;  /* of the server that runs */
	struct bench_nums *nums;
	void *data;            /* of the test under way */
	double recall;         /* of barge-ins in T2, %; 0 = not run */
	VEC(struct bench_asked *) old_asked;
	struct bench_ear *ears;        /* connections of the recogniser */
};
/* Runs n calls, so many at once, each by tick every 5 ms until it is over. The reps stay in
 * b->reps until the next run. */
void bench_reps(struct bench *b, int n, int parallel, bench_tick_fn *tick, const void *arg);
void bench_step(struct bench_rep *r);          /* the next step begins now */
int64_t bench_in_step_us(const struct bench_rep *r);
void bench_rep_end(struct bench_rep *r, bool ok, const char *why);
/* Waits on the loop until fn says so; false: ms were over. */
bool bench_wait(struct bench *b, bool (*fn)(void *arg), void *arg, int ms);
void bench_pause(struct bench *b, int ms);
struct bench_row *bench_row_add(struct bench *b, const char *id, const char *what);
/* A row of measured values with its limits: NaN = no limit. */
void bench_row_nums(struct bench *b, const char *id, const char *what, const char *unit,
		    struct bench_nums *x, double p50_max, double p95_max, size_t need);
/* A row of a share: good of n, at least / at most so much. */
void bench_row_share(struct bench *b, const char *id, const char *what, size_t good, size_t n,
		     double at_least, const char *note);
void bench_row_missing(struct bench *b, const char *id, const char *what, const char *why);
void bench_print(struct bench *b, size_t from); /* rows from there on, and at first the head */
bool bench_sum(struct bench *b);               /* prints how many passed; true: all */
int bench_write_json(struct bench *b, struct err *e);
void bench_progress(struct bench *b);
void bench_trace(struct bench *b, const char *id, size_t asked, size_t spoke); /* --keep */

/* The server runs with this configuration; started again when it was another one. */
int bench_server_ready(struct bench *b, const struct bench_set *o);
void bench_note_failures(struct bench *b, struct bench_row *row);
int bench_t1(struct bench *b);
int bench_t2(struct bench *b);
int bench_barge_in_echo(struct bench *b);      /* a row of T3 */
int bench_t3(struct bench *b);
int bench_t4(struct bench *b);
int bench_t5(struct bench *b);
int bench_t6(struct bench *b);
int bench_t7(struct bench *b);
int bench_t8(struct bench *b);
int bench_t9(struct bench *b);
int bench_t14(struct bench *b);
int bench_t10(struct bench *b);
int bench_t11(struct bench *b);
int bench_t12(struct bench *b);
int bench_t15(struct bench *b);
int bench_overload(struct bench *b);            /* rows of T15 */
int bench_t16(struct bench *b);
int bench_t13(struct bench *b);
int bench_out_early(struct bench *b);          /* rows of T14 */
int bench_t17(struct bench *b);
int bench_t18(struct bench *b);
int bench_t19(struct bench *b);
int bench_t20(struct bench *b);

/* The card number of T17 in any form, or another one that begins with 4. */
bool bench_has_card(sv s);
/* its digits, each behind these words and a quote. */
bool bench_has_keys(sv s, const char *before);
/* ---- what was heard of an answer (bench_heard.c) ---- */

struct bench_heard {
	size_t clips;          /* sentences that were made for it */
	double whole;          /* share of their loud sound that was heard */
	double twice;          /* the same, heard again */
	/* whole or begun, in order, until the first that was not heard. */
	size_t words;
	size_t of;             /* all of them */
};
/* Sound kept from sample from on. */
void bench_heard(struct bench_rep *r, int topic, size_t from, struct bench_heard *ret);
/* The next call from *i on that went well, and what was heard of its subject's answer since
 * sample v[0]; NULL at the end. *i is the call behind it. */
struct bench_rep *bench_heard_next(struct bench *b, int *i, struct bench_heard *ret);
/* First sound after what was said last; 0 = not yet. */
int64_t bench_answer_at(const struct bench_phone *p);
size_t bench_count_words(sv text);
const struct bench_clip *bench_topic_clip(struct bench *b, int topic);

/* steps that many tests share: true once it has happened */
bool bench_greeted(struct bench_rep *r);       /* dials, waits for the greeting's end */
bool bench_done_if_over(struct bench_rep *r);  /* the call ended before its time */

#endif
