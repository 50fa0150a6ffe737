#!/usr/bin/env python3
"""Makes the training text of the name and address tagger.

	prepare.py PRESIDIO_TRAIN.jsonl OUT_DIR [--plain FILE ...] [--named FILE ...]

Writes OUT_DIR/train.txt (one text a line, {type:words} marks, \\n for a new line) and
OUT_DIR/words.txt (common words). Inputs: the training half of microsoft/presidio-research (MIT),
own.en.txt and own.zh.txt beside this file, --plain texts without personal data (TSV: the last
field), --named texts with [NAME] in place of people (GoEmotions). Same input, same output.
"""
import argparse
import collections
import json
import pathlib
import random
import re
import sys

MAP = {"PERSON": "name", "ADDRESS": "address", "LOCATION": "place", "ORGANIZATION": "org"}
HERE = pathlib.Path(__file__).resolve().parent
rng = random.Random(20261125)

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁时舒耿牟卜肖詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边符姬简晏芦仲钮连战毕祖"
DOUBLE = ["欧阳", "司马", "上官", "诸葛", "慕容", "夏侯", "司徒", "皇甫"]
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂玉萍红玲芬梅莉鹏辉志建国华文斌宇浩然子轩梓涵欣怡雨晨思雅佳琪诗婷雪梦瑶嘉俊豪博天一诺可心语彤悦宁安康乐晓东海林峰春燕龙飞云凤琴莲珍贞金银福贵荣昌盛祥瑞泽润沐阳景初逸若曦清源立新庆德义仁礼智信忠良正直方圆远航帆舟潇湘楠桐柏松竹菊荷蓉薇蕾蓓莎琳璐瑾瑜珊珂琦琛钰锋钧铭铁钢锐"
PROV = ["广东省", "江苏省", "浙江省", "四川省", "湖北省", "湖南省", "山东省", "河南省", "河北省", "福建省", "辽宁省", "安徽省", "陕西省", "江西省", "云南省", "贵州省", "黑龙江省", "吉林省", "山西省", "甘肃省", "海南省", "青海省", "广西", "内蒙古", "新疆", "宁夏", ""]
CITY = ["北京", "上海", "广州", "深圳", "天津", "重庆", "杭州", "南京", "成都", "武汉", "西安", "苏州", "郑州", "长沙", "青岛", "大连", "宁波", "厦门", "福州", "济南", "合肥", "昆明", "哈尔滨", "沈阳", "长春", "石家庄", "太原", "南昌", "贵阳", "南宁", "海口", "兰州", "银川", "西宁", "乌鲁木齐", "拉萨", "呼和浩特", "无锡", "常州", "南通", "徐州", "温州", "绍兴", "嘉兴", "金华", "台州", "佛山", "东莞", "珠海", "中山", "惠州", "汕头", "泉州", "漳州", "烟台", "潍坊", "临沂", "洛阳", "开封", "襄阳", "宜昌", "株洲", "岳阳", "绵阳", "德阳", "遵义", "桂林", "柳州", "三亚", "保定", "唐山", "邯郸", "大同", "包头", "鞍山", "吉林", "大庆", "芜湖", "蚌埠", "赣州", "九江", "义乌", "昆山", "香港", "澳门", "台北", "高雄"]
DIST = ["朝阳区", "海淀区", "西城区", "浦东新区", "徐汇区", "静安区", "天河区", "越秀区", "南山区", "福田区", "龙岗区", "鼓楼区", "玄武区", "江宁区", "西湖区", "余杭区", "滨江区", "武侯区", "锦江区", "高新区", "洪山区", "武昌区", "江汉区", "雁塔区", "碑林区", "姑苏区", "工业园区", "金水区", "岳麓区", "市南区", "历下区", "思明区", "和平区", "南开区", "渝北区", "江北区", "开发区", "新城区", "桥西区", "长安区", "丰台区", "通州区", "闵行区", "宝山区", "番禺区", "白云区", "宝安区", "罗湖区", "瑶海区", "蜀山区", "官渡区", "道里区", "铁西区", "昌平区", "城关区", "临平区", "吴中区", "新区"]
ROAD = ["人民路", "中山路", "解放路", "建设路", "和平路", "文化路", "长江路", "黄河路", "学院路", "新华街", "北京路", "南京西路", "淮海中路", "科技路", "创业大道", "世纪大道", "滨江大道", "迎宾路", "朝阳街", "东风路", "幸福路", "光明路", "胜利街", "青年路", "体育路", "花园路", "湖滨路", "环城西路", "机场路", "工业路", "文三路", "天府大道", "珞喻路", "深南大道", "民生路", "平安里", "槐树巷", "梧桐街", "桂花路", "银杏大道", "望江路", "松林路", "紫荆路", "白马巷", "石桥路", "金桥路", "龙腾路", "凤凰街", "百草路", "三元里大道", "莲花路", "丰收路", "春晓路", "翠微路", "景明路", "五一大道", "八一路", "二环南路", "三里屯路", "四平路"]
ESTATE = ["阳光花园", "金色家园", "绿地世纪城", "万科城", "碧桂园", "翠湖小区", "锦绣花园", "幸福里小区", "书香苑", "望京花园", "御景湾", "东方明珠公寓", "现代城", "中央公馆", "水岸新村", "丽景苑", "桃源居", "香榭里小区", "和平小区", "龙湖天街", "星河湾", "保利花园", "恒大名都", "融创壹号院", "天通苑", "回龙观小区", "金地格林", "紫金小区", "白鹭小区", "清风苑", "国际大厦", "创新大厦", "科技园", "软件园", "财富广场", "银泰中心", "环球中心", "时代广场"]
ORG_ZH = ["腾飞科技有限公司", "华兴贸易公司", "阳光物业", "顺风快递", "大地保险", "新东方学校", "第一人民医院", "建设银行", "工商银行", "招商银行", "中国移动", "联通公司", "实验小学", "育才中学", "光明超市", "永和餐饮", "安居装饰公司", "远航物流", "明珠酒店", "宏达集团", "金鹰商场", "京东", "淘宝", "美团", "拼多多", "科大", "市政府", "街道办", "居委会", "派出所", "恒通电子厂", "北方工业大学", "环球旅行社", "新华书店", "家乐福"]


