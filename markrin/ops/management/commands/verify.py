"""`manage.py verify`: prove every rule of the data on a live database, and say what breaks
one and where.
"""

from collections import Counter, defaultdict
from collections.abc import Callable

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from rich.console import Console
from rich.progress import Progress

from markrin.db.invariants import Breach, Invariant
from markrin.ops.verify import rules
from markrin.ops.verify.rules import TableRule

SHOWN = 20  # breaches printed for each rule and table; all are counted


class Command(BaseCommand):
    help = (
        "Prove every rule of the data: constraints, triggers, the stock's ledger, orders and "
        "their lines, ratings, rollups, media. Reads in small read-only batches, so it can run "
        "beside the shop. Exits with 1 when something is wrong, with 2 when --only names no rule."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="make right what is derived from other data",
        )
        parser.add_argument(
            "--only",
            metavar="TEXT",
            default="",
            help="only the rules whose name or table has this",
        )

    def handle(
        self, *args: object, only: str, repair: bool, **options: object
    ) -> None:
        self.counts: Counter[str] = Counter()
        by_row, at_once = self._choose_rules(only)
        mended = 0
        with Progress(
            console=Console(stderr=True), disable=not self.stderr.isatty()
        ) as progress:
            task = progress.add_task(
                "Verifying", total=self._rows(by_row) + len(at_once)
            )
            for name, ask in at_once:
                for breach in ask():
                    self._tell(name, breach)
                progress.advance(task)
            for invariant in by_row:
                broken = list(
                    self._walk(invariant, lambda rows: progress.advance(task, rows))
                )
                if broken and repair and invariant.repair:
                    mended += invariant.repair_rows(
                        [breach.key for breach in broken]
                    )
        self._finish(len(by_row) + len(at_once), mended)

    def _choose_rules(self, text: str) -> tuple[list[Invariant], list[TableRule]]:
        """Return the rules whose name or table has this text: by row, and by table."""
        all_by_row, all_at_once = (
            list(rules.list_row_rules()),
            list(rules.list_table_rules()),
        )
        by_row = [
            rule for rule in all_by_row if text in f"{rule.rule} {rule.table}"
        ]
        at_once = [(name, ask) for name, ask in all_at_once if text in name]
        if not by_row and not at_once:
            names = {rule.rule for rule in all_by_row} | {
                name for name, _ in all_at_once
            }
            raise CommandError(
                f"--only {text}: no rule has that in its name or table. The rules are:\n  "
                + "\n  ".join(sorted(names)),
                returncode=2,
            )
        return by_row, at_once

    def _walk(
        self, invariant: Invariant, on_rows: Callable[[int], None]
    ) -> list[Breach]:
        broken = list(invariant.find_breaches(on_rows))
        for breach in broken:
            self._tell(f"{invariant.rule} {invariant.table}", breach)
        return broken

    def _tell(self, rule: str, breach: Breach) -> None:
        self.counts[rule] += 1
        if self.counts[rule] <= SHOWN:
            self.stdout.write(str(breach))

    def _rows(self, invariants: list[Invariant]) -> int:
        """Return about how many rows will be walked, as the planner knows them."""
        tables: defaultdict[str, int] = defaultdict(int)
        for invariant in invariants:
            tables[invariant.table] += 1
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname, greatest(reltuples, 0) FROM pg_class WHERE relname = ANY(%s)",
                [list(tables)],
            )
            return int(sum(rows * tables[name] for name, rows in cursor.fetchall()))

    def _finish(self, rule_count: int, mended: int) -> None:
        for rule, count in self.counts.items():
            if count > SHOWN:
                self.stdout.write(f"{rule}: {count - SHOWN} more")
        wrong = sum(self.counts.values())
        if mended:
            self.stdout.write(
                f"{mended} rows repaired; run it again to see that all is well."
            )
        if wrong:
            raise CommandError(
                f"{wrong} breaches of {len(self.counts)} rules, {rule_count} rules asked.",
                returncode=1,
            )
        self.stdout.write(f"{rule_count} rules asked, nothing is wrong.")
