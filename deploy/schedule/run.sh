#!/bin/sh
# Runs `social` with these words and says by its exit code whether somebody should look.
cd "$(dirname "$0")/../.." || exit 2
log="${SOCIAL_LOG:-/var/log/social.log}"
.venv/bin/social "$@" >> "$log" 2>&1 &
child=$!
# A stopped sync commits what it has. A shell passes no signal on by itself.
trap 'kill -TERM "$child"' HUP INT TERM
wait "$child"
code=$?
while kill -0 "$child" 2> /dev/null; do # a signal ended the wait, and not the sync
  wait "$child"
  code=$?
done
case $code in
  0 | 5 | 7) exit 0 ;;               # done; the next run does it; another run is at it
  *) echo "social $1: exit $code; see $log" >&2; exit $code ;;
esac
