#!/bin/sh
# run.sh: prepares rows, trains and scores; the scripts of the data sets beside it call it.
#
#	run.sh SET TASK DATA OUT NAME [TEST...]     trains on OUT/NAME.train.tsv and scores each OUT/TEST.test.tsv (NAME's own by default)
#
# DATA holds the unpacked data sets. CALLM is the program (build/callm), TRAIN more options of callm train; with MEANING=1 the nets hear the embedding model, too
# (callm models pull e5-small), and are asked with it and, a second line, without. A line of figures a test goes to standard output.
set -eu
set_=$1 task=$2 data=$3 out=$4 name=$5
shift 5
here=$(dirname "$0")
callm=${CALLM:-$here/../../build/callm}
[ -s "$out/$name.train.tsv" ] || python3 "$here/prepare.py" "$set_" "$data" "$out" >&2
net=$out/$name${MEANING:+.meaning}.bin
began=$(date +%s)
# shellcheck disable=SC2086 -- several options
"$callm" train "$task" --data "$out/$name.train.tsv" --out "$net" --source "$set_" ${TRAIN:-} ${MEANING:+--meaning} >&2
took=$(($(date +%s) - began))
for test in "${@:-$name}"; do
	printf '%s trained in %s s: ' "$test" "$took"
	"$callm" score "$task" --model "$net" --data "$out/$test.test.tsv" --json ${MEANING:+--meaning} | sed 's/"per_label":{.*},"oos_recall"/"oos_recall"/'
	[ -z "${MEANING:-}" ] || "$callm" score "$task" --model "$net" --data "$out/$test.test.tsv" --json | sed 's/"per_label":{.*},"oos_recall"/"oos_recall"/'
done
