#!/bin/sh
# Restore what backup.sh made: `DATABASE_URL=… MEDIA_ROOT=… deploy/restore.sh FOLDER/<time>`, into an empty database.
set -eu
from=${1:?"which one? restore.sh FOLDER"}
: "${DATABASE_URL:?}" "${MEDIA_ROOT:?}"

(cd "$from" && sha256sum --check --quiet SHA256SUMS)
tables=$(psql --no-psqlrc -tA -c "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'" "$DATABASE_URL")
if [ "$tables" != 0 ]; then
  echo "the database has $tables tables already: restore into a new, empty one" >&2
  exit 1
fi
if [ -n "$(ls -A "$MEDIA_ROOT" 2>/dev/null)" ]; then
  echo "$MEDIA_ROOT is not empty" >&2
  exit 1
fi
pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname="$DATABASE_URL" "$from/database.dump"
mkdir -p "$MEDIA_ROOT"
tar -C "$MEDIA_ROOT" -xf "$from/media.tar"
psql --no-psqlrc -q -c ANALYZE "$DATABASE_URL"
echo "restored; now: manage.py migrate, manage.py verify"
