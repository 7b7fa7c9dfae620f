#!/bin/sh
# Starts $CHROMIUM, which heeds only the last --disable-features that it is given, with all of them in one: playwright's and ours.
features=
for argument; do
  shift
  case $argument in
    --disable-features=*) features=$features,${argument#*=} ;;
    *) set -- "$@" "$argument" ;;
  esac
done
exec "$CHROMIUM" "--disable-features=${features#,}" "$@"
