/* learn_report.c: a night in plain words, Chinese or English, as one HTML file with drawn bars
 * or as Markdown. Made of the night's result alone: names of intents, queues and rows of the
 * strategy, and numbers; nobody's words and nobody's name. Pure. */
#include "learn_night_int.h"

#include <math.h>
#include <stdio.h>

struct page {
	struct sb *b;
	bool zh, html;
};

static const char *say(const struct page *g, const char *en, const char *zh)
{
	return g->zh ? zh : en;
}

static void put(const struct page *g, sv s)
{
	if (g->html)
		sb_html(g->b, s);
	else
		sb_put(g->b, s);
}

static void heading(const struct page *g, int level, sv text)
{
	if (g->html)
		sb_fmt(g->b, "<h%d>", level);
	else
		sb_cstr(g->b, level == 1 ? "# " : "## ");
	put(g, text);
	if (g->html)
		sb_fmt(g->b, "</h%d>\n", level);
	else
		sb_cstr(g->b, "\n\n");
}

static void paragraph(const struct page *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void paragraph(const struct page *g, const char *fmt, ...)
{
	char text[1200];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sb_cstr(g->b, g->html ? "<p>" : "");
	put(g, sv_of(text));
	sb_cstr(g->b, g->html ? "</p>\n" : "\n\n");
}

#define SAY(g, english, chinese, ...) \
	((g)->zh ? paragraph(g, chinese, __VA_ARGS__) : paragraph(g, english, __VA_ARGS__))

/* ---- words ---- */

static const struct word {
	const char *key, *en, *zh;
} tasks[] = {
	{ "intents", "Recognising what customers want", "识别客户意图" },
	{ "calibration", "How sure the recognition may be", "把握程度的校准" },
	{ "moods", "Recognising moods", "情绪识别" },
	{ "forecast", "Forecast", "话务预测" },
	{ "policy", "Service strategy", "服务策略" },
	{ "choice", "Which way fits whom", "哪种做法适合哪种情形" },
}, whys[] = {
	{ "better", "The new one is better for certain and is in use from now on; the old "
	  "one is "
		    "kept and can be taken back.",
	  "新模型确实更好，已经启用；旧模型保留，可以随时换回。" },
	{ "no_better", "The new one is no better. The old one stays.",
	  "新模型没有更好，继续使用旧模型。" },
	{ "not_certain", "The new one looks a little better, but that may be chance. The "
	  "old one stays.",
	  "新模型看起来略好，但可能只是偶然，继续使用旧模型。" },
	{ "lost_intent", "The new one is better on average, but understands one kind of "
	  "request worse: "
			 "the old one stays. Labels of that kind may be wrong.",
	  "新模型平均更好，但有一类请求明显变差，"
	  "因此继续使用旧模型。这一类的标注可能有误。" },
	{ "scope", "The new one mistakes more requests for none of ours, or the other way "
	  "round: the old "
		   "one stays.",
	  "新模型更容易把请求误判为业务范围外（或相反），"
	  "因此继续使用旧模型。" },
	{ "calibration", "The new one is likelier right but less honest about how sure it "
	  "is: the old one "
			 "stays.",
	  "新模型对自己的把握估计得不够准，因此继续使用旧模型。" },
	{ "no_labels", "Nothing was tried: nobody has labelled turns yet.",
	  "没有可学的内容：还没有人标注过客户的话。" },
	{ "few_rows", "Nothing was tried: too few labelled turns (30 on the held-back "
	  "days and 10 before "
		      "them are needed).",
	  "没有尝试：标注太少（留出的日子里至少要 30 条，"
	  "之前至少 10 条）。" },
	{ "one_day", "Nothing was tried: all labelled turns are of one day, so none could "
	  "be held back.",
	  "没有尝试：所有标注都在同一天，无法留出日子来检验。" },
	{ "failed", "It could not be done.", "没有做成。" },
	{ "few_days", "Too few days with numbers for a forecast.",
	  "有数据的日子太少，无法预测。" },
	{ "few_counts", "Too little comes a day to choose by: the calendar model is used.",
	  "每天的量太少，无法比较；使用日历方法。" },
	{ "best_yet", "The model in use is still the best of all that were tried.",
	  "现用的方法仍是所有试过的方法中最好的。" },
	{ "chosen", "This model was the best of all on the last weeks and is used from now on.",
	  "这个方法在最近几周的检验中最好，从现在起使用。" },
	{ "few_decisions", "Too few decisions were tried both ways to say anything.",
	  "两种做法试得都太少，还不能下结论。" },
	{ "way_not_certain", "The other way looks better, but that may be chance.",
	  "另一种做法看起来更好，但可能只是偶然。" },
	{ "way_no_better", "The other way is no better.", "另一种做法没有更好。" },
	{ "choice_better", "Choosing by the situation does better for certain than what is in use. "
	  "It is let in step by step from now on; the page Learning shows it and can stop it.",
	  "按情形选择确实比现在的做法更好，从现在起逐步放开；可在“学习”页面查看或停止。" },
	{ "choice_not_certain", "Choosing by the situation looks better, but that may be chance. "
	  "All stays as it is.",
	  "按情形选择看起来更好，但可能只是偶然，继续现在的做法。" },
	{ "choice_no_better", "Choosing by the situation is no better. All stays as it is.",
	  "按情形选择没有更好，继续现在的做法。" },
	{ "choice_same", "The new model would choose as it is done now.",
	  "新模型的选择与现在的做法相同。" },
	{ "choice_tried", "A model is being let in; no other is put forward until that is decided.",
	  "已有一个模型正在逐步放开，在此之前不再提出新的。" },
	{ "choice_held", "The last model was stopped, taken back or brought nothing; no other "
	  "begins until a person lets it begin again (page Learning).",
	  "上一个模型被停止、收回或没有提升；在有人重新开始之前不再提出新的（“学习”页面）。" },
	{ "choice_shares", "The ways were not taken as often as the record says, so it is not to "
	  "be judged by. All stays as it is.",
	  "各做法被采用的次数与记录的概率不符，不能据此判断，继续现在的做法。" },
	{ "way_better", "The other way does better for certain. Its roll-out goes on by "
	  "itself; the page Learning shows it and can stop it.",
	  "另一种做法确实更好。它的试行会自动继续，"
	  "可在“学习”页面查看或停止。" },
};

static sv word(const struct page *g, const struct word *w, size_t n, sv key)
{
	for (size_t i = 0; i < n; i++)
		if (sv_eq(key, sv_of(w[i].key)))
			return sv_of(say(g, w[i].en, w[i].zh));
	return key;
}
#define WORD(g, list, key) word(g, list, sizeof(list) / sizeof(*(list)), key)

/* ---- bars: pairs of numbers from 0 to the greatest ---- */

struct bar {
	sv name;
	double was, now;
};

static void one_bar(struct sb *b, double y, double share, const char *colour, double value,
		    bool percent)
{
	sb_fmt(b, "<rect x=\"190\" y=\"%.0f\" width=\"%.1f\" height=\"9\" fill=\"%s\"/>", y,
	       340 * share, colour);
	sb_fmt(b, percent ? "<text x=\"%.1f\" y=\"%.0f\">%.1f %%</text>" :
			    "<text x=\"%.1f\" y=\"%.0f\">%.1f</text>",
	       196 + 340 * share, y + 9, percent ? 100 * value : value);
}

/* Markdown: a table. */
static void table(const struct page *g, const struct bar *v, size_t n, bool percent,
		  const char *was, const char *now)
{
	double k = percent ? 100 : 1;
	sb_fmt(g->b, "| | %s | %s |\n|---|---:|---:|\n", was, now);
	for (size_t i = 0; i < n; i++)
		sb_fmt(g->b, "| " SV_FMT " | %.1f%s | %.1f%s |\n",
		  SV_ARG(v[i].name), k * v[i].was,
		       percent ? " %" : "", k * v[i].now, percent ? " %" : "");
	sb_ch(g->b, '\n');
}

static void bars(const struct page *g, const struct bar *v, size_t n, bool percent, const char *was,
		 const char *now)
{
	double most = percent ? 1 : 1e-9;
	if (!g->html) {
		table(g, v, n, percent, was, now);
		return;
	}
	for (size_t i = 0; i < n; i++)
		most = fmax(most, fmax(v[i].was, v[i].now));
	sb_fmt(g->b, "<svg viewBox=\"0 0 620 %zu\" role=\"img\" aria-label=\"%s, %s\">",
	       30 * n + 26, was, now);
	sb_fmt(g->b,
	       "<rect x=\"190\" y=\"4\" width=\"10\" height=\"9\" fill=\"#98a2b3\"/><text "
	       "x=\"205\" y=\"13\">%s</text><rect x=\"350\" y=\"4\" width=\"10\" height=\"9\" "
	       "fill=\"#1f6feb\"/><text x=\"365\" y=\"13\">%s</text>",
	       was, now);
	for (size_t i = 0; i < n; i++) {
		double y = 24 + 30 * (double)i;
		sb_fmt(g->b, "<text x=\"182\" y=\"%.0f\" text-anchor=\"end\">", y + 15);
		sb_html(g->b, v[i].name);
		sb_cstr(g->b, "</text>");
		one_bar(g->b, y, fmax(v[i].was, 0) / most, "#98a2b3", v[i].was, percent);
		one_bar(g->b, y + 11, fmax(v[i].now, 0) / most, "#1f6feb", v[i].now, percent);
	}
	sb_cstr(g->b, "</svg>\n");
}

/* ---- one thing tried ---- */

static void put_scores(const struct page *g, const jv *item)
{
	static const struct word of[] = {
		{ "accuracy", "right", "正确率" },
		{ "oos_recall", "out of scope found", "识别出的范围外请求" },
		{ "false_alarms", "false alarms", "误报" },
		{ "ece", "calibration error", "校准误差" },
	};
	const jv *was = jv_get(item, "was"), *now = jv_get(item, "now");
	struct bar v[4];
	if (!now)
		return;
	for (size_t i = 0; i < 4; i++)
		v[i] = (struct bar){ sv_of(say(g, of[i].en, of[i].zh)),
				     jv_get_num(was, of[i].key, 0),
				     jv_get_num(now, of[i].key, 0) };
	bars(g, v, 4, true, say(g, "in use", "原有"), say(g, "candidate", "候选"));
	SAY(g,
	    "Tried on %lld turns of held-back days (%lld conversations) that the candidate "
	    "had not seen; it learned from %lld rows. Mean gain %+.4f, for certain (95 %%) at "
	    "least %+.4f.",
	    "用留出日子里的 %lld 句话（%lld 个会话）检验，"
	  "候选模型没有见过这些话；它学习了 "
	    "%lld 行。"
	    "平均提升 %+.4f，有 95%% 把握至少为 %+.4f。",
	    (long long)jv_get_int(item, "held", 0),
	    (long long)jv_get_int(item, "conversations", 0),
	    (long long)jv_get_int(item, "rows", 0), jv_get_num(item, "diff", 0),
	    jv_get_num(item, "lower", 0));
}

enum { SHOWN = 12 };

static void put_labels(const struct page *g, const jv *item)
{
	const jv *list = jv_get(item, "labels");
	struct bar v[SHOWN];
	size_t n = 0;
	for (size_t i = 0; i < jv_len(list) && n < SHOWN; i++) {
		const jv *o = jv_at(list, i);
		double all = jv_get_num(o, "n", 0), was = jv_get_num(o, "old", 0),
		       now = jv_get_num(o, "new", 0);
		if (all > 0 && was != now)
			v[n++] = (struct bar){ jv_get_str(o, "label"), was / all, now / all };
	}
	if (n)
		bars(g, v, n, true, say(g, "in use", "原有"), say(g, "candidate", "候选"));
}

static void put_forecast(const struct page *g, const jv *item)
{
	const jv *wape = jv_get(item, "wape"), *last = jv_get(item, "last"),
		 * next = jv_get(item, "next");
	struct bar v[8];
	size_t n = 0;
	for (size_t i = 0; i < jv_len(wape) && n < 8; i++) {
		const jv *o = jv_at(wape, i);
		v[n++] = (struct bar){ jv_get_str(o, "model"), jv_get_num(o, "naive", 0),
				       jv_get_num(o, "wape", 0) };
	}
	if (n)
		bars(g, v, n, true, say(g, "last week again", "照搬上周"),
		     say(g, "error of the model", "方法的误差"));
	if (last)
		SAY(g, "For " SV_FMT " %.0f were expected (%.0f to %.0f); %.0f came.",
			      SV_FMT " 预计 %.0f（%.0f 至 %.0f），实际 %.0f。",
			  SV_ARG(jv_get_str(last, "date")), jv_get_num(last, "mean", 0),
			  jv_get_num(last, "p10", 0), jv_get_num(last, "p90", 0),
			  jv_get_num(last, "actual", 0));
	if (next)
		SAY(g, "For " SV_FMT " %.0f are expected, %.0f to %.0f with every half hour at the "
		       "edge of its 80 %% interval.",
			  SV_FMT " 预计 %.0f；每半小时都取 80%% 区间边缘时为 %.0f 至 %.0f。",
			  SV_ARG(jv_get_str(next, "date")), jv_get_num(next, "mean", 0),
			  jv_get_num(next, "p10", 0), jv_get_num(next, "p90", 0));
}

/* A row that learns: what each way brought, and what choosing by the context would have. */
static void put_choice(const struct page *g, const jv *item)
{
	const jv *ways = jv_get(item, "ways");
	for (size_t i = 0; i < jv_len(ways); i++) {
		const jv *o = jv_at(ways, i);
		sv id = jv_get_str(o, "id");
		bool own = sv_eq(id, SV("own"));
		id = own ? sv_of(say(g, "the row's own way", "原有做法")) : id;
		if (!jv_get(o, "mean"))      /* nobody had it */
			continue;
		SAY(g, SV_FMT ": %lld conversations, %.1f %% went well.",
			      SV_FMT "：%lld 个会话，%.1f %% 顺利结束。",
			  SV_ARG(id), (long long)jv_get_int(o, "n", 0),
			  100 * jv_get_num(o, "mean", 0));
	}
	if (!jv_get(item, "new_value"))
		return;
	struct bar v = { jv_get_str(item, "name"), jv_get_num(item, "old_value", 0),
			 jv_get_num(item, "new_value", 0) };
	bars(g, &v, 1, true, say(g, "as now", "现在的做法"),
	     say(g, "by the situation", "按情形选择"));
	SAY(g,
	    "Share of conversations that went well, estimated (doubly robust) from %lld of the "
	    "newest days that the model had not seen, worth %.0f; it would choose otherwise in "
	    "%.0f %% of them. The gain is at least %+.3f (99 %%).",
	    "顺利结束的会话比例，用模型没有见过的最近几天的 %lld 个会话估计（双重稳健，有效样本 "
	    "%.0f）；其中 %.0f %% 会换一种做法。提升有 99%% 把握至少为 %+.3f。",
	    (long long)jv_get_int(item, "held", 0), jv_get_num(item, "ess", 0),
	    100 * jv_get_num(item, "differ", 0), jv_get_num(item, "lower", 0));
}

static void put_policy(const struct page *g, const jv *item)
{
	if (sv_eq(jv_get_str(item, "task"), SV("choice"))) {
		put_choice(g, item);
		return;
	}
	if (!jv_get(item, "new_value"))
		return;
	struct bar v = { jv_get_str(item, "name"), jv_get_num(item, "old_value", 0),
			 jv_get_num(item, "new_value", 0) };
	bars(g, &v, 1, true, say(g, "as now", "现在的做法"), say(g, "the other way",
	  "另一种做法"));
	SAY(g,
	    "Share of conversations that went well, estimated from %lld decisions (worth %.0f "
	    "where both ways are weighed alike); the difference is at least %+.3f (95 %%).",
	    "顺利结束的会话比例，由 %lld 次决策估计（有效样本 "
	  "%.0f）；差值有 95%% 把握至少为 "
	    "%+.3f。",
	    (long long)jv_get_int(item, "n", 0), jv_get_num(item, "ess", 0),
	    jv_get_num(item, "lower", 0));
}

static void put_item(const struct page *g, const jv *item)
{
	sv task = jv_get_str(item, "task"), name = jv_get_str(item, "name");
	char head[300];
	sv title = WORD(g, tasks, task);
	bool plain = sv_eq(name, SV("intent")) || sv_eq(name, task);
	(void)snprintf(head, sizeof(head), SV_FMT "%s" SV_FMT, SV_ARG(title), plain ? "" : ": ",
		       SV_ARG(plain ? SV("") : name));
	heading(g, 2, sv_of(head));
	paragraph(g, SV_FMT, SV_ARG(WORD(g, whys, jv_get_str(item, "why"))));
	if (jv_get_str(item, "lost").n)
		SAY(g, "It loses: " SV_FMT, "变差的是：" SV_FMT,
			  SV_ARG(jv_get_str(item, "lost")));
	put_scores(g, item);
	put_labels(g, item);
	put_forecast(g, item);
	put_policy(g, item);
}

/* ---- what a manager should look at ---- */

static const struct word advice[] = {
	{ "no_labels",
	  "Label some turns on the training page: 40 over two days are a beginning.",
	  "请在训练页面标注一些客户的话：两天里有 40 "
	  "条就可以开始。" },
	{ "few_rows", "Label more turns, of several days.",
	  "请再标注一些，最好分布在几天里。" },
	{ "one_day", "Label turns of other days as well.", "请也标注其他日子的话。" },
	{ "lost_intent",
	  "Look through the labels of the intent that lost: somebody may have labelled "
	  "wrongly.",
	  "请检查变差的那一类的标注，可能有人标错了。" },
	{ "better", "A new model is in use. If customers are understood worse, take it back.",
	  "新模型已启用。如果发现客户的话识别变差，请换回旧模型。" },
	{ "failed", "A step failed; the log says why.", "有一步失败了，原因见日志。" },
	{ "choice_better",
	  "A model chooses the way of serving by the situation; it is let in step by "
	  "step: see the page Learning.",
	  "有一个模型按情形选择服务做法，正在逐步放开，见“学习”页面。" },
	{ "choice_shares",
	  "The record of choices is not to be trusted: was a table changed by hand "
	  "or a log put in?",
	  "选择的记录不可信：是否手工改过数据或导入过记录？" },
	{ "way_better",
	  "Another way of serving does better; its roll-out goes on by itself: see "
	  "the page Learning.",
	  "有一种服务做法更好，它的试行会自动继续，见“学习”页面。" },
};

static bool missed(const jv *last)
{
	double came = jv_get_num(last, "actual", 0);
	return last && (came < jv_get_num(last, "p10", 0) || came > jv_get_num(last, "p90", 0));
}

static void bullet(const struct page *g, sv name, sv text)
{
	sb_cstr(g->b, g->html ? "<li>" : "- ");
	put(g, name);
	sb_cstr(g->b, g->zh ? "：" : ": ");
	put(g, text);
	sb_cstr(g->b, g->html ? "</li>\n" : "\n");
}

static void look_at(const struct page *g, const jv *items)
{
	size_t n = 0;
	heading(g, 2, sv_of(say(g, "What to look at", "需要关注")));
	sb_cstr(g->b, g->html ? "<ul>\n" : "");
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *item = jv_at(items, i);
		sv why = jv_get_str(item, "why"), text = WORD(g, advice, why);
		sv name = jv_get_str(item, "name");
		bool again = sv_eq(jv_get_str(item, "task"), SV("calibration"));
		if (!sv_eq(text, why) && !again && ++n)
			bullet(g, name, text);
		if (missed(jv_get(item, "last")) && ++n)
			bullet(g, name, sv_of(say(g, "More or fewer came than was to be "
			  "expected.",
						  "实际来量超出了预计范围。")));
	}
	if (!n)
		bullet(g, sv_of(say(g, "All", "全部")),
		       sv_of(say(g, "nothing to do.", "没有需要处理的事。")));
	sb_cstr(g->b, g->html ? "</ul>\n" : "\n");
}

