#!/bin/sh
# goemotions.sh DATA OUT: 28, 7 and 4 emotions, several a text (docs/MODELS.md).
set -eu
for k in 28 7 4; do
	"$(dirname "$0")/run.sh" goemotions emotion "$1" "$2" goemotions$k
done
