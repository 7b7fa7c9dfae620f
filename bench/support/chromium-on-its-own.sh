#!/bin/sh
# Starts $CHROMIUM as a scheduling group of its own (sched(7), autogroup) that comes after the others.
echo 10 2>/dev/null > /proc/self/autogroup || :
exec "$(dirname "$0")/../../media-relay/e2e/support/chromium.sh" "$@"
