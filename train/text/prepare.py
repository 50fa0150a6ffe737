#!/usr/bin/env python3
"""Rows for callm train and callm score from the public data sets of docs/MODELS.md.

    prepare.py SET DATA OUT      DATA/SET/... as its publisher gives it -> OUT/SET*.train.tsv, OUT/SET*.test.tsv

A row is label<TAB>text; several labels are joined by commas; turns before stand in front of the text with " ||| " between;
pairs have two texts. Only training parts go into train files; the test part is the published one (or the half of it at hand).
"""
import json
import os
import sys


def table(path):
    with open(path, encoding="utf-8-sig", newline="\n") as f:
        lines = f.read().split("\n")
    head = lines[0].split("\t")
    return [dict(zip(head, l.split("\t"))) for l in lines[1:] if l.strip()]


def objects(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(l) for l in f if l.strip()]


def clean(text):
    return " ".join(text.replace("|||", " ").split())


def write(path, rows):
    n = 0
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        for row in rows:
            row = [row[0]] + [clean(t) if isinstance(t, str) else " ||| ".join(clean(x) for x in t if clean(x)) for t in row[1:]]
            if all(row) and not row[0].startswith("#"):
                f.write("\t".join(row) + "\n")
                n += 1
    print(f"{path}: {n} rows")


def turns(rows, text, label, before):
    """Each row with up to `before` turns of its dialogue in front."""
    out, past, at = [], [], None
    for r in rows:
        if r["dialogue"] != at:
            at, past = r["dialogue"], []
        past.append(r[text])
        out.append((r[label], past[-before - 1:]))
    return out


def intents(name, files, label="intent"):
    def make(data, out):
        for part, sources in files.items():
            rows = [(r[label], r["text"]) for s in sources for r in table(f"{data}/{name}/{s}")]
            write(f"{out}/{name}.{part}.tsv", rows)
    return make


GROUPS = {  # the four groups of the GoEmotions paper (Demszky et al. 2020)
    "positive": "admiration amusement approval caring desire excitement gratitude joy love optimism pride relief",
    "negative": "anger annoyance disappointment disapproval disgust embarrassment fear grief nervousness remorse sadness",
    "ambiguous": "confusion curiosity realization surprise", "neutral": "neutral"}
EKMAN = {
    "anger": "anger annoyance disapproval", "disgust": "disgust", "fear": "fear nervousness", "neutral": "neutral",
    "joy": "joy amusement approval excitement gratitude love optimism relief pride admiration desire caring",
    "sadness": "sadness disappointment embarrassment grief remorse", "surprise": "surprise realization confusion curiosity"}


def goemotions(data, out):
    for name, groups in (("28", None), ("7", EKMAN), ("4", GROUPS)):
        to = {e: g for g, es in (groups or {}).items() for e in es.split()}
        for part, sources in {"train": ["train.tsv", "dev.tsv"], "test": ["open_test.tsv"]}.items():
            rows = []
            for r in (r for s in sources for r in table(f"{data}/goemotions/{s}")):
                labels = dict.fromkeys(to.get(x, x) for x in r["labels"].split(","))
                rows.append((",".join(labels), r["text"]))
            write(f"{out}/goemotions{name}.{part}.tsv", rows)


def meld(data, out):
    for part, sources in {"train": ["train.tsv", "dev.tsv"], "test": ["open_test.tsv"]}.items():
        rows = [x for s in sources for x in turns(table(f"{data}/meld/{s}"), "text", "emotion", 3)]
        write(f"{out}/meld.{part}.tsv", rows)


def cped(data, out):
    for part, source in {"train": "valid_as_train.tsv", "test": "open_test.tsv"}.items():
        for label in ("sentiment", "emotion"):
            write(f"{out}/cped_{label}.{part}.tsv", turns(table(f"{data}/cped/{source}"), "text", label, 3))


def zh_sentiment(data, out):
    for name in ("hotel", "waimai", "shopping"):
        for part, source in {"train": f"{name}_train.tsv", "test": f"open_{name}_test.tsv"}.items():
            rows = [("positive" if r["label"] == "1" else "negative", r["text"]) for r in table(f"{data}/zh_sentiment/{source}")
                    if r.get("text") and r["label"] in "01"]
            write(f"{out}/{name}.{part}.tsv", rows)


def nlupp(data, out):
    for name in ("banking", "hotels"):
        for part, source in {"train": f"{name}_train.jsonl", "test": f"open_{name}_test.jsonl"}.items():
            rows = [(",".join(r.get("intents") or ["none"]), r["text"]) for r in objects(f"{data}/nlupp/{source}")]
            write(f"{out}/nlupp_{name}.{part}.tsv", rows)


def pairs(data, out):
    for name, train, test in (("lcqmc", "lcqmc_dev_as_train.tsv", "open_lcqmc_test.tsv"), ("bq", "bq_dev_as_train.tsv", "open_bq_test.tsv"),
                              ("atec", "atec_train.tsv", "open_atecccks_test_clean.tsv")):
        for part, source in (("train", train), ("test", test)):
            rows = [("same" if r["label"] == "1" else "other", r["a"], r["b"]) for r in table(f"{data}/zh_pairs/{source}") if r.get("label")]
            write(f"{out}/{name}.{part}.tsv", rows)


def xsid(data, out):
    train = {}
    for r in objects(f"{data}/xsid/train_en.jsonl"):
        intent = "weather/find" if r["intent"] in ("GetWeather", "weather/checkSunset", "weather/checkSunrise") else r["intent"]
        if intent != "alarm/time_left_on_alarm":
            train[(intent, clean(r["text"]).lower())] = (intent, r["text"])
    write(f"{out}/xsid.train.tsv", train.values())
    rows = objects(f"{data}/xsid/open_valid.jsonl")
    for lang in sorted({r["lang"] for r in rows}):
        write(f"{out}/xsid_{lang}.test.tsv", [(r["intent"], r["text"]) for r in rows if r["lang"] == lang])


SETS = {
    "banking77": intents("banking77", {"train": ["train.tsv"], "test": ["open_test.tsv"]}),
    "clinc150": intents("clinc150", {"train": ["train.tsv"], "test": ["open_test.tsv"]}),
    "hwu64": intents("hwu64", {"train": ["train.tsv"], "test": ["open_test.tsv"]}),
    "smp2020_ewect_virus": intents("smp2020_ewect_virus", {"train": ["train.tsv"], "test": ["open_eval.tsv"]}, "label"),
    "goemotions": goemotions, "meld": meld, "cped": cped, "zh_sentiment": zh_sentiment, "nlupp": nlupp, "zh_pairs": pairs, "xsid": xsid}

if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in SETS:
        sys.exit(f"prepare.py SET DATA OUT; SET is one of {' '.join(SETS)}")
    os.makedirs(sys.argv[3], exist_ok=True)
    SETS[sys.argv[1]](sys.argv[2], sys.argv[3])
