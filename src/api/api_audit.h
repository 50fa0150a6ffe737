/* api_audit.h: who looked at what and who changed what (docs/access.md). Private to the api.
 *
 *	api_audit_begin(a, r, "customer.write", &u, true);      before the handler
 *	api_audit_about(r, new_id);                             what it turned out to be about
 *
 * A change is in the river before it is made: audit.asked goes to the scribe ahead of
 * everything that the handler writes. The outcome, audit.done, and the one row of a look,
 * audit.look, are on disk before the answer leaves. Door's thread, unless said. */
#ifndef CALLM_API_AUDIT_H
#define CALLM_API_AUDIT_H

#include "api_people.h"

/* A request of somebody who is signed in, for permission what; may: they have it. false:
 * answered 503, because the change could not be written down. */
bool api_audit_begin(struct api *a, struct web_req *r, const char *what, const struct api_user *u,
		     bool may);
/* One row when r is answered: who is "user:mei", "key:shop"; what is no permission but a word. */
void api_audit_look(struct api *a, struct web_req *r, const char *what, sv who, sv role);
/* What the request is about, where the path does not say. */
void api_audit_about(struct web_req *r, sv subject);
/* The same by a name that a person gave to a thing of the company, in any language: personal data
 * in it is masked, its end is cut. */
void api_audit_named(struct web_req *r, sv name);
/* For web_srv_opts.hold. */
int api_audit_hold(struct web_req *r, int status, void *arg);
/* A socket was opened: its row is handed to the scribe. */
void api_audit_socket(struct api *a, struct web_req *r, const char *what, const struct api_user *u);

/* The same for orders that come as frames. asked: false = not written, refuse. done: answers
 * the socket once the outcome is on disk. */
bool api_audit_op(struct api_op *op);
void api_audit_op_done(const struct api_op *op, int status, sv json, const char *detail);

void api_audit_list(struct web_req *r, void *arg);
void api_audit_verify_post(struct web_req *r, void *arg);

#endif
