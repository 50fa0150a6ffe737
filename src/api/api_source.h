/* api_source.h: handlers of the sources of knowledge; private to the api. */
#ifndef CALLM_API_SOURCE_H
#define CALLM_API_SOURCE_H

#include "api_int.h"

void api_sources(struct web_req *r, void *arg);
void api_source_add(struct web_req *r, void *arg);
void api_source_get(struct web_req *r, void *arg);
void api_source_delete(struct web_req *r, void *arg);
void api_source_sync(struct web_req *r, void *arg);
void api_source_docs(struct web_req *r, void *arg);
void api_source_doc_delete(struct web_req *r, void *arg);
void api_upload(struct web_req *r, void *arg);

#endif
