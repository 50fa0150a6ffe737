/* api_chat_rest.c: written conversations over REST: begin, say, close; and the claim of an
 * Idempotency-Key.
 *
 * A POST to /conversations with a key first claims it in one write (table kv, by a hash of
 * address and key): the first one writes down the ids that it will use, a later one gets them
 * and so the same conversation and token. A key of a message becomes its client id, which the
 * river remembers with the row (api_chat.c). Both outlive a restart; claims go when their
 * conversation is closed, a day later at the earliest. Door's thread. */
#include "api_chat.h"

#include <sodium.h>
#include <stdio.h>

#define CLAIMS_AN_HOUR 50000
#define CLAIM_KEEP_MS (24 * 3600 * 1000LL)
#define KEY_MIN 16               /* of a key that gives a token away */
#define KEY_MAX 255

/* ---- reading what came ---- */

static bool text_or_none(const jv *v, size_t max)
{
	return jv_is_null(v) || (jv_is_str(v) && jv_as_str(v).n <= max);
}

const char *api_customer_bad(const jv *data)
{
	const jv *customer = jv_get(data, "customer");
	if (!text_or_none(jv_get(data, "language"), 32))
		return "language must be a short text such as en.";
	if (!jv_is_null(customer) && !jv_is_obj(customer))
		return "customer must be an object.";
	if (!text_or_none(jv_get(customer, "name"), 200) ||
	    !text_or_none(jv_get(customer, "phone"), 200) ||
	    !text_or_none(jv_get(customer, "email"), 200))
		return "customer.name, phone and email must be texts of at most 200 bytes.";
	if (!text_or_none(jv_get(data, "text"), SIZE_MAX))
		return "text must be a string.";
	return NULL;
}

void api_customer_read(const jv *data, struct chat_made *m)
{
	const jv *customer = jv_get(data, "customer");
	m->language = jv_get_str(data, "language");
	m->name = sv_trim(jv_get_str(customer, "name"));
	m->address = jv_get_str(customer, "phone");
	if (!m->address.n)
		m->address = jv_get_str(customer, "email");
}

/* The Idempotency-Key, empty when there is none; answers 400 and returns false for a bad one. */
static bool key_of(struct web_req *r, size_t min, sv *ret)
{
	sv key = web_req_header(r, "idempotency-key");
	bool ok = !key.n || (key.n >= min && key.n <= KEY_MAX);
	for (size_t i = 0; i < key.n; i++)
		ok &= key.p[i] > 0x20 && key.p[i] < 0x7f;
	*ret = key;
	if (!ok)
		api_problem(r, 400,
			    min > 1 ? "Idempotency-Key must be 16 to 255 visible characters "
				      "nobody can guess." :
				      "Idempotency-Key must be 1 to 255 visible characters.");
	return ok;
}

/* 0 = none: no hash is 0. */
static uint64_t hash_or_one(sv s)
{
	uint64_t h = sv_hash(s);
	return h ? h : 1;
}

static int unclaim(void *arg, struct store_db *db)
{
	struct store_stmt *st;
	int rc = store_prep(
		db, &st, "DELETE FROM kv WHERE k>='idem/' AND k<'idem0' AND substr(v,1,26)=?1");
	if (rc)
		return rc;
	store_bind_sv(st, 1, sv_of(arg));
	return store_run(st);
}

static void unclaim_done(void *arg, int err)
{
	xfree(arg);
}

void chat_unclaim(struct api *a, const char *id)
{
	char *copy = xstrdup(sv_of(id));
	if (store_write(a->o.store, unclaim, copy, NULL, unclaim_done))
		xfree(copy);
}

/* ---- beginning ---- */

struct create {
	struct api *a;
	struct web_req *r;
	jv *body;
	struct chat_msg first;       /* of the body's text; client_id in cid */
	char cid[48];
	bool talk, signed_in;
	char id[27], interaction[27];
	/* of a claim */
	char key[48], had[128];      /* had: "ID INTERACTION BODYHASH" of the one who claimed it */
	int64_t now_ms;
	const struct chan_profile *profile;  /* NULL: not identified */
};

