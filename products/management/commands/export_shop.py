"""`manage.py export_shop out.zip`: the whole catalogue, to be read into another shop."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import Progress

from products.moving import exporter


class Command(BaseCommand):
    help = (
        "Write categories, size charts, products, variants with the pieces on hand, pictures,"
        " former addresses and the words of the search into one archive."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the archive's path."""
        parser.add_argument("path", type=Path, help="such as catalogue.zip")

    def handle(self, *args: object, **options: Any) -> None:
        """Write it, and say what is in it."""
        path: Path = options["path"]
        if not path.parent.is_dir():
            raise CommandError(f"There is no folder {path.parent}.")
        with Progress(transient=True) as bar:
            task = bar.add_task("Writing", total=None)

            def show(name: str, count: int) -> None:
                bar.update(task, description=f"{name}: {count:,}")

            report = exporter.export_catalogue(path, show)
        for name, count in report.counts.items():
            self.stdout.write(f"{name}: {count}")
        self.stdout.write(f"files: {report.files}")
        for name in report.missing:
            self.stderr.write(f"{name} is not there: the archive lacks it.")
        self.stdout.write(f"{path}: {path.stat().st_size:,} bytes")
        if report.missing:
            raise CommandError(f"{len(report.missing)} files are missing.")
