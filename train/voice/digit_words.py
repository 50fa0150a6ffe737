#!/usr/bin/env python3
"""Rows for `callm train digits` from synthetic voices: the ten English digits, 8 kHz.

    train/voice/digit_words.py OUT [--kokoro DIR --n 1600] [--flite] [--espeak] [--lines NAME...] [--seed 1]

Writes OUT/*.wav and OUT/kokoro.tsv, OUT/flite.tsv, OUT/espeak.tsv (label, WAV). DIR is Kokoro-82M as
`callm models pull kokoro` leaves it (model.onnx, voices/). Needs numpy, and onnxruntime (PyPI) for Kokoro;
flite and espeak-ng are Debian's programs. About a second of one core a word of Kokoro.

Each word of Kokoro is by a voice that nobody has: a mixture of one to three of the 54, how it sounds and
how it speaks drawn apart, drawn a little away from the mean of all voices; another pace, another
ending, and one of several ways to say the word, some as people do whose first language is another one.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import wave

import numpy as np

TREE = pathlib.Path(__file__).resolve().parents[2]
HZ = 8000
WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# Kokoro's symbols: I as in nine, O as in go (Q in Britain), A as in day. The usual ways, then those
# of people with another first language.
USUAL = [["zˈɪɹO", "zˈiɹO", "zˈɪəɹQ", "zˈiːɹO"], ["wˈʌn", "wˈʌːn", "wˈɒn"], ["tˈu", "tˈuː", "tʰˈuː"],
         ["θɹˈi", "θɹˈiː"], ["fˈɔɹ", "fˈɔː", "fˈɔːɹ"], ["fˈIv", "fˈaɪv"], ["sˈɪks", "sˈɪːks"],
         ["sˈɛvən", "sˈɛvᵊn", "sˈɛvɪn"], ["ˈAt", "ˈeɪt", "ˈAtʰ"], ["nˈIn", "nˈaɪn"]]
OTHER = [["zˈɛɹO", "zˈeɾo", "zˈiɾo", "sˈɪɹo"], ["wˈan", "vˈan", "wˈɑn", "uˈan"], ["tˈʊ", "tˈu", "tˈʊu"],
         ["θɾˈi", "fɹˈi", "tɹˈi", "sɹˈi"], ["fˈoɹ", "fˈɔɾ", "fˈɔ", "fˈoː"], ["fˈIf", "fˈɑɪv", "fˈɑːv"],
         ["sˈiks", "zˈɪks", "sˈɪkʰs"], ["sˈɛvɛn", "zˈɛvən", "sˈɛbən", "sˈevən"], ["ˈɛɪt", "ˈeːt", "ˈAd", "ˈet"],
         ["nˈɑɪn", "nˈaːn", "nˈaɪnə"]]
ENDS = [".", ".", ".", "", "!", "?", ","]


def resample(x, rate):
    """To 8 kHz by a windowed sinc."""
    cut = min(1.0, 0.95 * HZ / rate)
    half = int(24 / cut)
    at = np.arange(int(len(x) * HZ / rate)) * (rate / HZ)
    base = np.floor(at).astype(int)
    k = np.arange(-half, half + 1)
    d = at[:, None] - (base[:, None] + k)
    h = cut * np.sinc(cut * d) * (0.5 + 0.5 * np.cos(np.pi * np.clip(d / (half + 1), -1, 1)))
    return (np.pad(x, half + 1)[base[:, None] + k + half + 1] * h).sum(1)


def room(rng, x):
    """Half of all speak in a room: a tail of noise that dies away."""
    if rng.random() < 0.5:
        return x
    n = int(HZ * rng.uniform(0.08, 0.35))
    tail = rng.standard_normal(n) * np.exp(-6.9 * np.arange(n) / n)
    tail *= rng.uniform(0.1, 0.5) / np.sqrt((tail ** 2).sum())
    tail[0] = 1
    return np.convolve(x, tail)


def write(path, x):
    x = x / (np.abs(x).max() + 1e-9) * 16000
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(HZ)
        w.writeframes(x.astype("<i2").tobytes())


def read(path):
    with wave.open(str(path)) as w:
        x = np.frombuffer(w.readframes(w.getnframes()), "<i2").astype(float)
        return resample(x, w.getframerate())


def through_line(rng, x):
    """Through a telephone or handset that passes on no low tones: one to three poles."""
    keep = np.exp(-2 * np.pi * rng.uniform(150, 550) / HZ)
    for _ in range(rng.integers(1, 4)):
        y, was, out = np.empty_like(x), 0.0, 0.0
        for i, v in enumerate(x):
            out = keep * (out + v - was)
            was = v
            y[i] = out
        x = y
    return x


class Rows:
    def __init__(self, out, name):
        self.out, self.name, self.rows = out, name, []

    def add(self, digit, x):
        if len(x) < HZ // 10:
            return
        file = f"{self.name}_{len(self.rows):05d}.wav"
        write(self.out / file, x)
        self.rows.append(f"{digit}\t{file}\n")

    def done(self):
        (self.out / (self.name + ".tsv")).write_text("".join(self.rows))
        print(f"{self.name}: {len(self.rows)} words", file=sys.stderr)


def symbols():
    """Kokoro's numbers of symbols, from the table of its worker."""
    text = (TREE / "src/model/worker_kokoro.c").read_text("utf-8")
    return {m[1] or chr(int(m[2], 16)): int(m[3]) for m in re.finditer(r"\{ (?:'(.)'|(0x[0-9A-F]+)), (\d+) \}", text)}