static void create_free(struct create *c)
{
	jv_free(c->body);
	xfree(c);
}

static void create_problem(struct create *c, int status, const char *detail)
{
	api_problem(c->r, status, detail);
	create_free(c);
}

/* Only letters and '-': it becomes part of a token. */
static sv plain_language(sv s)
{
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.p[i];
		if (!(ch >= 'a' && ch <= 'z') && !(ch >= 'A' && ch <= 'Z') && ch != '-')
			return SV("");
	}
	return sv_slice(s, 0, 8);
}

/* Opened by its media socket: only names are needed now. */
static void create_talk(struct create *c)
{
	char token[API_TOKEN_MAX], subject[96];
	snprintf(subject, sizeof(subject), "%s:%s:" SV_FMT, c->id, c->interaction,
		 SV_ARG(plain_language(jv_get_str(c->body, "language"))));
	api_token_make(c->a, "media", sv_of(subject), 0, token, sizeof(token));
	jv *out = jv_obj();
	jv_set_str(out, "id", sv_of(c->id));
	jv_set_str(out, "interaction_id", sv_of(c->interaction));
	jv_set_str(out, "token", sv_of(token));
	web_reply_json(c->r, 201, out);
	create_free(c);
}

/* The request waits in the conversation for greeting and reply. */
static void create_wait(struct create *c, struct api_chat *chat)
{
	struct api_wait *x = chat_wait_add(chat, c->r, WAIT_MADE);
	int64_t seq;
	if (c->first.text.n) {
		x->client_id = xstrdup(c->first.client_id);
		int rc = chat_text(chat, &c->first, &seq);
		if (rc == ERR_EXISTS)
			chat_wait_duplicate(x, seq);
		else if (rc)
			chat_wait_problem(x, rc, "The message could not be taken; try again.");
	}
	create_free(c);
	chat_waits_check(chat);
}

static void create_new(struct create *c)
{
	int status;
	const char *why;
	struct chat_made m = { .peer = web_req_peer(c->r), .signed_in = c->signed_in, .id = c->id,
			       .interaction = c->interaction };
	if (c->talk) {
		create_talk(c);
		return;
	}
	api_customer_read(c->body, &m);
	m.profile = c->profile;
	struct api_chat *chat = chat_open(c->a, &m, &status, &why);
	if (chat) {
		create_wait(c, chat);
		return;
	}
	if (c->key[0])
		chat_unclaim(c->a, c->id);
	create_problem(c, status, why);
}

/* ---- claims ---- */

