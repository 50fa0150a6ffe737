#!/bin/sh
# run.sh: sipp callers against a SIP server on 127.0.0.1.
#
#	tests/e2e/sip/run.sh 127.0.0.1:5060 uac_g711 dtmf hold
#
# One TAP line per scenario; exits 1 when one failed. Ports of ours are chosen by sipp (signalling) or
# from $MEDIA_PORT, default 40000 (sound). The sound is 2 s of 1 kHz made here: eight mu-law samples, repeated; that of
# uac_question is the file $QUESTION (mu-law, 8 kHz, no header).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || { echo "usage: $0 ADDRESS:PORT SCENARIO..." >&2; exit 2; }
to=$1
shift
command -v sipp >/dev/null || { echo "1..0 # SKIP sipp (package sip-tester) is not installed"; exit 0; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
printf '\377\245\235\245\177\045\035\045' > tone.ulaw
i=0
while [ $i -lt 11 ]; do
	cat tone.ulaw tone.ulaw > two && mv two tone.ulaw
	i=$((i + 1))
done
[ -z "${QUESTION:-}" ] || cp "$QUESTION" question.ulaw
n=0
bad=0
for s in "$@"; do
	n=$((n + 1))
	if timeout 40 sipp "$to" -sf "$here/$s.xml" -s callm -i 127.0.0.1 -mi 127.0.0.1 -mp "${MEDIA_PORT:-40000}" -m 1 \
		-timeout 30s -timeout_error -nostdin -trace_err -error_file err > out 2>&1; then
		echo "ok $n - sip $s"
	else
		echo "not ok $n - sip $s"
		sed 's/^/# /' err 2>/dev/null | head -20
		bad=1
	fi
done
echo "1..$n"
exit $bad
