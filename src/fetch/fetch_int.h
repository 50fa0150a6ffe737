/* fetch_int.h: between fetch.c (libcurl and the loop) and req.c (one request). */
#ifndef CALLM_FETCH_INT_H
#define CALLM_FETCH_INT_H

#include <curl/curl.h>
#include "fetch.h"

enum { FETCH_MAX = 1024, FETCH_HEAD_MAX = 65536 };

struct fetch {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer timer;
	struct fetch_req *all;
	struct fetch_sock *socks;
	size_t n;
	int depth;              /* inside libcurl: handles must not be added or removed */
	struct rng rng;
};

struct fetch_req {
	struct fetch *f;
	struct fetch_req *prev, *next;
	struct fetch_opts o;    /* strings point into the fields below */
	CURL *easy;
	struct curl_slist *headers;
	char *url, *method, *ca_file, *no_proxy;
	char *body;
	size_t body_n;
	struct loop_timer step; /* start of an attempt, first byte, stall */
	struct loop_timer total;
	struct sb head;
	char error[CURL_ERROR_SIZE];
	int attempt, hops;
	int status;
	int err;                /* why a callback of libcurl gave up */
	int64_t seen_ms;        /* last byte */
	size_t bytes;
	bool added, headed, swallow, delivered, canceled, denied, sent;
};

/* fetch.c */
int fetch_add(struct fetch_req *r);
void fetch_remove(struct fetch_req *r);

/* req.c */
void fetch_req_done(struct fetch_req *r, CURLcode code);
void fetch_req_free(struct fetch_req *r);

#endif
