"""`manage.py keep_assets`: before a new release serves, so that open pages go on."""

from django.core.management.base import BaseCommand

from storefront import former_assets


class Command(BaseCommand):
    help = (
        "Copy the storefront's scripts and styles into the shop's storage, where pages that "
        f"are open since before a deploy find them for {former_assets.KEPT_DAYS} days."
    )

    def handle(self, *args: object, **options: object) -> None:
        kept = former_assets.keep_assets()
        self.stdout.write(
            f"{kept.copied} files copied, {kept.known} known, {kept.dropped} old ones dropped."
        )
