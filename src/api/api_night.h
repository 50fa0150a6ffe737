/* api_night.h: routes of the nights of the night school (api_night.c). Private to api. */
#ifndef CALLM_API_NIGHT_H
#define CALLM_API_NIGHT_H

struct web_req;
void api_nights(struct web_req *r, void *arg);
void api_night(struct web_req *r, void *arg);
void api_night_back(struct web_req *r, void *arg);

#endif
