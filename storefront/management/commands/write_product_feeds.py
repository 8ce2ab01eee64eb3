"""`manage.py write_product_feeds`: write the feeds of products now."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from storefront.addresses import make_absolute
from storefront.product_feeds import writing
from storefront.product_feeds.formats import FORMATS


class Command(BaseCommand):
    help = "Write the feeds of products for other companies now, and say where they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the names of feeds."""
        parser.add_argument(
            "names", nargs="*", metavar="FEED", help=f"of {', '.join(FORMATS)}; all"
        )

    def handle(self, *args: object, **options: Any) -> None:
        """Write them, one after the other."""
        names = options["names"] or list(FORMATS)
        if unknown := [name for name in names if name not in FORMATS]:
            known = ", ".join(FORMATS)
            raise CommandError(f"There is no feed {unknown[0]}; there are {known}.")
        for name in names:
            began = time.monotonic()
            feed = writing.write_feed(name)
            if feed is None:
                self.stdout.write(f"{name}: another process is writing it.")
                continue
            left_out = ", ".join(f"{n} ({why})" for why, n in feed.left_out.items())
            self.stdout.write(
                f"{name}: {feed.items} rows, {feed.bytes:,} bytes in"
                f" {time.monotonic() - began:.1f} s; left out: {left_out or 'none'}\n"
                f"  {make_absolute(writing.make_path(name))}"
            )
