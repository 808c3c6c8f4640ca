#!/bin/sh
# Writes pins.env into metabase/, superset/ and grafana/: the digest of each base image and the
# SHA-256 of each download. The compose files refuse to start without it. Needs docker and curl.
#
# The first run trusts what it finds (compare the checksums with the vendors' release pages); after
# that, commit pins.env: every build then gets the same bytes or stops.
set -eu
cd "$(dirname "$0")"

digest() { docker buildx imagetools inspect "$1" --format '{{.Manifest.Digest}}'; }
sha256() { curl --fail --silent --show-error --location --proto '=https' "$1" | sha256sum | cut -d ' ' -f 1; }
# The image or version that a file names, without the pin behind it.
image() { sed -n "s|.*\($1:[^@ ]*\)@.*|\1|p" "$2" | head -n 1; }
version() { sed -n "s|^ARG $1=||p" metabase/Dockerfile; }

jar="https://downloads.metabase.com/v$(version METABASE)/metabase.jar"
driver="https://github.com/MotherDuck-Open-Source/metabase_duckdb_driver/releases/download/$(version DRIVER)/duckdb.metabase-driver.jar"
jre=$(digest "$(image eclipse-temurin metabase/Dockerfile)")
superset=$(digest "$(image apache/superset superset/Dockerfile)")
grafana=$(digest "$(image grafana/grafana grafana/compose.yml)")
metabase_sha256=$(sha256 "$jar")
driver_sha256=$(sha256 "$driver")

printf 'JRE_DIGEST=%s\nMETABASE_SHA256=%s\nDRIVER_SHA256=%s\n' \
  "$jre" "$metabase_sha256" "$driver_sha256" > metabase/pins.env
printf 'SUPERSET_DIGEST=%s\n' "$superset" > superset/pins.env
printf 'GRAFANA_DIGEST=%s\n' "$grafana" > grafana/pins.env
cat metabase/pins.env superset/pins.env grafana/pins.env
