/* api_ticket.h: handlers of tickets; private to the api. */
#ifndef CALLM_API_TICKET_H
#define CALLM_API_TICKET_H

#include "api_int.h"

void api_tickets(struct web_req *r, void *arg);
void api_ticket_open(struct web_req *r, void *arg);
void api_ticket_board(struct web_req *r, void *arg);
void api_ticket_get(struct web_req *r, void *arg);
void api_ticket_patch(struct web_req *r, void *arg);
void api_ticket_note(struct web_req *r, void *arg);
void api_ticket_state(struct web_req *r, void *arg);
void api_ticket_link(struct web_req *r, void *arg);
void api_calendars(struct web_req *r, void *arg);

#endif
