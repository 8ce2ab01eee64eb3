"""`manage.py relay`: wake the workers for rows that are due, until SIGTERM."""

import signal
import threading

from django.core.management.base import BaseCommand

from markrin.outbox import relay


class Command(BaseCommand):
    help = (
        "Tell the workers of jobs that are due. Any number of copies may run; SIGTERM or Ctrl-C "
        "ends it."
    )

    def handle(self, *_: object, **__: object) -> None:
        stop = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: stop.set())
        relay.run_relay(stopping=stop.is_set)
