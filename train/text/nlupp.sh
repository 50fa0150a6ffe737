#!/bin/sh
# nlupp.sh DATA OUT: several intents of one text, banking and hotels (docs/MODELS.md).
set -eu
for d in banking hotels; do
	"$(dirname "$0")/run.sh" nlupp intent "$1" "$2" nlupp_$d
done
