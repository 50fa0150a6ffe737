#!/bin/sh
# hands.sh CALLM TASK OUT A.tsv B.tsv [OPTIONS]: how much less sure a net learned from rows of two authors must be of a third one's texts.
#
# Trains on each author's rows alone, held out at random and held out by the other's rows, and prints the percentage for
# `callm train --heat` (docs/train.md, "Other authors").
set -eu
callm=$1 task=$2 out=$3 a=$4 b=$5
shift 5
temperature() { # NAME DATA [--tune FILE] [OPTIONS]
	name=$1 data=$2
	shift 2
	"$callm" train "$task" --data "$data" --out "$out/$name.bin" "$@" > "$out/$name.log" 2>&1
	grep -ao '"temperature":[0-9.]*' "$out/$name.bin" | head -n 1 | cut -d: -f2
}
mkdir -p "$out"
aa=$(temperature aa "$a" "$@")
ab=$(temperature ab "$a" --tune "$b" "$@")
bb=$(temperature bb "$b" "$@")
ba=$(temperature ba "$b" --tune "$a" "$@")
for t in "$aa" "$ab" "$bb" "$ba"; do
	test -n "$t" || { echo "$out: a card without a temperature, see its .log" >&2; exit 1; }
done
echo "temperatures: own rows $aa and $bb, the other author's $ab and $ba" >&2
awk -v aa="$aa" -v ab="$ab" -v bb="$bb" -v ba="$ba" 'BEGIN { printf "%.0f\n", 100 * exp(0.75 * (log(ab / aa) + log(ba / bb)) / 2) }'
