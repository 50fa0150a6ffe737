/* app_sheet.h: a report as a spreadsheet. Private to app. */
#ifndef CALLM_APP_SHEET_H
#define CALLM_APP_SHEET_H

#include "base.h"

struct ins_table;
/* XLSX (ECMA-376) into out: a heading, a line a row, a total; percentages, durations and money
 * as numbers with their format. Any thread. ERR_IO, ERR_TOOBIG (a sheet has 1,048,576 rows). */
int app_sheet(const struct ins_table *t, bool zh, struct sb *out);

#endif
