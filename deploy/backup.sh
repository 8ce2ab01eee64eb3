#!/bin/sh
# Back up the shop: `DATABASE_URL=… MEDIA_ROOT=… deploy/backup.sh FOLDER` makes FOLDER/<time>, whole or not at all.
# Needs pg_dump of the server's version or a newer one. docs/backup.md says what is in it, and what need not be.
set -eu
to=${1:?"where to? backup.sh FOLDER"}
: "${DATABASE_URL:?}" "${MEDIA_ROOT:?}"

now=$(date -u +%Y%m%dT%H%M%SZ)
new=$to/.$now.new
mkdir -p "$to"
mkdir -m 0700 "$new"
trap 'rm -rf "$new"' EXIT
# The database first: a picture is stored before the row that names it, so every row in the dump finds its file.
pg_dump --format=custom --no-owner --no-privileges --file="$new/database.dump" "$DATABASE_URL"
tar -C "$MEDIA_ROOT" -cf "$new/media.tar" .
(cd "$new" && sha256sum database.dump media.tar >SHA256SUMS)
mv "$new" "$to/$now"
echo "$to/$now"