static const char STYLE[] =
	"body{font:15px/1.6 system-ui,sans-serif;max-width:46rem;margin:2rem "
	  "auto;padding:0 1rem;"
	"color:#1d2433;background:#fff}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}"
	"svg{width:100%;max-width:40rem}svg text{font:11px system-ui,sans-serif;fill:#475467}"
	"@media(prefers-color-scheme:dark){body{color:#e6e9ef;background:#12161f}"
	"svg text{fill:#a9b2c3}}";

void learn_report_put(const jv *night, bool zh, bool html, struct sb *out)
{
	const struct page g = { out, zh, html };
	const jv *items = jv_get(night, "items");
	const char *title = say(&g, "Report of the night", "夜间学习报告");
	int64_t better = 0;
	for (size_t i = 0; i < jv_len(items); i++)
		better += !jv_get_bool(jv_at(items, i), "kept", true);
	if (html)
		sb_fmt(out,
		       "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><meta "
		       "name=\"viewport\" "
		       "content=\"width=device-width\"><title>%s</title><style>%s"
		       "</style></head><body>\n",
		       zh ? "zh" : "en", title, STYLE);
	heading(&g, 1, sv_of(title));
	SAY(&g, SV_FMT " to " SV_FMT ": %zu things were tried, %lld replaced what was in use.",
			  SV_FMT " 至 " SV_FMT "：尝试了 %zu 项，其中 %lld "
			  "项已替换原有的。",
		  SV_ARG(jv_get_str(night, "began")), SV_ARG(jv_get_str(night, "ended")),
		  jv_len(items), (long long)better);
	look_at(&g, items);
	for (size_t i = 0; i < jv_len(items); i++)
		put_item(&g, jv_at(items, i));
	if (html)
		sb_cstr(out, "</body></html>\n");
}
