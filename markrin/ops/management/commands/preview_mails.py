"""Writes every mail of the shop into a folder, with made-up data, to look at in a browser."""

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from markrin.mail import previews


class Command(BaseCommand):
    requires_system_checks = ()  # needs nothing but the code
    help = (
        "Writes every mail as HTML and as plain text into FOLDER, with made-up data, in the"
        " shop's languages or in those of --language. No database is needed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="is made where it is missing")
        parser.add_argument(
            "--language",
            action="append",
            help="such as hi; may be given several times; by default SHOP_LANGUAGES",
        )

    def handle(
        self,
        *args: object,
        folder: Path,
        language: list[str] | None,
        **options: object,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        for code in language or settings.SHOP_LANGUAGES:
            for name in previews.mail_samples():
                mail = previews.render_sample(name, language=code)
                file = folder / f"{code}.{name.replace('/', '.').replace(':', '-')}"
                file.with_name(f"{file.name}.html").write_text(mail.html)
                file.with_name(f"{file.name}.txt").write_text(
                    f"{mail.subject}\n\n{mail.text}\n"
                )
                count += 1
        self.stdout.write(f"{count} mails are in {folder}.")
