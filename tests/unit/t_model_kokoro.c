/* t_model_kokoro.c: how a text becomes the symbols of the neural voices: readings and tones of
 * Chinese, sounds of English, clauses, levels; and that 8-bit convolutions as floats are the same
 * model. All but the last without any weights. */
#include <math.h>
#include <stdio.h>

#include "t.h"
#include "g2p.h"
#include "onnx_float.h"
#include "voice.h"

/* Readings with sandhi; words that a cut separates are checked without the blanks. */
static const struct {
	const char *han, *pinyin;
} rows[] = {
	/* characters of several readings */
	{ "银行", "yin2 hang2" },
	{ "银行卡", "yin2 hang2 ka3" },
	{ "行长", "hang2 zhang3" },
	{ "行业", "hang2 ye4" },
	{ "步行", "bu4 xing2" },
	{ "不行", "bu4 xing2" },
	{ "三行", "san1 hang2" },
	{ "进行长期合作", "jin4 xing2 chang2 qi1 he2 zuo4" },
	{ "重庆", "chong2 qing4" },
	{ "重量", "zhong4 liang4" },
	{ "重复", "chong2 fu4" },
	{ "重新", "chong2 xin1" },
	{ "还款", "huan2 kuan3" },
	{ "还有", "hai2 you3" },
	{ "归还", "gui1 huan2" },
	{ "长度", "chang2 du4" },
	{ "校长", "xiao4 zhang3" },
	{ "长大", "zhang3 da4" },
	{ "增长", "zeng1 zhang3" },
	{ "音乐", "yin1 yue4" },
	{ "快乐", "kuai4 le4" },
	{ "会计", "kuai4 ji4" },
	{ "开会", "kai1 hui4" },
	{ "到处", "dao4 chu4" },
	{ "处理", "chu2 li3" },
	{ "传说", "chuan2 shuo1" },
	{ "自传", "zi4 zhuan4" },
	{ "朝阳", "chao2 yang2" },
	{ "率领", "shuai4 ling3" },
	{ "效率", "xiao4 lv4" },
	{ "便宜", "pian2 yi5" },
	{ "方便", "fang1 bian4" },
	{ "降价", "jiang4 jia4" },
	{ "投降", "tou2 xiang2" },
	{ "角色", "jue2 se4" },
	{ "三角", "san1 jiao3" },
	{ "调整", "tiao2 zheng3" },
	{ "调查", "diao4 cha2" },
	{ "空调", "kong1 tiao2" },
	{ "强调", "qiang2 diao4" },
	{ "得到", "de2 dao4" },
	{ "觉得", "jue2 de5" },
	{ "必须得", "bi4 xu1 dei3" },
	{ "还得等", "hai2 dei2 deng3" },
	{ "做得好", "zuo4 de5 hao3" },
	{ "为了", "wei4 le5" },
	{ "因为", "yin1 wei4" },
	{ "成为", "cheng2 wei2" },
	{ "更换", "geng1 huan4" },
	{ "更多", "geng4 duo1" },
	{ "转账", "zhuan3 zhang4" },
	{ "弹簧", "tan2 huang2" },
	{ "子弹", "zi3 dan4" },
	{ "薄荷", "bo4 he5" },
	{ "厦门", "xia4 men2" },
	{ "大厦", "da4 sha4" },
	{ "西藏", "xi1 zang4" },
	{ "隐藏", "yin3 cang2" },
	{ "都是", "dou1 shi4" },
	{ "首都", "shou3 du1" },
	{ "着急", "zhao2 ji2" },
	{ "看着", "kan4 zhe5" },
	{ "种类", "zhong3 lei4" },
	{ "种植", "zhong4 zhi2" },
	{ "中间", "zhong1 jian1" },
	{ "中奖", "zhong4 jiang3" },
	{ "倒闭", "dao3 bi4" },
	{ "倒水", "dao4 shui3" },
	{ "卡住", "qia3 zhu4" },
	{ "差不多", "cha4 bu5 duo1" },
	{ "出差", "chu1 chai1" },
	{ "难过", "nan2 guo4" },
	{ "灾难", "zai1 nan4" },
	{ "参加", "can1 jia1" },
	{ "参差", "cen1 ci1" },
	{ "的确", "di2 que4" },
	{ "目的", "mu4 di4" },
	{ "我的订单", "wo3 de5 ding4 dan1" },
	{ "地址", "di4 zhi3" },
	{ "慢慢地说", "man4 man4 de5 shuo1" },
	{ "高兴地说", "gao1 xing4 de5 shuo1" },
	{ "数据", "shu4 ju4" },
	{ "相信", "xiang1 xin4" },
	{ "照相", "zhao4 xiang4" },
	{ "曝光", "bao4 guang1" },
	{ "血压", "xue4 ya1" },
	/* 一 and 不 */
	{ "一个", "yi2 ge4" },
	{ "一天", "yi4 tian1" },
	{ "一起", "yi4 qi3" },
	{ "一样", "yi2 yang4" },
	{ "一年", "yi4 nian2" },
	{ "第一", "di4 yi1" },
	{ "十一", "shi2 yi1" },
	{ "十一点", "shi2 yi1 dian3" },
	{ "二十一", "er4 shi2 yi1" },
	{ "一月", "yi1 yue4" },
	{ "一号楼", "yi1 hao4 lou2" },
	{ "星期一", "xing1 qi1 yi1" },
	{ "看一看", "kan4 yi5 kan4" },
	{ "不是", "bu2 shi4" },
	{ "不好", "bu4 hao3" },
	{ "不会", "bu2 hui4" },
	{ "不能", "bu4 neng2" },
	{ "对不起", "dui4 bu5 qi3" },
	/* third tones */
	{ "你好", "ni2 hao3" },
	{ "很好", "hen2 hao3" },
	{ "可以", "ke2 yi3" },
	{ "水果", "shui2 guo3" },
	{ "我想", "wo2 xiang3" },
	{ "买水果", "mai3 shui2 guo3" },
	{ "展览馆", "zhan2 lan2 guan3" },
	{ "小老虎", "xiao3 lao2 hu3" },
	{ "请您稍等", "qing3 nin2 shao1 deng3" },
	/* neutral tones, 儿 */
	{ "我们", "wo3 men5" },
	{ "什么", "shen2 me5" },
	{ "朋友", "peng2 you5" },
	{ "谢谢", "xie4 xie5" },
	{ "意思", "yi4 si5" },
	{ "女儿", "nv3 er2" },
	{ "儿子", "er2 zi5" },
	{ "那儿", "na4 er5" },
	{ "一会儿", "yi2 hui4 er5" },
};