static int claim_write(void *arg, struct store_db *db)
{
	struct create *c = arg;
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO kv (k, v, updated_ms) VALUES (?1,?2,?3) ON CONFLICT "
			    "(k) DO NOTHING");
	if (rc)
		return rc;
	char mine[128];
	snprintf(mine, sizeof(mine), "%s %s %016llx", c->id, c->interaction,
		 (unsigned long long)c->first.body);
	store_bind_sv(q, 1, sv_of(c->key));
	store_bind_sv(q, 2, sv_of(mine));
	store_bind_int(q, 3, c->now_ms);
	rc = store_run(q);
	if (rc || store_changes(db) == 1)
		return rc;
	rc = store_prep(db, &q, "SELECT v FROM kv WHERE k=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(c->key));
	rc = store_step(q);
	if (rc == 1)
		snprintf(c->had, sizeof(c->had), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static void claim_again(struct create *c)
{
	char body[17];
	sv rest = sv_of(c->had), id, interaction;
	snprintf(body, sizeof(body), "%016llx", (unsigned long long)c->first.body);
	if (!sv_cut(&rest, ' ', &id) || !sv_cut(&rest, ' ', &interaction) || id.n != 26 ||
	    interaction.n != 26) {
		create_problem(c, 500, "The claim of this Idempotency-Key cannot be read.");
		return;
	}
	if (!sv_eq(rest, sv_of(body))) {
		create_problem(c, 422, "This Idempotency-Key came with another body before.");
		return;
	}
	memcpy(c->id, id.p, 26);
	memcpy(c->interaction, interaction.p, 26);
	struct api_chat *chat = c->talk ? NULL : chat_find_or_load(c->a, id);
	if (c->talk)
		create_talk(c);
	else if (chat && chat->n_waits < CHAT_WAITS)
		create_wait(c, chat);
	else
		create_problem(c, 503,
			       "Too many conversations are open, or too many requests wait in "
			       "this one.");
}

static void claim_done(void *arg, int err)
{
	struct create *c = arg;
	if (err || c->a->ending)
		create_problem(c, err ? err : 503,
			       "The request could not be written down; try again.");
	else if (c->had[0])
		claim_again(c);
	else
		create_new(c);
}

static void claim(struct create *c, sv key)
{
	unsigned char hash[16];
	crypto_generichash_state st;
	sv peer = web_req_peer(c->r);
	crypto_generichash_init(&st, NULL, 0, sizeof(hash));
	crypto_generichash_update(&st, (const unsigned char *)peer.p, peer.n);
	crypto_generichash_update(&st, (const unsigned char *)"\0create\0", 8);
	crypto_generichash_update(&st, (const unsigned char *)key.p, key.n);
	crypto_generichash_final(&st, hash, sizeof(hash));
	memcpy(c->key, "idem/", 5);
	sodium_bin2hex(c->key + 5, sizeof(c->key) - 5, hash, sizeof(hash));
	c->now_ms = clk_wall_ms();
	c->a->claims++;
	int rc = c->a->claims > CLAIMS_AN_HOUR ?
			 ERR_FULL :
			 store_write(c->a->o.store, claim_write, c, c->a->mbox, claim_done);
	if (rc)
		create_problem(c, rc, "Too many Idempotency-Keys are in use; try again.");
}

static int claims_delete(void *arg, struct store_db *db)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "DELETE FROM kv WHERE k>='idem/' AND k<'idem0' AND updated_ms<?1 "
			    "AND NOT EXISTS "
			    "(SELECT 1 FROM conversation c WHERE c.id=substr(kv.v,1,26) AND "
			    "c.state='open')");
	if (rc)
		return rc;
	store_bind_int(q, 1, clk_wall_ms() - CLAIM_KEEP_MS);
	return store_run(q);
}

void api_claims_sweep(struct api *a)
{
	a->claims = 0;
	store_write(a->o.store, claims_delete, NULL, NULL, NULL);
}

/* ---- the routes ---- */

static const char *create_bad(const jv *body, int *status)
{
	sv channel = jv_get_str(body, "channel"), text = jv_get_str(body, "text");
	const char *why = api_customer_bad(body);
	*status = 400;
	if (why)
		return why;
	if (!jv_is_null(jv_get(body, "channel")) && !sv_eq(channel, SV("webchat")) &&
	    !sv_eq(channel, SV("talk")))
		return "channel must be webchat or talk.";
	*status = 413;
	return sv_runes(text) > LIM_TEXT_MSG ? "text may have 4000 characters at most." : NULL;
}

/* customer.id says who it is: only somebody who has signed in may say so, and then it is believed.
 * Spoken conversations begin later, on a socket of the customer's own. */
static const char *identify(struct api *a, const jv *body, bool signed_in,
			    const struct chan_profile **ret, int *status)
{
	sv id = jv_get_str(jv_get(body, "customer"), "id");
	if (!id.n)
		return NULL;
	*status = 403;
	if (!signed_in)
		return "customer.id says who the customer is: sign in to say so, or leave it out.";
	*ret = a->o.profile ? a->o.profile(a->o.profile_arg, id) : NULL;
	*status = 404;
	return *ret ? NULL : "There is no customer of this id.";
}

