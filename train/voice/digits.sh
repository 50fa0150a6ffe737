#!/bin/sh
# digits.sh CALLM KOKORO OUT: models/digits.nn: spoken English digits learned from synthetic voices alone (models/digits.md).
#
# KOKORO is the pulled model's folder (callm models pull kokoro); python3 with numpy and onnxruntime, flite, and whisper-base (callm models pull
# whisper-base). About ten minutes of one core to say the words, two of two cores to hear them by Whisper and a minute to learn them.
set -eu
callm=$1 kokoro=$2 out=$3
here=$(dirname "$0")
words="${PYTHON:-python3} $here/digit_words.py"
$words "$out" --kokoro "$kokoro" --n 560
$words "$out" --flite
$words "$out" --lines kokoro flite
cat "$out/kokoro.tsv" "$out/flite.tsv" "$out/line.tsv" > "$out/rows.tsv"
"$callm" train digits --data "$out/rows.tsv" --hearing --epochs 25 --out "$out/digits.nn" --licence Apache-2.0 \
	--source "synthetic voices: Kokoro-82M v1.0 (Apache-2.0), mixed; flite (BSD-like)"