static void without_gaps(struct sb *b)
{
	size_t to = 0;
	for (size_t i = 0; i < b->n; i++)
		if (b->p[i] != ' ' || (to && b->p[to - 1] != ' '))
			b->p[to++] = b->p[i];
	sb_truncate(b, to);
}

TEST(kokoro_pinyin_of_words)
{
	struct zh *z = zh_new();
	struct sb b;
	int bad = 0;
	sb_init(&b, 4096);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sb_reset(&b);
		zh_pinyin(z, sv_of(rows[i].han), &b);
		without_gaps(&b);
		if (strcmp(sb_str(&b), rows[i].pinyin) != 0) {
			(void)printf("# %s: %s, not %s\n", rows[i].han, sb_str(&b),
				     rows[i].pinyin);
			bad++;
		}
	}
	sb_done(&b);
	zh_free(z);
	CHECK(sizeof(rows) / sizeof(rows[0]) >= 120);
	EQ(bad, 0);
}

TEST(kokoro_cuts_words)
{
	static const struct {
		const char *han, *words;
	} cuts[] = { { "您的订单已经发货", "ding4 dan1|yi3 jing1|fa1 huo4" },
		     { "银行行长", "yin2 hang2|hang2 zhang3" },
		     { "研究生命起源", "yan2 jiu1|sheng1 ming4|qi3 yuan2" } };
	struct zh *z = zh_new();
	struct sb b;
	sb_init(&b, 4096);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		sb_reset(&b);
		zh_pinyin(z, sv_of(cuts[i].han), &b);
		sv rest = sv_of(cuts[i].words), word;
		while (sv_cut(&rest, '|', &word)) {
			bool found = sv_find(sb_sv(&b), word) >= 0;
			if (!found)
				(void)printf("# %s: %s\n", cuts[i].han, sb_str(&b));
			CHECK(found);
		}
	}
	sb_done(&b);
	zh_free(z);
}