def zh_name():
    s = rng.choice(SURNAMES[:100]) if rng.random() < 0.75 else rng.choice(SURNAMES)
    if rng.random() < 0.03:
        s = rng.choice(DOUBLE)
    n = 1 if rng.random() < 0.28 else 2
    g = "".join(rng.choice(GIVEN) for _ in range(n))
    if n == 2 and rng.random() < 0.05:
        g = g[0] * 2
    return s + g


def zh_digits(n):
    return "".join("零一二三四五六七八九"[int(c)] for c in str(n))


def zh_num(n):
    if rng.random() < 0.8 or n > 99:
        return str(n)
    t, o = divmod(n, 10)
    d = "零一二三四五六七八九"
    return (d[t] if t > 1 else "") + ("十" if t else "") + (d[o] if o or not t else "")


def zh_unit():
    r = rng.random()
    if r < 0.3:
        return f"{zh_num(rng.randrange(1, 40))}{rng.choice(['栋', '号楼', '幢', '座'])}{zh_num(rng.randrange(1, 6))}单元{rng.randrange(101, 2800)}{rng.choice(['室', '', '号', '户'])}"
    if r < 0.55:
        return f"{rng.choice([zh_num(rng.randrange(1, 30)), rng.choice('ABCDE')])}{rng.choice(['栋', '座', '号楼', '幢'])}{rng.randrange(101, 2800)}{rng.choice(['室', ''])}"
    if r < 0.7:
        return f"{rng.randrange(1, 30)}-{rng.randrange(1, 5)}-{rng.randrange(101, 2800)}"
    if r < 0.85:
        return f"{zh_num(rng.randrange(1, 30))}楼"
    return f"{rng.randrange(101, 2800)}室"


def zh_address():
    r = rng.random()
    city = rng.choice(CITY)
    head = rng.choice(PROV) + city + "市" if rng.random() < 0.45 else city + rng.choice(["市", ""])
    if rng.random() < 0.25:
        head = ""
    dist = rng.choice(DIST) if rng.random() < 0.75 else ""
    road = rng.choice(ROAD) + zh_num(rng.randrange(1, 999)) + rng.choice(["号", "号", "号", "弄", "号院"])
    est = rng.choice(ESTATE)
    if r < 0.3:
        return head + dist + road
    if r < 0.55:
        return head + dist + road + est + zh_unit()
    if r < 0.75:
        return head + dist + est + zh_unit()
    if r < 0.85:
        return dist + est + zh_unit() if dist else est + zh_unit()
    if r < 0.93:
        return head + dist + rng.choice(ROAD) + est
    return head + dist + rng.choice(ROAD) + "与" + rng.choice(ROAD) + "交叉口"


def zh_place():
    return rng.choice([rng.choice(CITY), rng.choice(CITY) + "市", rng.choice(DIST), rng.choice(PROV[:26]),
                       rng.choice(CITY) + rng.choice(DIST)])


