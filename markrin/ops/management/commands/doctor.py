"""`manage.py doctor`: check everything that the shop needs, and say how to mend what is wrong."""

import sys
from collections import Counter

from django.core.management.base import BaseCommand, CommandParser

from markrin.ops.doctor import checks
from markrin.ops.doctor.finding import Level
from markrin.ops.doctor.front import check_front


class Command(BaseCommand):
    help = (
        "Look at versions, settings, keys, PostgreSQL (migrations, extensions, clock,"
        " connections), cache and broker (eviction), mail, files and disk, relay, beat,"
        " workers and jobs; say of each what to do. Changes nothing. Exits with 1 when"
        " something is at fault."
    )
    requires_system_checks: list[
        str
    ] = []  # it runs them itself, and goes on after what they find

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--front",
            metavar="URL",
            help=(
                "the shop's public address, such as https://shop.example: looks at the"
                " front alone, from outside (it signs in wrongly a few times under made-up"
                " names)"
            ),
        )

    def handle(self, *args: object, front: str | None, **options: object) -> None:
        counts: Counter[Level] = Counter()
        for findings in (
            [check_front(front)] if front else (check() for check in checks.ALL)
        ):
            for finding in findings:
                counts[finding.level] += 1
                self.stdout.write(
                    f"{finding.level:<6}{finding.subject:<18}{finding.text}"
                )
                if finding.todo:
                    self.stdout.write(f"{'':<24}→ {finding.todo}")
        faults = counts[Level.FAULT]
        self.stdout.write(
            f"{counts.total()} looked at, {faults or 'none'} at fault."
        )
        if faults:
            sys.exit(1)