void api_conv_create(struct web_req *r, void *arg)
{
	struct api *a = arg;
	int status;
	sv key;
	if (!key_of(r, KEY_MIN, &key))
		return;
	jv *body = api_body(r);
	if (!body)
		return;
	const char *why = create_bad(body, &status);
	bool signed_in = api_signed_in(a, r);
	const struct chan_profile *who = NULL;
	if (!why)
		why = identify(a, body, signed_in, &who, &status);
	if (!why)
		status = key.n ? 0 : api_room(a, web_req_peer(r), signed_in, &why);
	if (why && status) {
		api_problem(r, status, why);
		jv_free(body);
		return;
	}
	struct create *c = xalloc(sizeof(*c));
	*c = (struct create){ .a = a, .r = r, .body = body, .signed_in = signed_in,
			      .profile = who,
			      .talk = sv_eq(jv_get_str(body, "channel"), SV("talk")) };
	id_new(c->id);
	id_new(c->interaction);
	c->first.text = sv_trim(jv_get_str(body, "text")).n ? jv_get_str(body, "text") : SV_NULL;
	c->first.body = hash_or_one(web_req_body(r));
	c->first.key = key.n ? hash_or_one(key) : 0;
	chat_idem_id(&c->first, c->cid);
	if (!key.n)
		snprintf(c->cid, sizeof(c->cid), "%s", c->id);
	c->first.client_id = sv_of(c->cid);
	if (key.n)
		claim(c, key);
	else
		create_new(c);
}

static bool message_ok(struct web_req *r, const jv *body)
{
	sv text = jv_get_str(body, "text");
	if (sv_runes(text) > LIM_TEXT_MSG) {
		api_problem(r, 413, "text may have 4000 characters at most.");
		return false;
	}
	bool ok = sv_trim(text).n && text_or_none(jv_get(body, "client_id"), 128);
	if (!ok)
		api_problem(r, 400,
			    "Give text, what the customer says, and at most 128 bytes of "
			    "client_id.");
	return ok;
}

/* The chat a request may wait in; answers and returns NULL otherwise. */
static struct api_chat *chat_for(struct api *a, struct web_req *r, sv id)
{
	struct api_chat *c = chat_find_or_load(a, id);
	if (c && c->n_waits < CHAT_WAITS)
		return c;
	if (c)
		api_problem(r, 429, "Too many requests wait in this conversation.");
	else
		api_problem(r, 503, "Too many conversations are open; try again soon.");
	return NULL;
}

static void say(struct api_chat *c, struct web_req *r, const struct chat_msg *m)
{
	struct api_wait *x = chat_wait_add(c, r, WAIT_REPLY);
	x->client_id = xstrdup(m->client_id);
	int64_t seq = 0;
	int rc = chat_text(c, m, &seq);
	if (rc == ERR_EXISTS)
		chat_wait_duplicate(x, seq);
	else if (rc == ERR_CONFLICT)
		chat_wait_problem(x, 422, "This Idempotency-Key came with another body before.");
	else if (rc)
		chat_wait_problem(x, rc, "The message could not be taken; try again.");
}

void api_conv_message(struct web_req *r, void *arg)
{
	struct api *a = arg;
	sv id = web_req_param(r, "id"), key;
	if (!api_need_customer(a, r, id) || !key_of(r, 1, &key))
		return;
	jv *body = api_body(r);
	struct api_chat *c = body && message_ok(r, body) ? chat_for(a, r, id) : NULL;
	if (!c) {
		jv_free(body);
		return;
	}
	char made[48];
	struct chat_msg m = { .text = jv_get_str(body, "text"),
			      .client_id = jv_get_str(body, "client_id"),
			      .key = key.n ? hash_or_one(key) : 0,
			      .body = hash_or_one(web_req_body(r)) };
	if (key.n)
		chat_idem_id(&m, made);
	else
		id_new(made);
	if (!m.client_id.n)
		m.client_id = sv_of(made);
	say(c, r, &m);
	jv_free(body);
}

/* Closing a closed one is fine; the answer comes when the end is on disk. */
void api_conv_close(struct web_req *r, void *arg)
{
	struct api *a = arg;
	sv id = web_req_param(r, "id");
	if (!api_need_customer(a, r, id))
		return;
	struct api_chat *c = chat_for(a, r, id);
	if (!c)
		return;
	chat_wait_add(c, r, WAIT_CLOSED);
	chat_close(c);
}
