"""Writes docs/errors.md from the errors that the code defines."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from markrin.api import errors

PATH = Path(settings.BASE_DIR) / "docs" / "errors.md"
HEAD = """# Errors

Every refusal is `application/problem+json` (RFC 9457) with `type, title, status, detail, code,
requestId`, and for bad input `errors: [{pointer | parameter | header, code, message}]`. A client
decides by `code`: codes are stable, texts are not. `GET /api/errors` answers this list, and a
problem's `type` is its entry there.

This file is written by `manage.py write_error_docs`.

| status | code | meaning | defined by |
| --- | --- | --- | --- |
"""


def render_docs() -> str:
    """Return the document: one line per code, by status."""
    rows = [
        f"| {kind.status} | `{kind.code}` | {kind.message} |"
        f" {kind.__module__.partition('.')[0]} |"
        for kind in errors.every_kind()
    ]
    return HEAD + "\n".join(rows) + "\n"


class Command(BaseCommand):
    requires_system_checks = ()  # needs nothing but the code
    help = (
        "Writes docs/errors.md from the errors that the code defines; --check only"
        " compares, and fails if it differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --check, the dry run."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="write nothing; exit 1 if the file is not up to date",
        )

    def handle(self, *args: object, **options: object) -> None:
        """Write or compare.

        Raises:
            CommandError: --check found a difference.
        """
        document = render_docs()
        if options["check"]:
            if not PATH.exists() or PATH.read_text() != document:
                raise CommandError(
                    f"{PATH.name} is not up to date: run manage.py write_error_docs"
                )
            return
        PATH.parent.mkdir(exist_ok=True)
        PATH.write_text(document)
        self.stdout.write(f"wrote {len(errors.every_kind())} codes to {PATH.name}")
