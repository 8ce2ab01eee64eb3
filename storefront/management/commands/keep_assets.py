"""`manage.py keep_assets`: run before a new release serves, so that open pages keep working."""

from django.core.management.base import BaseCommand

from storefront import former_assets


class Command(BaseCommand):
    help = (
        "Copy the storefront's scripts and styles into the shop's storage, where pages that "
        f"are open since before a deploy find them for {former_assets.KEPT_DAYS} days."
    )

    def handle(self, *args: object, **options: object) -> None:
        result = former_assets.keep_assets()
        self.stdout.write(
            f"{result.copied} files copied, {result.known} known,"
            f" {result.dropped} old ones dropped."
        )
