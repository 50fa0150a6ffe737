#!/bin/sh
# zh_sentiment.sh DATA OUT: Chinese reviews of hotels, take-away and shops (docs/MODELS.md).
set -eu
for k in hotel waimai shopping; do
	"$(dirname "$0")/run.sh" zh_sentiment emotion "$1" "$2" $k
done
