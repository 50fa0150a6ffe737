/* assist_text.c: a summary as sentences, in the conversation's language: labels of ours around
 * texts of the rows. Pure. */
#include "assist_int.h"

struct label {
	const char *id, *zh, *en;
};
static const struct label heads[] = {
	{ "issue", "诉求", "Request" },	     { "more", "其他诉求", "Also asked" },
	{ "facts", "信息", "Known" },	     { "done", "已办理", "Done" },
	{ "looked", "已查询", "Looked up" }, { "tried", "未办成", "Not done" },
	{ "promises", "承诺", "Promised" },  { "open", "未解决", "Open" },
	{ "mood", "情绪", "Mood" },	     { "outcome", "结果", "Outcome" },
};
static const struct label words[] = {
	{ "resolved", "已解决", "resolved" },
	{ "answered", "已答复", "answered" },
	{ "refused", "按规定不能办理", "not possible under the rules" },
	{ "withdrawn", "客户不办了", "the customer did not want it after all" },
	{ "callback", "等待回电", "a call back was agreed" },
	{ "person_wanted", "客户要求人工", "the customer wants a person" },
	{ "open", "未完成", "not finished" },
	{ "none", "没有提出问题", "nothing was asked" },
	{ "neutral", "平静", "neutral" },
	{ "satisfied", "满意", "satisfied" },
	{ "confused", "困惑", "confused" },
	{ "anxious", "着急", "anxious" },
	{ "frustrated", "不满", "frustrated" },
	{ "angry", "生气", "angry" },
	{ "sad", "难过", "sad" },
	{ "relieved", "放心", "relieved" },
	{ "not_found", "没有查到", "not found" },
	{ "failed", "办理失败", "failed" },
	{ "later", "系统稍后办理", "will be carried out later" },
	{ "approve", "等待审批", "waits for approval" },
	{ "denied", "没有权限", "not allowed" },
	{ "verify", "没有通过身份核实", "the customer was not verified" },
	{ "confirm", "客户没有确认", "the customer did not agree" },
	{ "invalid", "信息不全", "something was missing" },
	{ "order", "订单", "order" },
	{ "item", "商品", "article" },
	{ "reason", "原因", "reason" },
	{ "same", "换成", "exchange for" },
	{ "condition", "状况", "condition" },
	{ "when", "时间", "time" },
	{ "slot", "时间", "time" },
	{ "what", "情况", "what happened" },
	{ "wants", "要求", "demand" },
	{ "amount", "金额", "amount" },
	{ "money", "金额", "amount" },
	{ "date", "日期", "date" },
	{ "time", "时间", "time" },
	{ "datetime", "时间", "time" },
	{ "duration", "时长", "length of time" },
	{ "quantity", "数量", "quantity" },
	{ "percent", "比例", "share" },
	{ "product", "商品", "product" },
	{ "reference", "编号", "number" },
	{ "order_number", "订单", "order" },
	{ "number", "编号", "number" },
	{ "address", "地址", "address" },
	{ "phone", "电话", "phone" },
	{ "mine", "订单", "order" },
	{ "email", "邮箱", "e-mail" },
	{ "colour", "颜色", "colour" },
	{ "size", "尺寸", "size" },
};

struct teller {
	struct sb *out;
	bool zh, any;
};

static const char *find(const struct label *v, size_t n, sv id, bool zh)
{
	for (size_t i = 0; i < n; i++)
		if (sv_eq(id, sv_of(v[i].id)))
			return zh ? v[i].zh : v[i].en;
	return NULL;
}

static void put_word(struct teller *t, sv id)
{
	const char *w = find(words, sizeof(words) / sizeof(*words), id, t->zh);
	if (w)
		sb_cstr(t->out, w);
	else
		sb_put(t->out, id);
}

static void head(struct teller *t, const char *id)
{
	sb_fmt(t->out, "%s%s%s", t->any ? "\n" : "",
	       find(heads, sizeof(heads) / sizeof(*heads), sv_of(id), t->zh), t->zh ? "：" : ": ");
	t->any = true;
}

static void gap(struct teller *t, size_t i)
{
	if (i)
		sb_cstr(t->out, t->zh ? "；" : "; ");
}

