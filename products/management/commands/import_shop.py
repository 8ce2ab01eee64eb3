"""`manage.py import_shop in.zip`: the catalogue of another shop, into this one, which is empty."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import Progress

from products.moving import importer


class Command(BaseCommand):
    help = (
        "Read what `export_shop` has written into a shop without products. Stopped, it is"
        " started again and goes on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the archive's path."""
        parser.add_argument("path", type=Path, help="such as catalogue.zip")

    def handle(self, *args: object, **options: Any) -> None:
        """Read it, and say what came."""
        path: Path = options["path"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        try:
            with Progress(transient=True) as bar:
                task = bar.add_task("Reading", total=None)

                def show(name: str, count: int) -> None:
                    bar.update(task, description=f"{name}: {count:,}")

                report = importer.import_catalogue(path, show)
        except importer.ArchiveRefused as exc:
            raise CommandError(str(exc)) from exc
        for name, count in report.counts.items():
            self.stdout.write(f"{name}: {count}")
        self.stdout.write(f"files: {report.files} new")
