"""`manage.py worker_alive --queue email`: a container's check of its worker, or of the relay."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from celery_app import QUEUES
from markrin.outbox import heartbeats


class Command(BaseCommand):
    help = (
        "Exit 0 if beat, the broker and this queue's worker (or the relay) were seen at work "
        "lately, else 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--queue", choices=QUEUES)
        which.add_argument(
            "--relay", action="store_true", help="ask after the relay instead"
        )
        parser.add_argument(
            "--within", type=int, default=120, help="seconds (default: 120)"
        )

    def handle(
        self, *_: object, queue: str | None, within: int, **__: object
    ) -> None:
        name, part = (
            (f"worker:{queue}", f"worker of {queue}")
            if queue
            else ("relay", "relay")
        )
        age_s = heartbeats.heartbeat_age_s(name)
        if age_s is None or age_s > within:
            last_seen = "never" if age_s is None else f"{age_s:.0f} s ago"
            raise CommandError(f"the {part} was last seen {last_seen}")
        self.stdout.write(f"the {part} was seen {age_s:.0f} s ago")