TEST(kokoro_symbols_of_syllables)
{
	static const struct {
		const char *pinyin, *ipa;
	} syl[] = { { "zhong1", "ꭧʊ→ŋ" }, { "ni3", "ni↓" },     { "hao3", "xau↓" },
		    { "xue2", "ɕɥe↗" },   { "lv4", "ly↘" },     { "jun1", "ʨy→n" },
		    { "quan2", "ʨʰɥɛ↗n" }, { "shi4", "ʂɨ↘" },    { "zi5", "ʦɨ" },
		    { "ri4", "ɻɨ↘" },     { "yi1", "i→" },      { "wu3", "u↓" },
		    { "yu2", "y↗" },      { "yuan2", "ɥɛ↗n" },  { "yun4", "y↘n" },
		    { "you3", "jou↓" },   { "wei4", "wei↘" },   { "wen2", "wə↗n" },
		    { "weng1", "wə→ŋ" },  { "er4", "ɚ↘" },      { "de5", "tɤ" },
		    { "bo1", "pwo→" },    { "duo1", "two→" },   { "liu4", "ljou↘" },
		    { "gui4", "kwei↘" },  { "yong4", "jʊ↘ŋ" },  { "ying1", "i→ŋ" },
		    { "nve4", "nɥe↘" },   { "chuang1", "ꭧʰwa→ŋ" }, { "r5", "ɚ" } };
	struct sb b;
	sb_init(&b, 256);
	for (size_t i = 0; i < sizeof(syl) / sizeof(syl[0]); i++) {
		sb_reset(&b);
		CHECK(zh_syllable(syl[i].pinyin, &b));
		STR_EQ(sb_str(&b), syl[i].ipa);
	}
	static const char *const none[] = { "", "1", "zh1", "bla2", "ma", "ma6", "verylong1" };
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK(!zh_syllable(none[i], &b));
	sb_done(&b);
}

/* Each reading of the table is a syllable the voice can say. */
TEST(kokoro_says_every_character)
{
	struct zh *z = zh_new();
	struct sb b, one;
	size_t said = 0, silent = 0;
	sb_init(&b, 4096);
	sb_init(&one, 256);
	for (uint32_t r = 0x4E00; r < 0xA000; r++) {
		char utf[4];
		sb_reset(&b);
		zh_pinyin(z, sv_n(utf, sv_encode(r, utf)), &b);
		sb_reset(&one);
		if (zh_syllable(sb_str(&b), &one))
			said++;
		else if (strcmp(sb_str(&b), "?") != 0 && silent++ < 5)
			(void)printf("# U+%04X %s\n", r, sb_str(&b));
	}
	sb_done(&b);
	sb_done(&one);
	zh_free(z);
	EQ(said + silent, 6763); /* GB 2312 */
	EQ(silent, 0);
}

/* ---- English ---- */

static bool says(struct g2p *g, const char *text, bool zh, enum g2p_set set, const char *ipa)
{
	struct g2p_said s;
	g2p_said_init(&s);
	g2p_say(g, sv_of(text), zh, set, &s);
	bool same = sv_eq(sv_trim(sb_sv(&s.ipa)), sv_of(ipa)) &&
		    s.n == sv_runes(sb_sv(&s.ipa));
	if (!same)
		(void)printf("# %s: %s, not %s\n", text, sb_str(&s.ipa), ipa);
	g2p_said_done(&s);
	return same;
}

TEST(kokoro_english_words)
{
	static const struct {
		const char *text, *ipa;
	} en[] = { { "hello world", "həlˈO wˈɜɹld" },
		   { "the order", "ði ˈɔɹdəɹ" },
		   { "the parcel", "ðə pˈɑɹsᵊl" },
		   { "to pay", "tə pˈA" },
		   { "your invoice", "jɔɹ ˈɪnvYs" },
		   { "customer", "kˈʌstəməɹ" },
		   { "battery", "bˈæɾəɹi" },
		   { "water bottle", "wˈɔɾəɹ bˈɑɾᵊl" },
		   { "delivery", "dɪlˈɪvəɹi" },
		   { "email", "ˈimAl" },
		   { "receipt", "ɹɪsˈit" },
		   { "SMS", "ˈɛsˈɛmˈɛs" },
		   { "WiFi", "wˈIfI" },
		   { "I'll", "ˈIəl" },
		   { "on it, not him", "ˌɑn ɪt, nˌɑt hˌɪm" },
		   { "we've", "wiv" },
		   { "don't", "dˈOnt" },
		   { "can't", "kˈænt" },
		   { "doesn't", "dˈʌzᵊnt" },
		   { "boxes", "bˈɑksəz" },
		   { "the bank's", "ðə bˈæŋks" },
		   { "boss's", "bˈɑsəz" },
		   { "A seven B", "ˈA sˈɛvən bˈi" },
		   { "a seven day week", "ə sˈɛvən dˈA wˈik" },
		   { "Mr Smith", "mˈɪstəɹ smˈɪθ" },
		   { "okay", "ˈOkˈA" },
		   { "Wait, please!", "wˈAt, plˈiz!" },
		   { "one (two) three", "wˈʌn, tˈu, θɹˈi" },
		   { "well... yes", "wˈɛl. jˈɛs" },
		   { "7", "sˈɛvən" },
		   { "", "" },
		   { "!?", "" },
		   { "\xff\xfe", "" } };
	struct g2p *g = g2p_new();
	int bad = 0;
	for (size_t i = 0; i < sizeof(en) / sizeof(en[0]); i++)
		bad += !says(g, en[i].text, false, G2P_KOKORO, en[i].ipa);
	bad += !says(g, "Hello, better water.", false, G2P_ESPEAK,
		     "həlˈoʊ, bˈɛɾɚ wˈɔːɾɚ.");
	bad += !says(g, "happy bird", false, G2P_ESPEAK, "hˈæpi bˈɜːd");
	g2p_free(g);
	EQ(bad, 0);
}

