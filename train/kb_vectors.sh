#!/bin/sh
# kb_vectors.sh: the vectors that `kb_rank train` and `kb_rank score` take: of all passages, names and questions.
#
#	train/kb_vectors.sh KB_RANK CALLM_EMBED MODEL ROOT OUT
#
# OUT gets p.txt, p.f32 (passages and names) and q.txt, q.f32 (questions). One core, about three minutes.
set -eu
rank=$1 embed=$2 model=$3 root=$4 out=$5
mkdir -p "$out"
"$rank" texts "$root" passages | sort -u > "$out/p.txt"
"$rank" texts "$root" questions | sort -u > "$out/q.txt"
"$embed" "$model" passage < "$out/p.txt" > "$out/p.f32"
"$embed" "$model" query < "$out/q.txt" > "$out/q.f32"
