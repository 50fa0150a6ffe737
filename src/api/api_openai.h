/* api_openai.h: the agent as a model for OpenAI clients: what the files behind
 * /v1/chat/completions share. Door's thread, except where a function says otherwise.
 *
 *	oai_req_read(&q, body, owner)     a request, checked; or an error that is answered
 *	oai_route(call)                   a function of the client's, or one real turn of the
 *	                                  engine in a conversation (oai_turn_start)
 *	oai_call_answer(call, &answer)    JSON at once, or the last chunks of a stream
 */
#ifndef CALLM_API_OPENAI_H
#define CALLM_API_OPENAI_H

#include "api_int.h"
#include "model.h"

#define OAI_MODEL "callm"
#define OAI_MSGS 256             /* messages of one request */
#define OAI_TOOLS 64             /* functions of one request */
#define OAI_CALLS 8              /* functions asked for in one answer */
#define OAI_CONVS 256            /* conversations kept for a next request */
#define OAI_RUNNING 256          /* requests under way */
#define OAI_NAME 64              /* bytes of a function's name */

struct oai_problem {
	int status;              /* 0 = none */
	const char *code, *param;
	char msg[400];
};
enum oai_choice { OAI_AUTO, OAI_NONE, OAI_MUST };
struct oai_tool {
	sv name, description;
	const jv *schema;        /* of the arguments; may be NULL: none are taken */
};
/* A request as read. Views into body and arena, both owned. */
struct oai_req {
	jv *body;
	struct arena arena;
	char owner[96];          /* whose key it came with: "key:shop", "user:admin" */
	struct llm_msg *msgs;
	size_t n;
	size_t first_new;        /* what follows the conversation so far begins here */
	sv text;                 /* the last thing the customer said */
	sv user, conversation, lang;
	uint64_t prefix;         /* stable hash of owner, user and messages before first_new */
	struct oai_tool *tools;
	size_t n_tools;
	enum oai_choice choice;
	bool parallel;           /* several calls in one answer are allowed */
	const jv *schema;        /* the answer is JSON of it */
	bool stream, usage;      /* usage: a last chunk with it */
	int max_tokens;
	double temperature;
};

/* ---- api_openai_req.c ---- */
/* Reads and checks; body is moved. false: p says what is wrong; q is to be freed all the same. */
bool oai_req_read(struct oai_req *q, jv *body, const char *owner, struct oai_problem *p);
void oai_req_done(struct oai_req *q);
bool oai_problem(struct oai_problem *p, int status, const char *param, const char *code,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Goes on with the hash of a conversation: one more message of it. */
uint64_t oai_hash_start(const struct oai_req *q);
uint64_t oai_hash_msg(uint64_t h, const struct llm_msg *m);

/* ---- api_openai_tool.c: pure; which function, with which arguments, without a model ---- */
struct oai_words {               /* where arguments may come from, newest first */
	const sv *v;
	size_t n;
};
/* Do the words of the text speak of this function? 0 = no; more = better. */
double oai_tool_fit(const struct oai_tool *t, sv text);
/* Arguments by schema, from the words only: nothing is invented. true: args is a JSON object
 * with all that is required. false: *ret_missing is the first required one that the words do
 * not give, *ret_says its description. */
bool oai_tool_fill(const struct oai_tool *t, const struct oai_words *w, struct sb *args,
		   sv *ret_missing, sv *ret_says);
/* The client's function for something that the engine does itself ("handoff", "end"), or NULL. */
const struct oai_tool *oai_tool_for(const struct oai_req *q, sv action);
/* "order_id" as people say it: "order id". */
void oai_tool_spoken(sv name, struct sb *out);
/* A function's result in words. */
void oai_tool_result(sv text, sv lang, struct sb *out);
/* Is every value with three digits or more in said? (dates excepted) */
bool oai_tool_said(const jv *args, sv said);

/* ---- api_openai.c ---- */
struct oai_conv;
struct oai_call {                /* a request under way */
	struct api_due due;      /* first */
	struct api *a;
	struct web_req *r;       /* NULL once answered */
	struct oai_req q;
	struct oai_conv *c;      /* NULL: no conversation needed so far */
	struct oai_call *next, *prev;
	struct oai_job *job;     /* a model at work for it */
	char id[40];             /* "chatcmpl-..." */
	char cid[27];            /* the client id of its text */
	int64_t created_s;
	bool acked, begun;       /* begun: the stream's head is out */
	int turn;                /* of its text, -1 = unknown */
	struct sb sent;          /* text streamed so far */
	jv *reply;               /* the reply's row */
	struct llm_usage used;   /* of a model asked directly */
};
struct oai_tool_call {
	sv name, args;
};
struct oai_answer {
	sv text;                 /* empty = null, with calls only */
	const struct oai_tool_call *calls;
	size_t n_calls;
	const char *refusal;     /* instead of text */
	const char *finish;      /* "stop", "tool_calls", "length" */
	const jv *row;           /* the reply's row (body, turn), or NULL */
	struct llm_usage used;   /* all 0: estimated */
};
void api_openai_models(struct web_req *r, void *arg);
void api_openai_model(struct web_req *r, void *arg);
void api_openai_chat(struct web_req *r, void *arg);
void oai_turn_start(struct oai_call *x);
void oai_call_fail(struct oai_call *x, int status, const char *code, const char *why);
void oai_call_refuse(struct oai_call *x, const struct oai_problem *p);
void oai_call_answer(struct oai_call *x, struct oai_answer *y);
const char *oai_conv_id(const struct oai_conv *c);

/* ---- api_openai_out.c ---- */
/* {error: {message, type, param, code}} with the headers the status asks for. */
void oai_error(struct web_req *r, const struct oai_problem *p);
void oai_delta(struct oai_call *x, sv text);
/* Sends the answer, or what is missing of a stream; x->r is dead afterwards. */
void oai_send(struct oai_call *x, const struct oai_answer *y);
void oai_send_error(struct oai_call *x, const struct oai_problem *p);
#define OAI_CALL_ID 64
void oai_call_id(const struct oai_call *x, size_t i, char out[OAI_CALL_ID]);
/* Tokens of a text, estimated: four letters one, a Chinese character one. */
int oai_tokens(sv text);

/* ---- api_openai_model.c: a language model asked directly (functions, JSON) ---- */
/* true: oai_job_over follows; false: no shard has room. */
bool oai_job_start(struct oai_call *x);
void oai_job_drop(struct oai_call *x);          /* nobody waits any more */
struct oai_result {              /* views valid during oai_job_over */
	int err;                 /* ERR_NOTFOUND: there is no model here */
	bool doubt;              /* it asked for what was not said */
	bool ungrounded;         /* its text is not to be passed on */
	sv text;
	const struct oai_tool_call *calls;
	size_t n_calls;
	struct llm_usage used;
};

/* ---- api_openai_call.c: which way a request goes ---- */
void oai_route(struct oai_call *x);
/* The turn of the engine is over: its reply, or the client's function for what it wants. */
void oai_turn_over(struct oai_call *x);
void oai_job_over(struct oai_call *x, const struct oai_result *r);
/* Without a model (any more): functions by the words alone, else the engine's turn. */
void oai_by_words(struct oai_call *x);

#endif