TEST(kokoro_mixed_languages)
{
	struct g2p *g = g2p_new();
	int bad = 0;
	bad += !says(g, "请打开 email。", true, G2P_KOKORO, "ʨʰi↗ŋ ta↓kʰai→ ˈimAl.");
	bad += !says(g, "好的，谢谢！", true, G2P_KOKORO, "xau↓ tɤ, ɕje↘ɕje!");
	bad += !says(g, "第7", true, G2P_KOKORO, "ti↘ ʨʰi→");
	bad += !says(g, "say 你好", false, G2P_KOKORO, "sˈA ni↗xau↓");
	g2p_free(g);
	EQ(bad, 0);
}

TEST(kokoro_marks_words)
{
	struct g2p *g = g2p_new();
	struct g2p_said s;
	sv text = SV("The 你好, order");
	g2p_said_init(&s);
	g2p_say(g, text, false, G2P_KOKORO, &s);
	size_t n = s.marks.n;
	uint32_t at[3] = { 0 }, symbol[3] = { 0 };
	for (size_t i = 0; i < n && i < 3; i++) {
		at[i] = s.marks.v[i].text;
		symbol[i] = s.marks.v[i].symbol;
	}
	sv ipa = sb_sv(&s.ipa);
	bool third = sv_starts(sv_slice(ipa, sv_rune_offset(ipa, symbol[2]), ipa.n), SV("ˈɔɹ"));
	g2p_said_done(&s);
	g2p_free(g);
	EQ(n, 3);
	EQ(at[0], 0);
	EQ(at[1], 4);
	EQ(at[2], (uint32_t)sv_find(text, SV("order")));
	CHECK(third);
}

/* Any bytes: bounded, whole UTF-8, marks in order. */
TEST(kokoro_any_text)
{
	struct g2p *g = g2p_new();
	struct g2p_said s;
	struct sb b;
	bool ok = true;
	static const char *const bits[] = { "你", "行", "一", "不", "儿", "a", "THE ", "'", "7",
					    "。", ", ", "é",  "\xe4", "😀", "长", "n't ", "\n" };
	g2p_said_init(&s);
	sb_init(&b, 4096);
	for (int round = 0; round < 300; round++) {
		sb_reset(&b);
		g2p_said_reset(&s);
		uint64_t n = rng_u64(t_rng()) % 60;
		for (uint64_t i = 0; i < n; i++)
			sb_cstr(&b, bits[rng_u64(t_rng()) % (sizeof(bits) / sizeof(bits[0]))]);
		g2p_say(g, sb_sv(&b), round & 1, round & 2 ? G2P_ESPEAK : G2P_KOKORO, &s);
		ok = ok && sv_utf8_ok(sb_sv(&s.ipa)) && s.n == sv_runes(sb_sv(&s.ipa));
		for (size_t i = 0; i < s.marks.n; i++)
			ok = ok && s.marks.v[i].text < b.n && s.marks.v[i].symbol <= s.n &&
			     (i == 0 || s.marks.v[i].text >= s.marks.v[i - 1].text);
	}
	g2p_said_done(&s);
	sb_done(&b);
	g2p_free(g);
	CHECK(ok);
}

/* ---- clauses ---- */

static size_t clauses(sv text, struct clause *v, size_t max)
{
	size_t pos = 0, n = 0;
	struct clause c;
	while (clause_next(text, &pos, (int)n, &c))
		if (n < max)
			v[n++] = c;
	return n;
}

