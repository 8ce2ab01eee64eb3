"""`manage.py fetch_pictures`: copy the pictures that products link to into the shop's storage."""

import sys
import time
from argparse import ArgumentParser

from django.core.management.base import BaseCommand
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from products.services import pictures

_PAUSE_S = 1.0  # between two looks at how far it is


class Command(BaseCommand):
    help = (
        "Copy the pictures that products link to into the shop's own storage. Workers of the queue"
        " outbound do it, or this command with --now. Killed, it goes on when started again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--now", action="store_true", help="here and now, without a worker"
        )
        parser.add_argument(
            "--retry",
            action="store_true",
            help="try those again that were refused",
        )

    def handle(
        self, *, now: bool, retry: bool, verbosity: int, **_: object
    ) -> None:
        waiting = pictures.queue_pictures(retry=retry)
        if now:
            self._fetch(waiting, shown=verbosity > 0 and sys.stdout.isatty())
        counts = pictures.count_pictures()
        self.stdout.write(
            f"Pictures: {counts['done']:,} copied, {counts['waiting']:,} waiting,"
            f" {counts['refused']:,} refused."
        )
        for reason, number in pictures.count_reasons():
            self.stdout.write(f"  refused {number:>7,}  {reason}")

    def _fetch(self, waiting: int, *, shown: bool) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
        )
        console = Console(file=sys.stdout)
        with Progress(*columns, console=console, disable=not shown) as bar:
            task = bar.add_task("pictures", total=waiting)
            while pictures.next_due_in_s() is not None:
                if not pictures.fetch_some(for_s=_PAUSE_S):
                    time.sleep(
                        _PAUSE_S
                    )  # those that are left are to be tried later
                left = pictures.count_pictures()["waiting"]
                bar.update(task, completed=waiting - left)
