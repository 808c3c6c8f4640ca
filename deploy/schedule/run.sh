#!/bin/sh
# Runs `social` with these words and says by its exit code whether somebody should look.
cd "$(dirname "$0")/../.." || exit 2
.venv/bin/social "$@" >> "${SOCIAL_LOG:-/var/log/social.log}" 2>&1
code=$?
case $code in
  0 | 5 | 7) exit 0 ;;               # done; the next run does it; another run is at it
  *) echo "social $1: exit $code; see ${SOCIAL_LOG:-/var/log/social.log}" >&2; exit $code ;;
esac
