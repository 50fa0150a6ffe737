/* api_realtime.h: /v1/realtime: one client's session, what its files share. Door's thread.
 *
 * What OpenAI calls a session is a spoken conversation here (chan_realtime.h); items and responses
 * are the door's picture of it. A response is one say of the engine; it begins when the engine
 * begins to think about what was said. */
#ifndef CALLM_API_REALTIME_H
#define CALLM_API_REALTIME_H

#include "api_int.h"
#include "chan_realtime.h"

#define RT_MSG_MAX (1u << 20)    /* bytes of one client event */
#define RT_SESSIONS 256
#define RT_ITEMS 512             /* remembered; the oldest goes first */
#define RT_LATER 64              /* pieces of says that wait for the one before */
#define RT_COMMITS 8             /* commits whose words are awaited */
#define RT_SESSION_MS (60 * 60 * 1000)
#define RT_RESPONSES_A_MINUTE 120
#define RT_ANSWER_MS 30000       /* a response that nothing comes of fails */

enum rt_format { RT_PCM, RT_ULAW, RT_ALAW };

struct rt_sound {                /* the client's sound to 16 kHz and back */
	enum rt_format in, out;
	struct pcm_rs *rs_in, *rs_out;
	struct pcm_dtmf *dtmf;   /* G.711 may hold keys */
	uint8_t odd;             /* half a sample left */
	bool has_odd;
	int64_t until_ms;        /* sound sent so far lasts until then */
	int64_t in_us;           /* of it in all */
	int64_t buffered_us;     /* since the last commit or clear */
};
struct rt_item {
	char id[40];
	enum { RT_USER, RT_ASSISTANT, RT_SYSTEM } role;
	bool audio, done, cut;
	char *text;              /* or transcript; owned; NULL = not known yet */
	int64_t audio_ms;        /* of ours sent */
	uint32_t say_id;
};
struct rt_piece {                /* of a say; owned strings */
	uint32_t say_id;
	char *text, *row;
	bool final, played;
};
struct rt_response {
	bool on;
	char id[40], item[40];
	bool text_only, begun;   /* begun: its item was told */
	uint32_t say_id;         /* 0 = nothing was said yet */
	struct sb text;
	jv *row, *metadata;
	int64_t audio_us;
	bool cancelling;
};
struct rt {
	struct api *a;
	struct web_ws *ws;
	char owner[96], id[40], conv_id[27], interaction[27];
	bool beta;
	int64_t expires_s;
	/* configuration */
	struct rt_sound sound;
	bool text_only, vad, semantic, create, interrupt;
	int64_t idle_ms;
	char lang[9], voice[32];
	bool transcribe;
	char *instructions;
	/* the conversation */
	struct chan_realtime *voice_of;  /* NULL before it begins */
	bool ended;
	VEC(struct rt_item) items;
	char last_item[40];
	struct sb pending;       /* the customer's written words, not answered yet */
	bool has_words;          /* spoken words wait for response.create */
	char commits[RT_COMMITS][40];
	int n_commits, due;      /* due: of them, those the response under way answers */
	char speech_item[40];    /* of the utterance under way */
	struct rt_response resp;
	VEC(struct rt_piece) later;
	bool drop_says;          /* a cancel is on its way */
	int64_t quiet_from_ms;
	/* limits */
	double tokens;
	int64_t tokens_ms;
	struct loop_timer timer, answer;
};

/* ---- api_realtime.c ---- */
/* A server event: begin, fields, end. */
jv *rt_ev(const char *type);
void rt_send(struct rt *s, jv *ev);              /* moved; gets event_id */
void rt_error(struct rt *s, const jv *from, const char *code, const char *param,
	      const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void rt_id(const char *head, char out[40]);
/* The name of GA, or of the beta for who asked for it. */
const char *rt_name(const struct rt *s, const char *ga);
/* Begins the conversation if need be; false: it cannot, the client was told. */
bool rt_begin(struct rt *s, bool greet);
unsigned rt_mode(const struct rt *s);

/* ---- api_realtime_session.c ---- */
void rt_session_init(struct rt *s);
jv *rt_session(const struct rt *s);
void rt_on_update(struct rt *s, const jv *ev);

/* ---- api_realtime_sound.c ---- */
void rt_sound_set(struct rt *s, enum rt_format in, enum rt_format out);
void rt_sound_done(struct rt *s);
void rt_on_append(struct rt *s, const jv *ev);
void rt_on_commit(struct rt *s, const jv *ev);
void rt_on_clear(struct rt *s, const jv *ev);
void rt_audio_out(struct rt *s, sv pcm16k);      /* of the response under way */

/* ---- api_realtime_item.c ---- */
struct rt_item *rt_item_find(struct rt *s, sv id);
/* id "" = a new one. */
struct rt_item *rt_item_add(struct rt *s, sv id, int role, bool audio, sv text);
jv *rt_item_json(const struct rt *s, const struct rt_item *it);
void rt_item_tell(struct rt *s, struct rt_item *it);     /* added (GA), created (beta) */
void rt_item_end(struct rt *s, struct rt_item *it);      /* done */
void rt_on_item_create(struct rt *s, const jv *ev);
void rt_on_item_retrieve(struct rt *s, const jv *ev);
void rt_on_item_delete(struct rt *s, const jv *ev);
void rt_on_item_truncate(struct rt *s, const jv *ev);
void rt_items_done(struct rt *s);

/* ---- api_realtime_turn.c ---- */
void rt_on_create(struct rt *s, const jv *ev);
void rt_on_cancel(struct rt *s, const jv *ev);
void rt_engine(void *arg, const struct chan_rt_ev *ev);  /* chan_realtime's on_ev */
/* status: "completed", "cancelled", "failed"; reason may be NULL. */
void rt_response_end(struct rt *s, const char *status, const char *reason);
void rt_turn_done(struct rt *s);

#endif
