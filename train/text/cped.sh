#!/bin/sh
# cped.sh DATA OUT: sentiment and emotion of Chinese dialogues with three turns before (docs/MODELS.md).
set -eu
for k in sentiment emotion; do
	"$(dirname "$0")/run.sh" cped emotion "$1" "$2" cped_$k
done
