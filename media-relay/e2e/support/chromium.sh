#!/bin/sh
# Starts $CHROMIUM with the flags of every browser here. It heeds only the last --disable-features that it is given, so all of
# them go in one: playwright's, a test's, and ours: two pages of the address bar, loaded for every window at half a second of CPU each.
features=WebUIOmniboxPopup,WebUIOmniboxAimPopup
for argument; do
  shift
  case $argument in
    --disable-features=*) features=$features,${argument#*=} ;;
    *) set -- "$@" "$argument" ;;
  esac
done
exec "${CHROMIUM:-/usr/bin/chromium}" --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
  --disable-component-update --disable-sync "--disable-features=$features" "$@"
