#!/bin/sh
# What a container does, by its first argument. `exec`: the program itself gets the container's SIGTERM.
set -eu
role=${1:-web}
[ "$#" -eq 0 ] || shift
case $role in
web)
  exec python -m granian --interface wsgi --host 0.0.0.0 --port "$PORT" --workers "${WEB_PROCESSES:-1}" \
    --blocking-threads "${WEB_THREADS:-8}" --backpressure "${WEB_BACKPRESSURE:-64}" "$@" markrin.wsgi:application ;;
worker)
  queue=${1:?"which queue? email, analytics or inventory"}
  shift
  exec python -m celery -A celery_app worker -Q "$queue" -n "$queue@%h" --without-gossip --without-mingle "$@" ;;
relay) exec python manage.py relay "$@" ;;
beat) exec python -m celery -A celery_app beat -s /tmp/beat-schedule --pidfile= "$@" ;;
manage) exec python manage.py "$@" ;;
healthy) # what the image's health check asks; for a worker's pulse see `manage worker_alive`
  case $(tr '\0' ' ' </proc/1/cmdline) in
  *granian*)
    exec python -c "import sys, urllib.request as u; u.urlopen(u.Request(sys.argv[1], headers={'X-Forwarded-Proto': 'https'}), timeout=2)" \
      "http://127.0.0.1:$PORT/health/live" ;;
  esac ;;
*)
  echo "unknown role '$role': web, worker QUEUE, relay, beat or manage COMMAND" >&2
  exit 2 ;;
esac
