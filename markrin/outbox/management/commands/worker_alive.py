"""`manage.py worker_alive --queue email`: a container's check of its worker."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from celery_app import QUEUES
from markrin.outbox import heartbeats


class Command(BaseCommand):
    help = "Exit 0 if beat, the broker and this queue's worker were seen working together lately, else 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queue", required=True, choices=QUEUES)
        parser.add_argument("--within", type=int, default=120, help="seconds (default: 120)")

    def handle(self, *_: Any, queue: str, within: int, **__: Any) -> None:
        age_s = heartbeats.age_s(f"worker:{queue}")
        if age_s is None or age_s > within:
            seen = "never" if age_s is None else f"{age_s:.0f} s ago"
            raise CommandError(f"the worker of {queue} was last seen {seen}")
        self.stdout.write(f"the worker of {queue} was seen {age_s:.0f} s ago")