def digits(n):
    return "".join(rng.choice("0123456789") for _ in range(n))


NATIONS = "American British English Scottish Welsh Irish French German Italian Spanish Portuguese Dutch Belgian Swiss Austrian Danish Swedish Norwegian Finnish Icelandic Polish Czech Slovak Slovenian Croatian Serbian Hungarian Romanian Bulgarian Greek Turkish Russian Ukrainian Estonian Latvian Lithuanian Chinese Japanese Korean Thai Vietnamese Indian Pakistani Indonesian Malaysian Filipino Australian Canadian Mexican Brazilian Argentinian Chilean Colombian Peruvian Egyptian Moroccan Tunisian Nigerian Kenyan Ethiopian Israeli Iranian Iraqi Saudi Lebanese European Asian African".split()
MONTHS = "January February March April May June July August September October November December Monday Tuesday Wednesday Thursday Friday Saturday Sunday Christmas Easter".split()
FIRST = """Amara Chinonso Kwame Thabo Zainab Aisha Omar Yusuf Layla Mariam Ibrahim Khalid Noor Samira Tariq Fatou
Mamadou Abebe Makena Tendai Wei Xiu Jing Hao Mei Ling Jun Yan Min-jun Seo-yeon Ji-woo Hye-jin
Haruto Yui Sakura Kenji Takeshi Naoko Linh Minh Thu Anh Somchai Malee Putri Budi Dewi Agus
Rizal Siti Nurul Arun Deepa Kavya Rohan Ananya Vikram Sunita Harpreet Gurpreet Simran Imran Bilal Sana
Usman Shreya Aditya Rahul Neha Dmitri Olga Natasha Sergei Anya Katya Pavel Jiri Milos Zoran Dragana
Ivana Andrei Ioana Elena Nikos Eleni Yiannis Giorgos Mehmet Ayse Emre Zeynep Cem Levon Ani Tigran
Ruben Avi Noa Yael Moshe Shira Diego Camila Santiago Valentina Mateo Lucia Javier Ximena Thiago Larissa
Joao Beatriz Rafael Luana Pierre Amelie Lucien Chloe Benoit Manon Giacomo Chiara Lorenzo Francesca Hans Greta
Jurgen Anneliese Lars Astrid Bjorn Freya Mikko Aino Pekka Siobhan Aoife Cormac Niamh Callum Isla Rhys
Cerys Tyrone Latoya DeShawn Keisha Jamal Ebony Hunter Brooklyn Wyatt Savannah Cody Madison Travis Kayla Emily
Hannah Jacob Michael William James Robert Linda Susan Karen Barbara Patricia Elizabeth Thomas Charles Daniel Matthew
Anthony Sarah Jessica Ashley Betty Dorothy Sandra""".split()
LAST = """Adeyemi Okonkwo Mensah Diallo Traore Ndlovu Mwangi Otieno Abdi Hassan Al-Farsi Haddad Khoury Nasser Rahman Chowdhury
Begum Hussain Malik Qureshi Sharma Patel Gupta Iyer Reddy Nair Kapoor Banerjee Singh Kaur Gill Perera
Fernando Nguyen Tran Pham Le Hoang Vu Wang Zhang Liu Huang Zhao Wu Zhou Xu Sun
Lin Chen Cheung Wong Lam Leung Chan Tan Lim Goh Ng Kim Park Lee Choi Jung
Kang Tanaka Suzuki Sato Yamamoto Nakamura Kobayashi Santoso Wijaya Hidayat Reyes Cruz Bautista Garcia Lopez Martinez
Hernandez Gonzalez Perez Ramirez Torres Flores Rivera Vargas Castillo Silva Santos Oliveira Souza Pereira Ferreira Almeida
Dubois Moreau Laurent Girard Rousseau Lefebvre Rossi Bianchi Ricci Esposito Romano Schmidt Schneider Fischer Weber Wagner
Becker Hoffmann Jansen de Vries van Dijk Bakker Peeters Andersson Johansson Nilsson Hansen Olsen Larsen Nielsen
Virtanen Korhonen Kowalczyk Nowak Wisniewski Novotny Horvat Petrov Ivanov Smirnov Volkov Popescu Ionescu Papadopoulos Yilmaz Demir
Kaya Grigoryan Cohen Levi Mizrahi O'Brien O'Sullivan Murphy Gallagher McCarthy MacDonald Campbell Stewart Robertson Thomson Davies
Evans Hughes Llewellyn Smith Jones Taylor Brown Wilson Walker Wright Robinson Thompson White Hall Green Hill
Clark Baker Cooper Carter Turner Parker Collins Edwards Morgan Bell Bailey Cox Ward Gray Brooks Price
Wood Barnes Ross Henderson Coleman Jenkins Perry Powell Long Patterson Foster""".split()
FILL = collections.defaultdict(list)


