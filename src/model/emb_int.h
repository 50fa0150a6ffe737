/* emb_int.h: what emb.c offers to its backends, and the frames between emb_local.c and the
 * program callm-embed; private to model. */
#ifndef CALLM_MODEL_EMB_INT_H
#define CALLM_MODEL_EMB_INT_H

#include "breaker.h"
#include "model.h"

enum {
	EMB_TEXTS_MAX = 1024,     /* of one request */
	EMB_TEXT_BYTES = 16384,   /* of one text; the rest is not looked at */
	EMB_WAITING_MAX = 8192,   /* texts of all requests under way */
	EMB_DIM_MAX = 8192,
	EMB_TOTAL_MS = 12000,     /* a query; passages get ten times as long */
};

/* Frames (worker.h: u32 little-endian; floats as in memory). */
enum emb_frame {
	WF_EMBED = 'B',  /* parent: id, side, n, then n times length, bytes */
	WF_VECTOR = 'V', /* child: id, index, floats */
	/* WF_READY: {"dim":384,"kernels":"avx2","query_ms":3} or {"error"}; WF_CANCEL: id;
	   WF_END: id, err */
};

struct emb_ops {
	const char *kind;
	int (*open)(struct emb *m, const struct model_spec *s, struct err *e);
	/* Texts are r->texts; emb_put and emb_end answer, never from inside start. */
	int (*start)(struct emb_run *r);
	void (*cancel)(struct emb_run *r); /* lets go of r; also called when it ended */
	void (*close)(struct emb *m);
};

struct emb {
	const struct emb_ops *ops;
	struct loop *loop;
	char *name;
	int dim;
	int total_ms;
	int wait_ms; /* emb_wait_ms */
	struct emb_run *runs, **tail; /* oldest first */
	size_t waiting;               /* texts */
	struct breaker breaker;
	bool breaks;                  /* it uses that */
	void *priv;
};

/* An obj. */
struct emb_run {
	struct emb *m;
	struct emb_run *next;
	struct emb_cb cb;
	void *arg;
	enum emb_side side;
	sv *texts; /* own copies */
	char *bytes;
	size_t n, n_put;
	int dim;
	float *v;
	bool *have;
	bool dead;
	struct loop_timer late;
	void *priv; /* the backend's */
};

/* The vector of text i, brought to length one here. A wrong length or no number ends the run:
 * false, the run is gone. */
bool emb_put(struct emb_run *r, size_t i, const float *v, int dim);
/* 0: all vectors came (else it is ERR_UPSTREAM). */
void emb_end(struct emb_run *r, int err);
/* The process of a local model, 0 while it is being restarted and for remote ones. */
int emb_worker_pid(const struct emb *m);
void emb_set_name(struct emb *m, const char *kind, sv model);

void emb_set_pace(struct emb *m, int query_ms); /* how long a question takes; 0 not known */

extern const struct emb_ops emb_e5, emb_llama, emb_openai;

#endif
