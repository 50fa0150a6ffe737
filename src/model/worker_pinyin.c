/* worker_pinyin.c: the table of worker_pinyin.h: words of customer service first. One reading a
 * row; the longest word that fits wins. */
#include "worker_pinyin.h"

static const struct {
	const char *word, *pinyin;
} rows[] = {
	{ "银行", "yin2 hang2" }, { "行业", "hang2 ye4" }, { "行情", "hang2 qing2" },
	{ "同行", "tong2 hang2" }, { "分行", "fen1 hang2" }, { "支行", "zhi1 hang2" },
	{ "央行", "yang1 hang2" }, { "重庆", "chong2 qing4" }, { "重新", "chong2 xin1" },
	{ "重复", "chong2 fu4" }, { "重置", "chong2 zhi4" }, { "重启", "chong2 qi3" },
	{ "重试", "chong2 shi4" }, { "重发", "chong2 fa1" }, { "重做", "chong2 zuo4" },
	{ "重装", "chong2 zhuang1" }, { "重量", "zhong4 liang4" }, { "重要", "zhong4 yao4" },
	{ "还款", "huan2 kuan3" }, { "还清", "huan2 qing1" }, { "归还", "gui1 huan2" },
	{ "退还", "tui4 huan2" }, { "返还", "fan3 huan2" }, { "偿还", "chang2 huan2" },
	{ "还给", "huan2 gei3" }, { "寄还", "ji4 huan2" }, { "交还", "jiao1 huan2" },
	{ "还书", "huan2 shu1" }, { "还可以", "hai2 ke2 yi3" }, { "还是", "hai2 shi4" },
	{ "还有", "hai2 you3" }, { "还没", "hai2 mei2" }, { "长度", "chang2 du4" },
	{ "长期", "chang2 qi1" }, { "多长", "duo1 chang2" }, { "加长", "jia1 chang2" },
	{ "延长", "yan2 chang2" }, { "时长", "shi2 chang2" }, { "增长", "zeng1 zhang3" },
	{ "成长", "cheng2 zhang3" }, { "店长", "dian4 zhang3" }, { "部长", "bu4 zhang3" },
	{ "数量", "shu4 liang4" }, { "数据", "shu4 ju4" }, { "参数", "can1 shu4" },
	{ "音乐", "yin1 yue4" }, { "快乐", "kuai4 le4" }, { "会计", "kuai4 ji4" },
	{ "方便", "fang1 bian4" }, { "便宜", "pian2 yi5" }, { "便利", "bian4 li4" },
	{ "随便", "sui2 bian4" }, { "得到", "de2 dao4" }, { "获得", "huo4 de2" },
	{ "取得", "qu3 de2" }, { "觉得", "jue2 de5" }, { "必须得", "bi4 xu1 dei3" },
	{ "为了", "wei4 le5" }, { "因为", "yin1 wei4" }, { "为您", "wei4 nin2" },
	{ "为你", "wei4 ni3" }, { "为什么", "wei4 shen2 me5" }, { "为何", "wei4 he2" },
	{ "认为", "ren4 wei2" }, { "作为", "zuo4 wei2" }, { "成为", "cheng2 wei2" },
	{ "视为", "shi4 wei2" }, { "更换", "geng1 huan4" }, { "更改", "geng1 gai3" },
	{ "更新", "geng1 xin1" }, { "变更", "bian4 geng1" }, { "更多", "geng4 duo1" },
	{ "更好", "geng4 hao3" }, { "转账", "zhuan3 zhang4" }, { "转接", "zhuan3 jie1" },
	{ "转人工", "zhuan3 ren2 gong1" }, { "处理", "chu3 li3" }, { "处罚", "chu3 fa2" },
	{ "到处", "dao4 chu4" }, { "好处", "hao3 chu4" }, { "调整", "tiao2 zheng3" },
	{ "空调", "kong1 tiao2" }, { "调试", "tiao2 shi4" }, { "调解", "tiao2 jie3" },
	{ "调查", "diao4 cha2" }, { "调度", "diao4 du4" }, { "应该", "ying1 gai1" },
	{ "应当", "ying1 dang1" }, { "供应", "gong1 ying4" }, { "反应", "fan3 ying4" },
	{ "适应", "shi4 ying4" }, { "响应", "xiang3 ying4" }, { "回应", "hui2 ying4" },
	{ "差额", "cha1 e2" }, { "差价", "cha1 jia4" }, { "误差", "wu4 cha1" },
	{ "差评", "cha4 ping2" }, { "出差", "chu1 chai1" }, { "了解", "liao3 jie3" },
	{ "只有", "zhi3 you3" }, { "只能", "zhi3 neng2" }, { "只要", "zhi3 yao4" },
	{ "着急", "zhao2 ji2" }, { "看着", "kan4 zhe5" }, { "传真", "chuan2 zhen1" },
	{ "曾经", "ceng2 jing1" }, { "尽快", "jin3 kuai4" }, { "尽量", "jin3 liang4" },
	{ "尽管", "jin3 guan3" }, { "的确", "di2 que4" }, { "目的", "mu4 di4" },
	{ "没收", "mo4 shou1" }, { "角色", "jue2 se4" }, { "朝阳", "chao2 yang2" },
	{ "厦门", "xia4 men2" }, { "降价", "jiang4 jia4" }, { "下降", "xia4 jiang4" },
	{ "投降", "tou2 xiang2" }, { "折扣", "zhe2 kou4" }, { "打折", "da3 zhe2" },
	{ "骨折", "gu3 zhe2" }, { "利率", "li4 lv4" }, { "功率", "gong1 lv4" },
	{ "效率", "xiao4 lv4" }, { "率先", "shuai4 xian1" }, { "担子", "dan4 zi5" },
	{ "承担", "cheng2 dan1" }, { "担心", "dan1 xin1" }, { "中奖", "zhong4 jiang3" },
	{ "选中", "xuan3 zhong4" }, { "命中", "ming4 zhong4" }, { "倒数", "dao4 shu3" },
	{ "倒闭", "dao3 bi4" }, { "种类", "zhong3 lei4" }, { "种植", "zhong4 zhi2" },
	{ "提供", "ti2 gong1" }, { "供货", "gong1 huo4" }, { "教育", "jiao4 yu4" },
	{ "量尺寸", "liang2 chi3 cun4" }, { "测量", "ce4 liang2" }, { "质量", "zhi4 liang4" },
	{ "流量", "liu2 liang4" }, { "一会儿", "yi2 hui4 r5" }, { "什么", "shen2 me5" },
	{ "怎么", "zen3 me5" }, { "似的", "shi4 de5" }, { "相似", "xiang1 si4" },
	{ "模样", "mu2 yang4" }, { "模式", "mo2 shi4" }, { "薄膜", "bao2 mo2" },
	{ "薄荷", "bo4 he5" }, { "露出", "lu4 chu1" }, { "暴露", "bao4 lu4" },
	{ "剥离", "bo1 li2" }, { "卡住", "qia3 zhu4" }, { "关卡", "guan1 qia3" },
	{ "卡号", "ka3 hao4" }, { "会员卡", "hui4 yuan2 ka3" }, { "散装", "san3 zhuang1" },
	{ "分散", "fen1 san4" }, { "宿舍", "su4 she4" }, { "舍不得", "she3 bu5 de5" },
	{ "压力", "ya1 li4" }, { "扫把", "sao4 ba3" }, { "扫码", "sao3 ma3" },
	{ "扫描", "sao3 miao2" }, { "挣钱", "zheng4 qian2" }, { "钻石", "zuan4 shi2" },
	{ "拆卸", "chai1 xie4" }, { "几乎", "ji1 hu1" }, { "几天", "ji3 tian1" },
	{ "系统", "xi4 tong3" }, { "联系", "lian2 xi4" }, { "系鞋带", "ji4 xie2 dai4" },
	{ "号码", "hao4 ma3" }, { "积分", "ji1 fen1" }, { "成分", "cheng2 fen4" },
	{ "部分", "bu4 fen5" }, { "过分", "guo4 fen4" }, { "分钟", "fen1 zhong1" },
	{ "分期", "fen1 qi1" }, { "发票", "fa1 piao4" }, { "头发", "tou2 fa5" },
	{ "理发", "li3 fa4" }, { "干净", "gan1 jing4" }, { "干活", "gan4 huo2" },
	{ "弹性", "tan2 xing4" }, { "弹簧", "tan2 huang2" }, { "子弹", "zi3 dan4" },
	{ "强制", "qiang2 zhi4" }, { "勉强", "mian3 qiang3" }, { "背面", "bei4 mian4" },
	{ "背包", "bei1 bao1" }, { "奇数", "ji1 shu4" }, { "奇怪", "qi2 guai4" },
	{ "大夫", "dai4 fu5" }, { "血压", "xue4 ya1" }, { "宁可", "ning4 ke3" },
	{ "南宁", "nan2 ning2" }, { "地址", "di4 zhi3" }, { "慢慢地", "man4 man4 de5" },
	{ "难过", "nan2 guo4" }, { "受难", "shou4 nan4" }, { "困难", "kun4 nan5" },
	{ "首都", "shou3 du1" }, { "成都", "cheng2 du1" }, { "都是", "dou1 shi4" },
	{ "都可以", "dou1 ke2 yi3" },
	{ "朋友", "peng2 you5" }, { "明白", "ming2 bai5" }, { "东西", "dong1 xi5" },
	{ "消息", "xiao1 xi5" }, { "名字", "ming2 zi5" }, { "客气", "ke4 qi5" },
	{ "衣服", "yi1 fu5" }, { "先生", "xian1 sheng5" }, { "时候", "shi2 hou5" },
	{ "地方", "di4 fang5" }, { "告诉", "gao4 su5" }, { "麻烦", "ma2 fan5" },
	{ "清楚", "qing1 chu5" }, { "认识", "ren4 shi5" }, { "事情", "shi4 qing5" },
	{ "关系", "guan1 xi5" }, { "喜欢", "xi3 huan5" }, { "谢谢", "xie4 xie5" },
	{ "知道", "zhi1 dao5" }, { "晚上", "wan3 shang5" }, { "早上", "zao3 shang5" },
	{ "对不起", "dui4 bu5 qi3" }, { "多少", "duo1 shao5" }, { "发货", "fa1 huo4" },
	{ "退货", "tui4 huo4" }, { "换货", "huan4 huo4" }, { "退款", "tui4 kuan3" },
	{ "快递", "kuai4 di4" }, { "售后", "shou4 hou4" }, { "客服", "ke4 fu2" },
	{ "到账", "dao4 zhang4" }, { "保修", "bao3 xiu1" }, { "运费", "yun4 fei4" },
	{ "验证码", "yan4 zheng4 ma3" }, { "优惠券", "you1 hui4 quan4" },
	{ "手机号", "shou3 ji1 hao4" }, { "订单号", "ding4 dan1 hao4" },
	{ "包邮", "bao1 you2" }, { "下单", "xia4 dan1" },
};

const char *pinyin_find(sv s, size_t *len)
{
	const char *best = NULL;
	*len = 0;
	if (s.n < 6 || !(s.p[0] & 0x80))
		return NULL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		sv word = sv_of(rows[i].word);
		if (word.n > *len && sv_starts(s, word)) {
			best = rows[i].pinyin;
			*len = word.n;
		}
	}
	return best;
}

bool pinyin_row(size_t i, const char **word, const char **pinyin)
{
	if (i >= sizeof(rows) / sizeof(rows[0]))
		return false;
	*word = rows[i].word;
	*pinyin = rows[i].pinyin;
	return true;
}