TEST(voice_clauses)
{
	struct clause c[16];
	sv text = SV("Hello over there, this is a test. It costs 3.50 dollars; is that fine? Yes");
	size_t n = clauses(text, c, 16);
	EQ(n, 5);
	SV_EQ(sv_trim(sv_slice(text, c[0].from, c[0].to)), "Hello over there,");
	SV_EQ(sv_trim(sv_slice(text, c[1].from, c[1].to)), "this is a test.");
	SV_EQ(sv_trim(sv_slice(text, c[2].from, c[2].to)), "It costs 3.50 dollars;");
	SV_EQ(sv_trim(sv_slice(text, c[4].from, c[4].to)), "Yes");
	CHECK(c[0].pause_ms > 0 && c[0].pause_ms < c[1].pause_ms);
	sv zh = SV("您好，您的订单已经发货，预计星期四上午送到，请注意查收。谢谢");
	n = clauses(zh, c, 16);
	SV_EQ(sv_slice(zh, c[0].from, c[0].to), "您好，");
	SV_EQ(sv_slice(zh, c[1].from, c[1].to), "您的订单已经发货，预计星期四上午送到，");
	SV_EQ(sv_slice(zh, c[n - 1].from, c[n - 1].to), "谢谢");
	EQ(clauses(SV(""), c, 16), 0);
	EQ(clauses(SV(" ... ，。!"), c, 16), 0);
}

/* Whatever the text: all of it once and in order, and no clause longer than it may be. */
TEST(voice_clauses_are_bounded)
{
	struct sb b;
	sb_init(&b, 64 << 10);
	bool ok = true;
	for (int round = 0; round < 60; round++) {
		sb_reset(&b);
		for (int i = 0; i < 400; i++) {
			uint64_t r = rng_u64(t_rng()) % 100;
			sb_cstr(&b, r < 60 ? (round & 1 ? "字" : "ab") :
				    r < 90 && !(round & 2) ? " " :
				    r < 95 ? "，" : r < 98 ? "word" : ". ");
		}
		struct clause c;
		size_t pos = 0, last = 0, longest = 0;
		for (int k = 0; clause_next(sb_sv(&b), &pos, k, &c); k++) {
			ok = ok && c.from == last && c.to > c.from && pos == c.to;
			size_t runes = sv_runes(sv_slice(sb_sv(&b), c.from, c.to));
			longest = runes > longest && !(round & 2) ? runes : longest;
			last = c.to;
		}
		ok = ok && pos == b.n && longest < 260;
	}
	sb_done(&b);
	CHECK(ok);
}

/* ---- levels ---- */

enum { HZ = 24000 };

static void tone_at(float *s, size_t from, size_t to, float a)
{
	for (size_t i = from; i < to; i++)
		s[i] = a * sinf((float)i * 0.08f);
}

TEST(voice_level_and_edges)
{
	static float s[HZ * 2];
	static int16_t out[HZ * 2];
	size_t from = 0, to = 0;
	memset(s, 0, sizeof(s));
	CHECK(!level_trim(s, HZ * 2, HZ, &from, &to));
	tone_at(s, HZ / 2, HZ + HZ / 2, 0.02f);
	CHECK(level_trim(s, HZ * 2, HZ, &from, &to));
	NEAR((double)from, HZ / 2 - HZ * 0.02, HZ * 0.006);
	NEAR((double)to, HZ * 1.5 + HZ * 0.04, HZ * 0.006);
	struct level l = { 0 };
	float gain = level_gain(&l, s + from, to - from, HZ);
	level_write(s + from, to - from, HZ, gain, out);
	double e = 0;
	for (size_t i = 1000; i < 20000; i++)
		e += (double)out[i] * out[i];
	NEAR(20 * log10(sqrt(e / 19000) / 32768), -20, 0.5);
	EQ(out[0], 0);
	EQ(out[to - from - 1], 0);
	/* a peak is never cut */
	s[HZ] = 0.9f;
	struct level fresh = { 0 };
	gain = level_gain(&fresh, s + from, to - from, HZ);
	CHECK(gain * 0.9f <= LEVEL_PEAK / 32768.0f + 1e-4f);
	level_write(s, 1, HZ, 1, out); /* shorter than its fades */
	level_write(s, 0, HZ, 1, out);
}

/* A quiet clause after a loud one stays quieter. */
TEST(voice_level_settles)
{
	static float s[HZ];
	struct level l = { 0 };
	for (int i = 0; i < 8; i++) {
		tone_at(s, 0, HZ, 0.1f);
		(void)level_gain(&l, s, HZ, HZ);
	}
	tone_at(s, 0, HZ, 0.05f);
	float quiet = level_gain(&l, s, HZ, HZ);
	NEAR(quiet * 0.05 / sqrt(2), 0.05, 0.01);
}
