/* api_forecast.h: handlers of forecasts and staffing; private to the api. */
#ifndef CALLM_API_FORECAST_H
#define CALLM_API_FORECAST_H

#include "api_int.h"

void api_forecast(struct web_req *r, void *arg);
void api_staffing(struct web_req *r, void *arg);

#endif
