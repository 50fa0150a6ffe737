#!/bin/bash
# Makes models/pii_tag.bin (its card: models/pii_tag.md). One minute on one core.
#
#	train/pii/train.sh BUILD DATA DICT [OUT]
#
# BUILD: a build folder. DATA: a folder with pii_presidio, banking77, clinc150, hwu64, goemotions and
# crosswoz unpacked. DICT: Debian's american-english of package wamerican. Same input, same output.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,8s/^# \?//p' "$0"; exit 2; }
build=$1 data=$2 dict=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
out=${4:-$root/models/pii_tag.bin}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
args=(--crosswoz "$data/crosswoz/open_val.jsonl" --named "$data/goemotions/train.tsv" --dict "$dict")
for f in "$root"/demo/kb/zh/*.md "$root"/demo/kb/en/*.md "$root"/train/data/intent.{en,zh}.tsv; do args+=(--plain "$f"); done
for s in banking77 clinc150 hwu64; do args+=(--first "$data/$s/train.tsv"); done
python3 "$root/train/pii/prepare.py" "$data/pii_presidio/generated_large.jsonl" "$work" "${args[@]}"
ninja -C "$build" src/guard/pii_train > /dev/null
"$build/src/guard/pii_train" "$work/train.txt" "$work/words.txt" "$work/model"
mv "$work/model" "$out"
