#!/bin/sh
# text_base.sh: trains models/text_base.bin (its card tells of what).
#
#	train/text_base.sh DATA [OUT]      DATA: the unpacked data sets; E5: the teacher's file; BUILD: the build folder
#
# The teacher, multilingual-e5-small, takes about 5 ms a line on one core, 20 minutes in all; the training takes 3.
set -eu
here=$(dirname "$0")
data=$1 out=${2:-$here/../models/text_base.bin}
build=${BUILD:-$here/../build}
e5=${E5:-$(ls "${CALLM_CACHE:-$HOME/.cache/callm}"/models/e5-small-*/e5-small-q4.bin | head -1)}
work=${WORK:-$build/text_base.work}
mkdir -p "$work"
python3 "$here/text_base.py" "$data" "$e5" > "$work/texts.txt"
[ -s "$work/texts.f32" ] || "$build/callm-embed" "$e5" query < "$work/texts.txt" > "$work/texts.f32"
"$build/src/feel/text_base" "$work/texts.txt" "$work/texts.f32" "$out" Apache-2.0 "see models/text_base.md" 5 0.3
