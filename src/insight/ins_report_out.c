/* ins_report_out.c: a table as JSON and as CSV. */
#include "ins_table_int.h"

#include <math.h>
#include <stdio.h>

static const char *const titles[INS_ALL_DIMS][2] = {
	[INS_QUEUE] = { "队列", "Queue" },	   [INS_AGENT] = { "坐席", "Agent" },
	[INS_CHANNEL] = { "渠道", "Channel" },	   [INS_TOPIC] = { "主题", "Topic" },
	[INS_LANGUAGE] = { "语言", "Language" },   [INS_CAMPAIGN] = { "活动", "Campaign" },
	[INS_TIME_OF] = { "时间", "Time" },	   [INS_HOUR_OF] = { "小时", "Hour" },
	[INS_WEEKDAY_OF] = { "星期", "Weekday" },
};

static const char *dim_name(int d)
{
	return d < INS_DIMS ? ins_dim_name(d) : ins_time_dims[d - INS_TIME_OF];
}

size_t ins_table_rows(const struct ins_table *t)
{
	return t->group.n;
}

size_t ins_table_dims(const struct ins_table *t)
{
	return t->n_dims;
}

size_t ins_table_metrics(const struct ins_table *t)
{
	return t->n_metrics;
}

sv ins_table_dim_name(const struct ins_table *t, size_t d)
{
	return sv_of(dim_name(t->dim[d]));
}

const char *ins_table_dim_title(const struct ins_table *t, size_t d, bool zh)
{
	return titles[t->dim[d]][zh ? 0 : 1];
}

int ins_table_metric(const struct ins_table *t, size_t k)
{
	return t->metric[k];
}

sv ins_table_key(const struct ins_table *t, size_t row, size_t d)
{
	return t->group.v[row].word[d];
}

bool ins_table_value(const struct ins_table *t, size_t row, size_t k, double *ret)
{
	const struct ins_value *v = row == t->group.n ? t->total : t->group.v[row].value;
	*ret = v[k].v;
	return v[k].there;
}

static void put_value(struct sb *out, const struct ins_value *v)
{
	if (!v->there)
		sb_cstr(out, "null");
	else if (v->v == floor(v->v) && fabs(v->v) < 1e15)
		sb_fmt(out, "%.0f", v->v);
	else
		sb_fmt(out, "%.12g", v->v);
}

static void put_values(struct sb *out, const struct ins_table *t, const struct ins_value *v)
{
	sb_ch(out, '[');
	for (size_t k = 0; k < t->n_metrics; k++) {
		sb_cstr(out, k ? "," : "");
		put_value(out, &v[k]);
	}
	sb_ch(out, ']');
}

void ins_table_json(const struct ins_table *t, struct sb *out)
{
	sb_fmt(out, "{\"from\":\"%s\",\"to\":\"%s\",\"zone\":\"%s\",\"dims\":[", t->from, t->to,
	       t->zone);
	for (size_t d = 0; d < t->n_dims; d++)
		sb_fmt(out, "%s\"%s\"", d ? "," : "", dim_name(t->dim[d]));
	sb_fmt(out, "],\"columns\":%s,\"metrics\":[", t->columns ? "true" : "false");
	for (size_t k = 0; k < t->n_metrics; k++)
		sb_fmt(out, "%s\"%s\"", k ? "," : "", ins_metric_name(t->metric[k]));
	sb_cstr(out, "],\"rows\":[");
	for (size_t g = 0; g < t->group.n; g++) {
		sb_cstr(out, g ? ",{\"key\":[" : "{\"key\":[");
		for (size_t d = 0; d < t->n_dims; d++) {
			sb_cstr(out, d ? "," : "");
			sb_json(out, t->group.v[g].word[d]);
		}
		sb_cstr(out, "],\"values\":");
		put_values(out, t, t->group.v[g].value);
		sb_ch(out, '}');
	}
	sb_cstr(out, "],\"total\":");
	put_values(out, t, t->total);
	sb_fmt(out, ",\"cut\":%s}", t->cut ? "true" : "false");
}

/* ---- CSV ---- */

/* A text that a spreadsheet would take for a formula begins with an apostrophe. */
static void put_text(struct sb *out, sv s)
{
	bool formula = s.n && strchr("=+-@\t\r", s.p[0]);
	sb_ch(out, '"');
	if (formula)
		sb_ch(out, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			sb_ch(out, '"');
		sb_ch(out, s.p[i]);
	}
	sb_ch(out, '"');
}

void ins_table_csv(const struct ins_table *t, bool zh, struct sb *out)
{
	static const char *const suffix[] = { "", " %", " (ms)", "", "", "" };
	sb_cstr(out, "\xef\xbb\xbf");
	for (size_t d = 0; d < t->n_dims; d++) {
		put_text(out, sv_of(titles[t->dim[d]][zh ? 0 : 1]));
		sb_ch(out, ',');
	}
	for (size_t k = 0; k < t->n_metrics; k++) {
		char head[160];
		(void)snprintf(head, sizeof(head), "%s%s", ins_metric_title(t->metric[k], zh),
			       suffix[ins_metric_unit(t->metric[k])]);
		put_text(out, sv_of(head));
		sb_cstr(out, k + 1 < t->n_metrics ? "," : "\r\n");
	}
	for (size_t g = 0; g <= t->group.n; g++) {
		bool total = g == t->group.n;
		const struct ins_value *v = total ? t->total : t->group.v[g].value;
		for (size_t d = 0; d < t->n_dims; d++) {
			put_text(out, !total ? t->group.v[g].word[d] :
				 d	     ? SV("") : zh ? SV("合计") : SV("Total"));
			sb_ch(out, ',');
		}
		for (size_t k = 0; k < t->n_metrics; k++) {
			if (v[k].there)
				put_value(out, &v[k]);
			sb_cstr(out, k + 1 < t->n_metrics ? "," : "\r\n");
		}
	}
}