COMMON = set()


def rare(names):
    """Mostly a name that is no common word."""
    n = rng.choice(names)
    return rng.choice(names) if n.lower() in COMMON and rng.random() < 0.8 else n


def en_full():
    """A full name: of the marked texts, or put together, some with initials."""
    if rng.random() < 0.5:
        return rng.choice(FILL["name"])
    words = [rare(FIRST), rare(LAST)]
    if rng.random() < 0.15:
        words.insert(1, rng.choice("ABCDEFGHIJKLMNOPRSTVWYZ") + rng.choice([".", "."," "]).strip())
    elif rng.random() < 0.08:
        words = [rng.choice("ABCDEFGHJKLMNPRSTW") + "."] * 1 + [rng.choice("ABCDEFGHJKLMNPRSTW") + "."] * rng.randrange(2) + words[1:]
    elif rng.random() < 0.06:
        words[0] += "-" + rng.choice(FIRST)
    elif rng.random() < 0.05:
        words[1] += "-" + rng.choice(LAST)
    return " ".join(words)


def uk_postcode():
    letters = "ABCDEFGHJKLMNPRSTUWXY"
    return rng.choice(["", rng.choice(letters)]) + rng.choice(letters) + digits(1) + rng.choice(["", digits(1)]) + " " + digits(1) + rng.choice("ABDEFGHJLNPQRSTUWXYZ") + rng.choice("ABDEFGHJLNPQRSTUWXYZ")


def en_street():
    a = rng.choice(FILL["address"])
    return a.split("\n")[0]


def fill(kind, lang):
    if kind == "phone":
        return None, ("1" + rng.choice("3578") + digits(9)) if lang == "zh" else f"{digits(3)}-{digits(3)}-{digits(4)}"
    if kind == "order":
        return None, rng.choice(["HH2026-" + digits(6), digits(8), "A" + digits(7)])
    if kind == "title":
        return None, rng.choice(["Mr.", "Mrs.", "Ms.", "Dr.", "Miss", "Mr", "Mrs", "Ms", "Prof."])
    if kind == "nation":
        return None, rng.choice(NATIONS)
    if kind == "month":
        return None, rng.choice(MONTHS)
    if kind == "zip":
        return "address", rng.choice([digits(5), digits(4), uk_postcode(), uk_postcode(), "M5V 2T6", digits(6), digits(5) + "-" + digits(4)])
    if lang == "zh":
        return {"name": ("name", zh_name()), "address": ("address", zh_address()), "place": ("place", zh_place()),
                "org": ("org", (rng.choice(CITY) if rng.random() < 0.3 else "") + rng.choice(ORG_ZH)),
                "surname": ("name", rng.choice(DOUBLE) if rng.random() < 0.04 else rng.choice(SURNAMES))}[kind]
    full = en_full()
    words = full.split()
    if kind == "first":
        return "name", words[0]
    if kind == "last":
        return "name", words[-1]
    if kind == "name":
        return "name", full
    if kind == "street":
        return "address", en_street()
    if kind == "address":
        a = rng.choice(FILL["address"])
        if rng.random() < 0.5:
            a += rng.choice([", ", " ", "\n", ",\n "]) + rng.choice(FILL["place"])
            if rng.random() < 0.6:
                a += rng.choice([" ", ", "]) + rng.choice([digits(5), digits(4)])
        return "address", a
    return kind, rng.choice(FILL[kind])


def mark(kind, words):
    return "{%s:%s}" % (kind, words) if kind else words


def expand(line, lang):
    return re.sub(r"\{(\w+)\}", lambda m: mark(*fill(m.group(1), lang)), line.replace("\\n", "\n"))


def recase(text):
    """Some texts in lower case, a few in capitals; marks stay."""
    r = rng.random()
    if r < 0.25:
        f = str.lower
    elif r < 0.28:
        f = str.upper
    else:
        return text
    return re.sub(r"(\{\w+:)|([^{]+)", lambda m: m.group(1) or f(m.group(2)), text)


