#!/bin/sh
# xsid.sh DATA OUT: intents in other languages from English rows alone (docs/MODELS.md).
exec "$(dirname "$0")/run.sh" xsid intent "$1" "$2" xsid $(for l in ar da de de-ba de-muc de-st en gsw id it ja kk lt nap nl no sr tr zh; do echo xsid_$l; done)
