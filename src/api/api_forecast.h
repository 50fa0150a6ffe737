/* api_forecast.h: handlers of forecasts and staffing; private to the api. */
#ifndef CALLM_API_FORECAST_H
#define CALLM_API_FORECAST_H

#include "api_int.h"

struct ins_forecast_ask;

void api_forecast(struct web_req *r, void *arg);
void api_staffing(struct web_req *r, void *arg);

/* What a queue promises, where nothing else is asked (goal 0, within_s -1), and when it is open;
 * f->hours is a reference. */
void api_forecast_of_queue(struct api *a, struct ins_forecast_ask *f);

#endif
