/* Unit tests of SIP over TLS: two telephones, certificates made here. */
#define ERR_STATE openssl_err_state /* a type of OpenSSL's, a code of ours */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#undef ERR_STATE

#include "t_tel_world.h"

struct cert {
	EVP_PKEY *key;
	X509 *x;
	char file[300], key_file[300];
};

static void pem(struct cert *c, const char *name)
{
	FILE *f;

	snprintf(c->file, sizeof(c->file), "%s/%s.pem", t_tmpdir(), name);
	snprintf(c->key_file, sizeof(c->key_file), "%s/%s.key", t_tmpdir(), name);
	f = fopen(c->file, "w");
	PEM_write_X509(f, c->x);
	fclose(f);
	f = fopen(c->key_file, "w");
	PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
}

/* A certificate of an hour, signed by ca, or by itself when ca is NULL. */
static void make(struct cert *c, const char *name, const struct cert *ca)
{
	static long serial = 1;
	X509_NAME *n;

	c->key = EVP_EC_gen("P-256");
	c->x = X509_new();
	X509_set_version(c->x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c->x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(c->x), -60);
	X509_gmtime_adj(X509_getm_notAfter(c->x), 3600);
	X509_set_pubkey(c->x, c->key);
	n = X509_get_subject_name(c->x);
	X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(c->x, ca ? X509_get_subject_name(ca->x) : n);
	if (!ca) { /* may sign others */
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
							  "critical,CA:TRUE");

		X509_add_ext(c->x, ext, -1);
		X509_EXTENSION_free(ext);
	}
	X509_sign(c->x, ca ? ca->key : c->key, EVP_sha256());
	pem(c, name);
}

static void drop(struct cert *c)
{
	EVP_PKEY_free(c->key);
	X509_free(c->x);
}

static int dial_tls(struct world *w, bool sips)
{
	char uri[100];

	snprintf(uri, sizeof(uri), "%s:x@127.0.0.1:%d%s", sips ? "sips" : "sip",
		 tel_tls_port(w->a.tel), sips ? "" : ";transport=tls");
	return tel_dial(w->b.tel, &(struct tel_dial_opts){ .uri = uri }, w->loop, w->box, &w_cb,
			&w->b, &w->b.leg, NULL);
}

TEST(tel_over_tls)
{
	for (int i = 0; i < 2; i++) {
		struct world w;

		w_init(&w);
		w.a.o.tls_port = w.b.o.tls_port = -1;
		w.a.say_hz = 700;
		OK(w_open(&w));
		CHECK(tel_tls_port(w.a.tel) > 0);
		CHECK(tel_tls_port(w.a.tel) != tel_port(w.a.tel));
		OK(dial_tls(&w, i));
		CHECK(t_wait(w.loop, w_both_up, &w, 5000));
		CHECK(w.a.leg->m.srtp && w.b.leg->m.srtp); /* the sound is encrypted too */
		tel_leg_hold(w.a.leg, true); /* goes back over the same connection */
		for (int k = 0; k < 200 && !w.b.held; k++)
			loop_run_once(w.loop, 10);
		EQ(w.b.held, 1);
		tel_leg_hangup(i ? w.a.leg : w.b.leg, 0);
		CHECK(t_wait(w.loop, w_both_closed, &w, 3000));
		EQ(w.a.status, 200);
		w_done(&w);
	}
}

/* With a CA each side must show a certificate by it. */
TEST(tel_tls_peers_prove_themselves)
{
	struct cert ca, a, b, stranger;

	make(&ca, "ca", NULL);
	make(&a, "a", &ca);
	make(&b, "b", &ca);
	make(&stranger, "stranger", NULL);
	for (int i = 0; i < 3; i++) {
		const struct cert *is_a = i == 1 ? &stranger : &a;
		const struct cert *is_b = i == 2 ? &stranger : &b;
		struct world w;

		w_init(&w);
		w.a.o.tls_port = w.b.o.tls_port = -1;
		w.a.o.tls_ca = w.b.o.tls_ca = ca.file;
		if (i == 2) /* TLS 1.3: it learns only by silence that it was not let in */
			w.b.o.ring_timeout_ms = 500;
		w.a.o.tls_cert = is_a->file;
		w.a.o.tls_key = is_a->key_file;
		w.b.o.tls_cert = is_b->file;
		w.b.o.tls_key = is_b->key_file;
		OK(w_open(&w));
		OK(dial_tls(&w, true));
		CHECK(t_wait(w.loop, i ? w_b_closed : w_both_up, &w, 5000));
		EQ(w.a.invites, i ? 0 : 1);
		CHECK(!i || w.b.status >= 400);
		w_done(&w);
	}
	drop(&ca);
	drop(&a);
	drop(&b);
	drop(&stranger);
}

TEST(tel_tls_explains_bad_files)
{
	struct cert a, b;
	struct tel_opts o;
	struct tel *t;
	struct err e;

	make(&a, "one", NULL);
	make(&b, "two", NULL);
	tel_defaults(&o);
	o.tls_port = -1;
	o.tls_cert = "/nowhere/cert.pem";
	EQ(tel_open(&t, &o, NULL, NULL, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "/nowhere/cert.pem");
	o.tls_cert = a.file;
	o.tls_key = b.key_file; /* of another certificate */
	EQ(tel_open(&t, &o, NULL, NULL, &e), ERR_INVAL);
	HAS(sv_of(e.msg), b.key_file);
	o.tls_key = a.key_file;
	o.tls_ca = a.key_file; /* no certificate in it */
	EQ(tel_open(&t, &o, NULL, NULL, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "CA");
	o.tls_ca = NULL;
	o.tls_port = 70000;
	EQ(tel_open(&t, &o, NULL, NULL, &e), ERR_INVAL);
	drop(&a);
	drop(&b);
}

/* "sips:" is never dialled in the clear, whatever its parameters say. */
TEST(tel_sips_is_always_tls)
{
	struct world w;
	struct raw r;
	char uri[80];

	w_init(&w);
	OK(w_open_side(&w, &w.b));
	raw_open(&r, w.b.tel, "127.0.0.1");
	snprintf(uri, sizeof(uri), "sips:x@127.0.0.1:%d;Transport=udp;user=phone", r.port);
	OK(tel_dial(w.b.tel, &(struct tel_dial_opts){ .uri = uri }, w.loop, w.box, &w_cb, &w.b,
		    &w.b.leg, NULL));
	CHECK(t_wait(w.loop, w_b_closed, &w, 2000));
	EQ(w.b.status, 503); /* no TLS here */
	CHECK(!raw_recv(&r, w.loop, 20));
	close(r.fd);
	w_done(&w);
}