def presidio(path):
    for line in open(path, encoding="utf-8"):
        d = json.loads(line)
        t = d["text"]
        if "{" in t or "}" in t:
            continue
        spans = sorted((s, e, MAP.get(k)) for k, s, e, _ in d["spans"])
        out, at = "", 0
        for s, e, k in spans:
            if s < at:
                continue
            out += t[at:s] + mark(k, t[s:e])
            at = e
            if k:
                FILL[k].append(t[s:e])
        yield out + t[at:], d["template"]


def crosswoz(path):
    """Turns of CrossWOZ; its acts name the addresses."""
    for line in open(path, encoding="utf-8"):
        for turn in json.loads(line)["turns"]:
            t = turn["t"]
            if "{" in t or "}" in t:
                continue
            for act in turn["a"]:
                if act[0] == "Inform" and act[2] == "地址" and len(act[3]) > 4:
                    t = t.replace(act[3], mark("address", act[3]), 1)
            yield t


def plain_lines(path):
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line and not line.startswith("#"):
            yield line


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("presidio")
    ap.add_argument("out")
    ap.add_argument("--plain", action="append", default=[])
    ap.add_argument("--first", action="append", default=[], help="TSV whose first field is the text")
    ap.add_argument("--dict", action="append", default=[], help="common words, one a line (Debian's wamerican)")
    ap.add_argument("--named", action="append", default=[])
    ap.add_argument("--crosswoz", action="append", default=[], help="dialogues of CrossWOZ (Apache-2.0)")
    ap.add_argument("--marked", action="append", default=[], help="texts with marks, used as they are")
    ap.add_argument("--without", default="", help="templates to leave out, a,b,c")
    a = ap.parse_args()
    out = pathlib.Path(a.out)
    dictionary = {w.strip() for p in a.dict for w in open(p, encoding="utf-8") if re.fullmatch(r"[a-z]+\n", w)}
    COMMON.update(dictionary)
    out.mkdir(parents=True, exist_ok=True)
    skip = {int(x) for x in a.without.split(",") if x}
    rows = [(t, k) for t, k in presidio(a.presidio) if k not in skip]
    texts = [t for t, _ in rows]
    # the same sentences again, other people and places in them
    for t, _ in rows:
        texts.append(recase(re.sub(r"\{(\w+):[^}]*\}", lambda m: mark(*fill(m.group(1), "en")), t)))
    for lang, times in (("en", 20), ("zh", 30)):
        for line in plain_lines(HERE / f"own.{lang}.txt"):
            for _ in range(times):
                t = expand(line, lang)
                texts.append(recase(t) if lang == "en" else t + rng.choice(["", "", "", "。", "！", "，谢谢", "？"]))
    for path in a.named:
        for line in plain_lines(path):
            t = line.split("\t")[0]
            if "[NAME]" not in t or "{" in t:
                continue
            t = re.sub(r"\[NAME\]", lambda m: mark(*fill(rng.choice(["first", "first", "last", "name"]), "en")), t)
            texts.append(recase(t.replace("[RELIGION]", "Catholic")))
    for path in a.crosswoz:
        texts += list(crosswoz(path))
    for path in a.marked:
        texts += [t for t in plain_lines(path)]
    words = collections.Counter()
    negatives = []
    for path in a.named:
        negatives += [t for t in (x.split("\t")[0] for x in plain_lines(path)) if "[" not in t and "{" not in t][:12000]
    for path in a.plain + a.first:
        for line in plain_lines(path):
            t = line.split("\t")[0 if path in a.first else -1]
            if "[" in t or "{" in t:
                continue
            words.update(set(re.findall(r"[^\W\d_]+", t.lower())))
            if t.strip():
                negatives.append(t.strip())
    rng.shuffle(negatives)
    texts += [recase(t) for t in negatives[:26000]]
    rng.shuffle(texts)
    for t, _ in rows:
        words.update(set(re.findall(r"[^\W\d_]+", re.sub(r"\{\w+:[^}]*\}", " ", t).lower())))
    dictionary |= {w.lower() for w in NATIONS + MONTHS}
    words.update(dictionary)
    names = collections.Counter(w.lower() for n in FILL["name"] for w in n.split())
    with open(out / "words.txt", "w", encoding="utf-8") as f:
        for w, n in sorted(words.items()):
            if (n >= 3 or w in dictionary) and not re.search(r"[\u3400-\u9fff]", w) and (w in dictionary or names[w] == 0 or n > 30):
                f.write(w + "\n")
    with open(out / "train.txt", "w", encoding="utf-8") as f:
        for t in texts:
            f.write(t.replace("\\", "").replace("\n", "\\n") + "\n")
    print(len(texts), "texts", file=sys.stderr)


if __name__ == "__main__":
    main()
