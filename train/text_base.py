#!/usr/bin/env python3
"""The lines that models/text_base.bin is learned from: sentences of class-A data sets, their frequent words and neighbours, and
frequent words of the teacher's vocabulary.

    text_base.py DATA E5-FILE > texts.txt
"""
import collections
import json
import random
import re
import struct
import sys

DATA, E5 = sys.argv[1], sys.argv[2]
lines = []


def add(text):
    text = " ".join(text.split())
    if 2 <= len(text) <= 300:
        lines.append(text[:200])


def column(path, k):
    for row in open(path, encoding="utf-8", newline="\n").read().split("\n")[1:]:
        fields = row.split("\t")
        if len(fields) > k:
            add(fields[k])


def objects(path):
    return [json.loads(l) for l in open(path, encoding="utf-8") if l.strip()]


for name in ("banking77", "clinc150", "hwu64", "goemotions"):
    column(f"{DATA}/{name}/train.tsv", 0)
for name in ("train", "valid"):
    column(f"{DATA}/bitext_intents/{name}.tsv", 0)
for name in ("nlupp/banking_train", "nlupp/hotels_train", "snips/train"):
    for o in objects(f"{DATA}/{name}.jsonl"):
        add(o["text"])
for k in (2, 3):
    column(f"{DATA}/chatterbot_corpus/pairs.tsv", k)
for name in ("multiwoz21", "crosswoz"):
    for o in objects(f"{DATA}/{name}/open_val.jsonl"):
        for turn in o["turns"]:
            add(turn["t"])
for o in objects(f"{DATA}/bitext_responses/pairs.jsonl"):
    add(o["text"])
    for sentence in re.split(r"(?<=[.!?])\s+", o["response"])[:3]:
        add(sentence)
sentences = list(dict.fromkeys(lines))

count = collections.Counter()
for s in sentences:
    words = re.findall(r"[a-z']+", s.lower())
    count.update(words)
    count.update(a + " " + b for a, b in zip(words, words[1:]))
known = [w for w, n in count.items() if n >= 4 and len(w) > 2]

# the teacher's vocabulary (src/model/e5.h), commonest first
b = open(E5, "rb").read(24 << 20)
at = 44
pieces = struct.unpack_from("<i", b, at)[0]
at += 20 + 8
offset = struct.unpack_from(f"<{pieces + 1}I", b, at)
at += 8 * pieces + 4
more = []
for i in range(5, min(pieces, 110000)):
    w = b[at + offset[i]:at + offset[i + 1]].decode("utf-8", "ignore")
    if w.startswith("\u2581") and len(w) > 2 and w[1:].isascii() and w[1:].isalpha():
        more.append(w[1:].lower())
    elif 1 <= len(w) <= 4 and all("\u4e00" <= c <= "\u9fff" for c in w):
        more.append(w)

every = list(dict.fromkeys(sentences + known + more))
random.Random(1).shuffle(every)
print("\n".join(every))
