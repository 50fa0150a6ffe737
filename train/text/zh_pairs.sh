#!/bin/sh
# zh_pairs.sh DATA OUT: do two Chinese questions ask the same (docs/MODELS.md).
set -eu
for k in lcqmc bq atec; do
	"$(dirname "$0")/run.sh" zh_pairs pairs "$1" "$2" $k
done
