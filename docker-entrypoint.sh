#!/bin/sh
# What a container does, by its first argument.
set -eu

role=${1:-web}
[ "$#" -eq 0 ] || shift
mark=${ROLE_FILE:-/tmp/role} # how `healthy`, a second process in the container, knows what the first one is

case $role in
web)
  echo web >"$mark"
  rm -f "${DRAIN_FILE:=/tmp/draining}"
  export DRAIN_FILE
  # Pages that are open since before this release find the scripts of theirs in the shop's storage.
  python manage.py keep_assets --skip-checks ||
    echo "keep_assets failed: pages that are open since before the next release will be loaded anew" >&2
  # The first start of a shop makes its shipping zone of the settings; staff edit it from then on.
  python manage.py seed_shipping --skip-checks ||
    echo "seed_shipping failed: SHIPPING_FEE and SHIPPING_FREE_ABOVE hold until it has run" >&2
  python -m granian --interface rsgi --no-ws --http 1 --http1-header-read-timeout 10000 \
    --host "${WEB_HOST:-0.0.0.0}" --port "$PORT" --workers "${WEB_PROCESSES:-1}" \
    --backpressure "${WEB_BACKPRESSURE:-1000}" --workers-kill-timeout 30s \
    --respawn-failed-workers "$@" markrin.rsgi:application &
  server=$!
  # At SIGTERM the server goes on serving while /health/live says 503, until every proxy that asks it has looked and
  # sends no more; only then is the server told, which finishes what it has begun. So no request meets a closed door.
  trap 'trap "" TERM INT; touch "$DRAIN_FILE"; sleep "${WEB_DRAIN_S:-5}"; kill -TERM "$server"' TERM INT
  code=0
  wait "$server" || code=$?
  [ ! -e "$DRAIN_FILE" ] || { code=0; wait "$server" || code=$?; } # the trap ended the first wait
  exit "$code"
  ;;
# In the other roles `exec` gives the program itself the SIGTERM: each ends after what it is doing.
worker)
  queue=${1:?"which queue? email, payments, outbound, inventory or analytics"}
  shift
  echo "worker $queue" >"$mark"
  exec python -m celery -q -A celery_app worker -Q "$queue" -n "$queue@%h" --without-gossip --without-mingle "$@"
  ;;
relay)
  echo relay >"$mark"
  exec python manage.py relay "$@"
  ;;
beat)
  echo beat >"$mark"
  rm -f "${BEAT_SCHEDULE:=/tmp/beat-schedule}"*
  exec python -m celery -q -A celery_app beat -s "$BEAT_SCHEDULE" --pidfile= "$@"
  ;;
manage) exec python manage.py "$@" ;;
healthy)
  read -r is queue <"$mark" || true
  case $is in
  web) # urllib follows no redirect to https when it is told that it came by https
    exec python -c "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], headers={'X-Forwarded-Proto': 'https'}), timeout=4)" \
      "http://127.0.0.1:$PORT/health/live" ;;
  worker) exec python manage.py worker_alive --skip-checks --queue "$queue" ;;
  relay) exec python manage.py worker_alive --skip-checks --relay ;;
  beat) find "${BEAT_SCHEDULE:-/tmp/beat-schedule}"* -mmin -10 | grep -q . ;; # it saves its times every 3 minutes
  esac
  ;;
*)
  echo "unknown role '$role': web, worker QUEUE, relay, beat or manage COMMAND" >&2
  exit 2
  ;;
esac