static void put_texts(struct teller *t, const jv *s, const char *id)
{
	const jv *v = jv_get(s, id);
	size_t n = 0;
	for (size_t i = 0; i < jv_len(v); i++) {
		sv text = jv_get_str(jv_at(v, i), "text");
		if (!text.n && strcmp(id, "looked") != 0)
			text = jv_get_str(jv_get(jv_at(v, i), "title"), t->zh ? "zh" : "en");
		if (!text.n)
			continue;
		if (!n)
			head(t, id);
		gap(t, n++);
		sb_put(t->out, text);
	}
}

static bool is_mask(sv s)
{
	return sv_starts(s, SV("[")) && sv_ends(s, SV("]"));
}

/* Only what flows learned and codes: what was merely mentioned stays in the list. */
static void put_facts(struct teller *t, const jv *s)
{
	const jv *v = jv_get(s, "facts");
	size_t n = 0;
	for (size_t i = 0; i < jv_len(v); i++) {
		const jv *x = jv_at(v, i);
		sv text = jv_get_str(x, "label"), type = jv_get_str(x, "type");
		text = text.n ? text : jv_get_str(x, "value");
		/* a name of ours, or a mask, tells nobody anything */
		if (!find(words, sizeof(words) / sizeof(*words), type, t->zh) || is_mask(text))
			continue;
		if (!n)
			head(t, "facts");
		gap(t, n++);
		put_word(t, type);
		sb_ch(t->out, ' ');
		sb_put(t->out, text);
	}
}

static void put_tried(struct teller *t, const jv *s)
{
	const jv *v = jv_get(s, "tried");
	for (size_t i = 0; i < jv_len(v); i++) {
		const jv *x = jv_at(v, i);
		if (!i)
			head(t, "tried");
		gap(t, i);
		sb_put(t->out, jv_get_str(jv_get(x, "title"), t->zh ? "zh" : "en"));
		sb_cstr(t->out, t->zh ? "（" : " (");
		put_word(t, jv_get_str(x, "outcome"));
		sb_cstr(t->out, t->zh ? "）" : ")");
	}
}

static void put_promises(struct teller *t, const jv *s)
{
	const jv *v = jv_get(s, "promises");
	for (size_t i = 0; i < jv_len(v); i++) {
		const jv *x = jv_at(v, i);
		sv when = jv_get_str(x, "when");
		if (!i)
			head(t, "promises");
		gap(t, i);
		sb_put(t->out, jv_get_str(x, "text"));
		if (when.n)
			sb_fmt(t->out, t->zh ? "（" SV_FMT "）" : " (" SV_FMT ")", SV_ARG(when));
	}
}

static void put_mood(struct teller *t, const jv *s)
{
	const jv *m = jv_get(s, "mood");
	sv start = jv_get_str(m, "start"), worst = jv_get_str(m, "worst"),
	   end = jv_get_str(m, "end");
	if (!start.n)
		return;
	head(t, "mood");
	put_word(t, start);
	if (!sv_eq(worst, start) && !sv_eq(worst, end)) {
		sb_cstr(t->out, " → ");
		put_word(t, worst);
	}
	if (!sv_eq(start, end) || !sv_eq(worst, start)) {
		sb_cstr(t->out, " → ");
		put_word(t, end);
	}
}

void assist_sum_words(const struct assist_case *c, const struct assist_with *w, const jv *s,
		      struct sb *out)
{
	struct teller t = { .out = out, .zh = assist_zh(c) };
	const jv *issue = jv_get(s, "issue");
	if (jv_is_obj(issue)) {
		head(&t, "issue");
		size_t before = out->n;
		if (w->flow_title && jv_get_str(issue, "flow").n)
			w->flow_title(w->arg, jv_get_str(issue, "flow"), assist_case_lang(c), out);
		if (out->n > before)
			sb_cstr(out, t.zh ? "：" : ": ");
		sb_put(out, jv_get_str(issue, "text"));
	}
	put_texts(&t, s, "more");
	put_facts(&t, s);
	put_texts(&t, s, "done");
	put_texts(&t, s, "looked");
	put_tried(&t, s);
	put_promises(&t, s);
	put_texts(&t, s, "open");
	put_mood(&t, s);
	head(&t, "outcome");
	put_word(&t, jv_get_str(s, "outcome"));
}