def mixture(rng, voices):
    share = rng.dirichlet([1.0] * rng.integers(1, 4))
    return sum(s * voices[rng.integers(len(voices))] for s in share)


def kokoro(out, folder, n, rng):
    import onnxruntime
    opt = onnxruntime.SessionOptions()
    opt.intra_op_num_threads = 1
    net = onnxruntime.InferenceSession(str(folder / "model.onnx"), opt, providers=["CPUExecutionProvider"])
    name = net.get_inputs()[0].name
    ids = symbols()
    voices = [np.fromfile(f, "<f4").reshape(510, 256) for f in sorted((folder / "voices").glob("*.bin"))]
    mean = np.mean(voices, 0)
    rows = Rows(out, "kokoro")
    for i in range(n):
        digit = i % 10
        ways = USUAL if rng.random() < 0.7 else OTHER
        ipa = ways[digit][rng.integers(len(ways[digit]))] + ENDS[rng.integers(len(ENDS))]
        row = rng.integers(3, 60)
        apart = rng.uniform(0.9, 1.25)
        style = np.concatenate([(mean + apart * (mixture(rng, voices) - mean))[row, :128],
                                mixture(rng, voices)[row, 128:]])
        token = np.array([[0] + [ids[c] for c in ipa if c in ids] + [0]], np.int64)
        x = net.run(None, {name: token, "style": style[None].astype(np.float32),
                           "speed": np.array([rng.uniform(0.7, 1.35)], np.float32)})[0].ravel()
        rows.add(digit, room(rng, resample(x.astype(float) * 32768, 24000)))
    rows.done()


def spoken(command, tmp):
    if subprocess.run(command, capture_output=True, check=False).returncode or not tmp.exists():
        return None
    return read(tmp)


def flite(out, rng):
    rows, tmp = Rows(out, "flite"), out / "tmp.wav"
    for voice in ("kal", "kal16", "awb", "rms", "slt"):
        for digit, word in enumerate(WORDS):
            for _ in range(6):
                x = spoken(["flite", "-voice", voice, "--setf", f"duration_stretch={rng.uniform(0.75, 1.4):.2f}",
                            "--setf", f"int_f0_target_mean={rng.uniform(80, 230):.0f}", "-t", word, "-o", str(tmp)], tmp)
                if x is not None:
                    rows.add(digit, room(rng, x))
    rows.done()


def espeak(out, rng):
    rows, tmp = Rows(out, "espeak"), out / "tmp.wav"
    tongues = ["en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029"]
    sounds = ["", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+f1", "+f2", "+f3", "+f4", "+f5"]
    for tongue in tongues:
        for sound in sounds:
            for digit, word in enumerate(WORDS):
                x = spoken(["espeak-ng", "-v", tongue + sound, "-p", str(rng.integers(20, 80)), "-s",
                            str(rng.integers(110, 200)), "-w", str(tmp), word], tmp)
                if x is not None:
                    rows.add(digit, room(rng, x))
    rows.done()


def lines(out, names, rng):
    """Each word a second time, through a line."""
    rows = Rows(out, "line")
    for name in names:
        for row in (out / (name + ".tsv")).read_text().splitlines():
            digit, file = row.split("\t")
            rows.add(int(digit), through_line(rng, read(out / file)))
    rows.done()


def main():
    a = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    a.add_argument("out", type=pathlib.Path)
    a.add_argument("--kokoro", type=pathlib.Path)
    a.add_argument("--n", type=int, default=1600)
    a.add_argument("--flite", action="store_true")
    a.add_argument("--espeak", action="store_true")
    a.add_argument("--lines", nargs="*", default=[])
    a.add_argument("--seed", type=int, default=1)
    a = a.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(a.seed)
    if a.kokoro:
        kokoro(a.out, a.kokoro, a.n, rng)
    if a.flite:
        flite(a.out, rng)
    if a.espeak:
        espeak(a.out, rng)
    if a.lines:
        lines(a.out, a.lines, rng)
    (a.out / "tmp.wav").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
